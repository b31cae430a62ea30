"""The list of every screen: reads its rows a window at a time behind the scenes, and keeps the cursor on its record."""

from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar, TypeAlias

from textual import events
from textual.binding import BindingType
from textual.geometry import Region

from crmtui.errors import CrmError
from crmtui.i18n import N_, gettext, ngettext
from crmtui.screens import said
from crmtui.screens.keys import bind
from crmtui.screens.pointing import PointedGrid
from crmtui.screens.rows import Cell, Column, Foldable, Numbered, Row, Source, StaticSource, static
from crmtui.screens.windows import SIZE, Windows
from crmtui.text import clean, width

__all__ = ["Cell", "Column", "Row", "Source", "StaticSource", "WindowedList", "static"]


class WindowedList(PointedGrid):
    """A list of any length: a cursor that follows its record, marks, rows that fold; what happens is said by messages."""

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
    Said: TypeAlias = said.Said
    Moved: TypeAlias = said.Moved
    Opened: TypeAlias = said.Opened
    SortAsked: TypeAlias = said.SortAsked
    MarkChanged: TypeAlias = said.MarkChanged
    RightClicked: TypeAlias = said.RightClicked
    Typed: TypeAlias = said.Typed
    Counted: TypeAlias = said.Counted
    Widened: TypeAlias = said.Widened
    Failed: TypeAlias = said.Failed

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
        super().__init__(columns, cell_cursor=cell_cursor, header=header, id=id, classes=classes)
        self.marks = marks
        self._windows = Windows(StaticSource())
        self._turn = 0
        """Counts what was asked to be shown: what was asked before comes too late."""
        self.unread = False
        """Whether the first rows are still being read."""
        self._marked: dict[str, Row] = {}
        self._told: str | None = None
        self.on_place: Callable[[str], None] | None = None
        """Told `position_text` at once, so that it is painted together with the cursor."""

    # What is there

    @property
    def source(self) -> Source:
        """Where the rows come from."""
        return self._windows.source

    def row_at(self, place: int) -> Row | None:
        """The row with this number; None while it is not there."""
        return self._windows.row(place) if 0 <= place < self.count else None

    def rows_there(self) -> Iterable[list[Row]]:
        """All rows that are there."""
        return self._windows.every()

    @property
    def position_text(self) -> str:
        """`row 3 of 312`, where groups do not count; of a group and without rows how many there are, or nothing."""
        if not self.count:
            return ""
        found = self.source.number(self.cursor_row) if isinstance(self.source, Numbered) else None
        number, of = found or (self.cursor_row + 1, self.count)
        place, count = f"{number:,}", f"{of:,}"
        if not number:
            return ngettext("{count} row", "{count} rows", of).format(count=count)
        return gettext(N_("row {row} of {count}")).format(row=place, count=count)

    def show(self, source: Source, *, keep: bool = True, inside: bool = False) -> None:
        """Show another source, or the same one anew; with `keep` the cursor stays on its record and its line.

        Without it the cursor goes to the first row, with `inside` to the first record of the first group.

        What was shown stays until the new rows are there. `Counted` tells when, `Failed` that they are not to be had.
        """
        row = self.current if keep else None
        self._show(source, row.key if row is not None else None, keep, inside)

    def _show(self, source: Source, key: str | None, keep: bool = True, inside: bool = False) -> None:
        self.unread = self.unread or not self._turn
        self._turn += 1
        if isinstance(source, StaticSource):
            self._swap(Windows(source), len(source.shown), source.place(key or ""), keep)
        else:
            self.run_worker(self._change(source, self._turn, key, keep, inside), group="list")

    async def _change(self, source: Source, turn: int, key: str | None, keep: bool, inside: bool) -> None:
        """Read what will be in view before the old rows go; the count of a first view comes after it."""
        windows, before = Windows(source), self.cursor_row
        try:
            place = await source.locate(key) if key is not None else None
            count = await source.count() if key is not None or (keep and before) else None
            there = place if place is not None else min(before, max((count or 0) - 1, 0))
            window = there // SIZE if count is not None else 0
            rows = await source.rows(window * SIZE, (window + 1) * SIZE)
            if turn != self._turn:
                return
            windows.keep(window, rows)
            if inside and not keep:
                place = next((at for at, row in enumerate(rows) if row.kind == "row"), None)
            elif place is not None:
                place += self.cursor_row - before  # it was moved on meanwhile
            known = count if count is not None else len(rows)
            self._swap(windows, known, place, keep, told=count is not None)
            if count is None:
                known = await source.count() if len(rows) == SIZE else len(rows)
                if turn == self._turn:
                    self._count(known)
        except CrmError as error:
            if turn == self._turn:
                self.unread = False
                self.post_message(self.Failed(self, error))

    def _swap(self, windows: Windows, count: int, place: int | None, keep: bool, told: bool = True) -> None:
        line = self.cursor_row - self.first_row
        self._windows, self.unread = windows, False
        for rows in windows.every():
            self._widen(rows)
        if not keep:
            self._marked.clear()
        where = place if place is not None else self.cursor_row if keep else 0
        self.cursor_row = min(max(where, 0), max(count - 1, 0))
        self._told = None
        self._count(count, told=told, first=self.cursor_row - line if keep else 0)

    def _count(self, count: int, *, told: bool = True, first: int | None = None) -> None:
        """So many rows there are; `first` is the row to stand at the top."""
        self.count = count
        self.cursor_row = min(self.cursor_row, max(count - 1, 0))
        self._lay_out()
        if first is not None:
            self._scroll(first)
        self._scroll_to_cursor()
        self._tell()
        if told:
            self.post_message(self.Counted(self, count))

    def in_view(self, first: int, last: int) -> None:
        """See to it that these rows are there, soon."""
        for window in self._windows.wanted(first, last, self.count):
            self.run_worker(self._read(self._windows, window), group="list")

    async def _read(self, windows: Windows, window: int) -> None:
        try:
            rows = await windows.source.rows(window * SIZE, (window + 1) * SIZE)
        except CrmError as error:
            if windows is self._windows:
                self.post_message(self.Failed(self, error))
            return
        if windows is not self._windows:
            return
        windows.keep(window, rows)
        end = window * SIZE + len(rows)
        if len(rows) < SIZE and end < self.count:
            self._count(end)
        first, last = self._span()
        if self._widen(rows):
            self._lay_out()
        elif window * SIZE <= last and first < (window + 1) * SIZE:
            self.refresh()
        self._tell()

    # Cursor

    def move_to(self, place: int) -> None:
        """The cursor to row `place`, or to the nearest there is."""
        old, new = self.cursor_row, min(max(place, 0), max(self.count - 1, 0))
        self.cursor_row = new
        if old != new:
            self._redraw(old, new)
        self._scroll_to_cursor()
        self._tell()

    async def go_to(self, key: str) -> bool:
        """The cursor to the row that has this key; False when it is not there. Raises CrmError."""
        place = await self.source.locate(key)
        if place is not None:
            self.move_to(place)
        return place is not None

    def _tell(self) -> None:
        """Say that the cursor is on another record than was said last."""
        row = self.current
        key = row.key if row is not None else None
        if key != self._told or (key is None and not self.count):
            self._told = key
            if self.on_place is not None:
                self.on_place(self.position_text)
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
        self._scroll(self.first_row + rows)
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
        if not self.cell_cursor and row is not None and (row.open is not None or row.depth):
            self.fold_row(row, step > 0)
            return
        names = [one.column.name for one in self._placed if self.cell_cursor or one.column.sortable]
        if names:
            place = names.index(self.chosen) + step if self.chosen in names else 0
            self.chosen = names[min(max(place, 0), len(names) - 1)]
            self._redraw(self.cursor_row)
            self.refresh(Region(0, 0, self.size.width, 1))
            self._point()

    def action_open(self) -> None:
        """Open the current row, or what its cell stands for."""
        if self.current is not None:
            self.open_row(self.current)

    def open_row(self, row: Row) -> None:
        """Open the row; one that folds and has no data folds or unfolds."""
        if row.open is not None and row.data is None:
            self.fold_row(row, not row.open)
        else:
            self.post_message(self.Opened(self, row, self.chosen if self.cell_cursor else ""))

    def ask_sort(self, column: Column) -> None:
        """Somebody wants the rows sorted by this column."""
        self.post_message(self.SortAsked(self, column.name))

    def tell_widths(self, widths: dict[str, int]) -> None:
        """Somebody dragged a column to another width."""
        self.post_message(self.Widened(self, widths))

    def ask_menu(self, row: Row) -> None:
        """Somebody wants to know what can be done with the row."""
        self.post_message(self.RightClicked(self, row))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Marks and folds are there only where there is something to mark or fold."""
        if action == "mark":
            return self.marks
        if action in ("fold", "unfold", "unfold_all"):
            return isinstance(self.source, Foldable)
        return True

    # Marks

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

    def is_marked(self, row: Row) -> bool:
        """Whether the row is marked."""
        return row.key in self._marked

    def action_mark(self) -> None:
        """Mark the current row, or take the mark away, and go one row down."""
        row = self.current
        if row is not None and row.kind == "row":
            if self._marked.pop(row.key, None) is None:
                self._marked[row.key] = row
            self._redraw(self.cursor_row)
            self.post_message(self.MarkChanged(self, self.marked))
        self.action_down()

    def clear_marks(self) -> None:
        """Take all marks away."""
        if self._marked:
            self._marked.clear()
            self._redraw_all()
            self.post_message(self.MarkChanged(self, set()))

    # Folds

    def action_fold(self) -> None:
        """Fold the current row, or the one that it is inside of."""
        if self.current is not None:
            self.fold_row(self.current, False)

    def action_unfold(self) -> None:
        """Unfold the current row."""
        if self.current is not None:
            self.fold_row(self.current, True)

    def fold_row(self, row: Row, unfolded: bool) -> None:
        """Fold or unfold; the cursor goes to the row that did."""
        if isinstance(self.source, Foldable):
            key = self.source.fold(row.key, unfolded)
            if key is not None:
                self._show(self.source, key)

    def action_unfold_all(self) -> None:
        """Unfold everything; when nothing is folded, fold everything."""
        source = self.source
        if isinstance(source, Foldable):
            source.fold_all(source.some_folded())
            self._show(source, self.current.key if self.current is not None else None)

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
