"""Colours and styles for widgets that draw their own lines, by the names of the theme's tokens."""

from typing import Any

from rich.style import Style
from textual.app import App
from textual.color import Color, ColorParseError

_VARIABLES = {"cursor": "block-cursor-background", "cursor_text": "block-cursor-foreground"}


class Ink:
    """The tokens of the theme in use, as `#rrggbb`, or empty where the theme leaves a colour to the terminal."""

    primary: str
    accent: str
    success: str
    warning: str
    error: str
    muted: str
    faint: str
    border: str
    foreground: str
    background: str
    surface: str
    panel: str
    cursor: str
    cursor_text: str

    def __init__(self, variables: dict[str, str]) -> None:
        self._styles: dict[tuple[str, str, bool, bool], Style] = {}
        for name in Ink.__annotations__:
            setattr(self, name, _hex(variables.get(_VARIABLES.get(name, name), "")))

    def style(
        self, token: str = "foreground", *, bold: bool = False, dim: bool = False, on: str = ""
    ) -> Style:
        """The style of text in `token`; `bold token` is bold; `on` names the ground."""
        if token.startswith("bold "):
            token, bold = token[5:], True
        key = (token, on, bold, dim)
        found = self._styles.get(key)
        if found is None:
            color, ground = getattr(self, token), getattr(self, on) if on else ""
            found = Style(color=color or None, bgcolor=ground or None, bold=bold or None, dim=dim or None)
            self._styles[key] = found
        return found


def _hex(value: str) -> str:
    try:
        color = Color.parse(value.split()[0]) if value else None
    except ColorParseError:  # such as auto, which the terminal's own colours decide
        return ""
    return color.hex6.lower() if color is not None and color.ansi is None else ""


_last: list[tuple[dict[str, str], Ink]] = []
"""The theme's variables that were asked for last, and their colours: a theme that is put on makes new variables."""


def ink(of: Any) -> Ink:
    """The colours in use in the app that `of`, a widget or an app, belongs to."""
    variables = (of if isinstance(of, App) else of.app).theme_variables
    if not _last or _last[0][0] is not variables:
        _last[:] = [(variables, Ink(variables))]
    return _last[0][1]
