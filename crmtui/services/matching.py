"""Which record of the store a row of a file means: by its key, exactly."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crmtui.errors import Invalid, Refused
from crmtui.i18n import N_
from crmtui.services.assignment import Layout
from crmtui.services.columns import ABSENT, Faults
from crmtui.services.context import Tx
from crmtui.services.nouns import NOUNS
from crmtui.store import bulk, refs
from crmtui.store.record import label_column, table
from crmtui.text import name_key

Existing = Mapping[str, Any]


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
    noun: str, columns: Sequence[str], values: Mapping[str, Sequence[Any]], count: int
) -> list[tuple[Any, ...]]:
    """The key of each row; where the file says nothing, what a new record would have."""
    model = table(noun)
    parts = []
    for column in columns:
        default = model.model_fields[column].get_default()
        found = values.get(column)
        parts.append(
            [default] * count if found is None else [default if value is ABSENT else value for value in found]
        )
    return list(zip(*parts, strict=True))


def find(
    tx: Tx, noun: str, columns: Sequence[str], wanted: Iterable[tuple[Any, ...]], more: Iterable[str]
) -> dict[tuple[Any, ...], list[Existing]]:
    """The records that have one of the `wanted` keys, by key: their ids, key columns and `more`. Past the predicate."""
    model = table(noun)
    label = model.LABEL
    if "external_id" in columns:
        by = "external_id"
    elif label in columns:
        by = "name_key"
    else:
        leading = [next(iter(index.columns)).name for index in model.__table__.indexes]
        by = next((column for column in columns if column in leading), columns[0])
    source = columns.index(label if by == "name_key" else by)
    plain = {key[source] for key in wanted} - {None}
    asked = {name_key(str(value)) for value in plain} if by == "name_key" else plain
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


class Matcher:
    """Finds the record of each row, and the rows that say the same thing twice."""

    def __init__(self, noun: str, key: Key) -> None:
        self.noun, self.key = noun, key
        self.seen = Seen()
        self.entering = False
        """Whether this import has put in any record yet."""

    def match(
        self,
        tx: Tx,
        lines: Sequence[int],
        values: Mapping[str, Sequence[Any]],
        more: Iterable[str],
        faults: Faults,
        named: Sequence[str] | None,
    ) -> list[Existing | None]:
        """The record that each row means, None for a new one; rows without a key or met before go into `faults`."""
        more = list(more)
        found: list[Existing | None] = [None] * len(lines)
        main = keys(self.noun, self.key.columns, values, len(lines))
        places = [place for place in range(len(lines)) if place not in faults]
        empty = [place for place in places if not any(part is not None for part in main[place])]
        if empty:
            self._by_fallback(tx, lines, values, more, faults, named, empty, found)
            lacking = set(empty)
            places = [place for place in places if place not in lacking]
        stored = find(tx, self.noun, self.key.columns, [main[place] for place in places], more)
        self._by_key(tx, lines, stored, main, places, faults, named, found)
        return found

    def _by_fallback(
        self,
        tx: Tx,
        lines: Sequence[int],
        values: Mapping[str, Sequence[Any]],
        more: Sequence[str],
        faults: Faults,
        named: Sequence[str] | None,
        places: Sequence[int],
        found: list[Existing | None],
    ) -> None:
        if self.key.fallback:
            other = keys(self.noun, self.key.fallback, values, len(lines))
            without = [place for place in places if not any(part is not None for part in other[place])]
            rest = [place for place in places if place not in set(without)]
            stored = find(
                tx, self.noun, self.key.fallback, [other[place] for place in rest], [*more, *self.key.columns]
            )
            for key, rows in list(stored.items()):
                # A record that has a value for the main key is not meant by a row that has none.
                stored[key] = [row for row in rows if all(row[column] is None for column in self.key.columns)]
            self._by_key(
                tx,
                lines,
                {key: rows for key, rows in stored.items() if rows},
                other,
                rest,
                faults,
                named,
                found,
            )
        else:
            without = list(places)
        for place in without:
            faults[place] = [
                Invalid(
                    "import.no_key_value",
                    N_("The fields of the key are empty: {fields}."),
                    field=self.key.columns[0],
                    fields=", ".join(self.key.columns),
                )
            ]

    def _by_key(
        self,
        tx: Tx,
        lines: Sequence[int],
        stored: Mapping[Any, Sequence[Existing]],
        keyed: Sequence[tuple[Any, ...]],
        places: Sequence[int],
        faults: Faults,
        named: Sequence[str] | None,
        found: list[Existing | None],
    ) -> None:
        mine = self._entered(tx, stored)
        first: dict[Any, int] = {}
        for place in places:
            key: Any = keyed[place]
            rows = stored.get(key)
            if rows is not None:
                try:
                    found[place] = row = only(self.noun, rows, named[place] if named else None)
                except Refused as problem:
                    faults[place] = [problem]
                    continue
                key = row["id"]
                if key in mine or key in self.seen:
                    faults[place] = [_twice(refs.ref_of(self.noun, key))]
                    continue
            if first.setdefault(key, lines[place]) != lines[place]:
                faults[place] = [_twice_at(first[key])]

    def _entered(self, tx: Tx, stored: Mapping[Any, Sequence[Existing]]) -> set[int]:
        if not self.entering or not stored:
            return set()
        return bulk.entered(tx, self.noun, [row["id"] for rows in stored.values() for row in rows])


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
