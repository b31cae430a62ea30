"""What every reader of a foreign file gives: a header, then rows of text in batches, each with its line."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from types import TracebackType
from typing import BinaryIO, NamedTuple, Self

from crmtui.errors import Invalid
from crmtui.i18n import N_

FIELD_LIMIT = 131_072  # characters in one field
COLUMN_LIMIT = 1_000
LINE_LIMIT = 16 << 20  # characters in one line; more of it is never held in memory
HEADER_LIMIT = 4 << 20

FIELD_TOO_LONG = N_("A field has more than {max} characters.")

Batch = tuple[list[int], list[list[str]]]


@dataclass(frozen=True, slots=True)
class Row:
    """One row: where it begins (line of the text, row of the sheet, number of the object) and its cells."""

    line: int
    cells: list[str]


class Problem(NamedTuple):
    """A row that the reader could not deliver: its line, a stable code, the sentence and what fills its places."""

    line: int
    code: str
    sentence: str
    params: dict[str, object]


class Source:
    """A file being read: a context manager, to be gone through once.

    `header` are the column names as they stand in the file, without blanks around them ('' where a column has
    none); `header_line` is where they stand; `delimiter` is None where there is none. Rows come as they are, too
    short and too long ones as well. Rows that could not be delivered are in `problems`, complete once all batches
    are taken.
    """

    kind = ""
    delimiter: str | None = None

    def __init__(self, file: BinaryIO, total_bytes: int, encoding: str) -> None:
        self.header: list[str] = []
        self.header_line = 1
        self.encoding = encoding
        self.total_bytes = total_bytes
        self.problems: list[Problem] = []
        self._file = file
        self._started = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; twice does no harm."""
        self._file.close()

    @property
    def read_bytes(self) -> int:
        """How many of `total_bytes` have been read, for a progress bar."""
        return self.total_bytes if self._file.closed else min(self._file.tell(), self.total_bytes)

    def batches(self, size: int = 5000) -> Iterator[Batch]:
        """The rows, at most `size` at a time: their lines, and their cells. Rows without any text are left out."""
        if self._started:
            raise RuntimeError("a source is read once")
        self._started = True
        return self._batches(size)

    def rows(self) -> Iterator[Row]:
        """The same rows one at a time; slower than batches()."""
        for lines, rows in self.batches():
            yield from map(Row, lines, rows)

    def _batches(self, size: int) -> Iterator[Batch]:
        rows = self._checked(self._rows())
        while batch := list(islice(rows, size)):
            yield [line for line, _cells in batch], [cells for _line, cells in batch]

    def _rows(self) -> Iterable[tuple[int, list[str]]]:
        """Each row with its line, for readers that have no quicker way."""
        raise NotImplementedError

    def _checked(self, rows: Iterable[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
        for line, cells in rows:
            if any(len(cell) > FIELD_LIMIT for cell in cells):
                self.reject(line, "import.field_too_long", FIELD_TOO_LONG, max=FIELD_LIMIT)
            elif any(cells):
                yield line, cells

    def reject(self, line: int, code: str, sentence: str, **params: object) -> None:
        """Note that the row at `line` is not delivered."""
        self.problems.append(Problem(line, code, sentence, params))

    def _set_header(self, names: list[str], line: int) -> None:
        if len(names) > COLUMN_LIMIT:
            raise Invalid(
                "import.too_many_columns",
                "Line {line} has {columns} columns; the most is {max}.",
                hint="Is this the header line, and is the delimiter the right one?",
                line=line,
                columns=len(names),
                max=COLUMN_LIMIT,
            )
        self.header = [name.strip() for name in names]
        self.header_line = line
        seen: dict[str, int] = {}
        for column, name in enumerate(self.header, 1):
            if len(name) > FIELD_LIMIT:
                raise Invalid("import.field_too_long", FIELD_TOO_LONG, max=FIELD_LIMIT, line=line)
            if name and (first := seen.setdefault(name, column)) != column:
                raise Invalid(
                    "import.duplicate_header",
                    "Line {line} names two columns {name}: columns {first} and {second}.",
                    hint="Rename one of them in the file.",
                    line=line,
                    name=name,
                    first=first,
                    second=column,
                )


def empty(name: str) -> Invalid:
    """The error for a file, or a sheet, without a header."""
    return Invalid(
        "import.empty",
        "{file} is empty: there is not even a header line.",
        hint="The first line names the columns.",
        file=name,
    )
