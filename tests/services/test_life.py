"""The life from lead to deal against a model in plain Python: whatever is done in whatever order, both agree."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from crmtui.errors import Refused
from crmtui.services import lead, opportunity, purging, records, resting, reversal
from crmtui.services.context import Context
from crmtui.store.record import table
from tests.conftest import NOW

STAGES = {
    "prospecting": (10, "pipeline"),
    "identifying": (25, "pipeline"),
    "needs-analysis": (40, "pipeline"),
    "proposal": (55, "best"),
    "negotiation": (75, "commit"),
    "contract": (90, "commit"),
}
"""8TM-41 with the win rates that the program ships."""
ORDER = list(STAGES)
NUMBERS = count(1)


@dataclass(frozen=True)
class Deal:
    """What the model knows of an opportunity."""

    amount: int | None
    state: str = "open"
    stage: str = "prospecting"
    probability: int = 10
    category: str = "pipeline"
    archived: bool = False

    @property
    def runs(self) -> bool:
        return self.state in ("open", "suspended")


class Life(RuleBasedStateMachine):
    """Leads and opportunities, each with what the model says of it; `before` is what undo brings back."""

    ctx: Context

    def __init__(self) -> None:
        super().__init__()
        self.deals: dict[str, Deal] = {}
        self.leads: dict[str, str] = {}
        self.before: tuple[dict[str, Deal], dict[str, str]] | None = None

    def _try(self, act: Callable[[], Any], allowed: bool, ref: str, then: Deal | None) -> None:
        """Do it; where the model allows it the deal is `then` (None: gone), else it is refused and nothing has changed."""
        if allowed:
            last = self.ctx.last_tx
            act()
            if self.ctx.last_tx != last:
                self.before = dict(self.deals), dict(self.leads)
            if then is None:
                del self.deals[ref]
            else:
                self.deals[ref] = then
        else:
            with pytest.raises(Refused):
                act()
        self._agree(ref)

    def _agree(self, ref: str) -> None:
        opp = table("opp").__table__
        with self.ctx.store.engine.connect() as connection:
            row = connection.execute(opp.select().where(opp.c.id == int(ref[2:]))).first()
        if ref not in self.deals:
            assert row is None
            return
        assert row is not None
        shown = Deal(
            row.amount, row.state, row.stage, row.probability, row.category, row.archived_at is not None
        )
        assert shown == self.deals[ref]
        assert (row.suspended_at is not None) == (row.state == "suspended")
        assert (row.closed_on is not None) == (row.state in ("won", "lost", "terminated"))

    def _pick(self, number: int) -> tuple[str, Deal]:
        ref = list(self.deals)[number % len(self.deals)]
        return ref, self.deals[ref]

    some = st.integers(0, 1000)
    has_deals = precondition(lambda self: self.deals)
    has_leads = precondition(lambda self: self.leads)

    @rule(amount=st.none() | st.integers(0, 10**9))
    def add(self, amount: int | None) -> None:
        given: dict[str, object] = {"name": "Deal", "account": "1", "expected_close_on": "2026-12-24"}
        if amount is not None:
            given["amount"] = f"{amount // 100}.{amount % 100:02}"
        self.before = dict(self.deals), dict(self.leads)
        ref = f"O-{records.add(self.ctx, 'opp', given).id}"
        self.deals[ref] = Deal(amount)
        self._agree(ref)

    @has_deals
    @rule(number=some, to=st.none() | st.sampled_from(ORDER), probability=st.none() | st.integers(0, 100))
    def advance(self, number: int, to: str | None, probability: int | None) -> None:
        ref, deal = self._pick(number)
        place = ORDER.index(deal.stage) + 1
        stage = to or (ORDER[place] if place < len(ORDER) else None)
        allowed = deal.state == "open" and stage not in (None, deal.stage)
        then = deal
        if allowed and stage:
            rate, category = STAGES[stage]
            own = deal.category != STAGES[deal.stage][1]
            then = replace(deal, stage=stage, probability=rate, category=deal.category if own else category)
            then = then if probability is None else replace(then, probability=probability)
        said = None if probability is None else str(probability)
        self._try(lambda: opportunity.advance(self.ctx, ref, to, "", said), allowed, ref, then)

    @has_deals
    @rule(number=some, probability=st.integers(0, 100))
    def adjust(self, number: int, probability: int) -> None:
        ref, deal = self._pick(number)
        given: dict[str, object] = {"probability": str(probability)}
        then = replace(deal, probability=probability)
        self._try(lambda: opportunity.adjust(self.ctx, ref, given), deal.runs, ref, then)

    @has_deals
    @rule(number=some, category=st.sampled_from(["omitted", "pipeline", "best", "commit"]))
    def categorise(self, number: int, category: str) -> None:
        ref, deal = self._pick(number)
        allowed = deal.runs or deal.category == category
        act = lambda: records.edit(self.ctx, "opp", ref, {"category": category})  # noqa: E731
        self._try(act, allowed, ref, replace(deal, category=category))

    @has_deals
    @rule(number=some)
    def suspend(self, number: int) -> None:
        ref, deal = self._pick(number)
        then = replace(deal, state="suspended")
        self._try(lambda: resting.suspend(self.ctx, ref), deal.state == "open", ref, then)

    @has_deals
    @rule(number=some)
    def reactivate(self, number: int) -> None:
        ref, deal = self._pick(number)
        then = replace(deal, state="open")
        self._try(lambda: resting.reactivate(self.ctx, ref), deal.state == "suspended", ref, then)

    @has_deals
    @rule(number=some)
    def terminate(self, number: int) -> None:
        ref, deal = self._pick(number)
        then = replace(deal, state="terminated", probability=0, category="omitted")
        self._try(lambda: resting.terminate(self.ctx, ref, "given up"), deal.runs, ref, then)

    @has_deals
    @rule(number=some, won=st.booleans())
    def close(self, number: int, won: bool) -> None:
        ref, deal = self._pick(number)
        allowed = deal.runs and not (won and deal.amount is None)
        then = replace(deal, state="lost", probability=0, category="omitted")
        if won:
            then = replace(deal, state="won", probability=100, category="closed")
        why = {} if won else {"competitor": "none", "reason": "price"}
        act = lambda: opportunity.close(self.ctx, ref, won=won, summary="over", **why)  # type: ignore[arg-type]  # noqa: E731
        self._try(act, allowed, ref, then)

    @has_deals
    @rule(number=some)
    def reopen(self, number: int) -> None:
        ref, deal = self._pick(number)
        rate, category = STAGES[deal.stage]
        then = replace(deal, state="open", probability=rate, category=category)
        self._try(lambda: opportunity.reopen(self.ctx, ref), deal.state in ("won", "lost"), ref, then)

    @has_deals
    @rule(number=some, away=st.booleans())
    def put_away(self, number: int, away: bool) -> None:
        ref, deal = self._pick(number)
        act = records.archive if away else records.restore
        self._try(lambda: act(self.ctx, "opp", ref), True, ref, replace(deal, archived=away))

    @has_deals
    @rule(number=some)
    def purge(self, number: int) -> None:
        ref, deal = self._pick(number)
        self._try(lambda: purging.purge(self.ctx, ref), deal.archived and not deal.runs, ref, None)

    @rule()
    def lead_in(self) -> None:
        self.before = dict(self.deals), dict(self.leads)
        company = f"{next(NUMBERS) * 7919 % 999983:x} {next(NUMBERS) * 104729 % 999979:x}"
        self.leads[f"L-{records.add(self.ctx, 'lead', {'company': company}).id}"] = "new"

    @has_leads
    @rule(number=some, good=st.booleans())
    def judge(self, number: int, good: bool) -> None:
        ref = list(self.leads)[number % len(self.leads)]
        act = lambda: lead.qualify(self.ctx, ref) if good else lead.disqualify(self.ctx, ref, "no")  # noqa: E731
        self._lead(ref, act, self.leads[ref] != "converted", "qualified" if good else "disqualified")

    @has_leads
    @rule(number=some)
    def convert(self, number: int) -> None:
        ref = list(self.leads)[number % len(self.leads)]
        state = self.leads[ref]
        made: list[Any] = []
        given = {"expected_close_on": "2026-12-24"}
        act = lambda: made.append(lead.convert(self.ctx, ref, given))  # noqa: E731
        self._lead(ref, act, state in ("qualified", "converted"), "converted")
        if made and state == "qualified":
            opp = f"O-{made[0].opp.id}"
            self.deals[opp] = Deal(None)
            self._agree(opp)

    def _lead(self, ref: str, act: Callable[[], Any], allowed: bool, then: str) -> None:
        if allowed:
            last, before = self.ctx.last_tx, (dict(self.deals), dict(self.leads))
            act()
            self.leads[ref] = then
            if self.ctx.last_tx != last:
                self.before = before
        else:
            with pytest.raises(Refused):
                act()
        assert records.show(self.ctx, "lead", ref)["state"] == self.leads[ref]

    @precondition(lambda self: self.before is not None)
    @rule()
    def undo(self) -> None:
        assert self.before is not None
        touched = [*self.deals]
        reversal.undo(self.ctx, self.ctx.last_tx or "")
        (self.deals, self.leads), self.before = self.before, None
        for ref in {*touched, *self.deals}:
            self._agree(ref)


@contextmanager
def _lives(url: str) -> Iterator[type[Life]]:
    with Context.open(flags={"db": url}, now=NOW) as ctx:
        records.add(ctx, "account", {"name": "Acme"})
        yield type("TheLife", (Life,), {"ctx": ctx})


def _run(url: str, runs: int) -> None:
    with _lives(url) as machine:
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=runs,
                stateful_step_count=30,
                deadline=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )


def test_whatever_is_done_on_sqlite(sqlite_url: str, request: pytest.FixtureRequest) -> None:
    _run(sqlite_url, 2000 if request.config.getoption("--long") else 200)


def test_whatever_is_done_on_postgresql(pg_url: str, request: pytest.FixtureRequest) -> None:
    _run(pg_url, 200 if request.config.getoption("--long") else 50)
