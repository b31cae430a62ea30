"""Whether two opportunities of different customers are the same deal: what is wanted, how much, where, when, for whom."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import combinations

from crmtui.i18n import N_
from crmtui.services.dup_keys import words_of
from crmtui.services.dup_score import Score, alike

SAME = 60
"""From this score on two opportunities are suspected to be one deal."""
LARGE = 40
"""Of more opportunities that want the same in the same place, only those next to each other in time are compared."""
WINDOW = 8
DAYS = 14
"""Dates up to so many days apart are the same date: two people noted them."""

REASONS = {
    "project": N_("same end project"),
    "products": N_("same products and quantities"),
    "products_part": N_("products in part the same"),
    "region": N_("same region"),
    "delivery": N_("same delivery date"),
    "expected": N_("same expected close"),
    "class": N_("same type of customer"),
    "amount": N_("about the same amount"),
}
"""What each reason is called."""
WEIGHTS = {
    "project": 50, "products": 50, "products_part": 30, "region": 15, "delivery": 15, "expected": 10, "class": 10,
    "amount": 5, "region_other": -40, "delivery_other": -30,
}  # fmt: skip
"""What each counts; the last two are never told, they only speak against it."""

_ITEM = re.compile(
    r"(?P<number>\d+(?:[.,]\d{3})*)\s*(?:x|×|pcs\.?|台|个|套|件|把|部|只)?\s*(?P<what>[^\d,;，；、。\n]{2,})"
)
_PARTS = re.compile(r"[,;，；、。\n]| and | und | sowie |以及|和")
_UNSURE = frozenset(words_of("some any several a an the 一些 若干"))


@dataclass(frozen=True, slots=True)
class Deal:
    """An opportunity as it is compared. `items` are what is wanted → how many, None where that is not known."""

    account: int
    items: Mapping[str, int | None]
    region: str = ""
    delivery: date | None = None
    expected: date | None = None
    kind: str = ""
    project: str = ""
    amount: int = 0
    """In the company's currency."""


def items_of(text: str) -> dict[str, int | None]:
    """What a text wants: "200 laser scanners, 1 server, network equipment" → each thing and its number, if it has one."""
    found: dict[str, int | None] = {}
    for part in _PARTS.split(text):
        counted = _ITEM.search(part)
        what = counted["what"] if counted else part
        name = "".join(_singular(word) for word in words_of(what) if word not in _UNSURE)
        if name and len(name) < 60:
            found[name] = int(re.sub("[.,]", "", counted["number"])) if counted else None
    return found


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def compare(one: Deal, other: Deal) -> Score:
    """The score of two opportunities, 0 to 100, with what speaks for it."""
    found = list(_reasons(one, other))
    total = sum(WEIGHTS[reason] for reason in found)
    return Score(max(0, min(100, total)), tuple(reason for reason in found if reason in REASONS))


def _reasons(one: Deal, other: Deal) -> Iterator[str]:
    if one.project and other.project and alike(one.project, other.project) >= 0.85:
        yield "project"
    common = _common(one.items, other.items)
    if common >= 0.75:
        yield "products"
    elif common >= 0.4:
        yield "products_part"
    if one.region and other.region:
        yield "region" if one.region == other.region else "region_other"
    if one.delivery and other.delivery:
        yield "delivery" if abs((one.delivery - other.delivery).days) <= DAYS else "delivery_other"
    elif one.expected and other.expected and abs((one.expected - other.expected).days) <= DAYS:
        yield "expected"
    if one.kind and one.kind == other.kind:
        yield "class"
    if one.amount and other.amount and abs(one.amount - other.amount) * 10 <= max(one.amount, other.amount):
        yield "amount"


def _common(mine: Mapping[str, int | None], theirs: Mapping[str, int | None]) -> float:
    """The share of all that is wanted on either side that both want; another number of it is half as good as the same."""
    if not mine or not theirs:
        return 0.0
    both = mine.keys() & theirs.keys()
    same = sum(
        1.0 if None in (mine[item], theirs[item]) or mine[item] == theirs[item] else 0.3 for item in both
    )
    return same / len(mine.keys() | theirs.keys())


def find(deals: Mapping[int, Deal], least: int = SAME) -> list[tuple[int, int, Score]]:
    """The pairs of opportunities of different customers that score at least `least`, best first; not all with all."""
    blocks: dict[str, list[int]] = defaultdict(list)
    for record, deal in deals.items():
        for item, number in deal.items.items():
            blocks[f"i {item} {deal.region}"].append(record)
            if number is not None:
                blocks[f"n {item} {number}"].append(record)
        if deal.project:
            blocks[f"p {deal.project[:6]}"].append(record)
    pairs = {pair for block in blocks.values() for pair in _pairs(deals, block)}
    scored = [
        (one, other, compare(deals[one], deals[other]))
        for one, other in pairs
        if not deals[one].account or deals[one].account != deals[other].account
    ]
    return sorted(
        (each for each in scored if each[2].value >= least), key=lambda each: (-each[2].value, *each[:2])
    )


def _pairs(deals: Mapping[int, Deal], block: list[int]) -> Iterator[tuple[int, int]]:
    if len(block) <= LARGE:
        yield from combinations(sorted(set(block)), 2)
        return
    last = date.max
    line = sorted(
        set(block), key=lambda record: (deals[record].delivery or deals[record].expected or last, record)
    )
    for at, record in enumerate(line):
        for other in line[at + 1 : at + WINDOW]:
            yield min(record, other), max(record, other)
