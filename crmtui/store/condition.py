"""Conditions as people write them: text read into a tree whose parts know their places; no store, no meaning yet."""

import re
from dataclasses import dataclass, field
from typing import Any

from crmtui.errors import Invalid
from crmtui.i18n import N_, gettext
from crmtui.text import TextProblem, check, clean, width

MOST_CHARACTERS = 4_000
MOST_NESTED = 50


@dataclass(frozen=True, slots=True)
class Place:
    """The stretch of `text` from `start` to before `end`."""

    text: str = field(repr=False)
    start: int
    end: int

    def pointer(self) -> str:
        """Two lines, safe to print: the text around the place, and carets under it."""
        first, last = max(self.start - 40, 0), min(max(self.end, self.start + 1) + 30, len(self.text))
        before = ("…" if first else "") + clean(self.text[first : self.start])
        there = clean(self.text[self.start : self.end])
        after = clean(self.text[self.end : last]) + ("…" if last < len(self.text) else "")
        return f"{before}{there}{after}\n{' ' * width(before)}{'^' * max(width(there), 1)}"


def fault(code: str, sentence: str, at: Place, /, field: str | None = None, **params: object) -> Invalid:
    """An Invalid about the place `at`: its params tell `text`, `position` (from 0) and `pointer`, which is also the hint."""
    here: dict[str, Any] = {"text": at.text, "position": at.start, "pointer": at.pointer()}
    return Invalid(code, sentence, field=field, hint="{pointer}", **(here | params))


@dataclass(frozen=True, slots=True)
class Value:
    """One value as written. `pattern` keeps `\\*`, `\\?` and `\\\\`, which `~` takes for the signs themselves."""

    text: str
    pattern: str
    quoted: bool
    place: Place


@dataclass(frozen=True, slots=True)
class Compare:
    """`name` compared with `values`; `op` is one of = < <= > >= ~ in under empty."""

    name: str
    op: str
    values: tuple[Value, ...]
    place: Place
    """Of the name."""
    op_place: Place


@dataclass(frozen=True, slots=True)
class Not:
    """True where `part` is not."""

    part: "Node"


@dataclass(frozen=True, slots=True)
class Every:
    """True where every part is."""

    parts: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Some:
    """True where at least one part is."""

    parts: "tuple[Node, ...]"


Node = Compare | Not | Every | Some


def parse(text: str) -> Node:
    """The tree of a condition. Raises Invalid `condition.syntax`, which points at the place."""
    try:
        check(text, max=MOST_CHARACTERS, multiline=True)
    except TextProblem as problem:
        start = int(str(problem.params.get("place", 1))) - 1
        params: dict[str, Any] = problem.params
        raise fault(
            "condition.syntax", problem.sentence, Place(text, start, start + 1), **params
        ) from problem
    parser = _Parser(text)
    tree = parser.either()
    parser.finish()
    return tree


# -- words and signs --------------------------------------------------------------------------------------------

# An apostrophe inside a word stays (O'Brien), and so does an exclamation mark that begins no operator (Yahoo!).
_LETTER = r"""[^\s()=<>~,!"']|!(?![=~])"""
_TOKEN = re.compile(
    r"""(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<sign>!=|<>|!~|<=|>=|[=<>~(),])"""
    rf"""|(?P<word>(?:{_LETTER})(?:{_LETTER}|["'])*)""",
    re.DOTALL,
)
_BLANK = re.compile(r"\s*")


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    """string, word, sign or end."""
    text: str
    place: Place

    def says(self, *words: str) -> bool:
        return self.kind != "string" and self.text.lower() in words


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    start = 0
    while True:
        start += len(_BLANK.match(text, start)[0])  # type: ignore[index]
        if start == len(text):
            return [*found, _Token("end", "", Place(text, start, start))]
        match = _TOKEN.match(text, start)
        if match is None:
            raise fault("condition.syntax", N_("This quote is not closed."), Place(text, start, start + 1))
        found.append(_Token(str(match.lastgroup), match[0], Place(text, start, match.end())))
        start = match.end()


# -- grammar ----------------------------------------------------------------------------------------------------

_FIELD = N_("The name of a field is expected here, not {found}.")
_OPERATOR = N_("An operator such as =, ~, <, in or is empty is expected here, not {found}.")
_VALUE = N_("A value is expected here, not {found}.")
_EMPTY = N_("The word empty is expected here, not {found}.")
_CLOSE = N_("A closing parenthesis is expected here, not {found}.")
_COMMA = N_("A comma or a closing parenthesis is expected here, not {found}.")
_MORE = N_(
    "The words and, or, or the end are expected here, not {found}. A value of several words needs quotes."
)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*(?:\.[A-Za-z][A-Za-z0-9_-]*)*")
_SIGNS = {"=": "=", "!=": "=", "<>": "=", "<": "<", "<=": "<=", ">": ">", ">=": ">=", "~": "~", "!~": "~"}
_NEGATIVE = ("!=", "<>", "!~")
_PHRASES = {"my": ("team",)} | dict.fromkeys(("last", "this", "next"), ("month", "quarter", "half", "year"))
_MOVABLE = ("today", "now", "tomorrow", "yesterday")


class _Parser:
    """Reads `or` over `and` over `not` over tests; only parentheses and `not` nest, at most `MOST_NESTED` deep."""

    def __init__(self, text: str) -> None:
        self.tokens = _tokens(text)
        self.next = 0
        self.depth = 0

    @property
    def token(self) -> _Token:
        return self.tokens[self.next]

    def take(self) -> _Token:
        token = self.token
        self.next += token.kind != "end"
        return token

    def took(self, *words: str) -> bool:
        found = self.token.says(*words)
        self.next += found
        return found

    def wrong(self, sentence: str, token: _Token | None = None) -> Invalid:
        token = token or self.token
        found = token.text[:60] if token.kind != "end" else gettext(N_("the end"))
        return fault("condition.syntax", sentence, token.place, found=found)

    def finish(self) -> None:
        if self.token.kind != "end":
            raise self.wrong(_MORE)

    def either(self) -> Node:
        parts = [self.both()]
        while self.took("or"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else Some(tuple(parts))

    def both(self) -> Node:
        parts = [self.one()]
        while self.took("and"):
            parts.append(self.one())
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def one(self) -> Node:
        token = self.token
        if token.says("not"):
            self.enter()
            node: Node = Not(self.one())
        elif token.says("("):
            self.enter()
            node = self.either()
            if not self.took(")"):
                raise self.wrong(_CLOSE if self.token.kind == "end" else _MORE)
        else:
            return self.compare()
        self.depth -= 1
        return node

    def enter(self) -> None:
        token = self.take()
        self.depth += 1
        if self.depth > MOST_NESTED:
            sentence = N_("Parentheses and not nest at most {most} deep.")
            raise fault("condition.syntax", sentence, token.place, most=MOST_NESTED)

    def compare(self) -> Node:
        name = self.take()
        if name.kind != "word" or not _NAME.fullmatch(name.text) or name.says("and", "or"):
            raise self.wrong(_FIELD, name)
        op = self.token
        negative = op.text in _NEGATIVE or self.took("not")
        if op.text in _SIGNS and op.kind == "sign":
            self.take()
            return self.made(name, _SIGNS[op.text], op, (self.value(),), negative)
        if self.took("in"):
            return self.made(name, "in", op, self.several(), negative)
        if self.took("under"):
            return self.made(name, "under", op, (self.value(),), negative)
        if not negative and self.took("is"):
            negative = self.took("not")
            if not self.took("empty"):
                raise self.wrong(_EMPTY)
            return self.made(name, "empty", op, (), negative)
        raise self.wrong(_OPERATOR)

    def made(self, name: _Token, op: str, at: _Token, values: tuple[Value, ...], negative: bool) -> Node:
        last = self.tokens[self.next - 1] if not values else at
        place = Place(at.place.text, at.place.start, last.place.end)
        compare = Compare(name.text, op, values, name.place, place)
        return Not(compare) if negative else compare

    def several(self) -> tuple[Value, ...]:
        if not self.took("("):
            return (self.value(),)
        values = [self.value()]
        while self.took(","):
            values.append(self.value())
        if not self.took(")"):
            raise self.wrong(_COMMA)
        return tuple(values)

    def value(self) -> Value:
        token = self.take()
        if token.kind == "string":
            raw = token.text[1:-1]
            pattern = re.sub(r"\\([^*?\\])", r"\1", raw, flags=re.DOTALL)
            return Value(re.sub(r"\\(.)", r"\1", raw, flags=re.DOTALL), pattern, True, token.place)
        if token.kind != "word" or (token.says("and", "or") and not self.closes()):
            raise self.wrong(_VALUE, token)
        words = [token.text, *self.rest_of(token)]
        place = Place(token.place.text, token.place.start, self.tokens[self.next - 1].place.end)
        return Value(" ".join(words), " ".join(words), False, place)

    def closes(self) -> bool:
        """Whether a value may end here: then even `or` before it is a value, as in `region=OR`."""
        return self.token.kind == "end" or self.token.says("and", "or", ")", ",")

    def rest_of(self, first: _Token) -> list[str]:
        """The further words of a value that has several without quotes: `this quarter`, `my team`, `today - 30d`."""
        if self.token.kind == "word" and self.token.says(*_PHRASES.get(first.text.lower(), ())):
            return [self.take().text]
        if first.says(*_MOVABLE) and self.token.kind == "word" and self.token.text[0] in "+-":
            sign = self.take()
            return (
                [sign.text, self.take().text]
                if len(sign.text) == 1 and self.token.kind == "word"
                else [sign.text]
            )
        return []
