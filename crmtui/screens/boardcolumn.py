"""One column of the board: its head, and cards that are drawn as lines, not as widgets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from rich.segment import Segment
from rich.text import Text
from textual import events
from textual.geometry import Offset
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from crmtui.i18n import N_, gettext
from crmtui.screens import charts
from crmtui.screens.cells import day_text
from crmtui.screens.glyphs import g
from crmtui.screens.ink import Ink, ink
from crmtui.screens.keys import bind
from crmtui.text import clean, cut, pad, width

HEAD = 3
"""Lines of the head: the sums, the bar, and a blank one."""
CARD = 5
"""Lines of a card, and the blank one below it."""

FLAGS = {
    "late": ("late", N_("late"), "error"),
    "quiet": ("quiet", "", "muted"),
    "hot": ("hot", N_("hot"), "accent"),
    "new": ("new", N_("new"), "success"),
}
EDGES = {"late": "error", "hot": "accent", "quiet": "warning", "new": "primary", "": "primary"}


@dataclass(frozen=True)
class Head:
    """What stands over the cards: amount and weighted amount as text, and how full the bar is (0 to 1)."""

    amount: str = ""
    weighted: str = ""
    share: float = 0.0


class BoardColumn(Widget, can_focus=True):
    """The cards of one stage. It asks for cards that come into view and are not there (`Wanted`)."""

    DEFAULT_CSS = """
    BoardColumn {
        width: 1fr; height: 1fr; border: round $border; background: $surface;
        border-title-color: $primary; border-title-style: bold; border-subtitle-color: $muted;
    }
    BoardColumn:focus { border: round $primary; }
    BoardColumn.-target { border: round $accent; }
    .-ascii BoardColumn { border: ascii $border; }
    .-ascii BoardColumn:focus { border: ascii $primary; }
    .-accessible BoardColumn { border: none; }
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
        """The head was clicked: the list of the column."""

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

    class Dropped(Said):
        """A card was dragged to the place of the screen `at`."""

        def __init__(self, column: "BoardColumn", ref: str, at: Offset) -> None:
            super().__init__(column)
            self.ref, self.at = ref, at

    class Marked(Said):
        """The marks changed."""

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

    def take(self, title: str, head: Head, count: int, condition: str, keep: str = "") -> None:
        """The head and the number of cards; the cards themselves come by `put`. The cursor goes to the card `keep`."""
        self.title, self.head, self.count, self.condition = title, head, count, condition
        self.cards, self._asked = {}, set()
        self.cursor = min(self.cursor, max(count - 1, 0))
        self._scroll()

    def put(self, start: int, cards: Sequence[Any], keep: str = "") -> None:
        """The cards from place `start` on."""
        self.cards.update(enumerate(cards, start))
        found = (
            next((place for place, card in self.cards.items() if card.ref == keep), None) if keep else None
        )
        if found is not None:
            self.cursor = found
        self._scroll()
        self._tell()

    @property
    def current(self) -> Any:
        """The card under the cursor; None where there is none."""
        return self.cards.get(self.cursor)

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
        self.top = max(min(self.top, self.cursor), self.cursor - self.room + 1, 0)
        self.top = min(self.top, max(self.count - self.room, 0))
        self._frame()
        missing = next(
            (
                place
                for place in range(self.top, min(self.top + self.room, self.count))
                if place not in self.cards
            ),
            None,
        )
        if missing is not None and missing not in self._asked:
            self._asked.add(missing)
            self.post_message(self.Wanted(self, missing))
        self.refresh()

    def _frame(self) -> None:
        more = self.count - self.top - self.room
        said = (
            gettext(N_("{count} more {arrow}")).format(count=more, arrow=g("sort_down"))
            if more > 0
            else gettext(N_("end"))
            if self.count
            else ""
        )
        count = f" {self.count:,}"
        room = max(self.size.width - 2 - width(self.before) - width(count), 1)
        title = f"{self.before}{cut(self.title, room, ellipsis=g('cut'))}{count}"
        self.border_title = Text(clean(title))
        self.border_subtitle = Text(clean(f"{said}{self.behind}"))

    def _tell(self) -> None:
        if self.has_focus:
            self.post_message(self.Moved(self))
            line = HEAD + (self.cursor - self.top) * CARD
            region = self.content_region
            self.app.cursor_position = Offset(region.x + 2, region.y + min(line, max(region.height - 1, 0)))

    # -- drawing

    def render_line(self, y: int) -> Strip:
        """A line of the head, or of a card."""
        room, colours = self.size.width, ink(self)
        if y < HEAD:
            return self._head_line(y, room, colours)
        place, line = divmod(y - HEAD, CARD)
        place += self.top
        if not self.count:
            return self._blank(room, colours, gettext(N_("no opportunities")) if y == HEAD else "")
        card = self.cards.get(place)
        if place >= self.count or line == CARD - 1 or place >= self.top + self.room:
            return self._blank(room, colours)
        if card is None:
            return self._blank(room, colours, g("cut") if line == 1 else "")
        return self._card_line(card, line, place == self.cursor, room, colours)

    def _blank(self, room: int, colours: Ink, text: str = "") -> Strip:
        ground = colours.style("muted", on="surface")
        return Strip([Segment(pad(f" {cut(text, max(room - 1, 0))}", room), ground)], room)

    def _head_line(self, y: int, room: int, colours: Ink) -> Strip:
        inner = max(room - 2, 1)
        ground = colours.style("foreground", on="surface")
        if y == 0:
            weighted = (
                f"w {self.head.weighted}"
                if width(self.head.amount) + width(self.head.weighted) + 3 < inner
                else ""
            )
            amount = cut(self.head.amount, inner)
            pieces = [
                Segment(" ", ground),
                Segment(amount, colours.style("foreground", bold=True, on="surface")),
                Segment(" " * (inner - width(amount) - width(weighted)), ground),
                Segment(weighted, colours.style("muted", on="surface")),
            ]
        elif y == 1:
            full = round(self.head.share * inner) if self.head.share else 0
            full = max(full, 1) if self.head.share else 0
            pieces = [
                Segment(" ", ground),
                Segment(g("thick") * full, colours.style("primary", on="surface")),
                Segment(g("rule") * (inner - full), colours.style("border", on="surface")),
            ]
        else:
            return self._blank(room, colours)
        return Strip(pieces).adjust_cell_length(room, ground)

    def _card_line(self, card: Any, line: int, here: bool, room: int, colours: Ink) -> Strip:
        chosen = here and self.has_focus
        ground = "cursor" if chosen else "panel"
        inner = max(room - 3, 1)

        def ink_of(token: str, bold: bool = False) -> Any:
            return colours.style("cursor_text" if chosen else token, bold=bold or chosen, on=ground)

        left, right, token, tail = self._texts(card, line)
        right = cut(right, inner)
        left = cut(left, max(inner - width(right) - (1 if right else 0), 0), ellipsis=g("cut"))
        gap = inner - width(left) - width(right)
        bold = line == 0
        pieces = [
            Segment(g("edge"), colours.style(EDGES[card.flag], on="surface")),
            Segment(" ", ink_of("foreground")),
            Segment(left, ink_of(token, bold)),
            Segment(" " * gap, ink_of("foreground")),
            Segment(right, ink_of(tail)),
        ]
        return Strip(pieces).adjust_cell_length(room, colours.style("foreground", on="surface"))

    def _texts(self, card: Any, line: int) -> tuple[str, str, str, str]:
        """Left and right text of a card's line, and their tokens."""
        if line == 0:
            mark = g("mark") if card.ref in self.marks else ""
            return clean(card.account or card.name), mark, "foreground", "accent"
        if line == 1:
            return clean(card.name) if card.account else card.ref, "", "muted", "muted"
        if line == 2:
            amount = "".join(charts.short(card.amount)) if card.amount is not None else "—"
            return (
                amount,
                f"{card.probability}%" if card.probability is not None else "",
                "foreground",
                "muted",
            )
        close = day_text(card.close_on, self.app.today) if card.close_on else "—"  # type: ignore[attr-defined]
        glyph, word, token = FLAGS.get(card.flag, ("", "", "muted"))
        flag = f"{g(glyph)}{gettext(word) if word else f'{card.days}d'}" if glyph else ""
        return f"{close} {card.owner}", flag, "muted", token

    # -- keys and mouse

    def move_to(self, place: int) -> None:
        """The cursor to the card in `place`, or the nearest there is."""
        self.cursor = min(max(place, 0), max(self.count - 1, 0))
        self._scroll()
        self._tell()

    def action_up(self) -> None:
        """One card up."""
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
        """Open the card."""
        if self.current is not None:
            self.post_message(self.Opened(self))

    def action_mark(self) -> None:
        """Mark the card, or take the mark away, and go one down."""
        if self.current is not None:
            self.marks ^= {self.current.ref}
            self.post_message(self.Marked(self))
            self.move_to(self.cursor + 1)

    def on_focus(self) -> None:
        """The card gets the cursor's colours."""
        self._tell()
        self.refresh()

    def on_blur(self) -> None:
        """And loses them."""
        self.refresh()

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
        return place if place in self.cards else None

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """A card is taken hold of."""
        place = self._place_at(event)
        if place is not None and event.button == 1:
            self._held = self.cards[place].ref
            self.capture_mouse()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """It is let go, perhaps over another column."""
        held, self._held = self._held, None
        if held is not None:
            self.release_mouse()
            if not self.region.contains(event.screen_x, event.screen_y):
                self.post_message(self.Dropped(self, held, Offset(event.screen_x, event.screen_y)))

    def on_click(self, event: events.Click) -> None:
        """A click chooses, a second one opens; on the head it opens the list of the column."""
        offset = event.get_content_offset(self)
        if offset is not None and offset.y < HEAD:
            self.post_message(self.HeadOpened(self))
            return
        place = self._place_at(event)
        if place is None:
            return
        again = place == self.cursor and (event.chain > 1)
        self.move_to(place)
        if again:
            self.action_open()
