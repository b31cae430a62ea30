"""`crm contract line`, `crm order line`, `crm invoice line`: the lines of what is agreed, ordered and billed."""

from typing import Annotated, Any

import typer

from crmtui.commands.call import Call
from crmtui.commands.prints import one_of, rows
from crmtui.commands.verb import command
from crmtui.i18n import N_

Ref = Annotated[str, typer.Argument(metavar="REF", help=N_("The record: 8, its ref, ext:ID or its name"))]
Line = Annotated[str, typer.Argument(metavar="LINE", help=N_("The line: its number, or its product"))]
Product = Annotated[str, typer.Option("--product", help=N_("What it is: a product"))]
Text = Annotated[str, typer.Option("--text", help=N_("What it is, in words"))]
Quantity = Annotated[str, typer.Option("--quantity", help=N_("How much, such as 3 or 2.5"))]
Price = Annotated[str, typer.Option("--price", help=N_("For one unit; the listed price if not said"))]
Discount = Annotated[str, typer.Option("--discount", help=N_("Off this line, in percent, such as 12.5"))]
Tax = Annotated[str, typer.Option("--tax", help=N_("Tax in percent; that of the product if not said"))]
Cost = Annotated[str, typer.Option("--cost", help=N_("What a unit costs us"))]

LINES = rows(
    position="whole",
    text="line",
    quantity="line",
    unit="line",
    price="money",
    discount="line",
    tax="line",
    net="money",
    delivered="line",
    returned="line",
    cost="money",
    margin="money",
)
_HELP = {
    "list": N_("List the lines"),
    "add": N_("Put a line in"),
    "edit": N_("Change a line"),
    "remove": N_("Take a line out"),
}


def listed(call: Call, noun: str, ref: str) -> None:
    """Print the lines of a record."""
    from crmtui.services import contract_versions, invoice, order

    find = {"contract": contract_versions.lines_of, "order": order.lines_of, "invoice": invoice.lines_of}[
        noun
    ]
    call.rows(LINES.columns, find(call.ctx, ref))


def lines(noun: str, prefix: str) -> None:
    """Make the commands `line list`, `line add`, `line edit` and `line remove` of `noun`."""
    path = f"{noun} line"

    @command(f"{path} list", prints=LINES, help=_HELP["list"], examples=(f"crm {path} list 8",))
    def line_list(call: Call, ref: Ref) -> None:
        """List the lines, with what each comes to."""
        listed(call, noun, ref)

    @command(
        f"{path} add",
        change=True,
        prints=one_of(noun),
        help=_HELP["add"],
        examples=(f"crm {path} add 8 SCN-200x20", f'crm {path} add {prefix}-8 "Installation" --price 1200'),
    )
    def line_add(
        call: Call,
        ref: Ref,
        item: Annotated[
            str, typer.Argument(metavar="ITEM", help=N_("A product and how many, SCN-200x20, or a text"))
        ] = "",
        product: Product = "",
        text: Text = "",
        quantity: Quantity = "",
        price: Price = "",
        discount: Discount = "",
        tax: Tax = "",
        cost: Cost = "",
    ) -> None:
        """Put a line in, at the price that holds for this customer if none is said."""
        from crmtui.services import line_edit

        given = _given(quantity=quantity, price=price, discount=discount, tax=tax, cost=cost)
        call.record(noun, line_edit.add(call.ctx, noun, ref, item or product or text, given))

    @command(
        f"{path} edit",
        change=True,
        prints=one_of(noun),
        help=_HELP["edit"],
        examples=(f"crm {path} edit 8 1 --quantity 4 --discount 12.5",),
    )
    def line_edit_(
        call: Call,
        ref: Ref,
        line: Line,
        quantity: Quantity = "",
        price: Price = "",
        discount: Discount = "",
        tax: Tax = "",
        cost: Cost = "",
    ) -> None:
        """Change a line."""
        from crmtui.services import line_edit

        given = _given(quantity=quantity, price=price, discount=discount, tax=tax, cost=cost)
        call.record(noun, line_edit.edit(call.ctx, noun, ref, line, given))

    @command(
        f"{path} remove",
        change=True,
        prints=one_of(noun),
        help=_HELP["remove"],
        examples=(f"crm {path} remove 8 1",),
    )
    def line_remove(call: Call, ref: Ref, line: Line) -> None:
        """Take a line out."""
        from crmtui.services import line_edit

        call.record(noun, line_edit.remove(call.ctx, noun, ref, line))


def _given(**said: str) -> dict[str, str]:
    return {name: value for name, value in said.items() if value}


def day(call: Call, option: str, said: str) -> Any:
    """The day that an option says; None where it was not given. Raises Invalid naming the option."""
    from crmtui.clock import parse_date
    from crmtui.errors import about

    with about(option):
        return parse_date(said, call.ctx.clock.today()) if said else None
