"""What a move from stage to stage asks for before it is made, and what it brings about."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from crmtui.errors import Refused
from crmtui.i18n import N_, gettext
from crmtui.services import approvals, opportunity, process, records, tasks
from crmtui.services.context import Context, Tx
from crmtui.services.process import Step
from crmtui.store import refs
from crmtui.store.record import table

KIND = "process"
"""The kind of the tasks that moves make."""


def waits(
    ctx: Context,
    tx: Tx,
    opp: Any,
    left: Step | None,
    step: Step,
    patch: Mapping[str, Any],
    note: str = "",
) -> bool:
    """Whether the move waits for an approval, which is asked for here. Raises Refused where something is missing for it."""
    check(ctx, tx, opp, left, step)
    always = bool(step.rule.get("approval"))
    asked = approvals.ask(ctx, tx, "opp.advance", "opp", opp.id, patch, note, always=always)
    if asked is not None:
        approvals.remark(ctx, asked)
    return asked is not None


def approved(ctx: Context, tx: Tx, verb: str, opp: Any, patch: Mapping[str, Any]) -> None:
    """Make the move that was approved, if all that it asks for is still there. Raises Refused."""
    opportunity.check_open(opp)
    make(ctx, tx, opp, patch["stage"])
    opp.probability = patch.get("probability", opp.probability)
    tx.session.flush()


def make(ctx: Context, tx: Tx, opp: Any, stage: str) -> None:
    """Move a loaded opportunity to a stage, with all that this asks for and brings about. Raises Refused."""
    step = process.transition(tx, opp, stage)
    left = process.step_into(tx, opp.process_id, opp.stage) if opp.stage else None
    check(ctx, tx, opp, left, step)
    opportunity.enter(tx, opp, left, step)
    tx.session.flush()
    follow(ctx, tx, opp, step)


def check(ctx: Context, tx: Tx, opp: Any, left: Step | None, step: Step) -> None:
    """Raise Refused, naming all that is missing, unless the move can be made."""
    lacking = missing(ctx, tx, opp, left, step)
    if lacking:
        raise Refused(
            "opp.move_lacks",
            N_("{ref} cannot go to {to} yet: {missing}."),
            field="stage",
            hint=N_("What comes next: crm opp next {ref}"),
            ref=refs.ref_of("opp", opp.id),
            to=step.to,
            missing="; ".join(lacking),
        )


def missing(ctx: Context, tx: Tx, opp: Any, left: Step | None, step: Step) -> list[str]:
    """What the move still asks for, each in a few words; empty when it can be made."""
    found = []
    empty = _empty(tx, opp, step.rule.get("required", ()))
    if empty:
        found.append(gettext(N_("{fields} must be filled in")).format(fields=", ".join(empty)))
    undone = _undone(tx, opp, left, step)
    if undone:
        found.append(gettext(N_("not done yet: {steps}")).format(steps=", ".join(undone)))
    if step.rule.get("guard") and not _meets(ctx, tx, opp, step.rule["guard"]):
        found.append(
            step.rule.get("says")
            or gettext(N_("it must be {condition}")).format(condition=step.rule["guard"])
        )
    if left is not None and _kept(ctx, opp, left, step):
        said = gettext(N_("it stands in {stage} for more than {days} days, and a superior moves it on"))
        found.append(said.format(stage=left.to, days=left.stage.max_days))
    return found


def _forward(left: Step, step: Step) -> bool:
    return step.position > left.position


def _kept(ctx: Context, opp: Any, left: Step, step: Step) -> bool:
    """Whether the stage keeps an opportunity that stood in it for too long, and whoever acts leads nobody."""
    allowed = left.stage.max_days if left.stage.when_over == "block" and _forward(left, step) else None
    over = allowed and opp.stage_at and (ctx.clock.now() - opp.stage_at).days > allowed
    return bool(over) and ctx.actor.scope("opp", "advance") in ("own", "team")


def _empty(tx: Tx, opp: Any, names: Any) -> list[str]:
    fields = records.fields_in(tx, "opp")
    held = records.columns_of(opp)
    found = []
    for name in names:
        field = records.field_named(fields, name, "opp")
        value = (held["x"] or {}).get(field.name[2:]) if field.custom else held.get(field.column)
        if value in (None, "", []):
            found.append(field.name)
    return found


def _undone(tx: Tx, opp: Any, left: Step | None, step: Step) -> list[str]:
    """The steps that the move waits for: those that it names, and going forward those that the stage left requires."""
    if left is None:
        return []
    steps = left.stage.steps or []
    needed = [one["code"] for one in steps if one.get("required")] if _forward(left, step) else []
    needed = list(dict.fromkeys([*needed, *step.rule.get("steps", ())]))
    return [code for code in needed if code not in done_in(tx, opp.id, left.to)] if needed else []


def done_in(tx: Tx, opp_id: int, stage: str) -> set[str]:
    """The codes of the steps of `stage` that were done for an opportunity."""
    step = table("opp_step")
    return set(tx.session.scalars(select(step.step).where(step.opp_id == opp_id, step.stage == stage)))


def _meets(ctx: Context, tx: Tx, opp: Any, guard: str) -> bool:
    tx.session.flush()
    found = records.matching(ctx, tx, "opp", guard, archived=True, verb="show")
    return (
        tx.session.scalars(select(table("opp").id).where(table("opp").id == opp.id, *found)).first()
        is not None
    )


def follow(ctx: Context, tx: Tx, opp: Any, step: Step) -> None:
    """Do what the move brings about: values of fields, and tasks. Raises Invalid for a value that is none any more."""
    if step.rule.get("set"):
        before = records.columns_of(opp)
        given = dict(step.rule["set"])
        records.apply(
            ctx, tx, opp, records.read_values(ctx, tx, "opp", given, before=before, through=("adjust",))
        )
    for task in step.rule.get("task", ()):
        due = ctx.clock.today() + timedelta(days=task["days"])
        tasks.make(ctx, tx, task["title"], _whose(tx, opp, task["owner"]), ("opp", opp.id), due, KIND)


def _whose(tx: Tx, opp: Any, owner: str) -> int | None:
    if owner not in ("owner", "manager"):
        return refs.resolve(tx, "user", owner)
    person: int | None = opp.owner_id
    if owner == "owner" or person is None:
        return person
    user = table("user")
    above: int | None = tx.session.scalars(select(user.manager_id).where(user.id == person)).first()
    return above or person
