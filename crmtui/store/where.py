"""Conditions and orders compiled: from what people write to SQL expressions, with every value bound."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Text, UnaryExpression, and_, literal, not_, or_, select, type_coerce
from sqlalchemy.orm import aliased

from crmtui.i18n import N_
from crmtui.store import comparison, dialect
from crmtui.store.condition import Compare, Every, Node, Not, Place, fault
from crmtui.store.fields import Field
from crmtui.store.record import label_column, table
from crmtui.store.term import LISTS, TEXTS, Scope, Term, column, find
from crmtui.store.total import Group, Measure, group, measure, statement
from crmtui.store.types import Whole
from crmtui.store.visibility import visible

__all__ = ["Group", "Measure", "Scope", "compile", "group", "measure", "order", "statement"]

MOST_KEYS = 8


def compile(tree: Node, noun: str, scope: Scope, model: Any = None) -> ColumnElement[bool]:
    """The condition as an expression on the table of `noun` (or on `model`, an alias of it); never NULL.

    Empty is a value: `state != won` and `not state = won` hold where there is no state, `amount < 5` does not where
    there is no amount. A list fits when one of its members does. An amount is compared as a number of whole units of
    the record's own currency. Whatever is behind a reference that the actor may not see counts as empty.
    Raises Invalid `condition.field` or `condition.type`, pointing at the place, and NotFound for a reference.
    """
    model = model if model is not None else table(noun)
    if isinstance(tree, Compare):
        return _compare(tree, find(noun, tree.name, tree.place, scope), model, scope)
    if isinstance(tree, Not):
        return not_(compile(tree.part, noun, scope, model))
    parts = (compile(part, noun, scope, model) for part in tree.parts)
    return and_(*parts) if isinstance(tree, Every) else or_(*parts)


End = Callable[[Any], ColumnElement[bool]]


def _compare(ask: Compare, term: Term, model: Any, scope: Scope) -> ColumnElement[bool]:
    comparison.check(ask, term)
    if ask.op == "empty":
        return not_(_follow(term.steps, model, lambda end: _filled(term.field, end, scope), scope))
    test = comparison.predicate(ask, term, scope)

    def end(record: Any) -> ColumnElement[bool]:
        return _holds(term.field, record, lambda found: test(found, record), scope)

    return _follow(term.steps, model, end, scope)


def _follow(steps: tuple[Field, ...], model: Any, end: End, scope: Scope) -> ColumnElement[bool]:
    """`end` on the record to which `steps` lead from `model`; false where they lead nowhere, or out of sight."""
    if not steps:
        return end(model)
    target = aliased(table(steps[0].noun))
    seen = visible(steps[0].noun, scope.actor, target)
    ids = select(target.id).where(seen, _follow(steps[1:], target, end, scope))
    return _holds(steps[0], model, lambda found: found.in_(ids), scope)


def _holds(field: Field, model: Any, test: End, scope: Scope) -> ColumnElement[bool]:
    """`test` on the value of `field`, or on any member of its list; false instead of NULL where there is none."""
    found = column(field, model, scope)
    if field.kind in LISTS:
        return dialect.any_member(found, test, Whole if field.kind == "refs" else Text(), scope.sqlite)
    return test(found) if field.required and not field.custom else and_(found.is_not(None), test(found))


def _filled(field: Field, model: Any, scope: Scope) -> ColumnElement[bool]:
    found = column(field, model, scope)
    if field.kind in LISTS or field.kind == "children":
        return and_(found.is_not(None), type_coerce(found, Text()) != literal("[]", Text()))
    return and_(found.is_not(None), found != "") if field.kind in TEXTS else found.is_not(None)


# -- order ------------------------------------------------------------------------------------------------------


def order(noun: str, text: str, scope: Scope) -> list[UnaryExpression[Any]]:
    """The order that `-amount,name` asks for: empty values last, ties by id in the direction of the last key.

    The label field goes by its folded form, a reference by id (`owner.name` goes by name), a choice by its code.
    Raises Invalid `condition.field` or `condition.type`, pointing at the place.
    """
    found: list[UnaryExpression[Any]] = []
    falls, start = False, 0
    for key in text.split(",") if text.strip() else []:
        place = Place(text, start + len(key) - len(key.lstrip()), start + len(key.rstrip()))
        start += len(key) + 1
        falls, name = key.strip().startswith("-"), key.strip().removeprefix("-").strip()
        if not name or len(found) == MOST_KEYS:
            sentence = (
                N_("The name of a field is expected here.")
                if not name
                else N_("An order has at most {most} fields.")
            )
            raise fault("condition.syntax", sentence, place, most=MOST_KEYS)
        found.append(_key(find(noun, name, place, scope), noun, falls, place, scope))
    model = table(noun)
    return [*found, model.id.desc() if falls else model.id.asc()]


def _key(term: Term, noun: str, falls: bool, place: Place, scope: Scope) -> UnaryExpression[Any]:
    field = term.field
    if field.kind in ("children", "attributes") or LISTS & {field.kind, *(step.kind for step in term.steps)}:
        raise fault(
            "condition.type", N_("{name} holds a list, which has no order."), place, term.name, name=term.name
        )
    if field.column == label_column(term.noun) and field.kind in TEXTS:
        term = replace(term, field=replace(field, column="name_key"))
    value = term.value(table(noun), scope)
    key = value.desc() if falls else value.asc()
    # Said only where the store would not do it by itself, because an index serves its own order alone.
    certain = field.required and not field.custom and not term.steps
    return key if certain or falls == scope.sqlite else key.nulls_last()
