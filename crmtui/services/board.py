"""The board of opportunities: its columns, one per stage of a process, and the cards in them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, case, cast, false, func, literal, or_, select

from crmtui.i18n import language
from crmtui.money import Money
from crmtui.services import forecast, rate, records, whose, window
from crmtui.services.context import Context
from crmtui.services.whose import Figure
from crmtui.store import dialect, figures, total, where
from crmtui.store.fields import Field
from crmtui.store.record import table
from crmtui.store.types import Moment, Whole

PROCESS = "default"
"""The code of the standard process."""
MOST_CARDS = 200
QUIET_DAYS = 21
"""From how many days without any change an opportunity is quiet."""
NEW_DAYS = 3
HOT_DAYS, HOT_PERCENT = 30, 70
"""Hot is what should close within so many days, at this probability or more."""


@dataclass(frozen=True)
class Stage:
    """A stage of a process as people see it; `usual` are the days allowed in it."""

    code: str
    name: str
    probability: int | None
    usual: int | None


@dataclass(frozen=True)
class BoardColumn:
    """The opportunities in one stage: `condition` finds exactly these.

    `weighted` is their amounts times their probabilities, each rounded half-up; `days` is how long they have been in the
    stage, on average, None where there are none; `stuck` of them are there for longer than the `usual` days, which the
    process allows. `name` is the code where the process no longer has the stage.
    """

    stage: str
    name: str
    count: int
    amount: Money
    weighted: Money
    days: float | None
    usual: int | None
    stuck: int
    condition: str


def stages(ctx: Context, process: str = PROCESS) -> list[Stage]:
    """The stages of a process that are in use, in their order."""
    found = records.find(
        ctx,
        "stage",
        where=f"process={whose.word(process)}",
        sort="position",
        fields=("code", "name", "name_zh", "probability", "max_days"),
    )
    return [
        Stage(
            row["code"],
            row["name_zh"] if language() == "zh" and row["name_zh"] else row["name"],
            row["probability"],
            row["max_days"],
        )
        for row in found.rows
    ]


def board(ctx: Context, where: str = "state=open", process: str = PROCESS) -> list[BoardColumn]:
    """The columns of the opportunities of `process` that fit `where`, in the order of the process; empty ones too.

    Opportunities in stages that the process no longer has follow at the end. One walk over the opportunities for all
    columns. Raises Invalid for a wrong condition, Refused where a rate is missing.
    """
    known = {stage.code: stage for stage in stages(ctx, process)}
    base = whose.both(f"process={whose.word(process)}", where)
    nothing, found = Money(0, ctx.company.currency), _totals(ctx, base, list(known.values()))
    columns = []
    for code in dict.fromkeys((*known, *sorted(found))):
        count, amount, weighted, days, stuck = found.get(code, (0, nothing, nothing, None, 0))
        stage = known.get(code, Stage(code, code, None, None))
        condition = whose.both(f"process={whose.word(process)}", f"stage={whose.word(code)}", where)
        column = BoardColumn(code, stage.name, count, amount, weighted, days, stage.usual, stuck, condition)
        columns.append(column)
    return columns


_Totals = tuple[int, Money, Money, float | None, int]
"""Count, amount, weighted amount, mean days in the stage, and how many are there for too long."""


def _totals(ctx: Context, where_text: str, known: Sequence[Stage]) -> dict[str, _Totals]:
    """The totals by stage."""
    with ctx.reading() as tx:
        amounts: list[ColumnElement[int]] = []

        def to_base(of: str, field: Field) -> ColumnElement[int]:
            amounts.append(rate.in_company_currency(ctx, tx, of, field))
            return amounts[-1]

        scope = replace(records.scope_for(ctx, tx), to_base=to_base)
        measures = total.measure("opp", "count,sum(amount),avg(days_in_stage)", scope)
        opp = table("opp")
        share = cast(func.sum(figures.weighted(amounts[0], opp.probability)), Whole)
        measures.append(total.Measure("weighted", "money", share))
        measures.append(total.Measure("stuck", "count", _stuck(ctx, known)))
        found = records.matching(ctx, tx, "opp", where_text)
        amount = next(field for field in records.declared_fields("opp") if field.name == "amount")
        rate.check(ctx, tx, "opp", amount, found)
        groups = total.group("opp", "stage", scope)
        raw = tx.session.execute(total.statement("opp", groups, measures, and_(True, *found))).all()
    return {code: _figures(ctx, *values) for code, *values in raw if code is not None}


def _stuck(ctx: Context, known: Sequence[Stage]) -> ColumnElement[int]:
    opp = table("opp")
    days = dialect.whole_days(opp.stage_at, literal(ctx.clock.now(), Moment()), ctx.store.sqlite)
    late = [and_(opp.stage == stage.code, days > stage.usual) for stage in known if stage.usual is not None]
    return func.count(case((or_(false(), *late), 1)), type_=Whole)


def _figures(
    ctx: Context, count: int, amount: int | None, days: float | None, weighted: int | None, stuck: int
) -> _Totals:
    currency = ctx.company.currency
    rounded = None if days is None else round(days, 1)
    return count, Money(amount or 0, currency), Money(weighted or 0, currency), rounded, stuck


# -- cards ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Card:
    """An opportunity on the board. `flag` is late, quiet, hot, new or empty, the most urgent; `days` how long it is so.

    `owner` is empty without one.
    """

    ref: str
    account: str
    name: str
    amount: Money | None
    probability: int | None
    close_on: date | None
    owner: str
    flag: str
    days: int

    @property
    def initials(self) -> str:
        """Two letters for the owner."""
        return initials(self.owner)


_FIELDS = (
    "ref",
    "name",
    "account",
    "owner",
    "amount",
    "probability",
    "expected_close_on",
    "opened_on",
    "updated_at",
    "state",
)


def cards(
    ctx: Context,
    where_text: str,
    *,
    start: int = 0,
    size: int = 50,
    sort: str = "-amount",
) -> list[Card]:
    """Up to `size` (at most 200) cards of a column, whose `condition` is given, from the one in place `start` on.

    Raises Invalid for a wrong condition or order.
    """
    with ctx.reading() as tx:
        opp = table("opp")
        order = where.order("opp", sort, records.scope_for(ctx, tx))
        query = select(opp.id).where(*records.matching(ctx, tx, "opp", where_text)).order_by(*order)
        ids = list(tx.session.scalars(query.offset(start).limit(min(size, MOST_CARDS))))
        if not ids:
            return []
        listed = ",".join(str(one) for one in ids)
        found = records.find(ctx, "opp", where=f"id in ({listed})", fields=_FIELDS, archived=True)
        by_ref = {row["ref"]: row for row in found.rows}
    return [_card(ctx, row) for one in ids if (row := by_ref.get(f"{opp.PREFIX}-{one}"))]


def spot(
    ctx: Context, columns: Sequence[BoardColumn], ref: str, sort: str = "-amount"
) -> tuple[int, int] | None:
    """In which of `columns` the card `ref` is, and its place there; None where it is in none. Raises as `cards`."""
    for at, column in enumerate(columns):
        found = window.rank(ctx, window.Listing("opp", column.condition, sort), ref) if column.count else None
        if found is not None:
            return at, found
    return None


def _card(ctx: Context, row: dict[str, Any]) -> Card:
    today, touched = ctx.clock.today(), row["updated_at"]
    flag, days = flag_of(today, row, today if touched is None else ctx.clock.day_of(touched))
    return Card(
        row["ref"],
        _name(row["account"]),
        row["name"],
        row["amount"],
        row["probability"],
        row["expected_close_on"],
        _name(row["owner"]),
        flag,
        days,
    )


def _name(ref: Any) -> str:
    return "" if ref is None else str(ref.name or ref.ref)


def flag_of(today: date, row: dict[str, Any], touched: date) -> tuple[str, int]:
    """What is most urgent about an opportunity, and for how many days; empty for one that is not open."""
    if row["state"] != "open":
        return "", 0
    close_on, opened_on = row["expected_close_on"], row["opened_on"]
    if close_on is not None and close_on < today:
        return "late", (today - close_on).days
    if (today - touched).days >= QUIET_DAYS:
        return "quiet", (today - touched).days
    if opened_on is not None and 0 <= (today - opened_on).days <= NEW_DAYS:
        return "new", (today - opened_on).days
    soon = close_on is not None and (close_on - today).days <= HOT_DAYS
    return ("hot", 0) if soon and (row["probability"] or 0) >= HOT_PERCENT else ("", 0)


def initials(name: str) -> str:
    """Two letters for a person: of the first and the last word; of a name without blanks its first two signs."""
    words: Sequence[str] = name.split()
    if len(words) < 2:
        return name[:2]
    return (words[0][0] + words[-1][0]).upper()


# -- what all of it comes to ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Summary:
    """What the board comes to. `left` is the quota of the period without what was won, `coverage` how many times the
    open amount is of that; both None without a quota, `coverage` also when nothing is left. Behind `left` stands what
    could be gained."""

    open: Figure
    weighted: Figure
    late: Figure
    left: Figure | None
    coverage: float | None


def summary(
    ctx: Context, where: str, who: str, period: str = "", columns: Sequence[BoardColumn] | None = None
) -> Summary:
    """The line below the board for what fits `where`; the quota is that of `who` in the period. Raises as `board`.

    `columns` are those of `board`, if they are known.
    """
    columns = board(ctx, where) if columns is None else columns
    currency = ctx.company.currency
    amount = sum(column.amount.minor for column in columns)
    weighted = sum(column.weighted.minor for column in columns)
    late = whose.both("expected_close_on<today", where)
    ask = whose.ask(ctx, who, period or "this quarter")
    row = forecast.table(ctx, replace(ask, depth=0))[0]
    left = None if row["quota"] is None else max(row["quota"].minor - row["won"].minor, 0)
    return Summary(
        Figure("open", Money(amount, currency), "money", where=where),
        Figure("weighted", Money(weighted, currency), "money", where=where, part="weighted"),
        Figure("late", records.count_where(ctx, "opp", late), where=late),
        None if left is None else Figure("left", Money(left, currency), "money", ask=ask, part="gap"),
        round(amount / left, 1) if left else None,
    )


def weighted_sum(ctx: Context, where_text: str) -> Money:
    """The weighted amount of the opportunities that fit, each rounded half-up. Raises Invalid, and Refused without a rate."""
    with ctx.reading() as tx:
        amount = next(field for field in records.declared_fields("opp") if field.name == "amount")
        found = records.matching(ctx, tx, "opp", where_text)
        rate.check(ctx, tx, "opp", amount, found)
        opp, value = table("opp"), rate.in_company_currency(ctx, tx, "opp", amount)
        share = cast(func.sum(figures.weighted(value, opp.probability)), Whole)
        return Money(tx.session.scalar(select(share).where(*found)) or 0, ctx.company.currency)


def weighted_of(ctx: Context, ids: Sequence[int]) -> dict[int, Money]:
    """Opportunity → its weighted amount in the company's currency, half-up; those without an amount are left out."""
    opp, found = table("opp"), {}
    with ctx.reading() as tx:
        amount = rate.in_company_currency(
            ctx, tx, "opp", next(field for field in records.declared_fields("opp") if field.name == "amount")
        )
        for start in range(0, len(ids), 500):
            share = cast(figures.weighted(amount, opp.probability), Whole)
            query = select(opp.id, share).where(opp.id.in_(ids[start : start + 500]), opp.amount.is_not(None))
            found.update(
                {
                    record: Money(value or 0, ctx.company.currency)
                    for record, value in tx.session.execute(query)
                }
            )
    return found
