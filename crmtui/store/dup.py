"""Pairs of records that may be the same."""

from typing import ClassVar

import sqlmodel
from sqlalchemy import Index

from crmtui.i18n import N_
from crmtui.store import fields
from crmtui.store.record import Record
from crmtui.store.types import Whole

STATES = ("open", "different", "merged", "decided", "gone")


class Pair(Record, table=True):
    """Two records of a noun that look like one, why, and what somebody decided about them."""

    __tablename__ = "dup"
    __table_args__ = (
        Index("dup_key", "noun", "one_id", "other_id", unique=True),
        Index("dup_other", "noun", "other_id"),
        Index("dup_state", "state", "score", "id"),
    )
    NOUN: ClassVar[str] = "dup"
    PREFIX: ClassVar[str] = "DU"
    SCOPE: ClassVar[str] = "pair"
    SERVED: ClassVar[bool] = True

    name: str = fields.line(420, required=True)
    noun: str = fields.code(required=True)
    one: str | None = fields.record(verb="system", label=N_("First"))
    other: str | None = fields.record(verb="system", label=N_("Second"))
    score: int | None = fields.whole(0, 100, verb="system")
    reasons: str | None = fields.line(400, verb="system")
    state: str = fields.state(*STATES, default="open", verb="system")
    kept: str | None = fields.record(verb="system", label=N_("Kept"))
    merged_in: int | None = fields.whole(verb="system", label=N_("Merged by transaction"))
    question: str | None = fields.text(label=N_("Question"))
    answer_one: str | None = fields.text(label=N_("Answer about the first"))
    answer_other: str | None = fields.text(label=N_("Answer about the second"))
    # Numbers by which the store joins; people have the refs.
    one_id: int | None = sqlmodel.Field(default=None, sa_type=Whole)
    other_id: int | None = sqlmodel.Field(default=None, sa_type=Whole)
