"""What comes to the pool by rule, and what is given out of it: reclaiming and allocating."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from sqlalchemy import Text, cast, exists, func, literal, not_, select

from crmtui.errors import Invalid, Refused
from crmtui.i18n import N_
from crmtui.services import assign, everywhere, notices, pool, pool_rules
from crmtui.services.assign_people import People
from crmtui.services.context import Context, Tx
from crmtui.services.pool import Moved
from crmtui.store import refs
from crmtui.store.bulk import member
from crmtui.store.record import TABLES, label_column, table
from crmtui.store.session import check_right

ABOUT_A_CUSTOMER = ("contact", "opp", "quote", "contract", "order", "invoice", "payment")
"""Nouns whose records are about a customer: a change in one of them is work on it."""
METHODS = ("round-robin", "least-loaded", "best-win-rate")
MANY = 5
"""Above so many, an owner is told once of all of them."""


def reclaim(
    ctx: Context, of: str = "account", *, idle: int | None = None, unsigned: int | None = None
) -> list[Moved]:
    """Take back what was left idle, or never signed, for so many days; with none said, by the rules of the pools.

    Idle: nothing about it was changed for that long. Unsigned: no deal was won and no contract signed since its owner
    has had it. A customer with an open opportunity stays, as does what a rule keeps. Raises Invalid, Forbidden.
    """
    with ctx.transaction("pool.reclaim") as tx:
        check_right(tx, "pool", "reclaim")
        with tx.without_predicate("pool"):
            found: dict[int, Moved] = {}
            for kept, idle_days, unsigned_days in _terms(ctx, tx, of, idle, unsigned):
                for moved in _due(ctx, tx, of, kept, idle_days, unsigned_days):
                    found.setdefault(moved.id, moved)
            for reason in ("idle", "unsigned"):
                pool.put(tx, of, [one.id for one in found.values() if one.reason == reason], reason)
            _tell(ctx, tx, list(found.values()))
        return list(found.values())


def _terms(
    ctx: Context, tx: Tx, of: str, idle: int | None, unsigned: int | None
) -> list[tuple[list[Any], int | None, int | None]]:
    """(conditions, idle days, unsigned days) of each rule, those of the rules before it excluded; or what was said."""
    rules = pool_rules.rules(tx, of)
    if idle is not None or unsigned is not None:
        kept = [not_(one) for rule in rules for one in everywhere.compiled(ctx, tx, of, rule.kept)]
        return [(kept, idle, unsigned)]
    found: list[tuple[list[Any], int | None, int | None]] = []
    before: list[Any] = []
    for rule in rules:
        own = everywhere.compiled(ctx, tx, of, rule.condition)
        mine = [not_(one) for one in everywhere.compiled(ctx, tx, of, rule.kept)]
        found.append(([*before, *own, *mine], rule.idle_days, rule.unsigned_days))
        if not own:
            break
        before += [not_(one) for one in own]
    if not any(idle_days or unsigned_days for _, idle_days, unsigned_days in found):
        raise Invalid(
            "pool.no_terms",
            N_("No rule says when something is taken back."),
            field="idle",
            hint=N_("Say it: --idle 30d --unsigned 180d, or in a rule: crm poolrule edit REF --idle-days 30"),
        )
    return found


def _due(
    ctx: Context, tx: Tx, of: str, conditions: list[Any], idle: int | None, unsigned: int | None
) -> list[Moved]:
    model = table(of)
    owned = [model.owner_id.is_not(None), model.archived_at.is_(None), pool.within(model, ctx, "reclaim")]
    owned.append(
        model.state.in_(("assigned", "working", "qualified")) if of == "lead" else ~_open_deal(model)
    )
    found: list[Moved] = []
    if idle:
        query = select(model).where(*owned, *conditions, *_idle(of, tx.now - timedelta(days=idle)))
        found += [_moved(of, row, "idle") for row in tx.session.scalars(query.order_by(model.id))]
    if unsigned and of == "account":
        found += _unsigned(ctx, tx, [*owned, *conditions], tx.now - timedelta(days=unsigned))
    return found


def _moved(of: str, row: Any, reason: str) -> Moved:
    return Moved(of, row.id, str(getattr(row, label_column(of))), row.owner_id, None, reason)


def _open_deal(model: Any) -> Any:
    opp = table("opp")
    return exists().where(
        opp.account_id == model.id, opp.state.in_(pool.OPEN_DEALS), opp.archived_at.is_(None)
    )


def _idle(of: str, before: datetime) -> list[Any]:
    """Nothing about the record was changed since: not it, nor what is about it, nor a task."""
    model, task = table(of), table("task")
    ref = literal(f"{model.PREFIX}-", Text()).concat(cast(model.id, Text))
    found = [
        model.updated_at < before,
        func.coalesce(model.owned_at, model.created_at) < before,
        ~exists().where(task.about == ref, task.updated_at >= before),
    ]
    for noun in ABOUT_A_CUSTOMER if of == "account" else ():
        if noun in TABLES:
            other = table(noun)
            found.append(~exists().where(other.account_id == model.id, other.updated_at >= before))
    return found


def _unsigned(ctx: Context, tx: Tx, conditions: list[Any], before: datetime) -> list[Moved]:
    account = table("account")
    since = func.coalesce(account.owned_at, account.created_at)
    rows = list(tx.session.scalars(select(account).where(*conditions, since < before).order_by(account.id)))
    signed = _last_signed(tx, [row.id for row in rows])
    return [
        _moved("account", row, "unsigned")
        for row in rows
        if row.id not in signed or signed[row.id] < ctx.clock.day_of(row.owned_at or row.created_at)
    ]


def _last_signed(tx: Tx, accounts: Sequence[int]) -> dict[int, Any]:
    """Customer → the day on which the last deal was won or contract signed."""
    found: dict[int, Any] = {}
    sources = [(table("opp"), "closed_on", table("opp").state == "won")]
    if "contract" in TABLES:
        contract = table("contract")
        sources.append((contract, "signed_on", contract.signed_on.is_not(None)))
    for model, day, signed in sources if accounts else ():
        query = select(model.account_id, func.max(getattr(model, day))).where(
            signed, member(tx, model.account_id, accounts)
        )
        for account, last in tx.session.execute(query.group_by(model.account_id)):
            if last is not None:
                found[account] = max(last, found.get(account, last))
    return found


def _tell(ctx: Context, tx: Tx, moved: Sequence[Moved]) -> None:
    """Tell the former owners: of each record, or of many at once."""
    by_owner: dict[int | None, list[Moved]] = {}
    for one in moved:
        by_owner.setdefault(one.former, []).append(one)
    for owner, theirs in by_owner.items():
        if len(theirs) > MANY:
            first = theirs[0]
            notices.tell(ctx, tx, [owner], "pool.reclaimed_many", (first.noun, first.id), count=len(theirs))
            continue
        for one in theirs:
            notices.tell(ctx, tx, [owner], f"pool.{one.reason}", (one.noun, one.id))


# Allocating


def check_method(method: str) -> None:
    """Raise Invalid for what is no way to choose somebody."""
    if method not in METHODS:
        raise Invalid(
            "pool.method",
            N_("There is no method {method}."),
            field="method",
            hint=N_("Methods are: {methods}."),
            method=method,
            methods=", ".join(METHODS),
        )


def allocate(
    ctx: Context,
    of: str = "account",
    *,
    to: Sequence[str] = (),
    dept: str = "",
    method: str = "round-robin",
    where: str = "",
    limit: int | None = None,
) -> list[Moved]:
    """Give what is in the pool, the longest there first, to people in turn, or to who has least, or sells best.

    Who is away is passed over, and so is who owns as many as the rule of the pool allows.
    Raises Invalid (nobody named, no such method), NotFound, Forbidden (somebody out of one's reach).
    """
    check_method(method)
    with ctx.transaction("pool.allocate") as tx:
        check_right(tx, "pool", "allocate")
        with tx.without_predicate("pool"):
            people = People(ctx, tx)
            ready = able(ctx, tx, people, to, dept, ("pool", "allocate"))
            model = table(of)
            query = select(model).where(*pool.pooled(of), *everywhere.compiled(ctx, tx, of, where))
            query = query.order_by(model.pooled_at.is_(None), model.pooled_at, model.id).limit(limit)
            rows = list(tx.session.scalars(query))
            return _spread(ctx, tx, of, rows, ready, people, method)


def able(
    ctx: Context, tx: Tx, people: People, to: Sequence[str], dept: str, right: tuple[str, str]
) -> list[int]:
    """Those who are named, or work in the department, and are here today; `right` is the noun and verb that is done.

    Raises Invalid for nobody, NotFound, Refused for who has left, Forbidden for who is out of the actor's reach.
    """
    found = [refs.resolve(tx, "user", one) for one in to]
    if dept:
        place = refs.resolve(tx, "dept", dept)
        found += [one.id for one in people.every.values() if people.level(one, place) >= 0]
    if not found:
        raise Invalid(
            "pool.nobody",
            N_("Say to whom it is given."),
            field="to",
            hint=N_("Name people with --to, or a department with --dept."),
        )
    for person in dict.fromkeys(found):
        assign.check_person(ctx, tx, person, right[1], right[0])
    return [one for one in dict.fromkeys(found) if not people.is_away(people.every[one])]


def _spread(
    ctx: Context, tx: Tx, of: str, rows: Sequence[Any], ready: list[int], people: People, method: str
) -> list[Moved]:
    people.load = _owned(tx, of, ready)
    moved: list[Moved] = []
    for row in rows:
        rule = pool_rules.rule_of(ctx, tx, of, row.id)
        free = [one for one in ready if pool_rules.has_room(ctx, tx, rule, of, one)]
        if not free:
            continue
        person = min(free, key=lambda one: rank(method, one, row.industry, people, ready))
        if not pool.settle_with(tx, of, row.id, person, working=False):
            continue
        people.load[person] += 1
        people.given[person] = people.given.get(person, 0) + 1
        notices.tell(ctx, tx, [person], "pool.allocated", (of, row.id))
        name = str(getattr(row, label_column(of)))
        moved.append(Moved(of, row.id, name, row.former_owner_id, person, row.pool_reason or ""))
    if rows and not moved:
        raise Refused(
            "pool.nobody_free",
            N_("Nobody of those named may own more, or is here."),
            hint=N_("Name others with --to or --dept."),
        )
    return moved


def _owned(tx: Tx, of: str, people: Sequence[int]) -> dict[int, int]:
    model = table(of)
    query = select(model.owner_id, func.count(model.id)).where(
        model.owner_id.in_(people), model.archived_at.is_(None)
    )
    found = dict.fromkeys(people, 0)
    for person, count in tx.session.execute(query.group_by(model.owner_id)):
        found[person] = count
    return found


def rank(
    method: str, person: int, industry: str | None, people: People, ready: Sequence[int]
) -> tuple[Any, ...]:
    """What orders people by the method, the one to choose first."""
    place, load = ready.index(person), people.load.get(person, 0)
    if method == "round-robin":
        return (people.given.get(person, 0), place)
    if method == "least-loaded":
        return (load, place)
    won, closed = people.record(person, industry)
    return (-Fraction(won + 1, closed + 2), load, place)
