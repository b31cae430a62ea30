"""Approvals: a change waits as a patch until those agree whom its flow names, and is then checked again and done."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from importlib import import_module
from typing import Any

from sqlalchemy import select

from crmtui.errors import Conflict, CrmError, Refused
from crmtui.i18n import N_, gettext
from crmtui.services import flows, notices, records
from crmtui.services.context import Context, Tx
from crmtui.services.flows import Asked, Plan
from crmtui.store import refs
from crmtui.store.record import label_column, table
from crmtui.store.session import check_right, guard

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


# Asking


def ask(
    ctx: Context,
    tx: Tx,
    verb: str,
    noun: str,
    record_id: int,
    patch: Mapping[str, Any],
    note: str = "",
    *,
    always: bool = False,
) -> Any | None:
    """Ask for the approval that `verb` on a record needs, in the caller's transaction; return the request as stored.

    `patch` are columns and the values that they would get; nothing of it is set now. None says that no flow applies:
    go ahead. With `always` the superior is asked where no flow applies. Raises what setting the patch raises,
    Refused (the same is asked for already; nobody could approve), Forbidden.
    """
    if not always and not flows.any_for(tx, verb):
        return None
    row = _loaded(tx, noun, record_id)
    before = {column: getattr(row, column) for column in patch if column in type(row).model_fields}
    with _as_it_would_be(ctx, tx, row, patch) as asked:
        flow = flows.applying(ctx, tx, verb, asked)
        if flow is None and not always:
            return None
        steps = flows.plans(ctx, tx, flow, asked)
    if not steps:
        return None
    _check_once(tx, verb, noun, record_id, patch)
    made = tx.add(
        table("approval")(
            name=str(getattr(row, label_column(noun)) or refs.ref_of(noun, record_id))[:200],
            about=refs.ref_of(noun, record_id),
            verb=verb,
            flow_id=flow.id if flow is not None else None,
            step=steps[0].position,
            owner_id=ctx.actor.id,
            login=ctx.actor.login,
            note=note or None,
            patch={column: _json(value) for column, value in patch.items()},
            before={column: _json(value) for column, value in before.items()},
        )
    )
    for plan in steps:
        _call(tx, made, plan, open=plan is steps[0])
    tx.session.flush()
    _tell_waiting(ctx, tx, made)
    return made


def needed(ctx: Context, tx: Tx, verb: str, noun: str, record_id: int, patch: Mapping[str, Any]) -> bool:
    """Whether a change of a record would have to be asked for; False while it is done because it was approved."""
    if is_approved(tx, noun, record_id) or not flows.any_for(tx, verb):
        return False
    with _as_it_would_be(ctx, tx, _loaded(tx, noun, record_id), patch) as asked:
        flow = flows.applying(ctx, tx, verb, asked)
        return flow is not None and bool(flows.plans(ctx, tx, flow, asked))


def remark(ctx: Context, asked: Any) -> None:
    """Tell the person that what they wanted waits for approval."""
    said = gettext(N_("{ref} stays as it is until {approval} is approved; crm approval track {approval}"))
    ctx.remark(said.format(ref=asked.about, approval=refs.ref_of("approval", asked.id)))


def _loaded(tx: Tx, noun: str, record_id: int) -> Any:
    with tx.without_predicate("approval"):
        return tx.session.scalars(select(table(noun)).where(table(noun).id == record_id)).one()


@contextmanager
def _as_it_would_be(ctx: Context, tx: Tx, row: Any, patch: Mapping[str, Any]) -> Iterator[Asked]:
    """Within the block the record stands in the store with the patch done, so that conditions can be asked of it."""
    noun, record, model = row.NOUN, row.id, table(row.NOUN)
    stored = records.columns_of(row)
    tx.session.flush()
    trial = tx.session.begin_nested()
    try:
        with guard(ctx.store):
            values = {column: value for column, value in patch.items() if column in model.model_fields}
            if values:
                changed = model.__table__.update().where(model.__table__.c.id == record).values(**values)
                tx.session.connection().execute(changed)
        yield Asked(ctx.actor.id or 0, noun, record, stored.get("owner_id"), stored, {**stored, **values})
    finally:
        trial.rollback()


def _check_once(tx: Tx, verb: str, noun: str, record_id: int, patch: Mapping[str, Any]) -> None:
    """Two requests of one record that want the same field would undo each other."""
    for other in waiting_about(tx, noun, record_id):
        shared = set(other.patch or {}) & set(patch)
        if shared or (other.verb == verb and not patch):
            raise Refused(
                "approval.asked",
                N_("{ref} waits already for the approval of such a change: {approval}."),
                field=next(iter(sorted(shared)), None),
                hint=N_("Take that request back first: crm approval recall {approval}"),
                ref=refs.ref_of(noun, record_id),
                approval=refs.ref_of("approval", other.id),
            )


def _call(tx: Tx, approval: Any, plan: Plan, *, open: bool) -> None:
    """Put down whose word a step needs. It is their turn when the step is; in turn, that of one after the other."""
    for place, person in enumerate(plan.people):
        tx.session.add(
            table("approval_vote")(
                approval_id=approval.id,
                step=plan.position,
                mode=plan.mode,
                place=place,
                user_id=person.user_id,
                instead_of_id=person.instead_of,
                requester_id=approval.owner_id,
                open=open and (plan.mode != "turn" or place == 0),
            )
        )


def _tell_waiting(ctx: Context, tx: Tx, approval: Any) -> None:
    """Tell those whose turn it is now."""
    people = [vote.user_id for vote in votes_of(tx, approval.id) if vote.open and vote.said is None]
    notices.tell(
        ctx, tx, people, "approval.waiting", ("approval", approval.id), verb=approval.verb, ref=approval.about
    )


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value


# Looking


def votes_of(tx: Tx, approval_id: int) -> list[Any]:
    """Whose word a request needs, step by step, and what they said."""
    vote = table("approval_vote")
    query = select(vote).where(vote.approval_id == approval_id).order_by(vote.step, vote.place, vote.id)
    return list(tx.session.scalars(query))


def waiting_about(tx: Tx, noun: str, record_id: int) -> list[Any]:
    """The requests about a record that are still to be decided, whoever made them, oldest first."""
    approval = table("approval")
    query = select(approval).where(
        approval.about == refs.ref_of(noun, record_id), approval.state == "pending"
    )
    with tx.without_predicate("approval"):
        return list(tx.session.scalars(query.order_by(approval.id)))


def patch_of(approval: Any, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What a request would set (or other `values` as it keeps them), as the columns hold it."""
    noun = refs.noun_of(approval.about)
    assert noun is not None
    columns = table(noun[0]).__table__.columns
    return {
        column: _stored(columns[column].type if column in columns else None, value)
        for column, value in (approval.patch or {} if values is None else values).items()
    }


def _stored(kind: Any, value: Any) -> Any:
    from crmtui.store.types import Day, Moment

    if not isinstance(value, str):
        return value
    if isinstance(kind, Day):
        return date.fromisoformat(value)
    return datetime.fromisoformat(value) if isinstance(kind, Moment) else value


# Deciding


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
            _tell_waiting(ctx, tx, approval)
        return True
    for vote in left:
        vote.open = False
    later = [vote for vote in every if vote.step > approval.step]
    if later:
        approval.step = later[0].step
        for vote in later:
            vote.open = vote.step == approval.step and (vote.mode != "turn" or vote.place == 0)
        tx.session.flush()
        _tell_waiting(ctx, tx, approval)
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
                    _do(ctx, tx, approval, _loaded(tx, noun, record))
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
        column for column in patch if column in before and _json(getattr(row, column)) != before[column]
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


def is_approved(tx: Tx, noun: str, record_id: int | None) -> bool:
    """Whether the running transaction does on that record what was approved."""
    return ("approved", noun, record_id) in tx.known


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
            after(ctx, tx, approval.verb, _loaded(tx, noun, record), state)
            tx.session.flush()
    finally:
        tx.force = forced
