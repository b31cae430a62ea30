"""`crm lead`: taken in, qualified, ruled out, converted, delegated, accepted, declined."""

from typing import TYPE_CHECKING, Annotated

import typer

from crmtui.commands.call import Call
from crmtui.commands.prints import one_of, rows
from crmtui.commands.verb import command
from crmtui.errors import Invalid, Partial
from crmtui.i18n import N_

if TYPE_CHECKING:
    from crmtui.services.intake import Fate

Ref = Annotated[str, typer.Argument(metavar="REF", help=N_("The lead: 12, L-12, ext:ID or its company"))]


@command(
    "lead qualify",
    change=True,
    prints=one_of("lead"),
    examples=('crm lead qualify 12 --note "budget is there"',),
)
def qualify(
    call: Call, ref: Ref, note: Annotated[str, typer.Option("--note", help=N_("What speaks for it"))] = ""
) -> None:
    """Mark a lead as worth pursuing."""
    from crmtui.services import lead

    call.record("lead", lead.qualify(call.ctx, ref, note))


@command(
    "lead disqualify",
    change=True,
    prints=one_of("lead"),
    examples=('crm lead disqualify 12 --reason "no budget"',),
)
def disqualify(
    call: Call,
    ref: Ref,
    reason: Annotated[str, typer.Option("--reason", help=N_("Why it is ruled out"))] = "",
) -> None:
    """Rule a lead out."""
    from crmtui.services import lead

    call.record("lead", lead.disqualify(call.ctx, ref, reason))


@command(
    "lead convert",
    change=True,
    prints=one_of("lead"),
    more=N_("A customer of the same name that you can see is used; a converted lead changes nothing more."),
    examples=("crm lead convert 12 --amount 500000 --stage needs-analysis",),
)
def convert(
    call: Call,
    ref: Ref,
    account: Annotated[str, typer.Option("--account", help=N_("Use this customer"))] = "",
    name: Annotated[str, typer.Option("--name", help=N_("The name of the opportunity"))] = "",
    amount: Annotated[str, typer.Option("--amount", help=N_("What it may be worth"))] = "",
    currency: Annotated[str, typer.Option("--currency", help=N_("Its currency, such as USD"))] = "",
    expected_close_on: Annotated[
        str, typer.Option("--expected-close-on", help=N_("When it is expected to close"))
    ] = "",
    process: Annotated[str, typer.Option("--process", help=N_("The process it runs under"))] = "",
    stage: Annotated[str, typer.Option("--stage", help=N_("The stage it begins in"))] = "",
) -> None:
    """Make a customer, a contact and an opportunity of a lead."""
    from crmtui.services import lead

    given = {
        "name": name,
        "amount": amount,
        "currency": currency,
        "expected_close_on": expected_close_on,
        "process": process,
        "stage": stage,
    }
    found = lead.convert(
        call.ctx, ref, {key: value for key, value in given.items() if value}, account=account
    )
    if found.opp is not None and found.opp.expected_close_on is None:
        call.say(
            N_("O-{opp} has no expected close date yet: crm opp adjust {opp} --expected-close-on DATE"),
            opp=found.opp.id,
        )
    call.record("lead", found.lead)


@command(
    "lead delegate",
    change=True,
    prints=one_of("lead"),
    examples=("crm lead delegate 12 --to sun",),
)
def delegate(
    call: Call,
    ref: Ref,
    to: Annotated[str, typer.Option("--to", "--rep", metavar="USER", help=N_("Who works on it"))],
    note: Annotated[str, typer.Option("--note", help=N_("Why, for the history"))] = "",
) -> None:
    """Let a rep work on a lead; you stay its account manager."""
    from crmtui.services import lead_owner

    call.record("lead", lead_owner.delegate(call.ctx, ref, to, note))


@command("lead accept", change=True, prints=one_of("lead"), examples=("crm lead accept 12",))
def accept(call: Call, ref: Ref) -> None:
    """Take on a lead that was given to you."""
    from crmtui.services import lead_owner

    call.record("lead", lead_owner.accept(call.ctx, ref))


@command(
    "lead decline",
    change=True,
    prints=one_of("lead"),
    more=N_("It is offered to the next one; a delegated lead goes back to its account manager."),
    examples=('crm lead decline 12 --reason "not my region"',),
)
def decline(
    call: Call,
    ref: Ref,
    reason: Annotated[str, typer.Option("--reason", help=N_("Why you cannot take it"))] = "",
) -> None:
    """Say no to a lead that was given to you."""
    from crmtui.services import lead_owner

    call.record("lead", lead_owner.decline(call.ctx, ref, reason))


_FATES = rows(enquiry="line", fate="line", lead="line", company="line", reason="line")


@command(
    "lead intake",
    change=True,
    prints=_FATES,
    more=N_(
        "Reads an mbox, a Maildir, a folder of web forms' posts (JSON, form data or mails), or JSON. Each enquiry is "
        "taken once. Files of a folder go to taken/ or, with the reason, to rejected/ in it; exit 7 tells of the latter."
    ),
    examples=(
        "crm lead intake --from inbox.mbox --campaign 'Spring fair'",
        "crm lead intake --from /var/spool/forms --source web",
        "crm lead intake --input - < enquiries.jsonl",
    ),
)
def intake(
    call: Call,
    place: Annotated[
        str, typer.Option("--from", metavar="PATH", help=N_("A folder, Maildir, mbox or file of enquiries"))
    ] = "",
    input: Annotated[
        str, typer.Option("--input", metavar="FILE", help=N_("Enquiries as JSON; - for standard input"))
    ] = "",
    source: Annotated[
        str, typer.Option("--source", help=N_("Where those come from that do not say it"))
    ] = "",
    campaign: Annotated[str, typer.Option("--campaign", help=N_("The campaign that brought them"))] = "",
) -> None:
    """Make leads of enquiries: mails, posts of web forms, JSON."""
    from crmtui.commands import reading
    from crmtui.services import intake, intake_places

    if bool(place) == bool(input):
        raise Invalid(
            "intake.which",
            N_("Say where the enquiries are."),
            field="from",
            hint=N_("Give --from PATH, or --input FILE."),
        )
    found = (
        intake_places.open_place(place)
        if place
        else intake_places.from_items(input, reading.objects(input).items)
    )
    given = {"source": source, "campaign": campaign}
    fates = intake.intake(call.ctx, found, {name: value for name, value in given.items() if value})
    call.rows(_FATES.columns, [_fate(one) for one in fates])
    aside = sum(one.why is not None for one in fates)
    if aside:
        raise Partial(
            "intake.aside",
            N_("{taken} were taken, {aside} were set aside."),
            taken=sum(one.fate == "taken" for one in fates),
            aside=aside,
        )


def _fate(one: "Fate") -> dict[str, object]:
    return {
        "enquiry": one.enquiry.name,
        "fate": one.fate,
        "lead": f"L-{one.lead.id}" if one.lead is not None else None,
        "company": one.lead.company if one.lead is not None else one.enquiry.given.get("company"),
        "reason": str(one.why) if one.why is not None else None,
    }
