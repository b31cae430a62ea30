"""What assignment has to tell: what waits for confirmation, why a rule chose whom, and whether it is fair."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from crmtui.services import assign, records
from crmtui.services.assign_choice import Candidate, Engine, Tried, told
from crmtui.services.assign_people import People, names
from crmtui.services.context import Context, Ref, Tx
from crmtui.store import refs
from crmtui.store.record import table
from crmtui.store.session import check_right
from crmtui.store.visibility import reach


def outcomes(ctx: Context, found: list[assign.Outcome]) -> list[dict[str, Any]]:
    """Outcomes as rows: lead, state, to, rule, why."""
    with ctx.reading() as tx, tx.without_predicate("names"):
        called = names(tx, [one.to for one in found if one.to is not None])
    return [
        {
            "lead": _ref("lead", one.lead.id, one.lead.company),
            "state": one.state,
            "to": _person(one.to, called),
            "rule": one.rule,
            "why": told(one.why),
        }
        for one in found
    ]


def pending(ctx: Context) -> list[dict[str, Any]]:
    """Leads that wait: recommendations that the actor may confirm, oldest first, then leads without one, and why.

    Rows with lead, state, to, rule, why, since. Raises Forbidden.
    """
    with ctx.reading() as tx:
        check_right(tx, "assign", "confirm")
        return [*_recommended(ctx, tx), *_without(ctx, tx)]


def _recommended(ctx: Context, tx: Tx) -> list[dict[str, Any]]:
    offer, lead, rule = table("assign"), table("lead"), table("assignrule")
    with tx.without_predicate("assign"):
        query = (
            select(offer, lead.company, rule.name)
            .join(lead, lead.id == offer.lead_id)
            .join(rule, rule.id == offer.rule_id, isouter=True)
            .where(offer.state == "recommended", lead.archived_at.is_(None), lead.owner_id.is_(None))
            .where(lead.state.in_(("new", "qualified")))
            .where(reach("assign", ctx.actor, "confirm"))
            .order_by(offer.id)
        )
        found = tx.session.execute(query).all()
        called = names(tx, [row.owner_id for row, _, _ in found])
    return [
        {
            "lead": _ref("lead", row.lead_id, company),
            "state": "recommended",
            "to": _person(row.owner_id, called),
            "rule": name,
            "why": told(row.why),
            "since": row.created_at.astimezone(ctx.clock.zone),
        }
        for row, company, name in found
    ]


def _without(ctx: Context, tx: Tx) -> list[dict[str, Any]]:
    """The leads that the actor sees, that nobody has, and for whom the rules find nobody."""
    model = table("lead")
    query = select(model).where(*assign.unassigned(model)).order_by(model.id)
    leads = list(tx.session.scalars(query))
    with tx.without_predicate("assign"):
        choices = list(Engine(ctx, tx).choose(leads))
    return [
        {
            "lead": _ref("lead", one.lead.id, one.lead.company),
            "state": "unassigned",
            "to": None,
            "rule": one.rule.name if one.rule else None,
            "why": told(one.why),
            "since": one.lead.created_at.astimezone(ctx.clock.zone),
        }
        for one in choices
    ]


def explain(ctx: Context, ref: str, seed: int | None = None) -> list[dict[str, Any]]:
    """Every rule in order, whether it fits the lead, and its people, the best first, with what speaks for and against.

    Rows with rule, fits, person, chosen, why. Raises NotFound, Forbidden.
    """
    with ctx.reading() as tx:
        check_right(tx, "assign", "explain")
        lead = assign.within_reach(ctx, tx, ref)
        with tx.without_predicate("assign"):
            engine = Engine(ctx, tx, seed)
            (choice,) = engine.choose([lead], all_rules=True)
        fitting = {one.rule.id: one for one in choice.tried}
        rows: list[dict[str, Any]] = []
        for rule in engine.rules:
            rows += _tried(rule, fitting.get(rule.id), choice.found)
        return rows


def _tried(rule: Any, tried: Tried | None, found: Tried | None) -> list[dict[str, Any]]:
    if tried is None or not tried.candidates:
        return [_line(rule.name, tried is not None, None, False)]
    best = found.best if found is tried and found is not None else None
    return [_line(rule.name, True, one, one is best) for one in tried.candidates]


def _line(rule: str, fits: bool, one: Candidate | None, chosen: bool) -> dict[str, Any]:
    why = told([one.out] if one.out else one.reasons) if one else ""
    person = _ref("user", one.id, one.name) if one else None
    return {"rule": rule, "fits": fits, "person": person, "chosen": chosen, "why": why or None}


def fairness(ctx: Context, since: datetime | None = None) -> list[dict[str, Any]]:
    """What each person was given, most first: given, accepted, declined, expired, waiting, share, load, capacity, won, closed.

    `given` counts assignments, recommendations left out; `share` is in percent of all that the actor sees. Raises Forbidden.
    """
    offer = table("assign")
    with ctx.reading() as tx:
        check_right(tx, "assign", "fairness")
        query = select(offer.owner_id, offer.state, func.count(offer.id)).where(
            *records.matching(ctx, tx, "assign", "", verb="list")
        )
        query = query.where(offer.created_at >= since) if since else query
        counts: dict[int, dict[str, int]] = {}
        for person, state, count in tx.session.execute(query.group_by(offer.owner_id, offer.state)):
            counts.setdefault(person, {})[state] = count
        with tx.without_predicate("assign"):
            people = People(ctx, tx)
    total = sum(_given(one) for one in counts.values())
    rows = [_fair(people, person, one, total) for person, one in counts.items() if person in people.every]
    return sorted(rows, key=lambda row: (-row["given"], row["person"].ref))


def _given(counts: dict[str, int]) -> int:
    return sum(counts.get(state, 0) for state in ("assigned", "accepted", "declined", "expired"))


def _fair(people: People, person: int, counts: dict[str, int], total: int) -> dict[str, Any]:
    won, closed = people.record(person, None)
    given = _given(counts)
    return {
        "person": _ref("user", person, people.every[person].name),
        "given": given,
        "share": round(100 * given / total) if total else 0,
        **{state: counts.get(state, 0) for state in ("accepted", "declined", "expired")},
        "waiting": counts.get("assigned", 0),
        "load": people.load.get(person, 0),
        "capacity": people.every[person].capacity,
        "won": won,
        "closed": closed,
    }


def _person(person: int | None, called: dict[int, str]) -> Ref | None:
    return _ref("user", person, called.get(person)) if person is not None else None


def _ref(noun: str, record: int, name: str | None) -> Ref:
    return Ref(refs.ref_of(noun, record), name, record)
