"""`crm approval`, `crm flow`, `crm task`, `crm notify` and `crm outbox`, as typed (WX-08)."""

from pathlib import Path
from typing import Any

import pytest

from tests.commands.conftest import Crm

LARGE = """
[[flow]]
code = "large"
verb = "opp.adjust"
if = "amount_change > 20 or probability >= 80"
one_login = true
[[flow.step]]
who = "superior"
"""


@pytest.fixture
def company(crm: Crm, home: Path) -> Crm:
    """Chen heads East, where Li has an opportunity of 200,000 at 50 %, expected on 30 April 2027."""
    for words in (
        ("dept", "add", "Sales"),
        ("user", "add", "Chen", "--login", "chen", "--role", "manager", "--dept", "Sales"),
        ("dept", "add", "East", "--parent", "Sales", "--head", "chen"),
        ("user", "add", "Li", "--login", "li", "--role", "rep", "--dept", "East"),
        ("account", "add", "Acme", "--owner", "li"),
        (
            "opp",
            "add",
            "Hall",
            "--account",
            "Acme",
            "--owner",
            "li",
            "--amount",
            "200000",
            "--probability",
            "50",
            "--expected-close-on",
            "2027-04-30",
        ),
    ):
        done = crm(*words)
        assert done.code == 0, done.err
    (home / "flows.toml").write_text(LARGE)
    assert crm("flow", "apply", "flows.toml").code == 0
    return crm


def weighted(crm: Crm, *of: str) -> dict[str, str]:
    """Month of 2027 → weighted, the months without any left out."""
    rows = crm("forecast", *of, "--by", "month", "--period", "2027", "--json").json
    return {
        row["of"]: row["weighted"] for row in rows if row["scope"] == "month" and row["weighted"] != "0.00"
    }


def test_an_approved_adjustment_is_in_both_forecasts_without_another_step(company: Crm) -> None:
    """WX-08: 200,000 × 50 % = 100,000 in April; 260,000 × 80 % = 208,000 in May, once it is approved."""
    both = (("--user", "li"), ("--dept", "East"))
    for of in both:
        assert weighted(company, *of) == {"2027-04": "100000.00"}
    asked = company(
        "opp", "adjust", "1", "--amount", "260000", "--prob", "80", "--close", "2027-05-15", "--as", "li"
    )
    assert asked.code == 0
    assert "O-1 stays as it is until AP-1 is approved" in asked.err
    for of in both:
        assert weighted(company, *of) == {"2027-04": "100000.00"}
        assert weighted(company, *of, "--include-pending") == {"2027-05": "208000.00"}
    assert company("opp", "show", "1", "--json").json["amount"] == "200000.00"
    drilled = company("forecast", "drill", "--period", "2027", "--include-pending", "--json").json
    assert [(row["ref"], row["counted"]) for row in drilled] == [("O-1", "208000.00")]
    assert company("forecast", "--include-pending", "--as-of", "2026-11-01").code == 2
    assert company("notify", "list", "--fields", "text", "--as", "chen").out == (
        "Li asks for your approval of Hall: Change amount, probability or expected close date\n"
    )
    [row] = company("approval", "inbox", "--json", "--as", "chen").json
    assert (row["ref"], row["about"]["ref"], row["owner"]["name"]) == ("AP-1", "O-1", "Li")
    assert company("approval", "ok", "1", "--json", "--as", "chen").json["state"] == "approved"
    for of in both:
        assert weighted(company, *of) == {"2027-05": "208000.00"}
    assert (
        company("notify", "list", "--json", "--as", "li")
        .json[0]["text"]
        .startswith("Approved, and done for Hall")
    )
    tracked = company("approval", "track", "1", "--json").json
    assert [(one["field"], one["before"], one["after"]) for one in tracked["changes"]] == [
        ("amount", "200,000.00", "260,000.00"),
        ("probability", "50", "80"),
        ("expected_close_on", "2027-04-30", "2027-05-15"),
    ]
    assert [(one["step"], one["who"], one["said"]) for one in tracked["steps"]] == [(1, "Chen", "ok")]


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        ("--as li approval ok 1", 6, "approval.own"),
        ("approval ok 1", 6, "approval.not_your_turn"),
        ("--as chen approval ok 7", 5, "record.not_found"),
        ("--as chen approval ok", 2, "usage.refs_or_all"),
        ("--as chen approval reject 1", 6, "approval.no_reason"),
        ("--as chen approval recall 1", 6, "approval.not_yours"),
        ("--as chen approval ok 1 --if-version 9", 6, "record.changed"),
        ("--as li opp adjust 1 --amount 900k", 6, "approval.asked"),
        ("--as li opp edit 1 --probability 90", 6, "opp.needs_approval"),
        ("--as li flow apply flows.toml", 4, "right.missing"),
        ("flow apply nothing.toml", 2, "input.file"),
        ("task accept 1", 5, "record.not_found"),
        ("outbox retry 1", 5, "record.not_found"),
    ],
)
def test_what_is_refused_changes_nothing(company: Crm, words: str, code: int, error: str) -> None:
    company("opp", "adjust", "1", "--amount", "260000", "--as", "li")
    before = company("approval", "show", "1", "--json").json, company("opp", "show", "1", "--json").json
    (Path.cwd() / "flows.toml").write_text(LARGE.replace("80", "90"))
    done = company(*words.split(), "--json")
    assert done.code == code, done.err
    if error != "input.file":
        assert done.error["code"] == error
    assert (
        company("approval", "show", "1", "--json").json,
        company("opp", "show", "1", "--json").json,
    ) == before


def test_many_at_once_and_what_could_not_be_decided_is_told(company: Crm) -> None:
    for name in ("Barn", "Shed"):
        words = ("opp", "add", name, "--account", "Acme", "--owner", "li", "--amount", "100")
        company(*words, "--expected-close-on", "2027-01-01")
    for ref in ("1", "2", "3"):
        company("opp", "adjust", ref, "--amount", "900", "--as", "li")
    company("approval", "recall", "2", "--as", "li")
    done = company("approval", "ok", "1", "2", "--as", "chen")
    assert (done.code, "AP-2 is recalled already" in done.err) == (7, True)
    assert company("approval", "track").lines[0].split("\t")[:5] == ["large", "opp.adjust", "1", "Chen", "1"]
    assert company("approval", "ok", "--all", "--yes", "--as", "chen").code == 0
    assert company("approval", "inbox", "--as", "chen").out == ""
    assert sorted(company("opp", "list", "--fields", "amount").lines) == ["100.00", "900.00", "900.00"]


def test_what_is_not_agreed_to_is_told_with_the_reason(company: Crm) -> None:
    company("opp", "adjust", "1", "--amount", "260000", "--as", "li")
    done = company("approval", "reject", "1", "--note", "too high", "--as", "chen", "--json").json
    assert (done["state"], done["reason"]) == ("rejected", "too high")
    assert company("notify", "list", "--fields", "text", "--as", "li").out.endswith(". too high\n")
    assert company("opp", "show", "1", "--json").json["amount"] == "200000.00"


def test_flows_go_out_and_come_back(company: Crm, home: Path) -> None:
    text = company("flow", "export").out
    (home / "again.toml").write_text(text)
    assert company("flow", "lint", "again.toml").lines == [
        "large\topp.adjust\t1\tamount_change > 20 or probability >= 80"
    ]
    assert company("flow", "apply", "again.toml", "--json").json[0]["change"] == "unchanged"
    (home / "again.toml").write_text(text.replace("superior", "user nobody"))
    assert company("flow", "lint", "again.toml").code == 5
    assert company("flow", "apply", "again.toml").code == 5
    (home / "again.toml").write_text(text + "[[flow]]\ncode = 'x'\nverb = 'opp.adjust'\n")
    assert company("flow", "apply", "again.toml", "--json").error["code"] == "flow.no_approver"
    assert company("flow", "export").out == text
    assert company("flow", "archive", "large").code == 0
    assert (
        company("opp", "adjust", "1", "--amount", "900000", "--json", "--as", "li").json["amount"]
        == "900000.00"
    )


def test_tasks_from_hand_to_hand(company: Crm) -> None:
    words = ("task", "add", "Show the crane", "--owner", "li", "--due-on", "2027-03-05", "--about", "O-1")
    made = company("--as", "chen", *words, "--json").json
    assert (made["state"], made["assigner"]["name"], made["about"]) == (
        "open",
        "Chen",
        {"ref": "O-1", "name": "Hall"},
    )
    assert company("task", "accept", "1", "--json", "--as", "li").json["state"] == "accepted"
    assert company("task", "done", "1", "--json", "--as", "li").json["state"] == "done"
    assert company("task", "decline", "1", "--reason", "late", "--as", "li").code == 6
    assert company("task", "reopen", "1", "--as", "chen").code == 0
    assert company("task", "decline", "1", "--as", "li").code == 6
    assert company("task", "decline", "1", "--reason", "ill", "--json", "--as", "li").json["reason"] == "ill"
    assert company("task", "cancel", "1", "--as", "chen").code == 6
    assert company("task", "edit", "1", "--state", "done", "--as", "li").code == 6
    assert company("notify", "read", "--json", "--as", "chen").json["read"] == 3
    assert company("notify", "list", "--as", "chen").out == ""
    assert len(company("notify", "list", "--all", "--limit", "2", "--as", "chen").lines) == 2


def test_the_outbox_as_typed(company: Crm, sqlite_url: str, home: Path) -> None:
    from crmtui.services import outbox
    from crmtui.services.context import Context

    with Context.open(flags={"db": sqlite_url}) as ctx, ctx.transaction("account.edit") as tx:
        for to in ("a@example.com", "b@example.com"):
            outbox.mail(ctx, tx, to=to, subject="Offer [bold]", text="Hello", about=("account", 1))
    assert company("outbox", "cancel", "2", "--json").json[0]["state"] == "cancelled"
    now: dict[str, Any] = {}
    assert company("outbox", "send", "--dry-run", "--now", "2027-01-01", **now).lines == [
        "MA-1\ta@example.com\tOffer [bold]\twaiting\t"
    ]
    sent = company("outbox", "send", "--now", "2027-01-01")
    assert (sent.code, sent.lines) == (0, ["MA-1\ta@example.com\tOffer [bold]\tsent\t"])
    assert company("outbox", "send", "--now", "2027-01-01").out == ""
    assert len(list((home / ".local/share/crmtui/mail/new").iterdir())) == 1
    assert company("outbox", "cancel", "1").code == 6
    assert company("outbox", "retry", "2", "--json").json[0]["state"] == "waiting"
    assert company("outbox", "list", "--as", "li").out == ""
