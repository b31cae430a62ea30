"""The forecast as a grid: the tree of a department, territory or industry down, the months of the period across."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from crmtui.clock import Period
from crmtui.money import Money
from crmtui.services import forecast, whose
from crmtui.services.context import Context
from crmtui.services.question import Ask
from crmtui.services.whose import Figure

MEASURES = ("forecast", "won", "weighted", "commit", "best", "budget")
"""What the months can show."""
TREES = ("dept", "territory", "user")


@dataclass(frozen=True)
class Line:
    """A row of the grid: `row` as `forecast.table` has it, what its months come to, and the question behind it.

    `where` narrows the components of `ask` to those of this row, where no question alone says which they are.
    """

    key: str
    row: Mapping[str, Any]
    months: Sequence[Money]
    ask: Ask
    where: str = ""

    def figure(self, part: str, value: Money | None, period: str = "") -> Figure:
        """The figure `part` of the row in `period` (default: the whole), which is `value`, with the records behind it."""
        ask = replace(self.ask, period=period) if period else self.ask
        return Figure(part, value, "money", ask=ask, part=part, where=self.where)


@dataclass(frozen=True)
class Grid:
    """The lines in reading order, a parent before its parts, and the months; `period` is the whole."""

    period: Period
    months: Sequence[Period]
    lines: Sequence[Line]
    method: str


def grid(
    ctx: Context, who: str, period: str, by: str = "dept", method: str = "weighted", measure: str = "forecast"
) -> Grid:
    """The grid of `who` (mine, team, all) in `period`, divided by `by` (see `question.BY`).

    A line's months sum to its figure of the whole period, to the cent. Raises Invalid, and Refused where a rate is missing.
    """
    within = whose.period_of(ctx, period)
    months = within.months() if len(within.months()) <= 12 else []
    ask = replace(whose.ask(ctx, who, within.label), by=_by(who, by), method=method)
    rows = forecast.table(ctx, ask)
    columns = [
        {_key(row): row for row in forecast.table(ctx, replace(ask, period=month.label))} for month in months
    ]
    nothing = Money(0, ctx.company.currency)
    lines = []
    for row in rows:
        key = _key(row)
        values = [column[key][measure] if key in column else nothing for column in columns]
        lines.append(Line(key, row, values, *behind(row, ask)))
    return Grid(within, months, lines, method)


def _by(who: str, by: str) -> str:
    """People are the leaves of the department tree."""
    return "user" if by == "dept" else by


def _key(row: Mapping[str, Any]) -> str:
    return f"{row['scope']} {row['path']}"


def behind(row: Mapping[str, Any], ask: Ask) -> tuple[Ask, str]:
    """The question about one row of an answer to `ask`, and the condition that narrows it where it says too much."""
    scope, of = row["scope"], row["of"]
    alone = replace(ask, by="", depth=None)
    ref = getattr(of, "ref", "")
    if row["depth"] == 0:
        return alone, ""
    if scope == "dept" and ref:
        return replace(alone, dept=ref, users=()), ""
    if scope == "user" and ref:
        return replace(alone, dept="", users=(ref,)), ""
    if scope in ("territory", "product", "industry") and of and not (ask.dept or ask.users):
        return replace(alone, **{scope: ref or str(of)}), ""
    return alone, _condition(scope, of, ref)


def _condition(scope: str, of: Any, ref: str) -> str:
    field = {"user": "owner", "dept": "owner.dept", "product": "products"}.get(scope, scope)
    if not of:
        return f"{field} is empty"
    return (
        f"{field} under {ref}"
        if scope in ("territory", "dept")
        else f"{field} = {whose.word(ref or str(of))}"
    )
