"""The list of every screen: draws only what is in view, and reads its rows a window at a time behind the scenes."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, ClassVar

from textual import events
from textual.binding import BindingType
from textual.geometry import Offset, Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from crmtui.errors import CrmError
from crmtui.i18n import N_, gettext
from crmtui.screens import lines
from crmtui.screens.ink import Ink, ink
from crmtui.screens.keys import bind
from crmtui.screens.lines import Look, Placed
from crmtui.screens.rows import Cell, Column, Foldable, Row, Source, StaticSource, static
from crmtui.text import clean, width

__all__ = ["Cell", "Column", "Row", "Source", "StaticSource", "WindowedList", "static"]

WINDOW = 256
"""Rows read at once."""
KEPT = 8
"""Windows kept."""
NEAR = 128
"""So many rows before the end of a window the next one is asked for."""
WHEEL = 3
WIDEST = 26
"""Numbers are never cut: their column widens up to this."""
AT_ONCE = 0.05
"""Seconds between a click and the focus that it brought."""


class WindowedList(ScrollView, can_focus=True, inherit_bindings=False):
    """Columns under a header line, a cursor that follows its record, marks, groups that fold, a pinned last line."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    WindowedList {
        height: 1fr; width: 1fr; overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1;
        background: transparent; background-tint: transparent;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *bind(
            "list",
            open=N_("Open"),
            mark=N_("Mark"),
            hidden=(
                *("up", "down", "left", "right", "page_up", "page_down", "home", "end"),
                *("unfold", "fold", "unfold_all"),
            ),
        )
    ]

    class Said(Message):
        """Something that happened in the list `list`."""

        def __init__(self, of: "WindowedList") -> None:
            super().__init__()
            self.list = of

        @property
        def control(self) -> "WindowedList":
            """The list, for `@on(…, "#id")`."""
            return self.list

    class Moved(Said):
        """The cursor is on another row, or its row has been read; `row` is None while it is not there."""

        def __init__(self, of: "WindowedList", row: Row | None) -> None:
            super().__init__(of)
            self.row = row

    class Opened(Said):
        """Enter or a click on the cursor row; `column` is the cell's, empty without a cell cursor."""

        def __init__(self, of: "WindowedList", row: Row, column: str) -> None:
            super().__init__(of)
            self.row, self.column = row, column

    class SortAsked(Said):
        """The title of a column was clicked, or chosen by key."""

        def __init__(self, of: "WindowedList", column: str) -> None:
            super().__init__(of)
            self.column = column

    class MarkChanged(Said):
        """`marked` are the keys of all marked rows."""

        def __init__(self, of: "WindowedList", marked: set[str]) -> None:
            super().__init__(of)
            self.marked = marked

    class RightClicked(Said):
        """The right button on a row, which now has the cursor."""

        def __init__(self, of: "WindowedList", row: Row) -> None:
            super().__init__(of)
            self.row = row

    class Typed(Said):
        """A wide character, which no key is bound to: it begins to find."""

        def __init__(self, of: "WindowedList", character: str) -> None:
            super().__init__(of)
            self.character = character

    class Counted(Said):
        """The rows of a source are there and `count` says how many; sent after each `show`."""

        def __init__(self, of: "WindowedList", count: int) -> None:
            super().__init__(of)
            self.count = count

    class Failed(Said):
        """Rows could not be read."""

        def __init__(self, of: "WindowedList", error: CrmError) -> None:
            super().__init__(of)
            self.error = error

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        cell_cursor: bool = False,
        marks: bool = True,
        header: bool = True,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.cell_cursor, self.marks, self._top = cell_cursor, marks, int(header)
        self._columns = list(columns)
        self.sort: tuple[str, bool] | None = None
        self.count = 0
        self.cursor_row = 0
        self.chosen = columns[0].name if cell_cursor and columns else ""
        """The column of the cell cursor, or whose title the arrows chose."""
        self._source: Source = StaticSource()
        self._windows: OrderedDict[int, list[Row]] = OrderedDict()
        self._asked: set[int] = set()
        self._turn = 0
        self._footer: Row | None = None
        self._marked: dict[str, Row] = {}
        self._widened: dict[str, int] = {}
        self._dragged: dict[str, int] = {}
        self._drag: Placed | None = None
        self._dropped = False
        self._focused_at = 0.0
        self._placed: list[Placed] = []
        self._room = 0
        self._strips: dict[int, Strip] = {}
        self._ink: Ink | None = None
        self._told: str | None = None

    # What is shown

    @property
    def columns(self) -> list[Column]:
        """The columns, those without room too."""
        return self._columns

    @columns.setter
    def columns(self, columns: Sequence[Column]) -> None:
        self._columns = list(columns)
        self._widened.clear()
        names = [one.name for one in columns]
        if self.chosen not in names:
            self.chosen = names[0] if self.cell_cursor and names else ""
        for rows in self._windows.values():
            self._widen(rows)
        self._lay_out()

    @property
    def current(self) -> Row | None:
        """The row under the cursor; None when there is none, or it is still being read."""
        return self._row(self.cursor_row)

    @property
    def marked(self) -> set[str]:
        """The keys of the marked rows."""
        return set(self._marked)

    @property
    def marked_rows(self) -> list[Row]:
        """The marked rows in the order of marking; without marks the current one, when it is no group."""
        if self._marked:
            return list(self._marked.values())
        return [self.current] if self.current is not None and self.current.kind == "row" else []

    @property
    def position_text(self) -> str:
        """`row 3 of 312`; empty without rows."""
        if not self.count:
            return ""
        return gettext(N_("row {row} of {count}")).format(
            row=f"{self.cursor_row + 1:,}", count=f"{self.count:,}"
        )

    def show(self, source: Source, *, keep: bool = True) -> None:
        """Show another source, or the same one anew; with `keep` the cursor stays on its record and its line.

        What was shown stays until the new rows are there. `Counted` tells when, `Failed` that they are not to be had.
        """
        self._turn += 1
        row = self.current if keep else None
        if isinstance(source, StaticSource):
            place = source.place(row.key) if row is not None else None
            self._swap(source, len(source.shown), place, {0: source.shown}, keep)
            return
        self.run_worker(self._change(source, self._turn, row.key if row else None, keep), group="list")

    async def _change(self, source: Source, turn: int, key: str | None, keep: bool) -> None:
        """Read what is in view of the new source before the old one goes; the count of a first view comes after it."""
        before = self.cursor_row
        try:
            place = await source.locate(key) if key is not None else None
            count = await source.count() if key is not None or (keep and before) else None
            start = 0
            if count is not None:
                there = place if place is not None else min(before, max(count - 1, 0))
                start = there // WINDOW * WINDOW
            rows = await source.rows(start, start + WINDOW)
            if turn != self._turn:
                return
            known = count if count is not None else len(rows)
            if place is not None:
                place += self.cursor_row - before
            self._swap(source, known, place, {start // WINDOW: rows}, keep, told=count is not None)
            if count is None:
                known = await source.count() if len(rows) == WINDOW else len(rows)
                if turn == self._turn:
                    self._count(known)
        except CrmError as error:
            if turn == self._turn:
                self.post_message(self.Failed(self, error))

    def _swap(
        self,
        source: Source,
        count: int,
        place: int | None,
        windows: dict[int, list[Row]],
        keep: bool,
        told: bool = True,
    ) -> None:
        line = self.cursor_row - round(self.scroll_y)
        self._source = source
        self._windows, self._asked = OrderedDict(), set()
        if isinstance(source, StaticSource):
            self._windows[-1] = source.shown
        else:
            self._windows.update(windows)
        for rows in self._windows.values():
            self._widen(rows)
        if not keep:
            self._marked.clear()
        where = place if place is not None else self.cursor_row if keep else 0
        self.cursor_row = min(max(where, 0), max(count - 1, 0))
        self._told = None
        self._count(count, told=told, scroll=self.cursor_row - line if keep else 0)

    def _count(self, count: int, *, told: bool = True, scroll: int | None = None) -> None:
        """So many rows there are; `scroll` is the row to stand at the top."""
        self.count = count
        self.cursor_row = min(self.cursor_row, max(count - 1, 0))
        self._lay_out()
        if scroll is not None:
            self.scroll_to(y=max(scroll, 0), animate=False, force=True)
        self._in_view()
        self._tell()
        if told:
            self.post_message(self.Counted(self, count))

    def footer(self, row: Row | None) -> None:
        """Pin a line at the bottom, such as that of the sums."""
        self._footer = row
        self._lay_out()

    def sorted_by(self, column: str, falls: bool) -> None:
        """Show by what the rows are sorted; without a column by nothing that has a title."""
        self.sort = (column, falls) if column else None
        self.refresh()

    def recolour(self) -> None:
        """Draw anew in the colours of the theme."""
        self._ink = None
        self._strips.clear()
        self.refresh()

    # Windows

    def _row(self, place: int) -> Row | None:
        if not 0 <= place < self.count:
            return None
        if isinstance(self._source, StaticSource):
            return self._windows[-1][place]
        window = self._windows.get(place // WINDOW)
        if window is None or place % WINDOW >= len(window):
            return None
        return window[place % WINDOW]

    def _want(self, first: int, last: int) -> None:
        """See to it that these rows are there, soon."""
        if isinstance(self._source, StaticSource) or not self.count:
            return
        nearest = max(first - NEAR, 0) // WINDOW, min(last + NEAR, self.count - 1) // WINDOW
        for window in range(nearest[0], nearest[1] + 1):
            if window in self._windows:
                self._windows.move_to_end(window)
            elif window not in self._asked:
                self._asked.add(window)
                self.run_worker(self._read(self._source, window, self._turn), group="list")

    async def _read(self, source: Source, window: int, turn: int) -> None:
        try:
            rows = await source.rows(window * WINDOW, (window + 1) * WINDOW)
        except CrmError as error:
            if source is self._source:
                self.post_message(self.Failed(self, error))
            return
        if source is not self._source:
            return
        self._asked.discard(window)
        self._windows[window] = rows
        while len(self._windows) > KEPT:
            self._windows.popitem(last=False)
        short = window * WINDOW + len(rows)
        if len(rows) < WINDOW and short < self.count:
            self._count(short)
        first, last = self._span()
        if self._widen(rows):
            self._lay_out()
        elif window * WINDOW <= last and first < (window + 1) * WINDOW:
            self.refresh()
        self._tell()

    def _widen(self, rows: Sequence[Row]) -> bool:
        """Numbers are never cut: their columns grow with them."""
        grown = False
        for column in self._columns:
            if not column.right or not column.width:
                continue
            have = self._widened.get(column.name, column.width)
            most = max((width(row.text(column.name)) for row in rows), default=0)
            if most > have and have < WIDEST:
                self._widened[column.name] = min(most, WIDEST)
                grown = True
        return grown

    # Geometry

    @property
    def _below(self) -> int:
        return int(self._footer is not None)

    @property
    def page(self) -> int:
        """The rows that are in view at once; at least 1."""
        return max(self.scrollable_content_region.height - self._top - self._below, 1)

    def _span(self) -> tuple[int, int]:
        """The first and the last row in view."""
        first = round(self.scroll_y)
        return first, min(first + self.page, self.count) - 1

    def _lay_out(self) -> None:
        """After columns, rows or the size changed: see what fits."""
        self._strips.clear()
        if not self.is_attached:
            return
        self.virtual_size = Size(0, self.count + self._top + self._below)
        self._fit(self.scrollable_content_region.width)
        self.refresh()

    def _fit(self, room: int) -> None:
        self._room = room
        self._strips.clear()
        self._placed = lines.fit(self._columns, room, {**self._widened, **self._dragged})
        names = [one.column.name for one in self._placed]
        if self.cell_cursor and names and self.chosen not in names:
            self.chosen = names[0]

    def on_mount(self) -> None:
        """Begin with what `show` brought before."""
        self._lay_out()

    def on_resize(self) -> None:
        """Fit the columns anew; the cursor stays in view when it was."""
        self._lay_out()
        self._in_view()

    def _line_of(self, place: int) -> int:
        return place - round(self.scroll_y) + self._top

    def _in_view(self) -> None:
        """Scroll as little as needed to show the cursor."""
        first = round(self.scroll_y)
        if self.cursor_row < first:
            self.scroll_to(y=self.cursor_row, animate=False, force=True)
        elif self.cursor_row >= first + self.page:
            self.scroll_to(y=self.cursor_row - self.page + 1, animate=False, force=True)
        self._want(*self._span())
        self._point()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Rows that come into view are asked for."""
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self._want(*self._span())
            self._point()

    def _point(self) -> None:
        """Put the terminal's own cursor on the selected cell, for screen readers and input methods."""
        if self.has_focus and self.is_attached and self.count:
            x = self._cell().x if self.cell_cursor and self._placed else 0
            line = min(max(self._line_of(self.cursor_row), 0), self.size.height - 1)
            region = self.content_region
            self.app.cursor_position = Offset(region.x + x, region.y + line)

    def _cell(self) -> Placed:
        found = (one for one in self._placed if one.column.name == self.chosen)
        return next(found, self._placed[0])

    # Drawing

    def render_line(self, y: int) -> Strip:
        """Line `y` of what is in view: the titles, a row, or the pinned line."""
        colours = self._ink = self._ink or ink(self)
        room = self.scrollable_content_region.width
        if room != self._room:  # the scrollbar came or went
            self._fit(room)
        if y < self._top:
            return lines.header(self._placed, room, colours, self.sort, self.chosen if self.has_focus else "")
        if self._footer is not None and y == self.scrollable_content_region.height - 1:
            return lines.line(self._footer, self._placed, room, colours)
        place = round(self.scroll_y) + y - self._top
        if place >= self.count:
            return Strip.blank(room)
        return self._drawn(place, room, colours)

    def _drawn(self, place: int, room: int, colours: Ink) -> Strip:
        found = self._strips.get(place)
        if found is not None:
            return found
        row, cursor = self._row(place), place == self.cursor_row
        cell = self.chosen if self.cell_cursor else ""
        marked = row is not None and row.key in self._marked
        look = Look(cursor, self.has_focus, cell, marked) if cursor or marked else lines.PLAIN
        if row is None:
            return lines.waiting(room, colours, look)
        drawn = lines.line(row, self._placed, room, colours, look)
        if len(self._strips) > WINDOW:
            self._strips.clear()
        self._strips[place] = drawn
        return drawn

    def _redraw(self, *places: int) -> None:
        """Only these rows."""
        for place in places:
            self._strips.pop(place, None)
            y = self._line_of(place)
            if self._top <= y < self.size.height:
                self.refresh(Region(0, y, self.size.width, 1))

    # Cursor

    def move_to(self, place: int) -> None:
        """The cursor to row `place`, or to the nearest there is."""
        old, new = self.cursor_row, min(max(place, 0), max(self.count - 1, 0))
        self.cursor_row = new
        if old != new:
            self._redraw(old, new)
        self._in_view()
        self._tell()

    async def go_to(self, key: str) -> bool:
        """The cursor to the row that has this key; False when it is not there. Raises CrmError."""
        place = await self._source.locate(key)
        if place is not None:
            self.move_to(place)
        return place is not None

    def _tell(self) -> None:
        """Say that the cursor is on another record than was said last."""
        row = self.current
        key = row.key if row is not None else None
        if key != self._told or (key is None and not self.count):
            self._told = key
            self.post_message(self.Moved(self, row))

    def action_up(self) -> None:
        """One row up."""
        self.move_to(self.cursor_row - 1)

    def action_down(self) -> None:
        """One row down."""
        self.move_to(self.cursor_row + 1)

    def action_page_up(self) -> None:
        """As many rows up as are in view; the cursor keeps its line."""
        self._turn_page(-self.page)

    def action_page_down(self) -> None:
        """As many rows down as are in view; the cursor keeps its line."""
        self._turn_page(self.page)

    def _turn_page(self, rows: int) -> None:
        self.scroll_to(y=round(self.scroll_y) + rows, animate=False, force=True)
        self.move_to(self.cursor_row + rows)

    def action_home(self) -> None:
        """To the first row."""
        self.move_to(0)

    def action_end(self) -> None:
        """To the last row."""
        self.move_to(self.count - 1)

    def action_left(self) -> None:
        """The cell before; else fold, or choose the title before."""
        self._aside(-1)

    def action_right(self) -> None:
        """The next cell; else unfold, or choose the next title."""
        self._aside(1)

    def _aside(self, step: int) -> None:
        row = self.current
        folds = row is not None and (row.open is not None or row.depth > 0)
        if not self.cell_cursor and folds:
            self._fold(step > 0)
            return
        names = [one.column.name for one in self._placed if self.cell_cursor or one.column.sortable]
        if not names:
            return
        place = names.index(self.chosen) + step if self.chosen in names else 0
        self.chosen = names[min(max(place, 0), len(names) - 1)]
        self._redraw(self.cursor_row)
        self.refresh(Region(0, 0, self.size.width, 1))
        self._point()

    def action_open(self) -> None:
        """Open the current row, or the record behind its cell; a row that folds does that instead when it has no data."""
        row = self.current
        if row is None:
            return
        if row.open is not None and row.data is None:
            self._fold(not row.open)
            return
        self.post_message(self.Opened(self, row, self.chosen if self.cell_cursor else ""))

    # Marks and folds

    def action_mark(self) -> None:
        """Mark the current row, or take the mark away, and go one row down."""
        row = self.current
        if row is not None and row.kind == "row":
            self._marked.pop(row.key) if row.key in self._marked else self._marked.update({row.key: row})
            self._redraw(self.cursor_row)
            self.post_message(self.MarkChanged(self, self.marked))
        self.action_down()

    def clear_marks(self) -> None:
        """Take all marks away."""
        if self._marked:
            self._marked.clear()
            self._strips.clear()
            self.refresh()
            self.post_message(self.MarkChanged(self, set()))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Marks and folds are there only where there is something to mark or fold."""
        if action == "mark":
            return self.marks
        if action in ("fold", "unfold", "unfold_all"):
            return isinstance(self._source, Foldable)
        return True

    def action_fold(self) -> None:
        """Fold the current row, or the one that it is inside of."""
        self._fold(False)

    def action_unfold(self) -> None:
        """Unfold the current row."""
        self._fold(True)

    def action_unfold_all(self) -> None:
        """Unfold everything; when nothing is folded, fold everything."""
        if not isinstance(self._source, Foldable):
            return
        before = self.count
        self._source.fold_all(True)
        self._again(self.current.key if self.current else None, before)

    def _fold(self, unfolded: bool) -> None:
        if isinstance(self._source, Foldable) and self.current is not None:
            key = self._source.fold(self.current.key, unfolded)
            if key is not None:
                self._again(key)

    def _again(self, key: str | None, before: int | None = None) -> None:
        """Show the source as it now lies, with the cursor on the row `key`."""
        source = self._source
        if isinstance(source, StaticSource):
            if before is not None and len(source.shown) == before:
                source.fold_all(False)
            self._turn += 1
            self._swap(source, len(source.shown), source.place(key) if key else None, {}, True)
            return
        self._turn += 1
        self.run_worker(self._refold(source, self._turn, key, before), group="list")

    async def _refold(self, source: Any, turn: int, key: str | None, before: int | None) -> None:
        if before is not None and await source.count() == before:
            source.fold_all(False)
        if turn == self._turn:
            await self._change(source, turn, key, True)

    # Mouse

    def on_focus(self, event: events.Focus) -> None:
        """The bar gets its colours."""
        self._focused_at = event.time
        self._strips.clear()
        self.refresh()
        self._point()

    def on_blur(self) -> None:
        """The bar is dimmed."""
        self._strips.clear()
        self.refresh()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """On the edge of a title the column is taken hold of."""
        self._dropped = abs(event.time - self._focused_at) < AT_ONCE and event.y >= self._top
        if event.button == 1 and self._top and event.y == 0:
            self._drag = next((one for one in self._placed[:-1] if one.end == event.x), None)
            if self._drag is not None:
                self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """The edge goes along."""
        if self._drag is not None:
            self._dragged[self._drag.column.name] = max(event.x - self._drag.x, 2)
            self._lay_out()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """The edge is let go."""
        if self._drag is not None:
            self._drag, self._dropped = None, True
            self.release_mouse()

    def on_click(self, event: events.Click) -> None:
        """A title sorts; a row is selected, and opened when it has the cursor already or the click is double."""
        dropped, self._dropped = self._dropped, False
        if event.y < self._top:
            found = next((one.column for one in self._placed if one.x <= event.x < one.end), None)
            if found is not None and found.sortable and not dropped:
                self.post_message(self.SortAsked(self, found.name))
            return
        place = round(self.scroll_y) + event.y - self._top
        if place >= self.count or event.y >= self._top + self.page:
            return
        self._clicked(event, place, dropped)

    def _clicked(self, event: events.Click, place: int, just_focused: bool) -> None:
        same = place == self.cursor_row
        if self.cell_cursor:
            cell = next((one.column.name for one in self._placed if one.x <= event.x <= one.end), self.chosen)
            same = same and cell == self.chosen
            self.chosen = cell
            self._redraw(place)
        self.move_to(place)
        row = self.current
        if row is None:
            return
        if event.button == 3:
            self.post_message(self.RightClicked(self, row))
        elif row.open is not None and event.x < lines.SIGN + lines.INDENT * (row.depth + 1):
            self._fold(not row.open)
        elif event.button == 1 and ((same and not just_focused) or event.chain == 2):
            self.action_open()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Some rows on; the cursor stays on its record."""
        self._wheel(event, WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Some rows back."""
        self._wheel(event, -WHEEL)

    def _wheel(self, event: events.MouseEvent, rows: int) -> None:
        event.stop()
        event.prevent_default()
        self.scroll_to(y=round(self.scroll_y) + rows, animate=False, force=True)

    # Typing and copying

    def on_key(self, event: events.Key) -> None:
        """With a Chinese input method left on, what is typed begins to find."""
        if event.character and event.is_printable and width(event.character) > 1:
            event.stop()
            event.prevent_default()
            self.post_message(self.Typed(self, event.character))

    def copy_text(self) -> str:
        """The marked rows, else the current cell or row, as lines of texts with tabs between them."""
        if self.cell_cursor and not self._marked:
            return clean(self.current.text(self.chosen)) if self.current is not None else ""
        rows = self.marked_rows or ([self.current] if self.current is not None else [])
        return "\n".join("\t".join(clean(row.text(one.name)) for one in self._columns) for row in rows)
