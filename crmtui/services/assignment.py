"""From a header to fields: which column of the file at hand is read into which field."""

from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from dataclasses import dataclass, field

from crmtui.errors import Invalid, Refused
from crmtui.i18n import N_, in_every_language
from crmtui.services.headers import PEOPLE, plain, synonyms
from crmtui.services.mapping import Mapping
from crmtui.store.fields import Field
from crmtui.text import nearest

REJECT_COLUMNS = ("crm_line", "crm_code", "crm_message")
"""What a file of rejected rows has besides the original columns."""
FACTS = ("created_at",)
"""Fields that nobody types but that an import may state."""


@dataclass(frozen=True)
class Layout:
    """Where the text of each field stands in a row."""

    places: dict[str, tuple[int, ...]]
    fields: dict[str, Field]
    words: dict[str, int] = field(default_factory=dict)
    """Columns that no field is read from, but whose words set fields."""
    missing_attributes: tuple[str, ...] = ()
    """Attributes of the company that are to be made first."""
    ref: int | None = None
    """The column of refs that an export of ours has; it only tells records of one key apart."""

    def shown(self, header: Sequence[str]) -> dict[str, str]:
        """Field → column, as people read it."""
        return {name: " + ".join(header[place] for place in places) for name, places in self.places.items()}


def importable(fields: Sequence[Field]) -> dict[str, Field]:
    """The fields that an import may set."""
    return {each.name: each for each in fields if each.settable or each.name in FACTS}


def assign(noun: str, mapping: Mapping, header: Sequence[str], line: int, fields: Sequence[Field]) -> Layout:
    """The layout of a file with this header; raises Invalid naming the column, or field, that does not fit."""
    known = importable(fields)
    system = {each.name for each in fields} - set(known)
    used: dict[int, str] = {}
    places: dict[str, tuple[int, ...]] = {}
    new: list[str] = []
    for name, columns in mapping.columns.items():
        if name not in known:
            known[name] = _new_attribute(name, mapping, known, system, noun)
            new.append(name)
        places[name] = tuple(_place(column, header, line) for column in columns)
        used |= dict.fromkeys(places[name], name)
    words = _word_columns(mapping, header, line, known, used)
    ignored = _ignored(mapping, header, line)
    free = [
        place
        for place in range(len(header))
        if place not in used and place not in ignored and place not in words.values()
    ]
    ref = _own_export(header, free, system)
    free = [
        place
        for place in free
        if header[place] not in REJECT_COLUMNS and not (ref is not None and header[place] in system)
    ]
    if mapping.guess:
        found = guess(noun, {place: header[place] for place in free}, known, set(places))
        places |= found
        free = [place for place in free if not any(place in each for each in found.values())]
    if free:
        raise _unmapped(header, free[0], line, known)
    for name in (*mapping.defaults, *mapping.values, *set_by_words(mapping)):
        if name not in known and name not in words:
            raise _unknown_field(name, known, noun)
    return Layout(places, known, words, tuple(new), ref)


def set_by_words(mapping: Mapping) -> list[str]:
    settings = [meaning for words in mapping.values.values() for meaning in words.values()]
    return [name for meaning in settings if isinstance(meaning, Dictionary) for name in meaning]


def _new_attribute(
    name: str, mapping: Mapping, known: Dictionary[str, Field], system: set[str], noun: str
) -> Field:
    if name in system:
        raise Refused(
            "field.system", N_("{name} is kept by the program; nobody sets it."), field=name, name=name
        )
    if name.startswith("x.") and "attribute" in mapping.create:
        return Field("line", name=name, column=name, label=name, max=400, custom=True)
    raise _unknown_field(name, known, noun)


def _unknown_field(name: str, known: Dictionary[str, Field], noun: str) -> Invalid:
    near = nearest(name, known)
    hint = N_("Did you mean {near}?") if near else N_("crm schema {noun} list shows its fields.")
    return Invalid(
        "field.unknown",
        N_("{noun} has no field {name}."),
        field=name,
        hint=N_("Let the import make it: --create attribute") if name.startswith("x.") and not near else hint,
        noun=noun,
        name=name,
        near=near,
    )


def _place(column: str, header: Sequence[str], line: int) -> int:
    if column in header:
        return list(header).index(column)
    alike = [place for place, name in enumerate(header) if plain(name) == plain(column)]
    if len(alike) == 1:
        return alike[0]
    near = nearest(column, header)
    raise Invalid(
        "import.no_such_column",
        N_("The header in line {line} has no column {column}."),
        field=column,
        hint=N_("Did you mean {near}?") if near else N_("It has: {columns}."),
        line=line,
        column=column,
        near=near,
        columns=", ".join(header)[:400],
    )


def _word_columns(
    mapping: Mapping,
    header: Sequence[str],
    line: int,
    known: Dictionary[str, Field],
    used: Dictionary[int, str],
) -> dict[str, int]:
    found = {}
    for name, meanings in mapping.values.items():
        if name not in known and all(isinstance(meaning, Dictionary) for meaning in meanings.values()):
            place = _place(name, header, line)
            if place not in used:
                found[name] = place
    return found


def _ignored(mapping: Mapping, header: Sequence[str], line: int) -> set[int]:
    return {
        place
        for column in mapping.ignore
        for place in (
            [i for i, name in enumerate(header) if name == column] or [_place(column, header, line)]
        )
    }


def _own_export(header: Sequence[str], free: Sequence[int], system: set[str]) -> int | None:
    """The place of the column `ref` when the file is an export of ours, which also has columns that nobody sets."""
    return next((place for place in free if header[place] == "ref" and "ref" in system), None)


def guess(
    noun: str, header: Dictionary[int, str], known: Dictionary[str, Field], taken: set[str]
) -> dict[str, tuple[int, ...]]:
    """Field → column for the headers that name a field, its label in any language, or what other products call it."""
    others = synonyms(noun)
    found: dict[str, tuple[int, ...]] = {}
    left = dict(header)
    for names in (_exact, _labels):
        for place, text in list(left.items()):
            name = next((each.name for each in known.values() if plain(text) in names(each)), None)
            if name and name not in taken and name not in found:
                found[name] = (place,)
                del left[place]
    for name, words in others.items():
        hit = next((place for word in words for place, text in left.items() if plain(text) == word), None)
        if hit is not None and name in known and name not in taken and name not in found:
            found[name] = (hit,)
            del left[hit]
    if "contact_name" in known and "contact_name" not in taken | set(found):
        people = [
            next((place for place, text in left.items() if plain(text) in part), None) for part in PEOPLE
        ]
        parts = tuple(place for place in people if place is not None)
        if parts:
            found["contact_name"] = parts
    return found


def _exact(each: Field) -> set[str]:
    return {each.name, plain(each.name)}


def _labels(each: Field) -> set[str]:
    return {plain(text) for text in in_every_language(each.label)}


def _unmapped(header: Sequence[str], place: int, line: int, known: Dictionary[str, Field]) -> Invalid:
    name = header[place]
    if not name:
        return Invalid(
            "import.unnamed_column",
            N_("Column {number} of the header in line {line} has no name."),
            hint=N_('Name it in the file, or leave all such columns out with --ignore "".'),
            number=place + 1,
            line=line,
        )
    near = nearest(name, known)
    return Invalid(
        "import.unmapped_column",
        N_("Column {number} in line {line}, {column}, is neither mapped to a field nor ignored."),
        field=name,
        hint=N_("Did you mean {near}? Map it with --map FIELD=COLUMN, or leave it out with --ignore COLUMN.")
        if near
        else N_("Map it with --map FIELD=COLUMN, or leave it out with --ignore COLUMN."),
        number=place + 1,
        line=line,
        column=name,
        near=near,
    )
