"""Bringing an older store up to this program: a copy first, then tables and defaults that are new, in one transaction."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from crmtui import config as configuration
from crmtui.clock import Clock, parse_moment
from crmtui.errors import Forbidden
from crmtui.i18n import N_
from crmtui.services import access, backup, templates
from crmtui.services.context import os_login
from crmtui.services.nouns import SEARCHED
from crmtui.store import copies, journal, plain, search, session, stamp, upgrade
from crmtui.store.record import table
from crmtui.store.session import Store, Tx
from crmtui.store.visibility import Actor


@dataclass(frozen=True)
class Addition:
    """What was added of one kind: `what` is table, column, check, index, trigger, function, reference, role, right or
    entry, `on` the table, noun or list, and `names` what is new there."""

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
        added = _grouped([*steps, *_roles(tx), *_entries(tx)])
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


def _renamed_roles(tx: Tx) -> set[str]:
    """The codes that roles had before somebody gave them others."""
    entry = journal.Entry.__table__  # type: ignore[attr-defined]
    query = select(entry.c.before).where(entry.c.noun == "role", entry.c.before.is_not(None))
    texts = tx.session.connection().execute(query).scalars()
    return {str(before["code"]) for before in map(journal.entry_values, texts) if "code" in before}


def _roles(tx: Tx) -> Iterator[tuple[str, str, str]]:
    """Roles that are new, and of the others the rights to verbs that nobody could be allowed before.

    A right that somebody took away is a row that says so; it stays.
    """
    role, right = table("role"), table("role_right")
    held: dict[str, int] = dict(tx.session.execute(select(role.code, role.id)).all())
    old = set(held) | _renamed_roles(tx)
    for code, name, name_zh in access.ROLES:
        if code not in old:
            held[code] = tx.add(role(code=code, name=name, name_zh=name_zh)).id
            yield "role", "role", code
    known = {tuple(pair) for pair in tx.session.execute(select(right.noun, right.verb).distinct())}
    for code, noun, verb, scope in access.matrix():
        is_new = code not in old or (noun, verb) not in known
        if is_new and scope != "none" and code in held:
            tx.session.add(right(role_id=held[code], noun=noun, verb=verb, scope=scope))
            yield "right", noun, verb
    tx.session.flush()


def _entries(tx: Tx) -> Iterator[tuple[str, str, str]]:
    """Entries that the lists do not have; whatever the company did to an entry, it keeps its list and code."""
    choice = table("type")
    held = {tuple(key) for key in tx.session.execute(select(choice.list, choice.code))}
    for name, entries in templates.LISTS.items():
        for rank, (code, english, chinese) in enumerate(entries, start=1):
            if (name, code) not in held:
                tx.session.add(choice(list=name, code=code, name=english, name_zh=chinese, position=rank))
                yield "entry", name, code
    tx.session.flush()
