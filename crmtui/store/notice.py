"""What people are told."""

from datetime import datetime
from typing import Any, ClassVar

import sqlmodel
from sqlalchemy import Index

from crmtui.i18n import N_
from crmtui.store import fields
from crmtui.store.record import Record
from crmtui.store.types import Json


class Notice(Record, table=True):
    """One thing told to its owner: its words are made when they are read, from its kind and facts."""

    __tablename__ = "notice"
    __table_args__ = (Index("notice_owner", "owner_id", "read_at", "id"), Index("notice_about", "about"))
    NOUN: ClassVar[str] = "notice"
    PREFIX: ClassVar[str] = "NT"
    LABEL: ClassVar[str] = "kind"
    SCOPE: ClassVar[str] = "owner"
    SERVED: ClassVar[bool] = True
    ASIDE: ClassVar[str] = "false"

    kind: str = fields.line(80, required=True, verb="system")
    about: str | None = fields.record(verb="system")
    facts: dict[str, Any] | None = sqlmodel.Field(default=None, sa_type=Json)
    read_at: datetime | None = fields.moment(label=N_("Read"))
