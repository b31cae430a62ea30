"""The tables that figures come from, as they are or as they were, under today's rights; trees, names and quotas of them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Text,
    and_,
    bindparam,
    case,
    false,
    literal,
    or_,
    select,
)
from sqlalchemy import column as a_column
from sqlalchemy import table as a_table

from crmtui.store import exchange, past, visibility
from crmtui.store.plain import MEMBER
from crmtui.store.record import label_column, table
from crmtui.store.session import Tx
from crmtui.store.types import Day, Whole
from crmtui.store.visibility import Rows, subordinates, visible

_QUOTE = a_table("quote", a_column("state", Text))
_COUNTED = ("approved", "sent", "accepted", "deal")
_ANY_LIVE_QUOTE = select(literal(1)).where(_QUOTE.c.state.in_(_COUNTED)).limit(1)
_JOURNAL = a_table("journal", a_column("noun", Text))
_ANY_QUOTE = select(literal(1)).where(_JOURNAL.c.noun == "quote").limit(1)
_ANY_SHARE = select(literal(1)).select_from(a_table("opp_split")).limit(1)
_ANY_SHARE_EVER = select(literal(1)).where(_JOURNAL.c.noun == "opp_split").limit(1)

_ANY_AGREED = select(
    or_(
        select(literal(1)).select_from(a_table("contract")).exists(),
        select(literal(1)).select_from(a_table("order")).exists(),
    )
)

NEEDED = {
    "opp": (
        *(
            "name",
            "account_id",
            "owner_id",
            "created_by_id",
            "territory_id",
            "industry",
            "products",
            "process_id",
        ),
        *(
            "stage",
            "state",
            "amount",
            "currency",
            "probability",
            "category",
            "expected_close_on",
            "closed_on",
        ),
        "archived_at",
    ),
    "account": ("owner_id", "created_by_id", "territory_id", "industry"),
    "quote": (
        *("name", "opp_id", "account_id", "owner_id", "created_by_id", "state", "amount", "currency"),
        *("probability", "expected_close_on", "valid_until", "closed_on", "archived_at"),
    ),
    "contract": (
        *(
            "name",
            "opp_id",
            "quote_id",
            "account_id",
            "owner_id",
            "created_by_id",
            "state",
            "amount",
            "currency",
        ),
        *("signed_on", "archived_at"),
    ),
    "order": (
        *("name", "opp_id", "contract_id", "account_id", "owner_id", "created_by_id", "state", "amount"),
        *("currency", "ordered_on", "archived_at"),
    ),
}
"""The columns that figures need of the largest tables: what is not read need not be taken back from the journal."""


class MissingRate(Exception):
    """An amount cannot be converted: there is no rate for this `currency` on this `day`."""

    def __init__(self, currency: str, day: date) -> None:
        super().__init__(currency, day)
        self.currency, self.day = currency, day


@dataclass
class World:
    """The tables that figures come from: today's, or those of an earlier `moment`; `today` is the day of that moment."""

    tx: Tx
    currency: str
    today: date
    moment: datetime | None = None
    _sources: dict[str, FromClause] = field(default_factory=dict)
    _trees: dict[str, dict[int, int | None]] = field(default_factory=dict)

    def rows(self, noun: str) -> FromClause:
        """The rows of `noun` (at an earlier moment with its NEEDED columns), all of them: put `seen` on every read."""
        if noun not in self._sources:
            if self.moment is None:
                self._sources[noun] = table(noun).__table__
            else:
                self._sources[noun] = past.at(self.tx, noun, self.moment, NEEDED.get(noun))
        return self._sources[noun]

    def seen(self, noun: str) -> ColumnElement[bool]:
        """The predicate for `noun`: today's rights of the actor, applied to that day's owners and tree."""
        rows = Rows(noun, self.rows(noun))
        scope = self.tx.actor.scope(noun, "show")
        if self.moment is None:
            today: ColumnElement[bool] = self.known(
                ("seen", noun), lambda: visible(noun, self.tx.actor, rows)
            )
            return today
        if scope in ("all", "none") or table(noun).SCOPE == "open":
            return visible(noun, self.tx.actor, rows)
        return self._measured(rows) if table(noun).SCOPE == "quota" else self._owned(rows, noun, scope)

    def _owned(self, rows: Any, noun: str, scope: str) -> ColumnElement[bool]:
        actor = self.tx.actor
        people = self.people_below if scope == "dept" else frozenset(filter(None, (actor.id,)))
        reach = [
            among(rows.owner_id, people),
            and_(rows.owner_id.is_(None), among(rows.created_by_id, people)),
        ]
        if noun in ("opp", "quote", "contract", "order") and scope != "own":
            of = rows.id if noun == "opp" else rows.opp_id
            reach.append(of.in_(select(MEMBER.c.opp_id).where(MEMBER.c.user_id == actor.id)))
        if scope == "territory" and actor.territory_id is not None and hasattr(rows, "territory_id"):
            reach.append(among(rows.territory_id, self.below("territory", {actor.territory_id})))
        return or_(*reach)

    def _measured(self, rows: Any) -> ColumnElement[bool]:
        actor = self.tx.actor
        if actor.scope("quota", "show") != "dept":
            return and_(rows.scope == "user", rows.of == f"U-{actor.id}")
        people = [f"U-{person}" for person in sorted(self.people_below)]
        depts = [f"D-{dept}" for dept in sorted(self.depts_below)]
        return or_(
            and_(rows.scope == "user", among(rows.of, people)),
            and_(rows.scope == "dept", among(rows.of, depts)),
        )

    def execute(self, query: Select[Any], values: dict[str, Any] | None = None) -> Any:
        """The rows of a query that carries the predicate itself."""
        return self.tx.session.connection().execute(query, values or {})

    def known(self, key: tuple[Any, ...], build: Callable[[], Any]) -> Any:
        """What `build` makes for the actor and `key`: of today's tables only once, for they stay the same."""
        if self.moment is not None:
            return build()
        built = self.tx.actor.built
        if key not in built:
            built[key] = build()
        return built[key]

    def tree(self, noun: str) -> dict[int, int | None]:
        """Every record of a tree noun, with its parent."""
        if noun not in self._trees:
            rows = self.rows(noun)
            found = self.execute(select(rows.c.id, rows.c.parent_id))
            self._trees[noun] = dict(found.all())
        return self._trees[noun]

    def homes(self, under: Iterable[int] | None = None) -> dict[int, int | None]:
        """Every person, or everyone right in the departments `under`, with their department."""
        user = self.rows("user")
        query = select(user.c.id, user.c.dept_id)
        return dict(self.execute(query if under is None else query.where(among(user.c.dept_id, under))).all())

    def below(self, noun: str, roots: Iterable[int]) -> frozenset[int]:
        """The `roots`, and everything that stands under them in that day's tree."""
        if self.moment is not None:
            return below(self.tree(noun), roots)
        start = table(noun).__table__
        query = self.known(
            ("below", noun),
            lambda: visibility.below(noun, select(start.c.id).where(start.c.id.in_(held("roots", Whole)))),
        )
        return frozenset(self.execute(query, {"roots": sorted(roots)}).scalars())

    def above(self, noun: str, start: int) -> dict[int, int | None]:
        """The record `start` and what it stands under, each with its parent; perhaps others."""
        if self.moment is not None:
            return self.tree(noun)
        query = self.known(("above", noun), lambda: _above(table(noun).__table__))
        return dict(self.execute(query, {"start": start}).all())

    @cached_property
    def rates(self) -> FromClause:
        """The exchange rates, under a name of their own."""
        return self.rows("rate").alias("rates")

    @cached_property
    def quoted(self) -> bool:
        """Whether there may be quotes that count: most questions are quicker answered where there are none."""
        found = _ANY_LIVE_QUOTE if self.moment is None else _ANY_QUOTE
        return self.execute(found).first() is not None

    @cached_property
    def agreed(self) -> bool:
        """Whether there may be contracts or orders that count."""
        return bool(self.execute(_ANY_AGREED).scalar())

    @cached_property
    def shared(self) -> bool:
        """Whether there may be opportunities that several people own together."""
        found = _ANY_SHARE if self.moment is None else _ANY_SHARE_EVER
        return self.execute(found).first() is not None

    @cached_property
    def depts_below(self) -> frozenset[int]:
        """The departments that the actor leads or is in, and all below them in that day's tree."""
        actor, dept = self.tx.actor, table("dept").__table__
        heads = self.execute(select(dept.c.id).where(dept.c.head_id == actor.id)).scalars()
        return self.below("dept", {*heads, *filter(None, (actor.dept_id,))})

    @cached_property
    def people_below(self) -> frozenset[int]:
        """The people of those departments, whoever reports to the actor, and the actor."""
        if self.moment is None:
            people = self.known(("people",), lambda: subordinates(self.tx.actor))
            return frozenset({*self.execute(people).scalars(), self.tx.actor.id or 0})
        user = self.rows("user")
        people = self.execute(select(user.c.id, user.c.dept_id, user.c.manager_id)).all()
        reports = below({one: manager for one, _, manager in people}, {self.tx.actor.id or 0})
        inside = {one for one, dept, _ in people if dept in self.depts_below}
        return frozenset({*inside, *reports, self.tx.actor.id or 0})


def held(name: str, kind: Any = Text) -> Any:
    """The place of values that stand in the statement itself: there may be more than it takes places."""
    return bindparam(name, expanding=True, literal_execute=True, type_=kind)


def among(column: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """Whether `column` is one of `values`, which stand in the statement itself: there may be more than it takes places."""
    found = sorted(values)
    if not found:
        return false()
    return column.in_(bindparam(None, found, expanding=True, literal_execute=True, type_=column.type))


def _above(tree: FromClause) -> Select[Any]:
    found = (
        select(tree.c.id, tree.c.parent_id)
        .where(tree.c.id == bindparam("start", type_=Whole))
        .cte(recursive=True)
    )
    found = found.union(select(tree.c.id, tree.c.parent_id).join(found, tree.c.id == found.c.parent_id))
    return select(found.c.id, found.c.parent_id)


def below(parents: dict[int, int | None], roots: Iterable[int]) -> frozenset[int]:
    """The `roots`, and everything that stands under them; a circle ends by itself."""
    children: dict[int | None, list[int]] = {}
    for one, parent in parents.items():
        children.setdefault(parent, []).append(one)
    found: set[int] = set()
    waiting = list(roots)
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += children.get(one, [])
    return frozenset(found)


# -- names, trees and quotas ------------------------------------------------------------------------------------


class Place(NamedTuple):
    """A record that figures are rolled up at: its `name` is None where the actor may not see it."""

    id: int
    parent: int | None
    name: str | None
    active: bool


def places(
    world: World,
    noun: str,
    parent: str = "",
    *,
    ids: Iterable[int] | None = None,
    under: Iterable[int] | None = None,
) -> list[Place]:
    """The records of `noun` in the order of their names; `parent` is the column that says what each stands under.

    Only these `ids`, or those that stand right `under` one of these, if either is given.
    """
    rows = world.rows(noun)
    up = rows.c[parent] if parent else literal(None, Whole)
    name = case((world.seen(noun), rows.c[label_column(noun)]))
    active: ColumnElement[bool] = rows.c.archived_at.is_(None)
    if "active" in rows.c:
        active = and_(active, rows.c.active)
    query = select(rows.c.id, up, name, case((active, 1), else_=0)).order_by(rows.c.name_key, rows.c.id)
    if ids is not None:
        query = query.where(among(rows.c.id, ids))
    if under is not None:
        query = query.where(among(up, under))
    return [Place(one, above, called, bool(on)) for one, above, called, on in world.execute(query)]


class Target(NamedTuple):
    """A quota that somebody set, in minor units of the company's currency."""

    scope: str
    of: str
    start: date
    end: date
    amount: int
    id: int = 0


def targets(
    world: World, start: date, end: date, measure: str, of: Iterable[tuple[str, str]] | None = None
) -> list[Target]:
    """The visible quotas whose whole period lies in these days, at the rate of their first day.

    Only of these (scope, of), if given. Raises MissingRate.
    """
    by_scope: dict[str, list[str]] = {}
    for scope, one in of or ():
        by_scope.setdefault(scope, []).append(one)
    scopes = None if of is None else tuple(sorted(by_scope))
    query = world.known(("targets", world.currency, scopes), lambda: _targets(world, scopes))
    values = {"start": start, "end": end, "measure": measure, **by_scope}
    found = []
    for row in world.execute(query, values):
        if row.value is None:
            raise MissingRate(row.currency, row.starts_on)
        found.append(Target(row.scope, row.of, row.starts_on, row.ends_on, int(row.value), row.id))
    return found


def _targets(world: World, scopes: Iterable[str] | None) -> Select[Any]:
    """The quotas of some days, of what the places named like each of `scopes` hold; of everything for None."""
    quota = world.rows("quota").c
    sqlite = world.tx.store.sqlite
    day = quota.starts_on
    value = exchange.in_currency(quota.amount, quota.currency, day, world.currency, world.rates, sqlite)
    found = [
        quota.starts_on >= bindparam("start", type_=Day()),
        quota.ends_on <= bindparam("end", type_=Day()),
        quota.measure == bindparam("measure", type_=Text),
        quota.archived_at.is_(None),
        world.seen("quota"),
    ]
    if scopes is not None:
        found.append(
            or_(false(), *(and_(quota.scope == scope, quota.of.in_(held(scope))) for scope in scopes))
        )
    columns = (quota.id, quota.scope, quota.of, quota.starts_on, quota.ends_on, quota.currency)
    return select(*columns, value.label("value")).where(*found)
