"""Many rows at once, column by column: looked up by a key, put in, changed. An import is checked before it comes here."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import repeat
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Date, Text, any_, func, literal, select

from crmtui.errors import CrmError, Forbidden, Invalid, Refused
from crmtui.i18n import N_
from crmtui.store import session
from crmtui.store.record import table
from crmtui.store.session import Tx
from crmtui.store.types import Day, Moment, to_json
from crmtui.store.visibility import reach, subordinates

Refusal = Callable[[int, CrmError], None]
"""Told the place of a row that the store does not take, and why."""
STAGED = 100
"""From so many rows on, a table in memory pays."""
MOST_FAILURES = 20
"""After so many, rows go in one by one."""


def set_cache(tx: Tx, mib: int) -> None:
    """Let SQLite keep up to `mib` MiB of pages for this connection; it takes no more than the store needs.

    The write-ahead log may become as large: pages that many batches touch are then copied into the file less often.
    """
    if tx.store.sqlite:
        connection = tx.session.connection()
        connection.exec_driver_sql(f"PRAGMA cache_size = {-1024 * mib:d}")
        connection.exec_driver_sql("PRAGMA temp_store = MEMORY")
        connection.exec_driver_sql(f"PRAGMA wal_autocheckpoint = {256 * mib:d}")


def member(tx: Tx, column: Any, values: Collection[Any]) -> Any:
    """The condition that `column` is one of `values`, however many, with a single parameter."""
    if tx.store.sqlite:
        bound = column.type.dialect_impl(tx.store.engine.dialect)
        process = bound.bind_processor(tx.store.engine.dialect)
        plain = [process(value) for value in values] if process else list(values)
        each = func.json_each(to_json(plain)).table_valued("value")
        return column.in_(select(each.c.value))
    kinds: dict[type, Any] = {int: BigInteger, date: Date}
    kind = kinds.get(type(next(iter(values), "")), Text)
    return column == any_(literal(list(values), ARRAY(kind)))


def find(
    tx: Tx, noun: str, column: str, values: Collection[Any], wanted: Iterable[str]
) -> list[Mapping[str, Any]]:
    """The `wanted` columns of all records whose `column` is one of `values`; locked until the transaction ends.

    Reads past the predicate: the caller must be inside `tx.without_predicate`.
    """
    assert tx.unguarded, "a lookup by key reads past the predicate, which wants a declared reason"
    model = table(noun)
    names = list(dict.fromkeys(("id", *wanted)))
    query = select(*(getattr(model, name) for name in names)).where(
        member(tx, getattr(model, column), values)
    )
    if not tx.store.sqlite:
        query = query.order_by(model.id).with_for_update(of=model)
    return [dict(zip(names, row, strict=True)) for row in tx.session.execute(query)]


def load(tx: Tx, noun: str, ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Every column of these records, by id; past the predicate, as `find`."""
    rows = find(tx, noun, "id", ids, [column.name for column in table(noun).__table__.columns])
    return {row["id"]: dict(row) for row in rows}


def reachable(tx: Tx, noun: str, ids: Collection[int], verb: str) -> set[int]:
    """Those of `ids` on which the actor may do `verb`."""
    if not ids or tx.force or tx.actor.scope(noun, verb) == "all":
        return set(ids)
    model = table(noun)
    query = select(model.id).where(member(tx, model.id, ids), reach(noun, tx.actor, verb))
    with tx.without_predicate("import"):
        return set(tx.session.scalars(query))


def owners(tx: Tx, noun: str, verb: str) -> set[int] | None:
    """The people whose records of `noun` the actor may `verb` into being; None for everybody. Raises Forbidden for nobody."""
    scope = tx.actor.scope(noun, verb)
    if scope == "all" or tx.force:
        return None
    if scope == "none":
        raise Forbidden(
            "right.missing",
            N_("Your role does not let you {verb} this {noun}."),
            hint=N_("crm can {verb} {noun} tells how far your rights reach."),
            noun=noun,
            verb=verb,
        )
    mine = {tx.actor.id} if tx.actor.id is not None else set()
    if scope != "dept":
        return mine
    return mine | set(tx.session.connection().execute(subordinates(tx.actor)).scalars())


def entered(tx: Tx, noun: str, ids: Collection[int]) -> set[int]:
    """Those of `ids` that this very transaction, or an earlier batch of it, put in."""
    from crmtui.store.journal import Entry  # only imports need the journal's tables

    entry = Entry.__table__  # type: ignore[attr-defined]
    # An import has very many entries and a record few: the sum keeps the store from going through the former.
    query = select(entry.c.record).where(
        entry.c.noun == noun, member(tx, entry.c.record, ids), entry.c.tx + 0 == tx.id, entry.c.op == "insert"
    )
    return set(tx.session.connection().execute(query).scalars())


def _bound(tx: Tx, noun: str, name: str, values: Sequence[Any]) -> Sequence[Any]:
    """`values` as the driver takes them for that column."""
    dialect = tx.store.engine.dialect
    kind = table(noun).__table__.c[name].type
    process = kind.dialect_impl(dialect).bind_processor(dialect)
    if process is None:
        return values
    if isinstance(kind, Day | Moment):  # very many of them, and few that differ
        known = {value: process(value) for value in set(values)}
        return [known[value] for value in values]
    return [process(value) for value in values]


def insert(
    tx: Tx,
    noun: str,
    columns: Mapping[str, Sequence[Any]],
    constants: Mapping[str, Any],
    refused: Refusal,
    meanwhile: Callable[[], object] = bool,
) -> None:
    """Put in rows given by their columns; `constants` are the same in every row. Those not taken are told to `refused`.

    `meanwhile` is called when the rows are handed over and the store gets to work, if that takes a while: whatever it
    starts in another thread has the time until then.
    """
    quote = tx.store.engine.dialect.identifier_preparer.quote
    mark = "?" if tx.store.sqlite else "%s"
    bound = [_bound(tx, noun, name, values) for name, values in columns.items()]
    same = [_bound(tx, noun, name, [value])[0] for name, value in constants.items()]
    names = [*map(quote, columns), *map(quote, constants)]
    into = f"INSERT INTO {quote(noun)} ({', '.join(names)})"
    if tx.store.sqlite and len(bound[0]) >= STAGED and _staged(tx, noun, into, bound, same, meanwhile):
        return
    rows = list(zip(*bound, *(repeat(value, len(bound[0])) for value in same), strict=True))
    _each(tx, f"{into} VALUES ({', '.join([mark] * len(names))})", rows, refused)


def _staged(
    tx: Tx,
    noun: str,
    into: str,
    bound: Sequence[Sequence[Any]],
    same: Sequence[Any],
    meanwhile: Callable[[], object],
) -> bool:
    """Put rows in by one statement, from a table in memory; False, and nothing in, when the store refuses any.

    A statement by itself costs more than the row that it puts in.
    """
    names = ", ".join(f"c{place}" for place in range(len(bound)))
    marks = ", ".join("?" * len(bound))
    connection = tx.session.connection()
    connection.exec_driver_sql(f"CREATE TEMP TABLE incoming ({names})")
    raw: Any = connection.connection.driver_connection
    raw.executemany(f"INSERT INTO temp.incoming VALUES ({marks})", zip(*bound, strict=True))
    meanwhile()
    chosen = ", ".join([names, *"?" * len(same)])
    try:
        _together(tx, noun, f"{into} SELECT {chosen} FROM temp.incoming ORDER BY rowid", same)
    except (Invalid, Refused):
        return False
    finally:
        connection.exec_driver_sql("DROP TABLE temp.incoming")
    return True


def _together(tx: Tx, noun: str, statement: str, values: Sequence[Any]) -> None:
    """Run `statement`, which puts many rows into `noun`, and write their entries into the journal by one as well.

    Meanwhile the trigger that would write them one by one is gone, for this transaction alone.
    """
    run = tx.session.connection().exec_driver_sql
    from crmtui.store.journal import sqlite_entries

    last = run(f'SELECT coalesce(max(id), 0) FROM "{noun}"').scalar_one()
    trigger = run("SELECT sql FROM sqlite_schema WHERE name = ?", (f"{noun}_insert",)).scalar() or ""
    run(f'DROP TRIGGER IF EXISTS "{noun}_insert"')
    try:
        with session.guard(tx.store):
            run(statement, tuple(values))
    except (Invalid, Refused):  # it took itself back; the rows go in one by one now
        run(trigger)
        raise
    run(trigger)
    run(sqlite_entries(noun), (last,))


def update(
    tx: Tx, noun: str, names: Sequence[str], rows: Sequence[tuple[int, Sequence[Any]]], refused: Refusal
) -> None:
    """Set the columns `names` of records given by id and values; each counts as one more version of its record."""
    quote = tx.store.engine.dialect.identifier_preparer.quote
    mark = "?" if tx.store.sqlite else "%s"
    columns = zip(*(values for _, values in rows), strict=True)
    bound = [_bound(tx, noun, name, values) for name, values in zip(names, columns, strict=True)]
    now = _bound(tx, noun, "updated_at", [tx.now])[0]
    sets = ", ".join(f"{quote(name)} = {mark}" for name in (*names, "updated_at"))
    whole = list(zip(*bound, repeat(now, len(rows)), [record for record, _ in rows], strict=True))
    _each(tx, f"UPDATE {quote(noun)} SET {sets}, version = version + 1 WHERE id = {mark}", whole, refused)


class _Counted(list[tuple[Any, ...]]):
    """Rows that know how many of them the driver has taken."""

    taken = 0

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        for row in super().__iter__():
            self.taken += 1
            yield row


def _each(tx: Tx, statement: str, rows: list[tuple[Any, ...]], refused: Refusal) -> None:
    """Run `statement` for every row, without those that the store refuses."""
    if not tx.store.sqlite:
        _each_on_server(tx, statement, rows, refused)
        return
    # No savepoint: under one, SQLite keeps a copy of each page that each of the many statements touches.
    # A statement that fails takes only itself back, so it is enough to know which one it was.
    start = failures = 0
    while start < len(rows):
        part = _Counted(rows[start : start + 1] if failures > MOST_FAILURES else rows[start:])
        try:
            with session.guard(tx.store):
                tx.session.connection().exec_driver_sql(statement, part)
            start += len(part)
        except (Invalid, Refused) as error:
            failures += 1
            start += part.taken
            refused(start - 1, error)


def _each_on_server(tx: Tx, statement: str, rows: list[tuple[Any, ...]], refused: Refusal) -> None:
    try:
        with session.guard(tx.store), tx.session.begin_nested():
            tx.session.connection().exec_driver_sql(statement, rows)
    except (Invalid, Refused) as error:
        if len(rows) == 1:
            refused(0, error)
            return
        for at, row in enumerate(rows):
            _each_on_server(tx, statement, [row], lambda _, problem, at=at: refused(at, problem))  # type: ignore[misc]
