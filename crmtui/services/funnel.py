"""The funnel: how far the opportunities of a period came, how long they stay, why and to whom they are lost."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crmtui.clock import Period
from crmtui.money import Money
from crmtui.services import board, records, whose
from crmtui.services.context import Context
from crmtui.services.forecast import percent
from crmtui.services.whose import Figure, both, period_of, word

FEWEST = 5
"""From how many opportunities on a rate says something."""


@dataclass(frozen=True)
class Row:
    """A stage, or at the end what was won (`stage` is empty then).

    `came` and `value` are the opportunities that came at least this far. `passed` is which percent of them went on to
    the next row; `on` are these, `stayed` the others. `here` is how many stand here now, `here_value` what these are worth,
    `days` for how long on average, against `usual`, the days that the process allows; `stuck` are those beyond that.
    `slowest` marks the stage that exceeds the allowed days most, else the one with the most days.
    """

    stage: str
    name: str
    came: Figure
    value: Figure
    passed: float | None = None
    on: Figure | None = None
    stayed: Figure | None = None
    here: Figure | None = None
    here_value: Figure | None = None
    days: float | None = None
    usual: int | None = None
    stuck: Figure | None = None
    slowest: bool = False


@dataclass(frozen=True)
class Against:
    """What was won and lost where a competitor was named; `name` is empty for one that may not be seen."""

    ref: str
    name: str
    won: Figure
    lost: Figure


@dataclass(frozen=True)
class Funnel:
    """`rows` are the stages in their order and what was won. `win_rate` is of what was closed in the period.

    `of_entered` is which percent of the opportunities opened in the period is won; None below `FEWEST`. `undated` are
    those without a day of opening, which no period counts. `won` and `lost` were closed in the period, `reasons` tells
    why these were lost (name "" for no reason given), `against` to whom and against whom. `before` is the same of the period it is
    compared with.
    """

    period: Period
    rows: list[Row]
    won: Figure
    lost: Figure
    win_rate: Figure
    of_entered: float | None
    undated: Figure
    reasons: list[Figure]
    against: list[Against]
    before: "Funnel | None" = None


def rows(ctx: Context, who: str = "mine", period: str = "", process: str = board.PROCESS) -> list[Row]:
    """How far the opportunities of `process` came that were opened in the period: its stages, and what was won.

    An opportunity came as far as the stage in which it stands, or stood when it was lost, and through every stage
    before it in the order of the process; what is won came through all. The days of opening and these stages stand in
    the records, so that every figure is a condition and costs one walk; the journal, in which an import is a single
    moment, is not asked. Duplicates are left out. Raises Invalid, and Refused where a rate is missing.
    """
    base = both(_scope(ctx, who, process), f"opened_on={period_of(ctx, period).label}")
    return _rows(ctx, base, both("state=open", whose.condition(ctx, who)), process)


def _scope(ctx: Context, who: str, process: str) -> str:
    return both(f"process={word(process)}", "state!=duplicate", whose.condition(ctx, who))


def table(
    ctx: Context, who: str = "mine", period: str = "", against: str = "", process: str = board.PROCESS
) -> Funnel:
    """The funnel of a period: `rows`, win rates, reasons and rivals; compared with `against`, another period, if given.

    Raises Invalid, and Refused where a rate is missing.
    """
    within = period_of(ctx, period)
    found = rows(ctx, who, period, process)
    entered, won = found[0].came.value, found[-1].came.value
    decided = both(f"closed_on={within.label}", whose.condition(ctx, who))
    ended = _ended(ctx, decided)
    undated = both(_scope(ctx, who, process), "opened_on is empty")
    return Funnel(
        within,
        found,
        ended["won"],
        ended["lost"],
        win_rate(ctx, who, within),
        percent(won, entered) if entered >= FEWEST else None,
        Figure("undated", records.count_where(ctx, "opp", undated), where=undated),
        _reasons(ctx, decided),
        _against(ctx, decided),
        table(ctx, who, against, process=process) if against else None,
    )


def win_rate(ctx: Context, who: str, period: Period) -> Figure:
    """How many of the opportunities closed in `period` were won, in percent; None where none was closed."""
    where = both("state in (won, lost)", f"closed_on={period.label}", whose.condition(ctx, who))
    _, rows = records.totals(ctx, "opp", by="", measure="win_rate", where_text=where)
    return Figure("win_rate", next(rows)["win_rate"], "percent", where=where)


# -- stages -----------------------------------------------------------------------------------------------------


def _rows(ctx: Context, base: str, here: str, process: str) -> list[Row]:
    codes = [stage.code for stage in board.stages(ctx, process)]
    columns = [one for one in board.board(ctx, here, process) if one.stage in codes]
    found = _found(ctx, base)
    reached = [_reached(ctx, base, codes[at:], found) for at in range(len(codes) + 1)]
    slowest = _slowest(columns)
    rows = []
    for at, column in enumerate(columns):
        came, value = reached[at]
        went = reached[at + 1][0]
        stayed = both(base, f"stage={word(column.stage)}", "state!=won")
        rows.append(
            Row(
                column.stage,
                column.name,
                came,
                value,
                percent(went.value, came.value),
                went,
                Figure("stayed", came.value - went.value, where=stayed),
                Figure("open", column.count, where=column.condition),
                Figure("amount", column.amount, "money", where=column.condition),
                column.days,
                column.usual,
                _stuck(column),
                column is slowest,
            )
        )
    return [*rows, Row("", "", *reached[-1])]


def _found(ctx: Context, base: str) -> dict[tuple[str, bool], tuple[int, Money]]:
    """(stage, won) → count and amount."""
    _, rows = records.totals(ctx, "opp", by="stage,state", measure="count,sum(amount)", where_text=base)
    found: dict[tuple[str, bool], tuple[int, Money]] = {}
    for row in rows:
        key = str(row["stage"] or ""), str(row["state"]) == "won"
        count, amount = found.get(key, (0, Money(0, ctx.company.currency)))
        found[key] = count + row["count"], amount + (row["sum(amount)"] or Money(0, ctx.company.currency))
    return found


def _reached(
    ctx: Context, base: str, codes: list[str], found: Mapping[tuple[str, bool], tuple[int, Money]]
) -> tuple[Figure, Figure]:
    """How many came as far as the first of `codes`, and their value; without codes, what was won."""
    picked = [figures for (stage, won), figures in found.items() if won or stage in codes]
    listed = ", ".join(word(code) for code in codes)
    where = both(base, f"(state=won or stage in ({listed}))" if codes else "state=won")
    count, amount = sum(one for one, _ in picked), sum(each.minor for _, each in picked)
    return (
        Figure("came", count, where=where),
        Figure("value", Money(amount, ctx.company.currency), "money", where=where),
    )


def _slowest(columns: list[board.BoardColumn]) -> board.BoardColumn | None:
    """The stage that exceeds the allowed days most, else the one with the most days; None where nobody waits a day."""
    waiting = [one for one in columns if one.days is not None and one.days >= 1]
    return max(
        waiting, key=lambda one: ((one.days or 0) - (one.usual or one.days or 0), one.days), default=None
    )


def _stuck(column: board.BoardColumn) -> Figure | None:
    if column.usual is None:
        return None
    where = both(column.condition, f"days_in_stage>{column.usual}")
    return Figure("stuck", column.stuck, where=where)


# -- reasons ----------------------------------------------------------------------------------------------------


def _ended(ctx: Context, decided: str) -> dict[str, Figure]:
    where = both("state in (won, lost)", decided)
    _, rows = records.totals(ctx, "opp", by="state", measure="count", where_text=where)
    return _won_and_lost({str(row["state"]): row["count"] for row in rows}, decided)


def _won_and_lost(counts: Mapping[str, int], where: str) -> dict[str, Figure]:
    return {
        state: Figure(state, counts.get(state, 0), where=both(f"state={state}", where))
        for state in ("won", "lost")
    }


def _reasons(ctx: Context, decided: str) -> list[Figure]:
    lost = both("state=lost", decided)
    _, rows = records.totals(ctx, "opp", by="loss_reason", measure="count", where_text=lost)
    found = [(row["loss_reason"], row["count"]) for row in rows]
    named: list[tuple[Any, int]] = sorted(found, key=lambda pair: (pair[0] is None, -pair[1]))
    return [
        Figure(
            "" if reason is None else reason.shown,
            count,
            where=both(lost, "loss_reason is empty" if reason is None else f"loss_reason={word(reason)}"),
        )
        for reason, count in named
    ]


def _against(ctx: Context, decided: str) -> list[Against]:
    where = both("state in (won, lost)", "competitor is not empty", decided)
    _, rows = records.totals(ctx, "opp", by="competitor,state", measure="count", where_text=where)
    counts: dict[str, dict[str, int]] = {}
    names: dict[str, str] = {}
    for row in rows:
        rival = row["competitor"]
        names[rival.ref] = rival.name or ""
        counts.setdefault(rival.ref, {})[str(row["state"])] = row["count"]
    found = [
        Against(ref, names[ref], **_won_and_lost(by_state, both(f"competitor={ref}", decided)))
        for ref, by_state in counts.items()
    ]
    return sorted(found, key=lambda one: (-(one.won.value + one.lost.value), one.name))
