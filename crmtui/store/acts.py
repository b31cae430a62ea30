"""When somebody last did something about a record, read from the journal."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func, select

from crmtui.store.chronicle import CHANGE, ENTRY
from crmtui.store.session import Tx

MANY = 500
"""Records asked for at once."""


class Act(NamedTuple):
    """A transaction that touched a record: when, under which verb, and whose it was."""

    at: datetime
    verb: str
    actor_id: int | None


def last(tx: Tx, noun: str, ids: Iterable[int], verbs: Sequence[str]) -> dict[int, Act]:
    """Record → the last transaction under one of `verbs` that changed it; those without one are left out.

    What was taken back is still counted: somebody did it. The caller sees to it that the actor may see the records.
    """
    wanted = sorted(set(ids))
    found: dict[int, Act] = {}
    for start in range(0, len(wanted), MANY):
        some = wanted[start : start + MANY]
        newest = (
            select(ENTRY.c.record, func.max(ENTRY.c.tx).label("tx"))
            .join(CHANGE, CHANGE.c.id == ENTRY.c.tx)
            .where(ENTRY.c.noun == noun, ENTRY.c.record.in_(some), CHANGE.c.verb.in_(verbs))
            .group_by(ENTRY.c.record)
            .subquery()
        )
        rows: Any = tx.session.connection().execute(
            select(newest.c.record, CHANGE.c.at, CHANGE.c.verb, CHANGE.c.actor_id).join(
                newest, newest.c.tx == CHANGE.c.id
            )
        )
        found.update({record: Act(at, verb, actor) for record, at, verb, actor in rows})
    return found
