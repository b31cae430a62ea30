"""Exchange rates: dated, in named sets, and what they make of amounts in other currencies."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Text, case, func, literal, select

from crmtui.errors import Refused
from crmtui.i18n import N_
from crmtui.money import check_currency, digits_of, half_up
from crmtui.services.context import Context, Tx
from crmtui.store import exchange
from crmtui.store.fields import Field
from crmtui.store.record import table
from crmtui.store.types import Day

RATE_SET = exchange.RATE_SET


def settle(ctx: Context, tx: Tx, row: dict[str, Any], before: dict[str, Any] | None, facts: bool) -> None:
    """A rate belongs to a set and to a currency other than the company's own. Raises Refused."""
    row["rate_set"] = row.get("rate_set") or RATE_SET
    row["currency"] = check_currency(row.get("currency") or ctx.company.currency)
    if row["currency"] == ctx.company.currency:
        raise Refused(
            "rate.own_currency",
            N_("{currency} is the company's own currency; its rate is always 1."),
            field="currency",
            hint=N_("Say with --currency which other currency is worth so much {currency}."),
            currency=row["currency"],
        )


def spell(ctx: Context, column: str, value: Any) -> Any:
    """The set of rates that is meant where none is named."""
    return value or RATE_SET if column == "rate_set" else value


_DAYS = {"contract": "signed_on", "order": "ordered_on", "invoice": "issued_on", "payment": "paid_on"}
"""Noun → its day whose rate counts."""


def day_of(ctx: Context, noun: str, model: Any) -> ColumnElement[Any]:
    """The day whose rate counts for a record: an opportunity's closing day once it is won or lost, the day when a contract
    was signed, goods were ordered, billed or paid; else today."""
    today = literal(ctx.clock.today(), Day())
    if noun in _DAYS:
        return func.coalesce(getattr(model, _DAYS[noun]), today, type_=Day())
    if noun != "opp":
        return today
    closed = model.state.in_(("won", "lost"))
    return case((closed, func.coalesce(model.closed_on, today)), else_=today)


def in_company_currency(ctx: Context, tx: Tx, noun: str, field: Field) -> ColumnElement[int]:
    """The money `field` of each record of `noun` in minor units of the company's currency, half-up per record.

    NULL where the amount is empty, or no rate is known: `check` tells beforehand.
    """
    model = table(noun)
    amount, currency = getattr(model, field.column), model.currency
    day, sqlite = day_of(ctx, noun, model), ctx.store.sqlite
    return exchange.in_currency(amount, currency, day, ctx.company.currency, exchange.rates(), sqlite)


def check(ctx: Context, tx: Tx, noun: str, field: Field, found: Sequence[Any]) -> None:
    """Raise Refused `rate.missing` unless a rate is known for every visible record that fits `found`."""
    model = table(noun)
    amount, day = getattr(model, field.column), day_of(ctx, noun, model)
    foreign = model.currency.is_not(None) & (model.currency != ctx.company.currency) & amount.is_not(None)
    needed = (
        select(model.currency, func.min(day, type_=Day())).where(foreign, *found).group_by(model.currency)
    )
    first = exchange.first_days(tx.session.connection())
    for currency, earliest in sorted(tx.session.execute(needed).all()):
        if currency not in first or earliest < first[currency]:
            raise missing(currency, earliest)


def between(tx: Tx, minor: int, source: str, target: str, company: str, day: date) -> int:
    """`minor` units of `source` in minor units of `target`, half-up, by the rates of both in force on `day`.

    Raises Refused `rate.missing`.
    """
    if source == target:
        return minor
    mine, theirs = (_rate_on(tx, currency, company, day) for currency in (source, target))
    return half_up(minor * mine * 10 ** digits_of(target), theirs * 10 ** digits_of(source))


def _rate_on(tx: Tx, currency: str, company: str, day: date) -> int:
    """Units of the company's currency for one of `currency`, in hundred-millionths."""
    if currency == company:
        return 10**8
    wanted = exchange.rate_on(exchange.rates(), literal(currency, Text()), literal(day, Day()))
    found: int | None = tx.session.connection().execute(select(wanted)).scalar()
    if found is None:
        raise missing(currency, day)
    return found


def missing(currency: str, day: date) -> Refused:
    """The error for an amount that cannot be converted."""
    return Refused(
        "rate.missing",
        N_("There is no exchange rate for {currency} on {day}."),
        field="currency",
        hint=N_("Add one: crm rate add --currency {currency} --valid-on {day} --rate RATE"),
        currency=currency,
        day=day,
    )
