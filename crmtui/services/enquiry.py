"""An enquiry as it came in, a mail or a web form's post, read into the fields of a lead."""

import email
import email.message
import email.policy
import email.utils
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html.parser import HTMLParser

from crmtui.errors import CrmError, Refused
from crmtui.i18n import N_
from crmtui.services.headers import PEOPLE, plain, synonyms
from crmtui.services.shape import fields as fields_of
from crmtui.text import fold

LONGEST = 20_000
"""Characters of a mail's text that are kept."""
ANYBODYS = (
    "gmail.com",
    "outlook.com",
    "hotmail.com",
    "yahoo.com",
    "icloud.com",
    "qq.com",
    "163.com",
    "126.com",
    "foxmail.com",
    "sina.com",
)
"""Domains of mail that tell nothing of a company."""
_MORE = {
    "need": ("message", "enquiry", "inquiry", "question", "request", "需求", "留言", "咨询内容"),
    "company": ("firm",),
}
_LABEL = re.compile(r"\s*([^:：\n]{1,40}?)\s*[:：]\s*(\S.*?)\s*$")


@dataclass
class Enquiry:
    """One enquiry: where it stands, the key under which it is taken once, its fields, and what is wrong with it."""

    name: str
    key: str = ""
    given: dict[str, object] = field(default_factory=dict)
    problem: CrmError | None = None


def digest(content: bytes) -> str:
    """A key for what has none of its own."""
    return hashlib.sha256(content).hexdigest()[:24]


# Forms


def from_form(name: str, content: bytes, pairs: Mapping[str, object]) -> Enquiry:
    """The enquiry in a form's fields, whatever they are called; those that mean no field of a lead go into its note."""
    found: dict[str, object] = {}
    rest: list[str] = []
    names: dict[int, str] = {}
    known = _meanings()
    for label, value in pairs.items():
        if value is None or (isinstance(value, str) and not value.strip()):
            continue
        part = next((place for place, words in enumerate(PEOPLE) if plain(label) in words), None)
        meant = known.get(plain(label))
        if part is not None:
            names[part] = str(value)
        elif meant is None or meant in found:
            rest.append(f"{label}: {value}")
        else:
            found[meant] = value
    if names and "contact_name" not in found:
        found["contact_name"] = " ".join(names[part] for part in sorted(names))
    key = str(found.pop("external_id", "") or f"form:{digest(content)}")
    return Enquiry(name, key, _tidy(found, rest))


def _meanings() -> dict[str, str]:
    """Every plain label → the field of a lead that it means."""
    meant: dict[str, str] = {}
    every = synonyms("lead")
    for one in fields_of("lead"):
        if one.verb == "" and one.name not in ("owner", "created_at"):
            for word in (plain(one.name), *_MORE.get(one.name, ()), *every.get(one.name, ())):
                meant.setdefault(word, one.name)
    return meant


def _tidy(found: dict[str, object], rest: Iterable[str] = ()) -> dict[str, object]:
    """One-line values on one line, a company where only a person or an address is known, the rest as a note."""
    kinds = {one.name: one for one in fields_of("lead")}
    for name, value in list(found.items()):
        if isinstance(value, str):
            long = kinds[name].kind == "text"
            text = (
                value.replace("\r\n", "\n").replace("\r", "\n").strip() if long else " ".join(value.split())
            )
            found[name] = text[: kinds[name].max] if kinds[name].max else text
    note = "\n".join([str(found.pop("note", "")), *rest]).strip()
    if note:
        found["note"] = note
    if not found.get("company"):
        address = str(found.get("email") or "")
        found["company"] = _company(address) or found.get("contact_name") or address
    return {name: value for name, value in found.items() if value not in ("", None)}


def _company(address: str) -> str:
    domain = fold(address.rpartition("@")[2])
    return "" if domain in ANYBODYS else domain


# Mails


def from_mail(name: str, content: bytes) -> Enquiry:
    """The enquiry in a mail: who wrote, when, about what; lines `Label: value` of its text are read as fields."""
    mail = email.message_from_bytes(content, policy=email.policy.default)
    key = "".join(str(mail.get("message-id") or "").split())[:190]
    enquiry = Enquiry(name, f"mail:{key or digest(content)}")
    try:
        _read(mail, enquiry)
    except (
        ValueError,
        LookupError,
        AttributeError,
        TypeError,
    ) as error:  # what the parser says of broken mails
        enquiry.problem = Refused("intake.mail", N_("This mail cannot be read: {said}."), said=str(error))
    return enquiry


def _read(mail: email.message.EmailMessage, enquiry: Enquiry) -> None:
    if (
        str(mail.get("auto-submitted") or "no").strip().lower() != "no"
        or mail.get_content_type() == "multipart/report"
    ):
        enquiry.problem = Refused(
            "intake.automatic", N_("This mail was sent by a machine, as an answer or a report.")
        )
        return
    text = _text(mail)
    person, address = _writer(mail)
    found: dict[str, object] = {"contact_name": person, "email": address, **dict(_labelled(text))}
    found["interest"] = found.get("interest") or str(mail.get("subject") or "")
    found["need"] = text
    moment = _moment(str(mail.get("date") or ""))
    if moment is not None:
        found["received_at"] = moment.isoformat()
    enquiry.given = _tidy({name: value for name, value in found.items() if value})


def _writer(mail: email.message.EmailMessage) -> tuple[str, str]:
    """The name and address of whoever wants the answer."""
    for header in ("reply-to", "from"):
        for name, address in email.utils.getaddresses([str(mail.get(header) or "")]):
            if "@" in address:
                return name, address
    return "", ""


def _labelled(text: str) -> Iterator[tuple[str, str]]:
    known = _meanings()
    seen: set[str] = set()
    for line in text.splitlines()[:100]:
        found = _LABEL.fullmatch(line)
        meant = known.get(plain(found[1])) if found else None
        if found and meant and meant not in seen and meant not in ("note", "need", "external_id"):
            seen.add(meant)
            yield meant, found[2]


def _moment(text: str) -> datetime | None:
    try:
        found = email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _text(mail: email.message.EmailMessage) -> str:
    """The text of a mail; of one that is only HTML, the words of it."""
    body = mail.get_body(("plain", "html"))
    if body is None:
        return ""
    text = str(body.get_content())
    if body.get_content_type() == "text/html":
        words = _Words()
        words.feed(text)
        text = words.text()
    return text.replace("\x00", "").replace("\ufeff", "").strip()[:LONGEST]


class _Words(HTMLParser):
    """The words of a page, each block on its own line."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in ("script", "style")
        if tag in ("p", "br", "div", "tr", "li", "h1", "h2", "h3"):
            self._parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("script", "style") and self._hidden > 0

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self._parts.append(data)

    def text(self) -> str:
        """What was read so far."""
        lines = (" ".join(line.split()) for line in "".join(self._parts).splitlines())
        return "\n".join(line for line in lines if line)
