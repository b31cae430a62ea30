"""The versions of a contract: a signed one changes by a new version, and the older ones stay as they were (ZSC-43)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from crmtui.errors import Invalid, NotFound, Refused
from crmtui.i18n import N_, gettext
from crmtui.money import Money, parse_amount
from crmtui.services import credit, delivery, ledger, lines, positions
from crmtui.services.context import Context, Tx
from crmtui.store import refs
from crmtui.store.record import table

CHANGEABLE = ("signed", "planning", "started", "executing", "interrupted")


@dataclass(frozen=True)
class Change:
    """What a new version has: lines more (`SCN-200x20`), other quantities (`2=150`), lines less, another amount or discount."""

    add: Sequence[str] = ()
    quantity: Sequence[str] = ()
    remove: Sequence[str] = ()
    amount: str = ""
    discount: str = ""

    def __bool__(self) -> bool:
        return bool(self.add or self.quantity or self.remove or self.amount or self.discount)


def change(ctx: Context, ref: str, wanted: Change, reason: str = "") -> Any:
    """Make a new version of a signed contract, and return the contract; where somebody has to approve, it waits.

    Raises NotFound, Invalid (nothing to change, a bad line), Refused (not in force, less than was delivered, a change
    waits already, over the credit limit), Forbidden, Conflict.
    """
    from crmtui.services import approvals

    with ctx.transaction("contract.change", reason) as tx:
        contract = refs.get(tx, "contract", ref)
        ctx.check_version(tx, contract, {"revision": contract.revision + 1})
        _check(tx, contract, wanted)
        patch = _draft(ctx, tx, contract, wanted)
        if approvals.ask(ctx, tx, "contract.change", "contract", contract.id, patch, reason) is not None:
            ctx.remark(gettext(N_("The new version waits for approval.")))
            return contract
        carry_out(ctx, tx, contract, patch, reason)
        return contract


def _check(tx: Tx, contract: Any, wanted: Change) -> None:
    if not wanted:
        raise Invalid(
            "contract.nothing_to_change",
            N_("There is nothing to change."),
            hint=N_("Give --add, --quantity, --remove, --amount or --discount."),
        )
    if contract.state not in CHANGEABLE:
        raise Refused(
            "contract.not_in_force",
            N_("{ref} is {state}; versions are made of contracts in force."),
            field="state",
            hint=N_("Before it is signed, change it as it is: crm contract edit {ref}"),
            ref=refs.ref_of("contract", contract.id),
            state=gettext(contract.state),
        )
    if rows_of(tx, contract.id, contract.revision + 1):
        raise Refused(
            "contract.change_waits",
            N_("{ref} has a new version already that waits for approval."),
            hint=N_("crm approval list shows it; who asked can recall it."),
            ref=refs.ref_of("contract", contract.id),
        )
    if wanted.amount and rows_of(tx, contract.id, contract.revision):
        raise _by_lines(contract.id)


def _by_lines(contract: int) -> Refused:
    return Refused(
        "contract.by_lines",
        N_("The amount of {ref} is the sum of its lines."),
        field="amount",
        hint=N_("Change those: --add, --quantity, --remove, or --discount on the whole."),
        ref=refs.ref_of("contract", contract),
    )


def rows_of(tx: Tx, contract: int, revision: int) -> list[Any]:
    """The lines of one version."""
    line = table("contract_line")
    query = select(line).where(line.contract_id == contract, line.revision == revision)
    return list(tx.session.scalars(query.order_by(line.position)))


def _draft(ctx: Context, tx: Tx, contract: Any, wanted: Change) -> dict[str, Any]:
    """Put down the lines of the next version; return the columns that the contract then has."""
    currency = contract.currency or ctx.company.currency
    discount = contract.discount
    if wanted.discount:
        discount = _whole_percent(wanted.discount)
    stands = {each.line.position: each for each in delivery.standings(tx, contract)}
    kept = {position: each.line.quantity for position, each in stands.items()}
    for said in wanted.quantity:
        what, sign, text = said.rpartition("=")
        if not sign:
            raise Invalid(
                "usage.set", N_("--quantity takes LINE=QUANTITY, not {pair}."), field="quantity", pair=said
            )
        kept[positions.line_of(tx, "contract", contract, what).position] = lines.read_quantity(text)
    for said in wanted.remove:
        kept[positions.line_of(tx, "contract", contract, said).position] = 0
    for position, quantity in kept.items():
        _check_delivered(contract, stands[position], quantity)
    revision = contract.revision + 1
    for position, quantity in kept.items():
        if quantity:
            row = stands[position].line
            positions.copy(tx, [row], "contract", contract, revision=revision, quantity=quantity)
    last = max(_positions(tx, contract.id), default=0)
    for number, said in enumerate(wanted.add, start=last + 1):
        values = positions.made(ctx, tx, contract, said, {})
        tx.session.add(
            table("contract_line")(contract_id=contract.id, revision=revision, position=number, **values)
        )
    tx.session.flush()
    rows = rows_of(tx, contract.id, revision)
    patch = {"revision": revision, "discount": discount}
    if rows:
        found = lines.sums(rows, (discount or 0) * 100)
        return patch | {"amount": found.net, "tax": found.tax, "cost": found.cost}
    return patch | {"amount": parse_amount(wanted.amount, currency) if wanted.amount else contract.amount}


def _whole_percent(text: str) -> int:
    scaled = lines.read_percent(text, "discount")
    if scaled % 100:
        raise Invalid("number.invalid", N_("{value} is not a whole number."), field="discount", value=text)
    return scaled // 100


def _positions(tx: Tx, contract: int) -> list[int]:
    """Every position that a line of the contract ever had: none is used twice."""
    line = table("contract_line")
    return list(tx.session.scalars(select(line.position).where(line.contract_id == contract)))


def _check_delivered(contract: Any, stands: delivery.Standing, quantity: int) -> None:
    kept = stands.delivered - stands.returned
    if quantity < kept:
        raise Refused(
            "contract.delivered",
            N_("{quantity} of {line} are delivered already."),
            field="quantity",
            hint=N_("Agree on that many at least, or enter what came back first."),
            quantity=lines.decimal(kept, 4),
            line=stands.line.text,
        )


def carry_out(ctx: Context, tx: Tx, contract: Any, patch: dict[str, Any], reason: str = "") -> None:
    """Put the next version of a contract in force. Raises Refused (no longer in force, over the credit limit)."""
    if contract.state not in CHANGEABLE:
        raise Refused(
            "contract.not_in_force",
            N_("{ref} is {state}; versions are made of contracts in force."),
            field="state",
            ref=refs.ref_of("contract", contract.id),
            state=gettext(contract.state),
        )
    for column, value in patch.items():
        setattr(contract, column, value)
    credit.check(ctx, tx, contract.account_id, ledger.price_of(contract) - (contract.paid or 0), contract)
    tx.session.add(
        table("contract_version")(
            contract_id=contract.id,
            revision=contract.revision,
            made_on=ctx.clock.today(),
            amount=contract.amount or 0,
            tax=contract.tax or 0,
            discount=contract.discount or 0,
            reason=reason or None,
        )
    )
    tx.session.flush()
    delivery.refresh(ctx, tx, contract)
    _check_plan(ctx, tx, contract)


def _check_plan(ctx: Context, tx: Tx, contract: Any) -> None:
    due = table("contract_due")
    planned = list(tx.session.scalars(select(due.amount).where(due.contract_id == contract.id)))
    whole = (contract.amount or 0) + (contract.tax or 0)
    if planned and sum(planned) != whole:
        said = gettext(N_("The payment plan comes to {sum} {currency}, the contract to {whole}."))
        ctx.remark(
            said.format(
                sum=Money(sum(planned), contract.currency).text(),
                whole=Money(whole, contract.currency).text(),
                currency=contract.currency,
            )
        )


def drop_draft(tx: Tx, contract: Any) -> None:
    """Take away the lines of a version that was not approved."""
    for row in rows_of(tx, contract.id, contract.revision + 1):
        tx.session.delete(row)
    tx.session.flush()


# -- looking ----------------------------------------------------------------------------------------------------


def versions(ctx: Context, ref: str) -> list[dict[str, Any]]:
    """The versions of a contract, the current one last: version, current, made_on, amount, tax, total, reason. Raises NotFound."""
    with ctx.reading() as tx:
        contract = refs.get(tx, "contract", ref)
        return [_shown(contract, row) for row in _kept(tx, contract)]


def _kept(tx: Tx, contract: Any) -> list[Any]:
    version = table("contract_version")
    query = select(version).where(version.contract_id == contract.id).order_by(version.revision)
    return list(tx.session.scalars(query))


def _shown(contract: Any, row: Any) -> dict[str, Any]:
    def cash(minor: int) -> Money:
        return Money(minor, contract.currency)

    return {
        "version": row.revision,
        "current": row.revision == contract.revision,
        "made_on": row.made_on,
        "amount": cash(row.amount),
        "tax": cash(row.tax),
        "total": cash(row.amount + row.tax),
        "discount": row.discount,
        "reason": row.reason,
    }


def lines_of(ctx: Context, ref: str, revision: int | None = None) -> list[dict[str, Any]]:
    """The lines of a contract as people see them, of one version (the one in force). Raises NotFound."""
    with ctx.reading() as tx:
        contract = refs.get(tx, "contract", ref)
        if revision is None or revision == contract.revision:
            return positions.shown(ctx, tx, contract, delivery.standings(tx, contract))
        kept = {row.revision: row for row in _kept(tx, contract)}
        if revision not in kept:
            raise NotFound(
                "contract.no_version",
                N_("{ref} has no version {revision}."),
                hint=N_("crm contract versions {ref} lists them."),
                ref=refs.ref_of("contract", contract.id),
                revision=revision,
            )
        rows = rows_of(tx, contract.id, revision)
        counted = lines.sums(rows, kept[revision].discount * 100).lines
        return positions.shown(
            ctx, tx, contract, [delivery.Standing(row, each) for row, each in zip(rows, counted, strict=True)]
        )
