"""Copies: written while others write, whole, never over anything, and a store again when they are put back."""

import multiprocessing
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crmtui.errors import CrmError, Forbidden, Invalid, NotReady, Refused
from crmtui.services import backup, derived, health, records
from crmtui.services.context import Context
from crmtui.store.session import sqlite_module
from tests.conftest import NOW
from tests.faults.state import assert_sound, fingerprint
from tests.people import acting
from tests.postgres import Server

FORK = multiprocessing.get_context("fork")


def _open(url: str, login: str | None = None) -> Context:
    return Context.open(flags={"db": url}, now=NOW, login=login)


@pytest.fixture
def programs(pg_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The programs of the tests' own server, whose version is right."""
    binaries = pg_server.run_sql("postgres", "SELECT setting FROM pg_config() WHERE name = 'BINDIR'")[0][0]
    monkeypatch.setenv("CRM_PG_BIN", binaries)


@pytest.fixture
def elsewhere(request: pytest.FixtureRequest, store_url: str, tmp_path: Path) -> Iterator[str]:
    """Where a copy of the store can go back to: nothing is there yet."""
    if store_url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path / 'new' / 'crm.db'}"
        return
    request.getfixturevalue("programs")
    server: Server = request.getfixturevalue("pg_server")
    server.create_database(f"elsewhere_{os.getpid()}")
    yield server.url(f"elsewhere_{os.getpid()}")
    server.drop_database(f"elsewhere_{os.getpid()}")


def test_a_copy_becomes_the_same_store_again(store_url: str, elsewhere: str, tmp_path: Path) -> None:
    file = tmp_path / "copy"
    with _open(store_url) as ctx:
        records.add(ctx, "account", {"name": "ACME", "note": "tab\tand\nlines, 汉字"})
        made = backup.backup(ctx, file)
        assert str(made.last_tx) == ctx.last_tx
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert made.bytes == file.stat().st_size
    assert sorted(path.name for path in tmp_path.iterdir() if "copy" in path.name) == ["copy"]
    before = fingerprint(store_url)
    back = backup.restore({"db": elsewhere}, file)
    assert (back.schema, back.last_tx) == (made.schema, made.last_tx)
    assert fingerprint(elsewhere) == before
    with _open(elsewhere) as ctx:
        assert_sound(ctx)
        assert {each.state for each in health.examine(ctx)} <= {"ok", "info"}
        records.edit(ctx, "account", "ACME", {"city": "Graz"})
        assert int(str(ctx.last_tx)) == made.last_tx + 1
    with pytest.raises(Refused):
        backup.restore({"db": elsewhere}, file)


def _write_on(url: str, told: Any) -> None:
    with _open(url) as ctx:
        for number in range(10_000):
            records.add_many(ctx, "lead", [{"company": f"{number} {each}"} for each in "ab"])
            told.put(number)


def test_a_copy_is_of_one_moment_while_others_write(sqlite_url: str, tmp_path: Path) -> None:
    told = FORK.Queue()
    writer = FORK.Process(target=_write_on, args=(sqlite_url, told))
    writer.start()
    try:
        for number in range(5):
            least = told.get(timeout=30)
            with _open(sqlite_url) as ctx:
                backup.backup(ctx, tmp_path / f"copy{number}.db")
            with _open(f"sqlite:///{tmp_path / f'copy{number}.db'}") as ctx:
                count = records.count_where(ctx, "lead", "")
                assert count >= 2 * (least + 1)
                assert count % 2 == 0
                assert_sound(ctx)
    finally:
        writer.kill()
        writer.join()
        writer.close()


def test_nothing_is_ever_overwritten(store_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    there, link = tmp_path / "there", tmp_path / "link"
    there.write_text("precious")
    link.symlink_to(tmp_path / "nowhere")
    with _open(store_url) as ctx:
        for place in (there, link):
            with pytest.raises(Refused):
                backup.backup(ctx, place)
        with pytest.raises(Invalid):
            backup.backup(ctx, tmp_path / "none" / "copy")
    assert there.read_text() == "precious"
    assert not (tmp_path / "nowhere").exists()


def test_only_who_may_copies_the_store(store_url: str, tmp_path: Path) -> None:
    with acting(store_url, "li", "zhou") as people:
        for person in people:
            with pytest.raises(Forbidden):
                backup.backup(person, tmp_path / "copy")
            with pytest.raises(Forbidden):
                derived.check(person)
    assert not (tmp_path / "copy").exists()


@pytest.fixture
def copy(sqlite_url: str, tmp_path: Path) -> Path:
    with _open(sqlite_url) as ctx:
        backup.backup(ctx, tmp_path / "copy.db")
    return tmp_path / "copy.db"


def _sql(path: Path, statement: str) -> None:
    raw = sqlite_module().connect(path)
    raw.execute(statement)
    raw.commit()
    raw.close()


@pytest.mark.parametrize(
    ("spoil", "kind"),
    [
        (lambda path: path.write_text("no copy"), Invalid),
        (lambda path: path.unlink(), Invalid),
        (lambda path: (path.unlink(), path.mkdir()), Invalid),
        (lambda path: path.write_bytes(b"PGDMP" + bytes(100)), Invalid),
        (lambda path: os.truncate(path, 300_000), NotReady),
        (lambda path: _sql(path, "PRAGMA user_version = 99"), NotReady),
        (lambda path: (path.unlink(), _sql(path, "CREATE TABLE t (a)")), NotReady),
    ],
)
def test_what_is_no_sound_copy_is_not_put_back(
    copy: Path, tmp_path: Path, spoil: Any, kind: type[CrmError]
) -> None:
    spoil(copy)
    target = tmp_path / "target" / "crm.db"
    with pytest.raises(kind) as caught:
        backup.restore({"db": f"sqlite:///{target}"}, copy)
    assert str(copy) in str(caught.value)
    assert not target.exists()
    assert not target.parent.exists() or list(target.parent.iterdir()) == []


@pytest.mark.usefixtures("programs")
def test_a_copy_goes_back_only_into_its_own_kind(copy: Path, pg_url: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="SQLite"):
        backup.restore({"db": pg_url}, copy)
    with _open(pg_url) as ctx:
        backup.backup(ctx, tmp_path / "pg.dump")
    with pytest.raises(Invalid, match="PostgreSQL"):
        backup.restore({"db": f"sqlite:///{tmp_path / 'x.db'}"}, tmp_path / "pg.dump")


def test_without_the_programs_it_says_so(
    pg_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRM_PG_BIN", str(tmp_path))
    with _open(pg_url) as ctx, pytest.raises(NotReady, match="pg_dump is not installed"):
        backup.backup(ctx, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_a_password_travels_unseen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlalchemy.engine import make_url

    from crmtui.store import pg_tools

    spy = tmp_path / "pg_dump"
    spy.write_text('#!/bin/sh\necho "error: $* $PGPASSWORD" >&2\nexit 1\n')
    spy.chmod(0o700)
    monkeypatch.setenv("CRM_PG_BIN", str(tmp_path))
    for address in ("postgresql://me:hush@db:5433/crm", "postgresql+psycopg://me@db:5433/crm?password=hush"):
        with pytest.raises(NotReady) as caught:
            pg_tools.dump(make_url(address), tmp_path / "part")
        assert str(caught.value.params["said"]).endswith("--dbname=postgresql://me@db:5433/crm hush")


def test_search_keys_are_put_right(store_url: str) -> None:
    with _open(store_url) as ctx:
        records.add(ctx, "account", {"name": "Äcme", "phone": "138 0013 8000"})
        records.add(ctx, "contact", {"name": "Ann", "account": "1", "mobile": "139 0013 8000"})
        assert sum(each.wrong for each in derived.check(ctx)) == 0
        with ctx.transaction("account.edit") as tx:
            for noun, column in (("account", "name_key"), ("account", "phone_key"), ("contact", "phone_key")):
                statement = f"UPDATE {noun} SET {column} = 'wrong', version = version + 1"
                tx.session.connection().exec_driver_sql(statement)
        wrong = {each.noun: each.wrong for each in derived.check(ctx) if each.wrong}
        assert wrong == {"account": 1, "contact": 1}
        assert {
            each.noun: each.repaired for each in derived.check(ctx, repair=True) if each.repaired
        } == wrong
        assert sum(each.wrong for each in derived.check(ctx)) == 0
        assert records.show(ctx, "account", "ÄCME")["phone"] == "138 0013 8000"
        assert_sound(ctx)
