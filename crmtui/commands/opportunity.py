"""`crm opp`: advance, adjust, close, reopen, team."""

from typing import Annotated, Any

import typer

from crmtui.commands.call import Call
from crmtui.commands.prints import one_of, rows
from crmtui.commands.verb import command
from crmtui.errors import Invalid, about
from crmtui.i18n import N_

Ref = Annotated[str, typer.Argument(metavar="REF", help=N_("The opportunity: 31, O-31, ext:ID or its name"))]
Note = Annotated[str, typer.Option("--note", help=N_("Why, for the history"))]
Probability = Annotated[str, typer.Option("--probability", "--prob", help=N_("Whole percent"))]
Who = Annotated[str, typer.Argument(metavar="USER", help=N_("The person: login, name or U-3"))]


@command(
    "opp advance",
    change=True,
    prints=one_of("opp"),
    examples=("crm opp advance 31", "crm opp advance 31 --to negotiation"),
)
def advance(
    call: Call,
    ref: Ref,
    to: Annotated[str, typer.Option("--to", help=N_("The stage; the next one if not said"))] = "",
    probability: Probability = "",
    note: Note = "",
) -> None:
    """Move an opportunity to the next stage of its process, or to another."""
    from crmtui.services import opportunity

    call.record("opp", opportunity.advance(call.ctx, ref, to or None, note, probability or None))


@command(
    "opp adjust",
    change=True,
    prints=one_of("opp"),
    examples=(
        "crm opp adjust 31 --probability 80 --expected-close-on 2027-05-15",
        'crm opp adjust 31 --amount 260k --submit --note "a second site"',
    ),
    more=N_(
        "Where an approval flow applies, or with --submit, the change waits: nothing is changed before it is approved, "
        "and the opportunity can be worked on meanwhile."
    ),
)
def adjust(
    call: Call,
    ref: Ref,
    amount: Annotated[str, typer.Option("--amount", help=N_("What it may be worth, such as 240k"))] = "",
    currency: Annotated[str, typer.Option("--currency", help=N_("Its currency, such as USD"))] = "",
    probability: Probability = "",
    expected_close_on: Annotated[
        str, typer.Option("--expected-close-on", "--close", help=N_("When it is expected to close"))
    ] = "",
    stage: Annotated[str, typer.Option("--stage", help=N_("The stage that it is in"))] = "",
    submit: Annotated[bool, typer.Option("--submit", help=N_("Submit the change for approval"))] = False,
    note: Note = "",
) -> None:
    """Change what an open opportunity is worth, how likely it is, or when it is expected."""
    from crmtui.services import opportunity

    given = {
        "amount": amount,
        "currency": currency,
        "probability": probability,
        "expected_close_on": expected_close_on,
        "stage": stage,
    }
    said: dict[str, object] = {key: value for key, value in given.items() if value}
    call.record("opp", opportunity.adjust(call.ctx, ref, said, note, submit=submit))


@command(
    "opp close",
    change=True,
    prints=one_of("opp"),
    examples=(
        'crm opp close 31 --won --summary "signed after the demo"',
        'crm opp close 31 --lost --competitor "Rival Ltd" --reason price --summary "we were 10 % above"',
    ),
)
def close(
    call: Call,
    ref: Ref,
    won: Annotated[bool, typer.Option("--won", help=N_("It was won"))] = False,
    lost: Annotated[bool, typer.Option("--lost", help=N_("It was lost"))] = False,
    summary: Annotated[str, typer.Option("--summary", help=N_("How it went"))] = "",
    competitor: Annotated[
        str, typer.Option("--competitor", help=N_("Who won it instead; none for nobody"))
    ] = "",
    reason: Annotated[str, typer.Option("--reason", help=N_("Why it was lost"))] = "",
    amount: Annotated[str, typer.Option("--amount", help=N_("What it was worth in the end"))] = "",
    on: Annotated[str, typer.Option("--on", help=N_("The day; today if not said"))] = "",
) -> None:
    """Close an opportunity as won or lost."""
    from crmtui.clock import parse_date
    from crmtui.services import opportunity

    if won == lost:
        raise Invalid(
            "opp.won_or_lost", N_("Say how it ended."), field="state", hint=N_("Give --won or --lost.")
        )
    with about("on"):
        day = parse_date(on, call.ctx.clock.today()) if on else None
    done = opportunity.close(
        call.ctx, ref, won=won, summary=summary, competitor=competitor, reason=reason, on=day, amount=amount
    )
    call.record("opp", done)


@command(
    "opp reopen", change=True, prints=one_of("opp"), examples=('crm opp reopen 31 --note "they called back"',)
)
def reopen(call: Call, ref: Ref, note: Note = "") -> None:
    """Open a won or lost opportunity again."""
    from crmtui.services import opportunity

    call.record("opp", opportunity.reopen(call.ctx, ref, note))


_TEAM = rows(ref="line", name="line", role="line", responsibility="line")


def _team(call: Call, found: list[dict[str, Any]]) -> None:
    call.rows(_TEAM.columns, found)


@command(
    "opp team list", help=N_("List the people in the team"), prints=_TEAM, examples=("crm opp team list 31",)
)
def team_list(call: Call, ref: Ref) -> None:
    """List the people in the team of an opportunity."""
    from crmtui.services import opportunity

    _team(call, opportunity.team(call.ctx, ref))


@command(
    "opp team add",
    change=True,
    prints=_TEAM,
    help=N_("Put a person into the team"),
    examples=("crm opp team add 31 sun --role technical",),
)
def team_add(
    call: Call,
    ref: Ref,
    user: Who,
    role: Annotated[str, typer.Option("--role", help=N_("Their part in it"))] = "",
    responsibility: Annotated[str, typer.Option("--responsibility", help=N_("What they answer for"))] = "",
) -> None:
    """Put a person into the team, who sees the opportunity from then on."""
    from crmtui.services import opportunity

    _team(call, opportunity.team_add(call.ctx, ref, user, role, responsibility))


@command(
    "opp team remove",
    change=True,
    prints=_TEAM,
    help=N_("Take a person out of the team"),
    examples=("crm opp team remove 31 sun",),
)
def team_remove(call: Call, ref: Ref, user: Who) -> None:
    """Take a person out of the team."""
    from crmtui.services import opportunity

    _team(call, opportunity.team_remove(call.ctx, ref, user))


@command(
    "opp team request",
    change=True,
    prints=_TEAM,
    help=N_("Ask for people to join the team"),
    examples=('crm opp team request 31 sun qian --role technical --note "until the bid"',),
)
def team_request(
    call: Call,
    ref: Ref,
    users: Annotated[list[str], typer.Argument(metavar="USER…", help=N_("The people: login, name or U-3"))],
    role: Annotated[str, typer.Option("--role", help=N_("Their part in it"))] = "",
    responsibility: Annotated[str, typer.Option("--responsibility", help=N_("What they answer for"))] = "",
    note: Note = "",
) -> None:
    """Ask for people to join the team for a time; they join when a superior agrees."""
    from crmtui.services import opportunity, teaming

    teaming.request(call.ctx, ref, users, role, responsibility, note)
    _team(call, opportunity.team(call.ctx, ref))
