"""Keys under which a command is done only once, with what it answered."""

from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from crmtui.store.journal import Once
from crmtui.store.session import Store, Tx, guard


def find(tx: Tx, key: str, since: datetime) -> Once | None:
    """What was done under `key` at or after `since`; None for nothing."""
    query = select(Once).where(Once.key == key, Once.at >= since)  # type: ignore[arg-type]
    return tx.session.scalars(query).first()


def claim(tx: Tx, key: str, command: str, since: datetime) -> bool:
    """Take `key` for the transaction of `tx`; False when it was taken at or after `since`.

    Whoever else wants the same key waits in this statement until this transaction has ended.
    """
    row = {"key": key, "at": tx.now, "command": command, "tx": tx.id, "answer": ""}
    insert = _insert(tx).values(row)
    anew = insert.on_conflict_do_update(
        index_elements=["key"],
        set_={name: value for name, value in row.items() if name != "key"},
        where=Once.at < since,
    ).returning(Once.key)
    return tx.session.connection().execute(anew).first() is not None


def _insert(tx: Tx) -> Any:
    if tx.store.sqlite:
        from sqlalchemy.dialects.sqlite import insert as on_sqlite

        return on_sqlite(Once.__table__)  # type: ignore[attr-defined]
    from sqlalchemy.dialects.postgresql import insert as on_postgres

    return on_postgres(Once.__table__)  # type: ignore[attr-defined]


def keep(store: Store, key: str, answer: str) -> None:
    """Keep what the command done under `key` answered."""
    with guard(store), store.engine.execution_options(write=True).begin() as connection:
        connection.execute(update(Once).where(Once.key == key).values(answer=answer))  # type: ignore[arg-type]
