"""The rules of pools: which one a record belongs to, how often one may claim, and how much one may own."""

import json
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, not_, select

from crmtui.errors import Refused
from crmtui.i18n import N_
from crmtui.services import everywhere
from crmtui.services.context import Context, Tx
from crmtui.store import chronicle, refs
from crmtui.store.journal import Change, Entry
from crmtui.store.record import table


def settle(ctx: Context, tx: Tx, row: dict[str, Any], before: dict[str, Any] | None, facts: bool) -> None:
    """The conditions of a pool's rules can be understood, for the records that it holds. Raises Invalid, NotFound."""
    row["of"] = row.get("of") or "account"
    if row.get("position") is None:
        row["position"] = 100
    with tx.without_predicate("pool"):
        for column in ("condition", "uncounted", "kept"):
            everywhere.compiled(ctx, tx, str(row["of"]), row.get(column))


def rules(tx: Tx, of: str) -> list[Any]:
    """The rules for records of the noun `of`, in their order."""
    pool = table("poolrule")
    query = select(pool).where(pool.of == of, pool.archived_at.is_(None))
    return list(tx.session.scalars(query.order_by(pool.position, pool.id)))


def rule_of(ctx: Context, tx: Tx, of: str, record: int) -> Any | None:
    """The first rule that a record falls under; None where none does. The caller is inside `tx.without_predicate`."""
    for rule in rules(tx, of):
        if everywhere.fitting(ctx, tx, of, rule.condition, [record]):
            return rule
    return None


def in_turn(tx: Tx, person: int | None) -> None:
    """Let one person's claims come one after the other, so that none slips by while another is counted."""
    user = table("user")
    if not tx.store.sqlite:
        tx.session.execute(select(user.id).where(user.id == person).with_for_update(key_share=True))


def check_claim(ctx: Context, tx: Tx, rule: Any, record: Any) -> None:
    """Raise Refused where the rule lets the actor not claim this record now: cool-down, claims of the day, capacity.

    The caller is inside `tx.without_predicate`.
    """
    _check_cooldown(ctx, tx, rule, record)
    if rule.limit_per_day is not None and claims_today(ctx, tx, record.NOUN) >= rule.limit_per_day:
        raise Refused(
            "pool.limit",
            N_("You claimed {limit} today; that is all a day allows."),
            hint=N_("Claim it tomorrow. What you gave back counts too."),
            limit=rule.limit_per_day,
        )
    check_room(ctx, tx, rule, record.NOUN, ctx.actor.id)


def claims_today(ctx: Context, tx: Tx, of: str) -> int:
    """How many records of the noun the actor claimed since midnight, those given back since included: the journal knows."""
    change, entry = Change.__table__, Entry.__table__  # type: ignore[attr-defined]
    query = (
        select(func.count(entry.c.id))
        .select_from(change.join(entry, entry.c.tx == change.c.id))
        .where(change.c.at >= ctx.clock.start_of(ctx.clock.today()), change.c.verb == "pool.claim")
        .where(change.c.actor_id == ctx.actor.id, entry.c.noun == of, entry.c.op == "update")
    )
    return int(tx.session.connection().execute(query).scalar_one())


def _check_cooldown(ctx: Context, tx: Tx, rule: Any, record: Any) -> None:
    last = given_up(ctx, tx, record) if rule.cooldown_days else None
    until = last + timedelta(days=rule.cooldown_days) if last is not None else None
    if until is not None and until > tx.now:
        raise Refused(
            "pool.cooldown",
            N_("{ref} was yours until {day}; you may claim it again from {until} on."),
            hint=N_("Others may claim it now."),
            ref=refs.ref_of(record.NOUN, record.id),
            day=ctx.clock.day_of(last or tx.now).isoformat(),
            until=ctx.clock.day_of(until).isoformat(),
        )


def standing(ctx: Context, of: str = "account") -> dict[str, int | None]:
    """Where the actor stands under the first rule of a noun: claimed, limit (of today), owned, capacity; None: without end."""
    with ctx.reading() as tx, tx.without_predicate("pool"):
        rule = next(iter(rules(tx, of)), None)
        left = room(ctx, tx, rule, of, ctx.actor.id)
        capacity = rule.capacity if rule else None
        return {
            "claimed": claims_today(ctx, tx, of),
            "limit": rule.limit_per_day if rule else None,
            "owned": capacity - left if capacity is not None and left is not None else None,
            "capacity": capacity,
        }


def given_up(ctx: Context, tx: Tx, record: Any) -> datetime | None:
    """When the actor last ceased to own the record, however that came; None for never. The journal knows."""
    for entry in chronicle.entries(tx, table(record.NOUN).__table__, record.id):
        before = json.loads(entry.before) if entry.op == "update" and entry.before else {}
        if before.get("owner_id") == ctx.actor.id:
            found: datetime = entry.done_at
            return found
    return None


def room(ctx: Context, tx: Tx, rule: Any, of: str, person: int | None) -> int | None:
    """How many more somebody may own under the rule; None for any number. What the rule does not count, it does not count."""
    if rule is None or rule.capacity is None:
        return None
    model = table(of)
    owned = [model.owner_id == person, model.archived_at.is_(None)]
    if of == "lead":
        owned.append(model.state.in_(("assigned", "working", "qualified")))
    owned += [not_(one) for one in everywhere.compiled(ctx, tx, of, rule.uncounted)]
    return int(rule.capacity) - int(tx.session.scalar(select(func.count(model.id)).where(*owned)) or 0)


def has_room(ctx: Context, tx: Tx, rule: Any, of: str, person: int | None) -> bool:
    """Whether somebody may own one more under the rule."""
    left = room(ctx, tx, rule, of, person)
    return left is None or left > 0


def check_room(ctx: Context, tx: Tx, rule: Any, of: str, person: int | None) -> None:
    """Raise Refused where somebody owns as many as the rule allows."""
    if not has_room(ctx, tx, rule, of, person):
        raise Refused(
            "pool.full",
            N_("{person} owns {capacity} already, as many as one may."),
            hint=N_("Release one first: crm pool release REF --reason TEXT"),
            person=refs.ref_of("user", person or 0),
            capacity=rule.capacity,
        )
