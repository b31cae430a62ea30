"""Sales territories, a tree."""

from typing import ClassVar

from sqlalchemy import Index

from crmtui.i18n import N_
from crmtui.store import fields
from crmtui.store.record import Record


class Territory(Record, table=True):
    """A territory under its parent; its owner answers for it."""

    __tablename__ = "territory"
    __table_args__ = (Index("territory_parent", "parent_id"),)
    NOUN: ClassVar[str] = "territory"
    PREFIX: ClassVar[str] = "TR"

    name: str = fields.line(120, required=True)
    parent_id: int | None = fields.ref("territory", label=N_("Part of"))
    countries: list[str] | None = fields.many("country")
    regions: list[str] | None = fields.many("region")
