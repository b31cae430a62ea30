"""The money side of customers: their accounts entry by entry, what falls due, and reminders of what is overdue (SPC-66/68)."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from crmtui.i18n import N_, gettext
from crmtui.money import Money
from crmtui.services import ledger
from crmtui.services.context import Context, Ref, Tx
from crmtui.store import refs
from crmtui.store.contract import BINDING
from crmtui.store.record import table
from crmtui.store.session import check_right


def account(ctx: Context, ref: str) -> list[dict[str, Any]]:
    """The account of a customer in order of time: on, kind, ref, text, debit, credit, balance, per currency.

    Debit is what they have to pay for (contracts in force, orders without a contract, refunds), credit what they paid
    and what came back; the balance is what they owe, negative for what we owe them. Raises NotFound.
    """
    with ctx.reading() as tx:
        customer = refs.get(tx, "account", ref)
        entries = sorted(
            _entries(ctx, tx, customer.id), key=lambda row: (row["currency"], row["on"], row["order"])
        )
        balance: dict[str, int] = {}
        for row in entries:
            own = row["currency"]
            balance[own] = balance.get(own, 0) + row["debit"] - row["credit"]
            row["balance"] = Money(balance[own], own)
            for name in ("debit", "credit"):
                row[name] = Money(row[name], own) if row[name] else None
            del row["order"], row["currency"]
        return entries


def _entries(ctx: Context, tx: Tx, customer: int) -> Iterator[dict[str, Any]]:
    contract, order, payment = table("contract"), table("order"), table("payment")
    held = select(contract).where(contract.account_id == customer, contract.state.in_(BINDING))
    for row in tx.session.scalars(held.where(contract.archived_at.is_(None))):
        yield from _sold(ctx, tx, "contract", row, row.signed_on)
    ordered = select(order).where(order.account_id == customer, order.contract_id.is_(None))
    for row in tx.session.scalars(ordered.where(order.state != "cancelled", order.archived_at.is_(None))):
        yield from _sold(ctx, tx, "order", row, row.ordered_on)
    paid = select(payment).where(payment.account_id == customer, payment.archived_at.is_(None))
    for row in tx.session.scalars(paid):
        back = row.kind == "refund"
        sides = {"debit": row.amount if back else 0, "credit": 0 if back else row.amount}
        yield _entry(ctx, "payment", row, row.paid_on, kind=row.kind, **sides)


def _sold(ctx: Context, tx: Tx, noun: str, row: Any, day: date | None) -> Iterator[dict[str, Any]]:
    yield _entry(ctx, noun, row, day, debit=(row.amount or 0) + (row.tax or 0))
    if row.returned:
        yield _entry(ctx, noun, row, _returned_on(tx, noun, row.id), kind="return", credit=row.returned)


def _returned_on(tx: Tx, noun: str, record: int) -> date | None:
    """The day on which something last came back of a contract, by itself or by one of its orders, or of an order."""
    own, order, moved = table(f"{noun}_delivery"), table("order"), table("order_delivery")
    back = [select(own.on_day).where(getattr(own, f"{noun}_id") == record, own.kind == "returned")]
    if noun == "contract":
        through = select(moved.on_day).join(order, order.id == moved.order_id)
        back.append(through.where(order.contract_id == record, moved.kind == "returned"))
    with tx.without_predicate("ledger"):
        return max((day for query in back for day in tx.session.scalars(query)), default=None)


def _entry(
    ctx: Context, noun: str, row: Any, day: date | None, *, kind: str = "", debit: int = 0, credit: int = 0
) -> dict[str, Any]:
    return {
        "on": day or ctx.clock.day_of(row.created_at),
        "kind": kind or noun,
        "ref": refs.ref_of(noun, row.id),
        "text": row.name,
        "debit": debit,
        "credit": credit,
        "currency": row.currency or ctx.company.currency,
        "order": (noun, row.id),
    }


# -- what falls due, and what is late ---------------------------------------------------------------------------


def due(ctx: Context, customer: str = "", *, overdue: int | None = None) -> list[dict[str, Any]]:
    """What contracts and invoices still bring in, earliest first: due_on, days (late), account, ref, text, amount, open.

    With `overdue` only what is late by that many days at least. Raises NotFound.
    """
    with ctx.reading() as tx:
        found = refs.resolve(tx, "account", customer) if customer else None
        return [_shown(ctx, tx, each) for each in _late(ctx, tx, found, overdue)]


def _late(ctx: Context, tx: Tx, customer: int | None, overdue: int | None) -> list[ledger.Due]:
    before = None if overdue is None else ctx.clock.today() - timedelta(days=max(overdue, 1) - 1)
    return ledger.dues(tx, customer, before)


def _shown(ctx: Context, tx: Tx, each: ledger.Due) -> dict[str, Any]:
    own = each.record.currency or ctx.company.currency
    customer = _customer(tx, each.record.account_id)
    late = (ctx.clock.today() - each.due_on).days
    return {
        "due_on": each.due_on,
        "days": max(late, 0),
        "account": customer and Ref(refs.ref_of("account", customer.id), customer.name, customer.id),
        "ref": each.ref,
        "text": each.record.name,
        "amount": Money(each.amount, own),
        "open": Money(each.open, own),
    }


def _customer(tx: Tx, record: int | None) -> Any | None:
    model = table("account")
    return tx.session.scalars(select(model).where(model.id == record)).first() if record else None


def dun(ctx: Context, overdue: int, *, send: bool = False, customer: str = "") -> list[dict[str, Any]]:
    """What is late by so many days, one row for each customer and currency: account, to, items, open, oldest, sent.

    With `send` a mail that lists all of it goes into the outbox for each customer who has an address, once a day.
    Raises NotFound, Forbidden.
    """
    if not send:
        with ctx.reading() as tx:
            found = refs.resolve(tx, "account", customer) if customer else None
            return [row for row, _items in _reminders(ctx, tx, found, overdue)]
    with ctx.transaction("payment.dun") as tx:
        check_right(tx, "payment", "dun")
        found = refs.resolve(tx, "account", customer) if customer else None
        rows = list(_reminders(ctx, tx, found, overdue))
        by_address: dict[tuple[int, str], list[ledger.Due]] = {}
        for row, items in rows:
            if row["to"]:
                by_address.setdefault((row["account"].id, row["to"]), []).extend(items)
                row["sent"] = True
        for (who, to), items in by_address.items():
            _write(ctx, tx, who, to, items)
        return [row for row, _items in rows]


def _reminders(
    ctx: Context, tx: Tx, customer: int | None, overdue: int
) -> Iterator[tuple[dict[str, Any], list[ledger.Due]]]:
    found: dict[tuple[int, str], list[ledger.Due]] = {}
    for each in _late(ctx, tx, customer, overdue):
        own = each.record.currency or ctx.company.currency
        found.setdefault((each.record.account_id or 0, own), []).append(each)
    for (who, own), items in sorted(found.items()):
        of = _customer(tx, who)
        yield (
            {
                "account": of and Ref(refs.ref_of("account", of.id), of.name, of.id),
                "to": _address(tx, of),
                "items": len(items),
                "open": Money(sum(each.open for each in items), own),
                "oldest": items[0].due_on,
                "sent": False,
            },
            items,
        )


def _address(tx: Tx, customer: Any | None) -> str | None:
    """Whom to write to: the customer itself, else its primary contact, else any contact with an address."""
    if customer is None:
        return None
    if customer.email:
        return str(customer.email)
    model = table("contact")
    query = select(model.email).where(
        model.account_id == customer.id, model.email.is_not(None), model.archived_at.is_(None)
    )
    return tx.session.scalars(query.order_by(model.primary.desc(), model.id)).first()


def _write(ctx: Context, tx: Tx, customer: int, to: str, items: list[ledger.Due]) -> None:
    from crmtui.services import outbox

    lines = [gettext(N_("According to our books the following is overdue:")), ""]
    for each in items:
        own = each.record.currency or ctx.company.currency
        said = gettext(N_("{text} ({ref}), due on {day}: {amount} {currency}"))
        amount = Money(each.open, own).text()
        lines.append(
            said.format(text=each.record.name, ref=each.ref, day=each.due_on, amount=amount, currency=own)
        )
    lines += [
        "",
        gettext(N_("If you have paid in the meantime, please take this as settled.")),
        ctx.company.called,
    ]
    outbox.mail(
        ctx,
        tx,
        to=to,
        subject=gettext(N_("Reminder of overdue payments")),
        text="\n".join(lines),
        about=("account", customer),
        key=f"dun {customer} {ctx.clock.today()}",
    )
