"""Hostile texts for tests, and in plain Python what may become of them."""

import json
import re
import unicodedata
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent / "fixtures" / "hostile"
PUBLIC: list[str] = json.loads((_FOLDER / "blns.json").read_text("utf-8"))
OWN: list[str] = [
    *json.loads((_FOLDER / "own.json").read_text("utf-8")),
    *("t" * 32_767, "=" * 32_767, "u" * 100_000, "v" * 100_001),
]
STRINGS = list(dict.fromkeys([*PUBLIC, *OWN]))

TEXTS = ("line", "text", "phone", "email", "choice", "choices")
"""The kinds of field that hold what people type, more or less freely."""
_MOST = {"phone": 60, "email": 254, "choice": 80, "choices": 80, "text": 100_000}
_BREAKS = re.compile("[\n\x0b\x0c\r\x85\u2028\u2029]")


def refusal(kind: str, most: int, text: str) -> str:
    """Why a field of this kind refuses `text`: the code of the error; empty when it holds it. Addresses are not judged."""
    held = text if kind == "text" else text.strip()
    if not held.strip():
        return ""
    if len(held) > (_MOST.get(kind) or most):
        return "text.too_long"
    if kind != "text" and (found := re.search("[\0\n\x0b\x0c\r\x85\u2028\u2029\ud800-\udfff]", held)):
        return _named(found[0])
    if kind == "text" and (found := re.search("[\0\ud800-\udfff]", held)):
        return _named(found[0])
    return ""


def _named(letter: str) -> str:
    return "text.nul" if letter == "\0" else "text.line_break" if _BREAKS.match(letter) else "text.not_utf8"


def held(kind: str, text: str) -> Any:
    """What a field of this kind holds of a `text` that it takes: one-line fields let go of the blanks at both ends."""
    if kind == "choices":
        return [text.strip()] if text.strip() else []
    return (text if kind == "text" else text.strip()) if text.strip() else None


_IDLE = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def stray(text: str, besides: str = "\n") -> set[str]:
    """What in `text` a terminal would not simply draw; a joiner between the signs of an emoji is drawn."""
    plain = re.sub(r"(?<=[^\x00-\u20ff])\u200d(?=[^\x00-\u20ff])|(?<=\ufe0f)\u200d", "", text)
    return {
        letter for letter in set(plain) if letter not in besides and unicodedata.category(letter) in _IDLE
    }


def accents(text: str) -> int:
    """The most accents that stand on one letter."""
    most = run = 0
    for letter in text:
        run = run + 1 if unicodedata.combining(letter) else 0
        most = max(most, run)
    return most


def formula(cell: str) -> bool:
    """Whether a spreadsheet could take the text of a CSV cell for a formula, after blanks, quotes and invisible signs."""
    rest = cell
    while rest and (
        rest[0] in "\"'`“”‘’„«»＂＇" or rest[0].isspace() or unicodedata.category(rest[0]) == "Cf"
    ):
        if rest[0] in "\t\r\n":
            return True
        rest = rest[1:]
    return rest[:1] in tuple("=+-@＝＋－＠﹦﹢﹣﹫−\0")
