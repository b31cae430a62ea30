"""What an overlay offers: a list that one narrows by typing and goes through by arrows, and the sheet around it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widgets import Input, Static

from crmtui.i18n import gettext
from crmtui.screens.frame import Pane
from crmtui.screens.glyphs import g
from crmtui.screens.hidden import decoded, drawn, encoded
from crmtui.screens.ink import Ink, ink
from crmtui.screens.keys import bind
from crmtui.screens.place import Sheet
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
            return Strip.blank(room)
        return line(self.choices[place], self.widths, room, ink(self), place == self.cursor)


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


class Field(Input, inherit_bindings=False):
    """Where one types; Enter and the arrows up and down are left to the sheet, and → at the end is told to it."""

    BINDINGS: ClassVar[list[Any]] = [
        binding for binding in Input.BINDINGS if isinstance(binding, Binding) and binding.key != "enter"
    ]

    MOST: ClassVar[int] = 200

    class Beyond(Message):
        """→ where there is nothing more to go over."""

    @property
    def _value(self) -> Text:
        return Text(drawn(self.value), no_wrap=True, overflow="ignore", end="")

    @property
    def typed(self) -> str:
        """The text as it is meant."""
        return decoded(self.value)

    def place(self, text: str) -> None:
        """Put `text` in, as if it had been typed."""
        self.value = encoded(text[: self.MOST])
        self.cursor_position = len(self.value)  # a place among characters, not a width

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.insert_text_at_cursor(event.text[: self.MOST + 1])

    def insert_text_at_cursor(self, text: str) -> None:
        """What a key or a paste brings, on one line, as far as there is room."""
        line = " ".join(text.split()) or text[:1]
        start, end = sorted(self.selection)
        self.replace(encoded(line[: max(0, self.MOST - len(self.value))]), start, end)

    def action_cursor_right(self, select: bool = False) -> None:
        """One letter on; at the end this is told."""
        if self.cursor_at_end and not select:
            self.post_message(self.Beyond())
        else:
            super().action_cursor_right(select)


class Offering(Sheet[None]):
    """A sheet with a field and what it offers. Subclasses say what for a text (`offer`), and what choosing does (`pick`)."""

    BINDINGS: ClassVar[list[Any]] = bind("offering", hidden=("up", "down", "page_up", "page_down"))
    TITLE: ClassVar[str] = ""
    WAY_OUT: ClassVar[str] = ""
    WIDTHS: ClassVar[tuple[int, ...]] = (0,)
    OVERLAY: ClassVar[bool] = True
    DEFAULT_CSS = """
    Offering > Pane > Horizontal { height: 2; }
    Offering .offering--sign { width: 2; height: 1; color: $accent; text-style: bold; }
    Offering .offering--right { width: auto; height: 1; color: $muted; padding: 0 1 0 2; }
    Offering .offering--foot { height: auto; max-height: 3; color: $muted; padding: 1 0 0 0; }
    Offering Field { width: 1fr; }
    .-short Offering > Pane { height: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__(classes="-centre")

    def sheet(self) -> ComposeResult:
        """The field, the lines, and a last line."""
        yield Pane(
            Horizontal(
                Static(g("into"), classes="offering--sign", markup=False),
                Field(placeholder=self.asked(), select_on_focus=False),
                Static("", classes="offering--right", markup=False),
            ),
            Choices(self.WIDTHS),
            Static("", classes="offering--foot", markup=False),
            title=self.title_text(),
            way_out=gettext(self.WAY_OUT),
        )

    def title_text(self) -> str:
        """What stands in the border."""
        return gettext(self.TITLE)

    def asked(self) -> str:
        """What stands in the field while it is empty."""
        return ""

    @property
    def choices(self) -> Choices:
        """The lines."""
        return self.query_one(Choices)

    def on_mount(self) -> None:
        """Begin with what is offered for nothing."""
        self.query_one(Field).focus()
        self.offer("")

    def offer(self, text: str) -> None:
        """Show what there is for `text`."""
        raise NotImplementedError

    def pick(self, choice: Choice) -> None:
        """Do what `choice` stands for."""
        raise NotImplementedError

    def say_right(self, text: str) -> None:
        """What stands right of the field."""
        self.query_one(".offering--right", Static).update(Text(clean(text), no_wrap=True))

    def say_foot(self, text: str) -> None:
        """The last line; it goes away when empty."""
        foot = self.query_one(".offering--foot", Static)
        foot.display = bool(text)
        foot.update(Text(clean(text, multiline=True), overflow="ellipsis"))

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.offer(self.query_one(Field).typed)

    @on(Choices.Picked)
    def _picked(self, event: Choices.Picked) -> None:
        event.stop()
        self.pick(event.choice)

    def on_click(self, event: events.Click) -> None:
        """A click beside the sheet leaves it."""
        if event.widget is self:
            self.action_back()

    def action_open(self) -> None:
        """What the cursor is on."""
        if self.choices.current is not None:
            self.pick(self.choices.current)

    def action_up(self) -> None:
        """One line up."""
        self.choices.move(-1)

    def action_down(self) -> None:
        """One line down."""
        self.choices.move(1)

    def action_page_up(self) -> None:
        """A page up."""
        self.choices.move(-max(1, self.choices.size.height - 1))

    def action_page_down(self) -> None:
        """A page down."""
        self.choices.move(max(1, self.choices.size.height - 1))

    def leave_and(self, run: Callable[[], Any]) -> None:
        """Close this sheet, then do `run` on the screen below."""
        below = self.app.screen_stack[-2] if len(self.app.screen_stack) > 1 else self.app.screen
        self.dismiss(None)
        below.run_worker(done(run), exit_on_error=False, group="chosen")


async def done(run: Callable[[], Any]) -> None:
    """Do `run`, and wait for it where it is to be waited for."""
    from inspect import isawaitable

    found = run()
    if isawaitable(found):
        await found
