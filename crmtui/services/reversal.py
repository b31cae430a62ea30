"""Taking a whole transaction back: who may, what stands in its way, and the new transaction that does it."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from crmtui.errors import Forbidden, NotFound, Refused
from crmtui.i18n import N_, gettext
from crmtui.services.context import Context, Tx
from crmtui.store import chronicle, inspection, refs, reversal
from crmtui.store.journal import Change
from crmtui.store.record import TABLES, declared, table


@dataclass(frozen=True)
class Undone:
    """What taking a transaction back came to; `tx` is the new transaction, which can be taken back itself."""

    tx: str
    restored: int
    removed: int
    brought_back: int


def undo(ctx: Context, tx_id: str) -> Undone:
    """Take back all that a transaction did, bulk edits and imports too, as a transaction of its own.

    Records that it made go, values that it overwrote and records that it deleted come back. Undoing an undo does the
    first thing again. Raises NotFound, Forbidden, and Refused where it was taken back before, where a later change
    stands in the way, or where other records point at one that would go.
    """
    target = int(tx_id) if tx_id.isascii() and tx_id.isdigit() and len(tx_id) <= 18 else 0
    with ctx.transaction("log.undo", undoes=target, force=True) as tx:
        _check_target(ctx, tx, _find(ctx, tx, target, tx_id))
        tx.lock()
        reversal.lock(tx, target)
        _check_undone(ctx, tx, target)
        _check_reach(ctx, tx, target)
        _check_later(ctx, tx, target)
        counts, folds = reversal.take_back(tx, target)
        _check_pointers(tx, folds)
        _check_trees(tx, folds)
        _check_reach(ctx, tx, target)
        ctx.forget_lists()
        return Undone(str(tx.id), counts.restored, counts.removed, counts.brought_back)


def _find(ctx: Context, tx: Tx, target: int, typed: str) -> Change:
    """The transaction, in the same words whether it does not exist or is another's."""
    found = tx.session.get(Change, target) if target != tx.id else None
    sees_all = ctx.actor.scope("log", "list") == "all"
    if found is None or not (sees_all or found.actor_id == ctx.actor.id):
        raise NotFound(
            "log.not_found",
            N_("There is no transaction {text} that you can see."),
            hint=N_("crm log shows the last ones."),
            text=typed,
        )
    return found


def _check_target(ctx: Context, tx: Tx, change: Change) -> None:
    scope = ctx.actor.scope("log", "undo")
    if scope == "none" or (scope != "all" and change.actor_id != ctx.actor.id):
        raise Forbidden(
            "undo.not_yours",
            N_("You may take back only what you did yourself."),
            hint=N_("Ask an administrator to run: crm undo {tx}"),
            tx=change.id,
        )
    if change.verb == "store.init":
        raise Refused(
            "undo.foundation",
            N_("Transaction {tx} made the store itself; it stays."),
            hint=N_("A new store is made by crm init, at another place."),
            tx=change.id,
        )


def _check_undone(ctx: Context, tx: Tx, target: int) -> None:
    by = chronicle.undone(tx).get(target)
    if by is not None:
        raise Refused(
            "undo.already",
            N_("Transaction {tx} was taken back already, by transaction {by}."),
            hint=N_("To do it again, take that one back: crm undo {by}"),
            tx=target,
            by=by,
        )


def _check_reach(ctx: Context, tx: Tx, target: int) -> None:
    """Who takes back only their own must still be allowed to edit those records, as they are and as they become."""
    if ctx.actor.scope("log", "undo") == "all":
        return
    found = reversal.out_of_reach(tx, target)
    if found is not None:
        raise Forbidden(
            "undo.out_of_reach",
            N_("Transaction {tx} changed {ref}, which you may no longer edit."),
            hint=N_("Ask an administrator to run: crm undo {tx}"),
            tx=target,
            ref=_ref(*found),
        )


def _check_later(ctx: Context, tx: Tx, target: int) -> None:
    later = reversal.later_change(tx, target)
    if later is None:
        return
    entry = chronicle.entry(tx, later.entry)
    raise Refused(
        "undo.later_change",
        N_("{ref} was changed later, by {who} at {when}: {what}."),
        hint=N_("Take that back first (crm undo {later}), or set the fields by hand.")
        if later.tx is not None
        else N_("That change came past the program; set the fields by hand."),
        ref=_ref(later.noun, later.record),
        who=_who(tx, entry),
        when=entry.done_at.astimezone(ctx.clock.zone).strftime("%Y-%m-%d %H:%M"),
        what=_what(later),
        later=later.tx,
        tx=target,
    )


def _who(tx: Tx, entry: Any) -> str:
    if entry.tx is None:
        return gettext(N_("(direct)"))
    user = table("user")
    with tx.without_predicate("names"):
        return tx.session.scalar(select(user.name).where(user.id == entry.actor_id)) or str(entry.by)


def _what(later: reversal.Later) -> str:
    if later.op != "update":
        return gettext(N_("deleted")) if later.op == "delete" else gettext(N_("added"))
    names = {field.column: field.name for field in declared(later.noun)} if later.noun in TABLES else {}
    shown = [names.get(column, column) for column in later.columns if not column.endswith("_key")]
    return ", ".join(shown or later.columns)


def _check_pointers(tx: Tx, folds: Any) -> None:
    found = reversal.dangling(tx, folds)
    if found is not None:
        child, record, gone, gone_id = found
        raise Refused(
            "undo.referenced",
            N_("{gone} would go, but {ref} points at it."),
            hint=N_("Change {ref} first, or archive {gone} instead."),
            gone=_ref(gone, gone_id),
            ref=_ref(child, record),
        )


def _check_trees(tx: Tx, folds: Any) -> None:
    """What was moved under each other since must not stand above itself again."""
    moved = {of.name for of, then in folds}
    for noun, column in inspection.TREES:
        ring = inspection.circle(tx, noun, column) if noun in moved else []
        if ring:
            raise Refused(
                "undo.circle",
                N_("{ref} would stand above itself."),
                hint=N_("What stands under it now was moved there later: move that away first."),
                ref=_ref(noun, ring[0]),
            )


def _ref(noun: str, record: int) -> str:
    return refs.ref_of(noun, record) if noun in TABLES else f"{noun} {record}"
