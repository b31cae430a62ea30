"""Import: a foreign file read in batches, each all or nothing, every row of it accounted for, under one transaction id."""

import gc
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from itertools import chain
from typing import Any

from crmtui.errors import CrmError, Invalid
from crmtui.i18n import N_
from crmtui.services import ahead, assignment, derived, entering, matching, reading, records
from crmtui.services.ahead import Ahead, Batch
from crmtui.services.assignment import Layout
from crmtui.services.context import Context, Tx
from crmtui.services.incoming import Reader, References, Texts
from crmtui.services.mapping import Mapping, combine
from crmtui.services.matching import Existing, Matched, Matcher
from crmtui.services.nouns import NOUNS
from crmtui.services.rejects import Rejects
from crmtui.services.source import Source
from crmtui.store import bulk, statistics
from crmtui.store.fields import Field
from crmtui.store.record import table
from crmtui.store.refs import ref_of
from crmtui.text import csv_uncell, nearest

MOST_PROBLEMS = 20
PART = 10_000
"""So many rows are read, looked up and put in together; a transaction takes several such parts."""
LONGEST = 2.0
"""After so many seconds a transaction takes no further part: others want to write as well."""
MOST_LEFT = 500_000
"""Lists, objects and the like that an import may leave to the garbage collector."""
Progress = Callable[[int, int, int], None]
"""Called with the bytes read, the bytes there are, and the rows read."""


@dataclass(frozen=True)
class Fate:
    """What became of one row: `what` is the name of its count in the Summary, `ref` the record that it means."""

    what: str
    line: int
    cells: Sequence[str]
    ref: str | None = None
    error: CrmError | None = None


Told = Callable[[Sequence[Fate]], None]
"""Called with what became of rows, once that stands."""


@dataclass
class Summary:
    """What became of the rows: `read` is the sum of the other five counts."""

    tx: str | None = None
    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    rejected: int = 0
    mapping: dict[str, str] = field(default_factory=dict)
    """Field → column."""
    problems: list[tuple[int, str | None, str, str]] = field(default_factory=list)
    """The first rejected rows: line, field, code, message."""
    rejects_path: str | None = None
    created_others: dict[str, int] = field(default_factory=dict)
    """Records that were made because rows point at them, by noun."""
    indexed: int = 0
    index_seconds: float = 0.0
    """How many changes were brought into the search index after the rows were in, and how long it took."""

    def as_dict(self) -> dict[str, Any]:
        """The same for JSON."""
        keys = ("line", "field", "code", "message")
        parts = {name: part for name, part in asdict(self).items() if not name.startswith("index")}
        return parts | {"problems": [dict(zip(keys, problem, strict=True)) for problem in self.problems]}


def run(
    ctx: Context,
    noun: str | None,
    path: str,
    *,
    mapping: str | None = None,
    maps: Sequence[str] = (),
    on_match: str | None = None,
    create: Sequence[str] = (),
    rejects: str | None = None,
    encoding: str | None = None,
    ignore: Sequence[str] = (),
    sheet: str | None = None,
    delimiter: str | None = None,
    progress: Progress | None = None,
    told: Told | None = None,
) -> Summary:
    """Import the file at `path` (`-`: the standard input) into `noun`, or the noun of the mapping file; return the summary.

    Rows that cannot be taken are rejected, the others go in. Everything that makes the file or its mapping as a whole
    unusable raises before anything is written: Invalid, Refused, Forbidden, NotFound. A store that is busy for too
    long raises Busy: the batches that were finished stay, and the same import goes on from there.
    """
    plan = combine(mapping, maps, on_match=on_match, create=create, ignore=ignore)
    noun = _noun(noun, plan)
    with ExitStack() as stack:
        source = stack.enter_context(
            reading.open_source(path, encoding=encoding, sheet=sheet, delimiter=delimiter)
        )
        job = _Import(ctx, noun, plan, source, progress)
        job.told = told
        if rejects and not ctx.dry_run:
            job.rejects = stack.enter_context(Rejects(rejects, source.header))
        stack.enter_context(_undisturbed())
        job.run()
        return job.summary


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Keep the garbage collector from going through all the rows of a batch again and again; see `_tell`."""
    was = gc.isenabled()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.unfreeze()
        if was:
            gc.enable()


def _noun(noun: str | None, plan: Mapping) -> str:
    if noun and plan.noun and noun != plan.noun:
        raise Invalid(
            "mapping.other_noun",
            N_("The mapping file is for {other}, not for {noun}."),
            field="noun",
            hint=N_("Use: crm {other} import"),
            noun=noun,
            other=plan.noun,
        )
    found = noun or plan.noun
    if found is None:
        raise Invalid(
            "import.no_noun",
            N_("Nothing says what the file holds."),
            hint=N_("Use crm NOUN import, or a mapping file with noun = NOUN."),
        )
    if found not in NOUNS:
        near = nearest(found, NOUNS)
        hint = N_("Did you mean {near}?") if near else ""
        raise Invalid(
            "noun.unknown", N_("There is no noun {noun}."), field="noun", hint=hint, noun=found, near=near
        )
    return found


GUARDED = ("lead", "account", "contact")
"""Nouns whose rows can be held against what exists already."""


@dataclass
class _Done:
    """What one batch came to, counted once it is committed."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    rejected: list[tuple[int, Sequence[str], CrmError]] = field(default_factory=list)
    fates: list[Fate] = field(default_factory=list)
    """Of the rows that were taken, if anybody wants to know."""
    waiting: list[tuple[int, Sequence[str]]] = field(default_factory=list)
    """Rows that point at a record of their own noun which is not there yet: it may stand further down."""


class _Import:
    """One import under way."""

    def __init__(
        self, ctx: Context, noun: str, plan: Mapping, source: Source, progress: Progress | None
    ) -> None:
        self.ctx, self.noun, self.plan, self.source, self.progress = ctx, noun, plan, source, progress
        self.verb = f"{noun}.import"
        self.rejects: Rejects | None = None
        self.told: Told | None = None
        self.size = int(str(ctx.config["import.batch"]))
        self.part = min(self.size, PART)
        self.guard: Any = False
        """Keeps out what exists already; None where the company does not want that, False before it was asked."""
        self.meanwhile: Callable[[], object] = bool
        """Called when the store gets to work for a while."""
        self.spent: list[Batch] = []
        """Parts that were taken; they are let go of while the next one is made ready."""
        header = [csv_uncell(name) for name in source.header] if source.kind == "csv" else source.header
        with ctx.reading() as tx:
            bulk.owners(tx, noun, "import")
            fields = records.fields_in(tx, noun)
        self.layout: Layout = assignment.assign(noun, plan, header, source.header_line, fields)
        self.fields: list[Field] = [
            *fields,
            *(self.layout.fields[name] for name in self.layout.missing_attributes),
        ]
        given = {*self.layout.places, *plan.defaults, *assignment.set_by_words(plan)}
        self.matcher = Matcher(ctx, noun, matching.key_of(noun, plan.key, self.layout, given))
        self.references = References(ctx, plan.create)
        self.attributes = list(self.layout.missing_attributes)
        self.summary = Summary(mapping=self.layout.shown(header))

    def run(self) -> None:
        """Go through the file; afterwards the rows that waited for others, and those that could not be read."""
        waiting: list[tuple[int, Sequence[str]]] = []
        with Ahead(self._ready(*part) for part in self.source.batches(self.part)) as parts:
            self.meanwhile = parts.start
            waiting = self._go(self._noted(parts), final=False)
        self.meanwhile = bool
        while waiting:
            again = self._go(self._again(waiting), final=False)
            if len(again) == len(waiting):
                self._go(self._again(waiting), final=True)
                break
            waiting = again
        self._unread()
        self._finish()

    def _noted(self, parts: Iterable[Batch]) -> Iterator[Batch]:
        for part in parts:
            self.summary.read += len(part.rows) + len(part.ragged)
            yield part
            self._tell()

    def _again(self, rows: Sequence[tuple[int, Sequence[str]]]) -> Iterator[Batch]:
        for start in range(0, len(rows), self.part):
            lines, cells = zip(*rows[start : start + self.part], strict=True)
            yield self._ready(list(lines), list(cells))

    def _go(self, parts: Iterator[Batch], *, final: bool) -> list[tuple[int, Sequence[str]]]:
        """Take `parts` into the store; return the rows that wait for others."""
        waiting: list[tuple[int, Sequence[str]]] = []
        for first in parts:
            for done in self._batch(chain([first], parts), final):
                self._count(done)
                waiting += done.waiting
        return waiting

    def _batch(self, parts: Iterator[Batch], final: bool) -> list[_Done]:
        """Take as many of `parts` as belong into one transaction into the store."""
        found: list[_Done] = []
        rows, begin = 0, time.monotonic()
        with self.ctx.batch(self.verb) as tx:
            bulk.set_cache(tx, int(str(self.ctx.config["import.cache_mib"])))
            tx.lock()
            for part in parts:
                rows += len(part.rows)
                found.append(self._take(tx, part, final))
                self.spent.append(part)
                if rows + self.part > self.size or time.monotonic() - begin > LONGEST:
                    break
        return found

    def _tell(self) -> None:
        """Report progress; what rings of references still hold of earlier batches is let go once it is much."""
        if gc.get_count()[0] > MOST_LEFT:
            gc.collect(1)
        if self.progress is not None:
            self.progress(self.source.read_bytes, self.source.total_bytes, self.summary.read)

    def _unread(self) -> None:
        """Account for the rows that the file could not deliver."""
        for problem in self.source.problems:
            self.summary.read += 1
            error = Invalid(problem.code, problem.sentence)
            error.params = dict(problem.params)
            self._reject(problem.line, (), error)

    def _finish(self) -> None:
        self.summary.tx = self.ctx.last_tx
        self.summary.created_others = dict(self.references.made)
        if self.ctx.key and self.ctx.last_tx and not self.ctx.dry_run:
            with self.ctx.batch(self.verb, last=True):
                pass
        begin = time.perf_counter()
        self.summary.indexed = derived.catch_up(self.ctx)
        if not self.ctx.dry_run:
            statistics.count_again(self.ctx.store, [self.noun, *self.references.made])
        self.summary.index_seconds = time.perf_counter() - begin
        if not self.ctx.dry_run:
            self.ctx.store.engine.dispose()  # the next connection has a cache of the usual size
        if self.rejects is not None and self.rejects.rows:
            self.summary.rejects_path = str(self.rejects.path)
        self._tell()

    def _reject(self, line: int, cells: Sequence[str], error: CrmError) -> None:
        self.summary.rejected += 1
        if len(self.summary.problems) < MOST_PROBLEMS:
            self.summary.problems.append((line, error.field, error.code, str(error)))
        if self.rejects is None and self.told is None:
            return
        plain = [csv_uncell(cell) for cell in cells] if self.source.kind == "csv" else cells
        if self.rejects is not None:
            self.rejects.write(line, plain, error)
        if self.told is not None:
            self.told([Fate("rejected", line, plain, error=error)])

    def _ready(self, lines: list[int], rows: list[list[str]]) -> Batch:
        while self.spent:  # letting go of so much takes time as well
            self.spent.pop().forget()
        return ahead.ready(lines, rows, self.layout, self.plan, self.source, self.ctx, self.noun)

    def _count(self, done: _Done) -> None:
        self.summary.created += done.created
        self.summary.updated += done.updated
        self.summary.unchanged += done.unchanged
        self.summary.skipped += done.skipped
        if self.told is not None:
            self.told(done.fates)
        for line, cells, error in done.rejected:
            self._reject(line, cells, error)
        if self.rejects is not None:
            self.rejects.flush()

    def _take(self, tx: Tx, part: Batch, final: bool) -> _Done:
        """Take one part into the store."""
        width = len(self.source.header)
        done = _Done()
        done.rejected = [(line, cells, _ragged(len(cells), width)) for line, cells in part.ragged]
        if part.texts is not None:
            self._take_even(tx, part.lines, part.rows, part.texts, done, final)
        self.matcher.entering |= bool(done.created)
        return done

    def _take_even(
        self,
        tx: Tx,
        lines: Sequence[int],
        rows: Sequence[Sequence[str]],
        texts: Texts,
        done: _Done,
        final: bool,
    ) -> None:
        self._make_attributes(tx)
        reader, matched = self._read(tx, lines, rows, texts, final)
        faults = reader.faults
        waiting = set() if final else {place for place, errors in faults.items() if self._waits(errors)}
        entering.gather(self.layout.fields, reader.values)
        found = matched.records
        new = [place for place, record in enumerate(found) if record is None and place not in faults]
        known = [
            (place, record)
            for place, record in enumerate(found)
            if record is not None and place not in faults
        ]
        way = entering.Entering(self.ctx, tx, self.noun, self.fields, reader.values, faults)
        way.whole = reader.whole
        way.keys = texts.keys
        new = self._guarded(tx, new, reader, texts)
        way.insert(new, self.meanwhile)
        done.created = len(new) - sum(map(faults.__contains__, new))
        self.matcher.took(tx, texts.asked, done.created)
        self._known(tx, way, known, texts, done)
        if self.told is not None:
            done.fates = self._fates(lines, rows, new, known, way)
        done.waiting = [(lines[place], rows[place]) for place in sorted(waiting)]
        done.rejected += [
            (lines[place], rows[place], faults[place][0]) for place in sorted(faults) if place not in waiting
        ]
        for error in chain.from_iterable(faults.values()):
            # What was on the stack when it was raised would keep the whole batch in memory.
            error.__cause__ = error.__context__ = error.__traceback__ = None

    def _guarded(self, tx: Tx, new: list[int], reader: Reader, texts: Texts) -> list[int]:
        """The new rows without those that exist already, where the company wants imports to be looked at."""
        if self.guard is False:
            from crmtui.services import dup_import

            self.guard = dup_import.guard(tx, self.noun) if self.noun in GUARDED else None
        return self.guard.sift(new, reader.values, reader.faults, tx.region) if self.guard else new

    def _read(
        self, tx: Tx, lines: Sequence[int], rows: Sequence[Sequence[str]], texts: Texts, final: bool
    ) -> tuple[Reader, Matched]:
        """Read the batch; again for as long as missing records can be made."""
        while True:
            reader = Reader(self.layout, texts, self.references.entry(tx))
            key = {*self.matcher.key.columns, *self.matcher.key.fallback}
            first, rest = reader.order(key)
            reader.read(first)
            more = self._more(texts)
            named = None if self.layout.ref is None else [row[self.layout.ref] for row in rows]
            matched = self.matcher.match(
                tx, reader.values, texts.count, more, reader.faults, named, texts.asked
            )
            reader.read(rest, matched.records)
            if not self._make_missing(tx, reader, final):
                self.matcher.reject_twins(tx, lines, matched, reader.faults)
                return reader, matched

    def _more(self, texts: Texts) -> list[str]:
        """The columns of known records that their rows are compared with and read by."""
        fields = [self.layout.fields[name] for name in texts.fields]
        own = {column.name for column in table(self.noun).__table__.columns}
        beside = own & {"currency", "process_id", "scope"}
        return [*beside, *("x" if each.custom else each.column for each in fields)]

    def _make_missing(self, tx: Tx, reader: Reader, final: bool) -> bool:
        """Make the records that otherwise sound rows point at; whether there were any."""
        wanted: list[CrmError] = []
        for errors in reader.faults.values():
            if final or not self._waits(errors):
                wanted += self.references.missing(errors)
        for error in wanted:
            self.references.make(tx, error)
        return bool(wanted)

    def _waits(self, errors: Sequence[CrmError]) -> bool:
        """Whether a row lacks nothing but a record of its own noun."""
        return all(error.code == "record.not_found" for error in errors) and any(
            error.params.get("noun") == self.noun for error in errors
        )

    def _make_attributes(self, tx: Tx) -> None:
        while self.attributes:
            name = self.attributes.pop()
            title = self.summary.mapping.get(name, name)[:120]
            row = {"noun": self.noun, "name": name[2:], "title": title}
            records.insert(self.ctx, tx, "attribute", row, facts=True)
            self.references.made["attribute"] = self.references.made.get("attribute", 0) + 1

    def _known(
        self, tx: Tx, way: entering.Entering, pairs: list[tuple[int, Existing]], texts: Texts, done: _Done
    ) -> None:
        """Do with the rows of known records as the mapping says."""
        if self.plan.on_match == "fail":
            self._refuse_known(tx, way, pairs)
        elif self.plan.on_match == "skip":
            done.skipped = len(pairs)
        elif pairs:
            kept = {}
            for name, places in texts.defaults.items():
                each = self.layout.fields[name]
                kept["x" if each.custom else each.column] = places
            done.updated, done.unchanged = way.update(pairs, kept)
        for place, record in pairs:
            if place not in way.faults:
                self.matcher.seen.add(record["id"])

    def _fates(
        self,
        lines: Sequence[int],
        rows: Sequence[Sequence[str]],
        new: Sequence[int],
        known: Sequence[tuple[int, Existing]],
        way: entering.Entering,
    ) -> list[Fate]:
        """What became of the rows without faults."""
        changed = set(way.changed)
        same = "skipped" if self.plan.on_match == "skip" else "unchanged"
        taken = [Fate("created", lines[place], rows[place]) for place in new if place not in way.faults]
        return taken + [
            Fate(
                "updated" if place in changed else same,
                lines[place],
                rows[place],
                ref_of(self.noun, record["id"]),
            )
            for place, record in known
            if place not in way.faults
        ]

    def _refuse_known(self, tx: Tx, way: entering.Entering, pairs: Sequence[tuple[int, Existing]]) -> None:
        mine = bulk.reachable(tx, self.noun, [record["id"] for _, record in pairs], "import")
        for place, record in pairs:
            way.faults[place] = [
                _exists(ref_of(self.noun, record["id"])) if record["id"] in mine else entering.not_yours()
            ]


def _ragged(found: int, expected: int) -> Invalid:
    return Invalid(
        "import.ragged",
        N_("This row has {found} columns, the header {expected}."),
        hint=N_("Is there a quote or a delimiter too few or too many?"),
        found=found,
        expected=expected,
    )


def _exists(ref: str) -> Invalid:
    return Invalid(
        "record.exists",
        N_("{ref} has this key already."),
        hint=N_("To change it, import with --on-match update."),
        ref=ref,
    )
