"""JSON, JSONL and vCards: one row an object or a card."""

import io
import json
import tracemalloc
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmtui.errors import CrmError, Invalid
from crmtui.services.reading import Source, open_source
from tests.services.test_reading import FORMATS, read, refused, source

# -- JSON -----------------------------------------------------------------------------------------------------


def test_lines_of_objects() -> None:
    text = '{"a": "x", "b": 1.50}\n\n{"b": null, "c": [1e2, {"d": "é"}], "a": true}\n'
    with source(text) as opened:
        assert (opened.kind, opened.header) == ("jsonl", ["a", "b", "c"])
        assert [(row.line, row.cells) for row in opened.rows()] == [
            (1, ["x", "1.50", ""]),
            (3, ["true", "", '[1e2, {"d": "é"}]']),
        ]


def test_an_array_of_objects() -> None:
    text = ' [ {"a": 12345678901234567890.10},\n{"b": "]},"} , {"a": false, "b": "x\\ny"}]\n'
    with source(text) as opened:
        assert (opened.kind, opened.header) == ("json", ["a", "b"])
        rows = list(opened.rows())
    assert [(row.line, row.cells) for row in rows] == [
        (1, ["12345678901234567890.10", ""]),
        (2, ["", "]},"]),
        (3, ["false", "x\ny"]),
    ]
    assert {type(cell) for row in rows for cell in row.cells} == {str}


def test_a_line_that_is_no_object_is_a_problem() -> None:
    with source('{"a": 1}\n[2]\n{"a": NaN}\n{"a": 3, "a": 4}\n{"a": 5} x\n{"a": 6\n{"a": 7}') as opened:
        assert [(row.line, row.cells) for row in opened.rows()] == [(1, ["1"]), (7, ["7"])]
        assert [(problem.line, problem.code) for problem in opened.problems] == [
            (line, "import.json") for line in (2, 3, 4, 5, 6)
        ]


@pytest.mark.parametrize(
    "text",
    ["[1]", '[{"a": 1},]', '[{"a": 1}', '[{"a": NaN}]', '[{"a": 1}] x', '[{"a": 1} {"a": 2}]', "[,]", "["],
)
def test_an_array_that_cannot_be_read_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(Invalid) as caught:
        open_source(path)
    assert caught.value.code == "import.json"


@pytest.mark.parametrize(
    ("text", "code"), [("", "import.empty"), ("[]", "import.empty"), ('{\n"a": 1\n}', "import.json")]
)
def test_nothing_or_a_single_object_over_lines(tmp_path: Path, text: str, code: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(Invalid) as caught:
        open_source(path)
    assert caught.value.code == code


def test_a_column_first_met_late_is_refused_with_its_line() -> None:
    text = '{"a": 1}\n' * 1000 + '{"b": 2}\n'
    error = refused(text)
    assert (error.code, error.params["line"], error.params["name"]) == ("import.late_column", 1001, "b")


def test_deep_nesting_and_long_fields_are_problems() -> None:
    deep = "[" * 100_000 + "]" * 100_000
    with source(f'{{"a": 1}}\n{{"a": {deep}}}\n{{"a": "{"x" * 131_073}"}}\n{{"a": 2}}\n') as opened:
        assert [row.line for row in opened.rows()] == [1, 4]
        assert [problem.line for problem in opened.problems] == [2, 3]


def test_a_large_array_is_not_held_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "big.json"
    path.write_text(
        "[" + ",\n".join(json.dumps({"name": f"n{i}", "note": "x" * 200}) for i in range(40_000)) + "]"
    )
    tracemalloc.start()
    with open_source(path) as opened:
        count = sum(len(rows) for _lines, rows in opened.batches(100))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 40_000
    assert peak < path.stat().st_size / 1.5


OBJECTS = st.lists(
    st.dictionaries(st.sampled_from(["a", "b", "c"]), st.text(max_size=5), min_size=1), min_size=1
)


@given(OBJECTS, st.booleans(), st.sampled_from([None, 1]))
def test_objects_come_back(objects: list[dict[str, str]], array: bool, indent: int | None) -> None:
    text = json.dumps(objects, indent=indent) if array else "\n".join(map(json.dumps, objects))
    with source(text) as opened:
        rows = [dict(zip(opened.header, row.cells, strict=True)) for row in opened.rows()]
    kept = [each for each in objects if any(each.values())]
    assert [{key: value for key, value in row.items() if value} for row in rows] == [
        {key: value for key, value in each.items() if value} for each in kept
    ]


# -- vCards ---------------------------------------------------------------------------------------------------


def cards(opened: Source) -> list[dict[str, str]]:
    return [
        {name: cell for name, cell in zip(opened.header, row.cells, strict=True) if cell}
        for row in opened.rows()
    ]


def card(*lines: str) -> dict[str, str]:
    text = "\r\n".join(["BEGIN:VCARD", *lines, "END:VCARD", ""])
    with source(text) as opened:
        (found,) = cards(opened)
    return found


def test_cards_of_google() -> None:
    with open_source(FORMATS / "gmail-list.vcf") as opened:
        assert opened.kind == "vcard"
        assert cards(opened) == [
            {"name": f"{given} {family}", "given_name": given, "family_name": family, "email": email}
            for given, family, email in (
                ("Arnold", "Smith", "asmithk@gmail.com"),
                ("Chris", "Beatle", "chrisy55d@yahoo.com"),
                ("Doug", "White", "dwhite@gmail.com"),
            )
        ]


def test_a_card_of_outlook() -> None:
    with open_source(FORMATS / "outlook-2003.vcf") as opened:
        assert cards(opened) == [
            {
                "name": "John Doe III",
                "given_name": "John",
                "family_name": "Doe",
                "account": "Company, The",
                "title": "The Job Title",
                "email": "jdoe@hotmail.com",
                "phone": "BusinessPhone",
                "mobile": "MobilePhone",
                "street": "TheOffice, 123 Main St",
                "city": "Austin",
                "region": "TX",
                "postcode": "12345",
                "country": "United States of America",
                "birth_date": "1980-03-21",
                "note": "This is the note field!!\nSecond line\n\nThird line is empty",
            }
        ]


def test_a_card_of_a_telephone() -> None:
    assert card(
        "VERSION:2.1",
        "N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C3=91=20=C3=",
        "=91;=E7=8E=8B;;;",
        "TEL;WORK;FAX:1",
        "TEL;HOME:2",
        "TEL;WORK:3",
        "TEL;CELL;PREF:4",
        "ORG;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C3=91=",
        "",
        "ORG;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C3=91=C3=",
        "",
        "PHOTO;ENCODING=BASE64;JPEG:/9j/4AAQSkZJRgABAQAAAQABAAD",
        "CAgICAgQDAgICAgUEBAMEBgUGBgYFBgYGBwkIBgcJBwYGCAsICQoKCgoKBggLDAsK",
        "",
    ) == {
        "name": "王 Ñ Ñ",
        "given_name": "王",
        "family_name": "Ñ Ñ",
        "account": "Ñ",
        "phone": "3",
        "mobile": "4",
    }


def test_escapes_folding_groups_and_uris() -> None:
    assert card(
        "VERSION:4.0",
        "FN:Doe\\, Jane; M.",
        "ORG:A\\;B;Sales",
        "item1.EMAIL;TYPE=home:h@x.invalid",
        'EMAIL;PREF=1;TYPE="work,internet":w@x.invalid',
        'TEL;VALUE=uri;TYPE="work,voice":tel:+1-418-656-9254',
        "ADR:;;1 Long",
        "  Road\\nBack;Quebec;QC;G1V 2M2;Canada",
        "BDAY:--0203",
        "NOTE:one\\ntwo",
    ) == {
        "name": "Doe, Jane; M.",
        "account": "A;B",
        "email": "w@x.invalid",
        "phone": "+1-418-656-9254",
        "street": "1 Long Road, Back",
        "city": "Quebec",
        "region": "QC",
        "postcode": "G1V 2M2",
        "country": "Canada",
        "note": "one\ntwo",
    }


def test_a_card_that_cannot_be_read_is_a_problem_and_the_others_are_not() -> None:
    good = "BEGIN:VCARD\nFN:A\nEND:VCARD\n"
    wrong = (
        "BEGIN:VCARD\nFN;ENCODING=QUOTED-PRINTABLE:=FF\nEND:VCARD\n",
        "BEGIN:VCARD\nFN:B\nno property\nEND:VCARD\n",
    )
    with source(good + "".join(wrong) + good + "BEGIN:VCARD\nFN:C\n") as opened:
        assert [row.line for row in opened.rows()] == [1, 11]
        assert [(problem.line, problem.code) for problem in opened.problems] == [
            (4, "import.vcard"),
            (7, "import.vcard"),
            (14, "import.vcard"),
        ]


def test_no_card(tmp_path: Path) -> None:
    path = tmp_path / "x.vcf"
    path.write_text("FN:A\n")
    with pytest.raises(Invalid) as caught:
        open_source(path)
    assert caught.value.code == "import.empty"


@given(st.lists(st.text('ANFT;:="\\ ,\n\r', max_size=20), max_size=6))
def test_any_lines_in_a_card(lines: list[str]) -> None:
    with suppress(CrmError):
        read("BEGIN:VCARD\n" + "\n".join(lines) + "\nEND:VCARD\n")


@given(st.text('[]{}":,ab1 \n', max_size=30))
def test_any_json(text: str) -> None:
    with suppress(CrmError), open_source("-", stream=io.BytesIO(f"[{{{text}".encode())) as opened:
        list(opened.batches())
