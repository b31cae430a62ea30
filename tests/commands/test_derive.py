"""The verbs that every noun has, as transcripts."""

import json
from pathlib import Path

import pytest

from crmtui.services.nouns import NOUNS
from tests.commands.conftest import Crm


def test_a_record_from_entering_to_archive(crm: Crm) -> None:
    added = crm(
        "lead", "add", "Acme Ltd", "--contact-name", "Ann Bolt", "--email", "ann@acme.example", "--json"
    ).json
    assert (added["ref"], added["company"], added["contact_name"], added["state"]) == (
        "L-1",
        "Acme Ltd",
        "Ann Bolt",
        "new",
    )
    assert added["tx"]
    shown = crm("lead", "show", "L-1", "--json").json
    assert shown == {key: value for key, value in added.items() if key != "tx"}
    edited = crm("lead", "edit", "1", "--set", "city=Graz", "--country", "AT", "--json").json
    assert (edited["city"], edited["country"], edited["version"]) == ("Graz", "AT", 2)
    crm("lead", "archive", "Acme Ltd")
    assert crm("lead", "list").out == ""
    assert crm("lead", "list", "--archived", "--fields", "ref").out == "L-1\n"
    assert crm("lead", "restore", "1", "--json").json["archived_at"] is None
    assert crm("lead", "list", "--fields", "ref").out == "L-1\n"


def test_into_a_pipe_a_change_prints_the_record_tab_separated(crm: Crm) -> None:
    done = crm("product", "add", "Desk", "--price", "1,200", "--fields", "ref,name,price,currency")
    assert (done.out, done.err) == ("PR-1\tDesk\t1200.00\tUSD\n", "")


@pytest.mark.parametrize(
    "noun", [noun for noun in NOUNS.values() if "list" in noun.verbs], ids=lambda noun: noun.name
)
def test_every_noun_lists_and_exports(noun: object, crm: Crm) -> None:
    name = noun.name  # type: ignore[attr-defined]
    objects = crm(name, "list", "--json").json
    assert objects == crm(name, "list", "--fields", "all", "--json").json
    header, *listed = crm(name, "list", "--header").lines
    assert header.split("\t") == ["ref", *NOUNS[name].columns]
    assert len(listed) == len(objects)
    if "export" in NOUNS[name].verbs:
        exported = crm(name, "export")
        assert exported.code == 0
        assert len(exported.lines) == len(listed) + 1
    for verb in ("show", "add", "edit", "archive", "restore", "import", "export", "history"):
        there = verb in NOUNS[name].verbs or verb in NOUNS[name].written
        assert crm(name, verb, "--help").code == (0 if there else 2)


def test_what_is_not_there(crm: Crm) -> None:
    done = crm("lead", "show", "77")
    assert (done.code, done.out) == (5, "")
    assert crm("lead", "edit", "77", "--city", "Graz").code == 5
    assert crm("lead", "show", "77", "--json").error["code"] == "record.not_found"


def test_a_field_that_has_a_verb_names_it(crm: Crm) -> None:
    crm("lead", "add", "Acme")
    for said in (["--set", "state=qualified"], ["--state", "qualified"]):
        done = crm("lead", "edit", "1", *said)
        assert done.code == 6
        assert "crm lead qualify" in done.err
    assert crm("lead", "add", "Bolt", "--state", "qualified").code == 6
    assert "--state" not in crm("lead", "edit", "--help").out


def test_which_item_of_many_is_wrong(crm: Crm) -> None:
    given = json.dumps([{"name": "Desk"}, {"name": "Lamp", "price": "NaN"}])
    done = crm("product", "add", "--input", "-", stdin=given)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("crm: Item 2: price: NaN is not an amount.")
    assert crm("product", "list").out == ""


def test_objects_carry_every_field(crm: Crm) -> None:
    crm("lead", "add", "Acme", "--street", "Ring 1")
    assert crm("lead", "list", "--jq", ".[].street").out == "Ring 1\n"
    assert crm("lead", "list", "--template", "{{ street }}").out == "Ring 1\n"
    assert "Ring 1" not in crm("lead", "list").out
    crm("query", "save", "all", "--on", "lead", "city is empty")
    assert crm("query", "run", "all", "--json").json[0]["street"] == "Ring 1"
    assert "Ring 1" not in crm("query", "run", "all").out
    assert crm("query", "run", "all", "--fields", "street").out == "Ring 1\n"


def test_wrong_field_and_wrong_value_say_which(crm: Crm) -> None:
    unknown = crm("lead", "add", "Acme", "--set", "citty=Graz", "--json")
    assert (unknown.code, unknown.error["field"]) == (2, "citty")
    assert "city" in unknown.error["hint"]
    wrong = crm("product", "add", "Desk", "--price", "NaN", "--json")
    assert (wrong.code, wrong.error["field"]) == (2, "price")
    assert crm("lead", "add", "Acme", "--set", "city", "--json").error["code"] == "usage.set"
    assert crm("lead", "edit", "1").code == 2


def test_conditions_order_and_limit(crm: Crm) -> None:
    for name, price in (("Desk", "300"), ("Lamp", "40"), ("Chair", "120")):
        crm("product", "add", name, "--price", price)
    names = ("product", "list", "--fields", "name")
    assert crm(*names, "--sort", "-price").lines == ["Desk", "Chair", "Lamp"]
    assert crm(*names, "--sort", "price", "--limit", "2").lines == ["Lamp", "Chair"]
    assert crm(*names, "--where", "price>100", "--sort", "name").lines == ["Chair", "Desk"]
    assert crm(*names, "--where", "prise>100").code == 2
    assert crm("product", "list", "--fields", "nam").code == 2


def test_totals(crm: Crm) -> None:
    for name, unit, price in (("Desk", "piece", "300"), ("Lamp", "piece", "40"), ("Rope", "metre", "2.50")):
        crm("product", "add", name, "--set", f"unit={unit}", "--price", price)
    rows = crm("product", "list", "--by", "unit", "--measure", "count,sum(price)", "--json").json
    assert rows == [
        {"unit": "metre", "count": 1, "sum(price)": "2.50"},
        {"unit": "piece", "count": 2, "sum(price)": "340.00"},
    ]
    assert crm("product", "list", "--measure", "count").out == "3\n"


def test_objects_from_json(crm: Crm, home: Path) -> None:
    one = crm("lead", "add", "--input", "-", "--json", stdin='{"company": "Acme", "intent": 4}').json
    assert (one["company"], one["intent"]) == ("Acme", 4)
    file = home / "leads.jsonl"
    file.write_text('{"company": "Bolt"}\n\n{"company": "Cord", "tags": ["a", "b"]}\n', encoding="utf-8")
    many = crm("lead", "add", "--input", str(file), "--source", "fair", "--json").json
    assert [(row["company"], row["source"]) for row in many] == [("Bolt", "fair"), ("Cord", "fair")]
    listed = crm(
        "lead",
        "add",
        "--input",
        "-",
        "--fields",
        "company",
        stdin='[{"company": "Dune"}, {"company": "Egg"}]',
    )
    assert listed.lines == ["Dune", "Egg"]


def test_a_record_goes_back_in_as_it_came_out(crm: Crm) -> None:
    crm(
        "contact",
        "add",
        "Ann Bolt",
        "--set",
        "interests=tennis, chess",
        "--set",
        "children=Mia 2015-05-01; Tom",
    )
    wanted = "name,interests,children,title"
    shown = crm("contact", "show", "1", "--fields", wanted, "--json")
    again = crm("contact", "add", "--input", "-", "--fields", wanted, "--json", stdin=shown.out).json
    assert {key: value for key, value in again.items() if key != "tx"} == shown.json


def test_json_input_all_or_nothing_or_in_part(crm: Crm) -> None:
    lines = '{"name": "Desk", "price": "300"}\n{"name": "Lamp", "price": "much"}\n{"name": "Rope"}\n'
    refused = crm("product", "add", "--input", "-", stdin=lines)
    assert (refused.code, crm("product", "list").out) == (2, "")
    part = crm("product", "add", "--input", "-", "--partial", "--fields", "name", stdin=lines)
    assert (part.code, part.lines) == (7, ["Desk", "Rope"])
    assert "2" in part.err


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[1, 2]",
        "3",
        '{"price": NaN}',
        '{"a": 1}\n{"b"',
        "[" * 100_000,
        b"\xff\xfe",
        '{"name": "a\\ud800"}',
    ],
)
def test_input_that_is_no_json_is_refused(crm: Crm, text: str | bytes) -> None:
    done = crm("product", "add", "--input", "-", stdin=text)
    assert (done.code, done.out) == (2, "")
    assert done.err.count("\n") == 1


def test_a_missing_input_file(crm: Crm) -> None:
    assert crm("product", "add", "--input", "nothing.json").code == 2


def test_a_dry_run_shows_and_changes_nothing(crm: Crm) -> None:
    tried = crm("product", "add", "Desk", "--dry-run", "--json")
    assert (tried.json["name"], tried.json["tx"]) == ("Desk", None)
    assert tried.err == "Dry run: nothing was changed.\n"
    assert crm("product", "list").out == ""
    assert crm("product", "add", "Desk", "-n", "-q").err == ""


def test_a_key_does_it_once(crm: Crm) -> None:
    first = crm("product", "add", "Desk", "--key", "k1", "--json")
    again = crm("product", "add", "Desk", "--key", "k1", "--json")
    assert (again.code, again.out) == (0, first.out)
    assert len(crm("product", "list").lines) == 1
    other = crm("product", "add", "Lamp", "--key", "k1", "--json")
    assert (other.code, other.error["code"]) == (6, "key.reused")


def test_if_version(crm: Crm) -> None:
    crm("product", "add", "Desk")
    crm("product", "edit", "1", "--unit", "piece")
    stale = crm("product", "edit", "1", "--unit", "metre", "--if-version", "1")
    assert stale.code == 6
    assert (
        crm("product", "edit", "1", "--unit", "metre", "--if-version", "2", "--json").json["unit"] == "metre"
    )
    assert crm("product", "edit", "1", "--unit", "x", "--if-version", "-1").code == 2


def test_a_bulk_change(crm: Crm) -> None:
    crm("product", "add", "--input", "-", stdin=json.dumps([{"name": f"P{n}"} for n in range(21)]))
    few = crm("product", "edit", "--where", "name~P1*", "--unit", "piece", "--json").json
    assert (few["matched"], few["changed"], few["refused"]) == (11, 11, 0)
    assert few["tx"]
    many = ("product", "edit", "--where", "name~P*", "--unit", "box")
    asked = crm(*many)
    assert (asked.code, asked.out) == (3, "")
    assert "--yes" in asked.err
    assert crm(*many, "--dry-run", "--json").json["changed"] == 21
    assert crm("product", "list", "--where", "unit=box").out == ""
    assert crm("-y", *many).code == 0
    assert len(crm("product", "list", "--where", "unit=box").lines) == 21
    assert crm("product", "edit", "1", "--where", "unit=box", "--unit", "x").code == 2


def test_the_company_s_own_attributes_are_fields(crm: Crm) -> None:
    made = crm(
        "attribute",
        "add",
        "--set",
        "noun=lead",
        "--set",
        "name=eu_vat",
        "--set",
        "type=line",
        "--set",
        "title=EU VAT",
    )
    assert made.code == 0, made.err
    assert crm("lead", "add", "Acme", "--set", "x.eu_vat=ATU1", "--json").json["x.eu_vat"] == "ATU1"
    assert (
        crm("lead", "list", "--where", "x.eu_vat=ATU1", "--fields", "company,x.eu_vat").out == "Acme\tATU1\n"
    )
    assert crm("lead", "list", "--fields", "x.eu_vat", "--template", "{{ x.eu_vat }}").out == "ATU1\n"


def test_what_was_remarked_goes_to_stderr(crm: Crm) -> None:
    done = crm("lead", "add", "Acme", "--source", "fare", "--fields", "source")
    assert done.out == "fare\n"
    assert "fare" in done.err
    assert crm("lead", "add", "Acme 2", "--source", "fare", "-q").err == ""
    assert "Acting as: " in crm("lead", "list", "-v").err


def test_history_log_and_undo(crm: Crm) -> None:
    crm("product", "add", "Desk", "--price", "300")
    changed = crm("product", "edit", "1", "--price", "250", "--json").json
    first, second = crm("product", "history", "1", "--json").json
    assert (first["verb"], first["change"]) == ("product.add", "added")
    assert (second["field"], second["before"], second["after"], second["tx"]) == (
        "price",
        "300.00",
        "250.00",
        changed["tx"],
    )
    assert [row["verb"] for row in crm("log", "--limit", "2", "--json").json] == [
        "product.edit",
        "product.add",
    ]
    assert crm("log", "--noun", "product", "--fields", "tx").lines[0] == changed["tx"]
    undone = crm("undo", changed["tx"], "--json").json
    assert (undone["restored"], undone["removed"]) == (1, 0)
    assert crm("product", "show", "1", "--fields", "price").out == "300.00\n"
    assert crm("undo", changed["tx"]).code == 6
    assert crm("undo", undone["tx"]).code == 0
    assert crm("product", "show", "1", "--fields", "price").out == "250.00\n"
    assert crm("undo", "999999").code == 5
    assert crm("undo", "x").code == 5
