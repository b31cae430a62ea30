"""Roles and what they may do."""

from typing import ClassVar

import sqlmodel
from sqlalchemy import Index, Text

from crmtui.store import fields
from crmtui.store.record import Part, Record
from crmtui.store.types import Whole


class Role(Record, table=True):
    """A role that people hold."""

    __tablename__ = "role"
    __table_args__ = (Index("role_code", "code", unique=True),)
    NOUN: ClassVar[str] = "role"
    PREFIX: ClassVar[str] = "RO"

    code: str = fields.code(required=True)
    name: str = fields.line(120, required=True)
    name_zh: str | None = fields.line(120)


class Right(Part, table=True):
    """People of `role_id` may do `verb` on records of `noun` within `scope`; what no row allows is not permitted."""

    __tablename__ = "role_right"
    __table_args__ = (Index("role_right_key", "role_id", "noun", "verb", unique=True),)
    PART_OF: ClassVar[tuple[str, str]] = ("role", "role_id")

    role_id: int = sqlmodel.Field(sa_type=Whole)
    noun: str = sqlmodel.Field(sa_type=Text)
    verb: str = sqlmodel.Field(sa_type=Text)
    scope: str = sqlmodel.Field(sa_type=Text)
    """own, team, dept, territory, all, or none."""
