"""What holds for every tree: nobody stands below themselves."""

from typing import Any

from sqlalchemy import select

from crmtui.errors import Refused
from crmtui.i18n import N_
from crmtui.services.context import Tx
from crmtui.store.record import table
from crmtui.store.refs import ref_of


def check_parent(
    tx: Tx, noun: str, row: dict[str, Any], before: dict[str, Any] | None, column: str = "parent_id"
) -> None:
    """Raise Refused when the new parent of `row` is the record itself or stands below it.

    The tree is locked first: of two people who move A under B and B under A at once, the second is refused.
    """
    parent = row.get(column)
    if before is None or parent is None or parent == before.get(column):
        return
    tx.lock()
    model = table(noun)
    up = (
        select(model.id, getattr(model, column).label("up"))
        .where(model.id == parent)
        .cte("upwards", recursive=True)
    )
    up = up.union(select(model.id, getattr(model, column)).join(up, model.id == up.c.up))
    with tx.without_predicate("tree"):
        above = set(tx.session.scalars(select(up.c.id)))
    if before["id"] in above:
        raise Refused(
            "tree.circle",
            N_("{child} cannot stand under {parent}: {parent} stands under it."),
            field=column.removesuffix("_id"),
            hint=N_("Move {parent} away first."),
            child=ref_of(noun, before["id"]),
            parent=ref_of(noun, parent),
        )


def outline(rows: list[tuple[int, int | None, Any]]) -> list[tuple[int, Any]]:
    """Records (id, parent id, item) as a tree in reading order: (depth, item). What hangs on nothing stands at the top."""
    known = {record for record, _, _ in rows}
    below: dict[int | None, list[tuple[int, Any]]] = {}
    for record, parent, item in rows:
        below.setdefault(parent if parent in known else None, []).append((record, item))
    found: list[tuple[int, Any]] = []
    waiting = [(0, pair) for pair in reversed(below.get(None, []))]
    while waiting:
        depth, (record, item) = waiting.pop()
        found.append((depth, item))
        waiting += [(depth + 1, pair) for pair in reversed(below.get(record, []))]
    return found
