"""What customers are worth: won, open and weighted, each figure with the opportunities it is made of."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, and_, cast, func, select

from crmtui.money import Money
from crmtui.services import rate, records
from crmtui.services.context import Context
from crmtui.services.whose import Figure, both
from crmtui.services.window import Listing, sums
from crmtui.store import figures, total
from crmtui.store.fields import Field
from crmtui.store.record import table
from crmtui.store.types import Whole


def money(ctx: Context, ref: str) -> list[tuple[Figure, int]]:
    """The figures of the customer `ref`, each with the number of opportunities behind it. Raises NotFound, Refused.

    Won in all, won in this calendar year, open in full and weighted, in the company's currency.
    """
    account = records.show(ctx, "account", ref)["ref"]
    own = f"account = {account}"
    year = ctx.clock.today().year
    found = [
        _summed(ctx, "won in all", both(own, "state=won")),
        _summed(ctx, "won this year", both(own, "state=won", f"closed_on={year}")),
        _summed(ctx, "open", both(own, "state=open")),
    ]
    where = both(own, "state=open")
    figure = Figure("weighted", weighted(ctx, where), "money", where=where, part="weighted")
    return [*found, (figure, found[-1][1])]


def _summed(ctx: Context, name: str, where: str) -> tuple[Figure, int]:
    whole = sums(ctx, Listing("opp", where), ("count", "sum(amount)"))
    amount = whole.get("sum(amount)") or Money(0, ctx.company.currency)
    return Figure(name, amount, "money", where=where), int(whole.get("count") or 0)


def weighted(ctx: Context, where: str) -> Money:
    """What the opportunities that fit `where` are worth, each times its probability and rounded half-up, of whatever process.

    In the company's currency. Raises Invalid for a wrong condition, Refused where a rate is missing.
    """
    with ctx.reading() as tx:
        amounts: list[ColumnElement[int]] = []

        def to_base(of: str, field: Field) -> ColumnElement[int]:
            amounts.append(rate.in_company_currency(ctx, tx, of, field))
            return amounts[-1]

        scope = replace(records.scope_for(ctx, tx), to_base=to_base)
        total.measure("opp", "sum(amount)", scope)
        opp = table("opp")
        found = records.matching(ctx, tx, "opp", where)
        amount = next(field for field in records.declared_fields("opp") if field.name == "amount")
        rate.check(ctx, tx, "opp", amount, found)
        share = cast(func.sum(figures.weighted(amounts[0], opp.probability)), Whole)
        minor = tx.session.scalar(select(share).select_from(opp).where(and_(True, *found)))
    return Money(minor or 0, ctx.company.currency)


@dataclass(frozen=True)
class Business:
    """What is going on with a customer: how many open opportunities, what they are worth, what was won this year."""

    open: int
    pipeline: Money
    won: Money


def business(ctx: Context, refs: Sequence[str]) -> dict[str, Business]:
    """Customer → its business, of those among `refs` that have any. Raises Refused where a rate is missing."""
    if not refs:
        return {}
    among = f"account in ({', '.join(refs)})"
    year = ctx.clock.today().year
    opens = _by_account(ctx, both(among, "state=open"))
    won = _by_account(ctx, both(among, "state=won", f"closed_on={year}"))
    nothing = (0, Money(0, ctx.company.currency))
    return {
        ref: Business(*opens.get(ref, nothing), won.get(ref, nothing)[1])
        for ref in refs
        if ref in opens or ref in won
    }


def _by_account(ctx: Context, where: str) -> dict[str, tuple[int, Money]]:
    _, rows = records.totals(ctx, "opp", by="account", measure="count,sum(amount)", where_text=where)
    nothing = Money(0, ctx.company.currency)
    return {row["account"].ref: (row["count"], row["sum(amount)"] or nothing) for row in rows}
