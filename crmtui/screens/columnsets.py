"""Which columns the list of each kind of record shows, what they are called there, and which stay where room is short."""

from collections.abc import Sequence
from dataclasses import replace

from crmtui.i18n import N_, gettext, in_every_language
from crmtui.screens.rows import Column
from crmtui.services.nouns import NOUNS
from crmtui.text import width

PLURALS = {
    "lead": N_("Leads"),
    "account": N_("Customers"),
    "contact": N_("Contacts"),
    "opp": N_("Opportunities"),
    "product": N_("Products"),
    "competitor": N_("Rivals"),
    "user": N_("People"),
    "dept": N_("Departments"),
    "territory": N_("Territories"),
    "role": N_("Roles"),
    "process": N_("Processes"),
    "stage": N_("Stages"),
    "type": N_("List entries"),
    "attribute": N_("Custom fields"),
    "quota": N_("Quotas"),
    "rate": N_("Exchange rates"),
    "query": N_("Saved queries"),
}
_COLUMNS = {
    "lead": ("company", "contact_name", "source", "state", "owner", "phone", "next_contact_on", "created_at"),
    "account": ("name", "class", "industry", "territory", "city", "owner", "state", "updated_at"),
    "contact": ("name", "title", "account", "buying_role", "mobile", "email", "owner"),
    "opp": ("name", "account", "stage", "amount", "probability", "expected_close_on", "owner"),
    "attribute": ("title", "title_zh", "name", "noun", "type", "kind", "required", "list"),
    "product": ("name", "code", "price", "unit", "type", "active"),
}
"""What a screen shows first where that is not what the command line does."""
_KEPT = {
    "lead": ("company", "state", "owner", "created_at"),
    "account": ("name", "pipeline", "owner", "updated_at"),
    "contact": ("name", "account", "mobile", "title"),
    "opp": ("name", "stage", "amount", "expected_close_on", "state"),
    "user": ("name", "role", "login"),
    "stage": ("name", "probability", "position"),
    "type": ("name", "name_zh", "position"),
    "attribute": ("title", "noun", "type", "name"),
}
"""What stays longest where there is little room: name, state, value, date."""
_TITLES = {
    "amount": N_("Amount"),
    "probability": N_("Prob"),
    "expected_close_on": N_("Close"),
    "closed_on": N_("Closed"),
    "next_contact_on": N_("Next contact"),
    "created_at": N_("Created on"),
    "updated_at": N_("Last change"),
    "contact_name": N_("Contact"),
    "buying_role": N_("Role"),
    "annual_revenue": N_("Revenue"),
    "max_days": N_("Usual"),
    "name_zh": N_("Chinese"),
    "title_zh": N_("Chinese"),
}
"""Shorter titles than the fields have on pages and forms."""


def plural(noun: str) -> str:
    """What several records of `noun` are called, in the language in use."""
    return gettext(PLURALS.get(noun, NOUNS[noun].title))


def counted(noun: str, count: int) -> str:
    """`1 opportunity`, `312 opportunities`: so many records of `noun`, in the language in use."""
    name = gettext(NOUNS[noun].title) if count == 1 else plural(noun)
    return f"{count:,} {name.lower()}"


def names_of(noun: str) -> Sequence[str]:
    """The columns that the list of `noun` begins with."""
    return _COLUMNS.get(noun, NOUNS[noun].columns)


def arranged(noun: str, columns: Sequence[Column]) -> list[Column]:
    """The columns under the titles of lists, no wider than these and their values need, with what stays longest."""
    kept = _KEPT.get(noun, ())
    found = []
    for place, column in enumerate(columns):
        importance = kept.index(column.name) if column.name in kept else len(kept) + place
        found.append(replace(_titled(column), priority=importance))
    return found


def _titled(column: Column) -> Column:
    title, size = _TITLES.get(column.name), _SIZES.get(column.name, 0)
    if title is None:
        return replace(column, width=column.width and max(column.width, size), least=24)
    size = max(size, *(width(one) + 1 for one in in_every_language(title)))
    return replace(column, title=gettext(title), width=column.width and size, least=24)


_SIZES = {
    "amount": 9,
    "probability": 5,
    "expected_close_on": 12,
    "closed_on": 12,
    "next_contact_on": 12,
    "created_at": 12,
    "updated_at": 12,
    "contact_name": 16,
    "buying_role": 13,
    "annual_revenue": 9,
    "max_days": 6,
    "name_zh": 16,
    "position": 5,
    "owner": 18,
    "stage": 15,
    "account": 18,
    "manager": 18,
}
