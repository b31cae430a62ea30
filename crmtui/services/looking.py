"""One text looked for in one kind of record: by the index where there is one, by a look at each record where not."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from sqlalchemy import select

from crmtui.services import records
from crmtui.services.context import Context, Tx
from crmtui.services.nouns import SEARCHED
from crmtui.store import bulk, grams, refs
from crmtui.store import search as index
from crmtui.store.grams import START, Span, span, within
from crmtui.store.keys import phone_key
from crmtui.store.record import table
from crmtui.text import BAD_TEXT, digits

FEW = 500
"""Whoever sees no more records of a noun has each of them looked at, without the index."""
SOME = 5_000
"""Whoever sees no more has what the index names sifted before it is looked at."""
_NAMES = ("name", "name_zh", "short_name", "contact_name", "login", "code", "external_id")
"""Besides its label, the fields by which a picker finds a record."""


@dataclass(frozen=True)
class Found:
    """A row with the field that matched, where, and how well: 0 the record itself, 1 its name begins so, 2 the rest."""

    row: Mapping[str, Any]
    field: str
    spans: tuple[Span, ...]
    rank: int


def _order(found: Found) -> tuple[int, int]:
    """What fits best comes first, then the newest."""
    return found.rank, -int(found.row["id"])


def _among(ids: Sequence[int], reached: Collection[int] | None) -> Sequence[int]:
    """Those of `ids` that are reached; not to be asked for one by one."""
    return ids if reached is None else [record for record in ids if record in reached]


class Looking:
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

    def found(self, most: int) -> Iterator[Found]:
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

    def newest(self, most: int) -> Iterator[Found]:
        """The newest records, whatever they hold."""
        for row in self._rows(self._all(most)):
            yield Found(row, self.model.LABEL, (), 2)

    def of(self, customers: Collection[int], most: int) -> Iterator[Found]:
        """The newest records of these customers, given by id."""
        of_them = bulk.member(self.tx, self.model.account_id, customers)
        query = select(self.model.id).where(of_them, *self.conditions).order_by(self.model.id.desc())
        for row in self._rows(self.tx.session.scalars(query.limit(most)).all()):
            yield Found(row, self.model.LABEL, (), 2)

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

    def _ranked(self, most: int) -> Iterator[Found]:
        exact = self._exact()
        for row in self._rows(exact):
            yield self._judged(row) or Found(row, self.model.LABEL, (), 0)
        if not self.words or (self.wild and max(map(len, self.words)) < 2):
            # The condition decides: there is nothing to ask the index for.
            yield from self._judge(self._all(most + len(exact)))
            return
        reached = self._reached() if self.indexed else self._all()
        if reached is not None and (len(reached) <= FEW or not self.indexed):
            yield from sorted(self._judge(reached), key=_order)
        else:
            yield from self._by_index(reached)

    def _by_index(self, reached: Collection[int] | None) -> Iterator[Found]:
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

    def _judge(self, ids: Iterable[int]) -> Iterator[Found]:
        for row in self._rows(ids):
            found = self._judged(row)
            if found is not None:
                yield found

    def _judged(self, row: Mapping[str, Any]) -> Found | None:
        """How the words stand in the row; None where one does not, unless the condition has decided that they do."""
        label, words = self.model.LABEL, self.words
        called = [str(row[each]) for each in (label, "name", "name_zh") if row.get(each)]
        begins = bool(words) and any(span(each, words[0], True, at_start=True) for each in called)
        if len(words) == 1 and len(words[0]) == 1 and not self.wild:
            at = self._place(called[0], words[0], True)
            return Found(row, label, (at,) if at else (), 1) if begins else None
        held = [(field, grams.fold(row[field]), sounds) for field, sounds in self.columns if row[field]]
        missing = [
            word for word in words if not any(within(folded, word, sounds) for _, folded, sounds in held)
        ]
        if missing and not self.wild:
            return None
        return self._shown(row, held, 1 if begins else 2)

    def _shown(self, row: Mapping[str, Any], held: Sequence[tuple[str, str, bool]], rank: int) -> Found:
        """The row with the first field that a word stands in."""
        for field, _, sounds in held:
            places = {self._place(str(row[field]), word, sounds) for word in self.words or [""]} - {None}
            if places and field == "phone_key":  # nobody sees that column
                return Found(row, "phone" if row["phone"] else "mobile", (), rank)
            if places:
                return Found(row, field, tuple(sorted(at for at in places if at)), rank)
        return Found(row, self.model.LABEL, (), rank)

    def _place(self, text: str, word: str, sounds: bool) -> Span | None:
        """Where the word stands; without one, where the punctuation does that was asked for."""
        if word:
            return span(text, word, sounds)
        at = -1 if self.wild else text.casefold().find(self.text.casefold())
        return (at, at + len(self.text)) if at >= 0 else None
