"""The frame: crumb and keys at every width, a terminal that is too small, a store that is locked or gone, other rights."""

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from crmtui.errors import CrmError
from crmtui.screens.app import CrmApp
from crmtui.screens.board import Board
from crmtui.screens.forms import FormSheet
from crmtui.screens.frame import Crumb, KeyBar, Note, TopBar
from crmtui.screens.listing import WindowedList
from crmtui.screens.look import Look
from crmtui.screens.popup import Popup
from crmtui.services import opportunity, records
from crmtui.services.context import Context
from crmtui.store.session import sqlite_module
from tests.screens.conftest import NOW, drive, settled, text_of
from tests.screens.scenes import LOGIN


async def press(app: CrmApp, pilot: Pilot[Any], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await settled(app, pilot)


def rows(app: CrmApp) -> list[str]:
    return text_of(app).splitlines()


def test_whose_and_when_stay_readable_at_every_width(maven: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        app.badges[4] = 6
        await press(app, pilot, "5")
        for size in ((160, 48), (120, 36), (100, 30), (80, 24)):
            await pilot.resize_terminal(*size)
            await settled(app, pilot)
            top, crumb = rows(app)[:2]
            assert "4 Sales 6" in top or "4 Sale 6" in top
            assert "team" in crumb
            assert "2026Q4" in crumb
            assert crumb.rstrip().endswith("live")
            assert "department" in crumb
            keys = app.screen.query_one(KeyBar).text
            assert keys.split()[1] == "Open"
            assert "^p palette" in keys
            assert not keys.rstrip().endswith("…")
        words = ("Open", "View", "Measure", "Quota", "Copy", "Refresh", "Whose", "Period")
        assert sum(word in keys for word in words) == 7
        crumb_line = app.screen.query_one(Crumb)
        await pilot.click(Crumb, offset=(crumb_line.text.index("team") + 1, 0))
        await settled(app, pilot)
        assert app.whose == "all"
        await pilot.click(Crumb, offset=(crumb_line.text.index("department") + 1, 0))
        await settled(app, pilot)
        assert app.screen.TAB == "territory"  # type: ignore[attr-defined]
        await pilot.click(TopBar, offset=(app.screen.query_one(TopBar).text.index("4 Sale") + 3, 0))
        await settled(app, pilot)
        assert isinstance(app.screen, Board)

    drive(maven, script, login=LOGIN)


def test_too_small_a_terminal_says_so_and_forgets_nothing(maven: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "4", "right", "right", "down")
        card = app.screen.here.current  # type: ignore[attr-defined]
        for keys in ((), ("e",)):
            await press(app, pilot, *keys)
            shown = text_of(app)
            await pilot.resize_terminal(79, 19)
            await settled(app, pilot)
            assert text_of(app).split("\n")[9].strip() == "crmtui needs 80×20, this is 79×19"
            assert len(text_of(app).split()) == 6
            await pilot.resize_terminal(120, 36)
            await settled(app, pilot)
            assert text_of(app) == shown
        assert isinstance(app.screen, FormSheet)
        await press(app, pilot, "7")
        await pilot.resize_terminal(80, 24)
        await settled(app, pilot)
        assert "Amount" in text_of(app)
        await press(app, pilot, "escape")
        assert app.screen.here.current == card  # type: ignore[attr-defined]

    drive(maven, script)


def test_a_store_that_is_locked_or_gone_leaves_what_was_there(maven: str) -> None:
    path = Path(maven.removeprefix("sqlite:///"))

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "5")
        before = rows(app)[5:-1]
        away = path.with_suffix(".away")
        path.rename(away)
        await app.desk.reopen()
        await app.look_for_changes()
        await pilot.pause()
        assert "offline" in rows(app)[1]
        assert rows(app)[5:-1] == before
        assert app.screen.query_one(WindowedList).styles.tint.a > 0
        await press(app, pilot, "r")
        assert "r try again" in text_of(app)
        away.rename(path)
        await app.look_for_changes()
        await press(app, pilot, "r")
        assert "offline" not in rows(app)[1]
        assert rows(app)[5:-1] == before

    drive(maven, script)


@pytest.mark.parametrize("keys", [("e",), ("f",), ("o",)])
def test_an_open_sheet_says_that_the_store_is_out_of_reach(maven: str, keys: tuple[str, ...]) -> None:
    path = Path(maven.removeprefix("sqlite:///"))

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "3", *keys)
        away = path.with_suffix(".away")
        path.rename(away)
        await app.desk.reopen()
        await app.look_for_changes()
        await pilot.pause()
        assert "offline" in rows(app)[-1]
        away.rename(path)
        await app.look_for_changes()
        await settled(app, pilot)
        assert "offline" not in text_of(app)

    drive(maven, script)


def test_the_columns_sheet_is_read_again_with_its_key(maven: str) -> None:
    path = Path(maven.removeprefix("sqlite:///"))

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "3")
        away = path.with_suffix(".away")
        path.rename(away)
        await app.desk.reopen()
        await press(app, pilot, "o")
        assert "r try again" in text_of(app)
        away.rename(path)
        await press(app, pilot, "r")
        assert "r try again" not in text_of(app)
        assert "Annual revenue" in text_of(app)
        await press(app, pilot, "space", "enter")
        assert app.screen.WHERE == "accounts"

    drive(maven, script)


def test_a_locked_store_refuses_a_change_in_a_sentence(maven: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_BUSY_TIMEOUT", "1")

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "4")
        other = sqlite_module().connect(maven.removeprefix("sqlite:///"), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        before = [one.count for one in app.screen.widgets]  # type: ignore[attr-defined]
        await pilot.press("greater_than_sign")
        note, said = app.screen.query_one(Note), ""
        for _ in range(200):
            await pilot.pause(0.02)
            said = str(note.render())
            if note.has_class("-error"):
                break
        other.execute("ROLLBACK")
        other.close()
        assert "Traceback" not in said
        assert [one.count for one in app.screen.widgets] == before  # type: ignore[attr-defined]
        assert said

    drive(maven, script)


def test_rights_that_change_while_the_program_runs(maven: str) -> None:
    def root(work: Any) -> None:
        with Context.open(flags={"db": maven}, now=NOW) as ctx:
            work(ctx)

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "5")
        assert "Rocco Neubert" in rows(app)[0]
        root(lambda ctx: records.edit(ctx, "user", LOGIN, {"name": "Rocco Other"}))
        await app.look_for_changes()
        await settled(app, pilot)
        assert "Rocco Other" in rows(app)[0]
        root(lambda ctx: records.archive(ctx, "user", LOGIN))
        await app.look_for_changes()
        await settled(app, pilot)
        text = text_of(app)
        assert f"{LOGIN} is no longer active" in text, text
        assert "your login ended" in rows(app)[1]
        assert "offline" not in rows(app)[1]
        assert "Traceback" not in text
        await press(app, pilot, "4", "greater_than_sign")
        assert "moved" not in text_of(app)

    drive(maven, script, login=LOGIN)


@pytest.mark.parametrize("look", [Look(ascii=True), Look(accessible=True)], ids=["ascii", "accessible"])
def test_sheets_wear_what_the_places_wear(maven: str, look: Look) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "4")
        if look.ascii:
            assert text_of(app).isascii()
        await press(app, pilot, "5", "right", "right", "enter")
        assert isinstance(app.screen, Popup)
        text = text_of(app)
        if look.ascii:
            assert text.isascii(), [one for one in text if not one.isascii()]
        else:
            assert "╭" not in text
            assert "row 1 of" in text

    drive(maven, script, look=look)


def test_a_pop_up_lives_with_the_store(maven: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "5", *["right"] * 4, "enter", "down", "down")
        sheet = app.screen
        assert isinstance(sheet, Popup)
        assert "= the figure you opened" in text_of(app)
        open_one = next(
            at for at in range(40) if (row := sheet.listed.row_at(at)) and "%" in row.text("probability")
        )
        sheet.listed.move_to(open_one)
        ref = sheet.listed.current.key if sheet.listed.current else ""
        with Context.open(flags={"db": maven}, now=NOW) as ctx:
            opportunity.adjust(ctx, ref, {"probability": "41"})
        await app.look_for_changes()
        await settled(app, pilot)
        assert "is not the figure you opened" in text_of(app)
        assert sheet.listed.current is not None
        assert sheet.listed.current.key == ref
        await press(app, pilot, "r")
        assert "= the figure you opened" in text_of(app)
        count, total = sheet.facts.count, sheet.facts.sum  # type: ignore[union-attr]
        await press(app, pilot, "e")
        assert isinstance(app.screen, FormSheet)
        await press(app, pilot, "escape", "y")
        assert app.clipboard.startswith(ref)
        await press(app, pilot, "z")
        listed = app.screen
        assert listed.total == count  # type: ignore[attr-defined]
        assert total.currency == "USD"
        await press(app, pilot, "escape")
        assert app.screen.listed.chosen == "forecast"  # type: ignore[attr-defined]

    drive(maven, script)


def test_what_is_told_names_no_option_of_the_command_line(tmp_path: Path) -> None:
    from crmtui.screens.frame import told
    from crmtui.store import session

    with pytest.raises(CrmError) as gone:
        session.check_ready(session.connect("postgresql://127.0.0.1:1/none"))
    assert "--db" in str(gone.value)
    assert "--" not in told(gone.value)
    assert "Check the network" in told(gone.value)
