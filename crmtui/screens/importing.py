"""The import of a file in five steps: choose it, match its columns, check, load, and what came of it."""

import os
import shlex
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from crmtui.errors import CrmError
from crmtui.i18n import N_, gettext, ngettext
from crmtui.screens import import_choices as choices
from crmtui.screens import import_rows as rows
from crmtui.screens.frame import Pane, told
from crmtui.screens.glyphs import g
from crmtui.screens.import_file import FileStep, file_title
from crmtui.screens.import_progress import Progress
from crmtui.screens.keys import bind
from crmtui.screens.listing import Column, Row, WindowedList, static
from crmtui.screens.place import Place
from crmtui.screens.sections import Tab

if TYPE_CHECKING:
    from crmtui.services.context import Context
    from crmtui.services.mapping import Mapping as Plan
    from crmtui.services.preview import Match, Picture, Sample
    from crmtui.services.transfer import Fate
    from crmtui.services.trial import Job, Order, Outcome

STEPS = {
    "file": N_("file"),
    "match": N_("match"),
    "check": N_("check"),
    "load": N_("load"),
    "result": N_("result"),
}
PANES = ("match", "what", "rows")
RECENT = 12


class Matches(WindowedList):
    """The columns of the file."""

    BINDINGS: ClassVar[list[Any]] = bind("matches", open=N_("Change match"))


class Importing(Place):
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
        hidden=("next", "prev", "zoom"),
    )
    DEFAULT_CSS = """
    Importing #work { height: 1fr; display: none; }
    Importing #top { height: 1fr; }
    Importing #match { width: 3fr; }
    Importing #what { width: 2fr; }
    Importing.-working #work { display: block; }
    Importing.-working #file { display: none; }
    Importing.-narrow.-working #match, Importing.-narrow.-working #what { display: none; }
    Importing.-narrow.-working #rows { display: none; }
    Importing.-narrow.-working.-at-match #match { display: block; }
    Importing.-narrow.-working.-at-what #what { display: block; }
    Importing.-narrow.-working.-at-rows #rows { display: block; }
    Importing.-narrow.-at-rows #top { display: none; }
    Importing.-narrow #match, Importing.-narrow #what { width: 1fr; }
    """

    def __init__(self, tab: Tab | None = None) -> None:
        super().__init__(tab)
        self.step, self.at = "file", "match"
        self.nouns: list[str] = []
        self.may_add_fields = False
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        from crmtui.services.mapping import Mapping

        self.file: Sample | None = None
        self.noun = self.mapping_path = self.rejects = ""
        self.plan: Plan = Mapping()
        self.picture: Picture | None = None
        self.outcome: Outcome | None = None
        self.job: Job | None = None
        self.mended: dict[int, Sequence[str]] = {}
        self.fresh: set[int] = set()
        self.transactions: list[str] = []
        self.undone = False
        self.fate = "rejected"

    # -- the frame

    def body(self) -> ComposeResult:
        """The file; then its columns, what will happen, and the rows below."""
        yield Pane(
            FileStep(),
            title=file_title(),
            id="file",
            way_out=gettext(N_("nothing is written before the load")),
        )
        with Vertical(id="work"):
            with Horizontal(id="top"):
                yield Pane(Matches(rows.match_columns(), marks=False, id="matches"), id="match")
                yield Pane(
                    Progress(),
                    WindowedList([Column("what", "")], marks=False, header=False, id="facts"),
                    id="what",
                )
            yield Pane(WindowedList(rows.reject_columns(), marks=False, id="below"), id="rows")

    @property
    def matches(self) -> "list[Match]":
        """The columns of the file."""
        return self.picture.matches if self.picture is not None else []

    def crumb_left(self) -> Any:
        """The file, and how far it has come."""
        yield from super().crumb_left()
        if self.file is not None and self.size.width >= 100:
            yield f"   {rows.line_of(os.path.basename(self.file.path), 20)}", "bold accent", ""
        yield "   ", "muted", ""
        names = list(STEPS)
        now = names.index(self.step)
        for at, name in enumerate(names):
            sign = g("done") if at < now else g("mark") if at == now else g("open")
            token = "success" if at < now else "bold accent" if at == now else "muted"
            back = at < now and self.job is None and self.step != "result"
            yield f"{sign} {gettext(STEPS[name])}", token, f"screen.to_step('{name}')" if back else ""
            if at + 1 < len(names):
                yield f" {g('into')} ", "faint", ""

    def crumb_right(self) -> str:
        """How many rows, and how they are read."""
        if self.file is None or self.size.width < 100:
            return ""
        count = len(self.file.rows)
        if self.outcome is not None and not self.outcome.error:
            said = rows.counted(self.outcome.read)
        else:
            said = rows.counted(count) if not self.file.more else f"{count:,}+ " + gettext(N_("rows"))
        return f"{said} {g('dot')} {rows.read_as(self.file)}" if self.size.width >= 140 else said

    def command_line(self) -> str:
        """The same as a command."""
        noun = self.noun or "lead"
        if self.file is None:
            return f"crm {noun} import FILE --mapping MAPPING.toml"
        mapping = shlex.quote(self.mapping_path) if self.mapping_path else "MAPPING.toml"
        return f"crm {noun} import {shlex.quote(self.file.path)} --mapping {mapping}"

    # -- reading

    async def load(self) -> None:
        """What may be imported; the files used lately. What is under way stays as it is."""
        from crmtui.services import preview

        self.nouns, self.may_add_fields = await self.desk.read(
            lambda ctx: (preview.nouns(ctx), ctx.actor.scope("attribute", "add") != "none")
        )
        pane = self.query_one("#file", Pane)
        if not self.nouns:
            pane.say(
                gettext(N_("Your role does not let you import anything. An administrator can change that."))
            )
            return
        pane.ready()
        if self.step == "file":
            self.query_one(FileStep).begin(self._known("import.recent"))

    async def open_file(self, path: str, options: "dict[str, str | None] | None" = None) -> None:
        """Look at a file; what is wrong with it stands below its path."""
        from crmtui.services import preview

        pane, files = self.query_one("#file", Pane), self.query_one(FileStep)
        path, options = os.path.abspath(path), options or {}
        known = self._known("import.mappings")

        def look(ctx: "Context") -> Any:
            file = preview.sample(path, **options)
            noun = preview.likely_noun(ctx, file.header)
            fitting = preview.mappings(path, known, file.header)
            return file, noun, [one for one in fitting if one[1].noun in self.nouns]

        pane.loading_on()
        try:
            file, noun, fitting = await self.desk.read_behind(look)
        except CrmError as error:
            pane.loading_on(False)
            if await self._ask_encoding(path, error, options):
                return
            self.to_file(rows.line_of(_for_people(error), 400))
            return
        pane.loading_on(False)
        files.say("")
        self._remember("import.recent", path)
        mapping = await choices.choose_mapping(self, fitting) if fitting else None
        self.forget()
        self.file = file
        self.rejects = _free(os.path.splitext(path)[0] + ".rejects.csv")
        start = None
        if mapping is not None:
            self.mapping_path, start = mapping
            noun = start.noun or noun
        await self.hold(noun, start)

    async def _ask_encoding(self, path: str, error: CrmError, options: "dict[str, str | None]") -> bool:
        """Where the encoding is the trouble: which of those that fit it is. Whether the file was opened with one."""
        from crmtui.screens.ask import Choose, Way

        found: Any = error.params.get("rows") or {}
        if error.code != "import.encoding" or not found:
            return False
        ways = [Way(name, name, rows.line_of(" / ".join(some[:1]), 56)) for name, some in dict(found).items()]
        chosen = await self.program.push_screen_wait_safe(
            Choose(gettext(N_("Which encoding is it?")), ways, about=rows.line_of(error.message, 300))
        )
        if chosen:
            await self.open_file(path, {**options, "encoding": chosen})
        return bool(chosen)

    def _known(self, key: str) -> list[str]:
        """The paths remembered under `key`."""
        found: list[Any] = self.program.memory.get(key, [])
        return [each for each in found if isinstance(each, str)]

    def _remember(self, key: str, path: str) -> None:
        known = [each for each in self._known(key) if each != path]
        self.program.memory.put(key, [path, *known][:RECENT])

    async def hold(self, noun: str, start: "Plan | None" = None) -> None:
        """Take the rows for records of `noun`, and propose where the columns go."""
        from crmtui.services import preview

        file = self.file
        assert file is not None

        def propose(ctx: "Context") -> Any:
            plan = preview.propose(ctx, file, noun, start)
            return plan, *_pictured(ctx, file, noun, plan)

        try:
            plan, picture, shown = await self.desk.read_behind(propose)
        except CrmError as error:
            self.to_file(rows.line_of(_for_people(error), 400))
            return
        self.noun, self.plan, self.picture = noun, plan, picture
        self.outcome = None
        self.mended.clear()
        self.fresh.clear()
        self.go("match")
        self._draw(shown)

    async def decide(self, plan: "Plan", column: str = "") -> None:
        """Go on with another plan; a check that was done no longer holds."""
        from crmtui.services import preview

        file, noun = self.file, self.noun
        assert file is not None

        def look(ctx: "Context") -> Any:
            whole = preview.completed(ctx, file, noun, plan)
            return whole, *_pictured(ctx, file, noun, whole)

        try:
            self.plan, self.picture, shown = await self.desk.read_behind(look)
        except CrmError as error:
            self.program.note(told(error), "error")
            return
        self.outcome, self.mapping_path = None, ""
        if self.step != "match":
            self.go("match")
        self._draw(shown)

    # -- drawing

    def go(self, step: str) -> None:
        """To a step, with the pane that belongs to it."""
        self.step = step
        self.set_class(step != "file", "-working")
        self.show_pane("match" if step == "match" else "what")
        self.redraw_frame()
        self.refresh_bindings()

    def show_pane(self, at: str) -> None:
        """Give the focus to a pane; the only one where the screen is narrow."""
        self.at = at
        for name in PANES:
            self.set_class(name == at, f"-at-{name}")
        if self.step == "file":
            self.query_one(FileStep).line.focus()
        else:
            self.call_after_refresh(self._focus_pane)

    def _focus_pane(self) -> None:
        if self.step != "file":
            self.query_one(f"#{self.at} WindowedList", WindowedList).focus()

    def to_file(self, said: str = "") -> None:
        """Back to the choice of a file, with what is wrong with the last one."""
        self.go("file")
        self.query_one(FileStep).say(said)
        self.query_one(FileStep).begin(self._known("import.recent"))

    def _draw(self, shown: "tuple[list[Column], list[Row]] | None" = None) -> None:
        """Everything of the step."""
        used = sum(1 for each in self.matches if each.field)
        title = gettext(N_("Match columns")) + f" {g('dot')} "
        title += gettext(N_("{used} of {all} matched")).format(used=used, all=len(self.matches))
        self.query_one("#match", Pane).name_it(title)
        mapping = (
            os.path.basename(self.mapping_path) if self.mapping_path else gettext(N_("b saves the mapping"))
        )
        self.query_one("#match", Pane).say_out(mapping)
        self.query_one("#matches", WindowedList).show(
            static(rows.match_rows(self.matches, self.noun, self.plan))
        )
        self.show_facts()
        if shown is not None:
            self.records = shown
        self.show_below()
        self.redraw_frame()
        self.refresh_bindings()

    records: "tuple[list[Column], list[Row]]" = ([], [])
    """The first rows as records."""

    _drawn = ("", False)
    """The step whose facts were shown last, and whether they had counts."""

    def show_facts(self) -> None:
        """What will happen, or happened; and how the file is read."""
        if self.file is None or self.picture is None:
            return
        pane, found = self.query_one("#what", Pane), self.outcome
        shown: list[Row] = []
        if found is not None:
            shown += rows.outcome_rows(found, self.noun, self.step == "result", len(self.mended))
        if self.step == "result" and found is not None:
            shown += rows.ending_rows(found, self.undone, len(self.fresh))
        else:
            if self.picture.problem is not None:
                shown.append(
                    rows.setting(
                        "problem", N_("Not yet"), rows.line_of(self.picture.problem.message), "error"
                    )
                )
            shown += rows.setting_rows(self.file, self.noun, self.plan, self.picture, self.rejects)
        self.query_one("#facts", WindowedList).show(
            static(shown), keep=self._drawn == (self.step, bool(found))
        )
        self._drawn = self.step, bool(found)
        pane.name_it(gettext(_TITLES[self.step]))
        pane.say_out(gettext(_WAYS_OUT.get(self.step, "")) if _WAYS_OUT.get(self.step) else "")

    def show_below(self) -> None:
        """The rows of a count; before the check the first rows as records."""
        pane, below = self.query_one("#rows", Pane), self.query_one("#below", WindowedList)
        pane.ready()
        if self.outcome is None:
            below.columns, found = self.records
            below.show(static(found), keep=False)
            pane.name_it(gettext(N_("As records")))
            pane.say_out(gettext(N_("the first rows as they would come in")))
            if not found:
                pane.say(gettext(N_("The file has a header and no rows.")))
            return
        self._show_fate(self.fate)

    def _show_fate(self, name: str) -> None:
        assert self.file is not None
        assert self.outcome is not None
        self.fate = name
        pane, below = self.query_one("#rows", Pane), self.query_one("#below", WindowedList)
        fates, count = self.outcome.rows[name], self.outcome.counts[name]
        if name == "rejected":
            below.columns = rows.reject_columns()
            below.show(static(rows.reject_rows(fates, self.file, self.plan, self.mended)), keep=True)
        else:
            below.columns = rows.fate_columns(self.file, self.plan)
            below.show(static(rows.fate_rows(fates)), keep=False)
        title = f"{gettext(_FATES[name])} {g('dot')} {count:,}"
        if name == "rejected" and count and self.rejects and self.step != "result":
            title += "   " + gettext(N_("(file {file} keeps row, reason and original text)")).format(
                file=os.path.basename(self.rejects)
            )
        pane.name_it(title)
        if count > len(fates):
            pane.say_out(gettext(N_("the first {count}")).format(count=f"{len(fates):,}"))
        else:
            pane.say_out(gettext(N_("the load goes on without them")) if name == "rejected" and count else "")
        pane.ready()
        if not fates:
            pane.say(gettext(N_("No row was rejected.")) if name == "rejected" else gettext(N_("No rows.")))

    # -- check and load

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
            self.rejects = _free(self.rejects)
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
                gettext(N_("The check was stopped."))
                if error.code == "import.stopped"
                else _for_people(error)
            )
            self.program.note(said, "warn" if error.code == "import.stopped" else "error")
            self._draw()
            return
        self._over()
        self.fate = self.outcome.first
        self._draw()

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
            self.program.note(_for_people(error), "error")
            self._draw()
            return
        self._over()
        found = done.value
        self.fresh.clear()
        if found.tx and found.tx not in self.transactions:
            self.transactions.append(found.tx)
        self.outcome = found.after(before) if before is not None else found
        self.fate = found.first
        self.go("result")
        self._draw()
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
            self.run_worker(choices.change_setting(self, key), group="ask", exit_on_error=False)

    async def _open_count(self, name: str) -> None:
        """The rows of a count; of a load the records that it made or changed."""
        from crmtui.services import trial

        assert self.outcome is not None
        if self.step == "result" and name in ("created", "updated") and self.transactions and not self.undone:
            noun, txs = self.noun, list(self.transactions)
            op = "insert" if name == "created" else "update"
            where = await self.desk.read(lambda ctx: trial.condition(ctx, noun, txs, op))
            title = f"{gettext(_FATES[name])} {g('dot')} {rows.noun_title(noun)}"
            await self.program.open_list(noun, where, title)
            return
        self._show_fate(name)
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
        if action == "save" and self.step == "result" and not self._unfinished():
            return gettext(N_("It is loaded."))
        if action in ("remove", "new", "pin", "view") and self.step not in ("match", "check"):
            return (
                gettext(N_("Choose a file first.")) if self.step == "file" else gettext(N_("It is loaded."))
            )
        if action == "remove" and self._match() is None:
            return gettext(N_("There is no column here."))
        if action == "edit" and self._reject() is None:
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

    def _match(self) -> "Match | None":
        row = self.query_one("#matches", WindowedList).current
        found: Match | None = row.data if row is not None else None
        return found if found is not None and found.field else None

    def _reject(self) -> "Fate | None":
        if self.outcome is None or self.fate != "rejected" or self.step not in ("check", "result"):
            return None
        row = self.query_one("#below", WindowedList).current
        fate: Fate | None = row.data if row is not None else None
        return fate if fate is not None and fate.cells else None

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
                self._draw()

    def action_save(self) -> None:
        """The next step."""
        if self.step == "file":
            self.query_one(FileStep).submit()
        elif self.step == "match":
            self.start(False)
        elif self.step == "check" or self._unfinished():
            self.start(True)

    def _unfinished(self) -> bool:
        """Whether there is something left to load: the rest of the file, or rows mended since."""
        found = self.outcome
        if self.step != "result" or found is None or self.undone:
            return False
        return found.error is not None or bool(self.fresh)

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
            self._draw()
        elif self.step == "match":
            self.to_file()
        else:
            super().action_back()

    def action_remove(self) -> None:
        """Leave the column out."""
        match = self._match()
        if match is not None:
            plan = choices.without(self.plan, match.column)
            self.run_worker(self.decide(plan, match.column), group="ask", exit_on_error=False)

    def action_view(self) -> None:
        """The first rows as records, and back to the columns."""
        if self.step == "check":
            self.go("match")
            self.outcome = None
            self._draw()
        self.show_pane("rows" if self.at != "rows" else "match")

    def action_new(self) -> None:
        """A value that is the same in every row."""
        self.run_worker(choices.add_default(self), group="ask", exit_on_error=False)

    def action_pin(self) -> None:
        """Save the mapping."""
        self.run_worker(self._save(), group="ask", exit_on_error=False)

    async def _save(self) -> None:
        from crmtui.screens.ask import Words
        from crmtui.services import mapping_text

        assert self.file is not None
        proposed = _free(os.path.splitext(self.file.path)[0] + ".toml")
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
        self._remember("import.mappings", path)
        self.program.note(gettext(N_("The mapping is saved as {file}")).format(file=path))
        self._draw()

    def action_edit(self) -> None:
        """Put the rejected row under the cursor right."""
        self.run_worker(self._mend(), group="ask", exit_on_error=False)

    async def _mend(self) -> None:
        from crmtui.screens.import_sheets import MendRow
        from crmtui.services import trial

        fate, file = self._reject(), self.file
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
            MendRow(fate, file.header, used, rows.fault_place(fate, file, self.plan), at, test)
        )
        if cells is None:
            return
        self.mended[fate.line] = cells
        self.fresh.add(fate.line)
        self.show_facts()
        self._show_fate("rejected")
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
            self._draw()

    def action_copy(self) -> None:
        """The line under the cursor."""
        if self.step != "file":
            self.app.copy_to_clipboard(self.query_one(f"#{self.at} WindowedList", WindowedList).copy_text())


_TITLES = {
    "file": N_("What will happen"),
    "match": N_("How it is read"),
    "check": N_("What will happen"),
    "load": N_("What will happen"),
    "result": N_("What happened"),
}
_WAYS_OUT = {
    "match": N_("^s checks; nothing is written yet"),
    "check": N_("^s loads; nothing is written yet"),
}
_FATES = {
    "created": N_("New"),
    "updated": N_("Updated"),
    "unchanged": N_("The same as before"),
    "skipped": N_("Skipped"),
    "rejected": N_("Rejected"),
}


def _pictured(ctx: "Context", file: "Sample", noun: str, plan: "Plan") -> Any:
    from crmtui.services import preview

    picture = preview.picture(ctx, file, noun, plan)
    return picture, rows.record_rows(ctx, picture)


def _for_people(error: CrmError) -> str:
    """An error without what is to be said at a command line."""
    hint = error.hint
    return error.message if "--" in hint or "crm " in hint else str(error)


def _free(path: str) -> str:
    from crmtui.services import mapping_text

    return mapping_text.unused(path)
