"""The forecast as a grid: the tree of a department, territory or industry down, the months of the period across."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from crmtui.clock import Period
from crmtui.money import Money
from crmtui.services import figures, forecast, records, whose
from crmtui.services.context import Context, Ref
from crmtui.services.question import Ask, reading
from crmtui.services.rollup import Key
from crmtui.services.whose import Figure
from crmtui.store.refs import ref_of

MEASURES = ("forecast", "won", "weighted", "commit", "best", "budget")
"""What the months can show."""
NOTHING = 0
"""No record has this number: what stands for nobody and counts nothing, as the quota that nobody below carries."""


@dataclass(frozen=True)
class Line:
    """A row of the grid: `row` as `forecast.table` has it, what its months come to, and the question behind it.

    `part` is the row of an answer to `ask` that it is, where no question alone says which components are its own.
    """

    key: str
    row: Mapping[str, Any]
    months: Sequence[Money]
    ask: Ask
    part: Key | None = None

    def figure(self, part: str, value: Money | None, period: str = "") -> Figure:
        """The figure `part` of the row in `period` (default: the whole), which is `value`, with the records behind it."""
        ask = replace(self.ask, period=period) if period else self.ask
        return Figure(part, value, "money", ask=ask, part=part, row=self.part)


@dataclass(frozen=True)
class Grid:
    """The lines in reading order, a parent before its parts, and the months; `period` is the whole."""

    period: Period
    months: Sequence[Period]
    lines: Sequence[Line]
    method: str
    by: str = "dept"


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
    return Grid(within, months, lines, method, by)


def _by(who: str, by: str) -> str:
    """People are the leaves of the department tree."""
    return "user" if by == "dept" else by


def _key(row: Mapping[str, Any]) -> str:
    return f"{row['scope']} {row['path']}"


def behind(row: Mapping[str, Any], ask: Ask) -> tuple[Ask, Key | None]:
    """The question about one row of an answer to `ask`; and the row itself, where a question alone says too much."""
    scope, of = row["scope"], row["of"]
    alone = replace(ask, by="", depth=None)
    if row["depth"] == 0:
        return alone, None
    named = of.ref if isinstance(of, Ref) and of.name is not None else of if isinstance(of, str) else ""
    if named and scope == "dept":
        return replace(alone, dept=named, users=()), None
    if named and scope == "user":
        return replace(alone, dept="", users=(named,)), None
    if named and not (ask.dept or ask.users):
        if scope == "territory":
            return replace(alone, territory=named), None
        if scope == "industry":
            return replace(alone, industry=named), None
        if scope == "product":
            return replace(alone, product=named), None
    if of is None and not row["components"]:
        return alone, (scope, NOTHING)
    return alone, (scope, of.id if isinstance(of, Ref) else of)


def quota_of(ctx: Context, line: Line, grid: Grid) -> Figure:
    """The quota of a line, with the quotas that it is made of. Raises NotFound, Refused without a rate."""
    by = "territory" if grid.by == "territory" else "user"
    with reading(ctx, replace(line.ask, by="" if line.ask.industry or line.ask.product else by)) as (_, read):
        ids = [] if line.part else [one.id for one in figures.quotas(read)]
    where = f"id in ({', '.join(map(str, ids))})" if ids else ""
    return Figure("quota", line.row["quota"], "money", noun="quota", where=where)


def condition(ctx: Context, figure: Figure) -> str:
    """The condition that finds the records behind a figure, and no others. Raises Invalid, NotFound."""
    if figure.ask is None:
        return figure.where
    if figure.row is not None and figure.row[1] == NOTHING:
        return f"id = {NOTHING}"
    text = whose.both(
        _people(figure.ask, figure.row), *_divided(figure.ask, figure.row), _counted(ctx, figure)
    )
    known = forecast.whole(ctx, figure.ask, figure.part, figure.row).count
    if records.count_where(ctx, "opp", text) == known:
        return text
    behind = forecast.drill(ctx, figure.ask, figure.part, row=figure.row)
    numbers = [one["ref"] if one["kind"] == "opp" else one["opp"] and one["opp"].ref for one in behind]
    found = [one.rpartition("-")[2] for one in numbers if one]
    return f"id in ({', '.join(found)})" if found else "id = 0"


def _people(ask: Ask, row: Key | None) -> str:
    """Whose opportunities: what the question says, and the row."""
    asked = f"owner.dept under {ask.dept}" if ask.dept else ""
    if ask.users:
        asked = f"owner in ({', '.join(ask.users)})" if len(ask.users) > 1 else f"owner = {ask.users[0]}"
    scope, of = row or ("", None)
    field = {"dept": "owner.dept", "user": "owner"}.get(scope)
    if field is None:
        return asked
    if of is None:
        return whose.both(asked, f"{field} is empty")
    return whose.both(
        asked,
        f"owner.dept under {ref_of('dept', of)}" if scope == "dept" else f"owner = {ref_of('user', of)}",
    )


def _divided(ask: Ask, row: Key | None) -> Iterator[str]:
    """In which territory or industry, of which product, in which process; the customer's where it has none itself."""
    asked: dict[str, Any] = {"territory": ask.territory, "industry": ask.industry, "product": ask.product}
    for scope, of in (*((name, one) for name, one in asked.items() if one), *([row] if row else [])):
        value = ref_of(scope, of) if isinstance(of, int) else whose.word(of)
        if scope in ("territory", "industry"):
            test = "is empty" if of is None else f"under {value}" if scope == "territory" else f"= {value}"
            both = "and" if of is None else "or"
            own = f"{scope} is empty and account.{scope} {test}"
            yield own if of is None else f"({scope} {test} {both} ({own}))"
        elif scope in ("product", "process"):
            field = "products" if scope == "product" else scope
            yield f"{field} is empty" if of is None else f"{field} = {value}"


def _counted(ctx: Context, figure: Figure) -> str:
    """What the figure counts of them: in its period, and open or won."""
    assert figure.ask is not None
    period, part = whose.period_of(ctx, figure.ask.period), figure.part
    days = f">= {period.start} and {{0}} <= {period.end}"

    def dated(field: str) -> str:
        return f"{field} {days.format(field)}"

    won = f"state = won and {dated('closed_on')}"
    still = f"state = open and category != omitted and {dated('expected_close_on')}"
    if part in ("commit", "best"):
        still = f"state = open and category = {part} and {dated('expected_close_on')}"
    if part == "rest":
        still += " and category != commit"
    if part == "won":
        return won
    return f"(({won}) or ({still}))" if part == "forecast" else still
