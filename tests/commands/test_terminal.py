"""On a real terminal: tables, limits, questions, and not one byte of foreign control."""

import json
import re

from crmtui.text import width
from tests.commands.conftest import Crm, Terminal
from tests.commands.conftest import without_colour as bare
from tests.commands.test_output import HOSTILE, harmless


def test_a_table_stops_and_says_of_how_many(crm: Crm, terminal: Terminal) -> None:
    crm("product", "add", "--input", "-", stdin=json.dumps([{"name": f"P{n}"} for n in range(60)]))
    listed = ["product", "list"]
    whole, limited, machine, quiet = terminal(
        listed, [*listed, "--limit", "3"], [*listed, "--format", "csv"], [*listed, "-q"]
    )
    lines = bare(whole[1]).splitlines()
    assert lines[0].split()[:2] == ["Ref", "Name"]
    assert (lines[-1], len(lines)) == ("50 of 60", 52)
    assert bare(limited[1]).splitlines()[-1] == "3 of 60"
    assert len(machine[1].splitlines()) == 61
    assert "of 60" not in quiet[1]
    [seven] = terminal(listed, CRM_ROWS="7")
    assert bare(seven[1]).splitlines()[-1] == "7 of 60"


def test_colour_only_where_it_is_wanted(crm: Crm, terminal: Terminal) -> None:
    crm("product", "add", "Desk")
    listed = ["product", "list"]
    table, plain = terminal(listed, [*listed, "--format", "plain"])
    assert "\x1b[1m" in table[1]
    assert "\x1b" not in plain[1]
    assert "\x1b" not in terminal(listed, TERM="dumb")[0][1]
    assert "\x1b" not in terminal(listed, CRM_COLOR="never")[0][1].replace("\x1b[1m", "").replace(
        "\x1b[0m", ""
    )


def test_nothing_that_came_from_outside_acts(crm: Crm, terminal: Terminal) -> None:
    for text in HOSTILE:
        crm("product", "add", "--", text)
    lines = [
        ["product", "list", "--fields", "name"],
        ["product", "list", "--format", "csv"],
        ["product", "list", "--json"],
        ["product", "list", "--template", "{{ name }}"],
        ["product", "list", "--jq", ".[].name"],
        ["product", "show", "3"],
        ["product", "show", "\x1b[31mnothing"],
        ["product", "list", "--where", "name=\x1b]0;x\x07"],
        ["product", "list", "--\x1b[31m"],
        ["product", "add", "X", "--price", "\x1b[31m"],
        ["\x1b[31m"],
        ["product", "show", "\x1b[31m", "--json"],
    ]
    for words, (_code, text) in zip(lines, terminal(*lines), strict=True):
        assert harmless(bare(text), "\n\r\t"), words
        assert "\x1b[31m" not in text


def test_a_table_keeps_to_its_width_and_names_what_it_left_out(crm: Crm, terminal: Terminal) -> None:
    crm(
        "product",
        "add",
        "华为技术有限公司的一个非常长的产品名称",
        "--code",
        "huawei-technology-product",
        "--price",
        "1200",
    )
    for columns in (100, 40):
        [(_code, text)] = terminal(["product", "list"], columns=columns)
        assert all(
            width(line) <= columns for line in bare(text).splitlines() if not line.startswith("Not shown")
        )
        assert ("Not shown for want of room: " in text) == (columns == 40)


def test_a_bulk_change_asks_once(crm: Crm, terminal: Terminal) -> None:
    crm("product", "add", "--input", "-", stdin=json.dumps([{"name": f"P{n}"} for n in range(30)]))
    change = ["product", "edit", "--where", "name~P*", "--unit", "box"]
    [declined, unasked, listed] = terminal(
        change, [*change, "--no-input"], ["product", "list", "--where", "unit=box"], answer="n\n"
    )
    assert (declined[0], unasked[0]) == (3, 3)
    assert "Change 30 records? [y/N]" in declined[1]
    assert "P1" not in listed[1]
    [done] = terminal(change, answer="y\n")
    assert done[0] == 0
    assert re.search(r"Take it back: crm undo \d+", done[1])
    assert len(crm("product", "list", "--where", "unit=box").lines) == 30
