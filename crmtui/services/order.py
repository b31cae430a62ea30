"""Orders: taken by hand or from a contract, planned, executed, delivered, returned, completed (SPC-15/24/63-65)."""

from datetime import date
from typing import Any

from crmtui.errors import Invalid, Refused
from crmtui.i18n import N_, gettext
from crmtui.services import credit, delivery, ledger, lifecycle, lines, positions
from crmtui.services.context import Context, Tx
from crmtui.store import refs
from crmtui.store.contract import BINDING
from crmtui.store.record import table

FROM = ("account_id", "opp_id", "owner_id", "currency")
"""What an order takes over from its contract."""
_ENDED = ("completed", "cancelled")


def settle(ctx: Context, tx: Tx, row: dict[str, Any], before: dict[str, Any] | None, facts: bool) -> None:
    """An order is somebody's, and one from a contract is of a contract in force. An import states facts.

    Beyond the customer's credit limit it is remarked on or refused. Raises Invalid, Refused.
    """
    if before is None:
        _begin(ctx, tx, row, facts)
    else:
        if not facts:
            _check_ended(row, before)
        positions.follow(tx, "order", row, before)
    price = (row.get("amount") or 0) + (row.get("tax") or 0) - (row.get("returned") or 0)
    paid = ledger.received(tx, "order", before["id"]) if before else 0
    row["outstanding"] = ledger.rest(price, paid, row["state"])
    if not facts and row.get("contract_id") is None:
        more = price - ((before["amount"] or 0) + (before["tax"] or 0) if before else 0)
        if more > 0:
            credit.check(ctx, tx, row.get("account_id"), row["outstanding"], _standing_for(row))


def _standing_for(row: dict[str, Any]) -> Any:
    """An order that is not stored yet, as the check of credit asks for it."""
    made = table("order")(**{name: row.get(name) for name in ("name", "currency")})
    made.id = row.get("id") or 0
    return made


def _begin(ctx: Context, tx: Tx, row: dict[str, Any], facts: bool) -> None:
    row["state"] = row.get("state") or "accepted"
    if row.get("contract_id") is not None:
        contract = delivery.held(tx, "contract", row["contract_id"])
        if not facts:
            _check_contract(contract)
        for name in FROM:
            if name != "currency":
                row[name] = row.get(name) or getattr(contract, name)
        _same_currency(row, contract)
    row["ordered_on"] = row.get("ordered_on") or (None if facts else ctx.clock.today())
    row["name"] = row.get("name") or _name(tx, row)
    if facts:
        return
    row["owner_id"] = row.get("owner_id") or ctx.actor.id
    if row.get("account_id") is None:
        raise Invalid(
            "field.required",
            N_("{label} must not be empty."),
            field="account",
            hint=N_("Give it with --{option}."),
            label="account",
            option="account",
        )
    if row["state"] != "accepted":
        raise Refused(
            "order.begins",
            N_("A new order is accepted, not {state}."),
            field="state",
            hint=N_("Enter it, then: crm order advance REF"),
            state=gettext(row["state"]),
        )


def _same_currency(row: dict[str, Any], contract: Any) -> None:
    row["currency"] = contract.currency if row.get("currency") is None else row["currency"]
    if row["currency"] != contract.currency:
        raise Refused(
            "order.currency",
            N_("{ref} is in {currency}; an order from it is too."),
            field="currency",
            ref=refs.ref_of("contract", contract.id),
            currency=contract.currency,
        )


def _check_contract(contract: Any) -> None:
    if contract.state not in BINDING or contract.state in ("interrupted", "closed"):
        raise Refused(
            "order.contract_not_in_force",
            N_("{ref} is {state}; nothing is ordered from it."),
            field="contract",
            ref=refs.ref_of("contract", contract.id),
            state=gettext(contract.state),
        )


def _name(tx: Tx, row: dict[str, Any]) -> str:
    from sqlalchemy import select

    noun, record = (
        ("contract", row["contract_id"]) if row.get("contract_id") else ("account", row.get("account_id"))
    )
    model = table(noun)
    name = tx.session.scalar(select(model.name).where(model.id == record))
    return " ".join(part for part in (name, row.get("external_id")) if part)[:200] or gettext(N_("Order"))


def _check_ended(row: dict[str, Any], before: dict[str, Any]) -> None:
    touched = [
        name
        for name in ("account_id", "contract_id", "amount", "currency", "discount")
        if row[name] != before[name]
    ]
    if touched and before["state"] in _ENDED:
        raise Refused(
            "order.ended",
            N_("{ref} is {state}; its {field} stands."),
            field=touched[0].removesuffix("_id"),
            ref=refs.ref_of("order", before["id"]),
            state=gettext(before["state"]),
        )


def entered(ctx: Context, tx: Tx, order: Any) -> None:
    """What an order from a contract is of: all that was not ordered from it before, where nothing else was said."""
    if order.contract_id is None or order.amount is not None:
        return
    contract = delivery.held(tx, "contract", order.contract_id)
    ordered = _ordered(tx, contract.id, order.id)
    for stands in delivery.standings(tx, contract):
        left = stands.line.quantity - max(ordered.get(stands.line.position, 0), stands.reached)
        if left > 0:
            place = stands.line.position
            positions.copy(tx, [stands.line], "order", order, quantity=left, contract_position=place)
    order.discount = contract.discount
    if not positions.of(tx, "order", order):
        if ordered or contract.amount is None:
            raise Refused(
                "order.nothing_left",
                N_("Everything of {ref} is ordered or delivered already."),
                field="contract",
                hint=N_("Say what more: crm contract change {ref}"),
                ref=refs.ref_of("contract", contract.id),
            )
        order.amount, order.tax, order.cost = contract.amount, contract.tax, contract.cost
    recount(ctx, tx, order)


def _ordered(tx: Tx, contract: int, but: int) -> dict[int, int]:
    """How much of each line of a contract was ordered, by position."""
    from sqlalchemy import func, select

    order, line = table("order"), table("order_line")
    query = (
        select(line.contract_position, func.sum(line.quantity))
        .join(order, order.id == line.order_id)
        .where(order.contract_id == contract, order.id != but, line.contract_position.is_not(None))
        .where(order.state != "cancelled", order.archived_at.is_(None))
        .group_by(line.contract_position)
    )
    with tx.without_predicate("ledger"):
        return {position: int(quantity) for position, quantity in tx.session.execute(query)}


def recount(ctx: Context, tx: Tx, order: Any) -> None:
    """Let amounts, progress and balance of an order follow from its lines, deliveries and payments."""
    before = ledger.price_of(order)
    tx.session.flush()
    positions.count(tx, "order", order)
    delivery.refresh(ctx, tx, order)
    if order.contract_id is None and ledger.price_of(order) > before:
        credit.check(ctx, tx, order.account_id, order.outstanding or 0, order)


# -- its life ---------------------------------------------------------------------------------------------------


def advance(ctx: Context, ref: str, to: str = "", note: str = "") -> Any:
    """Move an order on: planned, executing, completed; return it.

    Raises NotFound, Refused (no such step; something is still to be delivered), Forbidden, Conflict.
    """
    with ctx.transaction("order.advance", note) as tx:
        order = refs.get(tx, "order", ref)
        ctx.check_version(tx, order, {"state": to})
        step = lifecycle.move("order", order, to)
        if step.target == "cancelled":
            raise Refused(
                "order.own_verb",
                N_("An order is cancelled with the reason."),
                field="state",
                hint=N_("Use: crm order cancel {ref} --reason TEXT"),
                ref=refs.ref_of("order", order.id),
            )
        if step.target == "completed":
            _check_delivered(tx, order)
            order.progress = 100
        order.state = step.target
        tx.session.flush()
        return order


def _check_delivered(tx: Tx, order: Any) -> None:
    short = [each for each in delivery.standings(tx, order) if each.reached < each.line.quantity]
    if short:
        raise Refused(
            "order.not_delivered",
            N_("{quantity} of {line} are still to be delivered."),
            field="state",
            hint=N_("Enter what was: crm order deliver {ref}"),
            ref=refs.ref_of("order", order.id),
            quantity=lines.decimal(short[0].line.quantity - short[0].reached, 4),
            line=short[0].line.text,
        )


def deliver(
    ctx: Context, ref: str, items: list[str], kind: str = "delivered", on: date | None = None, note: str = ""
) -> Any:
    """Enter what was delivered of an order (lines such as SCN-200x100 or 1x100; all that is open where none is said), or
    what came back, with `kind` returned; return the order. Its contract follows at once; the first
    delivery takes it into execution.

    Raises NotFound, Invalid, Refused (not being executed; more than there is), Forbidden, Conflict.
    """
    with ctx.transaction("order.return" if kind == "returned" else "order.deliver", note) as tx:
        order = refs.get(tx, "order", ref)
        ctx.check_version(tx, order, {kind: ", ".join(items)})
        states = ("executing", "completed") if kind == "returned" else ("executing",)
        if order.state not in states:
            raise Refused(
                "order.not_executing",
                N_("{ref} is {state}; nothing is delivered of it."),
                field="state",
                hint=N_("First: crm order advance {ref} --to executing"),
                ref=refs.ref_of("order", order.id),
                state=gettext(order.state),
            )
        if order.contract_id is not None:
            _carry_out(tx, order.contract_id)
        delivery.move(ctx, tx, order, kind, entries(tx, order, items, kind), on or ctx.clock.today(), note)
        return order


def _carry_out(tx: Tx, contract_id: int) -> None:
    """The first delivery of an order takes its contract into execution, as a delivery of the contract does."""
    contract = delivery.held(tx, "contract", contract_id)
    if contract.state in ("signed", "planning", "started"):
        contract.state = "executing"


def entries(tx: Tx, record: Any, items: list[str], kind: str) -> list[tuple[Any, int]]:
    """Lines and quantities as typed; without any, all that is still to be delivered. Raises NotFound, Invalid, Refused."""
    if items:
        found = []
        for said in items:
            whole = refs.find_ids(tx, "product", said)  # a product may be called Box2
            what, quantity = (said, lines.ONE) if whole else positions.item(said)
            found.append((positions.line_of(tx, record.NOUN, record, what), quantity))
        return found
    stands = delivery.standings(tx, record) if kind == "delivered" else []
    open_ = [(each.line, each.line.quantity - each.delivered + each.returned) for each in stands]
    left = [(line, quantity) for line, quantity in open_ if quantity > 0]
    if not left:
        raise Refused(
            "line.nothing",
            N_("Nothing of {ref} is still to be delivered."),
            field="lines",
            hint=N_("Name the line and how much, such as SCN-200x2."),
            ref=refs.ref_of(record.NOUN, record.id),
        )
    return left


def cancel(ctx: Context, ref: str, reason: str) -> Any:
    """Give up an order of which nothing was kept by the customer, with the reason; return it.

    Raises NotFound, Refused (no reason, something delivered or paid), Forbidden, Conflict.
    """
    if not reason.strip():
        raise Refused(
            "order.no_reason",
            N_("An order is cancelled with the reason."),
            field="reason",
            hint=N_("Say why: --reason TEXT"),
        )
    with ctx.transaction("order.cancel", reason) as tx:
        order = refs.get(tx, "order", ref)
        ctx.check_version(tx, order, {"state": "cancelled"})
        lifecycle.move("order", order, "cancelled")
        kept = [each for each in delivery.standings(tx, order) if each.delivered > each.returned]
        if kept or order.paid:
            raise Refused(
                "order.begun",
                N_("Something of {ref} was delivered or paid."),
                field="state",
                hint=N_(
                    "Enter what came back (crm order return) and what was refunded (crm payment refund) first."
                ),
                ref=refs.ref_of("order", order.id),
            )
        order.state, order.reason = "cancelled", reason
        tx.session.flush()
        delivery.refresh(ctx, tx, order)
        return order


def lines_of(ctx: Context, ref: str) -> list[dict[str, Any]]:
    """The lines of an order as people see them, with what was delivered and came back. Raises NotFound."""
    with ctx.reading() as tx:
        order = refs.get(tx, "order", ref)
        return positions.shown(ctx, tx, order, delivery.standings(tx, order))
