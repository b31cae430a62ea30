"""Credit: what a customer owes beside what they may owe, and what happens when an order would go beyond it (SPC-70)."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from crmtui.errors import Invalid, Refused
from crmtui.i18n import N_, gettext
from crmtui.money import Money, parse_amount
from crmtui.services import rate
from crmtui.services.context import Context, Tx
from crmtui.store import refs
from crmtui.store.contract import BINDING
from crmtui.store.record import table
from crmtui.store.session import check_right

POLICY = "credit.policy"
POLICIES = ("warn", "block", "off")
"""What happens beyond the limit; the first where nothing was decided."""


@dataclass(frozen=True)
class Standing:
    """A customer's credit, in the currency of the customer."""

    account: Any
    currency: str
    limit: int | None
    owed: int

    @property
    def free(self) -> int | None:
        """What they may still order; negative beyond the limit, None without a limit."""
        return None if self.limit is None else self.limit - self.owed


def standing(ctx: Context, tx: Tx, account: int, but: Any | None = None) -> Standing:
    """What a customer owes: the outstanding of contracts in force and of orders without a contract, less what they paid
    on account; `but` one record. In the customer's currency at today's rates. Raises Refused without a rate.
    """
    owed = 0
    with tx.without_predicate("ledger"):  # credit is that of the customer, whoever sold what
        found = tx.session.scalars(select(table("account")).where(table("account").id == account)).one()
        currency = found.currency or ctx.company.currency
        for amount, own in _amounts(tx, account, but):
            owed += rate.between(
                tx, amount, own or ctx.company.currency, currency, ctx.company.currency, ctx.clock.today()
            )
    return Standing(found, currency, found.credit_limit, owed)


def _amounts(tx: Tx, account: int, but: Any | None) -> list[tuple[int, str]]:
    contract, order, payment = table("contract"), table("order"), table("payment")
    held = select(contract.outstanding, contract.currency).where(
        contract.account_id == account, contract.state.in_(BINDING), contract.archived_at.is_(None)
    )
    ordered = select(order.outstanding, order.currency).where(
        order.account_id == account,
        order.contract_id.is_(None),
        order.state != "cancelled",
        order.archived_at.is_(None),
    )
    if but is not None:
        held = held.where(contract.id != (but.id if but.NOUN == "contract" else 0))
        ordered = ordered.where(order.id != (but.id if but.NOUN == "order" else 0))
    loose = select(payment.amount, payment.currency, payment.kind).where(
        payment.account_id == account,
        payment.contract_id.is_(None),
        payment.order_id.is_(None),
        payment.invoice_id.is_(None),
        payment.archived_at.is_(None),
    )
    found = [
        (amount or 0, currency) for query in (held, ordered) for amount, currency in tx.session.execute(query)
    ]
    signed = [
        (amount if kind == "refund" else -amount, own) for amount, own, kind in tx.session.execute(loose)
    ]
    return found + signed


def policy(tx: Tx) -> str:
    """What happens beyond the limit: warn, block or off."""
    setting = table("setting")
    return tx.session.scalar(select(setting.value).where(setting.name == POLICY)) or POLICIES[0]


def policy_of(ctx: Context) -> str:
    """`policy`, for who has no unit of work at hand."""
    with ctx.reading() as tx:
        return policy(tx)


def set_policy(ctx: Context, wanted: str) -> str:
    """Decide what happens beyond the limit; return it. Raises Invalid, Forbidden."""
    if wanted not in POLICIES:
        raise Invalid(
            "credit.policy",
            N_("{value} is not one of: {values}."),
            field="policy",
            value=wanted,
            values=", ".join(POLICIES),
        )
    with ctx.reading() as tx:
        check_right(tx, "store", "configure")
    # A setting of the company is a part of no noun that rights are given on: the right was that to configure.
    with ctx.transaction("store.configure", force=True) as tx:
        setting: Any = table("setting")
        row = tx.session.scalars(select(setting).where(setting.name == POLICY)).first()
        if row is None:
            tx.add(setting(name=POLICY, value=wanted))
        elif row.value != wanted:
            row.value = wanted
            tx.session.flush()
    return wanted


def check(ctx: Context, tx: Tx, account: int | None, extra: int, of: Any) -> None:
    """Remark on it, or refuse, when `extra` minor units more (in the currency of the record `of`) are beyond the limit.

    Raises Refused `credit.over_limit` where the company blocks.
    """
    said = policy(tx) if account is not None else "off"
    if account is None or said == "off" or extra <= 0 or not _has_limit(tx, account):
        return
    stands = standing(ctx, tx, account, of)
    assert stands.limit is not None
    day: date = ctx.clock.today()
    own = of.currency or ctx.company.currency
    over = (
        stands.owed + rate.between(tx, extra, own, stands.currency, ctx.company.currency, day) - stands.limit
    )
    if over <= 0:
        return
    facts = {
        "account": refs.ref_of("account", account),
        "over": Money(over, stands.currency).text(),
        "limit": Money(stands.limit, stands.currency).text(),
        "currency": stands.currency,
    }
    sentence = N_("{account} would be {over} {currency} over its credit limit of {limit} {currency}.")
    if said == "block":
        hint = N_("Let them pay first, or have the limit raised: crm credit limit {account} AMOUNT")
        raise Refused("credit.over_limit", sentence, field="amount", hint=hint, **facts)
    ctx.remark(gettext(sentence).format(**facts))


def _has_limit(tx: Tx, account: int) -> bool:
    model = table("account")
    with tx.without_predicate("ledger"):
        return tx.session.scalar(select(model.credit_limit).where(model.id == account)) is not None


def show(ctx: Context, ref: str) -> dict[str, Any]:
    """A customer's credit: account, rating, limit, owed, free, used (percent), policy. Raises NotFound, Refused (no rate)."""
    with ctx.reading() as tx:
        account = refs.get(tx, "account", ref)
        return _shown(standing(ctx, tx, account.id), policy(tx))


def _shown(stands: Standing, said: str) -> dict[str, Any]:
    from crmtui.services.records import Ref

    account, limit = stands.account, stands.limit

    def cash(minor: int | None) -> Money | None:
        return None if minor is None else Money(minor, stands.currency)

    return {
        "account": Ref(refs.ref_of("account", account.id), account.name, account.id),
        "rating": account.credit_rating,
        "limit": cash(limit),
        "owed": cash(stands.owed),
        "free": cash(stands.free),
        "used": stands.owed * 100 // limit if limit else None,
        "policy": said,
    }


def set_limit(ctx: Context, ref: str, amount: str) -> dict[str, Any]:
    """Set how much a customer may owe, in their currency; empty for no limit. Returns the credit as `show`.

    Raises NotFound, Invalid, Forbidden, Conflict.
    """
    with ctx.transaction("account.credit") as tx:
        account = refs.get(tx, "account", ref)
        ctx.check_version(tx, account, {"credit_limit": amount})
        wanted = parse_amount(amount, account.currency or ctx.company.currency) if amount.strip() else None
        account.credit_limit = wanted
        tx.session.flush()
        return _shown(standing(ctx, tx, account.id), policy(tx))
