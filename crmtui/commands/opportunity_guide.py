"""`crm opp`: next, checklist, stuck, similar, predict; and `crm lead stuck`."""

from typing import Annotated, Any

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
_SIMILAR = rows(
    kind="line",
    ref="line",
    name="line",
    account="ref",
    state="line",
    on="day",
    amount="money",
    what="line",
    score="whole",
    why="line",
    how="text",
    reason="line",
    competitor="ref",
)
_FACTORS = rows(
    factor="line",
    value="line",
    closed="whole",
    won="whole",
    win_rate="percent",
    odds="line",
    probability="percent",
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


@command("opp similar", prints=_SIMILAR, examples=("crm opp similar 31", "crm opp similar 31 --most 3"))
def similar(
    call: Call,
    ref: Ref,
    most: Annotated[
        str, typer.Option("--most", help=N_("How many of each kind at most; 10 if not said"))
    ] = "",
) -> None:
    """Show what the customer bought that is like it, and how like deals were won, or why they were lost."""
    from crmtui.services import similar as alike

    call.rows(_SIMILAR.columns, alike.similar(call.ctx, ref, _days(most, 10, "most")))


@command(
    "account bought",
    prints=_SIMILAR,
    examples=("crm account bought 7", "crm account bought 7 --like scanner"),
)
def bought(
    call: Call,
    ref: Annotated[str, typer.Argument(metavar="REF", help=N_("The customer: 7, A-7, ext:ID or its name"))],
    like: Annotated[str, typer.Option("--like", help=N_("Only what has to do with these words"))] = "",
) -> None:
    """Show what a customer bought: deals won, and orders with what was ordered."""
    from crmtui.services import similar as alike

    call.rows(_SIMILAR.columns, alike.bought(call.ctx, ref, like))


@command(
    "opp predict",
    prints=_FACTORS,
    more=N_(
        "The first line is the rate of all closed deals, the last one what the model says; between them each factor, how "
        "many deals had it, how many of these were won, and what it makes of the odds. Where fewer than 50 deals are "
        "closed, or fewer than 10 won or lost, it says nothing. Nothing is changed: crm opp adjust takes a probability over."
    ),
    examples=("crm opp predict 31", "crm opp predict --check"),
)
def predict(
    call: Call,
    ref: Annotated[
        str | None, typer.Argument(metavar="REF", help=N_("The opportunity: 31, O-31, ext:ID or its name"))
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help=N_("How good the model is, tried on deals that it had not seen"))
    ] = False,
) -> None:
    """Say how likely an opportunity is won, by the company's own closed deals, and why."""
    from crmtui.services import odds
    from crmtui.services import predict as predicting

    if (ref is not None) == check:
        raise Invalid("opp.predict_what", N_("Give a REF, or --check."))
    if ref is None:
        call.rows(_FACTORS.columns, _checked(call))
        return
    found = predicting.predict(call.ctx, ref)
    if found.probability is None:
        call.say(
            N_(
                "{closed} closed deals, {won} of them won, are too few to learn from: it takes {fewest}, {each} of each kind."
            ),
            closed=found.closed,
            won=found.won,
            fewest=odds.FEWEST,
            each=odds.FEWEST_EACH,
        )
        call.rows(_FACTORS.columns, [])
        return
    names = predicting.called(call.ctx, found.factors)
    call.rows(
        _FACTORS.columns,
        [
            _factor("all", closed=found.closed, won=found.won, probability=found.base),
            *(
                _factor(
                    one.name,
                    names[one.name, one.value],
                    closed=one.closed,
                    won=one.won,
                    odds=f"×{one.odds:.2f}",
                )
                for one in found.factors
            ),
            _factor("prediction", found.ref, probability=found.probability),
        ],
    )


def _checked(call: Call) -> list[dict[str, Any]]:
    """The tenths of probability, each with what was predicted and what came; first the Brier scores."""
    from crmtui.services import predict as predicting

    found = predicting.quality(call.ctx)
    if found is None:
        call.say(N_("There are too few closed deals to learn from."))
        return []
    tenths = [
        _factor(
            "predicted", f"{mean:.0%}", closed=count, won=round(rate * count), probability=round(mean * 100)
        )
        for count, mean, rate in found.tenths
    ]
    brier = (("brier", found.brier), ("brier of the rate of all", found.brier_of_base))
    return [*(_factor(name, f"{score:.4f}") for name, score in brier), *tenths]


def _factor(
    factor: str,
    value: str = "",
    *,
    closed: int | None = None,
    won: int | None = None,
    odds: str = "",
    probability: int | None = None,
) -> dict[str, Any]:
    rate = round(100 * won / closed) if closed and won is not None else None
    return {
        "factor": factor,
        "value": value,
        "closed": closed,
        "won": won,
        "win_rate": rate,
        "odds": odds,
        "probability": probability,
    }


def _days(text: str, usual: int, field: str) -> int:
    if not text:
        return usual
    if not text.removesuffix("d").isdecimal() or len(text) > 5:
        raise Invalid("days.wrong", N_("{text} is no number of days."), field=field, text=text)
    return int(text.removesuffix("d"))
