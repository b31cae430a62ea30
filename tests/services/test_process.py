"""Processes as TOML: written and read again, checked, put in force in versions; and what their moves ask for (WX-62)."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmtui.errors import Invalid, NotFound, Refused
from crmtui.services import (
    approvals,
    flow_text,
    guidance,
    opportunity,
    process_edit,
    process_lint,
    records,
    reversal,
    tasks,
)
from crmtui.services.context import Context
from crmtui.services.process_text import Definition, Stage, read
from crmtui.services.process_write import write
from tests.people import NOW, acting

BID = """
code = "tender"
name = "Tender"
moves = "listed"

[[stage]]
code = "track"
probability = 30
max_days = 60
guide = "Find out who decides."

[[stage.step]]
code = "visit"
text = "Visit the site"
required = true

[[stage.step]]
code = "plan"
text = "Draw a plan"

[[stage]]
code = "bid"
probability = 60
category = "best"
max_days = 14
when_over = "block"

[[stage]]
code = "sign"
probability = 95
category = "commit"

[[move]]
from = "track"
to = "bid"
required = ["amount", "solution"]
guard = "amount >= 10k"
says = "bids are made from 10k on"

[[move.task]]
title = "Write the bid"
days = 3

[[move]]
from = "bid"
to = "sign"
[move.set]
need = "signed off"

[[move]]
from = "bid"
to = "track"
"""


@pytest.fixture
def one_kind(sqlite_url: str) -> Iterator[Context]:
    """An open context on SQLite alone, for what the kind of store has no part in."""
    with Context.open(flags={"db": sqlite_url}, now=NOW) as context:
        yield context


@pytest.fixture
def tender(ctx: Context) -> Context:
    process_edit.apply(ctx, BID)
    return ctx


def _opp(ctx: Context, **given: object) -> str:
    account = records.add(ctx, "account", {"name": "Acme"})
    plain: dict[str, object] = {
        "name": "Deal",
        "account": str(account.id),
        "process": "tender",
        "expected_close_on": "2026-12-24",
    }
    return f"O-{records.add(ctx, 'opp', {**plain, **given}).id}"


# -- the text -------------------------------------------------------------------------------------------------------

_codes = st.lists(st.from_regex("[a-z][a-z0-9-]{0,8}", fullmatch=True), min_size=1, max_size=5, unique=True)
_words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@st.composite
def _definitions(draw: st.DrawFn) -> Definition:
    stages = []
    for code in draw(_codes):
        steps = [
            {"code": step, "text": draw(_words), "required": draw(st.booleans())} for step in draw(_codes)[:2]
        ]
        stages.append(
            Stage(
                code,
                draw(_words),
                draw(st.none() | _words),
                draw(st.none() | st.integers(0, 100)),
                draw(st.sampled_from(["omitted", "pipeline", "best", "commit"])),
                draw(st.none() | st.integers(1, 3650)),
                draw(st.sampled_from(["alert", "block"])),
                draw(st.none() | _words),
                tuple(steps),
            )
        )
    count = range(len(stages))
    pairs = [(one, two) for one in count for two in count if one != two]
    moves = {}
    for one, two in draw(st.sets(st.sampled_from(pairs))) if pairs else ():
        rule: dict[str, Any] = {}
        if draw(st.booleans()):
            rule["required"] = draw(st.lists(_words, min_size=1, max_size=3))
            rule["guard"] = draw(_words)
            rule["says"] = draw(_words)
        if draw(st.booleans()):
            rule["steps"] = [stages[one].steps[0]["code"]]
            rule["approval"] = True
            rule["set"] = {"need": draw(_words)}
            rule["task"] = [{"title": "Call " + draw(_words), "days": 3, "owner": "manager"}]
        moves[stages[one].code, stages[two].code] = rule
    return Definition(draw(_codes)[0], draw(_words), draw(st.none() | _words), tuple(stages), moves)


@given(_definitions())
def test_what_is_written_is_read_again(of: Definition) -> None:
    assert read(write(of)) == of


def test_the_shipped_processes_are_written_and_change_nothing(ctx: Context) -> None:
    for code, stages in (("default", 6), ("project", 7), ("bid", 4), ("project-life", 6), ("short", 5)):
        text = process_edit.export(ctx, code)
        assert len(read(text).stages) == stages
        assert len(read(text).moves) == stages * (stages - 1)
        done = process_edit.apply(ctx, text)
        assert (done.revision, done.changes) == (None, [])


WRONG = {
    "no TOML": ("code = ", "process.toml"),
    "no code": ('[[stage]]\ncode = "a"', "process.wrong"),
    "no stage": ('code = "x"', "process.no_stage"),
    "an unknown key": ('code = "x"\ncolour = 1\n[[stage]]\ncode = "a"', "process.key"),
    "a key of another kind": ('code = "x"\n[[stage]]\ncode = "a"\nprobability = "high"', "process.wrong"),
    "over a hundred": ('code = "x"\n[[stage]]\ncode = "a"\nprobability = 101', "process.wrong"),
    "a stage twice": ('code = "x"\n[[stage]]\ncode = "a"\n[[stage]]\ncode = "a"', "process.wrong"),
    "an unknown stage": (
        'code = "x"\n[[stage]]\ncode = "a"\n[[move]]\nfrom = "a"\nto = "b"',
        "process.stage_unknown",
    ),
    "a move to itself": (
        'code = "x"\n[[stage]]\ncode = "a"\n[[move]]\nfrom = "a"\nto = "a"',
        "process.wrong",
    ),
    "an unknown field": (BID.replace("solution", "solutoin"), "field.unknown"),
    "a condition on nothing": (BID.replace("amount >= 10k", "amuont >= 10k"), "condition.field"),
    "an unknown step": (
        BID.replace('guard = "amount', 'steps = ["dance"]\nguard = "amount'),
        "process.wrong",
    ),
    "a field of another verb": (BID.replace('need = "signed', 'state = "signed'), "field.has_verb"),
    "nobody": (BID.replace("days = 3", 'days = 3\nowner = "nobody"'), "record.not_found"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_told_and_changes_nothing(one_kind: Context, what: str) -> None:
    ctx = one_kind
    text, code = WRONG[what]
    found = process_lint.lint(ctx, text)
    assert [one.level for one in found if one.level == "error"], what
    assert found[0].said.code == code, str(found[0].said)
    with pytest.raises((Invalid, NotFound, Refused)):
        process_edit.apply(ctx, text)
    assert records.count_where(ctx, "process", "") == 5


def test_what_looks_wrong_is_told_too(one_kind: Context) -> None:
    """A stage that nothing leads to, one that nothing leads on from, and a falling win rate."""
    ctx = one_kind
    text = """
    code = "odd"
    moves = "listed"
    [[stage]]
    code = "a"
    probability = 50
    [[stage]]
    code = "b"
    probability = 40
    [[stage]]
    code = "c"
    """
    said = [(one.level, one.said.field) for one in process_lint.lint(ctx, text)]
    assert sorted(said) == sorted(
        [("warning", "a"), ("warning", "b"), ("warning", "b"), ("warning", "c"), ("warning", "b")]
    )
    assert process_lint.lint(ctx, BID) == []


def test_versions(ctx: Context) -> None:
    """A new version names what changed; an earlier one is put in force again; undo takes the last one back."""
    before = process_edit.export(ctx, "bid")
    after = before.replace("probability = 72", "probability = 70").replace('"listed"', '"any"')
    done = process_edit.apply(ctx, after)
    assert (done.revision, done.changes) == (
        2,
        [{"what": "stage", "which": "project-bid", "change": "changed"}],
    )
    assert read(process_edit.export(ctx, "bid")) == read(after)
    assert process_edit.export(ctx, "bid", 1) == before
    reversal.undo(ctx, ctx.last_tx or "")
    assert process_edit.export(ctx, "bid") == before
    assert process_edit.versions(ctx, "bid") == []
    process_edit.apply(ctx, after)
    again = process_edit.apply(ctx, process_edit.export(ctx, "bid", 1))
    assert again.revision == 3
    assert [one["revision"] for one in process_edit.versions(ctx, "bid")] == [3, 2, 1]
    assert process_edit.export(ctx, "bid") == before
    with pytest.raises(Invalid):
        process_edit.export(ctx, "bid", 9)


def test_a_stage_that_is_no_longer_written(tender: Context) -> None:
    """What stands in it keeps it, and may leave it for any other; a new stage takes its place in the order."""
    opp = _opp(tender, amount="20k", solution="all of it")
    text = BID.replace('code = "track"', 'code = "watch"').replace('"track"', '"watch"')
    done = process_edit.apply(tender, text)
    changed = {(one["what"], one["which"], one["change"]) for one in done.changes}
    assert {("stage", "watch", "added"), ("stage", "track", "archived")} <= changed
    assert any("1" in note and "track" in note for note in tender.notes)
    assert records.show(tender, "opp", opp)["stage"] == "track"
    opportunity.advance(tender, opp, "sign")
    with pytest.raises(Refused):
        opportunity.advance(tender, opp, "track")


# -- the moves ------------------------------------------------------------------------------------------------------


def test_a_move_that_the_process_does_not_have(tender: Context) -> None:
    opp = _opp(tender)
    with pytest.raises(Refused) as refused:
        opportunity.advance(tender, opp, "sign")
    assert refused.value.code == "opp.no_such_step"
    assert records.show(tender, "opp", opp)["stage"] == "track"


def test_all_that_is_missing_is_named(tender: Context) -> None:
    opp = _opp(tender, amount="9999")
    with pytest.raises(Refused) as refused:
        opportunity.advance(tender, opp)
    said = str(refused.value)
    assert "solution must be filled in" in said
    assert "visit" in said
    assert "plan" not in said
    assert "bids are made from 10k on" in said
    assert records.show(tender, "opp", opp)["stage"] == "track"
    assert list(records.find(tender, "task").rows) == []


def test_a_move_brings_about_what_it_says(tender: Context) -> None:
    """Everything is there: the stage changes, its task is set for three days on, and a later move sets a field."""
    opp = _opp(tender, amount="10k", solution="all of it")
    guidance.tick(tender, opp, ["visit"])
    assert opportunity.advance(tender, opp).stage == "bid"
    task = next(iter(records.find(tender, "task").rows))
    assert (task["subject"], str(task["due_on"]), task["about"].ref) == ("Write the bid", "2026-11-23", opp)
    with tender.reading() as tx:
        assert len(tasks.open_about(tx, "opp", int(opp[2:]))) == 1
    moved = opportunity.advance(tender, opp)
    assert (moved.stage, moved.need) == ("sign", "signed off")
    reversal.undo(tender, tender.last_tx or "")
    assert records.show(tender, "opp", opp)["need"] is None


def test_back_asks_for_no_steps(tender: Context) -> None:
    opp = _opp(tender, stage="bid")
    assert opportunity.advance(tender, opp, "track").stage == "track"


@pytest.fixture
def people(sqlite_url: str) -> Iterator[tuple[Context, ...]]:
    with acting(sqlite_url, "chen", "li") as contexts:
        with Context.open(flags={"db": sqlite_url}, now=NOW) as admin:
            process_edit.apply(admin, BID)
        yield contexts


def test_over_the_limit_only_a_superior_moves_it(people: tuple[Context, ...], sqlite_url: str) -> None:
    """WX-62 with the setting (A-24): 14 days are allowed in bid; on day 15 a rep cannot move it on, a manager can."""
    _chen, li = people
    opp = _opp(li, amount="20k", stage="bid")
    day_14, day_15 = "2026-12-04T09:00:00+08:00", "2026-12-05T09:00:00+08:00"
    with Context.open(flags={"db": sqlite_url}, now=day_14, login="li") as ctx:
        opportunity.advance(ctx, opp)
        reversal.undo(ctx, ctx.last_tx or "")
    with Context.open(flags={"db": sqlite_url}, now=day_15, login="li") as ctx:
        with pytest.raises(Refused) as refused:
            opportunity.advance(ctx, opp)
        assert "14 days" in str(refused.value)
    with Context.open(flags={"db": sqlite_url}, now=day_15, login="chen") as ctx:
        assert opportunity.advance(ctx, opp).stage == "sign"


FLOW = """
[[flow]]
code = "moves"
verb = "opp.advance"
if = "process = tender"
one_login = true

[[flow.step]]
who = "superior"
"""


def test_a_move_with_approval(people: tuple[Context, ...], sqlite_url: str) -> None:
    """A-44: nothing changes until the superior agrees; the move is checked again, and its tasks are set then."""
    chen, li = people
    with Context.open(flags={"db": sqlite_url}, now=NOW) as admin:
        records.edit(admin, "user", "li", {"manager": "chen"})
        process_edit.apply(admin, BID.replace('guard = "amount', 'approval = true\nguard = "amount'))
        flow_text.apply(admin, FLOW)
    opp = _opp(li, amount="10k", solution="all of it")
    with pytest.raises(Refused):
        opportunity.advance(li, opp)
    guidance.tick(li, opp, ["visit"])
    waits = opportunity.advance(li, opp, probability="70")
    assert (waits.stage, waits.probability) == ("track", 30)
    assert any(opp in note for note in li.notes)
    request = next(iter(records.find(chen, "approval").rows))["ref"]
    assert approvals.ok(chen, request).state == "approved"
    shown = records.show(li, "opp", opp)
    assert (shown["stage"], shown["probability"], shown["category"]) == ("bid", 70, "best")
    assert next(iter(records.find(li, "task").rows))["subject"] == "Write the bid"


def test_approved_in_vain(people: tuple[Context, ...], sqlite_url: str) -> None:
    """What the move asks for was taken away again before it was approved."""
    chen, li = people
    with Context.open(flags={"db": sqlite_url}, now=NOW) as admin:
        records.edit(admin, "user", "li", {"manager": "chen"})
        process_edit.apply(admin, BID.replace('guard = "amount', 'approval = true\nguard = "amount'))
        flow_text.apply(admin, FLOW)
    opp = _opp(li, amount="10k", solution="all of it")
    guidance.tick(li, opp, ["visit"])
    opportunity.advance(li, opp)
    records.edit(li, "opp", opp, {"solution": ""})
    request = next(iter(records.find(chen, "approval").rows))["ref"]
    assert approvals.ok(chen, request).state == "conflict"
    assert records.show(li, "opp", opp)["stage"] == "track"


def test_the_drawing_names_stages_and_what_moves_ask(tender: Context) -> None:
    drawn = process_edit.graph(tender, "tender")
    for word in (
        "[track]",
        "[bid]",
        "[sign]",
        "■ Visit the site",
        "□ Draw a plan",
        "amount >= 10k",
        "≤ 14 d",
    ):
        assert word in drawn
