"""The attributes that a company adds to a noun."""

import re
from typing import Any

from crmtui.errors import Invalid, Refused
from crmtui.i18n import N_
from crmtui.services.context import Context, Tx
from crmtui.services.nouns import NOUNS
from crmtui.text import nearest

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


def settle(ctx: Context, tx: Tx, row: dict[str, Any], before: dict[str, Any] | None, facts: bool) -> None:
    """An attribute belongs to a noun that exists and has a name fit for scripts; they and its type never change. Raises Invalid, Refused."""
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
    if not NAME.fullmatch(str(row.get("name") or "")):
        raise Invalid(
            "attribute.name",
            N_("{name} is no name for an attribute."),
            field="name",
            hint=N_("Use lower-case letters, digits and _, such as eu_vat."),
            name=row.get("name"),
        )
    if before is not None and any(row[column] != before[column] for column in ("noun", "name", "type")):
        raise Refused(
            "attribute.fixed",
            N_("An attribute keeps its noun, name and type, because records hold values of it."),
            hint=N_("Change its label, or add another attribute."),
        )
