"""Gross margins of orders, and the profit of those that are carried out, by whatever one asks (SPC-69/76)."""

from datetime import date
from typing import Any

from sqlalchemy import select

from crmtui.clock import Period, month_of, quarter_of
from crmtui.errors import Forbidden, Invalid
from crmtui.i18n import N_
from crmtui.money import Money
from crmtui.services import delivery, rate
from crmtui.services.context import Context, Ref, Tx
from crmtui.store import refs
from crmtui.store.record import table

BY = ("order", "account", "rep", "dept", "product", "month", "quarter", "year")


def margin(
    ctx: Context, by: str = "order", period: Period | None = None, *, executed: bool = False
) -> list[dict[str, Any]]:
    """Visible orders not cancelled, less what came back: group, orders, amount, cost, margin, percent, `executed` ones alone
    for the profit. Amounts in the company's currency, order by order at the rate of its day; the last row is the total.

    An order whose cost nobody knows is counted in `unknown` and in no sum. Raises Invalid, Forbidden without the right to
    see costs, Refused without a rate.
    """
    if by not in BY:
        raise Invalid(
            "report.by",
            N_("{value} is not one of: {values}."),
            field="by",
            value=by,
            values=", ".join(BY),
        )
    with ctx.reading() as tx:
        if tx.actor.scope("order", "cost") == "none":
            raise Forbidden("report.cost", N_("Your role does not let you see costs and margins."))
        groups: dict[Any, _Sum] = {}
        for order in _orders(tx, period, executed):
            for key, amount, cost in _parts(ctx, tx, order, by):
                groups.setdefault(key, _Sum()).add(order.id, amount, cost)
        return _rows(ctx, groups)


def _orders(tx: Tx, period: Period | None, executed: bool) -> list[Any]:
    order = table("order")
    query = select(order).where(order.archived_at.is_(None), order.state != "cancelled")
    if executed:
        query = query.where(order.state == "completed")
    if period is not None:
        query = query.where(order.ordered_on >= period.start, order.ordered_on <= period.end)
    return list(tx.session.scalars(query.order_by(order.id)))


class _Sum:
    """What a group comes to."""

    def __init__(self) -> None:
        self.orders: set[int] = set()
        self.unknown: set[int] = set()
        self.amount = self.cost = 0

    def add(self, order: int, amount: int, cost: int | None) -> None:
        """Count an order, or a part of one; without a cost it is only told."""
        if cost is None:
            self.unknown.add(order)
            return
        self.orders.add(order)
        self.amount += amount
        self.cost += cost


def _parts(ctx: Context, tx: Tx, order: Any, by: str) -> list[tuple[Any, int, int | None]]:
    """The groups that an order belongs to, with its amount and cost there, in the company's currency."""
    stands = delivery.standings(tx, order)
    back_net = sum(each.credit[0] for each in stands)
    back_cost = sum(each.credit[2] for each in stands)
    if by == "product":
        found = [
            (_product(tx, each.line), each.counted.net - each.credit[0], _cost(each)) for each in stands
        ] or [(None, order.amount or 0, order.cost)]
    else:
        known = order.cost is not None and all(each.line.cost is not None for each in stands)
        cost = order.cost - back_cost if known else None
        found = [(_group(ctx, tx, order, by), (order.amount or 0) - back_net, cost)]
    return [(key, _own(ctx, tx, order, amount), _own(ctx, tx, order, cost)) for key, amount, cost in found]  # type: ignore[misc]


def _cost(each: delivery.Standing) -> int | None:
    return None if each.line.cost is None else each.counted.cost - each.credit[2]


def _own(ctx: Context, tx: Tx, order: Any, minor: int | None) -> int | None:
    if minor is None:
        return None
    company, day = ctx.company.currency, order.ordered_on or ctx.clock.today()
    return rate.between(tx, minor, order.currency or company, company, company, day)


def _product(tx: Tx, line: Any) -> Any:
    if line.product_id is None:
        return line.text
    model = table("product")
    name = tx.session.scalar(select(model.name).where(model.id == line.product_id))
    return Ref(refs.ref_of("product", line.product_id), name, line.product_id)


def _group(ctx: Context, tx: Tx, order: Any, by: str) -> Any:
    if by == "order":
        return Ref(refs.ref_of("order", order.id), order.name, order.id)
    day: date = order.ordered_on or ctx.clock.today()
    if by in ("month", "quarter", "year"):
        return str(day.year) if by == "year" else month_of(day) if by == "month" else quarter_of(day)
    noun, record = ("account", order.account_id) if by == "account" else ("user", order.owner_id)
    if by == "dept" and record is not None:
        user = table("user")
        noun, record = "dept", tx.session.scalar(select(user.dept_id).where(user.id == record))
    if record is None:
        return None
    model = table(noun)
    name = tx.session.scalar(select(model.name).where(model.id == record))
    return Ref(refs.ref_of(noun, record), name, record)


def _rows(ctx: Context, groups: dict[Any, _Sum]) -> list[dict[str, Any]]:
    total = _Sum()
    for each in groups.values():
        total.orders |= each.orders
        total.unknown |= each.unknown
        total.amount += each.amount
        total.cost += each.cost
    ordered = sorted(groups.items(), key=lambda item: (-(item[1].amount - item[1].cost), str(item[0])))
    return [_row(ctx, key, each) for key, each in ordered] + [_row(ctx, None, total, total=True)]


def _row(ctx: Context, key: Any, of: _Sum, *, total: bool = False) -> dict[str, Any]:
    left = of.amount - of.cost
    return {
        "record": key.ref if isinstance(key, Ref) else None,
        "name": key.name if isinstance(key, Ref) else key,
        "total": total,
        "orders": len(of.orders),
        "unknown": len(of.unknown),
        "amount": Money(of.amount, ctx.company.currency),
        "cost": Money(of.cost, ctx.company.currency),
        "margin": Money(left, ctx.company.currency),
        "percent": round(left * 100 / of.amount, 1) if of.amount else None,
    }
