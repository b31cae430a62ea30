"""Forms by keyboard and by mouse: what is wrong stands below, drafts come back, nothing that is typed is lost or acts."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot

from crmtui.screens.app import CrmApp
from crmtui.screens.closing import adjusting, closing
from crmtui.screens.desk import Desk
from crmtui.screens.fields import AreaField, FieldRow, LineField, Offers
from crmtui.screens.forms import FormSheet
from crmtui.screens.sides import Pairs, Sides
from crmtui.services import records
from crmtui.services.context import Context
from tests import hostile
from tests.conftest import NOW
from tests.screens.conftest import text_of


class Bare(CrmApp):
    """The program with nothing behind its sheets."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.answers: list[Any] = []

    async def _begin(self, *_: Any) -> None:
        return

    async def show(self, sheet: Any, pilot: Pilot[Any]) -> Any:
        """Put `sheet` up and wait until it is there."""
        await self.push_screen(sheet, self.answers.append)
        for _ in range(200):
            await pilot.pause(0.01)
            if getattr(sheet, "opened", True):
                return sheet
        raise AssertionError("the sheet did not open")


Script = Callable[[Bare, Pilot[Any]], Awaitable[Any]]


def bare(url: str, script: Script, size: tuple[int, int] = (120, 36)) -> Any:
    async def run() -> Any:
        app = Bare(Desk({"db": url}, None, NOW))
        async with app.run_test(size=size) as pilot:
            return await script(app, pilot)

    return asyncio.run(run())


async def until(pilot: Pilot[Any], condition: Callable[[], Any]) -> None:
    for _ in range(300):
        await pilot.pause(0.01)
        if condition():
            return
    raise AssertionError("it did not come")


@pytest.fixture(autouse=True)
def _drafts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def url(sqlite_url: str) -> str:
    with Context.open(flags={"db": sqlite_url}, now=NOW) as ctx:
        records.add(ctx, "account", {"name": "华东精工"})
        records.add(ctx, "account", {"name": "Nordwind AG"})
        given = {"name": "MES", "account": "A-1", "amount": "2.4M", "expected_close_on": "2026-12-28"}
        records.add(ctx, "opp", given)
    return sqlite_url


def shown(url: str, noun: str, ref: str) -> dict[str, Any]:
    with Context.open(flags={"db": url}, now=NOW) as ctx:
        return records.show(ctx, noun, ref)


async def write(app: Bare, pilot: Pilot[Any], sheet: FormSheet, name: str, text: str) -> FieldRow:
    row = sheet.rows()[name]
    row.field.focus()
    await pilot.pause()
    row.field.post_message(events.Paste(text))
    await pilot.pause()
    return row


def test_an_opportunity_is_entered_by_keyboard_alone(url: str) -> None:
    async def script(app: Bare, pilot: Pilot[Any]) -> None:
        sheet = await app.show(FormSheet("opp"), pilot)
        assert sheet.focused is sheet.rows()["name"].field
        await pilot.press(*"Gate", "tab")
        assert sheet.focused is sheet.rows()["account"].field
        await pilot.press(*"nord")
        await until(pilot, lambda: sheet.query(Offers))
        await pilot.press("enter")
        assert sheet.rows()["account"].field.typed == "Nordwind AG"
        while sheet.focused is not sheet.rows()["amount"].field:
            await pilot.press("tab")
        await pilot.press(*"1.2", "万")
        while sheet.focused is not sheet.rows()["expected_close_on"].field:
            await pilot.press("tab")
        await pilot.press(*"next friday", "tab")
        await until(pilot, lambda: sheet.rows()["expected_close_on"].field.typed == "2026-11-27")
        assert sheet.rows()["amount"].field.typed == "12,000.00"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: app.answers)

    bare(url, script)
    made = shown(url, "opp", "O-2")
    assert (made["name"], made["account"].ref, made["amount"].text()) == ("Gate", "A-2", "12000.00")
    assert str(made["expected_close_on"]) == "2026-11-27"


def test_what_is_wrong_stands_below_its_field(url: str) -> None:
    async def script(app: Bare, pilot: Pilot[Any]) -> None:
        sheet = await app.show(FormSheet("opp"), pilot)
        row = await write(app, pilot, sheet, "amount", "much")
        await pilot.press("tab")
        await until(pilot, lambda: row.wrong)
        assert "much is not an amount." in row.said
        assert "much is not an amount." in text_of(app)
        await pilot.press("ctrl+s")
        await pilot.pause()
        assert sheet.rows()["name"].said == "Name must not be empty."
        assert sheet.focused is sheet.rows()["name"].field
        assert "--" not in text_of(app)
        await write(app, pilot, sheet, "name", "X")
        await write(app, pilot, sheet, "account", "Nobody")
        await write(app, pilot, sheet, "expected_close_on", "friday")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: sheet.rows()["account"].wrong or sheet.rows()["amount"].wrong)
        assert not app.answers

    bare(url, script)


def test_a_draft_comes_back_and_can_be_dropped(url: str) -> None:
    async def script(app: Bare, pilot: Pilot[Any]) -> None:
        sheet = await app.show(FormSheet("opp"), pilot)
        await write(app, pilot, sheet, "name", "half a name")
        await write(app, pilot, sheet, "need", "two\nlines")
        await pilot.press("escape")
        await until(pilot, lambda: app.answers == [None])
        again = await app.show(FormSheet("opp"), pilot)
        assert again.rows()["name"].field.typed == "half a name"
        assert again.rows()["need"].field.typed == "two\nlines"
        assert "Your draft is back" in text_of(app)
        other = again.rows()["name"].field
        await pilot.press("ctrl+t")
        assert other.typed == ""
        await pilot.press("escape")
        third = await app.show(FormSheet("opp"), pilot)
        assert third.rows()["name"].field.typed == ""

    bare(url, script)


def test_a_draft_over_an_older_version_loses_nothing(url: str) -> None:
    async def script(app: Bare, pilot: Pilot[Any]) -> None:
        sheet = await app.show(FormSheet("opp", "O-1", only=("amount", "need", "channel")), pilot)
        sheet.rows()["need"].field.place("mine")
        await pilot.press("escape")
        with Context.open(flags={"db": url}, now=NOW) as ctx:
            records.edit(ctx, "opp", "O-1", {"need": "theirs", "channel": "fair"})
        again = await app.show(FormSheet("opp", "O-1", only=("amount", "need", "channel")), pilot)
        await until(pilot, lambda: "theirs" in again.rows()["need"].said)
        assert again.rows()["channel"].field.typed == "fair"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, Sides))
        assert [each.name for each in app.screen.query_one(Pairs).theirs] == ["need"]
        await pilot.press("enter")
        await until(pilot, lambda: app.answers == [None, "O-1"])

    bare(url, script)
    saved = shown(url, "opp", "O-1")
    assert (saved["need"], saved["channel"]) == ("mine", "fair")


def test_a_part_of_a_name_that_means_one_record_is_enough(url: str) -> None:
    async def script(app: Bare, pilot: Pilot[Any]) -> None:
        sheet = await app.show(FormSheet("opp", only=("account", "name")), pilot)
        row = sheet.rows()["account"]
        row.field.focus()
        await pilot.press(*"nord", "enter")
        await until(pilot, lambda: row.field.given == "A-2")
        await write(app, pilot, sheet, "account", "")
        row.field.place("jinggong")
        await pilot.press("tab")
        await until(pilot, lambda: row.field.given == "A-1")

    bare(url, script)


def test_leaving_the_program_keeps_the_draft(url: str) -> None:
    async def script(app: Bare, pilot: Pilot[Any]) -> None:
        sheet = await app.show(FormSheet("account"), pilot)
        await write(app, pilot, sheet, "name", "Kestrel")
        await pilot.press("ctrl+q")

    bare(url, script)

    async def again(app: Bare, pilot: Pilot[Any]) -> None:
        sheet = await app.show(FormSheet("account"), pilot)
        assert sheet.rows()["name"].field.typed == "Kestrel"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: app.answers)
        assert app.answers == ["A-3"]
        third = await app.show(FormSheet("account"), pilot)
        assert third.rows()["name"].field.typed == ""

    bare(url, again)


def test_a_megabyte_is_cut_with_a_note(url: str) -> None:
    async def script(app: Bare, pilot: Pilot[Any]) -> None:
        sheet = await app.show(FormSheet("opp"), pilot)
        row = await write(app, pilot, sheet, "name", "x" * 1_000_000)
        assert row.field.typed == "x" * 200
        await until(pilot, lambda: "200 characters" in row.said)
        for text in ("y" * 1_000_000, "words, 文字 " * 120_000):
            row = await write(app, pilot, sheet, "need", text)
            row.field.post_message(events.Paste("more"))
            await until(pilot, lambda row=row: "100000 characters" in row.said)
            assert row.field.typed == text[:100_000]
            assert isinstance(row.field, AreaField)
            row.field.place("")
        await pilot.press("a")
        assert row.field.typed == "a"

    bare(url, script)


def test_a_form_lives_through_a_change_of_size(url: str) -> None:
    async def script(app: Bare, pilot: Pilot[Any]) -> None:
        sheet = await app.show(FormSheet("opp", "O-1"), pilot)
        await write(app, pilot, sheet, "name", " two")
        for size in ((80, 24), (60, 15), (200, 60), (80, 20)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
        assert sheet.rows()["name"].field.typed == "MES two"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: app.answers == ["O-1"])

    bare(url, script)
    assert shown(url, "opp", "O-1")["name"] == "MES two"


PASTED = [
    text for text in (*hostile.PUBLIC[::12], *hostile.OWN[::2]) if len(text) < 5_000 and "\r" not in text
]


def test_hostile_texts_come_back_as_they_were(url: str) -> None:
    wanted = [text for text in PASTED if text.strip() and not hostile.refusal("text", 100_000, text)]

    async def script(app: Bare, pilot: Pilot[Any]) -> None:
        sheet = await app.show(FormSheet("opp", "O-1", only=("solution", "need")), pilot)
        area = sheet.rows()["need"].field
        for text in wanted:
            area.place("")
            area.post_message(events.Paste(text))
            await pilot.pause(0)
            assert area.typed == text
            assert not hostile.stray(text_of(app))
        area.place("\n".join(wanted)[:100_000])
        await pilot.press("ctrl+s")
        await until(pilot, lambda: app.answers)

    bare(url, script)
    assert shown(url, "opp", "O-1")["need"] == "\n".join(wanted)[:100_000]


def test_hostile_texts_of_one_line(url: str) -> None:
    wanted = [text for text in PASTED if not hostile.refusal("line", 200, text) and text.strip()]

    async def script(app: Bare, pilot: Pilot[Any]) -> None:
        sheet = await app.show(FormSheet("opp", "O-1", only=("end_project",)), pilot)
        line = sheet.rows()["end_project"].field
        line.focus()
        for text in wanted:
            line.place("")
            line.post_message(events.Paste(text))
            await pilot.pause(0)
            assert line.typed == text
            assert not hostile.stray(text_of(app))
        line.place("\x1b]0;x\x07 [bold]\u202e")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: app.answers)

    bare(url, script)
    assert shown(url, "opp", "O-1")["end_project"] == "\x1b]0;x\x07 [bold]\u202e"


def test_two_people_pick_field_by_field(url: str) -> None:
    async def script(app: Bare, pilot: Pilot[Any]) -> None:
        sheet = await app.show(FormSheet("opp", "O-1"), pilot)
        row = await write(app, pilot, sheet, "amount", "")
        row.field.place("3M")
        await write(app, pilot, sheet, "need", "mine")
        with Context.open(flags={"db": url}, now=NOW) as ctx:
            records.edit(ctx, "opp", "O-1", {"amount": "1M", "need": "theirs", "channel": "fair"})
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, Sides))
        await pilot.pause()
        picture = text_of(app)
        for text in ("3M", "1,000,000.00", "mine", "theirs", "fair", "O-1 was changed meanwhile"):
            assert text in picture or text.replace("3M", "3,000,000.00") in picture
        pairs = app.screen.query_one(Pairs)
        assert [each.name for each in pairs.theirs if each.name in pairs.kept] == ["amount", "need"]
        pairs.line = [each.name for each in pairs.theirs].index("need")
        await pilot.press("right", "ctrl+s")
        await until(pilot, lambda: app.answers)

    bare(url, script)
    saved = shown(url, "opp", "O-1")
    assert (saved["amount"].text(), saved["need"], saved["channel"]) == ("3000000.00", "theirs", "fair")


def test_what_others_change_shows_in_an_open_form(url: str) -> None:
    async def script(app: Bare, pilot: Pilot[Any]) -> None:
        sheet = await app.show(FormSheet("opp", "O-1"), pilot)
        await write(app, pilot, sheet, "need", "mine")
        with Context.open(flags={"db": url}, now=NOW) as ctx:
            records.edit(ctx, "opp", "O-1", {"amount": "1M", "need": "theirs"})
        await app.look_for_changes()
        await until(pilot, lambda: sheet.rows()["need"].said)
        assert sheet.rows()["amount"].field.typed == "1,000,000.00"
        assert "theirs" in sheet.rows()["need"].said
        assert sheet.rows()["need"].field.typed == "mine"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, Sides))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is sheet)
        assert sheet.rows()["need"].field.typed == "mine"

    bare(url, script)


def test_a_form_by_mouse_alone(url: str) -> None:
    async def script(app: Bare, pilot: Pilot[Any]) -> None:
        sheet = await app.show(
            FormSheet("opp", "O-1", only=("state", "category", "account"), save=_nothing), pilot
        )
        row = sheet.rows()["category"]
        await pilot.click(row.field)
        await until(pilot, lambda: sheet.query(Offers) and sheet.query_one(Offers).option_count)
        await pilot.pause()
        await pilot.click(Offers, offset=(3, 3))
        await until(pilot, lambda: row.field.typed)
        assert row.field.given == "commit"
        assert not sheet.query(Offers)

    bare(url, script)


def _nothing(ctx: Context, given: dict[str, str]) -> None:
    return None


def test_several_records_are_changed_in_one_step(url: str) -> None:
    async def script(app: Bare, pilot: Pilot[Any]) -> None:
        sheet = await app.show(FormSheet("account", refs=["A-1", "A-2"]), pilot)
        await write(app, pilot, sheet, "city", "Wuhan")
        await pilot.press("tab")
        await until(pilot, lambda: "2 records: City Wuhan" in text_of(app))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: app.answers)

    bare(url, script)
    assert [shown(url, "account", ref)["city"] for ref in ("A-1", "A-2")] == ["Wuhan", "Wuhan"]
    assert shown(url, "account", "A-1")["name"] == "华东精工"


def test_an_opportunity_is_lost_with_all_that_is_asked(url: str) -> None:
    async def script(app: Bare, pilot: Pilot[Any]) -> None:
        sheet = await app.show(closing("O-1", won=False), pilot)
        assert [row.required for row in sheet.rows().values()] == [True, True, True, False]
        await write(app, pilot, sheet, "loss_reason", "price")
        await write(app, pilot, sheet, "competitor", "Brand new rival")
        await write(app, pilot, sheet, "summary", "too dear")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: app.answers)

    bare(url, script)
    lost = shown(url, "opp", "O-1")
    assert (lost["state"], lost["summary"], lost["competitor"].name) == (
        "lost",
        "too dear",
        "Brand new rival",
    )


def test_an_opportunity_is_adjusted(url: str) -> None:
    async def script(app: Bare, pilot: Pilot[Any]) -> None:
        sheet = await app.show(adjusting("O-1"), pilot)
        sheet.rows()["amount"].field.place("5M")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: app.answers == ["O-1"])

    bare(url, script)
    assert shown(url, "opp", "O-1")["amount"].text() == "5000000.00"


def test_at_80_by_24_a_form_takes_the_width(url: str) -> None:
    async def script(app: Bare, pilot: Pilot[Any]) -> None:
        sheet = await app.show(FormSheet("opp"), pilot)
        assert sheet.query_one("#form").size.width > 70
        assert isinstance(sheet.rows()["name"].field, LineField)
        assert "^s" in text_of(app).lower()

    bare(url, script, (80, 24))
