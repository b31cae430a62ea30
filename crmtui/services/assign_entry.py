"""A lead that was entered by hand finds its people. What that takes is loaded only where there is a rule, or somebody to tell."""

from typing import Any

from crmtui.services.context import Context, Tx
from crmtui.store import plain


def entered(ctx: Context, tx: Tx, lead: Any) -> None:
    """Recommend the lead to whom the rules name; who was given it is told."""
    if lead.owner_id is not None and lead.owner_id != ctx.actor.id:
        from crmtui.services import notices

        notices.tell(ctx, tx, [lead.owner_id], "lead.assigned", ("lead", lead.id), name=lead.company)
    elif lead.owner_id is None and plain.has_assignment(tx.session.connection()):
        from crmtui.services import assign

        assign.recommend(ctx, tx, lead)
