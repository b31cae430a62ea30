"""The lists of types and states that a company edits."""

from typing import ClassVar

from sqlalchemy import Index

from crmtui.i18n import N_
from crmtui.store import fields
from crmtui.store.record import Record


class Choice(Record, table=True):
    """One entry of the list `list`: `code` for scripts, a name in each language for people."""

    __tablename__ = "type"
    __table_args__ = (Index("type_key", "list", "code", unique=True),)
    NOUN: ClassVar[str] = "type"
    PREFIX: ClassVar[str] = "TY"

    list: str = fields.code(required=True)
    code: str = fields.line(80, required=True)
    name: str = fields.line(120, required=True)
    name_zh: str | None = fields.line(120)
    position: int | None = fields.whole(0, 100_000, label=N_("Rank"))
    active: bool = fields.flag(True)
