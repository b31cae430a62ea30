"""Fixtures that several test files share."""

import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from crmtui.services import dup_guard, setup
from crmtui.services.context import Company, Context
from tests import postgres

COMPANY = Company(name="Test", currency="USD", timezone="Asia/Shanghai", phone_region="CN")
NOW = "2026-11-20T09:00:00+08:00"


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--long`: what depends on chance is tried many more times. `--write-docs`: pages made by tests are written anew."""
    parser.addoption("--long", action="store_true", help="try what depends on chance many more times")
    parser.addoption(
        "--write-docs", action="store_true", help="write the pages of docs/ that come from the program"
    )


SHAPES = ("CRM_", "LC_", "TEXTUAL", "CLICOLOR")
"""What the names of the variables begin with that shape what the program shows, whoever runs the tests."""


def pytest_configure() -> None:
    """What the program shows depends on no setting of the person or the machine that runs the tests."""
    for name in [*os.environ]:
        if name.startswith(SHAPES) or name in (
            "NO_COLOR",
            "FORCE_COLOR",
            "COLORTERM",
            "LANGUAGE",
            "COLUMNS",
            "LINES",
        ):
            del os.environ[name]
    os.environ["LANG"] = "C.UTF-8"
    # Tests enter records that look alike on purpose; the guard against that is held by tests/services/test_dup.py.
    for noun in ("account", "contact"):
        dup_guard.POLICY[noun] = ("off", dup_guard.POLICY[noun][1])


LONG = ("test_trouble.py", "test_browser.py")
"""Files whose tests wait on real time for most of their run: tried by `--long` alone."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what takes long, unless it is asked for or named."""
    named = any(name.removesuffix(".py") in argument for name in LONG for argument in config.args)
    if config.getoption("--long") or named:
        return
    for item in items:
        if item.path.name in LONG:
            item.add_marker(pytest.mark.skip(reason="takes long: ./dev test --long"))


@pytest.fixture(scope="session")
def pg_server() -> Iterator[postgres.Server]:
    """The PostgreSQL of this test run, started when the first test asks for it and shared by all workers."""
    server = postgres.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def pg_template(pg_server: postgres.Server) -> Iterator[str]:
    """The name of a database that holds a new store, to be copied for each test."""
    name = f"template_{os.getpid()}"
    pg_server.create_database(name)
    setup.init({"db": pg_server.url(name)}, COMPANY, now=NOW).close()
    yield name
    pg_server.drop_database(name)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that holds a new store, to be copied for each test."""
    path = tmp_path_factory.mktemp("template") / "crm.db"
    setup.init({"db": f"sqlite:///{path}"}, COMPANY, now=NOW).close()
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A new SQLite store of this test's own."""
    path = tmp_path / "store" / "crm.db"
    path.parent.mkdir(mode=0o700)
    shutil.copyfile(sqlite_template, path)
    path.chmod(0o600)
    return f"sqlite:///{path}"


@pytest.fixture
def pg_url(pg_server: postgres.Server, pg_template: str) -> Iterator[str]:
    """A new PostgreSQL store of this test's own."""
    name = f"test_{uuid.uuid4().hex}"
    pg_server.create_database(name, template=pg_template)
    yield pg_server.url(name)
    pg_server.drop_database(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    """A new store of this test's own, once of each kind."""
    return str(request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "pg_url"))


@pytest.fixture
def ctx(store_url: str) -> Iterator[Context]:
    """An open context on a new store, as its administrator, at a fixed moment; once on each kind of store."""
    with Context.open(flags={"db": store_url}, now=NOW) as context:
        yield context
