"""A real company's 8,800 opportunities, read through the mapping files of the demo: every figure as pandas computed it."""

import csv
import hashlib
import io
import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crmtui.money import Money
from crmtui.services import records, setup, transfer
from crmtui.services.context import Company, Context
from tests import postgres

HERE = Path(__file__).parent
FOLDER = HERE.parent / "crmtui" / "demo"
TRUTH: dict[str, Any] = json.loads((HERE / "fixtures" / "maven" / "truth.json").read_text("utf-8"))
COMPANY = Company(name="MavenTech", currency="USD", timezone="UTC")
NOW = "2018-01-01T09:00:00+00:00"
FILES = (
    ("dept", "departments", 10),
    ("user", "managers", 6),
    ("user", "sales_teams", 35),
    ("product", "products", 7),
    ("account", "accounts", 85),
    ("opp", "sales_pipeline", 8800),
)
OTHER_VARIANT = "7f274d30d51bfd2315c546927161dce2c5f9b44943f6fea0d2fea66d644982f0"
"""SHA-256 of the copy of sales_pipeline.csv with ISO dates and -1, as it is found."""


def read(ctx: Context, noun: str, path: Path, mapping_name: str) -> Any:
    return transfer.run(ctx, noun, str(path), mapping=str(FOLDER / f"{mapping_name}.toml"))


def fill(url: str, pipeline: Path = FOLDER / "sales_pipeline.csv") -> Context:
    """A new store with everything in it."""
    ctx = setup.init({"db": url}, COMPANY, now=NOW)
    for noun, name, rows in FILES:
        path = pipeline if noun == "opp" else FOLDER / f"{name}.csv"
        summary = read(ctx, noun, path, name)
        assert (summary.read, summary.rejected) == (rows, 0)
    return ctx


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def maven(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    """The company in a store of each kind, open."""
    if request.param == "sqlite":
        with fill(f"sqlite:///{tmp_path_factory.mktemp('maven') / 'crm.db'}") as ctx:
            yield ctx
        return
    server: postgres.Server = request.getfixturevalue("pg_server")
    name = f"maven_{uuid.uuid4().hex}"
    server.create_database(name)
    with fill(server.url(name)) as ctx:
        yield ctx
    server.drop_database(name)


def plain(value: Any) -> Any:
    """A value of totals as the truth file writes it."""
    if isinstance(value, Money):
        return value.minor / 100
    if isinstance(value, records.Ref):
        return value.name
    return value


def totals(ctx: Context, measure: str, where: str = "", by: str = "", noun: str = "opp") -> Any:
    """{group or (group, group): figure or [figures]}; the figures alone without groups."""
    columns, rows = records.totals(ctx, noun, by=by, measure=measure, where_text=where)
    count = len(columns) - len(by.split(",")) if by else len(columns)
    found = {}
    for row in rows:
        values = [plain(row[column.name]) for column in columns]
        keys, figures = tuple(values[:-count]), values[-count:]
        found[keys[0] if len(keys) == 1 else keys] = figures[0] if count == 1 else figures
    return found if by else found[()]


def nested(flat: dict[tuple[str, str], Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for (outer, inner), value in flat.items():
        found.setdefault(outer, {})[inner] = value
    return found


def manager_of(team: str) -> str:
    return next(name for name in TRUTH["by_manager"] if name.split()[-1] == team.removeprefix("Team "))


def by_manager(found: dict[str, Any]) -> dict[str, Any]:
    return {manager_of(team): value for team, value in found.items()}


def test_every_row_is_there(maven: Context) -> None:
    rows = TRUTH["rows"]
    assert records.count_where(maven, "account", "") == rows["accounts"]
    assert records.count_where(maven, "product", "") == rows["products"]
    assert records.count_where(maven, "opp", "") == rows["sales_pipeline"]
    assert records.count_where(maven, "user", "manager is not empty") == rows["sales_teams"]
    assert records.count_where(maven, "dept", "") == 10
    idle = {"Carl Lin", "Carol Thompson", "Elizabeth Anderson", "Mei-Mei Johns", "Natalya Ivanova"}
    assert set(TRUTH["agents_in_teams_without_opportunity"]) == idle
    owners = set(totals(maven, "count", by="owner"))
    agents = {row["name"] for row in records.find(maven, "user", where="manager is not empty").rows}
    assert agents - owners == idle


def test_stages_and_gaps(maven: Context) -> None:
    stages = TRUTH["per_stage"]
    assert totals(maven, "count", "state=won or state=lost", "state") == {
        "won": stages["Won"],
        "lost": stages["Lost"],
    }
    still = {"prospecting": stages["Prospecting"], "needs-analysis": stages["Engaging"]}
    assert totals(maven, "count", "state=open", "stage") == still
    gaps = {
        "account": "account",
        "engage_date": "opened_on",
        "close_date": "closed_on",
        "close_value": "amount",
    }
    for column, name in gaps.items():
        assert records.count_where(maven, "opp", f"{name} is empty") == TRUTH["missing"][column]
    without = totals(maven, "count", "account is empty", "stage")
    missing = TRUTH["missing_account_by_stage"]
    assert without == {"needs-analysis": missing["Engaging"], "prospecting": missing["Prospecting"]}
    assert records.count_where(maven, "opp", "state=lost and amount>0") == TRUTH["lost_close_value_nonzero"]


def test_days_are_days(maven: Context) -> None:
    figures = totals(maven, "min(opened_on),max(opened_on),min(closed_on),max(closed_on)")
    assert [str(day) for day in figures] == TRUTH["engage_date_range"] + TRUTH["close_date_range"]
    days = TRUTH["days_to_close"]
    both = totals(maven, "avg(days_to_close)")
    assert both == round(days["all_mean"], 2)
    won, lost = (
        totals(maven, "avg(days_to_close),median(days_to_close)", f"state={state}")
        for state in ("won", "lost")
    )
    assert won == [round(days["won_mean"], 2), days["won_median"]]
    assert lost == [round(days["lost_mean"], 2), days["lost_median"]]


def test_what_was_won(maven: Context) -> None:
    total, mean, middle = totals(maven, "sum(amount),avg(amount),median(amount)", "state=won")
    assert total == TRUTH["won_value_total"]
    assert mean == round(TRUTH["won_value_mean"], 2)
    assert middle == TRUTH["won_value_median"]


@pytest.mark.parametrize(
    ("by", "measure", "where", "truth", "shape"),
    [
        ("quarter(closed_on)", "sum(amount)", "state=won", "won_value_by_quarter", dict),
        ("quarter(closed_on)", "count", "state=won", "won_count_by_quarter", dict),
        ("quarter(closed_on)", "count", "state=lost", "lost_count_by_quarter", dict),
        ("month(closed_on)", "sum(amount)", "state=won", "won_value_by_month", dict),
        ("owner.dept", "sum(amount)", "state=won", "won_value_by_manager", by_manager),
        ("owner.dept.parent", "sum(amount)", "state=won", "won_value_by_regional_office", dict),
        (
            "owner.dept,quarter(closed_on)",
            "sum(amount)",
            "state=won",
            "won_value_by_manager_quarter",
            lambda found: by_manager(nested(found)),
        ),
        (
            "owner.dept.parent,quarter(closed_on)",
            "sum(amount)",
            "state=won",
            "won_value_by_office_quarter",
            nested,
        ),
        ("account.industry", "sum(amount)", "state=won", "won_value_by_sector_raw", dict),
    ],
)
def test_sums_by_group(
    maven: Context, by: str, measure: str, where: str, truth: str, shape: Callable[[Any], Any]
) -> None:
    assert shape(totals(maven, measure, where, by)) == TRUTH[truth]


def near(percent: float) -> Any:
    """A rate as the truth file has it, in four places; one that ends in half a place may be rounded either way."""
    return pytest.approx(percent / 100, abs=0.000101)


def test_win_rates(maven: Context) -> None:
    assert totals(maven, "win_rate") == round(TRUTH["win_rate_overall"] * 100, 2)
    for by, truth, shape in (
        ("owner", "by_agent", dict),
        ("owner.dept", "by_manager", by_manager),
        ("owner.dept.parent", "by_office", dict),
    ):
        won = shape(totals(maven, "count,sum(amount)", "state=won", by))
        lost = shape(totals(maven, "count", "state=lost", by))
        rate = shape(totals(maven, "win_rate", "state=won or state=lost", by))
        found = {
            name: {
                "won": won[name][0],
                "lost": lost[name],
                "win_rate": near(rate[name]),
                "won_value": won[name][1],
            }
            for name in won
        }
        assert found == TRUTH[truth]


def test_each_product(maven: Context) -> None:
    for name, truth in TRUTH["by_product"].items():
        count, value = totals(maven, "count,sum(amount)", f'state=won and products="{name}"')
        lost = totals(maven, "count", f'state=lost and products="{name}"')
        rate = totals(maven, "win_rate", f'products="{name}"')
        assert (count, lost, value, rate) == (
            truth["won"],
            truth["lost"],
            truth["won_value"],
            round(truth["win_rate"] * 100, 2),
        )


def test_open_pipeline(maven: Context) -> None:
    truth = TRUTH["open_pipeline"]
    assert totals(maven, "count", "state=open") == truth["count"]
    assert totals(maven, "count", "state=open", "owner") == truth["count_by_agent"]
    prices = {row["name"]: plain(row["price"]) for row in records.find(maven, "product").rows}
    assert len(prices) == 7
    for by, name, shape in (
        ("owner.dept", "list_value_by_manager", by_manager),
        ("owner.dept.parent", "list_value_by_office", dict),
    ):
        value: dict[str, float] = {}
        for product, price in prices.items():
            for group, count in shape(
                totals(maven, "count", f'state=open and products="{product}"', by)
            ).items():
                value[group] = value.get(group, 0) + price * count
        assert value == truth[name]
        assert sum(value.values()) == truth["list_value"]


def test_customers(maven: Context) -> None:
    value = totals(maven, "sum(amount)", "state=won and account is not empty", "account")
    best = dict(sorted(value.items(), key=lambda item: -item[1])[:10])
    assert best == TRUTH["top10_accounts_won_value"]
    assert totals(maven, "count", by="industry", noun="account") == TRUTH["accounts_by_sector_raw"]
    assert totals(maven, "count", by="country", noun="account") == TRUTH["office_location_raw"]
    assert totals(maven, "count", "parent is not empty", "parent", "account") == TRUTH["subsidiaries"]


# Both forms of the pipeline file


def iso_copy(path: Path) -> Path:
    """The other form in which the file is found, written from this one; its checksum shows that it is just that."""

    def iso(text: str) -> str:
        month, day, year = text.split("/") if text else ("", "", "")
        return f"{year}-{int(month):02d}-{int(day):02d}" if text else ""

    with (FOLDER / "sales_pipeline.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    text = io.StringIO(newline="")
    out = csv.writer(text, lineterminator="\r\n")
    out.writerow(header)
    out.writerows([*row[:5], iso(row[5]), iso(row[6]), row[7] or "-1"] for row in rows)
    path.write_text(text.getvalue(), "utf-8", newline="")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == OTHER_VARIANT
    return path


def everything(ctx: Context) -> dict[str, list[dict[str, Any]]]:
    return {
        noun: list(records.find(ctx, noun, sort="id").rows)
        for noun in ("dept", "user", "product", "account", "opp")
    }


@pytest.mark.parametrize("maven", ["sqlite"], indirect=True)
def test_both_forms_of_the_file_make_the_same_store(maven: Context, tmp_path: Path) -> None:
    with fill(f"sqlite:///{tmp_path / 'crm.db'}", iso_copy(tmp_path / "iso.csv")) as other:
        assert everything(maven) == everything(other)


def test_the_other_form_changes_nothing(maven: Context, tmp_path: Path) -> None:
    again = read(maven, "opp", iso_copy(tmp_path / "iso.csv"), "sales_pipeline")
    assert (again.read, again.unchanged) == (8800, 8800)
