"""`crm notify`: what one is told, and that one has read it."""

from typing import Annotated

import typer

from crmtui.commands.call import Call
from crmtui.commands.prints import one, rows
from crmtui.commands.verb import command
from crmtui.i18n import N_

_NOTICES = rows(ref="line", text="line", about="record", created_at="moment", read_at="moment")
_COUNT = one(read="whole")


@command("notify list", prints=_NOTICES, examples=("crm notify list", "crm notify list --all --limit 20"))
def list_(
    call: Call,
    everything: Annotated[bool, typer.Option("--all", help=N_("Also what you have read"))] = False,
    limit: Annotated[str, typer.Option("--limit", metavar="N", help=N_("At most so many"))] = "",
) -> None:
    """List what you are told."""
    from crmtui.commands.options import whole
    from crmtui.services import notices

    most = whole("--limit", limit) if limit else None
    call.rows(_NOTICES.columns, notices.inbox(call.ctx, everything=everything, limit=most))


@command("notify read", change=True, prints=_COUNT, examples=("crm notify read NT-3", "crm notify read"))
def read(
    call: Call,
    refs: Annotated[
        list[str] | None, typer.Argument(metavar="[REF]…", help=N_("Those; all, if none is named"))
    ] = None,
) -> None:
    """Mark what you are told as read."""
    from crmtui.services import notices

    call.figures(read=notices.read(call.ctx, refs or ()))
