"""Sending what waits in the outbox: claimed one by one, sent outside any transaction, and marked with what came of it.

A mail is sent once, except when the line or the process dies in the moment after the server took it: then it goes again,
under the same Message-ID.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, or_, select

from crmtui.errors import CrmError, NotReady
from crmtui.i18n import N_, gettext
from crmtui.services import letter, notices, outbox
from crmtui.services.carrier import Carrier, Undelivered
from crmtui.services.context import Context, Tx
from crmtui.store import refs
from crmtui.store.record import table
from crmtui.store.session import check_right
from crmtui.store.visibility import reach

MOST_TRIES = 12
"""After so many tries a mail is kept as failed."""
LONGEST_WAIT = timedelta(hours=4)


@dataclass(frozen=True)
class Sent:
    """What became of one mail; `state` is sent, failed, cancelled, or waiting for another try (`error` says why)."""

    ref: str
    to: str
    subject: str
    state: str
    error: str | None = None


def send(ctx: Context, limit: int | None = None) -> list[Sent]:
    """Send the mail that is due and that the actor may send, at most `limit` of it; what became of each.

    A dry run sends nothing and returns what is due. Where the server does not answer, the rest waits.
    Raises Forbidden, NotReady (settings that cannot work).
    """
    with ctx.reading() as tx:
        check_right(tx, "outbox", "send")
        waiting = list(tx.session.scalars(_due(ctx, tx).limit(limit)))
        if ctx.dry_run or not waiting:
            return [_told(row, "waiting") for row in waiting]
    done: list[Sent] = []
    with Carrier(ctx.config) as carrier:
        while limit is None or len(done) < limit:
            claimed = _claim(ctx)
            if claimed is None:
                break
            sent, away = _deliver(ctx, carrier, claimed)
            done.append(sent)
            if away:
                break
    return done


def _due(ctx: Context, tx: Tx) -> Any:
    """The mail to send now: what waits and is due, and what somebody else claimed and never came back with."""
    mail = table("outbox")
    due = or_(
        and_(mail.state == "waiting", mail.due_at <= tx.now),
        and_(mail.state == "sending", mail.lease_until < tx.now),
    )
    reached = reach("outbox", ctx.actor, "send")
    return select(mail).where(due, reached, mail.archived_at.is_(None)).order_by(mail.due_at, mail.id)


@dataclass(frozen=True)
class _Claimed:
    """A mail that is ours to send until its lease ends."""

    row: Any
    lease: datetime
    content: bytes
    sender: str


def _claim(ctx: Context) -> _Claimed | None:
    """Take the next mail that is due, so that nobody else sends it; None when there is none left."""
    while True:
        with ctx.transaction("outbox.send") as tx:
            query = _due(ctx, tx).limit(1)
            row = tx.session.scalars(
                query if tx.store.sqlite else query.with_for_update(skip_locked=True)
            ).first()
            if row is None:
                return None
            if _has_left(tx, row.to_):
                row.state, row.error, row.lease_until = "cancelled", gettext(N_("no longer works here")), None
                tx.session.flush()
                continue
            sender = _sender(ctx, tx, row)
            files = outbox.files_of(tx, row.id)
            lease = tx.now + timedelta(seconds=30 * int(ctx.config["mail.timeout"]))
            row.state, row.lease_until, row.tries = "sending", lease, row.tries + 1
            row.message_id = letter.message_id(row.key)
            try:
                content = letter.compose(sender, row.to_, row.subject, row.text or "", row.key, tx.now, files)
            except CrmError as error:
                row.state, row.error, row.lease_until = "failed", str(error), None
                tx.session.flush()
                continue
            tx.session.flush()
            return _Claimed(row, lease, content, sender.address)


def _has_left(tx: Tx, address: str) -> bool:
    """Whether the address is that of a person who works here no more, and of nobody else."""
    user = table("user")
    found = tx.session.execute(select(user.active, user.archived_at).where(user.email == address)).all()
    return bool(found) and not any(active and archived is None for active, archived in found)


def _sender(ctx: Context, tx: Tx, row: Any) -> letter.Sender:
    """The company's address, answers to whoever wrote the mail. Raises NotReady where there is none."""
    user = table("user")
    with tx.without_predicate("names"):
        owner = tx.session.execute(select(user.name, user.email).where(user.id == row.owner_id)).first()
    own = (owner.email if owner else None) or ""
    address = str(ctx.config["mail.from"]) or own
    if not address and ctx.config["mail.transport"] == "maildir":
        address = "crm@localhost"
    if not address:
        raise NotReady(
            "mail.no_from",
            N_("Nobody is named from whom mail comes."),
            hint=N_("Set mail.from: crm config set mail.from ADDRESS"),
        )
    return letter.Sender(address, owner.name if owner and address == own else ctx.company.called, own)


def _deliver(ctx: Context, carrier: Carrier, claimed: _Claimed) -> tuple[Sent, bool]:
    """Send one mail and note what came of it; also whether nobody answered. Raises NotReady."""
    try:
        carrier.deliver(claimed.content, claimed.sender, claimed.row.to_)
    except Undelivered as error:
        final = error.final or claimed.row.tries >= MOST_TRIES
        return _note(ctx, claimed, "failed" if final else "waiting", error.said), error.away
    except NotReady as error:
        _note(ctx, claimed, "waiting", str(error))
        raise
    return _note(ctx, claimed, "sent", None), False


def _note(ctx: Context, claimed: _Claimed, state: str, error: str | None) -> Sent:
    """Mark a claimed mail, unless its lease ran out and somebody else has it now."""
    mail = table("outbox")
    with ctx.transaction("outbox.send") as tx:
        query = select(mail).where(mail.id == claimed.row.id)
        row = tx.session.scalars(query if tx.store.sqlite else query.with_for_update()).one()
        if row.state != "sending" or row.lease_until != claimed.lease:
            return _told(row, row.state)
        row.state, row.error, row.lease_until = state, error, None
        row.sent_at = tx.now if state == "sent" else None
        row.due_at = tx.now + _wait(row.tries) if state == "waiting" else row.due_at
        tx.session.flush()
        if state == "failed":
            about = ("outbox", row.id)
            notices.tell(ctx, tx, [row.owner_id], "mail.failed", about, address=row.to_, error=error or "")
        return _told(row, state)


def _wait(tries: int) -> timedelta:
    """How long to wait after so many tries: two minutes, four, eight, up to four hours."""
    return min(timedelta(minutes=2 ** min(tries, 10)), LONGEST_WAIT)


def _told(row: Any, state: str) -> Sent:
    return Sent(refs.ref_of("outbox", row.id), row.to_, row.subject, state, row.error)
