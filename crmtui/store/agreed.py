"""Contracts and orders in figures: which of them are a won deal, and what they look like as opportunities."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Text,
    and_,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)

from crmtui.store.contract import BINDING
from crmtui.store.world import World

_WHOSE = ("owner_id", "created_by_id", "territory_id", "industry", "products", "process_id")


def _holds(contract: FromClause) -> ColumnElement[bool]:
    c = contract.c
    return and_(c.archived_at.is_(None), c.state.in_(BINDING), c.amount.is_not(None))


def replaced(world: World, opp_id: ColumnElement[Any], quote_id: ColumnElement[Any] | None) -> list[Any]:
    """What a won opportunity, or a quote of one, fulfils that no contract in force stands for."""
    contract = world.rows("contract")
    holds = [_holds(contract), world.seen("contract")]

    def of(column: ColumnElement[Any]) -> Select[Any]:
        return select(column).where(column.is_not(None), *holds).correlate(None)

    if quote_id is None:
        return [opp_id.not_in(of(contract.c.opp_id))]
    free = or_(opp_id.is_(None), opp_id.not_in(of(contract.c.opp_id)))
    return [free, quote_id.not_in(of(contract.c.quote_id))]


def contracts(world: World) -> FromClause:
    """The contracts of won opportunities, and those without one as won when they were signed, as rows with the columns of
    opportunities; they carry the read predicate of both."""
    contract, opp = world.rows("contract"), world.rows("opp")
    c, o = contract.c, opp.c
    linked = (
        select(
            *(c.id, c.opp_id, c.name, c.amount, c.currency),
            func.coalesce(o.account_id, c.account_id).label("account_id"),
            *(o.probability, o.expected_close_on, o.state, o.stage, o.category, o.closed_on, o.archived_at),
            *(o[name] for name in _WHOSE),
        )
        .join_from(contract, opp, o.id == c.opp_id)
        .where(_holds(contract), world.seen("contract"), world.seen("opp"))
    )
    alone = _alone(world, contract, c.signed_on).where(
        _holds(contract), c.opp_id.is_(None), world.seen("contract")
    )
    return union_all(linked, alone).subquery("contracted")


def orders(world: World) -> FromClause:
    """The orders that come of no contract and no opportunity, as won when they were ordered; with the read predicate."""
    order = world.rows("order")
    s = order.c
    counts = [s.archived_at.is_(None), s.state != "cancelled", s.amount.is_not(None)]
    counts += [s.opp_id.is_(None), s.contract_id.is_(None), world.seen("order")]
    return _alone(world, order, s.ordered_on).where(*counts).subquery("ordered")


def _alone(world: World, rows: FromClause, day: ColumnElement[Any]) -> Select[Any]:
    """A select of records without an opportunity, as won on `day`, in the columns of opportunities."""
    r, o = rows.c, world.rows("opp").c

    def none(name: str) -> ColumnElement[Any]:
        return cast(null(), o[name].type).label(name)

    return select(
        *(r.id, r.opp_id, r.name, r.amount, r.currency, r.account_id, none("probability")),
        day.label("expected_close_on"),
        cast(literal("won"), Text).label("state"),
        *(
            none("stage"),
            none("category"),
            day.label("closed_on"),
            r.archived_at,
            r.owner_id,
            r.created_by_id,
        ),
        *(none(name) for name in _WHOSE[2:]),
    )
