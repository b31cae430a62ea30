"""`crm search`: a text in every kind of record."""

from typing import Annotated

import typer

from crmtui.commands.call import Call
from crmtui.commands.prints import rows
from crmtui.commands.verb import command
from crmtui.errors import Invalid
from crmtui.i18n import N_
from crmtui.services.nouns import NOUNS
from crmtui.text import nearest

_FOUND = rows(noun="line", ref="line", name="line", field="line", text="line")


@command(
    "search",
    examples=(
        "crm search scanner",
        "crm search 华为 --in account",
        "crm search hdjg",
        'crm search "Chief * Officer"',
    ),
    prints=_FOUND,
    more=N_(
        "Every word must occur, in any searched field; case, width, accents and punctuation do not matter. Chinese names "
        "are found in both their forms, by pinyin and by initials, phones however they are written. One letter finds "
        "names that begin with it. The record of that very name or ref comes first, then names that begin so, then the "
        "newest."
    ),
)
def search(
    call: Call,
    text: Annotated[
        str, typer.Argument(metavar="TEXT", help=N_("What to look for; * and ? stand for other letters"))
    ],
    noun: Annotated[str, typer.Option("--in", metavar="NOUN", help=N_("Only records of this noun"))] = "",
    most: Annotated[int, typer.Option("--most", min=1, help=N_("At most so many of each noun"))] = 20,
) -> None:
    """List the records in which a text occurs."""
    from crmtui.services import search as searching

    possible = [name for name, declared in NOUNS.items() if declared.search]
    if noun and noun not in possible:
        near = nearest(noun, possible)
        hint = N_("Did you mean {near}?") if near else N_("Use one of: {possible}.")
        raise Invalid(
            "noun.not_searched",
            N_("Texts of {noun} are not searched."),
            field="in",
            hint=hint,
            noun=noun,
            near=near,
            possible=", ".join(possible),
        )
    call.rows(_FOUND.columns, searching.search(call.ctx, text, noun=noun, most=most))
