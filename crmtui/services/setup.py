"""Making a new store: the file, the tables, the company's settings, the administrator, and what every company starts with."""

import os
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import select

from crmtui import config as configuration
from crmtui.clock import Clock
from crmtui.errors import Forbidden, Invalid, Refused
from crmtui.i18n import N_
from crmtui.money import check_currency
from crmtui.services import defaults, templates
from crmtui.services.context import Company, Context, os_login
from crmtui.services.nouns import SEARCHED
from crmtui.store import schema, search, session, stamp
from crmtui.store.record import table
from crmtui.store.session import Store, Tx
from crmtui.store.visibility import Actor

SETTINGS = ("name", "currency", "timezone", "fiscal_start", "phone_region")


def init(
    flags: Mapping[str, object], company: Company, *, now: str | None = None, group: str = ""
) -> Context:
    """Make a store where the configuration points, with whoever runs this as administrator; return it open.

    `group` shares the file with an operating-system group. Raises Refused when something is there already,
    Invalid for a bad setting, Forbidden where the place cannot be written.
    """
    check_company(company)
    config = configuration.load(flags)
    store = session.connect(config.store_url, busy_timeout=float(str(config["busy_timeout"])))
    if store.path is not None:
        _make_file(store.path, group)
    try:
        make(store, company, now)
    except BaseException:
        _remove_empty(store)
        raise
    store.close()
    return Context.open(flags=flags, now=now)


def check_company(company: Company) -> None:
    """Raise Invalid for a currency, time zone, month or region that is none."""
    check_currency(company.currency)
    Clock(zone=company.timezone)
    if not 1 <= company.fiscal_start <= 12:
        raise Invalid(
            "company.fiscal_start",
            N_("The fiscal year starts in a month from 1 to 12."),
            field="fiscal_start",
        )


def _make_file(path: Path, group: str) -> None:
    """The file comes first, closed to others, so that SQLite never makes it readable for all."""
    folder, mode = (0o2770, 0o660) if group else (0o700, 0o600)
    try:
        _make_folder(path.parent, folder)
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, mode)
    except FileExistsError as error:
        raise Refused(
            "store.exists",
            N_("There is something at {path} already."),
            hint=N_("Name another place with --db; nothing is ever overwritten."),
            path=str(path),
        ) from error
    except OSError as error:
        raise Forbidden(
            "store.forbidden",
            N_("This login may not read or write {name}: {said}."),
            name=str(path),
            said=error.strerror or str(error),
        ) from error
    os.close(descriptor)
    if group:
        import grp

        try:
            number = grp.getgrnam(group).gr_gid
        except KeyError as error:
            path.unlink()
            raise Invalid(
                "group.unknown", N_("There is no group {group} on this machine."), group=group
            ) from error
        os.chown(path, -1, number)
        os.chmod(path, mode)
        os.chown(path.parent, -1, number)
        os.chmod(path.parent, folder)


def _make_folder(folder: Path, mode: int) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=mode)
    except (FileExistsError, NotADirectoryError) as error:
        raise Invalid(
            "store.no_folder",
            N_("{folder} is no folder: a file stands in the way."),
            field="db",
            hint=N_("Name another place with --db."),
            folder=str(folder),
        ) from error


def _remove_empty(store: Store) -> None:
    """Take away the file that a failed start left; it holds nothing yet."""
    store.close()
    if store.path is not None and store.path.exists() and store.path.stat().st_size == 0:
        store.path.unlink()


def make(store: Store, company: Company, now: str | None = None) -> None:
    """Fill an empty store. Raises Refused when it holds anything."""
    from crmtui import clock as clocks

    with session.guard(store):
        with store.engine.connect() as connection:
            found = stamp.version(connection)
        if found != 0:
            raise Refused(
                "store.exists",
                N_("There is something at {path} already."),
                hint=N_("Name another place with --db; nothing is ever overwritten."),
                path=str(store.path or store.url.database),
            )
        if store.sqlite:
            _choose_journal_mode(store)
        with store.engine.execution_options(write=True).begin() as connection:
            schema.create(connection)
    clock = Clock(clocks.parse_moment(now, Clock(zone=company.timezone)) if now else None, company.timezone)
    login = os_login()
    if not store.sqlite:
        with store.engine.connect() as connection:
            login = str(connection.exec_driver_sql("select session_user").scalar_one())
    nobody = Actor(None, login, login, "")
    with session.writing(store, nobody, clock.now(), "store.init") as tx:
        tx.force, tx.unguarded = True, "identity"
        _fill(tx, company, login)
        assert tx.id is not None
        search.follow(tx.session.connection(), tx.id, SEARCHED)
        session.commit(tx)


def _choose_journal_mode(store: Store) -> None:
    """WAL where this SQLite keeps every commit in it; set only now, because setting it later can meet a lock."""
    module = session.sqlite_module()
    mode = "WAL" if session.wal_is_safe(module.sqlite_version_info) else "DELETE"
    raw = store.engine.raw_connection()
    try:
        raw.cursor().execute(f"PRAGMA journal_mode = {mode}")
    finally:
        raw.close()


def _fill(tx: Tx, company: Company, login: str) -> None:
    for name in SETTINGS:
        tx.session.add(table("setting")(name=name, value=str(getattr(company, name))))
    defaults.complete(tx)
    admin = tx.session.scalars(select(table("role").id).where(table("role").code == "admin")).one()
    tx.add(table("user")(login=login, name=login, role_id=admin))
    _fill_processes(tx)
    tx.session.flush()


def _fill_processes(tx: Tx) -> None:
    for code, (name, name_zh, stages) in templates.PROCESSES.items():
        process = tx.add(table("process")(code=code, name=name, name_zh=name_zh)).id
        for position, (stage, english, chinese, win, category, days) in enumerate(stages, start=1):
            row = table("stage")(
                process_id=process, code=stage, name=english, name_zh=chinese, position=position
            )
            row.probability, row.category, row.max_days = win, category, days
            tx.session.add(row)
        codes = [stage[0] for stage in stages]
        tx.session.add_all(
            table("transition")(process_id=process, from_stage=one, to_stage=other)
            for one in codes
            for other in codes
            if one != other
        )
