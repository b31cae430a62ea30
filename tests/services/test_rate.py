"""Exchange rates: dated, never the company's own, and in SQL the same to the unit as in the calculation."""

from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Text, literal, select

from crmtui.errors import Invalid, Refused
from crmtui.money import convert, digits_of
from crmtui.services import records
from crmtui.services.context import Context
from crmtui.store import exchange
from crmtui.store.record import table
from crmtui.store.types import Day, Whole


def rate(ctx: Context, currency: str, day: str, worth: str) -> Any:
    return records.add(ctx, "rate", {"currency": currency, "valid_on": day, "rate": worth})


def test_a_rate_belongs_to_the_default_set_and_a_foreign_currency(ctx: Context) -> None:
    assert rate(ctx, "eur", "2026-01-01", "1.1").rate_set == "default"
    with pytest.raises(Refused) as refusal:
        rate(ctx, "USD", "2026-01-01", "1")
    assert refusal.value.code == "rate.own_currency"
    with pytest.raises(Invalid) as invalid:
        rate(ctx, "EUX", "2026-01-01", "1")
    assert invalid.value.code == "currency.unknown"
    with pytest.raises(Refused):
        rate(ctx, "EUR", "2026-01-01", "1.2")


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    minor=st.integers(0, 10**13),
    currency=st.sampled_from(["EUR", "JPY", "BHD", "CLF", "CNY"]),
    worth=st.integers(1, 10**11),
    company=st.sampled_from(["USD", "JPY", "BHD"]),
)
def test_sql_converts_as_the_calculation_does(
    open_store: Context, minor: int, currency: str, worth: int, company: str
) -> None:
    if currency == company:
        return
    with open_store.reading() as tx:
        columns = {"rate": worth, "rate_set": exchange.RATE_SET, "currency": currency}
        given = [literal(value).label(name) for name, value in columns.items()]
        rates = select(
            *given,
            literal(date(2026, 1, 1), Day()).label("valid_on"),
            literal(None, Text()).label("archived_at"),
        ).subquery()
        value = exchange.in_currency(
            literal(minor, Whole),
            literal(currency, Text()),
            literal(date(2026, 2, 1), Day()),
            company,
            rates,
            open_store.store.sqlite,
        )
        found = tx.session.connection().execute(select(value)).scalar_one()
    assert found == convert(minor, digits_of(currency), digits_of(company), worth)


@pytest.fixture
def open_store(ctx: Context) -> Context:
    return ctx


def test_the_rate_in_force_is_the_last_one_before(ctx: Context) -> None:
    for day, worth in (("2026-01-01", "1"), ("2026-03-01", "3"), ("2026-02-01", "2")):
        rate(ctx, "EUR", day, worth)
    rates = table("rate").__table__
    with ctx.reading() as tx:
        found = [
            tx.session.connection()
            .execute(
                select(
                    exchange.rate_on(rates, literal("EUR", Text()), literal(date.fromisoformat(day), Day()))
                )
            )
            .scalar_one()
            for day in ("2025-12-31", "2026-01-01", "2026-01-31", "2026-02-01", "2026-12-31")
        ]
    assert [one and one // 10**8 for one in found] == [None, 1, 1, 2, 3]
