"""`crm account transfer`, `crm lead transfer`, `crm opp transfer`: records handed over to somebody else."""

from typing import Annotated

import typer

from crmtui.commands.call import Call
from crmtui.commands.prints import rows
from crmtui.commands.verb import command
from crmtui.i18n import N_

_MOVED = rows(ref="line", name="line", former_owner="ref", owner="ref", reason="line")

Refs = Annotated[
    list[str] | None,
    typer.Argument(metavar="REF…", help=N_("The records; or many by --where"), show_default=False),
]
To = Annotated[str, typer.Option("--to", metavar="USER", help=N_("Who has them from now on"))]
Where = Annotated[
    str, typer.Option("--where", metavar="CONDITION", help=N_("Only those: see crm help conditions"))
]
WithOpen = Annotated[
    bool,
    typer.Option("--with-open", help=N_("Also their owner's open work about them: contacts, deals, tasks")),
]
Note = Annotated[str, typer.Option("--note", help=N_("Why, for the history"))]


def _transfer(
    call: Call, noun: str, refs: list[str] | None, to: str, where: str, with_open: bool, note: str
) -> None:
    from crmtui.services import handover

    moved = handover.transfer(call.ctx, noun, refs or [], to, where=where, with_open=with_open, note=note)
    call.rows(_MOVED.columns, handover.moves(call.ctx, moved))


@command(
    "account transfer",
    change=True,
    prints=_MOVED,
    examples=(
        "crm account transfer 7 --to zhao --with-open",
        "crm account transfer --where 'owner=li' --to zhao",
    ),
)
def account(
    call: Call, to: To, refs: Refs = None, where: Where = "", with_open: WithOpen = False, note: Note = ""
) -> None:
    """Hand customers over to somebody else."""
    _transfer(call, "account", refs, to, where, with_open, note)


@command("lead transfer", change=True, prints=_MOVED, examples=("crm lead transfer 12 13 --to sun",))
def lead(
    call: Call, to: To, refs: Refs = None, where: Where = "", with_open: WithOpen = False, note: Note = ""
) -> None:
    """Hand leads over to somebody else."""
    _transfer(call, "lead", refs, to, where, with_open, note)


@command("opp transfer", change=True, prints=_MOVED, examples=("crm opp transfer 31 --to sun --with-open",))
def opp(
    call: Call, to: To, refs: Refs = None, where: Where = "", with_open: WithOpen = False, note: Note = ""
) -> None:
    """Hand opportunities over to somebody else."""
    _transfer(call, "opp", refs, to, where, with_open, note)
