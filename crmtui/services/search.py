"""Finding a text in every kind of record: for `crm search`, for the search of the screens, and for their pickers."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from sqlalchemy import select

from crmtui.errors import Invalid
from crmtui.i18n import N_
from crmtui.services import records
from crmtui.services.context import Context, Tx
from crmtui.services.nouns import NOUNS, SEARCHED
from crmtui.services.presenting import needed, presented
from crmtui.store import bulk, grams, refs, values
from crmtui.store import search as index
from crmtui.store.grams import START, Span, span, within
from crmtui.store.keys import phone_key
from crmtui.store.record import table
from crmtui.text import BAD_TEXT, digits

MOST = 20
"""Records shown of each noun."""
ORDER = ("account", "contact", "lead", "opp", "product", "competitor", "user", "dept", "territory")
"""What people look for most comes first."""
FEW = 500
"""Whoever sees no more records of a noun has each of them looked at, without the index."""
SOME = 5_000
"""Whoever sees no more has what the index names sifted before it is looked at."""
AROUND = 40
"""Letters of a long text that are shown on each side of what was found in it."""

_NAMES = ("name", "name_zh", "short_name", "contact_name", "login", "code", "external_id")
"""Besides its label, the fields by which a picker finds a record."""
_DETAIL = {
    "account": ("city", "owner"),
    "contact": ("account", "title"),
    "lead": ("contact_name", "owner"),
    "opp": ("account", "stage", "amount"),
    "product": ("code", "type"),
    "competitor": ("website",),
    "user": ("login", "dept"),
    "dept": ("parent",),
    "territory": ("parent",),
    "stage": ("process",),
}
"""What tells records of the same name apart."""


@dataclass(frozen=True)
class Hit:
    """A record that was found: by its `name`, or by the `text` of another `field`.

    `spans` are the places (from, to) of the letters that matched, in `text`, which is the name where `field` is its.
    `detail` tells it from records of the same name, in the language in use.
    """

    noun: str
    ref: str
    id: int
    name: str
    detail: str
    field: str
    text: str
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class _Found:
    """A row with the field that matched, where, and how well: 0 the record itself, 1 its name begins so, 2 the rest."""

    row: Mapping[str, Any]
    field: str
    spans: tuple[Span, ...]
    rank: int


def search(ctx: Context, text: str, *, noun: str = "", most: int = MOST) -> Iterator[dict[str, Any]]:
    """The visible records in which every word of `text` occurs: noun, ref, name, field and its text, noun by noun.

    First the record of that very name or ref, then names that begin so, then the others, the newest first. Case, width,
    accents and punctuation do not matter; Chinese is found in both its forms, by pinyin and by initials; `*` and `?`
    stand for any letters and any letter. Raises Invalid for an empty text.
    """
    if not text.strip():
        raise Invalid("search.empty", N_("There is nothing to look for."), hint=N_("crm search TEXT"))
    for name in [noun] if noun else _searched(ctx):
        with ctx.reading() as tx:
            for found in _Looking(ctx, tx, name, text, given=bool(noun)).found(most):
                yield {
                    "noun": name,
                    "ref": refs.ref_of(name, found.row["id"]),
                    "name": str(found.row[table(name).LABEL]),
                    "field": found.field,
                    "text": str(found.row[found.field]),
                }


def hits(
    ctx: Context, text: str, *, nouns: Sequence[str] = (), most: int = 8
) -> Iterator[tuple[str, list[Hit]]]:
    """The nouns in which `text` is found, what people look for most first, each with its first hits in order.

    Behind their own hits, contacts and opportunities have those of the customers that were found by name. Each noun is
    asked only when its turn comes. Nothing for an empty text.
    """
    customers: list[Hit] = []
    for noun in _searched(ctx, nouns) if text.strip() else ():
        with ctx.reading() as tx:
            looking = _Looking(ctx, tx, noun, text, given=len(nouns) == 1)
            found = _hits(ctx, tx, noun, list(looking.found(most)))
            if noun == "account":
                customers = [hit for hit in found if hit.field == "name"]
            elif customers and "account_id" in looking.model.model_fields and len(found) < most:
                known = {hit.id for hit in found}
                theirs = (each for each in looking.of(customers, most) if each.row["id"] not in known)
                of = {hit.id: hit for hit in customers}
                for each, hit in zip(
                    more := list(theirs)[: most - len(found)], _hits(ctx, tx, noun, more), strict=True
                ):
                    customer = of[each.row["account_id"]]
                    found.append(replace(hit, field="account", text=customer.name, spans=customer.spans))
        if found:
            yield noun, found


def suggest(ctx: Context, noun: str, text: str, *, most: int = 20) -> list[Hit]:
    """For a picker: the records of any noun whose name, code or ref `text` may mean, best first; for no text the newest.

    Raises Forbidden where the actor may list none.
    """
    with ctx.reading() as tx:
        looking = _Looking(ctx, tx, noun, text, given=True, names=True)
        return _hits(ctx, tx, noun, list(looking.found(most) if text.strip() else looking.newest(most)))


def near(ctx: Context, text: str, *, most: int = 3) -> list[str]:
    """The names most like a text that finds nothing, the likest first; from records of the nouns most looked for."""
    from difflib import SequenceMatcher

    word = "".join(grams.words(text))
    if BAD_TEXT.search(text) or len(word) < 2:
        return []
    likeness: dict[str, float] = {}
    with ctx.reading() as tx:
        for noun in _searched(ctx, ORDER[:4]):
            for name in _Looking(ctx, tx, noun, text).alike(word):
                forms = {grams.fold(name), *grams.sound(name)}
                likeness[name] = max(SequenceMatcher(None, word, form).ratio() for form in forms)
    close = [name for name, ratio in likeness.items() if ratio >= 0.6]
    return sorted(close, key=lambda name: (-likeness[name], name))[:most]


def _searched(ctx: Context, wanted: Sequence[str] = ()) -> list[str]:
    """The searched nouns (of those wanted) of which the actor may list any."""
    names = [*ORDER, *(noun for noun in NOUNS if noun in SEARCHED and noun not in ORDER)]
    return [
        noun for noun in names if (not wanted or noun in wanted) and ctx.actor.scope(noun, "list") != "none"
    ]


def _order(found: _Found) -> tuple[int, int]:
    """What fits best comes first, then the newest."""
    return found.rank, -int(found.row["id"])


def _among(ids: Sequence[int], reached: Collection[int] | None) -> Sequence[int]:
    """Those of `ids` that are reached; not to be asked for one by one."""
    return ids if reached is None else [record for record in ids if record in reached]


class _Looking:
    """One text looked for in one noun, within a unit of work."""

    def __init__(
        self, ctx: Context, tx: Tx, noun: str, text: str, *, given: bool = False, names: bool = False
    ) -> None:
        """`given`: the noun was named, so that a bare number is a ref. `names`: only names, codes and refs count."""
        self.ctx, self.tx, self.noun, self.text = ctx, tx, noun, text.strip()
        self.model = table(noun)
        columns = index.looked_at(noun, tuple(SEARCHED.get(noun, ("name", "name_zh", "code"))))
        own = (self.model.LABEL, *_NAMES)
        self.columns = [each for each in columns if not names or each[0] in own]
        self.wild = any(sign in text for sign in "*?")
        self.words = grams.words(text.replace("*", " ").replace("?", " ")) if self.wild else grams.words(text)
        self.given = given
        self.indexed = noun in SEARCHED and self._index_is_there()
        condition = self._wildcards() if (self.wild or not self.words) and self.text else ""
        self.conditions = [] if BAD_TEXT.search(text) else records.matching(ctx, tx, noun, condition)

    def _index_is_there(self) -> bool:
        known = self.ctx.actor.built
        if "search" not in known:
            known["search"] = index.usable(self.tx.session.connection())
        return bool(known["search"])

    def _wildcards(self) -> str:
        quoted = '"' + self.text.replace("\\", "\\\\").replace('"', '\\"') + '"'
        return " or ".join(f"{name} ~ {quoted}" for name, _ in self.columns if name != "phone_key")

    def found(self, most: int) -> Iterator[_Found]:
        """The records, best first, at most so many."""
        if BAD_TEXT.search(self.text):
            return  # no field can hold it
        seen: set[int] = set()
        for each in self._ranked(most):
            if each.row["id"] not in seen:
                seen.add(each.row["id"])
                yield each
            if len(seen) >= most:
                return

    def newest(self, most: int) -> Iterator[_Found]:
        """The newest records, whatever they hold."""
        for row in self._rows(self._all(most)):
            yield _Found(row, self.model.LABEL, (), 2)

    def of(self, customers: Sequence[Hit], most: int) -> Iterator[_Found]:
        """The newest records of these customers."""
        ids = [hit.id for hit in customers]
        of_them = bulk.member(self.tx, self.model.account_id, ids)
        query = select(self.model.id).where(of_them, *self.conditions).order_by(self.model.id.desc())
        for row in self._rows(self.tx.session.scalars(query.limit(most)).all()):
            yield _Found(row, self.model.LABEL, (), 2)

    def alike(self, word: str) -> Iterator[str]:
        """Names that hold all pairs of letters of `word` but the one or two that one wrong letter spoils."""
        asked = grams.pairs(word)[:12]
        if not self.indexed or len(asked) < 3:
            return
        for at in range(len(asked) - 1):
            kept = asked[:at] + asked[at + 2 :]
            for page in index.pages(self.tx.session.connection(), self.noun, kept):
                yield from (str(row[self.model.LABEL]) for row in self._rows(page))
                break

    def _ranked(self, most: int) -> Iterator[_Found]:
        exact = self._exact()
        for row in self._rows(exact):
            yield self._judged(row) or _Found(row, self.model.LABEL, (), 0)
        if not self.words or (self.wild and max(map(len, self.words)) < 2):
            # The condition decides: there is nothing to ask the index for.
            yield from self._judge(self._all(most + len(exact)))
            return
        reached = self._reached() if self.indexed else self._all()
        if reached is not None and (len(reached) <= FEW or not self.indexed):
            yield from sorted(self._judge(reached), key=_order)
        else:
            yield from self._by_index(reached)

    def _by_index(self, reached: Collection[int] | None) -> Iterator[_Found]:
        connection = self.tx.session.connection()
        asked = [pair for word in self.words for pair in grams.pairs(word)]
        begins = START + self.words[0][:2]
        if not asked:
            asked, begins = [begins], ""
        pages = index.pages(connection, self.noun, asked)
        first = next(pages, [])
        if len(first) < index.FIRST_PAGE:  # these are all
            yield from sorted(self._judge(_among(first, reached)), key=_order)
            return
        if begins and not self.wild:
            for page in index.pages(connection, self.noun, [begins, *asked]):
                early = [each for each in self._judge(_among(page, reached)) if each.rank < 2]
                yield from early
                if len(early) * 4 < len(page):
                    break  # of so many, few begin with the word itself: the rest comes in its turn
        for page in chain([first], pages):
            yield from self._judge(_among(page, reached))

    def _exact(self) -> list[int]:
        """The records that the text names: by ref, ext:ID, name or code; or whose phone number it is."""
        if self.wild or (self.text.isdecimal() and len(self.text) < 7 and not self.given):
            return []
        ids = refs.find_ids(self.tx, self.noun, self.text)
        if "phone_key" in self.model.model_fields and len(digits(self.text)) > 6:
            number = phone_key(self.text, self.ctx.company.phone_region)
            if number:
                query = select(self.model.id).where(self.model.phone_key == number).limit(11)
                ids = [*ids, *self.tx.session.scalars(query)]
        return ids

    def _reached(self) -> Collection[int] | None:
        """The ids of these records that the actor reaches; None where that is everything, or more than `SOME`."""
        known = self.ctx.actor.built
        if self.ctx.actor.scope(self.noun, "show") == "all" or known.get(("search", self.noun)) == "many":
            return None
        ids = self._all(SOME + 1)
        known["search", self.noun] = "many" if len(ids) > SOME else "some"
        return None if len(ids) > SOME else set(ids)

    def _all(self, most: int | None = None) -> Sequence[int]:
        query = select(self.model.id).where(*self.conditions).order_by(self.model.id.desc()).limit(most)
        return self.tx.session.scalars(query).all()

    def _rows(self, ids: Iterable[int]) -> Iterator[Mapping[str, Any]]:
        """Those of these records that are seen and not archived, in this order."""
        names = {"id", self.model.LABEL, "phone", "mobile", "account_id", *(name for name, _ in self.columns)}
        wanted = [getattr(self.model, name) for name in names if name in self.model.model_fields]
        pending = list(ids)
        for start in range(0, len(pending), 1000):
            page = pending[start : start + 1000]
            query = select(*wanted).where(bulk.member(self.tx, self.model.id, page), *self.conditions)
            query = query.order_by(self.model.id.desc()).limit(len(page))
            rows: dict[int, Any] = {row["id"]: row for row in self.tx.session.execute(query).mappings()}
            yield from (rows[record] for record in page if record in rows)

    def _judge(self, ids: Iterable[int]) -> Iterator[_Found]:
        for row in self._rows(ids):
            found = self._judged(row)
            if found is not None:
                yield found

    def _judged(self, row: Mapping[str, Any]) -> _Found | None:
        """How the words stand in the row; None where one does not, unless the condition has decided that they do."""
        label, words = self.model.LABEL, self.words
        called = [str(row[each]) for each in (label, "name", "name_zh") if row.get(each)]
        begins = bool(words) and any(span(each, words[0], True, at_start=True) for each in called)
        if len(words) == 1 and len(words[0]) == 1 and not self.wild:
            at = self._place(called[0], words[0], True)
            return _Found(row, label, (at,) if at else (), 1) if begins else None
        held = [(field, grams.fold(row[field]), sounds) for field, sounds in self.columns if row[field]]
        missing = [
            word for word in words if not any(within(folded, word, sounds) for _, folded, sounds in held)
        ]
        if missing and not self.wild:
            return None
        return self._shown(row, held, 1 if begins else 2)

    def _shown(self, row: Mapping[str, Any], held: Sequence[tuple[str, str, bool]], rank: int) -> _Found:
        """The row with the first field that a word stands in."""
        for field, _, sounds in held:
            places = {self._place(str(row[field]), word, sounds) for word in self.words or [""]} - {None}
            if places and field == "phone_key":  # nobody sees that column
                return _Found(row, "phone" if row["phone"] else "mobile", (), rank)
            if places:
                return _Found(row, field, tuple(sorted(at for at in places if at)), rank)
        return _Found(row, self.model.LABEL, (), rank)

    def _place(self, text: str, word: str, sounds: bool) -> Span | None:
        """Where the word stands; without one, where the punctuation does that was asked for."""
        if word:
            return span(text, word, sounds)
        at = -1 if self.wild else text.casefold().find(self.text.casefold())
        return (at, at + len(self.text)) if at >= 0 else None


def _hits(ctx: Context, tx: Tx, noun: str, found: Sequence[_Found]) -> list[Hit]:
    details = _details(ctx, tx, noun, [each.row["id"] for each in found])
    made = []
    for each in found:
        record, name = each.row["id"], str(each.row[table(noun).LABEL])
        if "name_zh" in each.row:  # entries of the company's own lists, in both languages
            name = values.in_language(each.row["name"], each.row["name_zh"])
        text, spans = _excerpt(str(each.row[each.field]), each.spans)
        made.append(
            Hit(noun, refs.ref_of(noun, record), record, name, details[record], each.field, text, spans)
        )
    return made


def _details(ctx: Context, tx: Tx, noun: str, ids: Sequence[int]) -> dict[int, str]:
    if not ids or noun not in _DETAIL:
        return dict.fromkeys(ids, "")
    model = table(noun)
    every = {field.name: field for field in records.declared_fields(noun)}
    fields = [every["id"], *(every[name] for name in _DETAIL[noun])]
    query = select(*needed(noun, fields)).where(bulk.member(tx, model.id, ids))
    rows = [dict(row) for row in tx.session.execute(query).mappings()]
    shown = {}
    for row in presented(ctx, tx, noun, fields, rows):
        parts = [values.as_text(field, row[field.name], people=True) for field in fields[1:]]
        shown[row["id"]] = " · ".join(part for part in parts if part)
    return shown


def _excerpt(text: str, spans: tuple[Span, ...]) -> tuple[str, tuple[Span, ...]]:
    """What stands around the first place in a long text, on one line, and the places in it."""
    line = text.translate({ord(sign): " " for sign in "\r\n\t"})
    if len(line) <= 4 * AROUND or not spans:
        return line, spans
    start, end = max(spans[0][0] - AROUND, 0), spans[0][1] + AROUND
    before, after = "…" if start else "", "…" if end < len(line) else ""
    moved = len(before) - start
    kept = tuple((one + moved, other + moved) for one, other in spans if start <= one and other <= end)
    return before + line[start:end] + after, kept
