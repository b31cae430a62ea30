"""`crm account`: the organisation of a customer."""

from typing import Annotated

import typer

from crmtui.commands.call import Call
from crmtui.commands.output import columns
from crmtui.commands.tree_view import indented
from crmtui.commands.verb import command
from crmtui.i18n import N_


@command("account org", examples=("crm account org 7",))
def org(
    call: Call,
    ref: Annotated[str, typer.Argument(metavar="REF", help=N_("The customer: 7, A-7, ext:ID or its name"))],
) -> None:
    """Show who reports to whom at a customer, and its subsidiaries."""
    from crmtui.services import account

    shape = columns(depth="whole", ref="line", name="line", title="line", buying_role="line")
    call.rows(*indented(call, shape, account.org(call.ctx, ref)))
