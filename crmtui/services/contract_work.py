"""Carrying out a contract: deliveries, milestones, percent complete, and all that hangs on it in one view (ZSC-42/44, YZX-09)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select

from crmtui.clock import parse_date
from crmtui.errors import CrmError, Invalid, NotFound, Refused, about
from crmtui.i18n import N_, gettext
from crmtui.money import Money
from crmtui.services import delivery, lines, order
from crmtui.services.context import Context, Tx
from crmtui.store import refs
from crmtui.store.record import table

OPEN = ("signed", "planning", "started", "executing")
"""The states in which work on a contract may be entered."""
KINDS = ("delivered", "returned")


def execute(
    ctx: Context, ref: str, items: list[str], kind: str = "delivered", on: date | None = None, note: str = ""
) -> Any:
    """Enter what was delivered of a contract (lines such as SCN-200x100), or came back; return it, its progress counted anew.

    The first delivery of a signed contract takes it into execution. Raises NotFound, Invalid, Refused (interrupted, not
    in force; more than there is), Forbidden, Conflict.
    """
    with ctx.transaction("contract.exec", note) as tx:
        contract = refs.get(tx, "contract", ref)
        ctx.check_version(tx, contract, {kind: ", ".join(items)})
        check_open(contract)
        entries = order.entries(tx, contract, items, kind)
        contract.state = "executing"
        delivery.move(ctx, tx, contract, kind, entries, on or ctx.clock.today(), note)
        return contract


def take_over(ctx: Context, rows: Sequence[Mapping[str, Any]], ref: str = "") -> list[Any]:
    """Enter what other programs tell of deliveries, all or nothing; return the contracts that they changed.

    Each row has contract (else `ref`), line, and delivered or returned, perhaps on and note. Raises as `execute`, with
    the number of the row in `item`.
    """
    changed: dict[int, Any] = {}
    with ctx.together("contract.exec"):
        for number, row in enumerate(rows, start=1):
            try:
                contract = _one(ctx, row, ref)
            except CrmError as error:
                error.params = {**error.params, "item": number}
                raise
            changed[contract.id] = contract
    return list(changed.values())


def _one(ctx: Context, row: Mapping[str, Any], ref: str) -> Any:
    unknown = set(row) - {"contract", "line", *KINDS, "on", "note"}
    kind = next((name for name in KINDS if row.get(name) is not None), "")
    of, line = str(row.get("contract") or ref), str(row.get("line") or "")
    if unknown or not kind or not of or not line:
        raise Invalid(
            "contract.exec_row",
            N_("A delivery has contract, line, and delivered or returned."),
            field=min(unknown, default="line" if kind else "delivered"),
            hint=N_("Besides these it may have on and note."),
        )
    with about("on"):
        day = parse_date(str(row["on"]), ctx.clock.today()) if row.get("on") else None
    return execute(ctx, of, [f"{line}x{row[kind]}"], kind, day, str(row.get("note") or ""))


def check_open(contract: Any) -> None:
    """Raise Refused where no work is entered on a contract."""
    if contract.state not in OPEN:
        hint = N_("Go on with it first: crm contract resume {ref}") if contract.state == "interrupted" else ""
        raise Refused(
            "contract.not_executing",
            N_("{ref} is {state}; nothing is carried out of it."),
            field="state",
            hint=hint,
            ref=refs.ref_of("contract", contract.id),
            state=gettext(contract.state),
        )


# -- milestones -------------------------------------------------------------------------------------------------


def add_milestone(
    ctx: Context, ref: str, text: str, weight: int, due: date | None = None
) -> list[dict[str, Any]]:
    """Measure a contract by a milestone that is `weight` percent of it; return its milestones.

    Raises NotFound, Invalid (more than 100 % in all), Forbidden, Conflict.
    """
    with ctx.transaction("contract.milestone") as tx:
        contract = refs.get(tx, "contract", ref)
        ctx.check_version(tx, contract, {"milestone": text})
        steps = _milestones(tx, contract.id)
        if sum(each.weight for each in steps) + weight > 100 or weight < 1:
            raise Invalid(
                "contract.milestone_weight",
                N_("The milestones of a contract are 1 to 100 % of it together."),
                field="percent",
                hint=N_("{left} % are left."),
                left=100 - sum(each.weight for each in steps),
            )
        tx.add(
            table("contract_milestone")(
                contract_id=contract.id, position=len(steps) + 1, text=text[:200], weight=weight, due_on=due
            )
        )
        delivery.refresh(ctx, tx, contract)
        return _shown(tx, contract.id)


def reach(ctx: Context, ref: str, position: int, on: date | None = None) -> list[dict[str, Any]]:
    """Say that a milestone is reached; return the milestones. Raises NotFound, Refused (interrupted), Forbidden, Conflict."""
    with ctx.transaction("contract.milestone") as tx:
        contract = refs.get(tx, "contract", ref)
        ctx.check_version(tx, contract, {"milestone": position})
        check_open(contract)
        found = [each for each in _milestones(tx, contract.id) if each.position == position]
        if not found:
            raise NotFound(
                "contract.no_milestone",
                N_("{ref} has no milestone {position}."),
                hint=N_("crm contract milestone list {ref} shows them."),
                ref=refs.ref_of("contract", contract.id),
                position=position,
            )
        found[0].done_on = on or ctx.clock.today()
        tx.session.flush()
        delivery.refresh(ctx, tx, contract)
        return _shown(tx, contract.id)


def milestones(ctx: Context, ref: str) -> list[dict[str, Any]]:
    """The milestones of a contract: position, text, percent, due_on, done_on. Raises NotFound."""
    with ctx.reading() as tx:
        return _shown(tx, refs.get(tx, "contract", ref).id)


def _milestones(tx: Tx, contract: int) -> list[Any]:
    step = table("contract_milestone")
    return list(tx.session.scalars(select(step).where(step.contract_id == contract).order_by(step.position)))


def _shown(tx: Tx, contract: int) -> list[dict[str, Any]]:
    return [
        {
            "position": each.position,
            "text": each.text,
            "percent": each.weight,
            "due_on": each.due_on,
            "done_on": each.done_on,
        }
        for each in _milestones(tx, contract)
    ]


# -- one view of it all -----------------------------------------------------------------------------------------


def overview(ctx: Context, ref: str) -> list[dict[str, Any]]:
    """All that hangs on a contract, in order of time: kind, record, text, on, quantity, amount, state.

    Lines, deliveries, orders, invoices, instalments and payments. Raises NotFound.
    """
    with ctx.reading() as tx:
        contract = refs.get(tx, "contract", ref)
        found = [
            *_lines(tx, contract),
            *_deliveries(tx, contract),
            *_records(ctx, tx, contract),
            *_plan(tx, contract),
        ]
        return sorted(found, key=lambda row: (row["on"] is not None, row["on"] or date.min))


def _row(kind: str, text: str | None, **more: Any) -> dict[str, Any]:
    return {
        "kind": kind,
        "record": None,
        "text": text,
        "on": None,
        "quantity": None,
        "amount": None,
        "state": None,
        **more,
    }


def _lines(tx: Tx, contract: Any) -> Iterator[dict[str, Any]]:
    for each in delivery.standings(tx, contract):
        net = Money(each.counted.net, contract.currency)
        yield _row("line", each.line.text, quantity=lines.decimal(each.line.quantity, 4), amount=net)


def _deliveries(tx: Tx, contract: Any) -> Iterator[dict[str, Any]]:
    moved = table("contract_delivery")
    names = {each.line.position: each.line.text for each in delivery.standings(tx, contract)}
    for each in tx.session.scalars(select(moved).where(moved.contract_id == contract.id).order_by(moved.id)):
        yield _row(
            "delivery" if each.kind == "delivered" else "return",
            names.get(each.position, each.text),
            on=each.on_day,
            quantity=lines.decimal(each.quantity, 4),
        )


def _records(ctx: Context, tx: Tx, contract: Any) -> Iterator[dict[str, Any]]:
    for noun, day in (("order", "ordered_on"), ("invoice", "issued_on"), ("payment", "paid_on")):
        model = table(noun)
        query = select(model).where(model.contract_id == contract.id, model.archived_at.is_(None))
        for row in tx.session.scalars(query.order_by(model.id)):
            amount = (row.amount or 0) + (getattr(row, "tax", 0) or 0)
            yield _row(
                noun,
                row.name,
                record=refs.ref_of(noun, row.id),
                on=getattr(row, day),
                amount=Money(amount, row.currency),
                state=row.kind if noun == "payment" else row.state,
            )


def _plan(tx: Tx, contract: Any) -> Iterator[dict[str, Any]]:
    due = table("contract_due")
    for each in tx.session.scalars(select(due).where(due.contract_id == contract.id).order_by(due.due_on)):
        yield _row("instalment", each.text, on=each.due_on, amount=Money(each.amount, contract.currency))
