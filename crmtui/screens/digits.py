"""Large digits: three rows high, drawn with lines, or with the seven strokes of a clock where lines are not to be had."""

from crmtui.screens.glyphs import g, glyphs
from crmtui.text import width

ROWS = 3

_LINES = {
    "0": ("╭─╮", "│ │", "╰─╯"),
    "1": ("╶╮ ", " │ ", "╶┴╴"),
    "2": ("╶─╮", "┌─┘", "╰─╴"),
    "3": ("╶─╮", " ─┤", "╶─╯"),
    "4": ("╷ ╷", "╰─┤", "  ╵"),
    "5": ("╭─╴", "╰─╮", "╶─╯"),
    "6": ("╭─╴", "├─╮", "╰─╯"),
    "7": ("╶─┐", "  │", "  ╵"),
    "8": ("╭─╮", "├─┤", "╰─╯"),
    "9": ("╭─╮", "╰─┤", "╶─╯"),
    "-": ("   ", "╶─╴", "   "),
    ".": (" ", " ", "•"),
    ",": (" ", " ", ","),
    " ": (" ", " ", " "),
}
_STROKES = {
    "0": (" _ ", "| |", "|_|"),
    "1": ("   ", "  |", "  |"),
    "2": (" _ ", " _|", "|_ "),
    "3": (" _ ", " _|", " _|"),
    "4": ("   ", "|_|", "  |"),
    "5": (" _ ", "|_ ", " _|"),
    "6": (" _ ", "|_ ", "|_|"),
    "7": (" _ ", "  |", "  |"),
    "8": (" _ ", "|_|", "|_|"),
    "9": (" _ ", "|_|", " _|"),
    "-": ("   ", " _ ", "   "),
    ".": (" ", " ", "."),
    ",": (" ", " ", ","),
    " ": (" ", " ", " "),
}


def big(number: str) -> list[str] | None:
    """The rows of `number`, all equally wide; None where a sign in it has no large form."""
    shapes = _STROKES if glyphs.ascii else _LINES
    signs = ["-" if sign == g("minus") else sign for sign in number]
    if not all(sign in shapes for sign in signs):
        return None
    return ["".join(shapes[sign][row] for sign in signs) for row in range(ROWS)]


def size(number: str) -> int:
    """How many cells the large form of `number` takes."""
    rows = big(number)
    return width(rows[0]) if rows else width(number)
