"""`crm dup`, `crm account check` and the verbs of one deal under two customers, at the command line."""

import pytest

from crmtui.services import dup_guard
from tests.commands.conftest import Crm


@pytest.fixture(autouse=True)
def _guarded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(dup_guard.POLICY, "account", ("block", dup_guard.POLICY["account"][1]))


def test_a_customer_is_entered_once(crm: Crm) -> None:
    crm("account", "add", "Acme Ltd", "--phone", "13800138000")
    refused = crm("account", "add", "ACME ltd", "--json")
    assert (refused.code, refused.out, refused.error["code"]) == (6, "", "dup.exists")
    assert "A-1" in refused.error["hint"]
    assert crm("account", "add", "Beta", "--phone", "138 0013 8000").code == 6
    assert crm("account", "add", "ACME ltd", "--despite", "A-1").code == 0
    [first, *_] = crm("account", "check", "acme", "--json").json
    assert (first["score"] >= 50, first["reasons"]) == (True, "same name")
    assert crm("dup", "check", "account", "--set", "phone=13800138000", "--json").json[0]["ref"] == "A-1"
    assert crm("account", "check", "Nobody").out == ""
    assert crm("account", "list", "--json", "--fields", "name").json == [
        {"name": "ACME ltd"},
        {"name": "Acme Ltd"},
    ]


def test_pairs_are_found_merged_and_parted(crm: Crm) -> None:
    crm("account", "add", "Acme Ltd")
    crm("account", "add", "ACME ltd", "--despite", "A-1", "--city", "Bonn")
    crm("opp", "add", "Deal", "--account", "A-2", "--expected-close-on", "today+9d")
    assert crm("dup", "scan", "account", "--dry-run", "--json").json["new"] == 1
    assert crm("dup", "list").out == ""
    assert crm("dup", "scan", "account", "--json").json["pairs"] == 1
    [pair] = crm("dup", "list", "--json").json
    assert (pair["one"]["ref"], pair["other"]["ref"], pair["state"]) == ("A-1", "A-2", "open")
    merged = crm("dup", "merge", "A-1", "A-2", "--json").json
    assert (merged["city"], crm("opp", "show", "1", "--json").json["account"]["ref"]) == ("Bonn", "A-1")
    assert crm("undo", merged["tx"]).code == 0
    assert crm("dup", "merge", "A-1", "A-2", "--take", "name").code == 0
    assert crm("dup", "merge", "A-1", "A-2").code == 6
    assert [row["name"] for row in crm("dup", "unmerge", "DU-1", "--json").json] == ["Acme Ltd", "ACME ltd"]
    assert crm("dup", "different", "DU-1", "--note", "two branches", "--json").json["state"] == "different"
    assert crm("dup", "scan", "account", "--json").json["new"] == 0


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("dup scan opp", 2),
        ("dup merge A-1 A-1", 2),
        ("dup merge A-1 C-9", 5),
        ("dup merge A-1 A-9", 5),
        ("dup merge A-1 A-2 --take colour", 2),
        ("dup unmerge A-1 A-2", 6),
        ("dup policy account never", 2),
        ("dup check account", 2),
        ("opp keep 1", 2),
        ("opp ask 1 2", 2),
    ],
)
def test_what_is_not_to_be_had(crm: Crm, line: str, code: int) -> None:
    crm("account", "add", "Acme Ltd")
    crm("account", "add", "Beta")
    before = crm("log", "--json").json
    assert crm(*line.split()).code == code
    assert crm("log", "--json").json == before


def test_the_policy(crm: Crm) -> None:
    assert crm("dup", "policy", "--json").json["account"] == "block"
    assert crm("dup", "policy", "account", "warn", "--json").json["account"] == "warn"
    crm("account", "add", "Acme Ltd")
    warned = crm("account", "add", "ACME")
    assert (warned.code, "A-1 Acme Ltd" in warned.err) == (0, True)


def test_one_deal_under_two_customers(crm: Crm) -> None:
    for customer in ("Jinan Systems", "Qingdao Integration"):
        crm("account", "add", customer, "--region", "Shandong", "--class", "system integrator")
        deal = ("--need", "200 laser scanners, 1 server", "--delivery-on", "2027-03-01")
        crm("opp", "add", f"For {customer}", "--account", customer, "--expected-close-on", "today+30d", *deal)
    [suspect] = crm("opp", "duplicates", "--json").json
    assert (suspect["one"], suspect["other"], suspect["score"]) == ("O-1", "O-2", 90)  # 50 + 15 + 15 + 10
    assert crm("opp", "ask", "1", "2", "--question", "Who is the end user?").code == 0
    assert crm("opp", "answer", "1", "A port").code == 0
    assert crm("opp", "duplicates", "--json").json[0]["answer_one"] == "A port"
    assert crm("opp", "link", "1", "2", "--end-project", "Shandong WMS").code == 0
    assert crm("opp", "keep", "1", "--release", "2", "--json").json["state"] == "open"
    assert crm("opp", "show", "2", "--json").json["state"] == "duplicate"
    assert crm("opp", "duplicates").out == ""


def test_a_policy_is_shown_by_its_name(crm: Crm) -> None:
    assert crm("dup", "policy", "import").out == crm("dup", "policy").out
    assert crm("dup", "policy", "zebra").code == 2
    assert crm("dup", "policy", "import", "zebra").code == 2
