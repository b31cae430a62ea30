"""Bad input at the command line: one sentence that names the field, the right exit code, and nothing half-written."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.conftest import NOW, Crm, Result, in_process, move_in, process
from tests.faults.state import fingerprint
from tests.hostile import stray

Bad = tuple[str, int, str, str | None]
"""A line, its exit code, a part of the sentence, and the field that the JSON error names."""

WORDS: tuple[Bad, ...] = (
    ("foo", 2, "no command `crm foo`", None),
    ("leed list", 2, "Did you mean `crm lead`?", None),
    ("lead foo", 2, "no command `crm lead foo`", None),
    ("lead lst", 2, "Did you mean `crm lead list`?", None),
    ("lead list --foo", 2, "no option --foo", "foo"),
    ("lead add X --compny Y", 2, "Did you mean --company?", "compny"),
    ("lead list extra", 2, "does not take extra", None),
    ("lead show", 2, "REF is missing", None),
    ("lead list --limit", 2, "--limit needs a value", None),
    ("lead list --archived=yes", 2, "--archived takes no value", None),
    ("--dry-run lead list", 2, "--dry-run has no meaning for `crm lead list`", None),
    ("open 5", 2, "Write it like L-12", None),
    ("help nothing-such", 5, "no topic and no command", None),
    ("schema lead dance", 2, "no schema for `crm lead dance`", None),
    ("config get foo", 2, "no setting foo", "foo"),
    ("config set rows 0", 2, "rows must be a whole number from 1", "rows"),
    ("config set pager less", 2, "no setting pager", None),
    ("search x --in quota", 2, "quota are not searched", "in"),
    ("can foo opp", 2, "opp has no verb foo", "verb"),
    ("can show foo", 2, "no noun foo", "noun"),
    ("role grant rep opp.edit far", 2, "far is not a scope", "scope"),
    ("role grant rep foo.edit own", 2, "no noun foo", "noun"),
    ("completion tcsh", 2, "no completion for tcsh", None),
)
VALUES: tuple[Bad, ...] = (
    ("lead add X --set foo=1", 2, "lead has no field foo", "foo"),
    ("lead add X --set citty=Graz", 2, "Did you mean city?", "citty"),
    ("lead add X --set city", 2, "--set takes FIELD=VALUE, not city", "set"),
    ("lead add", 2, "Company must not be empty", "company"),
    ("lead edit 1", 2, "Say what to change", None),
    ("lead edit --city X", 2, "either one REF, or --where", "ref"),
    ("lead edit 1 --where city=X --city Y", 2, "either one REF, or --where", "ref"),
    ("lead edit 1 --state qualified", 6, "crm lead qualify", "state"),
    ("opp edit 1 --stage proposal", 6, "crm opp advance", "stage"),
    ("opp edit 1 --state won", 6, "crm opp close", "state"),
    ("lead edit 1 --set version=7", 6, "version is kept by the program", "version"),
    ("opp advance 1 --to foo", 2, "no stage foo. Its stages are: prospecting", "stage"),
    ("opp advance 1 --to proposl", 2, "Did you mean proposal?", "stage"),
    ("lead add X --currency XYZ", 2, "No currency has the code XYZ", "currency"),
    ("lead add X --currency EURO", 2, "such as EUR", "currency"),
    (
        "lead add X --next-contact-on 2026-02-30",
        2,
        "next_contact_on: 2026-02-30 is not a date",
        "next_contact_on",
    ),
    ("lead add X --next-contact-on 9999-12-31", 2, "between 1970 and 2199", "next_contact_on"),
    ("opp adjust 1 --close 31.12.2026", 2, "expected_close_on: 31.12.2026", "expected_close_on"),
    *(
        (f"product add X --price={amount}", 2, f"price: {amount} is not an amount. A good value is", "price")
        for amount in ("NaN", "1e400", "1_000", "Infinity", "١٢٣", "0x10", "12,5", "1.2.3")
    ),
    ("product add X --price=-5", 2, "price: An amount here has no sign: -5", "price"),
    ("product add X --price=1.005", 2, "more decimals than USD", "price"),
    ("product add X --price=1.500", 2, "more decimals than USD", "price"),
    ("product add X --price=99999999999999", 2, "too large an amount", "price"),
    ("opp adjust 1 --probability 101", 2, "probability: 101 is out of range", "probability"),
    ("opp adjust 1 --probability 1_0", 2, "1_0 is not a whole number", "probability"),
    ("opp adjust 1", 2, "nothing to change", None),
    ("lead add X --intent 6", 2, "from 1 to 5", "intent"),
    ("lead add X --email nobody", 2, "nobody is not a mail address", "email"),
    ("contact add X --married perhaps", 2, "married: perhaps is neither yes nor no", "married"),
    ("contact add X --birth-date soon", 2, "birth_date: soon is not a date", "birth_date"),
    ("attribute add --set noun=foo --set name=x", 2, "no noun foo", "noun"),
    ("attribute add --set noun=lead --set name=Foo!", 2, "Foo! is no name for an attribute", "name"),
    ("rate add --currency EUR --set rate=0", 2, "0 is not an exchange rate", "rate"),
    ("type add x", 2, "List must not be empty", "list"),
    ("user add Q --role foo", 5, "no role foo", "role"),
    ("opp add X --account Nobody --expected-close-on today", 5, "no account Nobody", "account"),
    ("opp add X --account Zed", 2, "Give it with --expected-close-on", "expected_close_on"),
    ("quota set --user li --period foo 5", 2, "foo is not a period", "period"),
    ("quota set --period 2026Q4 5", 2, "Say whose quota it is", "of"),
    ("quota set --user li --period 2026Q4 x", 2, "x is not an amount", "amount"),
)
RULES: tuple[Bad, ...] = (
    ("account show Acme", 5, "Acme can mean several: A-1, A-2", None),
    ("account show 99", 5, "no account 99", None),
    ("account show O-1", 5, "O-1", None),
    ("dept edit A --parent B", 6, "D-1 cannot stand under D-2", "parent"),
    ("dept edit A --parent A", 6, "D-1", "parent"),
    ("opp close 1 --won", 6, "closed with a summary", "summary"),
    ("opp close 1 --lost --summary x", 6, "--reason TEXT", "loss_reason"),
    ("opp close 1 --summary x", 2, "--won or --lost", "state"),
    ("opp close 1 --won --summary x --on 2030-01-01", 2, "still to come", "closed_on"),
    ("opp reopen 1", 6, "only a won or lost one", "state"),
    ("opp team remove 1 li", 5, "not in the team", None),
    ("lead convert 1", 6, "crm lead qualify L-1", "state"),
    ("undo 999", 5, "no transaction 999", None),
    ("undo x", 5, "no transaction x", None),
    ("query run none", 5, "no query none", None),
    ("lead edit 1 --city X --if-version 9", 6, "changed meanwhile (version 1, you had 9)", None),
    ("lead edit 1 --city X --if-version x", 2, "--if-version takes a whole number", "if_version"),
    ("lead list --as nobody", 4, "nobody is not a user of this store", None),
    ("type add x --list y --as li", 4, "role does not let you add", None),
)
ASKED: tuple[Bad, ...] = (
    ("lead list --now perhaps", 2, "now: perhaps is not", "now"),
    ("lead list --where citty=1", 2, "no field citty; do you mean city?", "citty"),
    ("lead list --where state=", 2, "A value is expected here", None),
    ("lead list --where ((", 2, "expected here", None),
    ("lead list --where intent=high", 2, "high", "intent"),
    ("lead list --where next_contact_on=soon", 2, "soon", "next_contact_on"),
    ("lead list --sort foo", 2, "no field foo", "foo"),
    ("lead list --by foo", 2, "no field foo", "foo"),
    ("lead list --measure foo", 2, "foo is no measure", None),
    ("lead list --fields company,foo", 2, "no field foo", "foo"),
    ("lead list --limit -1", 2, "--limit takes a whole number", "limit"),
    ("lead list --format yaml", 2, "no format yaml", "format"),
    ("lead list --format xlsx", 2, "add -o FILE.xlsx", "output"),
    ("lead list --jq .[", 2, "--jq cannot be used", "jq"),
    ("lead list --template {{", 2, "--template cannot be used", "template"),
    ("lead list -o there.csv", 6, "there.csv exists already. Add --force", "output"),
    ("lead list -o no/such/place.csv", 2, "no folder to write no/such/place.csv", "output"),
    ("lead add X -o there.csv", 6, "there.csv exists already", "output"),
    ("log --since perhaps", 2, "since: perhaps is not", "since"),
    ("log --noun foo", 2, "no kind of record called foo", "noun"),
    ("forecast --period foo", 2, "foo is not a period", "period"),
    ("forecast --by foo", 2, "by: foo is not one of", "by"),
    ("forecast --as-of perhaps", 2, "as_of: perhaps is not", "as_of"),
    ("forecast --dept Nowhere", 5, "no dept Nowhere", None),
    ("forecast --method magic", 2, "method: magic is not one of", "method"),
    ("forecast --depth deep", 2, "--depth takes a whole number", "depth"),
    ("lead import no.csv", 2, "no file no.csv", None),
    ("lead import there.csv", 2, "neither mapped to a field nor ignored", "a"),
    ("import there.csv", 2, "Nothing says what the file holds", None),
    ("lead add --input no.json", 2, "no.json cannot be read", "input"),
    ("lead add --input there.csv", 2, "there.csv, line 1: this is not JSON", "input"),
    ("export there.csv", 6, "there.csv exists already", None),
    ("export no/such/folder", 2, "no/such/folder cannot be made", None),
    ("db backup there.csv", 6, "there.csv", None),
    ("db restore no.db --db new.db", 2, "no.db cannot be read", "file"),
)
STORES: tuple[Bad, ...] = (
    ("lead list --db no.db", 3, "There is no store at no.db. Run crm init", None),
    ("lead list --db sqlite:///no/such.db", 3, "no store at no/such.db", None),
    ("lead list --db there.csv/x.db", 3, "no store at there.csv/x.db", None),
    ("lead list --db .", 2, "is not the address of a store", None),
    ("lead list --db ./", 4, "not an ordinary file", None),
    ("lead list --db empty.db", 3, "empty.db is not set up", None),
    ("lead list --db foreign.db", 3, "not a store of this program", None),
    ("lead list --db text.db", 3, "text.db", None),
    ("lead list --db newer.db", 3, "made by a newer program", None),
    ("lead list --db mysql://host/x", 2, "is not the address of a store", None),
    ("lead list --db postgresql://u:secret@host:port/x", 2, "***", None),
    ("lead list --config no.toml", 2, "no.toml does not exist", "config"),
    ("lead list --config there.csv", 2, "there.csv is not usable", None),
    ("init --db there.csv/x.db", 2, "there.csv is no folder: a file stands in the way", "db"),
    ("init --db crm.db", 6, "something at crm.db already", None),
    ("init --db new.db --currency XXXX", 2, "No currency has the code XXXX", None),
    ("init --db new.db --timezone Mars", 2, "Mars", None),
    ("init --db new.db --fiscal-start 13", 2, "from 1 to 12", "fiscal_start"),
)
SET_UP = (
    "lead add Acme",
    "account add Acme",
    "account add Acme",
    "account add Zed",
    "dept add A",
    "dept add B --parent A",
    "user add Li --login li --dept B --role rep",
    "opp add Hall --account Zed --expected-close-on 2027-01-01 --amount 5",
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Path]:
    """The folder of a small company's store, with files that are in the way."""
    with pytest.MonkeyPatch.context() as patch:
        folder = move_in(tmp_path_factory.mktemp("bad") / "home", patch)
        shutil.copyfile(sqlite_template, folder / "crm.db")
        patch.setenv("CRM_DB", f"sqlite:///{folder}/crm.db")
        patch.setenv("CRM_NOW", NOW)
        for line in SET_UP:
            assert in_process(*line.split()).code == 0, line
        (folder / "there.csv").write_text('a;b "\n1;2\n')
        (folder / "empty.db").touch()
        (folder / "text.db").write_text("this is no database, whatever its name may be\n" * 40)
        for name, statement in (("foreign", "CREATE TABLE x (y)"), ("newer", "PRAGMA user_version = 99")):
            shutil.copyfile(folder / ("empty.db" if name == "foreign" else "crm.db"), folder / f"{name}.db")
            with sqlite3.connect(folder / f"{name}.db") as connection:
                connection.execute(statement)
                connection.execute(
                    "UPDATE setting SET value = 99 WHERE name = 'schema'"
                ) if name == "newer" else None
            connection.close()
        yield folder


def state(home: Path) -> tuple[str, list[str]]:
    """All that the store holds, and every file that is there."""
    found = sorted(
        str(path.relative_to(home)) for path in home.rglob("*") if not path.name.endswith(("-wal", "-shm"))
    )
    return fingerprint(f"sqlite:///{home}/crm.db"), found


def checked(done: Result, code: int, part: str) -> None:
    said, *drawn = done.err.splitlines()
    assert (done.code, done.out) == (code, ""), done.err
    assert said.startswith("crm: ")
    assert part in said
    assert not drawn or (len(drawn) == 2 and set(drawn[1]) <= set(" ^"))
    assert not stray(done.err)
    assert "Traceback" not in done.err
    assert not re.search(r"\{[a-z_]+\}", said)


@pytest.mark.parametrize(
    "lines", [WORDS, VALUES, RULES, ASKED, STORES], ids=["words", "values", "rules", "asked", "stores"]
)
def test_one_sentence_one_code_and_nothing_changed(home: Path, lines: tuple[Bad, ...]) -> None:
    before = state(home)
    wrong: list[tuple[str, str | None, str | None]] = []
    for line, code, part, field in lines:
        words = line.split()
        checked(in_process(*words), code, part)
        if "--format" in words:
            continue
        told = in_process("--json", "--lang", "zh", *words)
        assert (told.code, told.out) == (code, ""), line
        assert set(told.error) == {"code", "message", "field", "hint"}
        wrong += [(line, field, told.error["field"])] if told.error["field"] != field else []
        assert told.error["message"], line
    assert not wrong
    assert state(home) == before


def test_a_key_is_for_one_command(home: Path) -> None:
    assert in_process("lead", "edit", "1", "--city", "Graz", "--key", "k").code == 0
    before = state(home)
    checked(
        in_process("lead", "edit", "1", "--city", "Linz", "--key", "k"),
        6,
        "key k was used for another command",
    )
    assert in_process("lead", "edit", "1", "--city", "Graz", "--key", "k").code == 0
    assert state(home) == before


def test_what_json_may_hold(home: Path) -> None:
    before = state(home)
    for text, code, part, field in (
        ("", 2, "line 1: this is not JSON", "input"),
        ("[1]", 2, "no JSON object", "input"),
        ('{"company": NaN}', 2, "NaN is not a number", "input"),
        ('{"company": 1e999}', 2, "company", "company"),
        ('{"company": {"a": 1}}', 2, "does not take the JSON value", "company"),
        ('{"company": "A", "intent": 2.5}', 2, "2.5 is not a whole number", "intent"),
        ('{"company": "A", "tags": [["x"]]}', 2, "does not take the JSON value", "tags"),
        ('{"company": "A", "foo": 1}', 2, "no field foo", "foo"),
        ('[{"company": "A"}, {"company": "B", "intent": 9}]', 2, "Item 2: ", "intent"),
        ('{"company": "A"}\n{"company": }', 2, "line 2: this is not JSON", "input"),
        ("[" * 100_000, 2, "nested too deep", "input"),
        ('{"company": "\\ud800"}', 2, "not UTF-8", "company"),
    ):
        done = in_process("lead", "add", "--input", "-", stdin=text)
        checked(done, code, part)
        assert in_process("lead", "add", "--input", "-", "--json", stdin=text).error["field"] == field
    assert state(home) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="an administrator may read everything")
def test_a_store_that_may_not_be_read(home: Path) -> None:
    shutil.copyfile(home / "crm.db", home / "closed.db")
    (home / "closed.db").chmod(0)
    checked(in_process("lead", "list", "--db", "closed.db"), 4, "may not read or write closed.db")
    (home / "closed.db").unlink()


# Processes, and their streams


def test_arguments_that_are_no_utf8(home: Path) -> None:
    before = state(home)
    for words in (["lead", "add", b"M\xfcller"], ["lead", "show", b"\xff"], [b"\xfe\xff"]):
        done = process(*words)
        assert (done.returncode, done.stdout) == (2, b"")
        assert b"is not UTF-8" in done.stderr
        assert done.stderr.count(b"\n") == 1
    assert state(home) == before


def test_a_reader_that_goes_away(home: Path) -> None:
    rows = json.dumps([{"name": f"P{n}", "note": "x" * 2000} for n in range(200)])
    assert in_process("product", "add", "--input", "-", "-q", stdin=rows).code == 0
    command = f"{sys.executable} -m crmtui product list --json | head -c 10; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "0<&- 1>&- 2>&-"])
def test_streams_that_are_closed(home: Path, closed: str) -> None:
    for words, code in (("lead list --fields company", 0), ("lead show 99", 5), ("lead add --input -", 2)):
        command = f"{sys.executable} -m crmtui {words} {closed}" + ("" if "0<" in closed else " </dev/null")
        done = subprocess.run(["bash", "-c", command], capture_output=True, timeout=60, check=False)
        assert done.returncode == code, (words, done.stderr)
        assert b"Traceback" not in done.stderr


def test_a_store_may_be_named_as_a_file(bare: Crm, tmp_path: Path) -> None:
    for place in ("plain.db", "./some.sqlite", f"{tmp_path}/deep/er/store"):
        assert bare("init", "--db", place).code == 0
        assert bare("lead", "add", "Acme", "--db", place).code == 0
        assert bare("lead", "list", "--fields", "company", "--db", place).out == "Acme\n"
