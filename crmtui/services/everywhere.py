"""Rules of the company look at every record, whoever sets them going: conditions that leave nothing out."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, select

from crmtui.services import records
from crmtui.services.context import Context, Tx
from crmtui.store import condition, where
from crmtui.store.bulk import member
from crmtui.store.record import table


class _Every(dict[tuple[str, str], str]):
    """Rights that reach everything."""

    def get(self, key: Any, default: Any = None) -> Any:
        return "all"


def compiled(ctx: Context, tx: Tx, noun: str, text: str | None) -> list[ColumnElement[bool]]:
    """The condition of a rule on `noun` as SQL, following references out of the actor's sight; empty for no condition.

    Whoever reads with it is inside `tx.without_predicate`. Raises Invalid, NotFound.
    """
    if not (text or "").strip():
        return []
    scope = replace(records.scope_for(ctx, tx), actor=replace(ctx.actor, rights=_Every()))
    return [where.compile(condition.parse(text or ""), noun, scope)]


def fitting(ctx: Context, tx: Tx, noun: str, text: str | None, ids: Collection[int]) -> set[int]:
    """Those of the records `ids` that meet the condition. Raises Invalid, NotFound."""
    if not ids:
        return set()
    model = table(noun)
    found = compiled(ctx, tx, noun, text)
    return set(tx.session.scalars(select(model.id).where(member(tx, model.id, ids), *found)))
