"""Totals: what to group by and what to measure, read from text, and the one statement that both come to."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Float, Select, case, cast, func, literal, select

from crmtui.i18n import N_
from crmtui.store import dialect
from crmtui.store.condition import Place, fault
from crmtui.store.fields import Field
from crmtui.store.record import table
from crmtui.store.term import LISTS, NUMBERS, Scope, Term, find
from crmtui.store.types import Whole

MOST_TERMS = 8
_TERM = re.compile(
    r"\s*(?:(?P<function>[a-z_]+)\s*\(\s*(?P<of>[A-Za-z0-9_.-]+)\s*\)|(?P<name>[A-Za-z0-9_.-]+))\s*"
)
UNITS = ("month", "quarter", "half", "year")


@dataclass(frozen=True)
class Group:
    """One thing to group by: `name` as written, `field` whose values the expression gives, `unit` if by period."""

    name: str
    field: Field
    unit: str
    expression: ColumnElement[Any]


@dataclass(frozen=True)
class Measure:
    """One figure of a group. `kind` says what it is: count, number, ratio, day, moment, or money in minor units.

    Money is in the company's currency, or, when `per_currency`, in that of the records: then those are grouped too.
    """

    name: str
    kind: str
    expression: ColumnElement[Any]
    per_currency: bool = False


def group(noun: str, text: str, scope: Scope) -> list[Group]:
    """What `owner.dept,quarter(closed_on)` groups by. Raises Invalid `total.*` or `condition.field`, with the place."""
    return [_group(noun, found, place, scope) for found, place in _terms(text)]


def measure(noun: str, text: str, scope: Scope) -> list[Measure]:
    """What `count,sum(amount),win_rate` measures. Raises Invalid `total.*` or `condition.field`, with the place."""
    return [_measure(noun, found, place, scope) for found, place in _terms(text)]


def statement(noun: str, groups: Sequence[Group], measures: Sequence[Measure], where: Any) -> Select[Any]:
    """The totals of the records that fit `where`, in the order of the groups: their values, then those of the measures.

    When a measure is `per_currency` and no group is the currency, the currency stands between the two.
    """
    by = [one.expression for one in groups]
    if needs_currency(groups, measures):
        by.append(table(noun).currency)
    columns = [value.label(f"by_{i}") for i, value in enumerate(by)]
    figures = [one.expression.label(f"figure_{i}") for i, one in enumerate(measures)]
    order = [column.asc().nulls_last() for column in columns]
    return (
        select(*columns, *figures)
        .select_from(table(noun))
        .where(where)
        .group_by(*(column.name for column in columns))
        .order_by(*order)
    )


def needs_currency(groups: Sequence[Group], measures: Sequence[Measure]) -> bool:
    """Whether the currency is a group although nobody asked for it."""
    asked = any(one.field.name == "currency" and one.name == "currency" for one in groups)
    return not asked and any(one.per_currency for one in measures)


def _terms(text: str) -> list[tuple[re.Match[str], Place]]:
    terms: list[tuple[re.Match[str], Place]] = []
    start = 0
    for part in text.split(","):
        place = Place(text, start + len(part) - len(part.lstrip()), start + len(part.rstrip()))
        start += len(part) + 1
        found = _TERM.fullmatch(part)
        if found is None or len(terms) == MOST_TERMS:
            sentence = N_("This is neither a field nor a function of one, such as {example}.")
            raise fault(
                "total.syntax",
                sentence if found is None else _TOO_MANY,
                place,
                example="sum(amount)",
                most=MOST_TERMS,
            )
        terms.append((found, place))
    return terms


_TOO_MANY = N_("There are more than {most} terms.")


# -- groups -----------------------------------------------------------------------------------------------------


def _group(noun: str, found: re.Match[str], place: Place, scope: Scope) -> Group:
    unit = found["function"] or ""
    if unit and unit not in UNITS:
        raise fault(
            "total.function",
            N_("{name} is no period; use one of: {units}."),
            place,
            name=unit,
            units=", ".join(UNITS),
        )
    term = find(noun, found["of"] or found["name"], place, scope)
    kind = term.field.kind
    if kind in ("text", "children", "attributes") or LISTS & {kind, *(step.kind for step in term.steps)}:
        raise fault(
            "total.group", N_("Records cannot be grouped by {name}."), place, term.name, name=term.name
        )
    value = term.value(table(noun), scope)
    if kind == "moment":
        value = dialect.local_day(value, scope.zone.key, scope.sqlite)
    if unit and kind not in ("day", "moment"):
        sentence = N_("{name} is neither a date nor a moment, so it has no {unit}.")
        raise fault("total.group", sentence, place, term.name, name=term.name, unit=unit)
    if unit:
        value = dialect.period(value, unit, term.field.custom, scope.sqlite)
    return Group(found[0].strip(), term.field, unit, value)


# -- measures ---------------------------------------------------------------------------------------------------


def _measure(noun: str, found: re.Match[str], place: Place, scope: Scope) -> Measure:
    name, function = found[0].strip(), found["function"] or found["name"]
    if function in _WHOLE_GROUP and not found["function"]:
        return _WHOLE_GROUP[function](noun, name, place)
    if found["function"] not in _FIGURES:
        known = ", ".join((*_WHOLE_GROUP, *(f"{figure}(…)" for figure in _FIGURES)))
        raise fault(
            "total.function",
            N_("{name} is no measure; use one of: {known}."),
            place,
            name=function,
            known=known,
        )
    term = find(noun, found["of"], place, scope)
    value, kind, mixed = _measured(noun, term, function, place, scope)
    return Measure(name, kind, _FIGURES[function](value, kind == "money", scope.sqlite), mixed)


def _measured(
    noun: str, term: Term, function: str, place: Place, scope: Scope
) -> tuple[ColumnElement[Any], str, bool]:
    """The value to measure, its kind, and whether it is in the currency of each record."""
    field, value = term.field, term.value(table(noun), scope)
    sortable = function in ("min", "max") and field.kind in ("day", "moment")
    if sortable:
        return value, field.kind, False
    listed = any(step.kind in LISTS for step in term.steps)
    if field.kind not in NUMBERS - {"rate"} or field.name in ("id", "version") or listed:
        sentence = N_("{name} cannot be measured by {function}.")
        raise fault("total.measure", sentence, place, term.name, name=term.name, function=function)
    if field.kind != "money":
        return value, "number", False
    if term.steps:
        sentence = N_("{name} is an amount of another record, which has a currency of its own.")
        raise fault("total.measure", sentence, place, term.name, name=term.name)
    if scope.to_base is not None:
        return scope.to_base(noun, field), "money", False
    return value, "money", True


def _count(noun: str, name: str, place: Place) -> Measure:
    return Measure(name, "count", func.count(type_=Whole))


def _win_rate(noun: str, name: str, place: Place) -> Measure:
    state = table(noun).__table__.columns.get("state")
    declared = state.info.get("field") if state is not None else None
    if declared is None or not {"won", "lost"} <= set(declared.values):
        raise fault(
            "total.measure",
            N_("{noun} is neither won nor lost, so it has no {name}."),
            place,
            noun=noun,
            name=name,
        )
    won, closed = (
        func.count(case((table(noun).state.in_(states), 1))) for states in (["won"], ["won", "lost"])
    )
    return Measure(name, "ratio", cast(won, Float) / func.nullif(closed, 0))


_WHOLE_GROUP: dict[str, Callable[[str, str, Place], Measure]] = {"count": _count, "win_rate": _win_rate}


def _sum(value: Any, whole: bool, sqlite: bool) -> ColumnElement[Any]:
    return cast(func.sum(value), Whole)


def _average(value: Any, whole: bool, sqlite: bool) -> ColumnElement[Any]:
    total, count = _sum(value, whole, sqlite), func.nullif(func.count(value), 0, type_=Whole)
    if whole:
        return _divided(total * 2 + count, count * 2)
    return cast(total, Float) / count


def _median(value: Any, whole: bool, sqlite: bool) -> ColumnElement[Any]:
    twice = dialect.twice_median(value, sqlite)
    return _divided(twice + 1, literal(2, Whole)) if whole else cast(twice, Float) / 2


def _divided(value: Any, by: Any) -> ColumnElement[Any]:
    """Whole units, half-up when half of `by` has been added to `value`; amounts are not negative."""
    found: ColumnElement[Any] = value // by
    return found


_FIGURES: dict[str, Callable[[Any, bool, bool], ColumnElement[Any]]] = {
    "sum": _sum,
    "avg": _average,
    "median": _median,
    "min": lambda value, whole, sqlite: func.min(value),
    "max": lambda value, whole, sqlite: func.max(value),
}
