"""What a value must be for one comparison to hold: read once by the kind of the field, then a test in SQL."""

import operator
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, and_, case, literal, or_, select
from sqlalchemy.orm import aliased

from crmtui import money
from crmtui.clock import FIRST_YEAR, Clock, parse_date, parse_moment, parse_period
from crmtui.errors import Invalid
from crmtui.i18n import N_
from crmtui.store import dialect, values
from crmtui.store.condition import Compare, Value, fault
from crmtui.store.record import label_column, table
from crmtui.store.term import NUMBERS, TEXTS, Scope, Term
from crmtui.store.types import Whole
from crmtui.store.visibility import below, subordinates, visible
from crmtui.text import name_key

MOST_VALUES = 500
MOST_PATTERN = 1_000

Test = Callable[[Any, Any], ColumnElement[bool]]
"""The value (of a list: one member) and the record that it stands in → whether it fits."""

_LINE = "= < <= > >= in empty"
_ALLOWED = dict.fromkeys(NUMBERS | {"day", "moment"}, _LINE) | dict.fromkeys(TEXTS, "= ~ in empty")
_ALLOWED |= {"ident": "= in", "flag": "= in empty", "children": "empty"}
_ALLOWED |= dict.fromkeys(("ref", "refs", "choices"), "= ~ in empty")
_SIGNS: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "in": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def operators(term: Term) -> str:
    """The operators by which the field can be compared, with blanks between them."""
    allowed = "= < <= > >= in" if term.field.name == "id" else _ALLOWED.get(term.field.kind, "")
    if term.field.kind == "ref" and "parent_id" in table(term.field.noun).__table__.columns:
        allowed += " under"
    return allowed


def check(ask: Compare, term: Term) -> None:
    """Raise Invalid `condition.type` unless the field can be compared in this way."""
    allowed = operators(term)
    if ask.op not in allowed.split():
        said = ask.op_place.text[ask.op_place.start : ask.op_place.end]
        raise fault(
            "condition.type",
            N_("{name} cannot be compared with {said}, only with: {allowed}."),
            ask.op_place,
            term.name,
            name=term.name,
            said=said,
            allowed=allowed.replace("empty", "is empty"),
        )
    if len(ask.values) > MOST_VALUES:
        sentence = N_("A list in a condition has at most {most} values.")
        raise fault("condition.type", sentence, ask.op_place, term.name, most=MOST_VALUES)


def predicate(ask: Compare, term: Term, scope: Scope) -> Test:
    """The test that the values asked for come to. Raises Invalid `condition.type`, and NotFound for a reference."""
    kind = term.field.kind
    for value in ask.values:
        if not value.text.strip():
            raise fault(
                "condition.type", N_("There is no value here; write is empty."), value.place, term.name
            )
    if ask.op == "~":
        return _like(ask.values[0], term, scope)
    if kind in ("ref", "refs"):
        return _refers(ask, term.field.noun, scope)
    if kind in ("day", "moment"):
        spans = [_span(value, ask.op, term, scope) for value in ask.values]
        return lambda found, record: or_(*(span(found, record) for span in spans))
    if kind == "money":
        return _amount(ask, term, scope)
    read = [_read(value, term, scope) for value in ask.values]
    if ask.op in ("=", "in") and term.field.column == label_column(term.noun) and kind in TEXTS:
        # The name is not indexed, but its key is: what is called the same has the same one.
        held = {name_key(text) for text in read}
        return lambda found, record: and_(record.name_key.in_(held), found.in_(read))
    if len(read) > 1:
        return lambda found, record: found.in_(read)
    return lambda found, record: _SIGNS[ask.op](found, read[0])


# -- values read by the kind of the field -----------------------------------------------------------------------

_IDENT = re.compile(r"(?:([A-Za-z]{1,3})-)?([0-9]{1,18})")
_SHORT = re.compile(r"-?[0-9.,]+[kKmM万亿]")
_HUGE = 10**17
_AS_TYPED = ("code", "email", "target", "record")


def _read(value: Value, term: Term, scope: Scope) -> Any:
    """The stored form of `value`; what its reader refuses is told as `condition.type`, with the place."""
    try:
        if term.field.kind == "ident" or term.field.name == "id":
            return _ident(value.text, str(table(term.noun).PREFIX))
        if term.field.kind == "whole" and _SHORT.fullmatch(value.text):
            return money.parse_amount(value.text, "JPY", signed=True)
        # A value that no record can have is no error: the condition then holds for none, or for all.
        kind = "line" if term.field.kind in _AS_TYPED else term.field.kind.replace("choices", "choice")
        field = replace(term.field, kind=kind, max=4_000, low=-_HUGE, high=_HUGE)
        return values.read(field, value.text, scope.entry)
    except Invalid as error:
        raise fault("condition.type", error.sentence, value.place, term.name, **error.params) from error


def _ident(text: str, prefix: str) -> int:
    found = _IDENT.fullmatch(text)
    if found and (found[1] or prefix).upper() == prefix:
        return int(found[2])
    example = f"{prefix}-31"
    raise Invalid(
        "ref.invalid", N_("{value} is no ref; write it like {example}."), value=text[:60], example=example
    )


# -- text -------------------------------------------------------------------------------------------------------


def _like(value: Value, term: Term, scope: Scope) -> Test:
    field, pattern = term.field, _pattern(value.pattern)
    if len(pattern) > MOST_PATTERN:
        sentence = N_("A pattern has at most {most} characters.")
        raise fault("condition.type", sentence, value.place, term.name, most=MOST_PATTERN)
    if field.kind in ("ref", "refs"):
        target = aliased(table(field.noun))
        label = dialect.like(getattr(target, label_column(field.noun)), pattern, scope.sqlite)
        ids = select(target.id).where(label, visible(field.noun, scope.actor, target))
        return lambda found, record: found.in_(ids)
    if field.choices:
        codes = _codes(field.choices, pattern, scope)
        return lambda found, record: or_(dialect.like(found, pattern, scope.sqlite), found.in_(codes))
    return lambda found, record: dialect.like(found, pattern, scope.sqlite)


def _pattern(written: str) -> str:
    """The LIKE pattern of `~`: with a wildcard all of the value has to fit, without one it has to contain the text."""
    wild, done, part = False, "", ""
    for found in re.finditer(r"\\([*?\\])|(\*+|\?)|(.)", written, re.DOTALL):
        if found[2]:
            wild, done, part = True, done + _escaped(part) + ("_" if found[2] == "?" else "%"), ""
        else:
            part += found[1] or found[3]
    done += _escaped(part)
    return done if wild else f"%{done}%"


def _escaped(text: str) -> str:
    return re.sub(r"[\\%_]", r"\\\g<0>", dialect.folded(text))


def _codes(choices: str, pattern: str, scope: Scope) -> Select[Any]:
    """The codes of the list whose names, in either language, are like `pattern`."""
    entry = aliased(table("type"))
    named = or_(*(dialect.like(name, pattern, scope.sqlite) for name in (entry.name, entry.name_zh)))
    return select(entry.code).where(entry.list == choices, named)


# -- references -------------------------------------------------------------------------------------------------


def _refers(ask: Compare, noun: str, scope: Scope) -> Test:
    ids: list[int] = []
    sets: list[Select[Any]] = []
    for value in ask.values:
        word = value.text.lower() if noun == "user" and not value.quoted else ""
        if word == "my team":
            sets.append(subordinates(scope.actor))
        elif word == "me" and scope.actor.id is not None:
            ids.append(scope.actor.id)
        else:
            ids.append(scope.entry.resolve(noun, value.text))
    if ask.op == "under":
        target = aliased(table(noun))
        tree = select(target.id).where(target.id.in_(below(noun, ids[0])), visible(noun, scope.actor, target))
        return lambda found, record: found.in_(tree)
    return lambda found, record: or_(*(found.in_(one) for one in sets), *([found.in_(ids)] if ids else []))


# -- money ------------------------------------------------------------------------------------------------------


def _amount(ask: Compare, term: Term, scope: Scope) -> Test:
    own = money.digits_of(scope.entry.currency)
    read = [_read(value, term, scope) for value in ask.values]
    has_currency = "currency" in table(term.noun).__table__.columns

    def test(found: Any, record: Any) -> ColumnElement[bool]:
        # Minor units differ in size: 5000 is 500000 in a column of dollars and 5000 in one of yen.
        bounds: list[Any] = [literal(minor, Whole) for minor in read]
        if has_currency:
            bounds = [_bound(minor, own, ask.op, record.currency) for minor in read]
        return or_(*(_SIGNS[ask.op](found, bound) for bound in bounds))

    return test


def _bound(minor: int, own: int, op: str, currency: Any) -> ColumnElement[Any]:
    others = money.currencies_unlike(own).items()
    cases = [
        (currency.in_(codes), literal(_threshold(minor, own, digits, op), Whole)) for digits, codes in others
    ]
    return case(*cases, else_=literal(minor, Whole))


def _threshold(minor: int, own: int, digits: int, op: str) -> int:
    """`minor` units of a currency with `own` digits in those of one with `digits`, so that `op` gives the same."""
    scaled, rest = divmod(minor * int(10**digits), int(10**own))
    if not rest:
        return scaled
    if op in ("=", "in"):
        return -1  # no amount is negative
    return scaled + (op in ("<", ">="))


# -- time -------------------------------------------------------------------------------------------------------


def _span(value: Value, op: str, term: Term, scope: Scope) -> Test:
    """A test against a day or moment, or against all of a period, or of a day where the field holds moments."""
    clock, moments = scope.entry.clock, term.field.kind == "moment"
    first, last = _days(value, term, scope)
    if isinstance(first, datetime):
        if moments:
            return lambda found, record: _SIGNS[op](found, first)
        first = last = clock.day_of(first)
    custom = term.field.custom
    low, high = (_start(day, clock, moments, custom) for day in (first, last + timedelta(days=1)))
    if first == last and not moments:
        return lambda found, record: _SIGNS[op](found, low)
    if op in ("=", "in"):
        return lambda found, record: and_(found >= low, found < high)
    sign, bound = {"<": ("<", low), ">=": (">=", low), "<=": ("<", high), ">": (">=", high)}[op]
    return lambda found, record: _SIGNS[sign](found, bound)


def _start(day: date, clock: Clock, moments: bool, custom: bool) -> Any:
    """Where `day` starts, as the column holds it; the company's own attributes hold days as text."""
    if custom:
        return literal(day.isoformat(), Text())
    return clock.start_of(day) if moments else day


def _days(value: Value, term: Term, scope: Scope) -> tuple[Any, Any]:
    """The first and the last day that are meant, or twice the moment."""
    clock = scope.entry.clock
    readers: list[Callable[[], tuple[Any, Any]]] = [
        lambda: (parse_date(value.text, clock.today(), term.field.low or FIRST_YEAR),) * 2,
        lambda: _period(value.text, scope),
        lambda: (parse_moment(value.text, clock),) * 2,
    ]
    for reader in readers:
        try:
            return reader()
        except Invalid:
            continue
    raise fault(
        "condition.type",
        N_(
            "{value} is not a date, moment or period; write it like {example}, today-30d, this quarter or 2026Q4."
        ),
        value.place,
        term.name,
        value=value.text[:60],
        example=clock.today().isoformat(),
    )


def _period(text: str, scope: Scope) -> tuple[date, date]:
    period = parse_period(text, scope.entry.clock.today(), scope.fiscal_start_month)
    return period.start, period.end
