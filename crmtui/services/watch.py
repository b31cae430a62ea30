"""What others changed meanwhile: the journal's high-water mark, and the records behind what came since."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, or_, select, text

from crmtui.services.context import Context, Tx
from crmtui.store.journal import Entry
from crmtui.store.record import TABLES, table
from crmtui.store.refs import ref_of

MOST = 500
"""So many changed records are named; beyond that everything counts as changed."""


@dataclass(frozen=True)
class Seen:
    """Changes since a mark: the new mark, the refs of the records that others changed, whether they are too many to name."""

    mark: int
    refs: frozenset[str] = frozenset()
    many: bool = False


def mark(ctx: Context) -> int:
    """The number of the last entry below which none can still appear; 0 for an empty journal."""
    # On PostgreSQL entries are numbered when they are written and seen when they are committed: only those count
    # that are older than the oldest transaction still running.
    query = select(func.max(Entry.id))
    if not ctx.store.sqlite:
        query = query.where(text("xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint"))
    with ctx.reading() as tx:
        return int(tx.session.scalar(query) or 0)


def since(ctx: Context, before: int, own: frozenset[int] = frozenset()) -> Seen:
    """What changed after the mark `before` other than by the transactions `own`.

    It names refs only, which tell nothing of a record that one may not see.
    """
    now = mark(ctx)
    if now <= before:
        return Seen(now)
    entry: Any = Entry
    query = (
        select(entry.noun, entry.record)
        .distinct()
        .where(entry.id > before, entry.id <= now, or_(entry.tx.is_(None), entry.tx.not_in(own)))
        .limit(MOST + 1)
    )
    with ctx.reading() as tx:
        rows = tx.session.execute(query).all()
    refs = frozenset(ref_of(noun, record) for noun, record in rows if noun in TABLES)
    return Seen(now, refs, len(rows) > MOST)


def refs_of(ctx: Context, number: str, most: int = 200) -> list[str]:
    """The refs of the visible records that a transaction changed, in the order of the journal; at most `most`."""
    entry: Any = Entry
    query = select(entry.noun, entry.record).distinct().where(entry.tx == int(number)).limit(most)
    with ctx.reading() as tx:
        rows = [(noun, record) for noun, record in tx.session.execute(query) if noun in TABLES]
        return [ref_of(noun, record) for noun, record in rows if _seen(tx, noun, record)]


def _seen(tx: Tx, noun: str, record: int) -> bool:
    model = table(noun)
    return tx.session.scalar(select(model.id).where(model.id == record)) is not None
