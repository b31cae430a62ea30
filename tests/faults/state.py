"""The whole of a store, to be compared; and the proof that its journal tells all of it."""

import hashlib
import json

from sqlalchemy import inspect

from crmtui.services import derived
from crmtui.services.context import Context
from crmtui.services.nouns import SEARCHED
from crmtui.store import inspection, search, session, unfolding


def fingerprint(store_url: str, *, without: str = "") -> str:
    """One text for everything that a store holds (but the table `without`): equal exactly when every row is equal."""
    store = session.connect(store_url)
    try:
        with store.engine.connect() as connection:
            digest = hashlib.sha256()
            for name in sorted(inspect(connection).get_table_names()):
                if name == without or name.startswith("search_"):
                    continue  # derived: `assert_sound` recomputes them
                rows = connection.exec_driver_sql(f'SELECT * FROM "{name}"').all()
                digest.update(repr((name, sorted(map(repr, rows)))).encode())
            return digest.hexdigest()
    finally:
        store.close()


def assert_sound(ctx: Context) -> None:
    """The file is intact, references lead to rows, the journal unfolds to nothing and folds up again, searches find all."""
    with ctx.reading() as tx, tx.without_predicate("doctor"):
        assert inspection.integrity(tx) == []
        assert inspection.orphans(tx) == []
        assert inspection.direct_writes(tx)[0] == 0
        today = unfolding.rows(tx)
        left, steps = unfolding.unfold(tx)
        assert not any(left.values())
        assert unfolding.refold(steps) == today
        if not search.due(tx.session.connection()):
            assert not any([*derived.wrong_in_index(tx, noun)] for noun in SEARCHED)


def versions(ctx: Context, noun: str, record: int) -> list[int]:
    """The versions of a record that the journal tells, oldest first."""
    from sqlalchemy import select

    from crmtui.store.journal import Entry

    with ctx.reading() as tx:
        query = select(Entry.version).where(Entry.noun == noun, Entry.record == record).order_by(Entry.id)  # type: ignore[arg-type]
        return list(tx.session.scalars(query))


def error_of(text: str) -> dict[str, str]:
    """The error in the last line of what a command said under --json."""
    return dict(json.loads(text.splitlines()[-1])["error"])
