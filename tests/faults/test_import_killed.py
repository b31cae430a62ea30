"""An import that is killed has saved whole batches, and the same import again brings the rest; two at once share the work."""

import multiprocessing
import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from crmtui.services import transfer
from crmtui.services.context import Context
from tests.conftest import NOW
from tests.faults.state import assert_sound

FORK = multiprocessing.get_context("fork")
ROWS, BATCH = 500, 50


def _leads(folder: Path, rows: int = ROWS) -> str:
    path = folder / "leads.csv"
    lines = [f"C{at},P{at},138{at:08},c{at}@x.invalid,{at}.50" for at in range(rows)]
    path.write_text("\n".join(["company,contact_name,phone,email,quoted", *lines, ""]))
    return str(path)


def _open(url: str, batch: int = BATCH) -> Context:
    return Context.open(flags={"db": url, "import.batch": batch, "busy_timeout": 60}, now=NOW)


def _companies(url: str) -> list[str]:
    from sqlalchemy import select

    from crmtui.store.record import table

    with _open(url) as ctx, ctx.reading() as tx:
        return list(tx.session.scalars(select(table("lead").company).order_by(table("lead").id)))


def _import(url: str, path: str, batch: int, said: Any) -> None:
    with _open(url, batch) as ctx:
        found = transfer.run(ctx, "lead", path)
        said.send(found.as_dict())


def _start(url: str, path: str, batch: int = BATCH) -> tuple[Any, Any]:
    heard, said = FORK.Pipe(duplex=False)
    child = FORK.Process(target=_import, args=(url, path, batch, said))
    child.start()
    said.close()
    return child, heard


def _kill_and_resume(url: str, path: str, after: float) -> int:
    """Kill an import after so many seconds, check what it left, finish it; comes back with the rows that were there."""
    child, heard = _start(url, path)
    time.sleep(after)
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    heard.close()
    there = _companies(url)
    assert len(there) % BATCH == 0
    assert there == [f"C{at}" for at in range(len(there))]
    with _open(url) as ctx:
        found = transfer.run(ctx, "lead", path)
        assert (found.read, found.created, found.unchanged) == (ROWS, ROWS - len(there), len(there))
        assert_sound(ctx)
    assert _companies(url) == [f"C{at}" for at in range(ROWS)]
    return len(there)


def _copy(template: Path, folder: Path, name: str) -> str:
    path = folder / f"{name}.db"
    path.write_bytes(template.read_bytes())
    return f"sqlite:///{path}"


def test_killed_at_any_moment_it_goes_on_where_it_was(
    request: pytest.FixtureRequest, sqlite_template: Path, tmp_path: Path
) -> None:
    path = _leads(tmp_path)
    started = time.monotonic()
    child, heard = _start(_copy(sqlite_template, tmp_path, "whole"), path)
    assert heard.recv()["created"] == ROWS
    child.join()
    heard.close()
    whole = time.monotonic() - started
    moments = random.Random(5)
    rounds = 50 if request.config.getoption("--long") else 10
    for at in range(rounds):
        _kill_and_resume(_copy(sqlite_template, tmp_path, str(at)), path, moments.random() * whole)


def test_killed_on_the_server_as_well(pg_url: str, tmp_path: Path) -> None:
    _kill_and_resume(pg_url, _leads(tmp_path), 0.25)


def test_two_imports_of_one_file_at_once_bring_each_row_once(store_url: str, tmp_path: Path) -> None:
    path = _leads(tmp_path, 400)
    children = [_start(store_url, path, 20) for _ in range(2)]
    found = [heard.recv() for _, heard in children]
    for child, heard in children:
        child.join()
        heard.close()
    assert sum(one["created"] for one in found) == 400
    assert [one["created"] + one["unchanged"] for one in found] == [400, 400]
    assert sorted(_companies(store_url)) == sorted(f"C{at}" for at in range(400))
