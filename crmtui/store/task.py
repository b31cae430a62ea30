"""Tasks."""

from datetime import date, datetime
from typing import ClassVar

from sqlalchemy import Index

from crmtui.store import fields
from crmtui.store.record import Record, unowned

STATES = ("open", "accepted", "done", "declined", "cancelled")
PRIORITIES = ("high", "normal", "low")


class Task(Record, table=True):
    """Something that somebody has to do, set by somebody else, by themselves, or by a rule (then `kind` says which)."""

    __tablename__ = "task"
    __table_args__ = (
        Index("task_external", "external_id", unique=True),
        Index("task_owner", "owner_id", "state", "id"),
        unowned("task"),
        Index("task_assigner", "assigner_id", "id"),
        Index("task_about", "about"),
    )
    NOUN: ClassVar[str] = "task"
    PREFIX: ClassVar[str] = "T"
    LABEL: ClassVar[str] = "subject"
    SCOPE: ClassVar[str] = "owner"

    subject: str = fields.line(200, required=True)
    about: str | None = fields.record()
    assigner_id: int | None = fields.ref("user", verb="system")
    due_on: date | None = fields.day()
    priority: str = fields.state(*PRIORITIES, default="normal")
    state: str = fields.state(*STATES, default="open", verb="accept")
    kind: str | None = fields.line(80, verb="system")
    accepted_at: datetime | None = fields.moment()
    done_at: datetime | None = fields.moment()
    reason: str | None = fields.line(400, verb="decline")
