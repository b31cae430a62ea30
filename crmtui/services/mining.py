"""Whom to sell to again and whom to call: lists out of which automatic tasks are made."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select

from crmtui.errors import Invalid
from crmtui.i18n import N_
from crmtui.services import autotask
from crmtui.services.autotask import MINED_AFTER, kind_of
from crmtui.services.context import Context, Tx
from crmtui.store import refs
from crmtui.store.record import table

LISTS = ("mining", "telemarketing")
"""The occasions that are found by looking, not met when something is entered."""
WORKED = ("new", "assigned", "working", "qualified")


def run(ctx: Context, items: Sequence[str] = LISTS, days: int = MINED_AFTER) -> list[dict[str, Any]]:
    """Set the tasks of the rules that are on for these lists; rows of item, ref, name, one for each record.

    A record about which such a task is still open gets no second one, so that it may run every day.
    Raises Invalid for another item, Forbidden.
    """
    wrong = [item for item in items if item not in LISTS]
    if wrong:
        raise Invalid(
            "autotask.item",
            N_("{item} is no list that tasks are made of."),
            field="item",
            hint=N_("There are: {items}."),
            item=wrong[0],
            items=", ".join(LISTS),
        )
    made = []
    with ctx.transaction("autotask.run") as tx:
        for item in items:
            found = _to_sell_again(ctx, tx, days) if item == "mining" else _to_call(ctx, tx)
            for record in found:
                if autotask.follow(ctx, tx, item, record):
                    name = str(getattr(record, record.LABEL) or "")
                    made.append({"item": item, "ref": refs.ref_of(record.NOUN, record.id), "name": name})
    return made


def _open_tasks(item: str, noun: str) -> Any:
    """The records about which a task of this list is still open, by ref."""
    task = table("task")
    return select(task.about).where(
        task.kind == kind_of(item),
        task.state.in_(("open", "accepted")),
        task.about.like(f"{table(noun).PREFIX}-%"),
    )


def _without_task(tx: Tx, item: str, records: Sequence[Any]) -> list[Any]:
    if not records:
        return []
    with tx.without_predicate("told"):
        known = set(tx.session.scalars(_open_tasks(item, records[0].NOUN)))
    return [one for one in records if refs.ref_of(one.NOUN, one.id) not in known]


def _to_sell_again(ctx: Context, tx: Tx, days: int) -> list[Any]:
    """The customers whose last purchase is `days` or more ago, with nothing open now."""
    account, opp = table("account"), table("opp")
    before = ctx.clock.today() - timedelta(days=days)
    won = select(opp.account_id).where(opp.state == "won").group_by(opp.account_id)
    old = won.having(func.max(opp.closed_on, type_=opp.closed_on.type) <= before)
    busy = select(opp.account_id).where(opp.state.in_(("open", "suspended")), opp.account_id.is_not(None))
    query = select(account).where(account.id.in_(old), account.id.not_in(busy), account.archived_at.is_(None))
    return _without_task(tx, "mining", list(tx.session.scalars(query.order_by(account.id))))


def _to_call(ctx: Context, tx: Tx) -> list[Any]:
    """The leads with a phone that somebody works on and whose next contact is due, or on no day."""
    lead = table("lead")
    due = or_(lead.next_contact_on.is_(None), lead.next_contact_on <= ctx.clock.today())
    here = and_(lead.phone.is_not(None), lead.state.in_(WORKED), lead.archived_at.is_(None))
    query = select(lead).where(here, due).order_by(lead.id)
    return _without_task(tx, "telemarketing", list(tx.session.scalars(query)))
