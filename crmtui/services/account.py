"""Customers."""

from typing import Any

from sqlalchemy import select

from crmtui.services.context import Context, Tx
from crmtui.services.tree import check_parent, outline
from crmtui.store import refs
from crmtui.store.record import table
from crmtui.store.session import check_right, may_record

FACTS_STAND = True
"""A new record of an import is taken as it is, without being settled."""


def settle(ctx: Context, tx: Tx, row: dict[str, Any], before: dict[str, Any] | None, facts: bool) -> None:
    """Whoever enters a customer owns it unless somebody else is named; no company is its own parent. Raises Refused,
    Forbidden for a credit limit without the right to give credit.
    """
    check_parent(tx, "account", row, before)
    _check_credit(tx, row, before, facts)
    if before is None and not facts and row.get("owner_id") is None:
        row["owner_id"] = ctx.actor.id
    handed(tx, row, before)


def _check_credit(tx: Tx, row: dict[str, Any], before: dict[str, Any] | None, facts: bool) -> None:
    if facts or row.get("credit_limit") == (before or {}).get("credit_limit"):
        return
    check_right(tx, "account", "credit")
    if before is not None:
        may_record(tx, "account", before["id"], "credit")


def handed(tx: Tx, row: dict[str, Any], before: dict[str, Any] | None) -> None:
    """Note since when the owner has had it, and that what somebody has is not in the pool."""
    owner = row.get("owner_id")
    if before is not None and before["owner_id"] == owner:
        return
    row["owned_at"] = tx.now if owner is not None else None
    if owner is not None:
        row["pooled_at"] = row["pool_reason"] = None


def org(ctx: Context, ref: str) -> list[dict[str, Any]]:
    """The organisation of a customer in reading order: depth, ref, name, title, buying_role; people, then subsidiaries.

    Raises NotFound.
    """
    with ctx.reading() as tx:
        account, contact = table("account"), table("contact")
        top = refs.get(tx, "account", ref)
        people = list(
            tx.session.scalars(
                select(contact)
                .where(contact.account_id == top.id, contact.archived_at.is_(None))
                .order_by(contact.id)
            )
        )
        companies = list(
            tx.session.scalars(
                select(account)
                .where(account.parent_id == top.id, account.archived_at.is_(None))
                .order_by(account.name)
            )
        )
        rows: list[tuple[int, int | None, Any]] = [(0, None, _line("account", top, None, None))]
        rows += [
            (
                one.id,
                one.reports_to_id if one.reports_to_id in {p.id for p in people} else 0,
                _line("contact", one, one.title, one.buying_role),
            )
            for one in people
        ]
        rows += [(-one.id, 0, _line("account", one, None, None)) for one in companies]
        return [{"depth": depth, **item} for depth, item in outline(rows)]


def _line(noun: str, row: Any, title: str | None, buying_role: str | None) -> dict[str, Any]:
    return {"ref": refs.ref_of(noun, row.id), "name": row.name, "title": title, "buying_role": buying_role}
