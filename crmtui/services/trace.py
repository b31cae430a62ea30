"""From the source of a lead to the payments that came of it, forwards from any step; and what each source brought (8TM-69)."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from sqlalchemy import select

from crmtui.errors import Invalid
from crmtui.i18n import N_
from crmtui.money import Money
from crmtui.services import rate
from crmtui.services.context import Context, Tx
from crmtui.store import refs
from crmtui.store.contract import BINDING
from crmtui.store.record import table

STEPS = ("lead", "opp", "quote", "contract", "order", "invoice", "payment")
_DAYS = {
    "lead": "created_at",
    "opp": "opened_on",
    "quote": "created_at",
    "contract": "signed_on",
    "order": "ordered_on",
    "invoice": "issued_on",
    "payment": "paid_on",
}
_STATE = {"payment": "kind"}


def trace(ctx: Context, noun: str, ref: str) -> list[dict[str, Any]]:
    """All that belongs to one sale, from the lead to the payments: step, ref, name, on, state, amount, source.

    `noun` is lead, opp, quote, contract or order: whichever is named, its whole chain is shown. Raises NotFound, Invalid.
    """
    if noun not in STEPS[:5]:
        raise Invalid(
            "report.trace", N_("{value} is not one of: {values}."), value=noun, values=", ".join(STEPS[:5])
        )
    with ctx.reading() as tx:
        found: dict[str, dict[int, Any]] = {step: {} for step in STEPS}
        _up(tx, noun, refs.get(tx, noun, ref), found)
        _down(tx, found)
        return [_shown(ctx, step, row) for step in STEPS for row in found[step].values()]


def _up(tx: Tx, noun: str, row: Any, found: dict[str, dict[int, Any]]) -> None:
    """What a record came from."""
    found[noun][row.id] = row
    for above in STEPS:
        record = getattr(row, f"{above}_id", None)
        if above == noun or record is None or STEPS.index(above) > STEPS.index(noun):
            continue
        higher = tx.session.scalars(select(table(above)).where(table(above).id == record)).first()
        if higher is not None and higher.id not in found[above]:
            _up(tx, above, higher, found)


def _down(tx: Tx, found: dict[str, dict[int, Any]]) -> None:
    """What came of the records found so far, step by step."""
    for place, step in enumerate(STEPS):
        for lower in STEPS[place + 1 :]:
            model = table(lower)
            column = getattr(model, f"{step}_id", None)
            if column is None or not found[step]:
                continue
            query = select(model).where(column.in_(list(found[step])), model.archived_at.is_(None))
            found[lower] |= {row.id: row for row in tx.session.scalars(query.order_by(model.id))}


def _shown(ctx: Context, step: str, row: Any) -> dict[str, Any]:
    when = getattr(row, _DAYS[step])
    amount = row.quoted if step == "lead" else row.amount
    if step in ("contract", "order", "invoice") and amount is not None:
        amount += row.tax or 0
    return {
        "step": step,
        "ref": refs.ref_of(step, row.id),
        "name": row.company if step == "lead" else row.name,
        "on": when if when is None or type(when) is date else ctx.clock.day_of(when),
        "state": getattr(row, _STATE.get(step, "state")),
        "amount": None if amount is None else Money(amount, row.currency or ctx.company.currency),
        "source": row.source if step in ("lead", "opp") else None,
    }


# -- what each source brought -----------------------------------------------------------------------------------


def sources(ctx: Context) -> list[dict[str, Any]]:
    """What the leads and opportunities of each source brought, as far as the actor sees them: source, leads, converted,
    opps, won, amount (won), contracted, paid; the largest amount paid first. In the company's currency.

    An opportunity that came of a lead counts with the lead's source. Raises Refused without a rate.
    """
    with ctx.reading() as tx:
        found: dict[str | None, dict[str, int]] = {}
        lead = table("lead")
        for source, state in tx.session.execute(
            select(lead.source, lead.state).where(lead.archived_at.is_(None))
        ):
            _count(found, source, leads=1, converted=int(state == "converted"))
        by_opp: dict[int, str | None] = {}
        for source, opp in _opps(tx):
            by_opp[opp.id] = source
            won = opp.state == "won"
            amount = _own(ctx, tx, opp, opp.amount or 0, opp.closed_on) if won else 0
            _count(found, source, opps=1, won=int(won), amount=amount)
        for noun, row, amount, day in _money(tx):
            if row.opp_id in by_opp:
                _count(found, by_opp[row.opp_id], **{noun: _own(ctx, tx, row, amount, day)})
        rows = [_source(ctx, source, each) for source, each in found.items()]
        return sorted(rows, key=lambda row: (-row["paid"].minor, -row["amount"].minor, row["source"] or ""))


def _opps(tx: Tx) -> Iterator[tuple[str | None, Any]]:
    opp, lead = table("opp"), table("lead")
    query = select(opp, lead.source).outerjoin(lead, lead.id == opp.lead_id).where(opp.archived_at.is_(None))
    for row, of_lead in tx.session.execute(query):
        yield of_lead or row.source, row


def _money(tx: Tx) -> Iterator[tuple[str, Any, int, date | None]]:
    """What was agreed and what was paid for opportunities: contracts, and orders without one."""
    contract, order = table("contract"), table("order")
    held = select(contract).where(contract.opp_id.is_not(None), contract.state.in_(BINDING))
    for row in tx.session.scalars(held.where(contract.archived_at.is_(None))):
        yield "contracted", row, (row.amount or 0) + (row.tax or 0), row.signed_on
        yield "paid", row, row.paid or 0, row.signed_on
    ordered = select(order).where(order.opp_id.is_not(None), order.contract_id.is_(None))
    for row in tx.session.scalars(ordered.where(order.state != "cancelled", order.archived_at.is_(None))):
        yield "contracted", row, (row.amount or 0) + (row.tax or 0), row.ordered_on
        yield "paid", row, row.paid or 0, row.ordered_on


_FIGURES = ("leads", "converted", "opps", "won", "amount", "contracted", "paid")


def _count(found: dict[str | None, dict[str, int]], source: str | None, **more: int) -> None:
    row = found.setdefault(source, dict.fromkeys(_FIGURES, 0))
    for name, value in more.items():
        row[name] += value


def _own(ctx: Context, tx: Tx, row: Any, minor: int, day: date | None) -> int:
    company = ctx.company.currency
    return rate.between(tx, minor, row.currency or company, company, company, day or ctx.clock.today())


def _source(ctx: Context, source: str | None, of: dict[str, int]) -> dict[str, Any]:
    money = {name: Money(of[name], ctx.company.currency) for name in ("amount", "contracted", "paid")}
    return {"source": source, **of, **money}
