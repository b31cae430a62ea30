"""The sheet of an overlay: a field, the lines that it narrows, and what choosing one does."""

from collections.abc import Callable
from typing import Any, ClassVar

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from crmtui.i18n import gettext
from crmtui.screens.choices import Choice, Choices
from crmtui.screens.frame import Pane
from crmtui.screens.glyphs import g
from crmtui.screens.hidden import decoded, drawn, encoded
from crmtui.screens.keys import bind
from crmtui.screens.place import Sheet
from crmtui.text import clean


class Field(Input, inherit_bindings=False):
    """Where one types; Enter and the arrows up and down are left to the sheet, and → at the end and ← at the beginning are told to it."""

    BINDINGS: ClassVar[list[Any]] = [
        binding for binding in Input.BINDINGS if isinstance(binding, Binding) and binding.key != "enter"
    ]

    MOST: ClassVar[int] = 200

    class Beyond(Message):
        """→ where there is nothing more to go over."""

    class Before(Message):
        """← at the beginning."""

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

    def action_cursor_left(self, select: bool = False) -> None:
        """One letter back; at the beginning this is told."""
        if self.cursor_position == 0 and not select:
            self.post_message(self.Before())
        else:
            super().action_cursor_left(select)


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
    Offering.-short > Pane { height: 1fr; }
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
