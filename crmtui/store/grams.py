"""Text as search sees it: folded letters, pairs of them for the index, and Chinese as it sounds, in full or by initials."""

import os
import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise, product
from operator import add
from pathlib import Path
from unicodedata import category, combining, decimal, normalize

START = "⟨"
"""Stands before a name in the index. No folded text holds it, for it is punctuation."""
MOST = 180_000
"""Letters of what is kept of one record, repetitions left out; PostgreSQL holds no more than a megabyte of it."""
MOST_READINGS = 6
"""Of a Chinese character, the commonest first."""

_THREE_DIGITS = re.compile("(?=([0-9]{3}))")

Span = tuple[int, int]


def is_han(letter: str) -> bool:
    """Whether it is a Chinese character."""
    return "㐀" <= letter <= "鿿" or "\U00020000" <= letter <= "\U0003ffff"


class _Letters(dict[int, str | None]):
    """Each character as the letters that it is compared by, none for punctuation, blanks and accents; filled as met.

    Letter by letter, whatever stands beside it: so a part of a text is folded to that part of the folded text.
    """

    def __missing__(self, code: int) -> str | None:
        plain = normalize("NFKD", normalize("NFKD", chr(code)).casefold())
        self[code] = "".join(map(_letter, plain)) or None
        return self[code]


_LETTERS = _Letters()


def _letter(letter: str) -> str:
    if is_han(letter):
        return _simplified().get(letter, letter)
    kind = category(letter)
    if kind[0] in "PZ" or kind in ("Cc", "Cf") or combining(letter) or "\ufe00" <= letter <= "\ufe0f":
        return ""
    return str(decimal(letter)) if kind == "Nd" else letter


@lru_cache(maxsize=1)
def _simplified() -> dict[str, str]:
    lines = Path(__file__).with_name("traditional.txt").read_text("utf-8").splitlines()
    pairs = "".join(line for line in lines if not line.startswith("#"))
    return dict(zip(pairs[::2], pairs[1::2], strict=True))


def fold(text: str) -> str:
    """The letters of `text`: case, width, accents, blanks, punctuation and the forms of Chinese make no difference."""
    return text.translate(_LETTERS)


def words(text: str) -> list[str]:
    """What a person looks for, folded, word by word; one word where each of them has just one letter (張 三)."""
    found = [word for part in text.split() if (word := fold(part))]
    return found if any(len(word) > 1 for word in found) else ["".join(found)] if found else []


# -- how Chinese sounds -----------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _dictionary() -> dict[int, str]:
    os.environ.setdefault(
        "PYPINYIN_NO_PHRASES", "true"
    )  # every reading counts: whole phrases need not be known
    from pypinyin.constants import PINYIN_DICT

    return dict(PINYIN_DICT)


@lru_cache(maxsize=30_000)
def readings(letter: str) -> tuple[str, ...]:
    """How a character is read, without tones, the commonest first; nothing for what is not Chinese. ü is v and u."""
    if not is_han(letter):
        return ()
    found: dict[str, None] = {}
    for marked in _dictionary().get(ord(letter), "").split(",")[:MOST_READINGS]:
        plain = "".join(sign for sign in normalize("NFD", marked) if sign.isascii() or sign == "\u0308")
        found |= dict.fromkeys((plain.replace("u\u0308", "v"), plain.replace("\u0308", "")) if plain else ())
    return tuple(found)


@lru_cache(maxsize=30_000)
def _written(letter: str) -> tuple[str, ...]:
    """Everything that a person may type for a letter: itself, and of Chinese the readings and their initials."""
    found = {letter: None}
    for reading in readings(letter):
        initials = [reading[0], reading[:2]] if reading[:2] in ("zh", "ch", "sh") else [reading[0]]
        found |= dict.fromkeys((reading, *initials))
    return tuple(found)


@lru_cache(maxsize=30_000)
def _begins(letter: str) -> frozenset[str]:
    return frozenset(typed[0] for typed in _written(letter))


@lru_cache(maxsize=200_000)
def _heard_pairs(letter: str, following: str) -> str:
    """The pairs of letters within `letter` as it may be typed, and from it to the `following` one (may be empty)."""
    found = {a + b for typed in _written(letter) for a, b in pairwise(typed)}
    starts = {typed[0] for typed in _written(following)} if following else set()
    return " ".join(
        sorted(found | set(map("".join, product({typed[-1] for typed in _written(letter)}, starts))))
    )


@lru_cache(maxsize=200_000)
def _starts(first: str, second: str) -> str:
    """The first letter, and the first two, of a name as it may be typed."""
    found = set()
    for typed in _written(first):
        found.add(START + typed[0])
        if len(typed) > 1:
            found.add(START + typed[:2])
        elif second:
            found |= {START + typed + other[0] for other in _written(second)}
    return " ".join(sorted(found))


# -- for the index ----------------------------------------------------------------------------------------------


def pairs(word: str) -> list[str]:
    """The pairs of neighbouring letters of a folded word; of digits, of which there are few, also three in a row."""
    return [*map(add, word, word[1:]), *_THREE_DIGITS.findall(word)]


def grams(texts: Iterable[tuple[str, bool]], name: str = "") -> str:
    """What the index keeps of a record, divided by blanks: the pairs of letters of its texts, each as written and if so
    told as it sounds. The same for the same texts, always.

    `name` is what people call the record; how it begins is kept as well.
    """
    found: list[str] = []
    for text, sounds in texts:
        folded = fold(text)
        if sounds and not folded.isascii() and any(map(is_han, folded)):
            found += map(_heard_pairs, folded, (*folded[1:], ""))
            found += _THREE_DIGITS.findall(folded)
        else:
            found += pairs(folded)
    if name and (folded := fold(name)):
        found.append(_starts(folded[0], folded[1:2]))
    kept = " ".join(filter(None, found))
    return kept if len(kept) <= MOST else " ".join(list(dict.fromkeys(kept.split(" ")))[: MOST // 3])


# -- for a hit --------------------------------------------------------------------------------------------------


def span(text: str, word: str, sounds: bool = False, *, at_start: bool = False) -> Span | None:
    """Where in `text` the folded `word` stands, or with `sounds` is heard; None where it is not."""
    place = within(fold(text), word, sounds, at_start=at_start)
    return _place(text, *place) if place else None


def within(folded: str, word: str, sounds: bool = False, *, at_start: bool = False) -> Span | None:
    """`span`, of a text that is folded already and in its letters."""
    at = (0 if folded.startswith(word) else -1) if at_start else folded.find(word)
    if at >= 0:
        return at, at + len(word)
    if not sounds or folded.isascii() or not word or not any(map(str.isascii, word)):
        return None
    for start, letter in enumerate(folded[:1] if at_start else folded):
        if word[0] in _begins(letter) and (end := _heard(folded, start, word)) is not None:
            return start, end
    return None


def _heard(folded: str, start: int, word: str) -> int | None:
    """Behind which letter `word` ends, if it may be typed for the letters from `start` on; the last may be half typed."""
    open_: list[Span] = [(start, 0)]
    seen: set[Span] = set()
    while open_:
        at, typed = state = open_.pop()
        if typed == len(word):
            return at
        if state in seen or at == len(folded):
            continue
        seen.add(state)
        rest = word[typed:]
        for way in _written(folded[at]):
            if len(way) > len(rest) and way.startswith(rest):
                return at + 1
            if word.startswith(way, typed):
                open_.append((at + 1, typed + len(way)))
    return None


def _place(text: str, start: int, end: int) -> Span:
    """The characters of `text` from which these folded letters come."""
    if text.isascii() and len(fold(text)) == len(text):
        return start, end
    owners = [place for place, letter in enumerate(text) for _ in _LETTERS[ord(letter)] or ""]
    return owners[start], owners[end - 1] + 1


def sound(text: str) -> tuple[str, str]:
    """`text` as it most commonly sounds, in full and by initials; both are the folded text where nothing is Chinese."""
    heard = [(readings(letter) or (letter,))[0] for letter in fold(text)]
    return "".join(heard), "".join(one[0] for one in heard)
