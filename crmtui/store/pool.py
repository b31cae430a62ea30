"""The public pool: customers and leads that nobody owns, under which rules they come and go."""

from typing import ClassVar

from sqlalchemy import Index

from crmtui.i18n import N_
from crmtui.store import fields
from crmtui.store.record import Record

KINDS = ("account", "lead")


class PoolRule(Record, table=True):
    """The rules of a pool: which records they hold for, what one may claim, and what is taken back."""

    __tablename__ = "poolrule"
    __table_args__ = (Index("poolrule_external", "external_id", unique=True),)
    NOUN: ClassVar[str] = "poolrule"
    PREFIX: ClassVar[str] = "PO"

    name: str = fields.line(120, required=True)
    of: str = fields.state(*KINDS, default="account", label=N_("Records"))
    condition: str | None = fields.line(4000)
    position: int = fields.whole(1, 1000, required=True, default=100)
    limit_per_day: int | None = fields.whole(0, 100_000, label=N_("Claims a day"))
    cooldown_days: int | None = fields.whole(0, 3650, label=N_("Cool-down in days"))
    capacity: int | None = fields.whole(0, 1_000_000, label=N_("Most that one may own"))
    uncounted: str | None = fields.line(4000, label=N_("Not counted as owned"))
    idle_days: int | None = fields.whole(1, 3650, label=N_("Taken back after idle days"))
    unsigned_days: int | None = fields.whole(1, 3650, label=N_("Taken back after days unsigned"))
    kept: str | None = fields.line(4000, label=N_("Never taken back"))
