"""Requests for approval, and what the approvers said."""

from datetime import datetime
from typing import Any, ClassVar

import sqlmodel
from sqlalchemy import CheckConstraint, Index, Text

from crmtui.i18n import N_
from crmtui.store import fields
from crmtui.store.record import Part, Record
from crmtui.store.types import Flag, Json, Moment, Whole

STATES = ("pending", "approved", "rejected", "recalled", "conflict")


class Approval(Record, table=True):
    """A change that waits: `patch` is what it would set, `before` what stood there when its owner asked."""

    __tablename__ = "approval"
    __table_args__ = (
        Index("approval_about", "about"),
        Index("approval_state", "state", "id"),
        Index("approval_owner", "owner_id", "id"),
    )
    NOUN: ClassVar[str] = "approval"
    PREFIX: ClassVar[str] = "AP"
    SCOPE: ClassVar[str] = "owner"
    SERVED: ClassVar[bool] = True

    name: str = fields.line(200, required=True, verb="system", label=N_("What"))
    about: str = fields.record(required=True, verb="system")
    verb: str = fields.line(80, required=True, verb="system", label=N_("Asked for"))
    flow_id: int | None = fields.ref("flow", verb="system")
    state: str = fields.state(*STATES, default="pending", verb="ok")
    step: int = fields.whole(0, 1000, required=True, default=1, verb="system")
    reason: str | None = fields.text(verb="system")
    decided_at: datetime | None = fields.moment(label=N_("Decided"))
    login: str | None = fields.line(200, verb="system", label=N_("Asked by login"))
    patch: dict[str, Any] | None = sqlmodel.Field(default=None, sa_type=Json)
    before: dict[str, Any] | None = sqlmodel.Field(default=None, sa_type=Json)


class Vote(Part, table=True):
    """Somebody whose word one step needs, and what they said; nobody decides on what they asked for themselves."""

    __tablename__ = "approval_vote"
    __table_args__ = (
        Index("approval_vote_key", "approval_id", "step", "user_id", unique=True),
        Index("approval_vote_user", "user_id", "approval_id"),
        CheckConstraint("user_id <> requester_id", name="approval_vote_not_own"),
    )
    PART_OF: ClassVar[tuple[str, str]] = ("approval", "approval_id")

    approval_id: int = sqlmodel.Field(sa_type=Whole)
    step: int = sqlmodel.Field(sa_type=Whole)
    mode: str = sqlmodel.Field(default="any", sa_type=Text)
    """How many of the step must agree: any, all, or all in turn."""
    place: int = sqlmodel.Field(default=0, sa_type=Whole)
    user_id: int = sqlmodel.Field(sa_type=Whole)
    requester_id: int = sqlmodel.Field(sa_type=Whole)
    instead_of_id: int | None = sqlmodel.Field(default=None, sa_type=Whole)
    """Whom the person stands in for while they are away."""
    open: bool = sqlmodel.Field(default=True, sa_type=Flag)
    """Whether it is their turn."""
    said: str | None = sqlmodel.Field(default=None, sa_type=Text)
    """ok or reject; empty until they say it."""
    note: str | None = sqlmodel.Field(default=None, sa_type=Text)
    at: datetime | None = sqlmodel.Field(default=None, sa_type=Moment)
