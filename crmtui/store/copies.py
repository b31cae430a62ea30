"""Copies of a SQLite store: written while it is in use, checked, and put in place only when they are whole."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from crmtui.errors import CrmError, NotReady
from crmtui.i18n import N_
from crmtui.store import stamp, trouble
from crmtui.store.session import Store, sqlite_module, wal_is_safe


@dataclass(frozen=True)
class Copy:
    """A copy that was checked: its schema version, and the last transaction that it holds."""

    schema: int
    last_tx: int


def write(store: Store, target: Path) -> Copy:
    """Copy the store into the new file `target`, of one state, while others write. Raises OSError, CrmError."""
    with _told(target), part_of(target) as part:
        source = store.engine.raw_connection()
        try:
            _copy(source.driver_connection, part, "DELETE")
        finally:
            source.close()
        return check(part)


def put_back(source: Path, target: Path) -> Copy:
    """Make the store `target`, which is not there yet, of the checked copy `source`. Raises OSError, CrmError."""
    found = check(source)
    mode = "WAL" if wal_is_safe(sqlite_module().sqlite_version_info) else "DELETE"
    with _told(target), part_of(target) as part, closing(_open(source)) as connection:
        _copy(connection, part, mode)
        check(part)
    return found


def check(path: Path) -> Copy:
    """What the copy at `path` holds. Raises NotReady when it is no copy of a store, damaged, or of a newer program."""
    with _told(path), closing(_open(path)) as connection:
        mark = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if mark != stamp.APPLICATION_ID or not version:
            raise NotReady("copy.foreign", N_("{file} is not a copy of a store of this program."), file=path)
        if version > stamp.VERSION:
            raise NotReady(
                "copy.newer",
                N_("{file} was made by a newer program (schema {found}, this one knows {known})."),
                hint=N_("Update crmtui, then try again."),
                file=path,
                found=version,
                known=stamp.VERSION,
            )
        said = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if said != "ok":
            raise NotReady("copy.damaged", N_("{file} is damaged: {said}."), file=path, said=said)
        last = connection.execute("SELECT coalesce(max(id), 0) FROM tx").fetchone()[0]
        return Copy(version, last)


def _open(path: Path) -> Any:
    return sqlite_module().connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True)


def _copy(source: Any, part: Path, mode: str) -> None:
    with closing(sqlite_module().connect(str(part))) as target:
        source.backup(target)
        target.execute(f"PRAGMA journal_mode = {mode}")
    handle = os.open(part, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """The driver's errors as sentences; they do not come through SQLAlchemy here."""
    driver = sqlite_module()
    try:
        yield
    except driver.Error as error:
        told: CrmError | None = trouble.told(str(error), str(path))
        if told is None:
            raise
        raise told from error


@contextmanager
def part_of(target: Path) -> Iterator[Path]:
    """An empty file beside `target`, mode 0600, that becomes `target` at the end; whole, or not at all.

    Raises FileExistsError when there is something at `target`, and other OSErrors.
    """
    if os.path.lexists(target):
        raise FileExistsError(17, "File exists", str(target))
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_RDWR, 0o600))
    try:
        yield part
        _place(part, target)
    finally:
        for left in (part, *(part.with_name(part.name + end) for end in ("-journal", "-wal", "-shm"))):
            left.unlink(missing_ok=True)


def _place(part: Path, target: Path) -> None:
    """A link never replaces a file, as a renaming would; where links are not known, an empty file holds the place."""
    try:
        os.link(part, target)
    except FileExistsError:
        raise
    except OSError:
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_RDWR, 0o600))
        os.replace(part, target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
