"""Contracts: what was agreed, in versions, how far it is carried out, and when it is to be paid."""

from datetime import date
from typing import ClassVar

import sqlmodel
from sqlalchemy import Index, Text

from crmtui.i18n import N_
from crmtui.store import fields
from crmtui.store.record import Part, Record, unowned
from crmtui.store.types import Day, Whole

STATES = (
    "preparing",
    "drafting",
    "submitted",
    "in-approval",
    "approved",
    "signed",
    "planning",
    "started",
    "executing",
    "interrupted",
    "completed",
    "closed",
    "cancelled",
)
"""All of the source's three lists (ZSC-41), and one for what never came to be signed."""
BINDING = ("signed", "planning", "started", "executing", "interrupted", "completed", "closed")
"""The states of a contract that holds."""


class Contract(Record, table=True):
    """An agreement with a customer. Amount is net, the sum of its lines where it has lines; the customer pays the tax too."""

    __tablename__ = "contract"
    __table_args__ = (
        Index("contract_external", "external_id", unique=True),
        Index("contract_name", "name_key", "id"),
        Index("contract_owner", "owner_id", "id"),
        unowned("contract"),
        Index("contract_account", "account_id", "state", "id"),
        Index("contract_opp", "opp_id", "id"),
        Index("contract_quote", "quote_id"),
        Index("contract_state", "state", "id"),
    )
    NOUN: ClassVar[str] = "contract"
    PREFIX: ClassVar[str] = "K"
    SCOPE: ClassVar[str] = "owner"

    name: str = fields.line(200, required=True)
    account_id: int | None = fields.ref("account")
    contact_id: int | None = fields.ref("contact")
    opp_id: int | None = fields.ref("opp", label=N_("Opportunity"))
    quote_id: int | None = fields.ref("quote", verb="system")
    state: str = fields.state(*STATES, default="preparing", verb="advance")
    revision: int = fields.whole(1, 10_000, default=1, required=True, verb="system")
    amount: int | None = fields.money()
    currency: str | None = fields.currency()
    discount: int | None = fields.percent(label=N_("Discount on the whole, %"))
    tax: int | None = fields.money(verb="system")
    cost: int | None = fields.money(right="cost")
    signed_on: date | None = fields.day(label=N_("Signed"))
    starts_on: date | None = fields.day(label=N_("Starts"))
    ends_on: date | None = fields.day(label=N_("Ends"))
    terms: str | None = fields.text(label=N_("Terms"))
    reason: str | None = fields.line(400, verb="system", label=N_("Reason"))
    progress: int | None = fields.percent(verb="system", label=N_("Carried out, %"))
    delivered: int | None = fields.money(verb="system")
    returned: int | None = fields.money(verb="system")
    paid: int | None = fields.money(verb="system")
    outstanding: int | None = fields.money(verb="system")
    settled_on: date | None = fields.day(verb="system", label=N_("Paid in full"))


class ContractLine(Part, table=True):
    """One thing agreed, in one version of the contract; its position means the same thing in all of them."""

    __tablename__ = "contract_line"
    __table_args__ = (
        Index("contract_line_key", "contract_id", "revision", "position"),
        Index("contract_line_product", "product_id", "contract_id"),
    )
    PART_OF: ClassVar[tuple[str, str]] = ("contract", "contract_id")

    contract_id: int = sqlmodel.Field(sa_type=Whole)
    revision: int = sqlmodel.Field(default=1, sa_type=Whole)
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


class ContractVersion(Part, table=True):
    """What a contract came to in one of its versions, and why that was made; the lines of the version stay as they were."""

    __tablename__ = "contract_version"
    __table_args__ = (Index("contract_version_key", "contract_id", "revision", unique=True),)
    PART_OF: ClassVar[tuple[str, str]] = ("contract", "contract_id")

    contract_id: int = sqlmodel.Field(sa_type=Whole)
    revision: int = sqlmodel.Field(sa_type=Whole)
    made_on: date = sqlmodel.Field(sa_type=Day)
    amount: int = sqlmodel.Field(sa_type=Whole)
    tax: int = sqlmodel.Field(sa_type=Whole)
    discount: int = sqlmodel.Field(default=0, sa_type=Whole)
    reason: str | None = sqlmodel.Field(default=None, sa_type=Text)


class ContractDelivery(Part, table=True):
    """What was delivered of a line, or came back, beside what the orders of the contract say; in ten-thousandths."""

    __tablename__ = "contract_delivery"
    __table_args__ = (Index("contract_delivery_key", "contract_id", "position", "id"),)
    PART_OF: ClassVar[tuple[str, str]] = ("contract", "contract_id")

    contract_id: int = sqlmodel.Field(sa_type=Whole)
    position: int = sqlmodel.Field(sa_type=Whole)
    kind: str = sqlmodel.Field(sa_type=Text)
    """delivered or returned."""
    quantity: int = sqlmodel.Field(sa_type=Whole)
    on_day: date = sqlmodel.Field(sa_type=Day)
    text: str | None = sqlmodel.Field(default=None, sa_type=Text)


class Milestone(Part, table=True):
    """A step by which a contract is measured, with its share of the whole in percent."""

    __tablename__ = "contract_milestone"
    __table_args__ = (Index("contract_milestone_key", "contract_id", "position"),)
    PART_OF: ClassVar[tuple[str, str]] = ("contract", "contract_id")

    contract_id: int = sqlmodel.Field(sa_type=Whole)
    position: int = sqlmodel.Field(sa_type=Whole)
    text: str = sqlmodel.Field(sa_type=Text)
    weight: int = sqlmodel.Field(sa_type=Whole)
    due_on: date | None = sqlmodel.Field(default=None, sa_type=Day)
    done_on: date | None = sqlmodel.Field(default=None, sa_type=Day)


class Instalment(Part, table=True):
    """What the customer is to pay of a contract by a day, tax included, in minor units of its currency."""

    __tablename__ = "contract_due"
    __table_args__ = (Index("contract_due_key", "contract_id", "due_on"), Index("contract_due_day", "due_on"))
    PART_OF: ClassVar[tuple[str, str]] = ("contract", "contract_id")

    contract_id: int = sqlmodel.Field(sa_type=Whole)
    due_on: date = sqlmodel.Field(sa_type=Day)
    amount: int = sqlmodel.Field(sa_type=Whole)
    text: str | None = sqlmodel.Field(default=None, sa_type=Text)
