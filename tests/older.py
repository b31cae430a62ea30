"""A store as it could have been one schema ago: a table, columns, a state, an index, triggers and defaults fewer."""

import re
from contextlib import closing

from sqlalchemy import Connection, inspect

from crmtui.store import search, session, stamp

LOST = (
    "DROP TABLE competitor",
    "DROP INDEX opp_closed",
    "DELETE FROM role_right WHERE noun = 'competitor'",
    "DELETE FROM type WHERE list = 'industry' AND code = 'power'",
    "DELETE FROM autotask WHERE item = 'mining'",
    f"DELETE FROM search_mark WHERE key = {search.first_key('autotask') + 2}",
)
"""What a store made before there were competitors does without."""
ON_SQLITE = (
    "DROP TRIGGER type_delete",
    "DROP TRIGGER autotask_delete",
    "DROP TRIGGER role_right_delete",
    "DROP TRIGGER lead_update",
    'CREATE TRIGGER "lead_update" AFTER UPDATE ON "lead" BEGIN SELECT 1; END',
    *LOST,
    "PRAGMA writable_schema = ON",
    "UPDATE sqlite_schema SET sql = replace(sql, ' OR \"state\" = ''suspended''', '') WHERE name = 'opp'",
    "PRAGMA writable_schema = RESET",
    f"PRAGMA user_version = {stamp.VERSION - 1}",
)
ON_POSTGRESQL = (
    "DROP TRIGGER type_journal ON type",
    "DROP TRIGGER autotask_journal ON autotask",
    "DROP TRIGGER role_right_journal ON role_right",
    "DROP TRIGGER lead_journal ON lead",
    "ALTER TABLE opp DROP CONSTRAINT opp_competitor_id_fkey",
    *LOST,
    "ALTER TABLE account DROP COLUMN website",
    "ALTER TABLE account DROP COLUMN parent_id",
    "ALTER TABLE product DROP COLUMN active",
    "ALTER TABLE opp DROP CONSTRAINT opp_state_ok",
    "ALTER TABLE opp ADD CONSTRAINT opp_state_ok CHECK (state = 'open' OR state = 'won')",
    f"UPDATE crm_schema SET version = {stamp.VERSION - 1}",
)


def _without(connection: Connection, of: str, *gone: str) -> None:
    """Make table `of` of a SQLite store anew, as it would have been made before it had these columns."""
    question = "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?"
    made = connection.exec_driver_sql(question, (of,)).scalar_one()
    lines = [
        line for line in made.splitlines() if not any(re.search(rf"\b{name}(_ok)?\b", line) for name in gone)
    ]
    new = re.sub(r",(\s*\)\s*STRICT)", r"\1", "\n".join(lines))
    kept = [each["name"] for each in inspect(connection).get_columns(of) if each["name"] not in gone]
    names = ", ".join(f'"{name}"' for name in kept)
    for statement in (
        new.replace(f"CREATE TABLE {of}", f"CREATE TABLE {of}_new", 1),
        f"INSERT INTO {of}_new ({names}) SELECT {names} FROM {of}",
        f"DROP TABLE {of}",
        f"ALTER TABLE {of}_new RENAME TO {of}",
    ):
        connection.exec_driver_sql(statement)


def age(url: str) -> None:
    """Make the store what it could have been one schema ago."""
    store = session.connect(url)
    with closing(store), store.engine.connect() as connection:
        if store.sqlite:
            connection.rollback()
            raw = connection.connection.driver_connection
            assert raw is not None
            raw.execute("PRAGMA foreign_keys = OFF")
            raw.execute("PRAGMA legacy_alter_table = ON")
            _without(connection, "account", "website", "parent_id")
            _without(connection, "product", "active")
        for statement in ON_SQLITE if store.sqlite else ON_POSTGRESQL:
            connection.exec_driver_sql(statement)
        connection.commit()
