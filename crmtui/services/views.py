"""Saved views of a noun: conditions under a name, for the screens."""

from sqlalchemy import or_, select

from crmtui.services.context import Context
from crmtui.store.record import table

MOST = 50


def of(ctx: Context, noun: str) -> list[tuple[str, str]]:
    """(name, condition) of the saved conditions on `noun`, one's own first, then by name."""
    model = table("query")
    with ctx.reading() as tx:
        query = (
            select(model.name, model.condition, model.owner_id)
            .where(
                model.noun == noun,
                model.archived_at.is_(None),
                or_(model.condition != "", model.sort.is_not(None)),
            )
            .order_by(model.owner_id != ctx.actor.id, model.name)
            .limit(MOST)
        )
        return [(name, condition) for name, condition, _ in tx.session.execute(query)]
