"""Two records made one: the fields of the one that is kept, all that points at the other, and the way back."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, select

from crmtui.errors import Invalid, Refused
from crmtui.i18n import N_, gettext
from crmtui.services import dup, records
from crmtui.services.context import Context, Tx
from crmtui.store import journal, refs, reversal, schema
from crmtui.store.fields import Field
from crmtui.store.journal import Entry
from crmtui.store.record import declared, table
from crmtui.store.session import check_right, may_record

LISTS = ("choices", "refs")
"""Kinds of fields whose values are put together."""
OWN = ("owner_id", "external_id", "archived_at", "created_at", "created_by_id", "updated_at")
"""Columns that no record takes over unasked."""


@dataclass(frozen=True)
class Merged:
    """What a merge came to: the record kept, the fields that it took over, and how many rows were moved to it, by table."""

    kept: Any
    taken: tuple[str, ...]
    moved: dict[str, int]


def merge(
    ctx: Context, keep: str, gone: str, *, take: Collection[str] = (), noun: str = "", note: str = ""
) -> Merged:
    """Make one record of two: `keep` stays, takes over what it lacks and the fields in `take`; all that points at `gone`
    points at it from now on; `gone` is archived. `crm dup unmerge` makes two of them again.

    Raises NotFound, Invalid (no such field, not two records of one kind), Refused (archived, converted), Forbidden.
    """
    with ctx.transaction("dup.merge", note) as tx:
        check_right(tx, "dup", "merge")
        pair = dup.pair_of(ctx, tx, keep, gone, noun)
        noun = dup.check_noun(pair.noun)
        kept, other = _two(tx, noun, keep, pair)
        ctx.check_version(tx, kept, {})
        fields = [records.field_named(records.declared_fields(noun), name, noun) for name in take]
        _check(tx, noun, kept, other)
        changed = _taken(noun, kept, other, fields)
        if kept.external_id is None and other.external_id is not None:
            changed["external_id"], other.external_id = other.external_id, None
        other.archived_at = tx.now
        tx.session.flush()
        moved = _move(tx, noun, other.id, kept)
        for column, value in changed.items():
            setattr(kept, column, value)
        pair.state, pair.kept, pair.merged_in = "merged", refs.ref_of(noun, kept.id), tx.id
        tx.session.flush()
        return Merged(kept, tuple(sorted(changed)), moved)


def _two(tx: Tx, noun: str, keep: str, pair: Any) -> tuple[Any, Any]:
    """The record that is kept and the other one of the pair, locked."""
    kept = refs.get(tx, noun, keep)
    other = refs.get(tx, noun, str(pair.other_id if kept.id == pair.one_id else pair.one_id))
    return kept, other


def _check(tx: Tx, noun: str, kept: Any, other: Any) -> None:
    for row in (kept, other):
        may_record(tx, noun, row.id, "edit")
        if row.archived_at is not None:
            raise Refused(
                "dup.archived",
                N_("{ref} is put away, or was merged before."),
                hint=N_("Bring it back first: crm {noun} restore {ref}"),
                ref=refs.ref_of(noun, row.id),
                noun=noun,
            )
    if getattr(other, "state", "") == "converted":
        raise Refused(
            "dup.converted",
            N_("{ref} is converted; keep that one."),
            hint=N_("Name {ref} first."),
            ref=refs.ref_of(noun, other.id),
        )


def _taken(noun: str, kept: Any, other: Any, wanted: Sequence[Field]) -> dict[str, Any]:
    """The columns of the kept record that change: what it lacks, what was asked for, and lists put together."""
    asked = {field.column for field in wanted}
    for field in wanted:
        if field.verb == "system" or field.column in ("id", "version"):
            raise Invalid("field.system", N_("{name} is kept by the program; nobody sets it."), field=field.name,
                          name=field.name)  # fmt: skip
    changed: dict[str, Any] = {}
    for field in declared(noun):
        name = field.column
        mine, theirs = getattr(kept, name), getattr(other, name)
        if field.kind in LISTS and mine and theirs and name not in asked:
            theirs = [*mine, *(each for each in theirs if each not in mine)]
        elif field.kind == "attributes":
            theirs = {**(theirs or {}), **(mine or {})} or None
        elif name not in asked and (mine is not None or name in OWN or field.verb == "system"):
            continue
        if theirs is not None and theirs != mine:
            changed[name] = theirs
    if "currency" in changed and "currency" not in asked:
        changed.pop("currency")
    return changed


def _move(tx: Tx, noun: str, gone: int, kept: Any) -> dict[str, int]:
    """Let everything that points at `gone` point at `kept`, whoever owns it: that follows from the merge, not from a right."""
    moved: dict[str, int] = {}
    if noun == "account":
        _one_primary(tx, gone, kept.id)
    parents = [
        column for column, target in schema.references(table(noun).__table__, noun).items() if target == noun
    ]
    for column in parents:
        if getattr(kept, column) == gone:
            above = tx.session.scalar(select(getattr(table(noun), column)).where(table(noun).id == gone))
            setattr(kept, column, above if above != kept.id else None)
    for of in journal.journalled():
        for column, old, new in _pointers(of, noun, gone, kept.id):
            own = (of.c.id.not_in((gone, kept.id)),) if of.name == noun else ()
            count = _repoint(tx, of, column, old, new, own)
            if count:
                moved[of.name] = moved.get(of.name, 0) + count
    return moved


def _pointers(of: Table, noun: str, gone: int, kept: int) -> list[tuple[str, Any, Any]]:
    """The columns of a table that can point at `gone`, with how they do and how they would point at `kept`."""
    if of.name == "dup":
        return []  # what was found and decided about a pair stays as it is
    found: list[tuple[str, Any, Any]] = [
        (column, gone, kept) for column, target in schema.references(of, of.name).items() if target == noun
    ]
    for column in of.columns:
        field = column.info.get("field")
        if field is not None and field.kind == "record":
            found.append((column.name, refs.ref_of(noun, gone), refs.ref_of(noun, kept)))
    return found


def _repoint(tx: Tx, of: Table, column: str, old: Any, new: Any, own: tuple[Any, ...]) -> int:
    values = {column: new, "version": of.c.version + 1}
    if "updated_at" in of.c:
        values["updated_at"] = tx.now
    done = tx.session.connection().execute(of.update().where(of.c[column] == old, *own).values(values))
    return int(done.rowcount)


def _one_primary(tx: Tx, gone: int, kept: int) -> None:
    """The primary contact of the customer that is kept stays the only one."""
    contact = table("contact").__table__
    primary = select(contact.c.id).where(contact.c.account_id == kept, contact.c.primary.is_(True)).limit(1)
    if tx.session.connection().execute(primary).first() is not None:
        values = {"primary": False, "version": contact.c.version + 1, "updated_at": tx.now}
        others = contact.c.account_id == gone, contact.c.primary.is_(True)
        tx.session.connection().execute(contact.update().where(*others).values(values))


# The way back


def unmerge(ctx: Context, text: str, other: str = "", note: str = "", *, noun: str = "") -> list[Any]:
    """Make two records again of what was merged, with all that was moved; return both.

    What was changed since, or came since, stays with the one that was kept. Raises NotFound, Refused (not merged), Forbidden.
    """
    with ctx.transaction("dup.unmerge", note) as tx:
        check_right(tx, "dup", "unmerge")
        pair = dup.pair_of(ctx, tx, text, other, noun)
        ctx.check_version(tx, pair, {"state": "open"})
        noun, ids = pair.noun, (pair.one_id, pair.other_id)
        if pair.state != "merged" or pair.merged_in is None:
            raise Refused(
                "dup.not_merged",
                N_("{pair} is {state}; only what was merged can be parted."),
                pair=pair.name,
                state=gettext(pair.state),
            )
        for record in ids:
            may_record(tx, noun, record, "edit")
        _take_back(tx, pair.merged_in)
        tx.session.expire_all()
        model = table(noun)
        return list(tx.session.scalars(select(model).where(model.id.in_(ids)).order_by(model.id)))


def _take_back(tx: Tx, merged_in: int) -> None:
    """Take the merge back; what was changed later, field by field, is put in its place again."""
    tx.session.flush()
    tx.lock()
    reversal.lock(tx, merged_in)
    later = [(of, record, _current(tx, of, record, names)) for of, record, names in _later(tx, merged_in)]
    reversal.take_back(tx, merged_in)
    for of, record, values in later:
        if values:
            tx.session.connection().execute(of.update().where(of.c.id == record).values(values))


def _later(tx: Tx, target: int) -> list[tuple[Table, int, set[str]]]:
    """What was changed after `target` in rows that it changed: table, row, columns."""
    entry = Entry.__table__  # type: ignore[attr-defined]
    touched = (
        select(entry.c.noun, entry.c.record).where(entry.c.tx == target, entry.c.op == "update").subquery()
    )
    query = (
        select(entry.c.noun, entry.c.record, entry.c.before)
        .join(touched, (touched.c.noun == entry.c.noun) & (touched.c.record == entry.c.record))
        .where(entry.c.tx > target, entry.c.op == "update")
        .distinct()
    )
    found: dict[tuple[str, int], set[str]] = {}
    for noun, record, before in tx.session.connection().execute(query):
        if noun != "dup":
            names = json.loads(before) if isinstance(before, str) else before or {}
            found.setdefault((noun, record), set()).update(set(names) - set(reversal.KEPT))
    return [(table(noun).__table__, record, names) for (noun, record), names in found.items()]


def _current(tx: Tx, of: Table, record: int, names: set[str]) -> dict[str, Any]:
    columns = [of.c[name] for name in sorted(names) if name in of.c]
    if not columns:
        return {}
    row = tx.session.connection().execute(select(*columns).where(of.c.id == record)).mappings().first()
    return dict(row) if row else {}
