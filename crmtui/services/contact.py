"""The people at a customer."""

from typing import Any

from crmtui.errors import Invalid
from crmtui.i18n import N_
from crmtui.services.context import Context, Tx
from crmtui.services.tree import check_parent
from crmtui.store.record import table


def settle(ctx: Context, tx: Tx, row: dict[str, Any], before: dict[str, Any] | None, facts: bool) -> None:
    """A contact has a name, made from its parts when missing; one contact of a customer is the primary one.

    Raises Invalid, Refused.
    """
    row["name"] = row.get("name") or full_name(row.get("given_name"), row.get("family_name"))
    if not row["name"]:
        raise Invalid(
            "contact.no_name",
            N_("A contact needs a name."),
            field="name",
            hint=N_("Give --name, or --given-name and --family-name."),
        )
    if before is None and not facts and row.get("owner_id") is None:
        row["owner_id"] = ctx.actor.id
    check_parent(tx, "contact", row, before, "reports_to_id")
    if (
        row.get("primary")
        and row.get("account_id")
        and not (before and before["primary"] and before["account_id"] == row["account_id"])
    ):
        _step_back(tx, row["account_id"], before)


def full_name(given: str | None, family: str | None) -> str | None:
    """Given and family name as one: the family name first where the name is written in Chinese characters."""
    parts = [part for part in (given, family) if part]
    if len(parts) == 2 and all("\u4e00" <= letter <= "\u9fff" for letter in "".join(parts)):
        return f"{family}{given}"
    return " ".join(parts) or None


def _step_back(tx: Tx, account: int, before: dict[str, Any] | None) -> None:
    """The primary contact until now gives way, whoever owns it: that follows from the rule, not from a right."""
    contact = table("contact").__table__
    others = (
        contact.c.account_id == account,
        contact.c.primary.is_(True),
        contact.c.id != (before["id"] if before else 0),
    )
    values = {"primary": False, "version": contact.c.version + 1, "updated_at": tx.now}
    tx.session.connection().execute(contact.update().where(*others).values(values))
