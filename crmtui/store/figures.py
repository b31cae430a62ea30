"""The sums that forecasts are made of, and the opportunities that they count, as SQL of both stores."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import JSONB

from crmtui.store import exchange
from crmtui.store.types import Day, Whole
from crmtui.store.world import MissingRate, World, among

OMITTED = "omitted"
"""The category of opportunities that no figure counts."""


@dataclass(frozen=True)
class Asked:
    """Which opportunities: those of the days from `start` to `end`, and of these people, territories … (None: of all)."""

    start: date
    end: date
    owners: frozenset[int] | None = None
    territories: frozenset[int] | None = None
    industry: str | None = None
    product: int | None = None


@dataclass(slots=True)
class Sums:
    """Sums of components, in minor units of the company's currency; counts of them where nothing else is said."""

    open: int = 0
    budget: int = 0
    weighted: int = 0
    commit: int = 0
    commit_weighted: int = 0
    """What the components of category commit hold of `weighted`."""
    best: int = 0
    overdue: int = 0
    undated: int = 0
    closed: int = 0
    won: int = 0

    def add(self, other: "Sums") -> None:
        """Take `other` in."""
        self.open += other.open
        self.budget += other.budget
        self.weighted += other.weighted
        self.commit += other.commit
        self.commit_weighted += other.commit_weighted
        self.best += other.best
        self.overdue += other.overdue
        self.undated += other.undated
        self.closed += other.closed
        self.won += other.won

    def __bool__(self) -> bool:
        return bool(self.open or self.closed or self.undated)


class Components:
    """The opportunities that `asked` is about, as SQL on the tables of `world`."""

    def __init__(self, world: World, asked: Asked, by: str = "owner") -> None:
        self.world, self.asked = world, asked
        self.opp = world.rows("opp")
        self.sqlite = world.tx.store.sqlite
        self.today = literal(world.today, Day())
        self.by_account = bool(asked.territories is not None or asked.industry) or by in (
            "territory",
            "industry",
        )
        self.account = world.rows("account") if self.by_account else None

    def own_or_accounts(self, name: str) -> ColumnElement[Any]:
        """The opportunity's own value, else that of its customer as far as the actor may see it."""
        assert self.account is not None
        found: ColumnElement[Any] = func.coalesce(self.opp.c[name], self.account.c[name])
        return found

    def key(self, by: str, day: ColumnElement[Any]) -> ColumnElement[Any]:
        """What the components are summed by; `day` is the day by which they belong to a period."""
        if by in ("owner", "process"):
            return self.opp.c[f"{by}_id"]
        if by == "territory":
            return self.own_or_accounts("territory_id")
        if by == "industry":
            return self.own_or_accounts("industry")
        if by == "product":
            return self.product
        return func.substr(type_coerce(day, Text()), 1, 7) if self.sqlite else func.to_char(day, "YYYY-MM")

    @property
    def product(self) -> ColumnElement[int]:
        """The first product that the opportunity lists: it has one amount, and counts under one product."""
        listed = type_coerce(self.opp.c.products, Text())
        if self.sqlite:
            return func.json_extract(listed, "$[0]", type_=Whole)
        return cast(cast(listed, JSONB).op("->>")(0), Whole)

    def value(self, day: ColumnElement[Any]) -> ColumnElement[int]:
        """The amount in the company's currency at the rate of `day`; NULL without an amount or a rate."""
        opp, world = self.opp.c, self.world
        return exchange.in_currency(opp.amount, opp.currency, day, world.currency, world.rates, self.sqlite)

    def found(self, state: str) -> list[ColumnElement[bool]]:
        """What every component in `state` fulfils, whatever its date and category."""
        return [self.opp.c.state == state, *self._whose]

    @cached_property
    def _whose(self) -> list[ColumnElement[bool]]:
        opp, asked = self.opp.c, self.asked
        found = [opp.archived_at.is_(None), self.world.seen("opp")]
        if asked.owners is not None:
            found.append(among(opp.owner_id, asked.owners))
        if asked.territories is not None:
            found.append(among(self.own_or_accounts("territory_id"), asked.territories))
        if asked.industry is not None:
            found.append(self.own_or_accounts("industry") == asked.industry)
        if asked.product is not None:
            found.append(self.product == asked.product)
        return found

    def select(self, *columns: Any) -> Select[Any]:
        """A select over the components, their customers joined where these decide."""
        source: Any = self.opp
        if self.account is not None:
            seen = self.world.seen("account")
            source = self.opp.outerjoin(self.account, and_(self.account.c.id == self.opp.c.account_id, seen))
        return select(*columns).select_from(source)

    @property
    def counted(self) -> ColumnElement[bool]:
        """Whether an open component counts in figures; one without a category does."""
        return func.coalesce(self.opp.c.category, "") != OMITTED

    def dated(self, day: ColumnElement[Any]) -> ColumnElement[bool]:
        """Whether `day` lies in the period."""
        return day.between(literal(self.asked.start, Day()), literal(self.asked.end, Day()))


def weighted(value: ColumnElement[Any], probability: ColumnElement[Any]) -> ColumnElement[int]:
    """`probability` percent of `value`, half-up; neither is negative."""
    found: ColumnElement[int] = (value * func.coalesce(probability, 0, type_=Whole) + 50) // literal(
        100, Whole
    )
    return found


def sums(world: World, asked: Asked, by: str) -> dict[Any, Sums]:
    """The sums of the components by `by` (owner, territory, industry, product, process or month); None stands for those without. Raises MissingRate."""
    some = Components(world, asked, by)
    found: dict[Any, Sums] = {}
    for key, *figures in _open(some, by):
        found[key] = Sums(*(int(figure or 0) for figure in figures))
    for key, count, won in _won(some, by):
        found.setdefault(key, Sums()).add(Sums(closed=count, won=int(won or 0)))
    return found


def _open(some: Components, by: str) -> list[Any]:
    """One walk over the open ones: those of the period, and in the last figure those without a date, which have no value."""
    opp = some.opp.c
    dated = opp.expected_close_on.is_not(None)
    value = case((dated, some.value(some.today)))
    share = weighted(value, opp.probability)
    figures = [
        func.count(opp.expected_close_on),
        func.sum(value),
        func.sum(share),
        func.sum(value).filter(opp.category == "commit"),
        func.sum(share).filter(opp.category == "commit"),
        func.sum(value).filter(opp.category == "best"),
        func.count().filter(opp.expected_close_on < some.today),
        func.count() - func.count(opp.expected_close_on),
    ]
    found = [*some.found("open"), some.counted, or_(some.dated(opp.expected_close_on), ~dated)]
    return _grouped(
        some, some.key(by, opp.expected_close_on), figures, found, [dated, value.is_(None)], some.today
    )


def _won(some: Components, by: str) -> list[Any]:
    opp, value = some.opp.c, some.value(some.opp.c.closed_on)
    found, figures = [*some.found("won"), some.dated(opp.closed_on)], [func.count(), func.sum(value)]
    return _grouped(some, some.key(by, opp.closed_on), figures, found, [value.is_(None)], opp.closed_on)


def _grouped(
    some: Components, key: Any, figures: list[Any], found: list[Any], without: list[Any], day: Any
) -> list[Any]:
    """The figures by key, after making sure that no amount is `without` a rate."""
    opp, key = some.opp.c, key.label("key")
    lost = and_(opp.currency != some.world.currency, opp.amount.is_not(None), *without)
    query = some.select(key, *figures, func.count().filter(lost)).where(*found).group_by(key)
    rows = some.world.execute(query).all()
    if any(row[-1] for row in rows):
        first = some.select(opp.currency, func.min(day, type_=Day())).where(*found, lost)
        raise MissingRate(*some.world.execute(first.group_by(opp.currency).order_by(opp.currency)).first())
    return [row[:-1] for row in rows]


# -- one by one -------------------------------------------------------------------------------------------------

_SHOWN = (
    "id",
    "name",
    "account_id",
    "owner_id",
    "amount",
    "currency",
    "probability",
    "category",
    "stage",
    "state",
    "expected_close_on",
    "closed_on",
)


def components(world: World, asked: Asked) -> list[Any]:
    """The components that figures of the period count, open and won, as rows with their columns and `value`.

    `value` is the amount in minor units of the company's currency, 0 where there is none. Raises MissingRate.
    """
    some = Components(world, asked)
    opp = some.opp.c
    still = [*some.found("open"), some.counted, some.dated(opp.expected_close_on)]
    return [
        *_one_by_one(some, still, some.today),
        *_one_by_one(some, [*some.found("won"), some.dated(opp.closed_on)], opp.closed_on),
    ]


def left_out(world: World, asked: Asked) -> list[Any]:
    """What is open or suspended, and no figure of the period counts: rows like those of `components`."""
    some = Components(world, asked)
    opp = some.opp.c
    undated, dated = opp.expected_close_on.is_(None), some.dated(opp.expected_close_on)
    skipped = or_(undated, and_(~some.counted, dated))
    return [
        *_one_by_one(some, [*some.found("open"), skipped], some.today),
        *_one_by_one(some, [*some.found("suspended"), or_(undated, dated)], some.today),
    ]


def _one_by_one(some: Components, found: list[Any], day: Any) -> list[Any]:
    columns = [some.opp.c[name] for name in _SHOWN]
    value = some.value(day).label("value")
    rows: list[Any] = some.world.execute(some.select(*columns, value).where(*found)).all()
    for row in rows:
        if row.value is None and row.amount is not None:
            raise MissingRate(row.currency, row.closed_on if row.state == "won" else some.world.today)
    return rows
