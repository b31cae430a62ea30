"""Workbooks: values as one would type them, sheets by name, and packages made to do harm."""

import datetime as dt
import io
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import xlsxwriter

from crmtui.errors import Invalid
from crmtui.services.reading import open_source
from crmtui.services.sheets import as_typed
from tests.services.test_reading import FORMATS, refused, source

SHEET = "xl/worksheets/sheet1.xml"


def workbook(fill: Callable[[xlsxwriter.Workbook], None]) -> bytes:
    data = io.BytesIO()
    with xlsxwriter.Workbook(data) as book:
        fill(book)
    return data.getvalue()


def simple(book: xlsxwriter.Workbook) -> None:
    sheet = book.add_worksheet("Leads")
    sheet.write_row(0, 0, ["name", "amount"])
    sheet.write_row(1, 0, ["ACME", 100])


def changed(change: Callable[[dict[str, bytes]], None]) -> bytes:
    """A good workbook with its parts changed."""
    with zipfile.ZipFile(io.BytesIO(workbook(simple))) as good:
        parts = {name: good.read(name) for name in good.namelist()}
    change(parts)
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as package:
        for name, part in parts.items():
            package.writestr(name, part)
    return data.getvalue()


def test_a_workbook_of_another_program() -> None:
    with open_source(FORMATS / "table.xlsx") as opened:
        assert (opened.kind, opened.header) == ("xlsx", ["id", "name"])
        assert [(row.line, row.cells) for row in opened.rows()] == [
            (2, ["1", "english"]),
            (3, ["2", "中国人"]),
        ]


def test_values_read_as_typed() -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        day, moment = (
            book.add_format({"num_format": "yyyy-mm-dd"}),
            book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        )
        sheet.write_row(2, 0, ["a", "b", "c", "d", "e", "f", "g"])
        sheet.write_row(4, 0, [3, 0.1 + 0.2, 13800000000, True, "007"])
        sheet.write_datetime(4, 5, dt.datetime(2024, 2, 29), day)  # noqa: DTZ001  a sheet knows no zone
        sheet.write_datetime(4, 6, dt.datetime(2024, 2, 29, 9, 59, 59), moment)  # noqa: DTZ001
        sheet.write_blank(4, 900, None, day)

    with source(workbook(fill)) as opened:
        assert (opened.header, opened.header_line) == (list("abcdefg"), 3)
        (row,) = opened.rows()
    assert row.line == 5
    assert row.cells == ["3", "0.3", "13800000000", "true", "007", "2024-02-29", "2024-02-29T09:59:59"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.30000000000000004, "0.3"),
        (1234567.89, "1234567.89"),
        (-0.0, "0"),
        (1e20, "100000000000000000000"),
        (1e-7, "0.0000001"),
        (False, "false"),
        (dt.time(9, 5), "09:05:00"),
        (dt.timedelta(hours=30, minutes=5), "30:05:00"),
    ],
)
def test_one_value(value: float | bool | dt.time | dt.timedelta, text: str) -> None:
    assert as_typed(value) == text


def test_sheets_by_name() -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        simple(book)
        book.add_worksheet("Empty")
        book.add_worksheet("Other").write_row(0, 0, ["other"])

    data = workbook(fill)
    with source(data) as first, source(data, sheet="Other") as other:
        assert (first.header, other.header) == (["name", "amount"], ["other"])
    assert refused(data, sheet="Empty").code == "import.empty"
    error = refused(data, sheet="Nope")
    assert (error.code, error.params["sheets"]) == ("import.no_such_sheet", "Leads, Empty, Other")
    assert refused("a,b\n", sheet="Leads").code == "import.no_sheets"


# -- packages made to do harm ---------------------------------------------------------------------------------


def bomb(parts: dict[str, bytes]) -> None:
    parts[SHEET] = b"0" * 40_000_000


def far_cell(parts: dict[str, bytes]) -> None:
    parts[SHEET] = parts[SHEET].replace(
        b"</sheetData>", b'<row r="9"><c a=">" r="XFD1048576"><v>1</v></c></row></sheetData>'
    )


def entities(parts: dict[str, bytes]) -> None:
    parts["xl/workbook.xml"] = (
        b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">]>' + parts["xl/workbook.xml"]
    )


def late_entities(parts: dict[str, bytes]) -> None:
    parts["xl/styles.xml"] = (
        b"<!-- " + b" " * 3_000_000 + b'--><!DOCTYPE l [<!ENTITY a "a">]>' + parts["xl/styles.xml"]
    )


def slip(parts: dict[str, bytes]) -> None:
    parts["../../evil"] = b"x"


def no_book(parts: dict[str, bytes]) -> None:
    del parts["xl/workbook.xml"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (bomb, "import.workbook_too_large"),
        (far_cell, "import.workbook_too_large"),
        (entities, "import.workbook"),
        (late_entities, "import.workbook"),
        (slip, "import.workbook"),
        (no_book, "import.workbook"),
    ],
)
def test_harmful_packages_are_refused(change: Callable[[dict[str, bytes]], None], code: str) -> None:
    assert refused(changed(change)).code == code


def test_a_length_that_is_a_lie_is_refused() -> None:
    data = changed(lambda parts: parts.update({SHEET: parts[SHEET] + b" " * 1_000_000}))
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        length = package.getinfo(SHEET).file_size.to_bytes(4, "little")
    assert refused(data.replace(length, (100).to_bytes(4, "little"))).code == "import.workbook"


@pytest.mark.parametrize(
    "data", [b"PK\x03\x04 and no more", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(5000)]
)
def test_what_only_begins_like_a_workbook(data: bytes) -> None:
    assert refused(data).code == "import.workbook"


def test_any_damage_is_read_or_refused(tmp_path: Path) -> None:
    good = workbook(simple)
    path = tmp_path / "x.xlsx"
    for place in range(0, len(good), 61):
        path.write_bytes(good[:place] + bytes([good[place] ^ 0xFF]) + good[place + 1 :])
        with suppress(Invalid), open_source(path) as opened:
            list(opened.batches())
