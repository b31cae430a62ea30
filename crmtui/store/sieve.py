"""Keys that no record has, told without asking the store: an import of new records would ask for each of them in vain."""

import json
from collections.abc import Collection, Iterable
from itertools import compress
from typing import Any

from crmtui.store.session import Tx

WORTH = 1_000
"""From so many keys at once on, telling them apart beforehand pays."""
AGAINST = 10
"""All keys of a noun are read once the import has asked for a part of them: one in so many."""
PAGE = 50_000
PLACES = 1 << 24
"""One byte each; keys share a place, so at a million records one new key in sixteen is looked up all the same."""


class Sieve:
    """Marks the keys of a noun's records, those of one column of text, during one import into SQLite.

    It follows the store: rows that were put in are told by their ids, which only grow, changed ones by the journal.
    """

    def __init__(self, noun: str, column: str) -> None:
        self._noun, self._column = noun, column
        self._marks: bytearray | None = None
        self._asked = 0
        self._row = self._entry = 0
        """The highest ids in the noun's table and in the journal of which the keys are marked."""

    def possible(self, tx: Tx, keys: Collection[str]) -> Collection[str]:
        """Those of `keys` that a record may have, all that a record has among them. `tx` writes, outside a savepoint."""
        if not tx.store.sqlite or len(keys) < WORTH:
            return keys
        self._asked += len(keys)
        self._follow(tx)
        marks = self._marks
        return keys if marks is None else list(compress(keys, map(marks.__getitem__, _places(keys))))

    def _follow(self, tx: Tx) -> None:
        run = tx.session.connection().exec_driver_sql
        row = run(f'SELECT coalesce(max(id), 0) FROM "{self._noun}"').scalar_one()
        entry = run("SELECT coalesce(max(id), 0) FROM journal").scalar_one()
        if self._marks is not None:
            changed = (
                f'FROM journal CROSS JOIN "{self._noun}" changed ON changed.id = journal.record '
                "WHERE journal.id > ? AND +journal.noun = ? AND journal.op <> 'insert'"
            )
            self._mark(tx, changed, (self._entry, self._noun))
        elif row <= self._asked * AGAINST:
            self._marks = bytearray(PLACES)
        if self._marks is not None:
            for start in range(self._row, row, PAGE):
                self._mark(tx, f'FROM "{self._noun}" WHERE id > ? AND id <= ?', (start, start + PAGE))
            self._row = row
        self._entry = entry

    def _mark(self, tx: Tx, rows: str, values: tuple[Any, ...]) -> None:
        """Mark the keys of `rows`. They come as one text: row by row, each would wait for the other thread's turn."""
        marks = self._marks
        assert marks is not None
        query = f'SELECT json_group_array("{self._column}") {rows}'
        for place in _places(json.loads(tx.session.connection().exec_driver_sql(query, values).scalar_one())):
            marks[place] = 1


def _places(keys: Iterable[str]) -> Iterable[int]:
    return map((PLACES - 1).__and__, map(hash, keys))
