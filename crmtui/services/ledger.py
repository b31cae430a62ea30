"""What is owed: paid, outstanding and overdue, of contracts, orders and invoices, each in its own currency."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import case, func, select

from crmtui.services.context import Context, Tx
from crmtui.store import refs
from crmtui.store.contract import BINDING
from crmtui.store.record import table
from crmtui.store.types import Whole

GIVEN_UP = ("cancelled", "void")
"""The states of what nobody has to pay."""
OWED = ("contract", "order", "invoice")
"""Nouns that payments are for; a payment for one may be for the next ones above it as well."""


def price_of(record: Any) -> int:
    """What the customer pays for it in all: amount and tax, less what came back."""
    back = getattr(record, "returned", None) or 0
    return int((record.amount or 0) + (record.tax or 0) - back)


def rest(price: int, paid: int, state: str) -> int:
    """What is outstanding of `price`: nothing of what was given up."""
    return 0 if state in GIVEN_UP else max(price - paid, 0)


def received(tx: Tx, noun: str, record: int, but: int | None = None) -> int:
    """What came in for a record less what was refunded, but for one payment."""
    payment = table("payment")
    signed = case((payment.kind == "refund", -payment.amount), else_=payment.amount)
    query = select(func.coalesce(func.sum(signed), 0, type_=Whole)).where(
        getattr(payment, f"{noun}_id") == record, payment.archived_at.is_(None), payment.id != (but or 0)
    )
    with tx.without_predicate("ledger"):  # a balance is of all payments, whoever entered them
        return int(tx.session.scalar(query) or 0)


def settle_up(ctx: Context, record: Any, paid: int) -> None:
    """Write into a record what is paid and what is outstanding, and since when it is paid in full."""
    price = price_of(record)
    record.paid, record.outstanding = max(paid, 0), rest(price, paid, record.state)
    full = price > 0 and paid >= price
    record.settled_on = (record.settled_on or ctx.clock.today()) if full else None
    if record.NOUN == "invoice" and record.state in ("issued", "paid"):
        record.state = "paid" if full else "issued"


def refresh(ctx: Context, tx: Tx, record: Any) -> None:
    """Count anew what is paid and outstanding of a record whose amounts or payments changed."""
    settle_up(ctx, record, received(tx, record.NOUN, record.id))


def wrong(tx: Tx) -> Iterator[tuple[str, int]]:
    """Noun and id of what says of itself that more or less is paid or outstanding than its payments come to."""
    for noun in OWED:
        model, payment = table(noun), table("payment")
        of = getattr(payment, f"{noun}_id")
        signed = case((payment.kind == "refund", -payment.amount), else_=payment.amount)
        query = select(of, func.sum(signed, type_=Whole)).where(
            of.is_not(None), payment.archived_at.is_(None)
        )
        came = {record: int(paid) for record, paid in tx.session.execute(query.group_by(of))}
        rows = tx.session.scalars(select(model).order_by(model.id).execution_options(yield_per=500))
        for record in rows:
            paid = came.get(record.id, 0)
            left = rest(price_of(record), paid, record.state)
            if (record.paid or 0, record.outstanding or 0) != (max(paid, 0), left):
                yield noun, record.id


# -- what falls due ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Due:
    """What is to be paid by a day and is not paid yet: of which record, for which customer, in minor units."""

    noun: str
    record: Any
    due_on: date
    amount: int
    open: int

    @property
    def ref(self) -> str:
        """The record's ref."""
        return refs.ref_of(self.noun, self.record.id)


def dues(tx: Tx, account: int | None = None, before: date | None = None) -> list[Due]:
    """What visible contracts (by their payment plans) and other invoices still have to bring in, earliest first.

    Only what falls due before the day `before`, if one is said. What came in pays the earliest instalments first.
    """
    found = [*_planned(tx, account, before), *_billed(tx, account, before)]
    return sorted(found, key=lambda due: (due.due_on, due.noun, due.record.id))


def _planned(tx: Tx, account: int | None, before: date | None) -> Iterator[Due]:
    contract, due = table("contract"), table("contract_due")
    query = (
        select(contract, due)
        .join(due, due.contract_id == contract.id)
        .where(contract.archived_at.is_(None), contract.state.in_(BINDING), contract.outstanding > 0)
        .order_by(contract.id, due.due_on, due.id)
    )
    if account is not None:
        query = query.where(contract.account_id == account)
    left: dict[int, int] = {}
    for record, part in tx.session.execute(query):
        paid = left.setdefault(record.id, record.paid or 0)
        covered = min(paid, part.amount)
        left[record.id] -= covered
        if part.amount > covered and (before is None or part.due_on < before):
            yield Due("contract", record, part.due_on, part.amount, part.amount - covered)


def _billed(tx: Tx, account: int | None, before: date | None) -> Iterator[Due]:
    """Issued invoices, but for those of a contract that is paid by a plan."""
    invoice, due = table("invoice"), table("contract_due")
    planned = select(due.contract_id).where(due.contract_id == invoice.contract_id)
    query = select(invoice).where(
        invoice.archived_at.is_(None),
        invoice.state == "issued",
        invoice.due_on.is_not(None),
        invoice.outstanding > 0,
        ~planned.exists(),
    )
    if account is not None:
        query = query.where(invoice.account_id == account)
    if before is not None:
        query = query.where(invoice.due_on < before)
    for record in tx.session.scalars(query.order_by(invoice.id)):
        yield Due("invoice", record, record.due_on, price_of(record), record.outstanding)
