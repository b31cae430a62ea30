"""How the store is: what it protects against, its files, its schema, its journal, and whether its records hang together."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from crmtui.i18n import N_
from crmtui.services import soundness
from crmtui.services.context import Context, Tx
from crmtui.services.soundness import Finding, finding
from crmtui.store import files, inspection, session, stamp

__all__ = ["Finding", "examine"]

RECENT = timedelta(days=30)
"""For how long a change past the program is a warning; afterwards it is only told."""


@dataclass(frozen=True)
class _Look:
    """What a check works with."""

    ctx: Context
    tx: Tx


def examine(ctx: Context) -> list[Finding]:
    """Every check with its state (ok, info, warning, error), what was found, and what to do about it.

    Anybody may ask; the refs of records are named only to those who may check the store. Raises Busy, NotReady.
    """
    with ctx.reading() as tx, tx.without_predicate("doctor"):
        look = _Look(ctx, tx)
        found = [line for check in _CHECKS for line in check(look)]
        return [*found, *soundness.examine(ctx, tx)]


def _protection(look: _Look) -> Iterable[Finding]:
    store = look.ctx.store
    if store.path is not None:
        yield finding(
            "protection",
            "info",
            N_("{place} is a SQLite file: whoever can open it has all of it; rights hold only within crm."),
            N_("A team whose members must not see everything belongs on PostgreSQL."),
            place=store.path,
        )
    else:
        yield finding(
            "protection",
            "info",
            N_(
                "{place} is a PostgreSQL database: row-level security is not on, so rights hold only within crm, "
                "and the database itself does not enforce them."
            ),
            N_("Give database logins only to people who may see everything."),
            place=store.url.database,
        )


def _library(look: _Look) -> Iterable[Finding]:
    if not look.ctx.store.sqlite:
        number = int(inspection.ask(look.tx, "SHOW server_version_num"))
        version = inspection.ask(look.tx, "SHOW server_version")
        if number < 140000:
            yield finding(
                "database",
                "error",
                N_("PostgreSQL {version} is too old."),
                N_("Use PostgreSQL 14 or newer."),
                version=version,
            )
        else:
            yield finding("database", "ok", N_("PostgreSQL {version}"), version=version)
        return
    library = session.sqlite_module()
    version, mode = library.sqlite_version, str(inspection.ask(look.tx, "PRAGMA journal_mode"))
    if mode == "wal" and not session.wal_is_safe(library.sqlite_version_info):
        yield finding(
            "database",
            "warning",
            N_("SQLite {version} can lose changes in write-ahead mode."),
            N_("Install the package pysqlite3, which brings a newer SQLite."),
            version=version,
        )
    elif mode == "wal":
        yield finding("database", "ok", N_("SQLite {version}, write-ahead log"), version=version)
    else:
        yield finding(
            "database",
            "ok",
            N_("SQLite {version}, rollback journal: readers wait while somebody writes"),
            version=version,
        )


def _durability(look: _Look) -> Iterable[Finding]:
    """Whether what was acknowledged survives a power cut."""
    if look.ctx.store.sqlite:
        level = int(inspection.ask(look.tx, "PRAGMA synchronous"))
        if level >= 2:
            yield finding("durability", "ok", N_("Every change is on the disk before it is acknowledged."))
        else:
            yield finding("durability", "error", N_("Changes are acknowledged before they are on the disk."))
        return
    off = [
        name
        for name in ("fsync", "synchronous_commit", "full_page_writes")
        if inspection.ask(look.tx, f"SHOW {name}") == "off"
    ]
    if off:
        yield finding(
            "durability",
            "info",
            N_("The server may lose changes at a power cut: off are {settings}."),
            N_("Turn them on in postgresql.conf, unless this server is for tests."),
            settings=", ".join(off),
        )
    else:
        yield finding("durability", "ok", N_("Every change is on the disk before it is acknowledged."))


def _files(look: _Look) -> Iterable[Finding]:
    path = look.ctx.store.path
    if path is None:
        return
    found = files.accesses(path)
    shared = [one for one in found if one.shared]
    loose = [one for one in found if one.open and not one.shared]
    if shared:
        yield finding(
            "files",
            "info",
            N_("The group {group} shares this store: its members can open the file and bypass the rules."),
            N_("That is what crm init --group is for; a team with secrets belongs on PostgreSQL."),
            group=shared[0].group,
        )
    for one in loose:
        yield finding(
            "files",
            "warning",
            N_("Others can get at {path} (mode {mode})."),
            N_("Close it: chmod {closed} {path}"),
            path=one.path,
            mode=f"{one.mode:04o}",
            closed="700" if one.folder else "600",
        )
    if not shared and not loose:
        yield finding("files", "ok", N_("Only the owner can open the store's files."))


def _file_system(look: _Look) -> Iterable[Finding]:
    path = look.ctx.store.path
    kind = files.file_system(Path(path)) if path else ""
    if kind in files.NETWORK:
        yield finding(
            "disk",
            "warning",
            N_("The store lies on a network file system ({kind}), whose locks can fail: it may be damaged."),
            N_("Move it to a disk of one machine, or use PostgreSQL."),
            kind=kind,
        )
    elif kind:
        yield finding("disk", "ok", N_("The file system is {kind}."), kind=kind)


def _schema(look: _Look) -> Iterable[Finding]:
    strange = inspection.strange_tables(look.tx)
    if strange:
        yield finding(
            "schema",
            "error",
            N_("These tables were changed by hand: {tables}."),
            N_("Restore a backup with crm db restore."),
            tables=", ".join(strange),
        )
    else:
        yield finding("schema", "ok", N_("Schema {version}, as this program knows it"), version=stamp.VERSION)


def _integrity(look: _Look) -> Iterable[Finding]:
    if not look.ctx.store.sqlite:
        return
    said = inspection.integrity(look.tx)
    if said:
        yield finding(
            "integrity",
            "error",
            N_("The file is damaged: {said}"),
            N_("Restore a backup with crm db restore; what is readable can be exported before."),
            said="; ".join(said[:3]),
        )
    else:
        yield finding("integrity", "ok", N_("The file is intact."))


def _journal(look: _Look) -> Iterable[Finding]:
    untracked = inspection.untracked_tables(look.tx)
    if untracked:
        yield finding(
            "journal",
            "error",
            N_("The journal does not record every change of: {tables}."),
            N_("Somebody removed or changed triggers; restore a backup with crm db restore."),
            tables=", ".join(untracked),
        )
    else:
        yield finding("journal", "ok", N_("Every change of every table is recorded."))
    count, last = inspection.direct_writes(look.tx)
    if last is None:
        yield finding("direct writes", "ok", N_("Nothing was changed past the program."))
        return
    yield finding(
        "direct writes",
        "warning" if look.ctx.clock.now() - last < RECENT else "info",
        N_("{count} rows were changed past the program, the last at {moment}."),
        N_("Run crm db check --repair, and find out who writes to the database directly."),
        count=f"{count:,}",
        moment=last.astimezone(look.ctx.clock.zone).isoformat(timespec="seconds"),
    )


def _clock(look: _Look) -> Iterable[Finding]:
    last = inspection.last_change(look.tx)
    if last is not None and last > look.ctx.clock.now() + timedelta(minutes=1):
        yield finding(
            "clock",
            "warning",
            N_("The clock is behind the journal, whose last change is of {moment}."),
            N_("Set the clock of this machine, or find out who used --now."),
            moment=last.astimezone(look.ctx.clock.zone).isoformat(timespec="seconds"),
        )
    else:
        yield finding("clock", "ok", N_("The clock is not behind the journal."))


_CHECKS: tuple[Callable[[_Look], Iterable[Finding]], ...] = (
    _protection,
    _library,
    _durability,
    _files,
    _file_system,
    _schema,
    _integrity,
    _journal,
    _clock,
)
