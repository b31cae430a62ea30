"""Opportunities as a list: the same ones as on the board, grouped by stage with subtotals."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from crmtui.i18n import N_
from crmtui.screens.keys import bind
from crmtui.screens.records import RecordList
from crmtui.screens.sections import Tab

if TYPE_CHECKING:
    from crmtui.services.context import Context


class OpportunityList(RecordList):
    """What is open, by stage; `v` leads back to the board."""

    NOUN = "opp"
    GROUP = "stage"
    WHERE = "opps"
    PURPOSE = (
        N_("The opportunities of the board as a table, with subtotals; for many at once."),
        N_("Space marks, e edits all marked in one form, < and > move them a stage."),
    )

    BINDINGS: ClassVar[list[Any]] = bind("opps", stage_back=N_("Stage back"), stage_on=N_("Stage on"))

    def __init__(self, tab: Tab | None = None, noun: str = "", where: str = "", title: str = "") -> None:
        super().__init__(tab, "opp", where, title)
        if not self.over_list:
            self.conditions = ["state = open"]
        elif where:
            self.GROUP = ""

    def as_it_was(self) -> None:
        """Over another screen in the order of that figure, not grouped."""
        super().as_it_was()
        if self.over_list:
            self.group, self.sort = "", "-amount"

    def default_columns(self) -> Sequence[str]:
        """Most important first; the state only where it differs."""
        found = ["name", "account", "stage", "amount", "probability", "expected_close_on", "owner"]
        if self.over_list:
            found.insert(2, "state")
        return found

    def measures(self) -> Sequence[str]:
        """Value in full."""
        return ("sum(amount)",)

    def more_sums(self, ctx: "Context", where: str) -> dict[str, Any]:
        """Also what they are worth by their probability."""
        from crmtui.services import portrait

        return {N_("weighted"): portrait.weighted(ctx, where)} if self._open_only else {}

    @property
    def _open_only(self) -> bool:
        return "state = open" in self.conditions

    def command_line(self) -> str:
        """The list as a command; grouped it is totals."""
        line = super().command_line()
        return f"{line} --by {self.group} --measure 'count,sum(amount)'" if self.group else line
