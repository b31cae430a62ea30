"""The people who work on an opportunity together."""

from typing import ClassVar

import sqlmodel
from sqlalchemy import Index, Text

from crmtui.store.record import Part
from crmtui.store.types import Whole


class Member(Part, table=True):
    """A person in an opportunity's team, who therefore sees it."""

    __tablename__ = "opp_member"
    __table_args__ = (
        Index("opp_member_key", "opp_id", "user_id", unique=True),
        Index("opp_member_user", "user_id", "opp_id"),
    )
    PART_OF: ClassVar[tuple[str, str]] = ("opp", "opp_id")

    opp_id: int = sqlmodel.Field(sa_type=Whole)
    user_id: int = sqlmodel.Field(sa_type=Whole)
    role: str | None = sqlmodel.Field(default=None, sa_type=Text)
    responsibility: str | None = sqlmodel.Field(default=None, sa_type=Text)
