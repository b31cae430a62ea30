"""What people are told: one notice a person and event, its words made when it is read."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select

from crmtui.i18n import N_, gettext
from crmtui.services import outbox, presence
from crmtui.services.context import Context, Tx
from crmtui.services.nouns import NOUNS
from crmtui.store import refs
from crmtui.store.record import label_column, table

SAID: dict[str, str] = {
    "task.set": N_("{who} set you a task: {name}"),
    "task.accept": N_("{who} accepted the task {name}"),
    "task.decline": N_("{who} declined the task {name}: {note}"),
    "task.done": N_("{who} did the task {name}"),
    "task.cancel": N_("{who} needs the task {name} no more"),
    "task.reopen": N_("{who} took up the task {name} again"),
    "approval.waiting": N_("{who} asks for your approval of {name}: {verb}"),
    "approval.approved": N_("Approved, and done for {name}: {verb}"),
    "approval.rejected": N_("Not approved for {name}: {verb}. {note}"),
    "approval.recalled": N_("{who} took back the request for {name}: {verb}"),
    "approval.conflict": N_("Approved, but not done for {name}: {verb}. {note}"),
    "lead.assigned": N_("{who} gave you the lead {name}"),
    "lead.declined": N_("{who} declined the lead {name}: {note}"),
    "lead.expired": N_("Nobody accepted the lead {name} in time"),
    "opp.stuck_over": N_("{name} is in its stage for {days} days, longer than allowed"),
    "opp.stuck_quiet": N_("Nothing was done about {name} for {days} days"),
    "opp.stuck_both": N_(
        "{name} is in its stage for {days} days, longer than allowed, and nobody does anything"
    ),
    "opp.stuck_awake": N_("The rest of {name} is over"),
    "pool.released": N_("{who} gave {name} back to the pool: {note}"),
    "pool.idle": N_("{name} went back to the pool, because it was left idle"),
    "pool.unsigned": N_("{name} went back to the pool, because nothing was signed"),
    "pool.reclaimed_many": N_("{count} records went back to the pool, {name} among them"),
    "pool.allocated": N_("{who} gave you {name} from the pool"),
    "record.handed": N_("{who} handed {name} over to you"),
    "record.handed_many": N_("{who} handed {count} records over to you, {name} among them"),
    "deal.answered": N_("{who} answered what you asked about {name}: {note}"),
    "deal.released": N_(
        "{name} is the same deal as another one and was closed; you are free for new ones. {note}"
    ),
    "mail.failed": N_("The mail to {address} could not be sent: {error}"),
}
"""Kind → its words. {who} did it; {name} is what it is about, as it was called then; the rest are facts."""


MAILED = ("approval.waiting", "lead.assigned")
"""Kinds of which people are also told by mail, where their address is on record."""


class _Facts(dict[str, Any]):
    """The facts of a notice; a place that none of them fills stays empty."""

    def __missing__(self, key: str) -> str:
        return ""


def tell(
    ctx: Context, tx: Tx, to: Iterable[int | None], kind: str, about: tuple[str, int], **facts: object
) -> None:
    """Tell people of `kind` about a record, in the caller's transaction: each once, never the one who acts.

    `kind` stands in `SAID`; facts are texts, numbers or days for its places. Who has left is not told.
    """
    noun, record = about
    people = [one for one in dict.fromkeys(to) if one is not None and one != ctx.actor.id]
    if not people:
        return
    known = {"name": _label(tx, noun, record), **facts}
    for one in people:
        if presence.person(tx, one) is not None:
            row = {"kind": kind, "about": refs.ref_of(noun, record), "facts": _plain(known), "owner_id": one}
            tx.session.add(table("notice")(**row))
            if kind in MAILED:
                _write(ctx, tx, one, kind, about, known)
    tx.session.flush()


def _write(
    ctx: Context, tx: Tx, to: int, kind: str, about: tuple[str, int], facts: Mapping[str, Any]
) -> None:
    """Put the same as a mail into the outbox."""
    user = table("user")
    names = {
        row.id: row for row in tx.session.scalars(select(user).where(user.id.in_((to, ctx.actor.id or 0))))
    }
    if names[to].email:
        said = text(kind, facts, names[ctx.actor.id].name if ctx.actor.id in names else "")
        ref = refs.ref_of(*about)
        body = f"{said}\n\ncrm open {ref}\n"
        outbox.mail(ctx, tx, names[to].email, said, body, about=about, key=f"{kind}|{tx.id}|{ref}|{to}")


def _label(tx: Tx, noun: str, record: int) -> str:
    model = table(noun)
    found = tx.session.scalar(select(getattr(model, label_column(noun))).where(model.id == record))
    return str(found or refs.ref_of(noun, record))


def _plain(facts: Mapping[str, object]) -> dict[str, Any]:
    return {
        name: value.isoformat()
        if isinstance(value, date)
        else value
        if isinstance(value, int)
        else str(value)
        for name, value in facts.items()
        if value is not None
    }


def text(kind: str, facts: Mapping[str, Any] | None, who: str) -> str:
    """The words of a notice in the language in use; the facts are data, to be cleaned by whoever shows them."""
    said = gettext(SAID[kind]) if kind in SAID else kind
    shown = {name: _fact(name, value) for name, value in (facts or {}).items()}
    return said.format_map(_Facts(**{"who": who, **shown}))


def _fact(name: str, value: Any) -> Any:
    """A fact in the language in use: a verb by what its help says that it does."""
    noun, _, verb = str(value).partition(".")
    if name == "verb" and noun in NOUNS and verb in NOUNS[noun].written:
        return gettext(NOUNS[noun].written[verb][1])
    return gettext(value) if name == "state" else value


def inbox(ctx: Context, *, everything: bool = False, limit: int | None = None) -> list[dict[str, Any]]:
    """What the actor is told, newest first, what was read left out unless `everything` is asked for.

    Rows with ref, text, about (a Ref), created_at and read_at.
    """
    from crmtui.services import records

    notice, user = table("notice"), table("user")
    with ctx.reading() as tx:
        query = select(notice, user.name).join(user, user.id == notice.created_by_id, isouter=True)
        query = query.where(notice.owner_id == ctx.actor.id).order_by(notice.id.desc()).limit(limit)
        query = query if everything else query.where(notice.read_at.is_(None))
        found = tx.session.execute(query).all()
        shown = records.present_all(ctx, "notice", [row for row, _ in found])
        return [
            {**one, "text": text(row.kind, row.facts, who or "")}
            for one, (row, who) in zip(shown, found, strict=True)
        ]


def unread(ctx: Context) -> int:
    """How many notices the actor has not read."""
    from sqlalchemy import func

    notice = table("notice")
    with ctx.reading() as tx:
        query = select(func.count(notice.id)).where(notice.owner_id == ctx.actor.id, notice.read_at.is_(None))
        return tx.session.scalar(query) or 0


def read(ctx: Context, wanted: Sequence[str] = ()) -> int:
    """Mark notices of the actor as read, all of them where none is named; how many were new. Raises NotFound."""
    notice = table("notice")
    with ctx.transaction("notice.read") as tx:
        query = select(notice).where(notice.owner_id == ctx.actor.id, notice.read_at.is_(None))
        if wanted:
            query = query.where(notice.id.in_([refs.resolve(tx, "notice", ref) for ref in wanted]))
        found = list(tx.session.scalars(query))
        for row in found:
            row.read_at = tx.now
        tx.session.flush()
        return len(found)
