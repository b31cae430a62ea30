"""`crm open`: any record, by its ref alone."""

from typing import Annotated

import typer

from crmtui.commands import tui
from crmtui.commands.call import Call
from crmtui.commands.prints import ANY, one_of
from crmtui.commands.verb import command
from crmtui.errors import Invalid
from crmtui.i18n import N_
from crmtui.services.nouns import NOUNS


@command(
    "open",
    examples=("crm open O-31", "crm open O-31 --format json"),
    more=N_("On a terminal it opens the screens at that record; with an option of the output it prints it."),
    prints=one_of(ANY),
)
def open_(
    call: Call,
    ref: Annotated[
        str, typer.Argument(metavar="REF", help=N_("A ref with its letter, such as L-12 or O-31"))
    ],
) -> None:
    """Show the record that a ref names, of whatever kind it is."""
    from crmtui.services import records

    letter, dash, _number = ref.strip().partition("-")
    noun = next((noun for noun in NOUNS.values() if dash and noun.prefix == letter.upper()), None)
    if noun is None:
        raise Invalid(
            "open.no_ref",
            N_("{ref} does not tell what kind of record it is."),
            hint=N_("Write it like L-12 or O-31, or use crm NOUN show."),
            ref=ref,
        )
    found = records.show(call.ctx, noun.name, ref.strip())
    if tui.wanted(call.options):
        tui.show(call, start=str(found["ref"]))
    else:
        call.record(noun.name, found)
