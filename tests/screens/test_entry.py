"""From the command line to the screens: settings, memory, what terminals are taken for, the ways in and out."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from crmtui import config
from crmtui.screens import look, terminal
from crmtui.screens.app import CrmApp, Look
from crmtui.screens.desk import Desk
from crmtui.screens.frame import Note, Pane
from crmtui.screens.listing import WindowedList
from crmtui.screens.memory import Memory
from tests.commands.conftest import NOW, Crm, bare, home, in_process, process
from tests.screens.conftest import Script, settled, text_of

__all__ = ["bare", "home"]


def drive(url: str, script: Script, memory: Memory, *, size: tuple[int, int] = (120, 30), **seen: Any) -> Any:
    """As `tests.screens.conftest.drive`, with a memory."""

    async def run() -> Any:
        app = CrmApp(Desk({"db": url}, None, NOW), look=Look(**seen), memory=memory)
        async with app.run_test(size=size) as pilot:
            await settled(app, pilot)
            return await script(app, pilot)

    return asyncio.run(run())


@pytest.fixture
def memory() -> Memory:
    """Somebody who was at the leads."""
    found = Memory()
    found.put("place", [2, "lead"])
    return found


# What is remembered


def test_what_is_remembered_lasts_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "state/screens.json"
    first = Memory(file)
    assert first.get("whose", "mine") == "mine"
    first.put("whose", "team")
    second = Memory(file)
    second.put("place", [4, "board"])
    first.put("columns.opp", {"name": 20})
    third = Memory(file)
    assert third.get("whose", "mine") == "team"
    assert third.get("place", [1, ""]) == [4, "board"]
    assert third.get("columns.opp", {}) == {"name": 20}
    assert third.get("whose", 5) == 5
    assert file.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in file.parent.iterdir()] == ["screens.json"]


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff", b"[" * 100_000, b"x" * 1_000_000])
def test_a_broken_memory_is_an_empty_one(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "screens.json"
    file.write_bytes(content)
    found = Memory(file)
    assert found.get("place", [1, ""]) == [1, ""]
    found.put("whose", "all")
    assert Memory(file).get("whose", "") == "all"


def test_a_memory_that_cannot_be_written_is_one_for_now(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = Memory(tmp_path / "file/screens.json")
    found.put("whose", "all")
    assert found.get("whose", "") == "all"
    assert not Memory().lasts


def test_one_comes_back_to_where_one_was(maven: str, memory: Memory) -> None:
    async def first(app: CrmApp, pilot: Pilot[Any]) -> str:
        assert (app.section, app.whose) == (2, "all")
        await pilot.press("w", "3")
        await app.go(3, "contact")
        await settled(app, pilot)
        return app.whose

    async def second(app: CrmApp, pilot: Pilot[Any]) -> tuple[int, str]:
        assert "Contacts ·" in text_of(app)
        return app.section, app.whose

    whose = drive(maven, first, memory)
    assert drive(maven, second, memory) == (3, whose)
    assert whose != "all"


# Settings


def settings(folder: Path, text: str) -> config.Config:
    """The settings of a file with `text`."""
    file = folder / "settings.toml"
    file.write_text(text)
    return config.load({"config": str(file)}, environ={"HOME": str(folder)}, cwd=folder)


def test_settings_become_a_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSH_CONNECTION", "SSH_TTY", "TEXTUAL_ANIMATIONS"):
        monkeypatch.delenv(name, raising=False)
    plain = look.said(settings(tmp_path, ""))
    assert (plain.theme, plain.ascii, plain.animations, plain.accessible) == ("", False, True, False)
    own = (
        "theme='nord'\nglyphs='ascii'\nkeyset='arrows'\nanimations='none'\naccessible=true\n[keys]\nx.y='f5'"
    )
    found = look.look(settings(tmp_path, own))
    assert (found.theme, found.ascii, found.animations, found.accessible) == ("nord", True, False, True)
    assert (found.keyset, found.keys) == ("arrows", {"x.y": "f5"})
    assert found.complaint("keys.x.y", "no") == f"{tmp_path}/settings.toml:7:1: no"
    monkeypatch.setenv("SSH_CONNECTION", "1.2.3.4 5 6.7.8.9 22")
    assert not look.said(settings(tmp_path, "")).animations
    assert look.said(settings(tmp_path, "animations='full'")).animations


def test_a_theme_that_is_not_there_is_told_and_another_is_worn(maven: str, memory: Memory) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> tuple[str, str]:
        return app.theme, str(app.screen.query_one(Note).render())

    theme, note = drive(maven, script, memory, theme="nrod", places={"theme": "f:1:1"})
    assert theme in app_themes()
    assert note == "f:1:1: there is no theme nrod. Did you mean nord?"
    assert drive(maven, script, memory, theme="nord") == ("nord", "")


def app_themes() -> list[str]:
    """The names of all themes."""
    from crmtui.screens import themes

    return themes.every()


def test_every_theme_has_all_that_is_drawn_with(maven: str, memory: Memory) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        assert set(app_themes()) == set(app.available_themes)
        for name in app.available_themes:
            app.theme = name
            await pilot.pause()
            assert "live" in text_of(app)

    drive(maven, script, memory)


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"LANG": "en_GB.UTF-8"}, "utf-8"),
        ({"LANG": "zh_CN.utf8"}, "utf8"),
        ({"LANG": "de_DE.ISO-8859-15@euro"}, "iso-8859-15"),
        ({"LANG": "C"}, "ascii"),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, "ascii"),
        ({"LC_CTYPE": "C.UTF-8"}, ""),
        ({"LC_ALL": "POSIX", "LANG": "en_GB.UTF-8"}, "ascii"),
        ({"LC_CTYPE": "en_GB.UTF-8", "LANG": "C"}, "utf-8"),
        ({}, ""),
    ],
)
def test_the_character_set_is_what_the_environment_names(
    variables: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert terminal.charset() == said


# Where settings are told and made


def test_bad_settings_of_the_look_trouble_no_other_command(bare: Crm, home: Path) -> None:
    file = home / ".config/crmtui/config.toml"
    file.parent.mkdir(parents=True)
    file.write_text('theme = "nrod"\nglyphs = 7\n[keys]\n"records.nwe" = "f5"\n"records.new" = "ctrl+i"\n')
    shown = bare("config", "show", "--origin", "--json")
    assert shown.code == 0
    assert {"name": "theme", "value": "nrod", "origin": f"file {file} line 1"} in shown.json
    assert {"name": "glyphs", "value": "auto", "origin": "default"} in shown.json
    assert shown.err.splitlines() == [
        f"{file}:2:1: glyphs must be one of auto, unicode, ascii.",
        f"{file}:1:1: there is no theme nrod. Did you mean nord?",
        f"{file}:4:1: there is no key records.nwe. Did you mean records.new?",
        f"{file}:5:1: terminals do not send ctrl+i reliably.",
    ]
    assert bare("config", "get", "rows").err == ""
    assert bare("config", "show", "-q").err == ""


def test_a_setting_of_the_look_is_checked_before_it_is_written(bare: Crm) -> None:
    for name, value, said in (
        ("theme", "nrod", "Did you mean nord?"),
        ("keys.records.nwe", "f5", "Did you mean records.new?"),
        ("keys.records.new", "e", "e already means records.edit."),
        ("glyphs", "big", "one of auto, unicode, ascii"),
        ("accessible", "perhaps", "true or false"),
    ):
        refused = bare("config", "set", name, value)
        assert (refused.code, said in refused.err) == (2, True), refused.err
    for name, value, kept in (
        ("theme", "nord", "nord"),
        ("theme", "", ""),
        ("keys.records.new", "ctrl+n", "ctrl+n"),
        ("accessible", "yes", "true"),
    ):
        assert bare("config", "set", name, value).code == 0
        assert bare("config", "get", name).out == f"{kept}\n"


def test_the_keys_are_listed_as_they_are_in_force(bare: Crm) -> None:
    assert bare("config", "set", "keys.records.new", "ctrl+n").code == 0
    rows = {row["name"]: row for row in bare("config", "keys", "--json").json}
    assert rows["records.new"] == {"name": "records.new", "keys": "ctrl+n", "default": "n", "meaning": "New"}
    assert rows["list.down"]["keys"] == "down,j"
    assert bare("config", "set", "keyset", "arrows").code == 0
    rows = {row["name"]: row for row in bare("config", "keys", "--json").json}
    assert (rows["list.down"]["keys"], rows["list.down"]["default"]) == ("down", "down,j")


def test_every_command_is_listed(bare: Crm) -> None:
    from tests.commands.test_schema import every

    rows = bare("commands", "--json").json
    assert {row["command"].removeprefix("crm ") for row in rows} == every() - {""}
    assert {"command": "crm opp advance", "noun": "opp"}.items() <= next(
        row for row in rows if row["command"] == "crm opp advance"
    ).items()
    assert all(row["help"] for row in rows)
    assert len(bare("commands").lines) == len(rows)


# Ways in


def test_without_a_terminal_crm_prints_its_help_as_ever(home: Path) -> None:
    done = process()
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == process("--help").stdout


def test_other_commands_load_nothing_of_the_screens(home: Path) -> None:
    code = (
        "import sys; from crmtui.commands.edge import main; main(sys.argv[1:]); "
        "print(*sorted(name for name in sys.modules if name.startswith(('textual', 'aiohttp', 'crmtui.screens.'))), file=sys.stderr)"
    )
    for words in ([], ["--help"], ["commands"], ["config", "show"], ["serve", "--help"], ["lead", "list"]):
        done = subprocess.run(
            [sys.executable, "-c", code, *words], capture_output=True, text=True, check=True
        )
        assert set(done.stderr.splitlines()[-1].split()) <= {"crmtui.screens.terminal"}, words


def test_the_screens_load_no_typer() -> None:
    code = "import sys; from crmtui.screens import sections, app; sections.load_all(); print('typer' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_serving_refuses_in_one_sentence(
    bare: Crm, sqlite_url: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bare("serve", "--db", f"sqlite:///{home}/no.db").code == 3
    monkeypatch.setenv("CRM_DB", sqlite_url)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refused = bare("serve", "--port", str(taken.getsockname()[1]))
    assert (refused.code, refused.out) == (8, "")
    assert "--port 0 takes a free one" in refused.err
    for port in ("x", "-1", "70000"):
        assert bare("serve", "--port", port).code == 2


def test_serving_without_its_extra_says_what_to_install(home: Path) -> None:
    code = (
        "import sys; sys.modules['textual_serve'] = None\n"
        "from crmtui.commands.edge import main; sys.exit(main(['serve']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
    assert "pip install 'crmtui[web]'" in done.stderr


# A reader of the screen


def test_a_reader_hears_where_it_is_and_sees_one_pane(maven: str, memory: Memory) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await app.go(3, "account")
        await settled(app, pilot)
        await pilot.press("down", "down")
        await settled(app, pilot)
        text = text_of(app).splitlines()
        assert text[-1].startswith(" row 3 of 85: ")
        assert not set("╭╮╰╯│─█▒░") & set("".join(text))
        name = text[-1].partition(": ")[2].partition(",")[0]
        at = app.cursor_position
        assert name in text[at.y]
        await app.open_record("O-1")
        await settled(app, pilot)
        seen = []
        for _ in range(4):
            shown = [pane.title for pane in app.screen.query(Pane) if pane.region.area and pane.display]
            assert len(shown) == 1
            assert text_of(app).splitlines()[-1].startswith((f" {shown[0]}", " row "))
            seen.append(shown[0])
            await pilot.press("tab")
            await settled(app, pilot)
        assert len(set(seen)) == 4

    drive(maven, script, memory, accessible=True)


def test_ascii_means_every_sign(maven: str, memory: Memory) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        for place in ((3, "account"), (4, "opp")):
            await app.go(*place)
            await settled(app, pilot)
            assert text_of(app).isascii(), text_of(app)

    drive(maven, script, memory, ascii=True)


# Faults


def test_a_fault_ends_it_in_one_sentence_and_is_logged(home: Path, maven: str) -> None:
    code = (
        "import sys, os\n"
        "from crmtui.commands import edge, tui\n"
        "from crmtui.screens import terminal\n"
        "terminal.present = lambda: True\n"
        "from crmtui.screens.app import CrmApp\n"
        "def broken(self): raise ZeroDivisionError('secret-phone-number')\n"
        "CrmApp.take = lambda self, me: broken(self)\n"
        "run = CrmApp.run_async\n"
        "CrmApp.run_async = lambda self: run(self, headless=True)\n"
        "sys.exit(edge.main([]))"
    )
    env = {**os.environ, "CRM_DB": maven, "CRM_GLYPHS": "unicode"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "A fault in the program (ZeroDivisionError)" in done.stderr
    assert "secret" not in done.stderr
    assert "secret-phone-number" in (home / ".local/state/crmtui/fault.log").read_text()


def test_what_is_remembered_is_plain_json(tmp_path: Path, maven: str) -> None:
    file = tmp_path / "screens.json"
    kept = Memory(file)
    kept.put("place", [2, "lead"])

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await pilot.press("w")
        await settled(app, pilot)

    drive(maven, script, kept)
    found = json.loads(file.read_text())
    assert found["place"] == [2, "lead"]
    assert found["met"] is True
    assert found["whose"] in ("mine", "team")


def test_in_process_help_is_not_the_screens() -> None:
    assert in_process("--help").out.startswith("Usage: crm")


def test_the_period_and_the_widths_of_columns_are_remembered(maven: str, memory: Memory) -> None:
    """MavenTech's day is in the quarter that nobody needs to choose: that one is followed, not remembered."""

    async def first(app: CrmApp, pilot: Pilot[Any]) -> tuple[str, int]:
        await pilot.press("left_square_bracket")
        await settled(app, pilot)
        await pilot.press("3")
        await settled(app, pilot)
        rows = app.screen.query_one(WindowedList)
        column = next(one for one in rows._placed if one.column.name == "industry")
        await pilot.mouse_down(rows, offset=(column.end, 0))
        await pilot.hover(rows, offset=(column.end + 3, 0))
        await pilot.mouse_up(rows, offset=(column.end + 3, 0))
        await pilot.pause()
        return app.period_name, column.width

    async def again(app: CrmApp, pilot: Pilot[Any]) -> tuple[str, int]:
        rows = app.screen.query_one(WindowedList)
        said = app.period_name, next(one.width for one in rows._placed if one.column.name == "industry")
        await pilot.press("5")
        await settled(app, pilot)
        await pilot.press("right_square_bracket")
        await settled(app, pilot)
        return said

    memory.put("place", [5, "dept"])
    period, width = drive(maven, first, memory)
    assert drive(maven, again, memory) == (period, width + 3)
    assert memory.get("period", "none") == ""


@pytest.mark.parametrize("kept", ["nonsense", "2026Q99", "\x1b[31m"])
def test_a_period_that_is_none_is_forgotten(maven: str, memory: Memory, kept: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> str:
        return app.period

    memory.put("period", kept)
    assert drive(maven, script, memory) == "this quarter"
