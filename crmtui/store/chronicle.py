"""Reading the journal: the entries of a record, and the transactions."""

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Column, Table, func, select

from crmtui.clock import moment_from
from crmtui.store.journal import Change, Entry
from crmtui.store.record import table
from crmtui.store.session import Tx
from crmtui.store.types import Day, Flag, Json, Moment

CHANGE = Change.__table__  # type: ignore[attr-defined]
ENTRY = Entry.__table__  # type: ignore[attr-defined]


def value_of(column: Column[Any], raw: Any) -> Any:
    """The value of `column` that the database wrote into JSON as `raw`."""
    if raw is None:
        return None
    kind = column.type
    if isinstance(kind, Moment):
        return moment_from(raw) if raw.endswith("Z") else datetime.fromisoformat(raw).astimezone(UTC)
    if isinstance(kind, Day):
        return date.fromisoformat(raw)
    if isinstance(kind, Flag):
        return bool(raw)
    return json.loads(raw) if isinstance(kind, Json) else raw


def values_of(of: Table, text: str | None) -> dict[str, Any]:
    """The columns in an entry's `before` or `after`; empty for none. A column that the table no longer has is left out."""
    if not text:
        return {}
    return {name: value_of(of.c[name], raw) for name, raw in json.loads(text).items() if name in of.c}


def entries(tx: Tx, of: Table, record: int, *, above: int = 0) -> list[Any]:
    """The entries of one row, newest first, each with its transaction's columns; `above`: of later versions only.

    A change past the program has no transaction: `tx` is empty, `done_at` and `by` say what the database knew.
    """
    query = (
        select(
            ENTRY,
            func.coalesce(CHANGE.c.at, ENTRY.c.at).label("done_at"),
            func.coalesce(CHANGE.c.login, ENTRY.c.actor).label("by"),
            CHANGE.c.actor_id,
            CHANGE.c.verb,
            CHANGE.c.note,
        )
        .select_from(ENTRY.outerjoin(CHANGE, CHANGE.c.id == ENTRY.c.tx))
        .where(ENTRY.c.noun == of.name, ENTRY.c.record == record, ENTRY.c.version > above)
        .order_by(ENTRY.c.id.desc())
    )
    return list(tx.session.connection().execute(query))


def entry(tx: Tx, number: int) -> Any:
    """The entry of that number, with its transaction's columns as `entries` has them."""
    found = (
        tx.session.connection()
        .execute(select(ENTRY.c.noun, ENTRY.c.record).where(ENTRY.c.id == number))
        .one()
    )
    every = entries(tx, table(found.noun).__table__, found.record)
    return next(each for each in every if each.id == number)


def transactions(
    tx: Tx,
    limit: int | None,
    *,
    actor_id: int | None = None,
    noun: str | None = None,
    since: datetime | None = None,
) -> list[Any]:
    """Transactions, newest first, those of one person, that touched one noun, or from a moment on, if so asked."""
    query = select(CHANGE).order_by(CHANGE.c.id.desc()).limit(limit)
    if actor_id is not None:
        query = query.where(CHANGE.c.actor_id == actor_id)
    if since is not None:
        query = query.where(CHANGE.c.at >= since)
    if noun is not None:
        query = query.where(
            select(ENTRY.c.id).where(ENTRY.c.tx == CHANGE.c.id, ENTRY.c.noun == noun).exists()
        )
    return list(tx.session.connection().execute(query))


def counts(tx: Tx, numbers: Iterable[int]) -> dict[int, int]:
    """How many rows each of these transactions changed."""
    rows = (
        select(ENTRY.c.tx, ENTRY.c.noun, ENTRY.c.record)
        .where(ENTRY.c.tx.in_(list(numbers)))
        .distinct()
        .subquery()
    )
    query = select(rows.c.tx, func.count().label("rows")).group_by(rows.c.tx)
    return {row.tx: row.rows for row in tx.session.connection().execute(query)}


def undone(tx: Tx) -> dict[int, int]:
    """Every transaction that is taken back at present → the one that did it. What undid is undone by a redo."""
    found: dict[int, int] = {}
    for undoer, target in undoers(tx):
        if undoer not in found:
            found[target] = undoer
    return found


def undoers(tx: Tx) -> list[tuple[int, int]]:
    """Every transaction that took another one back, the last first, and that other one."""
    change = Change.__table__  # type: ignore[attr-defined]
    query = (
        select(change.c.id, change.c.undoes).where(change.c.undoes.is_not(None)).order_by(change.c.id.desc())
    )
    found = tx.session.connection().execute(query)
    return [(undoer, target) for undoer, target in found if undoer != tx.id]
