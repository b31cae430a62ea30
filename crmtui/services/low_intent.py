"""Leads that mean little to buy go to others: to who sells best, or to newcomers who may try (C2P-08)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import or_, select, true

from crmtui.services import notices, pool_flow
from crmtui.services.assign_people import People
from crmtui.services.context import Context, Tx
from crmtui.services.pool import Moved
from crmtui.store import handover
from crmtui.store.record import table
from crmtui.store.session import check_right
from crmtui.store.visibility import ways


def reassign(
    ctx: Context,
    most: int,
    *,
    to: Sequence[str] = (),
    dept: str = "",
    method: str = "round-robin",
    limit: int | None = None,
) -> list[Moved]:
    """Give the leads in work whose intent is `most` (1 to 5) or less to others, the least intent first.

    Leads without an intent stay, as do those that one of the others has already.
    Raises Invalid (nobody named, no such method), NotFound, Forbidden (somebody out of one's reach).
    """
    pool_flow.check_method(method)
    with ctx.transaction("assign.low-intent") as tx:
        check_right(tx, "assign", "low-intent")
        with tx.without_predicate("assign"):
            people = People(ctx, tx)
            able = pool_flow.able(ctx, tx, people, to, dept, ("assign", "low-intent"))
            model = table("lead")
            query = select(model).where(*_low(ctx, model, most), model.owner_id.not_in(able))
            rows = list(tx.session.scalars(query.order_by(model.intent, model.id).limit(limit)))
            return [_given(ctx, tx, row, able, people, method) for row in rows] if able else []


def _low(ctx: Context, model: Any, most: int) -> list[Any]:
    scope = ctx.actor.scope("assign", "low-intent")
    return [
        true() if scope == "all" else or_(*ways(model, ctx.actor, scope)),
        model.owner_id.is_not(None),
        model.state.in_(("assigned", "working")),
        model.archived_at.is_(None),
        model.intent <= most,
    ]


def _given(ctx: Context, tx: Tx, lead: Any, able: list[int], people: People, method: str) -> Moved:
    person = min(able, key=lambda one: pool_flow.rank(method, one, lead.industry, people, able))
    people.load[person] = people.load.get(person, 0) + 1
    people.given[person] = people.given.get(person, 0) + 1
    values = {"owner_id": person, "manager_id": None, "state": "assigned", "owned_at": tx.now}
    handover.hand(tx, "lead", [lead.id], values)
    offer = table("assign")
    live = select(offer.id).where(offer.lead_id == lead.id, offer.state == "assigned")
    handover.hand(tx, "assign", list(tx.session.scalars(live)), {"state": "replaced", "decided_at": tx.now})
    notices.tell(ctx, tx, [person], "record.handed", ("lead", lead.id), name=lead.company)
    return Moved("lead", lead.id, lead.company, lead.owner_id, person, "")
