"""Sales processes: their stages, and the moves between them."""

from typing import ClassVar

import sqlmodel
from sqlalchemy import Index, Text

from crmtui.i18n import N_
from crmtui.store import fields
from crmtui.store.record import Part, Record
from crmtui.store.types import Whole


class Process(Record, table=True):
    """A way of selling; opportunities run under one."""

    __tablename__ = "process"
    __table_args__ = (Index("process_code", "code", unique=True),)
    NOUN: ClassVar[str] = "process"
    PREFIX: ClassVar[str] = "PC"
    LABEL: ClassVar[str] = "code"

    code: str = fields.code(required=True)
    name: str = fields.line(120, required=True)
    name_zh: str | None = fields.line(120)


class Stage(Record, table=True):
    """A stage of a process, with the win rate that an opportunity gets on entering it."""

    __tablename__ = "stage"
    __table_args__ = (Index("stage_key", "process_id", "code", unique=True),)
    NOUN: ClassVar[str] = "stage"
    PREFIX: ClassVar[str] = "SG"

    process_id: int = fields.ref("process", required=True)
    code: str = fields.code(required=True)
    name: str = fields.line(120, required=True)
    name_zh: str | None = fields.line(120)
    position: int = fields.whole(1, 1000, required=True)
    probability: int | None = fields.percent(label=N_("Win rate %"))
    category: str = fields.state("omitted", "pipeline", "best", "commit", default="pipeline")
    max_days: int | None = fields.whole(1, 3650, label=N_("Days allowed"))


class Transition(Part, table=True):
    """An opportunity may move from one stage to the other."""

    __tablename__ = "transition"
    __table_args__ = (Index("transition_key", "process_id", "from_stage", "to_stage", unique=True),)
    PART_OF: ClassVar[tuple[str, str]] = ("process", "process_id")

    process_id: int = sqlmodel.Field(sa_type=Whole)
    from_stage: str = sqlmodel.Field(sa_type=Text)
    to_stage: str = sqlmodel.Field(sa_type=Text)
