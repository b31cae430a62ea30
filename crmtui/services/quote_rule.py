"""The company's rules for quotes: whether winning makes one, the state that it begins in, and who looks at revisions."""

from typing import Any

from sqlalchemy import select

from crmtui.errors import Invalid
from crmtui.i18n import N_
from crmtui.services.context import Context, Tx
from crmtui.store.record import table
from crmtui.store.session import check_right

RULES = {
    "on_won": ("no", ("yes", "no")),
    "state": ("draft", ("draft", "approved")),
    "revisions": ("ask", ("ask", "free")),
}
"""Rule → what holds where nobody decided, and what there is to choose from."""
_PREFIX = "quote."


def rules(ctx: Context) -> dict[str, str]:
    """The rules in force: `on_won` yes or no, `state` of quotes made from opportunities, `revisions` ask or free."""
    with ctx.reading() as tx:
        return {name: _rule(tx, name) for name in RULES}


def on_won(tx: Tx) -> bool:
    """Whether winning an opportunity without a quote makes one."""
    return _rule(tx, "on_won") == "yes"


def first_state(tx: Tx) -> str:
    """The state of a quote made from an opportunity: draft or approved."""
    return _rule(tx, "state")


def revisions_are_free(tx: Tx) -> bool:
    """Whether the revision of an approved quote needs nobody's approval."""
    return _rule(tx, "revisions") == "free"


def _rule(tx: Tx, name: str) -> str:
    setting = table("setting")
    found: str | None = tx.session.scalar(select(setting.value).where(setting.name == _PREFIX + name))
    return found or RULES[name][0]


def change(ctx: Context, given: dict[str, str]) -> dict[str, str]:
    """Decide some of the rules; return all of them. Raises Invalid, Forbidden."""
    for name, value in given.items():
        if value not in RULES[name][1]:
            raise Invalid(
                "quote.rule",
                N_("{value} is not one of: {values}."),
                field=name,
                value=value,
                values=", ".join(RULES[name][1]),
            )
    with ctx.reading() as tx:
        check_right(tx, "quote", "rule")
    # A setting of the company is a part of no noun that rights are given on: the right was that of the rule.
    with ctx.transaction("quote.rule", force=True) as tx:
        for name, value in given.items():
            _set(tx, _PREFIX + name, value)
        return {name: _rule(tx, name) for name in RULES}


def _set(tx: Tx, name: str, value: str) -> None:
    setting: Any = table("setting")
    row = tx.session.scalars(select(setting).where(setting.name == name)).first()
    if row is None:
        tx.add(setting(name=name, value=value))
    elif row.value != value:
        row.value = value
        tx.session.flush()
