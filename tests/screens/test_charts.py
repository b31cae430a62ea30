"""Charts: exactly as wide as told, true to their values, readable without colour and in ASCII, and every figure opens."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widget import Widget

from crmtui import i18n
from crmtui.money import Money
from crmtui.screens import charts, digits, themes
from crmtui.screens.bars import Bar, Columns, month_name
from crmtui.screens.charts import Part, cells_of, plain, scale, spread, tree_bar, unit_for
from crmtui.screens.funnelrows import FunnelRow, FunnelRows
from crmtui.screens.glyphs import glyphs
from crmtui.screens.ink import Ink
from crmtui.screens.quotabar import QuotaBar, Stretch
from crmtui.screens.tiles import Big, BigFigure

M = 10**8
"""A million dollars, in cents."""
PARTS = [Part(30.5, "full", "success"), Part(14, "dark", "primary"), Part(7.5, "mid", "warning")]
values = st.integers(0, 10**15)
cells = st.integers(0, 130)


@pytest.fixture
def _ascii() -> None:
    glyphs.ascii = True


# -- pieces -----------------------------------------------------------------------------------------------------


@given(values, values, cells, st.booleans())
def test_a_bar_is_as_wide_as_told(value: int, whole: int, room: int, plainly: bool) -> None:
    glyphs.ascii = plainly
    drawn = charts.bar(value, whole, room)
    assert cells_of(drawn) == room
    assert plainly <= plain(drawn).isascii()
    if value > 0 and whole > 0 and room:
        assert plain(drawn)[0] not in " ─-"
    if 0 < whole <= value:
        assert set(plain(drawn)) <= {"#" if plainly else "█"}
    glyphs.ascii = False


@given(st.lists(values, max_size=5), values, cells, st.none() | values)
def test_a_stacked_bar_is_as_wide_as_told(found: list[int], whole: int, room: int, mark: int | None) -> None:
    parts = [Part(value, "full", "success") for value in found]
    assert cells_of(charts.stacked(parts, whole, room, mark=mark)) == room


@given(st.lists(st.floats(0.001, 100), min_size=1, max_size=6), st.integers(6, 200))
def test_every_part_has_a_cell_and_the_sum_is_right(found: list[float], room: int) -> None:
    sizes = spread(found, sum(found), room)
    assert sum(sizes) == room
    assert min(sizes) >= 1


def test_the_ends_of_the_parts_are_where_the_values_are() -> None:
    assert plain(charts.stacked(PARTS, 59, 59)) == "█" * 30 + "▓" * 14 + "▒" * 8 + "░" * 7
    assert plain(charts.stacked(PARTS, 52, 52, mark=26)) == "█" * 25 + "│" + "█" * 4 + "▓" * 14 + "▒" * 8
    assert plain(charts.bar(1, 4, 10)) == "██▌ ──────"
    assert plain(charts.bar(0, 4, 10)) == "─" * 10


@given(values, values, st.none() | values, cells)
def test_the_bar_of_a_row_is_as_wide_as_told(won: int, more: int, quota: int | None, room: int) -> None:
    drawn = plain(tree_bar(won, won + more, quota, room))
    assert len(drawn) == room
    if quota and room >= 4:
        assert drawn.index("│") == charts.quota_place(room)


def test_the_bar_of_a_row_ends_at_its_quota_or_beyond() -> None:
    assert plain(tree_bar(9, 16, 20, 24)) == "█" * 9 + "▒" * 7 + "····│   "
    assert plain(tree_bar(9, 22, 20, 24)) == "█" * 9 + "▒" * 11 + "│▒▒ "
    assert plain(tree_bar(60, 60, 20, 24)) == "█" * 20 + "│██›"
    assert plain(tree_bar(5, 10, None, 24, top=20)) == "█" * 5 + "▒" * 5 + " " * 14


@given(st.lists(values, max_size=40), cells, st.booleans())
def test_a_trend_is_as_wide_as_told(found: list[int], room: int, plainly: bool) -> None:
    glyphs.ascii = plainly
    drawn = plain(charts.spark(found, room))
    glyphs.ascii = False
    assert len(drawn) == room
    assert plainly <= drawn.isascii()


def test_a_trend_rises_with_its_values() -> None:
    assert plain(charts.spark([1, 2, 3, 4, 5, 6, 7, 8], 8)) == "▁▂▃▄▅▆▇█"
    assert plain(charts.spark([5, 5], 4)) == "▄▄▄▄"
    assert plain(charts.spark([0, 0, 9, 9], 2)) == "▁█"


@given(st.floats(0.001, 1e15), st.integers(1, 8))
def test_a_scale_is_round_and_reaches_the_largest(largest: float, most: int) -> None:
    top, marks = scale(largest, most)
    assert top == marks[-1]
    assert top >= largest * (1 - 1e-9)
    assert len(marks) <= most + 1
    step = marks[1]
    assert f"{step:.0e}"[0] in "125"
    assert marks == pytest.approx([step * at for at in range(len(marks))])


def test_amounts_have_one_unit() -> None:
    assert charts.short(Money(9_340_000_00, "USD")) == ("9.3", "M")
    assert charts.short(Money(640_000_00, "USD")) == ("640", "k")
    assert charts.short(Money(-2_200_000_00, "USD")) == ("−2.2", "M")
    assert charts.short(Money(999_960_00, "USD")) == ("1.0", "M")
    assert charts.short(Money(12, "JPY")) == ("12", "")
    assert unit_for(59 * M, "USD").text(7_55 * 10**4 * 100) == "7.6M"
    i18n.set_language("zh")
    assert charts.short(Money(9_340_000_00, "CNY")) == ("934", "万")
    assert charts.short(Money(2_340_000_000_00, "CNY")) == ("23.4", "亿")


@given(st.text("0123456789.,-−", min_size=1, max_size=12), st.booleans())
def test_large_digits_are_three_rows_of_one_width(number: str, plainly: bool) -> None:
    glyphs.ascii = plainly
    rows = digits.big(number)
    glyphs.ascii = False
    assert plainly or rows is not None
    if rows is not None:
        assert [len(row) for row in rows] == [digits.size(number)] * 3 or plainly
        assert plainly <= all(row.isascii() for row in rows)


def test_what_has_no_large_form_is_not_drawn_large() -> None:
    assert digits.big("9M") is None
    assert digits.big("9.3") == ["╭─╮ ╶─╮", "╰─┤  ─┤", "╶─╯•╶─╯"]


@given(st.lists(st.tuples(st.text("ab 华█…", max_size=9), st.sampled_from(["muted", "chosen"]))), cells)
def test_a_line_is_as_wide_as_told(pieces: list[tuple[str, str]], room: int) -> None:
    colours = Ink({"muted": "#888888"})
    for cursor in (False, True):
        strip = charts.line(pieces, colours, room, cursor=cursor)
        assert sum(segment.cell_length for segment in strip) == room == strip.cell_length
    assert charts.as_text(pieces, colours).plain == plain(pieces)


# -- widgets ----------------------------------------------------------------------------------------------------

Script = Callable[["Board", Pilot[Any]], Awaitable[Any]]


class Board(App[None]):
    """One chart on a screen of its own, and what it said."""

    AUTO_FOCUS = None
    CSS = "Screen { background: $background; }"

    def __init__(self, chart: Widget) -> None:
        super().__init__()
        self.chart, self.said = chart, list[Any]()
        for theme in themes.OURS:
            self.register_theme(theme)
        self.theme = themes.DEFAULT

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return {"muted": "#888888", "faint": "#444444"}

    def compose(self) -> ComposeResult:
        yield self.chart

    def on_columns_opened(self, message: Columns.Opened) -> None:
        assert message.control is self.chart
        self.said.append(message.index)

    def on_funnel_rows_opened(self, message: FunnelRows.Opened) -> None:
        assert message.control is self.chart
        self.said.append((message.index, message.figure))

    def on_big_figure_opened(self, message: BigFigure.Opened) -> None:
        assert message.control is self.chart
        self.said.append("opened")

    def on_quota_bar_opened(self, message: QuotaBar.Opened) -> None:
        assert message.control is self.chart
        self.said.append(message.key)

    @property
    def rows(self) -> list[str]:
        """What the screen shows."""
        strips = self.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip).rstrip() for strip in strips]


def on_screen(chart: Widget, script: Script, size: tuple[int, int] = (60, 12)) -> Any:
    async def run() -> Any:
        app = Board(chart)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            return await script(app, pilot)

    return asyncio.run(run())


async def rows_of(app: Board, pilot: Pilot[Any]) -> list[str]:
    return app.rows


def year() -> Columns:
    won = [3.2, 3.6, 4.8, 3.8, 4.1, 5.1, 4, 4.3, 5.4, 5.5, 3.6, 0]
    quota = [4, 4, 4, 4, 4, 4.7, 4.7, 4.7, 5.3, 5.3, 5.3, 5.3]
    forecast = [0] * 10 + [0.8, 4.9]
    chart = Columns()
    chart.show(
        [
            Bar(
                month_name(date(2026, at + 1, 1)), int(won[at] * M), int(forecast[at] * M), int(quota[at] * M)
            )
            for at in range(12)
        ],
        "USD",
    )
    return chart


def test_bars_stand_on_a_scale_with_the_quota_at_its_height() -> None:
    rows = on_screen(year(), rows_of, (51, 14))
    assert [row[:1] for row in rows[:12]] == ["6", " ", " ", " ", "4", " ", " ", " ", "2", " ", " ", "0"]
    assert rows[12].split() == [
        "Jan",
        "Feb",
        "Mar",
        "Apr",
        "May",
        "Jun",
        "Jul",
        "Aug",
        "Sep",
        "Oct",
        "Nov",
        "Dec",
    ]
    assert rows[13].split() == ["██", "won", "▒▒", "forecast", "──", "quota"]
    assert rows[4].startswith("4 ╶────▂▂──██")  # 4.0 runs over January and beside what reaches it
    december = [row[47:49] for row in rows[:12]]
    assert december.count("▒▒") == 10  # 4.9 of 6 in twelve rows
    november = [row[43:45] for row in rows[:12]]
    assert (november.count("██"), november.count("▒▒")) == (7, 2)  # 3.6, and 4.4 in all


@pytest.mark.usefixtures("_ascii")
def test_bars_in_ascii() -> None:
    rows = on_screen(year(), rows_of, (51, 14))
    assert all(row.isascii() for row in rows)
    assert rows[13].split() == ["##", "won", "::", "forecast", "--", "quota"]


def test_a_bar_opens_by_key_and_by_mouse() -> None:
    async def script(app: Board, pilot: Pilot[Any]) -> Any:
        app.chart.focus()
        await pilot.press(
            "enter", "right", "right", "enter", "end", "enter", "left", "enter", "home", "enter"
        )
        assert app.rows[13].startswith("Jan 3.2M / 4.0M") or app.rows[13].endswith("Jan 3.2M / 4.0M")
        await pilot.click(Columns, offset=(46, 3))
        await pilot.click(Columns, offset=(0, 3))
        await pilot.pause()
        return app.said

    assert on_screen(year(), script, (51, 14)) == [0, 2, 11, 10, 0, 11]


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (14, 5), (30, 8), (200, 50)])
def test_bars_fit_where_they_are_put(size: tuple[int, int]) -> None:
    for chart in (year(), Columns(), Columns([Bar("Jan", 0)])):
        rows = on_screen(chart, rows_of, size)
        assert all(len(row) <= size[0] for row in rows)


def test_a_chinese_month_keeps_its_number() -> None:
    chart = Columns([Bar(f"{month}月", M) for month in range(1, 13)])
    rows = on_screen(chart, rows_of, (40, 6))
    assert rows[4].split() == [str(month) for month in range(1, 13)]


def funnel() -> FunnelRows:
    rows = FunnelRows("entered")
    rows.show(
        [
            FunnelRow("Prospecting", 61, 48 * M, None, 12),
            FunnelRow("华东精工", 44, 24 * M, 72.1, 16),
            FunnelRow("Proposal", 1222, 12 * M, 70.4, 31, True),
            FunnelRow("Won", 6, 0, 8.0),
        ],
        "USD",
    )
    return rows


def test_the_funnel_as_rows() -> None:
    rows = on_screen(funnel(), rows_of, (62, 6))
    assert rows[0].split() == ["entered", "M", "pass", "days"]
    assert rows[1].split() == ["Prospecting", "61", "█" * 26, "48.0", "12"]
    assert rows[2].split() == ["华东精工", "44", "█" * 13, "─" * 12, "24.0", "72%", "16"]
    assert rows[3].split()[-2:] == ["!", "31"]
    assert rows[4].split() == ["Won", "6", "─" * 26, "0.0", "8%"]


def test_names_keep_their_room_before_figures() -> None:
    rows = on_screen(funnel(), rows_of, (23, 6))
    assert [row.split()[0] for row in rows[1:5]] == ["Prospecting", "华东精工", "Proposal", "Won"]
    assert [row.split()[1:] for row in rows[1:3]] == [["61", "48.0"], ["44", "24.0"]]


def test_every_figure_of_the_funnel_opens() -> None:
    async def script(app: Board, pilot: Pilot[Any]) -> Any:
        app.chart.focus()
        await pilot.press(
            "enter", "down", "right", "enter", "right", "right", "right", "enter", "left", "enter"
        )
        await pilot.press("end", "home", "enter")
        await pilot.click(FunnelRows, offset=(2, 3))
        await pilot.click(FunnelRows, offset=(20, 1))
        await pilot.click(FunnelRows, offset=(2, 0))
        await pilot.pause()
        return app.said

    assert on_screen(funnel(), script, (60, 6)) == [
        (0, "count"),
        (1, "value"),
        (1, "days"),
        (1, "passed"),
        (0, "passed"),
        (2, "count"),
        (0, "value"),
    ]


def tile() -> BigFigure:
    shown = Big("9.3", "M", "success", bar=(9.3, 18), lines=[[("52% of 18.0M", "foreground")]])
    return BigFigure("Won this quarter", shown)


def test_a_tile_is_a_large_figure() -> None:
    rows = on_screen(tile(), rows_of, (24, 8))
    assert [row.strip("│╭╮╰╯ ─") for row in rows[:1]] == ["Won this quarter"]
    assert rows[3].split() == ["│", "╶─╯•╶─╯M", "│"]
    assert rows[4].split()[1].startswith("█████████")
    assert rows[5].split("│")[1].strip() == "52% of 18.0M"
    small = on_screen(tile(), rows_of, (10, 8))
    assert "9.3M" in small[1]


def test_a_tile_opens_wherever_it_is_clicked() -> None:
    async def script(app: Board, pilot: Pilot[Any]) -> Any:
        app.chart.focus()
        await pilot.press("enter")
        await pilot.click(BigFigure, offset=(20, 5))
        await pilot.pause()
        return app.said

    assert on_screen(tile(), script, (24, 8)) == ["opened", "opened"]
    assert on_screen(BigFigure("Nothing yet"), script, (24, 8)) == []


def quota(of: int | None = 59 * M) -> QuotaBar:
    bar = QuotaBar()
    bar.show(
        [
            Stretch("won", "won", int(30.5 * M), "full", "success"),
            Stretch("commit", "commit", 14 * M, "dark", "primary"),
            Stretch("rest", "best + weighted", int(7.5 * M), "mid", "warning"),
        ],
        of,
        "USD",
        "same day last quarter 45%",
    )
    return bar


def test_the_quota_and_what_there_is_of_it() -> None:
    rows = on_screen(quota(), rows_of, (120, 3))
    assert rows[0].split("    ") == [
        " quota 59.0M",
        "█ won 30.5M",
        "▓ commit 14.0M",
        "▒ best + weighted 7.5M",
        "forecast 52.0M 88%",
        "gap ▼ 7.0M",
    ]
    assert rows[1] == " " + "█" * 61 + "▓" * 28 + "▒" * 15 + "░" * 14
    assert rows[2].startswith(" same day last quarter 45%")
    assert rows[2].index("↑") == 118
    narrow = on_screen(quota(), rows_of, (80, 3))
    assert narrow[0].split("    ") == [
        " █ won 30.5M",
        "▓ commit 14.0M",
        "▒ best + weighted 7.5M",
        "gap ▼ 7.0M",
    ]
    assert "quota 59.0M ↑" in narrow[2]


def test_more_than_the_quota_and_none_at_all() -> None:
    more = on_screen(quota(26 * M), rows_of, (106, 3))
    assert more[0].endswith("gap ▲ 26.0M")
    assert more[1].index("│") == 52 == more[2].index("↑")
    none = on_screen(quota(None), rows_of, (120, 3))
    assert none[0].endswith("no quota")
    assert "░" not in none[1]


def test_every_stretch_of_the_quota_bar_opens() -> None:
    async def script(app: Board, pilot: Pilot[Any]) -> Any:
        app.chart.focus()
        await pilot.press("enter")
        for x, y in ((3, 0), (20, 0), (3, 1), (70, 1), (100, 1), (115, 1), (3, 2)):
            await pilot.click(QuotaBar, offset=(x, y))
        await pilot.pause()
        return app.said

    found = on_screen(quota(), script, (120, 3))
    assert found == ["forecast", "quota", "won", "won", "commit", "rest", "gap"]


def test_every_theme_draws_every_chart() -> None:
    async def script(app: Board, pilot: Pilot[Any]) -> Any:
        seen = set()
        for theme in (*(one.name for one in themes.OURS), "textual-light"):
            app.theme = theme
            await pilot.pause()
            app.chart.recolour()  # type: ignore[attr-defined]
            await pilot.pause()
            strips = app.screen._compositor.render_strips()
            seen.add(str([segment.style and segment.style.color for strip in strips for segment in strip]))
        return len(seen)

    for chart in (year(), funnel(), tile(), quota()):
        assert on_screen(chart, script) >= 5
