"""The PostgreSQL of the tests itself: it serves, it is shared, and nothing of it stays behind."""

import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.postgres import Server

PROCESS = """
import sys
from tests import postgres
server = postgres.start()
print(server.folder, flush=True)
for line in sys.stdin:
    print(server.run_sql("postgres", line)[0][0], flush=True)
"""


class Process:
    """A test process of another run, which asks the server what we tell it to."""

    def __init__(self, run: str) -> None:
        environment = {**os.environ, "PYTEST_XDIST_TESTRUNUID": run}
        environment.pop("CRM_TEST_PG_URL", None)
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROCESS],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=Path(__file__).parent.parent,
        )

    def line(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def ask(self, sql: str) -> str:
        assert self.process.stdin
        self.process.stdin.write(sql + "\n")
        self.process.stdin.flush()
        return self.line()

    def end(self, with_signal: signal.Signals | None = None) -> None:
        if with_signal:
            self.process.send_signal(with_signal)
        self.process.communicate(timeout=20)


@pytest.fixture
def begin() -> Iterator[Callable[[], Process]]:
    run, begun = uuid.uuid4().hex, []

    def one_more() -> Process:
        begun.append(Process(run))
        return begun[-1]

    yield one_more
    for process in begun:
        process.process.kill()
        process.end()


def server_process(folder: Path) -> int:
    return int((folder / "data/postmaster.pid").read_text().split()[0])


def within_seconds(seconds: float, is_so: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.02)
    return is_so()


def is_running(process: int) -> bool:
    """Whether `process` runs; one that has ended and waits for its parent to notice does not."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{process}/stat")
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")


def test_a_copy_of_a_template_has_its_rows_and_is_apart_from_it(pg_server: Server) -> None:
    template, copy = f"tpl_{uuid.uuid4().hex}", f'a "copy"/{uuid.uuid4().hex}?'
    pg_server.create_database(template)
    try:
        pg_server.run_sql(template, "create table lead (name text); insert into lead values ('王芳')")
        pg_server.create_database(copy, template)
        pg_server.run_sql(copy, "insert into lead values ('Ann')")

        assert pg_server.run_sql(copy, "select name from lead order by name") == [("Ann",), ("王芳",)]
        assert pg_server.run_sql(template, "select name from lead") == [("王芳",)]
    finally:
        pg_server.drop_database(copy)
        pg_server.drop_database(template)
    left = f"select datname from pg_database where datname = '{template}' or datname = '{copy}'"
    assert pg_server.run_sql("postgres", left) == []


def test_a_server_that_someone_already_has_is_used_and_left_running(
    pg_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests import postgres

    monkeypatch.setenv("CRM_TEST_PG_URL", pg_server.url("postgres"))
    outside = postgres.start()
    assert outside.run_sql("template1", "select current_database()") == [("template1",)]
    outside.stop()
    assert pg_server.run_sql("postgres", "select 1") == [(1,)]


def test_one_server_is_shared_survives_a_killed_process_and_goes_with_the_last(
    begin: Callable[[], Process],
) -> None:
    first, second = begin(), begin()
    folder = Path(first.line())
    assert second.line() == str(folder)
    server = server_process(folder)
    started = "select pg_postmaster_start_time()::text"
    assert first.ask(started) == second.ask(started)

    first.end(signal.SIGKILL)
    assert second.ask("select 'still here'") == "still here"

    second.end()
    assert not folder.exists(), "the last process ends only when everything is taken down"
    assert not is_running(server)


def test_nothing_stays_when_every_process_is_killed(begin: Callable[[], Process]) -> None:
    only = begin()
    folder = Path(only.line())
    server = server_process(folder)
    only.end(signal.SIGKILL)
    assert within_seconds(10, lambda: not folder.exists())
    assert not is_running(server)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent was killed")
def test_the_server_does_not_outlive_a_killed_keeper(begin: Callable[[], Process]) -> None:
    folder = Path(begin().line())
    server = server_process(folder)
    keeper = int(Path(f"/proc/{server}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(keeper, signal.SIGKILL)
    assert within_seconds(10, lambda: not is_running(server))
    shutil.rmtree(folder)
