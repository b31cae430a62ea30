"""The import of a file in five steps: choose it, match its columns, check, load, and what came of it."""

import os
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on

from crmtui.errors import CrmError
from crmtui.i18n import N_, gettext
from crmtui.screens import import_choices as choices
from crmtui.screens import import_rows as rows
from crmtui.screens import import_settings
from crmtui.screens.frame import Pane, told
from crmtui.screens.glyphs import g
from crmtui.screens.import_file import FileStep
from crmtui.screens.import_panes import PANES, TITLES_OF_FATES
from crmtui.screens.import_plan import ImportPlan
from crmtui.screens.import_progress import Progress
from crmtui.screens.import_work import free
from crmtui.screens.keys import bind
from crmtui.screens.listing import WindowedList

if TYPE_CHECKING:
    from crmtui.services.transfer import Fate


class Importing(ImportPlan):
    """Nothing is written before the load; the load is one change, taken back by one undo."""

    SECTION = 2
    TAB = "import"
    WHERE = "import"
    FILTER = False
    WHOSE = False
    AUTO_FOCUS = "#path"
    PURPOSE = (
        N_(
            "A file of leads, customers or anything else: matched, checked, then loaded. ^s goes on, Esc goes back."
        ),
        N_("The check counts what a load would do and writes nothing; e puts a rejected row right in place."),
    )
    BINDINGS: ClassVar[list[Any]] = bind(
        "import",
        save=N_("Go on"),
        remove=N_("Skip column"),
        edit=N_("Fix reject"),
        view=N_("Preview"),
        new=N_("Same in every row"),
        pin=N_("Save mapping"),
        undo=N_("Undo"),
        copy=N_("Copy"),
        hidden=("next", "prev"),
    )
    # -- what happens

    @on(FileStep.Chosen)
    def _chosen(self, event: FileStep.Chosen) -> None:
        self.run_worker(self.open_file(event.path), group="open", exclusive=True, exit_on_error=False)

    @on(WindowedList.Moved)
    def _moved(self, event: Any) -> None:
        if event.list.id in ("matches", "below"):
            self.program.announce(event.list)
        self.refresh_bindings()

    @on(WindowedList.Opened, "#matches")
    def _open_match(self, event: Any) -> None:
        if self.step in ("match", "check") and self.job is None:
            self.run_worker(choices.change_match(self, event.row.data), group="ask", exit_on_error=False)

    @on(WindowedList.Opened, "#facts")
    async def _open_fact(self, event: Any) -> None:
        key = event.row.key
        if self.job is not None or (self.outcome is None and key in rows.FATES):
            return
        if key in rows.FATES:
            await self._open_count(key)
        elif key == "mended":
            await self._open_count("rejected")
        elif key == "resume":
            self.start(True)
        elif key == "undo":
            await self.action_undo()
        elif key == "again":
            self.action_back()
        elif self.step != "result":
            self.run_worker(import_settings.change_setting(self, key), group="ask", exit_on_error=False)

    async def _open_count(self, name: str) -> None:
        """The rows of a count; of a load the records that it made or changed."""
        from crmtui.services import trial

        assert self.outcome is not None
        if self.step == "result" and name in ("created", "updated") and self.transactions and not self.undone:
            noun, txs = self.noun, list(self.transactions)
            op = "insert" if name == "created" else "update"
            where = await self.desk.read(lambda ctx: trial.condition(ctx, noun, txs, op))
            title = f"{gettext(TITLES_OF_FATES[name])} {g('dot')} {rows.noun_title(noun)}"
            await self.program.open_list(noun, where, title)
            return
        self.show_fate(name)
        self.show_pane("rows")

    @on(WindowedList.Opened, "#below")
    async def _open_below(self, event: Any) -> None:
        fate: Fate | None = event.row.data
        if fate is None:
            return
        if fate.error is not None:
            self.action_edit()
        elif fate.ref:
            await self.program.open_record(fate.ref)

    def on_descendant_focus(self, event: Any) -> None:
        """The pane that has the focus is the one that a narrow screen keeps."""
        for name in PANES:
            pane = self.query_one(f"#{name}", Pane)
            if pane in event.widget.ancestors and name != self.at:
                self.at = name
                for each in PANES:
                    self.set_class(each == name, f"-at-{each}")
        self.refresh_bindings()

    # -- keys

    def why_not(self, action: str) -> str | None:
        """What a step does not have."""
        if not self.is_mounted:
            return None
        under_way = gettext(N_("The import is under way; Esc stops it."))
        if action in ("save", "remove", "edit", "new", "pin") and self.job is not None:
            return under_way
        if action == "save" and self.step == "match" and self.picture and self.picture.problem is not None:
            return self.picture.problem.message
        if action == "save" and self.step == "result" and not self.unfinished():
            return gettext(N_("It is loaded."))
        if action in ("remove", "new", "pin", "view") and self.step not in ("match", "check"):
            return (
                gettext(N_("Choose a file first.")) if self.step == "file" else gettext(N_("It is loaded."))
            )
        if action == "remove" and self.match() is None:
            return gettext(N_("There is no column here."))
        if action == "edit" and self.reject() is None:
            return gettext(N_("There is no rejected row under the cursor."))
        return None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Undo is our own only where it means this import; keys of other steps are not shown."""
        if action == "undo":
            return self.step == "result" and bool(self.transactions) and not self.undone
        if action in ("next", "prev"):
            return self.step != "file"
        if action in ("remove", "new", "pin", "view") and self.step not in ("match", "check"):
            return False
        if action == "edit" and (self.outcome is None or self.step not in ("check", "result")):
            return False
        return super().check_action(action, parameters)

    def action_next(self) -> None:
        """The next pane."""
        self._turn(1)

    def action_prev(self) -> None:
        """The pane before."""
        self._turn(-1)

    def _turn(self, by: int) -> None:
        self.show_pane(PANES[(PANES.index(self.at) + by) % len(PANES)])

    def action_to_step(self, name: str) -> None:
        """Back to a step that was done."""
        if self.job is None:
            if name == "file":
                self.to_file()
            else:
                self.go(name)
                self.draw()

    def action_save(self) -> None:
        """The next step."""
        if self.step == "file":
            self.query_one(FileStep).submit()
        elif self.step == "match":
            self.start(False)
        elif self.step == "check" or self.unfinished():
            self.start(True)

    def action_back(self) -> None:
        """Stop what is under way; else a step back, without loss."""
        if self.job is not None:
            self.job.stop()
            self.query_one(Progress).refresh()
        elif self.step == "result":
            self.forget()
            self.to_file()
        elif self.step == "check":
            self.go("match")
            self.draw()
        elif self.step == "match":
            self.to_file()
        else:
            super().action_back()

    def action_remove(self) -> None:
        """Leave the column out."""
        match = self.match()
        if match is not None:
            plan = choices.without(self.plan, match.column)
            self.run_worker(self.decide(plan, match.column), group="ask", exit_on_error=False)

    def action_view(self) -> None:
        """The first rows as records, and back to the columns."""
        if self.step == "check":
            self.go("match")
            self.outcome = None
            self.draw()
        self.show_pane("rows" if self.at != "rows" else "match")

    def action_new(self) -> None:
        """A value that is the same in every row."""
        self.run_worker(import_settings.add_default(self), group="ask", exit_on_error=False)

    def action_pin(self) -> None:
        """Save the mapping."""
        self.run_worker(self._save(), group="ask", exit_on_error=False)

    async def _save(self) -> None:
        from crmtui.screens.ask import Words
        from crmtui.services import mapping_text

        assert self.file is not None
        proposed = free(os.path.splitext(self.file.path)[0] + ".toml")
        path = await self.program.push_screen_wait_safe(
            Words(gettext(N_("Save the mapping")), gettext(N_("File")), text=proposed, most=4000)
        )
        if not path:
            return
        plan, path = self.plan, os.path.abspath(os.path.expanduser(path))
        try:
            await self.desk.read_behind(lambda ctx: mapping_text.save(plan, path))
        except CrmError as error:
            self.program.note(told(error), "error")
            return
        self.mapping_path = path
        self.remember("import.mappings", path)
        self.program.note(gettext(N_("The mapping is saved as {file}")).format(file=path))
        self.draw()

    def action_edit(self) -> None:
        """Put the rejected row under the cursor right."""
        self.run_worker(self.mend(), group="ask", exit_on_error=False)

    def action_copy(self) -> None:
        """The line under the cursor."""
        if self.step != "file":
            self.app.copy_to_clipboard(self.query_one(f"#{self.at} WindowedList", WindowedList).copy_text())
