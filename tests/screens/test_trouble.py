"""Trouble at a real terminal: sizes, bytes, pastes, locks, stores that go, rights that go. No traceback, nothing typed is lost."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.events import Key, Paste

from crmtui.screens.typed import END, START, Typed
from crmtui.services import records
from crmtui.services.context import Context
from tests.postgres import Server
from tests.screens.conftest import NOW
from tests.screens.terminal import CRM, Terminal, account

MEGABYTE = 1_000_000


@given(st.text().filter(lambda text: END not in text), st.lists(st.integers(1, 40)))
@settings(max_examples=60, deadline=None)
def test_a_paste_comes_whole_however_it_is_cut(text: str, cuts: list[int]) -> None:
    """Whatever stands in it, and wherever a piece of input ends: one paste, and the keys before and after it."""
    parser, events, rest = Typed(), [], f"a{START}{text}{END}b"
    for size in cuts:
        events += parser.feed(rest[:size]) if rest[:size] else ()
        rest = rest[size:]
    events += parser.feed(rest) if rest else ()
    assert [type(event) for event in events] == [Key, Paste, Key]
    assert events[1].text == text.replace("\0", "")


@pytest.fixture
def env(filled: str, tmp_path: Path) -> dict[str, str]:
    """A person at the small company, who waits a second for other writers."""
    return account(tmp_path / "home", filled, NOW, CRM_BUSY_TIMEOUT="1")


def file_of(env: dict[str, str]) -> Path:
    """The file of the store."""
    return Path(env["CRM_DB"].removeprefix("sqlite:///"))


def leads(env: dict[str, str]) -> list[str]:
    """The companies of all leads, as the store holds them."""
    with Context.open(flags={"db": env["CRM_DB"]}, now=NOW) as ctx:
        return [str(row["company"]) for row in records.find(ctx, "lead", fields=("company",)).rows]


def calm(terminal: Terminal) -> None:
    """No fault so far."""
    assert b"Traceback" not in terminal.bytes
    assert b"fault of the program" not in terminal.bytes


def test_a_form_outlives_sizes_bytes_pastes_locks_and_the_end(env: dict[str, str]) -> None:
    """What is typed stays, whatever happens; and the store is nobody's when the program is killed."""
    with Terminal(CRM, env) as terminal:
        terminal.wait_for("Leads · 1")
        terminal.send("n")
        terminal.wait_for("Company *")
        terminal.send("Halden Rail")
        terminal.wait_for("Halden Rail")
        sizes(terminal)
        bytes_of_another_kind(terminal)
        large_paste(terminal)
        locked(terminal, env)
        terminal.send("n")
        terminal.wait_for("Company *")
        terminal.send("Not yet saved", "tab", "Jo")
        terminal.wait_for("Jo")
        terminal.send("ctrl+q")
        assert terminal.ended() == 0
        assert terminal.clean
        calm(terminal)
    assert "Not yet saved" not in leads(env)
    with Terminal(CRM, env) as terminal:
        terminal.wait_for("Leads · 2")
        terminal.send("n")
        assert "Not yet saved" in terminal.wait_for("Your draft is back")
        terminal.process.kill()
        terminal.ended()
    with Context.open(flags={"db": env["CRM_DB"], "busy_timeout": "0"}, now=NOW) as ctx:
        records.add(ctx, "lead", {"company": "After the kill"})
        assert ctx.store.sqlite


def sizes(terminal: Terminal) -> None:
    """Too small, then narrow, then as before."""
    terminal.resize(79, 19)
    terminal.wait_for("crmtui needs 80×20")
    terminal.resize(80, 24)
    shown = terminal.wait_for("Company *")
    assert "Halden Rail" in shown
    terminal.send(" AG")
    terminal.wait_for("Halden Rail AG")
    terminal.resize(160, 48)
    terminal.wait_for("Halden Rail AG")
    terminal.resize(120, 36)
    terminal.wait_for("Halden Rail AG")


def bytes_of_another_kind(terminal: Terminal) -> None:
    """A terminal that is not UTF-8 sends bytes that are none; what is typed next arrives."""
    os.write(terminal._main, b"\xe9\xfc\xff")
    terminal.send("x")
    terminal.wait_for("x ")
    assert terminal.process.poll() is None
    terminal.send("ctrl+u", "Halden Rail AG")
    terminal.wait_for("Halden Rail AG ")


def large_paste(terminal: Terminal) -> None:
    """A megabyte into a line, and into a text of several lines: cut, told, and soon."""
    terminal.send("ctrl+u")
    paste(terminal, "x" * MEGABYTE)
    terminal.wait_for("of 1000000 was left out", 3)
    terminal.send("ctrl+u", "Halden Rail AG", "shift+tab")
    terminal.wait_for("Note")
    paste(terminal, "Note\x1b[31m " + "y " * (MEGABYTE // 2))
    terminal.wait_for("holds 100000 characters", 3)
    terminal.send("ctrl+a", "delete", "brief", "tab")
    terminal.wait_for("Halden Rail AG ")


def paste(terminal: Terminal, text: str) -> None:
    """As the terminal sends what is pasted."""
    data = (START + text + END).encode()
    while data:
        data = data[os.write(terminal._main, data[:4096]) :]
        terminal.read(0)


def locked(terminal: Terminal, env: dict[str, str]) -> None:
    """Another writer holds the store: the form says so and keeps its text; then it saves."""
    other = sqlite3.connect(file_of(env), isolation_level=None)
    other.execute("begin immediate")
    terminal.send("ctrl+s")
    shown = terminal.wait_for("Another program is writing")
    assert "Halden Rail AG" in shown
    other.execute("rollback")
    other.close()
    terminal.send("ctrl+s")
    terminal.wait_for("entered")
    terminal.wait_for("Leads · 2")
    assert "Halden Rail AG" in leads(env)


def test_a_store_that_is_replaced_while_it_is_looked_at(env: dict[str, str], sqlite_template: Path) -> None:
    """By something that is no store, by another store, by itself again: said where it stands, and gone on with."""
    store = file_of(env)
    own = store.with_name("own.db")
    with Terminal(CRM, env) as terminal:
        terminal.wait_for("Leads · 1")
        shutil.copyfile(store, own)
        swap(store, b"this is no store at all" * 1000)
        terminal.send("r")
        terminal.wait_for("offline")
        terminal.send("n")
        terminal.wait_for("esc keeps a draft")  # with why there are no fields
        calm(terminal)
        terminal.send("escape")
        terminal.wait_for("esc keeps a draft", gone=True)
        swap(store, sqlite_template.read_bytes())
        terminal.wait_for("live")
        terminal.send("r")
        terminal.wait_for("Leads · 0")
        swap(store, own.read_bytes())
        terminal.send("r")
        terminal.wait_for("Leads · 1")
        terminal.send("ctrl+q")
        assert terminal.ended() == 0
        assert terminal.clean
        calm(terminal)


def swap(store: Path, content: bytes) -> None:
    """Put another file in the place of the store, in one step."""
    new = store.with_name("new.db")
    new.write_bytes(content)
    new.chmod(0o600)
    for suffix in ("-wal", "-shm"):
        store.with_name(store.name + suffix).unlink(missing_ok=True)
    os.replace(new, store)


def test_a_person_who_is_put_away_meanwhile(env: dict[str, str]) -> None:
    """It is said without a key, the form keeps its text and saves nothing; brought back, they go on."""
    with Terminal(CRM, {**env, "CRM_USER": "wu"}) as terminal:
        terminal.wait_for("Wu Lan")
        terminal.wait_for("Leads · 0")
        terminal.send("n")
        terminal.wait_for("Company *")
        terminal.send("Halden Rail")
        terminal.wait_for("Halden Rail")
        person(env, records.archive)
        terminal.send("ctrl+s")
        assert "Halden Rail" in terminal.wait_for("wu is no longer active")
        assert "Halden Rail" not in leads(env)
        person(env, records.restore)
        terminal.send("ctrl+s")
        terminal.wait_for("entered")
        terminal.wait_for("Leads · 1")
        terminal.wait_for("live")
        assert "Halden Rail" in leads(env)
        terminal.send("ctrl+q")
        assert terminal.ended() == 0
        calm(terminal)


def person(env: dict[str, str], verb: Callable[[Context, str, str], Any]) -> None:
    """Put the rep away, or bring them back."""
    with Context.open(flags={"db": env["CRM_DB"]}, now=NOW) as ctx:
        verb(ctx, "user", "wu")


def test_a_server_that_stops_and_comes_back(pg_server: Server, pg_url: str, tmp_path: Path) -> None:
    """The connections end and none is taken: offline, the form keeps its text; then it saves."""
    door = tmp_path / "door"
    door.mkdir()
    address = urlsplit(pg_url)
    name, socket = address.path.strip("/"), Path(parse_qs(address.query)["host"][0]) / ".s.PGSQL.5432"
    here = door / socket.name
    here.symlink_to(socket)
    url = urlunsplit(address._replace(query=urlencode({"host": str(door)})))

    def stop() -> None:
        here.unlink()
        others = "datname = current_database() and pid <> pg_backend_pid()"
        pg_server.run_sql(name, f"select pg_terminate_backend(pid) from pg_stat_activity where {others}")

    with Terminal(CRM, account(tmp_path / "home", url, NOW)) as terminal:
        terminal.wait_for("No leads")
        stop()
        terminal.wait_for("offline")
        here.symlink_to(socket)
        terminal.wait_for("live")
        terminal.send("n")
        terminal.wait_for("Company *")
        terminal.send("Halden Rail")
        stop()
        terminal.send("ctrl+s")
        terminal.wait_for("The database does not answer")
        assert "Halden Rail" in terminal.text()
        here.symlink_to(socket)
        terminal.send("ctrl+s")
        terminal.wait_for("entered")
        terminal.wait_for("Leads · 1")
        terminal.send("ctrl+q")
        assert terminal.ended() == 0
        assert terminal.clean
        calm(terminal)
