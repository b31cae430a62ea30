"""Amounts in the company's currency, one by one at the rate of their day, as SQL of both stores."""

from datetime import date
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Numeric,
    Text,
    case,
    cast,
    func,
    literal,
    select,
    type_coerce,
)

from crmtui.money import convert, currencies_unlike, digits_of
from crmtui.store.record import table
from crmtui.store.types import Day, Whole

RATE_SET = "default"
"""The named set whose rates count when nothing else is said."""


def register(connection: Any) -> None:
    """Give a new SQLite connection (of the driver) the function that converts an amount."""
    connection.create_function("crm_convert", 4, _converted_or_none, deterministic=True)


def _converted_or_none(minor: int | None, currency: str, to_digits: int, rate_e8: int | None) -> int | None:
    """`money.convert` for SQL: empty without an amount or a rate."""
    return (
        None if minor is None or rate_e8 is None else convert(minor, digits_of(currency), to_digits, rate_e8)
    )


def in_currency(
    amount: ColumnElement[Any],
    currency: ColumnElement[Any],
    day: ColumnElement[Any],
    company: str,
    rates: FromClause,
    sqlite: bool,
) -> ColumnElement[int]:
    """`amount` in minor units of the currency `company`, half-up, at the rate of `rates` in force on `day`.

    NULL where there is no amount, or no rate for a day so early. Amounts in `company` itself cost one comparison.
    """
    rate, digits = rate_on(rates, currency, day), digits_of(company)
    foreign: ColumnElement[int]
    if sqlite:
        foreign = func.crm_convert(amount, currency, digits, rate, type_=Whole)
    else:
        scaled = cast(amount, Numeric) * rate * literal(10**digits, Numeric)
        whole = _power_of_ten(currency)
        foreign = cast(func.div(2 * scaled + whole, 2 * whole), Whole)
    own = literal(company, Text())
    return type_coerce(case((func.coalesce(currency, own) == own, amount), else_=foreign), Whole)


def _power_of_ten(currency: ColumnElement[Any]) -> ColumnElement[Any]:
    """What the product of amount and rate is divided by: 10 to the digits of the currency and the eight of the rate."""
    unlike = [
        (currency.in_(codes), literal(10 ** (8 + digits), Numeric))
        for digits, codes in currencies_unlike(2).items()
    ]
    return case(*unlike, else_=literal(10**10, Numeric))


def rate_on(rates: FromClause, currency: ColumnElement[Any], day: ColumnElement[Any]) -> ColumnElement[int]:
    """The rate of `currency` in force on `day`, in hundred-millionths; NULL where there is none."""
    return (
        select(rates.c.rate)
        .where(
            rates.c.rate_set == RATE_SET,
            rates.c.currency == currency,
            rates.c.valid_on <= day,
            rates.c.archived_at.is_(None),
        )
        .order_by(rates.c.valid_on.desc())
        .limit(1)
        .scalar_subquery()
    )


def rates() -> FromClause:
    """The rates as they are, under a name of their own."""
    found: FromClause = table("rate").__table__.alias("rates")
    return found


def first_days(connection: Connection) -> dict[str, date]:
    """Each currency that has a rate, and the day of its first one."""
    known = rates().c
    query = select(known.currency, func.min(known.valid_on, type_=Day()))
    query = query.where(known.rate_set == RATE_SET, known.archived_at.is_(None)).group_by(known.currency)
    return {row[0]: row[1] for row in connection.execute(query)}
