"""The picker: one record out of many, found by name, pinyin, initials or ref while somebody types."""

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from crmtui.errors import CrmError
from crmtui.i18n import N_, gettext, ngettext
from crmtui.screens.fields import LineField
from crmtui.screens.frame import Pane, told
from crmtui.screens.glyphs import g
from crmtui.screens.ink import ink
from crmtui.screens.keys import bind
from crmtui.screens.place import Sheet
from crmtui.services.nouns import NOUNS
from crmtui.text import clean, cut, pad, width

if TYPE_CHECKING:
    from crmtui.services.context import Context
    from crmtui.services.suggest import Load, Offer

MOST = 200


class Picked(NamedTuple):
    """The record that was picked."""

    ref: str
    name: str


class Found(OptionList, can_focus=False):
    """What was found."""

    DEFAULT_CSS = "Found { height: 1fr; background: $surface; scrollbar-size: 1 1; }"


class Picker(Sheet[Picked]):
    """Asks for a record of `noun`; its answer is the ref and the name. People are shown with what they have on the desk."""

    WHERE = "picker"
    PURPOSE = (
        N_("Type a part of the name, its pinyin or initials, or the ref; Enter takes the marked one."),
        N_("People are shown with their open opportunities and the leads that came this week."),
    )
    BINDINGS: ClassVar[list[Any]] = bind("picker", open=N_("Take"), hidden=("page_up", "page_down"))
    DEFAULT_CSS = """
    Picker.-centre > Pane { width: 84; height: 24; max-height: 90%; }
    Picker LineField { margin: 0 0 1 0; }
    Picker #count { height: 1; color: $muted; }
    """

    def __init__(self, noun: str, title: str = "", *, typed: str = "") -> None:
        super().__init__(classes="-centre")
        self.noun, self._title, self._typed = noun, title, typed
        self._offers: list[Offer] = []
        self._may_add = False

    def sheet(self) -> ComposeResult:
        """A line to type in, over the list of what was found."""
        yield Pane(
            LineField(max=200, placeholder=gettext(N_("name, pinyin, initials, ref")), id="typed"),
            Found(id="found"),
            Static("", id="count", markup=False),
            title=self._title or gettext(NOUNS[self.noun].title),
            way_out=gettext(N_("enter takes it, esc changes nothing")),
        )

    def on_mount(self) -> None:
        """The newest, or those that fit what was typed before."""
        line = self.query_one(LineField)
        line.place(self._typed)
        line.focus()
        self._look(0)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Look a moment after the last letter."""
        self._look(0.12)

    def _look(self, pause: float) -> None:
        self.run_worker(self._ask(pause), group="look", exclusive=True, exit_on_error=False)

    async def _ask(self, pause: float) -> None:
        import asyncio

        from crmtui.services import suggest

        await asyncio.sleep(pause)
        typed = self.query_one(LineField).typed

        def read(ctx: "Context") -> "tuple[list[Offer], dict[str, Load], bool]":
            offers = suggest.record(ctx, self.noun, typed, MOST)
            people = self.noun == "user" and bool(offers)
            load = suggest.load(ctx, [offer.value for offer in offers]) if people else {}
            return offers, load, ctx.actor.scope(self.noun, "add") != "none"

        try:
            offers, load, self._may_add = await self.desk.read(read)
        except CrmError as error:
            self._say(told(error))
            return
        self._show(offers, load)

    def _show(self, offers: "list[Offer]", load: "dict[str, Load]") -> None:
        found = self.query_one(Found)
        room = max(found.size.width - 3, 40)
        self._offers = offers
        found.clear_options()
        found.add_options([Option(self._row(offer, load.get(offer.value), room)) for offer in offers])
        found.highlighted = 0 if offers else None
        typed = clean(self.query_one(LineField).typed.strip())
        if offers:
            count = f"{MOST}+" if len(offers) == MOST else str(len(offers))
            self._say(count)
        elif self._may_add and typed:
            self._say(
                gettext(N_('Nothing for "{typed}". Enter enters it anew.')).format(typed=cut(typed, 30))
            )
        else:
            self._say(gettext(N_('Nothing for "{typed}".')).format(typed=cut(typed, 30)) if typed else "")

    def _say(self, text: str) -> None:
        self.query_one("#count", Static).update(Text(clean(text)))

    def _row(self, offer: "Offer", load: "Load | None", room: int) -> Text:
        muted = ink(self).style("muted")
        ref = pad(offer.value, 9)
        right = on_desk(load) if load else ""
        rest = room - width(ref) - width(right) - 2
        name = cut(clean(offer.shown), max(rest * 3 // 5, 10), ellipsis=g("cut"))
        text = Text(no_wrap=True, end="")
        text.append(name)
        detail = load.dept if load else offer.detail
        text.append(
            "  " + pad(cut(clean(detail), max(rest - width(name) - 2, 0)), max(rest - width(name), 0)), muted
        )
        text.append(right + "  ", muted)
        text.append(ref, muted)
        return text

    async def on_key(self, event: events.Key) -> None:
        """The arrows move in the list while letters go into the line."""
        moves = {"up": "cursor_up", "down": "cursor_down", "pageup": "page_up", "pagedown": "page_down"}
        if event.key in moves:
            event.stop()
            getattr(self.query_one(Found), f"action_{moves[event.key]}")()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter takes the marked one."""
        event.stop()
        self.action_open()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """A click takes it."""
        self._take(event.option_index)

    def action_open(self) -> None:
        """Take the marked one; a name that is not there can be entered anew."""
        place = self.query_one(Found).highlighted
        if place is not None and self._offers:
            self._take(place)
        elif self._may_add and self.query_one(LineField).typed.strip():
            self.run_worker(self._enter(), group="enter", exit_on_error=False)

    def _take(self, place: int) -> None:
        offer = self._offers[place]
        self.dismiss(Picked(offer.value, offer.shown))

    async def _enter(self) -> None:
        from crmtui.screens.forms import FormSheet
        from crmtui.services import shape

        name = self.query_one(LineField).typed.strip()
        label = shape.label(self.noun)
        ref = await self.program.push_screen_wait_safe(
            FormSheet(self.noun, given={label: name} if label else {})
        )
        if ref:
            self.dismiss(Picked(ref, name))


def on_desk(load: "Load") -> str:
    """What somebody has to do already."""
    opens = ngettext("{count} open", "{count} open", load.open).format(count=load.open)
    leads = ngettext("{count} lead this week", "{count} leads this week", load.leads).format(count=load.leads)
    return f"{opens} {g('dot')} {leads}"
