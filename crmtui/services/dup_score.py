"""How much speaks for two records being the same company or person: a score from 0 to 100, and every reason for it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import exp

from crmtui.i18n import N_
from crmtui.services.dup_keys import Facts
from crmtui.services.dup_words import PLACES

SAME = 50
"""From this score on two records are taken for the same."""

REASONS = {
    "tax": N_("same tax number"),
    "name": N_("same name"),
    "name_sound": N_("names sound the same"),
    "name_alike": N_("names much alike"),
    "name_part": N_("names in part alike"),
    "name_swapped": N_("given and family name swapped"),
    "name_other": N_("other name"),
    "phone": N_("same phone"),
    "mail": N_("same mail address"),
    "domain": N_("same domain"),
    "address": N_("same address"),
    "street": N_("same street"),
    "address_other": N_("other address"),
    "postcode": N_("same postcode"),
    "town": N_("same town"),
    "place_other": N_("other town"),
    "birth": N_("same birth date"),
    "birth_alike": N_("birth dates much alike"),
    "birth_other": N_("other birth date"),
    "account": N_("same customer"),
    "contact": N_("same contact"),
    "contact_other": N_("other contact"),
    "tax_other": N_("other tax number"),
    "phone_other": N_("other phone"),
}
"""What each reason is called."""

COMPANY = {
    "": -4.5, "tax": 9, "tax_other": -4, "name": 5, "name_sound": 4, "name_alike": 3, "name_part": 1.6, "name_other": -2,
    "phone": 3.5, "phone_other": -0.4, "mail": 3, "contact": 1.5, "contact_other": -3, "domain": 2.5, "address": 4, "street": -1, "address_other": -3.5,
    "postcode": 0.5, "town": 0.5, "place_other": -2.5,
}  # fmt: skip
"""What each reason counts for companies, in log odds; "" is what it takes to begin with."""
PERSON = {
    "": -6, "name": 5, "name_swapped": 5, "name_sound": 4, "name_alike": 4, "name_part": 1.5, "name_other": -1.5,
    "phone": 4, "mail": 6, "birth": 4.5, "birth_alike": 2.5, "birth_other": -2.5, "address": 4, "street": 2,
    "address_other": -1, "postcode": 1.5, "town": 1.5, "place_other": -1.5, "account": 2, "phone_other": -0.4,
}  # fmt: skip
"""The same for persons, of whom many share a name."""


@dataclass(frozen=True, slots=True)
class Score:
    """How alike two records are: `value` from 0 to 100, and the reasons, what speaks for it first."""

    value: int
    reasons: tuple[str, ...]


def compare(one: Facts, other: Facts) -> Score:
    """The score of two records of the same kind; the same whichever comes first."""
    weights = PERSON if one.person else COMPANY
    found = [*(_person(one, other) if one.person else _company(one, other)), *_both(one, other)]
    total = weights[""] + sum(weights[reason] for reason in found)
    found.sort(key=lambda reason: -weights[reason])
    return Score(round(100 / (1 + exp(-total))), tuple(found))


def _company(one: Facts, other: Facts) -> Iterator[str]:
    yield from _equal(one.tax, other.tax, "tax", "tax_other")
    if one.core and other.core:
        yield _name(one, other)
    if one.domains & other.domains:
        yield "domain"
    if one.given and other.given:
        yield "contact" if alike(one.given, other.given) >= 0.8 else "contact_other"


def _name(one: Facts, other: Facts) -> str:
    if one.core == other.core or sorted(one.words) == sorted(other.words):
        return "name"
    if one.sound == other.sound:
        return "name_sound"
    mine, theirs = frozenset(one.words), frozenset(other.words)
    shorter = min(mine, theirs, key=len)
    common = sum(map(len, mine & theirs)) / sum(map(len, shorter))
    letters = alike(one.core, other.core)
    if letters >= 0.85 or (common == 1 and len(shorter) > 1):
        return "name_alike"
    return "name_part" if letters >= 0.6 or common >= 0.5 else "name_other"


def _person(one: Facts, other: Facts) -> Iterator[str]:
    if one.core and other.core:
        yield _person_name(one, other)
    if one.birth and other.birth:
        yield _birth(one.birth, other.birth)
    if one.account and one.account == other.account:
        yield "account"


def _person_name(one: Facts, other: Facts) -> str:
    if one.core == other.core:
        return "name" if one.given and one.family else "name_part"
    if one.sound == other.sound:
        return "name_sound"
    if one.given and one.family and (one.given, one.family) == (other.family, other.given):
        return "name_swapped"
    straight = (one.given, other.given), (one.family, other.family)
    crossed = (one.given, other.family), (one.family, other.given)
    found = [[alike(a, b) for a, b in pairs if a and b] for pairs in (straight, crossed)]
    whole = alike(one.core, other.core)
    if whole >= 0.85 or any(len(each) == 2 and min(each) >= 0.7 for each in found):
        return "name_alike"
    return (
        "name_part" if whole >= 0.75 or any(max(each, default=0) >= 0.8 for each in found) else "name_other"
    )


def _birth(one: str, other: str) -> str:
    if one == other:
        return "birth"
    year, month, day = one.split("-")
    if other == f"{year}-{day}-{month}" or sorted(one) == sorted(other):
        return "birth_alike"
    return "birth_alike" if sum(a != b for a, b in zip(one, other, strict=True)) == 1 else "birth_other"


def _both(one: Facts, other: Facts) -> Iterator[str]:
    if one.phones and other.phones:
        yield "phone" if _share(one.phones, other.phones) else "phone_other"
    if one.mail and one.mail == other.mail:
        yield "mail"
    address = _address(one, other)
    if address:
        yield address
    known = (("postcode", one.postcode, other.postcode), ("town", one.town, other.town))
    least = 0.8 if one.person else 1.0  # persons type their address themselves
    same = [reason for reason, a, b in known if a and b and (a == b or (least < 1 and alike(a, b) >= least))]
    yield from same
    if not same and address not in ("address", "address_other") and any(a and b for _, a, b in known):
        yield "place_other"


def _share(some: frozenset[str], others: frozenset[str]) -> bool:
    """Whether a phone is on both sides; a number without its country is compared by its last seven digits."""
    if some & others:
        return True
    return any(a[-7:] == b[-7:] for a in some for b in others if "+" not in a or "+" not in b)


def _address(one: Facts, other: Facts) -> str:
    if not (one.street and other.street):
        return ""
    if one.number != other.number and one.number and other.number and not one.person:
        return "street" if one.street == other.street else "address_other"
    same = _street(one.street, other.street)
    if not one.number or not other.number:
        return "street" if same else "address_other"
    if same and one.number == other.number:
        return "address"
    return "street" if same else "address_other"


@lru_cache(maxsize=20_000)
def _street(one: str, other: str) -> bool:
    """Whether two streets are the same: by their names, as far as both say it by point of the compass and type."""
    if one == other:
        return True
    mine, theirs = _parted(one), _parted(other)
    if mine[1] and theirs[1] and mine[1] != theirs[1]:
        return False
    a, b = mine[0], theirs[0]
    if a[: len(b)] == b[: len(a)] or alike("".join(a), "".join(b)) >= 0.8:
        return True
    return alike(one.replace(" ", ""), other.replace(" ", "")) >= 0.86  # a blank lost, or in another place


def _parted(street: str) -> tuple[tuple[str, ...], str]:
    words = street.split()
    names = tuple(word for word in words if word not in PLACES)
    points = "".join(word for word in words if word in ("n", "s", "e", "w", "ne", "nw", "se", "sw"))
    return names or tuple(words), points


def _equal(a: str, b: str, same: str, other: str) -> Iterator[str]:
    if a and b:
        yield same if a == b else other


@lru_cache(maxsize=50_000)
def alike(one: str, other: str) -> float:
    """From 0 to 1: twice the letters that both have in the same order, of all their letters.

    The longest common subsequence, all places of a letter at once as the bits of one number (Hyyrö 2004).
    """
    if one == other:
        return 1.0
    places: dict[str, int] = {}
    for at, letter in enumerate(one):
        places[letter] = places.get(letter, 0) | 1 << at
    every = rest = (1 << len(one)) - 1
    for letter in other:
        taken = rest & places.get(letter, 0)
        rest = ((rest + taken) | (rest - taken)) & every
    total = len(one) + len(other)
    return 2 * (len(one) - rest.bit_count()) / total if total else 1.0
