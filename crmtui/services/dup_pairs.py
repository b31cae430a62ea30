"""Which records are worth comparing: those that share a key. Never all with all."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import combinations

from crmtui.services.dup_keys import Facts
from crmtui.services.dup_score import SAME, Score, compare
from crmtui.services.dup_words import PLACES

LARGE = 20
"""Records that share a key are all compared with each other up to so many; of more those that share another thing."""
WINDOW = 6
"""Of as many who share even that, everybody is compared with so many neighbours."""

Pair = tuple[int, int]


def keys(facts: Facts) -> Iterator[str]:
    """What a record is looked up by: records that share none of these are never compared."""
    if facts.core:
        yield f"n {facts.core}"
        if facts.sound != facts.core:
            yield f"n {facts.sound}"
    if len(facts.words) > 1:
        yield f"w {' '.join(sorted(facts.words))}"
    yield from (f"p {phone[-7:]}" for phone in facts.phones)
    yield from (f"d {domain}" for domain in facts.domains)
    if facts.tax:
        yield f"t {facts.tax}"
    if facts.mail:
        yield f"m {facts.mail}"
    street = _letters(facts.street)
    if facts.number and street:
        yield f"a {facts.number} {street}"
    if facts.person:
        yield from _personal(facts, street)


def _personal(facts: Facts, street: str) -> Iterator[str]:
    """Of persons, of whom nothing is sure to be written right, pairs of things that are not likely to be wrong both."""
    if facts.birth:
        yield f"b {facts.birth}"
    if facts.given and facts.family:
        yield f"g {' '.join(sorted((facts.given, facts.family)))}"
    places = [place for place in (facts.postcode, facts.town[:5]) if place]
    names = [name[:3] for name in (facts.given, facts.family, street) if name]
    yield from (f"l {name} {place}" for name in names for place in places)


def _letters(street: str) -> str:
    """The first letters of a street's name, which typing errors reach last."""
    return "".join(word for word in street.split() if word not in PLACES)[:4]


def pairs(records: Mapping[int, Facts]) -> set[Pair]:
    """The pairs (lower id first) that are worth comparing; they grow as the records do, however many share a key."""
    found: set[Pair] = set()
    for key, block in _blocks(records, sorted(records), keys).items():
        if len(block) <= LARGE:
            found.update(pair for pair in combinations(block, 2) if key[0] != "a" or _near(records, *pair))
            continue
        for finer in _blocks(records, block, _finer).values():
            found.update(combinations(finer, 2) if len(finer) <= LARGE else _neighbours(records, finer))
    return found


def _blocks(
    records: Mapping[int, Facts], members: Iterable[int], of: Callable[[Facts], Iterator[str]]
) -> dict[str, list[int]]:
    blocks: dict[str, list[int]] = defaultdict(list)
    for record in members:
        for key in dict.fromkeys(of(records[record])):
            blocks[key].append(record)
    return {key: block for key, block in blocks.items() if len(block) > 1}


def _near(records: Mapping[int, Facts], one: int, other: int) -> bool:
    """Whether two houses of the same number and street can be in the same place, as far as is known."""
    a, b = records[one], records[other]
    if a.postcode and b.postcode and a.postcode == b.postcode:
        return True
    if not ((a.postcode and b.postcode) or (a.town and b.town)):
        return True
    return a.town[:3] == b.town[:3] if a.town and b.town else a.postcode[:2] == b.postcode[:2]


def _finer(facts: Facts) -> Iterator[str]:
    """What tells those apart who share a key with many: two things in common are worth a look, one is not."""
    yield f"n {facts.core}"
    yield from (f"p {phone[-7:]}" for phone in facts.phones)
    yield from (
        f"{kind} {value}"
        for kind, value in (
            ("c", facts.postcode),
            ("b", facts.birth),
            ("a", facts.number and f"{facts.number} {_letters(facts.street)}"),
            ("m", facts.mail),
        )
        if value
    )


def _neighbours(records: Mapping[int, Facts], block: Sequence[int]) -> Iterator[Pair]:
    """Of very many who share two things: those who stand next to each other in an order."""
    line = sorted(block, key=lambda record: _order(records[record]))
    for at, record in enumerate(line):
        for other in line[at + 1 : at + WINDOW]:
            yield (record, other) if record < other else (other, record)


def _order(facts: Facts) -> tuple[str, ...]:
    return (facts.core, facts.postcode, facts.street, facts.number, facts.birth, *sorted(facts.phones))


def find(records: Mapping[int, Facts], least: int = SAME) -> list[tuple[int, int, Score]]:
    """The pairs of records that score at least `least`, best first."""
    found = []
    for one, other in pairs(records):
        score = compare(records[one], records[other])
        if score.value >= least:
            found.append((one, other, score))
    return sorted(found, key=lambda pair: (-pair[2].value, pair[0], pair[1]))
