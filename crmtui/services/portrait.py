"""What a customer is worth: won, open and weighted, each figure with the opportunities it is made of."""

from crmtui.money import Money
from crmtui.services import board, records
from crmtui.services.context import Context
from crmtui.services.whose import Figure, both
from crmtui.services.window import Listing, sums


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
    weighted = sum(column.weighted.minor for column in board.board(ctx, where))
    figure = Figure("weighted", Money(weighted, ctx.company.currency), "money", where=where, part="weighted")
    return [*found, (figure, found[-1][1])]


def _summed(ctx: Context, name: str, where: str) -> tuple[Figure, int]:
    whole = sums(ctx, Listing("opp", where), ("count", "sum(amount)"))
    amount = whole.get("sum(amount)") or Money(0, ctx.company.currency)
    return Figure(name, amount, "money", where=where), int(whole.get("count") or 0)
