"""Bringing an older store up to this program: a copy first, then tables and defaults that are new, in one transaction."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from crmtui import config as configuration
from crmtui.clock import Clock, parse_moment
from crmtui.errors import Forbidden
from crmtui.i18n import N_
from crmtui.services import backup, defaults
from crmtui.services.context import os_login
from crmtui.services.nouns import SEARCHED
from crmtui.store import copies, plain, search, session, stamp, upgrade
from crmtui.store.session import Store
from crmtui.store.visibility import Actor


@dataclass(frozen=True)
class Addition:
    """What was added of one kind: `what` is table, column, check, index, trigger, function, reference, role, right,
    entry or rule, `on` the table, noun or list, and `names` what is new there."""

    what: str
    on: str
    names: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Upgrade:
    """A store brought up: its schema before and now, the copy that was made first (empty for none), what was added."""

    before: int
    now: int
    copy: str
    added: list[Addition]


def run(flags: Mapping[str, object], *, dry_run: bool = False, now: str | None = None) -> Upgrade:
    """Bring the store of the configuration up to this program's schema; a store that lacks nothing stays as it is.

    A SQLite store is copied beside itself first; of a PostgreSQL database no copy is made. A dry run does it all and
    takes it back. Raises Forbidden without the right to configure the store, NotReady, Busy.
    """
    config = configuration.load(flags)
    store = session.connect(config.store_url, busy_timeout=float(str(config["busy_timeout"])))
    try:
        session.check_ready(store, older=True)
        with session.guard(store), store.engine.connect() as connection:
            before = stamp.version(connection) or 0
        moment = parse_moment(now, Clock()) if now else Clock().now()
        actor = _administrator(store)
        lacking = _rise(store, actor, moment, keep=False)
        if dry_run or (not lacking and before == stamp.VERSION):
            return Upgrade(before, stamp.VERSION, "", lacking)
        copy = _copy(store, before)
        return Upgrade(before, stamp.VERSION, copy, _rise(store, actor, moment, keep=True))
    finally:
        store.close()


def _administrator(store: Store) -> Actor:
    """Who runs this, who must have the right to configure the store."""
    with session.guard(store), store.reader.connect() as connection:
        login = (
            os_login()
            if store.sqlite
            else str(connection.exec_driver_sql("select session_user").scalar_one())
        )
        found = plain.person(connection, login)
    if found is None or not found.active or found.rights.get(("store", "configure")) != "all":
        raise Forbidden(
            "store.upgrade",
            N_("Your role does not let you upgrade the store."),
            hint=N_("Ask an administrator to run crm db upgrade."),
        )
    return Actor(found.id, login, login, found.role, found.dept_id, found.territory_id, found.rights)


def _copy(store: Store, version: int) -> str:
    """The store as it was, in a new file beside it; empty on PostgreSQL."""
    if store.path is None:
        return ""
    start = f"{store.path.stem}-schema-{version}"
    tried = (f"{start}{number}.db" for number in ("", *(f"-{each}" for each in range(2, 1000))))
    target = next(place for name in tried if not (place := store.path.with_name(name)).exists())
    try:
        copies.write(store, target)
    except OSError as error:
        raise backup.unwritable(target, error) from error
    return str(target)


def _rise(store: Store, actor: Actor, moment: datetime, *, keep: bool) -> list[Addition]:
    with session.writing(store, actor, moment, "store.upgrade") as tx:
        tx.force, tx.unguarded = True, "identity"
        connection = tx.session.connection()
        steps = [(step.what, step.on, step.name) for step in upgrade.raise_schema(connection)]
        added = _grouped([*steps, *defaults.complete(tx)])
        if keep:
            assert tx.id is not None
            tx.session.flush()
            search.follow(connection, tx.id, SEARCHED)
            session.commit(tx, empty=True)
        else:
            tx.session.rollback()
    return added


def _grouped(steps: list[tuple[str, str, str]]) -> list[Addition]:
    names: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for what, on, name in steps:
        names[what, on][name] = None
    return [Addition(what, on, list(each)) for (what, on), each in names.items()]
