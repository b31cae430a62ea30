"""The lists of types and states that a company edits."""

from typing import Any

from crmtui.errors import Refused
from crmtui.i18n import N_
from crmtui.services.context import Context, Tx
from crmtui.text import fold


def settle(ctx: Context, tx: Tx, row: dict[str, Any], before: dict[str, Any] | None, facts: bool) -> None:
    """An entry has a code and a name, each made from the other when missing; list and code never change. Raises Refused."""
    row["name"] = row.get("name") or row.get("code")
    row["code"] = row.get("code") or "-".join(fold(row["name"] or "").split()) or None
    if before is not None and (row["list"], row["code"]) != (before["list"], before["code"]):
        raise Refused(
            "type.fixed",
            N_("A list entry keeps its list and code, because records hold the code."),
            hint=N_("Change its name, or add another entry."),
        )
    ctx.forget_lists()
