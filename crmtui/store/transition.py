"""The moves between the stages of a process."""

from typing import Any, ClassVar

import sqlmodel
from sqlalchemy import Index, Text

from crmtui.store.record import Part
from crmtui.store.types import Json, Whole


class Transition(Part, table=True):
    """An opportunity may move from one stage to the other."""

    __tablename__ = "transition"
    __table_args__ = (Index("transition_key", "process_id", "from_stage", "to_stage", unique=True),)
    PART_OF: ClassVar[tuple[str, str]] = ("process", "process_id")

    process_id: int = sqlmodel.Field(sa_type=Whole)
    from_stage: str = sqlmodel.Field(sa_type=Text)
    to_stage: str = sqlmodel.Field(sa_type=Text)
    rule: dict[str, Any] | None = sqlmodel.Field(default=None, sa_type=Json)
    """What the move asks for and brings about, by the keys of `[[move]]` in the text of a process; empty for most."""
