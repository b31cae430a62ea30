"""What one types finds entries: words in any order, parts, other languages, pinyin, letters left out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmtui.screens.fuzzy import SCATTERED, match


def shown(typed: str, title: str) -> str:
    found = match(typed, title)
    assert found is not None
    return "|".join(title[start:stop] for start, stop in found.spans)


@pytest.mark.parametrize(
    ("typed", "title", "matched"),
    [
        ("ass", "Assign marked leads", "Ass"),
        ("leads assign", "Assign marked leads", "Assign|leads"),
        ("ARK", "Assign marked leads", "ark"),
        ("线索", "分配线索", "线索"),
        ("aml", "Assign marked leads", "A|m|l"),
    ],
)
def test_what_matched_is_told(typed: str, title: str, matched: str) -> None:
    assert shown(typed, title) == matched


@pytest.mark.parametrize(
    ("typed", "title", "besides"),
    [("xianshi", "显示线索", ()), ("xsxs", "显示线索", ()), ("lead list", "Show them", ("crm lead list",))],
)
def test_other_words_find_it_too(typed: str, title: str, besides: tuple[str, ...]) -> None:
    found = match(typed, title, besides)
    assert found is not None
    assert found.rank < SCATTERED


def test_the_beginning_comes_before_a_word_before_a_part_before_scattered_letters() -> None:
    titles = ["Theme: next", "Next theme", "Anthems", "Other names"]
    ranks = [match("them", title) for title in titles]
    assert all(one is not None for one in ranks)
    assert [one.rank for one in ranks if one] == sorted({one.rank for one in ranks if one})


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_is_answered_with_places_inside_the_title(typed: str, title: str) -> None:
    found = match(typed, title)
    for start, stop in found.spans if found else ():
        assert 0 <= start < stop <= len(title)


@given(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20))
def test_every_title_is_found_by_itself(title: str) -> None:
    assert match(title, title) is not None
