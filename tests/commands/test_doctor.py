"""`crm doctor` and `crm db` at the command line."""

from contextlib import closing
from pathlib import Path

from crmtui.store.session import sqlite_module
from tests.commands.conftest import Crm


def _spoil(home: Path, url: str, *statements: str) -> None:
    with closing(sqlite_module().connect(url.removeprefix("sqlite:///"))) as raw:
        for statement in statements:
            raw.execute(statement)
        raw.commit()


def test_doctor_ends_as_the_store_is(crm: Crm, home: Path, sqlite_url: str) -> None:
    well = crm("doctor", "--json").json
    assert {row["state"] for row in well} <= {"ok", "info"}
    assert {tuple(row) for row in well} == {("check", "state", "finding", "todo")}
    assert crm("account", "add", "ACME").code == 0
    _spoil(home, sqlite_url, "CREATE TABLE keep (a)", "UPDATE account SET name_key = 'x' WHERE id = 1")
    warned = crm("doctor", "-o", "report.json")
    assert (warned.code, len(warned.err.splitlines())) == (7, 1)
    assert "search keys" in (home / "report.json").read_text()
    _spoil(home, sqlite_url, "DROP TRIGGER lead_insert")
    wrong = crm("doctor", "-o", "wrong.json", "--json")
    assert (wrong.code, wrong.error["code"]) == (6, "doctor.errors")
    assert "lead" in (home / "wrong.json").read_text()
    assert crm("doctor", "-q", "--jq", '.[] | select(.state == "error").check').out == "journal\n"


def test_search_keys_are_checked_and_put_right(crm: Crm, home: Path, sqlite_url: str) -> None:
    crm("account", "add", "ACME")
    assert crm("db", "check").code == 0
    _spoil(home, sqlite_url, "UPDATE account SET name_key = 'x' WHERE id = 1")
    found = crm("db", "check")
    assert found.code == 7
    assert "account\t1\t1\t0" in found.lines
    tried = crm("db", "check", "--repair", "--dry-run")
    assert (tried.code, "account\t1\t1\t1" in tried.lines) == (0, True)
    assert crm("db", "check").code == 7
    assert crm("db", "check", "--repair").code == 0
    assert crm("db", "check").code == 0
    assert crm("account", "show", "acme").code == 0
    assert crm("undo", crm("log", "--limit", "1", "--fields", "tx").out.strip()).code == 0
    assert crm("db", "check").code == 7


def test_a_copy_and_back(crm: Crm, home: Path) -> None:
    crm("account", "add", "ACME")
    made = crm("db", "backup", "copy.db", "--json").json
    assert made["place"] == "copy.db"
    assert made["bytes"] == (home / "copy.db").stat().st_size
    assert crm("db", "backup", "copy.db").code == 6
    assert crm("db", "restore", "copy.db").code == 6
    assert crm("db", "restore", "none.db", "--db", f"sqlite:///{home}/new/crm.db").code == 2
    back = crm("db", "restore", "copy.db", "--db", f"sqlite:///{home}/new/crm.db", "--json").json
    assert (back["schema"], back["last_tx"]) == (made["schema"], made["last_tx"])
    listed = crm("account", "list", "--fields", "name", "--db", f"sqlite:///{home}/new/crm.db")
    assert listed.out == "ACME\n"
