"""What is new and what is near for the person who looks: the last changes, the next days, the first steps."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from crmtui.services import records, whose
from crmtui.services.context import Context, Tx
from crmtui.services.totals import names_of
from crmtui.services.whose import both
from crmtui.store.chronicle import CHANGE, ENTRY
from crmtui.store.record import table
from crmtui.store.refs import ref_of

FOLLOWED = ("lead", "account", "contact", "opp")
LOOKED_AT = 5_000
"""So many of the last entries of the journal are looked through."""
NEAR_DAYS = 7
_SILENT = ("version", "updated_at", "stage_at")


@dataclass(frozen=True)
class Change:
    """What one transaction did to records of one noun: `count` of them, of which `ref` and `name` are the last.

    `op` is insert, update or delete, `fields` are the names of what changed in that record, `mine` whether the viewer
    did it. `more` says that it did more than was looked at. `at` is in the zone of the company.
    """

    tx: str
    at: datetime
    actor: str
    mine: bool
    verb: str
    noun: str
    ref: str
    name: str
    count: int
    more: bool
    op: str
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Near:
    """Something with a day: `kind` is contact (of a lead) or close (of an opportunity); `late` are the days since."""

    day: date
    kind: str
    noun: str
    ref: str
    name: str
    account: str
    late: int


def began(ctx: Context) -> datetime | None:
    """The moment of the first transaction of the store."""
    with ctx.reading() as tx:
        query = select(CHANGE.c.at).order_by(CHANGE.c.id).limit(1)
        found: datetime | None = tx.session.connection().execute(query).scalar()
        return found


# -- what changed -----------------------------------------------------------------------------------------------


def recent(ctx: Context, who: str = "mine", limit: int = 12) -> list[Change]:
    """The last changes of visible leads, customers, contacts and opportunities of `who`, newest first.

    Only the last 5,000 entries of the journal are looked through, so that a large import costs no more than they do.
    """
    with ctx.reading() as tx:
        last = tx.session.connection().execute(select(func.max(ENTRY.c.id))).scalar() or 0
        concerned = [_concerned(ctx, tx, who, noun) for noun in FOLLOWED if _may_read(ctx, noun)]
        if not concerned:
            return []
        query = (
            select(
                func.max(ENTRY.c.id).label("last"),
                func.count(ENTRY.c.record.distinct()).label("records"),
            )
            .where(ENTRY.c.id > last - LOOKED_AT, ENTRY.c.tx.is_not(None), or_(*concerned))
            .group_by(ENTRY.c.tx, ENTRY.c.noun)
            .order_by(func.max(ENTRY.c.id).desc())
            .limit(limit)
        )
        counts: dict[int, int] = {row.last: row.records for row in tx.session.execute(query)}
        edge = (
            tx.session.connection().execute(select(ENTRY.c.tx).where(ENTRY.c.id == last - LOOKED_AT)).scalar()
        )
        return _changes(ctx, tx, counts, edge)


def _may_read(ctx: Context, noun: str) -> bool:
    return ctx.actor.scope(noun, "history") != "none" and ctx.actor.scope(noun, "show") != "none"


def _concerned(ctx: Context, tx: Tx, who: str, noun: str) -> ColumnElement[bool]:
    model = table(noun)
    found = records.matching(ctx, tx, noun, whose.condition(ctx, who), True, "history")
    known = exists().where(model.id == ENTRY.c.record, tx.seen(noun), *found)
    return and_(ENTRY.c.noun == noun, known)


def _changes(ctx: Context, tx: Tx, counts: dict[int, int], edge: int | None) -> list[Change]:
    query = (
        select(ENTRY, CHANGE.c.at.label("done_at"), CHANGE.c.actor_id, CHANGE.c.login, CHANGE.c.verb)
        .select_from(ENTRY.join(CHANGE, CHANGE.c.id == ENTRY.c.tx))
        .where(ENTRY.c.id.in_(list(counts)))
        .order_by(ENTRY.c.id.desc())
    )
    rows = list(tx.session.connection().execute(query))
    names: dict[tuple[str, int], str] = {}
    for noun in {row.noun for row in rows}:
        names |= names_of(tx, noun, [row.record for row in rows if row.noun == noun])
    people = names_of(tx, "user", [row.actor_id for row in rows if row.actor_id is not None])
    return [
        Change(
            str(row.tx),
            row.done_at.astimezone(ctx.clock.zone),
            people.get(("user", row.actor_id), row.login),
            row.actor_id == ctx.actor.id,
            row.verb,
            row.noun,
            ref_of(row.noun, row.record),
            names.get((row.noun, row.record), ""),
            counts[row.id],
            row.tx == edge,
            row.op,
            _fields(row.noun, row.after),
        )
        for row in rows
    ]


def _fields(noun: str, after: str | None) -> tuple[str, ...]:
    changed = json.loads(after) if after else {}
    return tuple(
        field.name
        for field in records.declared_fields(noun)
        if field.column in changed and field.name not in _SILENT
    )


# -- what is near -----------------------------------------------------------------------------------------------


def near(ctx: Context, who: str = "mine", limit: int = 12) -> list[Near]:
    """Leads to be contacted and opportunities expected to close, up to the next seven days: what is late first."""
    found = [*_contacts(ctx, who, limit), *_closes(ctx, who, limit)]
    return sorted(found, key=lambda one: (one.day, one.noun, one.ref))[:limit]


def contacts_where(ctx: Context, who: str) -> str:
    """The condition for leads that are to be contacted within the next seven days, or should have been."""
    return both(
        f"next_contact_on<=today+{NEAR_DAYS}d",
        "state not in (disqualified, converted)",
        whose.condition(ctx, who),
    )


def closes_where(ctx: Context, who: str) -> str:
    """The condition for open opportunities expected to close within the next seven days, or before today."""
    return both("state=open", f"expected_close_on<=today+{NEAR_DAYS}d", whose.condition(ctx, who))


def _contacts(ctx: Context, who: str, limit: int) -> list[Near]:
    if not _may_read(ctx, "lead"):
        return []
    fields = ("ref", "company", "contact_name", "next_contact_on")
    found = records.find(
        ctx, "lead", where=contacts_where(ctx, who), sort="next_contact_on", limit=limit, fields=fields
    )
    return [
        _near(
            ctx,
            "contact",
            "lead",
            row,
            row["next_contact_on"],
            row["contact_name"] or row["company"],
            row["company"],
        )
        for row in found.rows
    ]


def _closes(ctx: Context, who: str, limit: int) -> list[Near]:
    if not _may_read(ctx, "opp"):
        return []
    fields = ("ref", "name", "account", "expected_close_on")
    found = records.find(
        ctx, "opp", where=closes_where(ctx, who), sort="expected_close_on", limit=limit, fields=fields
    )
    return [
        _near(
            ctx,
            "close",
            "opp",
            row,
            row["expected_close_on"],
            row["name"],
            "" if row["account"] is None else str(row["account"].name or row["account"].ref),
        )
        for row in found.rows
    ]


def _near(
    ctx: Context, kind: str, noun: str, row: dict[str, Any], day: date, name: str, account: str
) -> Near:
    late = max((ctx.clock.today() - day) // timedelta(days=1), 0)
    return Near(day, kind, noun, row["ref"], name, account, late)


# -- a new company ----------------------------------------------------------------------------------------------


def steps(ctx: Context) -> list[str]:
    """What a new company still has to do, of leads (there are no leads and no opportunities), people and quota."""
    missing: Sequence[tuple[str, bool]] = (
        ("leads", _fewer(ctx, "lead", 1) and _fewer(ctx, "opp", 1)),
        ("people", _fewer(ctx, "user", 2)),
        ("quota", _fewer(ctx, "quota", 1)),
    )
    return [step for step, lacking in missing if lacking]


def _fewer(ctx: Context, noun: str, count: int) -> bool:
    if ctx.actor.scope(noun, "list") == "none":
        return False
    return len(list(records.find(ctx, noun, limit=count, fields=("id",)).rows)) < count
