"""Small questions: one of several ways, the reason for something, and what has no way back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from crmtui.errors import CrmError
from crmtui.i18n import N_, gettext
from crmtui.screens.columns import Columns
from crmtui.screens.fields import FieldRow, LineField, Said
from crmtui.screens.frame import Pane
from crmtui.screens.ink import ink
from crmtui.screens.keys import bind, own
from crmtui.screens.place import Sheet
from crmtui.text import clean, cut, pad, width

if TYPE_CHECKING:
    from crmtui.services.context import Context
    from crmtui.services.suggest import Offer

__all__ = ["Choose", "Columns", "Confirm", "Period", "Reason", "Way", "Words", "choose_period"]


@dataclass(frozen=True)
class Way:
    """One way to answer: what comes back, what people read, what it does; `why_not` says why it is off just now."""

    value: str
    label: str
    effect: str = ""
    why_not: str = ""


class Ways(OptionList):
    """The ways, one a line."""

    BINDINGS: ClassVar[list[Any]] = [
        own("ask.choose", "enter", "select", N_("Choose"), show=True),
        own("ask.down", "j", "cursor_down", show=False),
        own("ask.up", "k", "cursor_up", show=False),
    ]
    DEFAULT_CSS = "Ways { height: auto; max-height: 20; background: $surface; padding: 0; }"

    def __init__(self, ways: Sequence[Way], safe: int) -> None:
        super().__init__(id="ways")
        self.ways, self._safe = list(ways), safe

    def on_mount(self) -> None:
        """Show them; the safe one is under the cursor."""
        room = max((width(clean(way.label)) for way in self.ways), default=0)
        for way in self.ways:
            text = Text(pad(clean(way.label), room), no_wrap=True, overflow="ellipsis", end="")
            said = way.why_not or way.effect
            text.append(f"   {clean(said)}" if said else "", ink(self).style("muted"))
            self.add_option(Option(text, disabled=bool(way.why_not)))
        self.highlighted = self._safe
        self.focus()


class Choose(Sheet[str]):
    """A menu in place of yes and no: each way says what it does, the safe one has the focus. Its answer is a `value`."""

    WHERE = "ask"
    PURPOSE = (N_("Choose one of the ways; Esc changes nothing."),)
    DEFAULT_CSS = """
    Choose.-centre > Pane { width: 76; height: auto; max-height: 80%; }
    Choose #about { height: auto; margin: 0 0 1 0; }
    """

    def __init__(self, title: str, ways: Sequence[Way], *, about: str = "", safe: int = 0) -> None:
        super().__init__(classes="-centre")
        self._title, self._about, self.ways, self._safe = title, about, list(ways), safe

    def sheet(self) -> ComposeResult:
        """One pane with what it is about, and the ways."""
        about = (
            [Static(Text(clean(self._about, multiline=True)), id="about", markup=False)]
            if self._about
            else []
        )
        yield Pane(
            *about, Ways(self.ways, self._safe), title=self._title, way_out=gettext(N_("esc changes nothing"))
        )

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """That one."""
        self.dismiss(self.ways[event.option_index].value)


class Confirm(Choose):
    """A question where there is no way back: it names the thing and the effect, and not to do it has the focus.

    Its answer is "do", or "" and None.
    """

    def __init__(self, title: str, effect: str, do: str, *, leave: str = "") -> None:
        ways = [Way("", leave or gettext(N_("Leave it as it is"))), Way("do", do)]
        super().__init__(title, ways, about=effect)


class Reason(Sheet[str]):
    """Asks why: a line to type in, with the reasons given last for the same `verb` (such as lead.disqualify) below it."""

    WHERE = "reason"
    PURPOSE = (N_("Say why in your own words, or take one of the reasons you gave last with ↓."),)
    BINDINGS: ClassVar[list[Any]] = bind("reason", save=N_("Done"), priority=("save",))
    DEFAULT_CSS = "Reason.-centre > Pane { width: 76; height: auto; }"

    def __init__(
        self,
        title: str,
        *,
        verb: str = "",
        offered: Sequence[str] = (),
        required: bool = True,
        label: str = "",
    ) -> None:
        super().__init__(classes="-centre")
        self._title, self._verb, self._offered, self._required = title, verb, list(offered), required
        self._label = label or gettext(N_("Why"))

    def sheet(self) -> ComposeResult:
        """One line, and a list that opens below it."""
        line = LineField(max=400, offering=self._offers, eager=True, free=True)
        yield Pane(
            FieldRow("reason", self._label, line, required=self._required),
            title=self._title,
            way_out=gettext(N_("enter says so, esc changes nothing")),
        )

    def on_mount(self) -> None:
        """Ready to type."""
        self.query_one(LineField).focus()

    async def _offers(self, typed: str) -> "list[Offer]":
        from crmtui.services import suggest

        if self._verb and not self._offered:
            verb = self._verb
            try:
                self._offered = await self.desk.read(lambda ctx: suggest.reasons(ctx, verb))
            except CrmError:
                self._verb = ""  # a history that one may not see offers nothing
        every = [suggest.Offer(text, text) for text in self._offered[:3]]
        return suggest.likely(every, typed, 3)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """A reason was clicked."""
        from crmtui.screens.fields import taken_by_click

        taken_by_click(event)

    def on_said(self, event: Said) -> None:
        """The line is full."""
        self.query_one(FieldRow).say(event.text, "warn")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter says so."""
        self.action_save()

    def action_save(self) -> None:
        """Answer with the reason."""
        text = self.query_one(LineField).typed.strip()
        if self._required and not text:
            self.query_one(FieldRow).say(gettext(N_("Say why.")), "wrong")
            return
        self.dismiss(text)


class Words(Sheet[str]):
    """Asks for one line of text, such as the name of a view."""

    WHERE = "ask"
    BINDINGS: ClassVar[list[Any]] = bind("ask", save=N_("Done"), priority=("save",))
    DEFAULT_CSS = "Words.-centre > Pane { width: 76; height: auto; }"

    def __init__(self, title: str, label: str, *, text: str = "", most: int = 200) -> None:
        super().__init__(classes="-centre")
        self._title, self._label, self._text, self._most = title, label, text, most

    def sheet(self) -> ComposeResult:
        """One line."""
        yield Pane(
            FieldRow("text", self._label, LineField(max=self._most), required=True),
            title=self._title,
            way_out=gettext(N_("enter takes it, esc changes nothing")),
        )

    def on_mount(self) -> None:
        """Ready to type over what stands there."""
        line = self.query_one(LineField)
        line.place(self._text)
        line.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter takes it."""
        self.action_save()

    def action_save(self) -> None:
        """Answer with the text."""
        text = self.query_one(LineField).typed.strip()
        if text:
            self.dismiss(text)


# -- the period -------------------------------------------------------------------------------------------------

PERIODS = (
    N_("this month"),
    N_("this quarter"),
    N_("next quarter"),
    N_("last quarter"),
    N_("this half"),
    N_("this year"),
    N_("last year"),
)


class Period(Sheet[str]):
    """Asks for a period: one of the usual ones, or any as people write it (2026Q4, 2026-11, 2026-01..2026-06)."""

    WHERE = "period"
    PURPOSE = (N_("Take a period from the list, or write one: 2026Q4, 2026-11, FY2026, 2026-01..2026-06."),)
    DEFAULT_CSS = "Period.-centre > Pane { width: 60; height: auto; }"

    def __init__(self, now: str) -> None:
        super().__init__(classes="-centre")
        self._now = now

    def sheet(self) -> ComposeResult:
        """One line, and the usual periods below it."""
        line = LineField(max=60, offering=self._offers, eager=True, free=True, placeholder=self._now)
        yield Pane(
            FieldRow("period", gettext(N_("Period")), line),
            title=gettext(N_("Period")),
            way_out=gettext(N_("enter takes it, esc changes nothing")),
        )

    def on_mount(self) -> None:
        """The usual ones are open."""
        self.query_one(LineField).focus()

    async def _offers(self, typed: str) -> "list[Offer]":
        from crmtui.screens import periods
        from crmtui.services import suggest

        def read(ctx: "Context") -> "list[Offer]":
            return [suggest.Offer(text, gettext(text), periods.read(ctx, text).label) for text in PERIODS]

        return suggest.likely(await self.desk.read(read), typed, 20)

    def on_taken(self) -> None:
        """One of the usual ones."""
        self.dismiss(self.query_one(LineField).given)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """One was clicked."""
        from crmtui.screens.fields import taken_by_click

        taken_by_click(event)

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        """One's own, if it can be read."""
        from crmtui.screens import periods

        line = self.query_one(LineField)
        typed = line.given.strip()
        if not typed:
            self.dismiss(None)
            return
        try:
            await self.desk.read(lambda ctx: periods.read(ctx, typed))
        except CrmError as error:
            self.query_one(FieldRow).say(cut(str(error), 200), "wrong")
            return
        self.dismiss(typed)


def choose_period(app: Any) -> Period:
    """The question for the period that figures are shown of."""
    return Period(str(app.period))
