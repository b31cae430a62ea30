"""What the store keeps besides what people entered: search keys and the search index, compared and put right."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from crmtui.errors import Forbidden
from crmtui.i18n import N_
from crmtui.services.context import Context, Tx
from crmtui.services.nouns import SEARCHED
from crmtui.store import search, statistics
from crmtui.store.keys import search_keys
from crmtui.store.record import TABLES, table
from crmtui.store.session import guard

KEYS = ("name_key", "phone_key")
SOURCES = ("phone", "mobile")
PAGE = 1000


@dataclass(frozen=True)
class Checked:
    """How many records of a noun were looked at, how many had a wrong key, and how many were put right."""

    noun: str
    records: int
    wrong: int
    repaired: int


def wrong_keys(tx: Tx, noun: str, region: str) -> Iterator[tuple[int, dict[str, str | None]]]:
    """Every record of `noun` by id, with those of its search keys that are not what they should be."""
    model = table(noun)
    names = [name for name in ("id", model.LABEL, *SOURCES, *KEYS) if name in model.model_fields]
    query = select(*(getattr(model, name) for name in dict.fromkeys(names))).order_by(model.id)
    rows = tx.session.execute(query.execution_options(yield_per=PAGE)).mappings()
    for row in rows:
        wanted = search_keys(model, dict(row), region)
        yield row["id"], {column: key for column, key in wanted.items() if row[column] != key}


def wrong_in_index(tx: Tx, noun: str) -> Iterator[int]:
    """The ids of the records of `noun` that the search index does not hold as they are."""
    for ids in search.wrong(tx.session.connection(), noun, SEARCHED[noun]) if noun in SEARCHED else ():
        yield from ids


def catch_up(ctx: Context, tell: Callable[[int], None] | None = None) -> int:
    """Index what imports have left to be indexed, this one's and those of processes that ended before they came to it.

    Page by page, each committed by itself; `tell` is called with the number of changes so far, which comes back in the
    end. Raises Busy.
    """
    done = 0
    while not ctx.dry_run:
        with (
            guard(ctx.store),
            ctx.store.engine.execution_options(write=True).begin() as connection,
        ):
            page = search.pay(connection, SEARCHED)
        if page is None:
            break
        done += page
        if tell is not None:
            tell(done)
    return done


def check(ctx: Context, *, repair: bool = False) -> list[Checked]:
    """Recompute what is kept of every record and compare; `repair` writes the right ones. One row for each noun.

    Raises Forbidden unless the actor may check the store.
    """
    if ctx.actor.scope("store", "check") != "all":
        raise Forbidden(
            "store.check",
            N_("Your role does not let you check the store."),
            hint=N_("Ask an administrator; crm who-can check store names them."),
        )
    with ctx.reading() as tx, tx.without_predicate("doctor"):
        found = {noun: _compared(tx, noun, ctx.company.phone_region) for noun in TABLES}
    if repair:
        with ctx.transaction("store.check") as tx, tx.without_predicate("doctor"):
            for noun, (_, keys, _) in found.items():
                _repair(tx, noun, keys)
        _repair_index(ctx)
        statistics.count_again(ctx.store, TABLES)
    return [
        Checked(noun, count, len(wrong), len(wrong) if repair else 0)
        for noun, (count, keys, ids) in found.items()
        for wrong in [keys.keys() | ids]
    ]


Wrong = dict[int, dict[str, str | None]]


def _compared(tx: Tx, noun: str, region: str) -> tuple[int, Wrong, set[int]]:
    count, wrong = 0, {}
    for record, keys in wrong_keys(tx, noun, region):
        count += 1
        if keys:
            wrong[record] = keys
    return count, wrong, set(wrong_in_index(tx, noun))


def _repair(tx: Tx, noun: str, wrong: Wrong) -> None:
    model: Any = table(noun)
    ids = list(wrong)
    for start in range(0, len(ids), PAGE):
        page = select(model).where(model.id.in_(ids[start : start + PAGE])).order_by(model.id)
        for row in tx.session.scalars(page):
            for column, key in wrong[row.id].items():
                setattr(row, column, key)
        tx.session.flush()
        tx.session.expunge_all()


def _repair_index(ctx: Context) -> None:
    """Write anew what differs, after what was left to be done; in pages that commit by themselves."""
    if ctx.dry_run:
        return
    catch_up(ctx)
    for noun, searched in SEARCHED.items():
        with ctx.reading() as tx:
            ids = list(wrong_in_index(tx, noun))
        for start in range(0, len(ids), search.PAGE):
            with (
                guard(ctx.store),
                ctx.store.engine.execution_options(write=True).begin() as connection,
            ):
                search.write(connection, noun, ids[start : start + search.PAGE], searched)
