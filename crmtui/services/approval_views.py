"""Requests for approval as people look at them: what waits, what is asked for, who said what, where requests stand."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from crmtui.services import approvals, records
from crmtui.services.context import Context, Tx
from crmtui.services.presenting import presented
from crmtui.store import refs
from crmtui.store.record import table
from crmtui.store.values import as_text


def inbox(ctx: Context) -> list[dict[str, Any]]:
    """What waits for the actor's decision now, oldest first: the fields of each request, with `change` in words."""
    approval, vote = table("approval"), table("approval_vote")
    with ctx.reading() as tx:
        mine = select(vote.approval_id).where(
            vote.user_id == ctx.actor.id, vote.open.is_(True), vote.said.is_(None)
        )
        query = select(approval).where(approval.state == "pending", approval.id.in_(mine))
        rows = list(tx.session.scalars(query.order_by(approval.id)))
        shown = records.present_all(ctx, "approval", rows)
        return [
            {**one, "change": in_words(changes(ctx, tx, row))} for one, row in zip(shown, rows, strict=True)
        ]


def count(ctx: Context) -> int:
    """How many requests wait for the actor's decision now."""
    approval, vote = table("approval"), table("approval_vote")
    with ctx.reading() as tx:
        query = select(func.count(approval.id)).join(vote, vote.approval_id == approval.id)
        mine = (vote.user_id == ctx.actor.id, vote.open.is_(True), vote.said.is_(None))
        return tx.session.scalar(query.where(approval.state == "pending", *mine)) or 0


def track(ctx: Context, ref: str) -> dict[str, Any]:
    """One request: its fields, `change` and `course` in words, and as lists `changes` and `steps`. Raises NotFound."""
    with ctx.reading() as tx:
        row = refs.get(tx, "approval", ref)
        changed = changes(ctx, tx, row)
        steps = _steps(ctx, tx, row)
        return {
            **records.present(ctx, "approval", row),
            "change": in_words(changed),
            "course": "\n".join(_step_in_words(step) for step in steps),
            "changes": changed,
            "steps": steps,
        }


def changes(ctx: Context, tx: Tx, approval: Any) -> list[dict[str, Any]]:
    """What a request would change, field by field: `field` its name, `label`, `before` and `after` as texts for people."""
    noun, record = refs.noun_of(approval.about) or ("", 0)
    model = table(noun)
    with tx.without_predicate("approval"):
        row = tx.session.scalars(select(model).where(model.id == record)).first()
    stored = records.columns_of(row) if row is not None else {}
    patch = approvals.patch_of(approval)
    before = approvals.patch_of(approval, approval.before or {})
    fields = [field for field in records.fields_in(tx, noun) if field.column in patch and not field.custom]
    [old] = presented(ctx, tx, noun, fields, [{**stored, **before}])
    [new] = presented(ctx, tx, noun, fields, [{**stored, **patch}])
    return [
        {
            "field": field.name,
            "label": field.label,
            "before": as_text(field, old[field.name], people=True),
            "after": as_text(field, new[field.name], people=True),
        }
        for field in fields
        if old[field.name] != new[field.name]
    ]


def in_words(changed: list[dict[str, Any]]) -> str:
    """Changes in one line."""
    return "; ".join(f"{one['field']}: {one['before'] or '-'} → {one['after'] or '-'}" for one in changed)


def _steps(ctx: Context, tx: Tx, approval: Any) -> list[dict[str, Any]]:
    votes = approvals.votes_of(tx, approval.id)
    names = _names(tx, {one for vote in votes for one in (vote.user_id, vote.instead_of_id) if one})
    return [
        {
            "step": vote.step,
            "who": names.get(vote.user_id, refs.ref_of("user", vote.user_id)),
            "instead_of": names.get(vote.instead_of_id) if vote.instead_of_id else None,
            "mode": vote.mode,
            "turn": vote.open,
            "said": vote.said,
            "at": vote.at.astimezone(ctx.clock.zone).isoformat() if isinstance(vote.at, datetime) else None,
            "note": vote.note,
        }
        for vote in votes
    ]


def _names(tx: Tx, ids: set[int]) -> dict[int, str]:
    user = table("user")
    rows = tx.session.execute(select(user.id, user.name).where(user.id.in_(ids)))
    return {row.id: row.name for row in rows}


def _step_in_words(step: Mapping[str, Any]) -> str:
    who = step["who"] + (f" ({step['instead_of']})" if step["instead_of"] else "")
    said = step["said"] or ("…" if step["turn"] else "-")
    return " ".join(str(part) for part in (f"{step['step']}.", who, said, step["note"]) if part)


def waiting(ctx: Context) -> list[dict[str, Any]]:
    """Where the requests stand that the actor sees: for each flow, step and person how many wait, and since when."""
    approval, vote, flow, user = table("approval"), table("approval_vote"), table("flow"), table("user")
    query = (
        select(
            flow.code,
            approval.verb,
            vote.step,
            user.name,
            func.count(approval.id),
            func.min(approval.created_at),
        )
        .select_from(approval)
        .join(vote, vote.approval_id == approval.id)
        .join(user, user.id == vote.user_id)
        .join(flow, flow.id == approval.flow_id, isouter=True)
        .where(approval.state == "pending", vote.open.is_(True), vote.said.is_(None))
        .group_by(flow.code, approval.verb, vote.step, user.name)
        .order_by(flow.code, approval.verb, vote.step, user.name)
    )
    keys = ("flow", "verb", "step", "who", "waiting", "oldest")
    with ctx.reading() as tx:
        found = [dict(zip(keys, row, strict=True)) for row in tx.session.execute(query)]
    for row in found:
        row["oldest"] = row["oldest"].astimezone(ctx.clock.zone)
    return found
