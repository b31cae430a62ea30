"""Sales territories: a tree."""

from typing import Any

from sqlalchemy import select

from crmtui.services.context import Context, Tx
from crmtui.services.tree import check_parent, outline
from crmtui.store.record import table
from crmtui.store.refs import ref_of


def settle(ctx: Context, tx: Tx, row: dict[str, Any], before: dict[str, Any] | None, facts: bool) -> None:
    """A territory does not stand below itself. Raises Refused."""
    check_parent(tx, "territory", row, before)


def tree(ctx: Context) -> list[dict[str, Any]]:
    """Territories in reading order: depth, ref, name, owner."""
    with ctx.reading() as tx:
        model, user = table("territory"), table("user")
        names = {person.id: person.name for person in tx.session.execute(select(user.id, user.name))}
        rows = [
            (
                one.id,
                one.parent_id,
                {"ref": ref_of("territory", one.id), "name": one.name, "owner": names.get(one.owner_id)},
            )
            for one in tx.session.scalars(
                select(model).where(model.archived_at.is_(None)).order_by(model.name)
            )
        ]
        return [{"depth": depth, **item} for depth, item in outline(rows)]
