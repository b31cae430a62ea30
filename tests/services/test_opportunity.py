"""Opportunities: through every stage of every process, adjusted, closed, reopened (WX-77, WX-79)."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from crmtui.errors import Conflict, Forbidden, Invalid, NotFound, Refused
from crmtui.services import journal, opportunity, records, role
from crmtui.services.context import Context
from tests.people import NOW, acting

LATER = "2026-11-23T18:30:00+08:00"

# As the sources have them: 8TM-41 with the project's win rates, SPC-52, ZSC-20 with WX-02's, PRO-01, 8TM-37.
PROCESSES: dict[str, list[tuple[str, str, str]]] = {
    "default": [
        ("prospecting", "Prospecting", "寻找潜在客户"),
        ("identifying", "Identifying", "识别潜在客户"),
        ("needs-analysis", "Needs analysis", "需求分析"),
        ("proposal", "Proposal", "提议"),
        ("negotiation", "Negotiation", "协商"),
        ("contract", "Contract", "签订合同"),
    ],
    "project": [
        ("first-contact", "First contact", "初次接触"),
        ("needs-confirmed", "Needs confirmed", "需求确定"),
        ("proposal-submitted", "Proposal submitted", "提交方案"),
        ("project-quote", "Project quote", "项目报价"),
        ("intent-confirmed", "Intent confirmed", "意向确定"),
        ("commercial-negotiation", "Commercial negotiation", "商务谈判"),
        ("contract-signed", "Contract signed", "合同签订"),
    ],
    "bid": [
        ("prospect-tracking", "Prospect tracking", "潜在客户跟踪"),
        ("project-bid", "Project bid", "项目投标"),
        ("business-negotiation", "Business negotiation", "商务洽谈"),
        ("contract-signing", "Contract signing", "签订合同"),
    ],
    "project-life": [
        ("customer-development", "Customer development", "客户开发"),
        ("needs-analysis", "Needs analysis", "需求分析"),
        ("solution", "Solution", "解决方案提供"),
        ("quote-and-negotiation", "Quote and negotiation", "报价和谈判"),
        ("sign-and-deliver", "Sign and deliver", "签约和交付"),
        ("after-sales", "After-sales", "售后服务"),
    ],
    "short": [
        ("prospecting", "Prospecting", "潜在客户开发"),
        ("qualification", "Discovery and qualification", "发现与资格审核"),
        ("demo", "Confirmation and demo", "确认与产品演示"),
        ("proposal", "Proposal submitted", "提交方案"),
        ("negotiation", "Negotiation to a deal", "协商达成交易"),
    ],
}
RATES = {"default": [10, 25, 40, 55, 75, 90], "bid": [36, 72, 90, 100]}


def _opp(ctx: Context, **given: object) -> str:
    """A new opportunity on a customer of its own; its ref."""
    customer = records.add(ctx, "account", {"name": "Acme"})
    plain: dict[str, object] = {
        "name": "Deal",
        "account": str(customer.id),
        "expected_close_on": "2026-12-24",
        "amount": "1000",
    }
    kept = {name: value for name, value in {**plain, **given}.items() if value is not None}
    return f"O-{records.add(ctx, 'opp', kept).id}"


@pytest.fixture
def opp(ctx: Context) -> str:
    return _opp(ctx)


@pytest.fixture
def later(ctx: Context, store_url: str) -> Iterator[Context]:
    """The same store three days on."""
    with Context.open(flags={"db": store_url}, now=LATER) as context:
        yield context


# -- the stages -----------------------------------------------------------------------------------------------------


def test_processes_of_a_new_store(ctx: Context) -> None:
    """WX-77: six stages by default, and a short process of five; WX-79: seven for projects."""
    for code, stages in PROCESSES.items():
        rows = list(records.find(ctx, "stage", where=f"process = {code}", sort="position").rows)
        assert [(row["code"], row["name"], row["name_zh"]) for row in rows] == stages
        rates = [row["probability"] for row in rows]
        assert rates == RATES.get(code, sorted(set(rates)))
    assert records.count_where(ctx, "process", "") == len(PROCESSES)


@pytest.mark.parametrize("code", PROCESSES)
def test_through_every_stage(sqlite_url: str, code: str) -> None:
    with Context.open(flags={"db": sqlite_url}, now=NOW) as ctx:
        stages = {row["code"]: row for row in records.find(ctx, "stage", where=f"process = {code}").rows}
        ref = _opp(ctx, process=code)
        for name, _, _ in PROCESSES[code]:
            shown = records.show(ctx, "opp", ref)
            assert shown["stage"] == name
            assert (shown["probability"], shown["category"]) == (
                stages[name]["probability"],
                stages[name]["category"],
            )
            if name != PROCESSES[code][-1][0]:
                opportunity.advance(ctx, ref)
        with pytest.raises(Refused) as last:
            opportunity.advance(ctx, ref)
        assert last.value.code == "opp.last_stage"
        assert f"crm opp close {ref} --won" in last.value.hint


def test_to_another_stage_forward_and_back(ctx: Context, opp: str) -> None:
    moved = opportunity.advance(ctx, opp, "Negotiation", "they said yes")
    assert (moved.stage, moved.probability, moved.category) == ("negotiation", 75, "commit")
    moved = opportunity.advance(ctx, opp, "识别潜在客户")
    assert (moved.stage, moved.probability, moved.category) == ("identifying", 25, "pipeline")
    assert opportunity.advance(ctx, opp, "proposal", probability="60").probability == 60
    notes = [row["note"] for row in journal.history(ctx, "opp", opp) if row["field"] == "stage"]
    assert notes == ["they said yes", "", ""]


def test_the_moment_of_a_move_is_kept(ctx: Context, opp: str, later: Context) -> None:
    before = records.show(ctx, "opp", opp)["stage_at"]
    assert before == ctx.clock.now()
    records.edit(later, "opp", opp, {"need": "more"})
    opportunity.adjust(later, opp, {"amount": "5"})
    assert records.show(later, "opp", opp)["stage_at"] == before
    opportunity.advance(later, opp)
    assert records.show(later, "opp", opp)["stage_at"] == later.clock.now()
    moves = [row for row in journal.history(later, "opp", opp) if row["field"] == "stage"]
    assert [(row["before"], row["after"], row["days"]) for row in moves] == [
        ("prospecting", "identifying", 3)
    ]


def test_the_category_follows_the_stage_unless_set_by_hand(ctx: Context, opp: str) -> None:
    assert records.edit(ctx, "opp", opp, {"category": "omitted"}).category == "omitted"
    assert opportunity.advance(ctx, opp, "proposal").category == "omitted"
    assert records.edit(ctx, "opp", opp, {"category": "best"}).category == "best"
    assert opportunity.advance(ctx, opp).category == "commit"


def test_moves_that_are_refused(ctx: Context, opp: str) -> None:
    with pytest.raises(Refused) as there:
        opportunity.advance(ctx, opp, "prospecting")
    assert there.value.code == "opp.no_such_step"
    assert there.value.hint == "It is there already."
    with pytest.raises(Invalid) as unknown:
        opportunity.advance(ctx, opp, "negotation")
    assert unknown.value.code == "stage.unknown"
    assert "Did you mean negotiation?" in unknown.value.hint
    with pytest.raises(NotFound):
        opportunity.advance(ctx, "O-999")
    with pytest.raises(Refused) as edited:
        records.edit(ctx, "opp", opp, {"stage": "proposal"})
    assert "crm opp advance" in edited.value.hint
    assert records.show(ctx, "opp", opp)["version"] == 1


def test_a_step_that_is_not_in_the_process(ctx: Context, opp: str) -> None:
    """A stage that the company archives is left, and not entered any more."""
    stage = next(iter(records.find(ctx, "stage", where="process = default and code = identifying").rows))
    records.archive(ctx, "stage", stage["ref"])
    with pytest.raises(Refused) as gone:
        opportunity.advance(ctx, opp, "identifying")
    assert gone.value.code == "opp.no_such_step"
    assert (
        gone.value.hint == "From prospecting it can go to: needs-analysis, proposal, negotiation, contract."
    )
    assert opportunity.advance(ctx, opp).stage == "needs-analysis"
    records.restore(ctx, "stage", stage["ref"])
    assert opportunity.advance(ctx, opp, "identifying").stage == "identifying"
    records.archive(ctx, "stage", stage["ref"])
    assert opportunity.advance(ctx, opp).stage == "needs-analysis"


def test_a_stage_of_the_company_is_reached(ctx: Context, opp: str) -> None:
    records.add(
        ctx,
        "stage",
        {"process": "default", "code": "pilot", "name": "Pilot", "probability": "80", "category": "commit"},
    )
    moved = opportunity.advance(ctx, opp, "pilot")
    assert (moved.stage, moved.probability, moved.category) == ("pilot", 80, "commit")
    assert opportunity.advance(ctx, opp, "proposal").stage == "proposal"


def test_another_process(ctx: Context, opp: str) -> None:
    with pytest.raises(Refused) as none:
        records.edit(ctx, "opp", opp, {"process": "project"})
    assert none.value.code == "opp.stage_of_other_process"
    opportunity.advance(ctx, opp, "needs-analysis")
    moved = records.edit(ctx, "opp", opp, {"process": "project-life"})
    assert moved.stage == "needs-analysis"
    assert opportunity.advance(ctx, opp).stage == "solution"


# -- adjusting ------------------------------------------------------------------------------------------------------


def test_adjusting(ctx: Context, opp: str) -> None:
    given: dict[str, object] = {"amount": "2.4M", "probability": "80", "expected_close_on": "2027-05-15"}
    done = opportunity.adjust(ctx, opp, given, "new budget")
    assert (done.amount, done.probability, done.expected_close_on) == (240_000_000, 80, date(2027, 5, 15))
    assert (done.stage, done.version) == ("prospecting", 2)
    assert opportunity.adjust(ctx, opp, {"probability": 35}).probability == 35


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", "NaN"),
        ("amount", "1e400"),
        ("amount", "1_000"),
        ("amount", "-5"),
        ("amount", "1.005"),
        ("probability", "101"),
        ("probability", "-1"),
        ("probability", "12.5"),
        ("currency", "XYZ"),
        ("expected_close_on", "2027-02-30"),
    ],
)
def test_bad_values_name_the_field(sqlite_url: str, field: str, value: str) -> None:
    with Context.open(flags={"db": sqlite_url}, now=NOW) as ctx:
        ref = _opp(ctx)
        for change in (opportunity.adjust, lambda c, r, g: records.edit(c, "opp", r, g)):
            with pytest.raises(Invalid) as bad:
                change(ctx, ref, {field: value})
            assert bad.value.field == field
        assert records.show(ctx, "opp", ref)["version"] == 1


def test_nothing_to_adjust(ctx: Context, opp: str) -> None:
    with pytest.raises(Invalid):
        opportunity.adjust(ctx, opp, {})
    for given in ({"state": "won"}, {"amount": "5", "state": "won"}):
        with pytest.raises(Refused) as other:
            opportunity.adjust(ctx, opp, given)
        assert other.value.code == "field.has_verb"
    assert records.show(ctx, "opp", opp)["version"] == 1


def test_edit_keeps_the_rules_of_adjust(ctx: Context, opp: str) -> None:
    """One by one and in bulk: a closed opportunity's figures stand."""
    assert records.edit(ctx, "opp", opp, {"amount": "70"}).amount == 7_000
    opportunity.close(ctx, opp, won=True, summary="signed")
    open_one = _opp(ctx, name="Other")
    for field, value in {
        "amount": "1",
        "probability": "5",
        "expected_close_on": "2027-01-01",
        "currency": "EUR",
        "category": "best",
    }.items():
        for change in (
            lambda f=field, v=value: records.edit(ctx, "opp", opp, {f: v}),
            lambda f=field, v=value: records.edit_where(ctx, "opp", "", {f: v}),
        ):
            with pytest.raises(Refused) as closed:
                change()  # type: ignore[no-untyped-call]
            assert (closed.value.code, closed.value.field) == ("opp.not_open", field)
            assert f"crm opp reopen {opp}" in closed.value.hint
    with pytest.raises(Refused):
        opportunity.adjust(ctx, opp, {"amount": "1"})
    assert records.show(ctx, "opp", open_one)["version"] == 1
    assert records.edit(ctx, "opp", opp, {"need": "support"}).need == "support"
    report = records.edit_where(ctx, "opp", "state = open", {"amount": "9"})
    assert (report.matched, report.changed) == (1, 1)
    assert records.show(ctx, "opp", open_one)["amount"].minor == 900


def test_an_amount_is_of_its_own_currency(ctx: Context, opp: str) -> None:
    yen = _opp(ctx, name="Yen", currency="JPY", amount="1000")
    assert records.show(ctx, "opp", yen)["amount"].minor == 1000
    records.edit_where(ctx, "opp", "", {"amount": "250"})
    assert {row["currency"]: row["amount"].minor for row in records.find(ctx, "opp").rows} == {
        "USD": 25_000,
        "JPY": 250,
    }


def test_what_is_open_is_not_counted_as_closed(ctx: Context, opp: str) -> None:
    for enter in (
        lambda: records.edit(ctx, "opp", opp, {"category": "closed"}),
        lambda: _opp(ctx, category="closed"),
    ):
        with pytest.raises(Invalid) as closed:
            enter()
        assert closed.value.field == "category"


@pytest.mark.parametrize(
    ("missing", "field"), [("account", "account"), ("expected_close_on", "expected_close_on")]
)
def test_what_an_opportunity_needs(ctx: Context, missing: str, field: str) -> None:
    customer = records.add(ctx, "account", {"name": "Acme"})
    given: dict[str, object] = {"account": str(customer.id), "expected_close_on": "2026-12-24"}
    del given[missing]
    with pytest.raises(Invalid) as bad:
        records.add(ctx, "opp", given)
    assert (bad.value.code, bad.value.field) == ("field.required", field)
    assert records.count_where(ctx, "opp", "") == 0


def test_what_a_new_opportunity_gets(ctx: Context) -> None:
    records.add(ctx, "product", {"name": "Laser"})
    shown = records.show(ctx, "opp", _opp(ctx, name=None, products="Laser", external_id="X1"))
    assert shown["name"] == "Laser X1"
    assert (shown["state"], shown["stage"], shown["probability"], shown["category"]) == (
        "open",
        "prospecting",
        10,
        "pipeline",
    )
    assert (shown["owner"].id, shown["opened_on"], shown["currency"]) == (
        ctx.actor.id,
        date(2026, 11, 20),
        "USD",
    )
    assert records.show(ctx, "opp", _opp(ctx, name=None, stage="proposal"))["probability"] == 55
    assert records.show(ctx, "opp", _opp(ctx, name=None))["name"] == "Acme"


# -- closing --------------------------------------------------------------------------------------------------------


def test_winning(ctx: Context, opp: str) -> None:
    done = opportunity.close(ctx, opp, won=True, summary="signed after the demo", amount="1,200.50")
    assert (done.state, done.probability, done.category) == ("won", 100, "closed")
    assert (done.amount, done.closed_on, done.summary) == (
        120_050,
        date(2026, 11, 20),
        "signed after the demo",
    )
    assert done.stage == "prospecting"
    for again in (
        lambda: opportunity.close(ctx, opp, won=True, summary="again"),
        lambda: opportunity.advance(ctx, opp),
    ):
        with pytest.raises(Refused) as closed:
            again()
        assert closed.value.code == "opp.not_open"


def test_losing_names_who_won_and_why(ctx: Context, opp: str) -> None:
    records.add(ctx, "competitor", {"name": "Rival Ltd"})
    done = opportunity.close(
        ctx, opp, won=False, summary="we were 10 % above", competitor="RIVAL ltd", reason="Price"
    )
    assert (done.state, done.probability, done.category, done.loss_reason) == ("lost", 0, "omitted", "price")
    assert records.show(ctx, "opp", opp)["competitor"].name == "Rival Ltd"
    assert records.count_where(ctx, "competitor", "") == 1


@pytest.mark.parametrize("name", ["New Rival", "3M", "新对手", "360 Security"])
def test_an_unknown_competitor_is_put_on_record(sqlite_url: str, name: str) -> None:
    with Context.open(flags={"db": sqlite_url}, now=NOW) as ctx:
        ref = _opp(ctx)
        opportunity.close(ctx, ref, won=False, summary="lost", competitor=name, reason="price")
        assert records.show(ctx, "opp", ref)["competitor"].name == name
        again = _opp(ctx, name="Second")
        opportunity.close(ctx, again, won=False, summary="lost", competitor=name, reason="价格")
        assert records.show(ctx, "opp", again)["loss_reason"] == "price"
        assert records.count_where(ctx, "competitor", "") == 1


@pytest.mark.parametrize("nobody", ["none", "None", " none "])
def test_nobody_won_it(sqlite_url: str, nobody: str) -> None:
    with Context.open(flags={"db": sqlite_url}, now=NOW) as ctx:
        ref = _opp(ctx)
        done = opportunity.close(
            ctx, ref, won=False, summary="no budget", competitor=nobody, reason="no-budget"
        )
        assert done.competitor_id is None
        assert records.count_where(ctx, "competitor", "") == 0


@pytest.mark.parametrize("text", ["999", "CP-999", "ext:gone"])
def test_a_competitor_that_is_a_reference_must_exist(sqlite_url: str, text: str) -> None:
    with Context.open(flags={"db": sqlite_url}, now=NOW) as ctx:
        ref = _opp(ctx)
        with pytest.raises(NotFound):
            opportunity.close(ctx, ref, won=False, summary="lost", competitor=text, reason="price")
        assert records.show(ctx, "opp", ref)["state"] == "open"


@pytest.mark.parametrize(
    ("code", "given"),
    [
        ("opp.no_summary", {"won": True, "summary": "  "}),
        ("opp.no_summary", {"won": False, "summary": "", "competitor": "none", "reason": "price"}),
        ("opp.no_reason", {"won": False, "summary": "lost", "competitor": "none"}),
        ("opp.no_competitor", {"won": False, "summary": "lost", "reason": "price"}),
        ("opp.closed_in_future", {"won": True, "summary": "won", "on": date(2026, 11, 21)}),
    ],
)
def test_what_closing_needs(sqlite_url: str, code: str, given: dict[str, Any]) -> None:
    with Context.open(flags={"db": sqlite_url}, now=NOW) as ctx:
        ref = _opp(ctx)
        with pytest.raises((Refused, Invalid)) as missing:
            opportunity.close(ctx, ref, **given)
        assert missing.value.code == code
        shown = records.show(ctx, "opp", ref)
        assert (shown["state"], shown["version"]) == ("open", 1)
        assert records.count_where(ctx, "competitor", "") == 0


def test_what_is_won_has_an_amount(ctx: Context) -> None:
    ref = _opp(ctx, amount="")
    with pytest.raises(Refused) as missing:
        opportunity.close(ctx, ref, won=True, summary="signed")
    assert (missing.value.code, missing.value.field) == ("opp.no_amount", "amount")
    assert opportunity.close(
        ctx, ref, won=True, summary="signed", amount="5", on=date(2026, 11, 2)
    ).closed_on == date(2026, 11, 2)


def test_reopening(ctx: Context, opp: str) -> None:
    with pytest.raises(Refused) as still:
        opportunity.reopen(ctx, opp)
    assert still.value.code == "opp.not_closed"
    opportunity.advance(ctx, opp, "proposal")
    opportunity.close(ctx, opp, won=False, summary="lost it", competitor="Rival", reason="price")
    done = opportunity.reopen(ctx, opp, "they called back")
    assert (done.state, done.stage, done.probability, done.category) == ("open", "proposal", 55, "best")
    assert (done.closed_on, done.loss_reason, done.competitor_id, done.summary) == (
        None,
        None,
        None,
        "lost it",
    )
    assert opportunity.advance(ctx, opp).stage == "negotiation"


def test_a_rep_reopens_only_their_own(store_url: str) -> None:
    with acting(store_url, "li", "wang") as (li, wang):
        ref = _opp(li)
        opportunity.team_add(li, ref, "wang")
        opportunity.close(wang, ref, won=True, summary="signed")
        with pytest.raises(Forbidden):
            opportunity.reopen(wang, ref)
        assert opportunity.reopen(li, ref).state == "open"


# -- the team -------------------------------------------------------------------------------------------------------


def test_the_team(store_url: str) -> None:
    with acting(store_url, "li", "sun") as (li, sun):
        ref = _opp(li)
        assert opportunity.team(li, ref) == []
        [member] = opportunity.team_add(li, ref, "sun", "technician", "demo")
        assert (member["name"], member["role"], member["responsibility"]) == ("sun", "technician", "demo")
        [member] = opportunity.team_add(li, ref, "sun", responsibility="installation")
        assert (member["role"], member["responsibility"]) == ("technician", "installation")
        assert opportunity.team(sun, ref) == [member]
        with pytest.raises(Forbidden):
            opportunity.team_remove(sun, ref, "sun")
        with pytest.raises(NotFound) as nobody:
            opportunity.team_remove(li, ref, "wang")
        assert nobody.value.code == "team.not_member"
        assert opportunity.team_remove(li, ref, "sun") == []
        with pytest.raises(NotFound):
            opportunity.team(sun, ref)


# -- two at once ----------------------------------------------------------------------------------------------------


def test_a_conflict_shows_both_values(ctx: Context, opp: str, later: Context) -> None:
    opportunity.adjust(ctx, opp, {"amount": "1500"})
    later.if_version = 1
    for change in (
        lambda: opportunity.adjust(later, opp, {"amount": "1200"}),
        lambda: records.edit(later, "opp", opp, {"amount": "1200"}),
    ):
        with pytest.raises(Conflict) as meanwhile:
            change()
        message = meanwhile.value.message
        assert f"{opp} was changed meanwhile (version 2, you had 1)" in message
        assert "1,500.00" in message
        assert "yours 1200" in message
    later.if_version = 2
    assert opportunity.adjust(later, opp, {"amount": "1200"}).version == 3


def test_the_right_of_a_verb_can_be_taken(store_url: str) -> None:
    with acting(store_url, "li") as (li,):
        ref = _opp(li)
    with Context.open(flags={"db": store_url}, now=NOW) as admin:
        role.grant(admin, "rep", "opp.advance", "none")
    with (
        Context.open(flags={"db": store_url}, now=NOW, login="li") as li,
        pytest.raises(Forbidden) as missing,
    ):
        opportunity.advance(li, ref)
    assert missing.value.hint == "crm can advance opp tells how far your rights reach."
