"""Exchange rates, dated, in named sets."""

from datetime import date
from typing import ClassVar

from sqlalchemy import Index

from crmtui.i18n import N_
from crmtui.store import fields
from crmtui.store.record import Record


class Rate(Record, table=True):
    """One unit of `currency` is worth `rate` units of the company's currency from `valid_on` until the next rate."""

    __tablename__ = "rate"
    __table_args__ = (Index("rate_key", "rate_set", "currency", "valid_on", unique=True),)
    NOUN: ClassVar[str] = "rate"
    PREFIX: ClassVar[str] = "RT"
    LABEL: ClassVar[str] = "currency"

    currency: str = fields.currency()
    valid_on: date = fields.day(required=True)
    rate: int = fields.rate(required=True)
    rate_set: str = fields.code(label=N_("Rate set"))
