"""`crm payment`: in, refund, plan."""

from typing import Annotated

import typer

from crmtui.commands.call import Call
from crmtui.commands.document import day
from crmtui.commands.prints import one_of, rows
from crmtui.commands.verb import command
from crmtui.errors import Invalid, about
from crmtui.i18n import N_

For = Annotated[
    str,
    typer.Argument(
        metavar="REF", help=N_("What is paid: a contract (8), an order (S-6) or an invoice (IV-3)")
    ),
]
Amount = Annotated[str, typer.Argument(metavar="AMOUNT", help=N_("How much, such as 50000 or 50k"))]
On = Annotated[str, typer.Option("--on", help=N_("The day; today if not said"))]
Method = Annotated[str, typer.Option("--method", help=N_("How it was paid"))]
Reference = Annotated[str, typer.Option("--reference", help=N_("What the bank says"))]
_ONE = one_of("payment")


@command(
    "payment in",
    change=True,
    prints=_ONE,
    examples=("crm payment in 8 50000", "crm payment in S-6 30000 --advance --on 2027-02-01"),
)
def take(
    call: Call,
    ref: For,
    amount: Amount,
    advance: Annotated[bool, typer.Option("--advance", help=N_("It is a prepayment"))] = False,
    on: On = "",
    method: Method = "",
    reference: Reference = "",
) -> None:
    """Enter what a customer paid for a contract, an order or an invoice."""
    from crmtui.services import payment

    kind = "advance" if advance else "receipt"
    done = payment.take(call.ctx, ref, amount, kind, day(call, "on", on), method, reference)
    call.record("payment", done)


@command("payment refund", change=True, prints=_ONE, examples=("crm payment refund 8 2000",))
def refund(
    call: Call, ref: For, amount: Amount, on: On = "", method: Method = "", reference: Reference = ""
) -> None:
    """Enter what a customer got back of what they paid."""
    from crmtui.services import payment

    done = payment.take(call.ctx, ref, amount, "refund", day(call, "on", on), method, reference)
    call.record("payment", done)


_PLAN = rows(due_on="day", amount="money", paid="money", open="money", overdue="flag", text="line")


@command(
    "payment plan",
    change=True,
    prints=_PLAN,
    examples=("crm payment plan 8", "crm payment plan 8 --due 2027-05-01=50000 --due 2027-06-15=70000"),
)
def plan(
    call: Call,
    ref: Annotated[str, typer.Argument(metavar="REF", help=N_("The contract: 8, K-8, ext:ID or its name"))],
    due: Annotated[
        list[str] | None,
        typer.Option(
            "--due",
            metavar="DATE=AMOUNT",
            help=N_("By then so much, or so many percent: 2027-05-01=30%; 0 for nothing more; repeat it"),
        ),
    ] = None,
    anew: Annotated[bool, typer.Option("--anew", help=N_("Forget what was planned before"))] = False,
) -> None:
    """Show when a contract is to be paid, or plan it."""
    from crmtui.services import payment

    if not due and not anew:
        call.rows(_PLAN.columns, payment.plan_of(call.ctx, ref))
        return
    wanted = []
    for said in due or ():
        when, sign, amount = said.partition("=")
        if not sign:
            raise Invalid("usage.set", N_("--due takes DATE=AMOUNT, not {pair}."), field="due", pair=said)
        with about("due"):
            wanted.append((day(call, "due", when), amount.strip()))
    call.rows(_PLAN.columns, payment.plan(call.ctx, ref, wanted, anew=anew))
