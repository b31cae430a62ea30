"""Orders: what the customer ordered, what was delivered of it, and what came back."""

from datetime import date
from typing import ClassVar

import sqlmodel
from sqlalchemy import Index, Text

from crmtui.i18n import N_
from crmtui.store import fields
from crmtui.store.record import Part, Record, unowned
from crmtui.store.types import Day, Whole

STATES = ("accepted", "planned", "executing", "completed", "cancelled")
"""SPC-15, and one for what is not carried out."""


class Order(Record, table=True):
    """An order. Amount is net, the sum of its lines where it has lines; the customer pays the tax too."""

    __tablename__ = "order"
    __table_args__ = (
        Index("order_external", "external_id", unique=True),
        Index("order_name", "name_key", "id"),
        Index("order_owner", "owner_id", "id"),
        unowned("order"),
        Index("order_account", "account_id", "state", "id"),
        Index("order_contract", "contract_id", "id"),
        Index("order_opp", "opp_id", "id"),
        Index("order_state", "state", "ordered_on", "id"),
    )
    NOUN: ClassVar[str] = "order"
    PREFIX: ClassVar[str] = "S"
    SCOPE: ClassVar[str] = "owner"

    name: str = fields.line(200, required=True)
    account_id: int | None = fields.ref("account")
    contract_id: int | None = fields.ref("contract")
    opp_id: int | None = fields.ref("opp", label=N_("Opportunity"))
    kind: str | None = fields.choice("order")
    state: str = fields.state(*STATES, default="accepted", verb="advance")
    amount: int | None = fields.money()
    currency: str | None = fields.currency()
    discount: int | None = fields.percent(label=N_("Discount on the whole, %"))
    tax: int | None = fields.money(verb="system")
    cost: int | None = fields.money(right="cost")
    ordered_on: date | None = fields.day(label=N_("Ordered"))
    due_on: date | None = fields.day(label=N_("Delivery due"))
    problem: str | None = fields.line(400, label=N_("Trouble with it"))
    reason: str | None = fields.line(400, verb="system", label=N_("Reason"))
    progress: int | None = fields.percent(verb="system", label=N_("Carried out, %"))
    delivered: int | None = fields.money(verb="system")
    returned: int | None = fields.money(verb="system")
    paid: int | None = fields.money(verb="system")
    outstanding: int | None = fields.money(verb="system")
    settled_on: date | None = fields.day(verb="system", label=N_("Paid in full"))


class OrderLine(Part, table=True):
    """One thing ordered; `contract_position` is the line of the contract that it carries out."""

    __tablename__ = "order_line"
    __table_args__ = (
        Index("order_line_key", "order_id", "position"),
        Index("order_line_product", "product_id", "order_id"),
    )
    PART_OF: ClassVar[tuple[str, str]] = ("order", "order_id")

    order_id: int = sqlmodel.Field(sa_type=Whole)
    position: int = sqlmodel.Field(sa_type=Whole)
    contract_position: int | None = sqlmodel.Field(default=None, sa_type=Whole)
    product_id: int | None = sqlmodel.Field(default=None, sa_type=Whole)
    text: str = sqlmodel.Field(sa_type=Text)
    unit: str | None = sqlmodel.Field(default=None, sa_type=Text)
    quantity: int = sqlmodel.Field(sa_type=Whole)
    price: int = sqlmodel.Field(sa_type=Whole)
    list_price: int | None = sqlmodel.Field(default=None, sa_type=Whole)
    discount: int = sqlmodel.Field(default=0, sa_type=Whole)
    tax: int = sqlmodel.Field(default=0, sa_type=Whole)
    cost: int | None = sqlmodel.Field(default=None, sa_type=Whole)


class OrderDelivery(Part, table=True):
    """What was delivered of a line, or came back, in ten-thousandths; `text` is the note of the delivery or the return."""

    __tablename__ = "order_delivery"
    __table_args__ = (Index("order_delivery_key", "order_id", "position", "id"),)
    PART_OF: ClassVar[tuple[str, str]] = ("order", "order_id")

    order_id: int = sqlmodel.Field(sa_type=Whole)
    position: int = sqlmodel.Field(sa_type=Whole)
    kind: str = sqlmodel.Field(sa_type=Text)
    """delivered or returned."""
    quantity: int = sqlmodel.Field(sa_type=Whole)
    on_day: date = sqlmodel.Field(sa_type=Day)
    text: str | None = sqlmodel.Field(default=None, sa_type=Text)
