"""Which record of the store a row of a file means: by its key, exactly."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crmtui import text
from crmtui.errors import Invalid, Refused
from crmtui.i18n import N_
from crmtui.services import rules
from crmtui.services.assignment import Layout
from crmtui.services.columns import ABSENT, Faults
from crmtui.services.context import Context, Tx
from crmtui.services.nouns import NOUNS
from crmtui.store import bulk, refs
from crmtui.store.record import label_column, table
from crmtui.store.sieve import SIEVED, Sieve

Existing = Mapping[str, Any]
Ahead = Mapping[str, tuple[Sequence[str], Sequence[int]]]
"""Keys to ask the store for, and their places in a sieve, by column."""


class Seen:
    """A set of record ids, one bit each: a file of millions of rows must not fill the memory."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def add(self, record: int) -> None:
        """Take `record` in."""
        place = record >> 3
        if place >= len(self._bits):
            self._bits.extend(bytes(place + 4096 - len(self._bits)))
        self._bits[place] |= 1 << (record & 7)

    def __contains__(self, record: int) -> bool:
        place = record >> 3
        return place < len(self._bits) and bool(self._bits[place] >> (record & 7) & 1)


@dataclass(frozen=True)
class Key:
    """The columns by which rows are recognised, and those for rows that have no value there."""

    columns: tuple[str, ...]
    fallback: tuple[str, ...] = ()


def key_of(noun: str, asked: Sequence[str], layout: Layout, given: Iterable[str]) -> Key:
    """The key of an import into `noun` whose rows have the fields `given`. Raises Invalid when there is none."""
    given = set(given)
    own = NOUNS[noun].key
    for name in asked:
        if name not in given:
            raise Invalid(
                "import.key_unmapped",
                N_("The key has the field {name}, but no column is read into it."),
                field=name,
                hint=N_("Map a column to it, or name another key."),
                name=name,
            )
    if asked:
        return Key(_columns(layout, noun, asked))
    label = label_column(noun).rstrip("_")
    if own == ("external_id",):
        own = tuple(name for name in (label, "account") if name in layout.fields)
    # What a new record gets made from its name cannot tell it apart where the file does not give it.
    own = tuple(
        dict.fromkeys(name if name in given or not layout.fields[name].required else label for name in own)
    )
    if "external_id" in given:
        return Key(("external_id",), _columns(layout, noun, own) if given & set(own) else ())
    if not given & set(own):
        raise Invalid(
            "import.no_key",
            N_("Nothing in this file tells one {noun} from another."),
            hint=N_("Map a column to one of: {fields}."),
            noun=noun,
            fields=", ".join(dict.fromkeys(("external_id", *own))),
        )
    return Key(_columns(layout, noun, own))


def _columns(layout: Layout, noun: str, names: Sequence[str]) -> tuple[str, ...]:
    for name in names:
        field = layout.fields[name]
        if field.custom or field.kind in ("choices", "refs", "children"):
            raise Invalid("import.key_kind", N_("{name} cannot be part of a key."), field=name, name=name)
    return tuple(layout.fields[name].column for name in names)


def keys(
    ctx: Context, noun: str, columns: Sequence[str], values: Mapping[str, Sequence[Any]], count: int
) -> list[tuple[Any, ...]]:
    """The key of each row, as its noun spells it; where the file says nothing, what a new record would have."""
    model, spell = table(noun), rules.spelling_of(noun)
    parts = []
    for column in columns:
        default = model.model_fields[column].get_default()
        found = values.get(column) or [default] * count
        part = [default if value is ABSENT else value for value in found] if ABSENT in found else found
        if spell is not None:
            known = {value: spell(ctx, column, value) for value in set(part)}
            part = [known[value] for value in part]
        parts.append(part)
    return list(zip(*parts, strict=True))


def lookup_of(noun: str, columns: Sequence[str]) -> tuple[str, str]:
    """The indexed column by which records with a key of these `columns` are found, and the column that tells it."""
    model = table(noun)
    if "external_id" in columns:
        return "external_id", "external_id"
    if model.LABEL in columns:
        return "name_key", str(model.LABEL)
    leading = [next(iter(index.columns)).name for index in model.__table__.indexes]
    by = next((column for column in columns if column in leading), columns[0])
    return by, by


def find(
    tx: Tx, noun: str, columns: Sequence[str], by: str, asked: Collection[Any], more: Iterable[str]
) -> dict[tuple[Any, ...], list[Existing]]:
    """The records whose `by` is one of `asked`, by key: their ids, key columns and `more`. Past the predicate."""
    found: dict[tuple[Any, ...], list[Existing]] = {}
    if not asked:
        return found
    with tx.without_predicate("import"):
        rows = bulk.find(tx, noun, by, asked, [*columns, "archived_at", *more])
    for row in rows:
        found.setdefault(tuple(row[column] for column in columns), []).append(row)
    return found


def only(noun: str, rows: Sequence[Existing], ref: str | None) -> Existing:
    """The one of several records with the same key that the row means. Raises Refused when that is not clear."""
    if len(rows) == 1:
        return rows[0]
    named = refs.noun_of(ref.strip()) if ref else None
    same = [row for row in rows if named == (noun, row["id"])] or [
        row for row in rows if row["archived_at"] is None
    ]
    if len(same) == 1:
        return same[0]
    raise Refused(
        "import.several_match",
        N_("{count} records have this key."),
        hint=N_("Tell them apart by a key with more fields."),
        count=len(rows),
    )


@dataclass
class Matched:
    """What was found for the rows of a batch."""

    records: list[Existing | None]
    """The record that each row means, None for a new one."""
    identities: list[Any]
    """What two rows that mean the same have in common: the id of their record, or else their key."""
    last: Mapping[Any, int] = field(default_factory=dict)
    """The last place of each key."""
    again: Collection[int] = ()
    """The places whose key stands elsewhere too."""

    def compare(self) -> None:
        """Find out which keys stand in several places."""
        count = len(self.identities)
        self.last = dict(zip(self.identities, range(count), strict=True))
        earlier = set(range(count)).difference(self.last.values()) if len(self.last) < count else set()
        self.again = earlier | {self.last[self.identities[place]] for place in earlier}

    def holding(self, keys: Collection[Any], places: Sequence[int]) -> list[int]:
        """Those of `places` that hold one of `keys`, in order; the keys are likely few, the places many."""
        found = {self.last[key] for key in keys if key in self.last}
        found |= {place for place in self.again if self.identities[place] in keys}
        return sorted(found if len(places) == len(self.identities) else found.intersection(places))


class Matcher:
    """Finds the record of each row, and the rows that say the same thing twice."""

    def __init__(self, ctx: Context, noun: str, key: Key) -> None:
        self.ctx, self.noun, self.key = ctx, noun, key
        self.seen = Seen()
        self.sieves: dict[str, Sieve] = {}
        self.entering = False
        """Whether this import has put in any record yet."""

    def match(
        self,
        tx: Tx,
        values: Mapping[str, Sequence[Any]],
        count: int,
        more: Iterable[str],
        faults: Faults,
        named: Sequence[str] | None,
        ahead: Ahead,
    ) -> Matched:
        """The records that the rows mean; rows without a key, or with one of several records, go into `faults`.

        `more` are the columns of the records that are wanted besides, `named` the refs that the rows give,
        `ahead` the keys that were made ready, with their places in a sieve.
        """
        matched = Matched([None] * count, [None] * count)
        more = [*more, *self.key.columns]
        places = [place for place in range(count) if place not in faults] if faults else range(count)
        stored, lacking = self._stored(tx, values, self.key.columns, places, more, matched, ahead)
        _choose(self.noun, stored, places, matched, faults, named)
        if lacking and self.key.fallback:
            stored, without = self._stored(tx, values, self.key.fallback, lacking, more, matched, ahead)
            # A record that has a value for the main key is not meant by a row that has none.
            stored = {key: [row for row in rows if self._keyless(row)] for key, rows in stored.items()}
            _choose(self.noun, stored, lacking, matched, faults, named)
            lacking = without
        for place in lacking:
            faults[place] = [_no_value(self.key.columns)]
        return matched

    def _stored(
        self,
        tx: Tx,
        values: Mapping[str, Sequence[Any]],
        columns: Sequence[str],
        places: Sequence[int],
        more: Iterable[str],
        matched: Matched,
        ahead: Ahead,
    ) -> tuple[dict[Any, list[Existing]], list[int]]:
        """The records with the keys of these rows, by key; and the rows whose key is empty."""
        keyed = keys(self.ctx, self.noun, columns, values, len(matched.records))
        if len(places) == len(keyed):
            matched.identities[:] = keyed
        else:
            for place in places:
                matched.identities[place] = keyed[place]
        matched.compare()
        nothing = (None,) * len(columns)
        empty = [place for place in places if keyed[place] == nothing] if nothing in keyed else []
        by, told = lookup_of(self.noun, columns)
        at = list(columns).index(told)
        if by in ahead and rules.spelling_of(self.noun) is None:
            return self._find(tx, columns, by, *ahead[by], more), empty
        asked = {keyed[place][at] for place in places} - {None}
        if by == "name_key":
            asked = set(text.name_keys(list(map(str, asked))))
        return self._find(tx, columns, by, asked, None, more), empty

    def _find(
        self,
        tx: Tx,
        columns: Sequence[str],
        by: str,
        asked: Collection[Any],
        at: Sequence[int] | None,
        more: Iterable[str],
    ) -> dict[tuple[Any, ...], list[Existing]]:
        if by in SIEVED:
            asked = self.sieves.setdefault(by, Sieve(self.noun, by)).possible(tx, asked, at)
        return find(tx, self.noun, columns, by, asked, more)

    def took(self, tx: Tx, ahead: Ahead, count: int) -> None:
        """Note that `count` rows of those whose keys were made ready are in the store now."""
        for by, (_, at) in ahead.items():
            if by in self.sieves:
                self.sieves[by].took(tx, at, count)

    def _keyless(self, row: Existing) -> bool:
        return all(row[column] is None for column in self.key.columns)

    def reject_twins(self, tx: Tx, lines: Sequence[int], matched: Matched, faults: Faults) -> None:
        """Put every row that means what an earlier sound row of the file meant into `faults`."""
        found = [record["id"] for record in matched.records if record is not None]
        mine = bulk.entered(tx, self.noun, found) if self.entering and found else set()
        first: dict[Any, int] = {}
        for place in _doubtful(matched):
            identity = matched.identities[place]
            if place in faults:
                continue
            if matched.records[place] is not None and (identity in mine or identity in self.seen):
                faults[place] = [_twice(refs.ref_of(self.noun, identity))]
            elif first.setdefault(identity, lines[place]) != lines[place]:
                faults[place] = [_twice_at(first[identity])]


def _doubtful(matched: Matched) -> list[int]:
    """The places of rows that mean a known record, or the same as another row."""
    found = {place for place, record in enumerate(matched.records) if record is not None}
    return sorted(found.union(matched.again))


def _choose(
    noun: str,
    stored: Mapping[Any, Sequence[Existing]],
    places: Sequence[int],
    matched: Matched,
    faults: Faults,
    named: Sequence[str] | None,
) -> None:
    """Give each row the one record of its key."""
    for place in matched.holding(stored, places):
        if rows := stored[matched.identities[place]]:
            try:
                matched.records[place] = row = only(noun, rows, named[place] if named else None)
                matched.identities[place] = row["id"]
            except Refused as problem:
                faults[place] = [problem]


def _no_value(columns: Sequence[str]) -> Invalid:
    return Invalid(
        "import.no_key_value",
        N_("The fields of the key are empty: {fields}."),
        field=columns[0],
        fields=", ".join(columns),
    )


def _twice_at(line: int) -> Refused:
    return Refused(
        "import.duplicate",
        N_("Line {earlier} of this file has the same key."),
        hint=N_("Leave one of them out."),
        earlier=line,
    )


def _twice(ref: str) -> Refused:
    return Refused(
        "import.duplicate",
        N_("An earlier line of this file has the same key; it is {ref}."),
        hint=N_("Leave one of them out."),
        ref=ref,
    )
