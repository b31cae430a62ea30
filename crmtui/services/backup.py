"""Copies of the store: written while it is in use, checked, and put back where nothing is."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from crmtui import config as configuration
from crmtui.errors import CrmError, Forbidden, Invalid, Refused
from crmtui.i18n import N_
from crmtui.services.context import Context
from crmtui.store import copies, pg_tools, session, stamp
from crmtui.store.copies import Copy
from crmtui.store.session import Store

SQLITE, POSTGRES = b"SQLite format 3\x00", b"PGDMP"


@dataclass(frozen=True)
class Backup:
    """A copy, or the store made of one: where it is, its size in bytes (0 for a database), schema, last transaction."""

    place: str
    bytes: int
    schema: int
    last_tx: int


def backup(ctx: Context, file: Path) -> Backup:
    """Write a checked copy of the store into the new `file`, mode 0600, while others go on working.

    Raises Forbidden without the right, Refused when there is such a file, Invalid for a folder that is not there,
    NotReady when PostgreSQL's programs are missing, Busy for a full disk.
    """
    if ctx.actor.scope("store", "backup") != "all":
        raise Forbidden(
            "store.backup",
            N_("Your role does not let you copy the store."),
            hint=N_("Ask an administrator; crm who-can backup store names them."),
        )
    try:
        found = copies.write(ctx.store, file) if ctx.store.sqlite else _dump(ctx.store, file)
    except OSError as error:
        raise unwritable(file, error) from error
    return Backup(str(file), file.stat().st_size, found.schema, found.last_tx)


def _dump(store: Store, file: Path) -> Copy:
    with copies.part_of(file) as part:
        pg_tools.dump(store.url, part)
        return pg_tools.check(part)


def restore(flags: Mapping[str, object], file: Path) -> Backup:
    """Make the store of the configuration, which must not be there yet, of the copy `file`.

    Raises Refused when there is something already, NotReady when `file` is no sound copy or of a newer program,
    Invalid when it cannot be read, or is a copy of the other kind of store.
    """
    config = configuration.load(flags)
    store = session.connect(config.store_url, busy_timeout=float(str(config["busy_timeout"])))
    try:
        _check_kind(store, file)
        if store.path is None:
            return _restore_database(store, file)
        return _restore_file(store.path, file)
    finally:
        store.close()


def _check_kind(store: Store, file: Path) -> None:
    try:
        with file.open("rb") as opened:
            start = opened.read(16)
    except OSError as error:
        raise Invalid(
            "copy.unreadable",
            N_("{file} cannot be read: {reason}."),
            field="file",
            file=file,
            reason=error.strerror or error,
        ) from error
    sqlite = start == SQLITE
    if not sqlite and not start.startswith(POSTGRES):
        raise Invalid(
            "copy.foreign", N_("{file} is not a copy of a store of this program."), field="file", file=file
        )
    if sqlite != store.sqlite:
        raise Invalid(
            "copy.other_kind",
            N_("{file} is a copy of a SQLite file, and goes only into one.")
            if sqlite
            else N_("{file} is a copy of a PostgreSQL database, and goes only into one."),
            field="file",
            hint=N_("Name the place with --db."),
            file=file,
        )


def _restore_file(path: Path, file: Path) -> Backup:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = copies.put_back(file, path)
    except OSError as error:
        raise unwritable(path, error) from error
    return Backup(str(path), path.stat().st_size, found.schema, found.last_tx)


def _restore_database(store: Store, file: Path) -> Backup:
    place = store.url.render_as_string(hide_password=True)
    with session.guard(store), store.engine.connect() as connection:
        if stamp.version(connection) != 0:
            raise _occupied(place)
    store.close()
    found = pg_tools.check(file)
    pg_tools.put_back(store.url, file)
    session.check_ready(store, older=True)
    return Backup(place, 0, found.schema, found.last_tx)


def _occupied(place: str) -> Refused:
    return Refused(
        "store.exists",
        N_("There is something at {path} already."),
        hint=N_("Name another place; nothing is ever overwritten."),
        path=place,
    )


def unwritable(path: Path, error: OSError) -> CrmError:
    """What to tell people when a copy could not be written to `path`."""
    if isinstance(error, FileExistsError):
        return _occupied(str(path))
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return Invalid("copy.no_folder", N_("There is no folder for {file}."), field="file", file=path)
    return Forbidden(
        "copy.unwritable",
        N_("{file} cannot be written: {reason}."),
        field="file",
        file=path,
        reason=error.strerror or error,
    )
