"""`crm can` and `crm who-can`: how far rights reach."""

from typing import Annotated

import typer

from crmtui.commands.call import Call
from crmtui.commands.prints import one, rows
from crmtui.commands.verb import command
from crmtui.errors import Forbidden
from crmtui.i18n import N_

Verb = Annotated[str, typer.Argument(metavar="VERB", help=N_("Such as advance"))]
Noun = Annotated[str, typer.Argument(metavar="NOUN", help=N_("Such as opp"))]


@command(
    "can",
    more=N_("Exit code 4 where your role does not let you."),
    examples=("crm can advance opp",),
    prints=one(noun="line", verb="line", scope="line"),
)
def can(call: Call, verb: Verb, noun: Noun) -> None:
    """Print how far your own right reaches: own, team, dept, territory or all."""
    from crmtui.services import role

    scope = role.can(call.ctx, verb, noun)
    if scope == "none":
        raise Forbidden(
            "right.none",
            N_("Your role ({role}) does not let you {verb} any {noun}."),
            hint=N_("crm who-can {verb} {noun} tells whom to ask."),
            role=call.ctx.actor.role,
            verb=verb,
            noun=noun,
        )
    call.value(scope, noun=noun, verb=verb, scope=scope)


_PEOPLE = rows(ref="line", login="line", name="line", role="line", scope="line")


@command("who-can", examples=("crm who-can close opp",), prints=_PEOPLE)
def who_can(call: Call, verb: Verb, noun: Noun) -> None:
    """List the people whose role lets them do something, and how far."""
    from crmtui.services import role

    call.rows(_PEOPLE.columns, role.who_can(call.ctx, verb, noun))
