"""Reading a whole column of text at once: quick where all of it is plain, value by value where it is not."""

import json
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
from crmtui.text import BAD_LINE, BAD_TEXT

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
    field: Field, texts: Texts, entry: Entry, faults: Faults, beside: Sequence[Any] | None = None
) -> list[Any]:
    """What the column holds for each text; ABSENT for None. Rows that cannot be read are noted in `faults`.

    Equal to `values.read` of each text. `beside` is the column by which this one is read, if it depends on one.
    """
    if beside is None and (quick := _quick(field, texts, entry)) is not None:
        return quick
    known: dict[Any, Any] = {}
    found: list[Any] = []
    column = DEPENDS[field.kind] if beside is not None else ""
    for place, text in enumerate(texts):
        if text is None:
            found.append(ABSENT)
            continue
        one = text if beside is None else (beside[place], text)
        value = known.get(one, ABSENT)
        if value is ABSENT:
            near = entry if beside is None else entry.beside({column: beside[place]})
            value = known[one] = _read(field, text, near)
        if isinstance(value, CrmError):
            faults.setdefault(place, []).append(value)
            value = None
        found.append(value)
    return found


def _read(field: Field, text: str, entry: Entry) -> Any:
    try:
        return values.read(field, text, entry)
    except CrmError as error:
        return error


# Columns that are plain throughout


def _quick(field: Field, texts: Texts, entry: Entry) -> list[Any] | None:
    """The values of a column in which nothing needs a second look; None where anything does."""
    reader = _QUICK.get(field.kind)
    if reader is None or None in texts:
        return None
    return reader(field, texts, entry)  # type: ignore[arg-type]


def _one_line(field: Field, texts: Sequence[str], entry: Entry) -> list[str | None] | None:
    stripped = list(map(str.strip, texts))
    if max(map(len, stripped), default=0) > (max(field.max, 40) if field.kind == "phone" else field.max):
        return None
    joined = " ".join(stripped)
    if not joined.isprintable() and BAD_LINE.search(joined):
        return None
    if "" in stripped:
        return None if field.required else [text or None for text in stripped]
    return stripped  # type: ignore[return-value]


def _several_lines(field: Field, texts: Sequence[str], entry: Entry) -> list[str | None] | None:
    if max(map(len, texts), default=0) > field.max or BAD_TEXT.search(" ".join(texts)):
        return None
    found = [text if text.strip() else None for text in texts]
    return None if field.required and None in found else found


def _emails(field: Field, texts: Sequence[str], entry: Entry) -> list[str | None] | None:
    stripped = list(map(str.strip, texts))
    if max(map(len, stripped), default=0) > max(field.max, 40) or (field.required and "" in stripped):
        return None
    if not all(map(PLAIN_EMAIL.fullmatch, filter(None, stripped))):
        return None
    return [text or None for text in stripped]


def _amounts(field: Field, texts: Sequence[str], entry: Entry) -> list[int | None] | None:
    if money.digits_of(str(entry.row.get("currency") or entry.currency)) != 2 or field.required:
        return None
    found: list[int | None] = []
    match = money.AMOUNT_FAST.fullmatch
    for text in texts:
        amount = match(text)
        if amount is not None:
            found.append(int(amount[1]) * 100 + int(amount[2] or 0))
        elif not text.strip():
            found.append(None)
        else:
            return None
    return found


_QUICK: dict[str, Callable[[Field, Sequence[str], Entry], list[Any] | None]] = {
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
