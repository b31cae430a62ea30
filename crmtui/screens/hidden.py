"""What draws nothing or could act on a terminal, while it stands in a field: kept as it is, shown as a sign of one cell."""

from functools import lru_cache
from unicodedata import category

from crmtui.screens.glyphs import glyphs

_KINDS = frozenset(("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))
_AWAY = 0x100000
"""Where such characters stand meanwhile: for private use, one cell wide, and nothing that a line is broken at."""


@lru_cache(maxsize=4096)
def _hides(letter: str) -> bool:
    return letter < "\U00010000" and category(letter) in _KINDS


def encoded(text: str, keep: str = "") -> str:
    """`text` for a widget, each such character moved away; those in `keep` stay."""
    if text.isprintable():
        return text
    return "".join(
        chr(_AWAY + ord(letter)) if letter not in keep and _hides(letter) else letter for letter in text
    )


def decoded(text: str) -> str:
    """`text` of a widget as it is meant."""
    if text.isascii() or not any(letter >= chr(_AWAY) for letter in set(text)):
        return text
    return "".join(_back(letter) for letter in text)


def _back(letter: str) -> str:
    meant = ord(letter) - _AWAY
    return chr(meant) if 0 <= meant < 0x10000 and _hides(chr(meant)) else letter


def drawn(text: str) -> str:
    """Text of a widget with a sign of one cell for each character that was moved away, and for any other that hides."""
    if text.isprintable():
        return text
    return "".join(
        _sign(letter) if letter != "\t" and category(letter) in _KINDS else letter for letter in text
    )


def _sign(letter: str) -> str:
    if glyphs.ascii:
        return "?"
    code = ord(_back(letter))
    return chr(0x2400 + code) if code < 0x20 else "\u2421" if code == 0x7F else "\u00b7"
