"""Fixtures that several test files share."""

from collections.abc import Iterator

import pytest

from tests import postgres


@pytest.fixture(scope="session")
def pg_server() -> Iterator[postgres.Server]:
    """The PostgreSQL of this test run, started when the first test asks for it and shared by all workers."""
    server = postgres.start()
    yield server
    server.stop()


# Stores: `store_url`, once for SQLite and once for PostgreSQL, belongs here. Make one migrated template database per
# worker, then `pg_server.create_database(name, template=...)` for each test and `pg_server.drop_database(name)` after.
