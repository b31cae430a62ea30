"""Leads on the command line: taken in, assigned by rule, accepted or declined, pooled, handed over; as transcripts."""

from pathlib import Path

import pytest

from tests.commands.conftest import Crm


@pytest.fixture
def people(crm: Crm) -> None:
    for login, role in (("wang", "account-manager"), ("zhao", "rep"), ("mo", "marketing")):
        crm("user", "add", login, "--login", login, "--role", role)


@pytest.mark.usefixtures("people")
def test_from_a_web_form_to_a_rep(crm: Crm) -> None:
    """WX-22 on the command line, and on: delegated by the account manager, declined, delegated again, accepted."""
    added = crm(
        "assign",
        "rule",
        "add",
        "--if",
        "region=North and industry=Retail",
        "--to",
        "wang",
        "--name",
        "NR",
        "--json",
    ).json
    assert (added["name"], added["confirm"]) == ("NR", True)
    form = '{"company": "Acme", "region": "North", "industry": "Retail", "price": "1200"}\n'
    taken = crm("--as", "mo", "lead", "intake", "--input", "-", "--source", "web", "--json", stdin=form)
    assert [row["fate"] for row in taken.json] == ["taken"]
    (waiting,) = crm("assign", "pending", "--json").json
    assert (waiting["lead"]["name"], waiting["to"]["name"], waiting["rule"]) == ("Acme", "wang", "NR")
    assert waiting["why"] == "rule NR; first in line"
    assert crm("assign", "confirm", "1", "--if-version", "9").code == 6
    assert crm("assign", "confirm", "1", "--json").json[0]["state"] == "assigned"
    assert crm("assign", "pending", "--json").json == []
    assert "Acme" in crm("--as", "wang", "notify", "list").out
    assert (
        crm("lead", "delegate", "1", "--to", "zhao", "--json", "--as", "wang").json["owner"]["name"] == "zhao"
    )
    assert crm("lead", "decline", "1", "--as", "zhao").code == 6
    assert crm("lead", "decline", "1", "--reason", "too far", "--as", "zhao").code == 0
    assert crm("lead", "show", "1", "--json").json["owner"]["name"] == "wang"
    crm("lead", "delegate", "1", "--to", "zhao", "--as", "wang")
    assert crm("lead", "accept", "1", "--json", "--as", "zhao").json["state"] == "working"
    assert crm("lead", "accept", "1", "--as", "zhao").code == 6
    (rule,) = crm("assign", "explain", "1", "--json").json
    assert (rule["rule"], rule["fits"], rule["chosen"]) == ("NR", True, True)
    fair = {
        row["person"]["name"]: row for row in crm("assign", "fairness", "--since", "now-1d", "--json").json
    }
    assert (fair["zhao"]["given"], fair["zhao"]["declined"], fair["zhao"]["accepted"]) == (2, 1, 1)
    assert crm("assign", "run", "--seed", "x").code == 2


@pytest.mark.usefixtures("people")
def test_rules_as_a_file(crm: Crm, home: Path) -> None:
    (home / "good.toml").write_text('[[rule]]\nname = "all"\nto = ["wang", "zhao"]\nmethod = "round-robin"\n')
    (home / "bad.toml").write_text(
        '[[rule]]\nname = "a"\nif = "colour=red"\nto = ["wang"]\n[[rule]]\nname = "b"\n'
    )
    assert crm("assign", "rule", "lint", "good.toml", "--json").json == []
    wrong = crm("assign", "rule", "lint", "bad.toml")
    assert (wrong.code, [line.split("\t")[0] for line in wrong.lines]) == (2, ["a", "b"])
    assert crm("assign", "rule", "apply", "bad.toml").code == 2
    assert crm("assign", "rule", "list").lines == []
    assert crm("assign", "rule", "apply", "good.toml", "--dry-run", "--json").json["added"] == 1
    assert crm("assign", "rule", "apply", "good.toml", "--json").json["added"] == 1
    assert crm("assign", "rule", "list", "--fields", "name").out == "all\n"
    text = crm("assign", "rule", "export").out
    assert crm("assign", "rule", "apply", "-", "--json", stdin=text).json["unchanged"] == 1
    assert crm("assign", "rule", "apply", "-", stdin="[[rule]]\nnam = 1\n").code == 2
    for name in ("A", "B"):
        crm("lead", "add", name)
    assert [row["to"]["name"] for row in crm("assign", "pending", "--json").json] == ["wang", "zhao"]
    assert crm("assign", "run", "--json").json == []


@pytest.mark.usefixtures("people")
def test_the_pool(crm: Crm) -> None:
    crm("poolrule", "add", "Customers", "--limit-per-day", "1", "--idle-days", "30")
    for name in ("Acme", "Beta"):
        crm("account", "add", name, "--owner", "wang")
    assert crm("pool", "release", "A-1", "A-2").code == 6
    assert crm("pool", "release", "A-1", "A-2", "--reason", "no budget").code == 0
    assert crm("--as", "zhao", "pool", "list", "--fields", "ref,reason").lines == [
        "A-1\tno budget",
        "A-2\tno budget",
    ]
    assert crm("--as", "mo", "pool", "list").code == 4
    assert crm("pool", "claim", "A-1", "--json", "--as", "zhao").json[0]["owner"]["name"] == "zhao"
    assert crm("pool", "claim", "A-2", "--as", "zhao").code == 6
    assert crm("pool", "claim", "A-1", "--as", "wang").code == 6
    assert crm("pool", "allocate", "--to", "wang", "--json").json[0]["owner"]["name"] == "wang"
    assert crm("pool", "reclaim", "--now", "2026-12-30", "--dry-run", "--json").json[0]["reason"] == "idle"
    assert len(crm("pool", "reclaim", "--idle", "30d", "--now", "2026-12-30", "--json").json) == 2
    assert crm("pool", "reclaim", "--idle", "soon").code == 2
    assert crm("pool", "list", "--of", "opp").code == 2
    assert crm("pool", "rules", "--fields", "name,idle_days").out == "Customers\t30\n"


@pytest.mark.usefixtures("people")
def test_records_are_handed_over(crm: Crm) -> None:
    crm("account", "add", "Acme")
    crm("contact", "add", "Ann", "--account", "Acme")
    crm("opp", "add", "Deal", "--account", "Acme", "--expected-close-on", "today+9d")
    crm("lead", "add", "Beta", "--owner", "wang")
    assert crm("opp", "transfer", "1", "--to", "wang", "--if-version", "9").code == 6
    assert crm("opp", "transfer", "1", "--to", "wang").code == 0
    moved = crm(
        "account", "transfer", "Acme", "--to", "zhao", "--with-open", "--note", "new region", "--json"
    ).json
    assert [row["ref"] for row in moved] == ["A-1", "C-1"]
    assert crm("lead", "transfer", "--where", "owner=wang", "--to", "zhao", "--json").json[0]["ref"] == "L-1"
    assert crm("lead", "transfer", "1", "--to", "wang", "--as", "zhao").code == 0
    assert crm("lead", "transfer", "1", "--to", "zhao", "--as", "zhao").code == 5
    assert crm("account", "transfer", "--to", "zhao").code == 2


def test_enquiries_that_are_bad_are_told(crm: Crm, home: Path) -> None:
    (home / "forms").mkdir()
    (home / "forms" / "a.json").write_text('{"company": "Acme"}')
    (home / "forms" / "b.json").write_text("not json")
    done = crm("lead", "intake", "--from", "forms")
    assert (done.code, [line.split("\t")[:2] for line in done.lines]) == (
        7,
        [["a.json", "taken"], ["b.json", "aside"]],
    )
    assert crm("lead", "intake").code == 2
    assert crm("lead", "intake", "--from", "nowhere").code == 2


@pytest.mark.usefixtures("people")
def test_leads_that_mean_little_go_to_others(crm: Crm) -> None:
    """Intent 1 and 2 of Wang's leads go to Zhao, the least first; 3 stays, and so does the one that says nothing."""
    for name, intent in (("A", "2"), ("B", "3"), ("C", "1"), ("D", "")):
        crm("lead", "add", name, "--owner", "wang", *(("--intent", intent) if intent else ()))
    assert crm("assign", "low-intent", "--max-intent", "2", "--to", "zhao", "--method", "luck").code == 2
    assert crm("assign", "low-intent", "--max-intent", "2", "--to", "zhao", "--as", "wang").code == 4
    moved = crm("assign", "low-intent", "--max-intent", "2", "--to", "zhao", "--json").json
    assert [(row["name"], row["owner"]["name"]) for row in moved] == [("C", "zhao"), ("A", "zhao")]
    assert crm("assign", "low-intent", "--max-intent", "2", "--to", "zhao", "--json").json == []


def test_a_rule_has_a_name_of_its_own(crm: Crm, home: Path) -> None:
    add = ("assign", "rule", "add", "--to", "root", "--name", "North")
    assert crm(*add).code == 0
    again = crm(*add, "--json")
    assert (again.code, again.error["code"]) == (6, "rules.name")
    written = crm("assign", "rule", "export").out
    assert crm("assign", "rule", "apply", "-", "--json", stdin=written).json["unchanged"] == 1
    linted = crm("assign", "rule", "lint", "-", stdin=written + written)
    assert (linted.code, linted.out.count("name of its own")) == (2, 2)


def test_no_text_takes_no_rule_away(crm: Crm) -> None:
    crm("assign", "rule", "add", "--to", "root", "--name", "North")
    assert crm("assign", "rule", "apply", "-", "--json", stdin="").error["code"] == "rules.shape"
    assert crm("assign", "rule", "list", "--fields", "name").out == "North\n"
    assert crm("assign", "rule", "apply", "-", "--json", stdin="# no rules\n").json["archived"] == 1
