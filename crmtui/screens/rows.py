"""What a list shows: its columns, its rows, and where rows come from."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

Cell = str | tuple[str, str] | list[tuple[str, str]]
"""A text, a text and the ink token it is drawn in (`error`, `bold success`), or several of these, such as a bar."""


def plain(cell: Cell) -> str:
    """What stands in a cell, without its ink."""
    if isinstance(cell, str):
        return cell
    return "".join(text for text, _ in cell) if isinstance(cell, list) else cell[0]


@dataclass(frozen=True)
class Column:
    """One column: `width` in cells, 0 shares what the others leave; those of the highest `priority` are dropped first.

    A column that shares stays where it finds `least` cells.
    """

    name: str
    title: str
    width: int = 0
    right: bool = False
    priority: int = 0
    sortable: bool = True
    least: int = 18


@dataclass
class Row:
    """One line of a list. `key` stays the same whatever the order is; `sign` is the glyph before the first column.

    `open` says that the row can be folded, and whether it is unfolded; rows of greater `depth` below it are inside it.
    """

    key: str
    cells: dict[str, Cell]
    kind: Literal["row", "group", "sum"] = "row"
    sign: Cell = ""
    dim: bool = False
    depth: int = 0
    open: bool | None = None
    data: Any = None

    def text(self, column: str) -> str:
        """What stands in a column, without its ink."""
        return plain(self.cells.get(column, ""))


class Source(Protocol):
    """Where a list gets its rows: a window at a time, in an order that stays."""

    async def count(self) -> int:
        """How many rows there are."""

    async def rows(self, start: int, stop: int) -> list[Row]:
        """Those from `start` to before `stop`; fewer at the end."""

    async def locate(self, key: str) -> int | None:
        """The number of the row that has this key, from 0; None when it is not there."""


@runtime_checkable
class Foldable(Source, Protocol):
    """A source whose rows can be folded."""

    def fold(self, key: str, unfolded: bool) -> str | None:
        """Fold or unfold at the row; the key of the row on which the cursor then belongs, None when nothing changed."""

    def fold_all(self, unfolded: bool) -> None:
        """Fold or unfold everything."""

    def some_folded(self) -> bool:
        """Whether there is something left to unfold."""


@runtime_checkable
class Numbered(Source, Protocol):
    """A source whose rows may not all be records: it knows which record a row is."""

    def number(self, place: int) -> tuple[int, int] | None:
        """The number of the record in that row, from 1, or 0 where the row is none; and how many records there are.

        None where every row is a record.
        """


@dataclass
class StaticSource:
    """Rows that are all there, for lists of at most some thousands; what stands below a folded row is left out."""

    every: list[Row] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Lay the rows out."""
        self._lay_out()

    def _lay_out(self) -> None:
        self.shown: list[Row] = []
        closed: int | None = None
        for row in self.every:
            if closed is not None and row.depth > closed:
                continue
            closed = row.depth if row.open is False else None
            self.shown.append(row)
        self._places = {row.key: place for place, row in enumerate(self.shown)}

    async def count(self) -> int:
        """How many rows show."""
        return len(self.shown)

    async def rows(self, start: int, stop: int) -> list[Row]:
        """Those from `start` to before `stop`."""
        return self.shown[start:stop]

    async def locate(self, key: str) -> int | None:
        """Where the row shows; None when it is not there or folded away."""
        return self.place(key)

    def place(self, key: str) -> int | None:
        """As `locate`, at once."""
        return self._places.get(key)

    def fold(self, key: str, unfolded: bool) -> str | None:
        """Fold or unfold the row, or fold the one that it is inside of."""
        place = self._places.get(key)
        if place is None:
            return None
        row = self.shown[place]
        if row.open is unfolded or (unfolded and row.open is None):
            return None
        if row.open is None:
            above = (one for one in reversed(self.shown[:place]) if one.depth < row.depth)
            outer = next(above, None)
            if outer is None:
                return None
            row = outer
        row.open = unfolded
        self._lay_out()
        return row.key

    def some_folded(self) -> bool:
        """Whether a row is folded."""
        return any(row.open is False for row in self.every)

    def fold_all(self, unfolded: bool) -> None:
        """Fold or unfold every row that can be."""
        for row in self.every:
            if row.open is not None:
                row.open = unfolded
        self._lay_out()


def static(rows: Iterable[Row]) -> StaticSource:
    """A source of these rows."""
    return StaticSource(list(rows))
