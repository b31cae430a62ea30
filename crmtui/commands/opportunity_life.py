"""`crm opp`: split, suspend, reactivate, terminate, purge."""

from typing import Annotated

import typer

from crmtui.commands.call import Call
from crmtui.commands.opportunity import Note, Ref
from crmtui.commands.prints import one, one_of, rows
from crmtui.commands.verb import command
from crmtui.errors import Invalid, about
from crmtui.i18n import N_

_SHARES = rows(ref="line", name="line", percent="percent", amount="money")
_PURGED = one(matched="whole", purged="whole", kept="whole")


@command(
    "opp suspend",
    change=True,
    prints=one_of("opp"),
    examples=('crm opp suspend 31 --until 2027-06-01 --note "no budget before June"',),
)
def suspend(
    call: Call,
    ref: Ref,
    until: Annotated[str, typer.Option("--until", help=N_("The day to take it up again"))] = "",
    note: Note = "",
) -> None:
    """Put an opportunity to rest; no figure counts it until it is taken up again."""
    from crmtui.clock import parse_date
    from crmtui.services import resting

    with about("until"):
        day = parse_date(until, call.ctx.clock.today()) if until else None
    call.record("opp", resting.suspend(call.ctx, ref, day, note))


@command(
    "opp reactivate",
    change=True,
    prints=one_of("opp"),
    examples=('crm opp reactivate 31 --note "the budget is there"',),
)
def reactivate(call: Call, ref: Ref, note: Note = "") -> None:
    """Take a suspended opportunity up again, or ask for it where a flow of approval says so."""
    from crmtui.services import resting

    call.record("opp", resting.reactivate(call.ctx, ref, note))


@command(
    "opp terminate",
    change=True,
    prints=one_of("opp"),
    examples=('crm opp terminate 31 --reason no-budget --summary "the project was given up"',),
)
def terminate(
    call: Call,
    ref: Ref,
    reason: Annotated[str, typer.Option("--reason", help=N_("Why it is ended"))] = "",
    summary: Annotated[str, typer.Option("--summary", help=N_("How it went"))] = "",
) -> None:
    """End an opportunity for good; it is never taken up again."""
    from crmtui.services import resting

    call.record("opp", resting.terminate(call.ctx, ref, summary, reason))


@command(
    "opp split",
    change=True,
    prints=_SHARES,
    examples=("crm opp split 31", "crm opp split 31 li=60 wang=40", "crm opp split 31 --none"),
)
def split(
    call: Call,
    ref: Ref,
    shares: Annotated[
        list[str] | None,
        typer.Argument(metavar="USER=PERCENT", help=N_("Who gets how much, 100 % together")),
    ] = None,
    none: Annotated[bool, typer.Option("--none", help=N_("It is its owner's alone again"))] = False,
) -> None:
    """Show or divide the credit for an opportunity; it counts for quotas and forecasts."""
    from crmtui.services import split as dividing

    if shares and none:
        raise Invalid("opp.split_or_none", N_("Give shares, or --none."), field="split")
    if shares or none:
        found = dividing.divide(call.ctx, ref, dict(_share(text) for text in shares or ()))
    else:
        found = dividing.shares(call.ctx, ref)
    call.rows(_SHARES.columns, found)


def _share(text: str) -> tuple[str, int]:
    who, _, percent = text.rpartition("=")
    if not who or not percent.removesuffix("%").isdecimal() or len(percent) > 4:
        raise Invalid(
            "opp.split_share",
            N_("{text} is no share."),
            field="split",
            hint=N_("Write it like li=60."),
            text=text,
        )
    return who, int(percent.removesuffix("%"))


@command(
    "opp purge",
    change=True,
    prints=_PURGED,
    examples=("crm opp purge 31", "crm opp purge --archived --before today-365d"),
)
def purge(
    call: Call,
    ref: Annotated[
        str | None, typer.Argument(metavar="REF", help=N_("The opportunity: 31, O-31, ext:ID or its name"))
    ] = None,
    archived: Annotated[
        bool, typer.Option("--archived", help=N_("All that are archived and closed"))
    ] = False,
    before: Annotated[str, typer.Option("--before", help=N_("Only those archived before this day"))] = "",
) -> None:
    """Take archived, closed opportunities out of the store; the journal keeps what they were."""
    from crmtui.clock import parse_date
    from crmtui.services import purging

    if (ref is not None) == archived:
        raise Invalid(
            "opp.purge_what", N_("Say what to take out."), hint=N_("Give a REF, or --archived for all.")
        )
    with about("before"):
        day = parse_date(before, call.ctx.clock.today()) if before else None
    if ref is not None:
        purging.purge(call.ctx, ref)
        call.figures(matched=1, purged=1, kept=0)
        return
    if count := purging.how_many(call.ctx, day):
        call.confirm(N_("Take {count} archived opportunities out for good?"), count=count)
    report = purging.purge_archived(call.ctx, day)
    call.figures(matched=report.matched, purged=report.changed, kept=report.refused)
