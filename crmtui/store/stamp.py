"""What marks a store as ours, and which schema it has; known without loading a table."""

from sqlalchemy import Connection

VERSION = 2
APPLICATION_ID = 0x43524D31
"""Marks our SQLite files ("CRM1"), so that another program's file is not taken for a store."""


def version(connection: Connection) -> int | None:
    """The schema version of the store, 0 for an empty one, None when it holds something that is not ours."""
    if connection.dialect.name == "sqlite":
        if connection.exec_driver_sql("PRAGMA application_id").scalar_one() == APPLICATION_ID:
            return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
        return None if connection.exec_driver_sql("SELECT count(*) FROM sqlite_schema").scalar_one() else 0
    found = connection.exec_driver_sql("SELECT to_regclass('crm_schema')").scalar_one()
    if found:
        return int(connection.exec_driver_sql("SELECT max(version) FROM crm_schema").scalar_one())
    others = "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()"
    return None if connection.exec_driver_sql(others).scalar_one() else 0
