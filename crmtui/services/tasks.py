"""Tasks: set by people and by rules, accepted or declined, done."""

from datetime import date
from typing import Any

from crmtui.errors import Refused
from crmtui.i18n import N_, gettext
from crmtui.services import notices, records
from crmtui.services.context import Context, Tx
from crmtui.store import refs
from crmtui.store.record import table

OPEN = ("open", "accepted")
MOVES: dict[str, tuple[tuple[str, ...], str]] = {
    "accept": (("open",), "accepted"),
    "decline": (OPEN, "declined"),
    "done": (OPEN, "done"),
    "cancel": (OPEN, "cancelled"),
    "reopen": (("done", "declined", "cancelled"), "open"),
}
"""Verb → the states in which it can be said, and the one that it leads to."""
OWNERS = ("accept", "decline")
"""What only the person can say whose task it is."""


def settle(ctx: Context, tx: Tx, row: dict[str, Any], before: dict[str, Any] | None, facts: bool) -> None:
    """A task has somebody who set it and somebody to do it; whoever sets themselves one has accepted it."""
    if before is not None:
        return
    row["assigner_id"] = row.get("assigner_id") or ctx.actor.id
    row["owner_id"] = row.get("owner_id") or ctx.actor.id
    own = row["owner_id"] == row["assigner_id"] or row.get("kind")
    row["state"] = row.get("state") or ("accepted" if own else "open")
    if row["state"] == "accepted":
        row["accepted_at"] = row.get("accepted_at") or tx.now


def entered(ctx: Context, tx: Tx, task: Any) -> None:
    """Tell a task to whom it was set."""
    if task.owner_id != ctx.actor.id:
        notices.tell(ctx, tx, [task.owner_id], "task.set", ("task", task.id))


def make(
    ctx: Context,
    tx: Tx,
    title: str,
    owner_id: int | None,
    about: tuple[str, int] | None = None,
    due_on: date | None = None,
    kind: str = "",
    note: str = "",
) -> Any:
    """A task in the transaction of the caller, told to its owner; return it as stored.

    With a `kind` a rule set it, and it needs no accepting; without an owner it is the actor's.
    """
    row = {
        "subject": title[:200],
        "owner_id": owner_id,
        "about": refs.ref_of(*about) if about else None,
        "due_on": due_on,
        "kind": kind or None,
        "note": note or None,
    }
    return records.insert(ctx, tx, "task", row)


def open_about(tx: Tx, noun: str, record_id: int, kind: str = "") -> list[Any]:
    """The tasks about a record that are still to be done, as far as the actor sees them; of one `kind` if said."""
    from sqlalchemy import select

    task = table("task")
    query = select(task).where(task.about == refs.ref_of(noun, record_id), task.state.in_(OPEN))
    return list(tx.session.scalars(query.where(task.kind == kind) if kind else query))


def accept(ctx: Context, ref: str) -> Any:
    """Take on a task; return it. Raises NotFound, Refused (not yours, not open), Forbidden, Conflict."""
    return _move(ctx, ref, "accept")


def decline(ctx: Context, ref: str, reason: str) -> Any:
    """Say no to a task, with the reason; return it. Raises NotFound, Refused, Forbidden, Conflict."""
    if not reason.strip():
        raise Refused(
            "task.no_reason",
            N_("A task is declined with the reason."),
            field="reason",
            hint=N_("Say why: --reason TEXT"),
        )
    return _move(ctx, ref, "decline", reason)


def done(ctx: Context, ref: str, note: str = "") -> Any:
    """Say that a task is done; return it. Raises NotFound, Refused, Forbidden, Conflict."""
    return _move(ctx, ref, "done", note)


def cancel(ctx: Context, ref: str, note: str = "") -> Any:
    """Say that a task is needed no more; return it. Raises NotFound, Refused, Forbidden, Conflict."""
    return _move(ctx, ref, "cancel", note)


def reopen(ctx: Context, ref: str, note: str = "") -> Any:
    """Take up a task again; return it. Raises NotFound, Refused, Forbidden, Conflict."""
    return _move(ctx, ref, "reopen", note)


def _move(ctx: Context, ref: str, verb: str, note: str = "") -> Any:
    states, to = MOVES[verb]
    with ctx.transaction(f"task.{verb}", note) as tx:
        task = refs.get(tx, "task", ref)
        ctx.check_version(tx, task, {"state": to})
        _check(ctx, task, verb, states)
        own = task.owner_id == task.assigner_id or task.kind
        task.state = "accepted" if verb == "reopen" and own else to
        if task.state == "accepted":
            task.accepted_at = tx.now
        task.done_at = tx.now if task.state == "done" else None
        task.reason = note if verb == "decline" else None
        tx.session.flush()
        other = task.assigner_id if ctx.actor.id == task.owner_id else task.owner_id
        notices.tell(ctx, tx, [other], f"task.{verb}", ("task", task.id), note=note)
        return task


def _check(ctx: Context, task: Any, verb: str, states: tuple[str, ...]) -> None:
    if verb in OWNERS and task.owner_id != ctx.actor.id:
        raise Refused(
            "task.not_yours",
            N_("{ref} is somebody else's task; they accept or decline it themselves."),
            field="owner",
            ref=refs.ref_of("task", task.id),
        )
    if task.state not in states:
        raise Refused(
            "task.state",
            N_("{ref} is {state} already.") if task.state not in OPEN else N_("{ref} is {state}."),
            field="state",
            hint=N_("Take it up again: crm task reopen {ref}") if task.state not in OPEN else "",
            ref=refs.ref_of("task", task.id),
            state=gettext(task.state),
        )
