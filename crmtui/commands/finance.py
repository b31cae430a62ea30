"""`crm finance`: the accounts of customers, what falls due, and reminders."""

import re
from typing import Annotated

import typer

from crmtui.commands.call import Call
from crmtui.commands.prints import rows
from crmtui.commands.verb import command
from crmtui.errors import Invalid
from crmtui.i18n import N_

Ref = Annotated[str, typer.Argument(metavar="REF", help=N_("The customer: 7, A-7, ext:ID or its name"))]
Account = Annotated[str, typer.Option("--account", help=N_("Of this customer alone"))]
Overdue = Annotated[
    str, typer.Option("--overdue", metavar="DAYS", help=N_("Late by so many days at least, such as 7d"))
]
_ACCOUNT = rows(
    on="day", kind="line", ref="line", text="line", debit="money", credit="money", balance="money"
)
_DUE = rows(due_on="day", days="whole", account="ref", ref="line", text="line", amount="money", open="money")
_DUN = rows(account="ref", to="line", items="whole", open="money", oldest="day", sent="flag")


@command("finance account", prints=_ACCOUNT, examples=("crm finance account 7",))
def account(call: Call, ref: Ref) -> None:
    """Show the account of a customer, entry by entry, with the balance after each."""
    from crmtui.services import finance

    call.rows(_ACCOUNT.columns, finance.account(call.ctx, ref))


@command("finance due", prints=_DUE, examples=("crm finance due", "crm finance due --overdue 7d"))
def due(call: Call, account: Account = "", overdue: Overdue = "") -> None:
    """Show what is still to be paid by instalments and invoices, earliest first."""
    from crmtui.services import finance

    late = _days(overdue) if overdue else None
    call.rows(_DUE.columns, finance.due(call.ctx, account, overdue=late))


@command(
    "finance dun",
    change=True,
    prints=_DUN,
    examples=("crm finance dun --overdue 7d", "crm finance dun --overdue 7d --send"),
)
def dun(
    call: Call,
    account: Account = "",
    overdue: Overdue = "1d",
    send: Annotated[
        bool, typer.Option("--send", help=N_("Put a reminder for each customer into the outbox"))
    ] = False,
) -> None:
    """List the customers with overdue payments, or remind them by mail."""
    from crmtui.services import finance

    call.rows(_DUN.columns, finance.dun(call.ctx, _days(overdue), send=send, customer=account))


def _days(said: str) -> int:
    found = re.fullmatch(r"([0-9]{1,5})d?", said.strip())
    if found is None:
        raise Invalid(
            "finance.days",
            N_("{value} is no number of days."),
            field="overdue",
            hint=N_("Write it like 7d."),
            value=said,
        )
    return int(found[1])
