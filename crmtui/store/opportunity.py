"""Opportunities."""

from datetime import date, datetime
from typing import ClassVar

from sqlalchemy import Index

from crmtui.i18n import N_
from crmtui.store import fields
from crmtui.store.record import Record, unowned

STATES = ("open", "suspended", "won", "lost", "terminated", "duplicate")
CATEGORIES = ("omitted", "pipeline", "best", "commit", "closed")


class Opportunity(Record, table=True):
    """A sale that may come: what it is worth, how likely, when, and where it stands."""

    __tablename__ = "opp"
    __table_args__ = (
        Index("opp_external", "external_id", unique=True),
        Index("opp_name", "name_key", "id"),
        Index("opp_owner", "owner_id", "id"),
        unowned("opp"),
        Index("opp_account", "account_id", "id"),
        Index("opp_amount", "amount", "id"),
        Index("opp_expected", "expected_close_on", "id"),
        Index(
            "opp_open",
            "state",
            "owner_id",
            "expected_close_on",
            "currency",
            "category",
            "amount",
            "probability",
            "archived_at",
        ),
        Index(
            "opp_board",
            "process_id",
            "state",
            "stage",
            "amount",
            "id",
            "owner_id",
            "currency",
            "probability",
            "stage_at",
            "closed_on",
            "archived_at",
        ),
        Index("opp_closed", "state", "owner_id", "closed_on", "currency", "amount", "archived_at"),
    )
    NOUN: ClassVar[str] = "opp"
    PREFIX: ClassVar[str] = "O"
    SCOPE: ClassVar[str] = "owner"

    name: str = fields.line(200, required=True)
    account_id: int | None = fields.ref("account")
    contact_id: int | None = fields.ref("contact")
    process_id: int | None = fields.ref("process")
    stage: str | None = fields.stage(verb="advance")
    state: str = fields.state(*STATES, default="open", verb="close")
    amount: int | None = fields.money(verb="adjust")
    currency: str | None = fields.currency(verb="adjust")
    probability: int | None = fields.percent(verb="adjust")
    category: str | None = fields.state(*CATEGORIES, default=None, required=False)
    expected_close_on: date | None = fields.day(verb="adjust", label=N_("Expected close"))
    opened_on: date | None = fields.day(label=N_("Opened"))
    closed_on: date | None = fields.day(verb="close", label=N_("Closed"))
    source: str | None = fields.choice("opportunity_source")
    need: str | None = fields.text()
    solution: str | None = fields.text()
    territory_id: int | None = fields.ref("territory")
    industry: str | None = fields.choice("industry")
    products: list[int] | None = fields.refs("product")
    sales_method: str | None = fields.choice("sales_method")
    channel: str | None = fields.line(120)
    relationship_manager_id: int | None = fields.ref("user")
    loss_reason: str | None = fields.choice("loss_reason", verb="close")
    competitor_id: int | None = fields.ref("competitor")
    summary: str | None = fields.text(label=N_("Closing summary"))
    end_project: str | None = fields.line(200)
    delivery_on: date | None = fields.day(label=N_("Delivery"))
    stage_at: datetime | None = fields.moment(label=N_("In this stage since"))
    suspended_at: datetime | None = fields.moment(label=N_("Suspended since"))
    suspended_until: date | None = fields.day(verb="suspend", label=N_("Suspended until"))
    lead_id: int | None = fields.ref("lead", verb="system")
