"""What to do next with an opportunity: the steps of its stage, what was forgotten, and the moves that are open to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from crmtui.errors import Refused
from crmtui.i18n import N_, gettext
from crmtui.services import approvals, moves, process, tasks
from crmtui.services.context import Context, Tx
from crmtui.services.opportunity import check_open
from crmtui.store import refs
from crmtui.store.record import table
from crmtui.text import nearest


def checklist(ctx: Context, ref: str) -> list[dict[str, Any]]:
    """The steps of every stage of an opportunity's process in order: stage, step, text, required, state, done_at, done_by.

    `state` is done, due (of the stage it is in), forgotten (of a stage that it passed) or later. Raises NotFound.
    """
    with ctx.reading() as tx:
        return _checklist(ctx, tx, refs.get(tx, "opp", ref))


def _checklist(ctx: Context, tx: Tx, opp: Any) -> list[dict[str, Any]]:
    done, user = table("opp_step"), table("user")
    query = select(done, user.name).outerjoin(user, user.id == done.done_by_id).where(done.opp_id == opp.id)
    known = {(row.stage, row.step): (row, who) for row, who in tx.session.execute(query)}
    stages = process.stages_of(tx, opp.process_id)
    codes = [stage.code for stage in stages]
    here = codes.index(opp.stage) if opp.stage in codes else 0
    found = []
    for place, stage in enumerate(stages):
        for step in stage.steps or ():
            row, who = known.get((stage.code, step["code"]), (None, None))
            open_state = "due" if place == here else "forgotten" if place < here else "later"
            found.append(
                {
                    "stage": stage.code,
                    "step": step["code"],
                    "text": step["text"],
                    "required": bool(step.get("required")),
                    "state": "done" if row is not None else open_state,
                    "done_at": row.done_at.astimezone(ctx.clock.zone) if row and row.done_at else None,
                    "done_by": who,
                }
            )
    return found


def tick(
    ctx: Context, ref: str, done: Sequence[str] = (), undone: Sequence[str] = (), note: str = ""
) -> list[dict[str, Any]]:
    """Say which steps were done for an opportunity, and which were not after all; return its checklist.

    A step is named by its code, that of its stage first, or as stage/step. Raises NotFound, Refused (there is no such
    step, it is closed), Forbidden, Conflict.
    """
    with ctx.transaction("opp.checklist", note) as tx:
        opp = refs.get(tx, "opp", ref)
        ctx.check_version(tx, opp, {"checklist": [*done, *undone]})
        check_open(opp, "open", "suspended")
        model, rows = table("opp_step"), _checklist(ctx, tx, opp)
        for named, is_done in [*((one, True) for one in done), *((one, False) for one in undone)]:
            stage, step = _step(opp, rows, named)
            query = select(model).where(model.opp_id == opp.id, model.stage == stage, model.step == step)
            held = tx.session.scalars(query).first()
            if is_done and held is None:
                by = {"done_by_id": ctx.actor.id, "done_at": tx.now, "note": note or None}
                tx.session.add(model(opp_id=opp.id, stage=stage, step=step, **by))
            elif not is_done and held is not None:
                tx.session.delete(held)
            tx.session.flush()
        return _checklist(ctx, tx, opp)


def _step(opp: Any, rows: Sequence[dict[str, Any]], named: str) -> tuple[str, str]:
    stage, _, code = named.rpartition("/")
    fits = [row for row in rows if row["step"] == code and stage in ("", row["stage"])]
    fits.sort(key=lambda row: row["stage"] != opp.stage)
    if not fits:
        known = [row["step"] for row in rows]
        near = nearest(code, known)
        raise Refused(
            "opp.no_step",
            N_("The process of {ref} has no step {step}."),
            field="checklist",
            hint=N_("Did you mean {near}?") if near else N_("crm opp checklist {ref} lists the steps."),
            ref=refs.ref_of("opp", opp.id),
            step=named,
            near=near,
        )
    return fits[0]["stage"], fits[0]["step"]


# -- what comes next --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Advice:
    """One thing to know or do: `kind` is stage, guide, late, waiting, step, forgotten, task, missing, move or close."""

    kind: str
    text: str
    command: str = ""


def next_steps(ctx: Context, ref: str) -> list[Advice]:
    """What to do next with an opportunity, the most urgent first, each with the command that does it. Raises NotFound."""
    with ctx.reading() as tx:
        opp = refs.get(tx, "opp", ref)
        own = refs.ref_of("opp", opp.id)
        waiting = [_waiting(ctx, one) for one in approvals.waiting_about(tx, "opp", opp.id)]
        if opp.state != "open":
            return [*waiting, _state(ctx, opp, own)]
        return [
            *_where(ctx, tx, opp),
            *waiting,
            *_tasks(ctx, tx, opp),
            *_steps(ctx, tx, opp, own),
            *_moves(ctx, tx, opp, own),
        ]


def _state(ctx: Context, opp: Any, own: str) -> Advice:
    if opp.state == "suspended":
        said = (
            gettext(N_("It is suspended."))
            if opp.suspended_until is None
            else gettext(N_("It is suspended until {day}.")).format(day=opp.suspended_until)
        )
        return Advice("stage", said, f"crm opp reactivate {own}")
    if opp.state in ("won", "lost"):
        return Advice(
            "stage", gettext(N_("It is {state}.")).format(state=gettext(opp.state)), f"crm opp reopen {own}"
        )
    return Advice("stage", gettext(N_("It is {state}.")).format(state=gettext(opp.state)))


def _where(ctx: Context, tx: Tx, opp: Any) -> list[Advice]:
    if not opp.stage:
        return []
    stage = process.step_into(tx, opp.process_id, opp.stage).stage
    name = ctx.stage_name(opp.process_id, opp.stage)
    days = (ctx.clock.now() - opp.stage_at).days if opp.stage_at else 0
    said = gettext(N_("In {stage} for {days} days.")).format(stage=name, days=days)
    if stage.max_days:
        said = gettext(N_("In {stage} for {days} of {allowed} days.")).format(
            stage=name, days=days, allowed=stage.max_days
        )
    found = [Advice("late" if stage.max_days and days > stage.max_days else "stage", said)]
    if opp.expected_close_on and opp.expected_close_on < ctx.clock.today():
        late = gettext(N_("It was expected to close on {day}.")).format(day=opp.expected_close_on)
        found.append(
            Advice("late", late, f"crm opp adjust {refs.ref_of('opp', opp.id)} --expected-close-on DAY")
        )
    return [*found, Advice("guide", stage.guide)] if stage.guide else found


def _waiting(ctx: Context, approval: Any) -> Advice:
    ref = refs.ref_of("approval", approval.id)
    said = gettext(N_("{verb} waits for approval.")).format(verb=approval.verb)
    return Advice("waiting", said, f"crm approval track {ref}")


def _tasks(ctx: Context, tx: Tx, opp: Any) -> list[Advice]:
    found = tasks.open_about(tx, "opp", opp.id)
    found.sort(key=lambda task: (task.due_on is None, task.due_on, task.id))
    return [
        Advice(
            "task",
            task.subject
            if task.due_on is None
            else gettext(N_("{task}, by {day}")).format(task=task.subject, day=task.due_on),
            f"crm task done {refs.ref_of('task', task.id)}",
        )
        for task in found
    ]


def _steps(ctx: Context, tx: Tx, opp: Any, own: str) -> list[Advice]:
    """The steps of this stage that are not done, the required ones first, and those that were forgotten on the way."""
    rows = _checklist(ctx, tx, opp)
    open_ = [row for row in rows if row["state"] in ("due", "forgotten")]
    open_.sort(key=lambda row: (row["state"] != "due", not row["required"]))
    return [
        Advice(
            "step" if row["state"] == "due" else "forgotten",
            row["text"],
            f"crm opp checklist {own} --done {row['stage']}/{row['step']}",
        )
        for row in open_
    ]


def _moves(ctx: Context, tx: Tx, opp: Any, own: str) -> list[Advice]:
    """What the moves forward ask for, nearest stage first; at the end of the process, to close it."""
    stages = process.stages_of(tx, opp.process_id)
    codes = [stage.code for stage in stages]
    here = codes.index(opp.stage) if opp.stage in codes else -1
    left = process.step_into(tx, opp.process_id, opp.stage) if opp.stage else None
    open_to = process.moves_from(tx, opp) if opp.stage else {code: {} for code in codes}
    found = []
    for code in codes[here + 1 :]:
        if code not in open_to:
            continue
        step = process.transition(tx, opp, code)
        name = ctx.stage_name(opp.process_id, code)
        lacking = moves.missing(ctx, tx, opp, left, step)
        if lacking:
            said = gettext(N_("For {stage}: {missing}.")).format(stage=name, missing="; ".join(lacking))
            found.append(Advice("missing", said))
        else:
            found.append(
                Advice(
                    "move",
                    gettext(N_("On to {stage}.")).format(stage=name),
                    f"crm opp advance {own} --to {code}",
                )
            )
        break
    if not found:
        found.append(Advice("close", gettext(N_("Close it.")), f"crm opp close {own} --won --summary TEXT"))
    return found
