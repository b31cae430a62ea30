"""The way of an opportunity, and several changes as one."""

import pytest

from crmtui.errors import Refused
from crmtui.services import opportunity, records, stages, undoing
from crmtui.services.context import Context


def _opp(ctx: Context, name: str) -> str:
    if records.count_where(ctx, "account") == 0:
        records.add(ctx, "account", {"name": "Acme"})
    given = {"name": name, "account": "A-1", "expected_close_on": "2026-12-01"}
    return f"O-{records.add(ctx, 'opp', given).id}"


def test_the_way_is_walked_both_ways(ctx: Context) -> None:
    """One stage on, and what stands behind is passed."""
    ref = _opp(ctx, "One")
    first = stages.path(ctx, ref)
    assert [station.here for station in first][:2] == [True, False]
    assert stages.move(ctx, ref, 1) == first[1].name
    way = stages.path(ctx, ref)
    assert [(station.passed, station.here) for station in way][:3] == [
        (True, False),
        (False, True),
        (False, False),
    ]
    assert way[0].days == 0


def test_the_ends_are_ends(ctx: Context) -> None:
    """Before the first and behind the last stage there is nothing."""
    ref = _opp(ctx, "One")
    with pytest.raises(Refused):
        stages.move(ctx, ref, -1)
    for _ in range(len(stages.path(ctx, ref)) - 1):
        stages.move(ctx, ref, 1)
    with pytest.raises(Refused):
        stages.move(ctx, ref, 1)


def test_several_changes_are_one_step(ctx: Context) -> None:
    """One transaction, one undo; and nothing at all when one of them is refused."""
    one, two = _opp(ctx, "One"), _opp(ctx, "Two")
    with ctx.together("opp.advance"):
        for ref in (one, two):
            stages.move(ctx, ref, 1)
    assert {records.show(ctx, "opp", ref)["stage"] for ref in (one, two)} == {stages.path(ctx, one)[1].code}
    undoing.back(ctx)
    assert {records.show(ctx, "opp", ref)["stage"] for ref in (one, two)} == {stages.path(ctx, one)[0].code}
    opportunity.close(ctx, two, won=True, summary="Done", amount="5")

    def both() -> None:
        with ctx.together("opp.advance"):
            for ref in (one, two):
                stages.move(ctx, ref, 1)

    with pytest.raises(Refused):
        both()
    assert records.show(ctx, "opp", one)["stage"] == stages.path(ctx, one)[0].code
