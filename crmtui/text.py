"""Text from outside: checked at the door, made safe for a terminal or a spreadsheet, measured, compared."""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from unicodedata import category, decimal, normalize

from crmtui.i18n import N_, gettext

# What a field refuses. Search them in one value, or in a whole column joined by a character they do not contain.
BAD_TEXT = re.compile("[\x00\ud800-\udfff]")
BAD_LINE = re.compile("[\x00\n\x0b\x0c\r\x85\u2028\u2029\ud800-\udfff]")


def unlike(pattern: re.Pattern[str], texts: Sequence[str]) -> list[int]:
    """The places of those `texts` that `pattern` does not fully match, found in one go; it must match no line break."""
    joined = "\n".join(texts) + "\n"
    if joined.count("\n") != len(texts):
        return [place for place, text in enumerate(texts) if not pattern.fullmatch(text)]
    lines = _lines(pattern.pattern)
    found: list[int] = []
    at = place = 0
    while True:
        matched = lines.match(joined, at)
        end = matched.end() if matched else at
        place += joined.count("\n", at, end)
        if end == len(joined):
            return found
        found.append(place)
        place += 1
        at = joined.index("\n", end) + 1


@cache
def _lines(pattern: str) -> re.Pattern[str]:
    return re.compile(f"(?:(?:{pattern})\n)*+")


_NUL = N_("The character at place {place} is NUL, which no field can hold: remove it.")
_NOT_UTF8 = N_(
    "The character at place {place} is not UTF-8: enter it again, or name the encoding with --encoding."
)
_LINE_BREAK = N_("There is a line break at place {place}, and this field holds one line.")
_TOO_LONG = N_("This has {length} characters; the most is {max}.")


class TextProblem(ValueError):
    """A text that a field refuses: `code`, the English `sentence` for the catalogue, `params` for its places."""

    def __init__(self, code: str, sentence: str, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.sentence = sentence
        self.params = params

    def __str__(self) -> str:
        return gettext(self.sentence).format_map(self.params)


def check(value: str, *, max: int, multiline: bool = False) -> str:
    """`value` unchanged, if a field of at most `max` characters can hold it.

    Raises TextProblem for NUL, for what is not UTF-8, for a line break in a one-line field, for too long a text.
    """
    if len(value) > max:
        raise TextProblem("text.too_long", _TOO_LONG, length=len(value), max=max)
    if value.isprintable():
        return value
    found = (BAD_TEXT if multiline else BAD_LINE).search(value)
    if found is None:
        return value
    place = found.start() + 1
    if found[0] == "\0":
        raise TextProblem("text.nul", _NUL, place=place)
    if "\ud800" <= found[0] <= "\udfff":
        raise TextProblem("text.not_utf8", _NOT_UTF8, place=place)
    raise TextProblem("text.line_break", _LINE_BREAK, place=place)


# -- for a terminal ---------------------------------------------------------------------------------------------

_MOST_ACCENTS = 4
# Characters met so far that stay as they are wherever they stand: a text of these alone needs no second look.
_plain: set[str] = set()
# Letters and marks that draw nothing: Hangul fillers, the grapheme joiner, two Khmer vowels.
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
# They choose the shape of the sign before them.
_SELECTORS = frozenset(
    map(chr, (*range(0xFE00, 0xFE10), 0x180B, 0x180C, 0x180D, 0x180F, *range(0xE0100, 0xE01F0)))
)
_HIDDEN_KINDS = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
_LONELY_EMOJI = frozenset("\u00a9\u00ae\u203c\u2049\u3030\u303d\u3297\u3299")


def clean(value: object, *, multiline: bool = False) -> str:
    """`value` as text that is safe to print: nothing in it can act on a terminal or hide from the reader.

    Controls are shown as pictures (`␛`), everything invisible by its number (`<U+202E>`), and at most four accents
    stay on one letter. Line breaks stay when `multiline`, else they are shown as well. Cleaning twice changes nothing.
    """
    text = value if isinstance(value, str) else "" if value is None else str(value)
    if (text.isascii() and text.isprintable()) or _plain.issuperset(text):
        return text
    return _clean_slowly(text.replace("\r\n", "\n") if multiline else text, multiline)


def _clean_slowly(text: str, multiline: bool) -> str:
    out: list[str] = []
    accents = 0
    for i, letter in enumerate(text):
        if letter in _SELECTORS:
            # One alone is usual; a row of them could carry a hidden message.
            shapes = i > 0 and category(text[i - 1])[0] in "LNPS"
            out.append(letter if shapes else _numbered(letter))
        elif letter not in _INVISIBLE and category(letter) in ("Mn", "Me"):
            accents += 1
            if accents <= _MOST_ACCENTS:
                out.append(letter)
        else:
            accents = 0
            if (letter == "\n" and multiline) or (letter == "\u200d" and _joins_emoji(text, i)):
                out.append(letter)
                continue
            shown = _visible(letter)
            out.append(shown)
            if shown == letter:
                _plain.add(letter)
    return "".join(out)


def _visible(letter: str) -> str:
    code = ord(letter)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    kind = category(letter)
    # The newest emoji and Chinese characters are unassigned only in the tables of an old Python.
    if (
        kind == "Cn"
        and (0x1F000 <= code <= 0x1FAFF or 0x20000 <= code <= 0x3FFFD)
        and code & 0xFFFE != 0xFFFE
    ):
        return letter
    return _numbered(letter) if kind in _HIDDEN_KINDS or letter in _INVISIBLE else letter


def _numbered(letter: str) -> str:
    return f"<U+{ord(letter):04X}>"


def _joins_emoji(text: str, i: int) -> bool:
    before = text[i - 2 : i - 1] if text[i - 1 : i] == "\ufe0f" else text[i - 1 : i]
    return _is_emoji(before) and _is_emoji(text[i + 1 : i + 2])


def _is_emoji(letter: str) -> bool:
    if "\u2190" <= letter <= "\u2bff" or letter in _LONELY_EMOJI:
        return category(letter)[0] == "S" or letter in _LONELY_EMOJI
    return "\U0001f000" <= letter <= "\U0001faff"


# -- width, in cells --------------------------------------------------------------------------------------------


def width(text: str) -> int:
    """The cells that `text`, once cleaned, takes on a terminal."""
    if text.isascii() and text.isprintable():
        return len(text)
    from rich.cells import cell_len  # loads tables that plain text never needs

    return cell_len(text)


def cut(text: str, cells: int, *, ellipsis: str = "…") -> str:
    """`text` if it fits into `cells`, else as much as fits with `ellipsis`; a wide or joined sign is never split."""
    if width(text) <= cells:
        return text
    room = cells - width(ellipsis)
    if room < 0:
        ellipsis, room = "", max(cells, 0)
    from rich.cells import split_graphemes

    end = used = 0
    for _start, stop, size in split_graphemes(text)[0]:
        used += size
        if used > room:
            break
        end = stop
    return text[:end] + ellipsis


def pad(text: str, cells: int, right: bool = False) -> str:
    """`text` filled with blanks up to `cells`, at the right edge when `right`; wider text comes back as it is."""
    blanks = " " * max(cells - width(text), 0)
    return blanks + text if right else text + blanks


# -- for a spreadsheet ------------------------------------------------------------------------------------------

# A spreadsheet may take a cell for a formula if one of these comes first, after blanks, quotes or invisible signs.
# The apostrophe counts as a quote: so a text that looks protected already is protected once more, and comes back.
_FORMULA = re.compile(
    r"[\s\"'`“”‘’„«»＂＇\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]*"
    r"[=+\-@＝＋－＠﹦﹢﹣﹫−\t\r\n\0]"
)


def csv_cell(text: str) -> str:
    """`text` with an apostrophe before it if a spreadsheet could take it for a formula."""
    return "'" + text if _FORMULA.match(text) else text


def csv_uncell(text: str) -> str:
    """`text` without the one apostrophe that `csv_cell` put before it, if it did."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text, 1) else text


# -- for comparison ---------------------------------------------------------------------------------------------


class _Squeeze(dict[int, int | None]):
    """A translation that drops punctuation, blanks and what is invisible; filled as characters are met."""

    def __missing__(self, code: int) -> int | None:
        kind = category(chr(code))
        self[code] = None if kind[0] in "PZ" or kind in ("Cc", "Cf") else code
        return self[code]


_SQUEEZE = _Squeeze()
_SQUEEZE_LINES = _Squeeze({10: 10})
# For private use: no folding changes it, comes to it, or joins anything with it, and no key is without it.
_APART = "\uf8ff"


def fold(text: str) -> str:
    """`text` for comparison: width, case and the number of blanks make no difference (NFKC, casefold)."""
    if text.isascii():
        return " ".join(text.lower().split())
    return " ".join(_caseless(text).split())


def _caseless(text: str) -> str:
    return normalize("NFKC", normalize("NFKC", normalize("NFD", text).casefold()).casefold())


def name_key(name: str) -> str:
    """The natural key of a name: folded, without punctuation and blanks. Empty only for a blank name."""
    if name.isascii():
        return name.lower().translate(_SQUEEZE) or fold(name)
    folded = fold(name)
    return folded.translate(_SQUEEZE) or folded


def name_keys(names: Sequence[str]) -> list[str]:
    """The `name_key` of each of `names`: many at once, folded together as two long texts."""
    plain = [name for name in names if name.isascii()]
    others = [name for name in names if not name.isascii()]
    lines = "\n".join(plain).lower().translate(_SQUEEZE_LINES).split("\n")
    folded = _caseless(_APART.join(others))
    if not folded.replace(_APART, "").isalnum():
        folded = folded.translate(_SQUEEZE)
    letters = folded.split(_APART)
    if (len(lines), len(letters)) != (len(plain) or 1, len(others) or 1):
        return list(map(name_key, names))  # a name holds what they were parted by
    one, other = iter(lines), iter(letters)
    keys = [next(one) if name.isascii() else next(other) for name in names]
    return [key or name_key(name) for key, name in zip(keys, names, strict=True)] if "" in keys else keys


def digits(text: str) -> str:
    """The decimal digits of `text`, of any script, as 0 to 9."""
    if text.isascii():
        return "".join(re.findall("[0-9]+", text))
    return "".join(str(decimal(letter)) for letter in text if letter.isdecimal())


def like_pattern(text: str) -> str:
    """`text` with the wildcards `*` and `?` as an SQL LIKE pattern whose escape character is the backslash."""
    return re.sub(r"[\\%_]", r"\\\g<0>", text).replace("*", "%").replace("?", "_")


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate most like `word`, of equals the first; None if none is much like it."""
    from difflib import SequenceMatcher  # only mistakes need it

    matcher = SequenceMatcher(b=fold(word))
    best, likeness = None, 0.6
    for candidate in candidates:
        matcher.set_seq1(fold(candidate))
        if matcher.quick_ratio() > likeness and (ratio := matcher.ratio()) > likeness:
            best, likeness = candidate, ratio
    return best
