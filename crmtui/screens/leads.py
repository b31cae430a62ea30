"""Leads: the list with the chosen one beside it, and the page of one."""

from typing import Any, ClassVar

from crmtui.i18n import N_
from crmtui.screens.keys import bind
from crmtui.screens.record_page import RecordPage
from crmtui.screens.records import RecordList

_VERBS = {
    "agree": N_("Qualify"),
    "stage_on": N_("Convert"),
    "move_to": N_("Assign"),
    "refuse": N_("Rule out"),
}


class LeadList(RecordList):
    """Leads with the chosen one beside them: qualify, rule out, convert, give to someone."""

    NOUN = "lead"
    WHERE = "leads"
    PANEL = True
    PURPOSE = (
        N_("Who may become a customer: new, assigned, qualified, then converted into an opportunity."),
        N_("a qualifies, > makes an opportunity of it, x rules it out and asks why, m gives it to someone."),
    )
    BINDINGS: ClassVar[list[Any]] = bind("leads", **_VERBS)


class LeadPage(RecordPage):
    """One lead: where it stands on its way, its fields, what became of it, its history."""

    PURPOSE = (
        N_("One lead: where it stands on its way, who it is, and what was changed."),
        N_("a qualifies, > makes an opportunity of it, x rules it out and asks why."),
    )
    BINDINGS: ClassVar[list[Any]] = bind("lead", **_VERBS)
