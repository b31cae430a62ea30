"""The funnel: how far opportunities came, where they wait, and why and to whom they are lost."""

from datetime import date
from typing import Any

import pytest

from crmtui.money import Money
from crmtui.services import funnel, opportunity, records
from crmtui.services.context import Context

LATER = "2026-12-31T09:00:00+08:00"


@pytest.fixture
def account(ctx: Context) -> str:
    return str(records.add(ctx, "account", {"name": "Halden Rail"}).id)


def deal(ctx: Context, account: str, to: str = "", amount: str = "100", opened: str = "2026-10-05") -> str:
    """An opportunity that was moved to the stage `to`."""
    made = records.add(
        ctx,
        "opp",
        {"account": account, "amount": amount, "opened_on": opened, "expected_close_on": "2027-03-01"},
    )
    if to:
        opportunity.advance(ctx, str(made.id), to)
    return str(made.id)


def lose(ctx: Context, ref: str, reason: str, competitor: str = "none") -> None:
    opportunity.close(ctx, ref, won=False, summary="over", reason=reason, competitor=competitor)


def matches(ctx: Context, figure: Any) -> bool:
    return bool(records.count_where(ctx, "opp", figure.where) == figure.value)


def test_everything_passed_the_stages_before_its_own(ctx: Context, account: str) -> None:
    deal(ctx, account)
    deal(ctx, account, "proposal", "200")
    lose(ctx, deal(ctx, account, "needs-analysis", "400"), "price")
    opportunity.close(ctx, deal(ctx, account, "identifying", "800"), won=True, summary="done")
    deal(ctx, account, opened="2026-09-30")
    found = funnel.table(ctx, "all", "2026Q4")
    assert [(row.stage, row.came.value, row.value.value.minor // 100) for row in found.rows] == [
        ("prospecting", 4, 1500),
        ("identifying", 3, 1400),
        ("needs-analysis", 3, 1400),
        ("proposal", 2, 1000),
        ("negotiation", 1, 800),
        ("contract", 1, 800),
        ("", 1, 800),
    ]
    assert [row.passed for row in found.rows] == [75, 100, 66.67, 50, 100, 100, None]
    assert [row.stayed.value for row in found.rows if row.stayed] == [1, 0, 1, 1, 0, 0]
    assert [row.here.value for row in found.rows if row.here] == [2, 0, 0, 1, 0, 0]
    for row in found.rows:
        for figure in (row.came, row.on, row.stayed, row.here):
            assert figure is None or matches(ctx, figure)
    assert found.of_entered is None  # of four, nothing is said
    assert found.win_rate.value == 50
    assert (found.won.value, found.lost.value) == (1, 1)
    earlier = funnel.table(ctx, "all", "2026Q4", against="2026Q3").before
    assert earlier is not None
    assert [row.came.value for row in earlier.rows] == [1, 0, 0, 0, 0, 0, 0]


def test_the_slowest_stage_and_who_is_stuck_in_it(ctx: Context, account: str) -> None:
    deal(ctx, account, "proposal")
    records.edit(ctx, "stage", _stage(ctx, "identifying"), {"max_days": "60"})
    deal(ctx, account, "identifying")
    with Context.open(flags={"db": str(ctx.config.store_url)}, now=LATER) as later:
        fresh = deal(later, account, "proposal")
        found = funnel.table(later, "all")
        opportunity.close(later, fresh, won=True, summary="done")
        after = funnel.table(later, "all")
    rows = {row.stage: row for row in found.rows}
    assert (rows["proposal"].days, rows["proposal"].usual) == (20.5, 30)
    assert (rows["identifying"].days, rows["identifying"].usual) == (41, 60)
    assert rows["proposal"].slowest  # 41 days are well within 60, 20.5 are closer to 30
    assert [row.slowest for row in found.rows].count(True) == 1
    assert rows["proposal"].stuck is not None
    assert rows["proposal"].stuck.value == 1
    assert {row.stage: row.days for row in after.rows}["proposal"] == 41


def _stage(ctx: Context, code: str) -> str:
    found = records.find(ctx, "stage", where=f"process=default and code={code}", fields=["ref"])
    return str(next(found.rows)["ref"])


def test_reasons_and_rivals(ctx: Context, account: str) -> None:
    for reason, rival in (("price", "Rival A"), ("price", "none"), ('Too, late "or" so', "Rival B")):
        lose(ctx, deal(ctx, account), reason, rival)
    won = deal(ctx, account)
    records.edit(ctx, "opp", won, {"competitor": "Rival A"})
    opportunity.close(ctx, won, won=True, summary="done", on=date(2026, 11, 1))
    found = funnel.table(ctx, "all", "2026Q4")
    assert [figure.value for figure in found.reasons] == [2, 1]
    assert found.reasons[1].name == 'Too, late "or" so'
    assert [(one.name, one.won.value, one.lost.value) for one in found.against] == [
        ("Rival A", 1, 1),
        ("Rival B", 0, 1),
    ]
    for figure in (*found.reasons, *(one for rival in found.against for one in (rival.won, rival.lost))):
        assert matches(ctx, figure)


def test_an_empty_store_has_an_empty_funnel(ctx: Context) -> None:
    found = funnel.table(ctx, "all")
    assert [row.came.value for row in found.rows] == [0] * 7
    assert {row.passed for row in found.rows} == {None}
    assert found.rows[0].value.value == Money(0, "USD")
    assert found.win_rate.value is None
    assert not any(row.slowest for row in found.rows)
