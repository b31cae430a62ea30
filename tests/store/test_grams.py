"""Search as text: folding part by part, Chinese as it is typed, and pairs that leave nothing out."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmtui.store import grams
from tests.hostile import STRINGS

TEXTS = st.one_of(
    st.text(max_size=30),
    st.text("华东精工重庆單贸易行长 abZé-ß㈱Ⅳ한が１٣+·", max_size=20),
    st.sampled_from([text[:60] for text in STRINGS]),
)


@given(TEXTS, TEXTS)
def test_a_part_is_folded_to_a_part(one: str, other: str) -> None:
    assert grams.fold(one + other) == grams.fold(one) + grams.fold(other)
    assert grams.fold(grams.fold(one)) == grams.fold(one)


@given(TEXTS, st.data())
def test_every_part_of_a_text_is_found_in_it(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, max(len(text) - 1, 0)))
    part = text[start : start + data.draw(st.integers(2, 12))]
    kept = set(grams.grams([(text, data.draw(st.booleans()))], text).split(" "))
    for word in grams.words(part):
        assert set(grams.pairs(word)) <= kept
        place = grams.span(text, word)
        assert place is not None
        assert word in grams.fold(text[slice(*place)])


@given(st.text("华东精工重庆长单行车TClé中", min_size=1, max_size=8), st.data())
def test_what_may_be_typed_for_chinese_is_heard_and_indexed(name: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(name) - 1))
    part = name[start : start + 4]
    typed = ""
    for letter in grams.fold(part):
        ways = [letter, *grams.readings(letter), *(reading[0] for reading in grams.readings(letter))]
        typed += data.draw(st.sampled_from(ways))
    assert grams.span(name, typed, True) is not None
    kept = set(grams.grams([(name, True)], name).split(" "))
    assert set(grams.pairs(typed)) <= kept
    if start == 0:
        assert grams.span(name, typed, True, at_start=True) is not None
        assert grams.START + typed[:2] in kept


@pytest.mark.parametrize(
    ("typed", "name", "part"),
    [
        ("huadongjinggong", "上海华东精工", "华东精工"),
        ("hdjg", "华东精工", "华东精工"),
        ("hua东", "华东精工", "华东"),
        ("huad", "华东精工", "华东"),
        ("chongqing", "重庆长安", "重庆"),
        ("cq", "重庆长安", "重庆"),
        ("zq", "重庆长安", "重庆"),
        ("chqing", "重庆长安", "重庆"),
        ("shanx", "单雄信", "单雄"),
        ("lvbu", "吕布", "吕布"),
        ("lubu", "吕布", "吕布"),
        ("tcljt", "TCL集团", "TCL集团"),
        ("华东", "華東精工", "華東"),
        ("華東", "华东精工", "华东"),
        ("muller", "Jo Müller", "Müller"),
        ("müller", "MULLER", "MULLER"),
        ("strasse", "Große Straße 5", "Straße"),
        ("1380013", "+86 138-0013 8000", "138-0013"),
        ("acme", "ＡＣＭＥ", "ＡＣＭＥ"),
    ],
)
def test_a_name_is_found_as_people_type_it(typed: str, name: str, part: str) -> None:
    place = grams.span(name, grams.fold(typed), True)
    assert place is not None
    assert name[slice(*place)] == part


@pytest.mark.parametrize("typed", ["hdgj", "huadu", "dongh", "jgx", "工精", "q"])
def test_what_is_not_there_is_not_heard(typed: str) -> None:
    assert grams.span("华东精工有限", typed, True) is None or typed == "q"


def test_sound_is_not_looked_for_in_notes() -> None:
    assert grams.span("华东精工", "hdjg") is None
    assert grams.grams([("华东精工", False)]) == "华东 东精 精工"


def test_hostile_texts_are_kept_within_bounds() -> None:
    for text in STRINGS:
        kept = grams.grams([(text, True)], text[:400])
        assert len(kept) <= grams.MOST
        assert all(2 <= len(pair) <= 3 for pair in kept.split(" ") if kept)
        assert not set(kept) & set("\t\n\0\"'\\()")
        assert all(grams.span(text[:400], word, True) for word in grams.words(text[:400]))


def test_pinyin_loads_with_the_first_chinese_text() -> None:
    code = (
        "import sys; from crmtui.store import grams; grams.grams([('Acme Müller', True)], 'Acme'); "
        "assert 'pypinyin' not in sys.modules; grams.grams([('华为', False)]); assert 'pypinyin' not in sys.modules; "
        "grams.grams([('华为', True)]); assert 'pypinyin' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
