"""Help tells the keys of a screen and presses them; jump puts a letter on everything and goes there."""

from typing import Any

import pytest
from textual.pilot import Pilot

from crmtui.commands.tui import commands
from crmtui.screens.app import CrmApp
from crmtui.screens.choices import Choices
from crmtui.screens.forms import FormSheet
from crmtui.screens.frame import KeyBar, Line
from crmtui.screens.help import PURPOSES, Help, topic_of
from crmtui.screens.jump import Jump, targets
from crmtui.screens.keys import GRAMMAR
from crmtui.screens.listing import WindowedList
from tests.screens.conftest import drive, settled, text_of
from tests.screens.test_palette import opened, pressed


def test_help_says_what_the_screen_is_for_and_every_key_that_works_there(maven: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await opened(app, pilot)
        place = app.screen
        footer = [
            active.binding.description for active in place.active_bindings.values() if active.binding.show
        ]
        await pressed(app, pilot, "question_mark")
        assert isinstance(app.screen, Help)
        said = [cell.text for one in app.screen.query_one(Choices).choices for cell in one.cells]
        assert said[:2] == list(place.PURPOSE)  # type: ignore[call-overload]
        assert [word for word in footer if not any(text.startswith(word) for text in said)] == []
        assert "crm help account list" in text_of(app)

    drive(maven, script)


def test_every_key_of_the_grammar_has_a_purpose() -> None:
    named = [name for names in PURPOSES.values() for name in names]
    assert sorted(named) == sorted(name for name in GRAMMAR if not name.startswith("section_"))


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
def test_typing_narrows_the_keys_and_enter_presses_one(maven: str, size: tuple[int, int]) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await opened(app, pilot, "question_mark", "=new", "enter")
        assert isinstance(app.screen, FormSheet)
        await pressed(app, pilot, "f1")
        assert isinstance(app.screen, Help)
        assert "This field takes" in text_of(app)

    drive(maven, script, size=size)


def test_a_key_is_found_by_itself_and_by_the_mouse(maven: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await opened(app, pilot, "question_mark", "=w")
        choices = app.screen.query_one(Choices).choices
        at = next(n for n, one in enumerate(choices) if one.cells[-1].text == "Whose")
        before = app.whose
        await pilot.click(Choices, offset=(20, at))
        await settled(app, pilot)
        assert app.whose != before
        assert not isinstance(app.screen, Help)

    drive(maven, script)


def test_what_help_names_can_be_read_at_the_command_line(maven: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> list[str]:
        app.commands = commands()
        found = []
        for noun in ("lead", "account", "contact", "product"):
            await app.open_home(noun)
            await settled(app, pilot)
            found.append(topic_of(app, app.screen))
        return found

    assert drive(maven, script) == ["lead list", "account list", "contact list", "product list"]


def test_jump_has_a_key_for_every_part_that_can_be_clicked_or_focused(maven: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await opened(app, pilot)
        place = app.screen
        parts = {
            (line.region.y, span.action)
            for line in place.query(Line)
            if not isinstance(line, KeyBar) and line.region
            for span in line.spans
        }
        goals = targets(place)
        assert len(goals) == len(parts) + len(place.focus_chain)
        assert len({goal.at for goal in goals}) == len(goals)
        await pressed(app, pilot, "ctrl+g")
        assert isinstance(app.screen, Jump)
        assert len(app.screen.goals) == len(goals)
        drawn = text_of(app).splitlines()
        assert drawn[0].split()[1:3] == ["1", "Overview"]
        assert [number for number in "123456" if app.screen.goals[number]]

    drive(maven, script)


def test_one_key_goes_to_a_section_a_tab_or_a_pane(maven: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await opened(app, pilot, "ctrl+g", "2")
        assert app.section == 2
        await app.go(3)
        await settled(app, pilot)
        place = app.screen
        place.set_focus(None)
        await pressed(app, pilot, "ctrl+g")
        goals = app.screen.goals  # type: ignore[attr-defined]
        pane = next(key for key, goal in goals.items() if goal.at.y > 2)
        await pressed(app, pilot, pane)
        assert isinstance(place.focused, WindowedList)
        await pressed(app, pilot, "ctrl+g")
        tab = next(key for key, goal in app.screen.goals.items() if goal.at.y == 1 and key not in "123456789")  # type: ignore[attr-defined]
        await pressed(app, pilot, tab, "ctrl+g")
        await pressed(app, pilot, sorted(app.screen.goals, key=lambda key: app.screen.goals[key].at[::-1])[8])  # type: ignore[attr-defined]
        assert app.section == 3

    drive(maven, script)


def test_esc_leaves_jump_and_a_click_on_a_letter_goes_there(maven: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await opened(app, pilot)
        place = app.screen
        await pressed(app, pilot, "ctrl+g", "escape")
        assert app.screen is place
        await pressed(app, pilot, "ctrl+g")
        at = app.screen.goals["4"].at  # type: ignore[attr-defined]
        await pilot.click(offset=(at.x, at.y))
        await settled(app, pilot)
        assert app.section == 4

    drive(maven, script)
