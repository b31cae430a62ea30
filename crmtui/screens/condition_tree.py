"""The tree of conditions, one a line, drawn with the cursor on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.style import Style
from rich.text import Text
from textual import events
from textual.message import Message
from textual.widget import Widget

from crmtui.screens.glyphs import g
from crmtui.screens.ink import ink
from crmtui.text import cut, pad, width

if TYPE_CHECKING:
    from crmtui.services.conditions import Path


@dataclass(frozen=True)
class Row:
    """One line of the tree: where its node stands, how it is drawn, and whether something is wrong with it."""

    path: "Path"
    guide: str
    name: str
    sign: str
    value: str
    group: bool
    wrong: bool = False


class ConditionTree(Widget, can_focus=True):
    """The conditions, one a line under the groups that hold them."""

    DEFAULT_CSS = "ConditionTree { height: auto; min-height: 2; width: 100%; }"

    class Moved(Message):
        """The cursor went to another row."""

    class Opened(Message):
        """A row is to be changed."""

    def __init__(self) -> None:
        super().__init__(id="tree")
        self.rows: list[Row] = []
        self.line = 0

    def recolour(self) -> None:
        """Draw again with the colours of the theme."""
        self.refresh()

    def get_content_height(self, container: Any, viewport: Any, width: int) -> int:
        """A line for each row."""
        return max(len(self.rows), 1)

    @property
    def path(self) -> "Path":
        """The path of the row under the cursor."""
        return self.rows[self.line].path if self.rows else ()

    def show(self, rows: Sequence[Row], path: "Path | None" = None) -> None:
        """Show these rows; the cursor goes to `path`, or stays where it is."""
        wanted = self.path if path is None else path
        self.rows = list(rows)
        places = [number for number, row in enumerate(rows) if row.path == wanted]
        self.line = places[0] if places else min(self.line, max(len(rows) - 1, 0))
        self.refresh(layout=True)

    def render(self) -> Text:
        """The lines."""
        room = self.size.width
        names = max((width(row.name) for row in self.rows if not row.group), default=0)
        text = Text(no_wrap=True, overflow="ellipsis", end="")
        for number, row in enumerate(self.rows):
            if number:
                text.append("\n")
            bar = self._bar(number)
            text.append_text(self._drawn(row, bar, room, min(names, room // 3)))
        return text

    def _bar(self, number: int) -> Style | None:
        if number != self.line:
            return None
        return ink(self).style("cursor_text", on="cursor") if self.has_focus else ink(self).style(on="panel")

    def _drawn(self, row: Row, bar: Style | None, room: int, names: int) -> Text:
        colours = ink(self)
        text = Text(end="", no_wrap=True)
        text.append(row.guide, bar or colours.style("faint"))
        if row.group:
            text.append(row.name, bar or colours.style("bold primary"))
        else:
            lead = f"{g('late')} " if row.wrong else ""
            text.append(lead, bar or colours.style("error", bold=True))
            name = pad(cut(row.name, names, ellipsis=g("cut")), names)
            text.append(name + " ", bar or colours.style("error" if row.wrong else "foreground"))
            text.append(row.sign + " ", bar or colours.style("muted"))
            rest = max(room - text.cell_len, 4)
            text.append(cut(row.value, rest, ellipsis=g("cut")), bar or colours.style("accent"))
        text.pad_right(max(room - text.cell_len, 0))
        if bar is not None:
            text.stylize(bar)
        return text

    def move(self, by: int) -> None:
        """To another row."""
        line = min(max(self.line + by, 0), max(len(self.rows) - 1, 0))
        if line != self.line:
            self.line = line
            self.refresh()
            self.post_message(self.Moved())

    def on_focus(self) -> None:
        """The bar is bright."""
        self.refresh()

    def on_blur(self) -> None:
        """The bar is dimmed."""
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """A click goes to a row, a second one opens it."""
        if event.y < len(self.rows):
            again = event.y == self.line and event.chain > 1
            self.move(event.y - self.line)
            if again:
                self.post_message(self.Opened())
