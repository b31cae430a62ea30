"""The months of a year side by side: what was won, what is still expected, and the quota."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from crmtui.clock import Period, parse_period, quarter_of
from crmtui.money import Money
from crmtui.services import figures, forecast, whose
from crmtui.services.context import Context
from crmtui.services.question import reading
from crmtui.services.whose import Figure, both, period_of


@dataclass(frozen=True)
class Month:
    """A month of the fiscal year: `won`, the weighted value of what is open and expected in it, and its quota.

    `spread` says that the quota is set for a longer period, and this is the month's even share of it.
    """

    period: Period
    won: Figure
    forecast: Figure
    quota: Money | None
    spread: bool


def months(ctx: Context, who: str, period: str = "") -> list[Month]:
    """The twelve months of the fiscal year in which the period ends. Raises Invalid, and Refused where a rate is missing."""
    year = _fiscal_year(ctx, period_of(ctx, period).end)
    table = forecast.table(ctx, whose.ask(ctx, who, year.label, "month"))
    rows = {row["of"]: row for row in table if row["scope"] == "month" and row["of"]}
    own = {of: row["quota"] for of, row in rows.items() if row["quota"] is not None}
    shares = _shares(ctx, who, year, own)
    return [
        _month(
            ctx,
            who,
            month,
            rows[month.label],
            own.get(month.label) or shares.get(month.label),
            month.label not in own and month.label in shares,
        )
        for month in year.months()
    ]


def _fiscal_year(ctx: Context, day: date) -> Period:
    start = ctx.company.fiscal_start
    year = day.year + (1 < start <= day.month)
    return parse_period(f"FY{year}", ctx.clock.today(), start)


def _month(
    ctx: Context, who: str, period: Period, row: dict[str, Any], quota: Money | None, spread: bool
) -> Month:
    won = both("state=won", f"closed_on={period.label}", whose.condition(ctx, who))
    ask = replace(whose.ask(ctx, who, period.label), depth=0)
    return Month(
        period,
        Figure("won", row["won"], "money", where=won),
        Figure("weighted", row["weighted"], "money", ask=ask, part="weighted"),
        quota,
        spread,
    )


def _shares(ctx: Context, who: str, year: Period, own: dict[str, Money]) -> dict[str, Money]:
    """What months without a quota of their own have of that of their quarter, else of the year; to the cent."""
    found = dict(own)
    within = [month.label for month in year.months()]
    quarters = dict.fromkeys(quarter_of(month.start) for month in year.months())
    with reading(ctx, whose.ask(ctx, who, year.label)) as (_, read):
        for period in (*(parse_period(label, ctx.clock.today()) for label in quarters), year):
            inside = [month.label for month in period.months()]
            without = [label for label in inside if label not in found]
            if not without or not set(inside) <= set(within):
                continue
            whole = figures.tree(replace(read, period=period), "", counted=False)[0].quota or 0
            left = whole - sum(found[label].minor for label in inside if label in found)
            if left > 0:
                cuts = [left * at // len(without) for at in range(len(without) + 1)]
                for label, low, high in zip(without, cuts[:-1], cuts[1:], strict=True):
                    found[label] = Money(high - low, read.world.currency)
    return found
