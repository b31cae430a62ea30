"""What the store keeps besides what people entered: search keys, recomputed, compared and put right."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from crmtui.errors import Forbidden
from crmtui.i18n import N_
from crmtui.services.context import Context, Tx
from crmtui.store.keys import search_keys
from crmtui.store.record import TABLES, table

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


def check(ctx: Context, *, repair: bool = False) -> list[Checked]:
    """Recompute the search keys of every record and compare; `repair` writes the right ones. One row for each noun.

    Raises Forbidden unless the actor may check the store.
    """
    if ctx.actor.scope("store", "check") != "all":
        raise Forbidden(
            "store.check",
            N_("Your role does not let you check the store."),
            hint=N_("Ask an administrator; crm who-can check store names them."),
        )
    if not repair:
        with ctx.reading() as tx, tx.without_predicate("doctor"):
            return [_compared(tx, noun, ctx.company.phone_region)[0] for noun in TABLES]
    with ctx.transaction("store.check") as tx, tx.without_predicate("doctor"):
        return [_repaired(tx, noun, ctx.company.phone_region) for noun in TABLES]


def _compared(tx: Tx, noun: str, region: str) -> tuple[Checked, dict[int, dict[str, str | None]]]:
    count, wrong = 0, {}
    for record, keys in wrong_keys(tx, noun, region):
        count += 1
        if keys:
            wrong[record] = keys
    return Checked(noun, count, len(wrong), 0), wrong


def _repaired(tx: Tx, noun: str, region: str) -> Checked:
    found, wrong = _compared(tx, noun, region)
    model: Any = table(noun)
    ids = list(wrong)
    for start in range(0, len(ids), PAGE):
        page = select(model).where(model.id.in_(ids[start : start + PAGE])).order_by(model.id)
        for row in tx.session.scalars(page):
            for column, key in wrong[row.id].items():
                setattr(row, column, key)
        tx.session.flush()
        tx.session.expunge_all()
    return Checked(noun, found.records, found.wrong, found.wrong)
