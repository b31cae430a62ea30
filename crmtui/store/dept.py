"""Departments, a tree."""

from typing import ClassVar

from sqlalchemy import Index

from crmtui.i18n import N_
from crmtui.store import fields
from crmtui.store.record import Record


class Department(Record, table=True):
    """A department under its parent; `head` leads it."""

    __tablename__ = "dept"
    __table_args__ = (Index("dept_parent", "parent_id"),)
    NOUN: ClassVar[str] = "dept"
    PREFIX: ClassVar[str] = "D"

    name: str = fields.line(120, required=True)
    parent_id: int | None = fields.ref("dept", label=N_("Part of"))
    head_id: int | None = fields.ref("user")
