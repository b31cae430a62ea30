"""The grid of the forecast: months that sum to their rows, and records behind every cell that sum to it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crmtui.money import Money
from crmtui.services import forecast, opportunity, outlook, quota, records, setup
from crmtui.services.context import Company, Context
from crmtui.services.outlook import Grid, Line
from crmtui.services.whose import Figure
from tests.conftest import NOW

Q4 = "2026Q4"
TABS = ("dept", "territory", "industry", "user", "product", "process")


def add(ctx: Context, noun: str, **given: str) -> str:
    record = records.add(ctx, noun, given)
    return f"{type(record).PREFIX}-{record.id}"


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A small company in which every rule of counting has its case: where a value comes from, and what does not count."""
    url = f"sqlite:///{tmp_path_factory.mktemp('firm') / 'crm.db'}"
    with setup.init({"db": url}, Company(name="Firm", currency="USD"), now=NOW) as ctx:
        _furnish(ctx)
    return url


def _furnish(ctx: Context) -> None:
    add(ctx, "dept", name="East")
    add(ctx, "dept", name="East 1", parent="East")
    add(ctx, "dept", name="West")
    for login, dept in (("li", "East 1"), ("mo", "East"), ("ann", "West")):
        add(ctx, "user", name=login.title(), login=login, role="manager", dept=dept)
    add(ctx, "user", name="Free", login="free", role="rep")
    add(ctx, "territory", name="Asia")
    add(ctx, "territory", name="China", parent="Asia")
    for name in ("Pump", "Valve"):
        add(ctx, "product", name=name, code=name[0])
    add(ctx, "rate", currency="EUR", valid_on="2026-01-01", rate="1.5")
    industries = [entry["code"] for entry in records.find(ctx, "type", where="list=industry").rows][:2]
    add(ctx, "account", name="Acme", territory="China", industry=industries[0], owner="ann")
    add(ctx, "account", name="Plain", owner="li")
    _deals(ctx, industries)
    quota.set(ctx, "dept", "East", Q4, "9000")


def _deals(ctx: Context, industries: list[str]) -> None:
    processes = [row["code"] for row in records.find(ctx, "process", fields=("code",)).rows][:2]
    owners = ("li", "mo", "ann", "free", "")
    for number in range(30):
        given = {
            "name": f"Deal {number}",
            "account": ("Acme", "Plain")[number % 2],
            "owner": owners[number % 5],
            "amount": f"{(number + 1) * 37}.{number:02}",
            "currency": "EUR" if number % 7 == 0 else "USD",
            "probability": str((10, 45, 70)[number % 3]),
            "expected_close_on": f"2026-{('10', '11', '12', '09')[number % 4]}-{1 + number % 27:02}",
            "territory": ("", "Asia", "", "China")[number % 4],
            "industry": ("", "", industries[1])[number % 3],
            "products": ("", "Pump", "Valve", "Pump, Valve", "Valve, Pump")[number % 5],
            "process": processes[number % 2],
            "category": ("", "commit", "best", "omitted")[number // 3 % 4],
        }
        ref = add(ctx, "opp", **{name: value for name, value in given.items() if value})
        if number % 15 == 14:
            records.edit(ctx, "opp", ref, {"owner": ""})
        if number % 6 == 5:
            opportunity.close(ctx, ref, won=True, summary="done")
        elif number % 11 == 10:
            records.archive(ctx, "opp", ref)


@pytest.fixture
def ctx(firm: str) -> Iterator[Context]:
    with Context.open(flags={"db": firm}, now=NOW) as found:
        yield found


def as_of(firm: str, login: str) -> Any:
    return Context.open(flags={"db": firm}, login=login, now=NOW)


def figures_of(grid: Grid, line: Line, measure: str) -> Iterator[Figure]:
    """Every cell of a row that opens records."""
    for month, value in zip(grid.months, line.months, strict=True):
        yield line.figure(measure, value, month.label)
    for part in ("forecast", "won", "weighted", "budget", "commit", "best"):
        yield line.figure(part, line.row[part])


def prove(ctx: Context, grid: Grid, measure: str) -> int:
    """Check every cell of `grid`; how many have records behind them."""
    filled = 0
    for line in grid.lines:
        months = sum(value.minor for value in line.months)
        assert months == line.row[measure].minor, (line.key, "the months are not the quarter")
        for figure in figures_of(grid, line, measure):
            ask = figure.ask
            assert ask is not None
            rows = forecast.drill(ctx, ask, figure.part, row=figure.row)
            whole = forecast.whole(ctx, ask, figure.part, figure.row)
            what = line.key, figure.part, ask
            assert Money(sum(row["counted"].minor for row in rows), "USD") == figure.value, what
            assert (whole.count, whole.counted) == (len(rows), figure.value), what
            filled += bool(rows)
    return filled


ASKED = [
    (TABS, "all", None, "weighted", "forecast"),
    (("dept", "user", "process"), "team", "mo", "commit", "forecast"),
    (("territory", "industry", "product"), "mine", "li", "budget", "budget"),
    (("dept", "industry", "product"), "all", "ann", "weighted", "won"),
]
"""What is counted, by whom and how does not depend on the tab: each tab is tried in full once, and then in turn."""


@pytest.mark.parametrize(
    ("by", "who", "login", "method", "measure"), [(by, *rest) for tabs, *rest in ASKED for by in tabs]
)
def test_what_stands_behind_a_cell_is_the_cell(
    firm: str, by: str, who: str, login: str | None, method: str, measure: str
) -> None:
    with as_of(firm, login or "root") as ctx:
        assert prove(ctx, outlook.grid(ctx, who, Q4, by, method, measure), measure) > 3


@pytest.mark.parametrize("by", TABS)
def test_a_condition_finds_the_same_records(ctx: Context, by: str) -> None:
    grid = outlook.grid(ctx, "all", Q4, by)
    for line in grid.lines:
        for part in ("forecast", "won", "weighted", "commit", "gap"):
            figure = line.figure(part, None, grid.months[1].label if part == "weighted" else "")
            assert figure.ask is not None
            refs = {row["ref"] for row in forecast.drill(ctx, figure.ask, part, row=figure.row)}
            where = outlook.condition(ctx, figure)
            assert {row["ref"] for row in records.find(ctx, "opp", where=where, limit=99).rows} == refs, (
                line.key,
                part,
                where,
            )


def test_it_is_the_same_on_postgresql(pg_url: str) -> None:
    with Context.open(flags={"db": pg_url}, now=NOW) as ctx:
        _furnish(ctx)
    with as_of(pg_url, "mo") as ctx:
        for by in ("dept", "product"):  # a tree, and parts of an amount
            assert prove(ctx, outlook.grid(ctx, "team", Q4, by, "commit"), "forecast") > 3


def test_a_quota_opens_those_it_is_made_of(ctx: Context) -> None:
    grid = outlook.grid(ctx, "all", Q4)
    for line in grid.lines:
        figure = outlook.quota_of(ctx, line, grid)
        found = records.find(ctx, "quota", where=figure.where, limit=9).rows if figure.where else []
        assert sum(row["amount"].minor for row in found) == (line.row["quota"].minor if found else 0)
        assert bool(found) == (line.row["quota"] is not None and line.part is None)


def test_the_gap_opens_what_could_close_it(ctx: Context) -> None:
    line = next(one for one in outlook.grid(ctx, "all", Q4).lines if one.row["path"] == "East")
    figure = line.figure("gap", line.row["gap"])
    assert figure.ask is not None
    rows = forecast.drill(ctx, figure.ask, "gap", row=figure.row)
    assert [row["ref"] for row in rows] == [row["ref"] for row in forecast.gap(ctx, figure.ask).opportunities]
    left = line.row["budget"].minor - line.row["weighted"].minor
    assert sum(row["counted"].minor for row in rows) == left > 0


def test_a_stretch_of_what_stands_behind_is_part_of_all_of_it(ctx: Context) -> None:
    ask = outlook.grid(ctx, "all", Q4).lines[0].ask
    every = forecast.drill(ctx, ask)
    parts = [forecast.drill(ctx, ask, start=start, size=5) for start in range(0, len(every) + 5, 5)]
    assert [row["ref"] for part in parts for row in part] == [row["ref"] for row in every]
    assert [row["counted"].minor for row in every] == sorted(
        (row["counted"].minor for row in every), reverse=True
    )


def test_a_company_without_anything_has_a_row_of_zeros(tmp_path: Path) -> None:
    with setup.init(
        {"db": f"sqlite:///{tmp_path / 'none.db'}"}, Company(name="N", currency="USD"), now=NOW
    ) as ctx:
        for by in TABS:
            grid = outlook.grid(ctx, "all", Q4, by)
            assert [value.minor for value in grid.lines[0].months] == [0, 0, 0]
            figure = grid.lines[0].figure("forecast", grid.lines[0].row["forecast"])
            assert figure.ask is not None
            assert forecast.drill(ctx, figure.ask) == []
            assert records.count_where(ctx, "opp", outlook.condition(ctx, figure)) == 0
