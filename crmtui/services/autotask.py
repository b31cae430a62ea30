"""Tasks that set themselves: when something is entered or qualified, and for lists of whom to call or to sell to again."""

from datetime import timedelta
from typing import Any

from crmtui.i18n import language
from crmtui.services.context import Context, Tx
from crmtui.store import plain

ON_ENTRY = {"lead": "lead-record", "account": "customer", "opp": "opportunity"}
"""Noun → the occasion that a new record of it is."""
MINED_AFTER = 180
"""Days after a purchase from which a customer is worth asking again, if nothing else is said."""


def entered(ctx: Context, tx: Tx, record: Any) -> None:
    """Set the tasks that follow from a record that was entered by hand."""
    follow(ctx, tx, ON_ENTRY[record.NOUN], record)


def follow(ctx: Context, tx: Tx, item: str, record: Any) -> int:
    """Set the tasks of the rules for `item` about a record; how many there were."""
    rules = plain.autotasks(tx.session.connection(), item)
    for rule in rules:
        _set(ctx, tx, rule, record)
    return len(rules)


def kind_of(item: str) -> str:
    """The kind of the tasks that rules for `item` set."""
    return f"auto.{item}"


def _set(ctx: Context, tx: Tx, rule: Any, record: Any) -> None:
    from crmtui.services import tasks  # only where a rule is on

    said = (rule.name_zh if language() == "zh" else "") or rule.name
    title = said.replace("{name}", str(getattr(record, record.LABEL) or ""))
    due = ctx.clock.today() + timedelta(days=rule.days)
    tasks.make(
        ctx, tx, title, _whose(ctx, tx, rule, record), (record.NOUN, record.id), due, kind_of(rule.item)
    )


def _whose(ctx: Context, tx: Tx, rule: Any, record: Any) -> int | None:
    from sqlalchemy import select

    from crmtui.store.record import table

    owner: int | None = record.owner_id or ctx.actor.id
    if rule.who != "manager":
        return owner
    user = table("user")
    above: int | None = tx.session.scalars(select(user.manager_id).where(user.id == owner)).first()
    return above or owner
