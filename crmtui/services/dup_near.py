"""The records that one record may be the same as, found without looking at all of them."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from sqlalchemy import func, select

from crmtui.services.dup_keys import Facts, facts_of
from crmtui.services.dup_pairs import keys
from crmtui.services.dup_score import Score, compare
from crmtui.store import bulk, grams, search
from crmtui.store.keys import search_keys
from crmtui.store.record import table
from crmtui.store.session import Tx
from crmtui.text import name_key

FEW = 1_000
"""So many records of a noun are all looked at: as soon done as asking the index, and it finds misspelt names too."""
MOST = 300
"""Of the records that share one thing, the newest."""
KEYS = ("tax", "name", "name_sound", "phone", "domain", "mail")
"""A company that shares one of these with another is the same when it is entered (A-27), however the rest compares."""
OTHERS = ("tax_other", "contact_other")
"""Who differs in one of these is another one all the same."""
PERSON_KEYS = ("mail",)
"""The same for persons: many share a name, and colleagues a phone."""

READ = (
    "name",
    "company",
    "contact_name",
    "given_name",
    "family_name",
    "street",
    "city",
    "postcode",
    "region",
    "phone",
    "mobile",
    "phone_key",
    "email",
    "website",
    "tax_number",
    "birth_date",
    "account_id",
)
"""The columns that are compared."""


def columns(noun: str) -> list[Any]:
    """What of a record of `noun` is compared."""
    model = table(noun)
    own = dict.fromkeys(("id", model.LABEL, *READ))
    return [getattr(model, name) for name in own if name in model.model_fields and name != "name_key"]


def keys_of(noun: str, row: Mapping[str, Any], region: str) -> dict[str, str | None]:
    """The search keys that `row` of `noun` would get when it is stored."""
    return search_keys(table(noun), row, region)


def near(tx: Tx, noun: str, facts: Facts, but: int, least: int) -> list[tuple[int, Score]]:
    """Records of `noun` and their scores: those of at least `least`, and those that share a key; best first.

    The caller is inside `tx.without_predicate`.
    """
    wanted = set(keys(facts))
    found = []
    for row in _candidates(tx, noun, facts):
        other = facts_of(noun, row)
        if row["id"] == but or wanted.isdisjoint(keys(other)):
            continue
        score = compare(facts, other)
        if score.value >= least or collides(score, facts.person):
            found.append((row["id"], score))
    return sorted(found, key=lambda match: (-match[1].value, match[0]))


def collides(score: Score, person: bool = False) -> bool:
    """Whether the two share a key; two tax numbers are two companies, two contacts two leads."""
    shared = set(score.reasons)
    return shared.isdisjoint(OTHERS) and not shared.isdisjoint(PERSON_KEYS if person else KEYS)


def _candidates(tx: Tx, noun: str, facts: Facts) -> Iterator[Mapping[str, Any]]:
    model = table(noun)
    query = select(*columns(noun)).where(model.archived_at.is_(None))
    last = tx.session.scalar(select(func.max(model.id))) or 0
    if last > FEW and search.usable(tx.session.connection()):
        query = query.where(bulk.member(tx, model.id, sorted(_by_index(tx, noun, facts))))
    yield from map(dict, tx.session.execute(query).mappings())


def _by_index(tx: Tx, noun: str, facts: Facts) -> set[int]:
    """Records that hold the words of the name, the end of a phone number, the domain, the mail address or tax number."""
    model = table(noun)
    texts = [list(facts.words), [facts.sound] if facts.sound != facts.core else []]
    texts += [[phone[-7:]] for phone in facts.phones]
    texts += [[grams.fold(text)] for text in (*facts.domains, facts.mail, facts.tax) if text]
    found: set[int] = set()
    for words in texts:
        asked = [pair for word in words for pair in grams.pairs(word)]
        if asked:
            pages = search.pages(tx.session.connection(), noun, asked)
            found.update(islice((record for page in pages for record in page), MOST))
    same = select(model.id).where(model.name_key == name_key("".join(facts.words))).limit(MOST)
    found.update(tx.session.scalars(same))
    pending = [row.id for row in tx.session.new if getattr(row, "NOUN", "") == noun and row.id]
    entered: set[int] = tx.known.get(("entered", noun), set())
    return found | set(pending) | entered
