"""Payments: entered for a contract, an order or an invoice, refunded, planned; balances follow at once (SPC-67)."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import select

from crmtui.errors import Invalid, NotFound, Refused, about
from crmtui.i18n import N_, gettext
from crmtui.money import Money, half_up, parse_amount
from crmtui.services import delivery, ledger, lines, records
from crmtui.services.context import Context, Tx
from crmtui.store import refs
from crmtui.store.record import table
from crmtui.store.session import check_right

_ABOVE = ("invoice", "order", "contract")
"""What a payment may be for, each with those behind it that it then also counts for."""
TITLES = {"receipt": N_("Receipt"), "advance": N_("Prepayment"), "refund": N_("Refund")}


def settle(ctx: Context, tx: Tx, row: dict[str, Any], before: dict[str, Any] | None, facts: bool) -> None:
    """A payment is for somebody, in the currency of what it is for, and never more than is outstanding there.

    What it is for counts anew. An import states facts: it may pay more. Raises Refused, Invalid, Forbidden.
    """
    row["kind"] = row.get("kind") or "receipt"
    if not facts and row["kind"] == "refund":
        check_right(tx, "payment", "refund")
    targets = _targets(tx, row)
    _complete(ctx, tx, row, targets)
    if not facts:
        _check(row)
    for noun, record in targets.items():
        _book(ctx, tx, noun, record, row, before, facts)
    if before is not None:
        _leave(ctx, tx, row, before)


def _targets(tx: Tx, row: dict[str, Any]) -> dict[str, Any]:
    """What the payment is for: the invoice with its order and contract, the order with its contract, or the contract."""
    found: dict[str, Any] = {}
    for noun in _ABOVE:
        if row.get(f"{noun}_id") is not None:
            record = found[noun] = delivery.held(tx, noun, row[f"{noun}_id"])
            for above in _ABOVE[_ABOVE.index(noun) + 1 :]:
                told = getattr(record, f"{above}_id", None)
                if told is not None:
                    row[f"{above}_id"] = told
    return found


def _complete(ctx: Context, tx: Tx, row: dict[str, Any], targets: dict[str, Any]) -> None:
    first = next(iter(targets.values()), None)
    if first is not None:
        for name in ("account_id", "owner_id"):
            row[name] = row.get(name) or getattr(first, name)
        currency = first.currency or ctx.company.currency
        row["currency"] = row.get("currency") or currency
        if row["currency"] != currency:
            raise Refused(
                "payment.currency",
                N_("{ref} is in {currency}; a payment for it is too."),
                field="currency",
                hint=N_("Enter what the payment is worth in {currency}."),
                ref=refs.ref_of(first.NOUN, first.id),
                currency=currency,
            )
        if first.state in ("cancelled", "void"):
            raise Refused(
                "payment.not_alive",
                N_("{ref} is {state}; nothing is paid for it."),
                field=first.NOUN,
                ref=refs.ref_of(first.NOUN, first.id),
                state=gettext(first.state),
            )
    row["paid_on"] = row.get("paid_on") or ctx.clock.today()
    row["owner_id"] = row.get("owner_id") or ctx.actor.id
    if not row.get("name"):
        of = refs.ref_of(first.NOUN, first.id) if first is not None else ""
        row["name"] = " ".join(
            part for part in (gettext(TITLES[row["kind"]]), of, str(row["paid_on"])) if part
        )


def _check(row: dict[str, Any]) -> None:
    if row.get("account_id") is None:
        raise Invalid(
            "payment.whose",
            N_("A payment is for something, or at least from somebody."),
            field="account",
            hint=N_("Give --contract, --order, --invoice or --account."),
        )
    if row.get("amount") == 0:
        raise Invalid("payment.nothing", N_("A payment of nothing is none."), field="amount")


def _signed(row: dict[str, Any]) -> int:
    if row.get("archived_at") is not None:
        return 0
    return int(row.get("amount") or 0) * (-1 if row["kind"] == "refund" else 1)


def _book(
    ctx: Context,
    tx: Tx,
    noun: str,
    record: Any,
    row: dict[str, Any],
    before: dict[str, Any] | None,
    facts: bool,
) -> None:
    others = ledger.received(tx, noun, record.id, before["id"] if before else None)
    paid = others + _signed(row)
    currency = record.currency or ctx.company.currency
    if not facts and _signed(row) > 0 and paid > ledger.price_of(record):
        raise Refused(
            "payment.above_balance",
            N_("Only {left} {currency} of {ref} are outstanding."),
            field="amount",
            hint=N_(
                "Enter at most that much for it; the rest is on account: crm payment add --account {account}"
            ),
            left=Money(max(ledger.price_of(record) - others, 0), currency).text(),
            currency=currency,
            ref=refs.ref_of(noun, record.id),
            account=refs.ref_of("account", record.account_id) if record.account_id else "REF",
        )
    if not facts and paid < 0:
        raise Refused(
            "payment.above_paid",
            N_("Only {paid} {currency} were paid for {ref}."),
            field="amount",
            hint=N_("A refund gives back what was paid."),
            paid=Money(max(others, 0), currency).text(),
            currency=currency,
            ref=refs.ref_of(noun, record.id),
        )
    ledger.settle_up(ctx, record, paid)


def _leave(ctx: Context, tx: Tx, row: dict[str, Any], before: dict[str, Any]) -> None:
    """What the payment was for and is not any more counts anew without it."""
    for noun in _ABOVE:
        was = before.get(f"{noun}_id")
        if was is not None and was != row.get(f"{noun}_id"):
            record = delivery.held(tx, noun, was)
            ledger.settle_up(ctx, record, ledger.received(tx, noun, was, before["id"]))


# -- the verbs --------------------------------------------------------------------------------------------------


def target(tx: Tx, said: str) -> tuple[str, Any]:
    """The noun and the record that a payment is for: K-8, S-6 or IV-3, or a contract by its number or name. Raises NotFound."""
    named = refs.noun_of(said)
    noun = named[0] if named else "contract"
    if noun not in _ABOVE:
        raise NotFound(
            "payment.no_target",
            N_("Payments are for contracts, orders and invoices, not for {ref}."),
            hint=N_("Name one by its ref, such as K-8, S-6 or IV-3."),
            ref=said,
        )
    return noun, refs.get(tx, noun, said)


def take(
    ctx: Context,
    ref: str,
    amount: str,
    kind: str = "receipt",
    on: date | None = None,
    method: str = "",
    reference: str = "",
) -> Any:
    """Enter a payment for what `ref` means; return it as stored. A refund needs its own right.

    Raises NotFound, Invalid, Refused (more than is outstanding, or was paid), Forbidden, Conflict.
    """
    with ctx.transaction("payment.refund" if kind == "refund" else "payment.in") as tx:
        noun, record = target(tx, ref)
        ctx.check_version(tx, record, {"paid": amount})
        given = {"method": method, "reference": reference}
        row = records.read_values(ctx, tx, "payment", {name: value for name, value in given.items() if value})
        currency = record.currency or ctx.company.currency
        row |= {f"{noun}_id": record.id, "kind": kind, "paid_on": on, "currency": currency}
        row["amount"] = parse_amount(amount, currency)
        return records.insert(ctx, tx, "payment", row)


# -- the plan ---------------------------------------------------------------------------------------------------


def plan_of(ctx: Context, ref: str) -> list[dict[str, Any]]:
    """When a contract is to be paid: due_on, amount, paid, open, overdue, text; earliest first. Raises NotFound."""
    with ctx.reading() as tx:
        return _shown(ctx, tx, refs.get(tx, "contract", ref))


def plan(
    ctx: Context, ref: str, wanted: Sequence[tuple[date, str]], *, anew: bool = False
) -> list[dict[str, Any]]:
    """Plan that a contract is paid by these days: amounts, or percentages of it such as 30%; 0 for nothing that day.

    What was planned for other days stays, unless it is planned `anew`. Returns the plan. Raises NotFound, Invalid,
    Refused where it comes to more than the contract, Forbidden, Conflict.
    """
    with ctx.transaction("payment.plan") as tx:
        contract = refs.get(tx, "contract", ref)
        ctx.check_version(tx, contract, {"plan": ", ".join(amount for _day, amount in wanted)})
        whole = (contract.amount or 0) + (contract.tax or 0)
        currency = contract.currency or ctx.company.currency
        kept = {} if anew else {row.due_on: row.amount for row in _instalments(tx, contract.id)}
        planned = kept | dict(zip((day for day, _ in wanted), _amounts(wanted, whole, currency), strict=True))
        _check_sum(ctx, contract, sum(planned.values()), whole, currency)
        for row in _instalments(tx, contract.id):
            if planned.get(row.due_on) != row.amount:
                tx.session.delete(row)
            else:
                del planned[row.due_on]
        tx.session.flush()
        for day, amount in planned.items():
            if amount:
                tx.session.add(table("contract_due")(contract_id=contract.id, due_on=day, amount=amount))
        tx.session.flush()
        return _shown(ctx, tx, contract)


def _amounts(wanted: Sequence[tuple[date, str]], whole: int, currency: str) -> list[int]:
    """Amounts as typed; percentages that make a hundred share the whole to the cent. Raises Invalid."""
    with about("due"):
        if not all(text.endswith("%") for _day, text in wanted):
            return [
                half_up(whole * lines.read_percent(text, "due"), lines.ONE)
                if text.endswith("%")
                else parse_amount(text, currency)
                for _day, text in wanted
            ]
        parts = [lines.read_percent(text, "due") for _day, text in wanted]
    share = lines.share(whole, parts)
    return share if sum(parts) == lines.ONE else [half_up(whole * part, lines.ONE) for part in parts]


def _check_sum(ctx: Context, contract: Any, planned: int, whole: int, currency: str) -> None:
    facts = {
        "sum": Money(planned, currency).text(),
        "whole": Money(whole, currency).text(),
        "currency": currency,
    }
    if planned > whole:
        raise Refused(
            "payment.plan_sum",
            N_("The instalments come to {sum} {currency}, the contract to {whole}."),
            field="due",
            hint=N_("Plan anew with --anew, or take an instalment out: --due DATE=0"),
            **facts,
        )
    if planned < whole:
        said = gettext(N_("The payment plan comes to {sum} {currency}, the contract to {whole}."))
        ctx.remark(said.format(**facts))


def _instalments(tx: Tx, contract: int) -> list[Any]:
    part = table("contract_due")
    query = select(part).where(part.contract_id == contract).order_by(part.due_on, part.id)
    return list(tx.session.scalars(query))


def _shown(ctx: Context, tx: Tx, contract: Any) -> list[dict[str, Any]]:
    left, shown = contract.paid or 0, []
    currency = contract.currency or ctx.company.currency
    for row in _instalments(tx, contract.id):
        covered = min(left, row.amount)
        left -= covered
        shown.append(
            {
                "due_on": row.due_on,
                "amount": Money(row.amount, currency),
                "paid": Money(covered, currency),
                "open": Money(row.amount - covered, currency),
                "overdue": row.amount > covered and row.due_on < ctx.clock.today(),
                "text": row.text,
            }
        )
    return shown
