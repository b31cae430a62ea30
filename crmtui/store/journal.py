"""The journal: one append-only entry per changed row, written by triggers that are generated from the tables."""

from datetime import datetime
from typing import Any

import sqlmodel
from sqlalchemy import Index, Table, Text
from sqlmodel import SQLModel

from crmtui.store.record import PARTS, TABLES, table
from crmtui.store.types import Moment, Whole

SQLITE_NOW = "strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z'"


class Change(SQLModel, table=True):
    """One transaction: who did what, when, and why. The journal's entries hang on it."""

    __tablename__ = "tx"
    __table_args__ = (Index("tx_at", "at"), {"sqlite_autoincrement": True})

    id: int | None = sqlmodel.Field(default=None, primary_key=True, sa_type=Whole)
    at: datetime = sqlmodel.Field(sa_type=Moment)
    actor_id: int | None = sqlmodel.Field(default=None, sa_type=Whole)
    login: str = sqlmodel.Field(sa_type=Text)
    """The login that the actor really came in with; it differs from the actor's own under `--as`."""
    verb: str = sqlmodel.Field(sa_type=Text)
    note: str = sqlmodel.Field(default="", sa_type=Text)
    undoes: int | None = sqlmodel.Field(default=None, sa_type=Whole, index=True)


class Entry(SQLModel, table=True):
    """One changed row. Insert: no values; update: the changed columns before and after; delete: the whole row before."""

    __tablename__ = "journal"
    __table_args__ = (
        Index("journal_tx", "tx"),
        Index("journal_record", "noun", "record", "id"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = sqlmodel.Field(default=None, primary_key=True, sa_type=Whole)
    tx: int | None = sqlmodel.Field(default=None, sa_type=Whole)
    """Empty: the row was changed past the program; then `at` and `actor` say what the database knew."""
    at: datetime | None = sqlmodel.Field(default=None, sa_type=Moment)
    actor: str | None = sqlmodel.Field(default=None, sa_type=Text)
    noun: str = sqlmodel.Field(sa_type=Text)
    record: int = sqlmodel.Field(sa_type=Whole)
    version: int = sqlmodel.Field(sa_type=Whole)
    op: str = sqlmodel.Field(sa_type=Text)
    before: str | None = sqlmodel.Field(default=None, sa_type=Text)
    after: str | None = sqlmodel.Field(default=None, sa_type=Text)
    xid: int | None = sqlmodel.Field(default=None, sa_type=Whole)
    """On PostgreSQL the server's transaction, so that readers can wait for the oldest one still running."""


class Running(SQLModel, table=True):
    """The transaction that is writing now: one row, filled and emptied by the door. SQLite's triggers read it."""

    __tablename__ = "running"

    id: int = sqlmodel.Field(default=1, primary_key=True)
    tx: int | None = sqlmodel.Field(default=None, sa_type=Whole)


class Once(SQLModel, table=True):
    """What a command with `--key` answered, so that saying it again changes nothing."""

    __tablename__ = "once"

    key: str = sqlmodel.Field(primary_key=True, sa_type=Text)
    at: datetime = sqlmodel.Field(sa_type=Moment)
    command: str = sqlmodel.Field(sa_type=Text)
    tx: int | None = sqlmodel.Field(default=None, sa_type=Whole)
    answer: str = sqlmodel.Field(default="", sa_type=Text)


def journalled() -> list[Table]:
    """Every table that the journal follows, parents first."""
    return [table(noun).__table__ for noun in (*TABLES, *PARTS)]


def trigger_columns(of: Table) -> list[str]:
    """The columns of `of` whose changes are recorded: all but the key, which names the record."""
    return [column.name for column in of.columns if column.name != "id"]


def _object(columns: list[str], row: str) -> str:
    pairs = ", ".join(f"'{name}', {row}.\"{name}\"" for name in columns)
    return f"json_object({pairs})"


def _changed(columns: list[str], row: str) -> str:
    """A JSON object of the columns that differ; built from text, because json_patch would drop the NULLs."""
    parts = " || ".join(
        f'CASE WHEN OLD."{c}" IS NOT NEW."{c}" THEN \',"{c}":\' || json_quote({row}."{c}") ELSE \'\' END'
        for c in columns
    )
    return f"'{{' || substr({parts}, 2) || '}}'"


def _entry(of: str, row: str, op: str, before: str, after: str) -> str:
    direct = "(SELECT tx FROM running) IS NULL"
    return (
        "INSERT INTO journal (tx, at, noun, record, version, op, before, after) VALUES ("
        f"(SELECT tx FROM running), CASE WHEN {direct} THEN {SQLITE_NOW} END, "
        f"'{of}', {row}.id, {row}.version, '{op}', {before}, {after});"
    )


def sqlite_triggers(of: Table) -> list[str]:
    """The statements that make SQLite's triggers for table `of`."""
    columns, name = trigger_columns(of), of.name
    differs = " OR ".join(f'OLD."{c}" IS NOT NEW."{c}"' for c in columns)
    insert = _entry(name, "NEW", "insert", "NULL", "NULL")
    update = _entry(name, "NEW", "update", _changed(columns, "OLD"), _changed(columns, "NEW"))
    delete = _entry(name, "OLD", "delete", _object(columns, "OLD"), "NULL")
    return [
        f'CREATE TRIGGER "{name}_insert" AFTER INSERT ON "{name}" BEGIN {insert} END',
        f'CREATE TRIGGER "{name}_update" AFTER UPDATE ON "{name}" WHEN {differs} BEGIN {update} END',
        f'CREATE TRIGGER "{name}_delete" AFTER DELETE ON "{name}" BEGIN {delete} END',
    ]


def sqlite_entries(name: str) -> str:
    """Writes the entries of all rows of table `name` above a given id, as its insert trigger would have."""
    return (
        "INSERT INTO journal (tx, noun, record, version, op) SELECT running.tx, "
        f"'{name}', new.id, new.version, 'insert' FROM running JOIN \"{name}\" new WHERE new.id > ? ORDER BY new.id"
    )


SQLITE_APPEND_ONLY = [
    f"CREATE TRIGGER {name}_{verb} BEFORE {verb} ON {name} BEGIN "
    f"SELECT RAISE(ABORT, 'the journal is append-only'); END"
    for name in ("tx", "journal")
    for verb in ("UPDATE", "DELETE")
]

POSTGRES_FUNCTION = """
CREATE FUNCTION crm_journal() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = {schema}, pg_catalog, pg_temp AS $$
DECLARE
  running bigint := nullif(current_setting('crm.tx', true), '')::bigint;
  old_row jsonb := CASE WHEN TG_OP = 'INSERT' THEN NULL ELSE to_jsonb(OLD) END;
  new_row jsonb := CASE WHEN TG_OP = 'DELETE' THEN NULL ELSE to_jsonb(NEW) END;
  was jsonb; becomes jsonb;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    SELECT jsonb_object_agg(key, value), jsonb_object_agg(key, new_row -> key) INTO was, becomes
      FROM jsonb_each(old_row) WHERE value IS DISTINCT FROM new_row -> key AND key <> 'id';
    IF was IS NULL THEN RETURN NULL; END IF;
  ELSIF TG_OP = 'DELETE' THEN
    was := old_row - 'id';
  END IF;
  INSERT INTO journal (tx, at, actor, noun, record, version, op, before, after, xid) VALUES (
    running, CASE WHEN running IS NULL THEN clock_timestamp() END, CASE WHEN running IS NULL THEN session_user END,
    TG_TABLE_NAME, (coalesce(new_row, old_row) ->> 'id')::bigint, (coalesce(new_row, old_row) ->> 'version')::bigint,
    lower(TG_OP), was::text, becomes::text, pg_current_xact_id()::text::bigint);
  RETURN NULL;
END $$"""

POSTGRES_APPEND_ONLY = [
    (
        "CREATE FUNCTION crm_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN RAISE EXCEPTION 'the journal is append-only'; END$$"
    ),
    *(
        f"CREATE TRIGGER {name}_append_only BEFORE UPDATE OR DELETE ON {name} "
        "FOR EACH ROW EXECUTE FUNCTION crm_append_only()"
        for name in ("tx", "journal")
    ),
]


def postgres_triggers(of: Table) -> list[str]:
    """The statement that makes PostgreSQL's trigger for table `of`."""
    return [
        (
            f'CREATE TRIGGER "{of.name}_journal" AFTER INSERT OR UPDATE OR DELETE ON "{of.name}" '
            "FOR EACH ROW EXECUTE FUNCTION crm_journal()"
        )
    ]


def entry_values(text: str | None) -> dict[str, Any]:
    """The columns of an entry's `before` or `after`, as the database wrote them; empty for none."""
    import json

    return json.loads(text) if text else {}
