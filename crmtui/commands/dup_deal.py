"""`crm opp duplicates`, `ask`, `answer`, `keep`, `link`: one deal under two customers."""

from typing import Annotated

import typer

from crmtui.commands.call import Call
from crmtui.commands.prints import many_of, one_of, rows
from crmtui.commands.verb import command
from crmtui.i18n import N_

_SUSPECTS = rows(
    one="line", other="line", score="whole", reasons="line", one_name="line", other_name="line", pair="line",
    question="text", answer_one="text", answer_other="text",
)  # fmt: skip
Ref = Annotated[str, typer.Argument(metavar="REF", help=N_("The opportunity: 31, O-31 or its name"))]
Second = Annotated[str, typer.Argument(metavar="OTHER", help=N_("The other opportunity"))]
Note = Annotated[str, typer.Option("--note", help=N_("Why; kept with the change"))]
Project = Annotated[str, typer.Option("--end-project", help=N_("The project behind both"))]


@command(
    "opp duplicates",
    prints=_SUSPECTS,
    more=N_(
        "Compared are products and quantities, region and type of the customer, delivery or expected date, amount and end "
        "project, of open opportunities of different customers."
    ),
    examples=("crm opp duplicates", "crm opp duplicates 31 --least 40"),
)
def duplicates(
    call: Call,
    ref: Annotated[str, typer.Argument(metavar="[REF]", help=N_("Only what looks like this one"))] = "",
    least: Annotated[str, typer.Option("--least", metavar="N", help=N_("The least score, 1 to 100"))] = "60",
) -> None:
    """List opportunities of different customers that may be the same deal."""
    from crmtui.commands.options import whole
    from crmtui.services import dup_deal

    found = dup_deal.duplicates(call.ctx, ref, least=whole("--least", least))
    shown = found[: int(call.config["rows"])] if call.out.people else found
    call.rows(_SUSPECTS.columns, [each.as_row() for each in shown], lambda: len(found))
    if not found:
        call.say(N_("Nothing looks like the same deal."))


@command(
    "opp ask",
    change=True,
    prints=one_of("dup"),
    more=N_("Each owner gets a task about their own opportunity, and learns nothing of the other."),
    examples=('crm opp ask 31 32 --question "Who is the end user, and who decides?"',),
)
def ask(
    call: Call,
    ref: Ref,
    other: Second,
    question: Annotated[str, typer.Option("--question", help=N_("What you want to know"))] = "",
) -> None:
    """Ask the owners of two opportunities for the background."""
    from crmtui.services import dup_deal

    call.record("dup", dup_deal.ask(call.ctx, ref, other, question))


@command(
    "opp answer",
    change=True,
    prints=one_of("opp"),
    examples=('crm opp answer 31 "The end user is a WMS project"',),
)
def answer(
    call: Call, ref: Ref, text: Annotated[str, typer.Argument(metavar="TEXT", help=N_("The background"))]
) -> None:
    """Answer what was asked about an opportunity of yours."""
    from crmtui.services import dup_deal

    call.record("opp", dup_deal.answer(call.ctx, ref, text))


@command(
    "opp keep",
    change=True,
    prints=one_of("opp"),
    examples=('crm opp keep 31 --release 32 --end-project "Shandong WMS"',),
)
def keep(
    call: Call,
    ref: Ref,
    release: Annotated[str, typer.Option("--release", metavar="REF", help=N_("The one that is closed"))] = "",
    end_project: Project = "",
    note: Note = "",
) -> None:
    """Let one of two opportunities of the same deal go on, and close the other as a duplicate."""
    from crmtui.errors import Invalid
    from crmtui.services import dup_deal

    if not release:
        raise Invalid("deal.no_release", N_("Say which one is closed: --release REF"), field="release")
    call.record("opp", dup_deal.keep(call.ctx, ref, release, end_project=end_project, note=note))


@command(
    "opp link",
    change=True,
    prints=many_of("opp"),
    examples=('crm opp link 31 32 --end-project "Shandong WMS"',),
)
def link(
    call: Call,
    refs: Annotated[list[str], typer.Argument(metavar="REF…", help=N_("The opportunities"))],
    end_project: Project,
) -> None:
    """Record the end project behind opportunities."""
    from crmtui.services import dup_deal

    call.records("opp", dup_deal.link(call.ctx, refs, end_project))
