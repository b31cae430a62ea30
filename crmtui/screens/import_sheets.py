"""What the import asks: one of many, found by typing; and a rejected row, put right in place."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Input

from crmtui.errors import CrmError
from crmtui.i18n import N_, gettext
from crmtui.screens.choices import Cell, Choice
from crmtui.screens.fields import FieldRow, LineField
from crmtui.screens.frame import Pane, told
from crmtui.screens.import_rows import line_of
from crmtui.screens.keys import bind
from crmtui.screens.offering import Offering
from crmtui.screens.place import Sheet

if TYPE_CHECKING:
    from crmtui.services.suggest import Offer
    from crmtui.services.transfer import Fate


class OneOf(Offering):
    """One of many: what is typed narrows them. `take` is called with the value of the one that was chosen."""

    WHERE = "one_of"
    BINDINGS: ClassVar[list[Any]] = bind("one_of", open=N_("Take"))
    WAY_OUT = N_("enter takes it, esc changes nothing")
    WIDTHS = (0, 26)
    OVERLAY = False
    DEFAULT_CSS = """
    OneOf.-centre > Pane { width: 76; height: 24; max-height: 90%; }
    """

    def __init__(self, title: str, offers: "Sequence[Offer]", take: Callable[[str], None]) -> None:
        super().__init__()
        self._title, self.offers, self.take = title, list(offers), take

    def title_text(self) -> str:
        """What is asked."""
        return self._title

    def offer(self, text: str) -> None:
        """Those that fit what is typed."""
        from crmtui.services.suggest import likely

        found = likely(self.offers, text, len(self.offers))
        self.choices.show(
            Choice((Cell(line_of(one.shown, 60)), Cell(line_of(one.detail, 40), "muted")), one.value)
            for one in found
        )
        self.say_right(str(len(found)) if text else "")

    def pick(self, choice: Choice) -> None:
        """That one."""
        self.take(str(choice.data))
        self.dismiss(None)


class MendRow(Sheet[list[str]]):
    """A rejected row with a line for each column that is used. Its answer are the cells, once an import would take them."""

    WHERE = "mend"
    PURPOSE = (
        N_("Put the row right; ^s tries it. It then comes in with the others, and the file stays as it is."),
    )
    BINDINGS: ClassVar[list[Any]] = bind("mend", save=N_("Try"), priority=("save",))
    DEFAULT_CSS = """
    MendRow.-centre > Pane { width: 84; height: auto; max-height: 90%; }
    MendRow VerticalScroll { height: auto; max-height: 100%; }
    """

    def __init__(
        self,
        fate: "Fate",
        header: Sequence[str],
        used: Sequence[int],
        at: int,
        fields: Mapping[str, int],
        test: Callable[[Sequence[str]], Any],
    ) -> None:
        super().__init__(classes="-centre")
        self.fate, self.header, self.used, self.at, self.fields, self.test = (
            fate,
            list(header),
            list(used),
            at,
            dict(fields),
            test,
        )
        own = [*fate.cells[: len(self.header)]]
        self.cells = own + [""] * (len(self.header) - len(own))

    def sheet(self) -> ComposeResult:
        """One line for each column."""
        lines = [
            FieldRow(f"c{place}", line_of(self.header[place], 40), LineField(max=100_000), room=22)
            for place in self.used
        ]
        yield Pane(
            VerticalScroll(*lines, can_focus=False),
            title=gettext(N_("Row {line}")).format(line=f"{self.fate.line:,}"),
            way_out=gettext(N_("^s tries it, esc leaves it rejected")),
        )

    def on_mount(self) -> None:
        """What stands in the file, and what is wrong with it."""
        rows = self.rows()
        for place, row in rows.items():
            row.field.place(self.cells[place])
        if self.fate.error is not None:
            self.complain(self.fate.error)
        elif rows:
            next(iter(rows.values())).field.focus()

    def rows(self) -> dict[int, FieldRow]:
        """The lines by the place of their column."""
        return {int(row.field_name[1:]): row for row in self.query(FieldRow)}

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter tries it."""
        event.stop()
        self.action_save()

    def action_save(self) -> None:
        """Try it: what an import would say."""
        cells = list(self.cells)
        for place, row in self.rows().items():
            cells[place] = row.field.typed
        self.run_worker(self._try(cells), group="try", exclusive=True, exit_on_error=False)

    async def _try(self, cells: list[str]) -> None:
        try:
            found = await self.test(cells)
        except CrmError as error:
            self.complain(error)
            return
        if found is None:
            first = next(iter(self.rows().values()), None)
            if first is not None:
                first.say(gettext(N_("There is nothing in this row.")), "wrong")
        elif found.error is not None:
            self.complain(found.error)
        else:
            self.dismiss(cells)

    def complain(self, error: CrmError) -> None:
        """Below the column that it is about; else below the first."""
        rows = self.rows()
        for row in rows.values():
            row.say()
        name = error.field or ""
        at = self.fields.get(name, self.fields.get(name.removesuffix("_id"), self.at))
        place = at if at in rows else next(iter(rows), -1)
        if place in rows:
            rows[place].say(told(error), "wrong")
            rows[place].field.focus()
