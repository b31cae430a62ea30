"""Windows on lists: read by key from any place and in both directions they are the plain ordered list."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmtui.errors import Invalid
from crmtui.services import records, window
from crmtui.services.context import Context
from crmtui.services.window import Listing
from crmtui.store.record import table
from tests.people import acting

COUNT = 60
SORTS = (
    "",
    "amount",
    "-amount",
    "name",
    "-expected_close_on",
    "expected_close_on",
    "stage,-amount",
    "-probability,source,-name",
    "owner,amount",
    "account.name,-amount",
    "-x.size,amount",
    "-days_in_stage",
    "-id",
    "id",
    "state,-updated_at,amount",
)
WHERES = ("", "state = open", "amount > 100 or amount is empty", "source is empty and not probability = 30")


@pytest.fixture
def full(ctx: Context) -> Context:
    """Opportunities with empty values and ties in whatever they may be ordered by."""
    records.add(ctx, "attribute", {"noun": "opp", "name": "size", "type": "whole"})
    with ctx.transaction("opp.add") as tx:
        for name in ("Acme", "Bolt", "acme"):
            tx.add(table("account")(name=name, name_key=name.lower(), owner_id=1))
        tx.session.flush()
        for n in range(COUNT):
            tx.add(_opportunity(n))
    return ctx


def _opportunity(n: int) -> Any:
    name = ("Deal", "华东 deal", "ärger", f"Deal {n}")[n % 4]
    return table("opp")(
        name=name,
        name_key=name.lower(),
        account_id=(None, 1, 2, 3)[n % 4],
        owner_id=1 if n % 3 else None,
        process_id=1,
        stage=("proposal", "contract", None)[n % 3],
        state=("open", "won", "lost")[n % 5 % 3],
        amount=(None, 5_000, 12_345, 100 * n)[n % 7 % 4],
        currency="USD",
        probability=None if n % 8 < 3 else n % 4 * 10,
        expected_close_on=None if n % 6 == 0 else date(2026, 11, 1) + timedelta(days=n % 9),
        source=None if n % 2 else ("web", "fair")[n % 4 // 2],
        x={"size": n % 5} if n % 3 == 0 else None,
    )


def plain(ctx: Context, listing: Listing) -> list[str]:
    found = records.find(ctx, listing.noun, where=listing.where, sort=listing.sort, fields=["ref"])
    return [row["ref"] for row in found.rows]


def refs(page: window.Page) -> list[str]:
    return [row["ref"] for row in page.rows]


def forward(ctx: Context, listing: Listing, size: int) -> Iterator[list[str]]:
    page = window.page(ctx, listing, size=size)
    while page.rows:
        yield refs(page)
        page = window.page(ctx, listing, after=page.last, size=size)


def backward(ctx: Context, listing: Listing, size: int) -> Iterator[list[str]]:
    page = window.last(ctx, listing, size)
    while page.rows:
        yield refs(page)
        page = window.page(ctx, listing, before=page.first, size=size)


def test_pages_in_both_directions_and_from_any_record_are_the_plain_list(full: Context) -> None:
    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.sampled_from(SORTS),
        st.sampled_from(WHERES),
        st.integers(9, 40),
        st.integers(0, COUNT - 1),
        st.integers(0, 50),
        st.sampled_from((None, 1_000_000)),
    )
    def tried(sort: str, where: str, size: int, place: int, skip: int, matches: int | None) -> None:
        listing = Listing("opp", where, sort, ("name", "amount"))
        every = plain(full, listing)
        assert window.count(full, listing) == len(every)
        assert [one for page in forward(full, listing, size) for one in page] == every
        assert [one for page in reversed(list(backward(full, listing, size))) for one in page] == every
        place %= len(every)
        found = window.place(full, listing, every[place])
        assert found is not None
        assert found[0] == place
        after = window.page(full, listing, after=found[1], skip=skip, size=size, matches=matches)
        assert refs(after) == every[place + 1 + skip :][:size]
        before = window.page(full, listing, before=found[1], skip=skip, size=size, matches=matches)
        assert refs(before) == every[: max(place - skip, 0)][-size:]
        assert refs(window.last(full, listing, size, skip=skip)) == every[: max(len(every) - skip, 0)][-size:]
        assert refs(window.page(full, listing, skip=skip, size=size)) == every[skip : skip + size]

    tried()


def test_every_order_pages_to_the_end(full: Context) -> None:
    for sort in SORTS:
        listing = Listing("opp", "", sort, ("name",))
        assert [one for page in forward(full, listing, 13) for one in page] == plain(full, listing), sort
        assert [one for page in reversed(list(backward(full, listing, 13))) for one in page] == plain(
            full, listing
        ), sort


def test_a_row_is_what_find_shows_of_the_record(full: Context) -> None:
    listing = Listing("opp", "state = won", "-amount", ("name", "stage", "amount", "owner", "x.size"))
    found = records.find(
        full, "opp", where="state = won", sort="-amount", fields=("id", "ref", "version", *listing.fields)
    )
    assert window.page(full, listing, size=500).rows == list(found.rows)


def test_a_record_that_does_not_match_has_no_rank(full: Context) -> None:
    won = plain(full, Listing("opp", "state = won"))[0]
    assert window.rank(full, Listing("opp", "state = open"), won) is None
    assert window.rank(full, Listing("opp", "state = won"), won) == 0
    assert window.rank(full, Listing("opp"), "O-999999") is None


def test_groups_count_and_sum_what_their_conditions_find(full: Context) -> None:
    for by in ("owner", "stage", "source", "state", "account", "month(expected_close_on)", "x.size", "name"):
        listing = Listing("opp", "amount > 20 or state = open", "-amount", ("name",), group=by)
        found = window.groups(full, listing, ("sum(amount)",))
        assert sum(group.count for group in found) == window.count(full, listing)
        whole = window.sums(full, listing, ("count", "sum(amount)"))
        assert whole["count"] == window.count(full, listing)
        assert (
            sum(group.sums["sum(amount)"].minor for group in found if group.sums["sum(amount)"])
            == whole["sum(amount)"].minor
        )
        for group in found:
            inner = window.within(listing, group.condition)
            assert window.count(full, inner) == group.count, group
            assert group.label


def test_groups_of_stages_and_states_stand_in_their_own_order(full: Context) -> None:
    stages = [group.value for group in window.groups(full, Listing("opp", group="stage"))]
    assert stages == ["proposal", "contract", None]
    states = [group.value for group in window.groups(full, Listing("opp", group="state"))]
    assert states == ["open", "won", "lost"]


def test_a_wrong_listing_says_what_is_wrong(full: Context) -> None:
    for listing in (
        Listing("opp", "nonsense ="),
        Listing("opp", "", "tags"),
        Listing("opp", fields=("nothing",)),
    ):
        with pytest.raises(Invalid):
            window.page(full, listing)


def test_windows_show_what_the_person_may_see(sqlite_url: str) -> None:
    with acting(sqlite_url, "li", "zhao") as (li, zhao):
        for n in range(6):
            records.add(li if n % 2 else zhao, "lead", {"company": f"Lead {n}"})
        listing = Listing("lead", sort="company", fields=("company",))
        assert [row["company"] for row in window.page(li, listing, size=2).rows] == ["Lead 1", "Lead 3"]
        assert window.count(zhao, listing) == 3
        other = window.page(zhao, listing).rows[0]["ref"]
        assert window.rank(li, listing, other) is None
