"""The versions of a process, as they were applied."""

from datetime import datetime
from typing import ClassVar

import sqlmodel
from sqlalchemy import Index, Text

from crmtui.store.record import Part
from crmtui.store.types import Moment, Whole


class ProcessText(Part, table=True):
    """One version of a process as TOML: its number from 1 on, the whole of its text, by whom and when."""

    __tablename__ = "process_text"
    __table_args__ = (Index("process_text_key", "process_id", "number", unique=True),)
    PART_OF: ClassVar[tuple[str, str]] = ("process", "process_id")

    process_id: int = sqlmodel.Field(sa_type=Whole)
    number: int = sqlmodel.Field(sa_type=Whole)
    text: str = sqlmodel.Field(sa_type=Text)
    made_by_id: int | None = sqlmodel.Field(default=None, sa_type=Whole)
    made_at: datetime | None = sqlmodel.Field(default=None, sa_type=Moment)
