"""Invoices: what was asked of the customer, by when, and what of it is paid."""

from datetime import date
from typing import ClassVar

import sqlmodel
from sqlalchemy import Index, Text

from crmtui.i18n import N_
from crmtui.store import fields
from crmtui.store.record import Part, Record, unowned
from crmtui.store.types import Whole

STATES = ("draft", "issued", "paid", "void")


class Invoice(Record, table=True):
    """A bill over a contract, an order or a part of one. Amount is net; the customer pays amount and tax."""

    __tablename__ = "invoice"
    __table_args__ = (
        Index("invoice_external", "external_id", unique=True),
        Index("invoice_name", "name_key", "id"),
        Index("invoice_owner", "owner_id", "id"),
        unowned("invoice"),
        Index("invoice_account", "account_id", "state", "id"),
        Index("invoice_contract", "contract_id", "id"),
        Index("invoice_order", "order_id", "id"),
        Index("invoice_due", "state", "due_on", "id"),
    )
    NOUN: ClassVar[str] = "invoice"
    PREFIX: ClassVar[str] = "IV"
    SCOPE: ClassVar[str] = "owner"

    name: str = fields.line(200, required=True)
    number: str | None = fields.line(80)
    account_id: int | None = fields.ref("account")
    contract_id: int | None = fields.ref("contract")
    order_id: int | None = fields.ref("order")
    state: str = fields.state(*STATES, default="draft", verb="issue")
    amount: int | None = fields.money()
    currency: str | None = fields.currency()
    discount: int | None = fields.percent(label=N_("Discount on the whole, %"))
    tax: int | None = fields.money()
    issued_on: date | None = fields.day(verb="issue", label=N_("Issued"))
    due_on: date | None = fields.day()
    reason: str | None = fields.line(400, verb="system", label=N_("Reason"))
    paid: int | None = fields.money(verb="system")
    outstanding: int | None = fields.money(verb="system")
    settled_on: date | None = fields.day(verb="system", label=N_("Paid in full"))


class InvoiceLine(Part, table=True):
    """One thing billed."""

    __tablename__ = "invoice_line"
    __table_args__ = (Index("invoice_line_key", "invoice_id", "position"),)
    PART_OF: ClassVar[tuple[str, str]] = ("invoice", "invoice_id")

    invoice_id: int = sqlmodel.Field(sa_type=Whole)
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
