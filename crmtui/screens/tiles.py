"""A tile with one large figure: digits three rows high, its unit, a bar or a small trend, and a line of text."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from crmtui.i18n import N_
from crmtui.screens import digits
from crmtui.screens.charts import Piece, bar, line, spark
from crmtui.screens.glyphs import g
from crmtui.screens.ink import ink
from crmtui.screens.keys import bind
from crmtui.text import clean, width


@dataclass(frozen=True)
class Big:
    """What a tile shows: the number with its unit (`M`, `%`), then a bar (value and whole) or a trend, then lines of text."""

    number: str
    unit: str = ""
    token: str = "foreground"
    bar: tuple[float, float] | None = None
    trend: Sequence[float] = ()
    lines: Sequence[Sequence[Piece]] = field(default_factory=tuple)


class BigFigure(Widget, can_focus=True):
    """The tile; a click anywhere, or Enter, opens what its figure is made of."""

    DEFAULT_CSS = """
    BigFigure {
        height: 7; width: 1fr; padding: 0 1; background: $surface; border: round $border;
        border-title-color: $primary; border-title-style: bold;
    }
    BigFigure:focus { border: round $primary; }
    .-ascii BigFigure { border: ascii $border; }
    .-ascii BigFigure:focus { border: ascii $primary; }
    .-accessible BigFigure { border: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*bind("tile", open=N_("Open"))]

    class Opened(Message):
        """The figure was opened."""

        def __init__(self, tile: "BigFigure") -> None:
            super().__init__()
            self.tile = tile

        @property
        def control(self) -> "BigFigure":
            """The tile."""
            return self.tile

    def __init__(self, title: str = "", shown: Big | None = None, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._shown = shown or Big("")
        self.name_it(title)

    def name_it(self, title: str) -> None:
        """The title, which is data: nothing in it is markup."""
        self.border_title = Text(clean(title)) if title else None

    def show(self, shown: Big) -> None:
        """Draw this figure."""
        self._shown = shown
        self.refresh()

    def recolour(self) -> None:
        """Draw anew in the colours of another theme."""
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Row `y`: three of digits, or one where these find no room, then the bar or the trend, then the text."""
        rows = self._rows()
        return line(rows[y] if y < len(rows) else [], ink(self), self.content_size.width, on="surface")

    def _rows(self) -> list[list[Piece]]:
        shown, room = self._shown, self.content_size.width
        rows = self._number(room)
        if shown.bar is not None:
            rows.append(bar(*shown.bar, room - 1, token=shown.token))
        elif shown.trend:
            rows.append(spark(shown.trend, max(room - 3, 1)))
        return rows + [list(one) for one in shown.lines]

    def _number(self, room: int) -> list[list[Piece]]:
        shown = self._shown
        drawn = digits.big(shown.number)
        below = bool(shown.bar or shown.trend) + len(shown.lines)
        fits = drawn is not None and width(drawn[0]) + width(shown.unit) <= room
        if drawn is None or not fits or self.content_size.height < digits.ROWS + below:
            return [[(shown.number + shown.unit, f"bold {shown.token}")]]
        last = len(drawn) - 1
        return [
            [(row, shown.token), (shown.unit if at == last else "", shown.token)]
            for at, row in enumerate(drawn)
        ]

    def action_open(self) -> None:
        """Open what the figure is made of."""
        if self._shown.number not in ("", g("dot")):
            self.post_message(self.Opened(self))

    def on_click(self, event: events.Click) -> None:
        """A click opens it."""
        event.stop()
        self.action_open()
