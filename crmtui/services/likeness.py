"""How alike two deals are, and why: a score of parts that are each told."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from crmtui.i18n import N_
from crmtui.text import fold

PARTS = (
    ("product", 40, N_("the same product")),
    ("type", 20, N_("the same kind of product")),
    ("words", 25, N_("the same words: {words}")),
    ("account", 20, N_("the same customer")),
    ("industry", 10, N_("the same industry")),
    ("amount", 5, N_("a like amount")),
)
"""What two deals may have in common: how many points it gives (words: in part), and how it is told."""
MUST = ("product", "type", "words")
"""Without any of these two deals are not alike, whatever else they share."""
_WORD = re.compile(r"[^\W\d_]{3,}|[㐀-䶿一-鿿]+")
_EMPTY = frozenset(("the", "and", "for", "with", "deal", "new", "project", "order", "opportunity"))


@dataclass(frozen=True)
class Subject:
    """A deal as it is compared: ids, codes and folded words. `amount` is in minor units of `currency`."""

    account: int | None = None
    products: frozenset[int] = frozenset()
    types: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    industry: str | None = None
    amount: int | None = None
    currency: str | None = None


@dataclass(frozen=True)
class Like:
    """How alike two deals are, from 0 to 100, and what they have in common: (part, what is told of it)."""

    score: int
    parts: tuple[tuple[str, str], ...]


def words_of(*texts: str | None) -> frozenset[str]:
    """The words that say what a deal is about: folded, without plurals, Han in pairs of signs."""
    found: set[str] = set()
    for word in _WORD.findall(fold(" ".join(text for text in texts if text))):
        if "㐀" <= word[0] <= "鿿":
            found.update(word[at : at + 2] for at in range(max(len(word) - 1, 1)))
        else:
            found.add(word[:-1] if len(word) > 3 and word.endswith("s") else word)
    return frozenset(found - _EMPTY)


def compare(one: Subject, two: Subject) -> Like:
    """How alike two deals are; 0 where they share none of what must be shared."""
    shared = one.words & two.words
    has = {
        "product": bool(one.products & two.products),
        "type": bool(one.types & two.types),
        "words": bool(shared),
        "account": one.account is not None and one.account == two.account,
        "industry": bool(one.industry) and one.industry == two.industry,
        "amount": _like_amount(one, two),
    }
    if not any(has[part] for part in MUST):
        return Like(0, ())
    points, parts = 0, []
    for part, most, _said in PARTS:
        if has[part]:
            share = len(shared) / min(len(one.words), len(two.words)) if part == "words" else 1.0
            points += round(most * share)
            parts.append((part, ", ".join(sorted(shared)) if part == "words" else ""))
    return Like(min(points, 100), tuple(parts))


def _like_amount(one: Subject, two: Subject) -> bool:
    """Within half and double of each other, in one currency."""
    if not one.amount or not two.amount or one.currency != two.currency:
        return False
    return max(one.amount, two.amount) <= 2 * min(one.amount, two.amount)


def types_among(types: dict[int, str | None], products: Iterable[int]) -> frozenset[str]:
    """The kinds of `products`, from product → kind."""
    return frozenset(kind for one in products if (kind := types.get(one)))
