"""Forms for one and for many: those of one entry of the catalogue, and those that stand there one by one."""

from collections.abc import Iterator

import pytest

from crmtui.i18n import gettext, language, ngettext, set_language

ONE, MANY = "{ref} put away", "{count} records put away"
"""Marked one by one, with different places."""


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = language()
    yield
    set_language(before)


@pytest.mark.parametrize(("count", "said"), [(1, ONE), (0, MANY), (2, MANY)])
def test_forms_marked_one_by_one_keep_their_places(count: int, said: str) -> None:
    set_language("en")
    assert ngettext(ONE, MANY, count) == said
    set_language("zh")
    assert ngettext(ONE, MANY, count) == gettext(said) != said


def test_one_entry_has_one_form_in_chinese() -> None:
    set_language("zh")
    forms = {ngettext("{count} row", "{count} rows", count) for count in (0, 1, 5)}
    assert forms == {"{count} 行"}
