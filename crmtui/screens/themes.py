"""The themes that the program brings, made of the tokens that every widget draws with. Colours stand nowhere else."""

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import Monochrome
from textual.theme import Theme

_CURSOR_DARK = ("#2b5f8f", "#ffffff")


def _theme(
    name: str,
    dark: bool,
    grounds: tuple[str, str, str],
    inks: tuple[str, str, str],
    primary: str,
    accent: str,
    states: tuple[str, str, str],
    border: str,
    cursor: tuple[str, str],
) -> Theme:
    background, surface, panel = grounds
    foreground, muted, faint = inks
    success, warning, error = states
    return Theme(
        name=name,
        dark=dark,
        primary=primary,
        secondary=primary,
        accent=accent,
        foreground=foreground,
        background=background,
        surface=surface,
        panel=panel,
        success=success,
        warning=warning,
        error=error,
        variables={
            "muted": muted,
            "faint": faint,
            "border": border,
            "border-blurred": border,
            "block-cursor-background": cursor[0],
            "block-cursor-foreground": cursor[1],
            "block-cursor-text-style": "bold",
            "block-cursor-blurred-background": panel,
            "block-cursor-blurred-foreground": foreground,
            "footer-background": panel,
            "input-cursor-background": foreground,
            "input-cursor-foreground": background,
            "input-selection-background": f"{cursor[0]} 60%",
            "scrollbar": border,
            "scrollbar-hover": muted,
            "scrollbar-active": primary,
            "scrollbar-background": surface,
            "scrollbar-corner-color": surface,
            "scrollbar-background-hover": surface,
            "scrollbar-background-active": surface,
            "link-background-hover": panel,
            "link-color-hover": primary,
        },
    )


HARBOUR_DARK = _theme(
    "harbour-dark",
    True,
    ("#0e131a", "#131a23", "#1b2430"),
    ("#d7dee8", "#8393a7", "#3a4a5e"),
    "#5fa8e8",
    "#f0b35e",
    ("#69c79a", "#e3b341", "#ef7a85"),
    "#2c3a4b",
    _CURSOR_DARK,
)
HARBOUR_LIGHT = _theme(
    "harbour-light",
    False,
    ("#f6f4ef", "#fffdf8", "#ebe7de"),
    ("#1c2733", "#66717f", "#d8d2c4"),
    "#1f6fb5",
    "#a8610a",
    ("#1f7a4d", "#8a6100", "#b3263a"),
    "#cfc8b8",
    ("#1f6fb5", "#ffffff"),
)
HARBOUR_256 = _theme(
    "harbour-256",
    True,
    ("#121212", "#1c1c1c", "#262626"),
    ("#d7d7d7", "#8a8a8a", "#444444"),
    "#5fafff",
    "#ffaf5f",
    ("#5fd787", "#d7af5f", "#ff8787"),
    "#444444",
    ("#005f87", "#ffffff"),
)
HARBOUR_CB = _theme(
    "harbour-cb",
    True,
    ("#0e131a", "#131a23", "#1b2430"),
    ("#e3e8ee", "#97a5b5", "#3a4a5e"),
    "#6db3f2",
    "#f0c75e",
    ("#56b4e9", "#e69f00", "#ff7f2a"),
    "#3a4a5e",
    _CURSOR_DARK,
)
HIGH_CONTRAST = _theme(
    "high-contrast",
    True,
    ("#000000", "#000000", "#1a1a1a"),
    ("#ffffff", "#d0d0d0", "#808080"),
    "#00d7ff",
    "#ffff00",
    ("#00ff5f", "#ffd700", "#ff5f5f"),
    "#ffffff",
    ("#ffff00", "#000000"),
)

OURS = (HARBOUR_DARK, HARBOUR_LIGHT, HARBOUR_256, HARBOUR_CB, HIGH_CONTRAST)
DEFAULT = HARBOUR_DARK.name
NAMES = frozenset(theme.name for theme in OURS)


def with_ours(variables: dict[str, str]) -> dict[str, str]:
    """The variables of a theme that is not ours, with our own tokens made from its colours."""
    text, ground = variables["foreground"], variables["background"]
    if not (text.startswith("#") and ground.startswith("#")):  # such as the ansi themes
        return {
            **variables,
            "muted": "ansi_bright_black",
            "faint": "ansi_bright_black",
            "border": "ansi_bright_black",
        }
    ink, paper = Color.parse(text), Color.parse(ground)
    return {
        **variables,
        "muted": paper.blend(ink, 0.6).hex6,
        "faint": paper.blend(ink, 0.3).hex6,
        "border": paper.blend(ink, 0.25).hex6,
        "block-cursor-blurred-background": variables["panel"],
        "block-cursor-blurred-foreground": text,
    }


def first(color_system: str | None, no_color: bool, wanted: str) -> str:
    """The theme to begin with: what the person wants, else what the terminal can show."""
    if no_color and wanted.startswith("ansi"):
        return DEFAULT
    if wanted:
        return wanted
    return HARBOUR_256.name if color_system in ("256", "eight_bit", "standard") else DEFAULT


def every() -> list[str]:
    """The names of all themes, ours first."""
    from textual.theme import BUILTIN_THEMES

    return [*(theme.name for theme in OURS), *BUILTIN_THEMES]


class Grey(Monochrome):
    """All colours as greys, also in a line whose parts have no style of their own."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The parts of a line in grey."""
        plain = Style.null()
        return super().apply([Segment(text, style or plain) for text, style, _ in segments], background)
