"""Disks that are full, files that may not be written: a sentence, exit code, and a store that is whole."""

import importlib
import multiprocessing
import os
import pkgutil
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
from sqlalchemy import Engine, event

import crmtui
from crmtui.errors import Busy
from crmtui.services import records
from crmtui.services.context import Context
from crmtui.store import inspection
from tests.commands.conftest import Crm, Result
from tests.conftest import NOW
from tests.faults.state import assert_sound

FORK = multiprocessing.get_context("fork")
ROOM = 300_000
"""Bytes that are left for writing."""
NOBODY = 65534


# Full disks


def _until_full(url: str, prepare: Callable[[], None], told: Any) -> None:
    """Enter leads until there is no room; tell how many were acknowledged, and in which words it ended."""
    prepare()
    done, said = 0, ""
    with Context.open(flags={"db": url}, now=NOW) as ctx:
        while not said and done < 5000:
            try:
                records.add(ctx, "lead", {"company": f"Company {done}", "need": "x" * 20_000})
                done += 1
            except Busy as error:
                said = str(error)
    told.put((done, said))


def _few_pages() -> None:
    def limit(connection: Any, _record: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + ROOM // 4096}")

    event.listen(Engine, "connect", limit)


def _small_files(path: Path) -> Callable[[], None]:
    size = path.stat().st_size + ROOM
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.fixture
def full_disk(sqlite_url: str, tmp_path: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    """A store on a disk of its own with little room; where no disk can be made, one whose files may not grow much."""
    source, place = Path(sqlite_url.removeprefix("sqlite:///")), tmp_path / "disk"
    place.mkdir()
    size = source.stat().st_size + ROOM
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", str(place)]
    mounted = os.getuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0
    path = place / "crm.db"
    shutil.copyfile(source, path)
    try:
        yield f"sqlite:///{path}", (lambda: None) if mounted else _small_files(path)
    finally:
        if mounted:
            subprocess.run(["umount", str(place)], check=True)


@pytest.fixture(params=["pages", "file size", "disk"])
def crowded(request: pytest.FixtureRequest) -> tuple[str, Callable[[], None]]:
    """A store for which there is little room, and what a process does to feel it."""
    if request.param == "disk":
        found: tuple[str, Callable[[], None]] = request.getfixturevalue("full_disk")
        return found
    url = request.getfixturevalue("sqlite_url")
    path = Path(url.removeprefix("sqlite:///"))
    return url, _few_pages if request.param == "pages" else _small_files(path)


def test_what_was_acknowledged_before_the_disk_was_full_is_there(
    crowded: tuple[str, Callable[[], None]],
) -> None:
    url, prepare = crowded
    told = FORK.Queue()
    worker = FORK.Process(target=_until_full, args=(url, prepare, told))
    worker.start()
    done, said = told.get(timeout=30)
    worker.join(30)
    worker.close()
    assert 0 < done < 100
    assert "nothing was changed" in said
    with Context.open(flags={"db": url}, now=NOW) as ctx:
        assert records.count_where(ctx, "lead", "") == done
        with ctx.reading() as tx:
            assert inspection.integrity(tx) == []
        assert_sound(ctx)


# Files of others


@pytest.fixture
def shared(bare: Crm, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A store in a folder that everybody can enter, with `nobody` as one of its people where the tests run as root."""
    folder = Path(tempfile.mkdtemp(prefix="crm-"))
    folder.chmod(0o755)
    path = folder / "crm.db"
    shutil.copyfile(sqlite_url.removeprefix("sqlite:///"), path)
    monkeypatch.setenv("CRM_DB", f"sqlite:///{path}")
    monkeypatch.setenv("CRM_NOW", NOW)
    assert bare("user", "add", "nobody", "--login", "nobody", "--role", "admin").code == 0
    assert bare("lead", "add", "ACME").code == 0
    assert bare("lead", "list").code == 0
    yield path
    folder.chmod(0o700)
    shutil.rmtree(folder)


@cache
def _load() -> None:
    """Load all of the program: an ordinary account may not be able to read where it is installed."""
    for package in (crmtui, typer):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith(("__main__", "_winconsole")):
                importlib.import_module(module.name)


def _as_another(bare: Crm, *words: str) -> Result:
    """`crm` under the rights of an ordinary account; what the program needs is loaded before."""
    _load()

    def run(told: Any) -> None:
        os.environ["HOME"] = "/"
        os.chdir("/")
        if os.getuid() == 0:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        told.put(bare(*words))

    told = FORK.Queue()
    child = FORK.Process(target=run, args=(told,))
    child.start()
    found: Result = told.get(timeout=30)
    child.join(30)
    child.close()
    return found


def _told_in_one_line(result: Result, code: int) -> str:
    assert result.code == code, result
    assert result.out == ""
    assert len(result.err.splitlines()) == 1
    return result.err


def test_a_file_that_may_only_be_read(bare: Crm, shared: Path) -> None:
    shared.chmod(0o444)
    shared.parent.chmod(0o777)
    assert _as_another(bare, "lead", "list", "--fields", "company").lines == ["ACME"]
    assert "may not" in _told_in_one_line(_as_another(bare, "lead", "add", "B"), 4)


def test_a_folder_that_may_only_be_read(bare: Crm, shared: Path) -> None:
    shared.chmod(0o444)
    shared.parent.chmod(0o555)
    assert "may not" in _told_in_one_line(_as_another(bare, "lead", "add", "B"), 4)
    assert "may not" in _told_in_one_line(_as_another(bare, "db", "backup", str(shared.parent / "b.db")), 4)
    assert sorted(path.name for path in shared.parent.iterdir()) == ["crm.db"]


def test_a_copy_can_be_read_in_a_folder_that_may_only_be_read(bare: Crm, shared: Path) -> None:
    copy = shared.with_name("copy.db")
    assert bare("db", "backup", str(copy)).code == 0
    copy.chmod(0o444)
    shared.parent.chmod(0o555)
    listed = _as_another(bare, "lead", "list", "--fields", "company", "--db", f"sqlite:///{copy}")
    assert listed.lines == ["ACME"], listed


@pytest.mark.parametrize(("file", "folder"), [(0o600, 0o755), (0o644, 0o700)])
def test_a_file_of_somebody_else(bare: Crm, shared: Path, file: int, folder: int) -> None:
    shared.chmod(file if os.getuid() == 0 else 0o000)
    shared.parent.chmod(folder)
    if os.getuid() and folder == 0o700:
        shared.parent.chmod(0o000)
    for words in (("lead", "list"), ("lead", "add", "B"), ("doctor",)):
        _told_in_one_line(_as_another(bare, *words), 4)


def test_no_room_for_a_new_store(bare: Crm, shared: Path) -> None:
    shared.parent.chmod(0o555)
    place = shared.parent / "new.db"
    assert str(place) in _told_in_one_line(_as_another(bare, "init", "--db", f"sqlite:///{place}"), 4)
    assert not place.exists()
