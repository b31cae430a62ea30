"""Invoices: made of a contract or an order, in whole or in part, issued, paid or voided (U8S-04)."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select

from crmtui.errors import Invalid, Refused
from crmtui.i18n import N_, gettext
from crmtui.money import Money, half_up
from crmtui.services import delivery, ledger, lifecycle, lines, positions
from crmtui.services.context import Context, Tx
from crmtui.store import refs
from crmtui.store.contract import BINDING
from crmtui.store.record import table
from crmtui.store.types import Whole

DAYS = 30
"""After so many days an invoice is due where nothing else is said."""


def settle(ctx: Context, tx: Tx, row: dict[str, Any], before: dict[str, Any] | None, facts: bool) -> None:
    """An invoice is somebody's; an issued one stands as it is. An import states facts. Raises Invalid, Refused."""
    for noun in ("order", "contract"):
        if row.get(f"{noun}_id") is not None:
            record = delivery.held(tx, noun, row[f"{noun}_id"])
            for name in ("account_id", "owner_id", "currency"):
                row[name] = row.get(name) or getattr(record, name)
            if noun == "order":
                row["contract_id"] = record.contract_id
    row["state"] = row.get("state") or "draft"
    row["name"] = row.get("name") or gettext(N_("Invoice"))
    if not facts:
        row["owner_id"] = row.get("owner_id") or ctx.actor.id
        _check(row, before)
    if before is not None:
        positions.follow(tx, "invoice", row, before)
    price = (row.get("amount") or 0) + (row.get("tax") or 0)
    paid = ledger.received(tx, "invoice", before["id"]) if before else 0
    row["outstanding"] = ledger.rest(price, paid, row["state"])


def _check(row: dict[str, Any], before: dict[str, Any] | None) -> None:
    if row.get("account_id") is None:
        raise Invalid(
            "field.required",
            N_("{label} must not be empty."),
            field="account",
            hint=N_("Give it with --{option}."),
            label="account",
            option="account",
        )
    fixed = ("account_id", "amount", "tax", "currency", "discount")
    touched = [name for name in fixed if before and row[name] != before[name]]
    if touched and before and before["state"] != "draft":
        raise Refused(
            "invoice.issued",
            N_("{ref} is {state}; its {field} stands."),
            field=touched[0].removesuffix("_id"),
            hint=N_("Void it and make a new one: crm invoice void {ref}"),
            ref=refs.ref_of("invoice", before["id"]),
            state=gettext(before["state"]),
        )


def make(
    ctx: Context,
    noun: str,
    ref: str,
    percent: str = "",
    issue: bool = False,
    due: date | None = None,
    number: str = "",
) -> Any:
    """Make an invoice of an order or a contract (`noun`), or of so many percent of it; return it.

    Without a percentage it is over all that was not billed before. Raises NotFound, Invalid, Refused (not in force;
    everything is billed), Forbidden, Conflict.
    """
    with ctx.transaction("invoice.make") as tx:
        record = refs.get(tx, noun, ref)
        ctx.check_version(tx, record, {"invoice": percent or "100%"})
        _check_source(noun, record)
        left = _unbilled(tx, noun, record)
        invoice = _insert(ctx, tx, noun, record, number, due)
        if percent:
            _part(tx, invoice, record, lines.read_percent(percent, "percent"), left)
        elif left == (record.amount or 0, record.tax or 0):
            _whole(tx, invoice, noun, record)
        else:
            invoice.amount, invoice.tax = left
        if (
            not (invoice.amount or 0) + (invoice.tax or 0)
            or invoice.amount > left[0]
            or invoice.tax > left[1]
        ):
            raise Refused(
                "invoice.nothing_left",
                N_("Only {left} {currency} of {ref} are still to be billed."),
                field="amount",
                left=Money(sum(left), record.currency).text(),
                currency=record.currency,
                ref=refs.ref_of(noun, record.id),
            )
        ledger.refresh(ctx, tx, invoice)
        if issue:
            _issue(ctx, tx, invoice, None)
        tx.session.flush()
        return invoice


def _check_source(noun: str, record: Any) -> None:
    if (noun == "contract" and record.state not in BINDING) or record.state == "cancelled":
        raise Refused(
            "invoice.no_source",
            N_("{ref} is {state}; no invoice is made of it."),
            ref=refs.ref_of(noun, record.id),
            state=gettext(record.state),
        )


def _unbilled(tx: Tx, noun: str, record: Any) -> tuple[int, int]:
    """Net and tax of what was not billed yet of a record, of its orders together with it."""
    invoice = table("invoice")
    query = select(
        func.coalesce(func.sum(invoice.amount), 0, type_=Whole),
        func.coalesce(func.sum(invoice.tax), 0, type_=Whole),
    ).where(
        getattr(invoice, f"{noun}_id") == record.id, invoice.state != "void", invoice.archived_at.is_(None)
    )
    with tx.without_predicate("ledger"):
        net, tax = tx.session.execute(query).one()
    return max((record.amount or 0) - int(net), 0), max((record.tax or 0) - int(tax), 0)


def _insert(ctx: Context, tx: Tx, noun: str, record: Any, number: str, due: date | None) -> Any:
    return tx.add(
        table("invoice")(
            name=record.name,
            number=number or None,
            account_id=record.account_id,
            owner_id=record.owner_id,
            contract_id=record.id if noun == "contract" else record.contract_id,
            order_id=record.id if noun == "order" else None,
            currency=record.currency,
            due_on=due,
        )
    )


def _whole(tx: Tx, invoice: Any, noun: str, record: Any) -> None:
    """The lines of the record, or its amount where it has none."""
    invoice.discount = record.discount
    invoice.amount, invoice.tax = record.amount or 0, record.tax or 0
    positions.copy(tx, positions.of(tx, noun, record), "invoice", invoice)
    positions.count(tx, "invoice", invoice)


def _part(tx: Tx, invoice: Any, record: Any, share: int, left: tuple[int, int]) -> None:
    """So much of the record, in hundredths of a percent; the last part takes what rounding left over."""
    net, tax = (half_up((each or 0) * share, lines.ONE) for each in (record.amount, record.tax))
    near = abs(net - left[0]) + abs(tax - left[1]) <= 2
    invoice.amount, invoice.tax = left if near else (net, tax)


def issue(ctx: Context, ref: str, due: date | None = None) -> Any:
    """Send out a draft invoice: issued today, due on that day or after 30 days; return it.

    Raises NotFound, Refused (no draft, no amount), Forbidden, Conflict.
    """
    with ctx.transaction("invoice.issue") as tx:
        invoice = refs.get(tx, "invoice", ref)
        ctx.check_version(tx, invoice, {"state": "issued"})
        _issue(ctx, tx, invoice, due)
        return invoice


def _issue(ctx: Context, tx: Tx, invoice: Any, due: date | None) -> None:
    lifecycle.move("invoice", invoice, "issued")
    if not (invoice.amount or 0):
        raise Refused(
            "invoice.empty",
            N_("{ref} has no amount."),
            field="amount",
            ref=refs.ref_of("invoice", invoice.id),
        )
    today = ctx.clock.today()
    invoice.state, invoice.issued_on = "issued", today
    invoice.due_on = due or invoice.due_on or today + timedelta(days=DAYS)
    ledger.refresh(ctx, tx, invoice)
    tx.session.flush()


def void(ctx: Context, ref: str, reason: str) -> Any:
    """Take an unpaid invoice back, with the reason; return it. Raises NotFound, Refused (paid, no reason), Forbidden, Conflict."""
    if not reason.strip():
        raise Refused(
            "invoice.no_reason",
            N_("An invoice is voided with the reason."),
            field="reason",
            hint=N_("Say why: --reason TEXT"),
        )
    with ctx.transaction("invoice.void", reason) as tx:
        invoice = refs.get(tx, "invoice", ref)
        ctx.check_version(tx, invoice, {"state": "void"})
        if invoice.paid:
            raise Refused(
                "invoice.paid",
                N_("Something of {ref} is paid."),
                field="state",
                hint=N_("Refund it first: crm payment refund {ref} AMOUNT"),
                ref=refs.ref_of("invoice", invoice.id),
            )
        lifecycle.move("invoice", invoice, "void")
        invoice.state, invoice.reason = "void", reason
        ledger.refresh(ctx, tx, invoice)
        tx.session.flush()
        return invoice


def lines_of(ctx: Context, ref: str) -> list[dict[str, Any]]:
    """The lines of an invoice as people see them. Raises NotFound."""
    with ctx.reading() as tx:
        invoice = refs.get(tx, "invoice", ref)
        rows = positions.of(tx, "invoice", invoice)
        counted = lines.sums(rows, (invoice.discount or 0) * 100).lines
        stands = [delivery.Standing(row, each) for row, each in zip(rows, counted, strict=True)]
        return positions.shown(ctx, tx, invoice, stands)
