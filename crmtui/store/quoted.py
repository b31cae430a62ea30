"""Quotes in figures: which of them stand for their opportunity, and what they look like as opportunities."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
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

from crmtui.store.world import World

AGREED = ("accepted", "deal")
"""The states in which a quote says what its won opportunity is worth."""


def live(quote: FromClause, state: str, today: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a quote counts for an opportunity in `state`: agreed where that is won, else approved, sent or accepted.

    What was approved or sent counts until it is out of date on `today`.
    """
    q = quote.c
    if state == "won":
        return and_(q.archived_at.is_(None), q.state.in_(AGREED))
    in_date = or_(q.valid_until.is_(None), q.valid_until >= today)
    offered = and_(q.state.in_(("approved", "sent")), in_date)
    return and_(q.archived_at.is_(None), or_(q.state == "accepted", offered))


def stands(
    world: World, quote: FromClause, state: str, today: ColumnElement[Any]
) -> list[ColumnElement[bool]]:
    """What a quote fulfils that stands for its opportunity in `state`, for all that the actor sees."""
    return [quote.c.opp_id.is_not(None), live(quote, state, today), world.seen("quote")]


def components(world: World, state: str, today: ColumnElement[Any]) -> FromClause:
    """The newest live quotes of opportunities, and the live quotes without one, as rows with the columns of opportunities.

    A quote brings its own name, amount and currency, its own probability and day where it has them; all else is its
    opportunity's. They carry the read predicate of both.
    """
    quote, opp = world.rows("quote"), world.rows("opp")
    q, o = quote.c, opp.c
    newest = (
        select(func.max(q.id)).where(*stands(world, quote, state, today)).group_by(q.opp_id).correlate(None)
    )
    whose = [
        o[name]
        for name in ("owner_id", "created_by_id", "territory_id", "industry", "products", "process_id")
    ]
    linked = (
        select(
            *(q.id, q.opp_id, q.name, q.amount, q.currency),
            func.coalesce(o.account_id, q.account_id).label("account_id"),
            func.coalesce(q.probability, o.probability).label("probability"),
            func.coalesce(q.expected_close_on, o.expected_close_on).label("expected_close_on"),
            *(o.state, o.stage, o.category, o.closed_on, o.archived_at, *whose),
        )
        .join_from(quote, opp, o.id == q.opp_id)
        .where(q.id.in_(newest), world.seen("opp"))
    )
    counts = and_(q.archived_at.is_(None), q.state == "deal") if state == "won" else live(quote, state, today)

    def none(name: str) -> ColumnElement[Any]:
        return cast(null(), o[name].type)

    alone = select(
        *(q.id, q.opp_id, q.name, q.amount, q.currency, q.account_id, q.probability, q.expected_close_on),
        cast(literal("won" if state == "won" else "open"), Text),
        *(none("stage"), none("category"), q.closed_on, q.archived_at, q.owner_id, q.created_by_id),
        *map(none, ("territory_id", "industry", "products", "process_id")),
    ).where(q.opp_id.is_(None), counts, world.seen("quote"))
    return union_all(linked, alone).subquery("quoted")
