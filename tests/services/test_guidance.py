"""What comes next: the checklist, what was forgotten, what a move asks for; and what is stuck (WX-62)."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import pytest

from crmtui.errors import Refused
from crmtui.services import guidance, notices, opportunity, process_edit, records, resting, stuck, tasks
from crmtui.services.context import Context
from tests.people import NOW, acting
from tests.services.test_process import BID


@contextmanager
def _rep(url: str) -> Iterator[Context]:
    """The rep li, under chen, in a store with the process of tenders."""
    with acting(url, "li") as (context,):
        with Context.open(flags={"db": url}, now=NOW) as admin:
            process_edit.apply(admin, BID)
            records.edit(admin, "user", "li", {"manager": "chen"})
        yield context


@pytest.fixture
def li(sqlite_url: str) -> Iterator[Context]:
    with _rep(sqlite_url) as context:
        yield context


@pytest.fixture
def everywhere(store_url: str) -> Iterator[Context]:
    """Li, once on each kind of store."""
    with _rep(store_url) as context:
        yield context


def _opp(ctx: Context, **given: object) -> str:
    account = records.add(ctx, "account", {"name": "Acme"})
    plain: dict[str, object] = {
        "name": "Deal",
        "account": str(account.id),
        "process": "tender",
        "expected_close_on": "2027-12-24",
    }
    return f"O-{records.add(ctx, 'opp', {**plain, **given}).id}"


def _on(ctx: Context, day: str) -> Context:
    return Context.open(
        flags={"db": str(ctx.store.url)}, now=f"{day}T10:00:00+08:00", login=ctx.actor.acting_as
    )


def _states(rows: list[dict[str, object]]) -> list[tuple[object, object]]:
    return [(row["step"], row["state"]) for row in rows]


# -- steps ----------------------------------------------------------------------------------------------------------


def test_steps_are_ticked_off(everywhere: Context) -> None:
    li = everywhere
    opp = _opp(li)
    assert _states(guidance.checklist(li, opp)) == [("visit", "due"), ("plan", "due")]
    rows = guidance.tick(li, opp, ["track/visit", "visit"])
    assert _states(rows) == [("visit", "done"), ("plan", "due")]
    assert (rows[0]["done_by"], str(rows[0]["done_at"])[:10]) == ("li", "2026-11-20")
    assert _states(guidance.tick(li, opp, (), ["visit"])) == [("visit", "due"), ("plan", "due")]
    with pytest.raises(Refused) as refused:
        guidance.tick(li, opp, ["plan", "vist"])
    assert "visit" in refused.value.hint
    assert _states(guidance.checklist(li, opp)) == [("visit", "due"), ("plan", "due")]


def test_a_step_that_was_passed_is_forgotten(li: Context) -> None:
    opp = _opp(li, amount="20k", solution="all", stage="track")
    guidance.tick(li, opp, ["visit"])
    opportunity.advance(li, opp)
    assert _states(guidance.checklist(li, opp)) == [("visit", "done"), ("plan", "forgotten")]
    told = {(one.kind, one.command) for one in guidance.next_steps(li, opp)}
    assert ("forgotten", f"crm opp checklist {opp} --done track/plan") in told


def test_what_comes_next(li: Context) -> None:
    """First where it stands, then what is to be done, then what the move still lacks, and when nothing does, the move."""
    opp = _opp(li)
    found = guidance.next_steps(li, opp)
    assert [one.kind for one in found] == ["stage", "guide", "step", "step", "missing"]
    assert found[0].text == "In track for 0 of 60 days."
    assert found[1].text == "Find out who decides."
    assert "amount, solution" in found[-1].text
    records.edit(li, "opp", opp, {"amount": "20k", "solution": "all"})
    guidance.tick(li, opp, ["visit", "plan"])
    last = guidance.next_steps(li, opp)[-1]
    assert (last.kind, last.command) == ("move", f"crm opp advance {opp} --to bid")
    opportunity.advance(li, opp)
    assert ("task", "Write the bid, by 2026-11-23") in [
        (one.kind, one.text) for one in guidance.next_steps(li, opp)
    ]
    opportunity.advance(li, opp)
    assert guidance.next_steps(li, opp)[-1].kind == "close"
    resting.suspend(li, opp, date(2027, 1, 1))
    assert [one.command for one in guidance.next_steps(li, opp)] == [f"crm opp reactivate {opp}"]


# -- stuck ----------------------------------------------------------------------------------------------------------


def test_fifteen_days_in_a_stage_of_fourteen(everywhere: Context, store_url: str) -> None:
    """WX-62: max 14 days in bid; when 15 have passed it is listed, with both clocks, and escalated once."""
    li = everywhere
    opp = _opp(li, stage="bid")
    _other = _opp(li, name="Other", stage="track")
    with _on(li, "2026-12-04") as day_14:
        assert stuck.opportunities(day_14) == []
    with _on(li, "2026-12-05") as day_15:
        (row,) = stuck.opportunities(day_15)
        assert (row["ref"], row["days"], row["allowed"], row["over"], row["why"]) == (opp, 15, 14, 1, "over")
        assert (row["quiet"], row["action"]) == (15, "opp add")
    with Context.open(flags={"db": store_url}, now="2026-12-05T10:00:00+08:00") as admin:
        assert [one["ref"] for one in stuck.tell(admin)] == [opp]
        assert stuck.tell(admin) == []
    for login in ("li", "chen"):
        with Context.open(flags={"db": store_url}, now="2026-12-05T11:00:00+08:00", login=login) as ctx:
            told = [one["text"] for one in notices.inbox(ctx)]
            assert told == ["Deal is in its stage for 15 days, longer than allowed"], login


def test_both_clocks(everywhere: Context) -> None:
    """In track since 20 Nov (60 days allowed). Adjusted on 1 Dec, its task done on 10 Dec, given away on 20 Dec.

    On 31 Dec it is 41 days in its stage; the last real action was the task, 21 days ago: moving it to somebody is none.
    """
    li = everywhere
    opp = _opp(li)
    with _on(li, "2026-12-01") as ctx:
        opportunity.adjust(ctx, opp, {"probability": "35"})
        with ctx.transaction("task.add") as tx:
            task = tasks.make(ctx, tx, "Call them", ctx.actor.id, ("opp", int(opp[2:])))
    with _on(li, "2026-12-10") as ctx:
        tasks.done(ctx, f"T-{task.id}")
    with _on(li, "2026-12-20") as ctx:
        records.edit(ctx, "opp", opp, {"note": "moved the file"})
    with _on(li, "2026-12-30") as ctx:
        assert stuck.opportunities(ctx) == []
    with _on(li, "2026-12-31") as ctx:
        (row,) = stuck.opportunities(ctx)
        assert (row["days"], row["quiet"], row["why"], row["action"]) == (41, 21, "quiet", "task done")
        assert str(row["action_at"])[:10] == "2026-12-10"
        assert stuck.opportunities(ctx, "amount > 1m") == []


def test_what_rests_is_not_stuck_until_its_day_is_past(li: Context) -> None:
    opp = _opp(li, stage="bid")
    resting.suspend(li, opp, date(2026, 12, 24))
    with _on(li, "2026-12-24") as ctx:
        assert stuck.opportunities(ctx) == []
    with _on(li, "2026-12-25") as ctx:
        assert [(row["ref"], row["why"]) for row in stuck.opportunities(ctx)] == [(opp, "awake")]


def test_a_lead_for_too_long_in_one_state(li: Context) -> None:
    from crmtui.services import lead

    slow = f"L-{records.add(li, 'lead', {'company': 'Slow'}).id}"
    quick = f"L-{records.add(li, 'lead', {'company': 'Quick'}).id}"
    with _on(li, "2026-12-01") as ctx:
        lead.qualify(ctx, quick)
    with _on(li, "2026-12-05") as ctx:
        (row,) = stuck.leads(ctx)
        assert (row["ref"], row["days"], row["allowed"], row["over"]) == (slow, 15, 14, 1)
        assert {one["ref"] for one in stuck.leads(ctx, 3)} == {slow, quick}
