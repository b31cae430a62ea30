"""Which columns a list shows, in which order, and what it is grouped by."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from crmtui.errors import CrmError
from crmtui.i18n import N_, gettext
from crmtui.screens.frame import Pane, told
from crmtui.screens.glyphs import g
from crmtui.screens.ink import ink
from crmtui.screens.keys import bind, own
from crmtui.screens.place import Sheet
from crmtui.screens.rows import Column
from crmtui.text import clean, pad, width

if TYPE_CHECKING:
    from crmtui.services.context import Context

_GROUPED = ("ref", "choice", "state", "stage", "flag", "currency")
"""Kinds of field of which a list can be grouped by the values."""


@dataclass(frozen=True)
class Chosen:
    """The columns in their order, and the field that the list is grouped by, empty for none."""

    columns: tuple[str, ...]
    group: str


class Columns(Sheet[Chosen]):
    """Asks for columns and grouping: Space shows or hides one, `<` and `>` move it, `o` groups by it."""

    WHERE = "columns"
    PURPOSE = (
        N_("Space shows or hides a column, < and > move it up and down."),
        N_("o groups the list by the field under the cursor, again not."),
    )
    BINDINGS: ClassVar[list[Any]] = [
        *bind(
            "columns",
            mark=N_("Show or hide"),
            stage_back=N_("Up"),
            stage_on=N_("Down"),
            columns=N_("Group by it"),
            save=N_("Done"),
            hidden=("refresh",),
            priority=("save",),
        ),
    ]
    DEFAULT_CSS = """
    Columns.-centre > Pane { width: 60; height: 80%; }
    Columns OptionList { height: 1fr; scrollbar-size: 1 1; }
    Columns #by { height: 1; color: $muted; }
    """

    def __init__(
        self, noun: str, columns: Sequence[str], group: str = "", figures: Sequence[Column] = ()
    ) -> None:
        """`figures` are columns of the list that are no fields."""
        super().__init__(classes="-centre")
        self.noun, self.names, self.group, self.figures = noun, list(columns), group, figures
        self._every: list[str] = []
        self._labels: dict[str, tuple[str, str]] = {}
        """Name of a field → what people call it, and its kind."""

    def sheet(self) -> ComposeResult:
        """The fields, those that are shown first, and what the list is grouped by."""
        yield Pane(
            Fields(id="fields"),
            Static("", id="by", markup=False),
            title=gettext(N_("Columns")),
            way_out=gettext(N_("enter takes them, esc changes nothing")),
        )

    def on_mount(self) -> None:
        """Read which fields there are."""
        self.action_refresh()

    def action_refresh(self) -> None:
        """Read them, again where that did not work."""
        if not self._every:
            self.run_worker(self._read(), group="load", exclusive=True, exit_on_error=False)

    async def _read(self) -> None:
        def read(ctx: "Context") -> dict[str, tuple[str, str]]:
            from crmtui.services import records

            fields = {
                field.name: (gettext(field.label) or field.name, field.kind)
                for field in records.fields_of(ctx, self.noun)
            }
            return fields | {column.name: (column.title, "figure") for column in self.figures}

        try:
            self._labels = await self.desk.read(read)
        except CrmError as error:
            self.query_one(Pane).fail(error)
            self.program.note(told(error), "error")
            return
        self.query_one(Pane).ready()
        self.query_one(Fields).focus()
        self.names = [name for name in self.names if name in self._labels]
        self._every = [*self.names, *(name for name in self._labels if name not in self.names)]
        self._draw(0)

    def _draw(self, line: int) -> None:
        fields = self.query_one(Fields)
        fields.clear_options()
        fields.add_options([Option(self._line(name)) for name in self._every])
        fields.highlighted = min(line, len(self._every) - 1) if self._every else None
        by = self._labels[self.group][0] if self.group in self._labels else gettext(N_("nothing"))
        self.query_one("#by", Static).update(Text(gettext(N_("Grouped by: {field}")).format(field=clean(by))))

    def _line(self, name: str) -> Text:
        label, _kind = self._labels[name]
        shown = name in self.names
        sign = g("done") if shown else " "
        text = Text(pad(sign, width(g("done")) + 1), no_wrap=True, end="")
        text.append(clean(label), ink(self).style("foreground" if shown else "muted"))
        if name == self.group:
            text.append(f"  {g('sigma')} {gettext(N_('group'))}", ink(self).style("accent"))
        return text

    @property
    def _here(self) -> int | None:
        return self.query_one(Fields).highlighted

    def action_mark(self) -> None:
        """Show or hide the column under the cursor."""
        place = self._here
        if place is None:
            return
        name = self._every[place]
        if name in self.names and len(self.names) > 1:
            self.names.remove(name)
        elif name not in self.names:
            self.names = [one for one in self._every if one in self.names or one == name]
        self._draw(place)

    def _move(self, by: int) -> None:
        place = self._here
        if place is None or not 0 <= place + by < len(self._every):
            return
        every = self._every
        every[place], every[place + by] = every[place + by], every[place]
        self.names = [one for one in every if one in self.names]
        self._draw(place + by)

    def action_stage_back(self) -> None:
        """Before the column above."""
        self._move(-1)

    def action_stage_on(self) -> None:
        """Behind the column below."""
        self._move(1)

    def action_columns(self) -> None:
        """Group by the field under the cursor, or not any more."""
        place = self._here
        if place is None:
            return
        name = self._every[place]
        if self._labels[name][1] not in _GROUPED:
            self.program.note(
                gettext(N_("A list is not grouped by {field}.")).format(field=self._labels[name][0]), "warn"
            )
            return
        self.group = "" if self.group == name else name
        self._draw(place)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """A click shows or hides a column."""
        self.action_mark()

    def action_save(self) -> None:
        """Answer with what is chosen."""
        self.dismiss(Chosen(tuple(self.names), self.group))


class Fields(OptionList):
    """The fields of the noun; Enter is the sheet's."""

    BINDINGS: ClassVar[list[Any]] = [
        own("columns.enter", "enter", "screen.save", N_("Done")),
        own("columns.down", "j", "cursor_down", show=False),
        own("columns.up", "k", "cursor_up", show=False),
    ]
