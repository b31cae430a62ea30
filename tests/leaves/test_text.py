"""Text: what a field refuses, what a terminal and a spreadsheet get, what counts as the same."""

import fnmatch
import re
import sqlite3
import subprocess
import sys
from unicodedata import category, combining

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crmtui.text import (
    BAD_LINE,
    BAD_TEXT,
    TextProblem,
    check,
    clean,
    csv_cell,
    csv_uncell,
    cut,
    digits,
    fold,
    like_pattern,
    name_key,
    name_keys,
    nearest,
    pad,
    width,
)

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
HEART = "\u2764\ufe0f\u200d\U0001f525"
# Everything that text can be made of, the awkward parts far more often than by chance.
AWKWARD = st.sampled_from(
    "\0\t\n\r\x1b\x7f\x85\x9b\u00ad\u034f\u0301\u180e\u180b\u200b\u200d\u200e\u202e\u2028\u2066\u3164\ufe0f\ufeff"
    "\ud800\udcfc\ue000\uffff\U000e0041\U000e0101\U0001f468\u2764\U0001f3fbaé中 '\"=+-@＝<>"
)
ANY = st.lists(st.one_of(AWKWARD, st.characters(codec=None)), max_size=30).map("".join)


# -- the door ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "code", "place"),
    [
        ("a\0b", "text.nul", 2),
        ("M\udcfcller", "text.not_utf8", 2),
        ("a\nb", "text.line_break", 2),
        ("ab\r", "text.line_break", 3),
        ("\u2028", "text.line_break", 1),
        ("a\u2029", "text.line_break", 2),
        ("a\x0bb", "text.line_break", 2),
        ("a\x0cb", "text.line_break", 2),
        ("a\x85b", "text.line_break", 2),
    ],
)
def test_one_line_refuses_with_the_place(value: str, code: str, place: int) -> None:
    with pytest.raises(TextProblem) as caught:
        check(value, max=100)
    assert caught.value.code == code
    assert caught.value.params["place"] == place
    assert f"place {place}" in str(caught.value)


def test_length_is_counted_in_characters() -> None:
    assert check("华" * 10, max=10) == "华" * 10
    with pytest.raises(TextProblem, match="11 characters; the most is 10"):
        check("华" * 11, max=10)


def test_several_lines_are_kept_where_allowed() -> None:
    assert check("one\r\ntwo\u2028three", max=100, multiline=True) == "one\r\ntwo\u2028three"
    with pytest.raises(TextProblem, match="NUL"):
        check("one\n\0", max=100, multiline=True)


def test_what_is_merely_dangerous_to_print_is_stored_as_given() -> None:
    for value in ("\x1b[31mred", "a\u202eb", FAMILY, "=1+1", "[@click=app.quit]x", "   "):
        assert check(value, max=100) == value


@given(ANY)
def test_the_patterns_of_a_whole_column_refuse_what_one_value_is_refused_for(value: str) -> None:
    for multiline, pattern in ((False, BAD_LINE), (True, BAD_TEXT)):
        try:
            passed = check(value, max=100, multiline=multiline) == value
        except TextProblem:
            passed = False
        assert passed == (pattern.search(value) is None)


# -- the terminal -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("\x1b]52;c;Zm9v\x07", "␛]52;c;Zm9v␇"),
        ("\x9b31m", "<U+009B>31m"),
        ("a\x7fb", "a␡b"),
        ("a\tb", "a␉b"),
        ("a\nb", "a␊b"),
        ("gnp\u202excod", "gnp<U+202E>xcod"),
        ("a\u200bb\u2066c\ufeff", "a<U+200B>b<U+2066>c<U+FEFF>"),
        ("\U000e0041", "<U+E0041>"),
        ("M\udcfcller", "M<U+DCFC>ller"),
        ("\u2028", "<U+2028>"),
        ("\ue000", "<U+E000>"),
        ("\u3164", "<U+3164>"),
        ("a\u200db", "a<U+200D>b"),
        ("a\ufe0f\ufe0f", "a\ufe0f<U+FE0F>"),
        ("Z" + "\u0301" * 60 + "y", "Z" + "\u0301" * 4 + "y"),
        (None, ""),
        (12, "12"),
    ],
)
def test_what_acts_or_hides_is_shown(value: object, shown: str) -> None:
    assert clean(value) == shown


@pytest.mark.parametrize(
    "value",
    [
        "Acme",
        "华为技术有限公司",
        "Zoë",
        "Müller & Söhne",
        "İstanbul",
        FAMILY,
        HEART,
        "東京\u3000",
        "[/]",
        "e\u0301",
    ],
)
def test_what_people_write_is_untouched(value: str) -> None:
    assert clean(value) == value


def test_lines_stay_where_there_may_be_several() -> None:
    assert clean("one\r\ntwo\nthree\rfour", multiline=True) == "one\ntwo\nthree␍four"
    assert clean("one\r\ntwo") == "one␍␊two"


def test_every_character_alone() -> None:
    """None of the million acts: no control, no format character, no surrogate is left, whatever the way through."""
    for code in range(sys.maxunicode + 1):
        letter = chr(code)
        shown = clean(letter)
        assert shown == letter or shown.startswith("<U+") or shown in "␡" or 0x2400 <= ord(shown) < 0x2420, (
            hex(code)
        )
        if shown == letter:
            assert category(letter) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp"), hex(code)


@given(ANY, st.booleans())
@example("a\r\r\n", True)
@example("\U0001f468" + "\u0301" * 5 + "\u200d\U0001f469", False)
def test_cleaning_is_safe_and_done_once(value: str, multiline: bool) -> None:
    shown = clean(value, multiline=multiline)
    assert clean(shown, multiline=multiline) == shown
    joiners = shown.replace("\u200d", "").replace("\n", "") if multiline else shown.replace("\u200d", "")
    assert not [c for c in joiners if category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
    assert not re.search(r"[a-z\u4e00-\u9fff]\u200d", shown)
    run = 0
    for letter in shown:
        run = run + 1 if combining(letter) else 0
        assert run <= 4


# -- width ------------------------------------------------------------------------------------------------------


def test_width_is_cells() -> None:
    assert [width(s) for s in ("", "Acme", "华为", "e\u0301", "ｆｗ")] == [0, 4, 4, 1, 4]


@pytest.mark.parametrize(
    ("text", "cells", "shown"),
    [
        ("Acme Ltd", 8, "Acme Ltd"),
        ("Acme Ltd", 5, "Acme…"),
        ("华为技术", 8, "华为技术"),
        ("华为技术", 6, "华为…"),
        ("华为技术", 5, "华为…"),
        ("华为技术", 4, "华…"),
        ("华为", 1, "…"),
        ("华为", 0, ""),
        (FAMILY + "xyz", 3, FAMILY + "…"),
    ],
)
def test_cut_never_splits(text: str, cells: int, shown: str) -> None:
    assert cut(text, cells) == shown


def test_cut_with_another_ellipsis() -> None:
    assert cut("Acme Ltd", 6, ellipsis="...") == "Acm..."
    assert cut("Acme Ltd", 2, ellipsis="...") == "Ac"


def test_pad_aligns_by_cells() -> None:
    assert pad("华为", 6) == "华为  "
    assert pad("1.00", 6, right=True) == "  1.00"
    assert pad("too wide", 3) == "too wide"


@given(ANY, st.integers(0, 20))
def test_cut_and_pad_give_exactly_the_cells_asked_for(value: str, cells: int) -> None:
    text = clean(value)
    assert width(cut(text, cells)) <= cells
    assert width(pad(cut(text, cells), cells)) == cells


# -- the spreadsheet --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+49 30",
        "-5",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "＝1",
        "＠x",
        " =1",
        '"=1',
        "'=1",
        "''=1",
        "\ufeff=1",
        "\0",
    ],
)
def test_a_formula_gets_one_apostrophe(text: str) -> None:
    assert csv_cell(text) == "'" + text
    assert csv_uncell("'" + text) == text


@pytest.mark.parametrize("text", ["", "Acme", "1=1", "O'Brien", "'tis", "'", "''", "a-b", "华为"])
def test_other_cells_are_as_they_are(text: str) -> None:
    assert csv_cell(text) == text
    assert csv_uncell(text) == text


@settings(max_examples=500)
@given(st.one_of(ANY, st.text(alphabet="'\" =+-@＝\t\ra", max_size=8)))
def test_a_cell_comes_back(text: str) -> None:
    cell = csv_cell(text)
    assert csv_uncell(cell) == text
    assert cell.lstrip(" \"'")[:1] not in ("=", "+", "-", "@") or cell.startswith("'")


# -- comparison -------------------------------------------------------------------------------------------------


def test_fold_makes_width_case_and_blanks_equal() -> None:
    assert fold("  ＡＣＭＥ　Ltd\n") == fold("acme ltd") == "acme ltd"
    assert fold("STRASSE") == fold("Straße")
    assert fold("ﬁnance") == "finance"


@settings(max_examples=300)
@given(st.text())
@example("\u0345\u0301")
@example("\u03d2\u0301")
def test_folding_is_done_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert fold(text.upper().lower()) == fold(text.upper())


def test_name_key_ignores_punctuation_and_blanks() -> None:
    assert name_key("Acme, Ltd.") == name_key("ACME LTD") == name_key("Ａｃｍｅ　Ｌｔｄ") == "acmeltd"
    assert name_key("华为（技术）") == name_key("华为 技术") == "华为技术"
    assert name_key("C++") != name_key("C")
    assert name_key("हिन्दी") != name_key("हन्दी")


def test_a_name_of_punctuation_has_a_key_too() -> None:
    assert name_key("???") == "???"
    assert name_key("…") != ""
    assert name_key("  ") == ""


@given(st.text())
def test_only_a_blank_name_has_no_key(text: str) -> None:
    assert bool(name_key(text)) == bool(text.strip())


@given(st.text(alphabet=st.characters(max_codepoint=127)))
def test_the_fast_way_for_ascii_gives_the_same_key(text: str) -> None:
    assert name_key(text) == name_key(text + "\u3000")


NAMES = st.lists(
    ANY
    | st.text()
    | st.sampled_from(["", " ", "?", "\n", "a\nb", "\uf8ff", "Ａ\uf8ff", "각", "\u0301", "\u0345"])
)


@settings(max_examples=500)
@given(NAMES)
@example(["\u1100", "\u1161", "e", "\u0301"])
def test_many_names_have_the_keys_that_they_have_alone(names: list[str]) -> None:
    assert name_keys(names) == list(map(name_key, names))


def test_digits_of_any_script() -> None:
    assert digits("+49 (30) 12-34") == "49301234"
    assert digits("０１２ ٣") == "0123"
    assert digits("x²") == ""


@settings(max_examples=200)
@given(st.text(alphabet="ab*?%_\\", max_size=8), st.text(alphabet="ab%_\\", max_size=6))
def test_wildcards_mean_the_same_in_sql(pattern: str, text: str) -> None:
    row = (
        sqlite3.connect(":memory:")
        .execute(r"SELECT ? LIKE ? ESCAPE '\'", (text, like_pattern(pattern)))
        .fetchone()
    )
    assert bool(row[0]) == fnmatch.fnmatchcase(text, pattern)


def test_nearest() -> None:
    assert nearest("amuont", ["amount", "account"]) == "amount"
    assert nearest("Ｓtage", ["stage", "state"]) == "stage"
    assert nearest("zzz", ["amount", "account"]) is None
    assert nearest("x", []) is None


def test_importing_the_module_loads_nothing_heavy() -> None:
    code = "import sys, crmtui.text; print('rich' in sys.modules, 'difflib' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.split() == ["False", "False"]
