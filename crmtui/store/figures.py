"""The sums that forecasts are made of, and the opportunities that they count, as SQL of both stores."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    type_coerce,
)

from crmtui.store import exchange, quoted
from crmtui.store.types import Day, Whole
from crmtui.store.world import MissingRate, World, held

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
    by: str = ""
    keys: frozenset[Any] | None = None
    """Only those that the figures `by` count under one of these keys; None among them stands for those without."""


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
    """The opportunities in `state` that `asked` is about, as SQL on the tables of `world`, but for those that a quote
    stands for: these are `Quotes`."""

    KIND = "opp"

    def __init__(self, world: World, asked: Asked, state: str, by: str = "owner") -> None:
        self.world, self.asked, self.state = world, asked, state
        self.sqlite = world.tx.store.sqlite
        self.values = _values(world, asked)
        self.start, self.end, self.today = (
            bindparam(name, type_=Day()) for name in ("start", "end", "today")
        )
        self.opp = self._rows()
        self.share = world.rows("opp_split").alias("share") if world.shared else None
        places = {"territory", "industry"}
        self.by_account = bool(asked.territories is not None or asked.industry) or bool(
            places & {by, asked.by}
        )
        self.account = world.rows("account") if self.by_account else None

    def _rows(self) -> FromClause:
        return self.world.rows("opp")

    def own_or_accounts(self, name: str) -> ColumnElement[Any]:
        """The opportunity's own value, else that of its customer as far as the actor may see it."""
        assert self.account is not None
        found: ColumnElement[Any] = func.coalesce(self.opp.c[name], self.account.c[name])
        return found

    def key(self, by: str, day: ColumnElement[Any]) -> ColumnElement[Any]:
        """What the components are summed by; `day` is the day by which they belong to a period."""
        if by == "owner":
            return self.owner
        if by == "process":
            return self.opp.c.process_id
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
        from sqlalchemy.dialects.postgresql import JSONB  # large: a store in a file does without

        return cast(cast(listed, JSONB).op("->>")(0), Whole)

    @property
    def owner(self) -> ColumnElement[Any]:
        """Whose the component is: of one that several people own together there is one row for each of them."""
        if self.share is None:
            return self.opp.c.owner_id
        found: ColumnElement[Any] = func.coalesce(self.share.c.user_id, self.opp.c.owner_id)
        return found

    def part(self, whole: ColumnElement[int]) -> ColumnElement[int]:
        """What of `whole` is the owner's: the parts of several owners, half-up end to end, add up to it."""
        if self.share is None:
            return whole
        begins = func.coalesce(self.share.c.begins, 0, type_=Whole)
        ends = begins + func.coalesce(self.share.c.percent, 100, type_=Whole)
        found: ColumnElement[int] = (whole * ends + 50) // literal(100, Whole) - (
            whole * begins + 50
        ) // literal(100, Whole)
        return found

    def value(self, day: ColumnElement[Any]) -> ColumnElement[int]:
        """The owner's part of the amount in the company's currency at the rate of `day`; NULL without an amount or a rate."""
        return self.part(self._whole(day))

    def weighted(self, day: ColumnElement[Any]) -> ColumnElement[int]:
        """The owner's part of the amount times its probability, at the rate of `day`."""
        return self.part(weighted(self._whole(day), self.opp.c.probability))

    def _whole(self, day: ColumnElement[Any]) -> ColumnElement[int]:
        opp, world = self.opp.c, self.world
        return exchange.in_currency(opp.amount, opp.currency, day, world.currency, world.rates, self.sqlite)

    @property
    def found(self) -> list[ColumnElement[bool]]:
        """What every component in `state` fulfils, whatever its date and category."""
        return [self.opp.c.state == self.state, *self._stand, *self._whose]

    @property
    def _stand(self) -> list[ColumnElement[bool]]:
        """That it counts itself: no quote and no contract stands for it."""
        found: list[ColumnElement[bool]] = []
        if self.world.quoted:
            quote = self.world.rows("quote")
            stands = quoted.stands(self.world, quote, self.state, self.today)
            found = [self.opp.c.id.not_in(select(quote.c.opp_id).where(*stands).correlate(None))]
        return found + self._replaced(None)

    def _replaced(self, quote_id: ColumnElement[Any] | None) -> list[ColumnElement[bool]]:
        """That no contract stands for it, once it is won."""
        if self.state != "won" or not self.world.agreed:
            return []
        from crmtui.store import agreed  # most figures do without contracts

        return agreed.replaced(self.world, self.opp_id, quote_id)

    @property
    def _seen(self) -> list[ColumnElement[bool]]:
        return [] if self.seen_by_owner else [self.world.seen("opp")]

    @property
    def opp_id(self) -> ColumnElement[Any]:
        """The opportunity that the component is, or stands for."""
        return self.opp.c.id

    @cached_property
    def seen_by_owner(self) -> bool:
        """Whether the actor sees whatever those people own whose opportunities are asked for: then there is no more to ask."""
        people, scope = self.asked.owners, self.world.tx.actor.scope("opp", "show")
        if people is None or scope != "dept" or self.share is not None:
            return False
        return people <= self.world.people_below

    @cached_property
    def _whose(self) -> list[ColumnElement[bool]]:
        opp, asked = self.opp.c, self.asked
        found: list[ColumnElement[bool]] = [opp.archived_at.is_(None), *self._seen]
        if asked.owners is not None:
            found.append(self.owner.in_(held("owners", Whole)))
        if asked.territories is not None:
            found.append(self.own_or_accounts("territory_id").in_(held("territories", Whole)))
        if asked.industry is not None:
            found.append(self.own_or_accounts("industry") == bindparam("industry", type_=Text))
        if asked.product is not None:
            found.append(self.product == bindparam("product", type_=Whole))
        if asked.keys is not None:
            found.append(self._under(asked.by, asked.keys))
        return found

    def _under(self, by: str, keys: frozenset[Any]) -> ColumnElement[bool]:
        key = self.key(by, self.opp.c.expected_close_on)
        named = key.in_(held("keys", Text if by == "industry" else Whole))
        return or_(named, key.is_(None)) if None in keys else named

    def select(self, *columns: Any) -> Select[Any]:
        """A select over the components, their customers joined where these decide."""
        source: Any = self.opp
        if self.account is not None:
            seen = self.world.seen("account")
            source = self.opp.outerjoin(self.account, and_(self.account.c.id == self.opp.c.account_id, seen))
        if self.share is not None:
            source = source.outerjoin(self.share, self.share.c.opp_id == self.opp_id)
        return select(*columns).select_from(source)

    @property
    def counted(self) -> ColumnElement[bool]:
        """Whether an open component counts in figures; one without a category does."""
        return func.coalesce(self.opp.c.category, "") != OMITTED

    def dated(self, day: ColumnElement[Any]) -> ColumnElement[bool]:
        """Whether `day` lies in the period."""
        return day.between(self.start, self.end)


class Quotes(Components):
    """The quotes that stand for their opportunity in `state`, or that have none, in the shape of opportunities."""

    KIND = "quote"

    def _rows(self) -> FromClause:
        return quoted.components(self.world, self.state, self.today)

    @property
    def _stand(self) -> list[ColumnElement[bool]]:
        return self._replaced(self.opp.c.id)

    @property
    def _seen(self) -> list[ColumnElement[bool]]:
        return []  # the rows carry the predicate themselves

    @property
    def opp_id(self) -> ColumnElement[Any]:
        return self.opp.c.opp_id


class Contracts(Quotes):
    """The contracts that stand for their won opportunity, or that have none, in the shape of opportunities."""

    KIND = "contract"

    def _rows(self) -> FromClause:
        from crmtui.store import agreed

        return agreed.contracts(self.world)

    @property
    def _stand(self) -> list[ColumnElement[bool]]:
        return []


class Orders(Contracts):
    """The orders that come of no contract and no opportunity, in the shape of opportunities."""

    KIND = "order"

    def _rows(self) -> FromClause:
        from crmtui.store import agreed

        return agreed.orders(self.world)


def components(world: World, asked: Asked, state: str, by: str = "owner") -> list[Components]:
    """What counts in `state`: opportunities, quotes where there are any, contracts and orders of what is won."""
    some = [Components(world, asked, state, by)]
    if world.quoted:
        some.append(Quotes(world, asked, state, by))
    if state == "won" and world.agreed:
        some += [Contracts(world, asked, state, by), Orders(world, asked, state, by)]
    return some


def _values(world: World, asked: Asked) -> dict[str, Any]:
    """What stands in the places of a statement, so that the statement itself can be kept."""
    given = {name: getattr(asked, name) for name in ("start", "end", "industry", "product")}
    people = {name: sorted(getattr(asked, name) or ()) for name in ("owners", "territories")}
    keys = sorted(one for one in asked.keys or () if one is not None)
    return {"today": world.today, **given, **people, "keys": keys}


def weighted(value: ColumnElement[Any], probability: ColumnElement[Any]) -> ColumnElement[int]:
    """`probability` percent of `value`, half-up; neither is negative."""
    found: ColumnElement[int] = (value * func.coalesce(probability, 0, type_=Whole) + 50) // literal(
        100, Whole
    )
    return found


def sums(world: World, asked: Asked, by: str) -> dict[Any, Sums]:
    """The sums of the components by `by` (owner, territory, industry, product, process or month); None stands for those without. Raises MissingRate."""
    found: dict[Any, Sums] = {}
    for some in components(world, asked, "open", by):
        for key, *figures in _grouped(some, by, _open):
            found.setdefault(key, Sums()).add(Sums(*(int(figure or 0) for figure in figures)))
    for some in components(world, asked, "won", by):
        for key, count, won in _grouped(some, by, _won):
            found.setdefault(key, Sums()).add(Sums(closed=count, won=int(won or 0)))
    return found


@dataclass(frozen=True)
class _Walk:
    """A walk over components: `figures` by `key` of those that are `found`; `lost` are the amounts without a rate."""

    key: ColumnElement[Any]
    figures: list[Any]
    found: list[ColumnElement[bool]]
    lost: list[ColumnElement[bool]]
    day: ColumnElement[Any]


def _open(some: Components, by: str) -> _Walk:
    """The open ones: those of the period, and in the last figure those without a date, which have no value."""
    opp = some.opp.c
    dated = opp.expected_close_on.is_not(None)
    value = case((dated, some.value(some.today)))
    share = case((dated, some.weighted(some.today)))
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
    found = [*some.found, some.counted, or_(some.dated(opp.expected_close_on), ~dated)]
    return _Walk(some.key(by, opp.expected_close_on), figures, found, [dated, value.is_(None)], some.today)


def _won(some: Components, by: str) -> _Walk:
    opp, value = some.opp.c, some.value(some.opp.c.closed_on)
    found, figures = [*some.found, some.dated(opp.closed_on)], [func.count(), func.sum(value)]
    return _Walk(some.key(by, opp.closed_on), figures, found, [value.is_(None)], opp.closed_on)


def _grouped(some: Components, by: str, walked: Callable[[Components, str], _Walk]) -> list[Any]:
    """The figures of a walk by key, after making sure that no amount is without a rate."""
    asked, world = some.asked, some.world
    shape: list[object] = [
        getattr(asked, name) is None for name in ("owners", "territories", "industry", "product")
    ]
    shape += [
        some.KIND,
        world.quoted,
        world.agreed,
        world.shared,
        some.seen_by_owner,
        asked.by,
        asked.keys is None or None in asked.keys,
    ]

    def build() -> tuple[Select[Any], Select[Any]]:
        walk, opp = walked(some, by), some.opp.c
        key = walk.key.label("key")
        lost = and_(opp.currency != world.currency, opp.amount.is_not(None), *walk.lost)
        first = some.select(opp.currency, func.min(walk.day, type_=Day())).where(*walk.found, lost)
        counted = some.select(key, *walk.figures, func.count().filter(lost)).where(*walk.found)
        return counted.group_by(key), first.group_by(opp.currency).order_by(opp.currency)

    counted, first = world.known(("sums", some.state, by, world.currency, *shape), build)
    rows = world.execute(counted, some.values).all()
    if any(row[-1] for row in rows):
        raise MissingRate(*world.execute(first, some.values).first())
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


def shown(some: Components) -> list[Any]:
    """What is told of one component: its columns, its `kind`, and which opportunity it is or stands for."""
    columns = [some.owner.label(name) if name == "owner_id" else some.opp.c[name] for name in _SHOWN]
    return [*columns, literal(some.KIND, Text()).label("kind"), some.opp_id.label("opp_id")]


def left_out(world: World, asked: Asked) -> list[Any]:
    """What is open or suspended, and no figure of the period counts, one by one; `value` is in minor units of the company's currency."""
    rows: list[Any] = []
    for some in (*components(world, asked, "open"), *components(world, asked, "suspended")):
        opp = some.opp.c
        undated, dated = opp.expected_close_on.is_(None), some.dated(opp.expected_close_on)
        open_one = or_(undated, and_(~some.counted, dated))
        skipped = open_one if some.state == "open" else or_(undated, dated)
        rows += _one_by_one(some, [*some.found, skipped], some.today)
    return rows


def _one_by_one(some: Components, found: list[Any], day: Any) -> list[Any]:
    value = some.value(day).label("value")
    rows: list[Any] = some.world.execute(some.select(*shown(some), value).where(*found), some.values).all()
    for row in rows:
        if row.value is None and row.amount is not None:
            raise MissingRate(row.currency, row.closed_on if row.state == "won" else some.world.today)
    return rows
