"""The funnel as rows: name, count, a bar, value, how many passed, days; each row, and each figure in it, can be opened."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from crmtui.i18n import N_, gettext
from crmtui.screens.charts import CHOSEN, Piece, bar, line, padded, unit_for
from crmtui.screens.glyphs import g
from crmtui.screens.ink import ink
from crmtui.screens.keys import bind
from crmtui.text import width

FIGURES = {"count": 6, "bar": 0, "value": 6, "passed": 5, "days": 6}
"""The figures of a row and their cells; the bar takes what is left."""
NARROWEST = 6
"""A bar of fewer cells says nothing and is left out."""
SHORTEST = 10
"""Cells of a name that figures make room for, as far as there is such a long one."""


@dataclass(frozen=True)
class FunnelRow:
    """One row: `value` in minor units; `passed` in percent and `days`, None where there is nothing to tell; `slow` warns."""

    name: str
    count: int
    value: int
    passed: float | None = None
    days: float | None = None
    slow: bool = False


class FunnelRows(Widget, can_focus=True):
    """The rows under a heading. Up and down go from row to row, left and right from figure to figure."""

    DEFAULT_CSS = "FunnelRows { height: auto; width: 1fr; background: $surface; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bind("funnel", open=N_("Open"), hidden=("up", "down", "left", "right", "home", "end"))
    ]
    current: reactive[int] = reactive(0)
    figure: reactive[str] = reactive("count")

    class Opened(Message):
        """`figure` (count, value, passed or days; the bar is the value) of the row in place `index` was opened."""

        def __init__(self, rows: "FunnelRows", index: int, figure: str) -> None:
            super().__init__()
            self.rows, self.index, self.figure = rows, index, figure

        @property
        def control(self) -> "FunnelRows":
            """The rows."""
            return self.rows

    def __init__(self, heading: str = "", *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._heading, self._rows, self._currency = heading, list[FunnelRow](), "USD"

    def show(self, rows: Sequence[FunnelRow], currency: str, heading: str = "") -> None:
        """Draw these rows; the `heading` says what the count counts. The cursor stays in its place."""
        self._rows, self._currency = list(rows), currency
        self._heading = heading or self._heading
        self.current = min(self.current, max(len(rows) - 1, 0))
        if self.figure not in self._figures():
            self.figure = "count"
        self.refresh(layout=True)

    def recolour(self) -> None:
        """Draw anew in the colours of another theme."""
        self.refresh()

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        """A line for the heading, and one a row."""
        return len(self._rows) + 1

    # -- drawing

    def _figures(self) -> list[str]:
        """Which figures there are to be told of, besides name and bar."""
        told = {
            "passed": any(one.passed is not None for one in self._rows),
            "days": any(one.days is not None for one in self._rows),
        }
        return [name for name in FIGURES if name != "bar" and told.get(name, True)]

    def _places(self) -> dict[str, tuple[int, int]]:
        """Each column's first cell and its cells, the name first."""
        room, figures = self.size.width, [name for name in FIGURES if name in (*self._figures(), "bar")]
        longest = max((width(one.name) for one in self._rows), default=0)

        def left() -> int:
            return room - sum(FIGURES[name] for name in figures)

        for name in ("days", "passed", "count"):
            if left() < min(longest, SHORTEST) and name in figures:
                figures.remove(name)
        bar = left() - longest - 2
        if bar < NARROWEST:
            figures.remove("bar")
        names = longest if bar >= NARROWEST else max(left(), 0)
        places, x = {"name": (0, names)}, names
        for name in figures:
            size = bar if name == "bar" else FIGURES[name]
            x += name == "bar"
            places[name] = x, size
            x += size
        return places

    def render_line(self, y: int) -> Strip:
        """The heading, then the rows."""
        colours, room = ink(self), self.size.width
        if y == 0:
            return line(self._headings(), colours, room, on="surface")
        if y > len(self._rows):
            return line([], colours, room, on="surface")
        return line(self._row(self._rows[y - 1], y - 1), colours, room, on="surface")

    def _headings(self) -> list[Piece]:
        places = self._places()
        unit = unit_for(max((one.value for one in self._rows), default=0), self._currency)
        texts = {"value": unit.letter, "passed": gettext(N_("pass")), "days": gettext(N_("days"))}
        start = min((x for name, (x, _) in places.items() if name in texts), default=self.size.width)
        pieces: list[Piece] = [(padded(self._heading, start), "muted")]
        return pieces + [
            (padded(texts[name], places[name][1], right=True), "muted") for name in texts if name in places
        ]

    def _row(self, one: FunnelRow, at: int) -> list[Piece]:
        chosen = at == self.current and self.has_focus
        pieces: list[Piece] = []
        x = 0
        for name, (start, size) in self._places().items():
            pieces.append((" " * (start - x), "foreground"))
            x = start + size
            drawn = self._cell(name, one, size)
            if chosen and name in ("name", self.figure):
                drawn = [(text, CHOSEN if name == self.figure else "bold accent") for text, _ in drawn]
            pieces += drawn
        return pieces

    def _cell(self, name: str, one: FunnelRow, size: int) -> list[Piece]:
        if name == "name":
            return [(padded(one.name, size), "foreground")]
        if name == "bar":
            return bar(one.value, max(row.value for row in self._rows), size)
        text, token = self._text(name, one)
        return [(padded(text, size, right=True), token)]

    def _text(self, name: str, one: FunnelRow) -> Piece:
        if name == "count":
            return f"{one.count:,}", "muted"
        if name == "value":
            unit = unit_for(max(row.value for row in self._rows), self._currency)
            return unit.number(one.value), "bold foreground"
        if name == "passed":
            return "" if one.passed is None else f"{one.passed:.0f}%", "muted"
        days = "" if one.days is None else f"{one.days:.0f}"
        return (f"{g('late')} {days}", "bold warning") if one.slow and days else (days, "muted")

    # -- keys and mouse

    def watch_current(self) -> None:
        """The cursor went to another row."""
        self.refresh()

    def watch_figure(self) -> None:
        """The cursor went to another figure."""
        self.refresh()

    def on_focus(self) -> None:
        """The cursor shows."""
        self.refresh()

    def on_blur(self) -> None:
        """It shows no longer."""
        self.refresh()

    def action_up(self) -> None:
        """The row above."""
        self.current = max(self.current - 1, 0)

    def action_down(self) -> None:
        """The row below."""
        self.current = min(self.current + 1, max(len(self._rows) - 1, 0))

    def action_home(self) -> None:
        """The first row."""
        self.current = 0

    def action_end(self) -> None:
        """The last row."""
        self.current = max(len(self._rows) - 1, 0)

    def action_left(self) -> None:
        """The figure before."""
        figures = self._figures()
        self.figure = figures[max(figures.index(self.figure) - 1, 0)]

    def action_right(self) -> None:
        """The figure after."""
        figures = self._figures()
        self.figure = figures[min(figures.index(self.figure) + 1, len(figures) - 1)]

    def action_open(self) -> None:
        """Open what the figure under the cursor stands for."""
        if self._rows:
            self.post_message(self.Opened(self, self.current, self.figure))

    def on_click(self, event: events.Click) -> None:
        """A click on a figure opens it; elsewhere in a row it opens the count."""
        at = event.get_content_offset(self)
        if at is None or not 1 <= at.y <= len(self._rows):
            return
        places = self._places()
        hit = next((name for name, (x, size) in places.items() if x <= at.x < x + size), "count")
        self.current = at.y - 1
        self.figure = {"name": "count", "bar": "value"}.get(hit, hit)
        self.action_open()
