"""`crm price`: set a price, and what a customer was quoted last."""

from typing import Annotated

import typer

from crmtui.commands.call import Call
from crmtui.commands.prints import one, one_of
from crmtui.commands.verb import command
from crmtui.i18n import N_

Product = Annotated[str, typer.Argument(metavar="PRODUCT", help=N_("The product: its ref, code or name"))]


@command(
    "price set",
    change=True,
    prints=one_of("price"),
    examples=("crm price set SCN-200 2500", "crm price set SCN-200 2300 --list dealers --from-quantity 10"),
)
def set_price(
    call: Call,
    product: Product,
    amount: Annotated[str, typer.Argument(metavar="AMOUNT", help=N_("What one unit costs"))],
    list: Annotated[str, typer.Option("--list", help=N_("On which price list; standard if not said"))] = "",
    account: Annotated[str, typer.Option("--account", help=N_("Only for this customer"))] = "",
    currency: Annotated[str, typer.Option("--currency", help=N_("Its currency, such as USD"))] = "",
    from_quantity: Annotated[str, typer.Option("--from-quantity", help=N_("From so many units on"))] = "",
    valid_from: Annotated[str, typer.Option("--valid-from", help=N_("From which day on"))] = "",
    valid_until: Annotated[str, typer.Option("--valid-until", help=N_("Up to which day"))] = "",
) -> None:
    """Set the price of a product; the one of the same list, customer, currency, quantity and first day is changed."""
    from crmtui.services import price

    given = {
        "product": product,
        "price": amount,
        "price_list": list,
        "account": account,
        "currency": currency,
        "min_quantity": from_quantity,
        "valid_from": valid_from,
        "valid_until": valid_until,
    }
    call.record("price", price.put(call.ctx, {key: value for key, value in given.items() if value}))


_LAST = one(price="money", currency="currency", day="day", quote="line")


@command("price last", prints=_LAST, examples=('crm price last SCN-200 --account "Acme"',))
def last(
    call: Call,
    product: Product,
    account: Annotated[str, typer.Option("--account", help=N_("The customer"))],
) -> None:
    """Show what a customer was last quoted for a product."""
    from crmtui.services import price

    found = price.last_quoted(call.ctx, account, product)
    call.one(
        _LAST.columns,
        {
            "price": found and found.price,
            "currency": found and found.price.currency,
            "day": found and found.day,
            "quote": found and found.ref,
        },
    )
