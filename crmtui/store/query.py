"""Conditions that people have saved under a name."""

from typing import ClassVar

from sqlalchemy import Index

from crmtui.store import fields
from crmtui.store.record import Record


class SavedQuery(Record, table=True):
    """A condition on the records of `noun`, as text, run again whenever asked."""

    __tablename__ = "query"
    __table_args__ = (Index("query_key", "name", unique=True),)
    NOUN: ClassVar[str] = "query"
    PREFIX: ClassVar[str] = "SQ"
    SCOPE: ClassVar[str] = "shared"

    name: str = fields.line(80, required=True)
    noun: str = fields.code(required=True)
    condition: str = fields.line(4000)
    sort: str | None = fields.line(200)
    shared: bool = fields.flag(True)
    """Everybody may use it; else its owner alone sees it, whatever the rights of others."""
