"""Figures as they would be if what waits for approval were approved: tried in a transaction that is always taken back."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import select

from crmtui.services import approvals
from crmtui.services.context import Context, Tx
from crmtui.store import refs
from crmtui.store.record import table

COUNTED = ("opp.adjust", "opp.advance", "opp.reactivate")
"""The requests that change what an opportunity counts for."""


class _Enough(Exception):
    """Ends the transaction, so that nothing of it stays."""


@contextmanager
def approved(ctx: Context) -> Iterator[int]:
    """Within the block the actor reads opportunities as if all that waits for approval were approved; how much waits.

    The store is locked for as long as it takes, and is afterwards as it was. Raises Busy, Forbidden.
    """
    try:
        with ctx.together("approval.suppose") as tx:
            yield _suppose(tx)
            raise _Enough
    except _Enough:
        return


def _suppose(tx: Tx) -> int:
    found = waiting(tx)
    opp = table("opp").__table__
    for approval in found:
        patch = {name: value for name, value in approvals.patch_of(approval).items() if name in opp.c}
        _, record = refs.noun_of(approval.about) or ("", 0)
        if patch:
            tx.session.connection().execute(opp.update().where(opp.c.id == record).values(**patch))
    return len(found)


def waiting(tx: Tx) -> list[Any]:
    """The requests that wait and would change what an opportunity counts for, oldest first, as far as the actor sees them."""
    approval = table("approval")
    query = select(approval).where(approval.state == "pending", approval.verb.in_(COUNTED))
    return list(tx.session.scalars(query.order_by(approval.id)))


def count(ctx: Context) -> int:
    """How many such requests wait."""
    with ctx.reading() as tx:
        return len(waiting(tx))
