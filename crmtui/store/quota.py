"""What is expected of a person, department, territory, industry or product in a period."""

from datetime import date
from typing import ClassVar

from sqlalchemy import Index

from crmtui.i18n import N_
from crmtui.store import fields
from crmtui.store.record import Record

SCOPES = ("user", "dept", "territory", "industry", "product")
MEASURES = ("revenue",)


class Quota(Record, table=True):
    """A target; `period` is a month, quarter, half-year or year in its short form."""

    __tablename__ = "quota"
    __table_args__ = (
        Index("quota_key", "scope", "of", "period", "measure", unique=True),
        Index("quota_starts", "starts_on", "ends_on"),
    )
    NOUN: ClassVar[str] = "quota"
    PREFIX: ClassVar[str] = "QU"
    LABEL: ClassVar[str] = "of"
    SCOPE: ClassVar[str] = "quota"

    scope: str = fields.state(*SCOPES, default=None, verb="")
    of: str = fields.target()
    period: str = fields.line(20, required=True)
    measure: str = fields.state(*MEASURES, default="revenue")
    amount: int = fields.money(required=True)
    currency: str | None = fields.currency()
    starts_on: date | None = fields.day(verb="system", label=N_("From"))
    ends_on: date | None = fields.day(verb="system", label=N_("To"))
