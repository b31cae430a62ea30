"""What stands behind a figure, as the rows of a list: read a window at a time, and what all of it comes to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from crmtui.i18n import N_, gettext
from crmtui.money import Money
from crmtui.screens.cells import columns_for, day_text, money_text
from crmtui.screens.glyphs import g
from crmtui.screens.listing import Column, Row, Source
from crmtui.screens.querying import Part, QuerySource

if TYPE_CHECKING:
    from crmtui.screens.desk import Desk
    from crmtui.services.context import Context
    from crmtui.services.whose import Figure

FIELDS = (
    *("ref", "name", "account", "stage", "state", "amount", "probability"),
    *("expected_close_on", "closed_on", "owner"),
)
NEAR = 2000
"""So many of the largest components are looked through for the one that had the cursor."""


@dataclass(frozen=True)
class Facts:
    """How many records a figure has, their sum (Money, or their number), and the pinned line under them.

    `made` says of a forecast what it is made of: what was won, what is committed, and the rest, in minor units.
    """

    count: int
    sum: Any
    bottom: Row | None = None
    made: tuple[int, int, int] | None = None


def columns(ctx: "Context", figure: "Figure") -> list[Column]:
    """The columns of the list behind a figure."""
    if figure.noun != "opp":
        return [Column("ref", gettext(N_("Ref")), 8), *columns_for(ctx, figure.noun)]
    counted = gettext(N_("To gain") if figure.part == "gap" else N_("Counted"))
    return [
        Column("name", gettext(N_("Record")), sortable=False),
        Column("account", gettext(N_("Account")), 14, priority=2, sortable=False),
        Column("stage", gettext(N_("Stage")), 14, priority=4, sortable=False),
        Column("amount", gettext(N_("Amount")), 8, right=True, sortable=False),
        Column("probability", gettext(N_("Prob")), 6, right=True, priority=1, sortable=False),
        *([Column("counted", counted, 8, right=True, sortable=False)] if _shares(figure) else []),
        Column("close", gettext(N_("Close")), 11, priority=1, sortable=False),
        Column("owner", gettext(N_("Owner")), 15, priority=3, sortable=False),
    ]


def _shares(figure: "Figure") -> bool:
    return figure.ask is not None or figure.part == "weighted"


# -- what all of it comes to


def facts(ctx: "Context", figure: "Figure") -> Facts:
    """What the records behind `figure` come to. Raises CrmError."""
    from crmtui.services import forecast, records
    from crmtui.services.window import Listing, sums

    if figure.ask is not None:
        whole = forecast.whole(ctx, figure.ask, figure.part or "forecast", figure.row)
        bottom = _bottom(ctx, amount=whole.value, counted=whole.counted)
        return Facts(whole.count, whole.counted, bottom, _made(ctx, figure, whole.counted))
    if figure.noun != "opp":
        count = records.count_where(ctx, figure.noun, figure.where)
        if not isinstance(figure.value, Money):
            return Facts(count, count)
        added = sums(ctx, Listing(figure.noun, figure.where), ("sum(amount)",))
        amount = added.get("sum(amount)") or Money(0, ctx.company.currency)
        return Facts(count, amount, _bottom(ctx, amount=amount))
    return _of_condition(ctx, figure)


def _made(ctx: "Context", figure: "Figure", counted: Money) -> tuple[int, int, int] | None:
    from crmtui.services import forecast

    if figure.part != "forecast" or figure.ask is None:
        return None
    won = forecast.whole(ctx, figure.ask, "won", figure.row).counted.minor
    commit = 0
    if figure.ask.method == "commit":
        commit = forecast.whole(ctx, figure.ask, "commit", figure.row).counted.minor
    return won, commit, counted.minor - won - commit


def _of_condition(ctx: "Context", figure: "Figure") -> Facts:
    from crmtui.services import board
    from crmtui.services.window import Listing, sums

    found = sums(ctx, Listing("opp", figure.where), ("count", "sum(amount)"))
    amount = found.get("sum(amount)") or Money(0, ctx.company.currency)
    count = found["count"]
    if figure.part == "weighted":
        share = board.weighted_sum(ctx, figure.where)
        return Facts(count, share, _bottom(ctx, amount=amount, counted=share))
    return Facts(count, amount if isinstance(figure.value, Money) else count, _bottom(ctx, amount=amount))


def _bottom(ctx: "Context", **sums: Money) -> Row:
    return Row("sum", {name: money_text(value, ctx.company.currency) for name, value in sums.items()}, "sum")


# -- the rows


def source(desk: "Desk", figure: "Figure", found: Sequence[Column], count: int, today: date) -> Source:
    """Where the rows behind `figure` come from, of which there are `count`."""
    from crmtui.services.window import Listing

    if figure.ask is not None:
        return Components(desk, figure, count, today)
    if figure.noun == "opp":
        return Opportunities(desk, Listing("opp", figure.where, "-amount", FIELDS), figure, today)
    fields = tuple(one.name for one in found)
    return QuerySource(desk, Listing(figure.noun, figure.where, fields=fields), found)


class Components:
    """The components of a forecast, those that count most first."""

    def __init__(self, desk: "Desk", figure: "Figure", count: int, today: date) -> None:
        self.desk, self.figure, self.today, self._count = desk, figure, today, count

    async def count(self) -> int:
        """How many there are."""
        return self._count

    async def rows(self, start: int, stop: int) -> list[Row]:
        """Those from `start` to before `stop`. Raises CrmError."""
        return await self.desk.read(
            lambda ctx: [_row(ctx, one, self.today) for one in self._read(ctx, start, stop)]
        )

    async def locate(self, key: str) -> int | None:
        """Where the record stands among the largest. Raises CrmError."""
        refs = await self.desk.read(lambda ctx: [one["ref"] for one in self._read(ctx, 0, NEAR)])
        return refs.index(key) if key in refs else None

    def _read(self, ctx: "Context", start: int, stop: int) -> list[dict[str, Any]]:
        from crmtui.services import forecast

        figure = self.figure
        assert figure.ask is not None
        part = figure.part or "forecast"
        return forecast.drill(ctx, figure.ask, part, row=figure.row, start=start, size=stop - start)


class Opportunities(QuerySource):
    """Opportunities that fulfil a condition, the largest first; behind a weighted figure with what of each counts."""

    def __init__(self, desk: "Desk", listing: Any, figure: "Figure", today: date) -> None:
        super().__init__(desk, listing, ())
        self.figure, self.today = figure, today

    def _rows(self, ctx: "Context", parts: Sequence[Part], start: int, stop: int) -> list[Row]:
        from crmtui.services import board

        found = parts[0].run.read(ctx, start, stop)
        shares: dict[int, Money] = {}
        if self.figure.part == "weighted":
            shares = board.weighted_of(ctx, [one["id"] for one in found])
        return [_row(ctx, {**one, "counted": shares.get(one["id"])}, self.today) for one in found]


def _row(ctx: "Context", record: dict[str, Any], today: date) -> Row:
    currency = ctx.company.currency
    day = record["closed_on"] or record["expected_close_on"]
    amount, counted = record["amount"], record.get("counted")
    cells: dict[str, Any] = {
        "name": f"{record['ref']} {record['name']}",
        "account": _name(record["account"]),
        "stage": _stage(ctx, record),
        "amount": money_text(amount, currency) if amount is not None else g("minus"),
        "probability": _chance(record),
        "counted": money_text(counted, currency) if counted is not None else g("minus"),
        "close": day_text(day, today) if day else g("minus"),
        "owner": _name(record["owner"]),
    }
    return Row(record["ref"], cells)


def _chance(record: dict[str, Any]) -> Any:
    """How likely it is; in a word where all of it counts."""
    if record["state"] == "won":
        return gettext(N_("won")), "success"
    if record.get("category") == "commit" and record["counted"] == record["amount"]:
        return gettext(N_("commit")), "primary"
    return f"{record['probability']}%" if record["probability"] is not None else ""


def _stage(ctx: "Context", record: dict[str, Any]) -> str:
    value = record["stage"]
    shown = getattr(value, "shown", None)
    return str(shown or ctx.stage_name(None, value) if value else "")


def _name(ref: Any) -> str:
    return "" if ref is None else str(ref.name or ref.ref)
