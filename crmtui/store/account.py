"""Customers."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import Index

from crmtui.i18n import N_
from crmtui.store import fields
from crmtui.store.record import Record, unowned


class Account(Record, table=True):
    """A customer company: who it is, where, how big, its legal and credit standing."""

    __tablename__ = "account"
    __table_args__ = (
        Index("account_external", "external_id", unique=True),
        Index("account_name", "name_key", "id"),
        Index("account_owner", "owner_id", "id"),
        unowned("account"),
        Index("account_parent", "parent_id"),
    )
    NOUN: ClassVar[str] = "account"
    PREFIX: ClassVar[str] = "A"
    SCOPE: ClassVar[str] = "owner"

    name: str = fields.line(200, required=True)
    short_name: str | None = fields.line(80)
    class_: str | None = fields.choice("customer")
    state: str | None = fields.choice("customer_state")
    industry: str | None = fields.choice("industry")
    country: str | None = fields.choice("country")
    region: str | None = fields.choice("region")
    city: str | None = fields.line(120)
    street: str | None = fields.line(200)
    postcode: str | None = fields.line(20)
    phone: str | None = fields.phone()
    email: str | None = fields.email()
    website: str | None = fields.line(400)
    tax_number: str | None = fields.line(60)
    parent_id: int | None = fields.ref("account", label=N_("Parent company"))
    employees: int | None = fields.whole(0, 10**9)
    founded: int | None = fields.whole(1000, 2199, label=N_("Founded in"))
    annual_revenue: int | None = fields.money()
    currency: str | None = fields.currency()
    legal_status: str | None = fields.choice("legal_status")
    credit_rating: str | None = fields.choice("credit_rating")
    credit_limit: int | None = fields.money()
    payment_terms: str | None = fields.line(200)
    price_list: str | None = fields.choice("price_list")
    buying_behaviour: str | None = fields.text()
    territory_id: int | None = fields.ref("territory")
    owned_at: datetime | None = fields.moment(label=N_("Theirs since"))
    former_owner_id: int | None = fields.ref("user", verb="system")
    pooled_at: datetime | None = fields.moment(label=N_("In the pool since"))
    pool_reason: str | None = fields.line(400, verb="system", label=N_("Why in the pool"))
    phone_key: str | None = fields.line(40, verb="system")
