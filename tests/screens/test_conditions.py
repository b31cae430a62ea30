"""The filter builder: tree and text in step, errors at their place, what is offered, and how many match."""

from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot

from crmtui.screens import conditions
from crmtui.screens.ask import Choose
from crmtui.screens.condition_line import AskLine
from crmtui.screens.conditions import Builder, ConditionTree, FilterBuilder
from crmtui.screens.fields import AreaField, Offers
from crmtui.services import records
from crmtui.services.context import Context
from tests.conftest import NOW
from tests.screens.conftest import text_of
from tests.screens.test_forms import Bare, bare, until


@pytest.fixture
def url(sqlite_url: str) -> str:
    with Context.open(flags={"db": sqlite_url}, now=NOW) as ctx:
        records.add(ctx, "attribute", {"noun": "account", "name": "vat", "title": "VAT number"})
        for number in range(12):
            given = {
                "name": f"Firm {number}",
                "city": "Ningbo" if number % 3 else "Wuhan",
                "x.vat": f"DE{number}",
            }
            records.add(ctx, "account", given)
    return sqlite_url


async def shown(app: Bare, pilot: Pilot[Any], text: str = "") -> Builder:
    await app.show(FilterBuilder("account", text), pilot)
    builder = app.screen.query_one(Builder)
    await until(pilot, lambda: builder._examined is not None)
    return builder


def test_a_condition_is_built_by_keyboard_alone(url: str) -> None:
    async def script(app: Bare, pilot: Pilot[Any]) -> None:
        builder = await shown(app, pilot)
        assert "12 match" in text_of(app)
        await pilot.press("n")
        strip = builder.query_one(AskLine)
        await until(pilot, lambda: strip.field.open)
        await pilot.press(*"city")
        await until(pilot, lambda: strip.field.open and strip.field._offers.offers[0].value == "city")  # type: ignore[union-attr]
        await pilot.press("enter")
        await until(pilot, lambda: strip.test.open)
        await pilot.press("enter")
        await until(pilot, lambda: strip.value.open)
        await pilot.pause()
        assert "Ningbo" in text_of(app)
        await pilot.press("down", "enter")
        await until(
            pilot, lambda: builder.text == "city = Ningbo" and builder.query_one(ConditionTree).has_focus
        )
        await until(pilot, lambda: "8 match" in text_of(app))
        assert builder.query_one("#text", AreaField).typed == "city = Ningbo"
        await pilot.press("exclamation_mark")
        assert builder.text == "city != Ningbo"
        await until(pilot, lambda: "4 match" in text_of(app))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: app.answers == ["city != Ningbo"])

    bare(url, script)


def test_the_companys_own_fields_and_typed_tests(url: str) -> None:
    async def script(app: Bare, pilot: Pilot[Any]) -> None:
        builder = await shown(app, pilot, "city = Ningbo")
        await pilot.press("n")
        strip = builder.query_one(AskLine)
        await pilot.press(*"vat")
        await until(pilot, lambda: strip.field.open and strip.field._offers.offers[0].value == "x.vat")  # type: ignore[union-attr]
        await pilot.press("enter")
        await until(pilot, lambda: strip.test.open)
        await pilot.press("~")
        await until(pilot, lambda: strip.test.open and strip.test._offers.offers[0].value == "~")  # type: ignore[union-attr]
        await pilot.press("enter")
        await until(pilot, lambda: strip.value.has_focus)
        await pilot.press(*"DE 1", "enter")
        await until(pilot, lambda: builder.text == 'city = Ningbo and x.vat ~ "DE 1"')
        await until(pilot, lambda: "Without" in text_of(app))
        assert "there would be 8." in text_of(app).replace("\n", " ")

    bare(url, script)


def test_typed_text_and_tree_are_in_step(url: str) -> None:
    async def script(app: Bare, pilot: Pilot[Any]) -> None:
        builder = await shown(app, pilot)
        area = builder.query_one("#text", AreaField)
        area.focus()
        await pilot.pause()
        area.post_message(events.Paste("city in (Ningbo, Wuhan) and (name ~ 1 or name ~ 2)"))
        await until(pilot, lambda: builder.text == "city in (Ningbo, Wuhan) and (name ~ 1 or name ~ 2)")
        await until(pilot, lambda: "4 match" in text_of(app))
        picture = text_of(app)
        for text in ("All of", "City", "is any of", "Ningbo, Wuhan", "Any of", "contains"):
            assert text in picture
        await pilot.press("end")
        area.post_message(events.Paste(" and amont >"))
        await until(pilot, lambda: "^" in text_of(app))
        assert builder.text == "city in (Ningbo, Wuhan) and (name ~ 1 or name ~ 2)"
        await pilot.press("ctrl+s")
        await pilot.pause()
        assert not app.answers

    bare(url, script)


def test_a_wrong_condition_is_marked_and_the_rest_still_counts(url: str) -> None:
    async def script(app: Bare, pilot: Pilot[Any]) -> None:
        builder = await shown(app, pilot, "city = Wuhan and amont > 5")
        await until(pilot, lambda: "! amont" in text_of(app))
        assert "4 match" in text_of(app)
        await pilot.press("down", "down")
        await until(pilot, lambda: "has no field amont" in text_of(app).replace("\n", " "))
        await pilot.press("d")
        assert builder.text == "city = Wuhan"
        await pilot.press("up", "down")
        await until(pilot, lambda: "alone lets 4 through" in text_of(app))

    bare(url, script)


def test_groups(url: str) -> None:
    async def script(app: Bare, pilot: Pilot[Any]) -> None:
        builder = await shown(app, pilot, "city = Wuhan and name ~ 3")
        tree = builder.query_one(ConditionTree)
        await pilot.press("down")
        assert tree.path == (0,)
        await pilot.press("left_parenthesis")
        strip = builder.query_one(AskLine)
        await until(pilot, lambda: strip.field.has_focus)
        await pilot.press(*"name", "escape", "enter")
        await until(pilot, lambda: strip.test.has_focus)
        await pilot.press("~", "escape", "enter")
        await until(pilot, lambda: strip.value.has_focus)
        await pilot.press("4", "enter")
        await until(pilot, lambda: builder.text == "(city = Wuhan or name ~ 4) and name ~ 3")
        await pilot.press("home")
        builder.query_one(ConditionTree).move(-9)
        await pilot.press("enter")
        assert builder.text == "(city = Wuhan or name ~ 4) or name ~ 3"

    bare(url, script)


def test_by_mouse_alone(url: str) -> None:
    async def script(app: Bare, pilot: Pilot[Any]) -> None:
        builder = await shown(app, pilot, "city = Wuhan and name ~ 3")
        await pilot.click(ConditionTree, offset=(8, 2))
        assert builder.query_one(ConditionTree).path == (1,)
        await pilot.click(ConditionTree, offset=(8, 1), times=2)
        strip = builder.query_one(AskLine)
        await until(pilot, lambda: strip.value.has_focus)
        await pilot.pause()
        strip.value.place("")
        await pilot.click(strip.value)
        await until(pilot, lambda: strip.value.open)
        await pilot.pause()
        await pilot.click(Offers, offset=(4, 0))
        await until(pilot, lambda: strip.value.typed == "Ningbo")

    bare(url, script)


def test_a_view_is_saved_and_comes_back(url: str, tmp_path: Path) -> None:
    async def script(app: Bare, pilot: Pilot[Any]) -> None:
        builder = await shown(app, pilot, "city = Wuhan")
        await pilot.press("b")
        await until(pilot, lambda: app.screen.id != builder.screen.id or app.screen is not builder.screen)
        await pilot.pause()
        await pilot.press(*"Wuhan", "enter")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.pause()
        await pilot.press("enter")
        await until(pilot, lambda: builder._views == [("Wuhan", "city = Wuhan")])
        await until(pilot, lambda: "[Wuhan]" in text_of(app))

    bare(url, script)


def test_hostile_values_do_not_act(url: str) -> None:
    async def script(app: Bare, pilot: Pilot[Any]) -> None:
        text = 'name = "\x1b]0;x\x07\u202e[bold]" and city = Wuhan'
        builder = await shown(app, pilot, text)
        from tests.hostile import stray

        assert builder.text == text
        assert not stray(text_of(app))
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert not stray(text_of(app))

    bare(url, script)


def test_chips() -> None:
    text = "stage=proposal and amount>=100k and owner is empty and (a=1 or b=2)"
    assert [label for label, _ in conditions.chips(text, "opp")] == [
        "stage proposal",
        "amount ≥ 100k",
        "owner is empty",
        "a = 1 or b = 2",
    ]
    assert conditions.without(text, 1) == "stage = proposal and owner is empty and (a = 1 or b = 2)"
    assert conditions.and_("stage=proposal", "a=1 or b=2") == "stage = proposal and (a = 1 or b = 2)"
    assert conditions.chips("") == []
    assert conditions.chips("a=1 and") == [("a=1 and", "a=1 and")]
