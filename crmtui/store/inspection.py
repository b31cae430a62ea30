"""What a database tells about itself: its library, its safety, its triggers, rows that point nowhere, circles."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, func, inspect, select, type_coerce

from crmtui.store import dialect, journal
from crmtui.store.journal import Change, Entry
from crmtui.store.record import TABLES, declared, table
from crmtui.store.session import Tx
from crmtui.store.types import Whole

TREES = (
    ("dept", "parent_id"),
    ("territory", "parent_id"),
    ("account", "parent_id"),
    ("user", "manager_id"),
    ("contact", "reports_to_id"),
)
"""Nouns whose records stand above one another, and the column that says so."""


def ask(tx: Tx, question: str) -> Any:
    """The one answer to a PRAGMA or to a SHOW."""
    return tx.session.connection().exec_driver_sql(question).scalar()


def integrity(tx: Tx) -> list[str]:
    """What SQLite finds wrong with the file itself, in its words; PostgreSQL looks after its files alone."""
    if not tx.store.sqlite:
        return []
    found = tx.session.connection().exec_driver_sql("PRAGMA integrity_check(20)").scalars()
    return [str(line) for line in found if line != "ok"]


def orphans(tx: Tx) -> list[tuple[str, int]]:
    """Table and id of rows that point at a row which is not there; PostgreSQL never lets them come about."""
    if not tx.store.sqlite:
        return []
    found = tx.session.connection().exec_driver_sql("PRAGMA foreign_key_check")
    return [(str(row[0]), int(row[1])) for row in found]


def strange_tables(tx: Tx) -> list[str]:
    """The tables whose columns are not those that this program declares."""
    held = inspect(tx.session.connection())
    there = set(held.get_table_names())
    return [
        of.name
        for of in journal.journalled()
        if of.name not in there
        or {column["name"] for column in held.get_columns(of.name)} != {column.name for column in of.columns}
    ]


def untracked_tables(tx: Tx) -> list[str]:
    """The tables whose changes the journal does not record in full: a trigger is missing, switched off or another."""
    names = [of.name for of in journal.journalled()]
    if not tx.store.sqlite:
        return [name for name in (*names, "tx", "journal") if name not in _on_postgres(tx)]
    found = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'"
    held = {row[0]: row[1] for row in tx.session.connection().exec_driver_sql(found)}
    wanted = {of.name: journal.sqlite_triggers(of) for of in journal.journalled()}
    for statement in journal.SQLITE_APPEND_ONLY:
        wanted.setdefault(_trigger_name(statement).rpartition("_")[0], []).append(statement)
    return [
        name
        for name, statements in wanted.items()
        if any(held.get(_trigger_name(statement)) != statement for statement in statements)
    ]


def _trigger_name(statement: str) -> str:
    found = re.match(r'CREATE TRIGGER "?(\w+)"?', statement)
    assert found, statement
    return found[1]


def _on_postgres(tx: Tx) -> set[str]:
    found = (
        "SELECT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid "
        "WHERE c.relnamespace = current_schema()::regnamespace AND t.tgenabled IN ('O', 'A') "
        "AND p.proname IN ('crm_journal', 'crm_append_only')"
    )
    return set(tx.session.connection().exec_driver_sql(found).scalars())


def direct_writes(tx: Tx) -> tuple[int, datetime | None]:
    """How many rows were changed past the program, and when the last of them was."""
    entry = Entry.__table__  # type: ignore[attr-defined]
    found = select(func.count(entry.c.id), func.max(entry.c.at)).where(entry.c.tx.is_(None))
    count, last = tx.session.connection().execute(found).one()
    return count, last


def last_change(tx: Tx) -> datetime | None:
    """The moment of the latest transaction."""
    change = Change.__table__  # type: ignore[attr-defined]
    return tx.session.connection().execute(select(func.max(change.c.at))).scalar()


def circle(tx: Tx, noun: str, column: str) -> list[int]:
    """The ids of records of a tree that stand above themselves; empty when none does."""
    of = table(noun).__table__
    pairs = select(of.c.id, of.c[column]).where(of.c[column].is_not(None))
    above = {row[0]: row[1] for row in tx.session.connection().execute(pairs)}
    clear: set[int] = set()
    for start in above:
        path: dict[int, None] = {}
        at: int | None = start
        while at is not None and at not in clear and at not in path:
            path[at] = None
            at = above.get(at)
        if at in path:
            ring = list(path)
            return ring[ring.index(at) :]
        clear.update(path)
    return []


def lost_members(tx: Tx) -> Iterator[tuple[str, int]]:
    """Noun and id of records whose lists (the products of an opportunity) name records that are not there."""
    for noun in TABLES:
        of = table(noun).__table__
        for field in declared(noun):
            if field.kind == "refs":
                missing = _missing(field.noun)
                lost = dialect.any_member(of.c[field.column], missing, Whole, tx.store.sqlite)
                query = select(of.c.id).where(of.c[field.column].is_not(None), lost).order_by(of.c.id)
                yield from ((noun, record) for record in tx.session.connection().execute(query).scalars())


def _missing(noun: str) -> Any:
    target = table(noun).__table__

    def condition(member: ColumnElement[int]) -> ColumnElement[bool]:
        return ~exists(select(target.c.id).where(target.c.id == type_coerce(member, Whole)))

    return condition
