"""Leads."""

from datetime import date, datetime
from typing import ClassVar

from sqlalchemy import Index, text

from crmtui.i18n import N_
from crmtui.store import fields
from crmtui.store.record import Record, unowned

STATES = ("new", "assigned", "working", "qualified", "disqualified", "converted")


class Lead(Record, table=True):
    """Somebody who may become a customer."""

    __tablename__ = "lead"
    __table_args__ = (
        Index("lead_external", "external_id", unique=True),
        Index("lead_company", "name_key", "id"),
        Index("lead_owner", "owner_id", "id"),
        unowned("lead"),
        Index("lead_manager", "manager_id", "id", sqlite_where=text("manager_id IS NOT NULL")),
        Index("lead_state", "state", "id"),
        Index("lead_next", "next_contact_on", "id"),
    )
    NOUN: ClassVar[str] = "lead"
    PREFIX: ClassVar[str] = "L"
    LABEL: ClassVar[str] = "company"
    SCOPE: ClassVar[str] = "owner"

    company: str = fields.line(200, required=True)
    contact_name: str | None = fields.line(120)
    title: str | None = fields.line(120)
    phone: str | None = fields.phone()
    email: str | None = fields.email()
    website: str | None = fields.line(400)
    country: str | None = fields.choice("country")
    region: str | None = fields.choice("region")
    city: str | None = fields.line(120)
    street: str | None = fields.line(200)
    postcode: str | None = fields.line(20)
    industry: str | None = fields.choice("industry")
    source: str | None = fields.choice("opportunity_source")
    campaign: str | None = fields.line(200)
    interest: str | None = fields.line(400)
    need: str | None = fields.text()
    quoted: int | None = fields.money(label=N_("Price told"))
    currency: str | None = fields.currency()
    intent: int | None = fields.whole(1, 5)
    state: str = fields.state(*STATES, default="new", verb="qualify")
    recommended_id: int | None = fields.ref("user", verb="system")
    manager_id: int | None = fields.ref("user", verb="system", label=N_("Account manager"))
    received_at: datetime | None = fields.moment(verb="", label=N_("Enquiry of"))
    owned_at: datetime | None = fields.moment(label=N_("Theirs since"))
    former_owner_id: int | None = fields.ref("user", verb="system")
    pooled_at: datetime | None = fields.moment(label=N_("In the pool since"))
    pool_reason: str | None = fields.line(400, verb="system", label=N_("Why in the pool"))
    next_contact_on: date | None = fields.day()
    qualification: str | None = fields.text()
    account_id: int | None = fields.ref("account", verb="system")
    contact_id: int | None = fields.ref("contact", verb="system")
    opp_id: int | None = fields.ref("opp", verb="system", label=N_("Opportunity"))
    phone_key: str | None = fields.line(40, verb="system")
