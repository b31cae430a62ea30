"""Leads find their people: recommended by rule, confirmed or changed, given, and offered on when they are not taken."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from crmtui.errors import Conflict, Forbidden, NotFound, Refused
from crmtui.i18n import N_, gettext
from crmtui.services import notices, presence, records
from crmtui.services.assign_choice import Choice, Engine, Reason
from crmtui.services.context import Context, Tx
from crmtui.store import handover, refs
from crmtui.store.record import table
from crmtui.store.session import check_right
from crmtui.store.visibility import reach, subordinates

LIVE = ("recommended", "assigned")
"""The states of an assignment that waits for somebody's word."""


@dataclass(frozen=True)
class Outcome:
    """What became of one lead: the lead as it now is, its state of assignment, to whom, and why."""

    lead: Any
    state: str
    to: int | None
    rule: str | None
    why: list[Reason]


# Recommending


def recommend(ctx: Context, tx: Tx, lead: Any) -> None:
    """Recommend a lead that was entered by hand to whom the rules name."""
    with tx.without_predicate("assign"):
        engine = Engine(ctx, tx)
        for choice in engine.choose([lead]) if engine.rules and lead.state == "new" else ():
            _offer(ctx, tx, choice)


def run(ctx: Context, *, where: str = "", seed: int | None = None) -> list[Outcome]:
    """Let the rules find somebody for every lead without one, after offers that ran out of time have been taken back.

    Leads in the pool, and those with a recommendation that waits, are left alone. Raises Invalid, Forbidden.
    """
    with ctx.transaction("assign.run") as tx:
        check_right(tx, "assign", "run")
        mine = {lead.id for lead in _expired(ctx, tx)}
        model = table("lead")
        query = select(model.id).where(*records.matching(ctx, tx, "lead", where)).where(*unassigned(model))
        found = sorted({*tx.session.scalars(query), *mine})
        with tx.without_predicate("assign"):
            leads = [handover.fresh(tx, "lead", one) for one in found]
            open_ones = [lead for lead in leads if lead.owner_id is None]
            return [_offer(ctx, tx, choice) for choice in Engine(ctx, tx, seed).choose(open_ones)]


def unassigned(model: Any) -> list[Any]:
    """The leads that wait for a recommendation."""
    offer = table("assign")
    waiting = select(offer.lead_id).where(offer.state == "recommended")
    return [
        model.owner_id.is_(None),
        model.state == "new",
        model.pooled_at.is_(None),
        model.archived_at.is_(None),
        model.id.not_in(waiting),
    ]


def _offer(ctx: Context, tx: Tx, choice: Choice) -> Outcome:
    """Note what the rules chose: a recommendation, or the assignment itself where the rule wants no confirmation."""
    lead, person, rule = choice.lead, choice.chosen, choice.rule
    if person is None or rule is None:
        return Outcome(lead, "unassigned", None, None, choice.why)
    row = {"rule_id": rule.id, "rule_version": rule.version, "why": choice.why, "state": "recommended"}
    offer = tx.add(table("assign")(name=lead.company, lead_id=lead.id, owner_id=person.id, **row))
    if rule.confirm:
        handover.hand(tx, "lead", [lead.id], {"recommended_id": person.id})
        return Outcome(handover.fresh(tx, "lead", lead.id), "recommended", person.id, rule.name, choice.why)
    given = give(ctx, tx, lead, offer)
    return Outcome(given, "assigned", person.id, rule.name, choice.why)


def give(ctx: Context, tx: Tx, lead: Any, offer: Any, **more: Any) -> Any:
    """Make the person of an offer the owner of the lead, as it was read, and tell them; return it as it now is.

    The caller is inside `tx.without_predicate`. Raises Conflict when somebody else was faster.
    """
    values = {
        "owner_id": offer.owner_id,
        "state": "assigned",
        "recommended_id": None,
        "owned_at": tx.now,
        "pooled_at": None,
        "pool_reason": None,
        **more,
    }
    if not handover.hand(tx, "lead", [lead.id], values, table("lead").version == lead.version):
        raise Conflict(
            "lead.changed",
            N_("{ref} was changed by somebody else just now."),
            hint=N_("Look at it again, then repeat."),
            ref=refs.ref_of("lead", lead.id),
        )
    hours = _hours(tx, offer.rule_id)
    offer.state, offer.decided_at = "assigned", tx.now
    offer.due_at = tx.now + timedelta(hours=hours) if hours else None
    tx.session.flush()
    notices.tell(ctx, tx, [offer.owner_id], "lead.assigned", ("lead", lead.id), name=lead.company)
    return handover.fresh(tx, "lead", lead.id)


def _hours(tx: Tx, rule: int | None) -> int | None:
    model = table("assignrule")
    return tx.session.scalar(select(model.hours).where(model.id == rule)) if rule is not None else None


# Confirming


def confirm(ctx: Context, wanted: Sequence[str], *, to: str = "") -> list[Outcome]:
    """Give leads to whom they were recommended, or all of them to somebody else; only they are told.

    Raises NotFound, Forbidden (the person is out of one's reach), Refused (no recommendation and nobody named, or the
    lead has an owner), Conflict.
    """
    with ctx.transaction("assign.confirm") as tx:
        check_right(tx, "assign", "confirm")
        person = refs.resolve(tx, "user", to) if to else None
        return [_confirmed(ctx, tx, within_reach(ctx, tx, ref), person) for ref in wanted]


def _confirmed(ctx: Context, tx: Tx, lead: Any, person: int | None) -> Outcome:
    ctx.check_version(tx, lead, {"owner": person})
    _check_free(lead)
    with tx.without_predicate("assign"):
        offer = live(tx, lead.id)
        if offer is None and person is None:
            raise Refused(
                "assign.nothing_recommended",
                N_("Nobody is recommended for {ref}."),
                hint=N_("Name somebody: crm assign confirm {ref} --to USER"),
                ref=refs.ref_of("lead", lead.id),
            )
        if offer is not None:
            check_person(ctx, tx, offer.owner_id, "confirm")
        if offer is None or person not in (None, offer.owner_id):
            offer = _replaced(ctx, tx, lead, offer, person)
        given = give(ctx, tx, lead, offer)
        return Outcome(given, "assigned", offer.owner_id, None, offer.why or [])


def _replaced(ctx: Context, tx: Tx, lead: Any, offer: Any | None, person: int | None) -> Any:
    """The offer to somebody chosen by hand, in the place of the one that was recommended."""
    check_person(ctx, tx, person, "confirm")
    if offer is not None:
        offer.state, offer.decided_at = "replaced", tx.now
    why = [{"kind": "chosen"}]
    rule = offer.rule_id if offer is not None else None
    made = table("assign")(name=lead.company, lead_id=lead.id, owner_id=person, rule_id=rule, why=why)
    return tx.add(made)


def _check_free(lead: Any) -> None:
    if lead.owner_id is not None or lead.state not in ("new", "qualified"):
        raise Refused(
            "lead.assigned",
            N_("{ref} is {state} already."),
            field="owner",
            hint=N_("Hand it on instead: crm lead transfer {ref} --to USER"),
            ref=refs.ref_of("lead", lead.id),
            state=gettext(lead.state),
        )


def check_person(ctx: Context, tx: Tx, person: int | None, verb: str, noun: str = "assign") -> None:
    """Raise Forbidden unless the actor may give things to that person, Refused for somebody who has left."""
    if presence.person(tx, person) is None:
        raise Refused("user.left", N_("{ref} does not work here any more."), field="to", ref=f"U-{person}")
    scope, people = ctx.actor.scope(noun, verb), subordinates(ctx.actor)
    mine = people.where(people.selected_columns.id == person)
    below = scope == "dept" and tx.session.connection().execute(mine).first()
    if scope != "all" and not below and person != ctx.actor.id:
        raise Forbidden(
            "assign.out_of_reach",
            N_("{ref} does not work for you."),
            field="to",
            hint=N_("crm can {verb} {noun} tells how far your rights reach."),
            ref=refs.ref_of("user", person or 0),
            verb=verb,
            noun=noun,
        )


def within_reach(ctx: Context, tx: Tx, ref: str) -> Any:
    """The lead that `ref` means: one that the actor sees, or one whose recommendation they may confirm. Raises NotFound."""
    try:
        found = refs.resolve(tx, "lead", ref)
    except NotFound as none:
        offer = table("assign")
        with tx.without_predicate("assign"):
            ids = refs.find_ids(tx, "lead", ref)
            mine = select(offer.lead_id).where(
                offer.lead_id.in_(ids), offer.state == "recommended", reach("assign", ctx.actor, "confirm")
            )
            waiting = set(tx.session.scalars(mine))
        if len(waiting) != 1:
            raise none
        found = waiting.pop()
    with tx.without_predicate("assign"):
        return handover.fresh(tx, "lead", found)


def live(tx: Tx, lead: int) -> Any | None:
    """The assignment of a lead that waits for somebody's word; the caller is inside `tx.without_predicate`."""
    offer = table("assign")
    query = select(offer).where(offer.lead_id == lead, offer.state.in_(LIVE)).order_by(offer.id.desc())
    return tx.session.scalars(query).first()


# Offering on


def _expired(ctx: Context, tx: Tx) -> list[Any]:
    """Take back the leads that nobody accepted in time; return those that are free again."""
    offer, lead = table("assign"), table("lead")
    with tx.without_predicate("assign"):
        query = (
            select(offer, lead)
            .join(lead, lead.id == offer.lead_id)
            .where(offer.state == "assigned", offer.due_at <= tx.now, lead.state == "assigned")
            .where(lead.owner_id == offer.owner_id, reach("assign", ctx.actor, "run"))
        )
        found = tx.session.execute(query.order_by(offer.id)).all()
        return [take_back(ctx, tx, row, late, "expired") for late, row in found]


def take_back(ctx: Context, tx: Tx, lead: Any, offer: Any | None, state: str, reason: str = "") -> Any:
    """End an offer that came to nothing: the lead goes back to its account manager, or becomes free; return it.

    The caller is inside `tx.without_predicate`.
    """
    manager = lead.manager_id if lead.manager_id != lead.owner_id else None
    values = {"owner_id": manager, "manager_id": None, "owned_at": tx.now if manager else None}
    values["state"] = "assigned" if manager else "new"
    handover.hand(tx, "lead", [lead.id], values)
    if offer is not None:
        offer.state, offer.decided_at, offer.reason = state, tx.now, reason or None
        tx.session.flush()
    told = [manager] if manager else [offer.created_by_id] if offer is not None else []
    notices.tell(ctx, tx, told, f"lead.{state}", ("lead", lead.id), name=lead.company, note=reason)
    return handover.fresh(tx, "lead", lead.id)


def offer_on(ctx: Context, tx: Tx, lead: Any) -> Outcome:
    """Let the rules find the next one for a lead that is free again; the caller is inside `tx.without_predicate`."""
    choices: Iterable[Choice] = Engine(ctx, tx).choose([lead])
    return next(_offer(ctx, tx, choice) for choice in choices)
