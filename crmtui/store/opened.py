"""The components behind one figure, counted where they are kept: how many, what they come to, and the largest first."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, select, union_all

from crmtui.store.figures import Asked, Components, components, shown
from crmtui.store.types import Day, Whole
from crmtui.store.world import MissingRate, World

FIGURES = ("forecast", "won", "weighted", "budget", "commit", "best", "rest", "gap")
"""The figures that can be opened. The rest is what is weighted of those that are not committed; behind a gap stand the
open components, by what their full value would add."""


@dataclass(frozen=True)
class Total:
    """How many components a figure has, their values, and what of these it counts; in minor units of the company's currency."""

    count: int
    value: int
    counted: int


@dataclass(frozen=True)
class _Part:
    """Components of one kind in one state: which they are, their value at the rate of `day`, and what of it the figure counts."""

    some: Components
    found: list[ColumnElement[bool]]
    day: Any
    value: ColumnElement[int]
    counted: ColumnElement[int]


def whole(world: World, asked: Asked, figure: str, method: str) -> Total:
    """What the figure comes to. Raises MissingRate."""
    count = value = counted = 0
    for part in _parts(world, asked, figure, method):
        some, opp = part.some, part.some.opp.c
        lost = and_(opp.amount.is_not(None), part.value.is_(None))
        sums = func.count(), func.sum(part.value), func.sum(part.counted), func.count().filter(lost)
        one = world.execute(some.select(*sums).where(*part.found), some.values).one()
        if one[3]:
            first = some.select(opp.currency, func.min(part.day, type_=Day())).where(*part.found, lost)
            raise MissingRate(
                *world.execute(
                    first.group_by(opp.currency).order_by(opp.currency).limit(1), some.values
                ).one()
            )
        count, value, counted = count + one[0], value + int(one[1] or 0), counted + int(one[2] or 0)
    return Total(count, value, counted)


def rows(
    world: World, asked: Asked, figure: str, method: str, start: int = 0, size: int | None = None
) -> list[Any]:
    """The components from place `start` on, those that count most first: their columns, `value` and `counted`.

    Both are in minor units of the company's currency, 0 where there is no amount. Raises MissingRate.
    """
    parts = _parts(world, asked, figure, method)
    every = union_all(*map(_listed, parts)).subquery("every")
    query = select(every).order_by(every.c.counted.desc(), every.c.id, every.c.owner_id)
    if size is not None:
        query = query.offset(start).limit(size)
    found: list[Any] = world.execute(query, parts[0].some.values).all()
    for row in found:
        if row.value is None and row.amount is not None:
            raise MissingRate(row.currency, row.closed_on if row.state == "won" else world.today)
    return found


def _listed(part: _Part) -> Select[Any]:
    counted = func.coalesce(part.counted, 0, type_=Whole)
    columns = [*shown(part.some), part.value.label("value"), counted.label("counted")]
    return part.some.select(*columns).where(*part.found)


def _parts(world: World, asked: Asked, figure: str, method: str) -> list[_Part]:
    found = []
    if figure != "won":
        found += [_open(some, figure, method) for some in components(world, asked, "open")]
    if figure in ("won", "forecast"):
        for some in components(world, asked, "won"):
            day = some.opp.c.closed_on
            value = some.value(day)
            found.append(_Part(some, [*some.found, some.dated(day)], day, value, value))
    return found


def _open(some: Components, figure: str, method: str) -> _Part:
    opp = some.opp.c
    value = some.value(some.today)
    share = some.weighted(some.today)
    found = [*some.found, some.counted, some.dated(opp.expected_close_on)]
    counted = share if figure in ("weighted", "rest") else value
    if figure in ("forecast", "gap"):
        in_full = {"commit": opp.category == "commit", "budget": literal(1, Whole) == 1}.get(method)
        forecast = share if in_full is None else case((in_full, value), else_=share)
        counted = forecast if figure == "forecast" else value - forecast
    if figure == "gap":
        found.append(counted > 0)
    elif figure == "rest":
        found.append(func.coalesce(opp.category, "") != "commit")
    elif figure in ("commit", "best"):
        found.append(opp.category == figure)
    return _Part(some, found, some.today, value, counted)
