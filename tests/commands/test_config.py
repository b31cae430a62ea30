"""`crm config` and `crm help`."""

from pathlib import Path

from crmtui.config import KEYS
from tests.commands.conftest import Crm


def test_settings_and_where_they_come_from(bare: Crm, home: Path) -> None:
    path = home / ".config/crmtui/config.toml"
    assert bare("config", "path").out == f"{path}\n"
    assert bare("config", "get", "rows").out == "50\n"
    written = bare("config", "set", "rows", "7")
    assert (written.code, written.out, written.err) == (0, "", f"Written to {path}.\n")
    assert bare("config", "get", "rows", "--json").json["value"] == "7"
    rows = bare("config", "show", "--origin", "--json").json
    assert [row["name"] for row in rows] == [key.name for key in KEYS]
    assert {row["name"]: row["origin"] for row in rows}["rows"] == f"file {path} line 1"
    assert {
        row["name"]: row["origin"]
        for row in bare("--db", "x.db", "config", "show", "--origin", "--json").json
    }["db"] == "flag --db"


def test_a_password_is_not_shown(bare: Crm) -> None:
    url = "postgresql://li:secret@host/db"
    for words in (["config", "show"], ["config", "get", "db"], ["config", "show", "--json"]):
        done = bare(*words, "--db", url)
        assert "secret" not in done.out + done.err
        assert "postgresql://li:***@host/db" in done.out


def test_unknown_settings_and_wrong_values(bare: Crm, home: Path) -> None:
    unknown = bare("config", "get", "rws", "--json")
    assert (unknown.code, unknown.error["hint"]) == (2, "Did you mean rows?")
    assert bare("config", "set", "rows", "many").code == 2
    assert not (home / ".config").exists()


def test_topics_and_commands(bare: Crm) -> None:
    for topic in ("exit-codes", "conditions", "formats", "dates", "import"):
        assert bare("help", topic).code == 0
        assert topic in bare("help").out
    assert bare("help", "opp", "advance").out == bare("opp", "advance", "--help").out
    assert bare("help", "opp", "team", "add").out == bare("opp", "team", "add", "--help").out
    missing = bare("help", "exit-cods", "--json")
    assert (missing.code, missing.error["hint"]) == (5, "Did you mean exit-codes?")


def test_every_exit_code_is_in_the_topic(bare: Crm) -> None:
    from crmtui.commands import edge

    listed = {int(line.split()[0]) for line in bare("help", "exit-codes").lines if line.strip()[:1].isdigit()}
    assert listed == {0, edge.BUG, *edge.EXIT.values(), edge.INTERRUPTED, edge.CLOSED_PIPE}
