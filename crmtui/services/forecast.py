"""Forecasts: quota, won, weighted and forecast rolled up; the records behind a figure; the gap and what could close it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from crmtui.errors import Invalid
from crmtui.i18n import N_, gettext
from crmtui.money import Money
from crmtui.services import figures, rollup
from crmtui.services.context import Context, Ref, Tx
from crmtui.services.question import BY, METHODS, Ask, Read, reading
from crmtui.services.rollup import Key, Node
from crmtui.services.totals import hundredths, names_of
from crmtui.store import figures as stored
from crmtui.store import opened
from crmtui.store.figures import Sums
from crmtui.store.refs import ref_of

__all__ = ["BY", "FIGURES", "METHODS", "Ask", "Gap", "Whole", "drill", "gap", "table", "whole"]

FIGURES = ("forecast", "won", "weighted", "budget", "commit", "best")
"""The figures that can be opened."""


def forecast_of(sums: Sums, method: str) -> int:
    """The forecast: won and weighted; by `commit` what is committed counts in full; by `budget` all that is open does."""
    if method == "budget":
        return sums.won + sums.budget
    return sums.won + sums.weighted + (sums.commit - sums.commit_weighted if method == "commit" else 0)


def percent(part: int, whole: int | None) -> int | float | None:
    """`part` of `whole` in percent with at most two decimals, half-up; None when there is nothing to be part of."""
    return hundredths(part * 10_000, whole) if whole else None


def table(ctx: Context, ask: Ask) -> list[dict[str, Any]]:
    """The rows of a forecast in reading order, a parent before its parts, by the names of cli.md.

    All amounts are Money in the company's currency; `attainment` and `coverage` are percents with at most two decimals,
    None without a quota. `of` is a Ref, an entry of a list, a month or the company's name; None is what has none of it.
    The sums of the parts of a row are that row, to the cent; `depth` leaves rows out and changes no sum. Undated
    components belong to no period: they are counted in `undated` alone. Raises Invalid, NotFound, Refused.
    """
    with reading(ctx, ask) as (_, read):
        tops = figures.tree(read, ctx.company.called)
        return [
            _row(read, depth, node)
            for depth, node in rollup.preorder(tops)
            if read.depth is None or depth <= read.depth
        ]


def place(read: Read, depth: int, node: Node) -> dict[str, Any]:
    """The columns that say what a row is about."""
    scope, of = node.key
    named: Any = of
    if scope == "company":
        named = node.name
    elif isinstance(of, int):
        named = Ref(ref_of(scope, of), node.name, of)
    path = " / ".join((*node.above, node.called))
    return {
        "scope": scope,
        "of": named,
        "path": path,
        "depth": depth,
        "period": read.period.label,
        "currency": read.world.currency,
    }


def _row(read: Read, depth: int, node: Node) -> dict[str, Any]:
    sums, quota = node.sums, node.quota
    forecast = forecast_of(sums, read.method)

    def money(minor: int | None) -> Money | None:
        return None if minor is None else Money(minor, read.world.currency)

    return {
        **place(read, depth, node),
        "quota": money(quota),
        "won": money(sums.won),
        "open": sums.open,
        "budget": money(sums.budget),
        "weighted": money(sums.weighted),
        "commit": money(sums.commit),
        "best": money(sums.best),
        "forecast": money(forecast),
        "gap": money(None if quota is None else quota - forecast),
        "attainment": percent(sums.won, quota),
        "coverage": percent(forecast, quota),
        "components": sums.open + sums.closed,
        "overdue": sums.overdue,
        "undated": sums.undated,
    }


# -- the records behind a figure --------------------------------------------------------------------------------


def drill(
    ctx: Context,
    ask: Ask,
    figure: str = "forecast",
    *,
    left_out: bool = False,
    row: Key | None = None,
    start: int = 0,
    size: int | None = None,
) -> list[dict[str, Any]]:
    """The components of one figure of the top row, the largest first; their `counted` sums to it.

    `amount` is Money in the record's own currency, `counted` in the company's, `why` says how one became the other.
    `kind` is opp or quote; a quote stands for its opportunity `opp`, if it has one.
    With `left_out` what is open or suspended and does not count: omitted, suspended, or without a date.
    `row` narrows them to those of one row of an answer to `ask` (its scope, and the id or entry it is of); `start` and
    `size` to a stretch. Behind the figure "gap" stand the open ones that their full value would add to the forecast.
    Raises Invalid, NotFound, Refused.
    """
    _check_figure(figure)
    with reading(ctx, replace(ask, by="")) as (tx, read):
        asked = figures.of_row(read, figures.opportunities(read), row)
        if left_out:
            found = [(0, one) for one in stored.left_out(read.world, asked)]
            found.sort(key=lambda pair: int(pair[1].id))
        else:
            rows = opened.rows(read.world, asked, figure, read.method, start, size)
            found = [(int(one.counted), one) for one in rows]
        return _components(tx, read, found, figure)


@dataclass(frozen=True)
class Whole:
    """What stands behind a figure: how many components, their full value, and what of it counts."""

    count: int
    value: Money
    counted: Money


def whole(ctx: Context, ask: Ask, figure: str = "forecast", row: Key | None = None) -> Whole:
    """What the components come to that `drill` lists: `counted` is the figure, to the cent. Raises as `drill`."""
    _check_figure(figure)
    with reading(ctx, replace(ask, by="")) as (_, read):
        asked = figures.of_row(read, figures.opportunities(read), row)
        found, currency = opened.whole(read.world, asked, figure, read.method), read.world.currency
        return Whole(found.count, Money(found.value, currency), Money(found.counted, currency))


def _check_figure(figure: str) -> None:
    if figure not in opened.FIGURES:
        raise Invalid(
            "forecast.word",
            N_("{word} is not one of: {words}."),
            field="figure",
            word=figure,
            words=", ".join(FIGURES),
        )


def _components(tx: Tx, read: Read, shown: Sequence[tuple[int, Any]], figure: str) -> list[dict[str, Any]]:
    names = {
        **names_of(tx, "account", [row.account_id for _, row in shown if row.account_id]),
        **names_of(tx, "user", [row.owner_id for _, row in shown if row.owner_id]),
        **names_of(tx, "opp", [row.opp_id for _, row in shown if row.kind != "opp" and row.opp_id]),
    }

    def ref(noun: str, record: int | None) -> Ref | None:
        return None if record is None else Ref(ref_of(noun, record), names.get((noun, record)), record)

    currency = read.world.currency
    return [
        {
            "kind": row.kind,
            "ref": ref_of(row.kind, row.id),
            "opp": None if row.kind == "opp" else ref("opp", row.opp_id),
            "name": row.name,
            "account": ref("account", row.account_id),
            "owner": ref("user", row.owner_id),
            "amount": None if row.amount is None else Money(row.amount, row.currency or currency),
            "currency": row.currency or currency,
            "probability": row.probability,
            "counted": Money(share, currency),
            "why": _why(read, row, share),
            "stage": row.stage,
            "state": row.state,
            "category": row.category,
            "expected_close_on": row.expected_close_on,
            "closed_on": row.closed_on,
        }
        for share, row in shown
    ]


def _why(read: Read, row: Any, share: int) -> str:
    if row.state == "won":
        return gettext(N_("won on {day}")).format(day=row.closed_on)
    said = []
    if row.state == "suspended":
        said.append(gettext(N_("suspended")))
    if row.category == stored.OMITTED:
        said.append(gettext(N_("omitted from the forecast")))
    if row.expected_close_on is None:
        said.append(gettext(N_("has no expected close date")))
    if said:
        return ", ".join(said)
    full = share == (row.value or 0) and row.probability != 100
    said.append(gettext(N_("in full")) if full else f"{row.probability or 0} %")
    if row.expected_close_on < read.world.today:
        said.append(gettext(N_("overdue since {day}")).format(day=row.expected_close_on))
    return ", ".join(said)


# -- the gap ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Gap:
    """`row` is the row of figures with the gap; `opportunities` what could close it, the largest remainder first."""

    row: dict[str, Any]
    opportunities: list[dict[str, Any]]


def gap(ctx: Context, ask: Ask) -> Gap:
    """What is missing to the quota, and the open opportunities of the period whose remainder could cover it.

    The remainder of an opportunity is what its full value adds to its weighted value; `covers` is the running total of
    the remainders. Where the forecast reaches the quota, nothing is listed. Raises Invalid, NotFound, Refused.
    """
    with reading(ctx, ask) as (tx, read):
        top = figures.tree(read, ctx.company.called)[0]
        row = _row(read, 0, top)
        short = row["gap"]
        if short is not None and short.minor <= 0:
            return Gap(row, [])
        found = opened.rows(read.world, figures.opportunities(read), "gap", read.method)
        shares = [((one.value or 0) - int(one.counted), one) for one in found]
        rows = _components(tx, read, shares, "forecast")
        covers = 0
        for one, listed in zip(found, rows, strict=True):
            rest = int(one.counted)
            covers += rest
            listed["remainder"] = Money(rest, read.world.currency)
            listed["covers"] = Money(covers, read.world.currency)
        return Gap(row, rows)
