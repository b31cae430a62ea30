"""Pickers and small questions, by keyboard and by mouse."""

from typing import Any

import pytest
from textual.pilot import Pilot

from crmtui.screens.ask import Choose, Columns, Confirm, Reason, Way, Words, choose_period
from crmtui.screens.columns import Chosen
from crmtui.screens.picker import Found, Picked, Picker
from crmtui.services import lead, records
from crmtui.services.context import Context
from tests.conftest import NOW
from tests.screens.conftest import text_of
from tests.screens.test_forms import Bare, bare, until


@pytest.fixture
def url(sqlite_url: str) -> str:
    with Context.open(flags={"db": sqlite_url}, now=NOW) as ctx:
        for name in ("华东精工", "Nordwind AG", "Kestrel Air"):
            records.add(ctx, "account", {"name": name})
        records.add(ctx, "user", {"login": "linmei", "name": "林梅", "role": "rep"})
        records.add(
            ctx, "opp", {"name": "O", "account": "A-1", "owner": "linmei", "expected_close_on": "today"}
        )
        for number, reason in enumerate(("no budget", "no answer"), 1):
            records.add(ctx, "lead", {"company": f"L{number}"})
            lead.disqualify(ctx, f"L-{number}", reason)
    return sqlite_url


@pytest.mark.parametrize("typed", ["hdjg", "精工", "huadong", "A-1"])
def test_a_record_is_picked_by_pinyin_initials_name_or_ref(url: str, typed: str) -> None:
    async def script(app: Bare, pilot: Pilot[Any]) -> None:
        sheet = await app.show(Picker("account"), pilot)
        await until(pilot, lambda: sheet._offers)
        await pilot.press(*typed)
        await until(pilot, lambda: [offer.value for offer in sheet._offers] == ["A-1"])
        await pilot.press("enter")
        await until(pilot, lambda: app.answers == [Picked("A-1", "华东精工")])

    bare(url, script)


def test_people_show_their_load(url: str) -> None:
    async def script(app: Bare, pilot: Pilot[Any]) -> None:
        sheet = await app.show(Picker("user", "Give to"), pilot)
        await until(pilot, lambda: sheet._offers)
        await pilot.press(*"lm")
        await until(pilot, lambda: len(sheet._offers) == 1)
        await pilot.pause()
        assert "1 open · 0 leads this week" in text_of(app)
        assert "林梅" in text_of(app)
        await pilot.click(Found, offset=(4, 0))
        await until(pilot, lambda: app.answers)
        assert app.answers[0].name == "林梅"

    bare(url, script)


def test_arrows_move_while_letters_type_and_escape_changes_nothing(url: str) -> None:
    async def script(app: Bare, pilot: Pilot[Any]) -> None:
        sheet = await app.show(Picker("account"), pilot)
        await until(pilot, lambda: len(sheet._offers) == 3)
        await pilot.press("down", "down", "up")
        assert sheet.query_one(Found).highlighted == 1
        await pilot.press("escape")
        await until(pilot, lambda: app.answers == [None])

    bare(url, script)


def test_what_is_not_there_can_be_entered(url: str) -> None:
    async def script(app: Bare, pilot: Pilot[Any]) -> None:
        sheet = await app.show(Picker("account"), pilot)
        await pilot.press(*"Zephyr")
        await until(pilot, lambda: not sheet._offers and "Zephyr" in text_of(app) and "anew" in text_of(app))
        await pilot.press("enter")
        await until(pilot, lambda: getattr(app.screen, "opened", False))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: app.answers)
        assert app.answers == [Picked("A-4", "Zephyr")]

    bare(url, script)


def test_a_menu_takes_one_way_and_greys_the_others(url: str) -> None:
    ways = [
        Way("keep", "Keep it", "nothing changes"),
        Way("x", "Gone", why_not="not yours"),
        Way("send", "Send"),
    ]

    async def script(app: Bare, pilot: Pilot[Any]) -> None:
        await app.show(Choose("Quote Q-1", ways), pilot)
        assert "not yours" in text_of(app)
        await pilot.press("down", "enter")
        await until(pilot, lambda: app.answers == ["send"])
        await app.show(Choose("Quote Q-1", ways), pilot)
        await pilot.press("enter")
        await until(pilot, lambda: app.answers[1:] == ["keep"])

    bare(url, script)


def test_the_safe_answer_has_the_focus(url: str) -> None:
    async def script(app: Bare, pilot: Pilot[Any]) -> None:
        await app.show(Confirm("Delete A-1", "It goes for good: 3 contacts go with it.", "Delete it"), pilot)
        assert "3 contacts go with it" in text_of(app)
        await pilot.press("enter")
        await until(pilot, lambda: app.answers == [""])

    bare(url, script)


def test_the_last_reasons_are_offered(url: str) -> None:
    async def script(app: Bare, pilot: Pilot[Any]) -> None:
        sheet = await app.show(Reason("Rule out L-3", verb="lead.disqualify"), pilot)
        await until(pilot, lambda: "no answer" in text_of(app))
        await pilot.press("escape", "enter")
        await until(pilot, lambda: "Say why." in text_of(app))
        assert not app.answers
        await pilot.press("down")
        await until(pilot, lambda: sheet.query("Offers"))
        await pilot.pause()
        await pilot.press("down", "down", "enter")
        await pilot.press("enter")
        await until(pilot, lambda: app.answers == ["no budget"])

    bare(url, script)


def test_words_and_periods(url: str) -> None:
    async def script(app: Bare, pilot: Pilot[Any]) -> None:
        await app.show(Words("Save view", "Name", text="Quiet"), pilot)
        await pilot.press(*" ones", "enter")
        await until(pilot, lambda: app.answers == ["Quiet ones"])
        await app.show(choose_period(app), pilot)
        await until(pilot, lambda: "next quarter" in text_of(app))
        await pilot.press(*"soon", "enter")
        await until(pilot, lambda: "soon is not a period" in text_of(app))
        await pilot.press("home", *"last q")
        for _ in "soon":
            await pilot.press("delete")
        await until(pilot, lambda: app.screen.query("Offers"))
        await pilot.press("down", "enter")
        await until(pilot, lambda: app.answers[1:] == ["last quarter"])

    bare(url, script)


def test_columns_are_shown_hidden_moved_and_grouped(url: str) -> None:
    async def script(app: Bare, pilot: Pilot[Any]) -> None:
        sheet = await app.show(Columns("opp", ["name", "stage", "amount"]), pilot)
        await until(pilot, lambda: sheet._every)
        await pilot.press("down", "o")
        await pilot.press("greater_than_sign", "up", "up", "space", "enter")
        await until(pilot, lambda: app.answers)
        assert app.answers == [Chosen(("amount", "stage"), "stage")]

    bare(url, script)
