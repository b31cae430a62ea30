"""Carrying out contracts and orders: what was delivered of each line, what came back, and how far that is (ZSC-44)."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select

from crmtui.errors import Refused
from crmtui.i18n import N_
from crmtui.money import half_up
from crmtui.services import ledger, lines, positions
from crmtui.services.context import Context, Tx
from crmtui.store import refs
from crmtui.store.record import table

MOVED = {"contract": "contract_delivery", "order": "order_delivery"}


@dataclass
class Standing:
    """A line, what it comes to, and how much of it was delivered and came back, in ten-thousandths."""

    line: Any
    counted: lines.Counted
    delivered: int = 0
    returned: int = 0

    @property
    def credited(self) -> int:
        """How much came back and was not delivered again."""
        again = max(self.delivered - self.line.quantity, 0)
        return int(max(self.returned - again, 0))

    @property
    def reached(self) -> int:
        """How much of what was asked for has been delivered."""
        return min(self.delivered, int(self.line.quantity))

    def of(self, value: int, quantity: int) -> int:
        """The part of `value`, which the whole line has, that falls on `quantity`."""
        return half_up(value * quantity, self.line.quantity)

    @property
    def credit(self) -> tuple[int, int, int]:
        """What came back: net, tax and cost."""
        counted, back = self.counted, self.credited
        return self.of(counted.net, back), self.of(counted.tax, back), self.of(counted.cost, back)


def standings(tx: Tx, record: Any) -> list[Standing]:
    """How the lines of a contract or an order stand; what the orders of a contract delivered counts for its lines."""
    rows = positions.of(tx, record.NOUN, record)
    counted = lines.sums(rows, (record.discount or 0) * 100).lines
    found = {row.position: Standing(row, each) for row, each in zip(rows, counted, strict=True)}
    for position, kind, quantity in _moved(tx, record):
        if position in found:
            setattr(found[position], kind, getattr(found[position], kind) + int(quantity))
    return list(found.values())


def _moved(tx: Tx, record: Any) -> list[Any]:
    """Position, kind and quantity of all that was delivered or came back."""
    own = table(MOVED[record.NOUN])
    query = select(own.position, own.kind, func.sum(own.quantity)).where(
        getattr(own, f"{record.NOUN}_id") == record.id
    )
    rows = list(tx.session.execute(query.group_by(own.position, own.kind)))
    if record.NOUN == "contract":
        moved, line, order = table("order_delivery"), table("order_line"), table("order")
        below = (
            select(line.contract_position, moved.kind, func.sum(moved.quantity))
            .join(line, (line.order_id == moved.order_id) & (line.position == moved.position))
            .join(order, order.id == moved.order_id)
            .where(order.contract_id == record.id, line.contract_position.is_not(None))
            .where(order.state != "cancelled", order.archived_at.is_(None))
        )
        with tx.without_predicate("ledger"):
            rows += tx.session.execute(below.group_by(line.contract_position, moved.kind))
    return rows


def move(
    ctx: Context, tx: Tx, record: Any, kind: str, entries: list[tuple[Any, int]], day: date, note: str
) -> None:
    """Enter what was delivered of lines, or came back (lines of the record and quantities), and count anew.

    Raises Refused where more would come back than was delivered, or be delivered than was asked for.
    """
    part = table(MOVED[record.NOUN])
    for line, quantity in entries:
        stands = next(each for each in standings(tx, record) if each.line.position == line.position)
        _check(record, stands, kind, quantity)
        values = {"position": line.position, "kind": kind, "quantity": quantity, "on_day": day}
        tx.session.add(part(**{f"{record.NOUN}_id": record.id}, **values, text=note or None))
        tx.session.flush()
    refresh(ctx, tx, record)


def _check(record: Any, stands: Standing, kind: str, quantity: int) -> None:
    kept = stands.delivered - stands.returned
    most = kept if kind == "returned" else stands.line.quantity - kept
    if quantity <= most:
        return
    back = N_("Only {most} of {line} were delivered and not sent back; {quantity} cannot come back.")
    out = N_("Only {most} of {line} are still to be delivered, not {quantity}.")
    raise Refused(
        "line.too_much",
        back if kind == "returned" else out,
        field="quantity",
        hint=N_("crm {noun} line list {ref} shows what was delivered of each line."),
        noun=record.NOUN,
        ref=refs.ref_of(record.NOUN, record.id),
        most=lines.decimal(max(most, 0), 4),
        line=stands.line.text,
        quantity=lines.decimal(quantity, 4),
    )


def refresh(ctx: Context, tx: Tx, record: Any) -> None:
    """Count anew how far a contract or an order is carried out, what of it came back, and what is outstanding of it."""
    stands = standings(tx, record)
    whole = sum(each.counted.net for each in stands)
    done = sum(each.of(each.counted.net, each.reached) for each in stands)
    back = [each.credit for each in stands]
    record.delivered, record.returned = done, sum(net + tax for net, tax, _cost in back)
    record.progress = _milestones(tx, record)
    if record.progress is None and whole:
        record.progress = done * 100 // whole
    ledger.refresh(ctx, tx, record)
    tx.session.flush()
    if record.NOUN == "order" and record.contract_id:
        refresh(ctx, tx, held(tx, "contract", record.contract_id))


def _milestones(tx: Tx, record: Any) -> int | None:
    """How far a contract is by its milestones; None where it has none (A-49)."""
    if record.NOUN != "contract":
        return None
    step = table("contract_milestone")
    steps = list(tx.session.scalars(select(step).where(step.contract_id == record.id)))
    whole = sum(each.weight for each in steps)
    return sum(each.weight for each in steps if each.done_on) * 100 // whole if whole else None


def held(tx: Tx, noun: str, record: int) -> Any:
    """The record of that id, whatever the actor may see of it, as it now is and kept from other writers until the end."""
    model = table(noun)
    query = select(model).where(model.id == record)
    if not tx.store.sqlite:
        tx.session.flush()
        query = query.with_for_update(of=model, key_share=True).execution_options(populate_existing=True)
    with tx.without_predicate("ledger"):
        return tx.session.scalars(query).one()
