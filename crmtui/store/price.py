"""Price lists: what a product costs on which list, or for which customer, from which quantity, and when."""

from datetime import date
from typing import ClassVar

from sqlalchemy import Index

from crmtui.i18n import N_
from crmtui.store import fields
from crmtui.store.record import Record


class Price(Record, table=True):
    """The price of one unit of a product: on a list, or agreed with one customer."""

    __tablename__ = "price"
    __table_args__ = (Index("price_product", "product_id", "id"),)
    NOUN: ClassVar[str] = "price"
    PREFIX: ClassVar[str] = "PP"
    LABEL: ClassVar[str] = "price_list"

    price_list: str | None = fields.choice("price_list")
    product_id: int = fields.ref("product", required=True)
    account_id: int | None = fields.ref("account", label=N_("Only for customer"))
    price: int = fields.money(required=True)
    currency: str | None = fields.currency()
    min_quantity: int = fields.whole(1, 10**9, default=1, label=N_("From quantity"))
    valid_from: date | None = fields.day()
    valid_until: date | None = fields.day()
