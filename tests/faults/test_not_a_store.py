"""What is no store, not yet one, too new, in use, or out of reach: one sentence, the right exit code, nothing touched."""

import base64
import os
from contextlib import closing
from pathlib import Path

import pytest

from crmtui.errors import Busy, Forbidden, NotReady
from crmtui.store.session import sqlite_module
from crmtui.store.trouble import told
from tests.commands.conftest import Crm
from tests.conftest import NOW
from tests.postgres import Server

SQLITE = sqlite_module()
"""The same library as the program's: two in one process do not see each other's locks."""
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
COMMANDS = (
    ("lead", "list"),
    ("lead", "add", "ACME"),
    ("doctor",),
    ("db", "backup", "copy.db"),
    ("undo", "1"),
)


def _foreign(path: Path) -> None:
    with closing(SQLITE.connect(path)) as other:
        other.execute("CREATE TABLE lead (id INTEGER PRIMARY KEY, company TEXT)")
        other.commit()


def _newer(path: Path) -> None:
    with closing(SQLITE.connect(path)) as other:
        other.execute("PRAGMA user_version = 99")


MADE = {
    "text": lambda path: path.write_text("Dear diary\n" * 1000),
    "picture": lambda path: path.write_bytes(base64.b64decode(PIXEL)),
    "other program": lambda path: (path.unlink(), _foreign(path)),
    "nothing": lambda path: path.write_bytes(b""),
    "cut off": lambda path: os.truncate(path, 200_000),
    "headless": lambda path: path.write_bytes(b"\0" * 512 + path.read_bytes()[512:]),
    "newer": _newer,
}
SAID = {
    "nothing": "is not set up",
    "newer": "made by a newer program",
    "other program": "not a store of this program",
}


@pytest.fixture
def path(bare: Crm, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a new store, which the commands will be pointed at."""
    monkeypatch.setenv("CRM_DB", sqlite_url)
    monkeypatch.setenv("CRM_NOW", NOW)
    monkeypatch.setenv("CRM_BUSY_TIMEOUT", "0")
    return Path(sqlite_url.removeprefix("sqlite:///"))


@pytest.mark.parametrize("kind", MADE)
def test_files_that_are_no_store(bare: Crm, path: Path, kind: str) -> None:
    MADE[kind](path)
    before = path.read_bytes()
    for words in COMMANDS:
        done = bare(*words)
        assert (done.code, done.out, len(done.err.splitlines())) == (3, "", 1), (words, done)
        assert str(path) in done.err
        assert SAID.get(kind, "not a store of this program, or it is damaged") in done.err
    assert path.read_bytes() == before
    assert not Path("copy.db").exists()


def test_places_that_are_no_file(bare: Crm, path: Path) -> None:
    os.mkfifo(path.with_name("pipe"))
    for place, code in (
        (path.parent, 4),
        (path.with_name("pipe"), 4),
        (path.parent / "none" / "crm.db", 3),
        (path / "crm.db", 3),
    ):
        for words in COMMANDS:
            done = bare(*words, "--db", f"sqlite:///{place}")
            assert (done.code, done.out, len(done.err.splitlines())) == (code, "", 1), (words, done)
    assert not (path.parent / "none").exists()
    assert bare("init").code == 6
    assert bare("init", "--db", f"sqlite:///{path.parent}").code == 6


def test_while_somebody_else_writes(bare: Crm, path: Path) -> None:
    with closing(SQLITE.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        done = bare("lead", "add", "ACME")
        assert (done.code, done.out, len(done.err.splitlines())) == (8, "", 1)
        assert "Another program is writing" in done.err
        assert bare("lead", "list").code == 0
        other.execute("ROLLBACK")
    assert bare("lead", "add", "ACME").code == 0


# PostgreSQL

SECRET = "hush4711"


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("postgresql://me:{secret}@127.0.0.1:1/crm", 8),
        ("postgresql://me@127.0.0.1:1/crm?password={secret}", 8),
        ("postgresql://me:{secret}@/crm?host=/nowhere", 8),
        ("postgresql://me:{secret}@host:port/crm", 2),
        ("postgresql://me:p@{secret}@host/crm", 2),
        ("postgresql://me:{secret}/x@127.0.0.1:1/crm", 8),
        ("mysql://me:{secret}@host/crm", 2),
        ("oracle+none://me:{secret}@host/crm", 2),
        ("me:{secret}@host", 2),
    ],
)
def test_a_password_is_never_told(
    bare: Crm, home: Path, monkeypatch: pytest.MonkeyPatch, address: str, code: int
) -> None:
    monkeypatch.setenv("CRM_DEBUG", "1")
    for words in (
        ("lead", "list"),
        ("doctor", "--json"),
        ("init",),
        ("db", "restore", "x"),
        ("lead", "list", "-v"),
    ):
        done = bare(*words, "--db", address.format(secret=SECRET))
        assert done.code == code or words[0] == "db", (words, done)
        assert done.err
        assert SECRET not in done.out + done.err
    assert [file for file in home.rglob("*") if file.is_file() and SECRET in file.read_text()] == []


def test_databases_that_are_no_store(
    bare: Crm, pg_server: Server, pg_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pg_server.create_database("empty_one")
    pg_server.create_database("other_one")
    pg_server.run_sql("other_one", "CREATE TABLE lead (id int)")
    pg_server.run_sql(pg_url.partition("?")[0].rpartition("/")[2], "UPDATE crm_schema SET version = 99")
    stranger = pg_server.url("empty_one").replace("//postgres@", "//stranger@")
    cases = [
        (pg_server.url("empty_one"), "is not set up"),
        (pg_server.url("other_one"), "not a store of this program"),
        (pg_server.url("no_such_one"), "no such database"),
        (stranger, "no such database or login"),
        (pg_url, "newer program"),
    ]
    try:
        for url, said in cases:
            for words in COMMANDS:
                done = bare(*words, "--db", url)
                assert (done.code, done.out, len(done.err.splitlines())) == (3, "", 1), (url, words, done)
                assert said in done.err
    finally:
        pg_server.drop_database("empty_one")
        pg_server.drop_database("other_one")


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ('connection failed: FATAL:  password authentication failed for user "me"', Forbidden),
        ("connection failed: fe_sendauth: no password supplied", Forbidden),
        ('connection failed: FATAL:  no pg_hba.conf entry for host "10.0.0.1", user "me"', Forbidden),
        ('permission denied for database "crm"', Forbidden),
        ('connection failed: FATAL:  database "crm" does not exist', NotReady),
        ("connection failed: FATAL:  sorry, too many clients already", Busy),
        ("canceling statement due to lock timeout", Busy),
        ("deadlock detected", Busy),
        ("failed to resolve host 'db': [Errno -2] Name or service not known", Busy),
        ("server closed the connection unexpectedly", Busy),
        ("terminating connection due to administrator command", Busy),
        ('could not extend file "base/1/2": No space left on device', Busy),
    ],
)
def test_what_a_server_says_is_understood(said: str, kind: type[Exception]) -> None:
    found = told(said, "crm")
    assert type(found) is kind
    assert "{" not in str(found)
