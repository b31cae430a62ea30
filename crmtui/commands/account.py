"""`crm account`: the organisation of a customer."""

from typing import Annotated

import typer

from crmtui.commands.call import Call
from crmtui.commands.prints import rows
from crmtui.commands.tree_view import indented
from crmtui.commands.verb import command
from crmtui.i18n import N_

_TREE = rows(depth="whole", ref="line", name="line", title="line", buying_role="line")


@command("account org", examples=("crm account org 7",), prints=_TREE)
def org(
    call: Call,
    ref: Annotated[str, typer.Argument(metavar="REF", help=N_("The customer: 7, A-7, ext:ID or its name"))],
) -> None:
    """Show who reports to whom at a customer, and its subsidiaries."""
    from crmtui.services import account

    call.rows(*indented(call, _TREE.columns, account.org(call.ctx, ref)))
