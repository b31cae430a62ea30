"""Quotas: one for each owner and period, rolled up at once, shown beside what came."""

from datetime import date
from typing import Any

import pytest

from crmtui.errors import Forbidden, Invalid, Refused
from crmtui.services import forecast, quota, records
from crmtui.services.context import Context
from crmtui.services.forecast import Ask
from tests.conftest import NOW
from tests.people import settle_in
from tests.services.test_forecast import deal, win

Q4 = "2026Q4"


@pytest.fixture
def company(ctx: Context) -> Context:
    settle_in(ctx)
    return ctx


def quotas(ctx: Context, name: str = "quota", **ask: Any) -> dict[str, int | None]:
    rows = quota.tree(ctx, period=Q4, **ask)
    return {row["path"].split(" / ")[-1]: row[name] and row[name].minor // 100 for row in rows}


def test_a_change_rolls_up_at_once(company: Context) -> None:
    """WX-56."""
    quota.set(company, "user", "li", Q4, "500")
    quota.set(company, "user", "wang", Q4, "300")
    before = quotas(company)
    assert [before[name] for name in ("East-1", "East", "Sales", "Test")] == [800] * 4
    quota.set(company, "user", "li", Q4, "600")
    after = quotas(company)
    assert [after[name] for name in ("li", "East-1", "East", "Sales", "Test")] == [600, 900, 900, 900, 900]
    assert [
        row["quota"].minor
        for row in forecast.table(company, Ask(dept="Sales", period=Q4, depth=1))
        if row["quota"]
    ] == [90_000, 90_000]


def test_attainment_side_by_side(company: Context) -> None:
    """WX-80."""
    quota.set(company, "user", "li", Q4, "800000")
    win(company, deal(company, "li", "600000"))
    (row,) = quota.attain(company, users=["li"], period=Q4)
    assert [row["quota"].text(), row["actual"].text(), row["attainment"], row["to_go"].text()] == [
        "800000.00",
        "600000.00",
        75,
        "200000.00",
    ]


def test_compared_with_last_year(company: Context) -> None:
    win(company, deal(company, "li", "300"), on=date(2025, 12, 31))
    win(company, deal(company, "li", "400"))
    rows = quota.attain(company, dept="East-1", period=Q4, vs="last-year")
    found = {
        row["path"].split(" / ")[-1]: (row["actual"].minor, row["actual_before"].minor, row["growth"])
        for row in rows
    }
    assert found == {"East-1": (40_000, 30_000, 33.33), "li": (40_000, 30_000, 33.33), "wang": (0, 0, None)}


def test_what_was_set_for_a_department_counts_and_the_rest_is_told(company: Context) -> None:
    quota.set(company, "user", "li", Q4, "500")
    quota.set(company, "dept", "East", Q4, "900")
    assert [quotas(company)[name] for name in ("East-1", "East", "Sales")] == [500, 900, 900]
    assert [quotas(company, "unallocated")[name] for name in ("East-1", "East", "Sales")] == [None, 400, None]
    rows = forecast.table(company, Ask(dept="East", period=Q4, by="user"))
    assert [
        (row["path"], row["quota"].minor // 100) for row in rows if row["quota"] and row["depth"] == 1
    ] == [
        ("Sales / East / East-1", 500),
        ("Sales / East / (none)", 400),
    ]


def test_periods_add_up_and_are_not_counted_twice(company: Context) -> None:
    for period, amount in (("2026-10", "10"), ("2026-11", "20"), ("2026Q3", "100"), ("2026H1", "1000")):
        quota.set(company, "user", "li", period, amount)

    def of(period: str) -> int | None:
        found = quota.attain(company, users=["li"], period=period)[0]["quota"]
        return found and found.minor // 100

    assert [of(period) for period in (Q4, "2026-10", "2026-12", "2026H2", "2026")] == [
        30,
        10,
        None,
        130,
        1130,
    ]
    quota.set(company, "user", "li", Q4, "50")
    assert [of(period) for period in (Q4, "2026-10", "2026H2")] == [50, 10, 150]
    quota.set(company, "user", "li", "2026", "5000")
    assert [of(period) for period in ("2026", "2026H2")] == [5000, 150]
    rows = forecast.table(company, Ask(users=("li",), by="month", period=Q4))
    assert [row["quota"] and row["quota"].minor // 100 for row in rows] == [50, 10, 20, None, 20]


def test_one_quota_for_each_owner_and_period(company: Context) -> None:
    made = quota.set(company, "user", "li", "2026-Q4", "500")
    assert (made.of, made.period, made.starts_on, made.ends_on) == (
        "U-4",
        Q4,
        date(2026, 10, 1),
        date(2026, 12, 31),
    )
    assert quota.set(company, "user", "li", "this quarter", "700").id == made.id
    with pytest.raises(Refused) as refusal:
        records.add(company, "quota", {"scope": "user", "of": "li", "period": Q4, "amount": "1"})
    assert (refusal.value.code, refusal.value.params["ref"]) == ("quota.exists", f"QU-{made.id}")
    records.archive(company, "quota", str(made.id))
    assert quotas(company)["li"] is None
    assert quota.set(company, "user", "li", Q4, "800").archived_at is None
    for given, code in (
        ({"period": "2026-10..2026-11"}, "quota.period"),
        ({"period": "2026-11-20"}, "quota.period"),
        ({"period": "soon"}, "period.invalid"),
        ({"amount": "-1"}, "amount.negative"),
        ({"scope": "planet"}, "state.invalid"),
    ):
        with pytest.raises(Invalid) as invalid:
            quota.set(company, **{"scope": "user", "of": "li", "period": "2027Q1", "amount": "5", **given})
        assert invalid.value.code == code


def test_other_owners_of_quotas(company: Context) -> None:
    records.add(company, "territory", {"name": "North"})
    records.add(company, "territory", {"name": "Far North", "parent": "North"})
    records.add(company, "product", {"name": "GTX"})
    for scope, of, amount in (
        ("territory", "Far North", "40"),
        ("industry", "energy", "50"),
        ("product", "GTX", "60"),
    ):
        quota.set(company, scope, of, Q4, amount)

    def found(**ask: Any) -> list[tuple[str, int]]:
        rows = forecast.table(company, Ask(period=Q4, **ask))
        return [(row["path"], row["quota"].minor // 100) for row in rows if row["quota"] is not None]

    assert found(by="territory") == [("Test", 40), ("North", 40), ("North / Far North", 40)]
    assert found(territory="Far North") == [("North / Far North", 40)]
    assert found(by="industry") == [("Test", 50), ("energy", 50)]
    assert found(industry="energy") == [("energy", 50)]
    assert found(by="product") == [("Test", 60), ("GTX", 60)]
    assert found(product="GTX", by="month") == [("GTX", 60), ("GTX / (none)", 60)]
    assert found() == []


def test_quotas_in_other_currencies_count_at_the_rate_of_their_first_day(company: Context) -> None:
    quota.set(company, "user", "li", Q4, "100", currency="EUR")
    with pytest.raises(Refused) as refusal:
        quotas(company)
    assert str(refusal.value.params["day"]) == "2026-10-01"
    records.add(company, "rate", {"currency": "EUR", "valid_on": "2026-09-01", "rate": "1.5"})
    records.add(company, "rate", {"currency": "EUR", "valid_on": "2026-10-02", "rate": "9"})
    assert quotas(company)["li"] == 150
    assert quota.set(company, "user", "li", Q4, "200").currency == "EUR"


def test_a_manager_sets_quotas_of_the_own_department_alone(company: Context, store_url: str) -> None:
    quota.set(company, "user", "zhao", Q4, "70")
    with Context.open(flags={"db": store_url}, now=NOW, login="chen") as chen:
        quota.set(chen, "user", "li", Q4, "500")
        quota.set(chen, "dept", "East-1", Q4, "900")
        for scope, of in (("user", "zhao"), ("dept", "Sales"), ("industry", "energy")):
            with pytest.raises(Forbidden):
                quota.set(chen, scope, of, "2027Q1", "1")
        with pytest.raises(Forbidden):
            quota.set(chen, "user", "zhao", Q4, "1")
        assert quotas(chen)["Test"] == 900
    with Context.open(flags={"db": store_url}, now=NOW, login="li") as li:
        assert quotas(li)["Test"] == 500
        with pytest.raises(Forbidden):
            quota.set(li, "user", "li", Q4, "1")
