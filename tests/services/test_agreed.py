"""Contracts and orders in the forecast: what is won is won once, by its contract (A-43)."""

from datetime import date
from typing import Any

import pytest

from crmtui.services import (
    contract,
    contract_versions,
    forecast,
    opportunity,
    order,
    quote_flow,
    quote_send,
    records,
)
from crmtui.services.context import Context
from crmtui.services.forecast import Ask
from tests.people import acting
from tests.services.test_forecast import Q4, deal, people
from tests.services.test_quoted import offer


@pytest.fixture
def sales(ctx: Context) -> Context:
    people(ctx, ("zhao", "Sales", "director"), ("li", "East<Sales", "rep"))
    records.add(ctx, "account", {"name": "Acme"})
    return ctx


def won(ctx: Context, **ask: Any) -> tuple[int, int]:
    """How many are won, and for how much in major units."""
    row = forecast.table(ctx, Ask(period=Q4, depth=0, **ask))[0]
    drilled = forecast.drill(ctx, Ask(period=Q4, **ask), "won")
    assert sum(one["counted"].minor for one in drilled) == row["won"].minor
    return len(drilled), row["won"].minor // 100


def sign(ctx: Context, amount: str, **given: object) -> Any:
    made = records.add(ctx, "contract", {"name": "Frame", "amount": amount, **given})
    return contract.sign(ctx, str(made.id))


def test_a_contract_says_what_a_won_deal_is_worth(sales: Context) -> None:
    # Expected 300,000, quoted and agreed 280,000, changed to 290,000: counted once, by the last that holds.
    opp = deal(sales, "li", "300000", 50)
    made = offer(sales, "280000", opp=str(opp.id))
    quote_send.send(sales, str(made.id), by="hand")
    quote_flow.accept(sales, str(made.id))
    held = contract.from_quote(sales, str(made.id))
    contract.sign(sales, str(held.id))
    assert won(sales) == (0, 0)  # signed, but the opportunity is not won yet
    opportunity.close(sales, str(opp.id), won=True, summary="signed", on=date(2026, 11, 20))
    assert won(sales) == (1, 280_000)
    records.add(sales, "order", {"contract": str(held.id)})
    assert won(sales) == (1, 280_000)
    contract_versions.change(sales, str(held.id), contract_versions.Change(amount="290000"))
    assert won(sales) == (1, 290_000)


def test_what_has_no_opportunity_is_won_on_its_day(sales: Context) -> None:
    sign(sales, "1000", account="Acme", owner="li")
    assert won(sales) == (1, 1_000)
    contract_versions.change(sales, "1", contract_versions.Change(amount="1200"))
    assert won(sales) == (1, 1_200)
    records.add(sales, "contract", {"name": "Draft", "account": "Acme", "amount": "5000"})
    records.add(sales, "order", {"account": "Acme", "amount": "300", "owner": "li"})
    records.add(sales, "order", {"contract": "1", "amount": "200"})
    records.add(sales, "order", {"account": "Acme", "amount": "70", "ordered_on": "2026-08-01"})
    assert won(sales) == (2, 1_500)
    assert won(sales, users=("li",)) == (2, 1_500)
    [row] = [row for row in forecast.drill(sales, Ask(period=Q4), "won") if row["kind"] == "order"]
    assert (row["ref"], row["opp"], row["counted"].text()) == ("S-1", None, "300.00")
    order.cancel(sales, "1", "twice")
    assert won(sales) == (1, 1_200)


def test_a_quote_that_became_a_contract_counts_as_that(sales: Context) -> None:
    made = offer(sales, "5000", owner="li")
    quote_send.send(sales, str(made.id), by="fax")
    quote_flow.accept(sales, str(made.id))
    quote_flow.deal(sales, str(made.id))
    assert won(sales) == (1, 5_000)
    held = contract.from_quote(sales, str(made.id))
    assert won(sales) == (1, 5_000)
    contract.sign(sales, str(held.id))
    assert won(sales) == (1, 5_000)
    assert [row["kind"] for row in forecast.drill(sales, Ask(period=Q4), "won")] == ["contract"]


def test_everybody_counts_what_they_see(store_url: str) -> None:
    with acting(store_url, "zhou", "li", "wang") as (zhou, li, wang):
        for seller, amount in ((li, "100"), (wang, "40")):
            records.add(seller, "account", {"name": f"Of {seller.actor.acting_as}"})
            sign(seller, amount, account=f"Of {seller.actor.acting_as}")
        assert (won(zhou), won(li), won(wang)) == ((2, 140), (1, 100), (1, 40))


def test_the_figures_of_another_day(sales: Context) -> None:
    sign(sales, "1000", account="Acme")
    with Context.open(flags={"db": str(sales.config["db"])}, now="2026-11-22T09:00:00+08:00") as later:
        contract_versions.change(later, "1", contract_versions.Change(amount="1500"))
        assert won(later) == (1, 1_500)
        assert won(later, as_of="2026-11-21T09:00:00+08:00") == (1, 1_000)
        assert won(later, as_of="2026-11-19T09:00:00+08:00") == (0, 0)
