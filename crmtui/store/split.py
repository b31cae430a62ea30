"""How the credit for an opportunity is divided among those who own it together."""

from typing import ClassVar

import sqlmodel
from sqlalchemy import Index

from crmtui.store.record import Part
from crmtui.store.types import Whole


class Share(Part, table=True):
    """A person's share of an opportunity: `percent` of its value, from `begins` percent on.

    The shares of an opportunity lie end to end from 0 to 100, so that each one's money is the rounded value up to its
    end less that up to its beginning: the shares add up to the whole, to the cent.
    """

    __tablename__ = "opp_split"
    __table_args__ = (
        Index("opp_split_key", "opp_id", "user_id", unique=True),
        Index("opp_split_user", "user_id", "opp_id"),
    )
    PART_OF: ClassVar[tuple[str, str]] = ("opp", "opp_id")

    opp_id: int = sqlmodel.Field(sa_type=Whole)
    user_id: int = sqlmodel.Field(sa_type=Whole)
    percent: int = sqlmodel.Field(sa_type=Whole)
    begins: int = sqlmodel.Field(sa_type=Whole)
