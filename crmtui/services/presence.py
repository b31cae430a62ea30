"""Who is there: people who are away, and who stands in for them."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import or_, select

from crmtui.services.context import Tx
from crmtui.store.record import table


def person(tx: Tx, user_id: int | None) -> Any | None:
    """The person of that id who works here; None for nobody, and for those who were archived or made inactive."""
    user = table("user")
    query = select(user).where(user.id == user_id, user.active.is_(True), user.archived_at.is_(None))
    return tx.session.scalars(query).first() if user_id is not None else None


def is_away(user: Any, day: date) -> bool:
    """Whether the person is away on that day: from the first to the last day told, either of which may be open."""
    if user.away_from is None and user.away_until is None:
        return False
    return (user.away_from or date.min) <= day <= (user.away_until or date.max)


def away(tx: Tx, day: date, among: Iterable[int] | None = None) -> set[int]:
    """The people (of `among`, or of all) who are away on that day."""
    user = table("user")
    query = select(user).where(or_(user.away_from.is_not(None), user.away_until.is_not(None)))
    query = query if among is None else query.where(user.id.in_(list(among)))
    return {one.id for one in tx.session.scalars(query) if is_away(one, day)}


def present(tx: Tx, user_id: int | None, day: date) -> int | None:
    """The person, or, while they are away, who stands in for them (and for those in turn); None where nobody does."""
    seen: set[int] = set()
    while user_id is not None and user_id not in seen:
        seen.add(user_id)
        found = person(tx, user_id)
        if found is None:
            return None
        if not is_away(found, day):
            return user_id
        user_id = found.delegate_id
    return None


def superior(tx: Tx, user_id: int | None) -> int | None:
    """Whom somebody reports to: the superior on record, else the head of their department or of one above it.

    None for who stands at the top; never the person themself, and nobody who has left.
    """
    user, dept = table("user"), table("dept")
    row = tx.session.execute(select(user.manager_id, user.dept_id).where(user.id == user_id)).first()
    if row is None:
        return None
    if row.manager_id != user_id and person(tx, row.manager_id) is not None:
        return int(row.manager_id)
    above, seen = row.dept_id, set[int]()
    while above is not None and above not in seen:
        seen.add(above)
        found = tx.session.execute(select(dept.head_id, dept.parent_id).where(dept.id == above)).one()
        if found.head_id != user_id and person(tx, found.head_id) is not None:
            return int(found.head_id)
        above = found.parent_id
    return None
