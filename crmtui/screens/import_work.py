"""What the import does to the store: checks, loads, mends what was rejected, and takes it all back."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from crmtui.errors import CrmError
from crmtui.i18n import N_, gettext, ngettext
from crmtui.screens import import_fates as fates
from crmtui.screens import import_rows as rows
from crmtui.screens.import_panes import ImportPanes
from crmtui.screens.import_progress import Progress

if TYPE_CHECKING:
    from crmtui.services.trial import Job, Order


class ImportWork(ImportPanes):
    """The long part, in the background; the program goes on meanwhile."""

    def order(self) -> "Order":
        """What is to be done."""
        from crmtui.services.trial import Order

        assert self.file is not None
        options = {name: value for name, value in self.file.options.items() if value}
        return Order(
            self.file.path, self.noun, self.plan, self.file.header, options, dict(self.mended), self.rejects
        )

    def start(self, loading: bool) -> None:
        """Check or load, in the background."""
        from crmtui.services.trial import Job

        if self.job is not None:
            return
        if loading and self.transactions:
            self.rejects = free(self.rejects)
        self.job = Job()
        self.go("load" if loading else "check")
        self.show_facts()
        self.query_one(Progress).begin(self.job, loading)
        run = self._load_file(self.job) if loading else self._check(self.job)
        self.program.run_worker(run, group="import", exit_on_error=False)

    async def _check(self, job: "Job") -> None:
        from crmtui.services import trial

        order = self.order()
        try:
            self.outcome = await self.desk.rehearse(lambda ctx: trial.check(ctx, order, job))
        except CrmError as error:
            self._over()
            self.go("match")
            said = (
                gettext(N_("The check was stopped.")) if error.code == "import.stopped" else for_people(error)
            )
            self.program.note(said, "warn" if error.code == "import.stopped" else "error")
            self.draw()
            return
        self._over()
        self.fate = self.outcome.first
        self.draw()

    async def _load_file(self, job: "Job") -> None:
        from crmtui.services import trial

        order, before = self.order(), self.outcome if self.transactions else None
        if before is not None and order.plan.on_match == "fail":
            order = replace(order, plan=replace(order.plan, on_match="skip"))
        try:
            done = await self.desk.change(lambda ctx: trial.load(ctx, order, job))
        except CrmError as error:
            self._over()
            self.go("result" if self.transactions else "check")
            self.program.note(for_people(error), "error")
            self.draw()
            return
        self._over()
        found = done.value
        self.fresh.clear()
        if found.tx and found.tx not in self.transactions:
            self.transactions.append(found.tx)
        self.outcome = found.after(before) if before is not None else found
        self.fate = found.first
        self.go("result")
        self.draw()
        self.program.tell_done(self.said(), found.tx)
        await self.program.look_for_changes()

    def _over(self) -> None:
        self.job = None
        self.query_one(Progress).end()

    def said(self) -> str:
        """What came of it, in one line."""
        assert self.outcome is not None
        counts = self.outcome.counts
        parts = [
            ngettext("{count} record imported", "{count} records imported", counts["created"]).format(
                count=f"{counts['created']:,}"
            )
        ]
        parts += [
            f"{counts[name]:,} {gettext(rows.FATES[name])}"
            for name in ("updated", "rejected")
            if counts[name]
        ]
        if self.outcome.error is not None:
            parts.append(gettext(N_("stopped")) if self.outcome.stopped else self.outcome.error.message)
        return ", ".join(parts)

    def keep_draft(self) -> None:
        """The program ends: a load under way ends after its batch."""
        if self.job is not None:
            self.job.stop()

    on_unmount = keep_draft

    def unfinished(self) -> bool:
        """Whether there is something left to load: the rest of the file, or rows mended since."""
        found = self.outcome
        if self.step != "result" or found is None or self.undone:
            return False
        return found.error is not None or bool(self.fresh)

    async def mend(self) -> None:
        from crmtui.screens.import_sheets import MendRow
        from crmtui.services import trial

        fate, file = self.reject(), self.file
        if fate is None or file is None:
            return
        at = {
            name: file.header.index(columns[0])
            for name, columns in self.plan.columns.items()
            if columns[0] in file.header
        }
        used = sorted(
            {
                file.header.index(one)
                for all in self.plan.columns.values()
                for one in all
                if one in file.header
            }
        )
        order, line = self.order(), fate.line

        async def test(cells: Sequence[str]) -> Any:
            return await self.desk.rehearse(lambda ctx: trial.mend(ctx, order, line, cells))

        if fate.line in self.mended:
            fate = replace(fate, cells=self.mended[fate.line], error=None)
        cells = await self.program.push_screen_wait_safe(
            MendRow(fate, file.header, used, fates.fault_place(fate, file, self.plan), at, test)
        )
        if cells is None:
            return
        self.mended[fate.line] = cells
        self.fresh.add(fate.line)
        self.show_facts()
        self.show_fate("rejected")
        self.show_pane("rows")

    async def action_undo(self) -> None:
        """Take the whole import back."""
        from crmtui.services import trial

        transactions = list(self.transactions)
        done = await self.changed(
            lambda ctx: trial.take_back(ctx, transactions), gettext(N_("The whole import was taken back"))
        )
        if done is not None:
            self.undone = True
            self.draw()


def for_people(error: CrmError) -> str:
    """An error without what is to be said at a command line."""
    hint = error.hint
    return error.message if "--" in hint or "crm " in hint else str(error)


def free(path: str) -> str:
    from crmtui.services import mapping_text

    return mapping_text.unused(path)
