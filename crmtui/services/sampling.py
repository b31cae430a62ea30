"""A foreign file looked at: its header and first rows, the kind of record that it holds, the mapping files that fit."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice

from crmtui.errors import CrmError
from crmtui.services import assignment, reading, records
from crmtui.services.context import Context
from crmtui.services.headers import plain
from crmtui.services.mapping import Mapping, load
from crmtui.services.nouns import NOUNS
from crmtui.text import csv_uncell

LOOKED = 1000
"""So many rows are looked at before the check, which reads them all."""


@dataclass(frozen=True)
class Sample:
    """A file and its first rows; `more` says that there are others."""

    path: str
    header: list[str]
    header_line: int
    lines: list[int]
    rows: list[list[str]]
    more: bool
    kind: str
    encoding: str
    delimiter: str | None
    total_bytes: int
    options: dict[str, str | None] = field(default_factory=dict)
    """How it was opened: encoding, sheet and delimiter, as far as somebody said."""

    @property
    def even(self) -> list[int]:
        """The numbers of the rows that are as wide as the header."""
        return [at for at, row in enumerate(self.rows) if len(row) == len(self.header)]


def sample(
    path: str, *, encoding: str | None = None, sheet: str | None = None, delimiter: str | None = None
) -> Sample:
    """Open the file and read its first rows. Raises Invalid or Forbidden for one that cannot be imported at all."""
    options = {"encoding": encoding, "sheet": sheet, "delimiter": delimiter}
    with reading.open_source(path, encoding=encoding, sheet=sheet, delimiter=delimiter) as source:
        found = list(islice(source.rows(), LOOKED + 1))
        header = [csv_uncell(name) for name in source.header] if source.kind == "csv" else source.header
        return Sample(
            path=path,
            header=header,
            header_line=source.header_line,
            lines=[row.line for row in found[:LOOKED]],
            rows=[row.cells for row in found[:LOOKED]],
            more=len(found) > LOOKED,
            kind=source.kind,
            encoding=source.encoding,
            delimiter=source.delimiter,
            total_bytes=source.total_bytes,
            options=options,
        )


# -- what it holds ----------------------------------------------------------------------------------------------


def nouns(ctx: Context) -> list[str]:
    """The kinds of record that the actor may import; saved queries, which everybody may, are no matter for a file."""
    return [
        noun.name
        for noun in NOUNS.values()
        if noun.name != "query" and "import" in noun.verbs and ctx.actor.scope(noun.name, "import") != "none"
    ]


def likely_noun(ctx: Context, header: Sequence[str]) -> str:
    """The kind of record that a file with this header most likely holds: the one that has a field for most columns."""
    places = dict(enumerate(header))
    best, most = "", (-1, 0)
    with ctx.reading() as tx:
        for at, noun in enumerate(nouns(ctx)):
            known = assignment.importable(records.fields_in(tx, noun))
            found = assignment.guess(noun, places, known, set())
            needed = {each.name for each in known.values() if each.required and not each.custom}
            named = bool(found.keys() & set(NOUNS[noun].key))
            usual = 2 * (noun == "lead")  # what is imported day by day
            rank = (2 * len(found) + 2 * named + usual - len(needed - found.keys()), -at)
            if rank > most:
                best, most = noun, rank
    return best


def fits(mapping: Mapping, header: Sequence[str]) -> bool:
    """Whether every column that `mapping` reads stands in a file with this header."""
    names = {plain(name) for name in header}
    wanted = [column for columns in mapping.columns.values() for column in columns]
    return bool(wanted) and all(plain(column) in names for column in wanted)


def mappings(path: str, known: Sequence[str], header: Sequence[str]) -> list[tuple[str, Mapping]]:
    """The mapping files for a file with this header: those that are `known`, and those in the folder of `path`."""
    folder = os.path.dirname(os.path.abspath(path))
    try:
        beside = sorted(
            entry.path for entry in os.scandir(folder) if entry.name.endswith(".toml") and entry.is_file()
        )
    except OSError:
        beside = []
    found = []
    for each in list(dict.fromkeys((*known, *beside)))[:_MAPPINGS]:
        try:
            mapping = load(each)
        except CrmError:
            continue
        if mapping.noun in NOUNS and fits(mapping, header):
            found.append((each, mapping))
    return sorted(found, key=lambda one: -len(one[1].columns))


_MAPPINGS = 50
"""So many files are looked into."""
