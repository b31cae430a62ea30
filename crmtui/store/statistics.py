"""How the values of a table are spread, by which SQLite chooses its ways; PostgreSQL finds that out by itself."""

from collections.abc import Iterable

from sqlalchemy import Connection, text

from crmtui.store.record import table
from crmtui.store.session import Store, guard

FEW = 10_000
"""With fewer rows any way is quick."""
GROWN = 1.5
"""So many times as large as when it was counted last."""


def count_again(store: Store, nouns: Iterable[str]) -> list[str]:
    """Count the tables of these nouns that have grown much since they were counted; which ones were. Raises Busy.

    All their rows: from a part of them SQLite takes a state that most records are in for a rare one. It takes about
    half a second for a million rows.
    """
    if not store.sqlite:
        return []
    names = [str(table(noun).__tablename__) for noun in nouns]
    with guard(store), store.engine.connect() as connection:
        grown = [name for name in names if _grown(connection, name)]
    for name in grown:
        with guard(store), store.engine.execution_options(write=True).begin() as connection:
            connection.exec_driver_sql(f'ANALYZE "{name}"')
    return grown


def _grown(connection: Connection, name: str) -> bool:
    """Whether there are many more rows than were counted, as far as the highest id tells."""
    most = connection.exec_driver_sql(f'SELECT max(id) FROM "{name}"').scalar() or 0
    if most < FEW:
        return False
    if not connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'").scalar():
        return True
    counted = text("SELECT max(CAST(stat AS INTEGER)) FROM sqlite_stat1 WHERE tbl = :name")
    return bool(most > GROWN * (connection.execute(counted, {"name": name}).scalar() or 0))
