"""The checks of states in an older store: what the program declares by now may stand there too."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Table

from crmtui.store import schema
from crmtui.store.record import TABLES, table

POSTGRES = """SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype = 'c' AND connamespace = current_schema()::regnamespace"""


@dataclass(frozen=True)
class Step:
    """Something that a store did not have: `what` is table, column, check, index, trigger, function or reference,
    `on` the table that it belongs to (empty for a function), and `name` its own name."""

    what: str
    on: str
    name: str


def widen(connection: Connection) -> Iterator[Step]:
    """Write anew every check that names fewer states than the program knows; the steps, one for each column."""
    sqlite = connection.dialect.name == "sqlite"
    texts: dict[str, str] = {} if sqlite else dict(connection.exec_driver_sql(POSTGRES).all())
    written = False
    for noun in TABLES:
        of: Table = table(noun).__table__
        for column in of.columns:
            field, name = column.info.get("field"), f"{of.name}_{column.name}_ok"
            if field is None or field.kind != "state":
                continue
            held = _in_file(connection, of.name, name) if sqlite else texts.get(name, "")
            if not held or all(f"'{value}'" in held for value in field.values):
                continue
            condition = schema.condition(column, sqlite) or ""
            if sqlite:
                _write_in_file(connection, of.name, name, condition)
                written = True
            else:
                _write_on_server(connection, of.name, name, condition)
            yield Step("check", of.name, column.name)
    if written:
        connection.exec_driver_sql("PRAGMA writable_schema = RESET")


def _check(name: str) -> re.Pattern[str]:
    return re.compile(rf"CONSTRAINT {name} CHECK \(([^()]*)\)")


def _in_file(connection: Connection, of: str, name: str) -> str:
    question = "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?"
    found = _check(name).search(connection.exec_driver_sql(question, (of,)).scalar_one())
    return found[1] if found else ""


def _write_in_file(connection: Connection, of: str, name: str, condition: str) -> None:
    """SQLite has no statement for it; where no stored byte changes its meaning, its manual has the text written directly."""
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    question = "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?"
    held = connection.exec_driver_sql(question, (of,)).scalar_one()
    text = _check(name).sub(lambda _: f"CONSTRAINT {name} CHECK ({condition})", held)
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    connection.exec_driver_sql(
        "UPDATE sqlite_schema SET sql = ? WHERE type = 'table' AND name = ?", (text, of)
    )
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")


def _write_on_server(connection: Connection, of: str, name: str, condition: str) -> None:
    connection.exec_driver_sql(f'ALTER TABLE "{of}" DROP CONSTRAINT {name}')
    connection.exec_driver_sql(f'ALTER TABLE "{of}" ADD CONSTRAINT {name} CHECK ({condition})')
