"""The tree of the forecast: rows made when they come into view, and on a narrow screen one column for all periods."""

from collections.abc import Callable, Sequence
from typing import Any

from crmtui.screens.listing import Column, Row, WindowedList

NARROW = 100
"""Columns of the screen below which quota, won and the months share a column."""
SHARED = ("month", "quota", "won", "forecast")
"""How the names of the columns begin that share one."""


class TreeSource:
    """A tree given in reading order as (key, depth) of each line; `make` draws a line, given whether it is unfolded.

    Only lines that come into view are made, so a tree may be as long as it likes.
    """

    def __init__(
        self,
        lines: Sequence[tuple[str, int]],
        make: Callable[[int, bool | None], Row],
        folded: dict[str, bool],
    ) -> None:
        self._lines, self._make, self._folded = list(lines), make, folded
        self._lay_out()

    def _parent(self, at: int) -> bool:
        return at + 1 < len(self._lines) and self._lines[at + 1][1] > self._lines[at][1]

    def _is_folded(self, at: int) -> bool:
        key, depth = self._lines[at]
        return self._folded.get(key, depth >= DEEP)

    def _lay_out(self) -> None:
        self._shown: list[int] = []
        closed: int | None = None
        for at, (_, depth) in enumerate(self._lines):
            if closed is not None and depth > closed:
                continue
            closed = depth if self._parent(at) and self._is_folded(at) else None
            self._shown.append(at)
        self._places = {self._lines[at][0]: place for place, at in enumerate(self._shown)}

    async def count(self) -> int:
        """How many lines show."""
        return len(self._shown)

    async def rows(self, start: int, stop: int) -> list[Row]:
        """Those from `start` to before `stop`."""
        return [
            self._make(at, not self._is_folded(at) if self._parent(at) else None)
            for at in self._shown[start:stop]
        ]

    async def locate(self, key: str) -> int | None:
        """Where the line shows; where it is folded away, the line it is inside of."""
        if key in self._places:
            return self._places[key]
        at = next((at for at, line in enumerate(self._lines) if line[0] == key), None)
        while at is not None and self._lines[at][0] not in self._places:
            at = self._above(at)
        return None if at is None else self._places[self._lines[at][0]]

    def _above(self, at: int) -> int | None:
        depth = self._lines[at][1]
        return next((one for one in range(at - 1, -1, -1) if self._lines[one][1] < depth), None)

    def fold(self, key: str, unfolded: bool) -> str | None:
        """Fold or unfold the line, or fold the one that it is inside of."""
        place = self._places.get(key)
        at = None if place is None else self._shown[place]
        if at is not None and not unfolded and (not self._parent(at) or self._is_folded(at)):
            at = self._above(at)
        if at is None or not self._parent(at) or self._is_folded(at) is not unfolded:
            return None
        key = self._lines[at][0]
        self._folded[key] = not unfolded
        self._lay_out()
        return key

    def some_folded(self) -> bool:
        """Whether a line is folded."""
        return any(self._parent(at) and self._is_folded(at) for at in range(len(self._lines)))

    def fold_all(self, unfolded: bool) -> None:
        """Fold or unfold every line that can be."""
        self._folded.update({key: not unfolded for key, _ in self._lines})
        self._lay_out()


DEEP = 2
"""From this depth on a tree is folded when nobody unfolded it."""


class ForecastTree(WindowedList):
    """A list with a cell cursor. On a narrow screen left and right change what the column of figures shows."""

    every: Sequence[Column] = ()
    slot = "forecast"

    def lay(self, every: Sequence[Column]) -> None:
        """The columns there are; on a narrow screen one of those that share a column."""
        self.every = list(every)
        self._arrange()

    def _narrow(self) -> bool:
        return self.app.size.width < NARROW

    def _arrange(self) -> None:
        chosen, names = self.chosen, [one.name for one in self.every]
        if self.slot not in names:
            self.slot = "forecast"
        if self._narrow():
            kept = [one for one in self.every if not one.name.startswith(SHARED) or one.name == self.slot]
            self.columns = [one for one in kept if one.name != "bar"]
        else:
            self.columns = self.every
        if chosen in [one.name for one in self.columns]:
            self.chosen = chosen

    def on_resize(self) -> None:
        """Another width may have room for all of them."""
        if self.every:
            self._arrange()

    def action_left(self) -> None:
        """The cell before, also one that another stands in place of."""
        self._beside(-1)

    def action_right(self) -> None:
        """The next cell."""
        self._beside(1)

    def _beside(self, step: int) -> None:
        names = [one.name for one in self.every if one.name != "bar"]
        if not self._narrow() or self.chosen not in names:
            self._aside(step)
            return
        name = names[min(max(names.index(self.chosen) + step, 0), len(names) - 1)]
        if name.startswith(SHARED):
            self.slot = name
        self.chosen = name
        self._arrange()
        self.chosen = name
        self.refresh()
        self._tell_cell()

    def _tell_cell(self) -> None:
        row: Any = self.current
        if row is not None:
            self.post_message(self.Moved(self, row))
