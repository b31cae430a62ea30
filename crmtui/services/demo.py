"""The demo: a new store with a company in it, read by the ordinary import, and what the program makes of it."""

import csv
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import select

from crmtui import config as configuration
from crmtui.errors import CrmError, Refused
from crmtui.i18n import N_, language
from crmtui.services import demo_plan, forecast, records, setup, transfer
from crmtui.services.context import Company, Context
from crmtui.services.demo_plan import Plan
from crmtui.services.forecast import Gap
from crmtui.services.question import Ask
from crmtui.services.transfer import Summary
from crmtui.store import session
from crmtui.store.record import table

COMPANY = Company(name="MavenTech", currency="USD", timezone="UTC")
MARK = "demo"
"""The setting that tells a demo store from others; its value is the day on which it was made."""
FILES = (
    ("dept", "departments"),
    ("user", "managers"),
    ("user", "sales_teams"),
    ("product", "products"),
    ("account", "accounts"),
    ("opp", "sales_pipeline"),
    ("quota", "quotas"),
)
"""Noun and file in the order in which they are read; each file has a mapping of its name."""
LISTED = 8
"""How many of the opportunities that could close the gap are named."""

Read = list[tuple[str, str, Summary]]
"""File, noun, and what became of its rows."""


def default_place() -> Path:
    """Where the demo's store is when nobody names another place. Raises NotReady for an account without a home folder."""
    from platformdirs import user_data_path

    try:
        return user_data_path("crmtui", appauthor=False) / "demo.db"
    except RuntimeError as error:
        raise configuration.homeless() from error


def address(flags: Mapping[str, object]) -> str:
    """The URL of the store that the demo is to make: what `flags` name, else a file of its own."""
    if not flags.get("db"):
        return f"sqlite:///{default_place()}"
    url = session.parse_url(configuration.load(flags).store_url)
    if url.get_backend_name() == "sqlite" and url.database:
        url = url.set(database=os.path.abspath(url.database))
    return url.render_as_string(hide_password=False)


def for_people(url: str) -> str:
    """The address as it may be shown: without a password."""
    return session.parse_url(url).render_as_string(hide_password=True)


def _file(url: str) -> str | None:
    """The file that the store is; None for a PostgreSQL database."""
    found = session.parse_url(url)
    return found.database if found.get_backend_name() == "sqlite" else None


def made_on(url: str) -> str | None:
    """The day on which the demo at its default place was made; None where `url` holds nothing yet.

    Raises Refused when something else is there: nothing that exists is ever touched.
    """
    path = _file(url)
    if path is None or not os.path.lexists(path):
        return None
    found = _mark(url) if Path(path) == default_place() else None
    if found is None:
        raise _exists(path)
    return found


def _exists(path: str) -> Refused:
    return Refused(
        "store.exists",
        N_("There is something at {path} already."),
        hint=N_("Make a new demo elsewhere: crm demo --db sqlite:///FILE; nothing is ever overwritten."),
        path=path,
    )


def _mark(url: str) -> str | None:
    """The day in the mark of a demo store; None for any other file."""
    try:
        with Context.open(flags={"db": url}) as ctx, ctx.reading() as tx:
            setting = table("setting")
            return tx.session.scalars(select(setting.value).where(setting.name == MARK)).first()
    except CrmError:
        return None


# Making it


def make(url: str, now: str | None = None) -> tuple[Plan, Read]:
    """Make the demo's store at `url`, with whoever runs this as administrator. Raises Refused when something is there.

    A file appears under its name only when all is in it; what breaks off leaves nothing behind.
    """
    path = _file(url)
    if path is None:
        return _fill(url, now)
    part = f"{path}.{os.getpid()}.part"
    try:
        done = _fill(f"sqlite:///{part}", now)
        _appear(part, path)
    finally:
        for ending in ("", "-wal", "-shm", "-journal"):
            with suppress(FileNotFoundError, NotADirectoryError):
                os.unlink(part + ending)
    return done


def _appear(part: str, path: str) -> None:
    """Give the finished file its name, unless something came there meanwhile. Raises Refused."""
    try:
        os.link(part, path)
    except FileExistsError as error:
        raise _exists(path) from error
    except OSError as error:  # a file system without links
        if os.path.lexists(path):
            raise _exists(path) from error
        os.rename(part, path)


def _fill(url: str, now: str | None) -> tuple[Plan, Read]:
    flags = {"db": url}
    with setup.init(flags, COMPANY, now=now) as ctx:
        plan = demo_plan.plan(ctx.clock.today())
    with tempfile.TemporaryDirectory() as scratch, demo_plan.folder() as folder:
        _write(Path(scratch) / "sales_pipeline.csv", plan.pipeline)
        _write(Path(scratch) / "quotas.csv", plan.quotas)
        read = [(name, noun, _import(flags, now, noun, name, folder, Path(scratch))) for noun, name in FILES]
    with Context.open(flags=flags, now=now) as ctx, ctx.transaction("store.configure") as tx:
        tx.force = True
        tx.session.add(table("setting")(name=MARK, value=plan.today.isoformat()))
    return plan, read


def _write(path: Path, rows: Sequence[Mapping[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, list(rows[0]))
        out.writeheader()
        out.writerows(rows)


def _import(
    flags: Mapping[str, object], now: str | None, noun: str, name: str, folder: Path, scratch: Path
) -> Summary:
    """Read one file: the one that was just written, where there is one, else the one that comes with the program."""
    written = scratch / f"{name}.csv"
    path = written if written.exists() else folder / f"{name}.csv"
    maps = ("expected_close_on=expected_close",) if noun == "opp" else ()
    with Context.open(flags=flags, now=now) as ctx:
        return transfer.run(ctx, noun, str(path), mapping=str(folder / f"{name}.toml"), maps=maps)


# Showing the job


@dataclass
class Shown:
    """What the program makes of the store, as of today."""

    today: date
    period: str
    pipeline: list[dict[str, Any]]
    """Per stage: stage, probability, opportunities, amount (Money)."""
    forecast: list[dict[str, Any]]
    """Rows of the forecast of this quarter: company, offices, teams."""
    gap: Gap | None
    """The largest gap of a team, with the opportunities that could close it; None where no team has one."""


def show(ctx: Context) -> Shown:
    """The pipeline by stage, the forecast of the tree, and the largest gap."""
    rows = forecast.table(ctx, Ask(dept=COMPANY.name, depth=2))
    teams = [row for row in rows if row["depth"] == 2 and row["gap"] is not None and row["gap"].minor > 0]
    worst = max(teams, key=lambda row: row["gap"].minor, default=None)
    gap = forecast.gap(ctx, Ask(dept=worst["of"].ref)) if worst else None
    return Shown(ctx.clock.today(), rows[0]["period"], list(_pipeline(ctx)), rows, gap)


def _pipeline(ctx: Context) -> Iterator[dict[str, Any]]:
    _, rows = records.totals(ctx, "opp", by="stage", measure="count,sum(amount)", where_text="state=open")
    found = {row["stage"]: row for row in rows}
    for stage in records.find(ctx, "stage", where="process=default", sort="position").rows:
        if stage["code"] in found:
            row = found[stage["code"]]
            name = stage["name_zh"] if language() == "zh" and stage["name_zh"] else stage["name"]
            yield {
                "stage": name,
                "probability": stage["probability"],
                "opportunities": row["count"],
                "amount": row["sum(amount)"],
            }
