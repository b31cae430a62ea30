"""What does not move: opportunities and leads for too long in one place, or without anybody doing anything about them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select

from crmtui.services import notices, records
from crmtui.services.context import Context, Tx
from crmtui.store import acts, refs
from crmtui.store.acts import Act
from crmtui.store.record import table

QUIET_DAYS = 21
"""From how many days without a real action something counts as stuck, if nothing else is said."""
LEAD_DAYS = 14
"""How many days a lead may stand in one state, if nothing else is said."""
REAL = {
    "opp": (
        *("opp.add", "opp.advance", "opp.adjust", "opp.checklist", "opp.close", "opp.reopen", "opp.suspend"),
        *("opp.reactivate", "opp.log", "lead.convert"),
    ),
    "lead": ("lead.add", "lead.intake", "lead.qualify", "lead.accept", "lead.delegate", "lead.follow"),
    "task": ("task.accept", "task.done"),
    "quote": ("quote.make", "quote.submit", "quote.send", "quote.revise", "quote.counter", "quote.accept"),
}
"""Noun → the verbs that count as a real action: somebody did something about the deal. A transfer, a bulk edit, an
import or a merge moves records, not deals."""
MOVED = ("lead.qualify", "lead.delegate", "lead.accept", "lead.decline", "assign.confirm", "assign.run")
"""The verbs that bring a lead into another state."""
WORKED = ("new", "assigned", "working", "qualified")
"""The states of leads that somebody should be working on."""


def opportunities(ctx: Context, where: str = "", quiet: int = QUIET_DAYS) -> list[dict[str, Any]]:
    """The open opportunities that are stuck by either clock, and those whose rest is over, the longest over first.

    Rows of ref, name, account, owner, stage, days (in the stage), allowed, over (days), quiet (days since a real
    action), action (what that was), action_at, and why: over, quiet, both, or awake. Raises Invalid for a condition.
    """
    with ctx.reading() as tx:
        opp, stage = table("opp"), table("stage")
        found = records.matching(ctx, tx, "opp", where)
        limit = (stage.process_id == opp.process_id) & (stage.code == opp.stage)
        query = select(opp.id, opp.created_at, opp.stage_at.label("since"), stage.max_days.label("allowed"))
        query = query.select_from(opp).outerjoin(stage, limit).where(*found, opp.state == "open")
        rows = tx.session.execute(query).all()
        done = _last_acts(tx, "opp", [row.id for row in rows])
        judged = [_judged(ctx, "opp", row, row.allowed, done.get(row.id), quiet) for row in rows]
        rest = select(opp.id, opp.created_at).where(*found, opp.state == "suspended")
        over = tx.session.execute(rest.where(opp.suspended_until < ctx.clock.today())).all()
        awake = [_row(ctx, "opp", row, 0, None, None, "awake") for row in over]
        return _presented(ctx, tx, "opp", [*(row for row in judged if row), *awake])


def leads(ctx: Context, days: int = LEAD_DAYS, where: str = "") -> list[dict[str, Any]]:
    """The leads that somebody should work on and that stand in their state for more than `days`, the longest first.

    Rows as `opportunities` has them, with the state as stage. Raises Invalid for a condition.
    """
    with ctx.reading() as tx:
        lead = table("lead")
        query = select(lead.id, lead.created_at, lead.created_at.label("since"))
        found = records.matching(ctx, tx, "lead", where)
        entered = tx.session.execute(query.where(*found, lead.state.in_(WORKED))).all()
        rows = _since_last_state(tx, entered)
        done = _last_acts(tx, "lead", [row.id for row in rows])
        judged = [_judged(ctx, "lead", row, days, done.get(row.id), days) for row in rows]
        return _presented(ctx, tx, "lead", [row for row in judged if row])


class _Here(NamedTuple):
    """A record, and since when it stands where it is."""

    id: int
    created_at: datetime
    since: datetime


def _since_last_state(tx: Tx, rows: Sequence[Any]) -> list[_Here]:
    """The leads, each since the last transaction that gave it a state, else since its entry."""
    given = acts.last(tx, "lead", [row.id for row in rows], MOVED)
    return [
        _Here(row.id, row.created_at, given[row.id].at if row.id in given else row.created_at) for row in rows
    ]


def _last_acts(tx: Tx, noun: str, ids: Sequence[int]) -> dict[int, Act]:
    """Record → the last real action on it, or on a task or quote that is about it."""
    found = acts.last(tx, noun, ids, REAL[noun])
    for other, of in _about(tx, noun, ids).items():
        done = acts.last(tx, other, of, REAL[other])
        for record, act in done.items():
            about = of[record]
            if about not in found or found[about].at < act.at:
                found[about] = act
    return found


def _about(tx: Tx, noun: str, ids: Sequence[int]) -> dict[str, dict[int, int]]:
    """Noun → its records that are about one of `ids`, and about which."""
    task = table("task")
    named = {refs.ref_of(noun, one): one for one in ids}
    tasks: dict[int, int] = {}
    quotes: dict[int, int] = {}
    for some in _portions(sorted(named)):
        query = select(task.id, task.about).where(task.about.in_(some))
        tasks.update({one: named[about] for one, about in tx.session.execute(query)})
    if noun == "opp":
        quote = table("quote")
        for part in _portions(sorted(ids)):
            query = select(quote.id, quote.opp_id).where(quote.opp_id.in_(part))
            quotes.update((one, about) for one, about in tx.session.execute(query))
    return {"task": tasks, "quote": quotes}


def _portions(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (values[start : start + acts.MANY] for start in range(0, len(values), acts.MANY))


def _judged(
    ctx: Context, noun: str, row: Any, allowed: int | None, act: Act | None, quiet: int
) -> dict[str, Any] | None:
    """The row of a record that is stuck; None for one that is not."""
    days = (ctx.clock.now() - row.since).days if row.since else 0
    silent = (ctx.clock.now() - (act.at if act else row.created_at)).days
    over, still = allowed is not None and days > allowed, silent >= quiet
    if not (over or still) or (noun == "lead" and not over):
        return None
    why = "both" if over and still else "over" if over else "quiet"
    return _row(ctx, noun, row, days, allowed, act, why)


def _row(
    ctx: Context, noun: str, row: Any, days: int, allowed: int | None, act: Act | None, why: str
) -> dict[str, Any]:
    at = act.at if act else row.created_at
    return {
        "id": row.id,
        "days": days,
        "allowed": allowed,
        "over": max(days - allowed, 0) if allowed is not None else 0,
        "quiet": (ctx.clock.now() - at).days,
        "action": act.verb.replace(".", " ") if act else f"{noun} add",
        "action_at": at.astimezone(ctx.clock.zone),
        "why": why,
    }


def _presented(ctx: Context, tx: Tx, noun: str, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    ordered = sorted(rows, key=lambda row: (-row["over"], -row["quiet"], row["id"]))
    model = table(noun)
    found: dict[int, dict[str, Any]] = {}
    for some in _portions([row["id"] for row in ordered]):
        loaded = list(tx.session.scalars(select(model).where(model.id.in_(some))))
        found.update(zip([one.id for one in loaded], records.present_all(ctx, noun, loaded), strict=True))
    shown = [found[row["id"]] for row in ordered]
    return [
        {
            "ref": one["ref"],
            "name": one["name" if noun == "opp" else "company"],
            "account": one["account"] if noun == "opp" else None,
            "owner": one["owner"],
            "stage": one["stage" if noun == "opp" else "state"],
            **{key: value for key, value in row.items() if key != "id"},
        }
        for one, row in zip(shown, ordered, strict=True)
    ]


# -- told to those who should know ------------------------------------------------------------------------------


def tell(ctx: Context, where: str = "", quiet: int = QUIET_DAYS) -> list[dict[str, Any]]:
    """Tell the owners of what is stuck, and of what is over its limit their superiors too; the rows that were told of.

    Each stay in a stage is told of once, however often this is run. Raises Invalid for a condition, Forbidden.
    """
    found = opportunities(ctx, where, quiet)
    told = []
    with ctx.transaction("opp.stuck") as tx:
        opp, user = table("opp"), table("user")
        for row in found:
            one = tx.session.get(opp, int(row["ref"].partition("-")[2]))
            if one is None or one.owner_id is None or _was_told(tx, one):
                continue
            people = [one.owner_id]
            if row["why"] in ("over", "both"):
                people.append(
                    tx.session.scalars(select(user.manager_id).where(user.id == one.owner_id)).first()
                )
            days = row["quiet"] if row["why"] == "quiet" else row["days"]
            notices.tell(ctx, tx, people, f"opp.stuck_{row['why']}", ("opp", one.id), days=days)
            told.append(row)
    return told


def _was_told(tx: Tx, opp: Any) -> bool:
    """Whether somebody was told of this opportunity since it came into its stage."""
    notice = table("notice")
    since = opp.stage_at or opp.created_at
    query = select(notice.id).where(
        notice.about == refs.ref_of("opp", opp.id),
        notice.kind.like("opp.stuck_%"),
        notice.created_at >= since,
    )
    with tx.without_predicate("told"):
        return tx.session.scalars(query.limit(1)).first() is not None
