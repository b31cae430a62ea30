"""Three years of reseller orders and quotas: attainment per salesperson and quarter, as pandas computed it."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crmtui.money import Money
from crmtui.services import forecast, quota, records, setup, transfer
from crmtui.services.context import Company, Context
from crmtui.services.forecast import Ask
from tests import postgres

FOLDER = Path(__file__).parent / "fixtures" / "adventureworks"
TRUTH: dict[str, Any] = json.loads((FOLDER / "truth.json").read_text("utf-8"))
ALIGNED = TRUTH["fact_sales_quota_aligned_by_order_of_quarter"]
NOW = "2020-06-01T09:00:00+00:00"
FILES = (
    ("territory", "territories", 14),
    ("user", "people", 18),
    ("quota", "quotas", 163),
    ("opp", "orders", 3616),
)
WHOLE = "2017-07..2020-06"


def fill(url: str) -> Context:
    """A new store with everything in it."""
    ctx = setup.init({"db": url}, Company(name="Adventure Works", currency="USD", timezone="UTC"), now=NOW)
    for noun, name, rows in FILES:
        summary = transfer.run(ctx, noun, str(FOLDER / f"{name}.csv"), mapping=str(FOLDER / f"{name}.toml"))
        assert (summary.read, summary.created, summary.rejected) == (rows, rows, 0), summary.problems
    return ctx


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def works(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    """The company in a store of each kind, open."""
    if request.param == "sqlite":
        with fill(f"sqlite:///{tmp_path_factory.mktemp('works') / 'crm.db'}") as ctx:
            yield ctx
        return
    server: postgres.Server = request.getfixturevalue("pg_server")
    name = f"works_{uuid.uuid4().hex}"
    server.create_database(name)
    with fill(server.url(name)) as ctx:
        yield ctx
    server.drop_database(name)


def plain(value: Any) -> Any:
    if isinstance(value, Money):
        return value.minor / 100
    return value.name if isinstance(value, records.Ref) else value


def sums(ctx: Context, by: str) -> dict[str, float]:
    _, rows = records.totals(ctx, "opp", by=by, measure="sum(amount)", where_text="state=won")
    return {plain(row[by]): plain(row["sum(amount)"]) for row in rows}


def test_what_was_sold(works: Context) -> None:
    _, rows = records.totals(works, "opp", by="", measure="count,sum(amount),min(closed_on),max(closed_on)")
    (row,) = rows
    assert row["count"] == 3616
    assert plain(row["sum(amount)"]) == TRUTH["sales_amount_total"]
    assert [str(row["min(closed_on)"]), str(row["max(closed_on)"])] == TRUTH["order_date_range"]
    assert sums(works, "month(closed_on)") == TRUTH["actual_by_month_total"]
    assert sums(works, "quarter(closed_on)") == TRUTH["actual_by_quarter_total"]
    assert sums(works, "owner") == TRUTH["actual_by_rep"]
    assert sums(works, "territory") == TRUTH["actual_by_territory"]


def test_territories_add_up(works: Context) -> None:
    found = {
        row["path"].rpartition(" / ")[2]: row
        for row in forecast.table(works, Ask(by="territory", period=WHOLE))
    }
    truth = TRUTH["actual_by_territory"]
    regions = ("Northwest", "Northeast", "Central", "Southwest", "Southeast")
    home = round(sum(truth[name] for name in regions), 2)
    assert {name: plain(found[name]["won"]) for name in truth} == truth
    assert plain(found["United States"]["won"]) == home
    assert plain(found["North America"]["won"]) == round(home + truth["Canada"], 2)


def attainment(percent: float | None) -> Any:
    """A rate as the truth file has it, in four places; one that ends in half a place may be rounded either way."""
    return None if percent is None else pytest.approx(percent / 100, abs=0.000101)


def attained(ctx: Context, period: str) -> dict[str, dict[str, Any]]:
    """Person → quota, actual and attainment of those who have either."""
    rows = [row for row in quota.attain(ctx, period=period) if row["scope"] == "user"]
    return {plain(row["of"]): row for row in rows if row["quota"] is not None or plain(row["actual"])}


def test_attainment_per_person(works: Context) -> None:
    found = {
        name: {
            "quota_12_quarters": plain(row["quota"]),
            "actual_12_quarters": plain(row["actual"]),
            "attainment": attainment(row["attainment"]),
        }
        for name, row in attained(works, WHOLE).items()
    }
    assert found == ALIGNED["by_rep"]
    assert found["Linda Mitchell"]["actual_12_quarters"] == 10158634.52


@pytest.mark.parametrize("period", sorted(TRUTH["actual_by_quarter_total"]))
def test_attainment_per_person_and_quarter(works: Context, period: str) -> None:
    found = {
        name: {
            "quota": plain(row["quota"]),
            "actual": plain(row["actual"]),
            "attainment": attainment(row["attainment"]),
        }
        for name, row in attained(works, period).items()
    }
    assert found == {
        name: quarters[period] for name, quarters in ALIGNED["by_rep_quarter"].items() if period in quarters
    }


def test_attainment_of_the_company(works: Context) -> None:
    for period, truth in (*ALIGNED["total"]["by_quarter"].items(), (WHOLE, ALIGNED["total"])):
        top, *_ = quota.attain(works, period=period)
        assert (top["scope"], plain(top["quota"]), plain(top["actual"])) == (
            "company",
            truth["quota"],
            truth["actual"],
        )
    assert attainment(top["attainment"]) == ALIGNED["total"]["attainment"]
