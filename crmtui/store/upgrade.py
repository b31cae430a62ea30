"""Bringing an older store up to the tables, columns, checks, indices and triggers that the program declares."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, inspect
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.schema import CreateColumn

from crmtui.errors import NotReady
from crmtui.i18n import N_
from crmtui.store import checks, journal, schema, stamp
from crmtui.store.checks import Step
from crmtui.store.record import PARTS, TABLES, table

_MADE = re.compile(
    r'\s*(?:CREATE (?:UNIQUE )?(?P<kind>TABLE|INDEX|TRIGGER|FUNCTION) "?(?P<name>\w+)"?'
    r'|ALTER TABLE "(?P<of>\w+)" ADD FOREIGN KEY \("(?P<column>\w+)"\))'
)
_ON = re.compile(r' ON "?(\w+)"?')


@dataclass(frozen=True)
class _Held:
    """What a store holds: the columns of each table, and by name its indices, triggers, functions and (table.column)
    references; of triggers on SQLite and of functions also the text."""

    columns: dict[str, set[str]]
    texts: dict[str, str]


def raise_schema(connection: Connection) -> list[Step]:
    """Add what the store lacks, stamp it with this program's version, and tell what was added; the caller commits.

    Nothing is removed and no row is changed. Raises NotReady for a column that could not be filled in older rows.
    """
    held = _held(connection)
    done = [*_columns(connection, held), *_statements(connection, held), *checks.widen(connection)]
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA user_version = {stamp.VERSION}")
    else:
        connection.exec_driver_sql(f"UPDATE crm_schema SET version = {stamp.VERSION}")
    return done


def _held(connection: Connection) -> _Held:
    found = inspect(connection)
    columns = {name: {each["name"] for each in found.get_columns(name)} for name in found.get_table_names()}
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
    else:
        rows = connection.exec_driver_sql(
            "SELECT indexname, '' FROM pg_indexes WHERE schemaname = current_schema() "
            "UNION ALL SELECT tgname, '' FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
            "WHERE c.relnamespace = current_schema()::regnamespace "
            "UNION ALL SELECT c.relname || '.' || a.attname, '' FROM pg_constraint f "
            "JOIN pg_class c ON c.oid = f.conrelid "
            "JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[1] "
            "WHERE f.contype = 'f' AND f.connamespace = current_schema()::regnamespace "
            "UNION ALL SELECT proname, prosrc FROM pg_proc WHERE pronamespace = current_schema()::regnamespace"
        )
    return _Held(columns, {str(name): str(text) for name, text in rows})


def _run(connection: Connection, statement: str) -> None:
    sqlite = connection.dialect.name == "sqlite"
    connection.exec_driver_sql(statement if sqlite else statement.replace("%", "%%"))


# -- columns ----------------------------------------------------------------------------------------------------


def _columns(connection: Connection, held: _Held) -> Iterator[Step]:
    sqlite = connection.dialect.name == "sqlite"
    for noun in (*TABLES, *PARTS):
        of: Table = table(noun).__table__
        for column in of.columns if of.name in held.columns else ():
            if column.name not in held.columns[of.name]:
                _run(connection, f'ALTER TABLE "{of.name}" ADD COLUMN {_column(noun, of, column, sqlite)}')
                yield Step("column", of.name, column.name)


def _column(noun: str, of: Table, column: Any, sqlite: bool) -> str:
    """The definition of a column that joins a table with rows: what must not be empty has the value of a new record."""
    dialect = sqlite_dialect.dialect() if sqlite else postgresql.dialect()  # type: ignore[no-untyped-call]
    made = str(CreateColumn(column).compile(dialect=dialect)).strip()
    if not column.nullable:
        made += f" DEFAULT {_literal(of, table(noun).model_fields[column.name].default, sqlite)}"
    condition = schema.condition(column, sqlite)
    if condition:
        made += f" CONSTRAINT {of.name}_{column.name}_ok CHECK ({condition})"
    pointer = schema.references(of, noun).get(column.name)
    return f'{made} REFERENCES "{pointer}"(id)' if pointer and sqlite else made


def _literal(of: Table, value: object, sqlite: bool) -> str:
    if isinstance(value, bool):
        return str(int(value)) if sqlite else str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    raise NotReady(
        "store.no_way_up",
        N_("The records of {table} are too old for this program."),
        hint=N_("Export them with the program that made them, and import them into a new store."),
        table=of.name,
    )


# -- tables, indices, references, triggers ----------------------------------------------------------------------


def _statements(connection: Connection, held: _Held) -> Iterator[Step]:
    sqlite = connection.dialect.name == "sqlite"
    if not sqlite:
        yield from _journal_function(connection, held)
    for statement in schema.statements(sqlite):
        found = _MADE.match(statement)
        if found is None:  # the one row of `running`, which a store has from its first day
            continue
        step = _step(found, statement)
        if step.what == "trigger" and held.texts.get(step.name, statement) not in (statement, ""):
            _run(connection, f'DROP TRIGGER "{step.name}"')
        elif _is_there(step, held):
            continue
        _run(connection, statement)
        yield step


def _step(found: re.Match[str], statement: str) -> Step:
    if found["of"]:
        return Step("reference", found["of"], found["column"])
    kind, name = found["kind"].lower(), found["name"]
    on = _ON.search(statement, found.end()) if kind in ("index", "trigger") else None
    return Step(kind, on[1] if on else name if kind == "table" else "", name)


def _is_there(step: Step, held: _Held) -> bool:
    if step.what == "table":
        return step.name in held.columns
    return (f"{step.on}.{step.name}" if step.what == "reference" else step.name) in held.texts


def _journal_function(connection: Connection, held: _Held) -> Iterator[Step]:
    """The function behind the journal's triggers on PostgreSQL, when it is missing or has another text."""
    body = journal.POSTGRES_FUNCTION.partition("$$")[2].rpartition("$$")[0]
    if held.texts.get("crm_journal") != body:
        _run(connection, schema.journal_function(connection).replace("CREATE", "CREATE OR REPLACE", 1))
        yield Step("function", "", "crm_journal")
