"""The outbox: mail written in the transaction that is its cause, sent by `post` after it, once."""

import base64
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select

from crmtui.errors import Invalid, Refused
from crmtui.i18n import N_, gettext
from crmtui.services.context import Context, Tx
from crmtui.store import refs
from crmtui.store.keys import email_problem
from crmtui.store.record import table
from crmtui.store.session import check_right
from crmtui.store.visibility import reach
from crmtui.text import clean

MOST_BYTES = 20 * 2**20
"""What the files of one mail may come to; many servers take no more."""
LONGEST_SUBJECT = 200

Attachment = tuple[str, str, bytes]
"""Name, type such as application/pdf, content."""


def mail(
    ctx: Context,
    tx: Tx,
    to: str,
    subject: str,
    text: str,
    attachments: Iterable[Attachment] = (),
    about: tuple[str, int] | None = None,
    key: str = "",
) -> Any:
    """Put a mail into the outbox, in the caller's transaction; nothing is sent before that commits. Return the mail.

    The same `key` is sent once only: a mail that is there already is returned as it is. Without one the mail is sent
    for the running transaction. Raises Invalid for what is not exactly one address, or too large.
    """
    model = table("outbox")
    key = (key or f"{tx.verb}|{tx.id}|{refs.ref_of(*about) if about else ''}|{to}")[:200]
    with tx.without_predicate("outbox"):
        there = tx.session.scalars(select(model).where(model.key == key)).first()
    if there is not None:
        return there
    files = list(attachments)
    _check(to, files)
    made = tx.add(
        model(
            to_=to.strip(),
            subject=one_line(subject),
            text=text,
            about=refs.ref_of(*about) if about else None,
            key=key,
            owner_id=ctx.actor.id,
            due_at=tx.now,
        )
    )
    for name, kind, content in files:
        tx.session.add(
            table("outbox_file")(
                mail_id=made.id,
                name=one_line(name),
                type=kind,
                size=len(content),
                content=base64.b64encode(content).decode("ascii"),
            )
        )
    tx.session.flush()
    return made


def one_line(text: str) -> str:
    """`text` as it may stand in a header: one line of at most 200 characters, nothing in it that could act."""
    return " ".join(clean(text).split())[:LONGEST_SUBJECT] or "-"


def _check(to: str, files: Sequence[Attachment]) -> None:
    problem = email_problem(to.strip())
    if problem:
        raise Invalid(
            "email.invalid",
            N_("{value} is not a mail address: {problem}"),
            field="email",
            hint=N_("Write it like li@example.com."),
            value=to,
            problem=problem,
        )
    size = sum(len(content) for _, _, content in files)
    if size > MOST_BYTES:
        raise Invalid(
            "mail.too_large",
            N_("The files of a mail come to {size} MiB; {most} MiB are the most."),
            size=-(-size // 2**20),
            most=MOST_BYTES // 2**20,
        )


def files_of(tx: Tx, mail_id: int) -> list[Attachment]:
    """The files of a mail."""
    file = table("outbox_file")
    rows = tx.session.scalars(select(file).where(file.mail_id == mail_id).order_by(file.id))
    return [(row.name, row.type, base64.b64decode(row.content)) for row in rows]


def retry(ctx: Context, wanted: Sequence[str]) -> list[Any]:
    """Let mail that failed or was cancelled wait again, due now; all that failed where none is named. Return them.

    Raises NotFound, Forbidden, Refused (sent already, or being sent).
    """
    return _set(ctx, "retry", wanted, ("failed", "cancelled", "waiting"), "waiting")


def cancel(ctx: Context, wanted: Sequence[str]) -> list[Any]:
    """Do not send mail that waits or failed; return it. Raises NotFound, Forbidden, Refused (sent, or being sent)."""
    return _set(ctx, "cancel", wanted, ("waiting", "failed", "cancelled"), "cancelled")


def _set(ctx: Context, verb: str, wanted: Sequence[str], states: tuple[str, ...], to: str) -> list[Any]:
    model = table("outbox")
    with ctx.transaction(f"outbox.{verb}") as tx:
        check_right(tx, "outbox", verb)
        query = select(model).where(reach("outbox", ctx.actor, verb)).order_by(model.id)
        if wanted:
            query = query.where(model.id.in_([refs.resolve(tx, "outbox", ref) for ref in wanted]))
        else:
            query = query.where(model.state == "failed")
        found = list(tx.session.scalars(query if tx.store.sqlite else query.with_for_update()))
        for row in found:
            if row.state not in states:
                raise Refused(
                    "mail.state",
                    N_("{ref} is {state}."),
                    field="state",
                    ref=refs.ref_of("outbox", row.id),
                    state=gettext(row.state),
                )
            row.state, row.due_at, row.lease_until = to, tx.now, None
        tx.session.flush()
        return found
