"""The journal as a proof: taken back to nothing from today's rows, and told forward again, entry by entry."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, select

from crmtui.store.chronicle import values_of
from crmtui.store.journal import Entry, journalled
from crmtui.store.record import table
from crmtui.store.session import Tx

Row = dict[str, Any]
Rows = dict[str, dict[int, Row]]
"""Table → id → columns."""


@dataclass(frozen=True)
class Step:
    """One entry that was taken back, with what it takes to do it again: all of an inserted row, the columns changed."""

    op: str
    noun: str
    record: int
    row: Row


def rows(tx: Tx) -> Rows:
    """Every row of every journalled table, as it is now."""
    connection = tx.session.connection()
    return {
        of.name: {row["id"]: dict(row) for row in connection.execute(select(*of.columns)).mappings()}
        for of in journalled()
    }


def unfold(tx: Tx) -> tuple[Rows, list[Step]]:
    """What is left when every entry is taken back, newest first, and the steps that lead to today again, oldest first.

    Raises ValueError for an entry that does not lead to the row after it: the journal or the rows were tampered with.
    """
    left, steps = rows(tx), list[Step]()
    entry = Entry.__table__  # type: ignore[attr-defined]
    for found in tx.session.connection().execute(select(entry).order_by(entry.c.id.desc())):
        of = table(found.noun).__table__
        steps.append(_take_back(left[of.name], of, found))
    steps.reverse()
    return left, steps


def _take_back(held: dict[int, Row], of: Table, found: Any) -> Step:
    before, after = values_of(of, found.before), values_of(of, found.after)
    row = held.get(found.record)
    fits = row is None if found.op == "delete" else row is not None and after.items() <= row.items()
    if not fits:
        raise ValueError(f"entry {found.id} does not lead to {of.name} {found.record}")
    if found.op == "delete":
        held[found.record] = {"id": found.record, **before}
        return Step("delete", of.name, found.record, {})
    assert row is not None
    if found.op == "insert":
        return Step("insert", of.name, found.record, held.pop(found.record))
    held[found.record] = {**row, **before}
    return Step("update", of.name, found.record, after)


def refold(steps: list[Step]) -> Rows:
    """The rows to which the steps lead from nothing."""
    told: Rows = {of.name: {} for of in journalled()}
    for step in steps:
        held = told[step.noun]
        if step.op == "delete":
            del held[step.record]
        else:
            held[step.record] = {**held.get(step.record, {}), **step.row}
    return told
