"""Departments: a tree with people in it."""

from functools import partial
from typing import Any

from sqlalchemy import select

from crmtui.services.context import Context, Tx
from crmtui.services.tree import check_parent, outline
from crmtui.store.record import table
from crmtui.store.refs import ref_of
from crmtui.store.values import Coded, in_language


def settle(ctx: Context, tx: Tx, row: dict[str, Any], before: dict[str, Any] | None, facts: bool) -> None:
    """A department does not stand below itself. Raises Refused."""
    check_parent(tx, "dept", row, before)


def tree(ctx: Context) -> list[dict[str, Any]]:
    """Departments and their people in reading order: depth, ref, name, head (of a department), role (of a person)."""
    with ctx.reading() as tx:
        dept, user, role = table("dept"), table("user"), table("role")
        roles = {
            record: Coded(code, partial(in_language, name, name_zh))
            for record, code, name, name_zh in tx.session.execute(
                select(role.id, role.code, role.name, role.name_zh)
            )
        }
        people = list(
            tx.session.scalars(
                select(user).where(user.archived_at.is_(None), user.active.is_(True)).order_by(user.name)
            )
        )
        names = {person.id: person.name for person in people}
        depts = list(tx.session.scalars(select(dept).where(dept.archived_at.is_(None)).order_by(dept.name)))
        rows: list[tuple[int, int | None, Any]] = []
        for one in depts:
            item = {
                "ref": ref_of("dept", one.id),
                "name": one.name,
                "head": names.get(one.head_id),
                "role": None,
            }
            rows.append((one.id, one.parent_id, item))
        for person in people:
            item = {
                "ref": ref_of("user", person.id),
                "name": person.name,
                "head": None,
                "role": roles.get(person.role_id),
            }
            rows.append((-person.id, person.dept_id, item))
        return [{"depth": depth, **item} for depth, item in outline(rows)]
