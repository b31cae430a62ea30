"""Who works on a lead: delegated by the account manager, accepted or declined by whom it was given to."""

from typing import Any

from sqlalchemy import select

from crmtui.errors import Refused
from crmtui.i18n import N_, gettext
from crmtui.services import assign
from crmtui.services.context import Context, Tx
from crmtui.store import refs
from crmtui.store.record import table

WORKABLE = ("new", "assigned", "working", "qualified")


def delegate(ctx: Context, ref: str, to: str, note: str = "") -> Any:
    """Let a rep work on a lead whose account manager one is; return it. They stay its account manager.

    Raises NotFound, Refused (ruled out or converted, to oneself, to somebody who has left), Forbidden, Conflict.
    """
    with ctx.transaction("lead.delegate", note) as tx:
        lead = refs.get(tx, "lead", ref)
        ctx.check_version(tx, lead, {"owner": to})
        _check_state(lead, WORKABLE)
        rep = refs.resolve(tx, "user", to)
        manager = lead.manager_id or lead.owner_id or ctx.actor.id
        if rep == lead.owner_id:
            raise Refused(
                "lead.theirs_already",
                N_("{ref} is theirs already."),
                field="owner",
                hint=N_("Take it on yourself: crm lead accept {ref}"),
                ref=refs.ref_of("lead", lead.id),
            )
        with tx.without_predicate("assign"):
            _check_here(tx, rep)
            before = assign.live(tx, lead.id)
            if before is not None:
                before.state = "accepted" if before.state == "assigned" else "replaced"
                before.decided_at = tx.now
            made = {"lead_id": lead.id, "owner_id": rep, "delegated": True, "why": [{"kind": "delegated"}]}
            made["rule_id"] = before.rule_id if before is not None else None
            offer = tx.add(table("assign")(name=lead.company, **made))
            return assign.give(ctx, tx, lead, offer, manager_id=manager)


def accept(ctx: Context, ref: str) -> Any:
    """Take on a lead that was given to one; return it, now worked on. Raises NotFound, Refused, Forbidden, Conflict."""
    with ctx.transaction("lead.accept") as tx:
        lead = _mine(ctx, tx, ref, "working")
        _check_state(lead, ("assigned",))
        offer = _given(tx, lead)
        lead.state = "working"
        if offer is not None:
            offer.state, offer.decided_at = "accepted", tx.now
        tx.session.flush()
        return lead


def decline(ctx: Context, ref: str, reason: str) -> Any:
    """Say no to a lead that was given to one, with the reason; return it, offered to the next one if there is any.

    A delegated one goes back to its account manager. Raises NotFound, Refused (no reason, not yours, accepted), Forbidden.
    """
    if not reason.strip():
        raise Refused(
            "lead.no_reason_to_decline",
            N_("A lead is declined with a reason."),
            field="reason",
            hint=N_("Say why: --reason TEXT"),
        )
    with ctx.transaction("lead.decline", reason) as tx:
        lead = _mine(ctx, tx, ref, "new")
        _check_state(lead, ("assigned",))
        with tx.without_predicate("assign"):
            offer = _given(tx, lead) or _noted(ctx, tx, lead)
            back = assign.take_back(ctx, tx, lead, offer, "declined", reason)
            return back if back.owner_id is not None else assign.offer_on(ctx, tx, back).lead


def _noted(ctx: Context, tx: Tx, lead: Any) -> Any:
    """What stands for an assignment by hand, so that the one who declined is not asked again."""
    made = {"lead_id": lead.id, "owner_id": ctx.actor.id, "state": "assigned", "why": [{"kind": "chosen"}]}
    return tx.add(table("assign")(name=lead.company, **made))


def _given(tx: Tx, lead: Any) -> Any | None:
    offer = table("assign")
    query = select(offer).where(
        offer.lead_id == lead.id, offer.owner_id == lead.owner_id, offer.state == "assigned"
    )
    return tx.session.scalars(query.order_by(offer.id.desc())).first()


def _mine(ctx: Context, tx: Tx, ref: str, state: str) -> Any:
    lead = refs.get(tx, "lead", ref)
    ctx.check_version(tx, lead, {"state": state})
    if lead.owner_id != ctx.actor.id:
        raise Refused(
            "lead.not_yours",
            N_("{ref} is not yours; its owner accepts or declines it."),
            field="owner",
            ref=refs.ref_of("lead", lead.id),
        )
    return lead


def _check_state(lead: Any, states: tuple[str, ...]) -> None:
    if lead.state not in states:
        raise Refused(
            "lead.state",
            N_("{ref} is {state}."),
            field="state",
            hint=N_("It can be done while it is: {states}."),
            ref=refs.ref_of("lead", lead.id),
            state=gettext(lead.state),
            states=", ".join(gettext(one) for one in states),
        )


def _check_here(tx: Tx, person: int) -> None:
    from crmtui.services import presence

    if presence.person(tx, person) is None:
        raise Refused(
            "user.left",
            N_("{ref} does not work here any more."),
            field="to",
            ref=refs.ref_of("user", person),
        )
