"""`crm role`: what a role may do."""

from typing import Annotated, Any

import typer

from crmtui.commands.call import Call
from crmtui.commands.prints import rows
from crmtui.commands.verb import command
from crmtui.i18n import N_

Ref = Annotated[str, typer.Argument(metavar="ROLE", help=N_("The role: its code, name or ref"))]
Right = Annotated[
    str, typer.Argument(metavar="NOUN.VERB", help=N_("Such as opp.advance, or opp.* for all of a noun"))
]


_RIGHTS = rows(noun="line", verb="line", scope="line")


def _rights(call: Call, found: list[dict[str, Any]]) -> None:
    call.rows(_RIGHTS.columns, found)


@command("role rights", examples=("crm role rights rep",), prints=_RIGHTS)
def rights(call: Call, role: Ref) -> None:
    """List what a role may do, and within which scope."""
    from crmtui.services import role as roles

    _rights(call, roles.rights(call.ctx, role))


@command("role grant", change=True, examples=("crm role grant rep opp.archive own",), prints=_RIGHTS)
def grant(
    call: Call,
    role: Ref,
    right: Right,
    scope: Annotated[str, typer.Argument(metavar="SCOPE", help=N_("own, team, dept, territory or all"))],
) -> None:
    """Let the people of a role do something."""
    from crmtui.services import role as roles

    _rights(call, roles.grant(call.ctx, role, right, scope))


@command("role revoke", change=True, examples=("crm role revoke rep opp.export",), prints=_RIGHTS)
def revoke(call: Call, role: Ref, right: Right) -> None:
    """Take a right from a role."""
    from crmtui.services import role as roles

    _rights(call, roles.grant(call.ctx, role, right, "none"))
