"""`crm outbox`: send, retry, cancel."""

from typing import Annotated

import typer

from crmtui.commands.call import Call
from crmtui.commands.prints import many_of, rows
from crmtui.commands.verb import command
from crmtui.errors import Partial
from crmtui.i18n import N_

Refs = Annotated[
    list[str] | None,
    typer.Argument(metavar="[REF]…", help=N_("Those: 3, MA-3; all that failed, if none is named")),
]
_SENT = rows(ref="line", to="line", subject="line", state="line", error="text")


@command(
    "outbox send",
    change=True,
    prints=_SENT,
    examples=("crm outbox send", "crm outbox send --dry-run"),
    more=N_(
        "What the mail server refuses for good is kept as failed, with its words; whatever else goes wrong is tried "
        "again later, after longer and longer waits. Exit code 7 where something could not be sent."
    ),
)
def send(
    call: Call,
    limit: Annotated[str, typer.Option("--limit", metavar="N", help=N_("At most so many"))] = "",
) -> None:
    """Send what is due, each mail once."""
    from crmtui.commands.options import whole
    from crmtui.services import post

    done = post.send(call.ctx, whole("--limit", limit) if limit else None)
    call.rows(_SENT.columns, [vars(one) for one in done])
    failed = sum(one.state in ("failed", "waiting") for one in done) if not call.options.dry_run else 0
    if failed:
        raise Partial(
            "mail.partial",
            N_("{sent} were sent, {failed} could not be sent."),
            hint=N_("crm outbox list shows why."),
            sent=len(done) - failed,
            failed=failed,
        )


@command(
    "outbox retry", change=True, prints=many_of("outbox"), examples=("crm outbox retry", "crm outbox retry 3")
)
def retry(call: Call, refs: Refs = None) -> None:
    """Try again to send what failed, with the next send."""
    from crmtui.services import outbox

    call.records("outbox", outbox.retry(call.ctx, refs or ()))


@command("outbox cancel", change=True, prints=many_of("outbox"), examples=("crm outbox cancel 3",))
def cancel(
    call: Call,
    refs: Annotated[list[str], typer.Argument(metavar="REF…", help=N_("Those: 3, MA-3"))],
) -> None:
    """Do not send what waits or failed."""
    from crmtui.services import outbox

    call.records("outbox", outbox.cancel(call.ctx, refs))
