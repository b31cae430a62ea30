"""The lines of a list: which columns fit and how wide, and one row drawn into exactly that many cells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from crmtui.screens.glyphs import g
from crmtui.screens.ink import Ink
from crmtui.screens.rows import Cell, Column, Row, plain
from crmtui.text import clean, cut, pad, width

SIGN = 2
"""Cells before the first column: the sign, and a blank."""
INDENT = 2
_THIN = Style(bold=False)


@dataclass(frozen=True)
class Placed:
    """A column, the cell in which it starts, and its cells."""

    column: Column
    x: int
    width: int

    @property
    def end(self) -> int:
        """The cell behind it, which is the gap."""
        return self.x + self.width


def fit(columns: Sequence[Column], room: int, widths: Mapping[str, int]) -> list[Placed]:
    """The columns that find place in `room` cells, in their order; `widths` are those that differ from the declared."""
    wanted = {one.name: widths.get(one.name, one.width) for one in columns}
    kept = list(columns)
    while len(kept) > 1 and _needed(kept, wanted) > room - SIGN:
        last = max(range(len(kept)), key=lambda place: (kept[place].priority, place))
        del kept[last]
    flexible = [one.name for one in kept if not wanted[one.name]]
    rest = room - SIGN - sum(wanted[one.name] for one in kept) - (len(kept) - 1)
    for place, name in enumerate(flexible):
        wanted[name] = max(rest // len(flexible) + (place < rest % len(flexible)), 1)
    placed, x = [], SIGN
    for one in kept:
        size = min(wanted[one.name], max(room - x, 0))
        placed.append(Placed(one, x, size))
        x += size + 1
    return placed


def _needed(columns: Sequence[Column], wanted: Mapping[str, int]) -> int:
    return sum(wanted[one.name] or one.least for one in columns) + len(columns) - 1


@dataclass(frozen=True)
class Look:
    """How a row stands out: under the cursor (of a list in focus or not), in which cell, marked."""

    cursor: bool = False
    focused: bool = False
    cell: str = ""
    marked: bool = False


PLAIN = Look()


def line(row: Row, placed: Sequence[Placed], room: int, ink: Ink, look: Look = PLAIN) -> Strip:
    """The row in exactly `room` cells. Under the cursor it has the cursor's colours alone."""
    bar = _bar(ink, look)
    parts = [[_sign(row, ink, look, bar)]]
    texts = _spread(row, placed)
    for one, (size, cell) in zip(placed, texts, strict=True):
        if size:
            here = look.cell == one.column.name and look.cursor and look.focused
            parts.append(_cell(cell, size, one.column.right, row, ink, _cursor(ink) if here else bar))
    return _whole(parts, room, bar)


def _cell(cell: Cell, size: int, right: bool, row: Row, ink: Ink, style: Style | None) -> list[Segment]:
    """One cell in exactly `size`; in `style` alone, where it has one, else in its own inks."""
    if not isinstance(cell, list):
        text = _fill(cell, size, right)
        words = text.lstrip(" ")
        # Blanks before a number are a piece of their own: pictures drop them at the beginning of a piece.
        blank = style + _THIN if style is not None else ink.style("faint")
        return [
            Segment(" " * (len(text) - len(words)), blank),
            Segment(words, style if style is not None else _style(cell, row, ink)),
        ]
    drawn = Strip(
        [Segment(clean(text), style if style is not None else ink.style(token)) for text, token in cell]
    )
    sign = g("cut")
    if drawn.cell_length > size >= width(sign):
        kept = drawn.crop(0, size - width(sign))
        drawn = Strip([*kept, Segment(sign, style if style is not None else ink.style("muted"))])
    return list(drawn.adjust_cell_length(size, style))


def _whole(parts: list[list[Segment]], room: int, rest: Style | None) -> Strip:
    """Every part with a gap of one cell behind it, the last one filled up."""
    apart: list[Segment] = []
    for part in parts:
        apart += (*part, Segment(" ", rest))
    return Strip(apart).adjust_cell_length(room, rest)


def _spread(row: Row, placed: Sequence[Placed]) -> list[tuple[int, Cell]]:
    """Cells and their sizes; the first text of a group goes on over the empty ones beside it, which then have size 0."""
    found: list[tuple[int, Cell]] = []
    for place, one in enumerate(placed):
        cell = row.cells.get(one.column.name, "")
        found.append((one.width, _led(row, cell) if place == 0 else cell))
    if row.kind == "row" or not found:
        return found
    place, (size, cell) = 1, found[0]
    while place < len(found) and not plain(found[place][1]):
        size += 1 + found[place][0]
        found[place] = (0, "")
        place += 1
    found[0] = (size, cell)
    return found


def _led(row: Row, cell: Cell) -> Cell:
    """The first cell of a row that is inside others, or can be folded."""
    if not row.depth and row.open is None:
        return cell
    lead = " " * (INDENT * row.depth)
    if row.open is not None:
        lead += g("fold" if row.open else "unfold") + " "
    elif row.depth:
        lead += "  "
    if isinstance(cell, list):
        return [(lead, "foreground"), *cell]
    return lead + cell if isinstance(cell, str) else (lead + cell[0], cell[1])


def _fill(cell: Cell, size: int, right: bool) -> str:
    return pad(cut(clean(plain(cell)), size, ellipsis=g("cut")), size, right)


def _sign(row: Row, ink: Ink, look: Look, bar: Style | None) -> Segment:
    cell: Cell = (g("mark"), "accent") if look.marked else row.sign
    if row.kind == "sum" and not cell:
        cell = (g("sigma"), "muted")
    return Segment(_fill(cell, SIGN - 1, False), bar if bar is not None else _style(cell, row, ink))


def _style(cell: Cell, row: Row, ink: Ink) -> Style:
    bold = row.kind != "row"
    if isinstance(cell, tuple):
        return ink.style(cell[1], bold=bold)
    return ink.style("muted" if row.dim else "foreground", bold=bold)


def _bar(ink: Ink, look: Look) -> Style | None:
    if not look.cursor:
        return None
    if look.cell or not look.focused:
        return ink.style("foreground", on="panel") if ink.panel else Style(reverse=True, dim=True)
    return _cursor(ink)


def _cursor(ink: Ink) -> Style:
    """The bar; where a theme leaves it to the terminal, its colours turned round."""
    return ink.style("cursor_text", bold=True, on="cursor") if ink.cursor else Style(reverse=True, bold=True)


def header(
    placed: Sequence[Placed], room: int, ink: Ink, sort: tuple[str, bool] | None = None, chosen: str = ""
) -> Strip:
    """The titles; an arrow stands behind that of the column `sort` (name, falls), and `chosen` is underlined."""
    parts = [[Segment(" " * (SIGN - 1))]]
    for one in placed:
        sorted_by = sort is not None and sort[0] == one.column.name
        title, arrow = clean(one.column.title), ""
        if sort is not None and sorted_by:
            arrow = g("sort_down" if sort[1] else "sort_up")
        text = cut(title, max(one.width - width(arrow), 0), ellipsis=g("cut")) + arrow
        style = ink.style("primary" if sorted_by else "muted")
        if one.column.name == chosen:
            style += Style(underline=True)
        parts.append([Segment(pad(cut(text, one.width), one.width, one.column.right), style)])
    return _whole(parts, room, None)


def waiting(room: int, ink: Ink, look: Look = PLAIN) -> Strip:
    """A row that is still being read."""
    bar = _bar(ink, look)
    style = bar if bar is not None else ink.style("faint")
    return Strip([Segment(" " * SIGN + g("cut"), style)]).adjust_cell_length(room, bar)
