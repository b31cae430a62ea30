"""Approvals: who is asked, what happens when they agree or do not, and what is never allowed (WX-08, ZSC-06, 8TM-25/28)."""

import shutil
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from crmtui.errors import CrmError, Forbidden, Invalid, NotFound, Refused
from crmtui.money import Money
from crmtui.services import approval_views, approvals, flow_text, journal, notices, opportunity, records
from crmtui.services.context import Context
from crmtui.services.reversal import undo
from tests.people import NOW
from tests.postgres import Server

ONE = "one_login = true\n"


def flow(
    verb: str = "opp.adjust", condition: str = "", *steps: str, code: str = "f", position: int = 100
) -> str:
    """A flow as text; each step is the inside of its table."""
    when = f'if = "{condition}"\n' if condition else ""
    head = f'[[flow]]\ncode = "{code}"\nverb = "{verb}"\nposition = {position}\n{ONE}{when}'
    return head + "".join(f"[[flow.step]]\n{step}\n" for step in steps or ('who = "superior"',))


@dataclass
class Company:
    """Zhou above Chen above Li and Wang; Mei is a technician, who sees no opportunity of theirs."""

    url: str
    _open: dict[str | None, Context] = field(default_factory=dict)

    @contextmanager
    def as_(self, login: str | None = None, **more: Any) -> Iterator[Context]:
        """The context of a person, kept open for as long as the test runs; with options one of its own."""
        if more:
            with Context.open(flags={"db": self.url}, now=NOW, login=login, **more) as ctx:
                yield ctx
            return
        if login not in self._open:
            self._open[login] = Context.open(flags={"db": self.url}, now=NOW, login=login)
        yield self._open[login]

    def close(self) -> None:
        for ctx in self._open.values():
            ctx.close()
        self._open.clear()

    def apply(self, *texts: str) -> None:
        with self.as_() as ctx:
            flow_text.apply(ctx, "".join(texts))

    def adjust(self, login: str = "li", submit: bool = False, ref: str = "O-1", **given: object) -> Any:
        with self.as_(login) as ctx:
            return opportunity.adjust(ctx, ref, given, submit=submit)

    def ok(self, login: str, ref: str = "AP-1", note: str = "") -> str:
        with self.as_(login) as ctx:
            return str(approvals.ok(ctx, ref, note).state)

    def reject(self, login: str, ref: str = "AP-1", reason: str = "no") -> str:
        with self.as_(login) as ctx:
            return str(approvals.reject(ctx, ref, reason).state)

    def opp(self, ref: str = "O-1") -> dict[str, Any]:
        with self.as_() as ctx:
            return records.show(ctx, "opp", ref)

    def state(self, ref: str = "AP-1") -> dict[str, Any]:
        with self.as_() as ctx:
            return records.show(ctx, "approval", ref)

    def asked(self, ref: str = "AP-1") -> list[tuple[int, str, str | None, bool, str | None]]:
        with self.as_() as ctx:
            steps = approval_views.track(ctx, ref)["steps"]
        return [(one["step"], one["who"], one["instead_of"], one["turn"], one["said"]) for one in steps]

    def told(self, login: str) -> list[str]:
        with self.as_(login) as ctx:
            return [row["kind"] for row in notices.inbox(ctx, everything=True)]

    def waiting(self, login: str) -> list[str]:
        with self.as_(login) as ctx:
            return [row["ref"] for row in approval_views.inbox(ctx)]


PEOPLE = (
    ("zhou", "general-manager", ""),
    ("chen", "manager", "zhou"),
    ("li", "rep", "chen"),
    ("wang", "rep", "chen"),
    ("mei", "technician", ""),
)


def settle_in(company: Company) -> None:
    with company.as_() as ctx:
        for login, role, manager in PEOPLE:
            given = {"name": login.title(), "login": login, "role": role}
            records.add(ctx, "user", {**given, **({"manager": manager} if manager else {})})
    with company.as_("li") as ctx:
        records.add(ctx, "account", {"name": "Acme"})
        given = {"name": "Hall", "account": "Acme", "amount": "200000", "probability": "50"}
        records.add(ctx, "opp", {**given, "expected_close_on": "2027-04-30"})
    company.close()


@pytest.fixture(scope="module")
def settled(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the company in it, to be copied for each test."""
    path = tmp_path_factory.mktemp("company") / "crm.db"
    shutil.copyfile(sqlite_template, path)
    settle_in(Company(f"sqlite:///{path}"))
    return path


@pytest.fixture
def company(settled: Path, tmp_path: Path) -> Iterator[Company]:
    path = tmp_path / "crm.db"
    shutil.copyfile(settled, path)
    made = Company(f"sqlite:///{path}")
    yield made
    made.close()


@pytest.fixture(scope="module")
def settled_pg(pg_server: Server, pg_template: str) -> Iterator[str]:
    """The name of a database with the company in it."""
    name = f"company_{uuid.uuid4().hex}"
    pg_server.create_database(name, template=pg_template)
    settle_in(Company(pg_server.url(name)))
    yield name
    pg_server.drop_database(name)


@pytest.fixture
def on_pg(pg_server: Server, settled_pg: str) -> Iterator[Company]:
    name = f"test_{uuid.uuid4().hex}"
    pg_server.create_database(name, template=settled_pg)
    made = Company(pg_server.url(name))
    yield made
    made.close()
    pg_server.drop_database(name)


@pytest.fixture(params=["company", "on_pg"])
def either(request: pytest.FixtureRequest) -> Company:
    """The company, once on each kind of store."""
    made: Company = request.getfixturevalue(request.param)
    return made


def figures(of: dict[str, Any]) -> tuple[Any, Any, Any]:
    return of["amount"], of["probability"], of["expected_close_on"]


BEFORE = (Money(200_000_00, "USD"), 50, date(2027, 4, 30))
AFTER = (Money(260_000_00, "USD"), 80, date(2027, 5, 15))


# Asking


def test_a_change_waits_until_the_superior_agrees_and_is_then_made(either: Company) -> None:
    either.apply(flow())
    given = {"amount": "260000", "probability": "80", "expected_close_on": "2027-05-15"}
    either.adjust(**given)
    assert figures(either.opp()) == BEFORE
    assert either.asked() == [(1, "Chen", None, True, None)]
    assert (either.waiting("chen"), either.waiting("zhou")) == (["AP-1"], [])
    assert either.told("chen") == ["approval.waiting"]
    assert either.ok("chen") == "approved"
    assert figures(either.opp()) == AFTER
    assert either.told("li") == ["approval.approved"]
    assert either.waiting("chen") == []


def test_where_no_flow_applies_nobody_is_asked(company: Company) -> None:
    company.apply(flow("opp.adjust", "probability >= 80"))
    company.adjust(amount="210000")
    assert company.opp()["amount"] == Money(210_000_00, "USD")
    company.adjust(probability="80")
    assert company.opp()["probability"] == 50
    assert company.waiting("chen") == ["AP-1"]


def test_to_submit_is_to_ask_whether_a_flow_applies_or_not(company: Company) -> None:
    company.adjust(submit=True, amount="201000")
    assert figures(company.opp()) == BEFORE
    assert company.asked() == [(1, "Chen", None, True, None)]


# 200,000 changed by more than 20 %: above 240,000 or below 160,000. 240,000 is exactly 20 %.
@pytest.mark.parametrize(
    ("amount", "waits"), [("240000", False), ("240000.01", True), ("160000", False), ("159999", True)]
)
def test_a_change_is_measured_in_percent_of_what_stood_there(
    company: Company, amount: str, waits: bool
) -> None:
    company.apply(flow("opp.adjust", "amount_change > 20"))
    company.adjust(amount=amount)
    assert bool(company.waiting("chen")) == waits


def test_the_first_flow_by_position_whose_condition_holds_is_the_one(company: Company) -> None:
    company.apply(
        flow("opp.adjust", "", 'who = "superior 2"', code="any", position=20),
        flow(
            "opp.adjust",
            "not amount_change < 50 and state = open",
            'who = "user mei"',
            code="half",
            position=10,
        ),
    )
    company.adjust(amount="220000")
    company.adjust(probability="10", ref="O-1")
    assert [row[1] for row in company.asked("AP-1") + company.asked("AP-2")] == ["Zhou", "Zhou"]
    with company.as_("li") as ctx:
        approvals.recall(ctx, "AP-1")
    company.adjust(amount="300000")
    assert company.asked("AP-3")[0][1] == "Mei"


def test_what_is_edited_has_to_be_asked_for_like_an_adjustment(either: Company) -> None:
    either.apply(flow("opp.adjust", "amount_change > 20"))
    with either.as_("li") as ctx:
        with pytest.raises(Refused) as told:
            records.edit(ctx, "opp", "O-1", {"amount": "500000", "need": "more"})
        assert told.value.code == "opp.needs_approval"
        with pytest.raises(Refused):
            records.edit_where(ctx, "opp", "name = Hall", {"amount": "500000"})
        records.edit(ctx, "opp", "O-1", {"amount": "210000", "need": "more"})
    assert (either.opp()["amount"], either.opp()["need"]) == (Money(210_000_00, "USD"), "more")


def test_an_import_states_facts_and_asks_nobody(company: Company, tmp_path: Any) -> None:
    company.apply(flow())
    with company.as_() as ctx, ctx.transaction("opp.import") as tx:
        records.insert(ctx, tx, "opp", {"name": "Fact", "amount": 5, "owner_id": 4}, facts=True)
    assert company.waiting("chen") == []


def test_the_record_stays_editable_and_is_compared_when_it_is_approved(company: Company) -> None:
    company.apply(flow())
    company.adjust(amount="260000")
    with company.as_("li") as ctx:
        records.edit(ctx, "opp", "O-1", {"need": "two cranes"})
    assert company.ok("chen") == "approved"
    assert (company.opp()["amount"], company.opp()["need"]) == (Money(260_000_00, "USD"), "two cranes")


def test_what_was_changed_meanwhile_is_in_conflict_and_stays(either: Company) -> None:
    either.apply(flow("opp.adjust", "amount_change > 20"))
    either.adjust(amount="260000")
    either.adjust(amount="205000")
    assert either.ok("chen") == "conflict"
    assert either.opp()["amount"] == Money(205_000_00, "USD")
    assert "amount" in either.state()["reason"]
    assert either.told("li") == ["approval.conflict"]


def test_what_can_no_longer_be_done_is_in_conflict(company: Company) -> None:
    company.apply(flow())
    company.adjust(amount="260000")
    with company.as_("li") as ctx:
        opportunity.close(ctx, "O-1", won=True, summary="signed early")
    assert company.ok("chen") == "conflict"
    assert company.opp()["amount"] == Money(200_000_00, "USD")


def test_one_submission_may_carry_the_stage_as_well(company: Company) -> None:
    company.apply(flow())
    stages = [row["code"] for row in _stages(company)]
    company.adjust(stage=stages[3], amount="260000", probability="80")
    assert company.opp()["stage"] == stages[0]
    assert company.ok("chen") == "approved"
    done = company.opp()
    assert (done["stage"], done["amount"], done["probability"]) == (stages[3], Money(260_000_00, "USD"), 80)


def _stages(company: Company) -> list[dict[str, Any]]:
    with company.as_() as ctx:
        return list(records.find(ctx, "stage", where="process = default", sort="position").rows)


def test_the_same_is_not_asked_for_twice_and_something_else_may_be(company: Company) -> None:
    company.apply(flow())
    company.adjust(amount="260000")
    with pytest.raises(Refused) as told:
        company.adjust(amount="270000", probability="10")
    assert told.value.code == "approval.asked"
    company.adjust(probability="80")
    assert company.waiting("chen") == ["AP-1", "AP-2"]


# Who is asked


def test_steps_follow_each_other(either: Company) -> None:
    either.apply(flow("opp.adjust", "", 'who = "superior"', 'who = "superior 2"'))
    either.adjust(amount="260000")
    assert (either.waiting("chen"), either.waiting("zhou")) == (["AP-1"], [])
    with pytest.raises(Refused) as told:
        either.ok("zhou")
    assert told.value.code == "approval.not_your_turn"
    assert either.ok("chen") == "pending"
    assert figures(either.opp()) == BEFORE
    assert either.ok("zhou") == "approved"


def test_a_step_may_hold_only_sometimes(company: Company) -> None:
    company.apply(flow("opp.adjust", "", 'who = "superior"', 'who = "superior 2"\nif = "amount_change > 20"'))
    company.adjust(amount="210000")
    assert company.ok("chen") == "approved"
    company.adjust(amount="400000")
    assert company.ok("chen", "AP-2") == "pending"


@pytest.mark.parametrize("mode", ["any", "all", "turn"])
def test_of_several_people_one_all_or_all_in_turn_decide(company: Company, mode: str) -> None:
    with company.as_() as ctx:
        records.add(ctx, "user", {"name": "Ning", "login": "ning", "role": "technician"})
    company.apply(flow("opp.adjust", "", f'who = "role technician"\nmode = "{mode}"'))
    company.adjust(amount="260000")
    assert company.waiting("mei") == ["AP-1"]
    assert company.waiting("ning") == ([] if mode == "turn" else ["AP-1"])
    assert company.ok("mei") == ("approved" if mode == "any" else "pending")
    assert company.waiting("ning") == ([] if mode == "any" else ["AP-1"])
    if mode != "any":
        assert company.ok("ning") == "approved"


def test_an_approver_who_may_not_see_the_record_decides_all_the_same(either: Company) -> None:
    either.apply(flow("opp.adjust", "", 'who = "user mei"'))
    either.adjust(amount="260000")
    with either.as_("mei") as ctx:
        with pytest.raises(NotFound):
            records.show(ctx, "opp", "O-1")
        assert approval_views.inbox(ctx)[0]["change"] == "amount: 200,000.00 → 260,000.00"
    assert either.ok("mei") == "approved"
    assert either.opp()["amount"] == Money(260_000_00, "USD")


def test_who_is_away_is_stood_in_for(company: Company) -> None:
    company.apply(flow())
    with company.as_() as ctx:
        records.edit(
            ctx, "user", "chen", {"away_from": "2026-11-18", "away_until": "2026-11-20", "delegate": "mei"}
        )
    company.adjust(amount="260000")
    assert company.asked() == [(1, "Mei", "Chen", True, None)]
    with company.as_() as ctx:
        records.edit(ctx, "user", "chen", {"away_until": "2026-11-19"})
    company.adjust(probability="10")
    assert company.asked("AP-2") == [(1, "Chen", None, True, None)]


def test_who_is_away_without_anybody_standing_in_is_passed_over_upwards(company: Company) -> None:
    company.apply(flow())
    with company.as_() as ctx:
        records.edit(ctx, "user", "chen", {"away_from": "2026-11-18"})
    company.adjust(amount="260000")
    assert company.asked()[0][1] == "Zhou"


def test_nobody_stands_in_for_the_approver_of_their_own_request(company: Company) -> None:
    company.apply(flow())
    with company.as_() as ctx:
        records.edit(ctx, "user", "chen", {"away_from": "2026-11-18", "delegate": "li"})
    company.adjust(amount="260000")
    assert company.asked()[0][1] == "Zhou"


def test_a_step_that_finds_nobody_does_as_it_says(company: Company) -> None:
    for code, empty in (("skip", "skip"), ("admin", "admin"), ("refuse", "refuse")):
        company.apply(flow("opp.adjust", "", f'who = "owner"\nempty = "{empty}"', code=code, position=1))
        if empty == "skip":
            company.adjust(amount="260000")
            assert company.opp()["amount"] == Money(260_000_00, "USD")
        elif empty == "admin":
            company.adjust(amount="270000")
            assert company.asked()[0][1] not in ("Li", "Chen", "Zhou")
            with company.as_("li") as ctx:
                approvals.recall(ctx, "AP-1")
        else:
            with pytest.raises(Refused) as told:
                company.adjust(amount="280000")
            assert told.value.code == "approval.nobody"
        with company.as_() as ctx:
            records.archive(ctx, "flow", code)


def test_at_the_top_the_administrators_decide(company: Company) -> None:
    with company.as_("zhou") as ctx:
        opportunity.adjust(ctx, "O-1", {"amount": "260000"}, submit=True)
    [(_, who, _, turn, _)] = company.asked()
    assert turn
    assert who not in {name.title() for name, _, _ in PEOPLE}


# Deciding


def test_rejected_with_the_reason_nothing_is_done(company: Company) -> None:
    company.apply(flow())
    company.adjust(amount="260000")
    with pytest.raises(Refused):
        company.reject("chen", reason=" ")
    assert company.reject("chen", reason="too high") == "rejected"
    assert (company.opp()["amount"], company.state()["reason"]) == (Money(200_000_00, "USD"), "too high")
    assert company.told("li") == ["approval.rejected"]
    with pytest.raises(Refused) as told:
        company.ok("chen")
    assert told.value.code == "approval.decided"


def test_only_who_asked_takes_it_back_and_the_approver_is_told(company: Company) -> None:
    company.apply(flow())
    company.adjust(amount="260000")
    with company.as_("chen") as ctx, pytest.raises(Refused):
        approvals.recall(ctx, "AP-1")
    with company.as_("li") as ctx:
        assert approvals.recall(ctx, "AP-1").state == "recalled"
        with pytest.raises(Refused):
            approvals.recall(ctx, "AP-1")
    assert company.told("chen") == ["approval.recalled", "approval.waiting"]
    company.adjust(amount="270000")
    assert company.waiting("chen") == ["AP-2"]


def test_nobody_decides_on_their_own_request(company: Company) -> None:
    company.apply(flow("opp.adjust", "", 'who = "role rep"'))
    company.adjust(amount="260000")
    assert [row[1] for row in company.asked()] == ["Wang"]
    with pytest.raises(Refused) as told:
        company.ok("li")
    assert told.value.code == "approval.own"
    with pytest.raises(Refused) as told:
        company.ok("chen")
    assert told.value.code == "approval.not_your_turn"


def test_the_store_itself_holds_no_vote_on_ones_own_request(either: Company) -> None:
    either.apply(flow())
    either.adjust(amount="260000")
    with either.as_() as ctx, pytest.raises(Invalid, match="approval_vote_not_own"):  # noqa: SIM117
        with ctx.transaction("approval.ok") as tx:
            tx.session.execute(text("UPDATE approval_vote SET user_id = requester_id"))


def test_one_login_does_not_ask_under_one_name_and_decide_under_another(either: Company) -> None:
    either.apply(flow().replace(ONE, ""))
    either.adjust(amount="260000")
    with pytest.raises(Refused) as told:
        either.ok("chen")
    assert told.value.code == "approval.own"
    assert figures(either.opp()) == BEFORE


def test_many_are_decided_each_for_itself_and_taken_back_together(either: Company) -> None:
    either.apply(flow())
    with either.as_("li") as ctx:
        for name in ("Barn", "Shed"):
            given = {"name": name, "account": "Acme", "amount": "100", "expected_close_on": "2027-04-30"}
            records.add(ctx, "opp", given)
    for ref in ("O-1", "O-2", "O-3"):
        either.adjust(ref=ref, amount="900")
    with either.as_("li") as ctx:
        approvals.recall(ctx, "AP-2")
    with either.as_("chen") as ctx:
        done, failed = approvals.many(ctx, "ok", ["AP-1", "AP-2", "AP-3", "AP-9"])
        assert [row.id for row in done] == [1, 3]
        assert [(fault.ref, fault.error.code) for fault in failed] == [
            ("AP-2", "approval.decided"),
            ("AP-9", "record.not_found"),
        ]
        tx = str(ctx.last_tx)
    assert [either.opp(ref)["amount"].minor for ref in ("O-1", "O-2", "O-3")] == [90000, 10000, 90000]
    with either.as_() as ctx:
        undo(ctx, tx)
    assert [either.opp(ref)["amount"].minor for ref in ("O-1", "O-2", "O-3")] == [20000000, 10000, 10000]
    assert either.waiting("chen") == ["AP-1", "AP-3"]


def test_a_dry_run_of_a_decision_changes_nothing(company: Company) -> None:
    company.apply(flow())
    company.adjust(amount="260000")
    with company.as_("chen", dry_run=True) as ctx:
        assert approvals.ok(ctx, "AP-1").state == "approved"
        assert records.show(ctx, "opp", "O-1")["amount"] == Money(260_000_00, "USD")
    assert (company.opp()["amount"], company.waiting("chen")) == (Money(200_000_00, "USD"), ["AP-1"])


def test_a_request_is_taken_back_by_undo_although_its_notice_was_read(either: Company) -> None:
    either.apply(flow())
    with either.as_("li") as ctx:
        opportunity.adjust(ctx, "O-1", {"amount": "260000"})
        tx = str(ctx.last_tx)
    with either.as_("chen") as ctx:
        assert notices.read(ctx) == 1
    with either.as_("li") as ctx:
        undo(ctx, tx)
    assert (either.waiting("chen"), either.told("chen")) == ([], [])


def test_who_said_what_stands_in_the_history(company: Company) -> None:
    company.apply(flow())
    company.adjust(amount="260000")
    company.ok("chen", note="fair")
    with company.as_() as ctx:
        rows = journal.history(ctx, "opp", "O-1")
        [row] = [row for row in rows if row["field"] == "amount" and row["before"]]
    assert (row["verb"], row["actor"], row["note"]) == ("approval.ok", "Chen", "fair")


def test_an_approver_whose_address_is_known_is_also_told_by_mail(company: Company) -> None:
    company.apply(flow("opp.adjust", "", 'who = "superior"', 'who = "superior 2"'))
    with company.as_() as ctx:
        records.edit(ctx, "user", "zhou", {"email": "zhou@example.com"})
    company.adjust(amount="260000")
    with company.as_() as ctx:
        assert records.count_where(ctx, "outbox") == 0
    company.ok("chen")
    with company.as_() as ctx:
        [mail] = records.find(ctx, "outbox", fields=["to", "subject", "about"]).rows
    assert (mail["to"], mail["about"].ref) == ("zhou@example.com", "AP-1")
    assert mail["subject"].startswith("Chen asks for your approval of Hall")


def test_where_requests_stand(either: Company) -> None:
    either.apply(flow())
    either.adjust(amount="260000")
    either.adjust(probability="10")
    with either.as_() as ctx:
        rows = [(row["flow"], row["step"], row["who"], row["waiting"]) for row in approval_views.waiting(ctx)]
    assert rows == [("f", 1, "Chen", 2)]


def test_nobody_rewrites_a_request_or_what_was_told(company: Company) -> None:
    company.apply(flow())
    company.adjust(amount="260000")
    for login, noun in (("li", "approval"), ("chen", "approval"), ("chen", "notice")):
        with company.as_(login) as ctx, pytest.raises(Forbidden):
            records.edit(ctx, noun, "1", {"owner": "wang"})
        for change in (
            lambda ctx, noun=noun: records.edit(ctx, noun, "1", {"note": "rewritten"}),
            lambda ctx, noun=noun: records.archive(ctx, noun, "1"),
        ):
            with company.as_(login) as ctx, pytest.raises(Forbidden):
                change(ctx)


def test_others_do_not_see_the_request(company: Company) -> None:
    company.apply(flow())
    company.adjust(amount="260000")
    with company.as_("wang") as ctx:
        assert list(records.find(ctx, "approval").rows) == []
        with pytest.raises(NotFound):
            approvals.ok(ctx, "AP-1")


def test_of_those_who_decide_at_once_one_is_heard(either: Company) -> None:
    either.apply(flow())
    either.adjust(amount="260000")

    def decide(_number: int) -> str:
        try:
            with either.as_("chen", note="") as ctx:
                return str(approvals.ok(ctx, "AP-1").state)
        except Refused as error:
            return error.code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(decide, range(8))) == ["approval.decided"] * 7 + ["approved"]
    with either.as_() as ctx:
        history = journal.history(ctx, "opp", "O-1")
    assert [row["after"] for row in history if row["field"] == "amount"] == [Money(260_000_00, "USD")]


# Flows as text


def test_what_is_exported_is_what_was_applied(either: Company) -> None:
    either.apply(
        flow(
            "opp.adjust", "probability >= 80", 'who = "superior 2"\nmode = "all"\nempty = "admin"', code="one"
        ),
        flow(
            "quote.submit", "", 'who = "role manager"', 'who = "user mei"\nif = "state = draft"', code="two"
        ),
    )
    with either.as_() as ctx:
        text = flow_text.export(ctx)
        assert [one.change for one in flow_text.apply(ctx, text)] == ["unchanged", "unchanged"]
        assert flow_text.export(ctx) == text
        changed = flow_text.apply(ctx, text.replace('who = "user mei"', 'who = "user chen"'))
        assert [(one.code, one.change) for one in changed] == [("one", "unchanged"), ("two", "changed")]
        records.archive(ctx, "flow", "one")
        assert "superior 2" not in flow_text.export(ctx)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[[flow", "flow.syntax"),
        ("a = 1", "flow.shape"),
        ('[[flow]]\ncode = "x"\nverb = "opp.adjust"', "flow.no_approver"),
        ('[[flow]]\ncode = "x"\nverb = "opp.adjust"\n[[flow.step]]\nmode = "any"', "flow.no_approver"),
        (flow("opp.dance"), "flow.verb"),
        (flow("opp.adjust", "amuont > 5"), "condition.field"),
        (flow("opp.adjust", "amount_change > much"), "flow.change"),
        (flow("opp.adjust", "", 'who = "somebody"'), "flow.who"),
        (flow("opp.adjust", "", 'who = "user nobody"'), "record.not_found"),
        (flow("opp.adjust", "", 'who = "superior"\nmode = "most"'), "flow.word"),
        (flow("opp.adjust", "", 'whom = "superior"'), "flow.key"),
        (flow() + flow(), "flow.twice"),
        (flow(code="No Code"), "flow.code"),
    ],
)
def test_a_flow_that_cannot_work_is_refused_and_changes_nothing(
    company: Company, text: str, code: str
) -> None:
    with company.as_() as ctx:
        with pytest.raises(CrmError) as told:
            flow_text.apply(
                ctx, flow(code="good") + text if code not in ("flow.syntax", "flow.shape") else text
            )
        assert told.value.code == code
        assert isinstance(told.value, Invalid | NotFound)
        assert str(told.value)
        assert records.count_where(ctx, "flow") == 0
        assert flow_text.export(ctx) == "# no flows\n"
