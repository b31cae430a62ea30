"""Mail on its way out: written in the transaction that is its cause, sent afterwards."""

from datetime import datetime
from typing import ClassVar

import sqlmodel
from sqlalchemy import Index, Text

from crmtui.i18n import N_
from crmtui.store import fields
from crmtui.store.record import Part, Record
from crmtui.store.types import Whole

STATES = ("waiting", "sending", "sent", "failed", "cancelled")


class Mail(Record, table=True):
    """One mail to one address. `key` is what it is sent for, once; the Message-ID follows from it."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("outbox_key", "key", unique=True),
        Index("outbox_due", "state", "due_at", "id"),
        Index("outbox_owner", "owner_id", "id"),
        Index("outbox_about", "about"),
    )
    NOUN: ClassVar[str] = "outbox"
    PREFIX: ClassVar[str] = "MA"
    LABEL: ClassVar[str] = "subject"
    SCOPE: ClassVar[str] = "owner"
    SERVED: ClassVar[bool] = True
    ASIDE: ClassVar[str] = "state IN ('sending', 'sent')"

    to_: str = fields.line(320, required=True, verb="system")
    subject: str = fields.line(200, required=True, verb="system")
    text: str | None = fields.text(verb="system")
    about: str | None = fields.record(verb="system")
    state: str = fields.state(*STATES, default="waiting", verb="send")
    key: str = fields.line(200, required=True, verb="system", label=N_("Sent for"))
    tries: int = fields.whole(0, 10_000, required=True, default=0, verb="system")
    due_at: datetime | None = fields.moment(label=N_("Next try"))
    lease_until: datetime | None = fields.moment(label=N_("Being sent until"))
    sent_at: datetime | None = fields.moment(label=N_("Sent"))
    message_id: str | None = fields.line(200, verb="system", label=N_("Message-ID"))
    error: str | None = fields.text(verb="system", label=N_("What went wrong"))


class File(Part, table=True):
    """A file that goes with a mail; `content` is base64, so that the journal can hold it as text."""

    __tablename__ = "outbox_file"
    __table_args__ = (Index("outbox_file_mail", "mail_id"),)
    PART_OF: ClassVar[tuple[str, str]] = ("outbox", "mail_id")
    ASIDE: ClassVar[str] = "mail_id IN (SELECT id FROM outbox WHERE state IN ('sending', 'sent'))"

    mail_id: int = sqlmodel.Field(sa_type=Whole)
    name: str = sqlmodel.Field(sa_type=Text)
    type: str = sqlmodel.Field(sa_type=Text)
    size: int = sqlmodel.Field(sa_type=Whole)
    content: str = sqlmodel.Field(sa_type=Text)
