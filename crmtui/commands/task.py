"""`crm task`: accept, decline, done, reopen, cancel."""

from typing import Annotated

import typer

from crmtui.commands.call import Call
from crmtui.commands.prints import one_of
from crmtui.commands.verb import command
from crmtui.i18n import N_

Ref = Annotated[str, typer.Argument(metavar="REF", help=N_("The task: 4, T-4, or its subject"))]
Note = Annotated[str, typer.Option("--note", help=N_("Why, for the history"))]


@command("task accept", change=True, prints=one_of("task"), examples=("crm task accept 4",))
def accept(call: Call, ref: Ref) -> None:
    """Take on a task that somebody set you."""
    from crmtui.services import tasks

    call.record("task", tasks.accept(call.ctx, ref))


@command(
    "task decline", change=True, prints=one_of("task"), examples=('crm task decline 4 --reason "on leave"',)
)
def decline(
    call: Call, ref: Ref, reason: Annotated[str, typer.Option("--reason", help=N_("Why not"))] = ""
) -> None:
    """Say no to a task; whoever set it is told."""
    from crmtui.services import tasks

    call.record("task", tasks.decline(call.ctx, ref, reason))


@command("task done", change=True, prints=one_of("task"), examples=("crm task done 4",))
def done(call: Call, ref: Ref, note: Note = "") -> None:
    """Say that a task is done."""
    from crmtui.services import tasks

    call.record("task", tasks.done(call.ctx, ref, note))


@command("task cancel", change=True, prints=one_of("task"), examples=("crm task cancel 4",))
def cancel(call: Call, ref: Ref, note: Note = "") -> None:
    """Say that a task is needed no more."""
    from crmtui.services import tasks

    call.record("task", tasks.cancel(call.ctx, ref, note))


@command("task reopen", change=True, prints=one_of("task"), examples=("crm task reopen 4",))
def reopen(call: Call, ref: Ref, note: Note = "") -> None:
    """Take up again a task that was done, declined or cancelled."""
    from crmtui.services import tasks

    call.record("task", tasks.reopen(call.ctx, ref, note))
