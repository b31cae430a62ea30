"""`crm assign`: rules, recommendations, confirmation, and what there is to know about them."""

from typing import Annotated

import typer

from crmtui.commands.call import Call
from crmtui.commands.options import whole
from crmtui.commands.prints import many_of, one, one_of, rows
from crmtui.commands.verb import command
from crmtui.errors import Invalid, about
from crmtui.i18n import N_

_OUTCOMES = {"lead": "ref", "state": "line", "to": "ref", "rule": "line", "why": "line"}
_OUTCOME = rows(**_OUTCOMES)
_MOVED = rows(ref="line", name="line", former_owner="ref", owner="ref", reason="line")
_PENDING = rows(**_OUTCOMES, since="moment")
_EXPLAINED = rows(rule="line", fits="flag", person="ref", chosen="flag", why="line")
_FAIR = rows(
    person="ref",
    given="whole",
    share="percent",
    accepted="whole",
    declined="whole",
    expired="whole",
    waiting="whole",
    load="whole",
    capacity="whole",
    won="whole",
    closed="whole",
)
_APPLIED = one(added="whole", changed="whole", unchanged="whole", archived="whole")
_WRONG = rows(rule="line", field="line", message="line", hint="line")

Seed = Annotated[str, typer.Option("--seed", metavar="N", help=N_("Another order of those who rank alike"))]
File = Annotated[str, typer.Argument(metavar="FILE", help=N_("The rules as TOML; - for standard input"))]


def _seed(text: str) -> int | None:
    return whole("--seed", text) if text else None


@command(
    "assign run",
    change=True,
    prints=_OUTCOME,
    more=N_("Leads that nobody accepted in time are taken back first, and offered to the next one."),
    examples=("crm assign run", "crm assign run --where 'source=web' --dry-run"),
)
def run(
    call: Call,
    where: Annotated[
        str, typer.Option("--where", metavar="CONDITION", help=N_("Only those: see crm help conditions"))
    ] = "",
    seed: Seed = "",
) -> None:
    """Let the rules find somebody for every lead that nobody has."""
    from crmtui.services import assign, assign_report

    found = assign.run(call.ctx, where=where, seed=_seed(seed))
    call.rows(_OUTCOME.columns, assign_report.outcomes(call.ctx, found))


@command("assign pending", prints=_PENDING, examples=("crm assign pending",))
def pending(call: Call) -> None:
    """List the leads that wait for confirmation, and those without anybody, and why."""
    from crmtui.services import assign_report

    call.rows(_PENDING.columns, assign_report.pending(call.ctx))


@command(
    "assign confirm",
    change=True,
    prints=_OUTCOME,
    examples=("crm assign confirm 12", "crm assign confirm 12 13 --to zhao"),
)
def confirm(
    call: Call,
    refs: Annotated[list[str], typer.Argument(metavar="REF…", help=N_("The leads: 12, L-12 or the company"))],
    to: Annotated[str, typer.Option("--to", metavar="USER", help=N_("Somebody else than recommended"))] = "",
) -> None:
    """Give leads to whom they were recommended, or to somebody else."""
    from crmtui.services import assign, assign_report

    call.rows(_OUTCOME.columns, assign_report.outcomes(call.ctx, assign.confirm(call.ctx, refs, to=to)))


@command("assign explain", prints=_EXPLAINED, examples=("crm assign explain 12",))
def explain(
    call: Call,
    ref: Annotated[str, typer.Argument(metavar="REF", help=N_("The lead: 12, L-12, ext:ID or its company"))],
    seed: Seed = "",
) -> None:
    """Tell of every rule whether it fits a lead, and of its people what speaks for and against them."""
    from crmtui.services import assign_report

    call.rows(_EXPLAINED.columns, assign_report.explain(call.ctx, ref, _seed(seed)))


@command("assign fairness", prints=_FAIR, examples=("crm assign fairness --since now-30d",))
def fairness(
    call: Call,
    since: Annotated[
        str, typer.Option("--since", metavar="MOMENT", help=N_("Only from this moment on"))
    ] = "",
) -> None:
    """Show how leads were spread over people, and what they made of them."""
    from crmtui.clock import parse_moment
    from crmtui.services import assign_report

    with about("since"):
        moment = parse_moment(since, call.ctx.clock) if since else None
    call.rows(_FAIR.columns, assign_report.fairness(call.ctx, moment))


@command(
    "assign low-intent",
    change=True,
    prints=_MOVED,
    examples=("crm assign low-intent --max-intent 2 --dept Newcomers",),
)
def low_intent(
    call: Call,
    max_intent: Annotated[str, typer.Option("--max-intent", metavar="1-5", help=N_("Up to this intent"))],
    to: Annotated[str, typer.Option("--to", metavar="USER,…", help=N_("These people, in this order"))] = "",
    dept: Annotated[str, typer.Option("--dept", help=N_("The people of this department and below"))] = "",
    method: Annotated[
        str, typer.Option("--method", help=N_("round-robin, least-loaded or best-win-rate"))
    ] = "round-robin",
    limit: Annotated[str, typer.Option("--limit", metavar="N", help=N_("At most so many"))] = "",
) -> None:
    """Give the leads in work that mean little to buy to others."""
    from crmtui.services import handover, low_intent

    named = [one.strip() for one in to.split(",") if one.strip()]
    most = whole("--limit", limit) if limit else None
    moved = low_intent.reassign(
        call.ctx, whole("--max-intent", max_intent), to=named, dept=dept, method=method, limit=most
    )
    call.rows(_MOVED.columns, handover.moves(call.ctx, moved))


# Rules


@command(
    "assign rule add",
    change=True,
    help=N_("Enter a rule"),
    prints=one_of("assignrule"),
    examples=(
        "crm assign rule add --if 'region=North and industry=Retail' --to wang",
        "crm assign rule add --if 'source=web' --dept East --method round-robin --hours 24",
    ),
)
def add_rule(
    call: Call,
    condition: Annotated[
        str, typer.Option("--if", metavar="CONDITION", help=N_("Which leads it is for; all if not said"))
    ] = "",
    to: Annotated[str, typer.Option("--to", metavar="USER,…", help=N_("These people, in this order"))] = "",
    dept: Annotated[str, typer.Option("--dept", help=N_("The people of this department and below"))] = "",
    role: Annotated[str, typer.Option("--role", help=N_("Only those with this role"))] = "",
    method: Annotated[
        str,
        typer.Option("--method", help=N_("Who of them: first, round-robin, least-loaded, best-win-rate")),
    ] = "",
    skills: Annotated[str, typer.Option("--skills", help=N_("Only those with all of these skills"))] = "",
    by_territory: Annotated[
        bool, typer.Option("--by-territory", help=N_("Only those whose territory the lead lies in"))
    ] = False,
    by_industry: Annotated[
        bool, typer.Option("--by-industry", help=N_("Only those who know the lead's industry"))
    ] = False,
    cascade: Annotated[
        bool, typer.Option("--cascade", help=N_("The department first, then the ones below, level by level"))
    ] = False,
    hours: Annotated[
        str, typer.Option("--hours", metavar="N", help=N_("So long to accept, before the next one is asked"))
    ] = "",
    at_once: Annotated[bool, typer.Option("--at-once", help=N_("Without confirmation"))] = False,
    name: Annotated[str, typer.Option("--name", help=N_("What it is called"))] = "",
    position: Annotated[
        str, typer.Option("--position", metavar="N", help=N_("Rules are asked in this order"))
    ] = "",
) -> None:
    """Enter an assignment rule."""
    from crmtui.services import records

    given = {
        "name": name or condition[:120] or method or "all",
        "condition": condition,
        "people": to,
        "dept": dept,
        "role": role,
        "method": method,
        "skills": skills,
        "hours": hours,
        "position": position,
    }
    said: dict[str, object] = {key: value for key, value in given.items() if value}
    flags = {"by_territory": by_territory, "by_industry": by_industry, "cascade": cascade}
    said |= {**{key: True for key, value in flags.items() if value}, "confirm": not at_once}
    call.record("assignrule", records.add(call.ctx, "assignrule", said))


@command("assign rule list", help=N_("List the rules, in their order"), prints=many_of("assignrule"))
def list_rules(call: Call) -> None:
    """List the assignment rules in the order in which they are asked."""
    from crmtui.commands.derive import wanted
    from crmtui.services import records
    from crmtui.services.nouns import NOUNS

    fields = wanted(call, NOUNS["assignrule"])
    found = records.find(call.ctx, "assignrule", sort="position,name", fields=fields)
    call.rows(found.fields, found.rows, found.total)


@command(
    "assign rule export",
    help=N_("Write the rules as TOML"),
    examples=("crm assign rule export > rules.toml",),
)
def export_rules(call: Call) -> None:
    """Write the assignment rules as a text that apply takes."""
    from crmtui.services import assign_rules

    call.text(assign_rules.export(call.ctx))


@command(
    "assign rule lint",
    help=N_("Check rules without changing anything"),
    prints=_WRONG,
    examples=("crm assign rule lint rules.toml",),
)
def lint_rules(call: Call, file: File) -> None:
    """Check the rules of a file: what is wrong with which of them."""
    from crmtui.commands.reading import text
    from crmtui.services import assign_rules

    found = assign_rules.lint(call.ctx, text(file))
    shown = [
        {"rule": rule, "field": one.field, "message": one.message, "hint": one.hint} for rule, one in found
    ]
    call.rows(_WRONG.columns, shown)
    if found:
        raise Invalid("rules.wrong", N_("Rules with mistakes: {count}."), count=len(found))


@command(
    "assign rule apply",
    change=True,
    help=N_("Put the rules of a file in force"),
    prints=_APPLIED,
    examples=("crm assign rule apply rules.toml --dry-run",),
)
def apply_rules(call: Call, file: File) -> None:
    """Put the rules of a file in force: those of the same name change, the rest is put away."""
    from crmtui.commands.reading import text
    from crmtui.services import assign_rules

    call.figures(**assign_rules.apply(call.ctx, text(file)))
