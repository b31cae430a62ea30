"""The life of an opportunity at the command line: at rest, shared, guided by its process, stuck, ended, taken out."""

import json
from pathlib import Path

import pytest

from tests.commands.conftest import Crm

PROCESS = """
code = "tender"
name = "Tender"
[[stage]]
code = "track"
probability = 30
[[stage.step]]
code = "visit"
text = "Visit the site"
required = true
[[stage]]
code = "bid"
probability = 60
max_days = 14
[[move]]
from = "track"
to = "bid"
required = ["amount"]
"""


@pytest.fixture
def deal(crm: Crm) -> Crm:
    crm("account", "add", "Acme")
    crm("opp", "add", "Deal", "--account", "Acme", "--expected-close-on", "2026-12-24", "--amount", "1000")
    return crm


def test_at_rest_and_taken_up_again(deal: Crm) -> None:
    done = deal("opp", "suspend", "1", "--until", "2027-06-01", "--note", "no budget", "--json").json
    assert (done["state"], done["suspended_until"]) == ("suspended", "2027-06-01")
    assert deal("opp", "advance", "1").code == 6
    assert deal("opp", "suspend", "1", "--until", "2020-01-01").code == 2
    tried = deal("opp", "reactivate", "1", "--dry-run", "--json").json
    assert tried["state"] == "open"
    assert deal("opp", "show", "1", "--json").json["state"] == "suspended"
    assert deal("opp", "reactivate", "1", "--key", "once", "--json").json["state"] == "open"
    assert deal("opp", "reactivate", "1", "--key", "once", "--json").json["state"] == "open"
    assert deal("opp", "reactivate", "1").code == 6


def test_ended_for_good(deal: Crm) -> None:
    assert deal("opp", "terminate", "1").code == 6
    done = deal("opp", "terminate", "1", "--reason", "no-budget", "--summary", "given up", "--json").json
    assert (done["state"], done["loss_reason"], done["summary"]) == ("terminated", "no-budget", "given up")
    refused = deal("opp", "reactivate", "1", "--json")
    assert (refused.code, refused.error["code"]) == (6, "opp.not_suspended")
    assert "for good" in refused.error["message"]


def test_split(deal: Crm) -> None:
    deal("user", "add", "Li", "--login", "li", "--role", "rep")
    deal("user", "add", "Wang", "--login", "wang", "--role", "rep")
    shares = deal("opp", "split", "1", "li=60", "wang=40", "--json").json
    assert [(one["name"], one["percent"], one["amount"]) for one in shares] == [
        ("Li", 60, "600.00"),
        ("Wang", 40, "400.00"),
    ]
    for wrong, code in (
        (("li=60", "wang=39"), 6),
        (("li",), 2),
        (("li=x",), 2),
        (("nobody=100",), 5),
        (("li=100", "--none"), 2),
    ):
        assert deal("opp", "split", "1", *wrong).code == code, wrong
    assert len(deal("opp", "split", "1", "--json").json) == 2
    assert deal("opp", "split", "1", "--none", "--json").json == []


def test_purge(deal: Crm) -> None:
    """WX-66: refused before it is closed, and before it is archived."""
    assert deal("opp", "purge", "1").code == 6
    deal("opp", "close", "1", "--lost", "--competitor", "none", "--reason", "price", "--summary", "too dear")
    assert "archive" in deal("opp", "purge", "1").err
    deal("opp", "archive", "1")
    assert deal("opp", "purge").code == 2
    assert deal("opp", "purge", "--archived").code == 3
    assert deal("opp", "purge", "--archived", "--before", "2026-11-20", "--yes", "--json").json == {
        "matched": 0,
        "purged": 0,
        "kept": 0,
        "tx": None,
    }
    done = deal("opp", "purge", "1", "--json").json
    assert (done["purged"], deal("opp", "show", "1").code) == (1, 5)
    assert deal("undo", done["tx"]).code == 0
    assert deal("opp", "show", "1", "--json").json["summary"] == "too dear"


def test_a_process_as_toml(deal: Crm, home: Path) -> None:
    text = deal("process", "export", "short").out
    assert 'code = "short"' in text
    (home / "tender.toml").write_text(PROCESS)
    assert deal("process", "lint", "tender.toml").out == ""
    done = deal("process", "apply", "tender.toml", "--json").json
    assert (done["process"], done["revision"]) == ("tender", 1)
    assert {one["what"] for one in done["changes"]} == {"process", "stage", "move"}
    assert deal("process", "apply", "-", stdin=PROCESS).code == 0
    assert [one["revision"] for one in deal("process", "versions", "tender", "--json").json] == [1]
    assert "[bid]" in deal("process", "graph", "tender").out
    for wrong, code in (
        (PROCESS + "colour = 1", 2),
        ("code =", 2),
        (PROCESS.replace('"track"\nto', '"x"\nto'), 2),
    ):
        (home / "wrong.toml").write_text(wrong)
        assert deal("process", "lint", "wrong.toml").code == code
        assert deal("process", "apply", "wrong.toml").code == code
    assert deal("process", "apply", "missing.toml").code == 2
    assert deal("process", "export", "tender", "--revision", "7").code == 2
    assert deal("process", "export", "nothing").code == 5


def test_the_help_shows_a_process_that_works(deal: Crm) -> None:
    text = deal("help", "processes").out
    example = text[text.index('code = "tender"') : text.index("What is no longer")]
    assert deal("process", "lint", "-", stdin=example).out == ""
    assert deal("process", "apply", "-", stdin=example).code == 0
    assert "bids are made from 10k on" in deal("process", "export", "tender").out


def test_guided_through_it(deal: Crm) -> None:
    deal("process", "apply", "-", stdin=PROCESS)
    given = ("--account", "Acme", "--expected-close-on", "2026-12-24", "--process", "tender")
    deal("opp", "add", "Bid", *given)
    kinds = [one["kind"] for one in deal("opp", "next", "2", "--json").json]
    assert kinds == ["stage", "step", "missing"]
    refused = deal("opp", "advance", "2", "--json")
    assert (refused.code, refused.error["code"]) == (6, "opp.move_lacks")
    (step,) = deal("opp", "checklist", "2", "--json").json
    assert (step["step"], step["state"]) == ("visit", "due")
    assert deal("opp", "checklist", "2", "--done", "visit", "--json").json[0]["state"] == "done"
    assert deal("opp", "checklist", "2", "--done", "dance").code == 6
    deal("opp", "adjust", "2", "--amount", "500")
    assert deal("opp", "advance", "2", "--json").json["stage"] == "bid"
    assert deal("opp", "stuck", "--json").json == []
    late = ("--now", "2026-12-06T09:00:00+08:00")
    (row,) = deal("opp", "stuck", *late, "--json").json
    assert (row["ref"], row["over"], row["action"]) == ("O-2", 2, "opp advance")
    assert len(deal("opp", "stuck", "--tell", *late, "--json").json) in (0, 1)
    assert deal("opp", "stuck", "--quiet-days", "x").code == 2
    assert deal("opp", "stuck", "--where", "amuont=1").code == 2
    deal("lead", "add", "Bolt")
    assert [one["name"] for one in deal("lead", "stuck", *late, "--days", "14", "--json").json] == ["Bolt"]


def test_what_was_like_it(deal: Crm) -> None:
    deal("opp", "add", "Scanners", "--account", "Acme", "--expected-close-on", "2026-12-24", "--amount", "9")
    deal("opp", "close", "2", "--won", "--summary", "demo + 5 % discount")
    deal("opp", "add", "A scanner", "--account", "Acme", "--expected-close-on", "2026-12-24")
    rows = deal("opp", "similar", "3", "--json").json
    assert [(one["kind"], one["how"]) for one in rows] == [
        ("purchase", "demo + 5 % discount"),
        ("deal", "demo + 5 % discount"),
    ]
    assert [one["ref"] for one in deal("account", "bought", "1", "--json").json] == ["O-2"]
    assert [one["ref"] for one in deal("account", "bought", "1", "--like", "scanner", "--json").json] == [
        "O-2"
    ]
    assert deal("account", "bought", "1", "--like", "printer", "--json").json == []
    said = deal("opp", "predict", "3", "--json")
    assert (said.json, said.code) == ([], 0)
    assert "50" in said.err
    assert deal("opp", "predict").code == 2
    assert json.loads(deal("opp", "predict", "--check", "--json").out) == []


def test_a_team_on_application(deal: Crm) -> None:
    for login, role, more in (
        ("chen", "manager", ()),
        ("li", "rep", ("--manager", "chen")),
        ("sun", "technician", ()),
    ):
        assert deal("user", "add", login, "--login", login, "--role", role, *more).code == 0
    deal("opp", "edit", "1", "--owner", "li")
    asked = deal(
        "--as", "li", "opp", "team", "request", "1", "sun", "--role", "technical", "--note", "the bid"
    )
    assert (asked.code, asked.out) == (0, "")
    assert "AP-1" in asked.err
    assert deal("--as", "li", "opp", "team", "request", "1", "sun").code == 6
    assert deal("--as", "li", "opp", "team", "request", "1", "nobody").code == 5
    flow = '[[flow]]\ncode = "t"\nverb = "opp.team"\none_login = true\n[[flow.step]]\nwho = "superior"\n'
    assert deal("flow", "apply", "-", stdin=flow).code == 0
    assert deal("--as", "li", "approval", "recall", "AP-1").code == 0
    assert deal("--as", "li", "opp", "team", "request", "1", "sun", "--role", "technical").code == 0
    assert deal("--as", "chen", "approval", "ok", "AP-2").code == 0
    assert [(one["name"], one["role"]) for one in deal("opp", "team", "list", "1", "--json").json] == [
        ("sun", "technical")
    ]
    assert deal("opp", "team", "request", "1", "sun").code == 2


def test_tasks_that_set_themselves(deal: Crm) -> None:
    rules = deal("autotask", "list", "--sort", "id", "--json").json
    assert rules[0]["item"] == "lead-record"
    deal("autotask", "edit", "AU-3", "--active", "yes")
    deal("lead", "add", "Bolt", "--phone", "555-1234")
    (made,) = deal("autotask", "run", "--json").json
    assert (made["item"], made["name"]) == ("telemarketing", "Bolt")
    assert deal("autotask", "run", "--json").json == []
    assert deal("autotask", "run", "--item", "lead-record").code == 2
    assert deal("autotask", "run", "--days", "x").code == 2
