"""The five large figures of the overview: what each tile says, and what its figures open."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from crmtui.i18n import N_, gettext
from crmtui.money import Money, half_up
from crmtui.screens import charts
from crmtui.screens.cells import money_text
from crmtui.screens.glyphs import g
from crmtui.screens.links import Lines, Link, LinkTile
from crmtui.screens.tiles import Big

if TYPE_CHECKING:
    from crmtui.clock import Period
    from crmtui.services.context import Context
    from crmtui.services.dashboard import Tile, Tiles
    from crmtui.services.whose import Figure

NAMES = ("won", "forecast", "weighted", "win_rate", "overdue")
MONTHS = 8
"""Months of which the win rate is drawn."""
WEEKS = 4
"""Weeks back with which the weighted pipeline is compared."""


def show_all(
    tiles: "Tiles", tile: Callable[[str], LinkTile], when: str, before: str, quota: Any, forecast: Any
) -> None:
    """Fill the tiles. `when` names the period (empty: this quarter), `before` the one before it; `quota` and `forecast`
    are what the quota and the percentage of the forecast open."""
    won = gettext(N_("Won {period}")).format(period=when) if when else gettext(N_("Won this quarter"))
    _money(tile("won"), won, tiles.won, "success", [_share(tiles.won, quota)])
    coverage = _percent(tiles.forecast.percent)
    lines = (
        [[Link(coverage, target=forecast), *_gap(tiles.forecast)]]
        if coverage
        else [_share(tiles.forecast, quota)]
    )
    _money(tile("forecast"), gettext(N_("Forecast")), tiles.forecast, "warning", lines)
    _money(
        tile("weighted"),
        gettext(N_("Weighted pipeline")),
        tiles.weighted,
        "foreground",
        [[Link(gettext(N_("all that is open")), "muted")]],
    )
    _rate(tile("win_rate"), tiles.win_rate, before)
    _overdue(tile("overdue"), tiles)


def before(ctx: "Context", period: str) -> str:
    """The period before, without the year where it is the same one: `Q3`, `2025Q4`."""
    from crmtui.services import whose

    this = whose.period_of(ctx, period)
    label = whose.earlier(this).label
    quarter = label[4:5] == "Q" and label[:4] == this.label[:4]
    return label[4:] if quarter else label


def _money(tile: LinkTile, title: str, of: "Tile", token: str, lines: Lines) -> None:
    number, unit = charts.short(of.figure.value)
    bar = (of.figure.value.minor, of.whole.value.minor) if of.whole is not None else None
    tile.tell(title, Big(number, unit, token, bar=bar), of.figure, lines)


def _percent(value: float | None) -> str:
    return "" if value is None else f"{half_up(round(value * 100), 100)}%"


def _share(of: "Tile", quota: Any) -> list[Link]:
    """`52% of 18.0M`."""
    if of.whole is None:
        return [Link(gettext(N_("no quota is set")), "muted", quota)]
    whole = "".join(charts.short(of.whole.value))
    if of.percent is None:
        return [Link(gettext(N_("quota {amount}")).format(amount=whole), "foreground", quota)]
    said = gettext(N_("{percent} of {amount}")).format(percent=_percent(of.percent), amount=whole)
    return [Link(said, "foreground", quota)]


def _gap(of: "Tile") -> list[Link]:
    """`· gap −2.2M`, or by how much the quota is exceeded."""
    if of.rest is None or of.figure.ask is None:
        return []
    gap: Money = of.rest.value
    amount = "".join(charts.short(Money(abs(gap.minor), gap.currency)))
    dot = Link(f" {g('dot')} ", "muted")
    if gap.minor <= 0:
        return [dot, Link(f"{g('up')} +{amount}", "success")]
    target = replace(of.rest, ask=of.figure.ask, part="gap")
    return [dot, Link(gettext(N_("gap {amount}")).format(amount=g("minus") + amount), "foreground", target)]


def _rate(tile: LinkTile, of: "Tile", before: str) -> None:
    title = gettext(N_("Win rate"))
    if of.figure.value is None:
        tile.tell(title, Big(g("dot")), None, [[Link(gettext(N_("nothing closed yet")), "muted")]])
        return
    lines: list[list[Link]] = []
    if of.rest is not None and of.whole is not None:
        points = of.rest.value
        sign = g("up") if points > 0 else g("down") if points < 0 else g("dot")
        said = gettext(N_("{sign} {points} pt on {period}")).format(
            sign=sign, points=f"{abs(points):.1f}".removesuffix(".0"), period=before
        )
        lines = [[Link(said, "foreground", replace(of.whole, name=N_("win rate")))]]
    number = _percent(of.figure.value)[:-1]
    tile.tell(title, Big(number, "%"), replace(of.figure, name=N_("win rate")), lines)


def _overdue(tile: LinkTile, tiles: "Tiles") -> None:
    of = tiles.overdue
    lines: list[list[Link]] = []
    if not of.figure.value:
        lines = [[Link(gettext(N_("all close in time")), "muted")]]
    else:
        if of.rest is not None and of.rest.value:
            said = gettext(N_("{count} in 7 days")).format(count=f"{of.rest.value:,}")
            lines.append([Link(f"{g('up')} ", "error"), Link(said, "foreground", _named(of.rest))])
        if of.whole is not None and of.whole.value:
            said = gettext(N_("{count} above {amount}")).format(
                count=f"{of.whole.value:,}", amount="".join(charts.short(tiles.large))
            )
            lines.append([Link(said, "foreground", _named(of.whole))])
    token = "error" if of.figure.value else "success"
    tile.tell(gettext(N_("Overdue opps")), Big(f"{of.figure.value:,}", "", token), of.figure, lines)


def _named(figure: "Figure") -> "Figure":
    return replace(figure, name=N_("overdue"))


# -- what comes later


def trends(ctx: "Context", who: str) -> "tuple[list[Figure], list[float]]":
    """The weighted pipeline at the end of the last weeks and now, and the win rates of the last months."""
    from crmtui.clock import add_months
    from crmtui.services import dashboard, funnel

    this = ctx.clock.today().replace(day=1)
    rates = [
        funnel.win_rate(ctx, who, _month(add_months(this, -back))).value for back in range(MONTHS - 1, -1, -1)
    ]
    return dashboard.trend(ctx, who), [rate for rate in rates if rate is not None]


def _month(first: date) -> "Period":
    from datetime import timedelta

    from crmtui.clock import Period, add_months

    return Period.of(first, add_months(first, 1) - timedelta(days=1))


def show_trends(
    weighted: "Sequence[Figure]", rates: Sequence[float], tile: Callable[[str], LinkTile]
) -> None:
    """Draw the trends below the weighted pipeline and the win rate, as far as there are any."""
    if len(weighted) > 1:
        values = [one.value.minor for one in weighted]
        weeks = min(WEEKS, len(values) - 1)
        tile("weighted").trend(values, [[_since(weighted[-1 - weeks], values[-1], weeks)]])
    if len(rates) > 1:
        tile("win_rate").trend(rates)


def _since(then: "Figure", now: int, weeks: int) -> Link:
    """`▲ 6% in 4 weeks`; it opens what was open then."""
    old = then.value.minor
    change = half_up((now - old) * 100, old) if old else 0
    sign = g("up") if now > old else g("down") if now < old else g("dot")
    shown = f"{abs(change)}%" if old else money_text(Money(now, then.value.currency))
    said = gettext(N_("{sign} {change} in {weeks} weeks")).format(sign=sign, change=shown, weeks=weeks)
    return Link(said, "foreground", then)
