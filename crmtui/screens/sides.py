"""Two people at one record: what each wants in a field, side by side, and which of the two is kept."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from rich.style import Style
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widget import Widget

from crmtui.i18n import N_, gettext
from crmtui.screens.frame import Pane
from crmtui.screens.glyphs import g
from crmtui.screens.ink import ink
from crmtui.screens.keys import bind, own
from crmtui.screens.place import Sheet
from crmtui.text import clean, cut, pad

if TYPE_CHECKING:
    from crmtui.services.forms import Theirs

LABEL = 16


class Pairs(Widget, can_focus=True):
    """One line for each field: mine left, theirs right, the kept one marked."""

    DEFAULT_CSS = "Pairs { height: auto; width: 100%; }"

    def __init__(self, theirs: "Sequence[Theirs]", mine: Mapping[str, str], touched: Collection[str]) -> None:
        super().__init__(id="pairs")
        self.theirs, self.mine = list(theirs), mine
        self.kept = {each.name for each in theirs if each.name in touched}
        self.line = 0

    def recolour(self) -> None:
        """Draw again with the colours of the theme."""
        self.refresh()

    def get_content_height(self, container: Any, viewport: Any, width: int) -> int:
        """A line for the heads and one for each field."""
        return len(self.theirs) + 1

    @property
    def side(self) -> int:
        """The cells of one side."""
        return max((self.size.width - LABEL - 2) // 2, 10)

    def render(self) -> Text:
        """The lines."""
        colours, side = ink(self), self.side
        text = Text(no_wrap=True, overflow="ellipsis", end="")
        text.append(pad("", LABEL) + pad(f"  {gettext(N_('Yours'))}", side), colours.style("muted"))
        text.append(f"  {gettext(N_('Theirs'))}", colours.style("muted"))
        for number, each in enumerate(self.theirs):
            bar = colours.style("cursor_text", on="cursor") if number == self.line else None
            mine = each.name in self.kept
            text.append("\n")
            text.append(pad(cut(clean(each.label), LABEL - 1), LABEL), bar or colours.style("muted"))
            self._side(text, self.mine.get(each.name, ""), mine, bar, side)
            told = f"{each.held.shown or g('minus')}  {each.who} {each.at}"
            self._side(text, told, not mine, bar, side)
        return text

    def _side(self, text: Text, value: str, kept: bool, bar: Style | None, side: int) -> None:
        sign = g("mark") if kept else " "
        shown = pad(cut(f"{sign} {clean(value) or g('minus')}", side - 1), side)
        text.append(shown, bar or ink(self).style("bold success" if kept else "muted"))

    def pick(self, mine: bool) -> None:
        """Keep one side of the field under the cursor."""
        name = self.theirs[self.line].name
        self.kept = self.kept | {name} if mine else self.kept - {name}
        self.refresh()

    def move(self, by: int) -> None:
        """To another field."""
        self.line = min(max(self.line + by, 0), len(self.theirs) - 1)
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """A click on a side keeps it."""
        if 1 <= event.y <= len(self.theirs) and event.x >= LABEL:
            self.line = event.y - 1
            self.pick(event.x < LABEL + self.side)


class Sides(Sheet[frozenset[str]]):
    """Fields that two people changed; its answer is the names of those where one's own value is kept, None to go back."""

    WHERE = "sides"
    PURPOSE = (
        N_("Somebody saved this record while you were typing."),
        N_("Keep your value or theirs, field by field; nothing is saved before you say so."),
    )
    BINDINGS: ClassVar[list[Any]] = [
        *bind("sides", save=N_("Save"), hidden=("up", "down"), priority=("save",)),
        own("sides.mine", "left,h", "mine", N_("Yours")),
        own("sides.theirs", "right,l", "theirs", N_("Theirs")),
        own("sides.done", "enter", "save", N_("Save"), show=False),
    ]
    DEFAULT_CSS = """
    Sides.-centre > Pane { height: auto; max-height: 80%; }
    Sides VerticalScroll { height: auto; max-height: 24; }
    """

    def __init__(
        self, ref: str, theirs: "Sequence[Theirs]", mine: Mapping[str, str], touched: Collection[str]
    ) -> None:
        super().__init__(classes="-centre")
        self.ref, self._pairs = ref, Pairs(theirs, mine, touched)

    def sheet(self) -> ComposeResult:
        """One pane with the pairs."""
        yield Pane(
            VerticalScroll(self._pairs, can_focus=False),
            title=gettext(N_("{ref} was changed meanwhile")).format(ref=self.ref),
            way_out=gettext(N_("esc goes back to the form, nothing is lost")),
        )

    def on_mount(self) -> None:
        """The first pair is ready to be picked."""
        self._pairs.focus()

    def action_up(self) -> None:
        """The field before."""
        self._pairs.move(-1)

    def action_down(self) -> None:
        """The next field."""
        self._pairs.move(1)

    def action_mine(self) -> None:
        """Keep one's own."""
        self._pairs.pick(True)

    def action_theirs(self) -> None:
        """Keep theirs."""
        self._pairs.pick(False)

    def action_save(self) -> None:
        """Save what is picked."""
        self.dismiss(frozenset(self._pairs.kept))
