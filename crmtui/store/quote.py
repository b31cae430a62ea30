"""Quotes: what was offered to whom, line by line, in revisions of which one is current."""

from datetime import date, datetime
from typing import ClassVar

import sqlmodel
from sqlalchemy import Index, Text

from crmtui.i18n import N_
from crmtui.store import fields
from crmtui.store.record import Part, Record, unowned
from crmtui.store.types import Day, Whole

STATES = (
    "draft",
    "submitted",
    "returned",
    "approved",
    "sent",
    "accepted",
    "deal",
    "declined",
    "expired",
    "superseded",
    "cancelled",
)
LIVE = ("approved", "sent", "accepted")
"""The states in which a quote stands for its opportunity in the forecast, unless it is out of date."""


class Quote(Record, table=True):
    """An offer. Its amount is the sum of its lines after all discounts and before tax, where it has lines."""

    __tablename__ = "quote"
    __table_args__ = (
        Index("quote_external", "external_id", unique=True),
        Index("quote_name", "name_key", "id"),
        Index("quote_owner", "owner_id", "id"),
        unowned("quote"),
        Index("quote_opp", "opp_id", "state", "id"),
        Index("quote_account", "account_id", "id"),
        Index("quote_state", "state", "id"),
        # A quote is revised once: so the revisions are a chain, and the one without a successor is the current one.
        Index("quote_previous", "previous_id", unique=True),
    )
    NOUN: ClassVar[str] = "quote"
    PREFIX: ClassVar[str] = "Q"
    SCOPE: ClassVar[str] = "owner"

    name: str = fields.line(200, required=True)
    opp_id: int | None = fields.ref("opp", label=N_("Opportunity"))
    account_id: int | None = fields.ref("account")
    contact_id: int | None = fields.ref("contact")
    revision: int = fields.whole(1, 10_000, default=1, verb="system")
    current: bool = fields.flag(True, verb="system")
    state: str = fields.state(*STATES, default="draft", verb="submit")
    amount: int | None = fields.money()
    currency: str | None = fields.currency()
    discount: int | None = fields.percent(label=N_("Discount on the whole, %"))
    reduction: int | None = fields.percent(verb="system", label=N_("Below list price, %"))
    list_amount: int | None = fields.money(verb="system", label=N_("At list price"))
    tax: int | None = fields.money(verb="system")
    cost: int | None = fields.money(verb="system", right="cost")
    probability: int | None = fields.percent()
    expected_close_on: date | None = fields.day(label=N_("Expected close"))
    valid_until: date | None = fields.day()
    terms: str | None = fields.text(label=N_("Terms"))
    sent_at: datetime | None = fields.moment()
    sent_by: str | None = fields.line(40, verb="system", label=N_("Sent by"))
    answered_on: date | None = fields.day(verb="system", label=N_("Answered"))
    closed_on: date | None = fields.day(verb="system", label=N_("Deal on"))
    reason: str | None = fields.line(400, verb="system", label=N_("Reason"))
    previous_id: int | None = fields.ref("quote", verb="system", label=N_("Revises"))


class QuoteLine(Part, table=True):
    """One thing offered: how much of it, at which price. Contracts and orders have lines of the same columns.

    `quantity` is in ten-thousandths, `discount` and `tax` in hundredths of a percent; `price`, `list_price` and `cost`
    are per unit, in minor units of the quote's currency.
    """

    __tablename__ = "quote_line"
    __table_args__ = (
        Index("quote_line_key", "quote_id", "position"),
        Index("quote_line_product", "product_id", "quote_id"),
    )
    PART_OF: ClassVar[tuple[str, str]] = ("quote", "quote_id")

    quote_id: int = sqlmodel.Field(sa_type=Whole)
    position: int = sqlmodel.Field(sa_type=Whole)
    product_id: int | None = sqlmodel.Field(default=None, sa_type=Whole)
    text: str = sqlmodel.Field(sa_type=Text)
    unit: str | None = sqlmodel.Field(default=None, sa_type=Text)
    quantity: int = sqlmodel.Field(sa_type=Whole)
    price: int = sqlmodel.Field(sa_type=Whole)
    list_price: int | None = sqlmodel.Field(default=None, sa_type=Whole)
    discount: int = sqlmodel.Field(default=0, sa_type=Whole)
    tax: int = sqlmodel.Field(default=0, sa_type=Whole)
    cost: int | None = sqlmodel.Field(default=None, sa_type=Whole)


class QuoteCounter(Part, table=True):
    """What a buyer proposed instead: an amount in the quote's currency, or words, on a day."""

    __tablename__ = "quote_counter"
    __table_args__ = (Index("quote_counter_key", "quote_id", "id"),)
    PART_OF: ClassVar[tuple[str, str]] = ("quote", "quote_id")

    quote_id: int = sqlmodel.Field(sa_type=Whole)
    on_day: date = sqlmodel.Field(sa_type=Day)
    amount: int | None = sqlmodel.Field(default=None, sa_type=Whole)
    text: str | None = sqlmodel.Field(default=None, sa_type=Text)
