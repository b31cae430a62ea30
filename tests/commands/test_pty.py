"""Every byte that the program writes to a real terminal, with hostile records in the store (battery B2)."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from crmtui.text import width
from tests.commands.conftest import NOW, in_process, move_in, on_terminal, without_colour
from tests.hostile import OWN, refusal, stray

NAMES = [text for text in OWN if text.strip() and not refusal("line", 120, text)]
MANY = 60

TABLES = (
    ["lead", "list", "--limit", "500"],
    ["lead", "list", "--fields", "company,city,street,intent", "--sort", "company"],
    ["account", "list"],
    ["opp", "list", "--where", "account = 'A-1'"],
    ["opp", "history", "1"],
    ["dept", "tree"],
    ["account", "org", "1"],
    ["forecast", "--depth", "3"],
    ["quota", "tree"],
    ["forecast", "drill"],
    ["lead", "list", "--by", "company", "--measure", "count"],
    ["search", "*e*"],
    ["log"],
    ["who-can", "close", "opp"],
    ["config", "show", "--origin"],
    ["doctor"],
)
OTHERS = (
    ["lead", "show", "2"],
    ["account", "show", "3"],
    ["opp", "show", "1"],
    ["lead", "list", "--format", "plain"],
    ["lead", "list", "--format", "csv"],
    ["lead", "list", "--format", "tsv"],
    ["lead", "list", "--format", "md"],
    ["lead", "list", "--json"],
    ["lead", "list", "--jq", ".[].company"],
    ["lead", "list", "--template", "{{ company }} {{ city }}"],
    ["lead", "edit", "5", "--set", f"city={NAMES[20]}"],
    ["lead", "add", NAMES[17], "--country", NAMES[25]],
    ["lead", "edit", "--where", "company~*", "--city", NAMES[30], "--yes"],
    ["product", "import", "more.csv"],
    ["opp", "--help"],
    ["help", "conditions"],
)
WRONG = tuple(
    words
    for text in (
        NAMES[0],
        "\x1b]52;c;aGk=\x07",
        "\x9b31m",
        "\u202egpj.exe",
        "[@click=app.quit]x[/]",
        "a\nb\r\x1b[2J",
    )
    for words in (
        ["lead", "show", "no " + text],
        ["lead", "list", "--where", text],
        ["lead", "list", f"--{text}"],
        [text],
        ["lead", "add", "X", "--quoted", text],
        ["lead", "add", "X", "--json", "--quoted", text],
    )
)
OURS = {"table": {"\x1b[1m", "\x1b[0m"}, "import": {"\x1b[K"}}
"""All the sequences that the program writes: the names of columns are bold, a line of progress is wiped."""
PLACES = (
    {"columns": 80, "rows": 24, "CRM_LANG": "en"},
    {"columns": 120, "rows": 36, "CRM_LANG": "zh", "NO_COLOR": "1"},
    {"columns": 80, "rows": 24, "CRM_LANG": "zh"},
    {"columns": 120, "rows": 36, "CRM_LANG": "en", "TERM": "dumb"},
    {"columns": 80, "rows": 24, "CRM_LANG": "zh", "TERM": "dumb", "NO_COLOR": "1"},
    {"columns": 120, "rows": 36, "CRM_LANG": "en", "CRM_COLOR": "always"},
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Path]:
    """The home of a store whose every name is hostile."""
    with pytest.MonkeyPatch.context() as patch:
        home = move_in(tmp_path_factory.mktemp("pty") / "home", patch)
        shutil.copyfile(sqlite_template, home / "crm.db")
        (home / "more.csv").write_text("name,price\n" + "".join(f'"{n}\x1b[31m",x\n' for n in range(3)))
        patch.setenv("CRM_DB", f"sqlite:///{home}/crm.db")
        patch.setenv("CRM_NOW", NOW)
        for noun, rows in _records():
            done = in_process(noun, "add", "--input", "-", stdin=json.dumps(rows))
            assert done.code == 0, done.err
        for scope in ("--dept=D-1", "--user=U-2"):
            assert in_process("quota", "set", scope, "--period", "2026Q4", "1000").code == 0
        yield home


def _records() -> Iterator[tuple[str, list[dict[str, object]]]]:
    yield "dept", [{"name": NAMES[0]}, {"name": NAMES[16], "parent": "D-1"}]
    yield "user", [{"login": "li", "name": NAMES[18], "dept": "D-2", "role": "rep"}]
    yield "account", [{"name": name, "city": name, "note": name} for name in NAMES[:40]]
    yield "contact", [{"name": name, "account": "A-1", "title": name} for name in NAMES[40:60]]
    owned = {"account": "A-1", "owner": "U-2", "amount": "500", "expected_close_on": "2026-12-01"}
    yield "opp", [{"name": name, **owned} for name in NAMES[60:75]]
    yield (
        "lead",
        [
            {
                "company": name,
                "contact_name": name,
                "city": name,
                "street": name,
                "country": name[:80],
                "intent": 5,
            }
            for name in NAMES
        ],
    )


@pytest.mark.parametrize("place", PLACES, ids=lambda place: " ".join(map(str, place.values())))
def test_only_the_programs_own_sequences_reach_the_terminal(folder: Path, place: dict[str, object]) -> None:
    wrong = WRONG if place in PLACES[::4] else WRONG[:6]
    lines = [*([*words, "-q"] for words in TABLES), *OTHERS, *wrong]
    found = on_terminal(*lines, **place)  # type: ignore[arg-type]
    assert len(found) == len(lines)
    for words, (code, text) in zip(lines, found, strict=True):
        assert code in (0, 2, 3, 5, 6, 7), (words, text)
        assert "Traceback" not in text
        table = words[-1] == "-q"
        sequences = set(re.findall(r"\x1b(?:\[[0-9;?]*[A-Za-z]|.)?", text))
        assert sequences <= OURS.get("table" if table else "".join(words[1:2]), set()), words
        assert not sequences or place.get("TERM") != "dumb"
        text = re.sub(r"\r[#.]* [^\r]*\x1b\[K|\r\x1b\[K", "", text) if "import" in words else text
        assert not stray(without_colour(text).replace("\r\n", "\n"), "\n\t" if "tsv" in words else "\n"), (
            words
        )
        if table:
            rows = [line for line in without_colour(text).splitlines() if not line.startswith("crm: ")]
            assert rows
            assert max(width(row) for row in rows) <= int(str(place["columns"])), words


@pytest.mark.parametrize("columns", [80, 120])
def test_wide_and_joined_signs_keep_columns_aligned(folder: Path, columns: int) -> None:
    words = ["lead", "list", "--fields", "company,city,intent", "--limit", "500", "--where", "intent=5", "-q"]
    [(_code, text)] = on_terminal(words, columns=columns)
    header, *lines = [line.rstrip() for line in without_colour(text).splitlines()]
    assert len(lines) == len(NAMES)
    assert {line[-1] for line in lines} == {"5"}
    assert {width(line) for line in lines} == {width(header)}


def test_a_list_stops_at_fifty_rows_and_says_so_beside_it(folder: Path) -> None:
    (_, out), (_, errors) = on_terminal(["lead", "list", "--where", "intent=5"], apart=True)
    assert len(out.splitlines()) == 51
    assert re.search(rf"^50 of {len(NAMES)}$", errors, re.MULTILINE)
    assert not stray(errors, "\n\0")
