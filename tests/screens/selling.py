"""A small company with something in every pane: won, lost, late, large, near, stuck, a quota, and a rival."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from crmtui.services import opportunity, quota, records, setup
from crmtui.services.context import Company, Context
from tests.screens.company import DAY

NOW = f"{DAY}T09:00:00Z"

DEALS = (
    # name, amount, close date, stage, how it ended
    ("Crane spares", "640000", "2026-11-10", "", "won"),
    ("Depot kit", "200000", "2026-10-12", "", "won"),
    ("Press hall", "90000", "2026-11-12", "", "lost"),
    ("Gate system", "300000", "2026-11-02", "proposal", ""),
    ("华东精工 MES", "100000", "2026-11-18", "negotiation", ""),
    ("Blade tracing", "50000", "2026-11-24", "proposal", ""),
    ("Yard planning", "400000", "2026-12-05", "", ""),
    ("Grid portal", "80000", "2027-02-01", "", ""),
)
QUOTA = 1_500_000
WON = 840_000
LATE = ("Gate system", "华东精工 MES")


@contextmanager
def opened(url: str, now: str = NOW, login: str | None = None) -> Iterator[Context]:
    """A context on the store at `url`, at the moment that the screens are looked at."""
    with Context.open(flags={"db": url}, now=now, login=login) as ctx:
        yield ctx


def fill(url: str) -> None:
    """Put the company into the store at `url`; its opportunities were entered weeks ago, the last changes are new."""
    with opened(url, "2026-10-02T09:00:00Z") as ctx:
        account = str(records.add(ctx, "account", {"name": "Halden Rail"}).id)
        records.add(ctx, "competitor", {"name": "Rival A"})
        records.add(ctx, "user", {"name": "Wu Lan", "login": "wu", "role": "rep"})
        quota.set(ctx, "user", "wu", "2026Q4", str(QUOTA))
        for name, amount, day, stage, _ in DEALS:
            made = records.add(
                ctx,
                "opp",
                {
                    "name": name,
                    "account": account,
                    "amount": amount,
                    "opened_on": "2026-10-01",
                    "expected_close_on": day,
                },
            )
            if stage:
                opportunity.advance(ctx, str(made.id), stage)
    with opened(url) as ctx:
        for row in list(records.find(ctx, "opp", fields=("ref", "name")).rows):
            day, end = next((deal[2], deal[4]) for deal in DEALS if deal[0] == row["name"])
            if end:
                opportunity.close(
                    ctx,
                    row["ref"],
                    won=end == "won",
                    summary="over",
                    reason="" if end == "won" else "price",
                    competitor="none" if end == "won" else "Rival A",
                    on=date.fromisoformat(day),
                )
        records.add(
            ctx,
            "lead",
            {"company": "Bayside Ports", "contact_name": "Jo Ray", "next_contact_on": "2026-11-21"},
        )


def made(path: Path) -> Path:
    """Make the company in the file `path`; `path` again."""
    company = Company(name="Test", currency="USD", timezone="UTC", phone_region="CN")
    setup.init({"db": f"sqlite:///{path}"}, company, now="2026-10-01T09:00:00Z").close()
    fill(f"sqlite:///{path}")
    return path
