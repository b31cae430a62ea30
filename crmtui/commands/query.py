"""`crm query`: conditions under a name."""

from typing import Annotated

import typer

from crmtui.commands.call import Call
from crmtui.commands.prints import ANY, many_of, one_of
from crmtui.commands.verb import command
from crmtui.i18n import N_
from crmtui.services.nouns import NOUNS

Name = Annotated[str, typer.Argument(metavar="NAME", help=N_("The name of the saved query"))]


@command(
    "query save",
    change=True,
    prints=one_of("query"),
    examples=("crm query save late --on opp 'state=open and expected_close_on<today'",),
)
def save(
    call: Call,
    name: Name,
    condition: Annotated[str, typer.Argument(metavar="CONDITION", help=N_("What records must meet"))],
    on: Annotated[str, typer.Option("--on", help=N_("The noun whose records are meant"))] = "opp",
    sort: Annotated[str, typer.Option("--order", help=N_("Such as -amount,name"))] = "",
    private: Annotated[bool, typer.Option("--private", help=N_("For yourself alone"))] = False,
) -> None:
    """Save a condition; the same name is written over."""
    from crmtui.services import query

    shared = False if private else None
    call.record("query", query.save(call.ctx, name, on, condition, sort, shared=shared))


@command("query run", examples=("crm query run late", "crm query run late --format csv"), prints=many_of(ANY))
def run(call: Call, name: Name) -> None:
    """List the records that a saved condition finds."""
    from crmtui.commands.derive import wanted
    from crmtui.services import records

    saved = records.show(call.ctx, "query", name)
    noun = str(saved["noun"])
    found = records.find(
        call.ctx,
        noun,
        where=saved["condition"] or "",
        sort=saved["sort"] or "",
        fields=wanted(call, NOUNS[noun]),
    )
    call.rows(found.fields, found.rows, found.total)
