"""The windowed list: by keyboard alone, by mouse alone, with wide and hostile texts, and on a store."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot

from crmtui.screens.ink import ink
from crmtui.screens.listing import Column, Row, StaticSource, WindowedList, static
from crmtui.screens.themes import HARBOUR_DARK, HARBOUR_LIGHT
from crmtui.text import width
from tests.hostile import STRINGS, stray

COLUMNS = (
    Column("name", "Name"),
    Column("owner", "Owner", 10, priority=2),
    Column("amount", "Amount", 8, right=True, priority=1),
)


class Slow:
    """A source of `size` rows that come when asked for, a little later; counts what was read."""

    def __init__(self, size: int, first: int = 0) -> None:
        self.size, self.first = size, first
        self.gate: asyncio.Event | None = None
        self.read: list[tuple[int, int]] = []

    async def count(self) -> int:
        return self.size

    async def rows(self, start: int, stop: int) -> list[Row]:
        self.read.append((start, stop))
        await (self.gate.wait() if self.gate else asyncio.sleep(0))
        return [plain(self.first + place) for place in range(start, min(stop, self.size))]

    async def locate(self, key: str) -> int | None:
        place = int(key[2:]) - self.first
        return place if 0 <= place < self.size else None


def plain(number: int) -> Row:
    return Row(f"N-{number}", {"name": f"Number {number}", "owner": "Li 丽丽", "amount": f"{number}k"})


class Bench(App[None]):
    """One list, and everything that it said."""

    def __init__(self, widget: WindowedList) -> None:
        super().__init__()
        self.widget = widget
        self.said: list[Message] = []
        self.register_theme(HARBOUR_DARK)
        self.register_theme(HARBOUR_LIGHT)
        self.theme = HARBOUR_DARK.name

    def compose(self) -> ComposeResult:
        yield self.widget

    def on_mount(self) -> None:
        self.widget.focus()

    def on_event_of_list(self, message: WindowedList.Said) -> None:
        self.said.append(message)

    on_windowed_list_moved = on_event_of_list
    on_windowed_list_opened = on_event_of_list
    on_windowed_list_sort_asked = on_event_of_list
    on_windowed_list_mark_changed = on_event_of_list
    on_windowed_list_right_clicked = on_event_of_list
    on_windowed_list_typed = on_event_of_list
    on_windowed_list_counted = on_event_of_list

    def last(self, kind: type[Message]) -> Any:
        return next(one for one in reversed(self.said) if isinstance(one, kind))


def drive(
    widget: WindowedList,
    script: Callable[[Bench, Pilot[None]], Awaitable[None]],
    size: tuple[int, int] = (60, 12),
) -> None:
    async def run() -> None:
        app = Bench(widget)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await script(app, pilot)

    asyncio.run(run())


def drawn(widget: WindowedList) -> list[str]:
    """The lines as they stand, each checked to be exactly as wide as the list."""
    room = widget.scrollable_content_region.width
    found = []
    for y in range(widget.size.height):
        text = widget.render_line(y).text
        assert width(text) == room
        found.append(text)
    return found


async def settled(pilot: Pilot[None]) -> None:
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


def test_the_keyboard_moves_the_cursor_and_says_on_what_it_is() -> None:
    widget = WindowedList(COLUMNS)

    async def script(app: Bench, pilot: Pilot[None]) -> None:
        widget.show(static(plain(n) for n in range(40)))
        await pilot.press("down", "down", "up", "j")
        assert widget.current is not None
        assert widget.current.key == "N-2"
        assert widget.position_text == "row 3 of 40"
        await pilot.press("pagedown")
        assert widget.cursor_row == 2 + widget.page
        await pilot.press("end")
        assert (widget.cursor_row, app.last(WindowedList.Moved).row.key) == (39, "N-39")
        assert "Number 39" in drawn(widget)[-1]
        await pilot.press("home", "enter")
        assert app.last(WindowedList.Opened).row.key == "N-0"
        assert app.cursor_position == (0, 1)

    drive(widget, script)


def test_rows_are_read_in_windows_and_the_end_reads_its_own_alone() -> None:
    widget, source = WindowedList(COLUMNS), Slow(1_000_000)

    async def script(app: Bench, pilot: Pilot[None]) -> None:
        widget.show(source)
        await settled(pilot)
        assert app.last(WindowedList.Counted).count == 1_000_000
        await pilot.press("end")
        await settled(pilot)
        assert widget.current is not None
        assert widget.current.key == "N-999999"
        assert len(source.read) <= 3
        assert source.read[-1] == (999_936, 1_000_192)
        assert all(stop - start == 256 for start, stop in source.read)

    drive(widget, script)


def test_rows_that_are_not_there_yet_are_dots_and_then_appear() -> None:
    widget, source = WindowedList(COLUMNS), Slow(5_000)

    async def script(app: Bench, pilot: Pilot[None]) -> None:
        widget.show(source)
        await settled(pilot)
        gate = source.gate = asyncio.Event()
        await pilot.press("end")
        assert widget.current is None
        assert "…" in drawn(widget)[-1]
        gate.set()
        await settled(pilot)
        assert "Number 4999" in drawn(widget)[-1]
        assert app.last(WindowedList.Moved).row.key == "N-4999"

    drive(widget, script)


def test_the_cursor_follows_its_record_and_stays_on_its_line() -> None:
    widget = WindowedList(COLUMNS)

    async def script(app: Bench, pilot: Pilot[None]) -> None:
        for make in (
            lambda first: static(plain(first + n) for n in range(900)),
            lambda first: Slow(900, first),
        ):
            widget.show(make(100), keep=False)
            await settled(pilot)
            widget.move_to(300)
            await settled(pilot)
            await pilot.press("up", "up")
            line = widget.cursor_row - round(widget.scroll_y)
            assert widget.current is not None
            key = widget.current.key
            widget.show(make(93))  # seven rows were put in above
            await settled(pilot)
            assert (widget.current.key, widget.cursor_row) == (key, 305)
            assert widget.cursor_row - round(widget.scroll_y) == line

    drive(widget, script)


def test_marks_stay_with_their_records() -> None:
    widget = WindowedList(COLUMNS)

    async def script(app: Bench, pilot: Pilot[None]) -> None:
        widget.show(static(plain(n) for n in range(10)))
        await pilot.press("space", "space", "down", "space")
        assert app.last(WindowedList.MarkChanged).marked == {"N-0", "N-1", "N-3"}
        assert [line[0] for line in drawn(widget)[1:6]] == ["●", "●", " ", "●", " "]
        widget.show(static(plain(n) for n in reversed(range(10))))
        assert widget.marked == {"N-0", "N-1", "N-3"}
        assert widget.copy_text().splitlines()[0] == "Number 0\tLi 丽丽\t0k"
        assert [row.key for row in widget.marked_rows] == ["N-0", "N-1", "N-3"]
        widget.clear_marks()
        await pilot.pause()
        assert app.last(WindowedList.MarkChanged).marked == set()

    drive(widget, script)


def test_the_mouse_alone_selects_opens_sorts_scrolls_and_asks() -> None:
    widget = WindowedList(COLUMNS)

    async def script(app: Bench, pilot: Pilot[None]) -> None:
        widget.show(static(plain(n) for n in range(100)))
        await pilot.pause()
        await pilot.click(widget, offset=(5, 4))
        assert widget.cursor_row == 3
        assert not any(isinstance(one, WindowedList.Opened) for one in app.said)
        await pilot.click(widget, offset=(9, 4))
        assert app.last(WindowedList.Opened).row.key == "N-3"
        await pilot.click(widget, offset=(4, 0))
        assert app.last(WindowedList.SortAsked).column == "name"
        await pilot.click(widget, offset=(9, 6), button=3)
        assert app.last(WindowedList.RightClicked).row.key == "N-5"
        await pilot._post_mouse_events([events.MouseScrollDown], widget, (5, 5))
        assert "Number 3" in drawn(widget)[1]
        assert widget.cursor_row == 5

    drive(widget, script)


def test_dragging_an_edge_makes_a_column_wider() -> None:
    widget = WindowedList(COLUMNS)

    async def script(app: Bench, pilot: Pilot[None]) -> None:
        widget.show(static([plain(1)]))
        await pilot.pause()
        edge = drawn(widget)[0].index("Owner") + 10
        await pilot.mouse_down(widget, offset=(edge, 0))
        await pilot.hover(widget, offset=(edge - 4, 0))
        await pilot.mouse_up(widget, offset=(edge - 4, 0))
        titles = drawn(widget)[0]
        assert titles.index("Amount") - titles.index("Owner") == 6 + 1 + 2

    drive(widget, script)


def test_columns_are_dropped_by_priority_and_the_free_one_shares_the_rest() -> None:
    for size, titles in ((60, ["Name", "Owner", "Amount"]), (34, ["Name", "Amount"]), (14, ["Name"])):
        widget = WindowedList(COLUMNS)

        async def script(app: Bench, pilot: Pilot[None], widget: Any = widget, titles: Any = titles) -> None:
            widget.show(static([plain(1)]))
            await pilot.pause()
            assert drawn(widget)[0].split() == titles

        drive(widget, script, (size, 6))


def test_numbers_are_never_cut() -> None:
    widget = WindowedList(COLUMNS)

    async def script(app: Bench, pilot: Pilot[None]) -> None:
        widget.show(static([Row("a", {"name": "x", "amount": "1,234,567,890.00"})]))
        await pilot.pause()
        assert drawn(widget)[1].endswith(" 1,234,567,890.00")

    drive(widget, script)


@pytest.mark.parametrize("size", [(17, 8), (40, 20), (80, 300)])
def test_hostile_and_wide_texts_keep_every_line_as_wide_as_the_list(size: tuple[int, int]) -> None:
    rows = [
        Row(
            f"N-{n}",
            {"name": text[:3000], "owner": ("华东精工设备有限公司", "error"), "amount": "1k"},
            depth=n % 3,
        )
        for n, text in enumerate(STRINGS)
    ]
    widget = WindowedList(COLUMNS)

    async def script(app: Bench, pilot: Pilot[None]) -> None:
        widget.show(static(rows))
        for place in range(0, len(rows), max(widget.page, 1)):
            widget.scroll_to(y=place, animate=False)
            for text in drawn(widget):
                assert not stray(text, "")

    drive(widget, script, size)


def groups() -> StaticSource:
    return static(
        row
        for n in range(3)
        for row in (
            Row(f"G-{n}", {"name": f"A group with a long name {n}", "amount": "9k"}, "group", open=n != 1),
            *(
                Row(f"N-{n}{m}", {"name": f"Member {n}{m}", "owner": "Li", "amount": "1k"}, depth=1)
                for m in range(2)
            ),
        )
    )


def test_groups_fold_and_unfold() -> None:
    widget = WindowedList(COLUMNS)

    async def script(app: Bench, pilot: Pilot[None]) -> None:
        widget.show(groups())
        assert widget.count == 7
        await pilot.press("down", "minus")  # on a member: the group that it is in
        assert (widget.current and widget.current.key, widget.count) == ("G-0", 5)
        await pilot.press("down", "right")
        assert (widget.current and widget.current.key, widget.count) == ("G-1", 7)
        await pilot.press("asterisk")
        assert widget.count == 9
        await pilot.press("asterisk")
        assert (widget.count, widget.current and widget.current.key) == (3, "G-1")
        assert "▸ A group with a long name 1" in drawn(widget)[2]
        await pilot.press("enter")
        assert widget.count == 5

    drive(widget, script, (40, 12))


def test_the_line_of_sums_stays_at_the_bottom() -> None:
    widget = WindowedList(COLUMNS)

    async def script(app: Bench, pilot: Pilot[None]) -> None:
        widget.footer(Row("sum", {"name": "100 leads", "amount": "4.95M"}, "sum"))
        widget.show(static(plain(n) for n in range(100)))
        await pilot.press("end")
        found = drawn(widget)
        assert found[-1].startswith("Σ 100 leads")
        assert found[-1].rstrip().endswith("4.95M")
        assert "Number 99" in found[-2]

    drive(widget, script)


def test_every_cell_can_be_opened_with_a_cell_cursor() -> None:
    widget = WindowedList(COLUMNS, cell_cursor=True)

    async def script(app: Bench, pilot: Pilot[None]) -> None:
        widget.show(static(plain(n) for n in range(5)))
        await pilot.press("right", "right", "right", "down", "enter")
        opened = app.last(WindowedList.Opened)
        assert (opened.row.key, opened.column) == ("N-1", "amount")
        assert app.cursor_position.x == drawn(widget)[0].index("Amount") - 2
        assert widget.copy_text() == "1k"
        await pilot.press("left")
        await pilot.click(widget, offset=(3, 4))
        assert (widget.chosen, widget.cursor_row) == ("name", 3)

    drive(widget, script)


def test_the_cursor_row_has_the_cursors_colours_alone_and_follows_the_theme() -> None:
    widget = WindowedList(COLUMNS)

    async def script(app: Bench, pilot: Pilot[None]) -> None:
        late = Row(
            "a", {"name": ("Late", "error"), "owner": "Li", "amount": ("3k", "success")}, sign=("!", "error")
        )
        widget.show(static([late, Row("b", dict(late.cells))]))
        await pilot.pause()
        for theme in (HARBOUR_DARK.name, HARBOUR_LIGHT.name):
            app.theme = theme
            await pilot.pause()
            widget.recolour()
            colours = ink(app)
            bar = {(s.style.color.name, s.style.bgcolor.name) for s in widget.render_line(1) if s.style}
            assert bar == {(colours.cursor_text, colours.cursor)}
            plain = [
                s.style.color.name for s in widget.render_line(2) if s.style and s.text.startswith("Late")
            ]
            assert plain == [colours.error]
        app.set_focus(None)
        await pilot.pause()
        assert {s.style.bgcolor.name for s in widget.render_line(1) if s.style} == {ink(app).panel}

    drive(widget, script)


def test_a_wide_character_begins_to_find() -> None:
    widget = WindowedList(COLUMNS)

    async def script(app: Bench, pilot: Pilot[None]) -> None:
        widget.show(static([plain(1)]))
        await pilot.press("华")
        assert app.last(WindowedList.Typed).character == "华"

    drive(widget, script)


def test_without_rows_nothing_moves_and_nothing_opens() -> None:
    widget = WindowedList(COLUMNS)

    async def script(app: Bench, pilot: Pilot[None]) -> None:
        widget.show(static([]))
        await pilot.press("down", "end", "pageup", "enter", "space", "plus", "left")
        assert (widget.current, widget.position_text, widget.copy_text()) == (None, "", "")
        assert not any(isinstance(one, WindowedList.Opened) for one in app.said)
        assert app.last(WindowedList.Counted).count == 0

    drive(widget, script)


@pytest.mark.parametrize(
    ("pieces", "shown"),
    [
        (["won 40k", "  ", "late"], "won 40k  …"),
        (["won 40k", " ok"], "won 40k ok"),
        (["汉字汉字", "汉字"], "汉字汉字 …"),
    ],
)
def test_a_cell_of_several_pieces_says_that_it_was_cut(pieces: list[str], shown: str) -> None:
    widget = WindowedList(COLUMNS)

    async def script(app: Bench, pilot: Pilot[None]) -> None:
        widget.show(static([Row("N-1", {"owner": [(piece, "accent") for piece in pieces], "name": "x"})]))
        await pilot.pause()
        assert shown in drawn(widget)[1]

    drive(widget, script)
