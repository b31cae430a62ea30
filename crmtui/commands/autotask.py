"""`crm autotask run`."""

from typing import Annotated

import typer

from crmtui.commands.call import Call
from crmtui.commands.prints import rows
from crmtui.commands.verb import command
from crmtui.errors import Invalid
from crmtui.i18n import N_

_MADE = rows(item="line", ref="line", name="line")


@command(
    "autotask run",
    change=True,
    prints=_MADE,
    examples=("crm autotask run", "crm autotask run --item mining --days 365"),
)
def run(
    call: Call,
    item: Annotated[
        list[str] | None,
        typer.Option("--item", help=N_("Only this list: mining or telemarketing; repeat it")),
    ] = None,
    days: Annotated[
        str, typer.Option("--days", help=N_("Days since the last purchase; 180 if not said"))
    ] = "",
) -> None:
    """Set the tasks of the rules that are on: customers to sell to again, leads to call. It may run every day."""
    from crmtui.services import autotask, mining

    if days and not (days.removesuffix("d").isdecimal() and len(days) < 6):
        raise Invalid("days.wrong", N_("{text} is no number of days."), field="days", text=days)
    since = int(days.removesuffix("d")) if days else autotask.MINED_AFTER
    call.rows(_MADE.columns, mining.run(call.ctx, item or mining.LISTS, since))
