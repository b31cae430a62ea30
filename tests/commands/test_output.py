"""Formats: the same values in each, and nothing in any that could act."""

import csv
import io
import json
import os
import stat
from datetime import date
from pathlib import Path
from typing import Any
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from crmtui.commands import formats, layout
from crmtui.commands.formats import Style
from crmtui.commands.output import columns
from crmtui.money import Money
from crmtui.services.context import Ref
from crmtui.text import csv_uncell, width
from tests.commands.conftest import Crm, process

HOSTILE = [
    "[bold red]OVERDUE[/] [/] [@click=app.quit]x[/]",
    ":smiley: ${x} {{ x }} %s {0}",
    "\x1b[31mred\x1b]52;c;aGk=\x07",
    "\x9b31m\x90q",
    "rtl \u202e gnp.exe \u2066x\u2069",
    "zero\u200bwidth \ufeff tag\U000e0041",
    '=HYPERLINK("http://x","y")',
    "@SUM(1)",
    "-1+1",
    "+1",
    "＝1+1",
    "'=1",
    "'already",
    "a\tb",
    "back\\slash \\t",
    'quote " comma , semi ;',
    "| pipe | `code` <b>html</b> # *x* _y_ [l](u)",
    "华为 技术 ☎ 👨‍👩‍👧",
    "Z̴̡̢̛̗͈͉͇̦̖a",
    "--help",
]
COLUMNS = columns(
    name="line", note="text", amount="money", day="day", owner="ref", tags="choices", many="whole"
)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
ROWS: list[dict[str, Any]] = [
    {
        "name": "Müller",
        "note": "one\ntwo",
        "amount": Money(120000, "USD"),
        "day": date(2026, 11, 20),
        "owner": Ref("U-2", "Li", 2),
        "tags": ["a", "b"],
        "many": 7,
    },
    {
        "name": "x",
        "note": None,
        "amount": None,
        "day": None,
        "owner": Ref("U-3", None, 3),
        "tags": None,
        "many": None,
    },
]


def harmless(text: str, besides: str = "\n") -> bool:
    """Whether a terminal would only draw `text`: no control, nothing invisible but what joins emoji."""
    return all(
        letter in besides
        or letter == "\u200d"
        or category(letter) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
        for letter in text
    )


def written(format: str, rows: list[dict[str, Any]], *, header: bool = False, terminal: bool = False) -> str:
    return "".join(formats.WRITERS[format](COLUMNS, rows, Style(header, terminal, {})))


def test_json_forms() -> None:
    first, second = json.loads(written("json", ROWS))
    assert first == {
        "name": "Müller",
        "note": "one\ntwo",
        "amount": "1200.00",
        "day": "2026-11-20",
        "owner": {"ref": "U-2", "name": "Li"},
        "tags": ["a", "b"],
        "many": 7,
    }
    assert (second["owner"], second["amount"], second["tags"]) == ({"ref": "U-3", "name": None}, None, [])
    assert [json.loads(line) for line in written("jsonl", ROWS).splitlines()] == [first, second]
    assert json.loads(written("json", [])) == []
    assert written("jsonl", []) == ""


def test_tab_separated_has_no_header_unless_asked() -> None:
    assert written("tsv", ROWS[:1]) == "Müller\tone\\ntwo\t1200.00\t2026-11-20\tLi\ta, b\t7\n"
    assert (
        written("tsv", ROWS[:1], header=True).splitlines()[0] == "name\tnote\tamount\tday\towner\ttags\tmany"
    )


@given(TEXT, TEXT)
def test_json_holds_every_text_and_no_control(name: str, note: str) -> None:
    for format in ("json", "jsonl"):
        text = written(format, [{"name": name, "note": note}])
        assert harmless(text)
        found = json.loads(text)
        row = found[0] if format == "json" else found
        assert (row["name"], row["note"]) == (name, note)


@given(TEXT, TEXT)
def test_csv_holds_every_text(name: str, note: str) -> None:
    _header, row = csv.reader(
        io.StringIO(written("csv", [{"name": name, "note": note}]), newline=""), strict=True
    )
    assert [csv_uncell(cell) for cell in row[:2]] == [name, note]


@given(TEXT, TEXT)
def test_one_row_is_one_line_where_lines_count(name: str, note: str) -> None:
    rows = [{"name": name, "note": note}]
    tsv = written("tsv", rows)
    assert tsv.count("\n") == 1
    assert tsv.count("\t") == len(COLUMNS) - 1
    assert harmless(tsv, "\t\n")
    assert written("md", rows).count("\n") == 3
    assert "".join(layout.plain(COLUMNS, rows)).count("\n") == 2


def test_numbers_stay_numbers_and_formulas_become_text() -> None:
    rows = [{"name": name, "amount": Money(-500, "USD")} for name in HOSTILE]
    for row in csv.reader(io.StringIO(written("csv", rows), newline="")):
        assert row[0].lstrip(" ")[:1] not in ("=", "+", "-", "@", "＝")
        assert row[2] in ("amount", "-5.00")


def test_csv_on_a_terminal_is_cleaned() -> None:
    rows = [{"name": name} for name in HOSTILE]
    assert harmless(written("csv", rows, terminal=True), "\r\n")


def test_a_workbook(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    formats.write_xlsx(str(path), COLUMNS, [*ROWS, *({"name": name} for name in HOSTILE)])
    found = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    assert found[1] == ["Müller", "one\ntwo", 1200.0, "2026-11-20", "Li", "a, b", 7.0]
    plain = [name for name in HOSTILE if name.isprintable()]
    assert [row[0] for row in found[3:] if row[0] in plain] == plain


def test_aligned_columns_have_right_widths() -> None:
    lines = "".join(
        layout.plain(COLUMNS[:3], [{"name": name, "amount": Money(100, "USD")} for name in HOSTILE])
    ).splitlines()
    assert len({width(line) for line in lines}) == 1


def test_hostile_texts_through_the_whole_program(crm: Crm) -> None:
    accepted = [text for text in HOSTILE if crm("product", "add", "--", text).code == 0]
    assert accepted == HOSTILE
    listed = ("product", "list", "--sort", "created_at,ref", "--fields", "name")
    assert [row["name"] for row in crm(*listed, "--json").json] == accepted
    for format in ("table", "plain", "tsv", "md"):
        out = crm(*listed, "--format", format).out
        assert harmless(out, "\t\n")
    assert "[bold red]OVERDUE[/]" in crm(*listed, "--format", "table").out
    shown = crm("product", "show", "3", "--format", "plain").out
    assert "\x1b" not in shown
    assert "␛[31mred" in shown


def test_fields(crm: Crm) -> None:
    crm("product", "add", "Desk", "--price", "3")
    assert crm("product", "show", "1", "--fields", "price, name").out == "3.00\tDesk\n"
    assert list(crm("product", "list", "--fields", "all", "--json").json[0]) == list(
        crm("product", "show", "1", "--json").json
    )
    wrong = crm("product", "show", "1", "--fields", "nmae", "--json")
    assert (wrong.code, wrong.error["hint"]) == (2, "Did you mean name?")


def test_cards_leave_out_what_is_empty(crm: Crm) -> None:
    crm("product", "add", "Desk", "--note", "one\ntwo")
    card = crm("product", "show", "1", "--format", "plain").out
    assert "Name        Desk\n" in card
    assert "Note        one\n            two\n" in card
    assert "Cost" not in card
    assert (
        crm("product", "show", "1", "--format", "plain", "--fields", "name,cost").out == "Name  Desk\nCost\n"
    )


def test_jq(crm: Crm) -> None:
    for name in ("Desk", "Lamp"):
        crm("product", "add", name, "--price", "3")
    listed = ("product", "list", "--sort", "name")
    assert crm(*listed, "--jq", ".[].name").out == "Desk\nLamp\n"
    assert (
        crm(*listed, "--jq", "map({name, price})").out
        == '[{"name": "Desk", "price": "3.00"}, {"name": "Lamp", "price": "3.00"}]\n'
    )
    assert crm("product", "add", "Rope", "--jq", ".tx|type").out == "string\n"
    assert crm(*listed, "--jq", ".[").code == 2
    assert crm(*listed, "--jq", ".[] | tonumber").code == 2


def test_template(crm: Crm) -> None:
    crm("product", "add", "Desk", "--price", "3")
    crm("product", "add", "<b>\x1b[1m", "--price", "4")
    done = crm("product", "list", "--sort", "price", "--template", "{{ name }}: {{ price }}")
    assert done.out == "Desk: 3.00\n<b>␛[1m: 4.00\n"


@pytest.mark.parametrize(
    "template",
    [
        "{{ name",
        "{{ nothing.at.all }}",
        "{{ name.__class__.__mro__ }}",
        "{{ ''.__class__.__base__.__subclasses__() }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{% for i in range(1000000000) %}x{% endfor %}",
        "{{ 'a' * 1000000000 }}",
        "{% for i in range(99999) %}{{ 'a' * 1000 }}{% endfor %}",
        "{% include '/etc/passwd' %}",
        "{{ 1 / 0 }}",
        "{{ name.append(1) }}",
    ],
)
def test_a_template_can_neither_reach_out_nor_run_away(crm: Crm, template: str) -> None:
    crm("product", "add", "Desk")
    done = crm("product", "list", "--template", template)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("crm: --template cannot be used: ")
    assert done.err.count("\n") == 1


def test_output_file(crm: Crm, home: Path) -> None:
    crm("product", "add", "Desk")
    file = home / "products.csv"
    done = crm("product", "list", "--fields", "name", "-o", str(file))
    assert (done.code, done.out, file.read_bytes()) == (0, "", b"name\r\nDesk\r\n")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    again = crm("product", "list", "--fields", "ref", "-o", str(file))
    assert again.code == 6
    assert "--force" in again.err
    assert file.read_bytes() == b"name\r\nDesk\r\n"
    assert crm("product", "list", "--fields", "ref", "-o", str(file), "--force").code == 0
    assert file.read_bytes() == b"ref\r\nPR-1\r\n"
    assert crm("product", "list", "--fields", "ref", "-o", "-").out == "PR-1\n"
    assert crm("product", "export", "-o", "products.xlsx").code == 0
    assert "Desk" in CalamineWorkbook.from_path("products.xlsx").get_sheet_by_index(0).to_python()[1]


def test_an_output_file_is_never_written_through_a_link(crm: Crm, home: Path) -> None:
    precious, link = home / "precious", home / "link.csv"
    precious.write_text("mine")
    link.symlink_to(precious)
    assert crm("product", "list", "-o", str(link)).code == 6
    assert crm("product", "list", "-o", str(link), "--force").code == 6
    assert crm("product", "list", "-o", "/dev/null", "--force").code == 6
    assert (precious.read_text(), link.is_symlink()) == ("mine", True)


def test_a_failed_command_leaves_no_file_and_an_impossible_file_no_change(crm: Crm, home: Path) -> None:
    assert crm("product", "list", "--where", "(((", "-o", "x.csv").code == 2
    (home / "old.csv").write_text("old")
    assert crm("product", "list", "--where", "(((", "-o", "old.csv", "--force").code == 2
    assert sorted(os.listdir(home)) == ["old.csv"]
    assert (home / "old.csv").read_text() == "old"
    assert crm("product", "add", "Desk", "-o", "no/such/folder.csv").code == 2
    assert crm("product", "add", "Desk", "-o", "old.csv").code == 6
    assert crm("product", "list").out == ""


def test_a_list_into_a_pipe_never_stops_by_itself(crm: Crm) -> None:
    crm("product", "add", "--input", "-", stdin=json.dumps([{"name": f"P{n}"} for n in range(60)]))
    done = process("product", "list", "--fields", "name")
    assert (done.returncode, len(done.stdout.splitlines()), done.stderr) == (0, 60, b"")
    assert len(crm("product", "list", "--format", "table").lines) == 61
