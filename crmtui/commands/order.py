"""`crm order`: its lines, its way from accepted to completed, deliveries and returns."""

from typing import Annotated

import typer

from crmtui.commands.call import Call
from crmtui.commands.document import LINES, Ref, day, lines, listed
from crmtui.commands.prints import one_of
from crmtui.commands.verb import command
from crmtui.errors import Invalid
from crmtui.i18n import N_

Items = Annotated[
    list[str] | None,
    typer.Argument(metavar="ITEM...", help=N_("Lines and how much: SCN-200x100, 1x100; all if not said")),
]
On = Annotated[str, typer.Option("--on", help=N_("The day; today if not said"))]
Note = Annotated[str, typer.Option("--note", help=N_("Why, for the history"))]
_ONE = one_of("order")

lines("order", "S")


@command("order status", prints=LINES, examples=("crm order status 6",))
def status(call: Call, ref: Ref) -> None:
    """Show how an order stands: each line, what was delivered and what came back."""
    from crmtui.services import records

    listed(call, "order", ref)
    held = records.show(call.ctx, "order", ref)
    call.say(
        N_("{state}, {progress} % delivered; {outstanding} outstanding"),
        state=held["state"],
        progress=held["progress"] or 0,
        outstanding=held["outstanding"].text() if held["outstanding"] else "0",
    )
    if held["problem"]:
        call.say(N_("Trouble: {problem}"), problem=held["problem"])


@command(
    "order advance",
    change=True,
    prints=_ONE,
    examples=("crm order advance 6", "crm order advance 6 --to planned"),
)
def advance(
    call: Call,
    ref: Ref,
    to: Annotated[str, typer.Option("--to", help=N_("The state; the next one if not said"))] = "",
    note: Note = "",
) -> None:
    """Move an order on: planned, executing, completed."""
    from crmtui.services import order

    call.record("order", order.advance(call.ctx, ref, to, note))


@command(
    "order deliver",
    change=True,
    prints=_ONE,
    examples=("crm order deliver 6", "crm order deliver 6 SCN-200x100 --on 2027-02-01"),
)
def deliver(call: Call, ref: Ref, items: Items = None, on: On = "", note: Note = "") -> None:
    """Enter what was delivered of an order; its contract follows at once."""
    from crmtui.services import order

    call.record(
        "order", order.deliver(call.ctx, ref, list(items or ()), "delivered", day(call, "on", on), note)
    )


@command(
    "order return",
    change=True,
    prints=_ONE,
    examples=("crm order return 6 --line 1 --qty 2", "crm order return 6 SCN-200x2"),
)
def bring_back(
    call: Call,
    ref: Ref,
    items: Annotated[
        list[str] | None,
        typer.Argument(metavar="ITEM...", help=N_("Lines and how much came back: SCN-200x2")),
    ] = None,
    line: Annotated[str, typer.Option("--line", help=N_("The line: its number, or its product"))] = "",
    qty: Annotated[str, typer.Option("--qty", "--quantity", help=N_("How much of that line came back"))] = "",
    on: On = "",
    note: Note = "",
) -> None:
    """Enter what came back of an order; what is owed for it falls by its price."""
    from crmtui.services import order

    said = [*(items or ()), *([f"{line}x{qty or 1}"] if line else ())]
    if not said:
        raise Invalid(
            "order.return", N_("Say what came back."), field="line", hint=N_("Give --line and --qty.")
        )
    call.record("order", order.deliver(call.ctx, ref, said, "returned", day(call, "on", on), note))


@command("order cancel", change=True, prints=_ONE, examples=('crm order cancel 6 --reason "ordered twice"',))
def cancel(
    call: Call, ref: Ref, reason: Annotated[str, typer.Option("--reason", help=N_("Why"))] = ""
) -> None:
    """Give up an order of which nothing is delivered or paid."""
    from crmtui.services import order

    call.record("order", order.cancel(call.ctx, ref, reason))
