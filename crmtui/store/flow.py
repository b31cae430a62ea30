"""Approval flows: who has to agree to what."""

from typing import ClassVar

import sqlmodel
from sqlalchemy import Index, Text

from crmtui.i18n import N_
from crmtui.store import fields
from crmtui.store.record import Part, Record
from crmtui.store.types import Whole


class Flow(Record, table=True):
    """What happens when somebody asks for `verb` on a record that meets `condition`: its steps, one after the other."""

    __tablename__ = "flow"
    __table_args__ = (Index("flow_code", "code", unique=True),)
    NOUN: ClassVar[str] = "flow"
    PREFIX: ClassVar[str] = "FL"
    LABEL: ClassVar[str] = "code"

    code: str = fields.code(required=True)
    name: str = fields.line(120, required=True)
    verb: str = fields.code(required=True, label=N_("Asked for"))
    condition: str | None = fields.line(4000)
    position: int = fields.whole(1, 1000, required=True, default=100)
    one_login: bool = fields.flag(False, label=N_("One login may ask and decide under two names"))


class Step(Part, table=True):
    """One step of a flow: who decides (`who`, as people write it), how many of them, when, and what if there is nobody."""

    __tablename__ = "flow_step"
    __table_args__ = (Index("flow_step_key", "flow_id", "position", unique=True),)
    PART_OF: ClassVar[tuple[str, str]] = ("flow", "flow_id")

    flow_id: int = sqlmodel.Field(sa_type=Whole)
    position: int = sqlmodel.Field(sa_type=Whole)
    who: str = sqlmodel.Field(sa_type=Text)
    mode: str = sqlmodel.Field(default="any", sa_type=Text)
    condition: str | None = sqlmodel.Field(default=None, sa_type=Text)
    empty: str = sqlmodel.Field(default="up", sa_type=Text)
