"""Contracts: made of a quote or by hand, approved, signed, carried out, interrupted, completed, closed (ZSC-40/41)."""

from datetime import date
from typing import Any

from sqlalchemy import select

from crmtui.errors import Invalid, Refused
from crmtui.i18n import N_, gettext
from crmtui.services import credit, delivery, ledger, lifecycle, positions
from crmtui.services.context import Context, Tx
from crmtui.store import refs
from crmtui.store.contract import BINDING
from crmtui.store.record import table

FIXED = ("account_id", "amount", "currency", "discount", "signed_on")
"""What a contract keeps as it was signed; amounts change by a new version."""
_ACCEPTED = ("accepted", "deal")


def settle(ctx: Context, tx: Tx, row: dict[str, Any], before: dict[str, Any] | None, facts: bool) -> None:
    """A contract is with a customer; one that holds changes by versions alone. An import states facts.

    Raises Invalid, Refused.
    """
    if before is None:
        _begin(ctx, tx, row, facts)
    else:
        if not facts:
            _check_signed(row, before)
        positions.follow(tx, "contract", row, before)
    paid = ledger.received(tx, "contract", before["id"]) if before else 0
    _outstanding(ctx, row, paid)


def _begin(ctx: Context, tx: Tx, row: dict[str, Any], facts: bool) -> None:
    row["state"] = row.get("state") or "preparing"
    opp = tx.session.get(table("opp"), row["opp_id"]) if row.get("opp_id") else None
    if opp is not None:
        for name in ("account_id", "contact_id", "owner_id"):
            row[name] = row.get(name) or getattr(opp, name)
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
    if row["state"] not in ("preparing", "drafting"):
        raise Refused(
            "contract.begins",
            N_("A new contract is being prepared or drafted, not {state}."),
            field="state",
            hint=N_("Enter it, then: crm contract sign REF"),
            state=gettext(row["state"]),
        )


def _name(tx: Tx, row: dict[str, Any]) -> str:
    model = table("account")
    name = tx.session.scalar(select(model.name).where(model.id == row.get("account_id")))
    return " ".join(part for part in (name, row.get("external_id")) if part)[:200] or gettext(N_("Contract"))


def _check_signed(row: dict[str, Any], before: dict[str, Any]) -> None:
    touched = [name for name in FIXED if row[name] != before[name]]
    if touched and before["state"] in BINDING:
        raise Refused(
            "contract.signed",
            N_("{ref} is {state}; its {field} stands."),
            field=touched[0].removesuffix("_id"),
            hint=N_("Make a new version of it: crm contract change {ref}"),
            ref=refs.ref_of("contract", before["id"]),
            state=gettext(before["state"]),
        )


def _outstanding(ctx: Context, row: dict[str, Any], paid: int) -> None:
    price = (row.get("amount") or 0) + (row.get("tax") or 0) - (row.get("returned") or 0)
    row["outstanding"] = ledger.rest(price, paid, row["state"])


# -- made of a quote --------------------------------------------------------------------------------------------


def from_quote(ctx: Context, ref: str, name: str = "") -> Any:
    """Make a contract of a quote that the customer accepted, with its lines; return it.

    Raises NotFound, Refused (not accepted; made before), Forbidden, Conflict.
    """
    with ctx.transaction("contract.from-quote") as tx:
        quote = refs.get(tx, "quote", ref)
        ctx.check_version(tx, quote, {"state": "deal"})
        _check_quote(tx, quote)
        contract = tx.add(
            table("contract")(
                name=name or quote.name,
                owner_id=quote.owner_id or ctx.actor.id,
                **{each: getattr(quote, each) for each in ("account_id", "contact_id", "opp_id")},
                **{each: getattr(quote, each) for each in ("amount", "currency", "discount", "terms")},
                tax=quote.tax,
                cost=quote.cost,
                quote_id=quote.id,
            )
        )
        positions.copy(tx, positions.of(tx, "quote", quote), "contract", contract, revision=1)
        recount(ctx, tx, contract)
        return contract


def _check_quote(tx: Tx, quote: Any) -> None:
    if quote.state not in _ACCEPTED:
        raise Refused(
            "contract.quote_not_accepted",
            N_("{ref} is {state}; a contract is made of a quote that the customer accepted."),
            field="quote",
            hint=N_("When they have: crm quote accept {ref}"),
            ref=refs.ref_of("quote", quote.id),
            state=gettext(quote.state),
        )
    contract = table("contract")
    made = tx.session.scalar(
        select(contract.id).where(
            contract.quote_id == quote.id, contract.state != "cancelled", contract.archived_at.is_(None)
        )
    )
    if made is not None:
        raise Refused(
            "contract.made",
            N_("{ref} became {contract} already."),
            field="quote",
            ref=refs.ref_of("quote", quote.id),
            contract=refs.ref_of("contract", made),
        )


def recount(ctx: Context, tx: Tx, contract: Any) -> None:
    """Let amounts, progress and balance of a contract follow from its lines, deliveries and payments."""
    tx.session.flush()
    positions.count(tx, "contract", contract)
    delivery.refresh(ctx, tx, contract)


# -- its life ---------------------------------------------------------------------------------------------------


def advance(ctx: Context, ref: str, to: str = "", note: str = "") -> Any:
    """Move a contract on in its life, to the state `to` or the one that comes next; return it.

    Raises NotFound, Refused (no such step; a step that has a verb of its own), Forbidden, Conflict.
    """
    with ctx.transaction("contract.advance", note) as tx:
        contract = refs.get(tx, "contract", ref)
        ctx.check_version(tx, contract, {"state": to})
        step = lifecycle.move("contract", contract, to)
        if step.verb != "advance":
            raise Refused(
                "contract.own_verb",
                N_("{ref} becomes {to} by a verb of its own."),
                field="state",
                hint=N_("Use: crm contract {verb} {ref}"),
                ref=refs.ref_of("contract", contract.id),
                to=step.target,
                verb=step.verb,
            )
        contract.state = step.target
        tx.session.flush()
        return contract


def submit(ctx: Context, ref: str, note: str = "") -> Any:
    """Ask for the approval of a contract; where no approval flow applies it is approved at once. Return it.

    Raises NotFound, Refused (not being prepared, nothing agreed), Forbidden, Conflict.
    """
    with ctx.transaction("contract.submit", note) as tx:
        contract = refs.get(tx, "contract", ref)
        ctx.check_version(tx, contract, {"state": "submitted"})
        lifecycle.move("contract", contract, "submitted")
        _ask(ctx, tx, contract, note)
        return contract


def _ask(ctx: Context, tx: Tx, contract: Any, note: str) -> bool:
    """Have a contract approved, at once where nobody need be asked; whether it is."""
    from crmtui.services import approvals

    if contract.amount is None:
        raise Refused(
            "contract.empty",
            N_("{ref} has no amount."),
            field="amount",
            hint=N_("Give it lines (crm contract line add {ref} --product PRODUCT) or --amount."),
            ref=refs.ref_of("contract", contract.id),
        )
    contract.state, contract.reason = "in-approval", None
    tx.session.flush()
    patch = {"state": "approved"}
    if approvals.ask(ctx, tx, "contract.submit", "contract", contract.id, patch, note) is None:
        contract.state = "approved"
    tx.session.flush()
    return bool(contract.state == "approved")


def approved(ctx: Context, tx: Tx, verb: str, contract: Any, patch: dict[str, Any]) -> None:
    """Do what the approvers agreed to. Raises Refused where it no longer waits for it."""
    if verb == "contract.change":
        from crmtui.services import contract_versions

        contract_versions.carry_out(ctx, tx, contract, patch)
        return
    lifecycle.move("contract", contract, "approved")
    contract.state = "approved"
    tx.session.flush()


def turned_down(ctx: Context, tx: Tx, verb: str, contract: Any, state: str) -> None:
    """Give a contract back to who submitted it, to be drafted anew; a version that was not approved is dropped."""
    if verb == "contract.change":
        from crmtui.services import contract_versions

        contract_versions.drop_draft(tx, contract)
    if verb == "contract.submit" and contract.state == "in-approval":
        contract.state = "drafting"
        tx.session.flush()


def sign(ctx: Context, ref: str, on: date | None = None, note: str = "") -> Any:
    """Put a contract in force, signed `on` that day (today); return it.

    One that was not approved is submitted first, and waits where somebody has to be asked. The customer's credit is
    looked at. Raises NotFound, Refused (no such step, nothing agreed, over the limit), Forbidden, Conflict.
    """
    with ctx.transaction("contract.sign", note) as tx:
        contract = refs.get(tx, "contract", ref)
        ctx.check_version(tx, contract, {"state": "signed"})
        lifecycle.move("contract", contract, "signed")
        if contract.state != "approved" and not _ask(ctx, tx, contract, note):
            ctx.remark(gettext(N_("It waits for approval first; sign it then.")))
            return contract
        day = on or ctx.clock.today()
        if day > ctx.clock.today():
            raise Invalid("contract.signed_later", N_("{day} is still to come."), field="signed_on", day=day)
        credit.check(ctx, tx, contract.account_id, ledger.price_of(contract) - (contract.paid or 0), contract)
        contract.state, contract.signed_on = "signed", day
        _keep_version(tx, contract, day, note)
        delivery.refresh(ctx, tx, contract)
        return contract


def _keep_version(tx: Tx, contract: Any, day: date, reason: str) -> None:
    tx.session.add(
        table("contract_version")(
            contract_id=contract.id,
            revision=contract.revision,
            made_on=day,
            amount=contract.amount or 0,
            tax=contract.tax or 0,
            discount=contract.discount or 0,
            reason=reason or None,
        )
    )
    tx.session.flush()


def _step(ctx: Context, ref: str, verb: str, to: str, reason: str) -> Any:
    with ctx.transaction(f"contract.{verb}", reason) as tx:
        contract = refs.get(tx, "contract", ref)
        ctx.check_version(tx, contract, {"state": to})
        lifecycle.move("contract", contract, to)
        contract.state, contract.reason = to, reason or None
        ledger.refresh(ctx, tx, contract)
        tx.session.flush()
        return contract


def interrupt(ctx: Context, ref: str, reason: str = "") -> Any:
    """Interrupt a contract that is being carried out; nothing is delivered until it is resumed. Return it.

    Raises NotFound, Refused (not executing), Forbidden, Conflict.
    """
    return _step(ctx, ref, "interrupt", "interrupted", reason)


def resume(ctx: Context, ref: str, note: str = "") -> Any:
    """Go on with an interrupted contract; return it. Raises NotFound, Refused (not interrupted), Forbidden, Conflict."""
    with ctx.transaction("contract.resume", note) as tx:
        contract = refs.get(tx, "contract", ref)
        ctx.check_version(tx, contract, {"state": "executing"})
        if contract.state != "interrupted":
            raise Refused(
                "contract.not_interrupted",
                N_("{ref} is {state}, not interrupted."),
                field="state",
                ref=refs.ref_of("contract", contract.id),
                state=gettext(contract.state),
            )
        contract.state, contract.reason = "executing", None
        tx.session.flush()
        return contract


def complete(ctx: Context, ref: str, note: str = "") -> Any:
    """Say that a contract is carried out; return it. What is still to be delivered is remarked on.

    Raises NotFound, Refused (not executing), Forbidden, Conflict.
    """
    contract = _step(ctx, ref, "complete", "completed", note)
    if contract.progress is not None and contract.progress < 100:
        ctx.remark(gettext(N_("Only {progress} % of it are delivered.")).format(progress=contract.progress))
    return contract


def close(ctx: Context, ref: str, note: str = "") -> Any:
    """Close a completed contract; return it. What is still to be paid is remarked on.

    Raises NotFound, Refused (not completed), Forbidden, Conflict.
    """
    contract = _step(ctx, ref, "close", "closed", note)
    if contract.outstanding:
        from crmtui.money import Money

        rest = Money(contract.outstanding, contract.currency).text()
        said = gettext(N_("{amount} {currency} of it are still to be paid."))
        ctx.remark(said.format(amount=rest, currency=contract.currency))
    return contract


def cancel(ctx: Context, ref: str, reason: str) -> Any:
    """Give up a contract that was not signed, or is interrupted, with the reason; return it.

    Raises NotFound, Refused (no reason, under way), Forbidden, Conflict.
    """
    if not reason.strip():
        raise Refused(
            "contract.no_reason",
            N_("A contract is cancelled with the reason."),
            field="reason",
            hint=N_("Say why: --reason TEXT"),
        )
    return _step(ctx, ref, "cancel", "cancelled", reason)
