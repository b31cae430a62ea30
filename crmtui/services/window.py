"""A window on a list of records: its rows read by key, how many there are, where a record stands, groups and sums."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from crmtui.i18n import N_, gettext
from crmtui.services import records
from crmtui.services.context import Context, Ref, Tx
from crmtui.store import keyset
from crmtui.store.fields import Field
from crmtui.store.keyset import MANY, By, Key, Stretch
from crmtui.store.record import table
from crmtui.store.values import as_text

__all__ = [
    "Group",
    "Key",
    "Listing",
    "Page",
    "count",
    "groups",
    "last",
    "page",
    "place",
    "rank",
    "sums",
    "within",
]

WINDOW = 256


@dataclass(frozen=True)
class Listing:
    """Which records, in which order, and which of their fields; `group` is what they are put together by."""

    noun: str
    where: str = ""
    sort: str = ""
    fields: tuple[str, ...] = ()
    archived: bool = False
    group: str = ""


@dataclass(frozen=True)
class Page:
    """Rows in the order of the list, each as people see it by field name, always with id, ref and version; their keys."""

    rows: list[dict[str, Any]]
    first: Key | None = None
    last: Key | None = None


@dataclass(frozen=True)
class Group:
    """Records that have the same `value`: the text for it, the condition that finds them, how many, and their sums."""

    value: Any
    label: str
    condition: str
    count: int
    sums: dict[str, Any] = field(default_factory=dict)


# Rows


@dataclass
class _Asked:
    """A listing as the store understands it."""

    ctx: Context
    tx: Tx
    listing: Listing
    by: list[By]
    found: list[Any]

    def fields(self) -> list[Field]:
        """The fields to show, those that every row has among them."""
        every = records.fields_in(self.tx, self.listing.noun)
        if not self.listing.fields:
            return every
        names = dict.fromkeys(("id", "ref", "version", *self.listing.fields))
        return [records.field_named(every, name, self.listing.noun) for name in names]

    def stretches(self, key: Key | None, back: bool) -> list[Stretch]:
        """What comes after `key`, or before it, nearest first."""
        return list(keyset.stretches(self.by, key, back, self.ctx.store.sqlite))

    def number(self, stretch: Stretch) -> int:
        """How many rows a stretch has."""
        statement = keyset.count(self.listing.noun, self.found, stretch)
        return self.tx.session.scalar(statement) or 0


def _asked(ctx: Context, tx: Tx, listing: Listing, matches: int | None = None) -> _Asked:
    found = records.matching(ctx, tx, listing.noun, listing.where, listing.archived)
    by = keyset.order(listing.noun, listing.sort, records.scope_for(ctx, tx))
    if ctx.store.sqlite and listing.where.strip():
        if matches is None:
            matches = tx.session.scalar(keyset.count_some(listing.noun, found)) or 0
        if matches > MANY:
            found = [keyset.unindexed(one) for one in found]
    return _Asked(ctx, tx, listing, by, found)


def page(
    ctx: Context,
    listing: Listing,
    *,
    after: Key | None = None,
    before: Key | None = None,
    skip: int = 0,
    size: int = WINDOW,
    matches: int | None = None,
) -> Page:
    """At most `size` rows after a key (None: from the start) or just before one, `skip` rows further off.

    `matches`, how many the listing has if that is known, lets the store choose the quicker way.
    Raises Invalid for a wrong condition, field or order, Forbidden.
    """
    with ctx.reading() as tx:
        asked = _asked(ctx, tx, listing, matches)
        return _read(asked, before if before is not None else after, before is not None, skip, size)


def last(ctx: Context, listing: Listing, size: int, *, skip: int = 0, matches: int | None = None) -> Page:
    """The last `size` rows, without those `skip` at the very end; nothing before them is read. Raises as `page`."""
    with ctx.reading() as tx:
        return _read(_asked(ctx, tx, listing, matches), None, True, skip, size)


def _read(asked: _Asked, key: Key | None, back: bool, skip: int, size: int) -> Page:
    fields = asked.fields()
    columns = records.needed(asked.listing.noun, fields)
    raw: list[Any] = []
    for stretch in asked.stretches(key, back):
        statement = keyset.read(
            asked.listing.noun, columns, asked.by, asked.found, stretch, size - len(raw), skip
        )
        got = asked.tx.session.execute(statement).all()
        if skip:
            skip = 0 if got else max(skip - asked.number(stretch), 0)
        raw += got
        if len(raw) >= size:
            break
    if back:
        raw.reverse()
    return _page(asked, fields, raw)


def _page(asked: _Asked, fields: Sequence[Field], raw: Sequence[Any]) -> Page:
    rows = list(
        records.presented(asked.ctx, asked.tx, asked.listing.noun, fields, [row._mapping for row in raw])
    )
    if not raw:
        return Page(rows)
    size = len(asked.by)
    return Page(rows, tuple(raw[0][-size:]), tuple(raw[-1][-size:]))


def count(ctx: Context, listing: Listing) -> int:
    """How many visible records match. Raises as `page`."""
    return records.count_where(ctx, listing.noun, listing.where, archived=listing.archived)


def rank(ctx: Context, listing: Listing, ref: str) -> int | None:
    """How many rows stand before the record; None when it is not in the list (any more). Raises as `page`."""
    found = place(ctx, listing, ref)
    return None if found is None else found[0]


def place(ctx: Context, listing: Listing, ref: str) -> tuple[int, Key] | None:
    """As `rank`, and the key of the record, from which its page can be read."""
    with ctx.reading() as tx:
        asked = _asked(ctx, tx, listing, 0)
        model = table(listing.noun)
        this = select(*(one.value for one in asked.by)).select_from(model)
        number = int(ref.rpartition("-")[2])
        key = tx.session.execute(this.where(model.id == number, *asked.found)).first()
        if key is None:
            return None
        return sum(map(asked.number, asked.stretches(tuple(key), back=True))), tuple(key)


# Groups and sums


def groups(ctx: Context, listing: Listing, measures: Sequence[str] = ()) -> list[Group]:
    """The groups of the listing in their order, counted and summed by the database; `measures` such as `sum(amount)`.

    Money is in the company's currency. Raises as `page`, and Refused where a rate is missing.
    """
    wanted = ",".join(("count", *measures))
    columns, rows = records.totals(
        ctx,
        listing.noun,
        by=listing.group,
        measure=wanted,
        where_text=listing.where,
        archived=listing.archived,
    )
    found = [_group(ctx, listing, columns[0].field, row) for row in rows]
    places = _places(ctx, columns[0].field)
    return sorted(found, key=lambda group: places.get(group.value, len(places))) if places else found


def _places(ctx: Context, by: Field) -> dict[Any, int]:
    """Where the values of a state, a stage or a list of the company stand among the others; empty for what sorts itself."""
    if by.kind == "state":
        return {value: place for place, value in enumerate(by.values)}
    if by.kind not in ("choice", "stage"):
        return {}
    model = table("type" if by.kind == "choice" else "stage")
    of_it = [model.list == by.choices] if by.kind == "choice" else []
    with ctx.reading() as tx:
        query = select(model.code).where(*of_it).order_by(model.position, model.id)
        return {code: place for place, code in reversed(list(enumerate(tx.session.scalars(query))))}


def _group(ctx: Context, listing: Listing, by: Field, row: dict[str, Any]) -> Group:
    value = row.pop(by.name)
    number = row.pop("count")
    label = as_text(by, value, people=True) if value not in (None, "") else gettext(N_("none"))
    return Group(value, label, condition_for(listing.group, value), number, row)


def condition_for(group: str, value: Any) -> str:
    """The condition that finds the records of a group, such as `owner = U-3` or `closed_on = 2026Q4`."""
    name = group.partition("(")[2].rstrip(") ") or group
    name = name.strip()
    if value is None or value == "":
        return f"{name} is empty"
    if isinstance(value, Ref):
        return f"{name} = {value.ref}"
    if isinstance(value, bool):
        return f"{name} = {'true' if value else 'false'}"
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f"{name} = {text}" if text.isascii() and text.isalnum() else f'{name} = "{text}"'


def within(listing: Listing, condition: str) -> Listing:
    """The records of a group of the listing, ungrouped."""
    where = f"({listing.where}) and {condition}" if listing.where.strip() else condition
    return Listing(listing.noun, where, listing.sort, listing.fields, listing.archived)


def sums(ctx: Context, listing: Listing, measures: Sequence[str]) -> dict[str, Any]:
    """Each measure of the whole listing by its text, such as `sum(amount)`. Raises as `groups`."""
    if not measures:
        return {}
    _columns, rows = records.totals(
        ctx,
        listing.noun,
        by="",
        measure=",".join(measures),
        where_text=listing.where,
        archived=listing.archived,
    )
    return next(iter(rows), {})
