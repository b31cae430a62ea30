"""The rows of a list that are in memory: some windows of them, those looked at last."""

from collections import OrderedDict
from collections.abc import Iterable

from crmtui.screens.rows import Row, Source, StaticSource

SIZE = 256
"""Rows read at once."""
KEPT = 4
"""Windows kept."""
NEAR = 128
"""So many rows before the end of a window the next one is wanted."""


class Windows:
    """Rows of one source by their number; of a StaticSource all of them."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._kept: OrderedDict[int, list[Row]] = OrderedDict()
        self._asked: set[int] = set()

    def row(self, place: int) -> Row | None:
        """The row; None while it is not there."""
        if isinstance(self.source, StaticSource):
            return self.source.shown[place] if place < len(self.source.shown) else None
        window = self._kept.get(place // SIZE)
        return window[place % SIZE] if window is not None and place % SIZE < len(window) else None

    def every(self) -> Iterable[list[Row]]:
        """All rows that are there."""
        return [self.source.shown] if isinstance(self.source, StaticSource) else list(self._kept.values())

    def wanted(self, first: int, last: int, count: int) -> list[int]:
        """The windows that these rows and those near them need, without what is there or was wanted before."""
        if isinstance(self.source, StaticSource) or not count:
            return []
        found = []
        for window in range(max(first - NEAR, 0) // SIZE, min(last + NEAR, count - 1) // SIZE + 1):
            if window in self._kept:
                self._kept.move_to_end(window)
            elif window not in self._asked:
                self._asked.add(window)
                found.append(window)
        return found

    def keep(self, window: int, rows: list[Row]) -> None:
        """A window has been read; the one that was not looked at for longest goes."""
        self._asked.discard(window)
        self._kept[window] = rows
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
