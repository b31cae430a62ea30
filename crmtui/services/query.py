"""Conditions saved under a name."""

from typing import Any

from crmtui.errors import Invalid
from crmtui.i18n import N_
from crmtui.services.context import Context, Tx
from crmtui.services.nouns import NOUNS
from crmtui.text import nearest


def settle(ctx: Context, tx: Tx, row: dict[str, Any], before: dict[str, Any] | None, facts: bool) -> None:
    """A saved condition names a noun and can be understood. Raises Invalid."""
    from crmtui.services import records

    if row.get("noun") not in NOUNS:
        near = nearest(str(row.get("noun") or ""), NOUNS)
        raise Invalid(
            "noun.unknown",
            N_("There is no noun {noun}."),
            field="noun",
            hint=N_("Did you mean {near}?") if near else "",
            noun=row.get("noun"),
            near=near,
        )
    records.matching(ctx, tx, str(row["noun"]), str(row.get("condition") or ""))
    if row.get("owner_id") is None:
        row["owner_id"] = ctx.actor.id


def save(
    ctx: Context, name: str, noun: str, condition: str, sort: str = "", *, shared: bool | None = None
) -> Any:
    """Save a condition under a name, over an earlier one of the same name; return it.

    `shared` says whether everybody sees it or its owner alone; None: as it was, a new one is shared.
    Raises Invalid, Forbidden, and Refused where somebody else has the name for themselves.
    """
    from sqlalchemy import select

    from crmtui.services import records
    from crmtui.store.record import table

    with ctx.transaction("query.save") as tx:
        given: dict[str, object] = {"noun": noun, "condition": condition, "sort": sort or None}
        if shared is not None:
            given["shared"] = "true" if shared else "false"
        found = tx.session.scalars(select(table("query")).where(table("query").name == name)).first()
        if found is None:
            return records.insert(
                ctx, tx, "query", records.read_values(ctx, tx, "query", {"name": name, **given})
            )
        changed = records.read_values(ctx, tx, "query", given, before=records.columns_of(found))
        records.apply(ctx, tx, found, {**changed, "archived_at": None})
        return found
