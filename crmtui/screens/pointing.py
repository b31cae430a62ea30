"""The mouse on a list: click, double click and right click, the wheel, titles that sort, edges that are dragged."""

from textual import events

from crmtui.screens import lines
from crmtui.screens.grid import ListGrid
from crmtui.screens.lines import Placed
from crmtui.screens.rows import Column, Row

WHEEL = 3
"""Rows that one step of the wheel scrolls."""
AT_ONCE = 0.05
"""Seconds between a click and the focus that it brought."""
NARROWEST = 2


class PointedGrid(ListGrid):
    """A grid for the mouse. Nothing here can be done only with the mouse."""

    _drag: Placed | None = None
    _ignored = False
    """The click that ends this press only dragged an edge, or brought the focus."""
    _focused_at = 0.0

    def move_to(self, place: int) -> None:
        """The cursor to row `place`."""
        raise NotImplementedError

    def open_row(self, row: Row) -> None:
        """Open the row."""
        raise NotImplementedError

    def fold_row(self, row: Row, unfolded: bool) -> None:
        """Fold or unfold the row."""
        raise NotImplementedError

    def ask_sort(self, column: Column) -> None:
        """Somebody wants the rows sorted by this column."""
        raise NotImplementedError

    def tell_widths(self, widths: dict[str, int]) -> None:
        """Somebody dragged a column to another width."""
        raise NotImplementedError

    def ask_menu(self, row: Row) -> None:
        """Somebody wants to know what can be done with the row."""
        raise NotImplementedError

    def on_focus(self, event: events.Focus) -> None:
        """The bar gets its colours."""
        self._focused_at = event.time
        self._redraw_all()
        self._point()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """On the edge of a title the column is taken hold of."""
        self._ignored = abs(event.time - self._focused_at) < AT_ONCE and event.y >= self._top
        if event.button == 1 and self._top and event.y == 0:
            self._drag = next((one for one in self._placed[:-1] if one.end == event.x), None)
            if self._drag is not None:
                self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """The edge goes along."""
        if self._drag is not None:
            self._dragged[self._drag.column.name] = max(event.x - self._drag.x, NARROWEST)
            self._lay_out()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """The edge is let go."""
        if self._drag is not None:
            self._drag, self._ignored = None, True
            self.release_mouse()
            self.tell_widths(dict(self._dragged))

    def on_click(self, event: events.Click) -> None:
        """A title sorts; a row is selected, and opened when it has the cursor already or the click is double."""
        ignored, self._ignored = self._ignored, False
        if event.y < self._top:
            found = next((one.column for one in self._placed if one.x <= event.x < one.end), None)
            if found is not None and found.sortable and not ignored:
                self.ask_sort(found)
            return
        place = self.first_row + event.y - self._top
        if place < self.count and event.y < self._top + self.page:
            same = self._select(place, event.x)
            row = self.current
            if row is not None:
                self._clicked(event, row, same and not ignored)

    def _select(self, place: int, x: int) -> bool:
        """Put the cursor there; whether it was there before."""
        same = place == self.cursor_row
        if self.cell_cursor:
            cell = next((one.column.name for one in self._placed if one.x <= x <= one.end), self.chosen)
            same = same and cell == self.chosen
            self.chosen = cell
            self._redraw(place)
        self.move_to(place)
        return same

    def _clicked(self, event: events.Click, row: Row, again: bool) -> None:
        if event.button == 3:
            self.ask_menu(row)
        elif row.open is not None and event.x < lines.SIGN + lines.INDENT * (row.depth + 1):
            self.fold_row(row, not row.open)
        elif event.button == 1 and (again or event.chain == 2):
            self.open_row(row)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Some rows on; the cursor stays on its record."""
        self._wheel(event, WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Some rows back."""
        self._wheel(event, -WHEEL)

    def _wheel(self, event: events.MouseEvent, rows: int) -> None:
        event.stop()
        event.prevent_default()
        self._scroll(self.first_row + rows)
