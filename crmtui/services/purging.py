"""Taking closed opportunities out of the store for good, once they were archived."""

from datetime import date
from typing import Any

from sqlalchemy import select

from crmtui.errors import Refused
from crmtui.i18n import N_, gettext
from crmtui.services.context import Context, Tx
from crmtui.services.opportunity import CLOSED
from crmtui.services.records import Report
from crmtui.store import refs, schema
from crmtui.store.record import PARTS, TABLES, table

LET_GO = "lead"
"""The noun whose records outlive the opportunity that they point at: a converted lead stays."""


def purge(ctx: Context, ref: str) -> Any:
    """Take one archived, closed opportunity out of the store; return what it was. The journal keeps it.

    Raises NotFound, Refused (not archived, not closed, something else points at it), Forbidden, Conflict.
    """
    with ctx.transaction("opp.purge") as tx:
        opp = refs.get(tx, "opp", ref)
        ctx.check_version(tx, opp, {})
        _check_put_away(opp)
        holding = _holding(tx, opp.id)
        if holding:
            raise Refused(
                "opp.in_use",
                N_("{ref} stays: {others} points at it."),
                ref=refs.ref_of("opp", opp.id),
                others=holding,
            )
        _take_out(tx, opp)
        return opp


def purge_archived(ctx: Context, before: date | None = None) -> Report:
    """Take out every archived, closed opportunity (archived before a day, if one is said) that nothing else points at.

    The report counts those that stay as refused. Raises Forbidden.
    """
    with ctx.transaction("opp.purge") as tx:
        found = _put_away(ctx, tx, before)
        gone = [opp for opp in found if not _holding(tx, opp.id)]
        for opp in gone:
            _take_out(tx, opp)
        return Report(len(found), len(gone), len(found) - len(gone))


def how_many(ctx: Context, before: date | None = None) -> int:
    """How many archived, closed opportunities there are to take out, if nothing points at them. Raises Forbidden."""
    with ctx.reading() as tx:
        return len(_put_away(ctx, tx, before))


def _put_away(ctx: Context, tx: Tx, before: date | None) -> list[Any]:
    model = table("opp")
    query = select(model).where(model.archived_at.is_not(None), model.state.in_(CLOSED)).order_by(model.id)
    if before is not None:
        query = query.where(model.archived_at < ctx.clock.start_of(before))
    return list(tx.session.scalars(query))


def _check_put_away(opp: Any) -> None:
    if opp.state not in CLOSED:
        raise Refused(
            "opp.not_closed",
            N_("{ref} is {state}; only what is closed is taken out."),
            field="state",
            ref=refs.ref_of("opp", opp.id),
            state=gettext(opp.state),
        )
    if opp.archived_at is None:
        raise Refused(
            "opp.not_archived",
            N_("{ref} is not archived; it is archived before it is taken out."),
            field="archived_at",
            hint=N_("Archive it first: crm opp archive {ref}"),
            ref=refs.ref_of("opp", opp.id),
        )


def _pointers(noun: str) -> list[str]:
    found = schema.references(table(noun).__table__, noun)
    return [column for column, of in found.items() if of == "opp"]


def _holding(tx: Tx, opp: int) -> str:
    """The ref of a record that points at the opportunity and keeps it in the store; empty for none."""
    for noun in TABLES:
        for column in _pointers(noun) if noun != LET_GO else ():
            rows = table(noun).__table__
            found = tx.session.connection().execute(select(rows.c.id).where(rows.c[column] == opp)).first()
            if found is not None:
                return refs.ref_of(noun, found.id)
    return ""


def _take_out(tx: Tx, opp: Any) -> None:
    lead = table(LET_GO)
    for row in tx.session.scalars(select(lead).where(lead.opp_id == opp.id)):
        row.opp_id = None
    for part in PARTS:
        for column in _pointers(part):
            model = table(part)
            for row in tx.session.scalars(select(model).where(getattr(model, column) == opp.id)):
                tx.session.delete(row)
    tx.session.flush()
    tx.session.delete(opp)
    tx.session.flush()
