"""Sales processes and their stages."""

from typing import Any, ClassVar

import sqlmodel
from sqlalchemy import Index

from crmtui.i18n import N_
from crmtui.store import fields
from crmtui.store.record import Record
from crmtui.store.types import Json

CATEGORIES = ("omitted", "pipeline", "best", "commit")
WHEN_OVER = ("alert", "block")
"""What becomes of an opportunity that stands in a stage for longer than it allows: people are told, or it stays there."""


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
    category: str = fields.state(*CATEGORIES, default="pipeline")
    max_days: int | None = fields.whole(1, 3650, label=N_("Days allowed"))
    when_over: str = fields.state(*WHEN_OVER, default="alert", label=N_("After these days"))
    guide: str | None = fields.text()
    steps: list[dict[str, Any]] | None = sqlmodel.Field(default=None, sa_type=Json)
    """What is to be done in this stage, in order: code, text and whether it is required."""
