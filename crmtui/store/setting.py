"""What holds for the whole company: its currency, time zone, fiscal year."""

from typing import ClassVar

import sqlmodel
from sqlalchemy import Index, Text

from crmtui.store.record import Part


class Setting(Part, table=True):
    """One setting, as text."""

    __tablename__ = "setting"
    __table_args__ = (Index("setting_name", "name", unique=True),)
    PART_OF: ClassVar[tuple[str, str]] = ("setting", "id")

    name: str = sqlmodel.Field(sa_type=Text)
    value: str = sqlmodel.Field(sa_type=Text)
