"""Approvals: a change waits as a patch until those agree whom its flow names, and is then checked again and done."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from sqlalchemy import select

from crmtui.errors import Conflict, CrmError, Refused
from crmtui.i18n import N_, gettext
from crmtui.services import notices, records
from crmtui.services.context import Context, Tx
from crmtui.services.requests import (
    as_kept,
    ask,
    is_approved,
    loaded,
    needed,
    patch_of,
    remark,
    tell_waiting,
    votes_of,
    waiting_about,
)
from crmtui.store import refs
from crmtui.store.record import table
from crmtui.store.session import check_right, guard

__all__ = [
    "DONE_BY",
    "Fault",
    "ask",
    "is_approved",
    "many",
    "needed",
    "ok",
    "patch_of",
    "recall",
    "reject",
    "remark",
]
__all__ += ["votes_of", "waiting_about"]

DONE_BY: dict[str, str] = {
    "opp.adjust": "crmtui.services.opportunity",
    "opp.advance": "crmtui.services.moves",
    "opp.reactivate": "crmtui.services.resting",
    "opp.team": "crmtui.services.teaming",
    "quote.submit": "crmtui.services.quote_flow",
    "contract.submit": "crmtui.services.contract",
    "contract.change": "crmtui.services.contract",
}
"""Verb → the module that does what was approved. It has `approved(ctx, tx, verb, record, patch)`, which raises CrmError
where it can no longer be done, and may have `turned_down(ctx, tx, verb, record, state)`, called when a request was
rejected, recalled, or approved in vain (state is that of the approval). Other verbs set the columns of the patch."""


@dataclass(frozen=True)
class Fault:
    """A request of a batch that could not be decided, and why."""

    ref: str
    error: CrmError


def ok(ctx: Context, ref: str, note: str = "") -> Any:
    """Agree to a request; when nobody else is left to ask, what it asks for is done. Return the request as it now is.

    Its state is then approved, or conflict where the record changed meanwhile. Raises NotFound, Forbidden, Refused
    (decided already, not your turn, your own request), Conflict.
    """
    with ctx.transaction("approval.ok", note) as tx:
        approval, vote = _to_decide(ctx, tx, ref, "ok")
        vote.said, vote.note, vote.at, vote.open = "ok", note or None, tx.now, False
        tx.session.flush()
        if not _go_on(ctx, tx, approval):
            _fulfil(ctx, tx, approval)
        return approval


def reject(ctx: Context, ref: str, reason: str) -> Any:
    """Say no to a request, with the reason; return it. Raises NotFound, Forbidden, Refused, Conflict."""
    if not reason.strip():
        raise Refused(
            "approval.no_reason",
            N_("A request is rejected with the reason."),
            field="reason",
            hint=N_("Say why: --note TEXT"),
        )
    with ctx.transaction("approval.reject", reason) as tx:
        approval, vote = _to_decide(ctx, tx, ref, "reject")
        vote.said, vote.note, vote.at, vote.open = "reject", reason, tx.now, False
        _end(ctx, tx, approval, "rejected", reason)
        return approval


def recall(ctx: Context, ref: str, note: str = "") -> Any:
    """Take back a request of one's own; return it. Raises NotFound, Refused (not yours, decided already), Conflict."""
    with ctx.transaction("approval.recall", note) as tx:
        approval = refs.get(tx, "approval", ref)
        ctx.check_version(tx, approval, {"state": "recalled"})
        _check_pending(approval)
        if approval.owner_id != ctx.actor.id:
            raise Refused(
                "approval.not_yours",
                N_("{ref} is somebody else's request; only who asked takes it back."),
                ref=refs.ref_of("approval", approval.id),
            )
        _end(ctx, tx, approval, "recalled", note)
        return approval


def many(ctx: Context, verb: str, wanted: Sequence[str], note: str = "") -> tuple[list[Any], list[Fault]]:
    """Decide on several requests in one transaction, each for itself: those decided, and those that could not be, and why."""
    verbs: dict[str, Callable[[Context, str, str], Any]] = {"ok": ok, "reject": reject, "recall": recall}
    act = verbs[verb]
    done: list[Any] = []
    failed: list[Fault] = []
    with ctx.together(f"approval.{verb}", note) as tx:
        for ref in dict.fromkeys(wanted):
            try:
                with guard(ctx.store), tx.session.begin_nested():
                    done.append(act(ctx, ref, note))
            except CrmError as error:
                failed.append(Fault(ref, error))
    return done, failed


def _to_decide(ctx: Context, tx: Tx, ref: str, verb: str) -> tuple[Any, Any]:
    """The request, and the word that the actor has to say on it. Raises Refused where it is not theirs to decide."""
    check_right(tx, "approval", verb)
    approval = refs.get(tx, "approval", ref)
    ctx.check_version(tx, approval, {"state": verb})
    _check_pending(approval)
    _check_not_own(ctx, tx, approval)
    mine = [vote for vote in votes_of(tx, approval.id) if vote.user_id == ctx.actor.id and vote.said is None]
    vote = next((vote for vote in mine if vote.open), None)
    if vote is None:
        raise Refused(
            "approval.not_your_turn",
            N_("{ref} waits for others now; your turn comes.")
            if mine
            else N_("{ref} does not wait for you."),
            hint=N_("crm approval track {ref} shows who decides."),
            ref=refs.ref_of("approval", approval.id),
        )
    return approval, vote


def _check_pending(approval: Any) -> None:
    if approval.state != "pending":
        raise Refused(
            "approval.decided",
            N_("{ref} is {state} already."),
            field="state",
            ref=refs.ref_of("approval", approval.id),
            state=gettext(approval.state),
        )


def _check_not_own(ctx: Context, tx: Tx, approval: Any) -> None:
    """Nobody decides on their own request, under no name either; on PostgreSQL nobody decides in another's name."""
    acting = ctx.actor.login != ctx.actor.acting_as
    if approval.owner_id == ctx.actor.id or (
        approval.login == ctx.actor.login and not _one_login(tx, approval)
    ):
        raise Refused(
            "approval.own",
            N_("{ref} is your own request; somebody else decides on it."),
            hint=N_("crm approval track {ref} shows who decides."),
            ref=refs.ref_of("approval", approval.id),
        )
    if acting and not ctx.store.sqlite and not _one_login(tx, approval):
        raise Refused(
            "approval.other_name",
            N_("Nobody decides in the name of somebody else."),
            hint=N_("{login} connects to the database as themselves."),
            login=ctx.actor.acting_as,
        )


def _one_login(tx: Tx, approval: Any) -> bool:
    flow = table("flow")
    return bool(tx.session.scalar(select(flow.one_login).where(flow.id == approval.flow_id)))


def _go_on(ctx: Context, tx: Tx, approval: Any) -> bool:
    """Whether somebody is left to ask; if so it is their turn now, and they are told."""
    every = votes_of(tx, approval.id)
    here = [vote for vote in every if vote.step == approval.step]
    left = [vote for vote in here if vote.said is None]
    if left and here[0].mode != "any":
        if here[0].mode == "turn":
            left[0].open = True
            tx.session.flush()
            tell_waiting(ctx, tx, approval)
        return True
    for vote in left:
        vote.open = False
    later = [vote for vote in every if vote.step > approval.step]
    if later:
        approval.step = later[0].step
        for vote in later:
            vote.open = vote.step == approval.step and (vote.mode != "turn" or vote.place == 0)
        tx.session.flush()
        tell_waiting(ctx, tx, approval)
    return bool(later)


def _fulfil(ctx: Context, tx: Tx, approval: Any) -> None:
    """Do what was approved, if the record still stands as it stood when it was asked for."""
    noun, record = refs.noun_of(approval.about) or ("", 0)
    forced, tx.force = tx.force, True
    try:
        with tx.without_predicate("approval"):
            trial = tx.session.begin_nested()
            try:
                with guard(ctx.store):
                    _do(ctx, tx, approval, loaded(tx, noun, record))
                    tx.session.flush()
                trial.commit()
                state, reason = "approved", ""
            except CrmError as error:
                trial.rollback()
                state, reason = "conflict", str(error)
    finally:
        tx.force = forced
    _end(ctx, tx, approval, state, reason)


def _do(ctx: Context, tx: Tx, approval: Any, row: Any) -> None:
    patch, before = patch_of(approval), approval.before or {}
    changed = [
        column for column in patch if column in before and as_kept(getattr(row, column)) != before[column]
    ]
    if changed:
        raise Conflict(
            "approval.changed",
            N_("{field} of {ref} was changed meanwhile."),
            field=changed[0].removesuffix("_id"),
            ref=approval.about,
        )
    tx.known["approved", row.NOUN, row.id] = approval.verb
    if approval.verb in DONE_BY:
        import_module(DONE_BY[approval.verb]).approved(ctx, tx, approval.verb, row, patch)
    else:
        records.apply(ctx, tx, row, patch)


def _end(ctx: Context, tx: Tx, approval: Any, state: str, reason: str) -> None:
    """Close a request, tell who asked (or those who were asked, when it is taken back)."""
    waiting = [vote for vote in votes_of(tx, approval.id) if vote.said is None and vote.open]
    for vote in waiting:
        vote.open = False
    approval.state, approval.decided_at, approval.reason = state, tx.now, reason or None
    tx.session.flush()
    if state != "approved":
        _turn_down(ctx, tx, approval, state)
    told = [vote.user_id for vote in waiting] if state == "recalled" else [approval.owner_id]
    notices.tell(
        ctx,
        tx,
        told,
        f"approval.{state}",
        ("approval", approval.id),
        verb=approval.verb,
        ref=approval.about,
        note=reason,
    )


def _turn_down(ctx: Context, tx: Tx, approval: Any, state: str) -> None:
    after = (
        getattr(import_module(DONE_BY[approval.verb]), "turned_down", None)
        if approval.verb in DONE_BY
        else None
    )
    if after is None:
        return
    noun, record = refs.noun_of(approval.about) or ("", 0)
    forced, tx.force = tx.force, True
    try:
        with tx.without_predicate("approval"):
            after(ctx, tx, approval.verb, loaded(tx, noun, record), state)
            tx.session.flush()
    finally:
        tx.force = forced
