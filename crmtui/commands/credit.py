"""`crm credit`: what customers may owe, and what they owe."""

from typing import Annotated

import typer

from crmtui.commands.call import Call
from crmtui.commands.prints import one
from crmtui.commands.verb import command
from crmtui.i18n import N_

Ref = Annotated[str, typer.Argument(metavar="REF", help=N_("The customer: 7, A-7, ext:ID or its name"))]
_CREDIT = one(
    account="ref",
    rating="line",
    limit="money",
    owed="money",
    free="money",
    used="number",
    policy="line",
)


@command("credit show", prints=_CREDIT, examples=("crm credit show 7",))
def show(call: Call, ref: Ref) -> None:
    """Show what a customer may owe, owes, and may still order."""
    from crmtui.services import credit

    call.one(_CREDIT.columns, credit.show(call.ctx, ref))


@command(
    "credit limit",
    change=True,
    prints=_CREDIT,
    examples=("crm credit limit 7 100000", "crm credit limit 7 none"),
)
def limit(
    call: Call,
    ref: Ref,
    amount: Annotated[
        str, typer.Argument(metavar="AMOUNT", help=N_("In the currency of the customer; none for no limit"))
    ],
) -> None:
    """Set how much a customer may owe."""
    from crmtui.services import credit

    call.one(_CREDIT.columns, credit.set_limit(call.ctx, ref, "" if amount == "none" else amount))


_POLICY = one(policy="line")


@command(
    "credit policy", change=True, prints=_POLICY, examples=("crm credit policy", "crm credit policy block")
)
def policy(
    call: Call,
    wanted: Annotated[
        str, typer.Argument(metavar="warn|block|off", help=N_("What happens beyond the limit"))
    ] = "",
) -> None:
    """Show or decide what happens when an order goes beyond the limit."""
    from crmtui.services import credit

    said = credit.set_policy(call.ctx, wanted) if wanted else credit.policy_of(call.ctx)
    call.one(_POLICY.columns, {"policy": said})
