"""Delimited text: encodings, delimiters, quotes, limits, line numbers; what is refused and with which words."""

import codecs
import csv
import io
import os
import re
import tracemalloc
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmtui.errors import CrmError, Forbidden, Invalid
from crmtui.services.reading import Row, Source, open_source

FORMATS = Path(__file__).parents[1] / "fixtures" / "formats"
HEADER = "company,contact,phone,email,amount,notes"
ACME = "ACME,Ann,+49 171 1,a@x.invalid,100.00,first"
GONGSI = "公司,王伟,13800000000,w@x.invalid,200.00,第二"
MUELLER = "Müller GmbH,Jörg,0711/1,j@x.invalid,300.50,dritte"
TABLE = f"{HEADER}\n{ACME}\n{GONGSI}\n{MUELLER}\n"
CELLS = [row.split(",") for row in (ACME, GONGSI, MUELLER)]


def source(data: bytes | str, **options: str) -> Source:
    return open_source("-", stream=io.BytesIO(data.encode() if isinstance(data, str) else data), **options)


def read(data: bytes | str, **options: str) -> list[list[str]]:
    with source(data, **options) as opened:
        return [row.cells for row in opened.rows()]


def refused(data: bytes | str, **options: str) -> Invalid:
    with pytest.raises(Invalid) as caught:
        read(data, **options)
    return caught.value


# -- files as other programs write them -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "encoding", "delimiter", "header", "rows"),
    [
        (
            "newlines.csv",
            "utf-8",
            ",",
            ["a", "b", "c"],
            [["1", "2", "3"], ["Once upon \na time", "5", "6"], ["7", "8", "9"]],
        ),
        ("quotes_and_newlines.csv", "utf-8", ",", ["a", "b"], [["1", 'ha \n"ha" \nha'], ["3", "4"]]),
        ("test_utf16_big.csv", "utf-16-be", ",", ["a", "b", "c"], [["1", "2", "3"], ["4", "5", "ʤ"]]),
        (
            "csvtext_BOM_UTF16LE.csv",
            "utf-16-le",
            ",",
            ["column1", "column2", "column3"],
            [["row1-1", "row1-2", "row1-3"], ["row2-1", "row2-2", "row2-3"]],
        ),
        (
            "bad.csv",
            "utf-8",
            ",",
            ["column_a", "column_b", "column_c"],
            [["1", "27", "", "I'm too long!"], ["", "I'm too short!"], ["0", "mixed types.... uh oh", "17"]],
        ),
        (
            "issue-1105-timezone.csv",
            "utf-8",
            ";",
            ["id", "timestamp"],
            [["0", "2020-01-01T15:00:00Z"], ["1", "2020-01-01T15:00:00+03:00"]],
        ),
        ("bom_office_bom.csv", "utf-8-sig", ",", ["姓名", "年纪"], [[f"姓名{i}", "20"] for i in range(10)]),
    ],
)
def test_files_of_other_programs(
    name: str, encoding: str, delimiter: str, header: list[str], rows: list[list[str]]
) -> None:
    with open_source(FORMATS / name) as opened:
        assert (opened.kind, opened.encoding, opened.delimiter) == ("csv", encoding, delimiter)
        assert opened.header == header
        assert [row.cells for row in opened.rows()] == rows
        assert opened.problems == []


def test_many_blank_rows_are_left_out() -> None:
    with open_source(FORMATS / "blank-rows-multiple.csv") as opened:
        assert len(list(opened.rows())) == 2


# -- encodings ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (TABLE.encode(), "utf-8"),
        (codecs.BOM_UTF8 + TABLE.encode(), "utf-8-sig"),
        (codecs.BOM_UTF16_LE + TABLE.encode("utf-16-le"), "utf-16-le"),
        (codecs.BOM_UTF16_BE + TABLE.encode("utf-16-be"), "utf-16-be"),
    ],
)
def test_unicode_is_read_by_itself(data: bytes, encoding: str) -> None:
    with source(data) as opened:
        assert opened.encoding == encoding
        assert opened.header == HEADER.split(",")
        assert [row.cells for row in opened.rows()] == CELLS


def test_other_encodings_are_refused_with_the_place_and_rows_as_they_would_read() -> None:
    error = refused(f"{HEADER}\n{ACME}\n{GONGSI}\n".encode("gb18030"))
    assert error.code == "import.encoding"
    assert error.params["line"] == 3
    assert error.params["offset"] == len(f"{HEADER}\n{ACME}\n")
    rows = error.params["rows"]
    assert isinstance(rows, dict)
    assert rows["gb18030"] == [GONGSI]
    assert "gb18030" in error.hint
    assert GONGSI in error.hint
    assert "shift_jis" not in rows or GONGSI not in rows["shift_jis"]


def test_three_rows_are_shown() -> None:
    rows = refused("name\n" + "Jürgen\n" * 9, encoding="ascii").params["rows"]
    assert isinstance(rows, dict)
    assert rows["cp1252"] == ["JÃ¼rgen"] * 3


@pytest.mark.parametrize(
    ("encoding", "row"),
    [("gb18030", GONGSI), ("cp1252", MUELLER), ("shift_jis", "株式会社,田中,03,t,1,メモ")],
)
def test_a_named_encoding_is_obeyed(encoding: str, row: str) -> None:
    assert read(f"{HEADER}\n{row}\n".encode(encoding), encoding=encoding) == [row.split(",")]


def test_a_wrong_named_encoding_is_refused() -> None:
    error = refused(TABLE, encoding="shift_jis")
    assert (error.code, error.params["encoding"]) == ("import.encoding", "SHIFT_JIS")


def test_auto_takes_the_only_candidate_and_no_other() -> None:
    only_cp1252 = "name\n" + "".join(
        f"{letter}.\n" for letter in "àéîöüÿ"
    )  # a letter, then no trail byte of any other
    assert read(only_cp1252.encode("cp1252"), encoding="auto") == [[f"{letter}."] for letter in "àéîöüÿ"]
    assert refused(f"{HEADER}\n{GONGSI}\n".encode("gb18030"), encoding="auto").code == "import.encoding"
    assert read(TABLE, encoding="auto") == CELLS


@pytest.mark.parametrize("text", [TABLE, f"{HEADER}\n{ACME}\n"])
def test_utf16_without_a_mark_is_refused_unless_named(text: str) -> None:
    data = text.encode("utf-16-le")
    assert refused(data).params["candidates"] == "utf-16-le"
    assert read(data, encoding="utf-16-le") == CELLS[: len(text.splitlines()) - 1]


@pytest.mark.parametrize("encoding", ["klingon", "base64", "idna", "undefined", "no\0name", ""])
def test_an_encoding_that_is_none(encoding: str) -> None:
    if encoding:
        assert refused(TABLE, encoding=encoding).code == "import.no_such_encoding"
    else:
        assert read(TABLE, encoding=encoding) == CELLS


def test_a_bad_byte_at_the_far_end_is_found_before_any_row() -> None:
    data = f"{HEADER}\n".encode() + f"{ACME}\n".encode() * 20_000 + b"\xff\xfe\xc3\x28,b,1,a@x.invalid,1,n\n"
    with pytest.raises(Invalid) as caught:
        source(data)
    assert caught.value.params["line"] == 20_002


@pytest.mark.parametrize(
    "data",
    [
        bytes(range(256)) * 40,
        b"\x89PNG\r\n\x1a\n" + bytes(500) + bytes(range(128, 256)) * 9,
        b"a,b\n" + bytes(4000),
    ],
)
def test_what_is_no_text_is_refused(data: bytes) -> None:
    assert refused(data).code == "import.binary"


def test_control_characters_and_nul_in_a_cell_are_delivered() -> None:
    assert read("a,b\nA\0B,\x1b]52;c;eA==\x07\n") == [["A\0B", "\x1b]52;c;eA==\x07"]]


# -- lines and delimiters -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        TABLE.replace("\n", "\r\n"),
        TABLE.replace("\n", "\r"),
        TABLE.replace("\n", "\r\n", 2),
        TABLE.removesuffix("\n"),
        TABLE.replace(",", ";"),
        TABLE.replace(",", "\t"),
        TABLE.replace(",", "|"),
        "sep=;\n" + TABLE.replace(",", ";"),
        "\n\n" + TABLE,
        TABLE.replace("\n", "\n,,,,,\n\n"),
    ],
)
def test_the_same_table_however_it_is_written(text: str) -> None:
    assert read(text) == CELLS


def test_lines_are_those_of_the_file() -> None:
    text = 'sep=,\na,b\n\n1,"x\r\ny\nz"\n,\n2,\n"3\r",4\r5,6'
    with source(text) as opened:
        assert opened.header_line == 2
        assert [row.line for row in opened.rows()] == [4, 8, 9, 11]


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a;b\n1,5;2,5\n", ";"),
        ("Name;City, State\nx;y\n", ";"),
        ('"a,b,c";d\n1;2\n', ";"),
        ("a|b,c,d\n1,2,3\n", ","),
        ("one\n1\n", ","),
        ("a,b,c\n1\n2,3\n", ","),
    ],
)
def test_the_delimiter_is_found(text: str, delimiter: str) -> None:
    with source(text) as opened:
        assert opened.delimiter == delimiter


def test_the_delimiter_may_be_named() -> None:
    assert read("a:b\n1,1:2\n", delimiter=":") == [["1,1", "2"]]
    assert read("a\tb\n1\t2\n", delimiter="tab") == [["1", "2"]]
    assert refused("a\n", delimiter="::").code == "import.delimiter"


def test_short_and_long_rows_are_delivered() -> None:
    assert read("a,b,c\n1\n1,2,3,4,5\n") == [["1"], ["1", "2", "3", "4", "5"]]


# -- what is refused ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        (
            f'{HEADER}\n{ACME}\nB,"open,1,b@x.invalid,1,n\n' + f"{GONGSI}\n" * 50,
            "import.unterminated_quote",
            3,
        ),
        ('a,b\n"x\ny","open\n' + "z\n" * 9, "import.unterminated_quote", 3),
        ('a,b\n1,"open\n' + "z\n" * 200_000, "import.unterminated_quote", 2),
        ('a,b\n1,2\n"x" y,2\n', "import.bad_quote", 3),
        (f"{HEADER}\n{ACME}\nB,b,1", "import.cut_off", 3),
        (HEADER.replace("notes", "company") + "\n", "import.duplicate_header", 1),
        (",".join(f"c{i}" for i in range(1001)) + "\n", "import.too_many_columns", 1),
        ("x" * 5_000_000, "import.line_too_long", 1),
        ("a,b\n" + "x" * 17_000_000 + "\n", "import.line_too_long", 2),
    ],
)
def test_refused_as_a_whole_with_the_line(text: str, code: str, line: int) -> None:
    error = refused(text)
    assert (error.code, error.params["line"]) == (code, line)


def test_a_duplicate_header_names_both_columns() -> None:
    error = refused("id, name ,x,,,name\n1,2,3,4,5,6\n")
    assert (error.params["name"], error.params["first"], error.params["second"]) == ("name", 2, 6)


@pytest.mark.parametrize("data", [b"", b"\n\n", codecs.BOM_UTF8, b",,,\n", b"sep=;\n"])
def test_empty(data: bytes) -> None:
    assert refused(data).code == "import.empty"


def test_only_a_header() -> None:
    with source(f"{HEADER}") as opened:
        assert opened.header == HEADER.split(",")
        assert list(opened.batches()) == []


def test_a_file_that_is_not_there_or_not_to_be_read(tmp_path: Path) -> None:
    for path, code in ((tmp_path / "no.csv", "file.not_found"), (tmp_path, "file.directory")):
        with pytest.raises(Invalid) as caught:
            open_source(path)
        assert caught.value.code == code
    closed = tmp_path / "closed.csv"
    closed.write_text(TABLE)
    closed.chmod(0)
    if os.geteuid():
        with pytest.raises(Forbidden, match=re.escape(str(closed))):
            open_source(closed)


# -- limits ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["x" * 5_000_000, '"' + "y" * 131_073 + '"', '"' + "line\n" * 40_000 + '"'])
def test_a_field_too_long_rejects_its_row_alone(field: str) -> None:
    with source(f"a,b\n1,{field}\n2,ok\n") as opened:
        rows = list(opened.rows())
    assert [row.cells for row in rows] == [["2", "ok"]]
    assert rows[0].line == 3 + field.count("\n")
    assert [(problem.line, problem.code) for problem in opened.problems] == [(2, "import.field_too_long")]


def test_the_longest_field() -> None:
    assert read(f"a,b\n1,{'x' * 131_072}\n") == [["1", "x" * 131_072]]
    assert csv.field_size_limit() == 131_072


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "big.csv"
    path.write_text(f"{HEADER}\n" + f"{ACME}\n" * 100_000)
    tracemalloc.start()
    with open_source(path) as opened:
        count = sum(len(rows) for _lines, rows in opened.batches(500))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 100_000
    assert peak < path.stat().st_size / 2


def test_progress_and_reading_once(tmp_path: Path) -> None:
    path = tmp_path / "some.csv"
    path.write_text(f"{HEADER}\n" + f"{ACME}\n" * 10_000)
    with open_source(path) as opened:
        seen = [opened.read_bytes for _batch in opened.batches(1000)]
        assert seen == sorted(seen)
        assert 0 < seen[0] < seen[-1] == opened.total_bytes == path.stat().st_size
        with pytest.raises(RuntimeError):
            opened.batches()


# -- any text -------------------------------------------------------------------------------------------------

CELL = st.text(st.sampled_from('ab"",;|\t \r\n\u2028é公'), max_size=6)


def written(cell: str, delimiter: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if set(cell) & {delimiter, '"', "\r", "\n"} else cell


@given(
    st.lists(st.lists(CELL, min_size=3, max_size=3), max_size=12),
    st.sampled_from(",;\t|"),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"]),
    st.integers(1, 5),
)
def test_what_is_written_is_read(
    rows: list[list[str]], delimiter: str, end: str, encoding: str, size: int
) -> None:
    text = delimiter.join("xyz") + end
    expected = []
    for row in rows:
        line = len(re.findall(r"\r\n|\r|\n", text)) + 1
        text += delimiter.join(written(cell, delimiter) for cell in row) + end
        expected += [Row(line, row)] if any(row) else []
    data = text.encode(encoding)
    with source(
        data,
        delimiter=delimiter,
        encoding=encoding if encoding == "gb18030" else "",
    ) as opened:
        got = [Row(*pair) for lines, cells in opened.batches(size) for pair in zip(lines, cells, strict=True)]
    assert got == expected


@given(st.binary(max_size=200) | st.text('ab,"\n\r\0;', max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(CrmError):
        read(data)
