"""A foreign file before it is imported: what it holds, which column goes where, and its first rows as records."""

from collections import Counter
from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from crmtui.errors import CrmError, Invalid
from crmtui.i18n import gettext, in_every_language
from crmtui.services import assignment, matching, presenting, records
from crmtui.services.columns import ABSENT
from crmtui.services.context import Context, Tx
from crmtui.services.headers import plain
from crmtui.services.incoming import EARLY, Reader, Texts, texts_of
from crmtui.services.mapping import Mapping
from crmtui.services.nouns import NOUNS
from crmtui.services.proposals import by_data, form_text, forms_of
from crmtui.services.sampling import Sample
from crmtui.store.fields import Field
from crmtui.store.record import label_column
from crmtui.text import csv_uncell, fold

FREE = ("tag", "interest", "skill")
"""Lists on which anything may stand."""
WORDS = ("stage", "state", "flag")
"""Kinds whose values are words that a mapping can translate."""


# -- which column goes where ------------------------------------------------------------------------------------


def propose(ctx: Context, file: Sample, noun: str, start: Mapping | None = None) -> Mapping:
    """A mapping for `file` in which every column is either read or ignored: by `start`, by header, and by the data."""
    start = start or Mapping()
    columns = dict(start.columns)
    with ctx.reading() as tx:
        fields = records.fields_in(tx, noun)
        known = assignment.importable(fields)
        if start.guess:
            taken = {_place(file, column) for found in columns.values() for column in found}
            ignored = {place for place, name in enumerate(file.header) if name in start.ignore}
            open_ones = _open(file, fields) - taken - ignored
            named = assignment.guess(noun, {at: file.header[at] for at in open_ones}, known, set(columns))
            columns |= {name: tuple(file.header[at] for at in places) for name, places in named.items()}
            open_ones -= {at for places in named.values() for at in places}
            label, itself = label_column(noun).rstrip("_"), _itself(noun, file, open_ones)
            if label in known and label not in columns and itself is not None:
                columns[label] = (file.header[itself],)
                open_ones.discard(itself)
            left = {at: _texts(file, at) for at in sorted(open_ones)}
            seen = by_data(ctx, tx, known, set(columns), left)
            columns |= {name: (file.header[at],) for name, at in seen.items()}
    mapping = replace(start, noun=noun, columns=columns, guess=not columns)
    places = {
        name: [_place(file, column) for column in found] for name, found in columns.items() if name in known
    }
    texts = {name: [text for at in found for text in _texts(file, at)] for name, found in places.items()}
    dates, decimal = forms_of(ctx, known, texts, mapping)
    mapping = replace(mapping, date_formats=mapping.date_formats or dates, decimal=decimal)
    return complete(file, mapping, fields)


def _itself(noun: str, file: Sample, places: set[int]) -> int | None:
    """The column that is called what the records are: `account` in a file of customers."""
    names = {plain(noun), *map(plain, in_every_language(NOUNS[noun].title))}
    return next((at for at in sorted(places) if plain(file.header[at]) in names), None)


def complete(file: Sample, mapping: Mapping, fields: Sequence[Field]) -> Mapping:
    """`mapping` with every column ignored that is not read."""
    used = {column for columns in mapping.columns.values() for column in columns}
    own = {each.name for each in fields}
    words = {name for name in mapping.values if name not in own}
    free = {file.header[at] for at in _open(file, fields)}
    names = dict.fromkeys(name for name in file.header if name in free and name not in used | words)
    return replace(mapping, ignore=tuple(names), guess=not mapping.columns)


def completed(ctx: Context, file: Sample, noun: str, mapping: Mapping) -> Mapping:
    """As `complete`, for records of `noun`."""
    with ctx.reading() as tx:
        return complete(file, mapping, records.fields_in(tx, noun))


def _open(file: Sample, fields: Sequence[Field]) -> set[int]:
    """The places of columns that can be read into fields: not those that our own exports and rejects bring with them."""
    kept = {each.name for each in fields} - set(assignment.importable(fields))
    own = kept if "ref" in kept and "ref" in file.header else set()
    return {
        at for at, name in enumerate(file.header) if name not in assignment.REJECT_COLUMNS and name not in own
    }


def _place(file: Sample, column: str) -> int:
    if column in file.header:
        return file.header.index(column)
    alike = [at for at, name in enumerate(file.header) if plain(name) == plain(column)]
    return alike[0] if len(alike) == 1 else -1


def _texts(file: Sample, place: int) -> list[str]:
    """What stands in a column, without the empty ones."""
    if place < 0:
        return []
    found = (file.rows[at][place].strip() for at in file.even)
    return [csv_uncell(text) if file.kind == "csv" else text for text in found if text]


# -- as records -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Match:
    """One column of the file: the field that it goes to (empty: none), a value, and what came of the rows looked at."""

    place: int
    column: str
    field: str
    label: str
    kind: str
    sample: str
    form: str = ""
    """How its dates or numbers are written, by an example."""
    wrong: int = 0
    new: tuple[tuple[str, int], ...] = ()
    """Words that are on no list, or names of records that are not there, and how often."""
    makes: str = ""
    """What an import would have to be allowed to make for `new`."""
    error: str = ""
    """The first thing that is wrong."""


@dataclass(frozen=True)
class Incoming:
    """The first rows as they would come in: values as records have them, by field, and what is wrong by row and field."""

    fields: list[Field]
    rows: list[dict[str, Any]]
    lines: list[int]
    faults: dict[int, dict[str, str]]


@dataclass(frozen=True)
class Picture:
    """A file under a mapping: its columns, its first rows as records, by what records are recognised, all its fields."""

    matches: list[Match]
    incoming: Incoming
    key: tuple[str, ...]
    fields: dict[str, Field]
    problem: CrmError | None = None
    """Why nothing can be imported this way."""


SHOWN = 100
"""So many rows are shown as records."""


def picture(ctx: Context, file: Sample, noun: str, mapping: Mapping) -> Picture:
    """What `mapping` makes of `file`. Raises Invalid and Refused where it does not fit the file at all."""
    with ctx.reading() as tx:
        fields = records.fields_in(tx, noun)
        layout = assignment.assign(noun, mapping, file.header, file.header_line, fields)
        rows = [file.rows[at] for at in file.even]
        entry = replace(ctx.entry(tx), choose=lambda name, text: _chosen(ctx, tx, name, text))
        texts = Texts({name: [] for name in layout.places}, 0)
        if rows:
            texts = texts_of(rows, layout, mapping, file.kind, ctx)
        reader = Reader(layout, texts, entry)
        early = [name for name in EARLY if name in texts.fields]
        reader.read([*early, *(name for name in texts.fields if name not in early)])
        new = _new_words(ctx, tx, layout, texts.fields)
        for name, words in _unknown(reader, mapping).items():
            new[name] = words
        matches = _matches(file, layout, reader, new, mapping)
        incoming = _incoming(ctx, tx, file, noun, layout, reader)
        given = {*layout.places, *mapping.defaults, *assignment.set_by_words(mapping)}
        problem: CrmError | None = None
        key: tuple[str, ...] = ()
        try:
            key = matching.key_of(noun, mapping.key, layout, given).columns
        except Invalid as error:
            problem = error
        return Picture(matches, incoming, key, layout.fields, problem)


def _chosen(ctx: Context, tx: Tx, name: str, text: str) -> str:
    return ctx.choices(tx, name).get(fold(text), text)


def _new_words(
    ctx: Context, tx: Tx, layout: assignment.Layout, texts: Dictionary[str, Sequence[str | None]]
) -> dict[str, Counter[str]]:
    """The words of each column that its list does not have."""
    found = {}
    for name, given in texts.items():
        each = layout.fields[name]
        if each.kind != "choice" or each.choices in FREE or not (known := ctx.choices(tx, each.choices)):
            continue
        words = Counter(text.strip() for text in given if text and text.strip())
        if new := Counter({word: count for word, count in words.items() if fold(word) not in known}):
            found[name] = new
    return found


def _unknown(reader: Reader, mapping: Mapping) -> dict[str, Counter[str]]:
    """What means nothing here, by field: records that are not there, and words that are no state or stage.

    What the import is to make is no fault any more.
    """
    found: dict[str, Counter[str]] = {}
    for place, errors in list(reader.faults.items()):
        left = []
        for error in errors:
            name = error.field or ""
            missing = error.code == "record.not_found"
            if missing or (name in reader.texts.fields and reader.layout.fields[name].kind in WORDS):
                text = str(error.params["text"]) if missing else reader.texts.fields[name][place] or ""
                found.setdefault(name, Counter())[text] += 1
            if not missing or error.params.get("noun") not in mapping.create:
                left.append(error)
        reader.faults[place] = left
    return found


def _matches(
    file: Sample,
    layout: assignment.Layout,
    reader: Reader,
    new: Dictionary[str, Counter[str]],
    mapping: Mapping,
) -> list[Match]:
    wrong: dict[str, list[CrmError]] = {}
    for errors in reader.faults.values():
        for error in errors:
            wrong.setdefault(error.field or "", []).append(error)
    goes = {place: name for name, places in layout.places.items() for place in places}
    found = []
    for at, column in enumerate(file.header):
        name, texts = goes.get(at, ""), _texts(file, at)
        each = layout.fields.get(name)
        errors = wrong.get(name, []) if name else []
        found.append(
            Match(
                at,
                column,
                name,
                gettext(each.label) if each else "",
                each.kind if each else "",
                texts[0] if texts else "",
                form_text(mapping, each.kind, texts) if each else "",
                len(errors),
                tuple(new[name].most_common()) if name in new else (),
                (each.noun or ("type" if each.choices else "")) if each else "",
                str(errors[0].message) if errors else "",
            )
        )
    return found


def _incoming(
    ctx: Context, tx: Tx, file: Sample, noun: str, layout: assignment.Layout, reader: Reader
) -> Incoming:
    places = layout.places
    order = sorted(reader.texts.fields, key=lambda name: min(places.get(name, (len(file.header),))))
    fields = [layout.fields[name] for name in order]
    count = min(SHOWN, reader.texts.count)
    columns: list[dict[str, Any]] = [
        {"id": 0, "currency": ctx.company.currency, "process_id": None}
        | {
            name: None if values[at] is ABSENT else values[at]
            for name, values in reader.values.items()
            if not name.startswith("x.") and not (name == "currency" and values[at] in (None, ABSENT))
        }
        | {"x": _attributes(reader.values, at)}
        for at in range(count)
    ]
    shown = [each for each in fields if each.kind not in ("target", "children")]
    names = presenting.names_of(tx, shown, columns)
    rows = [
        {each.name: presenting.value_of(ctx, noun, each, row, names) for each in shown} for row in columns
    ]
    faults = {
        at: {error.field or "": str(error) for error in errors}
        for at, errors in reader.faults.items()
        if at < count and errors
    }
    return Incoming(shown, rows, [file.lines[at] for at in file.even[:count]], faults)


def _attributes(values: Dictionary[str, Sequence[Any]], at: int) -> dict[str, Any]:
    return {
        name[2:]: found[at].isoformat() if isinstance(found[at], date) else found[at]
        for name, found in values.items()
        if name.startswith("x.") and found[at] is not ABSENT
    }
