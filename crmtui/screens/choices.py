"""Lines to choose from, in columns, under a cursor that somebody else moves: what an overlay offers."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from crmtui.screens.glyphs import g
from crmtui.screens.ink import Ink, ink
from crmtui.text import clean, cut, width


class Cell(NamedTuple):
    """A text, the token that it is drawn in, and the places (from, to) of the letters in it that matched."""

    text: str
    token: str = "foreground"
    spans: Sequence[tuple[int, int]] = ()


@dataclass(frozen=True)
class Choice:
    """A line: something to choose (`data` says what), or a heading; `off` is drawn as such but can be gone to."""

    cells: tuple[Cell, ...]
    data: Any = None
    heading: bool = False
    off: bool = False


class Choices(ScrollView, can_focus=False):
    """Lines in columns, with a cursor. `widths` are cells; the one that is 0 shares the rest."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    Choices { height: 1fr; width: 1fr; overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; background: transparent; }
    """

    class Moved(Message):
        """The cursor is on another line; None where nothing can be chosen."""

        def __init__(self, choice: Choice | None) -> None:
            super().__init__()
            self.choice = choice

    class Picked(Message):
        """A click on a line; on a heading too."""

        def __init__(self, choice: Choice) -> None:
            super().__init__()
            self.choice = choice

    def __init__(self, widths: Sequence[int], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.widths = tuple(widths)
        self.choices: list[Choice] = []
        self.cursor = 0

    @property
    def current(self) -> Choice | None:
        """What the cursor is on."""
        return self.choices[self.cursor] if self._at(self.cursor) else None

    def _at(self, place: int) -> bool:
        return 0 <= place < len(self.choices) and not self.choices[place].heading

    def show(self, choices: Iterable[Choice], *, keep: bool = False) -> None:
        """Show these; the cursor goes to the first, or with `keep` stays where it is."""
        self.choices = list(choices)
        if not keep or not self._at(self.cursor):
            self.cursor = next((place for place in range(len(self.choices)) if self._at(place)), 0)
            self.scroll_to(y=0, animate=False)
        self.virtual_size = Size(0, len(self.choices))
        self.refresh()
        self.post_message(self.Moved(self.current))

    def move(self, by: int) -> None:
        """The cursor over `by` lines that can be chosen, at most to the first or last."""
        step = 1 if by > 0 else -1
        place = self.cursor
        for _ in range(abs(by)):
            following = place + step
            while 0 <= following < len(self.choices) and not self._at(following):
                following += step
            if not self._at(following):
                break
            place = following
        self._go(place)

    def go_to(self, data: Any) -> None:
        """The cursor to the line of `data`, if there is one."""
        self._go(next((n for n, one in enumerate(self.choices) if one.data == data), self.cursor))

    def _go(self, place: int) -> None:
        if place == self.cursor or not self._at(place):
            return
        self.cursor = place
        # The heading above the first of a group comes into view with it.
        top = place - 1 if place and self.choices[place - 1].heading else place
        self.scroll_to_region(Region(0, top, 1, place - top + 1), animate=False, force=True)
        self.refresh()
        self.post_message(self.Moved(self.current))

    def on_click(self, event: events.Click) -> None:
        """Go there and choose it."""
        place = int(event.y + self.scroll_offset.y)
        if 0 <= place < len(self.choices):
            event.stop()
            self._go(place)
            self.post_message(self.Picked(self.choices[place]))

    def recolour(self) -> None:
        """Draw again with the colours of the theme."""
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line of what is in view."""
        place, room = y + self.scroll_offset.y, self.scrollable_content_region.width
        if place >= len(self.choices):
            return Strip.blank(room, self.rich_style)
        shown = line(self.choices[place], self.widths, room, ink(self), place == self.cursor)
        return shown.apply_style(self.rich_style)


def line(choice: Choice, widths: Sequence[int], room: int, colours: Ink, here: bool) -> Strip:
    """`choice` in exactly `room` cells; under the cursor it has the cursor's colours alone."""
    bar = None
    if here and not choice.heading:
        bar = (
            colours.style("cursor_text", bold=True, on="cursor")
            if colours.cursor
            else Style(reverse=True, bold=True)
        )
    if choice.heading:
        sizes = [room] + [0] * (len(choice.cells) - 1)
        segments = []
    else:
        sizes = _sizes(widths, room - 2)
        segments = [Segment(f"{g('cursor')} " if here else "  ", bar)]
    for cell, size in zip(choice.cells, sizes, strict=False):
        token = "muted" if choice.off else cell.token
        plain = bar if bar is not None else colours.style(token, bold=choice.heading)
        found = plain + Style(bold=True, underline=bar is not None)
        if bar is None and not choice.off:
            found = colours.style("accent", bold=True)
        segments += _pieces(cell, max(0, size - 1), plain, found)
        segments.append(Segment(" ", bar))
    return Strip(segments).adjust_cell_length(room, bar)


def _sizes(widths: Sequence[int], room: int) -> list[int]:
    free = max(0, room - sum(widths))
    return [size or free for size in widths]


def _pieces(cell: Cell, room: int, plain: Style, found: Style) -> Iterator[Segment]:
    """The text in exactly `room` cells, what matched in its own style."""
    used, last = 0, 0
    marks = sorted(span for span in cell.spans if span[0] < span[1])
    for start, stop in [*marks, (len(cell.text), len(cell.text))]:
        for text, style in ((cell.text[last:start], plain), (cell.text[start:stop], found)):
            shown = cut(clean(text), room - used, ellipsis=g("cut"))
            used += width(shown)
            if shown:
                yield Segment(shown, style)
            if shown != clean(text):
                yield Segment(" " * (room - used), plain)
                return
        last = max(last, stop)
    yield Segment(" " * (room - used), plain)
