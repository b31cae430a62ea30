"""Glyphs: one sign per state and part, each with an ASCII twin for terminals that draw signs two cells wide."""

from types import SimpleNamespace

_TABLE = {
    "done": ("✓", "x"),
    "doing": ("◐", "~"),
    "open": ("○", "o"),
    "waiting": ("◷", "w"),
    "blocked": ("■", "#"),
    "late": ("!", "!"),
    "duplicate": ("≈", "="),
    "quiet": ("~", "~"),
    "hot": ("★", "*"),
    "new": ("+", "+"),
    "refused": ("✗", "X"),
    "changed": ("↻", "@"),
    "up": ("▲", "^"),
    "down": ("▼", "v"),
    "fold": ("▾", "-"),
    "unfold": ("▸", "+"),
    "cursor": ("▸", ">"),
    "mark": ("●", "*"),
    "enter": ("⏎", "Enter"),
    "space": ("␣", "Space"),
    "to": ("→", "->"),
    "into": ("›", ">"),
    "left": ("‹", "<"),
    "right": ("›", ">"),
    "cut": ("…", "~"),
    "dot": ("·", "-"),
    "times": ("×", "x"),
    "minus": ("−", "-"),
    "sigma": ("Σ", "S"),
    "live": ("●", "*"),
    "offline": ("○", "o"),
    "edge": ("▌", "|"),
    "full": ("█", "#"),
    "dark": ("▓", "="),
    "mid": ("▒", ":"),
    "light": ("░", "."),
    "rule": ("─", "-"),
    "thick": ("━", "="),
    "pipe": ("│", "|"),
    "start": ("╶", "-"),
    "stop": ("╴", "-"),
    "path": ("─▸", "->"),
    "remove": ("✕", "x"),
    "sort_up": ("↑", "^"),
    "sort_down": ("↓", "v"),
    "less": ("≤", "<="),
    "more": ("≥", ">="),
}

_SPARKS = ("▁▂▃▄▅▆▇█", "_.-=oO0#")

glyphs = SimpleNamespace(ascii=False)
"""Set once when the program starts: by the settings, or because the terminal draws such signs too wide."""


def g(name: str) -> str:
    """The sign called `name`, in the set that the terminal can draw; ask when drawing, not before."""
    return _TABLE[name][glyphs.ascii]


def sparks() -> str:
    """Eight steps of height, lowest first."""
    return _SPARKS[glyphs.ascii]


def plain(text: str) -> str:
    """`text` with every sign of the table as its ASCII twin, where the terminal needs that."""
    if not glyphs.ascii:
        return text
    return text.translate(_PLAIN)


_PLAIN = {ord(pair[0]): pair[1] for pair in _TABLE.values() if len(pair[0]) == 1}
