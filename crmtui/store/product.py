"""The catalogue."""

from typing import ClassVar

from sqlalchemy import Index

from crmtui.i18n import N_
from crmtui.store import fields
from crmtui.store.record import Record


class Product(Record, table=True):
    """Something that is sold, with its list price and its cost per unit."""

    __tablename__ = "product"
    __table_args__ = (Index("product_name", "name_key", "id"),)
    NOUN: ClassVar[str] = "product"
    PREFIX: ClassVar[str] = "PR"

    code: str | None = fields.line(80)
    name: str = fields.line(200, required=True)
    type: str | None = fields.choice("product")
    unit: str | None = fields.line(40)
    price: int | None = fields.money()
    cost: int | None = fields.money(right="cost")
    tax: int | None = fields.percent(label=N_("Tax, %"))
    description: str | None = fields.text()
    currency: str | None = fields.currency()
    active: bool = fields.flag(True)
