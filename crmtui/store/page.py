"""The read predicate for a page of a list, in the form in which SQLite finds fifty rows of a million.

Said plainly, `owner IN … OR …` has SQLite fetch and sort all that a person reaches, or walk past all that they do not.
Which is quicker depends on how much they reach, so that is counted once, up to a limit. All forms hold for the same rows.
"""

from typing import Any, TypeGuard

from sqlalchemy import (
    BinaryExpression,
    BindParameter,
    Column,
    ColumnElement,
    Connection,
    Executable,
    Select,
    UnaryExpression,
    and_,
    func,
    or_,
    select,
    union_all,
)
from sqlalchemy.sql import operators, visitors

from crmtui.store.record import table
from crmtui.store.visibility import Actor, Rows, subordinates, visible, ways

FEW = 2_000
"""So many rows are collected and sorted sooner than as many are found by walking along an order."""


class _Sifted:
    """A class of records whose columns no index serves: the condition then sifts the rows that an order brings."""

    def __init__(self, model: Any) -> None:
        self.NOUN, self._model = model.NOUN, model

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name) + 0


def is_page(statement: Executable) -> TypeGuard[Select[Any]]:
    """Whether a statement asks for the first rows in an order."""
    return (
        isinstance(statement, Select)
        and statement._limit_clause is not None
        and bool(statement._order_by_clauses)
    )


def seen(connection: Connection, noun: str, actor: Actor) -> ColumnElement[bool]:
    """What `visible` says of `noun`, for a page of it on SQLite."""
    scope = actor.scope(noun, "show")
    if table(noun).SCOPE != "owner" or scope in ("all", "none"):
        return visible(noun, actor)
    reached = union_all(*_each_way(noun, actor, scope))
    if ("few", noun) not in actor.built:
        count = select(func.count()).select_from(reached.limit(FEW).subquery())
        actor.built["few", noun] = (connection.execute(count).scalar() or 0) < FEW
    if actor.built["few", noun]:
        found: ColumnElement[bool] = table(noun).id.in_(reached)
        return found
    return or_(*ways(_Sifted(table(noun)), actor, scope))


def _each_way(noun: str, actor: Actor, scope: str) -> list[Select[Any]]:
    """The ids that each of `ways` leads to, every one by its own index."""
    own = table(noun).__table__.alias()
    found = [select(own.c.id).where(way) for way in ways(Rows(noun, own), actor, scope)]
    if scope == "dept":
        found[1] = _unowned(own, subordinates(actor).subquery())
    return found


def _unowned(own: Any, people: Any) -> Select[Any]:
    """What nobody owns and these people entered, person by person: SQLite would rather walk past all that nobody owns.

    An outer join keeps to its order, and a condition on a function does not let it become another one.
    """
    entered = and_(own.c.created_by_id == people.c.id, own.c.owner_id.is_(None))
    return select(own.c.id).select_from(people.outerjoin(own, entered)).where(func.coalesce(own.c.id, 0) > 0)


def walking(connection: Connection, statement: Select[Any], known: dict[Any, Any]) -> Select[Any]:
    """`statement`, in which a state that very many records are in sifts what an order brings.

    SQLite would fetch all of them by an index and sort them, however few are wanted. `known` keeps which states those
    are.
    """

    def sift(element: Any, **_options: Any) -> Any:
        if not isinstance(element, BinaryExpression) or element.operator is not operators.eq:
            return None
        column, value = element.left, element.right
        if not isinstance(column, Column) or column.name != "state" or not isinstance(value, BindParameter):
            return None
        key = "many", str(column.table.name), str(value.value)
        if key not in known:
            known[key] = _many(connection, key[1], key[2])
        return UnaryExpression(column, operator=_AS_IT_IS, type_=column.type) == value if known[key] else None

    walked = statement._generate()
    walked._where_criteria = tuple(
        visitors.replacement_traverse(one, {}, sift) for one in statement._where_criteria
    )
    return walked


_AS_IT_IS: Any = operators.custom_op("+")
"""Changes no value, and makes no use of an index."""


def _many(connection: Connection, name: str, state: str) -> bool:
    query = f'SELECT count(*) FROM (SELECT 1 FROM "{name}" WHERE state = ? LIMIT {FEW})'
    return bool(connection.exec_driver_sql(query, (state,)).scalar_one() >= FEW)
