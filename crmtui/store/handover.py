"""Records that go from one owner to another, set-wise and past the predicate: what was asked of them holds when it happens."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, select, update

from crmtui.store.bulk import member
from crmtui.store.record import table
from crmtui.store.session import Tx


def hand(
    tx: Tx, noun: str, ids: Collection[int], values: dict[str, Any], *conditions: ColumnElement[bool]
) -> int:
    """Set columns of those of `ids` that meet the conditions, in one statement; how many did.

    Of several who race for a record, one meets `owner_id IS NULL`. The caller is inside `tx.without_predicate`, and has
    asked for the right.
    """
    assert tx.unguarded, (
        "what is handed over is out of the actor's sight before or after, which wants a declared reason"
    )
    if not ids:
        return 0
    model = table(noun)
    row = {**values, "version": model.version + 1, "updated_at": tx.now}
    statement = update(model).where(member(tx, model.id, ids), *conditions).values(row)
    done = tx.session.execute(statement.execution_options(synchronize_session=False))
    return int(done.rowcount)  # type: ignore[attr-defined]


def fresh(tx: Tx, noun: str, record: int) -> Any:
    """The record as it now stands in the store; the caller is inside `tx.without_predicate`."""
    assert tx.unguarded
    model = table(noun)
    query = select(model).where(model.id == record).execution_options(populate_existing=True)
    return tx.session.scalars(query).one()
