"""Opportunities put to rest, taken up again, ended, archived and taken out; and the credit divided (WX-57, 65, 66)."""

from collections.abc import Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from crmtui.errors import Forbidden, Invalid, NotFound, Refused
from crmtui.money import Money
from crmtui.services import (
    approvals,
    flow_text,
    lead,
    opportunity,
    purging,
    records,
    resting,
    reversal,
    split,
)
from crmtui.services.context import Context
from tests.people import NOW, acting


def _opp(ctx: Context, **given: object) -> str:
    records.add(ctx, "account", {"name": "Acme"})
    plain: dict[str, object] = {
        "name": "Deal",
        "account": "1",
        "expected_close_on": "2026-12-24",
        "amount": "1000",
    }
    return f"O-{records.add(ctx, 'opp', {**plain, **given}).id}"


@pytest.fixture
def opp(ctx: Context) -> str:
    return _opp(ctx)


# -- at rest --------------------------------------------------------------------------------------------------------


def test_at_rest_and_back(ctx: Context, opp: str, store_url: str) -> None:
    """Its ten days at rest do not count as days in the stage."""
    before = records.show(ctx, "opp", opp)
    rested = resting.suspend(ctx, opp, date(2027, 6, 1), "until June")
    assert (rested.state, rested.suspended_until) == ("suspended", date(2027, 6, 1))
    with pytest.raises(Refused) as refused:
        opportunity.advance(ctx, opp)
    assert f"crm opp reactivate {opp}" in refused.value.hint
    with Context.open(flags={"db": store_url}, now="2026-11-30T09:00:00+08:00") as later:
        woken = records.present(later, "opp", resting.reactivate(later, opp))
        assert (woken["state"], woken["suspended_until"], woken["suspended_at"]) == ("open", None, None)
        assert (woken["stage_at"] - before["stage_at"]).days == 10
        assert {name: woken[name] for name in ("stage", "probability", "category")} == {
            name: before[name] for name in ("stage", "probability", "category")
        }


def test_rest_ends_in_days_to_come(ctx: Context, opp: str) -> None:
    for day in (date(2026, 11, 20), date(2020, 1, 1)):
        with pytest.raises(Invalid):
            resting.suspend(ctx, opp, day)
    assert records.show(ctx, "opp", opp)["state"] == "open"


def test_only_what_rests_is_taken_up_again(ctx: Context, opp: str) -> None:
    with pytest.raises(Refused):
        resting.reactivate(ctx, opp)
    resting.suspend(ctx, opp)
    with pytest.raises(Refused):
        resting.suspend(ctx, opp)


def test_what_is_terminated_stays_so(ctx: Context, opp: str) -> None:
    """WX-65: a terminated one cannot be reactivated, reopened, moved, adjusted or closed."""
    ended = resting.terminate(ctx, opp, "the project was given up", "no-budget")
    assert (ended.state, ended.probability, ended.category, ended.closed_on) == (
        "terminated",
        0,
        "omitted",
        date(2026, 11, 20),
    )
    assert (ended.loss_reason, ended.summary) == ("no-budget", "the project was given up")
    for attempt in (
        lambda: resting.reactivate(ctx, opp),
        lambda: resting.suspend(ctx, opp),
        lambda: resting.terminate(ctx, opp, "again"),
        lambda: opportunity.reopen(ctx, opp),
        lambda: opportunity.advance(ctx, opp),
        lambda: opportunity.adjust(ctx, opp, {"amount": "5"}),
        lambda: opportunity.close(ctx, opp, won=True, summary="yes"),
    ):
        with pytest.raises(Refused):
            attempt()
    assert records.show(ctx, "opp", opp)["state"] == "terminated"


def test_nothing_ends_without_a_word(ctx: Context, opp: str) -> None:
    """WX-66: close without summary is refused; so is the end without either summary or reason."""
    with pytest.raises(Refused) as refused:
        opportunity.close(ctx, opp, won=True, summary=" ")
    assert refused.value.code == "opp.no_summary"
    with pytest.raises(Refused) as refused:
        resting.terminate(ctx, opp, "", "  ")
    assert refused.value.code == "opp.no_summary"
    assert resting.terminate(ctx, opp, "", "no-budget").summary == "no-budget"


def test_a_closed_one_no_longer_rests(ctx: Context, opp: str) -> None:
    resting.suspend(ctx, opp, date(2027, 6, 1))
    closed = opportunity.close(ctx, opp, won=True, summary="they signed")
    assert (closed.state, closed.suspended_at, closed.suspended_until) == ("won", None, None)


FLOW = """
[[flow]]
code = "again"
verb = "opp.reactivate"
one_login = true

[[flow.step]]
who = "superior"
"""


@pytest.fixture
def chen_and_li(sqlite_url: str) -> Iterator[tuple[Context, Context]]:
    """A rep and the manager above them, in a store where taking up again needs approval."""
    with acting(sqlite_url, "chen", "li") as (chen, li):
        with Context.open(flags={"db": sqlite_url}, now=NOW) as admin:
            records.edit(admin, "user", "li", {"manager": "chen"})
            flow_text.apply(admin, FLOW)
        yield chen, li


def test_taken_up_again_when_approved(chen_and_li: tuple[Context, Context]) -> None:
    """WX-65: under the rule "approval needed" it stays suspended until approved."""
    chen, li = chen_and_li
    opp = _opp(li)
    resting.suspend(li, opp, date(2027, 6, 1))
    assert resting.reactivate(li, opp, "the budget is there").state == "suspended"
    assert records.show(li, "opp", opp)["state"] == "suspended"
    with pytest.raises(Refused):
        resting.reactivate(li, opp)
    request = next(iter(records.find(chen, "approval").rows))["ref"]
    assert approvals.ok(chen, request).state == "approved"
    shown = records.show(li, "opp", opp)
    assert (shown["state"], shown["suspended_until"]) == ("open", None)


def test_what_was_ended_meanwhile_is_not_taken_up_again(chen_and_li: tuple[Context, Context]) -> None:
    chen, li = chen_and_li
    opp = _opp(li)
    resting.suspend(li, opp)
    resting.reactivate(li, opp)
    resting.terminate(li, opp, "given up")
    request = next(iter(records.find(chen, "approval").rows))["ref"]
    assert approvals.ok(chen, request).state == "conflict"
    assert records.show(li, "opp", opp)["state"] == "terminated"


# -- out of the store -----------------------------------------------------------------------------------------------


def _closed(ctx: Context, opp: str) -> None:
    opportunity.close(ctx, opp, won=False, summary="too dear", competitor="Rival", reason="price")


def test_archived_before_taken_out(ctx: Context, opp: str) -> None:
    """WX-66: the winner is on record; a purge before the archive is refused."""
    with pytest.raises(Refused) as refused:
        purging.purge(ctx, opp)
    assert refused.value.code == "opp.not_closed"
    _closed(ctx, opp)
    assert records.show(ctx, "opp", opp)["competitor"].name == "Rival"
    with pytest.raises(Refused) as refused:
        purging.purge(ctx, opp)
    assert refused.value.code == "opp.not_archived"
    records.archive(ctx, "opp", opp)
    opportunity.team_add(ctx, opp, ctx.actor.login)
    purging.purge(ctx, opp)
    with pytest.raises(NotFound):
        records.show(ctx, "opp", opp)
    with ctx.store.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM opp_member")).scalar_one() == 0
    reversal.undo(ctx, ctx.last_tx or "")
    assert records.show(ctx, "opp", opp)["summary"] == "too dear"
    assert [one["name"] for one in opportunity.team(ctx, opp)] == [ctx.actor.login]


def test_all_that_were_archived_before_a_day(ctx: Context, store_url: str) -> None:
    kept, gone = _opp(ctx), _opp(ctx)
    for ref in (kept, gone):
        _closed(ctx, ref)
        records.archive(ctx, "opp", ref)
    records.restore(ctx, "opp", kept)
    opened = _opp(ctx)
    records.archive(ctx, "opp", opened)
    assert purging.purge_archived(ctx, date(2026, 11, 20)).matched == 0
    with Context.open(flags={"db": store_url}, now="2026-11-21T09:00:00+08:00") as later:
        assert purging.how_many(later, later.clock.today()) == 1
        report = purging.purge_archived(later, later.clock.today())
        assert (report.matched, report.changed, report.refused) == (1, 1, 0)
    assert [row["ref"] for row in records.find(ctx, "opp", archived=True, sort="id").rows] == [kept, opened]


def test_the_lead_of_a_purged_opportunity_stays(ctx: Context) -> None:
    ref = f"L-{records.add(ctx, 'lead', {'company': 'Bolt'}).id}"
    lead.qualify(ctx, ref)
    made = lead.convert(ctx, ref, {"expected_close_on": "2026-12-24", "amount": "10"})
    opp = f"O-{made.opp.id}"
    _closed(ctx, opp)
    records.archive(ctx, "opp", opp)
    purging.purge(ctx, opp)
    shown = records.show(ctx, "lead", ref)
    assert (shown["state"], shown["opp"]) == ("converted", None)


def test_only_administrators_take_records_out(sqlite_url: str) -> None:
    with acting(sqlite_url, "li", "zhou") as (li, zhou):
        opp = _opp(li)
        _closed(li, opp)
        records.archive(li, "opp", opp)
        for ctx in (li, zhou):
            with pytest.raises(Forbidden):
                purging.purge(ctx, opp)
            with pytest.raises(Forbidden):
                purging.purge_archived(ctx)
        assert records.show(li, "opp", opp)["state"] == "lost"


# -- shared ---------------------------------------------------------------------------------------------------------


def test_shares_come_to_a_hundred(sqlite_url: str) -> None:
    """WX-57, the shares: 500,000 split 60/40 is 300,000 and 200,000; 99 % is refused."""
    with acting(sqlite_url, "li", "wang") as (li, wang):
        opp = _opp(li, amount="500000")
        with pytest.raises(NotFound):
            records.show(wang, "opp", opp)
        shared = split.divide(li, opp, {"li": 60, "wang": 40})
        assert [(one["name"], one["percent"], one["amount"]) for one in shared] == [
            ("li", 60, Money(300_000_00, "USD")),
            ("wang", 40, Money(200_000_00, "USD")),
        ]
        assert records.show(wang, "opp", opp)["name"] == "Deal", "who owns it together sees it"
        for wrong in ({"li": 60, "wang": 39}, {"li": 60, "wang": 41}):
            with pytest.raises(Refused) as refused:
                split.divide(li, opp, wrong)
            assert refused.value.code == "opp.split_sum"
        for bad in ({"li": 0, "wang": 100}, {"li": 101}, {"li": 50, "U-3": 50, "me": 0}):
            with pytest.raises(Invalid):
                split.divide(li, opp, bad)
        with pytest.raises(Invalid):
            split.divide(li, opp, {"li": 50, "me": 50})
        assert [one["percent"] for one in split.shares(li, opp)] == [60, 40]
        assert split.divide(li, opp, {}) == []


def test_who_does_not_own_it_divides_nothing(sqlite_url: str) -> None:
    with acting(sqlite_url, "li", "wang") as (li, wang):
        opp = _opp(li)
        opportunity.team_add(li, opp, "wang")
        with pytest.raises(Forbidden):
            split.divide(wang, opp, {"wang": 100})


def test_a_closed_one_is_not_divided(ctx: Context, opp: str) -> None:
    _closed(ctx, opp)
    with pytest.raises(Refused):
        split.divide(ctx, opp, {"me": 100})


@given(
    amount=st.integers(0, 10**12),
    cuts=st.sets(st.integers(1, 99), max_size=12),
)
def test_shares_add_up_to_the_cent(amount: int, cuts: set[int]) -> None:
    """Each is within a cent of its exact share, and together they are the whole; of two, each is rounded by itself."""
    ends = [*sorted(cuts), 100]
    begins = [0, *ends[:-1]]
    parts = [split.part(amount, one, two - one) for one, two in zip(begins, ends, strict=True)]
    assert sum(parts) == amount
    for one, two, got in zip(begins, ends, parts, strict=True):
        assert abs(Decimal(amount) * (two - one) / 100 - got) <= 1
    first = (Decimal(amount) * ends[0] / 100).quantize(Decimal(1), ROUND_HALF_UP)
    assert parts[0] == first
