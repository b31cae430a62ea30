"""The forecast: every cell opens, by key and by mouse; periods, measures, folds, quotas, and screens of every size."""

from typing import Any

from textual.pilot import Pilot

from crmtui import i18n
from crmtui.screens.app import CrmApp
from crmtui.screens.forecast import Forecast
from crmtui.screens.foretree import TreeSource
from crmtui.screens.forms import FormSheet
from crmtui.screens.frame import Note
from crmtui.screens.listing import Row
from crmtui.screens.popup import Popup
from crmtui.screens.quotabar import QuotaBar
from crmtui.services import records, setup
from crmtui.services.context import Company, Context
from crmtui.text import width
from tests.conftest import NOW as THEN
from tests.screens.conftest import NOW, drive, settled, text_of
from tests.screens.scenes import LOGIN


async def press(app: CrmApp, pilot: Pilot[Any], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await settled(app, pilot)


def place(app: CrmApp) -> Forecast:
    assert isinstance(app.screen, Forecast)
    return app.screen


def said(app: CrmApp) -> str:
    return str(app.screen.query_one(Note).render())


PROVEN = ("= the figure you opened", "could be gained")


def test_every_cell_opens_its_records_and_escape_comes_back_to_it(maven: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "5")
        tree = place(app).listed
        assert [one.title for one in tree.columns][:4] == ["Department", "Oct ✓", "Nov", "Dec"]
        assert "MavenTech" not in text_of(app)
        await press(app, pilot, "plus", "down", "down")
        opened = []
        for column in [one.name for one in tree.columns][1:]:
            tree.chosen = column
            row = tree.cursor_row
            await press(app, pilot, "enter")
            assert isinstance(app.screen, Popup), column
            text = text_of(app)
            assert any(proof in text for proof in PROVEN), (column, text)
            opened.append(column)
            await press(app, pilot, "escape")
            assert (tree.cursor_row, tree.chosen) == (row, column)
        assert opened == ["month0", "month1", "month2", "forecast", "quota", "won", "gap", "bar", "percent"]
        tree.chosen = "name"
        await press(app, pilot, "enter")
        assert not isinstance(app.screen, Forecast | Popup)

    drive(maven, script, login=LOGIN)


def test_the_other_tabs_open_too(maven: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        for tab in ("territory", "industry", "user", "product", "process"):
            await app.go(5, tab)
            await settled(app, pilot)
            await press(app, pilot, "down", "right", "right", "enter")
            assert isinstance(app.screen, Popup)
            assert PROVEN[0] in text_of(app), tab
            await press(app, pilot, "escape")

    drive(maven, script, login=LOGIN)


def test_the_bar_above_opens_by_key_and_by_click(maven: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "5", "shift+tab")
        bar = app.focused
        assert isinstance(bar, QuotaBar)
        names = [key for key, _ in bar._placed()]
        assert names == ["quota", "won", "weighted", "forecast", "gap"]
        await press(app, pilot, *["left"] * 5)
        for _ in names:
            await press(app, pilot, "enter")
            assert isinstance(app.screen, Popup)
            assert any(proof in text_of(app) for proof in PROVEN)
            await press(app, pilot, "escape", "right")
        for x, y in ((bar.region.x + 3, 1), (bar.region.right - 4, 1), (bar.region.x + 20, 0)):
            await pilot.click(QuotaBar, offset=(x, y))
            await settled(app, pilot)
            assert isinstance(app.screen, Popup)
            await press(app, pilot, "escape")
        place(app).method = "commit"
        place(app).reload()
        await settled(app, pilot)
        grid = place(app).grid
        assert grid is not None
        row = grid.lines[0].row
        assert bar.value_of("won") + bar.value_of("commit") + bar.value_of("rest") == row["forecast"].minor

    drive(maven, script, login=LOGIN)


def test_periods_folds_measures_and_the_command(maven: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> tuple[Any, str]:
        await press(app, pilot, "5", "minus")
        assert place(app).listed.count == 1
        await press(app, pilot, "right_square_bracket")
        assert "2027Q1" in text_of(app)
        assert "Jan" in text_of(app)
        assert place(app).listed.count == 1, "what was folded stays folded"
        await press(app, pilot, "left_square_bracket", "asterisk")
        assert place(app).listed.count > 1
        await press(app, pilot, "o", "down", "enter")
        assert "measure won" in text_of(app)
        grid = place(app).grid
        assert grid is not None
        assert sum(one.minor for one in grid.lines[0].months) == grid.lines[0].row["won"].minor
        await press(app, pilot, "right", "right", "enter")
        assert " won " in text_of(app).splitlines()[-22]
        assert PROVEN[0] in text_of(app)
        await press(app, pilot, "escape", "y")
        copied = app.clipboard.splitlines()
        assert len(copied) == len(grid.lines) + 1
        assert copied[1].count("\t") == copied[0].count("\t") == 7
        await press(app, pilot, "v")
        assert "Territory" in text_of(app)
        return grid.lines[0].row, grid.lines[0].ask.dept

    row, dept = drive(maven, script, login=LOGIN)
    with Context.open(flags={"db": maven}, login=LOGIN, now=NOW) as ctx:
        from crmtui.services import forecast

        ask = forecast.Ask(dept=dept, period="2026Q4", depth=0)
        assert forecast.table(ctx, ask)[0]["forecast"] == row["forecast"]


def test_a_quota_is_set_from_its_row(maven: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "5", "5")
        await app.go(5, "territory")
        await settled(app, pilot)
        assert "no quota · e set" in text_of(app)
        assert app.screen.why_not("edit"), "the company has no quota of its own"
        await app.go(5, "dept")
        await settled(app, pilot)
        tree = place(app).listed
        await press(app, pilot, "down", "e")
        assert isinstance(app.screen, FormSheet)
        await press(app, pilot, "escape")
        assert tree.current is not None

    drive(maven, script)


def test_at_eighty_left_and_right_change_what_the_column_shows(maven: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "5")
        tree = place(app).listed
        heads = []
        for _ in range(8):
            await press(app, pilot, "right")
            heads.append([one.title for one in tree.columns][1])
        assert heads == ["Oct ✓", "Nov", "Dec", "Q4 fcst", "Quota", "Won", "Won", "Won"]
        assert tree.chosen == "percent"
        await press(app, pilot, *["left"] * 3, "enter")
        assert isinstance(app.screen, Popup)
        lines = text_of(app).splitlines()
        assert lines[0].startswith("╭─"), "the pop-up takes the whole screen"
        assert "quota" in lines[0]
        await press(app, pilot, "escape", "asterisk")
        assert all(width(line) <= 80 for line in text_of(app).splitlines())
        crumb = text_of(app).splitlines()[1]
        assert "team" in crumb
        assert "2026Q4" in crumb
        await pilot.resize_terminal(160, 48)
        await settled(app, pilot)
        assert [one.name for one in tree.columns][1:4] == ["month0", "month1", "month2"]

    drive(maven, script, size=(80, 24), login=LOGIN)


def test_a_company_with_nothing_says_so(tmp_path: Any) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    with setup.init({"db": url}, Company(name="New [b]Ltd[/b]", currency="USD"), now=THEN) as ctx:
        records.add(ctx, "dept", {"name": "East\u202e [red]" + "东" * 60})

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "5")
        text = text_of(app)
        assert "no quota · e set" in text
        assert "New [b]Ltd[/b]" in text
        assert "\u202e" not in text
        assert all(width(line) == 120 for line in text.splitlines()[5:34])
        await press(app, pilot, "right", "right", "enter")
        assert "Nothing counts here" in text_of(app)
        await press(app, pilot, "escape")
        i18n.set_language("zh")
        place(app).redraw_frame()

    drive(url, script)


def test_a_long_tree_makes_only_the_lines_in_view() -> None:
    import asyncio

    made: list[int] = []

    def make(at: int, unfolded: bool | None) -> Row:
        made.append(at)
        return Row(str(at), {}, open=unfolded)

    depths = [0, *((1, 2, 3, 3, 2)[number % 5] for number in range(5000))]
    source = TreeSource([(str(at), depth) for at, depth in enumerate(depths)], make, {})

    async def script() -> None:
        assert await source.count() == sum(depth <= 2 for depth in depths)
        rows = await source.rows(0, 40)
        assert len(made) == len(rows) == 40
        assert source.some_folded()
        source.fold_all(False)
        assert await source.count() == 1
        assert await source.locate("4999") == 0
        source.fold_all(True)
        assert await source.count() == len(depths)
        assert await source.locate("4999") == 4999
        assert source.fold("4999", False) is not None

    asyncio.run(script())
