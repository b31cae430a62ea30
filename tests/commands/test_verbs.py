"""Hand-written verbs of the command line that no other test calls, as transcripts."""

from pathlib import Path

from tests.commands.conftest import Crm


def test_the_tree_of_departments_and_their_people(crm: Crm) -> None:
    crm("dept", "add", "Sales")
    crm("dept", "add", "East", "--parent", "Sales")
    crm("user", "add", "Li Na", "--login", "li", "--role", "rep", "--dept", "East")
    rows = crm("dept", "tree", "--json").json
    assert [(row["depth"], row["name"]) for row in rows if row["ref"].startswith("D-")] == [
        (0, "Sales"),
        (1, "East"),
    ]
    assert [row["ref"] for row in rows][
        rows.index(next(row for row in rows if row["name"] == "East")) + 1
    ] == "U-2"


def test_the_tree_of_territories(crm: Crm) -> None:
    crm("territory", "add", "Europe")
    crm("territory", "add", "Austria", "--parent", "Europe")
    crm("territory", "add", "Asia")
    rows = crm("territory", "tree", "--json").json
    assert {row["name"]: row["depth"] for row in rows} == {"Europe": 0, "Austria": 1, "Asia": 0}


def test_the_organisation_of_a_customer(crm: Crm) -> None:
    crm("account", "add", "Acme")
    crm("contact", "add", "Ann", "--account", "Acme", "--title", "Director")
    crm("contact", "add", "Bo", "--account", "Acme", "--reports-to", "Ann")
    rows = crm("account", "org", "Acme", "--json").json
    depth = {row["name"]: row["depth"] for row in rows}
    assert depth["Bo"] == depth["Ann"] + 1
    assert crm("account", "org", "77").code == 5


def test_a_lead_is_ruled_out_with_a_reason(crm: Crm) -> None:
    crm("lead", "add", "Acme")
    assert crm("lead", "disqualify", "1").code in (2, 6)
    done = crm("lead", "disqualify", "1", "--reason", "no budget", "--json").json
    assert (done["state"], done["qualification"]) == ("disqualified", "no budget")
    assert crm("lead", "convert", "1").code == 6


def test_somebody_leaves_the_team(crm: Crm) -> None:
    crm("user", "add", "Li Na", "--login", "li", "--role", "rep")
    crm("account", "add", "Acme")
    crm("opp", "add", "Deal", "--account", "Acme", "--expected-close-on", "today+9d")
    assert crm("opp", "team", "add", "1", "li", "--if-version", "9").code == 6
    assert crm("opp", "team", "add", "1", "li").lines == ["U-2\tLi Na\t\t"]
    assert crm("opp", "team", "remove", "1", "li").lines == []
    assert crm("opp", "team", "remove", "1", "li").code == 5


def test_rights_are_granted_and_explained(crm: Crm) -> None:
    crm("user", "add", "Li Na", "--login", "li", "--role", "rep")
    assert crm("can", "add", "product", "--as", "li").code == 4
    assert {"noun": "product", "verb": "add", "scope": "all"} in crm(
        "role", "grant", "rep", "product.add", "all", "--json"
    ).json
    assert crm("can", "add", "product", "--as", "li").out == "all\n"
    assert crm("--as", "li", "product", "add", "Desk").code == 0
    assert crm("role", "revoke", "rep", "product.add", "--if-version", "9").code == 6
    assert crm("role", "revoke", "rep", "product.add").code == 0
    assert crm("--as", "li", "product", "add", "Lamp").code == 4


def test_a_copy_of_the_store_is_put_back_elsewhere(crm: Crm, home: Path) -> None:
    crm("product", "add", "Desk")
    assert crm("db", "backup", "copy.db").code == 0
    elsewhere = f"sqlite:///{home}/again.db"
    assert crm("db", "restore", "copy.db", "--db", elsewhere).code == 0
    assert crm("product", "list", "--fields", "name", "--db", elsewhere).out == "Desk\n"
    assert crm("db", "restore", "copy.db", "--db", elsewhere).code == 6
