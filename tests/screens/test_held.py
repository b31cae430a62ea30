"""Keys that come before there is anything to use them on wait for it, and are not lost."""

import asyncio
import threading
import time
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot

from crmtui.screens.app import CrmApp
from tests.screens.conftest import drive, settled, text_of


async def type_ahead(app: CrmApp, pilot: Pilot[Any], *keys: str) -> None:
    """Press keys all at once, while whatever is read next has to wait."""
    slow = asyncio.create_task(app.desk.read(lambda ctx: time.sleep(0.3)))
    await asyncio.sleep(0.01)
    for key in keys:
        app.post_message(events.Key(key, None))
    await slow
    await settled(app, pilot)


def at(app: CrmApp) -> int:
    """The number of the row under the cursor."""
    return int(app.screen.query_one("WindowedList").cursor_row)  # type: ignore[attr-defined]


@pytest.mark.parametrize(("keys", "place"), [(("3", "down", "down"), 2), (("5", "down"), 1)])
def test_keys_wait_for_the_first_rows(maven: str, keys: tuple[str, ...], place: int) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        app.action_whose("all")
        await settled(app, pilot)
        await type_ahead(app, pilot, *keys)
        assert at(app) == place

    drive(maven, script)


def test_another_section_is_there_at_once(maven: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        let_on = threading.Event()
        slow = asyncio.create_task(app.desk.read(lambda ctx: let_on.wait(10)))
        await pilot.press("3", "5")
        assert app.section == 5
        assert not slow.done()
        let_on.set()
        await settled(app, pilot)

    drive(maven, script)


def test_a_pop_up_does_not_wait_for_the_figures_of_the_screen_below(maven: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        app.action_whose("all")
        await pilot.press("5")
        await settled(app, pilot)
        let_on = threading.Event()
        slow = asyncio.create_task(app.desk.read_behind(lambda ctx: let_on.wait(10)))
        await pilot.press("right", "right", "enter")
        for _ in range(300):
            await pilot.pause(0.01)
            if "= the figure you opened" in text_of(app):
                break
        assert "= the figure you opened" in text_of(app)
        assert not slow.done()
        let_on.set()
        assert await slow

    drive(maven, script)
