"""The Nth call of the database fails, for every N of each command: one clear sentence, and all or nothing of the change."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

from crmtui.services import lead, records
from crmtui.services.context import Context
from crmtui.store.session import sqlite_module
from tests.commands.conftest import Crm
from tests.conftest import NOW
from tests.faults.state import assert_sound, fingerprint

COMMANDS = {
    "add": ("lead", "add", "New Ltd", "--contact-name", "Bo", "--phone", "+86 138 0013 8000"),
    "convert": ("lead", "convert", "L-1", "--amount", "500", "--expected-close-on", "2027-01-31"),
    "advance": ("opp", "advance", "O-1", "--note", "on"),
    "edit one": ("lead", "edit", "L-2", "--city", "Graz", "--key", "k"),
    "edit many": ("lead", "edit", "--where", "city=Wien", "--set", "city=Graz"),
    "undo": ("undo", "{tx}"),
    "import": ("lead", "import", "leads.csv"),
}
LEADS = "Company,Contact Name,City\nAcme,Ann,Graz\nBolt,Bo,Wien\nCurb,Cy,Linz\n"
FAULTS = ("database or disk is full", "disk I/O error", "database is locked")


@contextmanager
def failing(number: int, said: str | Exception) -> Iterator[list[int]]:
    """Let the call `number` (from 1; commits count) fail as the driver would; comes back with how many were made."""
    calls = [0]
    error = sqlite_module().OperationalError(said) if isinstance(said, str) else said

    def fail(connection: Any) -> None:
        calls[0] += 1
        if calls[0] != number:
            return
        if "is full" in str(said):
            connection.execute("ROLLBACK") if connection.in_transaction else None  # SQLite does so by itself
        raise error

    def on_execute(cursor: Any, *_told: Any) -> None:
        fail(cursor.connection)

    def on_commit(connection: Any) -> None:
        try:
            fail(connection.connection.driver_connection)
        except type(error) as failed:
            if connection.dialect.name == "postgresql":
                connection.connection.driver_connection.rollback()  # as the server does by itself
            raise OperationalError("COMMIT", None, failed) from failed

    listeners = [(f"do_{way}", on_execute) for way in ("execute", "executemany", "execute_no_params")]
    listeners.append(("commit", on_commit))
    for name, listener in listeners:
        event.listen(Engine, name, listener)
    try:
        yield calls
    finally:
        for name, listener in listeners:
            event.remove(Engine, name, listener)


@pytest.fixture(scope="module")
def furnished(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a qualified lead, others, and an opportunity; its last transaction is a bulk edit."""
    path = tmp_path_factory.mktemp("furnished") / "crm.db"
    shutil.copyfile(sqlite_template, path)
    with Context.open(flags={"db": f"sqlite:///{path}"}, now=NOW) as ctx:
        made = [{"company": name, "contact_name": "Ann", "city": "Wien"} for name in ("One", "Two", "Three")]
        records.add_many(ctx, "lead", made)
        lead.qualify(ctx, "L-1")
        records.add(ctx, "account", {"name": "ACME"})
        records.add(ctx, "opp", {"account": "ACME", "amount": "100", "expected_close_on": "2027-01-31"})
        records.edit_where(ctx, "lead", "", {"source": "fair"})
        (path.parent / "tx").write_text(str(ctx.last_tx))
    return path


@pytest.fixture
def at_work(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The person's folder, where the moment is fixed, nobody waits for a lock, and a file to import lies."""
    monkeypatch.setenv("CRM_NOW", NOW)
    monkeypatch.setenv("CRM_BUSY_TIMEOUT", "0")
    (home / "leads.csv").write_text(LEADS)
    return home


@pytest.mark.parametrize("name", COMMANDS)
def test_every_call_may_fail(
    bare: Crm, at_work: Path, furnished: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    words = [word.format(tx=(furnished.parent / "tx").read_text()) for word in COMMANDS[name]]
    url = f"sqlite:///{at_work / 'crm.db'}"
    monkeypatch.setenv("CRM_DB", url)

    def anew() -> str:
        (at_work / "crm.db").unlink(missing_ok=True)
        shutil.copyfile(furnished, at_work / "crm.db")
        return state()

    def state() -> str:
        return fingerprint(url, without="once")

    before = anew()
    with failing(0, "") as calls:
        assert bare(*words).code == 0
    after, most = state(), calls[0]
    assert after != before
    assert anew() == before
    seen = set()
    for number in range(1, most + 1):
        with failing(number, FAULTS[number % 3]):
            done = bare(*words)
        told = done.err.splitlines()
        assert (done.code, len(told)) == (8, 1), (number, done)
        assert told[0].startswith("crm: ")
        seen.add(state())
        assert seen <= {before, after}, number  # after: it was done, and could only not be told
        if after in seen:
            seen.remove(after)
            anew()
    assert bare(*words).code == 0
    assert state() == after


def test_every_call_of_the_other_store_may_fail(
    bare: Crm, at_work: Path, pg_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psycopg

    monkeypatch.setenv("CRM_DB", pg_url)
    with failing(0, "") as calls:
        assert bare(*COMMANDS["add"]).code == 0
    entered = 1
    for number in range(1, calls[0] + 1):
        fault = (
            psycopg.errors.DiskFull("No space left on device"),
            psycopg.OperationalError("server closed"),
        )
        before = fingerprint(pg_url)
        with failing(number, fault[number % 2]):
            done = bare(*COMMANDS["add"])
        assert (done.code, len(done.err.splitlines())) == (8, 1), (number, done)
        entered += fingerprint(pg_url) != before
    with Context.open(flags={"db": pg_url}, now=NOW) as ctx:
        assert records.count_where(ctx, "lead", "") == entered
        assert_sound(ctx)
