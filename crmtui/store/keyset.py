"""Lists read by key: what stands after or before a record in an order, as stretches that an index can serve."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Select, UnaryExpression, func, literal, select
from sqlalchemy.sql import operators

from crmtui.store.record import table
from crmtui.store.term import Scope

Key = tuple[Any, ...]
"""The values by which a list is ordered, of one record; the last is its id."""

MANY = 20_000
"""From so many matches on it is quicker to follow the order's index and skip than to sort what another index finds."""


@dataclass(frozen=True)
class By:
    """One value to order by; empty ones stand last, whichever way it goes."""

    value: ColumnElement[Any]
    falls: bool
    nullable: bool

    def equal(self, value: Any) -> ColumnElement[bool]:
        """Where it is `value`."""
        return self.value.is_(None) if value is None else self.value == self._bound(value)

    def beyond(self, value: Any, back: bool) -> ColumnElement[bool] | None:
        """Where it comes after `value` (with `back`: before it) and is not empty; None when that can be nowhere."""
        if value is None:
            return self.value.is_not(None) if back else None
        return self.value < self._bound(value) if self.falls != back else self.value > self._bound(value)

    def _bound(self, value: Any) -> ColumnElement[Any]:
        return literal(value, self.value.type)

    def order(self, back: bool, sqlite: bool, filled: bool = False) -> ColumnElement[Any]:
        """As a term of ORDER BY; where empty values stand is said only if there are some and the store would err."""
        found = self.value.desc() if self.falls != back else self.value.asc()
        if filled or not self.nullable or self.falls == sqlite:
            return found
        return found.nulls_first() if back else found.nulls_last()


@dataclass(frozen=True)
class Stretch:
    """Some of the rows in the order of the list: those that fit `where`, ordered by `order`."""

    where: tuple[ColumnElement[bool], ...]
    order: tuple[ColumnElement[Any], ...]


def order(noun: str, sort: str, scope: Scope) -> list[By]:
    """What `sort` orders by, ending with the id; newest first when it is empty. Raises as `where.order`."""
    model = table(noun)
    if not sort.strip():
        return [By(model.id.expression, True, False)]
    from crmtui.store import where  # a plain list does without it

    found: list[By] = []
    for term in where.order(noun, sort, scope):
        one = _by(term)
        found.append(one)
        if getattr(one.value, "primary_key", False):
            break
    return found


def _by(term: ColumnElement[Any]) -> By:
    falls = False
    while isinstance(term, UnaryExpression) and term.modifier is not None:
        falls = falls or term.modifier is operators.desc_op
        term = term.element
    return By(term, falls, bool(getattr(term, "nullable", True)))


def stretches(by: Sequence[By], key: Key | None, back: bool, sqlite: bool) -> Iterator[Stretch]:
    """What comes after `key` in the order (None: everything), or with `back` before it, nearest first.

    Each is one range of an index over the same columns: the values that agree with the key, then one beyond it.
    """
    if key is None:
        yield from _everything(by, back, sqlite)
        return
    for place in reversed(range(len(by))):
        same = tuple(one.equal(value) for one, value in zip(by[:place], key, strict=False))
        this, later = by[place], [one.order(back, sqlite) for one in by[place + 1 :]]
        beyond = this.beyond(key[place], back)
        if beyond is not None:
            yield Stretch((*same, beyond), (this.order(back, sqlite, filled=True), *later))
        if this.nullable and not back and key[place] is not None:
            yield Stretch((*same, this.value.is_(None)), tuple(later))


def _everything(by: Sequence[By], back: bool, sqlite: bool) -> Iterator[Stretch]:
    """SQLite follows an index wherever empty values stand; PostgreSQL only where they stand by themselves."""
    first, later = by[0], [one.order(back, sqlite) for one in by[1:]]
    if sqlite or not first.nullable or not first.falls:
        yield Stretch((), (first.order(back, sqlite), *later))
        return
    filled = Stretch((first.value.is_not(None),), (first.order(back, sqlite, filled=True), *later))
    empty = Stretch((first.value.is_(None),), tuple(later))
    yield from (empty, filled) if back else (filled, empty)


def read(
    noun: str,
    columns: Sequence[Any],
    by: Sequence[By],
    found: Sequence[ColumnElement[bool]],
    stretch: Stretch,
    limit: int,
    offset: int = 0,
) -> Select[Any]:
    """The statement for the first rows of a stretch: `columns`, then the values of their key."""
    keys = [one.value.label(f"key_{place}") for place, one in enumerate(by)]
    query = select(*columns, *keys).select_from(table(noun)).where(*found, *stretch.where)
    return query.order_by(*stretch.order).limit(limit).offset(offset or None)


def count(noun: str, found: Sequence[ColumnElement[bool]], stretch: Stretch) -> Select[Any]:
    """The statement that counts a stretch."""
    return select(func.count(table(noun).id)).where(*found, *stretch.where)


def count_some(noun: str, found: Sequence[ColumnElement[bool]]) -> Select[Any]:
    """The statement that counts the matches, but not beyond MANY by more than one."""
    some = select(table(noun).id).where(*found).limit(MANY + 1).subquery()
    return select(func.count()).select_from(some)


def unindexed(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """The same condition in a form for which SQLite looks into no index, so that it follows that of the order."""
    return UnaryExpression(
        condition.self_group(operators.eq), operator=operators.custom_op("+"), type_=Boolean()
    )
