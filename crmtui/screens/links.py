"""Text with figures in it that can be opened, by a click or by arrows and Enter; and a tile whose lines are such text."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from textual import events
from textual.binding import BindingType
from textual.geometry import Offset
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from crmtui.i18n import N_
from crmtui.screens.along import Along
from crmtui.screens.charts import CHOSEN, Piece, line
from crmtui.screens.ink import ink
from crmtui.screens.keys import bind
from crmtui.screens.tiles import Big, BigFigure
from crmtui.text import width


@dataclass(frozen=True)
class Link:
    """A piece of text; with a `target` it can be opened."""

    text: str
    token: str = "foreground"
    target: Any = None


Lines = Sequence[Sequence[Link]]


class Opened(Message, namespace="links"):
    """What has this `target` was opened; `at` is the widget."""

    def __init__(self, at: Widget, target: Any) -> None:
        super().__init__()
        self.at, self.target = at, target


def targets(lines: Lines) -> list[Any]:
    """What can be opened, in the order of reading."""
    return [link.target for one in lines for link in one if link.target is not None]


def drawn(lines: Lines, chosen: int | None = None) -> list[list[Piece]]:
    """The lines as pieces; the link in place `chosen` stands under the cursor."""
    found: list[list[Piece]] = []
    place = 0
    for one in lines:
        pieces: list[Piece] = []
        for link in one:
            here = link.target is not None and place == chosen
            place += link.target is not None
            pieces.append((link.text, CHOSEN if here else link.token))
        found.append(pieces)
    return found


def at(lines: Lines, offset: Offset) -> int | None:
    """The place among the targets of the link at `offset`; None where there is none."""
    place = 0
    for y, one in enumerate(lines):
        x = 0
        for link in one:
            if y == offset.y and x <= offset.x < x + width(link.text) and link.target is not None:
                return place
            x += width(link.text)
            place += link.target is not None
    return None


class Links(Along, can_focus=True):
    """Lines of text with links in them; it takes the focus as long as there is one."""

    DEFAULT_CSS = "Links { height: auto; width: 1fr; background: $surface; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bind("links", open=N_("Open"), hidden=("up", "down", "left", "right"))
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.lines: Lines = ()
        self.can_focus = False

    def show(self, lines: Lines) -> None:
        """Draw these lines; the cursor stays in its place."""
        self.lines = lines
        self.can_focus = self.count() > 0
        self.go(self.current)
        self.refresh(layout=True)

    def count(self) -> int:
        """How many links there are."""
        return len(targets(self.lines))

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        """One row a line."""
        return len(self.lines)

    def render_line(self, y: int) -> Strip:
        """Row `y`."""
        rows = drawn(self.lines, self.current if self.has_focus else None)
        return line(rows[y] if y < len(rows) else [], ink(self), self.size.width, on="surface")

    action_up, action_down = Along.action_left, Along.action_right

    def action_open(self) -> None:
        """Open the link under the cursor."""
        found = targets(self.lines)
        if self.current < len(found):
            self.post_message(Opened(self, found[self.current]))

    def on_click(self, event: events.Click) -> None:
        """A click on a link opens it."""
        offset = event.get_content_offset(self)
        place = at(self.lines, offset) if offset is not None else None
        if place is not None:
            self.current = place
            self.action_open()


class LinkTile(BigFigure):
    """A tile with one large figure, and others in its lines: up and down go to them, left and right to the next tile."""

    BINDINGS: ClassVar[list[BindingType]] = [*bind("tile", hidden=("up", "down", "left", "right"))]
    current: reactive[int] = reactive(0)
    """0 is the large figure, then come the links."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.heading, self.lines, self.target = "", (), None
        self._big = Big("")

    lines: Lines
    target: Any

    def waiting(self, mark: str = "") -> None:
        """Put `mark` after the title."""
        self.name_it(self.heading + mark)

    def tell(self, title: str, big: Big, target: Any = None, lines: Lines = ()) -> None:
        """Show the large figure, which opens `target`, and below it the `lines`; without a number only the title."""
        self.heading, self._big, self.target, self.lines = title, big, target, lines
        self.name_it(title)
        self.current = min(self.current, len(targets(lines)))
        self._draw()

    def trend(self, values: Sequence[float], lines: Lines | None = None) -> None:
        """Add a small trend, and other lines where they are given."""
        self.tell(
            self.heading,
            replace(self._big, trend=values),
            self.target,
            self.lines if lines is None else lines,
        )

    def _draw(self) -> None:
        chosen = self.current - 1 if self.has_focus and self.current else None
        rows = drawn(self.lines, chosen)
        self.show(replace(self._big, lines=rows))

    def watch_current(self) -> None:
        """The cursor went to another figure."""
        self._draw()

    def on_focus(self) -> None:
        """The cursor shows."""
        self._draw()

    def on_blur(self) -> None:
        """It shows no longer."""
        self._draw()

    def action_up(self) -> None:
        """The figure above."""
        self.current = max(self.current - 1, 0)

    def action_down(self) -> None:
        """The figure below."""
        self.current = min(self.current + 1, len(targets(self.lines)))

    def action_left(self) -> None:
        """The tile before."""
        self._beside(-1)

    def action_right(self) -> None:
        """The tile after."""
        self._beside(1)

    def _beside(self, by: int) -> None:
        tiles = [one for one in self.screen.query(LinkTile) if one.focusable]
        place = tiles.index(self) + by
        if 0 <= place < len(tiles):
            tiles[place].focus()

    def action_open(self) -> None:
        """Open the figure under the cursor."""
        every = [self.target, *targets(self.lines)]
        if every[self.current] is not None:
            self.post_message(Opened(self, every[self.current]))

    def on_click(self, event: events.Click) -> None:
        """A click on a figure of a line opens that, elsewhere the large one."""
        event.stop()
        event.prevent_default()
        offset = event.get_content_offset(self)
        above = len(self._rows()) - len(self.lines)
        place = at(self.lines, offset - Offset(0, above)) if offset is not None else None
        self.current = 0 if place is None else place + 1
        self.action_open()
