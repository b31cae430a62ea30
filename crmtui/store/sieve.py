"""Keys that no record has, told without asking the store: an import of new records would ask for each of them in vain."""

import json
from collections.abc import Collection, Iterable, Sequence
from itertools import compress
from typing import Any

from crmtui.store.session import Tx

SIEVED = ("external_id", "name_key")
"""Columns by which most records are found; their keys are texts."""
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

    def possible(self, tx: Tx, keys: Collection[str], at: Sequence[int] | None = None) -> Collection[str]:
        """Those of `keys` that a record may have, all that a record has among them. `tx` writes, outside a savepoint.

        `at` are the places of the keys, where they were found beforehand.
        """
        if not tx.store.sqlite or len(keys) < WORTH:
            return keys
        self._asked += len(keys)
        self._follow(tx)
        marks = self._marks
        return keys if marks is None else list(compress(keys, map(marks.__getitem__, at or places(keys))))

    def took(self, tx: Tx, at: Iterable[int], count: int) -> None:
        """Mark these places: those of `count` rows that the import itself has just put in, and perhaps of some others.

        An import whose transaction is taken back asks no further.
        """
        marks = self._marks
        if marks is None or _last(tx, self._noun) - self._row != count:  # then they are read like all others
            return
        for place in at:
            marks[place] = 1
        self._row += count

    def _follow(self, tx: Tx) -> None:
        row, entry = _last(tx, self._noun), _last(tx, "journal")
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
        for place in places(json.loads(tx.session.connection().exec_driver_sql(query, values).scalar_one())):
            marks[place] = 1


def places(keys: Iterable[str]) -> list[int]:
    """The place of each key."""
    return list(map((PLACES - 1).__and__, map(hash, keys)))


def _last(tx: Tx, name: str) -> int:
    query = f'SELECT coalesce(max(id), 0) FROM "{name}"'
    return int(tx.session.connection().exec_driver_sql(query).scalar_one())
