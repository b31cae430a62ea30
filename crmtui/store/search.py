"""The search index: which records hold which pairs of letters. It narrows down; whoever asks looks at the records."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from itertools import groupby
from typing import Any
from zlib import crc32

from sqlalchemy import Connection

from crmtui.store import grams
from crmtui.store.record import declared, table
from crmtui.store.types import to_json

SQLITE = (
    "CREATE TABLE search_mark (key INTEGER NOT NULL PRIMARY KEY, sum INTEGER NOT NULL) STRICT",
    "CREATE TABLE search_due (tx INTEGER NOT NULL PRIMARY KEY, entry INTEGER NOT NULL) STRICT",
    # Signs that are neither punctuation nor letters stay in folded text; what is not ASCII is a letter here anyway.
    """CREATE VIRTUAL TABLE search_gram USING fts5
    (grams, content='', columnsize=0, detail=none, tokenize="ascii tokenchars '$+<=>^`|~'")""",
    # So much is collected in memory before a segment is written: an import writes few of them, and merges little.
    "INSERT INTO search_gram (search_gram, rank) VALUES ('hashsize', 16000000)",
)
POSTGRES = (
    "CREATE TABLE search_mark (key bigint NOT NULL PRIMARY KEY, sum bigint NOT NULL, grams tsvector NOT NULL)",
    "CREATE TABLE search_due (tx bigint NOT NULL PRIMARY KEY, entry bigint NOT NULL)",
    "CREATE INDEX search_gram ON search_mark USING gin (grams)",
)
"""Derived tables, which the journal does not follow. `mark` has a checksum of what was kept of a record, `due` the
transactions (of imports) that are not indexed beyond that journal entry."""

PAGE = 20_000
FIRST_PAGE = 60
MOST_ASKED = 40
"""Pairs of letters of one question that are looked up; more would not narrow it down further."""
_SHIFT = 40

Fields = Mapping[str, Sequence[str]]
"""The searched columns of each noun that is searched."""


def create(connection: Connection) -> None:
    """Make the tables of an empty index; a SQLite without FTS5 does without, and searches record by record."""
    sqlite = connection.dialect.name == "sqlite"
    if (
        sqlite
        and not connection.exec_driver_sql(
            "SELECT count(*) FROM pragma_module_list WHERE name = 'fts5'"
        ).scalar_one()
    ):
        return
    for statement in SQLITE if sqlite else POSTGRES:
        connection.exec_driver_sql(statement)


def there(connection: Connection) -> bool:
    """Whether this store has an index."""
    if connection.dialect.name == "sqlite":
        found = "SELECT count(*) FROM sqlite_schema WHERE name = 'search_mark'"
        return bool(connection.exec_driver_sql(found).scalar_one())
    return connection.exec_driver_sql("SELECT to_regclass('search_mark')").scalar_one() is not None


def usable(connection: Connection) -> bool:
    """Whether this program can ask and write the index: it is there, and this SQLite has FTS5."""
    if connection.dialect.name != "sqlite":
        return there(connection)
    found = (
        "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'search_mark') "
        "AND EXISTS (SELECT 1 FROM pragma_module_list WHERE name = 'fts5')"
    )
    return bool(connection.exec_driver_sql(found).scalar_one())


@cache
def looked_at(noun: str, searched: tuple[str, ...]) -> tuple[tuple[str, bool], ...]:
    """The columns of `noun` that the index is made of, its name first, and whether each is found by its sound too."""
    model = table(noun)
    kinds = {field.column: field.kind for field in declared(noun)}
    names = dict.fromkeys((model.LABEL, *searched, "external_id", "phone_key"))
    return tuple((name, kinds[name] == "line") for name in names if name in model.model_fields)


def first_key(noun: str) -> int:
    """The key before that of the first record: each noun has a range of its own, told by the letters of its refs."""
    number = 0
    for letter in table(noun).PREFIX:
        number = number * 27 + ord(letter) - 64
    return number << _SHIFT


# -- writing ----------------------------------------------------------------------------------------------------


def follow(connection: Connection, tx: int, fields: Fields) -> None:
    """Bring the index up to what transaction `tx`, which is about to commit, has changed so far."""
    if usable(connection):
        _follow(connection, tx, 0, None, fields)
    else:
        owe(connection, tx)


def owe(connection: Connection, tx: int) -> None:
    """Note that the changes of `tx` are not indexed yet: `pay` does it later, even if this process ends."""
    if there(connection):
        mark = "?" if connection.dialect.name == "sqlite" else "%s"
        statement = f"INSERT INTO search_due (tx, entry) VALUES ({mark}, 0) ON CONFLICT DO NOTHING"
        connection.exec_driver_sql(statement, (tx,))


def due(connection: Connection) -> list[int]:
    """The transactions that are not indexed to their end."""
    if not there(connection):
        return []
    return list(connection.exec_driver_sql("SELECT tx FROM search_due ORDER BY tx").scalars())


def pay(connection: Connection, fields: Fields) -> int | None:
    """Index one page of what is due, within the caller's transaction; how many changes, None when nothing is due."""
    if not usable(connection):
        return None
    sqlite = connection.dialect.name == "sqlite"
    lock = "" if sqlite else " FOR UPDATE SKIP LOCKED"  # another process may be at it
    found = connection.exec_driver_sql(f"SELECT tx, entry FROM search_due ORDER BY tx LIMIT 1{lock}").first()
    if found is None:
        return None
    tx, entry = found
    mark = "?" if sqlite else "%s"
    question = f"SELECT id FROM journal WHERE tx = {mark} AND id > {mark} ORDER BY id LIMIT {PAGE}"
    page = list(connection.exec_driver_sql(question, (tx, entry)).scalars())
    if not page:
        connection.exec_driver_sql(f"DELETE FROM search_due WHERE tx = {mark}", (tx,))
        return 0
    _follow(connection, tx, entry, page[-1], fields)
    connection.exec_driver_sql(f"UPDATE search_due SET entry = {mark} WHERE tx = {mark}", (page[-1], tx))
    return len(page)


def _follow(connection: Connection, tx: int, after: int, last: int | None, fields: Fields) -> None:
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    upto = "" if last is None else f" AND id <= {last:d}"
    among = f"FROM journal WHERE tx = {mark} AND id > {mark}{upto}"
    # The table of a noun is only loaded where a record of it changed: a command that adds one loads no other.
    touched = connection.exec_driver_sql(f"SELECT DISTINCT noun {among}", (tx, after)).scalars().all()
    question = f"SELECT DISTINCT noun, record {among} AND ("
    wanted = []
    for noun in fields.keys() & set(touched):
        searched = fields[noun]
        told = " OR ".join(f"before LIKE '%%\"{name}\"%%'" for name, _ in looked_at(noun, tuple(searched)))
        wanted.append(f"noun = '{noun}' AND (op <> 'update' OR {told})")
    if not wanted:
        return
    question = question + " OR ".join(wanted) + ") ORDER BY noun, record"
    if mark == "?":
        question = question.replace("%%", "%")
    changed = connection.exec_driver_sql(question, (tx, after)).all()
    for noun, rows in groupby(changed, key=lambda row: str(row[0])):
        ids = [record for _, record in rows]
        for start in range(0, len(ids), PAGE):
            write(connection, noun, ids[start : start + PAGE], fields[noun])


def write(connection: Connection, noun: str, ids: Collection[int], searched: Sequence[str]) -> int:
    """Keep these records as they are now; those that are gone are forgotten. How many were not kept so before."""
    first = first_key(noun)
    kept = _sums(connection, [first + record for record in ids])
    fresh, sums = [], {}
    for record, letters in _letters(connection, noun, ids, searched, lock=True):
        key, total = first + record, _sum(letters)
        sums[key] = total
        if kept.get(key) != total:
            fresh.append((key, total, letters))
    gone = [(key,) for key in kept if key not in sums]
    if connection.dialect.name == "sqlite":
        _write_sqlite(connection, fresh, gone)
    else:
        _write_postgres(connection, fresh, gone)
    return len(fresh) + len(gone)


def _write_sqlite(
    connection: Connection, fresh: Sequence[tuple[int, int, str]], gone: Sequence[tuple[int]]
) -> None:
    """What a record held before stays in the index: it costs a look at the record, and needs no copy of the old text."""
    if fresh:
        connection.exec_driver_sql(
            "INSERT INTO search_gram (rowid, grams) VALUES (?, ?)",
            [(key, letters) for key, _, letters in fresh],
        )
        connection.exec_driver_sql(
            "INSERT OR REPLACE INTO search_mark (key, sum) VALUES (?, ?)",
            [(key, total) for key, total, _ in fresh],
        )
    if gone:
        connection.exec_driver_sql("DELETE FROM search_mark WHERE key = ?", list(gone))


def _write_postgres(
    connection: Connection, fresh: Sequence[tuple[int, int, str]], gone: Sequence[tuple[int]]
) -> None:
    if fresh:
        connection.exec_driver_sql(
            "INSERT INTO search_mark (key, sum, grams) VALUES (%s, %s, array_to_tsvector(string_to_array(%s, ' '))) "
            "ON CONFLICT (key) DO UPDATE SET sum = excluded.sum, grams = excluded.grams",
            list(fresh),
        )
    if gone:
        connection.exec_driver_sql("DELETE FROM search_mark WHERE key = %s", list(gone))


def _among(sqlite: bool, values: Sequence[int]) -> tuple[str, Any]:
    """The end of a condition that a column is one of `values`, and its parameter."""
    if sqlite:
        return "IN (SELECT value FROM json_each(?))", to_json(list(values))
    return "= ANY(%s)", list(values)


def _sums(connection: Connection, keys: Sequence[int]) -> dict[int, int]:
    among, value = _among(connection.dialect.name == "sqlite", keys)
    found = connection.exec_driver_sql(f"SELECT key, sum FROM search_mark WHERE key {among}", (value,))
    return {row[0]: row[1] for row in found}


def _letters(
    connection: Connection, noun: str, ids: Collection[int], searched: Sequence[str], *, lock: bool = False
) -> Iterator[tuple[int, str]]:
    """The letters of each record; `lock` keeps others from changing it before they are written."""
    columns = looked_at(noun, tuple(searched))
    sqlite = connection.dialect.name == "sqlite"
    among, value = _among(sqlite, list(ids))
    locked = " FOR SHARE" if lock and not sqlite else ""
    names = ", ".join(f'"{name}"' for name, _ in columns)
    rows = connection.exec_driver_sql(f'SELECT id, {names} FROM "{noun}" WHERE id {among}{locked}', (value,))
    sounds = [each for _, each in columns]
    for record, *texts in rows:
        held = [(text, each) for text, each in zip(texts, sounds, strict=True) if text]
        yield record, grams.grams(held, texts[0] or "")


def _sum(letters: str) -> int:
    return crc32(letters.encode())


# -- asking -----------------------------------------------------------------------------------------------------


def pages(
    connection: Connection, noun: str, asked: Sequence[str], below: int = 1 << _SHIFT
) -> Iterator[list[int]]:
    """The ids of the records that hold all of these pairs of letters, and of some that once did; newest first.

    The first page, of `FIRST_PAGE` unless there are fewer, is short, for whoever needs only a few.
    """
    first, size = first_key(noun), FIRST_PAGE
    while True:
        found = _page(connection, list(dict.fromkeys(asked))[:MOST_ASKED], first, first + below, size)
        if found:
            yield [key - first for key in found]
        if len(found) < size:
            return
        below, size = found[-1] - first, min(size * 5, 10_000)


def _page(connection: Connection, asked: Sequence[str], low: int, high: int, size: int) -> list[int]:
    if connection.dialect.name == "sqlite":
        question = " AND ".join(f'"{pair}"' for pair in asked)
        statement = (
            "SELECT rowid FROM search_gram WHERE search_gram MATCH ? AND rowid > ? AND rowid < ? "
            "ORDER BY rowid DESC LIMIT ?"
        )
    else:
        quoted = (pair.replace("\\", "\\\\").replace("'", "''") for pair in asked)
        question = " & ".join(f"'{pair}'" for pair in quoted)
        statement = (
            "SELECT key FROM search_mark WHERE grams @@ CAST(%s AS tsquery) AND key > %s AND key < %s "
            "ORDER BY key DESC LIMIT %s"
        )
    return list(connection.exec_driver_sql(statement, (question, low, high, size)).scalars())


# -- checking ---------------------------------------------------------------------------------------------------


def wrong(connection: Connection, noun: str, searched: Sequence[str]) -> Iterator[list[int]]:
    """The ids of the records that the index does not hold as they are, page by page of the noun; also of those gone."""
    if not there(connection):
        return
    first = first_key(noun)
    last = connection.exec_driver_sql(f'SELECT max(id) FROM "{noun}"').scalar() or 0
    marks = "SELECT key FROM search_mark WHERE key > {0} AND key <= {1}".format
    for start in range(0, last, PAGE):
        among = range(start + 1, min(start + PAGE, last) + 1)
        held = _sums(connection, [first + record for record in among])
        right = {
            first + record: _sum(letters) for record, letters in _letters(connection, noun, among, searched)
        }
        yield [key - first for key in sorted(held.keys() | right.keys()) if held.get(key) != right.get(key)]
    beyond = connection.exec_driver_sql(marks(first + last, first + (1 << _SHIFT) - 1)).scalars()
    yield [key - first for key in beyond]
