"""Finding an entry by what one types of it: words in any order, parts of words, letters left out, pinyin of Chinese."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

Span = tuple[int, int]


SCATTERED = 100
"""From this rank on a word fits only with other letters between its own."""


class Match(NamedTuple):
    """How well a text fits, 0 is best, and the places in the title that matched."""

    rank: int
    spans: tuple[Span, ...]


def match(typed: str, title: str, besides: Sequence[str] = ()) -> Match | None:
    """How `typed` fits an entry called `title` that is also known as `besides`; None where a word of it fits nowhere.

    Best is the beginning of a word of the title, then any part of it, then what it is also known as, its pinyin or the
    initials of its words, at last its letters with others between.
    """
    rank = 0
    spans: list[Span] = []
    for word in typed.lower().split():
        found = _word(word, title, besides)
        if found is None:
            return None
        rank += found.rank
        spans += found.spans
    return Match(rank, tuple(sorted(spans)))


def _word(word: str, title: str, besides: Sequence[str]) -> Match | None:
    lower = title.lower()
    if len(lower) != len(title):  # a few letters become two: then no place is told
        return Match(2, ()) if word in lower else None
    at = _begins(lower, word)
    if at is not None:
        return Match(1 if at else 0, ((at, at + len(word)),))
    at = lower.find(word)
    if at >= 0:
        return Match(2, ((at, at + len(word)),))
    if any(word in text.lower() for text in besides) or any(word in text for text in _sounds(title, word)):
        return Match(3, ())
    spans = _initials(lower, word)
    if spans:
        return Match(3, spans)
    spans = _scattered(lower, word)
    return Match(SCATTERED, spans) if spans else None


def _begins(text: str, word: str) -> int | None:
    at = text.find(word)
    while at >= 0:
        if at == 0 or not text[at - 1].isalnum():
            return at
        at = text.find(word, at + 1)
    return None


def _sounds(title: str, word: str) -> tuple[str, ...]:
    return _spelt(title) if word.isascii() and not title.isascii() else ()


@lru_cache(maxsize=2000)
def _spelt(title: str) -> tuple[str, ...]:
    from crmtui.services.suggest import spelt

    return spelt(title)


def _initials(text: str, word: str) -> tuple[Span, ...]:
    """The first letters of words one after the other."""
    starts = [
        place
        for place, letter in enumerate(text)
        if letter.isalnum() and (place == 0 or not text[place - 1].isalnum())
    ]
    at = "".join(text[place] for place in starts).find(word)
    return tuple((place, place + 1) for place in starts[at : at + len(word)]) if at >= 0 else ()


def _scattered(text: str, word: str) -> tuple[Span, ...]:
    """The letters of `word` in their order, with few others between; a single letter is no such word."""
    if len(word) < 3:
        return ()
    for start in (place for place, letter in enumerate(text) if letter == word[0]):
        places = [start]
        for letter in word[1:]:
            at = text.find(letter, places[-1] + 1)
            if at < 0:
                return ()
            places.append(at)
        if places[-1] - start < 3 * len(word):
            return tuple((place, place + 1) for place in places)
    return ()
