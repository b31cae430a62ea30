"""Whom we meet in the market."""

from typing import ClassVar

from crmtui.store import fields
from crmtui.store.record import Record


class Competitor(Record, table=True):
    """A rival vendor."""

    __tablename__ = "competitor"
    NOUN: ClassVar[str] = "competitor"
    PREFIX: ClassVar[str] = "CP"

    name: str = fields.line(200, required=True)
    website: str | None = fields.line(400)
