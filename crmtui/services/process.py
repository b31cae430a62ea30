"""Sales processes, their stages, and the moves between them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import func, select

from crmtui.errors import Refused
from crmtui.i18n import N_
from crmtui.services.context import Context, Tx
from crmtui.store import plain
from crmtui.store.record import table

LAST = 1000
"""The highest position of a stage; of two that share it the older one comes first."""


@dataclass(frozen=True)
class Step:
    """A move of an opportunity to a stage, with what the stage brings along.

    `stage` is the stage as stored, `rule` what the move asks for and brings about, empty for most.
    """

    to: str
    position: int
    probability: int | None
    category: str
    stage: Any = None
    rule: Mapping[str, Any] = field(default_factory=dict)

    @property
    def holds_back(self) -> bool:
        """Whether the stage has something that may keep an opportunity from leaving it."""
        asked = self.stage is not None and (self.stage.steps or self.stage.when_over == "block")
        return bool(asked)


def settle(ctx: Context, tx: Tx, row: dict[str, Any], before: dict[str, Any] | None, facts: bool) -> None:
    """A new stage stands last unless said otherwise and may be reached from, and left for, every other. Raises Refused."""
    stage, transition = table("stage"), table("transition")
    if before is not None:
        if (row["process_id"], row["code"]) != (before["process_id"], before["code"]):
            raise Refused(
                "stage.fixed",
                N_("A stage keeps its process and code, because opportunities stand in it."),
                hint=N_("Change its name, or add another stage."),
            )
        return
    row["name"] = row.get("name") or row.get("code")
    if row.get("process_id") is None or row.get("code") is None:
        return
    others = list(tx.session.scalars(select(stage.code).where(stage.process_id == row["process_id"])))
    if row.get("position") is None:
        last = tx.session.scalar(
            select(func.max(stage.position)).where(stage.process_id == row["process_id"])
        )
        row["position"] = min((last or 0) + 1, LAST)
    for other in others:
        for one, two in ((other, row["code"]), (row["code"], other)):
            if one != two:
                tx.session.add(transition(process_id=row["process_id"], from_stage=one, to_stage=two))
    ctx.forget_lists()


def step_into(tx: Tx, process: int, stage_code: str) -> Step:
    """What entering a stage brings along."""
    stage = table("stage")
    row = tx.session.scalars(select(stage).where(stage.process_id == process, stage.code == stage_code)).one()
    return Step(row.code, row.position, row.probability, row.category, row)


def stages_of(tx: Tx, process: int | None) -> list[Any]:
    """The stages of a process that are in use, in order."""
    stage = table("stage")
    query = select(stage).where(stage.process_id == process, stage.archived_at.is_(None))
    return list(tx.session.scalars(query.order_by(stage.position, stage.id)))


def first(tx: Tx, process: int) -> str | None:
    """The stage in which an opportunity begins."""
    stage = table("stage")
    query = (
        select(stage.code)
        .where(stage.process_id == process, stage.archived_at.is_(None))
        .order_by(stage.position)
    )
    return tx.session.scalars(query).first()


def transition(tx: Tx, opp: Any, to: str | None) -> Step:
    """The move of `opp` to the stage `to` (default: the next of its process). Raises Refused when there is none."""
    stage = table("stage")
    query = select(stage.code, stage.archived_at).where(stage.process_id == opp.process_id)
    rows = tx.session.execute(query.order_by(stage.position, stage.id)).all()
    order = [code for code, _ in rows]
    in_use = [code for code, archived_at in rows if archived_at is None]
    if to is None:
        passed = order[: order.index(opp.stage) + 1] if opp.stage in order else []
        to = next((code for code in in_use if code not in passed), None)
        if to is None:
            raise Refused(
                "opp.last_stage",
                N_("{stage} is the last stage of its process."),
                field="stage",
                hint=N_("Close it: crm opp close {ref} --won --summary TEXT"),
                stage=opp.stage,
                ref=f"O-{opp.id}",
            )
    left_for = dict.fromkeys(in_use, _FREE) if opp.stage is None else moves_from(tx, opp)
    possible = [code for code in in_use if code in left_for]
    if to not in possible:
        raise Refused(
            "opp.no_such_step",
            N_("There is no step from {from_stage} to {to}."),
            field="stage",
            hint=N_("It is there already.")
            if to == opp.stage
            else N_("From {from_stage} it can go to: {possible}."),
            from_stage=opp.stage,
            to=to,
            possible=", ".join(possible),
        )
    return replace(step_into(tx, opp.process_id, to), rule=left_for[to])


_FREE: dict[str, Any] = {}


def moves_from(tx: Tx, opp: Any) -> dict[str, dict[str, Any]]:
    """The stages to which an opportunity may move from where it stands, each with the rule of the move."""
    return plain.moves(tx.session.connection(), opp.process_id, opp.stage)
