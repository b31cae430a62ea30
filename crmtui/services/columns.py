"""Reading a whole column of text at once: quick where all of it is plain, value by value where it is not."""

import json
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from crmtui import money
from crmtui.clock import Clock
from crmtui.errors import CrmError, Invalid
from crmtui.store import values
from crmtui.store.fields import Field
from crmtui.store.keys import PLAIN_EMAIL
from crmtui.store.values import Entry
from crmtui.text import BAD_TEXT, unlike

Texts = Sequence[str | None]
Faults = dict[int, list[CrmError]]
"""Row → what is wrong with it."""


class Absent:
    """What stands where the file says nothing about a field."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent()
DEPENDS = {"money": "currency", "stage": "process_id", "target": "scope"}
"""Kinds that are read by another column of the same record, and which."""


def read_column(
    field: Field,
    texts: Texts,
    entry: Entry,
    faults: Faults,
    beside: Sequence[Any] | None = None,
    words: set[str | None] | None = None,
) -> list[Any]:
    """What the column holds for each text; ABSENT for None. Rows that cannot be read are noted in `faults`.

    Equal to `values.read` of each text. `beside` is the column by which this one is read, if it depends on one,
    `words` the set of `texts`, if that is known.
    """
    if beside is not None:
        return _beside(field, texts, entry, faults, beside)
    quick = _QUICK.get(field.kind)
    if quick is None or None in texts:
        return _by_distinct(field, texts, entry, faults, words or set(texts))
    found, doubtful = quick(field, texts, entry)  # type: ignore[arg-type]
    for place in doubtful:
        value = _read(field, texts[place] or "", entry)
        found[place] = _noted(value, place, faults)
    return found


def _by_distinct(
    field: Field, texts: Texts, entry: Entry, faults: Faults, words: set[str | None]
) -> list[Any]:
    """Each text is read once, however often it stands in the column."""
    known: dict[str | None, Any] = {
        text: ABSENT if text is None else _read(field, text, entry) for text in words
    }
    found = [known[text] for text in texts]
    if any(isinstance(value, CrmError) for value in known.values()):
        return [_noted(value, place, faults) for place, value in enumerate(found)]
    return found


def _beside(field: Field, texts: Texts, entry: Entry, faults: Faults, beside: Sequence[Any]) -> list[Any]:
    column = DEPENDS[field.kind]
    known: dict[tuple[Any, str | None], Any] = {}
    for one in set(zip(beside, texts, strict=True)):
        known[one] = ABSENT if one[1] is None else _read(field, one[1], entry.beside({column: one[0]}))
    return [_noted(known[one], place, faults) for place, one in enumerate(zip(beside, texts, strict=True))]


def _read(field: Field, text: str, entry: Entry) -> Any:
    try:
        return values.read(field, text, entry)
    except CrmError as error:
        return error


def _noted(value: Any, place: int, faults: Faults) -> Any:
    if isinstance(value, CrmError):
        faults.setdefault(place, []).append(value)
        return None
    return value


# Columns that are plain but for a few values: what stands in them, and the places that need a second look

Quick = tuple[list[Any], list[int]]
_EMAIL_OR_NONE = re.compile(f"(?:{PLAIN_EMAIL.pattern})?")
_CENTS = re.compile(r"[0-9]{1,13}\.[0-9]{2}")


def _one_line(field: Field, texts: Sequence[str], entry: Entry) -> Quick:
    found: list[Any] = list(map(str.strip, texts))
    most = max(field.max, 40) if field.kind == "phone" else field.max
    doubtful: list[int] = []
    if max(map(len, found), default=0) > most or not " ".join(found).isprintable():
        doubtful = [place for place, text in enumerate(found) if len(text) > most or not text.isprintable()]
    return _without_blanks(field, found, doubtful)


def _several_lines(field: Field, texts: Sequence[str], entry: Entry) -> Quick:
    doubtful: list[int] = []
    joined = " ".join(texts)
    bad = not joined.isprintable() and BAD_TEXT.search(joined)
    if bad or max(map(len, texts), default=0) > field.max:
        doubtful = [
            place for place, text in enumerate(texts) if len(text) > field.max or BAD_TEXT.search(text)
        ]
    return _without_blanks(field, [text if text.strip() else "" for text in texts], doubtful)


def _emails(field: Field, texts: Sequence[str], entry: Entry) -> Quick:
    found: list[Any] = list(map(str.strip, texts))
    return _without_blanks(field, found, unlike(_EMAIL_OR_NONE, found))


def _without_blanks(field: Field, found: list[Any], doubtful: list[int]) -> Quick:
    if "" in found:
        if field.required:
            doubtful += [place for place, text in enumerate(found) if not text]
        return [text or None for text in found], doubtful
    return found, doubtful


def _amounts(field: Field, texts: Sequence[str], entry: Entry) -> Quick:
    if money.digits_of(str(entry.row.get("currency") or entry.currency)) != 2:
        return [None] * len(texts), list(range(len(texts)))
    others = unlike(_CENTS, texts)
    if len(others) * 4 >= len(texts):
        return _amounts_singly(texts)
    cents = list(texts)
    for place in others:
        cents[place] = "0"
    return list(map(int, "\n".join(cents).replace(".", "").split("\n"))), others


def _amounts_singly(texts: Sequence[str]) -> Quick:
    found: list[Any] = []
    doubtful: list[int] = []
    match = money.AMOUNT_FAST.fullmatch
    for place, text in enumerate(texts):
        amount = match(text)
        if amount is not None:
            whole, cents = amount.groups()
            found.append(int(whole + cents) if cents else int(whole) * 100)
        else:
            doubtful.append(place)
            found.append(None)
    return found, doubtful


_QUICK: dict[str, Callable[[Field, Sequence[str], Entry], Quick]] = {
    "line": _one_line,
    "phone": _one_line,
    "text": _several_lines,
    "email": _emails,
    "money": _amounts,
}


# Before reading


def dates(texts: Texts, formats: Sequence[str], clock: Clock, kind: str) -> list[str | None]:
    """Texts of a day or moment that have one of `formats`, as ISO 8601; others as they are."""
    known: dict[str | None, str | None] = {None: None}
    for text in texts:
        if text not in known:
            known[text] = _dated(str(text), formats, clock, kind)
    return [known[text] for text in texts]


def _dated(text: str, formats: Sequence[str], clock: Clock, kind: str) -> str:
    for each in formats:
        try:
            found = datetime.strptime(text.strip(), each)  # noqa: DTZ007  the zone follows below
        except ValueError:
            continue
        if kind == "day":
            return found.date().isoformat()
        return found.replace(tzinfo=found.tzinfo or clock.zone).isoformat()
    return text


NUMBERS = ("money", "whole", "percent", "rate")
_COMMA = re.compile(
    "([+-]?)([0-9]+|[0-9]{1,3}(?:[. '\u2019\u00a0\u202f][0-9]{3})+)(?:,([0-9]+))?([ \u00a0\u202f]*%)?"
)


def with_points(texts: Texts) -> list[str | None]:
    """Numbers that are written as 1.200,50 or 1 200,50 as 1200.50; other texts as they are."""
    return [text if text is None else _with_point(text) for text in texts]


def _with_point(text: str) -> str:
    found = _COMMA.fullmatch(text.strip())
    if found is None:
        return text
    sign, whole, part, percent = found.groups()
    digits = re.sub("[^0-9]", "", whole)
    return f"{sign}{digits}{'.' + part if part else ''}{'%' if percent else ''}"


def plain_refs(texts: Texts) -> list[str | None]:
    """References as our JSON writes them ({"ref": …, "name": …}, or a list of these) as the refs that they name."""
    return [_plain_ref(text) if text and text[0] in "{[" else text for text in texts]


def _plain_ref(text: str) -> str:
    try:
        found = json.loads(text)
    except ValueError:
        return text
    if isinstance(found, dict) and isinstance(found.get("ref"), str):
        return str(found["ref"])
    if isinstance(found, list) and all(
        isinstance(item, dict) and isinstance(item.get("ref"), str) for item in found
    ):
        return json.dumps([item["ref"] for item in found])
    return text


def one_line(texts: Texts) -> list[str | None]:
    """The texts with a blank for each line break."""
    return [text if text is None or text.isprintable() else " ".join(text.splitlines()) for text in texts]


def required(label: str, name: str) -> Invalid:
    """The fault of a row that lacks what a new record must have."""
    from crmtui.i18n import N_, gettext

    return Invalid("field.required", N_("{label} must not be empty."), field=name, label=gettext(label))
