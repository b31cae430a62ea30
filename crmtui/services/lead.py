"""Leads: qualified, then converted into a customer, a contact and an opportunity."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from crmtui.errors import Refused
from crmtui.i18n import N_, gettext
from crmtui.services import autotask, dup, records
from crmtui.services.account import handed
from crmtui.services.context import Context, Tx
from crmtui.store import chronicle, refs
from crmtui.store.record import table
from crmtui.text import name_key

COPIED = ("phone", "email", "website", "country", "region", "city", "street", "postcode", "industry")
"""What a new customer takes over from its lead."""


@dataclass(frozen=True)
class Converted:
    """What a lead became. `made` tells which of the three were new."""

    lead: Any
    account: Any
    contact: Any | None
    opp: Any
    made: tuple[str, ...]


FACTS_STAND = True
"""A new record of an import is taken as it is, without being settled."""


def settle(ctx: Context, tx: Tx, row: dict[str, Any], before: dict[str, Any] | None, facts: bool) -> None:
    """A lead with an owner is assigned, one without is new; later states stand by themselves."""
    if facts:
        return
    if row.get("state") in (None, "new") and row.get("owner_id") is not None:
        row["state"] = "assigned"
    elif row.get("state") == "assigned" and row.get("owner_id") is None:
        row["state"] = "new"
    handed(tx, row, before)
    if row.get("owner_id") is not None and row.get("recommended_id") is not None:
        row["recommended_id"] = None  # who has it was decided by hand
        _end_offers(tx, row["id"])
    if row.get("quoted") is not None:
        from crmtui.services import price  # most leads come without

        price.remind(ctx, tx, row, before)


def _end_offers(tx: Tx, lead: int) -> None:
    from crmtui.services import assign  # which only leads that were recommended need

    with tx.without_predicate("assign"):
        offer = assign.live(tx, lead)
        if offer is not None:
            offer.state, offer.decided_at = "replaced", tx.now


def _open(lead: Any) -> None:
    if lead.state == "converted":
        raise Refused(
            "lead.converted",
            N_("{ref} is converted already."),
            field="state",
            hint=N_("Work on its opportunity: crm opp show {opp}") if lead.opp_id else "",
            ref=refs.ref_of("lead", lead.id),
            opp=refs.ref_of("opp", lead.opp_id) if lead.opp_id else "",
        )


def qualify(ctx: Context, ref: str, note: str = "") -> Any:
    """Find a lead worth pursuing, with the reason if one is given; return it. Raises NotFound, Refused, Forbidden."""
    with ctx.transaction("lead.qualify", note) as tx:
        lead = refs.get(tx, "lead", ref)
        ctx.check_version(tx, lead, {"state": "qualified"})
        _open(lead)
        fresh = lead.state != "qualified"
        lead.state = "qualified"
        lead.qualification = note or lead.qualification
        tx.session.flush()
        if fresh:
            autotask.follow(ctx, tx, "prospect", lead)
        return lead


def disqualify(ctx: Context, ref: str, reason: str) -> Any:
    """Rule a lead out, with the reason; return it. Raises NotFound, Refused (no reason, converted), Forbidden."""
    if not reason.strip():
        raise Refused(
            "lead.no_reason",
            N_("A lead is ruled out with a reason."),
            field="qualification",
            hint=N_("Say why: --reason TEXT"),
        )
    with ctx.transaction("lead.disqualify", reason) as tx:
        lead = refs.get(tx, "lead", ref)
        ctx.check_version(tx, lead, {"state": "disqualified"})
        _open(lead)
        lead.state = "disqualified"
        lead.qualification = reason
        return lead


def convert(
    ctx: Context, ref: str, given: Mapping[str, object] | None = None, *, account: str = ""
) -> Converted:
    """Make a customer, a contact and an opportunity of a qualified lead, all or nothing; keep the links.

    A customer of the same name that the actor can see is used instead of a new one (A-48), or the one named by
    `account`. `given` are values for the opportunity. A converted lead answers whoever converted it with what it became,
    and changes nothing. Raises NotFound, Refused (not qualified; converted by somebody else; several customers of that
    name), Invalid, Forbidden.
    """
    with ctx.transaction("lead.convert") as tx:
        lead = refs.get(tx, "lead", ref)
        ctx.check_version(tx, lead, {"state": "converted"})
        if lead.state == "converted":
            _check_converter(ctx, tx, lead)
            return _links(tx, lead, ())
        if lead.state != "qualified":
            raise Refused(
                "lead.not_qualified",
                N_("{ref} is not qualified yet (it is {state})."),
                field="state",
                hint=N_("Qualify it first: crm lead qualify {ref}"),
                ref=refs.ref_of("lead", lead.id),
                state=gettext(lead.state),
            )
        owner = lead.owner_id or ctx.actor.id
        made: list[str] = []
        customer = _customer(ctx, tx, lead, account, owner, made)
        contact = _contact(ctx, tx, lead, customer.id, owner, made)
        opp = _opportunity(ctx, tx, lead, customer, contact, owner, given or {})
        lead.state, lead.account_id, lead.opp_id = "converted", customer.id, opp.id
        lead.contact_id = contact.id if contact else None
        tx.session.flush()
        return _links(tx, lead, (*made, "opp"))


def _check_converter(ctx: Context, tx: Tx, lead: Any) -> None:
    """Raise Refused where somebody else converted the lead: who says it twice is answered, who comes too late is told."""
    for entry in chronicle.entries(tx, table("lead").__table__, lead.id):
        if entry.verb == "lead.convert" and entry.actor_id == ctx.actor.id:
            return
    _open(lead)


def _links(tx: Tx, lead: Any, made: tuple[str, ...]) -> Converted:
    def found(noun: str, record: int | None) -> Any:
        return (
            tx.session.scalars(select(table(noun)).where(table(noun).id == record)).first()
            if record
            else None
        )

    return Converted(
        lead,
        found("account", lead.account_id),
        found("contact", lead.contact_id),
        found("opp", lead.opp_id),
        made,
    )


def _customer(ctx: Context, tx: Tx, lead: Any, named: str, owner: int | None, made: list[str]) -> Any:
    if named:
        return refs.get(tx, "account", named)
    account = table("account")
    same = select(account).where(account.name_key == name_key(lead.company), account.archived_at.is_(None))
    found = list(tx.session.scalars(same.order_by(account.id).limit(3)))
    if len(found) > 1:
        raise Refused(
            "lead.several_customers",
            N_("There are several customers called {name}: {candidates}."),
            hint=N_("Say which one: --account REF"),
            name=lead.company,
            candidates=", ".join(refs.ref_of("account", one.id) for one in found),
        )
    if found:
        return found[0]
    row = {name: getattr(lead, name) for name in COPIED}
    row |= {"name": lead.company, "owner_id": owner, "currency": lead.currency}
    alike = dup.same(ctx, tx, "account", row)
    if alike is not None:
        return tx.session.scalars(select(account).where(account.id == alike)).one()
    made.append("account")
    return records.insert(ctx, tx, "account", row)


def _contact(ctx: Context, tx: Tx, lead: Any, account: int, owner: int | None, made: list[str]) -> Any | None:
    if not lead.contact_name:
        return None
    contact = table("contact")
    same = select(contact).where(
        contact.account_id == account, contact.name_key == name_key(lead.contact_name)
    )
    found = tx.session.scalars(same.order_by(contact.id)).first()
    if found is not None:
        return found
    made.append("contact")
    row = {
        name: getattr(lead, name)
        for name in ("title", "phone", "email", "country", "region", "city", "next_contact_on")
    }
    return records.insert(
        ctx, tx, "contact", {**row, "name": lead.contact_name, "account_id": account, "owner_id": owner}
    )


def _opportunity(
    ctx: Context,
    tx: Tx,
    lead: Any,
    customer: Any,
    contact: Any | None,
    owner: int | None,
    given: Mapping[str, object],
) -> Any:
    row = records.read_values(ctx, tx, "opp", given, through=("advance", "adjust"))
    row.setdefault("name", " · ".join(part for part in (lead.company, lead.interest) if part)[:200])
    row.setdefault("owner_id", owner)
    row.setdefault("amount", lead.quoted)
    row.setdefault("currency", lead.currency)
    for name in ("source", "need", "industry"):
        row.setdefault(name, getattr(lead, name))
    row.setdefault("opened_on", ctx.clock.today())
    row.update(account_id=customer.id, contact_id=contact.id if contact else None, lead_id=lead.id)
    return records.insert(ctx, tx, "opp", row, facts=row.get("expected_close_on") is None)
