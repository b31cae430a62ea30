"""Fields that people type into: one line or several, with what may be meant below, and with nothing that can act."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from rich.segment import Segment
from rich.text import Text
from textual import events
from textual.containers import Vertical
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static, TextArea
from textual.widgets.option_list import Option

from crmtui.errors import CrmError
from crmtui.i18n import N_, gettext
from crmtui.screens.glyphs import g
from crmtui.screens.hidden import decoded, drawn, encoded
from crmtui.screens.ink import ink
from crmtui.text import clean, cut, pad, width

if TYPE_CHECKING:
    from crmtui.services.forms import Held
    from crmtui.services.suggest import Offer

Offering = Callable[[str], Awaitable[Sequence["Offer"]]]
"""What was typed → what may be meant."""
MOST_OFFERED = 200
PAUSE = 0.12
"""Seconds after the last letter before the store is asked: an input method sends words, not letters."""


class Left(Message):
    """A field was left; its text may be read now."""

    def __init__(self, field: "LineField | AreaField") -> None:
        super().__init__()
        self.field = field

    @property
    def control(self) -> "LineField | AreaField":
        """The field."""
        return self.field


class Said(Message):
    """A field has something to say about what was typed."""

    def __init__(self, field: "LineField | AreaField", text: str) -> None:
        super().__init__()
        self.field, self.text = field, text

    @property
    def control(self) -> "LineField | AreaField":
        """The field."""
        return self.field


class Taken(Message):
    """One of the offers was taken."""

    def __init__(self, field: "LineField", offer: "Offer") -> None:
        super().__init__()
        self.field, self.offer = field, offer

    @property
    def control(self) -> "LineField":
        """The field."""
        return self.field


class Offers(OptionList, can_focus=False):
    """What may be meant, below the field in which somebody types."""

    DEFAULT_CSS = """
    Offers { overlay: screen; constrain: inside inside; height: auto; max-height: 10; width: 1fr; min-width: 36; background: $panel;
             border: none; border-left: thick $accent; scrollbar-size-vertical: 1; }
    """

    def fill(self, offers: "Sequence[Offer]", room: int) -> None:
        """Show these, each in `room` cells: name, what tells it apart, how often it occurs."""
        self.offers = list(offers[:MOST_OFFERED])
        self.clear_options()
        self.add_options([Option(self._line(offer, room)) for offer in self.offers])
        self.highlighted = 0 if self.offers else None

    def _line(self, offer: "Offer", room: int) -> Text:
        count = f"{offer.count:,}" if offer.count is not None else ""
        detail = clean(offer.detail)
        name = cut(clean(offer.shown), max(room - width(count) - 2, 8))
        rest = room - width(name) - width(count) - 4
        text = Text(name, no_wrap=True, end="")
        shown = cut(detail, rest) if rest > 4 else ""
        text.append("  " + pad(shown, rest) if rest > 0 else "  ", ink(self).style("muted"))
        text.append(count, ink(self).style("muted"))
        return text


class LineField(Input):
    """One line of text. `offering` finds what may be meant; then ↓ or typing opens the list below, Enter takes from it.

    `members`: several, separated by commas; what is offered completes the last one. `eager`: something is offered
    before anything is typed. `free`: what is typed stands, unless an offer is gone to by ↓.
    """

    DEFAULT_CSS = "LineField { height: 1; border: none; padding: 0 1; &:focus { border: none; } }"

    def __init__(
        self,
        *,
        max: int = 0,
        offering: Offering | None = None,
        members: bool = False,
        placeholder: str = "",
        eager: bool = False,
        free: bool = False,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(placeholder=placeholder, id=id, classes=classes, select_on_focus=False)
        self.most, self.offering, self.members = max, offering, members
        self.eager, self.free = eager, free
        self._held: Held | None = None
        self._quiet = ""
        self._timer: Timer | None = None
        self._offers: Offers | None = None
        self._stale = self._wanted = False
        """What is offered is for an earlier text; Enter was pressed and takes from what is on its way."""

    # -- the text, with nothing in it that acts

    @property
    def _value(self) -> Text:
        return Text(drawn(self.value), no_wrap=True, overflow="ignore", end="")

    @property
    def typed(self) -> str:
        """The text as it is meant."""
        return decoded(self.value)

    @property
    def given(self) -> str:
        """What the store is given: what was taken or read, as long as its text stands there; else the text."""
        held = self._held
        return held.given if held is not None and held.shown == self.typed else self.typed

    def put(self, held: "Held") -> None:
        """Show what was read or taken."""
        self._held = held
        self.place(held.shown)

    def place(self, text: str) -> None:
        """Put `text` in, without asking what may be meant."""
        self._quiet = encoded(text)
        self.value = self._quiet
        self.cursor_position = len(self.value)  # a place among characters, not a width
        self.close()

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        text = event.text[: (self.most or 4_000) + 2].replace("\r\n", "\n").rstrip("\r\n")
        self.write(" ".join(text.replace("\r", "\n").split("\n")), len(event.text))

    def write(self, text: str, length: int = 0) -> None:
        """Type `text` at the cursor, cut where the field is full; `length` is what it was before it came here."""
        start, end = sorted(self.selection)
        room = (self.most or 4_000) - len(self.value) + (end - start)
        if len(text) > room:
            said = gettext(N_("This field holds {most} characters; the rest of {length} was left out."))
            self.post_message(Said(self, said.format(most=self.most or 4_000, length=max(length, len(text)))))
        self.replace(encoded(text[: max(room, 0)]), start, end)

    def insert_text_at_cursor(self, text: str) -> None:
        """What a key or a paste brings."""
        self.write(text)

    # -- what may be meant

    @property
    def part(self) -> str:
        """What is being typed: all of it, or the last member."""
        return self.typed.rpartition(",")[2].strip() if self.members else self.typed

    @property
    def open(self) -> bool:
        """Whether the list is open."""
        return self._offers is not None

    def on_input_changed(self, event: Input.Changed) -> None:
        """Ask, a moment after the last letter, what may be meant."""
        if event.value == self._quiet or self.offering is None or not self.has_focus:
            self._quiet = ""
            return
        self._stop()
        self._stale = True
        self._timer = self.set_timer(PAUSE, self.offer)

    def offer(self, typed: str | None = None) -> None:
        """Ask what `typed`, or what stands there, may mean, and open the list."""
        self.run_worker(
            self._ask(self.part if typed is None else typed), group=f"offer {id(self)}", exclusive=True
        )

    async def _ask(self, typed: str) -> None:
        assert self.offering is not None
        try:
            found = await self.offering(typed)
        except CrmError as error:
            self.post_message(Said(self, error.message))
            found = ()
        wanted, self._stale, self._wanted = self._wanted, False, False
        if not self.has_focus or not self.is_attached or not found:
            self.close()
            if wanted:
                await self.action_submit()
            return
        if wanted:
            self.take(found[0])
            return
        if self._offers is None:
            self._offers = Offers()
            parent = self.parent
            assert isinstance(parent, Widget)
            await parent.mount(self._offers, after=self)
        self._offers.fill(found, max(self.size.width, 36) - 4)
        if self.free:
            self._offers.highlighted = None

    def close(self) -> None:
        """Close the list."""
        self._stop()
        self._stale = self._wanted = False
        if self._offers is not None:
            self._offers.remove()
            self._offers = None

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def take(self, offer: "Offer") -> None:
        """Put an offer in."""
        from crmtui.services.forms import Held

        if self.members:
            before = self.typed.rpartition(",")[0].strip()
            self.place(f"{before}, {offer.value}" if before else offer.value)
        else:
            self.put(Held(offer.shown, offer.value))
        self.close()
        self.post_message(Taken(self, offer))

    async def _on_key(self, event: events.Key) -> None:
        key = event.key
        if key == "enter" and self._stale and not self.free and self.typed.strip():
            event.stop()
            event.prevent_default()
            self._wanted = True
            self._stop()
            self.offer()
        elif self._offers is not None and key == "enter" and self._offers.highlighted is None:
            self.close()  # and goes on as if there had been no list
        elif self._offers is not None and key in ("up", "down", "pageup", "pagedown", "enter", "escape"):
            event.stop()
            event.prevent_default()
            if key == "enter":
                self._take_marked()
            elif key == "escape":
                self.close()
            else:
                self._move(key)
        elif key == "down" and self.offering is not None:
            event.stop()
            event.prevent_default()
            self.offer("" if self._held is not None and self._held.shown == self.typed else None)

    def _move(self, key: str) -> None:
        assert self._offers is not None
        move = {"up": "cursor_up", "down": "cursor_down", "pageup": "page_up", "pagedown": "page_down"}[key]
        getattr(self._offers, f"action_{move}")()

    def _take_marked(self) -> None:
        assert self._offers is not None
        place = self._offers.highlighted
        if place is None:
            self.close()
        else:
            self.take(self._offers.offers[place])

    async def on_click(self, event: events.Click) -> None:
        """A click opens the list."""
        if self.offering is not None and self._offers is None:
            self.offer("" if self._held is not None and self._held.shown == self.typed else None)

    def on_focus(self) -> None:
        """Some fields offer something before anything is typed."""
        if self.eager and self.offering is not None and not self.typed:
            self.offer("")

    def on_blur(self) -> None:
        """Left: the list closes, and the text is read."""
        self.close()
        self.post_message(Left(self))


class AreaField(TextArea):
    """Text of several lines."""

    DEFAULT_CSS = "AreaField { height: auto; min-height: 2; max-height: 8; border: none; padding: 0 1; &:focus { border: none; } }"

    def __init__(self, *, max: int = 100_000, id: str | None = None) -> None:
        super().__init__(
            "",
            id=id,
            soft_wrap=True,
            tab_behavior="focus",
            show_line_numbers=False,
            highlight_cursor_line=False,
        )
        self.most = max

    @property
    def typed(self) -> str:
        """The text as it is meant."""
        return decoded(self.text)

    @property
    def given(self) -> str:
        """What the store is given."""
        return self.typed

    def put(self, held: "Held") -> None:
        """Show what was read."""
        self.load_text(encoded(held.shown, "\n\t"))

    def place(self, text: str) -> None:
        """Put `text` in."""
        self.load_text(encoded(text, "\n\t"))

    def get_line(self, line_index: int) -> Text:
        """A line, with nothing in it that acts."""
        return Text(drawn(self.document.get_line(line_index)), end="", no_wrap=True)

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        text = event.text[: self.most * 2].replace("\r\n", "\n").replace("\r", "\n")
        if result := self._replace_via_keyboard(text, *self.selection):
            self.move_cursor(result.end_location)

    def _replace_via_keyboard(self, insert: str, start: Any, end: Any) -> Any:
        room = self.most - len(self.document.text) + len(self.document.get_text_range(start, end))
        if len(insert) > room:
            said = gettext(N_("This field holds {most} characters; the rest of {length} was left out."))
            self.post_message(Said(self, said.format(most=self.most, length=len(insert))))
        return super()._replace_via_keyboard(encoded(insert[: max(room, 0)], "\n\t"), start, end)

    def on_blur(self) -> None:
        """Left: the text is read."""
        self.post_message(Left(self))


class FieldRow(Vertical):
    """A label left, its field right, and below the field what is wrong with it or to be said about it."""

    DEFAULT_CSS = """
    FieldRow { height: auto; width: 100%; padding: 0 0 0 18; }
    FieldRow > .field--note { padding: 0 1; height: auto; color: $muted; }
    FieldRow.-wrong > .field--note { color: $error; }
    FieldRow.-warn > .field--note { color: $warning; }
    """
    LABEL: ClassVar[int] = 18

    def __init__(
        self,
        name: str,
        label: str,
        field: "LineField | AreaField",
        *,
        required: bool = False,
        room: int = LABEL,
    ) -> None:
        super().__init__(field)
        self.room = room
        if room != self.LABEL:
            self.styles.padding = (0, 0, 0, room)
        self.field_name, self.label, self.field, self.required = name, label, field, required
        self.said = ""

    def render_lines(self, crop: Region) -> list[Strip]:
        """The label stands in the room left of the field: a widget of its own for each would take twice as long to open."""
        strips = super().render_lines(crop)
        if crop.y == 0 and strips and crop.x < self.room:
            label = self._drawn().crop(crop.x, min(self.room, crop.right))
            strips[0] = Strip.join([label, strips[0].crop(label.cell_length)])
        return strips

    def _drawn(self) -> Strip:
        colours, ground = ink(self), self.rich_style
        star = " *" if self.required else ""
        name = cut(clean(self.label), self.room - 1 - width(star), ellipsis=g("cut"))
        here = self.field.has_focus
        parts = [
            Segment(name, ground + colours.style("primary" if here else "muted")),
            Segment(star, ground + colours.style("accent")),
            Segment(" " * (self.room - width(name) - width(star)), ground),
        ]
        return Strip(parts, self.room)

    def recolour(self) -> None:
        """Draw again with the colours of the theme."""
        self.refresh()

    def on_descendant_focus(self) -> None:
        """The label of the field that has the focus stands out."""
        self.refresh()

    def on_descendant_blur(self) -> None:
        """And then no longer."""
        self.refresh()

    def say(self, text: str = "", kind: str = "") -> None:
        """Put a sentence below the field; `kind` is wrong, warn or empty. No text takes it away."""
        self.said = text
        self.set_class(kind == "wrong", "-wrong")
        self.set_class(kind == "warn", "-warn")
        notes = self.query(".field--note")
        if not text:
            notes.remove()
        elif notes:
            notes.first(Static).update(Text(clean(text)))
        else:
            self.mount(Static(Text(clean(text)), classes="field--note", markup=False))
        if text:
            self.call_after_refresh(self._into_sight)

    def _into_sight(self) -> None:
        """What is said of the field that has the focus must not stand below the edge."""
        if self.field.has_focus:
            self.scroll_visible(animate=False)

    @property
    def wrong(self) -> bool:
        """Whether an error stands below the field."""
        return self.has_class("-wrong")


def taken_by_click(event: OptionList.OptionSelected) -> bool:
    """Take the offer that was clicked into the field above its list; whether it was one."""
    offers = event.option_list
    if not isinstance(offers, Offers) or offers.parent is None:
        return False
    event.stop()
    for line in offers.parent.query(LineField):
        if line._offers is offers:
            line.take(offers.offers[event.option_index])
            line.focus()
    return True
