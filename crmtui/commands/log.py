"""`crm log` and `crm undo`: the last changes, and taking one back."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from crmtui.commands.call import Call
from crmtui.commands.options import whole
from crmtui.commands.prints import one, rows_as
from crmtui.commands.verb import command
from crmtui.errors import about
from crmtui.i18n import N_


def _log() -> Sequence[Any]:
    from crmtui.services import journal

    return journal.LOG


@command(
    "log",
    prints=rows_as(_log),
    examples=("crm log --limit 5", "crm log --noun opp --user me --since today-7d"),
)
def log(
    call: Call,
    limit: Annotated[str, typer.Option("--limit", metavar="N", help=N_("At most so many"))] = "",
    noun: Annotated[
        str, typer.Option("--noun", metavar="NOUN", help=N_("Only changes of this kind of record"))
    ] = "",
    user: Annotated[
        str, typer.Option("--user", metavar="USER", help=N_("Only what this person did; me for yourself"))
    ] = "",
    since: Annotated[
        str, typer.Option("--since", metavar="MOMENT", help=N_("Only from this moment on"))
    ] = "",
) -> None:
    """List the last transactions, newest first."""
    from crmtui.clock import parse_moment
    from crmtui.services import journal

    most = whole("--limit", limit) if limit else int(call.config["rows"]) if call.out.people else None
    with about("since"):
        moment = parse_moment(since, call.ctx.clock) if since else None
    call.rows(
        journal.LOG, journal.log(call.ctx, limit=most, noun=noun or None, user=user or None, since=moment)
    )


@command(
    "undo",
    change=True,
    examples=("crm undo 1042", "crm undo 1042 --dry-run"),
    prints=one(restored="whole", removed="whole", brought_back="whole"),
)
def undo(
    call: Call,
    tx: Annotated[str, typer.Argument(metavar="TX", help=N_("The transaction, as crm log lists it"))],
) -> None:
    """Take back all that one transaction did."""
    from crmtui.services import reversal

    done = reversal.undo(call.ctx, tx)
    call.figures(restored=done.restored, removed=done.removed, brought_back=done.brought_back)
