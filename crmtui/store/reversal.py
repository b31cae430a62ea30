"""Taking a transaction back, set-wise: what stands in its way, and the statements that do it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, Text, bindparam, func, select, text

from crmtui.store import past, schema
from crmtui.store.chronicle import undoers
from crmtui.store.journal import Entry, journalled
from crmtui.store.record import PARTS, TABLES, table
from crmtui.store.session import Tx
from crmtui.store.types import Moment, Whole
from crmtui.store.values import TARGETS
from crmtui.store.visibility import reach

KEPT = ("version", "updated_at")
"""Columns that every change touches: they tell of no conflict, and go on rising."""

OF_TX = "SELECT j.id, j.record, j.op, j.before FROM journal j WHERE j.tx = :target AND j.noun = :noun"


@dataclass(frozen=True)
class Later:
    """A later change that stands in the way: of which record, by which transaction (None: past the program), what."""

    noun: str
    record: int
    entry: int
    tx: int | None
    op: str
    columns: tuple[str, ...]


@dataclass
class Counts:
    """Rows set back to earlier values, taken away because they were new, and brought back because they were deleted."""

    restored: int = 0
    removed: int = 0
    brought_back: int = 0


def _cancelled(tx: Tx, target: int) -> list[int]:
    """Transactions after `target` that came to nothing together: each with the one that took it back."""
    gone: set[int] = set()
    for undoer, other in undoers(tx):
        if undoer not in gone and other > target and other not in gone:
            gone |= {undoer, other}
    return sorted(gone)


def touched(tx: Tx, target: int) -> list[Table]:
    """The tables in which transaction `target` changed rows."""
    entry = Entry.__table__  # type: ignore[attr-defined]
    found = set(tx.session.connection().scalars(select(entry.c.noun).where(entry.c.tx == target).distinct()))
    return [table(noun).__table__ for noun in (*TABLES, *PARTS) if noun in found]


def lock(tx: Tx, target: int) -> None:
    """Keep others from the rows that `target` changed, until this is over. SQLite has locked all by now."""
    if tx.store.sqlite:
        return
    for of in touched(tx, target):
        rows = _existing(of, target).order_by(of.c.id).with_for_update()
        tx.session.connection().execute(select(func.count()).select_from(rows.subquery()))


def _records(noun: str, target: int) -> Any:
    entry = Entry.__table__  # type: ignore[attr-defined]
    return select(entry.c.record).where(entry.c.tx == target, entry.c.noun == noun)


def _existing(of: Table, target: int) -> Any:
    return select(of.c.id).where(of.c.id.in_(_records(of.name, target)))


def out_of_reach(tx: Tx, target: int) -> tuple[str, int] | None:
    """A record that `target` changed, or whose part it changed, and that the actor may not edit as it stands."""
    for of in touched(tx, target):
        noun, column = (of.name, "id") if of.name in TABLES else table(of.name).PART_OF
        of_whom = select(of.c[column]).where(of.c.id.in_(_records(of.name, target)))
        if noun not in TABLES:
            return of.name, 0
        model = table(noun)
        if model.SERVED:
            continue  # it came with the rest, and goes with it
        may = select(model.id).where(reach(noun, tx.actor, "edit"))
        query = of_whom.where(of.c[column].not_in(may)).limit(1)
        record = tx.session.connection().execute(query).scalar()
        if record is not None:
            return noun, record
    return None


_LATER = """
SELECT l.noun, l.record, l.id, l.tx, l.op, e.before, l.before AS later_before
FROM journal e JOIN journal l ON l.noun = e.noun AND l.record = e.record AND l.id > e.id
WHERE e.tx = :target AND (l.tx IS NULL OR l.tx <> :target AND l.tx NOT IN :cancelled)
  AND l.noun NOT IN :aside
  AND (e.op <> 'update' OR l.op <> 'update' OR EXISTS (
    SELECT 1 FROM {keys_e} a JOIN {keys_l} b ON a.key = b.key WHERE a.key NOT IN ('version', 'updated_at')))
ORDER BY l.id DESC LIMIT 1"""


def later_change(tx: Tx, target: int) -> Later | None:
    """The newest change since `target` of a field that it changed, or of a record that it made or deleted; None for none.

    Changes that were themselves taken back do not count.
    """
    keys = ["json_each(e.before)", "json_each(l.before)"]
    if not tx.store.sqlite:
        keys = [f"jsonb_each(CAST({each} AS jsonb))" for each in ("e.before", "l.before")]
    query = text(_LATER.format(keys_e=keys[0], keys_l=keys[1])).bindparams(
        bindparam("target", target, Whole),
        bindparam("cancelled", _cancelled(tx, target), Whole, expanding=True),
        bindparam(
            "aside", [of.name for of in touched(tx, target) if table(of.name).ASIDE], Text, expanding=True
        ),
    )
    found = tx.session.connection().execute(query).first()
    if found is None:
        return None
    names = set(_names(found.before)) & set(_names(found.later_before)) if found.op == "update" else set()
    columns = tuple(sorted((names or set(_names(found.later_before))) - set(KEPT)))
    return Later(
        found.noun, found.record, found.id, found.tx, found.op, columns if found.op == "update" else ()
    )


def _names(values: str | None) -> list[str]:
    import json

    return list(json.loads(values)) if values else []


def take_back(tx: Tx, target: int) -> tuple[Counts, list[tuple[Table, Table]]]:
    """Undo what `target` did, in all tables; returns the counts, and each table with the rows as they were before.

    References are looked at when the transaction ends, so that records that point at each other can go together.
    """
    _defer(tx)
    counts, folds = Counts(), []
    for of in touched(tx, target):
        changed = _changed_columns(tx, of, target)
        bound = [bindparam("target", target, Whole), bindparam("noun", of.name)]
        then = past.fold(tx, of, OF_TX, bound, ["id", *changed])
        counts.removed += _remove(tx, of, then)
        if changed:
            counts.restored += _restore(tx, of, then, [c for c in changed if c not in KEPT])
            counts.brought_back += _bring_back(tx, of, then)
        folds.append((of, then))
    return counts, folds


def _defer(tx: Tx) -> None:
    statement = "PRAGMA defer_foreign_keys = ON" if tx.store.sqlite else "SET CONSTRAINTS ALL DEFERRED"
    tx.session.connection().exec_driver_sql(statement)


def _changed_columns(tx: Tx, of: Table, target: int) -> list[str]:
    """The columns of which the entries of `target` know an earlier value; all of them where it deleted a row."""
    each = "json_each(e.before)" if tx.store.sqlite else "jsonb_each(CAST(e.before AS jsonb))"
    query = text(
        f"SELECT DISTINCT v.key FROM journal e, {each} v WHERE e.tx = :target AND e.noun = :noun AND e.op <> 'insert'"
    )
    found = set(tx.session.connection().scalars(query, {"target": target, "noun": of.name}))
    return [column.name for column in of.columns if column.name in found]


def _run(tx: Tx, statement: str) -> int:
    query = text(statement)
    if ":now" in statement:
        query = query.bindparams(bindparam("now", tx.now, Moment()))
    return int(tx.session.connection().execute(query).rowcount)


def _remove(tx: Tx, of: Table, then: Table) -> int:
    gone = f'DELETE FROM "{of.name}" WHERE id IN (SELECT id FROM {then.name} WHERE NOT existed)'
    stays = table(of.name).ASIDE
    if not stays:
        return _run(tx, gone)
    removed = _run(tx, f"{gone} AND NOT ({stays})")
    _run(tx, f'DELETE FROM {then.name} WHERE NOT existed AND id IN (SELECT id FROM "{of.name}")')
    return removed


def _restore(tx: Tx, of: Table, then: Table, changed: list[str]) -> int:
    values = [f'"{c}" = p."{c}"' for c in changed] + [f'version = "{of.name}".version + 1']
    values += ["updated_at = :now"] if "updated_at" in of.c else []
    return _run(
        tx,
        f'UPDATE "{of.name}" SET {", ".join(values)} FROM {then.name} p WHERE p.id = "{of.name}".id AND p.existed',
    )


def _bring_back(tx: Tx, of: Table, then: Table) -> int:
    """Only a deletion leaves a row that existed and does not now; then every column is known."""
    names = [column.name for column in of.columns]
    if any(name not in then.c for name in names):
        return 0
    own = {"version": "version + 1", "updated_at": ":now"}
    into, values = ", ".join(f'"{n}"' for n in names), ", ".join(own.get(n, f'"{n}"') for n in names)
    gone = f'existed AND id NOT IN (SELECT id FROM "{of.name}")'
    return _run(tx, f'INSERT INTO "{of.name}" ({into}) SELECT {values} FROM {then.name} WHERE {gone}')


def dangling(tx: Tx, folds: list[tuple[Table, Table]]) -> tuple[str, int, str, int] | None:
    """A record that still points at one that was taken away, and that one: noun, id, noun, id; None when all is well."""
    connection = tx.session.connection()
    for of, then in folds:
        if connection.execute(select(then.c.id).where(~then.c.existed).limit(1)).first() is None:
            continue
        for child, pointers in _pointing_at(of.name, tx.store.sqlite):
            query = text(
                f"SELECT c.id, g.id AS gone FROM ({pointers}) c JOIN {then.name} g ON g.id = c.points_at "
                "WHERE NOT g.existed LIMIT 1"
            )
            found = connection.execute(query).first()
            if found is not None:
                return child, found.id, of.name, found.gone
    return None


def _pointing_at(noun: str, sqlite: bool) -> Iterator[tuple[str, str]]:
    """Every table with a column that can point at records of `noun`, and the SQL of its `id` and `points_at`."""
    for of in journalled():
        for column, target in schema.references(of, of.name).items():
            if target == noun:
                yield of.name, f'SELECT id, "{column}" AS points_at FROM "{of.name}"'
        for each in of.columns:
            field = each.info.get("field")
            if field is not None and field.kind == "refs" and field.noun == noun:
                yield of.name, _members(of, each.name, sqlite)
    if noun in TARGETS:
        number = f'CAST(substr("of", {len(TARGETS[noun]) + 2}) AS {"integer" if sqlite else "bigint"})'
        yield "quota", f"SELECT id, {number} AS points_at FROM quota WHERE scope = '{noun}'"


def _members(of: Table, column: str, sqlite: bool) -> str:
    if sqlite:
        return f'SELECT t.id, v.value AS points_at FROM "{of.name}" t, json_each(t."{column}") v'
    return (
        f'SELECT t.id, CAST(v.value AS bigint) AS points_at FROM "{of.name}" t, '
        f'jsonb_array_elements_text(CAST(t."{column}" AS jsonb)) v (value)'
    )
