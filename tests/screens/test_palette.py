"""The palette and the menu: every job is there, with key and command line, and runs by keyboard and mouse alike."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from crmtui import i18n
from crmtui.commands import tree
from crmtui.commands.tui import commands
from crmtui.screens.app import CrmApp, Look
from crmtui.screens.choices import Choices
from crmtui.screens.entries import Entry, everything
from crmtui.screens.offering import Field
from crmtui.screens.palette import Menu, Palette
from crmtui.screens.place import Place
from crmtui.text import width
from tests.hostile import STRINGS
from tests.screens.conftest import drive, settled, text_of

SIZES = [(120, 36), (80, 24)]


async def opened(app: CrmApp, pilot: Pilot[Any], *keys: str) -> None:
    """The list of customers, with the palette or menu over it."""
    app.commands = commands()
    await app.go(3)
    await settled(app, pilot)
    await pressed(app, pilot, *keys)


async def pressed(app: CrmApp, pilot: Pilot[Any], *keys: str) -> None:
    """Press keys; several letters are typed."""
    for key in keys:
        if key.startswith("="):
            app.screen.query_one(Field).place(key[1:])
        else:
            await pilot.press(key)
        await settled(app, pilot)


def titles(app: CrmApp) -> list[str]:
    return [one.data.title for one in app.screen.query_one(Choices).choices if isinstance(one.data, Entry)]


def test_every_command_stands_in_the_palette_and_every_line_there_is_a_command(maven: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> list[Entry]:
        await opened(app, pilot)
        return list(everything(app, app.screen))

    entries = drive(maven, script)
    lines = {entry.command for entry in entries}
    assert [one.path for one in commands() if f"crm {one.path}" not in lines] == []
    for line in filter(None, lines):
        node, words = tree.ROOT, line.split()[1:]
        tree.verb_of(node)
        while words and words[0] in node.children:
            node = node.children[words.pop(0)]
            tree.verb_of(node)
        assert node is not tree.ROOT, line
        assert not words or not node.children or node.module, line


def test_every_key_of_the_screen_stands_there_with_its_line(maven: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> Any:
        await opened(app, pilot)
        place = app.screen
        assert isinstance(place, Place)
        here = everything(app, place)
        return {entry.title: (entry.key, entry.command) for entry in here}, place.rows.current.key  # type: ignore[attr-defined]

    found, ref = drive(maven, script)
    assert found["New"] == ("n", "crm account add")
    assert found["Edit…"] == ("e", f"crm account edit {ref}")
    assert found["Put away"] == ("d", f"crm account archive {ref}")
    assert found["Find"] == ("/", "crm account list --where")


@pytest.mark.parametrize("size", SIZES)
def test_typing_finds_and_enter_runs(maven: str, size: tuple[int, int]) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await opened(app, pilot, "ctrl+p", "=contact list")
        assert isinstance(app.screen, Palette)
        assert "crm contact list" in text_of(app)
        assert all(width(line) <= size[0] for line in text_of(app).splitlines())
        await pressed(app, pilot, "enter")
        assert (app.section, app.screen.TAB) == (3, "contact")  # type: ignore[attr-defined]

    drive(maven, script, size=size)


def test_the_mouse_runs_an_entry_and_leaves_beside_the_sheet(maven: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await opened(app, pilot, "ctrl+p", "=leads")
        await pilot.click(Choices, offset=(5, titles(app).index("Leads › list")))
        await settled(app, pilot)
        assert (app.section, isinstance(app.screen, Palette)) == (2, False)
        await pressed(app, pilot, "ctrl+p")
        await pilot.click(offset=(1, 20))
        assert not isinstance(app.screen, Palette)

    drive(maven, script)


def test_what_was_used_lately_comes_first_and_the_same_key_closes(maven: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await opened(app, pilot, "ctrl+p", "=rivals", "enter", "ctrl+p")
        assert titles(app)[0] == "Sales › rivals"
        await pressed(app, pilot, "ctrl+p")
        assert app.section == 4
        assert not isinstance(app.screen, Palette)
        assert len(app.screen_stack) == 2

    drive(maven, script)


def test_what_is_off_says_why_and_does_not_run(maven: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        app.commands = commands()
        await app.go(2)  # the demo company has no leads
        await settled(app, pilot)
        await pressed(app, pilot, "ctrl+p", "=qualify")
        text = text_of(app)
        assert "Not now" in text
        assert "There is no record here." in text
        place = app.screen.query_one(Choices)
        at = next(n for n, one in enumerate(place.choices) if one.off)
        await pilot.click(Choices, offset=(5, at))
        await pilot.pause(0.1)
        assert "Qualify: There is no record here." in text_of(app)
        assert isinstance(app.screen, Palette)

    drive(maven, script)


def test_themes_are_tried_on_and_taken_off_or_kept(maven: str, tmp_path: Path) -> None:
    settings = tmp_path / "settings.toml"
    settings.touch(0o600)

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        app.desk.flags["config"] = str(settings)
        before = app.theme
        await opened(app, pilot, "ctrl+p", "=harbour-light")
        assert app.theme == "harbour-light"
        await pressed(app, pilot, "escape")
        assert app.theme == before
        await pressed(app, pilot, "ctrl+p", "=harbour-light", "enter")
        await app.workers.wait_for_complete()
        assert app.theme == "harbour-light"

    drive(maven, script, look=Look(theme="harbour-dark"))
    assert tomllib.loads(settings.read_text())["theme"] == "harbour-light"


def test_nothing_found_says_so_and_offers_the_keys(maven: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await opened(app, pilot, "ctrl+p", "=assqqq")
        assert 'No command like "assqqq".' in text_of(app)
        assert titles(app) == ["Keys of this screen"]

    drive(maven, script)


def test_chinese_is_found_by_its_words_by_pinyin_and_in_english(maven: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await opened(app, pilot, "ctrl+p")
        for typed in ("线索", "xiansuo", "crm lead list"):
            await pressed(app, pilot, f"={typed}")
            assert any("线索" in title for title in titles(app)[:12]), typed

    i18n.set_language("zh")
    drive(maven, script)


def test_a_command_without_a_screen_is_given_for_pasting(maven: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await opened(app, pilot, "ctrl+p", "=doctor", "enter")
        await pilot.pause(0.1)
        assert app.clipboard == "crm doctor "
        assert "crm doctor" in text_of(app)

    drive(maven, script)


@pytest.mark.parametrize("size", SIZES)
def test_the_menu_does_a_verb_by_arrows_and_enter_alone(maven: str, size: tuple[int, int]) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await opened(app, pilot, "full_stop")
        assert isinstance(app.screen, Menu)
        down = titles(app).index("Put away")
        before = app.screen_stack[-2].rows.current.key  # type: ignore[attr-defined]
        await pressed(app, pilot, *["down"] * down, "enter")
        assert f"{before} put away" in text_of(app)

    drive(maven, script, size=size)


def test_hostile_texts_in_the_field_stay_in_it(maven: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await opened(app, pilot, "ctrl+p")
        for text in [*STRINGS[::30], "x" * 1_000_000]:
            app.screen.query_one(Field).place(text)
            await pilot.pause()
            assert not [letter for letter in text_of(app) if ord(letter) < 32 and letter != "\n"]

    drive(maven, script)
