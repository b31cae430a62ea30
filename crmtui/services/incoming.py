"""The rows of a foreign file as columns of values: words translated, texts read, references found or made."""

from collections.abc import Collection, Sequence
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, field, replace
from typing import Any

from crmtui.errors import CrmError, Invalid, NotFound
from crmtui.i18n import N_
from crmtui.services import columns, records
from crmtui.services.assignment import Layout
from crmtui.services.columns import ABSENT, DEPENDS, Faults
from crmtui.services.context import Context, Tx
from crmtui.services.mapping import Mapping
from crmtui.store import values as reading
from crmtui.store.fields import Field
from crmtui.store.record import declared, label_column
from crmtui.store.values import Entry
from crmtui.text import csv_uncell, fold

EARLY = ("currency", "scope", "process", "account")
"""Fields that others are read by."""
MOST_KEPT = 100_000
"""References remembered at a time."""
MOST_REMARKS = 10
"""Words that are on no list, told for each list; a long file may have very many."""


@dataclass
class Texts:
    """A batch as texts by field: None where the file says nothing."""

    fields: dict[str, list[str | None]]
    count: int
    defaults: dict[str, set[int] | None] = field(default_factory=dict)
    """Fields whose text is a default: in these rows, or, with None, in all."""
    faults: Faults = field(default_factory=dict)
    read: dict[str, tuple[list[Any], Faults]] = field(default_factory=dict)
    """The fields that were read ahead: their values, and what is wrong with them."""
    whole: set[str] = field(default_factory=set)
    """Those of them about which the file says something in every row."""
    words: dict[str, set[str | None]] = field(default_factory=dict)
    """What stands in the fields that cannot be read ahead."""
    keys: dict[str, list[str | None]] = field(default_factory=dict)
    """The search keys of the names and numbers that were read ahead, by column."""
    asked: dict[str, tuple[list[str], list[int]]] = field(default_factory=dict)
    """The keys, each once, by which the store may be asked for records, and their places in a sieve; by column."""


def texts_of(
    rows: Sequence[Sequence[str]], layout: Layout, mapping: Mapping, kind: str, ctx: Context
) -> Texts:
    """The texts of a batch of rows, all as wide as the header, as the mapping has them read."""
    cells = list(zip(*rows, strict=True))
    found = Texts({}, len(rows))
    for name, places in layout.places.items():
        each = [_column(cells[place], kind, mapping) for place in places]
        text: list[str | None] = (
            list(each[0])
            if len(each) == 1
            else [" ".join(filter(None, parts)) for parts in zip(*each, strict=True)]
        )
        found.fields[name] = text
    _translate(found, cells, layout, mapping, kind)
    for name, text in found.fields.items():
        found.fields[name] = _prepared(layout.fields[name], text, mapping, kind, ctx)
    for name, default in mapping.defaults.items():
        _fill(found, name, default)
    return found


def _column(cells: Sequence[str], kind: str, mapping: Mapping) -> Sequence[str]:
    if kind == "csv" and "\n'" in "\n" + "\n".join(cells):
        cells = [csv_uncell(cell) for cell in cells]
    if len(mapping.missing) > 1:
        cells = ["" if cell.strip() in mapping.missing else cell for cell in cells]
    return cells


def _prepared(
    field: Field, texts: list[str | None], mapping: Mapping, kind: str, ctx: Context
) -> list[str | None]:
    if mapping.newline == "space" and field.kind != "text":
        texts = columns.one_line(texts)
    if mapping.date_formats and field.kind in ("day", "moment"):
        texts = columns.dates(texts, mapping.date_formats, ctx.clock, field.kind)
    if mapping.decimal == "," and field.kind in columns.NUMBERS:
        texts = columns.with_points(texts)
    if kind in ("json", "jsonl") and field.kind in ("ref", "refs", "target"):
        texts = columns.plain_refs(texts)
    return texts


def _translate(
    found: Texts, cells: Sequence[Sequence[str]], layout: Layout, mapping: Mapping, kind: str
) -> None:
    """Put what the words of the file mean into the fields that they set."""
    for name, words in mapping.values.items():
        own = name in found.fields
        place = layout.words.get(name)
        if not own and place is None:
            continue
        source = list(found.fields[name]) if own else _column(cells[place or 0], kind, mapping)
        for at, text in enumerate(source):
            word = (text or "").strip()
            meaning = words.get(word)
            if meaning is None:
                if not own and word:
                    found.faults[at] = [_unknown_word(name, word)]
            elif isinstance(meaning, str):
                found.fields[name][at] = meaning
            else:
                if own:
                    found.fields[name][at] = None
                for target, value in meaning.items():
                    found.fields.setdefault(target, [None] * found.count)[at] = value


def _unknown_word(column: str, word: str) -> Invalid:
    return Invalid(
        "import.unknown_word",
        N_("The mapping does not say what {word} in column {column} means."),
        hint=N_("Add it to [values] of the mapping file."),
        word=word,
        column=column,
    )


def _fill(found: Texts, name: str, default: str) -> None:
    texts = found.fields.get(name)
    if texts is None:
        found.fields[name] = [default] * found.count
        found.defaults[name] = None
        return
    empty = {place for place, text in enumerate(texts) if not (text or "").strip()}
    if empty:
        found.fields[name] = [default if place in empty else text for place, text in enumerate(texts)]
        found.defaults[name] = empty


@dataclass
class References:
    """Finds what the file points at, and makes what is missing where the import may."""

    ctx: Context
    create: frozenset[str]
    found: dict[tuple[str, str], int] = field(default_factory=dict)
    refused: dict[tuple[str, str], CrmError] = field(default_factory=dict)
    """What could not be made, and why."""
    words: dict[tuple[str, str], str] = field(default_factory=dict)
    unlisted: dict[str, int] = field(default_factory=dict)
    made: dict[str, int] = field(default_factory=dict)

    def entry(self, tx: Tx) -> Entry:
        """What the reading of values leans on, within `tx`."""
        return replace(
            self.ctx.entry(tx),
            resolve=lambda noun, text: self._resolve(tx, noun, text),
            choose=lambda name, text: self._choose(tx, name, text),
        )

    def _resolve(self, tx: Tx, noun: str, text: str) -> int:
        known = self.found.get((noun, text))
        if known is None:
            if (noun, text) in self.refused:
                raise self.refused[noun, text]
            if len(self.found) >= MOST_KEPT:
                self.found.clear()
            known = self.found[noun, text] = self.ctx.entry(tx).resolve(noun, text)
        return known

    def _choose(self, tx: Tx, name: str, text: str) -> str:
        known = self.words.get((name, text))
        if known is None:
            known = self._chosen(tx, name, text)
            if len(self.words) >= MOST_KEPT:
                self.words.clear()
            self.words[name, text] = known
        return known

    def _chosen(self, tx: Tx, name: str, text: str) -> str:
        found = self.ctx.choices(tx, name).get(fold(text))
        if found is not None:
            return found
        if ("type", text) in self.refused:
            raise self.refused["type", text]
        if "type" in self.create:
            raise NotFound(
                "record.not_found",
                N_("The list {list} has no entry {text}."),
                noun="type",
                text=text,
                list=name,
            )
        self.unlisted[name] = self.unlisted.get(name, 0) + 1
        return self.ctx.choose(tx, name, text) if self.unlisted[name] <= MOST_REMARKS else text

    def missing(self, errors: Sequence[CrmError]) -> list[CrmError]:
        """Of the faults of a row, those that making a record would mend; empty unless that mends the row."""
        mendable = [error for error in errors if error.code == "record.not_found" and self._makes(error)]
        return mendable if len(mendable) == len(errors) else []

    def _makes(self, error: CrmError) -> bool:
        noun, text = str(error.params["noun"]), str(error.params["text"])
        return noun in self.create and not text.startswith("ext:") and (noun, text) not in self.refused

    def make(self, tx: Tx, error: CrmError) -> None:
        """Make the record that `error` misses, unless that was done already or is refused."""
        noun, text = str(error.params["noun"]), str(error.params["text"])
        if (noun, text) in self.refused or (noun != "type" and self._is_there(tx, noun, text)):
            return
        try:
            with tx.session.begin_nested():
                self._insert(tx, noun, text, error)
        except CrmError as problem:
            self.refused[noun, text] = problem
        else:
            self.made[noun] = self.made.get(noun, 0) + 1

    def _is_there(self, tx: Tx, noun: str, text: str) -> bool:
        try:
            self._resolve(tx, noun, text)
        except NotFound as problem:
            return problem.code != "record.not_found"
        return True

    def _insert(self, tx: Tx, noun: str, text: str, error: CrmError) -> None:
        if noun == "type":
            if fold(text) in self.ctx.choices(tx, str(error.params["list"])):
                return
            row: dict[str, Any] = {"list": error.params["list"], "name": text}
        else:
            label = next(each for each in declared(noun) if each.column == label_column(noun))
            row = {label.column: reading.read(label, text, self.ctx.entry(tx))}
        made = records.insert(self.ctx, tx, noun, row, facts=True)
        if noun != "type":
            self.found[noun, text] = made.id


class Reader:
    """Reads the texts of one batch into columns, in two steps: what a record is recognised by, then the rest."""

    def __init__(self, layout: Layout, texts: Texts, entry: Entry) -> None:
        self.layout, self.texts, self.entry = layout, texts, entry
        self.values: dict[str, list[Any]] = {}
        self.whole: set[str] = set()
        """The columns in which nothing is absent, as far as that is known."""
        self.faults: Faults = {place: list(errors) for place, errors in texts.faults.items()}

    def read(
        self, names: Sequence[str], existing: Sequence[Dictionary[str, Any] | None] | None = None
    ) -> None:
        """Read these fields; `existing` are the records that the rows mean, where that is known."""
        for name in names:
            each = self.layout.fields[name]
            plain = replace(each, required=False)
            entry, beside = self._beside(each, existing)
            column = name if each.custom else each.column
            ahead = self.texts.read.get(name)
            if ahead is not None and beside is None and entry.row.get("currency") in (None, entry.currency):
                self.values[column], faults = ahead
                if name in self.texts.whole:
                    self.whole.add(column)
                for place, errors in faults.items():
                    self.faults.setdefault(place, []).extend(errors)
                continue
            self.values[column] = columns.read_column(
                plain, self.texts.fields[name], entry, self.faults, beside, self.texts.words.get(name)
            )

    def _beside(
        self, each: Field, existing: Sequence[Dictionary[str, Any] | None] | None
    ) -> tuple[Entry, list[Any] | None]:
        """By which value of another column each row is read; None when that is the same for all."""
        if each.kind not in DEPENDS:
            return self.entry, None
        column = DEPENDS[each.kind]
        given = self.values.get(column)
        beside = (
            [None if value is ABSENT else value for value in given] if given else [None] * self.texts.count
        )
        if existing is not None:
            beside = [
                record[column] if value is None and record is not None and column in record else value
                for value, record in zip(beside, existing, strict=True)
            ]
        if column == "currency":
            beside = [value or self.entry.currency for value in beside]
        if len(set(beside)) > 1:
            return self.entry, beside
        return self.entry.beside({column: beside[0]} if beside else {}), None

    def order(self, key: Collection[str]) -> tuple[list[str], list[str]]:
        """The fields to read before the records are looked up, and those after."""
        given = list(self.texts.fields)
        first = [name for name in EARLY if name in given]
        first += [name for name in given if name not in first and self.layout.fields[name].column in key]
        return first, [name for name in given if name not in first]
