"""Putting the rows of an import into the store: new ones together, changed ones by what changed in them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from functools import cached_property
from itertools import compress
from typing import Any

from crmtui.errors import CrmError, Forbidden
from crmtui.i18n import N_
from crmtui.services import rules
from crmtui.services.ahead import search_keys
from crmtui.services.columns import ABSENT, Faults, required
from crmtui.services.context import Context, Tx
from crmtui.store import bulk
from crmtui.store.fields import Field
from crmtui.store.keys import phone_key
from crmtui.store.record import table
from crmtui.text import name_key

Columns = dict[str, list[Any]]
Change = tuple[int, int, dict[str, Any]]
"""A row's place, its record, and the columns that change."""


class Entering:
    """The rows of one batch on their way in; whatever is refused goes into `faults` by its place."""

    def __init__(
        self,
        ctx: Context,
        tx: Tx,
        noun: str,
        fields: Sequence[Field],
        values: Mapping[str, list[Any]],
        faults: Faults,
    ) -> None:
        self.ctx, self.tx, self.noun, self.fields, self.values, self.faults = (
            ctx,
            tx,
            noun,
            fields,
            values,
            faults,
        )
        self.model = table(noun)
        self.whole: Collection[str] = ()
        """Columns in which nothing is absent, as far as that is known."""
        self.changed: Sequence[int] = ()
        """The places of the rows that changed their records."""
        self.keys: Mapping[str, list[str | None]] = {}
        """The columns of search keys that are made already."""

    @cached_property
    def owners(self) -> set[int] | None:
        """The people to whom the actor may give records; None for everybody."""
        return bulk.owners(self.tx, self.noun, "import")

    def _fault(self, place: int, error: CrmError) -> None:
        self.faults.setdefault(place, []).append(error)

    # New records

    def insert(self, places: Sequence[int], meanwhile: Callable[[], object] = bool) -> None:
        """Put in the rows at `places`; `meanwhile` as in `bulk.insert`."""
        self.meanwhile = meanwhile
        if not places:
            return
        if rules.stands(self.noun):
            columns = {**self.values, **self.keys}
            if "x" in columns:
                columns["x"] = list(map(_held, columns["x"]))
            for column, found in columns.items():
                if column not in self.keys and (
                    self._default(column) is not None or column not in self.whole
                ):
                    columns[column] = _known(found, self._default(column))
            self._enter(columns, places, places)
            return
        settle = rules.settle_of(self.noun)
        assert settle is not None
        waiting: list[tuple[int, dict[str, Any]]] = []
        for place in places:
            row = {
                column: found[place] for column, found in self.values.items() if found[place] is not ABSENT
            }
            row = {
                column: value
                for column, value in row.items()
                if value is not None or self._default(column) is None
            }
            if "x" in row:
                row["x"] = _held(row["x"])
            alone = not rules.apart(self.noun, row)
            if alone:
                self._enter_rows(waiting)
                waiting = []
            try:
                self._default_currency(row)
                settle(self.ctx, self.tx, row, None, True)
                self.tx.session.flush()
            except CrmError as error:
                self._fault(place, error)
                continue
            waiting.append((place, row))
            if alone:
                self._enter_rows(waiting)
                waiting = []
        self._enter_rows(waiting)

    def _default(self, column: str) -> Any:
        if column == "currency":
            return self.ctx.company.currency
        return None if column == "x" else self.model.model_fields[column].get_default()

    def _default_currency(self, row: dict[str, Any]) -> None:
        if "currency" in self.model.model_fields and row.get("currency") is None:
            row["currency"] = self.ctx.company.currency

    def _enter_rows(self, rows: Sequence[tuple[int, dict[str, Any]]]) -> None:
        if not rows:
            return
        names = dict.fromkeys(name for _, row in rows for name in row)
        columns = {name: [row.get(name) for _, row in rows] for name in names}
        self._enter(
            {name: _known(found, self._default(name)) for name, found in columns.items()},
            [place for place, _ in rows],
            range(len(rows)),
        )

    def _enter(self, columns: Columns, places: Sequence[int], spots: Sequence[int]) -> None:
        """Check what only new records must have, complete them, and put them in.

        They are the rows at `places` of the batch, and stand at `spots` of these `columns`.
        """
        bad = self._lacking(columns, places, spots) | self._not_mine(columns, places, spots)
        if bad:
            spots = [spot for place, spot in zip(places, spots, strict=True) if place not in bad]
            places = [place for place in places if place not in bad]
        if not places:
            return
        columns = _at(spots, columns)
        self._complete(columns)
        bulk.insert(
            self.tx,
            self.noun,
            columns,
            self._constants(columns),
            lambda at, error: self._fault(places[at], error),
            self.meanwhile,
        )

    def _lacking(self, columns: Columns, places: Sequence[int], spots: Sequence[int]) -> set[int]:
        """The places of rows without a value that a record must have."""
        bad: set[int] = set()
        attributes = columns.get("x")
        pairs = list(zip(places, spots, strict=True))
        for field in self.fields:
            if not field.required or field.verb == "system":
                continue
            if field.custom:
                name = field.name[2:]
                lacking = [
                    place
                    for place, spot in pairs
                    if not attributes or (attributes[spot] or {}).get(name) is None
                ]
            elif field.column in columns:
                found = columns[field.column]
                lacking = [place for place, spot in pairs if found[spot] is None] if None in found else []
            else:
                lacking = list(places) if self._default(field.column) is None else []
            for place in lacking:
                self._fault(place, required(field.label, field.name))
            bad.update(lacking)
        return bad

    def _not_mine(self, columns: Columns, places: Sequence[int], spots: Sequence[int]) -> set[int]:
        """The places of rows that the actor would give to somebody beyond their reach."""
        if self.owners is None or "owner_id" not in columns:
            return set()
        found = columns["owner_id"]
        bad = {
            place
            for place, spot in zip(places, spots, strict=True)
            if found[spot] is not None and found[spot] not in self.owners
        }
        for place in bad:
            self._fault(place, _beyond(self.noun))
        return bad

    def _complete(self, columns: Columns) -> None:
        """The keys for searching, the moment of entry, and the version, as the door gives them to a single record."""
        sources = {"name_key": (self.model.LABEL,), "phone_key": ("phone", "mobile")}
        done = [name for key, names in sources.items() if key in columns for name in names]
        left = {name: found for name, found in columns.items() if name not in done}
        columns |= search_keys(self.noun, left, self.ctx)
        if "created_at" in columns:
            columns["created_at"] = [value or self.tx.now for value in columns["created_at"]]

    def _constants(self, columns: Columns) -> dict[str, Any]:
        given = {
            name: field.get_default()
            for name, field in self.model.model_fields.items()
            if name not in columns and name != "id" and field.get_default() is not None
        }
        given |= {"updated_at": self.tx.now, "created_by_id": self.ctx.actor.id}
        if "created_at" not in columns:
            given["created_at"] = self.tx.now
        if "currency" in self.model.model_fields and "currency" not in columns:
            given["currency"] = self.ctx.company.currency
        return given

    # Known records

    def update(
        self, pairs: Sequence[tuple[int, Mapping[str, Any]]], kept: Mapping[str, set[int] | None]
    ) -> tuple[int, int]:
        """Bring records up to what their rows (place, record as looked up) say; how many changed, and how many did not.

        `kept` are the columns, and in which rows, whose text is a default: it never overwrites.
        """
        may = bulk.reachable(self.tx, self.noun, [row["id"] for _, row in pairs], "import")
        differing: list[Change] = []
        same = 0
        for place, row in pairs:
            if row["id"] not in may:
                self._fault(place, not_yours())
            elif given := self._given(place, row, kept):
                differing.append((place, row["id"], given))
            else:
                same += 1
        if not differing:
            return 0, same
        changed = self.changed = self._settled(differing)
        refused = sum(place in self.faults for place, _, _ in differing)
        return len(changed), same + len(differing) - refused - len(changed)

    def _given(
        self, place: int, row: Mapping[str, Any], kept: Mapping[str, set[int] | None]
    ) -> dict[str, Any]:
        """The columns that the row changes."""
        found: dict[str, Any] = {}
        for column, values in self.values.items():
            value = values[place]
            if value is ABSENT:
                continue
            soft = kept.get(column, ())
            if soft is None or place in soft:
                continue
            if column == "x":
                value = _held({**(row["x"] or {}), **value})
            elif value is None and self._default(column) is not None:
                continue
            if value != row[column]:
                found[column] = value
        return found

    def _settled(self, differing: Sequence[Change]) -> list[int]:
        """Make the changes after the noun's rules have seen the whole records; the places of those made."""
        settle = rules.settle_of(self.noun)
        with self.tx.without_predicate("import"):
            stored = bulk.load(self.tx, self.noun, [record for _, record, _ in differing])
        together: list[Change] = []
        places: list[int] = []
        for place, record, given in differing:
            before = stored[record]
            after = {**before, **given}
            try:
                if settle is not None and rules.concerned(self.noun, set(given)):
                    settle(self.ctx, self.tx, after, before, True)
                    self.tx.session.flush()
                self._check_change(before, after)
            except CrmError as error:
                self._fault(place, error)
                continue
            change = {column: value for column, value in after.items() if before.get(column) != value}
            if not change:
                continue
            places.append(place)
            change |= self._new_keys(after, change)
            if rules.apart(self.noun, after):
                together.append((place, record, change))
            else:
                self._change([(place, record, change)])
        self._change(together)
        return [place for place in places if place not in self.faults]

    def _check_change(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        for field in self.fields:
            if field.required and not field.custom and field.verb != "system" and after[field.column] is None:
                raise required(field.label, field.name)
        owner = after["owner_id"]
        if (
            owner != before["owner_id"]
            and owner is not None
            and self.owners is not None
            and owner not in self.owners
        ):
            raise _beyond(self.noun)

    def _new_keys(self, after: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self.model.LABEL in change:
            found["name_key"] = name_key(str(after[self.model.LABEL])) if after[self.model.LABEL] else None
        if "phone_key" in after and not change.keys().isdisjoint(("phone", "mobile")):
            region = self.tx.region
            found["phone_key"] = phone_key(after["phone"], region) or phone_key(after.get("mobile"), region)
        return found

    def _change(self, changes: Sequence[Change]) -> None:
        """Write changes, those of the same columns together."""
        alike: dict[tuple[str, ...], list[Change]] = {}
        for change in changes:
            alike.setdefault(tuple(change[2]), []).append(change)
        for names, items in alike.items():
            rows = [(record, list(change.values())) for _, record, change in items]
            self._update(names, rows, [place for place, _, _ in items])

    def _update(
        self, names: Sequence[str], rows: Sequence[tuple[int, Sequence[Any]]], places: Sequence[int]
    ) -> None:
        bulk.update(self.tx, self.noun, names, rows, lambda at, error: self._fault(places[at], error))


def _at(places: Sequence[int], columns: Mapping[str, list[Any]]) -> Columns:
    """What `columns` hold at `places`, which are in order."""
    count = len(next(iter(columns.values()))) if columns else 0
    if len(places) == count:
        return dict(columns)
    chosen = bytearray(count)
    for place in places:
        chosen[place] = 1
    return {name: list(compress(found, chosen)) for name, found in columns.items()}


def _known(found: list[Any], default: Any) -> list[Any]:
    """A column of a new record: the default where the file says nothing, or nothing that counts."""
    if default is None:
        return [None if value is ABSENT else value for value in found] if ABSENT in found else found
    return [default if value is None or value is ABSENT else value for value in found]


def gather(fields: Mapping[str, Field], values: dict[str, list[Any]]) -> None:
    """Put the columns of the company's own attributes together into `x`, one object a row."""
    names = [name for name in values if name in fields and fields[name].custom]
    if not names:
        return
    columns = [values.pop(name) for name in names]
    values["x"] = [
        {
            name[2:]: value.isoformat() if isinstance(value, date) else value
            for name, value in zip(names, row, strict=True)
            if value is not ABSENT
        }
        for row in zip(*columns, strict=True)
    ]


def _held(given: Mapping[str, Any]) -> dict[str, Any] | None:
    """The attributes that have a value; None when none has."""
    return {name: value for name, value in given.items() if value is not None} or None


def not_yours() -> Forbidden:
    """The fault of a row whose key belongs to a record that the actor may not change, seen or not."""
    return Forbidden(
        "import.taken",
        N_("A record with this key exists, and it is not yours to change."),
        hint=N_("Ask somebody who may."),
    )


def _beyond(noun: str) -> Forbidden:
    return Forbidden(
        "right.missing",
        N_("Your role does not let you {verb} this {noun}."),
        hint=N_("crm can {verb} {noun} tells how far your rights reach."),
        noun=noun,
        verb="import",
    )
