"""`import` and `export` at the command line."""

import csv
import json
from pathlib import Path

from crmtui.services.nouns import NOUNS
from tests.commands.conftest import Crm

LEADS = "Company,Contact Name,City\nAcme,Ann,Graz\nBolt,Bo,Wien\nToo,Short\n"
COUNTS = ("read", "created", "updated", "unchanged", "skipped", "rejected")


def counts(summary: dict[str, int]) -> list[int]:
    return [summary[name] for name in COUNTS]


def test_an_import_accounts_for_every_row_and_goes_back(crm: Crm, home: Path) -> None:
    (home / "leads.csv").write_text(LEADS)
    first = crm("lead", "import", "leads.csv", "--rejects", "rejects.csv", "--json")
    assert first.code == 7
    summary = json.loads(first.out)
    assert counts(summary) == [3, 2, 0, 0, 0, 1]
    assert summary["mapping"] == {"company": "Company", "contact_name": "Contact Name", "city": "City"}
    assert [(problem["line"], problem["code"]) for problem in summary["problems"]] == [(4, "import.ragged")]
    assert first.error["code"] == "import.partial"
    assert "rejects.csv" in first.error["hint"]
    assert (home / "rejects.csv").exists()
    again = crm("lead", "import", "leads.csv")
    assert (again.code, again.out) == (7, "3\t0\t0\t2\t0\t1\n")
    assert crm("undo", summary["tx"]).code == 0
    assert crm("lead", "list").out == ""


def test_a_dry_run_tells_the_mapping(crm: Crm) -> None:
    done = crm("lead", "import", "-", "--dry-run", stdin="Company,Burg\nAcme,Graz\n")
    assert done.code == 2
    tried = crm("lead", "import", "-", "--dry-run", "--map", "city=Burg", stdin="Company,Burg\nAcme,Graz\n")
    assert (tried.code, tried.out) == (0, "1\t1\t0\t0\t0\t0\n")
    assert "city is read from Burg\n" in tried.err
    assert crm("lead", "list").out == ""


def test_the_mapping_file_may_name_the_noun(crm: Crm, home: Path) -> None:
    (home / "m.toml").write_text(
        'noun = "product"\nignore = ["Memo"]\n[columns]\nname = "Artikel"\nprice = "Preis"\n'
    )
    (home / "p.csv").write_text("Artikel;Preis;Memo\nDesk;300;x\n")
    assert crm("import", "p.csv", "--mapping", "m.toml").code == 0
    assert crm("product", "list", "--fields", "name,price").out == "Desk\t300.00\n"
    assert crm("import", "p.csv").code == 2
    assert crm("lead", "import", "p.csv", "--mapping", "m.toml").code == 2
    assert crm("lead", "import", "none.csv", "--json").error["code"] == "file.not_found"


def test_what_is_exported_comes_back_in_unchanged(crm: Crm, home: Path) -> None:
    crm("account", "add", "=Acme+1", "--city", "Graz", "--note", "one\ntwo")
    crm("contact", "add", "Ann", "--account", "=Acme+1", "--set", "interests=tennis, chess")
    for noun in ("account", "contact"):
        for ending in ("csv", "json", "jsonl"):
            assert crm(noun, "export", "-o", f"{noun}.{ending}").code == 0
            back = crm(noun, "import", f"{noun}.{ending}", "--json")
            assert counts(json.loads(back.out)) == [1, 0, 0, 1, 0, 0], (noun, ending, back.err)


def test_the_whole_store_into_a_folder(crm: Crm, home: Path) -> None:
    crm("product", "add", "Desk")
    rows = crm("export", "everything", "--jq", "map({noun, records})").json
    assert {row["noun"]: row["records"] for row in rows}["product"] == 1
    assert sorted(path.name for path in (home / "everything").iterdir()) == sorted(
        f"{noun}.jsonl" for noun in NOUNS
    )
    assert json.loads((home / "everything/product.jsonl").read_text())["name"] == "Desk"
    assert crm("export", "everything").code == 6
    assert crm("export", "no/such").code == 2
    assert crm("export", "tables", "--format", "csv").code == 0
    with open(home / "tables/role.csv", encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == len(crm("role", "list").lines)


def test_export_is_a_right_of_its_own(crm: Crm) -> None:
    crm("lead", "add", "Acme")
    crm("user", "add", "--set", "login=sun", "--set", "name=Sun", "--set", "role=rep")
    crm("lead", "add", "Hers", "--owner", "sun")
    assert len(crm("--as", "sun", "lead", "export").lines) == 2
    assert crm("role", "revoke", "rep", "lead.export").code == 0
    done = crm("--as", "sun", "lead", "export")
    assert (done.code, done.out) == (4, "")
    assert crm("--as", "sun", "lead", "list", "--fields", "company").out == "Hers\n"


def test_open_finds_the_noun_by_the_letter(crm: Crm) -> None:
    crm("lead", "add", "Acme")
    assert crm("open", "L-1", "--fields", "company").out == "Acme\n"
    assert crm("open", "l-1", "--fields", "company").out == "Acme\n"
    assert crm("open", "L-7").code == 5
    for wrong in ("1", "ZZ-1", "Acme"):
        assert crm("open", wrong).code == 2
