"""Many who do the same at once, each a process of its own: one does it, the others get a sentence and exit 6."""

import multiprocessing
from collections import Counter
from typing import Any

import pytest

from crmtui.services import approvals, flow_text, lead, pool, records
from crmtui.services.context import Context
from tests.commands.conftest import in_process
from tests.conftest import NOW
from tests.faults.state import assert_sound

FORK = multiprocessing.get_context("fork")
PEOPLE, CLAIMS = 10, 10
FLOW = """[[flow]]
code = "large"
verb = "opp.adjust"
if = "amount_change > 20"
one_login = true
[[flow.step]]
who = "role manager"
"""
Said = tuple[int, str]
"""An exit code, and what was said on standard error."""


@pytest.fixture
def store(store_url: str, bare: object, monkeypatch: pytest.MonkeyPatch) -> str:
    """A store of each kind, with ten managers: each sees everything in their department."""
    monkeypatch.setenv("CRM_DB", store_url)
    monkeypatch.setenv("CRM_NOW", NOW)
    with Context.open(flags={"db": store_url}, now=NOW) as ctx:
        records.add(ctx, "dept", {"name": "Sales"})
        for number in range(PEOPLE):
            login = f"m{number}"
            records.add(ctx, "user", {"name": login, "login": login, "role": "manager", "dept": "Sales"})
        records.add(ctx, "user", {"name": "li", "login": "li", "role": "rep", "dept": "Sales"})
    return store_url


def _type(words: list[str], times: int, ready: Any, told: Any) -> None:
    """Type one command so often, as soon as everybody is ready; tell how each ended, whatever happens."""
    said: list[Said] = []
    try:
        ready.wait(30)
        for _ in range(times):
            done = in_process(*words)
            said.append((done.code, done.err))
    finally:
        told.put(said)


def race(*lines: str, times: int = 1) -> list[Said]:
    """Type every line in a process of its own, all at the same moment; how each of them ended."""
    ready, told = FORK.Barrier(len(lines)), FORK.Queue()
    racers = [FORK.Process(target=_type, args=(line.split(), times, ready, told)) for line in lines]
    for racer in racers:
        racer.start()
    said = [one for _ in racers for one in told.get(timeout=60)]
    for racer in racers:
        racer.join(30)
        racer.close()
    return said


def one_winner(said: list[Said], *sentences: str) -> None:
    """One did it; every other was told one of `sentences`, on one line, and left with exit 6."""
    assert Counter(code for code, _ in said) == {0: 1, 6: len(said) - 1}
    others = [err for code, err in said if code]
    assert [err for err in others if len(err.splitlines()) != 1] == []
    assert [err for err in others if not any(each in err for each in sentences)] == []


def test_of_eight_conversions_one_wins(store: str) -> None:
    with Context.open(flags={"db": store}, now=NOW) as ctx:
        made = records.add(ctx, "lead", {"company": "Acme Ltd", "contact_name": "Ann Bolt", "owner": "li"})
        lead.qualify(ctx, str(made.id))
        said = race(*(f"--as m{number} lead convert 1" for number in range(8)))
        one_winner(said, "L-1 is converted already")
        assert [records.count_where(ctx, noun, "") for noun in ("account", "contact", "opp")] == [1, 1, 1]
        assert_sound(ctx)


def test_of_eight_approvals_one_is_heard(store: str) -> None:
    """The change is made once, by one vote."""
    with Context.open(flags={"db": store}, now=NOW) as ctx:
        flow_text.apply(ctx, FLOW)
        records.add(ctx, "account", {"name": "Acme", "owner": "li"})
        deal = {"account": "1", "name": "Deal", "amount": "1000", "expected_close_on": "2027-01-31"}
        records.add(ctx, "opp", {**deal, "owner": "li"})
        assert in_process("--as", "li", "opp", "adjust", "1", "--amount", "2000").code == 0
        said = race(*(f"--as m{number} approval ok AP-1" for number in range(8)))
        one_winner(said, "AP-1 is approved already", "AP-1 does not wait for you")
        assert records.show(ctx, "opp", "1")["amount"].minor == 2000_00
        with ctx.reading() as tx, tx.without_predicate("approval"):
            assert [vote.said for vote in approvals.votes_of(tx, 1) if vote.said] == ["ok"]
        assert_sound(ctx)


def test_of_a_hundred_claims_one_wins(store: str) -> None:
    with Context.open(flags={"db": store}, now=NOW) as ctx:
        records.add(ctx, "account", {"name": "Acme", "owner": "li"})
        pool.release(ctx, ["A-1"], "no budget")
        said = race(*(f"--as m{number} pool claim A-1" for number in range(PEOPLE)), times=CLAIMS)
        assert len(said) == PEOPLE * CLAIMS
        one_winner(said, "A-1 is not in the pool", "was claimed by somebody else just now")
        assert records.show(ctx, "account", "1")["owner"].name.startswith("m")
        assert_sound(ctx)
