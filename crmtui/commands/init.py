"""`crm init`: a new store."""

from typing import Annotated

import typer

from crmtui.commands.call import Call
from crmtui.commands.prints import one
from crmtui.commands.verb import command
from crmtui.i18n import N_

_MADE = one(store="line", administrator="line", currency="currency", timezone="line")


@command(
    "init",
    prints=_MADE,
    more=N_("Whoever runs it becomes the administrator. Nothing that exists is ever overwritten."),
    examples=("crm init", "crm init --currency CNY --timezone Asia/Shanghai --phone-region CN"),
)
def init(
    call: Call,
    name: Annotated[str, typer.Option("--name", help=N_("The company"))] = "",
    currency: Annotated[str, typer.Option("--currency", help=N_("The company's currency"))] = "USD",
    timezone: Annotated[str, typer.Option("--timezone", help=N_("The business time zone"))] = "UTC",
    fiscal_start: Annotated[
        int, typer.Option("--fiscal-start", help=N_("The month in which the fiscal year starts"))
    ] = 1,
    phone_region: Annotated[
        str, typer.Option("--phone-region", help=N_("Country of numbers typed without one, such as CN"))
    ] = "",
    group: Annotated[
        str, typer.Option("--group", help=N_("Share the file with this operating-system group"))
    ] = "",
) -> None:
    """Make a new store where --db or the configuration points."""
    from crmtui.services import setup
    from crmtui.services.context import Company

    company = Company(name, currency.upper(), timezone, fiscal_start, phone_region.upper())
    with setup.init(call.flags, company, now=call.options.now, group=group) as ctx:
        place = str(ctx.store.path or ctx.store.url.render_as_string(hide_password=True))
        row = {
            "store": place,
            "administrator": ctx.actor.acting_as,
            "currency": company.currency,
            "timezone": company.timezone,
        }
    call.out.one(_MADE.columns, row, {})
    call.say(N_("Next: crm user add NAME, crm lead add COMPANY, or crm lead import FILE."))
