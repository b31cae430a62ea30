"""What the import shows: the file, then three panes beside and below each other; one at a time where it is narrow."""

import os
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from crmtui.i18n import N_, gettext
from crmtui.screens import import_fates as fates
from crmtui.screens import import_rows as rows
from crmtui.screens.frame import Pane
from crmtui.screens.glyphs import g
from crmtui.screens.import_file import FileStep, file_title
from crmtui.screens.import_progress import Progress
from crmtui.screens.keys import bind
from crmtui.screens.listing import Column, Row, WindowedList, static
from crmtui.screens.place import Place
from crmtui.screens.sections import Tab

if TYPE_CHECKING:
    from crmtui.services.mapping import Mapping as Plan
    from crmtui.services.preview import Match, Picture
    from crmtui.services.sampling import Sample
    from crmtui.services.transfer import Fate
    from crmtui.services.trial import Job, Outcome

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


class ImportPanes(Place):
    """What is known of the import under way, and how it is drawn."""

    DEFAULT_CSS = """
    ImportPanes #work { height: 1fr; display: none; }
    ImportPanes #top { height: 1fr; }
    ImportPanes #match { width: 3fr; }
    ImportPanes #what { width: 2fr; }
    ImportPanes.-working #work { display: block; }
    ImportPanes.-working #file { display: none; }
    ImportPanes.-narrow.-working #match, ImportPanes.-narrow.-working #what { display: none; }
    ImportPanes.-narrow.-working #rows { display: none; }
    ImportPanes.-narrow.-working.-at-match #match { display: block; }
    ImportPanes.-narrow.-working.-at-what #what { display: block; }
    ImportPanes.-narrow.-working.-at-rows #rows { display: block; }
    ImportPanes.-narrow.-at-rows #top { display: none; }
    ImportPanes.-narrow #match, ImportPanes.-narrow #what { width: 1fr; }
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
            yield Pane(WindowedList(fates.reject_columns(), marks=False, id="below"), id="rows")

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

    def known(self, key: str) -> list[str]:
        """The paths remembered under `key`."""
        found: list[Any] = self.program.memory.get(key, [])
        return [each for each in found if isinstance(each, str)]

    def remember(self, key: str, path: str) -> None:
        known = [each for each in self.known(key) if each != path]
        self.program.memory.put(key, [path, *known][:RECENT])

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
        self.query_one(FileStep).begin(self.known("import.recent"))

    def draw(self, shown: "tuple[list[Column], list[Row]] | None" = None) -> None:
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
        self.show_fate(self.fate)

    def show_fate(self, name: str) -> None:
        assert self.file is not None
        assert self.outcome is not None
        self.fate = name
        pane, below = self.query_one("#rows", Pane), self.query_one("#below", WindowedList)
        some, count = self.outcome.rows[name], self.outcome.counts[name]
        if name == "rejected":
            below.columns = fates.reject_columns()
            below.show(static(fates.reject_rows(some, self.file, self.plan, self.mended)), keep=True)
        else:
            below.columns = fates.fate_columns(self.file, self.plan)
            below.show(static(fates.fate_rows(some)), keep=False)
        title = f"{gettext(TITLES_OF_FATES[name])} {g('dot')} {count:,}"
        if name == "rejected" and count and self.rejects and self.step != "result":
            title += "   " + gettext(N_("(file {file} keeps row, reason and original text)")).format(
                file=os.path.basename(self.rejects)
            )
        pane.name_it(title)
        if count > len(some):
            pane.say_out(gettext(N_("the first {count}")).format(count=f"{len(some):,}"))
        else:
            pane.say_out(gettext(N_("the load goes on without them")) if name == "rejected" and count else "")
        pane.ready()
        if not some:
            pane.say(gettext(N_("No row was rejected.")) if name == "rejected" else gettext(N_("No rows.")))

    def match(self) -> "Match | None":
        row = self.query_one("#matches", WindowedList).current
        found: Match | None = row.data if row is not None else None
        return found if found is not None and found.field else None

    def reject(self) -> "Fate | None":
        if self.outcome is None or self.fate != "rejected" or self.step not in ("check", "result"):
            return None
        row = self.query_one("#below", WindowedList).current
        fate: Fate | None = row.data if row is not None else None
        return fate if fate is not None and fate.cells else None


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
TITLES_OF_FATES = {
    "created": N_("New"),
    "updated": N_("Updated"),
    "unchanged": N_("The same as before"),
    "skipped": N_("Skipped"),
    "rejected": N_("Rejected"),
}
