"""Reading a column at once gives what reading each of its values gives."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmtui.errors import CrmError
from crmtui.services.columns import ABSENT, Faults, dates, one_line, plain_refs, read_column
from crmtui.services.context import Context
from crmtui.store import values
from crmtui.store.fields import Field
from crmtui.store.record import declared
from crmtui.store.values import Entry
from tests.conftest import NOW

FIELDS = [
    Field("line", name="a", max=12),
    Field("line", name="a", max=12, required=True),
    Field("text", name="a", max=12),
    Field("phone", name="a", max=20),
    Field("email", name="a", max=254),
    Field("money", name="a"),
    Field("money", name="a", required=True),
    Field("whole", name="a", low=0, high=99),
    Field("percent", name="a", low=0, high=100),
    Field("day", name="a"),
    Field("flag", name="a"),
    Field("choice", name="a", choices="industry", max=80),
    Field("state", name="a", values=("new", "old")),
]
PLAIN = st.sampled_from(
    [
        "",
        " ",
        "x",
        " x ",
        "li@example.com",
        "a..b@c.de",
        "1200.50",
        "1,234",
        "12.345",
        "-5",
        "7",
        "101",
        "2026-02-30",
        "2026-11-21",
        "today",
        "true",
        "否",
        "medical",
        "Medical ",
        "new",
        "NEW",
        "a\nb",
        "a\x00",
        "\ud800",
        "\x1f",
        "a\x85b",
        "１２",
        "+86 10 1",
        "x" * 13,
        "'=1",
    ]
)
CELLS = st.lists(
    PLAIN | st.text(max_size=15) | st.from_regex(r"[0-9]{1,15}(\.[0-9]{0,3})?", fullmatch=True) | st.emails(),
    max_size=6,
)


@pytest.fixture(scope="module")
def entry(sqlite_template: Any) -> Iterator[Entry]:
    with Context.open(flags={"db": f"sqlite:///{sqlite_template}"}, now=NOW) as ctx, ctx.reading() as tx:
        yield ctx.entry(tx)


def _one(field: Field, text: str, entry: Entry) -> tuple[Any, str]:
    try:
        return values.read(field, text, entry), ""
    except CrmError as error:
        return None, error.code


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(field=st.sampled_from(FIELDS), cells=CELLS, currency=st.sampled_from(["USD", "JPY", "KWD", None]))
def test_a_column_is_read_like_its_values(
    entry: Entry, field: Field, cells: list[str], currency: str | None
) -> None:
    near = entry.beside({"currency": currency})
    faults: Faults = {}
    found = read_column(field, cells, near, faults)
    expected = [_one(field, cell, near) for cell in cells]
    assert found == [value for value, _ in expected]
    assert {place: errors[0].code for place, errors in faults.items()} == {
        place: code for place, (_, code) in enumerate(expected) if code
    }


def test_what_the_file_does_not_say_is_absent(entry: Entry) -> None:
    assert read_column(FIELDS[0], ["a", None, ""], entry, {}) == ["a", ABSENT, None]


def test_an_amount_is_read_in_the_currency_beside_it(entry: Entry) -> None:
    faults: Faults = {}
    assert read_column(
        Field("money", name="a"), ["12", "12", "1.5"], entry, faults, ["USD", "JPY", "JPY"]
    ) == [1200, 12, None]
    assert list(faults) == [2]


def test_every_field_of_a_lead_has_a_reader(entry: Entry) -> None:
    for field in declared("lead"):
        if field.kind != "attributes":
            assert read_column(field if not field.required else FIELDS[0], [" "], entry, {}) == [None]


def test_dates_are_read_by_their_form(entry: Entry) -> None:
    assert dates(["3/1/2017", "2017-03-01", "", None, "31/31/2017"], ["%m/%d/%Y"], entry.clock, "day") == [
        "2017-03-01",
        "2017-03-01",
        "",
        None,
        "31/31/2017",
    ]
    assert dates(["01.02.2024 08:30"], ["%d.%m.%Y %H:%M"], entry.clock, "moment") == [
        "2024-02-01T08:30:00+08:00"
    ]


def test_references_of_our_json_are_taken_apart() -> None:
    texts = ['{"ref": "A-7", "name": "Acme"}', "[Acme]", '[{"ref": "P-1", "name": null}]', None, "x"]
    assert plain_refs(texts) == ["A-7", "[Acme]", '["P-1"]', None, "x"]


def test_line_breaks_become_blanks() -> None:
    assert one_line(["a\r\nb\n", None, "c"]) == ["a b", None, "c"]
