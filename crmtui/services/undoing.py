"""Taking back and doing again, step by step: one's own changes of today, newest first."""

from typing import Any

from sqlalchemy import select

from crmtui.errors import Refused
from crmtui.i18n import N_, gettext
from crmtui.services import reversal
from crmtui.services.context import Context
from crmtui.store.journal import Change


def back(ctx: Context) -> str:
    """Take back the newest change of today that is the actor's own; a sentence that says what. Raises Refused for none,
    and where a later change stands in the way, with who made it."""
    steps, _ = _steps(ctx)
    if not steps:
        raise Refused("undo.none", N_("There is nothing of today that you could take back."))
    return _done(ctx, steps[-1], N_("Took back {verb} of {time}"))


def forth(ctx: Context) -> str:
    """Do again what the actor took back last; a sentence that says what. Raises Refused for none: a new change since
    then ends what could be done again."""
    _, steps = _steps(ctx)
    if not steps:
        raise Refused("undo.nothing_again", N_("There is nothing that could be done again."))
    return _done(ctx, steps[-1], N_("Did {verb} of {time} again"))


def _done(ctx: Context, step: Any, sentence: str) -> str:
    reversal.undo(ctx, str(step.id))
    first = step
    with ctx.reading() as tx:
        while first.undoes is not None:
            first = tx.session.get(Change, first.undoes)
    at = first.at.astimezone(ctx.clock.zone)
    return gettext(sentence).format(verb=first.verb.replace(".", " "), time=f"{at:%H:%M}")


def _steps(ctx: Context) -> tuple[list[Any], list[Any]]:
    """The actor's transactions of today that can be taken back, and the undos that can be, each oldest first."""
    change: Any = Change
    query = (
        select(Change)
        .where(change.actor_id == ctx.actor.id, change.at >= ctx.clock.start_of(ctx.clock.today()))
        .order_by(change.id)
    )
    done: dict[int, Any] = {}
    undone: dict[int, Any] = {}
    with ctx.reading() as tx:
        for step in tx.session.scalars(query):
            assert step.id is not None
            if step.undoes is None:
                done[step.id] = step
                undone.clear()
            elif step.undoes in undone:
                del undone[step.undoes]
                done[step.id] = step
            else:  # of an earlier day, or of somebody else: taking it back again is a step too
                done.pop(step.undoes, None)
                undone[step.id] = step
    return list(done.values()), list(undone.values())
