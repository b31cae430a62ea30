"""A screen whose records are narrowed down: whose, conditions as chips, and what is looked for as one types."""

from collections.abc import Sequence

from crmtui.i18n import N_, gettext
from crmtui.screens.acting import Acting
from crmtui.screens.frame import FilterLine
from crmtui.screens.sections import Tab
from crmtui.services.nouns import NOUNS


class Filtered(Acting):
    """`/` finds, `f` builds conditions, a click on a chip takes it away, `b` saves the view."""

    sort = ""

    def __init__(self, tab: Tab | None = None) -> None:
        super().__init__(tab)
        self.found = ""
        self.over_list = False
        """Whether it lies over another screen, with a condition of its own instead of whose."""

    @property
    def where(self) -> str:
        """The condition in force: whose, the chips, and what is being looked for."""
        from crmtui.services import conditions

        whose = "" if self.over_list else self.whose_condition(self.noun)
        return conditions.every(whose, *self.conditions, self._finding())

    def _finding(self) -> str:
        if not self.found.strip():
            return ""
        text = self.found.replace("\\", "\\\\").replace('"', '\\"')
        return " or ".join(f'{name} ~ "{text}"' for name in self.finds_in())

    def finds_in(self) -> Sequence[str]:
        """The fields that `/` looks into: those of the search that are short."""
        searched = [name for name in NOUNS[self.noun].search if name not in ("note", "need", "solution")]
        return searched or NOUNS[self.noun].columns[:1]

    def chips(self) -> list[tuple[str, str]]:
        """The conditions, split where all of them must hold."""
        from crmtui.screens import chips

        return [chip for one in self.conditions for chip in chips.chips(one, self.noun)]

    def to_rows(self) -> None:
        """Give the focus back to what is listed."""

    def on_filter_line_find(self, event: FilterLine.Find) -> None:
        """What is looked for changed."""
        event.stop()
        if event.left or event.done:
            self.query_one(FilterLine).end()
            self.to_rows()
        wanted = "" if event.left else event.text
        if wanted != self.found:
            self.found = wanted
            self.reload("find")
        elif event.left or event.done:
            self.redraw_frame()

    def action_find(self) -> None:
        """Find as you type."""
        self.query_one(FilterLine).begin(self.found)

    def action_filter(self) -> None:
        """The builder of conditions."""
        self.run_worker(self._filter(), group="ask", exit_on_error=False)

    async def _filter(self) -> None:
        from crmtui.screens.conditions import FilterBuilder
        from crmtui.services import conditions

        text = conditions.every(*self.conditions)
        found = await self.program.push_screen_wait_safe(FilterBuilder(self.noun, text))
        if found is not None:
            self.conditions = conditions.parts(found)
            self.reload("filter")

    def action_drop_chip(self, place: int) -> None:
        """Take one condition away."""
        from crmtui.services import conditions

        left = conditions.without(conditions.every(*self.conditions), int(place))
        self.conditions = [left] if left else []
        self.reload("filter")

    def action_pin(self) -> None:
        """Save the filter under a name."""
        self.run_worker(self._pin(), group="ask", exit_on_error=False)

    async def _pin(self) -> None:
        from crmtui.screens.saving import save_view
        from crmtui.services import conditions

        where = conditions.every(*self.conditions)
        if not where:
            self.program.note(gettext(N_("There is no filter to save. f makes one.")), "warn")
        else:
            await save_view(self.program, self.noun, where, self.sort)
