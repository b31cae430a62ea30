"""Records handed over to somebody else, one or many, with the open work that belongs to them; as one change."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select

from crmtui.errors import Invalid, Refused
from crmtui.i18n import N_, gettext
from crmtui.services import notices, presence, records
from crmtui.services.context import Context, Ref, Tx
from crmtui.services.pool import Moved
from crmtui.store import handover, refs
from crmtui.store.bulk import member
from crmtui.store.record import TABLES, label_column, table
from crmtui.store.visibility import reach

OPEN = {
    "lead": ("new", "assigned", "working", "qualified"),
    "opp": ("open", "suspended"),
    "quote": ("draft", "submitted", "approved", "sent", "accepted", "returned"),
    "task": ("open", "accepted"),
}
"""Noun → the states in which a record of it is still worked on; records of other nouns always are."""
GOES_ALONG = {"account": ("contact", "opp", "quote"), "opp": ("quote",)}
"""Noun → whose open records go with one of it; tasks go with everything."""
MANY = 5
"""Of more records than that at once their new owner is told together."""


def transfer(
    ctx: Context,
    noun: str,
    wanted: Sequence[str],
    to: str,
    *,
    where: str = "",
    with_open: bool = False,
    note: str = "",
) -> list[Moved]:
    """Hand records, named or meeting a condition, over to somebody; with `with_open` also the open work of their owners.

    What goes along is what the same owner has and the actor may edit. What is theirs already, and closed records that a
    condition finds, stay. Returns all that moved. Raises NotFound, Invalid, Forbidden, Refused (closed; somebody who
    has left), Conflict.
    """
    with ctx.transaction(f"{noun}.transfer", note) as tx:
        person = refs.resolve(tx, "user", to)
        if presence.person(tx, person) is None:
            raise Refused(
                "user.left", N_("{ref} does not work here any more."), field="to", ref=f"U-{person}"
            )
        rows = _chosen(ctx, tx, noun, wanted, where, person)
        moved = _hand(ctx, tx, noun, [row for row in rows if row.owner_id != person], person)
        if with_open:
            moved += _along(ctx, tx, noun, moved, person)
        _tell(ctx, tx, [one for one in moved if one.noun == noun], person)
        return moved


def _chosen(ctx: Context, tx: Tx, noun: str, wanted: Sequence[str], where: str, person: int) -> list[Any]:
    if bool(wanted) == bool(where):
        raise Invalid(
            "transfer.which",
            N_("Say which records are meant."),
            hint=N_("Name them, or describe them with --where."),
        )
    model = table(noun)
    if where:
        found = records.matching(ctx, tx, noun, where, verb="transfer")
        query = select(model).where(*found, *_open(noun, model)).order_by(model.id)
        return list(tx.session.scalars(query if tx.store.sqlite else query.with_for_update(key_share=True)))
    rows = [refs.get(tx, noun, ref) for ref in wanted]
    for row in rows:
        ctx.check_version(tx, row, {"owner": person})
        if noun in OPEN and row.state not in OPEN[noun]:
            raise Refused(
                "transfer.closed",
                N_("{ref} is {state}; it stays with its owner."),
                field="owner",
                ref=refs.ref_of(noun, row.id),
                state=gettext(row.state),
            )
    return list({row.id: row for row in rows}.values())


def _open(noun: str, model: Any) -> list[Any]:
    return [model.state.in_(OPEN[noun])] if noun in OPEN else []


def _hand(ctx: Context, tx: Tx, noun: str, rows: Sequence[Any], person: int) -> list[Moved]:
    """Make `person` the owner of records that were read, and locked, in this transaction."""
    model, ids = table(noun), [row.id for row in rows]
    moved = [Moved(noun, row.id, _name(row), row.owner_id, person, "") for row in rows]
    values: dict[str, Any] = {"owner_id": person}
    if "owned_at" in model.model_fields:
        values |= {"owned_at": tx.now, "pooled_at": None, "pool_reason": None}
    with tx.without_predicate("assign"):
        if noun == "lead":
            _assigned(tx, rows, person)
            values["recommended_id"] = None
        handover.hand(tx, noun, ids, values)
        for one in ids:
            handover.fresh(tx, noun, one)
    return moved


def _assigned(tx: Tx, leads: Sequence[Any], person: int) -> None:
    """A lead that nobody had is assigned now; what was offered to others is not any more."""
    offer = table("assign")
    free = [lead.id for lead in leads if lead.state == "new"]
    handover.hand(tx, "lead", free, {"state": "assigned"})
    if leads:
        ids = [lead.id for lead in leads]
        live = select(offer.id).where(
            member(tx, offer.lead_id, ids), offer.state.in_(("recommended", "assigned"))
        )
        ended = {"state": "replaced", "decided_at": tx.now}
        handover.hand(tx, "assign", list(tx.session.scalars(live)), ended)


def _along(ctx: Context, tx: Tx, noun: str, moved: Sequence[Moved], person: int) -> list[Moved]:
    """Hand over what belongs to the moved records, is still open, and was their owner's."""
    former = {one.id: one.former for one in moved if one.noun == noun}
    found: list[Moved] = []
    for other in GOES_ALONG.get(noun, ()):
        model = table(other)
        points = getattr(model, f"{noun}_id")
        query = (
            select(model).where(
                member(tx, points, list(former)), model.archived_at.is_(None), *_open(other, model)
            )
            if former
            else None
        )
        rows = [] if query is None else _editable(ctx, tx, other, query)
        mine = [row for row in rows if row.owner_id == former[getattr(row, f"{noun}_id")]]
        found += _hand(ctx, tx, other, [row for row in mine if row.owner_id != person], person)
    return found + _tasks(ctx, tx, [*moved, *found], person)


def _editable(ctx: Context, tx: Tx, noun: str, query: Any) -> list[Any]:
    model = table(noun)
    query = query.where(reach(noun, ctx.actor, "edit")).order_by(model.id)
    return list(tx.session.scalars(query if tx.store.sqlite else query.with_for_update(key_share=True)))


def _tasks(ctx: Context, tx: Tx, moved: Sequence[Moved], person: int) -> list[Moved]:
    if "task" not in TABLES or not moved:
        return []
    task = table("task")
    former = {refs.ref_of(one.noun, one.id): one.former for one in moved}
    query = select(task).where(member(tx, task.about, list(former)), *_open("task", task))
    rows = [row for row in _editable(ctx, tx, "task", query) if row.owner_id == former[row.about]]
    return _hand(ctx, tx, "task", [row for row in rows if row.owner_id != person], person)


def _tell(ctx: Context, tx: Tx, moved: Sequence[Moved], person: int) -> None:
    if len(moved) > MANY:
        first = moved[0]
        about = (first.noun, first.id)
        notices.tell(ctx, tx, [person], "record.handed_many", about, name=first.name, count=len(moved))
        return
    for one in moved:
        notices.tell(ctx, tx, [person], "record.handed", (one.noun, one.id), name=one.name)


def _name(row: Any) -> str:
    return str(getattr(row, label_column(row.NOUN)))


def moves(ctx: Context, moved: Iterable[Moved]) -> list[dict[str, Any]]:
    """What moved, as rows: ref, name, former_owner, owner, reason."""
    from crmtui.services.assign_people import names
    from crmtui.services.pool import said

    every = list(moved)
    with ctx.reading() as tx, tx.without_predicate("names"):
        called = names(tx, [one for each in every for one in (each.former, each.owner) if one is not None])

    def person(one: int | None) -> Ref | None:
        return Ref(refs.ref_of("user", one), called.get(one), one) if one is not None else None

    return [
        {
            "ref": refs.ref_of(one.noun, one.id),
            "name": one.name,
            "former_owner": person(one.former),
            "owner": person(one.owner),
            "reason": said(one.reason) if one.reason else None,
        }
        for one in every
    ]
