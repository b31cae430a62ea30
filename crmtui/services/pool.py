"""The public pool: what nobody owns is listed, claimed by whoever comes first, given back with the reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select, true

from crmtui.errors import Conflict, Forbidden, Invalid, NotFound, Refused
from crmtui.i18n import N_, gettext
from crmtui.services import everywhere, notices, pool_rules
from crmtui.services.context import Context, Ref, Tx
from crmtui.store import handover, refs
from crmtui.store.bulk import member
from crmtui.store.record import label_column, table
from crmtui.store.session import check_right
from crmtui.store.visibility import ways

OPEN_DEALS = ("open", "suspended")
REASONS = {"idle": N_("idle"), "unsigned": N_("unsigned"), "": N_("never owned")}
"""The reasons that the program gives itself; others are what people typed."""


@dataclass(frozen=True)
class Moved:
    """A record that came or went: its noun, id and name, who had it and has it now, and why."""

    noun: str
    id: int
    name: str
    former: int | None
    owner: int | None
    reason: str


def pooled(of: str) -> list[Any]:
    """The condition on records of the noun `of` that they are in the pool: customers that nobody owns, leads put there."""
    model = table(of)
    found = [model.owner_id.is_(None), model.archived_at.is_(None)]
    if of == "lead":
        found += [model.pooled_at.is_not(None), model.state.not_in(("converted", "disqualified"))]
    return found


def within(model: Any, ctx: Context, verb: str) -> Any:
    """The records that the actor's right to do `verb` with the pool reaches."""
    scope = ctx.actor.scope("pool", verb)
    return true() if scope == "all" else or_(*ways(model, ctx.actor, scope))


def listing(
    ctx: Context, of: str = "account", *, where: str = "", limit: int | None = None
) -> list[dict[str, Any]]:
    """What is in the pool, the longest there first, as far as everybody may know it before it is theirs.

    Rows with ref, name, industry, country, region, city, former_owner, reason, since. Raises Invalid, Forbidden.
    """
    model, user = table(of), table("user")
    with ctx.reading() as tx:
        check_right(tx, "pool", "list")
        with tx.without_predicate("pool"):
            query = select(model, user.name).join(user, user.id == model.former_owner_id, isouter=True)
            query = query.where(*pooled(of), *everywhere.compiled(ctx, tx, of, where))
            query = query.order_by(model.pooled_at.is_(None), model.pooled_at, model.id).limit(limit)
            return [_row(of, row, former) for row, former in tx.session.execute(query)]


def _row(of: str, row: Any, former: str | None) -> dict[str, Any]:
    known = {name: getattr(row, name) for name in ("industry", "country", "region", "city")}
    before = row.former_owner_id
    return {
        "ref": refs.ref_of(of, row.id),
        "name": getattr(row, label_column(of)),
        **known,
        "former_owner": Ref(refs.ref_of("user", before), former, before) if before is not None else None,
        "reason": said(row.pool_reason),
        "since": row.pooled_at,
    }


def said(reason: str | None) -> str:
    """Why something is in the pool, in the language in use; what people typed stays as it is."""
    return gettext(REASONS[reason or ""]) if (reason or "") in REASONS else str(reason)


def _meant(tx: Tx, text: str) -> tuple[str, int]:
    """The noun and id of a REF: A-7, L-12, a number or name of a customer. Raises NotFound, Invalid.

    Past the predicate a name means only what is in the pool: whether somebody has a customer is not told.
    """
    noun, number = refs.noun_of(text) or ("account", 0)
    if noun not in ("account", "lead"):
        raise Invalid(
            "pool.noun",
            N_("The pool holds customers and leads; {text} is neither."),
            hint=N_("Write A-7 for a customer, L-12 for a lead."),
            text=text,
        )
    model = table(noun)
    if number and tx.session.scalar(select(model.id).where(model.id == number)) is not None:
        return noun, number
    found = refs.resolve(tx, noun, text)
    if tx.unguarded and tx.session.scalar(select(model.id).where(model.id == found, *pooled(noun))) is None:
        raise NotFound(
            "pool.not_found",
            N_("There is no {text} in the pool."),
            hint=N_("crm pool list shows what is."),
            text=text,
        )
    return noun, found


# Claiming


def claim(ctx: Context, wanted: Sequence[str]) -> list[Moved]:
    """Make what is in the pool one's own, all of it or nothing. Of several who claim one, the first has it.

    Raises NotFound, Forbidden, Refused (not in the pool, limit of the day, cool-down, capacity), Conflict (somebody was faster).
    """
    with ctx.transaction("pool.claim") as tx:
        check_right(tx, "pool", "claim")
        pool_rules.in_turn(tx, ctx.actor.id)
        with tx.without_predicate("pool"):
            return [_claimed(ctx, tx, *_meant(tx, one)) for one in wanted]


def _claimed(ctx: Context, tx: Tx, noun: str, record: int) -> Moved:
    row = handover.fresh(tx, noun, record)
    ctx.check_version(tx, row, {"owner": ctx.actor.id})
    if tx.session.scalar(select(table(noun).id).where(table(noun).id == record, *pooled(noun))) is None:
        raise Refused(
            "pool.not_there",
            N_("{ref} is not in the pool."),
            field="owner",
            hint=N_("crm pool list shows what is."),
            ref=refs.ref_of(noun, record),
        )
    rule = pool_rules.rule_of(ctx, tx, noun, record)
    if rule is not None:
        pool_rules.check_claim(ctx, tx, rule, row)
    if not settle_with(tx, noun, record, ctx.actor.id, working=True):
        raise Conflict(
            "pool.claimed",
            N_("{ref} was claimed by somebody else just now."),
            field="owner",
            hint=N_("crm pool list shows what is left."),
            ref=refs.ref_of(noun, record),
        )
    name = str(getattr(row, label_column(noun)))
    return Moved(noun, record, name, row.former_owner_id, ctx.actor.id, row.pool_reason or "")


def settle_with(tx: Tx, noun: str, record: int, person: int | None, *, working: bool) -> bool:
    """Give what is in the pool to somebody, with its contacts, by one conditional update; whether it was still there."""
    values: dict[str, Any] = {
        "owner_id": person,
        "owned_at": tx.now,
        "pooled_at": None,
        "pool_reason": None,
    }
    if noun == "lead":
        values["state"] = "working" if working else "assigned"
    if not handover.hand(tx, noun, [record], values, *pooled(noun)):
        return False
    if noun == "account":
        contact = table("contact")
        free = select(contact.id).where(contact.account_id == record, contact.owner_id.is_(None))
        handover.hand(tx, "contact", list(tx.session.scalars(free)), {"owner_id": person})
    return True


# Releasing


def release(ctx: Context, wanted: Sequence[str], reason: str) -> list[Moved]:
    """Give customers and leads back to the pool, with the reason, their contacts along with them.

    Raises NotFound, Forbidden, Refused (no reason; in the pool already; an open opportunity), Conflict.
    """
    if not reason.strip():
        raise Refused(
            "pool.no_reason",
            N_("What goes to the pool goes with a reason."),
            field="reason",
            hint=N_("Say why: --reason TEXT"),
        )
    with ctx.transaction("pool.release", reason) as tx:
        check_right(tx, "pool", "release")
        return [_released(ctx, tx, *_named(tx, one), reason) for one in wanted]


def _named(tx: Tx, text: str) -> tuple[str, int]:
    """The noun and id of a record that the actor sees. Raises NotFound, Invalid."""
    noun, record = _meant(tx, text)
    return noun, refs.resolve(tx, noun, refs.ref_of(noun, record))


def _released(ctx: Context, tx: Tx, noun: str, record: int, reason: str) -> Moved:
    model = table(noun)
    row = refs.get(tx, noun, refs.ref_of(noun, record))
    ctx.check_version(tx, row, {"owner": None})
    if row.owner_id is None or row.archived_at is not None:
        raise Refused("pool.nobodys", N_("{ref} has no owner."), field="owner", ref=refs.ref_of(noun, record))
    mine = select(model.id).where(model.id == record, within(model, ctx, "release"))
    if tx.session.scalar(mine) is None:
        raise Forbidden(
            "pool.not_yours",
            N_("{ref} is not yours to give back."),
            hint=N_("crm can release pool tells how far your rights reach."),
            ref=refs.ref_of(noun, record),
        )
    with tx.without_predicate("pool"):
        check_unbound(tx, noun, row)
        put(tx, noun, [record], reason)
        notices.tell(ctx, tx, [row.owner_id], "pool.released", (noun, record), note=reason)
    return Moved(noun, record, str(getattr(row, label_column(noun))), row.owner_id, None, reason)


def check_unbound(tx: Tx, noun: str, row: Any) -> None:
    """Raise Refused for a customer with an open opportunity, and for a lead that is done with."""
    opp = table("opp")
    deal = None
    if noun == "account":
        query = select(opp.id).where(opp.account_id == row.id, opp.state.in_(OPEN_DEALS))
        deal = tx.session.scalars(query.where(opp.archived_at.is_(None)).order_by(opp.id)).first()
    if deal is not None:
        raise Refused(
            "pool.open_deal",
            N_("{ref} has an open opportunity, {opp}."),
            hint=N_("Close it first, or hand both over: crm account transfer {ref} --to USER --with-open"),
            ref=refs.ref_of(noun, row.id),
            opp=refs.ref_of("opp", deal),
        )
    if noun == "lead" and row.state in ("converted", "disqualified"):
        raise Refused(
            "lead.state",
            N_("{ref} is {state}."),
            field="state",
            ref=refs.ref_of(noun, row.id),
            state=gettext(row.state),
        )


def put(tx: Tx, noun: str, ids: Sequence[int], reason: str) -> int:
    """Put owned records into the pool, set-wise, their owner's contacts with them; how many."""
    if not ids:
        return 0
    model = table(noun)
    values = {
        "former_owner_id": model.owner_id,
        "owner_id": None,
        "owned_at": None,
        "pooled_at": tx.now,
        "pool_reason": reason,
    }
    if noun == "account":
        contact = table("contact")
        along = (
            select(contact.id)
            .join(model, model.id == contact.account_id)
            .where(member(tx, contact.account_id, ids), contact.owner_id == model.owner_id)
        )
        handover.hand(tx, "contact", list(tx.session.scalars(along)), {"owner_id": None})
    else:
        values |= {"state": "new", "recommended_id": None, "manager_id": None}
        offer = table("assign")
        open_ones = select(offer.id).where(member(tx, offer.lead_id, ids), offer.state == "assigned")
        ended = {"state": "declined", "reason": reason, "decided_at": tx.now}
        handover.hand(tx, "assign", list(tx.session.scalars(open_ones)), ended)
    return handover.hand(tx, noun, ids, values, model.owner_id.is_not(None))
