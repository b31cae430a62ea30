"""The lists of types and states that a company edits."""

from typing import Any

from crmtui.services.context import Context, Tx
from crmtui.text import fold


def settle(ctx: Context, tx: Tx, row: dict[str, Any], before: dict[str, Any] | None, facts: bool) -> None:
    """An entry has a code and a name; each is made from the other when missing."""
    row["name"] = row.get("name") or row.get("code")
    row["code"] = row.get("code") or "-".join(fold(row["name"] or "").split()) or None
    ctx.forget_lists()
