"""The attributes that a company adds to a noun."""

from typing import ClassVar

from sqlalchemy import Index

from crmtui.i18n import N_
from crmtui.store import fields
from crmtui.store.record import Record


class Attribute(Record, table=True):
    """One attribute of the records of `noun`; its values live in their `x`, under `name`."""

    __tablename__ = "attribute"
    __table_args__ = (Index("attribute_key", "noun", "name", unique=True),)
    NOUN: ClassVar[str] = "attribute"
    PREFIX: ClassVar[str] = "AT"

    noun: str = fields.code(required=True)
    name: str = fields.line(40, required=True)
    kind: str = fields.state("basic", "specific", "extended", default="extended")
    type: str = fields.state(
        "line", "text", "whole", "percent", "flag", "day", "choice", "email", "phone", default="line"
    )
    title: str | None = fields.line(120, label=N_("Label"))
    title_zh: str | None = fields.line(120, label=N_("Label (Chinese)"))
    list: str | None = fields.line(40, label=N_("Choices from the list"))
    required: bool = fields.flag(False)
    position: int | None = fields.whole(0, 100_000)
