"""The board: cards that move by key and by mouse, figures that open, columns at every size, what others change."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from crmtui import i18n
from crmtui.errors import Invalid
from crmtui.screens.app import CrmApp
from crmtui.screens.ask import Choose
from crmtui.screens.board import Board
from crmtui.screens.boardcolumn import BoardColumn
from crmtui.screens.boardtotals import Totals
from crmtui.screens.forms import FormSheet
from crmtui.screens.frame import KeyBar, Note
from crmtui.screens.look import Look
from crmtui.screens.popup import Popup
from crmtui.services import board, opportunity, records, setup
from crmtui.services.context import Company, Context
from crmtui.text import width
from tests.conftest import NOW
from tests.screens.conftest import drive, settled, text_of

STAGES = ("prospecting", "identifying", "needs-analysis", "proposal", "negotiation", "contract")
HOSTILE = "[red]华东\x1b[31m精工\u202e‏[/] " + "x" * 90


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A firm with some cards in every stage but Negotiation."""
    path = tmp_path_factory.mktemp("board") / "crm.db"
    with setup.init({"db": f"sqlite:///{path}"}, Company(name="Firm", currency="USD"), now=NOW) as ctx:
        records.add(ctx, "account", {"name": "华东精工"})
        records.add(ctx, "account", {"name": "Acme [b]Ltd[/b]"})
        for number in range(30):
            stage = STAGES[(0, 0, 0, 1, 2, 3, 5)[number % 7]]
            given = {
                "name": f"Deal {number}",
                "account": ("华东精工", "Acme [b]Ltd[/b]")[number % 2],
                "amount": str(1000 + number * 100),
                "expected_close_on": f"2026-1{number % 3}-{10 + number % 17}",
                "stage": stage,
            }
            records.add(ctx, "opp", given)
        records.add(
            ctx,
            "opp",
            {**given, "name": "Bell \u202e [red]x[/]" + "y" * 90, "amount": "9", "stage": "proposal"},
        )
    return path


@pytest.fixture
def firm(made: Path, tmp_path: Path) -> str:
    """A copy of it."""
    path = tmp_path / "crm.db"
    path.write_bytes(made.read_bytes())
    path.chmod(0o600)
    return f"sqlite:///{path}"


def columns(app: CrmApp) -> list[BoardColumn]:
    assert isinstance(app.screen, Board)
    return app.screen.widgets


def stage_of(app: CrmApp) -> tuple[str, str]:
    """The stage of the column in focus, and the ref of its card under the cursor."""
    here = app.screen.here  # type: ignore[attr-defined]
    return here.stage, here.current.ref if here.current else ""


async def press(app: CrmApp, pilot: Pilot[Any], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await settled(app, pilot)


def noted(app: CrmApp) -> str:
    return str(app.screen.query_one(Note).render())


def do(url: str, work: Callable[[Context], Any]) -> Any:
    """What another program does with the store."""
    with Context.open(flags={"db": url}, now=NOW) as ctx:
        return work(ctx)


def test_cards_move_by_key_alone_and_come_back_with_one_undo(firm: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "4", "down")
        stage, ref = stage_of(app)
        assert stage == "prospecting"
        await press(app, pilot, "greater_than_sign")
        assert stage_of(app) == ("identifying", ref)
        assert columns(app)[1].has_focus
        assert "moved to Identifying" in noted(app)
        assert "undo" in noted(app)
        await press(app, pilot, "u")
        assert stage_of(app) == ("prospecting", ref)
        await press(app, pilot, "less_than_sign")
        assert "first stage" in noted(app)
        count = columns(app)[0].count
        await press(app, pilot, "home", "space", "space", "space")
        assert "marked 3" in text_of(app)
        await press(app, pilot, "greater_than_sign")
        assert columns(app)[0].count == count - 3
        assert "3 opportunities moved" in noted(app)
        assert "marked" not in text_of(app)
        await press(app, pilot, "u")
        assert columns(app)[0].count == count

    drive(firm, script)


def test_behind_the_last_stage_closing_is_offered(firm: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "4", *["right"] * 5)
        stage, ref = stage_of(app)
        assert stage == "contract"
        await press(app, pilot, "greater_than_sign")
        assert isinstance(app.screen, Choose)
        await press(app, pilot, "enter")
        assert isinstance(app.screen, FormSheet)
        await press(app, pilot, *"signed", "ctrl+s")
        assert isinstance(app.screen, Board)
        assert stage_of(app)[1] != ref
        return ref

    ref = drive(firm, script)
    assert do(firm, lambda ctx: records.show(ctx, "opp", ref)["state"]) == "won"


def test_what_a_move_wants_is_asked_and_nothing_else(firm: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        from crmtui.screens import moving

        def each(ctx: Context, ref: str) -> str:
            if not records.show(ctx, "opp", ref)["need"]:
                raise Invalid("field.required", "{field} must not be empty.", field="need")
            opportunity.advance(ctx, ref)
            return "next"

        await press(app, pilot, "4")
        app.screen.run_worker(moving.move(app.screen, [stage_of(app)[1]], each))
        await settled(app, pilot)
        sheet = app.screen
        assert isinstance(sheet, FormSheet)
        assert "need" in text_of(app)
        assert "Probability" not in text_of(app)
        await press(app, pilot, *"speed", "ctrl+s")
        assert isinstance(app.screen, Board)
        assert stage_of(app)[0] == "identifying"
        await press(app, pilot, "u")
        assert stage_of(app)[0] == "prospecting"

    drive(firm, script)


def test_everything_opens_by_key(firm: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "4", "up")
        column = columns(app)[0]
        assert column.on_head
        assert app.screen.why_not("edit")
        await press(app, pilot, "right", "left", "enter")
        assert "Prospecting" in text_of(app)
        assert not isinstance(app.screen, Board)
        assert app.screen.total == column.count  # type: ignore[attr-defined]
        await press(app, pilot, "escape")
        assert isinstance(app.screen, Board)
        assert columns(app)[0].on_head
        await press(app, pilot, "down", "shift+tab")
        assert isinstance(app.focused, Totals)
        names = [name for name, *_ in app.focused.figures()]
        assert names[:2] == ["open", "weighted"]
        assert "late" in names
        for name in ("open", "weighted", "late"):
            app.screen.query_one(Totals).at = names.index(name)
            await press(app, pilot, "enter")
            assert isinstance(app.screen, Popup)
            await settled(app, pilot)
            assert "= the figure you opened" in text_of(app), name
            await press(app, pilot, "escape")
            assert isinstance(app.focused, Totals)
        await press(app, pilot, "up", "e")
        assert isinstance(app.screen, FormSheet)
        assert "Probability" in text_of(app)
        await press(app, pilot, "escape", "enter")
        assert app.screen.ref.startswith("O-")  # type: ignore[attr-defined]
        await press(app, pilot, "escape", "v")
        assert not isinstance(app.screen, Board)

    drive(firm, script)


def test_what_is_left_of_the_quota_opens_what_could_be_gained(filled: str) -> None:
    """Quota 1,500,000 less won 840,000; open in the quarter are 300,000, 100,000, 50,000 and 400,000."""

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        app.action_whose("all")
        await press(app, pilot, "4", "shift+tab")
        totals = app.screen.query_one(Totals)
        totals.at = [name for name, *_ in totals.figures()].index("left")
        await press(app, pilot, "enter")
        assert isinstance(app.screen, Popup)
        await settled(app, pilot)
        shown = text_of(app)
        assert "quota left 660" in shown
        assert "4 opportunities" in shown
        assert "could be gained" in shown
        assert all(name in shown for name in ("Gate system", "MES", "Blade tracing", "Yard planning"))

    drive(filled, script)


def test_the_mouse_alone(firm: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "4")
        first, third = columns(app)[0], columns(app)[2]
        card = (first.region.x + 4, first.region.y + 10)
        await pilot.click(offset=card)
        await settled(app, pilot)
        ref = stage_of(app)[1]
        assert first.cursor == 1
        await pilot.mouse_down(offset=card)
        await pilot.hover(offset=(third.region.x + 5, third.region.y + 9))
        await pilot.pause()
        assert third.has_class("-target")
        assert not first.has_class("-target")
        await pilot.mouse_up(offset=(third.region.x + 5, third.region.y + 9))
        await settled(app, pilot)
        assert not third.has_class("-target")
        assert ref in {found.ref for found in third.cards.values()}
        assert stage_of(app) == ("needs-analysis", ref)
        await pilot.mouse_down(offset=card)
        await pilot.mouse_up(offset=(60, 1))
        await settled(app, pilot)
        assert "moved" not in noted(app).replace("moved to Needs", "")
        await pilot.click(Totals, offset=(2, 0))
        await settled(app, pilot)
        assert isinstance(app.screen, Popup)
        await press(app, pilot, "escape")
        await pilot.click(offset=(first.region.x + 4, first.region.y + 1))
        await settled(app, pilot)
        assert not isinstance(app.screen, Board)
        await pilot.click(KeyBar, offset=(text_of(app).splitlines()[-1].index("Panel"), 0))
        await settled(app, pilot)
        await press(app, pilot, "escape")
        bar = app.screen.query_one(KeyBar)
        await pilot.click(KeyBar, offset=(bar.text.index("List"), 0))
        await settled(app, pilot)
        assert not isinstance(app.screen, Board)

    drive(firm, script)


def test_three_columns_at_eighty(firm: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "4")
        assert [one.display for one in columns(app)] == [True] * 3 + [False] * 3
        assert "3 ›" in text_of(app)
        assert "‹" not in text_of(app)
        await press(app, pilot, *["right"] * 5)
        text = text_of(app)
        assert [one.display for one in columns(app)] == [False] * 3 + [True] * 3
        assert "‹ 3" in text
        assert "Contract" in text
        assert stage_of(app)[0] == "contract"
        assert len(text.splitlines()) == 24
        assert all(width(line) <= 80 for line in text.splitlines())
        keys = text.splitlines()[-1]
        assert (
            sum(word in keys for word in ("Open", "Stage", "Edit", "New", "Mark", "Filter", "List", "Find"))
            == 7
        )
        await pilot.click(offset=(4, 3))
        await settled(app, pilot)
        assert stage_of(app)[0] == "proposal" or columns(app)[2].display
        await pilot.resize_terminal(160, 48)
        await settled(app, pilot)
        assert all(one.display for one in columns(app))
        assert any(" root " in line for line in text_of(app).splitlines()[1:])

    drive(firm, script, size=(80, 24))


def test_names_are_data_and_columns_stay_straight(firm: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> str:
        await press(app, pilot, "4")
        text = text_of(app)
        assert "Acme [b]Ltd[" in text
        assert "华东精工" in text
        assert "\u202e" not in text
        assert "\x1b" not in text
        edges = list(text.splitlines()[4:33])
        assert all(width(line) == 120 for line in edges)
        return text

    drive(firm, script)
    i18n.set_language("zh")
    drive(firm, script, look=Look(ascii=False))
    i18n.set_language("en")


def test_what_others_do_leaves_the_cursor_on_its_card(firm: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "4", "down", "down")
        stage, ref = stage_of(app)
        do(firm, lambda ctx: [opportunity.adjust(ctx, ref, {"amount": "1"})])
        await app.look_for_changes()
        await settled(app, pilot)
        assert stage_of(app) == (stage, ref)
        assert columns(app)[0].cursor == columns(app)[0].count - 1
        do(firm, lambda ctx: [opportunity.advance(ctx, ref, "proposal")])
        await app.look_for_changes()
        await settled(app, pilot)
        assert stage_of(app) == ("proposal", ref)
        do(firm, lambda ctx: records.archive(ctx, "opp", ref))
        await app.look_for_changes()
        await settled(app, pilot)
        assert stage_of(app)[0] == "proposal"
        assert stage_of(app)[1] not in ("", ref)

    drive(firm, script)


def test_filters_periods_and_what_is_found(firm: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "4")
        every = sum(one.count for one in columns(app))
        await press(app, pilot, "right_square_bracket")
        assert "closing 2027Q1" in text_of(app)
        assert "No opportunities because of the filter" in text_of(app)
        await press(app, pilot, "left_square_bracket")
        assert "closing 2026Q4" in text_of(app)
        assert sum(one.count for one in columns(app)) == every
        await app.run_action("drop_chip(1)", app.screen)
        await settled(app, pilot)
        assert "closing" not in text_of(app)
        await press(app, pilot, "slash", *"deal 7")
        await pilot.pause(0.2)
        await settled(app, pilot)
        assert [one.count for one in columns(app)] == [1, 0, 0, 0, 0, 0]
        await press(app, pilot, "enter", "escape")
        assert sum(one.count for one in columns(app)) == every
        await press(app, pilot, "s")
        assert "close date" in text_of(app)
        days = [card.close_on for _, card in sorted(columns(app)[0].cards.items())]
        assert days == sorted(days)

    drive(firm, script)


def test_what_cannot_be_read_is_said_and_what_was_there_stays(firm: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "4")
        app.screen.conditions = ["nonsense = 1"]  # type: ignore[attr-defined]
        app.screen.reload("filter")  # type: ignore[attr-defined]
        await settled(app, pilot)
        assert "nonsense" in noted(app)
        assert columns(app)[0].count

    drive(firm, script)


@pytest.mark.parametrize("sort", ["-amount", "expected_close_on", "stage_at"])
def test_a_card_is_where_the_board_says(firm: str, sort: str) -> None:
    with Context.open(flags={"db": firm}, now=NOW) as ctx:
        found = board.board(ctx)
        for at, column in enumerate(found):
            for place, card in enumerate(board.cards(ctx, column.condition, sort=sort)):
                assert board.spot(ctx, found, card.ref, sort) == (at, place)
        assert board.spot(ctx, found, "O-999", sort) is None
        assert sum(column.weighted.minor for column in found) == board.weighted_sum(ctx, "state=open").minor
