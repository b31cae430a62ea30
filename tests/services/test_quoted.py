"""Quotes in the forecast: a deal counts once, by its newest live quote; and every figure is the sum of what it opens."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from crmtui.services import forecast, opportunity, quote, quote_flow, quote_send, quote_versions, records
from crmtui.services.context import Context
from crmtui.services.forecast import Ask
from crmtui.store.record import table
from tests.conftest import NOW
from tests.people import acting
from tests.services.test_forecast import Q4, deal, people, plain


@pytest.fixture
def sales(ctx: Context) -> Context:
    """Sales over East over East-1; a person in each."""
    people(
        ctx,
        ("zhao", "Sales", "director"),
        ("wang", "East<Sales", "manager"),
        ("li", "East-1<East", "rep"),
    )
    return ctx


def offer(ctx: Context, amount: str, *, approved: bool = True, **given: object) -> Any:
    """A quote for `amount`; with an approval flow nobody made, submitting approves it."""
    if "opp" not in given:
        found = records.find(ctx, "account", limit=1, fields=["ref"])
        ref = (
            next((row["ref"] for row in found.rows), None) or records.add(ctx, "account", {"name": "Acme"}).id
        )
        given = {"account": str(ref), **given}
    made = records.add(ctx, "quote", {"amount": amount, **given})
    return quote_flow.submit(ctx, str(made.id)) if approved else made


def weighed(ctx: Context, method: str = "weighted") -> tuple[int, int, int]:
    """How many components, their full value, and the forecast, in major units."""
    row = forecast.table(ctx, Ask(period=Q4, method=method, depth=0))[0]
    return row["components"], row["budget"].minor // 100, row["forecast"].minor // 100


def test_departments_with_an_opportunity_and_a_quote(sales: Context) -> None:
    """WX-06: Li in East-1 has an opportunity of 300,000, Wang in East a quote of 100,000 without one, Zhao in Sales
    an opportunity of 50,000. East is 300,000 + 100,000, and Sales 50,000 more."""
    deal(sales, "li", "300000")
    offer(sales, "100000", owner="wang", expected_close_on="2026-12-10", probability="40")
    deal(sales, "zhao", "50000")
    ask = Ask(dept="Sales", period=Q4, method="budget")
    assert plain(forecast.table(sales, ask), "budget") == {
        "Sales": 450_000,
        "Sales / East": 400_000,
        "Sales / East / East-1": 300_000,
    }
    found = forecast.drill(sales, Ask(dept="East", period=Q4, method="budget"))
    assert [(row["kind"], row["ref"][0], row["owner"].name, row["counted"].text()) for row in found] == [
        ("opp", "O", "li", "300000.00"),
        ("quote", "Q", "wang", "100000.00"),
    ]


def test_a_deal_counts_once_by_its_quote(sales: Context) -> None:
    """WX-07: an opportunity of 300,000 with an approved quote of 280,000 counts 280,000, before that 300,000."""
    opp = deal(sales, "li", "300000", 50)
    made = offer(sales, "280000", opp=str(opp.id), approved=False)
    assert weighed(sales, "budget") == (1, 300_000, 300_000)
    with sales.transaction("quote.edit") as tx:  # waiting for its approval
        tx.session.get(table("quote"), made.id).state = "submitted"
    assert weighed(sales, "budget") == (1, 300_000, 300_000)
    with sales.transaction("quote.edit") as tx:
        tx.session.get(table("quote"), made.id).state = "approved"
    assert weighed(sales, "budget") == (1, 280_000, 280_000)
    assert weighed(sales) == (1, 280_000, 140_000)
    (row,) = forecast.drill(sales, Ask(period=Q4))
    assert (row["kind"], row["opp"].ref, row["stage"]) == ("quote", "O-1", "prospecting")


def test_only_the_newest_live_quote_counts(sales: Context) -> None:
    opp = deal(sales, "li", "300000", 50)
    first = offer(sales, "280000", opp=str(opp.id))
    second = offer(sales, "270000", opp=str(opp.id), probability="60")
    assert weighed(sales) == (1, 270_000, 162_000)
    quote_flow.cancel(sales, str(second.id), "asked twice")
    assert weighed(sales) == (1, 280_000, 140_000)
    quote_send.send(sales, str(first.id), by="hand")
    again = quote_versions.revise(sales, str(first.id))
    assert weighed(sales) == (1, 300_000, 150_000)  # its new version is only a draft
    quote_flow.submit(sales, str(again.id))
    assert weighed(sales) == (1, 280_000, 140_000)


def test_what_is_out_of_date_counts_no_more(sales: Context) -> None:
    opp = deal(sales, "li", "300000", 50)
    offer(sales, "280000", opp=str(opp.id), valid_until="2026-11-20")
    assert weighed(sales)[1] == 280_000
    with Context.open(flags={"db": str(sales.config["db"])}, now="2026-11-21T09:00:00+08:00") as tomorrow:
        assert weighed(tomorrow)[1] == 300_000
        assert [one.state for one in quote_flow.expire(tomorrow)] == ["expired"]


def test_the_deal_is_what_was_won(sales: Context) -> None:
    opp = deal(sales, "li", "300000", 50)
    made = offer(sales, "280000", opp=str(opp.id))
    quote_send.send(sales, str(made.id), by="hand")
    quote_flow.accept(sales, str(made.id))
    opportunity.close(sales, str(opp.id), won=True, summary="signed", on=date(2026, 11, 20))
    assert weighed(sales) == (1, 0, 280_000)  # by its accepted quote, though it says 300,000 itself
    quote_flow.deal(sales, str(made.id))
    assert weighed(sales) == (1, 0, 280_000)
    alone = offer(sales, "5000", owner="li")
    quote_send.send(sales, str(alone.id), by="fax")
    quote_flow.accept(sales, str(alone.id))
    quote_flow.deal(sales, str(alone.id))
    assert weighed(sales) == (2, 0, 285_000)


def test_a_suspended_opportunity_does_not_count_by_its_quote(sales: Context) -> None:
    opp = deal(sales, "li", "300000", 50)
    offer(sales, "280000", opp=str(opp.id))
    with sales.transaction("opp.edit") as tx:
        tx.session.get(table("opp"), opp.id).state = "suspended"
    assert weighed(sales) == (0, 0, 0)
    (row,) = forecast.drill(sales, Ask(period=Q4), left_out=True)
    assert (row["kind"], row["why"]) == ("quote", "suspended")


def test_the_forecast_of_an_earlier_moment_knows_its_quotes(sales: Context) -> None:
    opp = deal(sales, "li", "300000", 50)
    with Context.open(flags={"db": str(sales.config["db"])}, now="2026-11-22T09:00:00+08:00") as later:
        offer(later, "280000", opp=str(opp.id))
        assert weighed(later)[1] == 280_000
        then = forecast.table(later, Ask(period=Q4, as_of="2026-11-21T09:00:00+08:00", depth=0))[0]
        assert then["budget"].minor == 300_000_00
        now = forecast.table(later, Ask(period=Q4, as_of="2026-11-22T09:00:00+08:00", depth=0))[0]
        assert now["budget"].minor == 280_000_00


def test_everybody_counts_by_the_quotes_that_they_see(store_url: str) -> None:
    with acting(store_url, "li", "chen", "zhao") as (li, chen, zhao):
        account = records.add(li, "account", {"name": "Acme"})
        opp = records.add(
            li,
            "opp",
            {"name": "D", "account": str(account.id), "amount": "300000", "expected_close_on": "2026-12-01"},
        )
        made = quote.make(li, {"opp": str(opp.id)}, note="")
        quote_flow.submit(li, str(made.id))
        for one, count in ((li, 1), (chen, 1), (zhao, 0)):
            assert weighed(one)[0] == count
        assert [row["kind"] for row in forecast.drill(chen, Ask(period=Q4))] == ["quote"]


# -- any opportunities with any quotes --------------------------------------------------------------------------


@dataclass(frozen=True)
class Offer:
    amount: int
    state: str
    probability: int | None
    days: int | None
    valid: int | None


@dataclass(frozen=True)
class Deal:
    amount: int
    state: str
    probability: int
    category: str
    days: int
    offers: tuple[Offer, ...]


_OFFERS = st.builds(
    Offer,
    amount=st.integers(0, 10**7),
    state=st.sampled_from(
        ["draft", "submitted", "approved", "sent", "accepted", "deal", "superseded", "declined"]
    ),
    probability=st.none() | st.integers(0, 100),
    days=st.none() | st.integers(-60, 60),
    valid=st.none() | st.integers(-3, 3),
)
_DEALS = st.lists(
    st.builds(
        Deal,
        amount=st.integers(0, 10**7),
        state=st.sampled_from(["open", "open", "won", "lost", "suspended"]),
        probability=st.integers(0, 100),
        category=st.sampled_from(["pipeline", "best", "commit", "omitted"]),
        days=st.integers(-60, 60),
        offers=st.lists(_OFFERS, max_size=3).map(tuple),
    ),
    max_size=6,
)
TODAY = date(2026, 11, 20)
IN_Q4 = (date(2026, 10, 1), date(2026, 12, 31))


def expected(deals: list[Deal]) -> tuple[int, int, int]:
    """Budget, weighted and won of the quarter, worked out deal by deal."""
    budget = weighted = won = 0
    for one in deals:
        amount, probability, day = one.amount, one.probability, TODAY + timedelta(one.days)
        for offer in one.offers:  # the newest that counts comes last
            in_date = offer.valid is None or offer.valid >= 0
            open_one = offer.state == "accepted" or (offer.state in ("approved", "sent") and in_date)
            if offer.state in ("accepted", "deal") if one.state == "won" else open_one:
                amount = offer.amount
                probability = one.probability if offer.probability is None else offer.probability
                day = TODAY + timedelta(one.days if offer.days is None else offer.days)
        if one.state == "won":
            closed = TODAY + timedelta(min(one.days, 0))
            won += amount if IN_Q4[0] <= closed else 0
        elif one.state == "open" and one.category != "omitted" and IN_Q4[0] <= day <= IN_Q4[1]:
            budget, weighted = budget + amount, weighted + (amount * probability + 50) // 100
    return budget, weighted, won


def put(ctx: Context, deals: list[Deal]) -> None:
    opp, offered = table("opp"), table("quote")
    with ctx.transaction("opp.import", force=True) as tx:
        tx.session.execute(delete(offered))
        tx.session.execute(delete(opp))
        for one in deals:
            day = TODAY + timedelta(one.days)
            made = tx.add(
                opp(
                    name="D",
                    state=one.state,
                    amount=one.amount,
                    currency="USD",
                    probability=one.probability,
                    category="closed" if one.state == "won" else one.category,
                    expected_close_on=day,
                    closed_on=min(day, TODAY) if one.state == "won" else None,
                    owner_id=ctx.actor.id,
                )
            )
            for offer in one.offers:
                tx.add(
                    offered(
                        name="Q",
                        opp_id=made.id,
                        state=offer.state,
                        amount=offer.amount,
                        currency="USD",
                        probability=offer.probability,
                        expected_close_on=None if offer.days is None else TODAY + timedelta(offer.days),
                        valid_until=None if offer.valid is None else TODAY + timedelta(offer.valid),
                        owner_id=ctx.actor.id,
                    )
                )


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_DEALS)
def test_every_deal_counts_once(sqlite_url: str, deals: list[Deal]) -> None:
    with Context.open(flags={"db": sqlite_url}, now=NOW) as ctx:
        put(ctx, deals)
        budget, weighted, won = expected(deals)
        for by in ("", "user", "month"):
            row = forecast.table(ctx, Ask(period=Q4, by=by))[0]
            assert (row["budget"].minor, row["weighted"].minor, row["won"].minor) == (budget, weighted, won)
        for figure, whole in (
            ("budget", budget),
            ("weighted", weighted),
            ("won", won),
            ("forecast", weighted + won),
        ):
            found = forecast.drill(ctx, Ask(period=Q4), figure)
            assert sum(one["counted"].minor for one in found) == whole
            assert forecast.whole(ctx, Ask(period=Q4), figure).counted.minor == whole
