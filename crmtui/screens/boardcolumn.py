"""One column of the board: its head, and cards that are drawn as lines, not as widgets."""

from collections.abc import Sequence
from typing import Any, ClassVar

from rich.text import Text
from textual import events
from textual.geometry import Offset
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from crmtui.i18n import N_, gettext
from crmtui.screens.boardcard import CARD, HEAD, SPACIOUS, Head, Look, blank, card_line, head_line
from crmtui.screens.glyphs import g
from crmtui.screens.ink import ink
from crmtui.screens.keys import bind
from crmtui.text import clean, cut, width

ON_HEAD = -1
"""The place of the cursor when it is on the head."""


class BoardColumn(Widget, can_focus=True):
    """The cards of one stage. It asks for cards that come into view and are not there (`Wanted`)."""

    DEFAULT_CSS = """
    BoardColumn {
        width: 1fr; height: 1fr; border: round $border; background: $surface;
        border-title-color: $primary; border-title-style: bold; border-subtitle-color: $muted;
    }
    BoardColumn:focus { border: round $primary; }
    BoardColumn.-target, BoardColumn.-target:focus { border: heavy $accent; border-title-color: $accent; }
    """
    BINDINGS: ClassVar[list[Any]] = bind(
        "column",
        open=N_("Open"),
        mark=N_("Mark"),
        hidden=("up", "down", "left", "right", "page_up", "page_down", "home", "end"),
    )

    class Said(Message):
        """Something that happened in the column."""

        def __init__(self, column: "BoardColumn") -> None:
            super().__init__()
            self.column = column

    class Moved(Said):
        """Another card has the cursor."""

    class Opened(Said):
        """A card was opened."""

    class HeadOpened(Said):
        """The head was opened: the list of the column."""

    class Wanted(Said):
        """Cards from `start` on come into view and are not there."""

        def __init__(self, column: "BoardColumn", start: int) -> None:
            super().__init__(column)
            self.start = start

    class Left(Said):
        """The cursor leaves the column, to the left (-1) or right (1)."""

        def __init__(self, column: "BoardColumn", by: int) -> None:
            super().__init__(column)
            self.by = by

    class Dragged(Said):
        """A card is dragged over the place of the screen `at`."""

        def __init__(self, column: "BoardColumn", ref: str, at: Offset) -> None:
            super().__init__(column)
            self.ref, self.at = ref, at

    class Dropped(Dragged):
        """A card was let go at the place of the screen `at`."""

    class Marked(Said):
        """The marks changed."""

    class Typed(Said):
        """A wide character was typed, as with a Chinese input method left on."""

        def __init__(self, column: "BoardColumn", character: str) -> None:
            super().__init__(column)
            self.character = character

    def __init__(self, stage: str, id: str) -> None:
        super().__init__(id=id)
        self.stage = stage
        self.title, self.head = "", Head()
        self.count, self.top, self.cursor = 0, 0, 0
        self.cards: dict[int, Any] = {}
        self.marks: set[str] = set()
        self.condition = ""
        self.before = self.behind = ""
        self._held: str | None = None
        self._asked: set[int] = set()

    # -- what it shows

    def take(self, title: str, head: Head, count: int, condition: str) -> None:
        """The head and the number of cards; the cards themselves come by `put`."""
        self.title, self.head, self.count, self.condition = title, head, count, condition
        self.cards, self._asked = {}, set()
        self.cursor = min(self.cursor, count - 1) if self.cursor > 0 else self.cursor
        self.frame_it()

    def put(self, start: int, cards: Sequence[Any]) -> None:
        """The cards from place `start` on."""
        self.cards.update(enumerate(cards, start))
        self._scroll()
        self._tell()

    def stand(self, place: int, line: int) -> None:
        """The cursor to the card in `place`, and that into line `line` of the cards as far as that can be."""
        self.cursor, self.top = place, max(place - line, 0)

    @property
    def current(self) -> Any:
        """The card under the cursor; None where there is none."""
        return self.cards.get(self.cursor)

    @property
    def on_head(self) -> bool:
        """Whether the cursor is on the head."""
        return self.cursor == ON_HEAD

    @property
    def room(self) -> int:
        """How many cards are in view at once."""
        return max((self.size.height - HEAD + 1) // CARD, 1)

    def recolour(self) -> None:
        """Draw again."""
        self.refresh()

    def on_resize(self) -> None:
        """See what fits."""
        self._scroll()

    def _scroll(self) -> None:
        place = max(self.cursor, 0)
        self.top = max(min(self.top, place), place - self.room + 1, 0)
        self.top = min(self.top, max(self.count - self.room, 0))
        self.frame_it()
        missing = self._missing()
        if missing is not None and missing not in self._asked:
            self._asked.add(missing)
            self.post_message(self.Wanted(self, missing))
        self.refresh()

    def _missing(self) -> int | None:
        seen = range(self.top, min(self.top + self.room, self.count))
        return next((place for place in seen if place not in self.cards), None)

    def frame_it(self) -> None:
        """Name and count into the border above, how many are still to come into the one below."""
        more = self.count - self.top - self.room
        said = gettext(N_("end")) if self.count else ""
        if more > 0:
            said = gettext(N_("{count} more {arrow}")).format(count=f"{more:,}", arrow=g("sort_down"))
        count = f" {self.count:,}"
        room = max(self.size.width - 4 - width(self.before) - width(count), 1)
        title = f"{self.before}{cut(self.title, room, ellipsis=g('cut'))}{count}"
        self.border_title = Text(clean(title))
        self.border_subtitle = Text(clean(f"{said}{self.behind}"))

    def _tell(self) -> None:
        if self.has_focus:
            self.post_message(self.Moved(self))
            line = 0 if self.on_head else HEAD + (self.cursor - self.top) * CARD
            region = self.content_region
            self.app.cursor_position = Offset(region.x + 2, region.y + min(line, max(region.height - 1, 0)))

    # -- drawing

    def render_line(self, y: int) -> Strip:
        """A line of the head, or of a card."""
        room, colours = self.size.width, ink(self)
        if y < HEAD:
            return head_line(self.head, y, self.on_head and self.has_focus, room, colours)
        if not self.count:
            return blank(room, colours, gettext(N_("no opportunities")) if y == HEAD else "")
        place, line = divmod(y - HEAD, CARD)
        place += self.top
        if place >= min(self.count, self.top + self.room) or line == CARD - 1:
            return blank(room, colours)
        card = self.cards.get(place)
        if card is None:
            return blank(room, colours, g("cut") if line == 1 else "")
        chosen = place == self.cursor and self.has_focus
        look = Look(chosen, card.ref in self.marks, self.app.size.width >= SPACIOUS, self.app.today)  # type: ignore[attr-defined]
        return card_line(card, line, look, room, colours)

    # -- keys

    def move_to(self, place: int) -> None:
        """The cursor to the card in `place`, or the nearest there is."""
        self.cursor = min(max(place, 0), max(self.count - 1, 0))
        self._scroll()
        self._tell()

    def to_head(self) -> None:
        """The cursor to the head."""
        self.cursor = ON_HEAD
        self._scroll()
        self._tell()

    def action_up(self) -> None:
        """One card up; from the first to the head."""
        if self.cursor <= 0:
            self.to_head()
        else:
            self.move_to(self.cursor - 1)

    def action_down(self) -> None:
        """One card down."""
        self.move_to(self.cursor + 1)

    def action_page_up(self) -> None:
        """As many cards up as are in view."""
        self.move_to(self.cursor - self.room)

    def action_page_down(self) -> None:
        """As many cards down as are in view."""
        self.move_to(self.cursor + self.room)

    def action_home(self) -> None:
        """To the first card."""
        self.move_to(0)

    def action_end(self) -> None:
        """To the last card."""
        self.move_to(self.count - 1)

    def action_left(self) -> None:
        """To the column before."""
        self.post_message(self.Left(self, -1))

    def action_right(self) -> None:
        """To the next column."""
        self.post_message(self.Left(self, 1))

    def action_open(self) -> None:
        """Open the card, or on the head the list of the column."""
        if self.on_head:
            self.post_message(self.HeadOpened(self))
        elif self.current is not None:
            self.post_message(self.Opened(self))

    def action_mark(self) -> None:
        """Mark the card, or take the mark away, and go one down."""
        if self.current is not None:
            self.marks ^= {self.current.ref}
            self.post_message(self.Marked(self))
            self.move_to(self.cursor + 1)

    def on_key(self, event: events.Key) -> None:
        """With a Chinese input method left on, what is typed begins to find."""
        if event.character and event.is_printable and width(event.character) > 1:
            event.stop()
            event.prevent_default()
            self.post_message(self.Typed(self, event.character))

    def on_focus(self) -> None:
        """The card gets the cursor's colours."""
        self._tell()
        self.refresh()

    def on_blur(self) -> None:
        """And loses them."""
        self.refresh()

    # -- mouse

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel moves the cursor."""
        event.stop()
        self.move_to(self.cursor + 1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel moves the cursor."""
        event.stop()
        self.move_to(self.cursor - 1)

    def _place_at(self, event: events.MouseEvent) -> int | None:
        offset = event.get_content_offset(self)
        if offset is None or offset.y < HEAD:
            return None
        place = self.top + (offset.y - HEAD) // CARD
        return place if place in self.cards and place < self.top + self.room else None

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """A card is taken hold of."""
        place = self._place_at(event)
        if place is not None and event.button == 1:
            self._held = self.cards[place].ref
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """The card that is held goes along."""
        if self._held is not None:
            self.post_message(self.Dragged(self, self._held, event.screen_offset))

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """It is let go, perhaps over another column."""
        held, self._held = self._held, None
        if held is not None:
            self.release_mouse()
            self.post_message(self.Dropped(self, held, event.screen_offset))

    def on_click(self, event: events.Click) -> None:
        """A click chooses, a second one opens; the head opens the list of the column, the border leads on."""
        offset = event.get_content_offset(self)
        if offset is None:
            self._border(event)
        elif offset.y < HEAD:
            self.post_message(self.HeadOpened(self))
        elif (place := self._place_at(event)) is not None:
            if event.button == 3:
                self.move_to(place)
                self.app.simulate_key("full_stop")
                return
            self.move_to(place)
            if event.chain > 1:
                self.action_open()

    def _border(self, event: events.Click) -> None:
        """On the numbers at the edges to the columns that are out of sight; on how many more a page down."""
        if event.y == 0 and self.before and event.x < 3 + width(self.before):
            self.post_message(self.Left(self, -1))
        elif event.y == 0:
            self.post_message(self.HeadOpened(self))
        elif event.y == self.outer_size.height - 1:
            if self.behind and event.x >= self.outer_size.width - 3 - width(self.behind):
                self.post_message(self.Left(self, 1))
            else:
                self.action_page_down()
