"""Customers as a list: who they are, and what is going on with each."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from crmtui.errors import Refused
from crmtui.i18n import N_, gettext
from crmtui.screens.listing import Column
from crmtui.screens.records import RecordList
from crmtui.screens.rows import Cell
from crmtui.screens.sections import Tab

if TYPE_CHECKING:
    from crmtui.services.context import Context


class AccountList(RecordList):
    """Customers with their open opportunities, what these are worth, and what was won this year."""

    NOUN = "account"
    WHERE = "accounts"
    PURPOSE = (
        N_("Your customers: who they are, what is open with each, what was won this year."),
        N_("Enter opens the page of the customer; Space marks, e edits all marked, m gives them to someone."),
    )

    def __init__(self, tab: Tab | None = None, noun: str = "", where: str = "", title: str = "") -> None:
        super().__init__(tab, "account", where, title)
        self.figures = _business

    def extra_columns(self) -> Sequence[Column]:
        """What is going on."""
        return (
            Column("opps", gettext(N_("Opps")), 5, True, 6, sortable=False),
            Column("pipeline", gettext(N_("Pipeline")), 9, True, 1, sortable=False),
            Column("won", gettext(N_("Won this year")), 13, True, 5, sortable=False),
        )


def _business(ctx: "Context", refs: Sequence[str]) -> dict[str, dict[str, Cell]]:
    from crmtui.screens.cells import money_text
    from crmtui.services import portrait

    try:
        found = portrait.business(ctx, refs)
    except Refused:  # a rate is missing: the customers are there, their figures are not
        return {}
    currency = ctx.company.currency
    return {
        ref: {
            "opps": f"{one.open:,}" if one.open else "",
            "pipeline": money_text(one.pipeline, currency) if one.open else "",
            "won": (money_text(one.won, currency), "success") if one.won.minor else "",
        }
        for ref, one in found.items()
    }
