"""CSV and its kin: the delimiter found by itself, every quote checked before the first row is delivered."""

import csv
import io
import re
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO

from crmtui.errors import Invalid
from crmtui.services.encoding import Text, bounded_lines, open_text, rewind
from crmtui.services.source import HEADER_LIMIT, LINE_LIMIT, Batch, Source, empty

if TYPE_CHECKING:
    from _csv import Reader

DELIMITERS = ",;\t|"
_NAMES = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
_HEAD, _ROWS_TRIED = 1 << 16, 20
_SEP_LINE = re.compile(r'"?sep=([^"\r\n])"?(?:\r\n|\r|\n|\Z)', re.IGNORECASE)


class Delimited(Source):
    """A delimited text. Raises Invalid when opened for a header that cannot be used or a quote left open."""

    def __init__(
        self,
        file: BinaryIO,
        total_bytes: int,
        found: Text,
        name: str,
        *,
        delimiter: str | None = None,
        tabs: bool = False,
    ) -> None:
        super().__init__(file, total_bytes, found.name)
        self._text = open_text(file, found)
        self._long = found.long_lines
        self._sep_line = ""
        self.delimiter = self._find_delimiter(delimiter, tabs)
        self.kind = "tsv" if self.delimiter == "\t" else "csv"
        last = self._check_quotes() if found.quotes or self._long else self._last_of(found.end)
        self._reader = self._start()
        self._read_header(name)
        if not found.end.endswith(("\n", "\r")):
            self._check_cut(last, name)

    def close(self) -> None:
        self._text.close()

    def _find_delimiter(self, asked: str | None, tabs: bool) -> str:
        head = self._text.read(_HEAD)
        if sep_line := _SEP_LINE.match(head):
            self._sep_line = sep_line[0]
        if asked is not None:
            return named_delimiter(asked)
        if sep_line and sep_line[1] != '"':
            return sep_line[1]
        return likely_delimiter(head, tabs=tabs, whole=len(head) < _HEAD)

    def _lines(self) -> Iterable[str]:
        rewind(self._text)
        self._text.read(len(self._sep_line))
        return bounded_lines(self._text, HEADER_LIMIT) if self._long else self._text

    def _start(self, lines: Iterable[str] | None = None) -> "Reader":
        return csv.reader(
            self._lines() if lines is None else lines, delimiter=self.delimiter or ",", strict=True
        )

    def _line(self) -> int:
        """The line that the reader comes to next."""
        return self._reader.line_num + 1 + bool(self._sep_line)

    # -- before the first row -----------------------------------------------------------------------------------

    def _check_quotes(self) -> list[str]:
        """The last row; raises Invalid when the quotes of any row are wrong."""
        if not self._long:
            try:
                return next(iter(deque(self._start(), maxlen=1)), [])
            except csv.Error:
                self._long = True  # a field too long, or a quote: the careful way tells which
        with _long_fields():
            return self._check_carefully()

    def _check_carefully(self) -> list[str]:
        record: list[str] = []
        last: list[str] = []
        line = 1 + bool(self._sep_line)
        try:
            for row in self._start(_noted(self._lines(), record)):
                last = row
                line += len(record)
                record.clear()
        except csv.Error as error:
            raise _quote_error("".join(record), line, self.delimiter or ",") from error
        return last

    def _last_of(self, end: str) -> list[str]:
        lines = re.split(r"[\r\n]", end.rstrip("\r\n"))
        return next(self._start(lines[-1:]), [])

    def _check_cut(self, last: list[str], name: str) -> None:
        """Refuse a file whose last line is short and has no end: most likely the rest of it is missing."""
        if len(last) < len(self.header) and any(map(str.strip, last)):
            raise Invalid(
                "import.cut_off",
                "{file} seems cut off: line {line}, its last, has no line end and {columns} of {expected} columns.",
                hint="Get the whole file, or end its last line if it is complete.",
                file=name,
                line=sum(1 for _line in self._lines()) + bool(self._sep_line),
                columns=len(last),
                expected=len(self.header),
            )

    def _read_header(self, name: str) -> None:
        with _long_fields():
            while True:
                line = self._line()
                cells = next(self._reader, None)
                if cells is None:
                    raise empty(name)
                if any(cells):
                    break
        self._set_header(cells, line)

    # -- the rows -----------------------------------------------------------------------------------------------

    def _batches(self, size: int) -> Iterator[Batch]:
        if self._long:
            yield from super()._batches(size)
            return
        while True:
            first = self._line()
            rows = list(islice(self._reader, size))
            if not rows:
                return
            lines = _line_numbers(first, self._line(), rows)
            if not all(map(any, rows)):
                kept = [pair for pair in zip(lines, rows, strict=True) if any(pair[1])]
                lines, rows = [line for line, _row in kept], [row for _line, row in kept]
            if rows:
                yield lines, rows

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        while True:
            line = self._line()
            with _long_fields():
                row = next(self._reader, None)
            if row is None:
                return
            yield line, row


def named_delimiter(asked: str) -> str:
    """The delimiter that a person means: the character itself, or `tab`. Raises Invalid for anything else."""
    delimiter = _NAMES.get(asked.lower(), asked)
    if len(delimiter) != 1 or delimiter in '"\r\n\0':
        raise Invalid(
            "import.delimiter",
            "{delimiter} is no delimiter.",
            hint="A delimiter is one character, or the word tab.",
            delimiter=asked,
        )
    return delimiter


def likely_delimiter(head: str, *, tabs: bool = False, whole: bool = True) -> str:
    """The delimiter by which the first rows of `head` are as wide as its header, and the header widest.

    `whole` says whether `head` is the whole file: otherwise its last row may be cut.
    """
    best, best_score = "\t" if tabs else ",", (0.0, 1)
    for delimiter in sorted(DELIMITERS, key=lambda each: each != best):
        rows = _first_rows(head, delimiter, whole)
        if not rows or len(rows[0]) < 2:
            continue
        width = len(rows[0])
        score = (sum(len(row) == width for row in rows) / len(rows), width)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _first_rows(head: str, delimiter: str, whole: bool) -> list[list[str]]:
    rows: list[list[str]] = []
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter)
    try:
        for row in reader:
            if row:
                rows.append(row)
            if len(rows) > _ROWS_TRIED:
                break
    except csv.Error:
        return rows
    return rows if whole or len(rows) > _ROWS_TRIED or len(rows) < 2 else rows[:-1]


def _line_numbers(first: int, after: int, rows: list[list[str]]) -> list[int]:
    """The line on which each row begins, when the first begins at `first` and the next batch at `after`."""
    if after - first == len(rows):
        return list(range(first, after))
    numbers = []
    for row in rows:
        numbers.append(first)
        first += 1 + _breaks("\0".join(row))
    return numbers


def _breaks(text: str) -> int:
    return text.count("\n") + text.count("\r") - text.count("\r\n")


def _noted(lines: Iterable[str], record: list[str]) -> Iterator[str]:
    for line in lines:
        record.append(line)
        yield line


@contextmanager
def _long_fields() -> Iterator[None]:
    """Let fields be as long as a line: what is over FIELD_LIMIT is then rejected row by row."""
    before = csv.field_size_limit(LINE_LIMIT)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _quote_error(record: str, line: int, delimiter: str) -> Invalid:
    """What is wrong with the quotes of `record`, which begins at `line`."""
    mark = re.escape(delimiter)
    opened = rf'(?:\A|(?<={mark}))"[^"]*+(?:""[^"]*+)*+("?)(?:(?={mark}|[\r\n]|\Z)|(?P<wrong>))'
    for quoted in re.finditer(opened, record):
        place = line + _breaks(record[: quoted.start()])
        if not quoted[1]:
            return Invalid(
                "import.unterminated_quote",
                "The quote opened in line {line} is never closed.",
                hint="Close it, or write it twice if it belongs to the text.",
                line=place,
            )
        if quoted["wrong"] is not None:
            return Invalid(
                "import.bad_quote",
                "The field in quotes that begins in line {line} goes on after its closing quote.",
                hint="Write a quote that belongs to the text twice.",
                line=place,
            )
    return Invalid(
        "import.row_too_long", "The row that begins in line {line} is too long to be read.", line=line
    )
