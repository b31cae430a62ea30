"""What was done, by whom: the transactions of the journal, newest first; any of them can be taken back."""

from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult

from crmtui.errors import CrmError
from crmtui.i18n import N_, gettext
from crmtui.screens.frame import Pane, told
from crmtui.screens.glyphs import g
from crmtui.screens.keys import bind
from crmtui.screens.listing import Column, Row, WindowedList, static
from crmtui.screens.place import Place

if TYPE_CHECKING:
    from crmtui.services.context import Context

MOST = 1000
"""So many transactions are shown; `crm log` shows more."""


class Audit(Place):
    """The log: one line for each transaction, an import or a bulk edit too."""

    SECTION = 9
    TAB = "log"
    WHERE = "audit"
    FILTER = False
    WHOSE = False
    PURPOSE = (
        N_("Everything that was done, newest first; you see your own unless you may see all."),
        N_("d takes the chosen one back, as a whole; nothing is ever erased."),
    )
    BINDINGS: ClassVar[list[Any]] = bind("audit", remove=N_("Take back"), copy=N_("Copy"))

    def body(self) -> ComposeResult:
        """One list."""
        yield Pane(
            WindowedList(
                [
                    Column("at", gettext(N_("When")), 12),
                    Column("actor", gettext(N_("Who")), 20),
                    Column("verb", gettext(N_("Verb")), 18),
                    Column("records", gettext(N_("Records")), 9, right=True),
                    Column("note", gettext(N_("Note")), 0, priority=1),
                    Column("undone", gettext(N_("Taken back")), 14, priority=2),
                ],
                marks=False,
            ),
            title=gettext(N_("Audit")),
            id="rows",
        )

    async def load(self) -> None:
        """The last transactions."""
        pane = self.query_one("#rows", Pane)

        def show(rows: list[Row]) -> None:
            self.query_one(WindowedList).show(static(rows))
            if not rows:
                pane.say(gettext(N_("Nothing has been done yet.")))

        await self.into(pane, _read, show)

    def on_windowed_list_moved(self, event: WindowedList.Moved) -> None:
        """Which row it is."""
        self.query_one("#rows", Pane).say_out(event.list.position_text)
        self.program.announce(event.list)
        self.refresh_bindings()

    def why_not(self, action: str) -> str | None:
        """What is taken back already, is."""
        if action == "remove" and self.is_mounted:
            row = self.query_one(WindowedList).current
            if row is None or row.data is None:
                return gettext(N_("There is nothing to take back."))
            if row.data["undone_by"]:
                return gettext(N_("It was taken back by transaction {tx}.")).format(tx=row.data["undone_by"])
        return None

    async def action_remove(self) -> None:
        """Take the transaction back."""
        from crmtui.services import reversal

        row = self.query_one(WindowedList).current
        if row is not None:
            await self.program.change(
                lambda ctx: reversal.undo(ctx, row.key) and row.key,
                gettext(N_("Took back {verb}")).format(verb=row.text("verb")),
                back=True,
            )

    def on_windowed_list_opened(self, event: WindowedList.Opened) -> None:
        """The records that it changed."""
        self.run_worker(self._open(event.row.key), group="verb", exit_on_error=False)

    async def _open(self, number: str) -> None:
        from crmtui.services import watch

        try:
            refs = await self.desk.read(lambda ctx: watch.refs_of(ctx, number))
        except CrmError as error:
            self.program.note(told(error), "error")
            return
        if not refs:
            self.program.note(gettext(N_("None of its records is there to be seen.")), "warn")
        elif len(refs) == 1:
            await self.program.open_record(refs[0])
        else:
            from crmtui.screens.ask import Choose, Way

            found = await self.program.push_screen_wait_safe(
                Choose(gettext(N_("Records that it changed")), [Way(ref, ref) for ref in refs])
            )
            if found:
                await self.program.open_record(found)

    def action_copy(self) -> None:
        """The line."""
        self.app.copy_to_clipboard(self.query_one(WindowedList).copy_text())

    def command_line(self) -> str:
        """The same as a command."""
        return "crm log"


def _read(ctx: "Context") -> list[Row]:
    from crmtui.screens.cells import moment_text
    from crmtui.services import journal

    return [
        Row(
            row["tx"],
            {
                "at": (moment_text(ctx, row["at"]), "muted"),
                "actor": str(row["actor"]),
                "verb": str(row["verb"]).replace(".", " "),
                "records": f"{row['records']:,}",
                "note": (str(row["note"]), "muted"),
                "undone": (f"{g('refused')} {row['undone_by']}" if row["undone_by"] else "", "warning"),
            },
            dim=bool(row["undone_by"]),
            data=row,
        )
        for row in journal.log(ctx, limit=MOST)
    ]
