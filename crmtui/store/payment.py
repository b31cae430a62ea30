"""Payments: what came in from customers, beforehand or when due, and what went back to them."""

from datetime import date
from typing import ClassVar

from sqlalchemy import Index

from crmtui.i18n import N_
from crmtui.store import fields
from crmtui.store.record import Record, unowned

KINDS = ("receipt", "advance", "refund")
"""SPC-67."""


class Payment(Record, table=True):
    """One payment for a contract, an order or an invoice, or on account."""

    __tablename__ = "payment"
    __table_args__ = (
        Index("payment_external", "external_id", unique=True),
        Index("payment_name", "name_key", "id"),
        Index("payment_owner", "owner_id", "id"),
        unowned("payment"),
        Index("payment_account", "account_id", "paid_on", "id"),
        Index("payment_contract", "contract_id", "id"),
        Index("payment_order", "order_id", "id"),
        Index("payment_invoice", "invoice_id", "id"),
    )
    NOUN: ClassVar[str] = "payment"
    PREFIX: ClassVar[str] = "P"
    SCOPE: ClassVar[str] = "owner"

    name: str = fields.line(200, required=True, label=N_("What for"))
    account_id: int | None = fields.ref("account")
    contract_id: int | None = fields.ref("contract")
    order_id: int | None = fields.ref("order")
    invoice_id: int | None = fields.ref("invoice")
    kind: str = fields.state(*KINDS, default="receipt")
    amount: int | None = fields.money(required=True)
    currency: str | None = fields.currency()
    paid_on: date | None = fields.day(label=N_("Paid"))
    method: str | None = fields.choice("payment_method")
    reference: str | None = fields.line(200)
