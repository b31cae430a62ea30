"""A real PostgreSQL for the tests: found, started once for a whole test run, and never left behind.

All workers of a run share the server, whose keeper (`postgres_keeper`) takes it down when the last of them has gone.
`$CRM_TEST_PG_URL` names a server to use instead, `$CRM_TEST_PG_BIN` the binaries.
"""

import atexit
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import uuid
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from tests.postgres_keeper import START_SECONDS, STOP_SECONDS, alone_in

RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid.uuid4().hex


class Server:
    """A running server; `root` is the URL of the database that administration goes through."""

    def __init__(self, root: str, folder: Path | None = None, keeper: socket.socket | None = None) -> None:
        self.root = root
        self.folder = folder
        self._keeper = keeper
        atexit.register(self.stop)

    def url(self, database: str) -> str:
        """The store URL of `database`, which need not exist."""
        return urlunsplit(urlsplit(self.root)._replace(path="/" + quote(database, safe="")))

    def run_sql(self, database: str, sql: Any) -> list[tuple[Any, ...]]:
        """Run `sql`, each statement committed by itself, and return the rows of the first result."""
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def create_database(self, name: str, template: str | None = None) -> None:
        """Make the database `name`, empty or a copy of `template`, to which nobody may be connected."""
        from psycopg.sql import SQL, Identifier

        statement = SQL("CREATE DATABASE {} TEMPLATE {}").format(
            Identifier(name), Identifier(template or "template1")
        )
        self._administer(statement)

    def drop_database(self, name: str) -> None:
        """Remove the database `name`, whoever is connected to it; nothing happens where there is none."""
        from psycopg.sql import SQL, Identifier

        self._administer(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))

    def _administer(self, statement: Any) -> None:
        self.run_sql(urlsplit(self.root).path.strip("/") or "postgres", statement)

    def stop(self) -> None:
        """Say goodbye; the last test process to do so waits until server and folder are gone."""
        atexit.unregister(self.stop)
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            with closing(keeper), suppress(OSError):
                keeper.shutdown(socket.SHUT_WR)
                keeper.settimeout(STOP_SECONDS * 2)
                keeper.recv(1)


def start() -> Server:
    """The server of this test run, started if no test process has done so yet."""
    if outside := os.environ.get("CRM_TEST_PG_URL"):
        return Server(outside)
    folder = _run_folder()
    while True:
        folder.mkdir(mode=0o711, exist_ok=True)
        with alone_in(folder) as still_there:
            if not still_there:
                continue
            if not (folder / "users").exists():
                _launch(folder)
            keeper = socket.socket(socket.AF_UNIX)
            keeper.connect(str(folder / "users"))
        return Server(f"postgresql://postgres@/postgres?host={folder / 'data'}", folder, keeper)


MEMORY = Path("/dev/shm")
ENOUGH_BYTES = 2 * 2**30


def _run_folder() -> Path:
    """A short path, for a socket's may not exceed 104 bytes, that the server's account can reach.

    In memory where that is large enough: every test copies a database of hundreds of files.
    """
    place = Path(tempfile.gettempdir()).resolve()
    if _is_large(MEMORY):
        place = MEMORY
    elif len(str(place)) > 50 or (os.getuid() == 0 and not _open_to_all(place)):
        place = Path("/tmp")
    return place / f"crmtui-pg-{RUN[:16]}"


def _is_large(place: Path) -> bool:
    """Whether `place` is open to all, holds programs that run, and has room: in all, so that all workers say the same."""
    if not place.is_dir() or not os.access(place, os.W_OK) or not _open_to_all(place):
        return False
    runs = not os.statvfs(place).f_flag & os.ST_NOEXEC
    return runs and shutil.disk_usage(place).total >= ENOUGH_BYTES


def _open_to_all(place: Path) -> bool:
    return all(path.stat().st_mode & 0o001 for path in (place, *place.parents))


def _launch(folder: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.postgres_keeper", str(folder)],
        cwd=Path(__file__).parent.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=START_SECONDS * 2,
    )
    if ran.returncode:
        shutil.rmtree(folder, ignore_errors=True)
        raise RuntimeError(f"PostgreSQL for the tests did not start: {ran.stderr.strip()}")
