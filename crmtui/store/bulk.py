"""Many rows at once, column by column: looked up by a key, put in, changed. An import is checked before it comes here."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Date, Text, any_, func, literal, select

from crmtui.errors import Forbidden
from crmtui.i18n import N_
from crmtui.store.journal import Entry
from crmtui.store.record import table
from crmtui.store.session import Tx
from crmtui.store.types import to_json
from crmtui.store.visibility import reach, subordinates


def set_cache(tx: Tx, mib: int) -> None:
    """Let SQLite keep up to `mib` MiB of pages for this connection; it takes no more than the store needs."""
    if tx.store.sqlite:
        tx.session.connection().exec_driver_sql(f"PRAGMA cache_size = {-1024 * mib:d}")


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
    columns = [getattr(model, name) for name in dict.fromkeys(("id", *wanted))]
    query = select(*columns).where(member(tx, getattr(model, column), values))
    if not tx.store.sqlite:
        query = query.order_by(model.id).with_for_update(of=model)
    return [dict(row) for row in tx.session.execute(query).mappings()]


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
    entry = Entry.__table__  # type: ignore[attr-defined]
    query = select(entry.c.record).where(
        entry.c.noun == noun, member(tx, entry.c.record, ids), entry.c.tx == tx.id, entry.c.op == "insert"
    )
    return set(tx.session.connection().execute(query).scalars())


def _bound(tx: Tx, noun: str, name: str, values: Sequence[Any]) -> Sequence[Any]:
    """`values` as the driver takes them for that column."""
    dialect = tx.store.engine.dialect
    process = table(noun).__table__.c[name].type.dialect_impl(dialect).bind_processor(dialect)
    return [process(value) for value in values] if process else values


def insert(tx: Tx, noun: str, columns: Mapping[str, Sequence[Any]], constants: Mapping[str, Any]) -> None:
    """Put in rows given by their columns; `constants` are the same in every row."""
    quote = tx.store.engine.dialect.identifier_preparer.quote
    mark = "?" if tx.store.sqlite else "%s"
    names = [*columns, *constants]
    places = [mark] * len(names)
    bound = [_bound(tx, noun, name, values) for name, values in columns.items()]
    count = len(bound[0])
    same = [_bound(tx, noun, name, [value])[0] for name, value in constants.items()]
    bound += [[value] * count for value in same]
    statement = f"INSERT INTO {quote(noun)} ({', '.join(map(quote, names))}) VALUES ({', '.join(places)})"
    tx.session.connection().exec_driver_sql(statement, list(zip(*bound, strict=True)))


def update(tx: Tx, noun: str, names: Sequence[str], rows: Sequence[tuple[int, Sequence[Any]]]) -> None:
    """Set the columns `names` of records given by id and values; each counts as one more version of its record."""
    quote = tx.store.engine.dialect.identifier_preparer.quote
    mark = "?" if tx.store.sqlite else "%s"
    bound = [
        _bound(tx, noun, name, values)
        for name, values in zip(names, zip(*(v for _, v in rows), strict=True), strict=True)
    ]
    ids = [record for record, _ in rows]
    now = _bound(tx, noun, "updated_at", [tx.now])[0]
    sets = ", ".join(f"{quote(name)} = {mark}" for name in (*names, "updated_at"))
    statement = f"UPDATE {quote(noun)} SET {sets}, version = version + 1 WHERE id = {mark}"
    tx.session.connection().exec_driver_sql(statement, list(zip(*bound, [now] * len(ids), ids, strict=True)))
