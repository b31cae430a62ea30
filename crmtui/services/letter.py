"""A mail as the bytes that go out: headers that nothing can be slipped into, text, files."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, getaddresses

from crmtui.errors import Invalid
from crmtui.i18n import N_
from crmtui.services.outbox import Attachment, one_line

_TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,60}/[a-z0-9][a-z0-9.+-]{0,80}")


@dataclass(frozen=True)
class Sender:
    """Who a mail comes from: the address that sends, the name shown, and where answers go (empty: the same)."""

    address: str
    name: str = ""
    reply_to: str = ""


def message_id(key: str) -> str:
    """The Message-ID of what is sent for `key`: always the same, so that a mail that comes twice is known to be one."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@crmtui>"


def compose(
    sender: Sender, to: str, subject: str, text: str, key: str, at: datetime, files: Sequence[Attachment] = ()
) -> bytes:
    """The mail as bytes, read back and found to say just this. Raises Invalid where it cannot be said in a mail."""
    mail = EmailMessage(policy=policy.SMTP)
    try:
        mail["From"] = Address(header(sender.name), addr_spec=sender.address)
        mail["To"] = Address(addr_spec=to)
        if sender.reply_to and sender.reply_to != sender.address:
            mail["Reply-To"] = Address(addr_spec=sender.reply_to)
        mail["Subject"] = header(subject)
        mail["Date"] = format_datetime(at)
        mail["Message-ID"] = message_id(key)
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(text or "\n", charset="utf-8", cte="base64" if _is_wide(text) else None)
        for name, kind, content in files:
            main, _, sub = (kind if _TYPE.fullmatch(kind) else "application/octet-stream").partition("/")
            mail.add_attachment(content, maintype=main, subtype=sub, filename=header(name))
        written = mail.as_bytes()
    except (MessageError, ValueError, LookupError) as error:
        raise _unfit(to) from error
    _check(written, mail.keys(), to)
    return written


def header(text: str) -> str:
    """`text` as it may stand in a header: one line, and nothing that mail programs would decode into something else."""
    return one_line(text).replace("=?", "= ?")


def _is_wide(text: str) -> bool:
    return not text.isascii() or any(len(line) > 900 for line in text.splitlines())


def _check(written: bytes, names: Sequence[str], to: str) -> None:
    """Raise Invalid unless the bytes read back as just these headers, for just this one address."""
    read = message_from_bytes(written, policy=policy.default)
    people = [address for _, address in getaddresses([str(read["To"])])]
    if sorted(read.keys()) != sorted(names) or people != [to] or read.defects:
        raise _unfit(to)


def _unfit(to: str) -> Invalid:
    return Invalid("mail.unfit", N_("This cannot be said in a mail to {to}."), field="to", to=to)
