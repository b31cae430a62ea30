"""What the demo makes up besides the files that it comes with: dates that end today, and quotas."""

import csv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from importlib.resources import as_file, files
from pathlib import Path

from crmtui.clock import Period, parse_period, quarter_of

GROWTH = 110
"""A quota is this many percent of what the person won in the quarter before, to the nearest thousand."""


@dataclass
class Plan:
    """The pipeline as the demo imports it, with moved dates, and quotas."""

    today: date
    days: int = 0
    """By how many days every date was moved."""
    mean_days: int = 0
    """The company's mean from first talk to close, in whole days."""
    laid_forward: int = 0
    """Open opportunities whose expected date would have been past or unknown."""
    list_value: int = 0
    """What the open opportunities are worth at list prices."""
    pipeline: list[dict[str, str]] = field(default_factory=list)
    quotas: list[dict[str, str]] = field(default_factory=list)

    @property
    def this_quarter(self) -> Period:
        """The quarter that `today` is in."""
        return parse_period("this quarter", self.today)

    @property
    def last_day(self) -> date:
        """The last day of the quarter after that."""
        return parse_period("next quarter", self.today).end

    @property
    def told(self) -> dict[str, date | int]:
        """What is said about it: figures by name."""
        still_open = sum(not row["close_date"] for row in self.pipeline)
        return {
            "last_day": self.today,
            "days_moved": self.days,
            "mean_days_to_close": self.mean_days,
            "open": still_open,
            "list_value": self.list_value,
            "laid_forward": self.laid_forward,
            "laid_until": self.last_day,
            "quota_percent": GROWTH,
        }


@contextmanager
def folder() -> Iterator[Path]:
    """The folder of the company's files, which come with the program."""
    with as_file(files("crmtui") / "demo") as folder:
        yield folder


def plan(today: date) -> Plan:
    """The pipeline and the quotas of a company whose last day is `today`."""
    with folder() as place:
        rows = _table(place / "sales_pipeline.csv")
        prices = {row["product"]: row["sales_price"] for row in _table(place / "products.csv")}
    made = Plan(today)
    closed = [(_day(row["engage_date"]), _day(row["close_date"])) for row in rows if row["close_date"]]
    made.days = (today - max(last for _first, last in closed)).days
    made.mean_days = round(sum((last - first).days for first, last in closed) / len(closed))
    made.pipeline = [_moved(row, made.days) for row in rows]
    _complete([row for row in made.pipeline if not row["close_date"]], prices, made)
    made.quotas = list(_quotas(made))
    return made


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _day(text: str) -> date:
    month, day, year = map(int, text.split("/"))
    return date(year, month, day)


def _moved(row: Mapping[str, str], days: int) -> dict[str, str]:
    moved = {
        name: (_day(row[name]) + timedelta(days)).isoformat() if row[name] else ""
        for name in ("engage_date", "close_date")
    }
    return {**row, **moved, "expected_close": moved["close_date"]}


def _complete(still_open: list[dict[str, str]], prices: Mapping[str, str], made: Plan) -> None:
    """Give open opportunities their product's list price and an expected date.

    That is the day of engagement and the company's mean time to close; those without, or already past, are laid out
    evenly, in the order of their ids, over the days from today to the end of the next quarter.
    """
    waiting = []
    for row in still_open:
        row["close_value"] = prices[row["product"].replace("GTXPro", "GTX Pro")]
        if row["engage_date"]:
            expected = date.fromisoformat(row["engage_date"]) + timedelta(made.mean_days)
            row["expected_close"] = expected.isoformat()
        if row["expected_close"] < made.today.isoformat():
            waiting.append(row)
    room = (made.last_day - made.today).days + 1
    waiting.sort(key=lambda row: row["opportunity_id"])
    for at, row in enumerate(waiting):
        row["expected_close"] = (made.today + timedelta(at * room // len(waiting))).isoformat()
    made.laid_forward = len(waiting)
    made.list_value = sum(int(row["close_value"]) for row in still_open)


def _quotas(made: Plan) -> Iterator[dict[str, str]]:
    """A quota per person and quarter from what they won in the quarter before; the next quarter's is this one's."""
    won: dict[tuple[str, str], int] = {}
    for row in made.pipeline:
        if row["deal_stage"] == "Won":
            key = row["sales_agent"], quarter_of(date.fromisoformat(row["close_date"]))
            won[key] = won.get(key, 0) + int(row["close_value"])
    now, following = made.this_quarter, quarter_of(made.last_day)
    for (person, quarter), value in sorted(won.items()):
        after = quarter_of(parse_period(quarter, made.today).end + timedelta(1))
        target = max((value * GROWTH + 50_000) // 100_000, 1) * 1000
        if after <= now.label:
            yield {"person": person, "quarter": after, "quota": str(target)}
        if after == now.label:
            yield {"person": person, "quarter": following, "quota": str(target)}
