"""Quotes on their way to the customer: by mail through the outbox, or sent otherwise and noted."""

from collections.abc import Sequence
from typing import Any

from crmtui.errors import Invalid, Refused
from crmtui.i18n import N_, gettext
from crmtui.services import outbox, quote_print
from crmtui.services.context import Context, Tx
from crmtui.services.quote import load
from crmtui.services.quote_flow import may
from crmtui.store import refs
from crmtui.store.record import table

WAYS = ("email", "fax", "post", "hand", "other")
"""How a quote reaches its customer; only mail leaves from here."""


def send(
    ctx: Context, ref: str, *, to: Sequence[str] = (), by: str = "email", text: str = "", note: str = ""
) -> Any:
    """Send an approved quote, or one that was sent once more; return it as stored.

    By mail it goes to the addresses `to`, else to its contact, with `text` or one that is written for it, and the quote
    as a PDF, or as text where PDFs cannot be made. Nothing leaves before the change is committed. Raises NotFound,
    Invalid (a bad address, an unknown way), Refused (not approved, out of date, no address), Forbidden, Conflict.
    """
    if by not in WAYS:
        raise Invalid(
            "quote.way", N_("{value} is not one of: {values}."), field="by", value=by, values=", ".join(WAYS)
        )
    with ctx.transaction("quote.send", note) as tx:
        quote = load(ctx, tx, ref, {"state": "sent"})
        may(quote, "send")
        _check_valid(ctx, quote)
        if by == "email":
            _mail(ctx, tx, quote, to, text)
        quote.state, quote.sent_at, quote.sent_by = "sent", tx.now, by
        tx.session.flush()
        return quote


def _check_valid(ctx: Context, quote: Any) -> None:
    if quote.valid_until is not None and quote.valid_until < ctx.clock.today():
        raise Refused(
            "quote.out_of_date",
            N_("{ref} was valid until {day}."),
            field="valid_until",
            hint=N_("Make a new version: crm quote revise {ref} --valid-until DATE"),
            ref=refs.ref_of("quote", quote.id),
            day=quote.valid_until,
        )


def _mail(ctx: Context, tx: Tx, quote: Any, to: Sequence[str], text: str) -> None:
    found = quote_print.of(ctx, tx, quote)
    subject = gettext(N_("Quote {number}: {title}")).format(number=found.number, title=found.title)
    file = _file(found)
    for address in to or [_address(tx, quote)]:
        outbox.mail(ctx, tx, address, subject, text or covering(found), [file], about=("quote", quote.id))


def _address(tx: Tx, quote: Any) -> str:
    contact = tx.session.get(table("contact"), quote.contact_id) if quote.contact_id else None
    account = tx.session.get(table("account"), quote.account_id) if quote.account_id else None
    found = (contact.email if contact else None) or (account.email if account else None)
    if not found:
        raise Refused(
            "quote.no_address",
            N_("{ref} has no contact with a mail address."),
            field="contact",
            hint=N_("Say where to: --email ADDRESS. Or how it was sent: --by fax"),
            ref=refs.ref_of("quote", quote.id),
        )
    return str(found)


def covering(found: quote_print.Document) -> str:
    """The text of a mail that brings a quote: to whom, what for, what it comes to, until when, from whom."""
    greeting = gettext(N_("Dear {name},")).format(name=found.buyer[-1] if found.buyer else "")
    told = gettext(N_("attached is our quote {number}, {title}, for {total} in all."))
    parts = [greeting, told.format(number=found.number, title=found.title, total=found.total)]
    if found.valid_until:
        parts.append(gettext(N_("It is valid until {day}.")).format(day=found.valid_until))
    parts.append("\n".join((gettext(N_("Kind regards")), *found.seller[1:], found.seller[0])))
    return "\n\n".join(parts) + "\n"


def _file(found: quote_print.Document) -> outbox.Attachment:
    stem = found.number.replace(" ", "-")
    if quote_print.is_there():
        return f"{stem}.pdf", "application/pdf", quote_print.pdf(found)
    return f"{stem}.txt", "text/plain", quote_print.text(found).encode()
