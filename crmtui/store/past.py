"""The store at an earlier moment: the journal's entries taken back from today's rows, set-wise, in SQL."""

from collections.abc import Sequence
from datetime import datetime
from itertools import count
from typing import Any

from sqlalchemy import (
    BindParameter,
    Boolean,
    Column,
    FromClause,
    MetaData,
    Table,
    bindparam,
    exists,
    select,
    text,
    union_all,
)
from sqlalchemy.schema import CreateTable

from crmtui.store.record import table
from crmtui.store.session import Tx
from crmtui.store.types import Moment

_NUMBERS = count(1)

AFTER = """
SELECT j.id, j.record, j.op, j.before FROM tx JOIN journal j ON j.tx = tx.id WHERE tx.at > :moment AND j.noun = :noun
UNION ALL
SELECT j.id, j.record, j.op, j.before FROM journal j WHERE j.tx IS NULL AND j.at > :moment AND j.noun = :noun"""
"""The entries of a noun that a moment does not know yet."""


def at(tx: Tx, noun: str, moment: datetime, columns: Sequence[str] | None = None) -> FromClause:
    """The rows of `noun` (or of a part) as they were at `moment`, with the columns of its table, or just id and `columns`.

    Transaction time: what a transaction did counts from its own moment on, a direct write from when it happened. The
    answer holds within this unit of work, whose reads are of one state. It carries no predicate: the caller does.
    """
    of: Table = table(noun).__table__
    names = [c.name for c in of.columns if columns is None or c.name == "id" or c.name in columns]
    known: dict[Any, FromClause] = tx.session.info.setdefault("past", {})
    key = (noun, moment, tuple(names))
    if tx.verb or key not in known:
        known[key] = _at(tx, of, moment, names)
    return known[key]


def _at(tx: Tx, of: Table, moment: datetime, names: list[str]) -> FromClause:
    bound = [bindparam("moment", moment, Moment()), bindparam("noun", of.name)]
    connection = tx.session.connection()
    if (
        connection.execute(text(f"SELECT 1 FROM ({AFTER}) AS later LIMIT 1").bindparams(*bound)).first()
        is None
    ):
        return of if len(names) == len(of.columns) else select(*(of.c[name] for name in names)).subquery()
    then = fold(tx, of, AFTER, bound, names)
    untouched = select(*(of.c[name] for name in names)).where(~exists().where(then.c.id == of.c.id))
    changed = select(*(then.c[name] for name in names)).where(then.c.existed)
    return union_all(untouched, changed).subquery()


def fold(tx: Tx, of: Table, entries: str, bound: Sequence[BindParameter[Any]], names: Sequence[str]) -> Table:
    """A temporary table of the rows that `entries` (SQL) touched, as they were before them, with the columns `names`.

    `existed` is false for a row that was not there before. The first entry of a record that names a column knows its
    value then; a deletion knows all; what no entry names is as today. Costs grow with the entries alone.
    """
    then = _temporary(of, names)
    connection = tx.session.connection()
    connection.execute(CreateTable(then))
    columns = [name for name in names if name != "id"]
    made = _sqlite(of, entries, columns) if tx.store.sqlite else _postgres(of, entries, columns)
    into = ", ".join(f'"{name}"' for name in ("id", "existed", *columns))
    connection.execute(text(f"INSERT INTO {then.name} ({into}) {made}").bindparams(*bound))
    return then


def _temporary(of: Table, names: Sequence[str]) -> Table:
    columns = [Column(name, of.c[name].type, primary_key=name == "id", autoincrement=False) for name in names]
    return Table(
        f"then_{next(_NUMBERS)}",
        MetaData(),
        *columns,
        Column("existed", Boolean),
        prefixes=["TEMPORARY"],
        postgresql_on_commit="DROP",
    )


def _sqlite(of: Table, entries: str, columns: Sequence[str]) -> str:
    """The objects of a record's entries are joined into one, oldest first: of a name that comes twice, SQLite finds the first."""
    values = "".join(
        f""", CASE WHEN json_type(f.patch, '$."{c}"') IS NULL THEN t."{c}" ELSE json_extract(f.patch, '$."{c}"') END"""
        for c in columns
    )
    return f"""
SELECT f.record, NOT f.born AND (t.id IS NOT NULL OR json_type(f.patch, '$.version') IS NOT NULL){values}
FROM (SELECT record, patch, substr(patch, 1, 4) = '{{"+"' AS born FROM (
  SELECT record, '{{' || group_concat(CASE op WHEN 'insert' THEN '"+": 1' ELSE substr(before, 2, length(before) - 2) END) || '}}' AS patch
  FROM (SELECT * FROM ({entries}) ORDER BY record, id) GROUP BY record)) f
LEFT JOIN "{of.name}" t ON t.id = f.record"""


def _postgres(of: Table, entries: str, columns: Sequence[str]) -> str:
    """Of a name that comes twice, the aggregate keeps the last: so the oldest entry comes last."""
    values = "".join(f', r."{c}"' for c in columns)
    return f"""
SELECT f.record, f.op <> 'insert' AND (t.id IS NOT NULL OR jsonb_exists(f.patch, 'version')){values}
FROM (SELECT e.record, (array_agg(e.op ORDER BY e.id))[1] AS op,
        coalesce(jsonb_object_agg(v.key, v.value ORDER BY e.id DESC) FILTER (WHERE v.key IS NOT NULL), '{{}}') AS patch
      FROM ({entries}) e LEFT JOIN LATERAL jsonb_each(CAST(e.before AS jsonb)) v ON true GROUP BY e.record) f
LEFT JOIN "{of.name}" t ON t.id = f.record
CROSS JOIN LATERAL jsonb_populate_record(t, f.patch) r"""
