"""Asking for approval: whether a flow wants it, who is asked, and the request that keeps the change as a patch."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from crmtui.errors import Refused
from crmtui.i18n import N_, gettext
from crmtui.services import flows, notices, records
from crmtui.services.context import Context, Tx
from crmtui.services.flows import Asked, Plan
from crmtui.store import refs
from crmtui.store.record import label_column, table
from crmtui.store.session import guard


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
    row = loaded(tx, noun, record_id)
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
            patch={column: as_kept(value) for column, value in patch.items()},
            before={column: as_kept(value) for column, value in before.items()},
        )
    )
    for plan in steps:
        _call(tx, made, plan, open=plan is steps[0])
    tx.session.flush()
    tell_waiting(ctx, tx, made)
    return made


def needed(ctx: Context, tx: Tx, verb: str, noun: str, record_id: int, patch: Mapping[str, Any]) -> bool:
    """Whether a change of a record would have to be asked for; False while it is done because it was approved."""
    if is_approved(tx, noun, record_id) or not flows.any_for(tx, verb):
        return False
    with _as_it_would_be(ctx, tx, loaded(tx, noun, record_id), patch) as asked:
        flow = flows.applying(ctx, tx, verb, asked)
        return flow is not None and bool(flows.plans(ctx, tx, flow, asked))


def remark(ctx: Context, asked: Any) -> None:
    """Tell the person that what they wanted waits for approval."""
    said = gettext(N_("{ref} stays as it is until {approval} is approved; crm approval track {approval}"))
    ctx.remark(said.format(ref=asked.about, approval=refs.ref_of("approval", asked.id)))


def loaded(tx: Tx, noun: str, record_id: int) -> Any:
    """The record that a request is about, whoever may see it."""
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


def tell_waiting(ctx: Context, tx: Tx, approval: Any) -> None:
    """Tell those whose turn it is now."""
    people = [vote.user_id for vote in votes_of(tx, approval.id) if vote.open and vote.said is None]
    notices.tell(
        ctx, tx, people, "approval.waiting", ("approval", approval.id), verb=approval.verb, ref=approval.about
    )


def as_kept(value: Any) -> Any:
    """The value of a column as a request keeps it."""
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


def is_approved(tx: Tx, noun: str, record_id: int | None) -> bool:
    """Whether the running transaction does on that record what was approved."""
    return ("approved", noun, record_id) in tx.known
