"""Rows laid out for people: cards, aligned columns, and tables on a terminal."""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from crmtui.commands.formats import NUMBERS
from crmtui.commands.output import peek
from crmtui.i18n import gettext
from crmtui.services.records import as_text
from crmtui.text import clean, cut, pad, width

if TYPE_CHECKING:
    from crmtui.services.records import Field as Column

Row = Mapping[str, Any]
_GAP = 2
_WIDEST = 40
_NARROWEST = 6
_MEASURED = 1000
_LONG, _PADDED = ("text", "any"), 200
"""Columns of long texts are filled up to so many cells; a longer one widens its own row alone."""


def _cell(column: "Column", row: Row) -> str:
    return clean(as_text(column, row.get(column.name), people=True))


def _label(column: "Column") -> str:
    return clean(gettext(column.label))


def card(columns: "Sequence[Column]", row: Row) -> Iterator[str]:
    """Lines of `field  value`; a text of several lines goes on under its own beginning."""
    left = max((width(_label(column)) for column in columns), default=0) + _GAP
    for column in columns:
        value = clean(as_text(column, row.get(column.name), people=True), multiline=True)
        yield (pad(_label(column), left) + value.replace("\n", "\n" + " " * left)).rstrip() + "\n"


def plain(columns: "Sequence[Column]", rows: Iterable[Row]) -> Iterator[str]:
    """Aligned columns without colour, nothing cut; their widths are those of the first thousand rows."""
    first, everything = peek(rows, _MEASURED)
    widths = [
        min(size, _PADDED) if column.kind in _LONG else size
        for column, size in zip(columns, _widths(columns, first), strict=True)
    ]
    yield _line([_label(column) for column in columns], columns, widths)
    for row in everything:
        yield _line([_cell(column, row) for column in columns], columns, widths)


def _line(cells: list[str], columns: "Sequence[Column]", widths: list[int]) -> str:
    padded = (
        pad(cell, size, column.kind in NUMBERS)
        for cell, column, size in zip(cells, columns, widths, strict=True)
    )
    return (" " * _GAP).join(padded).rstrip() + "\n"


def _widths(columns: "Sequence[Column]", rows: Sequence[Row]) -> list[int]:
    return [max([width(_label(column)), *(width(_cell(column, row)) for row in rows)]) for column in columns]


def table(columns: "Sequence[Column]", rows: Sequence[Row], color: str) -> list[str]:
    """A table on the terminal, as wide as it is; comes back with the names of columns that found no room."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(
        file=sys.stdout,
        markup=False,
        emoji=False,
        highlight=False,
        no_color=True if color == "never" else None,
        force_terminal=True if color == "always" else None,
    )
    fit, widths = _fit(columns, _widths(columns, rows), _columns(console.width))
    drawn = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, show_edge=False)
    for column, size in zip(fit, widths, strict=True):
        justify: Any = "right" if column.kind in NUMBERS else "left"
        drawn.add_column(
            Text(cut(_label(column), size), style="bold"), justify=justify, width=size, no_wrap=True
        )
    for row in rows:
        drawn.add_row(
            *(Text(cut(_cell(column, row), size)) for column, size in zip(fit, widths, strict=True))
        )
    console.print(drawn, soft_wrap=True)
    return [column.name for column in columns[len(fit) :]]


def _columns(fallback: int) -> int:
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or fallback
    except (OSError, ValueError):
        return fallback


def _fit(columns: "Sequence[Column]", wanted: list[int], room: int) -> "tuple[Sequence[Column], list[int]]":
    """As many of the first columns as fit, wide ones narrowed before any is left out."""
    count = len(columns)
    while True:
        widths = [min(size, _WIDEST) for size in wanted[:count]]
        spare = room - sum(widths) - _GAP * (count - 1)
        while spare < 0 and max(widths, default=0) > _NARROWEST * 2:
            widths[widths.index(max(widths))] -= 1
            spare += 1
        if spare >= 0 or count <= 1:
            return columns[:count], widths
        count -= 1
