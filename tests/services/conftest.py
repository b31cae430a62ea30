"""Stores in which the small company of `tests.people` has settled, made once and copied for each test."""

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from crmtui.services.context import Context
from tests import postgres
from tests.people import NOW, People, settle_in


def _settle(url: str) -> None:
    with Context.open(flags={"db": url}, now=NOW) as admin:
        settle_in(admin)


@pytest.fixture(scope="session")
def sqlite_company(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that holds a store with the company in it, to be copied."""
    path = tmp_path_factory.mktemp("company") / "crm.db"
    shutil.copyfile(sqlite_template, path)
    _settle(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def pg_company(pg_server: postgres.Server, pg_template: str) -> Iterator[str]:
    """The name of a database with the company in it, to be copied."""
    name = f"company_{uuid.uuid4().hex}"
    pg_server.create_database(name, template=pg_template)
    _settle(pg_server.url(name))
    yield name
    pg_server.drop_database(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def company(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    """The company in a store of this test's own, once of each kind."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("store") / "crm.db"
        shutil.copyfile(request.getfixturevalue("sqlite_company"), path)
        with People(f"sqlite:///{path}") as people:
            yield people
        return
    server = request.getfixturevalue("pg_server")
    name = f"test_{uuid.uuid4().hex}"
    server.create_database(name, template=request.getfixturevalue("pg_company"))
    with People(server.url(name)) as people:
        yield people
    server.drop_database(name)
