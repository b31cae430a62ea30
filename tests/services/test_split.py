"""Opportunities that several people own together, in quotas and forecasts (WX-57)."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmtui.money import Money
from crmtui.services import forecast, opportunity, quota, records, split
from crmtui.services.context import Context
from crmtui.services.forecast import Ask
from tests.people import NOW, settle_in


@pytest.fixture
def shared(ctx: Context) -> str:
    """A deal of 500,000 of li and wang, 60 to 40, expected in December 2026."""
    settle_in(ctx)
    records.add(ctx, "account", {"name": "Acme", "owner": "li"})
    given_ = {"name": "Deal", "account": "1", "owner": "li", "expected_close_on": "2026-12-24"}
    opp = f"O-{records.add(ctx, 'opp', {**given_, 'amount': '500000', 'probability': '50'}).id}"
    split.divide(ctx, opp, {"li": 60, "wang": 40})
    return opp


def _won(ctx: Context, user: str) -> Money:
    (row,) = [row for row in quota.attain(ctx, users=[user], period="2026Q4") if row["scope"] == "user"]
    won: Money = row["actual"]
    return won


def test_credit_when_it_is_won(ctx: Context, shared: str) -> None:
    """WX-57: 300,000 and 200,000; before, half of that each in the weighted forecast; together what it is."""
    quota.set(ctx, "user", "li", "2026Q4", "600000")
    row = forecast.table(ctx, Ask(users=("wang",), period="2026Q4"))[0]
    assert (row["budget"], row["weighted"]) == (Money(200_000_00, "USD"), Money(100_000_00, "USD"))
    opportunity.close(ctx, shared, won=True, summary="signed")
    assert _won(ctx, "li") == Money(300_000_00, "USD")
    assert _won(ctx, "wang") == Money(200_000_00, "USD")
    (li,) = [row for row in quota.attain(ctx, users=["li"], period="2026Q4") if row["scope"] == "user"]
    assert li["attainment"] == 50
    whole = forecast.table(ctx, Ask(period="2026Q4"))[0]
    assert whole["won"] == Money(500_000_00, "USD")


def test_what_stands_behind_a_share(ctx: Context, shared: str) -> None:
    (mine,) = forecast.drill(ctx, Ask(users=("wang",), period="2026Q4"), "weighted")
    assert (mine["ref"], mine["owner"].name, mine["counted"]) == (shared, "wang", Money(100_000_00, "USD"))
    every = forecast.drill(ctx, Ask(period="2026Q4"), "weighted")
    assert [(row["owner"].name, row["counted"].minor) for row in every] == [
        ("li", 150_000_00),
        ("wang", 100_000_00),
    ]


def test_a_share_of_yesterday(ctx: Context, shared: str, store_url: str) -> None:
    """Divided anew today, it still is what it was when one asks for the day before."""
    with Context.open(flags={"db": store_url}, now="2026-11-22T09:00:00+08:00") as later:
        split.divide(later, shared, {"wang": 100})
        now = forecast.table(later, Ask(users=("wang",), period="2026Q4"))[0]
        then = forecast.table(later, Ask(users=("wang",), period="2026Q4", as_of="2026-11-21"))[0]
        assert (now["budget"].minor, then["budget"].minor) == (500_000_00, 200_000_00)


_shares = st.integers(1, 98).flatmap(
    lambda one: st.integers(1, 99 - one).map(lambda two: (one, two, 100 - one - two))
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    deals=st.lists(
        st.tuples(st.integers(0, 10**9), st.integers(0, 100), st.booleans(), st.none() | _shares), max_size=5
    )
)
def test_parts_are_the_whole_to_the_cent(sqlite_url: str, deals: list[tuple[int, int, bool, object]]) -> None:
    """Whoever owns what: the forecasts of the people add up to that of the company, which no split changes."""
    with Context.open(flags={"db": sqlite_url}, now=NOW) as ctx:
        if not records.count_where(ctx, "dept", ""):
            settle_in(ctx)
            records.add(ctx, "account", {"name": "Acme"})
        ctx.dry_run = True
        with ctx.together("opp.edit"):
            before = None
            for turn in (False, True):
                for amount, percent, won, shares in deals if not turn else ():
                    given_ = {
                        "name": "Deal",
                        "account": "1",
                        "owner": "li",
                        "expected_close_on": "2026-12-24",
                    }
                    money = {"amount": f"{amount // 100}.{amount % 100:02}", "probability": str(percent)}
                    opp = records.add(ctx, "opp", {**given_, **money})
                    if won:
                        opportunity.close(ctx, f"O-{opp.id}", won=True, summary="signed")
                    opp.note = str(shares)
                if turn:
                    model = list(records.find(ctx, "opp", sort="id").rows)
                    for row, (_, _, won, shares) in zip(model, deals, strict=True):
                        if shares and not won:
                            people = dict(zip(("li", "wang", "zhao"), shares, strict=True))  # type: ignore[call-overload]
                            split.divide(ctx, row["ref"], people)
                rows = forecast.table(ctx, Ask(by="user", period="2026Q4"))
                top, people_ = rows[0], [row for row in rows if row["scope"] == "user"]
                for figure in ("won", "budget", "weighted", "forecast"):
                    assert sum(row[figure].minor for row in people_) == top[figure].minor
                    drilled = forecast.drill(ctx, Ask(period="2026Q4"), figure)
                    assert sum(row["counted"].minor for row in drilled) == top[figure].minor
                now = {figure: top[figure] for figure in ("won", "budget", "weighted", "forecast")}
                assert before in (None, now)
                before = now
