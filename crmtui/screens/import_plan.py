"""What is to be imported: a file opened, the kind of record that it holds, and where its columns go."""

import os
from typing import TYPE_CHECKING, Any

from crmtui.errors import CrmError
from crmtui.i18n import N_, gettext
from crmtui.screens import import_choices as choices
from crmtui.screens import import_rows as rows
from crmtui.screens.frame import Pane, told
from crmtui.screens.import_file import FileStep
from crmtui.screens.import_work import ImportWork, for_people, free

if TYPE_CHECKING:
    from crmtui.services.context import Context
    from crmtui.services.mapping import Mapping as Plan
    from crmtui.services.sampling import Sample


class ImportPlan(ImportWork):
    """The first steps: nothing of them is written anywhere but into what the program remembers."""

    async def load(self) -> None:
        """What may be imported; the files used lately. What is under way stays as it is."""
        from crmtui.services import sampling

        self.nouns, self.may_add_fields = await self.desk.read(
            lambda ctx: (sampling.nouns(ctx), ctx.actor.scope("attribute", "add") != "none")
        )
        pane = self.query_one("#file", Pane)
        if not self.nouns:
            pane.say(
                gettext(N_("Your role does not let you import anything. An administrator can change that."))
            )
            return
        pane.ready()
        if self.step == "file":
            self.query_one(FileStep).begin(self.known("import.recent"))

    async def open_file(self, path: str, options: "dict[str, str | None] | None" = None) -> None:
        """Look at a file; what is wrong with it stands below its path."""
        from crmtui.services import sampling

        pane, files = self.query_one("#file", Pane), self.query_one(FileStep)
        path, options = os.path.abspath(path), options or {}
        known = self.known("import.mappings")

        def look(ctx: "Context") -> Any:
            file = sampling.sample(path, **options)
            noun = sampling.likely_noun(ctx, file.header)
            fitting = sampling.mappings(path, known, file.header)
            return file, noun, [one for one in fitting if one[1].noun in self.nouns]

        pane.loading_on()
        try:
            file, noun, fitting = await self.desk.read_behind(look)
        except CrmError as error:
            pane.loading_on(False)
            if await self._ask_encoding(path, error, options):
                return
            self.to_file(rows.line_of(for_people(error), 400))
            return
        pane.loading_on(False)
        files.say("")
        self.remember("import.recent", path)
        mapping = await choices.choose_mapping(self, fitting) if fitting else None
        self.forget()
        self.file = file
        self.rejects = free(os.path.splitext(path)[0] + ".rejects.csv")
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
            self.to_file(rows.line_of(for_people(error), 400))
            return
        self.noun, self.plan, self.picture = noun, plan, picture
        self.outcome = None
        self.mended.clear()
        self.fresh.clear()
        self.go("match")
        self.draw(shown)

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
        self.draw(shown)


def _pictured(ctx: "Context", file: "Sample", noun: str, plan: "Plan") -> Any:
    from crmtui.services import preview

    picture = preview.picture(ctx, file, noun, plan)
    return picture, rows.record_rows(ctx, picture)
