"""The one door: opens a store, begins, checks, journals and commits."""

import os
import random
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, select, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria

from crmtui.errors import Forbidden, Invalid, NotReady
from crmtui.i18n import N_
from crmtui.store import dialect, exchange, keys, page, plain, stamp, trouble
from crmtui.store.record import Part, Record, table
from crmtui.store.visibility import (
    EXCEPTIONS,
    WRITES,
    Actor,
    past_the_session,
    reach,
    restricted,
    subordinates,
    visible,
)

SAFE_WAL = ((3, 44, 6), (3, 50, 7))
"""Older libraries that are safe in WAL mode besides 3.51.3 and newer; the rest can lose commits there."""


def sqlite_module() -> Any:
    """The newest SQLite at hand: the one that came with the program, else the standard library's."""
    try:
        import pysqlite3.dbapi2 as module
    except ImportError:
        import sqlite3  # two megabytes that nobody needs who has the other one

        return sqlite3
    return module


def wal_is_safe(version: tuple[int, ...]) -> bool:
    """Whether this SQLite keeps every commit in WAL mode."""
    return version >= (3, 51, 3) or version in SAFE_WAL


@dataclass
class Store:
    """An open store: SQLite file or PostgreSQL database."""

    url: URL
    engine: Engine

    @property
    def sqlite(self) -> bool:
        """Whether it is a SQLite file."""
        return self.engine.dialect.name == "sqlite"

    @property
    def path(self) -> Path | None:
        """The SQLite file; None on PostgreSQL."""
        return Path(self.url.database) if self.sqlite and self.url.database else None

    @cached_property
    def reader(self) -> Engine:
        """The engine of reads: one sees one state of the store, however many statements it takes."""
        return self._engine(write=False, isolation_level="REPEATABLE READ")

    @cached_property
    def writer(self) -> Engine:
        """The engine of writes."""
        return self._engine(write=True, isolation_level="READ COMMITTED")

    def _engine(self, write: bool, isolation_level: str) -> Engine:
        found = self.engine.execution_options(write=write)
        return found if self.sqlite else found.execution_options(isolation_level=isolation_level)

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()


def parse_url(text: str) -> URL:
    """The URL of a store, which may also be said as a file; raises Invalid for what is neither SQLite nor PostgreSQL."""
    if not re.search("://|:.*@", text) and ("/" in text or text.endswith((".db", ".sqlite"))):
        return URL.create("sqlite", database=text)
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):  # the latter for a port that is no number
        raise _no_url(text) from None
    backend = url.get_backend_name()
    if backend not in ("sqlite", "postgresql") or not url.database or "@" in (url.host or ""):
        raise _no_url(text)
    return url


def _no_url(text: str) -> Invalid:
    """The complaint about an address, without the password that may stand in it."""
    shown = re.sub(r"(?s)^(\w[\w+.-]*://)?.*@", r"\1***@", text)
    return Invalid(
        "store.url",
        N_("{text} is not the address of a store."),
        hint=N_(
            "Write sqlite:///path/to/crm.db or postgresql://host/database; in a password, @ is %40 and / is %2F."
        ),
        text=shown,
    )


FRUGAL_KIB = 256
"""Of SQLite's 2,000 KiB a connection; the screens hold several for hours."""


def connect(text: str, *, busy_timeout: float = 10, frugal: bool = False) -> Store:
    """Prepare the store at `text`, without touching it yet. Raises Invalid for an address that is none.

    A `frugal` one keeps few pages of an embedded store: the operating system has them all the same.
    """
    url = parse_url(text)
    if url.get_backend_name() == "postgresql":
        options = {
            "options": f"-c timezone=UTC -c lock_timeout={int(busy_timeout * 1000)}",
            "connect_timeout": 10,
        }
        try:
            engine = create_engine(url, hide_parameters=True, connect_args=options, pool_size=1)
        except ImportError as error:
            raise NotReady(
                "store.no_driver",
                N_("The PostgreSQL driver is not installed."),
                hint=N_("Install crmtui with its extra: pip install 'crmtui[postgres]'."),
            ) from error
        return Store(url, engine)
    module = sqlite_module()
    engine = create_engine(url, module=module, hide_parameters=True, connect_args={"timeout": busy_timeout})
    event.listen(engine, "connect", _prepare_sqlite)
    if frugal:
        event.listen(engine, "connect", lambda raw, _: raw.execute(f"PRAGMA cache_size = {-FRUGAL_KIB}"))
    event.listen(engine, "begin", _begin_sqlite)
    return Store(url, engine)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    for pragma in ("foreign_keys = ON", "synchronous = FULL"):
        connection.execute(f"PRAGMA {pragma}")
    if sqlite_module().sqlite_version_info >= (3, 45):
        # Older ones would not let the journal's triggers write JSON any more.
        connection.execute("PRAGMA trusted_schema = OFF")
    dialect.register(connection)
    exchange.register(connection)


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes the lock at once: a read transaction that turns into a write meets "database is locked"."""
    if not connection.get_execution_options().get("write", False):
        connection.exec_driver_sql("BEGIN")
        return
    raw: Any = connection.connection.driver_connection
    patience = raw.execute("PRAGMA busy_timeout").fetchone()[0]
    raw.execute("PRAGMA busy_timeout = 0")
    try:
        _begin_in_turn(connection, time.monotonic() + patience / 1000)
    finally:
        raw.execute(f"PRAGMA busy_timeout = {patience}")


def _begin_in_turn(connection: Connection, last: float) -> None:
    """Ask for the lock again and again until `last`, at short random pauses.

    SQLite's own waiting asks less and less often, so that of many writers an early one can starve behind later ones.
    """
    while True:
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            return
        except OperationalError as error:
            if "locked" not in str(error.orig) or time.monotonic() > last:
                raise
        time.sleep(random.uniform(0.001, 0.01))


@contextmanager
def guard(store: Store) -> Iterator[None]:
    """Turn what the database says into errors for people."""
    try:
        yield
    except DBAPIError as error:
        told = trouble.told(str(error.orig or error), str(store.path or store.url.database))
        if told is None:
            raise
        raise told from error


def check_ready(store: Store, *, older: bool = False) -> None:
    """Raise NotReady unless the store is set up, ours, and of this program's schema; an `older` one may pass."""
    if store.path is not None:
        _check_file(store.path)
    with guard(store), store.engine.connect() as connection:
        found = stamp.version(connection)
    name = str(store.path or store.url.database)
    if not found:
        code = "store.not_set_up" if found == 0 else "store.foreign"
        sentence = (
            N_("{name} is not set up.")
            if found == 0
            else N_("{name} holds something that is not a store of this program.")
        )
        raise NotReady(
            code, sentence, hint=N_("Run crm init first, or name another store with --db."), name=name
        )
    if found > stamp.VERSION:
        raise NotReady(
            "store.newer",
            N_("{name} was made by a newer program (schema {found}, this one knows {known})."),
            hint=N_("Update crmtui, then try again."),
            name=name,
            found=found,
            known=stamp.VERSION,
        )
    if found < stamp.VERSION and not older:
        raise NotReady(
            "store.older",
            N_("{name} was made by an older program (schema {found}, this one needs {known})."),
            hint=N_("Bring it up to date: crm db upgrade"),
            name=name,
            found=found,
            known=stamp.VERSION,
        )


def _check_file(path: Path) -> None:
    """Opening a missing file would make it: say that there is none instead."""
    if not path.exists():
        raise NotReady(
            "store.missing",
            N_("There is no store at {name}."),
            hint=N_("Run crm init, or crm demo to look around first."),
            name=str(path),
        )
    if not path.is_file() or not os.access(path, os.R_OK):
        raise Forbidden(
            "store.forbidden",
            N_("This login may not read or write {name}: {said}."),
            hint=N_("Ask its owner for access, or name another store with --db."),
            name=str(path),
            said="permission denied" if path.is_file() else "not an ordinary file",
        )


@dataclass
class Tx:
    """A unit of work: loads through the predicate, and on leaving checks, journals and commits all of it or nothing."""

    store: Store
    session: Session
    actor: Actor
    now: datetime
    verb: str
    """noun.verb, such as opp.advance; empty in a read."""
    id: int | None = None
    unguarded: str = ""
    """The name of the exception under which rows are read without the predicate; empty nearly always."""
    changed: list[tuple[str, int]] = field(default_factory=list)
    force: bool = False
    """Set by undo and by the making of a store, whose changes are checked as a whole instead of row by row."""
    region: str = ""
    """The company's own region (ISO 3166 letters), by which phone numbers without a country are read."""

    known: dict[Any, Any] = field(default_factory=dict)
    """What this unit of work looked up before and need not ask again, row after row; forgotten when an attribute changes."""

    def add(self, record: Any) -> Any:
        """Put a new row into the store at once, so that its id is known."""
        self.session.add(record)
        self.session.flush()
        return record

    def lock(self) -> None:
        """Let no other writer in until this transaction ends; on SQLite a writer is alone anyway."""
        if not self.store.sqlite:
            self.session.execute(text("SELECT id FROM running FOR UPDATE"))

    def seen(self, noun: str) -> Any:
        """The condition that set-based SQL on `noun` must carry."""
        return visible(noun, self.actor)

    @contextmanager
    def without_predicate(self, reason: str) -> Iterator[None]:
        """Read past the predicate, for one of the declared reasons (`visibility.EXCEPTIONS`)."""
        assert reason in EXCEPTIONS, reason
        before, self.unguarded = self.unguarded, reason
        try:
            yield
        finally:
            self.unguarded = before


class _Door(Session):
    """A session whose reads carry the predicate and whose writes are checked; `info["of"]` has its unit of work."""


def open_session(store: Store, tx_of: dict[str, Tx], *, write: bool) -> Session:
    """A session on `store` whose reads carry the predicate and whose writes are checked; `tx_of["tx"]` is its unit of work."""
    return _Door(
        store.writer if write else store.reader, expire_on_commit=False, autoflush=False, info={"of": tx_of}
    )


def _on_execute(state: ORMExecuteState) -> None:
    tx: Tx = state.session.info["of"]["tx"]
    if tx.unguarded or state.is_column_load or state.is_relationship_load:
        return
    hidden = restricted(state.statement, tx.actor)
    bare = past_the_session(state.statement, hidden)
    assert not bare, f"{bare} would be read past the predicate: select from the classes"
    paged = False
    if tx.store.sqlite and page.is_page(state.statement):
        paged = True
        state.statement = page.walking(tx.session.connection(), state.statement, tx.actor.built)
    state.statement = state.statement.options(*(_predicate(tx, noun, paged) for noun in hidden))


def _predicate(tx: Tx, noun: str, paged: bool) -> Any:
    """The predicate for `noun` as an option of a select; the same object every time, so that it is built once."""
    if (noun, paged) not in tx.actor.built:
        seen = page.seen(tx.session.connection(), noun, tx.actor) if paged else visible(noun, tx.actor)
        tx.actor.built[noun, paged] = with_loader_criteria(
            table(noun), seen, include_aliases=True, track_closure_variables=False
        )
    return tx.actor.built[noun, paged]


def _on_flush(session: Session, _context: object, _instances: object) -> None:
    tx: Tx = session.info["of"]["tx"]
    if any(getattr(row, "NOUN", "") == "attribute" for row in (*session.new, *session.dirty)):
        tx.known.clear()
    for row in list(session.new):
        _enter(tx, row)
    for row in list(session.dirty):
        if session.is_modified(row):
            _change(tx, row)
    for row in list(session.deleted):
        if isinstance(row, Record):
            may_record(tx, row.NOUN, row.id or 0, _parting(tx, row))
        elif isinstance(row, Part):
            _may_part(tx, row)


event.listen(_Door, "do_orm_execute", _on_execute)
event.listen(_Door, "before_flush", _on_flush)


def _enter(tx: Tx, row: Any) -> None:
    if isinstance(row, Record):
        row.created_at = row.created_at or tx.now
        row.updated_at = tx.now
        row.created_by_id = row.created_by_id or tx.actor.id
        _refresh_keys(tx, row)
        _may_enter(tx, row)
    elif isinstance(row, Part):
        _may_part(tx, row)


def _change(tx: Tx, row: Any) -> None:
    if isinstance(row, Record):
        _may_change(tx, row)
        row.updated_at = tx.now
        _refresh_keys(tx, row)
    elif isinstance(row, Part):
        _may_part(tx, row)
    if isinstance(row, Part):
        row.version += 1


def _refresh_keys(tx: Tx, row: Any) -> None:
    """The search keys of what is new or was changed in `row`."""
    fields = inspect(row).attrs
    changed = {
        name: getattr(row, name)
        for name in (row.LABEL, "phone", "mobile")
        if name in fields and fields[name].history.has_changes()
    }
    if "mobile" in changed or "phone" in changed:
        changed |= {name: getattr(row, name) for name in ("phone", "mobile") if name in fields}
    for column, key in keys.search_keys(row, changed, tx.region).items():
        setattr(row, column, key)


def _parting(tx: Tx, row: Record) -> str:
    """The right to take a record out: to purge it, while that is what is done. Nobody has the other: records are archived."""
    return "purge" if tx.verb == f"{row.NOUN}.purge" else "delete"


def right_for(tx: Tx, noun: str, fallback: str) -> str:
    """The verb under which a row of `noun` is changed: the running one on its own noun, `fallback` on others it touches."""
    own, _, verb = tx.verb.partition(".")
    return verb if own == noun else fallback


def check_right(tx: Tx, noun: str, verb: str) -> None:
    """Raise Forbidden where the actor may do `verb` on no record of `noun` at all."""
    if not tx.force and tx.actor.scope(noun, verb) == "none":
        raise _forbidden(tx, noun, verb)


def _forbidden(tx: Tx, noun: str, verb: str) -> Forbidden:
    return Forbidden(
        "right.missing",
        N_("Your role does not let you {verb} this {noun}."),
        hint=N_("crm can {verb} {noun} tells how far your rights reach."),
        noun=noun,
        verb=verb,
    )


def _may_enter(tx: Tx, row: Any) -> None:
    verb = right_for(tx, row.NOUN, "add")
    scope = tx.actor.scope(row.NOUN, verb)
    if tx.force or scope == "all" or _served(tx, row.NOUN):
        return
    owned = row.owner_id is None or row.owner_id == tx.actor.id
    if scope == "none" or not (owned or (scope == "dept" and _is_below(tx, row.owner_id))):
        raise _forbidden(tx, row.NOUN, verb)


def _served(tx: Tx, noun: str) -> bool:
    """Whether a service writes this row and has asked for the right itself, rather than somebody by a plain verb."""
    own, _, verb = tx.verb.partition(".")
    return bool(getattr(table(noun), "SERVED", False)) and not (own == noun and verb in WRITES)


def _is_below(tx: Tx, user_id: int) -> bool:
    people = subordinates(tx.actor)
    below = tx.session.connection().execute(people.where(people.selected_columns.id == user_id))
    return below.first() is not None


def _may_change(tx: Tx, row: Any) -> None:
    """The record as it stands in the store, not as it is about to be, decides."""
    if not _served(tx, row.NOUN):
        may_record(tx, row.NOUN, row.id, right_for(tx, row.NOUN, "edit"))


def may_record(tx: Tx, noun: str, record: int, verb: str) -> None:
    """Raise Forbidden unless the actor may do `verb` on that record of `noun`."""
    if tx.force or tx.actor.scope(noun, verb) == "all":
        return
    model = table(noun)
    found = tx.session.connection().execute(
        select(model.id).where(model.id == record, reach(noun, tx.actor, verb))
    )
    if found.first() is None:
        raise _forbidden(tx, noun, verb)


def _may_part(tx: Tx, row: Any) -> None:
    """A part is changed by those who may do the running verb on the record that it belongs to."""
    if tx.force:
        return
    noun, column = row.PART_OF
    if not _served(tx, noun):
        may_record(tx, noun, getattr(row, column), right_for(tx, noun, "edit"))


@contextmanager
def reading(store: Store, actor: Actor, now: datetime) -> Iterator[Tx]:
    """A read: one consistent state of the store, seen with the actor's eyes."""
    holder: dict[str, Tx] = {}
    with guard(store), open_session(store, holder, write=False) as session:
        holder["tx"] = Tx(store, session, actor, now, "")
        yield holder["tx"]


@contextmanager
def writing(
    store: Store,
    actor: Actor,
    now: datetime,
    verb: str,
    note: str = "",
    *,
    undoes: int | None = None,
    tx_id: int | None = None,
) -> Iterator[Tx]:
    """A write: begins, names the transaction for the journal, and leaves commit or rollback to whoever holds it.

    `tx_id` goes on with a transaction that an earlier batch of the same import began.
    """
    holder: dict[str, Tx] = {}
    with guard(store), open_session(store, holder, write=True) as session:
        tx = holder["tx"] = Tx(store, session, actor, now, verb)
        tx.id = tx_id
        if tx_id is None:
            tx.id = plain.change(session.connection(), now, actor.id, actor.login, verb, note, undoes)
        _announce(tx, tx.id)
        yield tx


def _announce(tx: Tx, running: int | None) -> None:
    """Tell the triggers which transaction is writing; None when it is over."""
    if tx.store.sqlite:
        tx.session.connection().execute(text("UPDATE running SET tx = :tx"), {"tx": running})
    elif running is not None:
        tx.session.connection().exec_driver_sql("select set_config('crm.tx', %s, true)", (str(running),))


def commit(tx: Tx, *, empty: bool = False) -> bool:
    """Commit what was changed; True if anything was. A transaction that changed nothing leaves no trace, unless
    it may be `empty`: it changed what the journal does not follow."""
    with guard(tx.store):
        tx.session.flush()
        if not empty and not has_entries(tx):
            tx.session.expunge_all()  # a rollback would empty the records that the caller is about to show
            tx.session.rollback()
            return False
        if tx.store.sqlite:
            _announce(tx, None)
        tx.session.commit()
    return True


def has_entries(tx: Tx) -> bool:
    """Whether the journal holds anything under this transaction."""
    query = text("SELECT 1 FROM journal WHERE tx = :tx LIMIT 1")
    return tx.session.connection().execute(query, {"tx": tx.id}).first() is not None
