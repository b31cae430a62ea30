"""Rules that set tasks by themselves."""

from typing import ClassVar

from sqlalchemy import Index

from crmtui.i18n import N_
from crmtui.store import fields
from crmtui.store.record import Record

ITEMS = ("lead-record", "mining", "telemarketing", "prospect", "customer", "opportunity")
"""The starred items of SPC-30, 31, 32, 34, 35 and 37: what happens, or what is found, that a task is set for."""


class AutoTask(Record, table=True):
    """A rule: when `item` comes about, its owner (or their superior) gets a task, due after so many days."""

    __tablename__ = "autotask"
    __table_args__ = (Index("autotask_item", "item"),)
    NOUN: ClassVar[str] = "autotask"
    PREFIX: ClassVar[str] = "AU"

    item: str = fields.state(*ITEMS, default=None, label=N_("Occasion"))
    name: str = fields.line(160, required=True, label=N_("Task"))
    name_zh: str | None = fields.line(160)
    days: int = fields.whole(0, 365, required=True, default=1, label=N_("Due after days"))
    who: str = fields.state("owner", "manager", default="owner", label=N_("Whose"))
    active: bool = fields.flag(False)
