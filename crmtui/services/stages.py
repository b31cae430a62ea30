"""The way of an opportunity through its process: where it stands, how long it stood, and a step along or back."""

from dataclasses import dataclass
from datetime import datetime

from crmtui.errors import Refused
from crmtui.i18n import N_
from crmtui.services import journal, opportunity, process
from crmtui.services.context import Context
from crmtui.store import refs


@dataclass(frozen=True)
class Station:
    """One stage on the way: `days` stood there in whole (None where it never stood), `here` where it stands now.

    `usual` are the days after which the process calls it slow, if it says so.
    """

    code: str
    name: str
    probability: int | None
    usual: int | None
    days: int | None
    here: bool
    passed: bool


def path(ctx: Context, ref: str) -> list[Station]:
    """The stages of the process of an opportunity in order, with the days it stood in each. Raises NotFound, Forbidden."""
    with ctx.reading() as tx:
        opp = refs.get(tx, "opp", ref)
        rows = process.stages_of(tx, opp.process_id)
        codes = [row.code for row in rows]
        here = codes.index(opp.stage) if opp.stage in codes else -1
        stood = _days(ctx, ref, opp.stage, opp.stage_at)
        return [
            Station(
                row.code,
                ctx.stage_name(opp.process_id, row.code),
                row.probability,
                row.max_days,
                stood.get(row.code),
                place == here,
                place < here,
            )
            for place, row in enumerate(rows)
        ]


def move(ctx: Context, ref: str, by: int) -> str:
    """Move an opportunity `by` stages along its process (back when negative); the name of the stage it is in now.

    Raises what `opportunity.advance` raises, and Refused at either end.
    """
    with ctx.reading() as tx:
        opp = refs.get(tx, "opp", ref)
        codes = [row.code for row in process.stages_of(tx, opp.process_id)]
        place = codes.index(opp.stage) + by if opp.stage in codes else 0
    if place < 0:
        raise Refused("opp.first_stage", N_("{ref} is in its first stage."), ref=f"O-{opp.id}")
    to = codes[place] if place < len(codes) else None
    moved = opportunity.advance(ctx, ref, to)
    return str(ctx.stage_name(moved.process_id, moved.stage))


def times_changed(ctx: Context, ref: str, field: str) -> int:
    """How often a field of an opportunity was changed since it was entered. Raises NotFound, Forbidden."""
    return sum(
        row["field"] == field and row["change"] == "changed" and row["before"] not in (None, "")
        for row in journal.history(ctx, "opp", ref)
    )


def _days(ctx: Context, ref: str, stage: str | None, since: datetime | None) -> dict[str, int]:
    """Stage → whole days stood there, today's stage up to now; returns to a stage add up."""
    stood: dict[str, int] = {}
    for row in journal.history(ctx, "opp", ref):
        if row["field"] == "stage" and row["days"] is not None and row["before"]:
            stood[str(row["before"])] = stood.get(str(row["before"]), 0) + row["days"]
    if stage and since is not None:
        stood[stage] = stood.get(stage, 0) + max((ctx.clock.now() - since).days, 0)
    return stood
