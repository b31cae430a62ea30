"""What was done of the steps that a process asks for."""

from datetime import datetime
from typing import ClassVar

import sqlmodel
from sqlalchemy import Index, Text

from crmtui.store.record import Part
from crmtui.store.types import Moment, Whole


class Step(Part, table=True):
    """A step of a stage that was done for an opportunity, by whom and when."""

    __tablename__ = "opp_step"
    __table_args__ = (Index("opp_step_key", "opp_id", "stage", "step", unique=True),)
    PART_OF: ClassVar[tuple[str, str]] = ("opp", "opp_id")

    opp_id: int = sqlmodel.Field(sa_type=Whole)
    stage: str = sqlmodel.Field(sa_type=Text)
    step: str = sqlmodel.Field(sa_type=Text)
    done_by_id: int | None = sqlmodel.Field(default=None, sa_type=Whole)
    done_at: datetime | None = sqlmodel.Field(default=None, sa_type=Moment)
    note: str | None = sqlmodel.Field(default=None, sa_type=Text)
