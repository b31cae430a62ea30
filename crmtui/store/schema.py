"""Making a store: its tables with their checks and references, its indices and triggers."""

from typing import Any

from sqlalchemy import CheckConstraint, Connection, Table, text
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlmodel import SQLModel

from crmtui.store import journal, search
from crmtui.store.fields import MAX_AMOUNT, Field
from crmtui.store.record import PARTS, TABLES, table
from crmtui.store.stamp import APPLICATION_ID, VERSION

MANY = ("account", "contact", "lead", "opp")
"""Nouns of which there can be a million."""

PART_REFERENCES = {
    "role_right": {"role_id": "role"},
    "transition": {"process_id": "process"},
    "opp_member": {"opp_id": "opp", "user_id": "user"},
    "outbox_file": {"mail_id": "outbox"},
    "flow_step": {"flow_id": "flow"},
    "approval_vote": {"approval_id": "approval", "user_id": "user", "requester_id": "user"},
    "opp_split": {"opp_id": "opp", "user_id": "user"},
    "opp_step": {"opp_id": "opp", "done_by_id": "user"},
    "process_text": {"process_id": "process", "made_by_id": "user"},
    "quote_line": {"quote_id": "quote", "product_id": "product"},
    "quote_counter": {"quote_id": "quote"},
    "contract_line": {"contract_id": "contract", "product_id": "product"},
    "contract_version": {"contract_id": "contract"},
    "contract_delivery": {"contract_id": "contract"},
    "contract_milestone": {"contract_id": "contract"},
    "contract_due": {"contract_id": "contract"},
    "order_line": {"order_id": "order", "product_id": "product"},
    "order_delivery": {"order_id": "order"},
    "invoice_line": {"invoice_id": "invoice", "product_id": "product"},
}


def _check(field: Field, column: str, sqlite: bool) -> str | None:
    """The condition that the database itself holds for `field`."""
    name = f'"{column}"'
    if field.kind == "money":
        return f"{name} BETWEEN 0 AND {MAX_AMOUNT * 1000 - 1}"
    if field.kind in ("whole", "percent", "rate"):
        return f"{name} BETWEEN {field.low} AND {field.high}"
    if field.kind == "state":
        # SQLite makes a table of the values of an IN, for each statement anew, and asks that for each row.
        return " OR ".join(f"{name} = {value!r}" for value in field.values)
    if field.kind == "flag" and sqlite:
        return f"{name} IN (0, 1)"
    if field.kind == "day" and sqlite:
        return f"{name} GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]'"
    if field.kind in ("line", "code", "choice") and field.max:
        blank = f"length(trim({name})) > 0 AND " if field.required else ""
        return f"{blank}length({name}) <= {field.max}"
    return None


def _complete(of: Table, noun: str, sqlite: bool) -> Table:
    """A copy of `of` with its checks and references, which the loaded classes do without."""
    from sqlalchemy import MetaData

    copy = of.to_metadata(MetaData())
    for column in of.columns:
        holds = condition(column, sqlite)
        if holds:
            copy.append_constraint(CheckConstraint(text(holds), name=f"{of.name}_{column.name}_ok"))
    return copy


def condition(column: Any, sqlite: bool) -> str | None:
    """The condition that the database itself holds for a column; None where there is none."""
    field = column.info.get("field")
    return None if field is None else _check(field, column.name, sqlite)


def references(of: Table, noun: str) -> dict[str, str]:
    """Column → table that it points at."""
    if noun in PART_REFERENCES:
        return PART_REFERENCES[noun]
    found = {}
    for column in of.columns:
        field = column.info.get("field")
        if field is not None and field.kind == "ref":
            found[column.name] = field.noun
    return found


def _pointer_indexes(of: Table, pointers: dict[str, str]) -> list[str]:
    """Without these, taking back an import would read the whole of `of` for each row that goes. Empty fields cost nothing."""
    led = {next(iter(index.columns)).name for index in of.indexes}
    return [
        f'CREATE INDEX "{of.name}_{column}" ON "{of.name}" ("{column}") WHERE "{column}" IS NOT NULL'
        for column, noun in pointers.items()
        if noun in MANY and column not in led
    ]


def statements(sqlite: bool) -> list[str]:
    """Everything that makes an empty store, in order."""
    from sqlalchemy.dialects import postgresql
    from sqlalchemy.dialects import sqlite as sqlite_dialect

    dialect = sqlite_dialect.dialect() if sqlite else postgresql.dialect()  # type: ignore[no-untyped-call]
    made: list[str] = []
    later: list[str] = []
    for model in (journal.Change, journal.Entry, journal.Running, journal.Once):
        plain: Table = getattr(model, "__table__")  # noqa: B009
        made.append(str(CreateTable(plain).compile(dialect=dialect)) + (" STRICT" if sqlite else ""))
        made += [
            str(CreateIndex(index).compile(dialect=dialect))
            for index in sorted(plain.indexes, key=lambda i: str(i.name))
        ]
    for noun in (*TABLES, *PARTS):
        of: Table = table(noun).__table__
        copy = _complete(of, noun, sqlite)
        pointers = references(of, noun)
        if sqlite:
            copy.dialect_options["sqlite"]["autoincrement"] = True
            body = str(CreateTable(copy).compile(dialect=dialect)).rstrip().removesuffix(")").rstrip()
            clauses = [f'FOREIGN KEY("{c}") REFERENCES "{t}"(id)' for c, t in pointers.items()]
            made.append(",\n\t".join([body, *clauses]) + "\n) STRICT")
        else:
            made.append(str(CreateTable(copy).compile(dialect=dialect)))
            later += [
                f'ALTER TABLE "{of.name}" ADD FOREIGN KEY ("{c}") REFERENCES "{t}" (id) DEFERRABLE'
                for c, t in pointers.items()
            ]
        made += [
            str(CreateIndex(index).compile(dialect=dialect))
            for index in sorted(of.indexes, key=lambda i: str(i.name))
        ]
        made += _pointer_indexes(of, pointers)
    made += later
    made += _triggers(sqlite)
    return made


def _triggers(sqlite: bool) -> list[str]:
    if sqlite:
        made = [statement for of in journal.journalled() for statement in journal.sqlite_triggers(of)]
        return [
            *made,
            *journal.SQLITE_APPEND_ONLY,
            "INSERT INTO running (id, tx) VALUES (1, NULL)",
        ]
    made = ["INSERT INTO running (id, tx) VALUES (1, NULL)"]
    made += [statement for of in journal.journalled() for statement in journal.postgres_triggers(of)]
    return [*made, *journal.POSTGRES_APPEND_ONLY]


def create(connection: Connection) -> None:
    """Make every table, index and trigger in an empty store, and stamp it with the schema version."""
    sqlite = connection.dialect.name == "sqlite"
    if not sqlite:
        connection.exec_driver_sql(journal_function(connection))
    for statement in statements(sqlite):
        connection.exec_driver_sql(statement.replace("%", "%%") if not sqlite else statement)
    search.create(connection)
    if sqlite:
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.exec_driver_sql(f"PRAGMA user_version = {VERSION}")
    else:
        connection.exec_driver_sql("CREATE TABLE crm_schema (version integer NOT NULL)")
        connection.exec_driver_sql(f"INSERT INTO crm_schema VALUES ({VERSION})")


def journal_function(connection: Connection) -> str:
    """The statement that makes the function behind the journal's triggers in the schema of `connection`, on PostgreSQL."""
    schema = connection.exec_driver_sql("select quote_ident(current_schema())").scalar_one()
    return journal.POSTGRES_FUNCTION.replace("{schema}", schema)


def metadata() -> Any:
    """The tables of every noun and part, loaded."""
    journal.journalled()
    return SQLModel.metadata
