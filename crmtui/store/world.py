"""The tables that figures come from, as they are or as they were, under today's rights; trees, names and quotas of them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, FromClause, Select, and_, bindparam, case, false, literal, or_, select

from crmtui.store import exchange, past
from crmtui.store.plain import MEMBER
from crmtui.store.record import label_column, table
from crmtui.store.session import Tx
from crmtui.store.types import Day, Whole
from crmtui.store.visibility import Rows, visible

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
        if self.moment is None or scope in ("all", "none") or table(noun).SCOPE == "open":
            return visible(noun, self.tx.actor, rows)
        return self._measured(rows) if table(noun).SCOPE == "quota" else self._owned(rows, noun, scope)

    def _owned(self, rows: Any, noun: str, scope: str) -> ColumnElement[bool]:
        actor = self.tx.actor
        people = self.people_below if scope == "dept" else frozenset(filter(None, (actor.id,)))
        reach = [
            among(rows.owner_id, people),
            and_(rows.owner_id.is_(None), among(rows.created_by_id, people)),
        ]
        if noun == "opp" and scope != "own":
            reach.append(rows.id.in_(select(MEMBER.c.opp_id).where(MEMBER.c.user_id == actor.id)))
        if scope == "territory" and actor.territory_id is not None and hasattr(rows, "territory_id"):
            reach.append(among(rows.territory_id, below(self.tree("territory"), {actor.territory_id})))
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

    def execute(self, query: Select[Any]) -> Any:
        """The rows of a query that carries the predicate itself."""
        return self.tx.session.connection().execute(query)

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

    @cached_property
    def rates(self) -> FromClause:
        """The exchange rates, under a name of their own."""
        return self.rows("rate").alias("rates")

    @cached_property
    def depts_below(self) -> frozenset[int]:
        """The departments that the actor leads or is in, and all below them in that day's tree."""
        actor, dept = self.tx.actor, table("dept").__table__
        heads = self.execute(select(dept.c.id).where(dept.c.head_id == actor.id)).scalars()
        return below(self.tree("dept"), {*heads, *filter(None, (actor.dept_id,))})

    @cached_property
    def people_below(self) -> frozenset[int]:
        """The people of those departments, whoever reports to the actor, and the actor."""
        user = self.rows("user")
        people = self.execute(select(user.c.id, user.c.dept_id, user.c.manager_id)).all()
        reports = below({one: manager for one, _, manager in people}, {self.tx.actor.id or 0})
        inside = {one for one, dept, _ in people if dept in self.depts_below}
        return frozenset({*inside, *reports, self.tx.actor.id or 0})


def among(column: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """Whether `column` is one of `values`, which stand in the statement itself: there may be more than it takes places."""
    found = sorted(values)
    if not found:
        return false()
    return column.in_(bindparam(None, found, expanding=True, literal_execute=True, type_=column.type))


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


def targets(
    world: World, start: date, end: date, measure: str, of: Iterable[tuple[str, str]] | None = None
) -> list[Target]:
    """The visible quotas whose whole period lies in these days, at the rate of their first day.

    Only of these (scope, of), if given. Raises MissingRate.
    """
    quota = world.rows("quota").c
    sqlite = world.tx.store.sqlite
    day = quota.starts_on
    value = exchange.in_currency(quota.amount, quota.currency, day, world.currency, world.rates, sqlite)
    within = and_(quota.starts_on >= literal(start, Day()), quota.ends_on <= literal(end, Day()))
    known = [within, quota.measure == measure, quota.archived_at.is_(None), world.seen("quota")]
    if of is not None:
        known.append(_one_of(quota, of))
    columns = (quota.scope, quota.of, quota.starts_on, quota.ends_on, quota.currency, value.label("value"))
    found = []
    for row in world.execute(select(*columns).where(*known)):
        if row.value is None:
            raise MissingRate(row.currency, row.starts_on)
        found.append(Target(row.scope, row.of, row.starts_on, row.ends_on, int(row.value)))
    return found


def _one_of(quota: Any, of: Iterable[tuple[str, str]]) -> ColumnElement[bool]:
    by_scope: dict[str, list[str]] = {}
    for scope, one in of:
        by_scope.setdefault(scope, []).append(one)
    return or_(
        false(), *(and_(quota.scope == scope, among(quota.of, all)) for scope, all in by_scope.items())
    )
