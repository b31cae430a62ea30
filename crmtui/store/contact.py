"""The people at a customer."""

from datetime import date
from typing import Any, ClassVar

from sqlalchemy import Index

from crmtui.clock import FIRST_BIRTH
from crmtui.store import fields
from crmtui.store.record import Record, unowned


class Contact(Record, table=True):
    """A person at a customer, in the depth that a sale needs."""

    __tablename__ = "contact"
    __table_args__ = (
        Index("contact_external", "external_id", unique=True),
        Index("contact_name", "name_key", "id"),
        Index("contact_account", "account_id", "id"),
        Index("contact_owner", "owner_id", "id"),
        unowned("contact"),
    )
    NOUN: ClassVar[str] = "contact"
    PREFIX: ClassVar[str] = "C"
    SCOPE: ClassVar[str] = "owner"

    name: str = fields.line(200, required=True)
    given_name: str | None = fields.line(100)
    family_name: str | None = fields.line(100)
    account_id: int | None = fields.ref("account")
    title: str | None = fields.line(120)
    buying_role: str | None = fields.choice("contact")
    reports_to_id: int | None = fields.ref("contact")
    phone: str | None = fields.phone()
    mobile: str | None = fields.phone()
    email: str | None = fields.email()
    website: str | None = fields.line(400)
    country: str | None = fields.choice("country")
    region: str | None = fields.choice("region")
    city: str | None = fields.line(120)
    street: str | None = fields.line(200)
    postcode: str | None = fields.line(20)
    nationality: str | None = fields.choice("country")
    interests: list[str] | None = fields.many("interest")
    education: str | None = fields.line(400)
    birth_date: date | None = fields.day(first=FIRST_BIRTH)
    married: bool | None = fields.flag(None)
    children: list[dict[str, Any]] | None = fields.children()
    awards: str | None = fields.text()
    relationships: str | None = fields.text()
    primary: bool = fields.flag(False)
    next_contact_on: date | None = fields.day()
    phone_key: str | None = fields.line(40, verb="system")
