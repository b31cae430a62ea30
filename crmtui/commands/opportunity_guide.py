"""`crm opp`: next, checklist, stuck; and `crm lead stuck`."""

from typing import Annotated

import typer

from crmtui.commands.call import Call
from crmtui.commands.opportunity import Note, Ref
from crmtui.commands.prints import rows
from crmtui.commands.verb import command
from crmtui.errors import Invalid
from crmtui.i18n import N_

_ADVICE = rows(kind="line", text="line", command="line")
_STEPS = rows(
    stage="line",
    step="line",
    text="line",
    required="flag",
    state="line",
    done_at="moment",
    done_by="line",
)
_STUCK = rows(
    ref="line",
    name="line",
    account="ref",
    owner="ref",
    stage="line",
    days="whole",
    allowed="whole",
    over="whole",
    quiet="whole",
    action="line",
    action_at="moment",
    why="line",
)
Where = Annotated[str, typer.Option("--where", help=N_("A condition, such as 'owner=me'"))]
Quiet = Annotated[
    str, typer.Option("--quiet-days", help=N_("Days without a real action that count as stuck"))
]


@command("opp next", prints=_ADVICE, examples=("crm opp next 31",))
def next_(call: Call, ref: Ref) -> None:
    """Say what to do next with an opportunity: steps, what was forgotten, what a move still asks for."""
    from crmtui.services import guidance

    found = guidance.next_steps(call.ctx, ref)
    call.rows(_ADVICE.columns, [vars(advice) for advice in found])


@command(
    "opp checklist",
    change=True,
    prints=_STEPS,
    examples=(
        "crm opp checklist 31",
        "crm opp checklist 31 --done site-visit",
        "crm opp checklist 31 --undone demo",
    ),
)
def checklist(
    call: Call,
    ref: Ref,
    done: Annotated[
        list[str] | None, typer.Option("--done", help=N_("A step that was done; repeat it"))
    ] = None,
    undone: Annotated[
        list[str] | None, typer.Option("--undone", help=N_("A step that was not done after all; repeat it"))
    ] = None,
    note: Note = "",
) -> None:
    """Show the steps of the process and tick them off."""
    from crmtui.services import guidance

    if done or undone:
        found = guidance.tick(call.ctx, ref, done or (), undone or (), note)
    else:
        found = guidance.checklist(call.ctx, ref)
    call.rows(_STEPS.columns, found)


@command(
    "opp stuck",
    change=True,
    prints=_STUCK,
    examples=("crm opp stuck", "crm opp stuck --where 'owner=me'", "crm opp stuck --tell"),
)
def stuck(
    call: Call,
    where: Where = "",
    quiet_days: Quiet = "",
    tell: Annotated[
        bool,
        typer.Option("--tell", help=N_("Tell the owners, and of what is over its limit their superiors")),
    ] = False,
) -> None:
    """List open opportunities that are stuck, with both clocks: days in the stage, and days since a real action."""
    from crmtui.services import stuck as standing

    days = _days(quiet_days, standing.QUIET_DAYS, "quiet_days")
    found = (standing.tell if tell else standing.opportunities)(call.ctx, where, days)
    call.rows(_STUCK.columns, found)


@command("lead stuck", prints=_STUCK, examples=("crm lead stuck", "crm lead stuck --days 7"))
def lead_stuck(
    call: Call,
    days: Annotated[str, typer.Option("--days", help=N_("Days that a lead may stand in one state"))] = "",
    where: Where = "",
) -> None:
    """List leads that stand in one state for too long."""
    from crmtui.services import stuck as standing

    call.rows(_STUCK.columns, standing.leads(call.ctx, _days(days, standing.LEAD_DAYS, "days"), where))


def _days(text: str, usual: int, field: str) -> int:
    if not text:
        return usual
    if not text.removesuffix("d").isdecimal() or len(text) > 5:
        raise Invalid("days.wrong", N_("{text} is no number of days."), field=field, text=text)
    return int(text.removesuffix("d"))
