"""Where the period stands: what was won, what is forecast, what is late; each figure with the records it is made of."""

from dataclasses import dataclass, replace
from datetime import timedelta

from crmtui.clock import FIRST_YEAR, LAST_YEAR, Period
from crmtui.money import Money, digits_of
from crmtui.services import forecast, funnel, news, records, whose
from crmtui.services.board import BoardColumn, Card, board, cards
from crmtui.services.context import Context
from crmtui.services.months import Month, months
from crmtui.services.whose import Figure, both, earlier, period_of

__all__ = [
    "BoardColumn",
    "Card",
    "Figure",
    "Month",
    "Overview",
    "Tile",
    "Tiles",
    "board",
    "cards",
    "months",
    "overview",
    "tiles",
    "trend",
]

EVER = f"{FIRST_YEAR}..{LAST_YEAR}"
"""A period that leaves out nothing that has a date."""
LARGE = 3
"""From how many times the mean amount of what is open on an opportunity is a large one."""
NEWLY_LATE = 7
"""Since how many days at most something counts as newly late."""


@dataclass(frozen=True)
class Tile:
    """One large figure, what it is compared with, and how much of that it is in percent; None where there is none."""

    figure: Figure
    whole: Figure | None = None
    percent: float | None = None
    rest: Figure | None = None


@dataclass(frozen=True)
class Tiles:
    """The five figures at the top of the overview.

    `won` is compared with the quota; so is `forecast`, whose `rest` is the gap (negative once it is exceeded).
    `weighted` is all that is open and has a date, whatever the period. `win_rate` is compared with the period before,
    with the difference in points as its `rest`. `overdue` counts what should have closed before today, with the large
    ones as its `whole` (`large` says from which amount on) and those that became late in the last days as its `rest`.
    """

    won: Tile
    forecast: Tile
    weighted: Tile
    win_rate: Tile
    overdue: Tile
    large: Money


@dataclass(frozen=True)
class Overview:
    """All of the first screen; each part can also be had alone, by the function of its name."""

    period: Period
    day: int
    """Which day of the period today is; 0 before it, and no more than `days`."""
    days: int
    tiles: Tiles
    months: list[Month]
    funnel: list[funnel.Row]
    recent: list[news.Change]
    near: list[news.Near]
    steps: list[str]


def overview(ctx: Context, who: str = "mine", period: str = "") -> Overview:
    """Where the period stands for `who` (mine, team, all). Raises Invalid, and Refused where a rate is missing."""
    read = period_of(ctx, period)
    return Overview(
        read,
        min(max((ctx.clock.today() - read.start).days + 1, 0), (read.end - read.start).days + 1),
        (read.end - read.start).days + 1,
        tiles(ctx, who, period),
        months(ctx, who, period),
        funnel.rows(ctx, who, period),
        news.recent(ctx, who),
        news.near(ctx, who),
        news.steps(ctx),
    )


# -- tiles ------------------------------------------------------------------------------------------------------


def tiles(ctx: Context, who: str, period: str = "") -> Tiles:
    """The five large figures. Raises Invalid, and Refused where a rate is missing."""
    within = period_of(ctx, period)
    ask = replace(whose.ask(ctx, who, within.label), depth=0)
    row = forecast.table(ctx, ask)[0]
    won = both("state=won", f"closed_on={within.label}", whose.condition(ctx, who))
    quota = _part("quota", row["quota"])
    return Tiles(
        Tile(Figure("won", row["won"], "money", where=won), quota, row["attainment"]),
        Tile(
            Figure("forecast", row["forecast"], "money", ask=ask, part="forecast"),
            quota,
            row["coverage"],
            _part("gap", row["gap"]),
        ),
        Tile(_weighted(ctx, who)),
        _win_rate(ctx, who, within),
        *_overdue(ctx, who),
    )


def _part(name: str, value: Money | None) -> Figure | None:
    return None if value is None else Figure(name, value, "money")


def _weighted(ctx: Context, who: str, as_of: str = "") -> Figure:
    ask = replace(whose.ask(ctx, who, EVER), depth=0, as_of=as_of)
    return Figure("weighted", forecast.table(ctx, ask)[0]["weighted"], "money", ask=ask, part="weighted")


def trend(ctx: Context, who: str, weeks: int = 8) -> list[Figure]:
    """The weighted value of what was open, at the end of each of the last weeks and now, oldest first.

    Weeks from before the first transaction are left out. The journal is taken back once for every week, so a screen
    asks for it after everything else. Raises Invalid, and Refused where a rate is missing.
    """
    now, began = ctx.clock.now(), news.began(ctx)
    moments = [now - timedelta(weeks=back) for back in range(weeks, 0, -1)]
    before = [one.isoformat() for one in moments if began is not None and one >= began]
    return [_weighted(ctx, who, one) for one in before] + [_weighted(ctx, who)]


def _win_rate(ctx: Context, who: str, period: Period) -> Tile:
    this, before = (funnel.win_rate(ctx, who, one) for one in (period, earlier(period)))
    known = this.value is not None and before.value is not None
    points = Figure("points", round(this.value - before.value, 2), "points") if known else None
    return Tile(this, before, rest=points)


def _overdue(ctx: Context, who: str) -> tuple[Tile, Money]:
    late = both("state=open", "expected_close_on<today", whose.condition(ctx, who))
    large = _large(ctx, who)
    lately = both(late, f"expected_close_on>=today-{NEWLY_LATE}d")

    def count(name: str, where: str) -> Figure:
        return Figure(name, records.count_where(ctx, "opp", where), where=where)

    over = count("large", both(late, f"amount>{large.minor // 10 ** digits_of(large.currency)}"))
    return Tile(count("overdue", late), over, rest=count("newly_late", lately)), large


def _large(ctx: Context, who: str) -> Money:
    """A round amount, at least `LARGE` times the mean of what is open: the next of 1, 2, 5, 10, 20, 50 …"""
    where = both("state=open", whose.condition(ctx, who))
    _, rows = records.totals(ctx, "opp", by="", measure="avg(amount)", where_text=where)
    mean = next(rows)["avg(amount)"]
    wanted, size = (mean.minor * LARGE if mean else 0), 10 ** digits_of(ctx.company.currency)
    while True:
        for step in (1, 2, 5):
            if size * step >= wanted:
                return Money(size * step, ctx.company.currency)
        size *= 10
