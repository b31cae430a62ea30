"""The lines of a list on the screen: only those in view are drawn, only those that changed are drawn again."""

from collections.abc import Hashable, Iterable, Mapping, Sequence

from rich.style import Style
from textual.filter import LineFilter
from textual.geometry import Offset, Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from crmtui.screens import lines
from crmtui.screens.ink import Ink, ink
from crmtui.screens.lines import Look, Placed
from crmtui.screens.rows import Column, Row
from crmtui.text import width

WIDEST = 26
"""Numbers are never cut: their column widens up to this."""


class ListGrid(ScrollView, can_focus=True, inherit_bindings=False):
    """Columns under their titles, a cursor, a pinned last line. Where rows come from is left to `row_at`."""

    ALLOW_SELECT = False

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        cell_cursor: bool = False,
        header: bool = True,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.cell_cursor, self._top = cell_cursor, int(header)
        self._columns = list(columns)
        self.sort: tuple[str, bool] | None = None
        self.count = 0
        self.cursor_row = 0
        self.chosen = columns[0].name if cell_cursor and columns else ""
        """The column of the cell cursor, or whose title the arrows chose."""
        self._footer: Row | None = None
        self._widened: dict[str, int] = {}
        self._dragged: dict[str, int] = {}
        self._placed: list[Placed] = []
        self._room = 0
        self._strips: dict[Hashable, Strip] = {}
        """Lines as they were drawn."""
        self._ink: Ink | None = None
        self._ground = Style()
        self._filters: Sequence[LineFilter] = ()

    # What the list knows

    def row_at(self, place: int) -> Row | None:
        """The row with this number; None while it is not there."""
        raise NotImplementedError

    def rows_there(self) -> Iterable[list[Row]]:
        """All rows that are there."""
        raise NotImplementedError

    def is_marked(self, row: Row) -> bool:
        """Whether the row is marked."""
        raise NotImplementedError

    def in_view(self, first: int, last: int) -> None:
        """These rows are in view now."""
        raise NotImplementedError

    @property
    def current(self) -> Row | None:
        """The row under the cursor; None when there is none, or it is still being read."""
        return self.row_at(self.cursor_row)

    # Columns

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
        for rows in self.rows_there():
            self._widen(rows)
        self._lay_out()

    def _widen(self, rows: Sequence[Row]) -> bool:
        """Numbers are never cut: their columns grow with them. Whether one did."""
        grown = False
        for column in self._columns:
            if column.right and column.width:
                have = self._widened.get(column.name, column.width)
                most = max((width(row.text(column.name)) for row in rows), default=0)
                if most > have and have < WIDEST:
                    self._widened[column.name] = min(most, WIDEST)
                    grown = True
        return grown

    def footer(self, row: Row | None) -> None:
        """Pin a line at the bottom, such as that of the sums."""
        self._footer = row
        if row is not None:
            self._widen([row])
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

    def widen_as(self, widths: Mapping[str, int]) -> None:
        """Give columns the widths, in cells, that somebody dragged them to."""
        self._dragged = dict(widths)
        self._lay_out()

    # Geometry

    @property
    def page(self) -> int:
        """The rows that are in view at once; at least 1."""
        lines_there = self.scrollable_content_region.height
        return max(lines_there - self._top - int(self._footer is not None), 1)

    @property
    def first_row(self) -> int:
        """The row at the top."""
        return round(self.scroll_y)

    def _span(self) -> tuple[int, int]:
        return self.first_row, min(self.first_row + self.page, self.count) - 1

    def _lay_out(self) -> None:
        """After columns, rows or the size changed: see what fits."""
        self._strips.clear()
        if self.is_attached:
            self.virtual_size = Size(0, self.count + self._top + int(self._footer is not None))
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
        """Begin with what was shown before."""
        self._lay_out()

    def on_resize(self) -> None:
        """Fit the columns anew; the cursor stays in view."""
        self._lay_out()
        self._scroll_to_cursor()

    def _scroll_to_cursor(self) -> None:
        """Scroll as little as needed to show the cursor."""
        if self.cursor_row < self.first_row:
            self._scroll(self.cursor_row)
        elif self.cursor_row >= self.first_row + self.page:
            self._scroll(self.cursor_row - self.page + 1)
        self.in_view(*self._span())
        self._point()

    def _scroll(self, first: int) -> None:
        self.scroll_to(y=max(first, 0), animate=False, force=True)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Rows that come into view are told."""
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self.in_view(*self._span())
            self._point()

    def _line_of(self, place: int) -> int:
        return place - self.first_row + self._top

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
        """Line `y` of what is in view: the titles, a row, or the pinned line; on the ground of the pane."""
        return self._drawn([y])[0].crop(0, self._room)

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines of `crop`: those that were drawn before are there still, wherever they have moved since.

        What Textual does around a line, borders, padding and opacity, a list has no use for: scrolling by a row then
        draws one line and not all.
        """
        whole = not crop.x and crop.right == self.region.width
        drawn = self._drawn(crop.line_range)
        return drawn if whole else [line.crop(crop.x, crop.right) for line in drawn]

    def _drawn(self, wanted: Iterable[int]) -> list[Strip]:
        """These lines, as wide as the list with its scrollbar."""
        colours, ground = self._ink or ink(self), self.rich_style
        region = self.scrollable_content_region
        if region.width != self._room:  # the scrollbar came or went
            self._fit(region.width)
        filters = self.get_line_filters()
        if ground != self._ground or colours is not self._ink or filters != self._filters:
            self._strips.clear()
            self._ink, self._ground, self._filters = colours, ground, filters
        return [self._kept(self._key(y)) for y in wanted]

    def _key(self, y: int) -> Hashable:
        """Under what line `y` is remembered: a row under its number."""
        if y < self._top:
            return self.sort, self.chosen if self.has_focus else ""
        if self._footer is not None and y == self.scrollable_content_region.height - 1:
            return "footer"
        place = self.first_row + y - self._top
        return place if place < self.count else "nothing"

    def _kept(self, key: Hashable) -> Strip:
        found = self._strips.get(key)
        if found is None:
            drawn = self._line(key).apply_style(self._ground)
            found = drawn.adjust_cell_length(self.region.width, self._ground)
            for one in self._filters:
                found = found.apply_filter(one, self.background_colors[1])
            if not isinstance(key, int) or self.row_at(key) is not None:
                if len(self._strips) > 2 * self.page + 8:  # a line is some kilobytes
                    self._strips.clear()
                self._strips[key] = found
        return found

    def _line(self, key: Hashable) -> Strip:
        colours, room = self._ink or ink(self), self._room
        if isinstance(key, tuple):
            return lines.header(self._placed, room, colours, *key)
        if key == "footer" and self._footer is not None:
            return lines.line(self._footer, self._placed, room, colours)
        if not isinstance(key, int):
            return Strip.blank(room)
        row, cursor = self.row_at(key), key == self.cursor_row
        marked = row is not None and self.is_marked(row)
        cell = self.chosen if self.cell_cursor else ""
        look = Look(cursor, self.has_focus, cell, marked) if cursor or marked else lines.PLAIN
        return (
            lines.waiting(room, colours, look)
            if row is None
            else lines.line(row, self._placed, room, colours, look)
        )

    def _redraw(self, *places: int) -> None:
        """Only these rows."""
        for place in places:
            self._strips.pop(place, None)
            y = self._line_of(place)
            if self._top <= y < self.size.height:
                self.refresh(Region(0, y, self.size.width, 1))

    def _redraw_all(self) -> None:
        self._strips.clear()
        self.refresh()

    def on_blur(self) -> None:
        """The bar is dimmed."""
        self._redraw_all()
