"""Processes edited as TOML: written out, put in force as a new version, drawn."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from crmtui.errors import Invalid
from crmtui.i18n import N_, gettext
from crmtui.services import process, records
from crmtui.services.context import Context, Tx
from crmtui.services.process_lint import errors
from crmtui.services.process_text import Definition, Stage, read
from crmtui.services.process_write import draw, write
from crmtui.store import refs
from crmtui.store.record import table

# -- out --------------------------------------------------------------------------------------------------------


def export(ctx: Context, ref: str, number: int | None = None) -> str:
    """A process as TOML: as it is now, or as its version `number` was. Raises NotFound, Invalid (no such version)."""
    with ctx.reading() as tx:
        found = refs.get(tx, "process", ref)
        if number is None:
            return write(definition(tx, found))
        kept = table("process_text")
        query = select(kept.text).where(kept.process_id == found.id, kept.number == number)
        text: str | None = tx.session.scalars(query).first()
        if text is None:
            raise Invalid(
                "process.no_version",
                N_("{process} has no version {number}."),
                field="revision",
                hint=N_("crm process versions {process} lists them."),
                process=found.code,
                number=number,
            )
        return text


def definition(tx: Tx, found: Any) -> Definition:
    """What a stored process is: its stages in use, and the moves between them."""
    stages = tuple(
        Stage(
            row.code,
            row.name,
            row.name_zh,
            row.probability,
            row.category,
            row.max_days,
            row.when_over,
            row.guide,
            tuple(row.steps or ()),
        )
        for row in process.stages_of(tx, found.id)
    )
    codes = {stage.code for stage in stages}
    move = table("transition")
    moves = {
        (row.from_stage, row.to_stage): row.rule or {}
        for row in tx.session.scalars(select(move).where(move.process_id == found.id))
        if {row.from_stage, row.to_stage} <= codes
    }
    return Definition(found.code, found.name, found.name_zh, stages, moves)


def versions(ctx: Context, ref: str) -> list[dict[str, Any]]:
    """The versions of a process that were put in force as TOML, newest first: number, made_at, made_by, stages. Raises NotFound."""
    with ctx.reading() as tx:
        found = refs.get(tx, "process", ref)
        kept, user = table("process_text"), table("user")
        query = select(kept, user.name).outerjoin(user, user.id == kept.made_by_id)
        rows = tx.session.execute(query.where(kept.process_id == found.id).order_by(kept.number.desc()))
        return [
            {
                "revision": row.number,
                "made_at": row.made_at and row.made_at.astimezone(ctx.clock.zone),
                "made_by": who,
                "stages": ", ".join(read(row.text).codes),
            }
            for row, who in rows
        ]


def graph(ctx: Context, ref: str) -> str:
    """The stages of a process and the moves between them, as a drawing of lines of text. Raises NotFound."""
    with ctx.reading() as tx:
        return draw(definition(tx, refs.get(tx, "process", ref)))


# -- in ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Applied:
    """What putting a text in force came to: the process, its version (None: nothing was different), what changed."""

    process: Any
    revision: int | None
    changes: list[dict[str, Any]]


def apply(ctx: Context, text: str) -> Applied:
    """Put the TOML of a process in force, all of it or nothing: a new process, or a new version of one.

    A stage that is no longer written is archived; what stands in it may leave it for every other.
    Raises Invalid, NotFound (a person), Forbidden, Conflict.
    """
    wanted = read(text)
    with ctx.transaction("process.apply") as tx:
        for error in errors(ctx, tx, wanted):
            raise error
        model = table("process")
        row = tx.session.scalars(select(model).where(model.code == wanted.code)).first()
        before = definition(tx, row) if row is not None else None
        if row is None:
            named = {"code": wanted.code, "name": wanted.name, "name_zh": wanted.name_zh}
            row = records.insert(ctx, tx, "process", named)
        else:
            ctx.check_version(tx, row, {})
        changes = _changes(before, wanted)
        if not changes:
            return Applied(row, None, [])
        records.apply(ctx, tx, row, {"name": wanted.name, "name_zh": wanted.name_zh, "archived_at": None})
        _put_stages(ctx, tx, row, wanted)
        _put_moves(tx, row, wanted)
        number = _keep(ctx, tx, row, before, wanted)
        ctx.forget_lists()
        return Applied(row, number, changes)


def _changes(before: Definition | None, after: Definition) -> list[dict[str, Any]]:
    """What is different: rows of what (process, stage, move), which, and change (added, changed, archived, removed)."""
    found = [] if before else [_change("process", after.code, "added")]
    if before and (before.name, before.name_zh) != (after.name, after.name_zh):
        found.append(_change("process", after.code, "changed"))
    old = {stage.code: stage for stage in before.stages} if before else {}
    places = before.codes if before else []
    for place, stage in enumerate(after.stages):
        if stage.code not in old:
            found.append(_change("stage", stage.code, "added"))
        elif old[stage.code] != stage or places.index(stage.code) != place:
            found.append(_change("stage", stage.code, "changed"))
    found += [_change("stage", code, "archived") for code in old if code not in after.codes]
    known = {
        pair: rule for pair, rule in (before.moves if before else {}).items() if set(pair) <= set(after.codes)
    }
    fresh = {stage for stage in after.codes if stage not in old}
    for pair in dict.fromkeys((*known, *after.moves)):
        one, two = known.get(pair), after.moves.get(pair)
        if one != two and not (one is None and not two and fresh & set(pair)):
            kind = "added" if one is None else "removed" if two is None else "changed"
            found.append(_change("move", " → ".join(pair), kind))
    return found


def _change(what: str, which: str, change: str) -> dict[str, Any]:
    return {"what": what, "which": which, "change": change}


def _put_stages(ctx: Context, tx: Tx, row: Any, wanted: Definition) -> None:
    model = table("stage")
    held = {each.code: each for each in tx.session.scalars(select(model).where(model.process_id == row.id))}
    for place, stage in enumerate(wanted.stages, 1):
        given = {
            "name": stage.name,
            "name_zh": stage.name_zh,
            "position": place,
            "probability": stage.probability,
            "category": stage.category,
            "max_days": stage.max_days,
            "when_over": stage.when_over,
            "guide": stage.guide,
            "steps": [dict(step) for step in stage.steps] or None,
        }
        if stage.code in held:
            records.apply(ctx, tx, held[stage.code], {**given, "archived_at": None})
        else:
            records.insert(ctx, tx, "stage", {**given, "process_id": row.id, "code": stage.code})
    for place, (code, each) in enumerate(held.items(), len(wanted.stages) + 1):
        if code not in wanted.codes:
            records.apply(ctx, tx, each, {"position": place, "archived_at": each.archived_at or tx.now})
            _remark_on(ctx, tx, row.id, code)
    tx.session.flush()


def _remark_on(ctx: Context, tx: Tx, process_id: int, code: str) -> None:
    opp = table("opp")
    here = (opp.process_id == process_id, opp.stage == code, opp.state.in_(("open", "suspended")))
    count = tx.session.scalar(select(func.count(opp.id)).where(*here)) or 0
    if count:
        said = gettext(
            N_("{count} open opportunities stand in {stage}, which is no longer in use; they can leave it.")
        )
        ctx.remark(said.format(count=count, stage=code))


def _put_moves(tx: Tx, row: Any, wanted: Definition) -> None:
    """The moves as written, and from a stage that is no longer in use to every other."""
    model, stage = table("transition"), table("stage")
    every = list(tx.session.scalars(select(stage.code).where(stage.process_id == row.id)))
    left: dict[tuple[str, str], Any] = {
        (code, end): {} for code in every if code not in wanted.codes for end in wanted.codes
    }
    pairs: dict[tuple[str, str], Any] = {**left, **wanted.moves}
    for move in tx.session.scalars(select(model).where(model.process_id == row.id)):
        pair = move.from_stage, move.to_stage
        if pair not in pairs:
            tx.session.delete(move)
            continue
        rule = dict(pairs.pop(pair)) or None
        if move.rule != rule:
            move.rule = rule
    for (one, two), rule in pairs.items():
        tx.session.add(model(process_id=row.id, from_stage=one, to_stage=two, rule=dict(rule) or None))
    tx.session.flush()


def _keep(ctx: Context, tx: Tx, row: Any, before: Definition | None, wanted: Definition) -> int:
    """Keep the text as the next version; the first time also what was there before it."""
    model = table("process_text")
    last = tx.session.scalar(select(func.max(model.number)).where(model.process_id == row.id)) or 0
    if not last and before is not None:
        tx.add(model(process_id=row.id, number=1, text=write(before)))
        last = 1
    made = {"made_by_id": ctx.actor.id, "made_at": tx.now}
    tx.add(model(process_id=row.id, number=last + 1, text=write(wanted), **made))
    return last + 1
