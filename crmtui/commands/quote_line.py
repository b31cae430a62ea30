"""`crm quote line`: the lines of a quote."""

from typing import Annotated

import typer

from crmtui.commands.call import Call
from crmtui.commands.options import whole
from crmtui.commands.prints import rows
from crmtui.commands.verb import command
from crmtui.i18n import N_

Ref = Annotated[str, typer.Argument(metavar="REF", help=N_("The quote: 5, Q-5, ext:ID or its name"))]
Position = Annotated[str, typer.Argument(metavar="N", help=N_("Which line: 1 is the first"))]
Product = Annotated[str, typer.Option("--product", help=N_("What is offered: a product"))]
Text = Annotated[str, typer.Option("--text", help=N_("What is offered, in words"))]
Quantity = Annotated[str, typer.Option("--quantity", help=N_("How much, such as 3 or 2.5"))]
Unit = Annotated[str, typer.Option("--unit", help=N_("Of what: piece, kg, day"))]
Price = Annotated[str, typer.Option("--price", help=N_("For one unit; the listed price if not said"))]
Discount = Annotated[str, typer.Option("--discount", help=N_("Off this line, in percent, such as 12.5"))]
Tax = Annotated[str, typer.Option("--tax", help=N_("Tax in percent; that of the product if not said"))]
Cost = Annotated[str, typer.Option("--cost", help=N_("What a unit costs us"))]

LINES = rows(
    position="whole",
    product="ref",
    text="line",
    quantity="line",
    unit="line",
    price="money",
    list_price="money",
    discount="line",
    tax="line",
    net="money",
    cost="money",
    margin="money",
)


@command(
    "quote line list", prints=LINES, help=N_("List the lines of a quote"), examples=("crm quote line list 5",)
)
def line_list(call: Call, ref: Ref) -> None:
    """List the lines of a quote, with what each comes to."""
    from crmtui.services import quote_lines

    call.rows(LINES.columns, quote_lines.list_lines(call.ctx, ref))


@command(
    "quote line add",
    change=True,
    prints=LINES,
    help=N_("Put a line into a quote"),
    examples=(
        "crm quote line add 5 SCN-200x3",
        'crm quote line add 5 --text "Installation" --quantity 1 --price 1200',
    ),
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
    unit: Unit = "",
    price: Price = "",
    discount: Discount = "",
    tax: Tax = "",
    cost: Cost = "",
) -> None:
    """Put a line into a quote, at the price that holds for this customer if none is said."""
    from crmtui.services import quote_lines

    given = {
        "item": item,
        "product": product,
        "text": text,
        "quantity": quantity,
        "unit": unit,
        "price": price,
        "discount": discount,
        "tax": tax,
        "cost": cost,
    }
    call.rows(LINES.columns, quote_lines.add(call.ctx, ref, given))


@command(
    "quote line edit",
    change=True,
    prints=LINES,
    help=N_("Change a line of a quote"),
    examples=("crm quote line edit 5 1 --quantity 4 --discount 12.5",),
)
def line_edit(
    call: Call,
    ref: Ref,
    position: Position,
    text: Text = "",
    quantity: Quantity = "",
    unit: Unit = "",
    price: Price = "",
    discount: Discount = "",
    tax: Tax = "",
    cost: Cost = "",
) -> None:
    """Change a line of a quote."""
    from crmtui.services import quote_lines

    given = {
        "text": text,
        "quantity": quantity,
        "unit": unit,
        "price": price,
        "discount": discount,
        "tax": tax,
        "cost": cost,
    }
    call.rows(LINES.columns, quote_lines.edit(call.ctx, ref, whole("N", position), given))


@command(
    "quote line remove",
    change=True,
    prints=LINES,
    help=N_("Take a line out of a quote"),
    examples=("crm quote line remove 5 2",),
)
def line_remove(call: Call, ref: Ref, position: Position) -> None:
    """Take a line out of a quote."""
    from crmtui.services import quote_lines

    call.rows(LINES.columns, quote_lines.remove(call.ctx, ref, whole("N", position)))
