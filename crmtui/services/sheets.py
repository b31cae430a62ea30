"""Workbooks: XLSX and XLS read by calamine, after a look that keeps bombs and tricks away from it."""

import copy
import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import BinaryIO

import python_calamine as calamine

from crmtui.errors import Invalid
from crmtui.services.source import Source, empty

UNPACKED_LIMIT = 512 << 20
RATIO_LIMIT, RATIO_FROM = 200, 8 << 20
PARTS_LIMIT = 10_000
FILE_LIMIT = 256 << 20
ROW_LIMIT = 1_048_576
CELL_LIMIT = 24_000_000  # calamine holds 32 bytes for each cell of the used area, empty ones too
_CHUNK, _OVERLAP = 1 << 20, 256
_COLUMN = re.compile(rb"[\s\"']r\s*=\s*[\"']([A-Z]{1,3})[0-9]")
_ROW = re.compile(rb"[\s\"']r\s*=\s*[\"'][A-Z]*([0-9]+)")
_DECLARED = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)

Value = int | float | str | bool | time | date | datetime | timedelta


class Sheet(Source):
    """One sheet of a workbook; a row's line is its row in the sheet. Numbers and dates read as one would type them."""

    def __init__(self, file: BinaryIO, total_bytes: int, name: str, *, kind: str, sheet: str | None) -> None:
        super().__init__(file, total_bytes, "")
        self.kind = kind
        if kind == "xlsx":
            check_package(file, name)
        elif total_bytes > FILE_LIMIT:
            raise _too_large(name)
        file.seek(0)
        table = _open_sheet(file, name, sheet)
        if table.total_height > ROW_LIMIT:
            raise _too_large(name)
        self._table = enumerate(table.iter_rows(), 1)
        for line, row in self._table:
            cells = [as_typed(value) for value in row]
            if any(cells):
                self._set_header(cells, line)
                return
        raise empty(name)

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        for line, row in self._table:
            yield line, [value if value.__class__ is str else as_typed(value) for value in row]


def as_typed(value: Value) -> str:
    """`value` of a cell as a person would type it: 3.0 as 3, 0.1 + 0.2 as 0.3, dates as in ISO 8601."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        text = f"{value or 0.0:.15g}"  # no minus before a zero
        return format(Decimal(text), "f") if "e" in text else text
    if isinstance(value, timedelta):
        minutes, seconds_left = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds_left:02}"
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _open_sheet(file: BinaryIO, name: str, sheet: str | None) -> calamine.CalamineSheet:
    try:
        book = calamine.CalamineWorkbook.from_object(file)
        if not book.sheet_names:
            raise empty(name)
        if sheet is not None and sheet not in book.sheet_names:
            raise Invalid(
                "import.no_such_sheet",
                "{file} has no sheet {sheet}.",
                hint="Its sheets are {sheets}.",
                file=name,
                sheet=sheet,
                sheets=", ".join(book.sheet_names),
            )
        return book.get_sheet_by_name(book.sheet_names[0] if sheet is None else sheet)
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise _unusable(name) from error
    except BaseException as error:
        # Some damaged files make calamine panic: a class of its own, which is no Exception and cannot be imported.
        if type(error).__module__ == "pyo3_runtime":
            raise _unusable(name) from error
        raise


def check_package(file: BinaryIO, name: str) -> None:
    """Refuse, by Invalid, a file that is no XLSX or that was made to fill the memory or the disk."""
    try:
        with zipfile.ZipFile(file) as package:
            parts = package.infolist()
            _check_declared(parts, name)
            _check_names(parts, name)
            total = 0
            for part in parts:
                total += _check_part(package, part, name, UNPACKED_LIMIT - total)
    except (
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
        RuntimeError,
        EOFError,
        OSError,
        ValueError,
    ) as error:
        raise _unusable(name) from error


def _check_names(parts: list[zipfile.ZipInfo], name: str) -> None:
    names = [part.filename for part in parts]
    strange = any(re.match(r"[/\\]|[A-Za-z]:", each) or ".." in re.split(r"[/\\]", each) for each in names)
    if strange or "xl/workbook.xml" not in names or len(set(names)) != len(names):
        raise _unusable(name)


def _check_declared(parts: list[zipfile.ZipInfo], name: str) -> None:
    if len(parts) > PARTS_LIMIT or sum(part.file_size for part in parts) > UNPACKED_LIMIT:
        raise _too_large(name)
    for part in parts:
        if part.file_size > RATIO_FROM and part.file_size > part.compress_size * RATIO_LIMIT:
            raise _too_large(name)


def _check_part(package: zipfile.ZipFile, part: zipfile.ZipInfo, name: str, left: int) -> int:
    """Unpack one part without keeping it, as long as it really is, and return that length in bytes."""
    real = copy.copy(part)
    real.file_size = left + 1  # what the directory says of its length need not be true
    area = _Area(name) if part.filename.startswith("xl/worksheets/") else None
    length, tail = 0, b""
    with package.open(real) as stream:
        while chunk := stream.read(_CHUNK):
            length += len(chunk)
            if length > left:
                raise _too_large(name)
            text = tail + chunk
            if _DECLARED.search(text.replace(b"\0", b"") if b"\0" in text else text):
                raise _unusable(name)
            if area:
                area.add(text)
            tail = text[-_OVERLAP:]
    if length != part.file_size:
        raise _unusable(name)
    return length


class _Area:
    """The rectangle around all cells that a sheet names: one far cell costs as much memory as a full sheet."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._columns: set[bytes] = set()
        self._height = 0

    def add(self, xml: bytes) -> None:
        """Take in one piece of the sheet; raises Invalid when the area is too large."""
        self._columns.update(_COLUMN.findall(xml))
        self._height = max(self._height, max(map(int, set(_ROW.findall(xml))), default=0))
        width = max(map(_column, self._columns), default=1)
        if self._height > ROW_LIMIT or width * self._height > CELL_LIMIT:
            raise _too_large(self._name)


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _unusable(name: str) -> Invalid:
    return Invalid(
        "import.workbook",
        "{file} is no workbook that can be read.",
        hint="Save it again as XLSX without a password, or as CSV.",
        file=name,
    )


def _too_large(name: str) -> Invalid:
    return Invalid(
        "import.workbook_too_large",
        "{file} unpacks to more than an import takes.",
        hint="Save the sheet as CSV: that has no such limit.",
        file=name,
    )
