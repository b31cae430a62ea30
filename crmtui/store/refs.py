"""Finding the record that a REF means: 31, O-31, ext:ABC-9, or a name."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import false, or_, select

from crmtui.errors import NotFound
from crmtui.i18n import N_
from crmtui.store.record import TABLES, table
from crmtui.store.session import Tx, may_record
from crmtui.text import BAD_TEXT, name_key

_NUMBER = re.compile(r"([A-Za-z]{1,2})-([0-9]{1,18})|([0-9]{1,18})")
_OTHER_NAMES = {
    "user": ("login",),
    "role": ("code", "name_zh"),
    "product": ("code",),
    "process": ("name", "name_zh"),
    "stage": ("code", "name_zh"),
    "account": ("short_name",),
}
"""Columns besides the label by which people call a record."""


def ref_of(noun: str, record: int) -> str:
    """The ref of a record: its noun's prefix and its id."""
    return f"{table(noun).PREFIX}-{record}"


def noun_of(ref: str) -> tuple[str, int] | None:
    """The noun and id that a full ref such as O-31 names; None when it is no ref."""
    found = _NUMBER.fullmatch(ref)
    if not found or not found[1]:
        return None
    for noun in TABLES:
        if found[1].upper() == table(noun).PREFIX:
            return noun, int(found[2])
    return None


def find_ids(tx: Tx, noun: str, text: str) -> list[int]:
    """The ids of the visible records of `noun` that `text` can mean, at most eleven; an empty list for none."""
    model = table(noun)
    if BAD_TEXT.search(text):
        return []  # no column can hold it, so none is asked
    query = select(model.id).order_by(model.id).limit(11)
    number = _number(model, text)
    if number is not None:
        return list(tx.session.scalars(query.where(model.id == number))) if number < 2**63 else []
    if text.startswith("ext:"):
        return list(tx.session.scalars(query.where(model.external_id == text[4:])))
    key = name_key(text)
    same = [getattr(model, name) == text for name in _OTHER_NAMES.get(noun, ())]
    ids = list(tx.session.scalars(query.where(or_(model.name_key == key, *same))))
    return _exact(tx, model, ids, text, same) if len(ids) > 1 else ids


def _number(model: Any, text: str) -> int | None:
    """The id that `text` says outright, alone or behind the prefix of its noun."""
    found = _NUMBER.fullmatch(text)
    if not found or (found[1] is not None and found[1].upper() != model.PREFIX):
        return None
    return int(found[2] or found[3])


def _exact(tx: Tx, model: Any, ids: list[int], text: str, same: Sequence[Any]) -> list[int]:
    """Of several names that are alike, the one that is not archived, is spelt or coded just so, if there is just one."""
    label = getattr(model, model.LABEL)
    for narrower in (
        select(model.id).where(model.id.in_(ids), model.archived_at.is_(None)),
        select(model.id).where(model.id.in_(ids), label == text),
        select(model.id).where(model.id.in_(ids), or_(false(), *same)),
    ):
        fewer = list(tx.session.scalars(narrower))
        if len(fewer) == 1:
            return fewer
    return ids


def unclear(tx: Tx, noun: str, names: Mapping[int, str]) -> set[int]:
    """Those of the records (id → name) whose name, given as a REF, would not mean just them."""
    model = table(noun)
    keys = {record: name_key(name) for record, name in names.items()}
    others = [getattr(model, column) for column in _OTHER_NAMES.get(noun, ())]
    wanted = [model.name_key.in_(set(keys.values())), *(column.in_(set(names.values())) for column in others)]
    by: dict[str, set[int]] = {}
    for record, key, *texts in tx.session.execute(
        select(model.id, model.name_key, *others).where(or_(*wanted))
    ):
        for text in {f"key {key}", *(f"text {text}" for text in texts)}:
            by.setdefault(text, set()).add(record)
    return {
        record
        for record, name in names.items()
        if _NUMBER.fullmatch(name)
        or name.startswith("ext:")
        or name == "me"
        or len(by.get(f"key {keys[record]}", set()) | by.get(f"text {name}", set())) > 1
    }


def resolve(tx: Tx, noun: str, text: str) -> int:
    """The id of the one visible record of `noun` that `text` means.

    Raises NotFound, in the same words for a record that does not exist and for one that the actor may not see.
    """
    ids = find_ids(tx, noun, text)
    if len(ids) == 1:
        return ids[0]
    if not ids:
        raise _not_found(noun, text)
    raise NotFound(
        "record.ambiguous",
        N_("{text} can mean several: {candidates}."),
        hint=N_("Name one of them by its ref."),
        text=text,
        candidates=", ".join(ref_of(noun, record) for record in ids[:10]) + (" …" if len(ids) > 10 else ""),
    )


def _not_found(noun: str, text: str) -> NotFound:
    return NotFound(
        "record.not_found",
        N_("There is no {noun} {text} that you can see."),
        hint=N_("crm {noun} list shows what there is."),
        noun=noun,
        text=text,
    )


def get(tx: Tx, noun: str, text: str) -> Any:
    """The visible record that `text` means, locked for this transaction when it writes.

    Raises NotFound, and Forbidden where the running verb is one of the noun's own that the actor may not do on it.
    """
    model = table(noun)
    number = _number(model, text) or 0
    query = select(model).where(model.id == (number if 0 < number < 2**63 else resolve(tx, noun, text)))
    if tx.verb and not tx.store.sqlite:
        # Keys stay readable: an insert that points here, or a move under here, need not wait.
        query = query.with_for_update(of=model, key_share=True)
    row = tx.session.scalars(query).first()
    if row is None:
        raise _not_found(noun, text)
    own, _, verb = tx.verb.partition(".")
    if own == noun:
        may_record(tx, noun, row.id, verb)
    return row


def pointing(tx: Tx, noun: str) -> set[str]:
    """The tables with a column that refers to `noun`, told by the store: their modules need not be loaded for that."""
    query = (
        """SELECT DISTINCT t.name FROM sqlite_schema t, pragma_foreign_key_list(t.name) k
        WHERE t.type = 'table' AND k."table" = ?"""
        if tx.store.sqlite
        else """SELECT DISTINCT t.relname FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid
        WHERE k.contype = 'f' AND k.confrelid = to_regclass(quote_ident(%s))"""
    )
    return set(tx.session.connection().exec_driver_sql(query, (noun,)).scalars())
