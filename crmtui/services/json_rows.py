"""JSON: an array of objects, or one object a line; every key a column, every value as it is written."""

import io
import json
from collections.abc import Iterator
from itertools import islice
from typing import Any, BinaryIO, NoReturn

from crmtui.errors import Invalid
from crmtui.i18n import N_
from crmtui.services.encoding import Text, bounded_lines, open_text, rewind
from crmtui.services.source import LINE_LIMIT, Source, empty

HEADER_FROM = 1_000  # objects whose keys make the header of a file of lines
_CHUNK = 1 << 20
_NO_OBJECT = N_("This line is no JSON object.")
_SPACE = " \t\r\n"


class _Number(str):
    """A number as the file writes it."""

    __slots__ = ()


class _Unusable(ValueError):
    """What is wrong with one object."""


class JsonLines(Source):
    """One object a line. An object that cannot be read is a problem; a column first met late is Invalid."""

    kind = "jsonl"

    def __init__(self, file: BinaryIO, total_bytes: int, found: Text, name: str) -> None:
        super().__init__(file, total_bytes, found.name)
        self._text = open_text(file, found)
        keys: dict[str, None] = {}
        for _line, record in islice(self._objects(), HEADER_FROM):
            keys |= dict.fromkeys(record)
        if not keys and self.problems:
            raise Invalid(
                "import.json",
                "Line {line} of {file} is no JSON object.",
                hint="The file is to be an array of objects, or to have one object in each line.",
                line=self.problems[0].line,
                file=name,
            )
        if not keys:
            raise empty(name)
        self.problems.clear()
        self._keys = list(keys)
        self._set_header(self._keys, 1)

    def close(self) -> None:
        self._text.close()

    def _objects(self) -> Iterator[tuple[int, dict[str, Any]]]:
        rewind(self._text)
        for number, line in enumerate(bounded_lines(self._text), 1):
            if not line.strip():
                continue
            try:
                record, end = _read(line.lstrip(), 0)
                if line.lstrip()[end:].strip():
                    raise _Unusable
            except _Unusable:
                self.reject(number, "import.json", _NO_OBJECT)
            else:
                yield number, record

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        known = set(self._keys)
        for number, record in self._objects():
            if not known.issuperset(record):
                _unknown_key(number, next(key for key in record if key not in known))
            try:
                yield number, _cells(record, self._keys)
            except _Unusable:
                self.reject(number, "import.json", _NO_OBJECT)


class JsonArray(Source):
    """An array of objects, gone through twice: once for all keys, once for the rows. A line is an object's number."""

    kind = "json"

    def __init__(self, file: BinaryIO, total_bytes: int, found: Text, name: str) -> None:
        super().__init__(file, total_bytes, found.name)
        self._text = open_text(file, found)
        keys: dict[str, None] = {}
        for record in self._objects():
            keys |= dict.fromkeys(record)
        if not keys:
            raise empty(name)
        self._keys = list(keys)
        self._set_header(self._keys, 1)

    def close(self) -> None:
        self._text.close()

    def _objects(self) -> Iterator[dict[str, Any]]:
        rewind(self._text)
        return _members(self._text)

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        for number, record in enumerate(self._objects(), 1):
            try:
                yield number, _cells(record, self._keys)
            except _Unusable:
                _broken(number)


def _members(text: io.TextIOWrapper) -> Iterator[dict[str, Any]]:
    """The objects of an array, one at a time; raises Invalid naming the number of the one that cannot be read."""
    buffer, number = _Buffer(text), 1
    if buffer.take() != "[":
        _broken(number)
    mark = buffer.take()
    while mark != "]":
        if mark != "{":
            _broken(number)
        yield buffer.object(number)
        mark = buffer.take()
        if mark == ",":
            number += 1
            mark = buffer.take().replace("]", "")  # a comma promises another object
        elif mark != "]":
            _broken(number)
    if buffer.take():
        _broken(number)


class _Buffer:
    """A window on a text, long enough for one object."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text, self._window, self._at = text, "", 0

    def take(self) -> str:
        """The next character that is no blank, '' at the end. The `{` of an object is left for object()."""
        while True:
            while self._at < len(self._window) and self._window[self._at] in _SPACE:
                self._at += 1
            if self._at < len(self._window):
                mark = self._window[self._at]
                self._at += mark != "{"
                return mark
            if not self._more():
                return ""

    def object(self, number: int) -> dict[str, Any]:
        """The object that begins here."""
        while True:
            try:
                record, self._at = _read(self._window, self._at)
            except _Unusable:
                if len(self._window) - self._at > LINE_LIMIT or not self._more():
                    _broken(number)
            else:
                return record

    def _more(self) -> bool:
        more = self._text.read(max(_CHUNK, len(self._window) - self._at))
        self._window, self._at = self._window[self._at :] + more, 0
        return bool(more)


def _read(text: str, at: int) -> tuple[dict[str, Any], int]:
    try:
        record, end = _DECODER.raw_decode(text, at)
    except (ValueError, RecursionError) as error:
        raise _Unusable from error
    if not isinstance(record, dict):
        raise _Unusable
    return record, end


def _cells(record: dict[str, Any], keys: list[str]) -> list[str]:
    try:
        return [_text(record.get(key)) for key in keys]
    except RecursionError as error:
        raise _Unusable from error


def _text(value: object) -> str:
    """A value as the text of a cell: words and numbers as written, nothing for null, JSON for lists and objects."""
    if value is None:
        return ""
    return str(value) if isinstance(value, str) else _json(value)


def _json(value: object) -> str:
    if isinstance(value, _Number):
        return value
    if isinstance(value, list):
        return f"[{', '.join(map(_json, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_json(key)}: {_json(member)}' for key, member in value.items())}}}"
    return json.dumps(value, ensure_ascii=False)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        raise _Unusable
    return record


def _no_number(_word: str) -> NoReturn:
    raise _Unusable


_DECODER = json.JSONDecoder(
    parse_float=_Number, parse_int=_Number, parse_constant=_no_number, object_pairs_hook=_unique
)


def _broken(number: int) -> NoReturn:
    raise Invalid(
        "import.json",
        "Object {number} of the JSON array cannot be read.",
        hint="The file is to be an array of objects, without NaN and without a key twice in one object.",
        number=number,
        line=number,
    )


def _unknown_key(line: int, key: str) -> NoReturn:
    raise Invalid(
        "import.late_column",
        "Line {line} has a column {name} that none of the first {count} lines has.",
        hint="Give the first object every key, with null where it has no value.",
        line=line,
        name=key,
        count=HEADER_FROM,
    )
