"""`crm invoice`: made, issued, voided, and its lines."""

from typing import Annotated

import typer

from crmtui.commands.call import Call
from crmtui.commands.document import Ref, day, lines
from crmtui.commands.prints import one_of
from crmtui.commands.verb import command
from crmtui.errors import Invalid
from crmtui.i18n import N_

Due = Annotated[
    str, typer.Option("--due", help=N_("By when it is to be paid; 30 days after it is issued if not said"))
]
_ONE = one_of("invoice")

lines("invoice", "IV")


@command(
    "invoice make",
    change=True,
    prints=_ONE,
    examples=(
        "crm invoice make --order 6 --issue",
        "crm invoice make --contract 8 --percent 30 --due 2027-05-01",
    ),
)
def make(
    call: Call,
    order: Annotated[str, typer.Option("--order", help=N_("Of this order"))] = "",
    contract: Annotated[str, typer.Option("--contract", help=N_("Of this contract"))] = "",
    percent: Annotated[
        str, typer.Option("--percent", help=N_("So much of it; all that is not billed if not said"))
    ] = "",
    issue: Annotated[bool, typer.Option("--issue", help=N_("Send it out at once"))] = False,
    due: Due = "",
    number: Annotated[str, typer.Option("--number", help=N_("Its number in your books"))] = "",
) -> None:
    """Make an invoice of an order or a contract, or of a part of it."""
    from crmtui.services import invoice

    if bool(order) == bool(contract):
        raise Invalid(
            "invoice.of",
            N_("Say what the invoice is of."),
            field="order",
            hint=N_("Give --order or --contract."),
        )
    noun, said = ("order", order) if order else ("contract", contract)
    made = invoice.make(call.ctx, noun, said, percent, issue, day(call, "due", due), number)
    call.record("invoice", made)


@command("invoice issue", change=True, prints=_ONE, examples=("crm invoice issue 3 --due 2027-05-01",))
def issue(call: Call, ref: Ref, due: Due = "") -> None:
    """Send out a draft invoice."""
    from crmtui.services import invoice

    call.record("invoice", invoice.issue(call.ctx, ref, day(call, "due", due)))


@command("invoice void", change=True, prints=_ONE, examples=('crm invoice void 3 --reason "wrong address"',))
def void(call: Call, ref: Ref, reason: Annotated[str, typer.Option("--reason", help=N_("Why"))] = "") -> None:
    """Take an unpaid invoice back."""
    from crmtui.services import invoice

    call.record("invoice", invoice.void(call.ctx, ref, reason))
