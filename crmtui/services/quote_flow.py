"""The way of a quote: submitted, approved, answered by the customer, made a deal; or returned, cancelled, out of date."""

from datetime import date
from typing import Any

from sqlalchemy import select

from crmtui.errors import Invalid, Refused
from crmtui.i18n import N_, gettext
from crmtui.services import quote_rule, records
from crmtui.services.context import Context, Tx
from crmtui.services.quote import load
from crmtui.store import refs
from crmtui.store.record import table
from crmtui.text import check

MOVES = {
    "submit": ("draft", "returned"),
    "send": ("approved", "sent"),
    "accept": ("sent",),
    "decline": ("sent",),
    "deal": ("accepted",),
    "cancel": ("draft", "returned", "approved", "sent"),
    "revise": ("returned", "approved", "sent", "declined", "expired"),
    "counter": ("approved", "sent"),
}
"""Verb → the states in which a quote goes this way."""
NEXT = {
    "draft": N_("First submit it: crm quote submit {ref}"),
    "returned": N_("Change it and submit it again: crm quote submit {ref}"),
    "submitted": N_("It waits for approval."),
    "approved": N_("First send it: crm quote send {ref}"),
    "sent": N_("It waits for the customer's answer: crm quote accept {ref}"),
    "accepted": N_("Make it a deal: crm quote deal {ref}"),
    "superseded": N_("Work on its newest version: crm quote versions {ref}"),
}
"""State → what comes next from there."""


def may(quote: Any, verb: str) -> None:
    """Raise Refused where a quote in its state does not go this way."""
    if quote.state not in MOVES[verb]:
        raise Refused(
            "quote.no_such_move",
            N_("{ref} is {state}; that is not the moment to {verb}."),
            field="state",
            hint=NEXT.get(quote.state, ""),
            ref=refs.ref_of("quote", quote.id),
            state=gettext(quote.state),
            verb=gettext(verb),
        )


def submit(ctx: Context, ref: str, note: str = "") -> Any:
    """Ask for the approval of a quote; where no approval flow applies it is approved at once. Return it as stored.

    A version of what was approved before needs none where the company's rule says so. Raises NotFound, Refused (not a
    draft, nothing offered), Forbidden, Conflict.
    """
    from crmtui.services import approvals

    with ctx.transaction("quote.submit", note) as tx:
        quote = load(ctx, tx, ref, {"state": "submitted"})
        may(quote, "submit")
        if quote.amount is None:
            raise Refused(
                "quote.empty",
                N_("{ref} offers nothing."),
                field="lines",
                hint=N_("Add a line: crm quote line add {ref} --product PRODUCT"),
                ref=refs.ref_of("quote", quote.id),
            )
        quote.state, quote.reason = "submitted", None
        tx.session.flush()
        free = quote.previous_id is not None and quote_rule.revisions_are_free(tx)
        if (
            free
            or approvals.ask(ctx, tx, "quote.submit", "quote", quote.id, {"state": "approved"}, note) is None
        ):
            quote.state = "approved"
        tx.session.flush()
        return quote


def approved(ctx: Context, tx: Tx, verb: str, quote: Any, patch: dict[str, Any]) -> None:
    """Do what the approvers agreed to. Raises Refused where the quote no longer waits for it."""
    if quote.state != "submitted":
        raise Refused(
            "quote.not_waiting",
            N_("{ref} is {state}; it does not wait for approval."),
            field="state",
            ref=refs.ref_of("quote", quote.id),
            state=gettext(quote.state),
        )
    quote.state = "approved"
    tx.session.flush()


def turned_down(ctx: Context, tx: Tx, verb: str, quote: Any, state: str) -> None:
    """Give a quote back to who submitted it: returned by an approver, a draft again when they took it back themselves."""
    if quote.state == "submitted":
        quote.state = "draft" if state == "recalled" else "returned"
        tx.session.flush()


def accept(ctx: Context, ref: str, on: date | None = None, note: str = "") -> Any:
    """Note that the customer accepts; what is accepted stands. Return it. Raises NotFound, Refused, Forbidden, Conflict."""
    with ctx.transaction("quote.accept", note) as tx:
        quote = load(ctx, tx, ref, {"state": "accepted"})
        may(quote, "accept")
        quote.state, quote.answered_on = "accepted", day_of(ctx, on)
        tx.session.flush()
        return quote


def decline(ctx: Context, ref: str, reason: str, on: date | None = None) -> Any:
    """Note that the customer says no, with the reason; return it. Raises NotFound, Refused, Forbidden, Conflict."""
    return _end(ctx, ref, "decline", "declined", reason, on)


def cancel(ctx: Context, ref: str, reason: str) -> Any:
    """Withdraw a quote, with the reason; return it. Raises NotFound, Refused, Forbidden, Conflict."""
    return _end(ctx, ref, "cancel", "cancelled", reason, None)


def _end(ctx: Context, ref: str, verb: str, state: str, reason: str, on: date | None) -> Any:
    if not reason.strip():
        raise Refused(
            "quote.no_reason",
            N_("A quote ends with the reason."),
            field="reason",
            hint=N_("Say why: --reason TEXT"),
        )
    with ctx.transaction(f"quote.{verb}", reason) as tx:
        quote = load(ctx, tx, ref, {"state": state})
        may(quote, verb)
        quote.state, quote.reason = state, check(reason.strip(), max=400, multiline=False)
        if verb == "decline":
            quote.answered_on = day_of(ctx, on)
        tx.session.flush()
        return quote


def day_of(ctx: Context, on: date | None) -> date:
    """The day on which something happened, today if not said. Raises Invalid for one that is still to come."""
    today = ctx.clock.today()
    if on is not None and on > today:
        raise Invalid("quote.future", N_("{day} is still to come."), field="on", day=on)
    return on or today


def deal(ctx: Context, ref: str, summary: str = "", on: date | None = None) -> Any:
    """Make an accepted quote a deal; its opportunity is won with its amount, and `summary` says how. Return it.

    An opportunity that was won before stays as it is. Raises NotFound, Refused (not accepted; no summary where an
    opportunity is to be won), Forbidden, Conflict.
    """
    with ctx.together("quote.deal", summary) as tx:
        quote = load(ctx, tx, ref, {"state": "deal"})
        may(quote, "deal")
        quote.state, quote.closed_on = "deal", day_of(ctx, on)
        tx.session.flush()
        opp = tx.session.get(table("opp"), quote.opp_id) if quote.opp_id else None
        if opp is not None and opp.state in ("open", "suspended"):
            _win(ctx, tx, quote, opp, summary)
        return quote


def _win(ctx: Context, tx: Tx, quote: Any, opp: Any, summary: str) -> None:
    from crmtui.services import opportunity

    records.apply(ctx, tx, opp, {"amount": quote.amount, "currency": quote.currency})
    said, ctx.if_version = ctx.if_version, None  # it was the version of the quote
    try:
        opportunity.close(ctx, refs.ref_of("opp", opp.id), won=True, summary=summary, on=quote.closed_on)
    finally:
        ctx.if_version = said


def expire(ctx: Context, note: str = "") -> list[Any]:
    """Let expire what is approved or sent and out of date, as far as the actor may; return those quotes. Raises Forbidden."""
    from crmtui.store.session import check_right
    from crmtui.store.visibility import reach

    model = table("quote")
    with ctx.transaction("quote.expire", note) as tx:
        check_right(tx, "quote", "expire")
        past = (
            model.state.in_(("approved", "sent")),
            model.valid_until < ctx.clock.today(),
            model.archived_at.is_(None),
            reach("quote", ctx.actor, "expire"),
        )
        query = select(model).where(*past).order_by(model.id)
        found = list(tx.session.scalars(query if tx.store.sqlite else query.with_for_update()))
        for quote in found:
            quote.state = "expired"
        tx.session.flush()
        return found
