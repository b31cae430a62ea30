"""What holds for every record of a noun however it comes in: by hand, edited, or imported."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from crmtui.errors import CrmError
from crmtui.services.context import Context, Tx

Settle = Callable[[Context, Tx, dict[str, Any], dict[str, Any] | None, bool], None]
"""(ctx, tx, row, before, facts): complete and check the columns `row` in place; `before` is the record as stored, None
for a new one; `facts` is True in an import, which states what is and is not asked for guards. Raises CrmError."""

_SETTLED = {
    "lead": ("crmtui.services.lead", ("owner_id", "state", "quoted")),
    "opp": (
        "crmtui.services.opportunity",
        (
            "process_id",
            "stage",
            "state",
            "amount",
            "currency",
            "probability",
            "category",
            "expected_close_on",
        ),
    ),
    "contract": (
        "crmtui.services.contract",
        ("account_id", "opp_id", "name", "state", "amount", "currency", "discount", "signed_on"),
    ),
    "order": (
        "crmtui.services.order",
        ("account_id", "contract_id", "state", "amount", "currency", "discount", "archived_at"),
    ),
    "invoice": (
        "crmtui.services.invoice",
        ("account_id", "order_id", "contract_id", "state", "amount", "tax", "currency", "discount"),
    ),
    "payment": (
        "crmtui.services.payment",
        ("kind", "amount", "currency", "account_id", "contract_id", "order_id", "invoice_id", "archived_at"),
    ),
    "quota": ("crmtui.services.quota", ("scope", "of", "period", "amount", "currency")),
    "dept": ("crmtui.services.dept", ("parent_id",)),
    "territory": ("crmtui.services.territory", ("parent_id",)),
    "account": ("crmtui.services.account", ("parent_id", "owner_id", "credit_limit")),
    "price": ("crmtui.services.price", ("price_list", "account_id", "valid_from", "valid_until")),
    "quote": (
        "crmtui.services.quote",
        (
            "name",
            "opp_id",
            "account_id",
            "contact_id",
            "amount",
            "currency",
            "discount",
            "valid_until",
            "terms",
        ),
    ),
    "contact": ("crmtui.services.contact", ("name", "account_id", "reports_to_id", "primary")),
    "user": ("crmtui.services.user", ("login", "name", "role_id", "manager_id", "active", "archived_at")),
    "attribute": ("crmtui.services.attribute", ("noun", "name", "type")),
    "rate": ("crmtui.services.rate", ("currency", "rate_set")),
    "stage": ("crmtui.services.process", ("process_id", "code", "position")),
    "query": ("crmtui.services.query", ("noun", "condition")),
    "task": ("crmtui.services.tasks", ("owner_id", "state")),
    "assignrule": ("crmtui.services.assign_rules", ("name", "condition", "people", "dept_id", "role_id")),
    "poolrule": ("crmtui.services.pool_rules", ("of", "condition", "uncounted", "kept")),
    "flow": ("crmtui.services.flows", ("verb", "condition")),
    "type": ("crmtui.services.choice", ("list", "code", "name", "name_zh", "active", "archived_at")),
}
"""Noun → the module whose `settle` knows its rules, and the columns whose change calls for it."""


_ENTERED: dict[str, tuple[str, ...]] = {
    "account": ("crmtui.services.dup_guard", "crmtui.services.autotask"),
    "contact": ("crmtui.services.dup_guard",),
    "lead": ("crmtui.services.dup_guard", "crmtui.services.assign_entry", "crmtui.services.autotask"),
    "opp": ("crmtui.services.autotask",),
    "task": ("crmtui.services.tasks",),
    "order": ("crmtui.services.order",),
}
"""Noun → the modules whose `entered` follows when a record of it was entered by hand: (ctx, tx, record) → None, in the
same transaction. An import states facts and calls nobody."""


def entered(ctx: Context, tx: Tx, noun: str, record: Any) -> None:
    """What follows from a record that was entered by hand. Raises CrmError."""
    for module in _ENTERED.get(noun, ()):
        import_module(module).entered(ctx, tx, record)


_IDENTITY = ("name", "company", "phone", "mobile", "email", "website", "tax_number", "birth_date")
"""Columns whose change can make a record one that exists already."""


def changed(ctx: Context, tx: Tx, noun: str, row: dict[str, Any], before: dict[str, Any]) -> None:
    """What follows from a change by hand: a record must not become one that exists already. Raises CrmError."""
    if noun in ("account", "contact", "lead") and any(
        row.get(name) != before.get(name) for name in _IDENTITY
    ):
        from crmtui.services import dup_guard

        dup_guard.changed(ctx, tx, noun, row, before)


def refused(ctx: Context, error: CrmError) -> None:
    """What follows from a refusal, once nothing is left of what was refused: a person may have to be asked."""
    if getattr(error, "asks", False):
        from crmtui.services import dup_guard

        dup_guard.ask(ctx, error)


def settle_of(noun: str) -> Settle | None:
    """The rules of `noun`; None where it has none."""
    if noun not in _SETTLED:
        return None
    settle: Settle = import_module(_SETTLED[noun][0]).settle
    return settle


def spelling_of(noun: str) -> Callable[[Context, str, Any], Any] | None:
    """(ctx, column, value) → the value as records of `noun` keep it in that column of their key; None: as it is."""
    found: Callable[[Context, str, Any], Any] | None = (
        getattr(import_module(_SETTLED[noun][0]), "spell", None) if noun in _SETTLED else None
    )
    return found


def concerned(noun: str, columns: set[str]) -> bool:
    """Whether a change of these columns of `noun` must go through its rules."""
    return noun in _SETTLED and not columns.isdisjoint(_SETTLED[noun][1])


_APART = {"lead": "", "account": "", "opp": "", "contact": "primary"}
"""Nouns whose rules look at no other record of the noun when one comes in, unless this column is set: many can be
settled before they are put in together."""


def apart(noun: str, row: dict[str, Any]) -> bool:
    """Whether the new record `row` can be settled before those that came in just before it are stored."""
    return noun not in _SETTLED or (noun in _APART and not (_APART[noun] and row.get(_APART[noun])))


def stands(noun: str) -> bool:
    """Whether a new record of `noun` that states facts needs no settling at all."""
    return noun not in _SETTLED or bool(getattr(import_module(_SETTLED[noun][0]), "FACTS_STAND", False))
