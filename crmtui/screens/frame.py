"""The frame around every screen: top bar, crumb, filter line, panes, the line that tells, and the keys."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from rich.segment import Segment
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input, Static

from crmtui.errors import CrmError, gap
from crmtui.i18n import N_, gettext
from crmtui.screens.glyphs import g
from crmtui.screens.ink import ink
from crmtui.screens.keys import shown
from crmtui.text import clean, cut, width


@dataclass(frozen=True)
class Span:
    """Cells of a line that do something when clicked: an action of the screen or the app."""

    start: int
    stop: int
    action: str


class Line(Widget):
    """One line of text whose parts can be clicked; `draw` puts it together."""

    DEFAULT_CSS = "Line { height: 1; width: 100%; }"
    spans: list[Span]

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.spans = []
        self._parts: list[Segment] = []
        self.used = 0
        """The cells put so far."""

    def recolour(self) -> None:
        """Draw again with the colours of the theme."""
        self.refresh()

    def put(
        self, text: str, token: str = "foreground", *, action: str = "", bold: bool = False, on: str = ""
    ) -> None:
        """Add `text`; with `action` it can be clicked."""
        start, text, colours = self.used, clean(text), ink(self)
        words = text.lstrip(" ")
        # Blanks before a word are a piece of their own: pictures drop them at the beginning of a piece.
        if blank := len(text) - len(words):
            self._parts.append(Segment(" " * blank, colours.style("faint", on=on)))
        self._parts.append(Segment(words, colours.style(token, bold=bold, on=on)))
        self.used += width(text)
        if action:
            self.spans.append(Span(start, self.used, action))

    def fill_to(self, cells: int) -> None:
        """Blanks up to `cells`."""
        if cells > self.used:
            self._parts.append(Segment(" " * (cells - self.used)))
            self.used = cells

    @property
    def text(self) -> str:
        """The line as it was drawn last."""
        return "".join(part.text for part in self._parts)

    def draw(self, room: int) -> None:
        """Put the line's parts into `room` cells."""
        raise NotImplementedError

    def render_line(self, y: int) -> Strip:
        """The line, cut where it is too long."""
        room, ground = self.size.width, self.rich_style
        if y:
            return Strip.blank(room, ground)
        self.spans, self._parts, self.used = [], [], 0
        self.draw(room)
        drawn = Strip(self._parts)
        if self.used > room:
            drawn = Strip([*drawn.crop(0, room - 1), Segment(g("cut"))])
        return drawn.adjust_cell_length(room).apply_style(ground)

    async def on_click(self, event: events.Click) -> None:
        """Do what the clicked part stands for."""
        for span in self.spans:
            if span.start <= event.x < span.stop:
                event.stop()
                await self.do(span.action)
                return

    async def do(self, action: str) -> None:
        """What a click on a part with this action does."""
        await self.run_action(action)


class TopBar(Line):
    """Row 1: the program, the sections with what waits in them, and who you are."""

    DEFAULT_CSS = "TopBar { background: $panel; dock: top; }"

    def draw(self, room: int) -> None:
        """The sections; their names are cut to four letters where the screen is narrow."""
        app: Any = self.app
        who = app.who if room >= 100 else app.who.split(" · ")[0]
        if app.running:
            who = f"{g('doing')} {app.running}  {who}"
        self.put(" crm ", "primary", bold=True)
        for section in app.sections:
            here = section.number == app.section
            name = gettext(section.title if room >= 100 else section.short)
            waiting = app.badges.get(section.number, 0)
            action = f"app.section({section.number})"
            if here:
                badge = f"{waiting} " if waiting else ""
                self.put(
                    f" {section.number} {name} {badge}", "background", bold=True, on="primary", action=action
                )
            else:
                self.put(" ")
                self.put(str(section.number), "accent", action=action)
                self.put(f" {name}", "muted", action=action)
                if waiting:
                    self.put(f" {waiting}", "accent", bold=True, action=action)
                self.put(" ")
        left = room - self.used - 1
        self.fill_to(room - width(cut(who, max(0, left))) - 1)
        self.put(cut(who, max(0, left)))


Part = tuple[str, str, str]
"""Text, token, action (empty: none) of one part of the crumb."""


class Crumb(Line):
    """Row 2: where you are, whose records, and what they are as of.

    Where room is short the department goes first, then how far the period is gone, then the words for whose and the
    tabs that one is not at: where one is and whose figures of when stay readable.
    """

    DEFAULT_CSS = "Crumb { background: $background; }"

    def draw(self, room: int) -> None:
        """Section, tabs, department, whose; period and freshness at the right."""
        place: Any = self.screen
        state = place.freshness()
        left, right = self._fitting(list(place.crumb_left()), place.crumb_right(), room - width(state[0]) - 2)
        end = width(right) + (2 if right else 0) + width(state[0]) + 1
        self.put(" ")
        for text, token, action in left:
            if self.used + width(text) > room - end - 1:
                self.put(
                    cut(text, max(0, room - end - 1 - self.used), ellipsis=g("cut")),
                    token.removeprefix("bold "),
                )
                break
            self.put(text, token.removeprefix("bold "), bold=token.startswith("bold "), action=action)
        self.fill_to(room - end)
        if right:
            self.put(right, "muted", action="app.period")
            self.put("  ")
        self.put(state[0], state[1])

    def _fitting(self, left: list[Part], right: str, room: int) -> tuple[list[Part], str]:
        """Both sides, shortened as far as they must be to find place in `room` cells."""
        name = str(self.app.period_name)  # type: ignore[attr-defined]
        short = name.partition(f" {g('dot')} ")[0]
        steps: tuple[Callable[[list[Part]], list[Part]], ...] = (
            list,
            _without_path,
            list,
            lambda parts: _only_here(parts, "app.whose(", "app.whose"),
            lambda parts: _only_here(parts, "app.tab(", "screen.view"),
        )
        for number, step in enumerate(steps):
            left = step(left)
            if number == 2 and name:
                right = right.replace(name, short)
            if sum(width(part[0]) for part in left) + width(right) + 3 <= room:
                break
        return left, right


def _without_path(parts: list[Part]) -> list[Part]:
    """The parts without the department, which stands before the words for whose."""
    at = next((at for at, part in enumerate(parts) if part[2].startswith("app.whose(")), 0)
    return [part for place, part in enumerate(parts) if place != at - 2 or part[2] or part[1] != "muted"]


def _only_here(parts: list[Part], action: str, instead: str) -> list[Part]:
    """Of the parts that do `action` only the one where one is; a click on it then does `instead`."""
    places = [at for at, part in enumerate(parts) if part[2].startswith(action)]
    if not places:
        return parts
    here = [
        (text, token, instead) for text, token, does in parts if does.startswith(action) and "bold" in token
    ]
    return [*parts[: places[0]], *here, *parts[places[-1] + 1 :]]


class FilterLine(Widget):
    """Row 3 of lists: what is looked for, the conditions as chips, and what came of it."""

    DEFAULT_CSS = """
    FilterLine { height: 1; layout: horizontal; background: $background; }
    FilterLine > Chips { width: 1fr; }
    FilterLine > Input { display: none; width: 30; height: 1; border: none; padding: 0 1; background: $panel; }
    FilterLine.-finding > Input { display: block; }
    """

    class Find(Message):
        """What is looked for changed; `done` when Enter ended it, `left` when Escape did."""

        def __init__(self, text: str, *, done: bool = False, left: bool = False) -> None:
            super().__init__()
            self.text, self.done, self.left = text, done, left

    def compose(self) -> ComposeResult:
        """The field for finding, and the chips."""
        yield FindInput(placeholder=gettext(N_("find")), select_on_focus=False)
        yield Chips()

    def begin(self, text: str = "") -> None:
        """Open the field for finding."""
        self.add_class("-finding")
        field = self.query_one(FindInput)
        field.value = text
        field.cursor_position = len(text)
        self.screen.waiting = True  # type: ignore[attr-defined]
        field.focus()

    def end(self) -> None:
        """Close the field."""
        self.remove_class("-finding")

    @property
    def finding(self) -> bool:
        """Whether the field is open."""
        return self.has_class("-finding")

    def recolour(self) -> None:
        """Draw again."""
        self.query_one(Chips).refresh()


class FindInput(Input):
    """The field behind `/`: it answers 120 ms after the last key, and Escape gives it up."""

    MOST: ClassVar[int] = 200
    """Characters of a paste that are looked for."""

    def on_focus(self) -> None:
        """Keys that came meanwhile are for it."""
        self.screen.waiting = False  # type: ignore[attr-defined]

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        line = " ".join(event.text[: self.MOST * 4].split())
        self.insert_text_at_cursor("".join(letter for letter in line if letter.isprintable())[: self.MOST])

    def on_input_changed(self, event: Input.Changed) -> None:
        """Wait for the pause that a composing input method makes, then tell."""
        event.stop()
        text = event.value

        def tell() -> None:
            if self.value == text:
                self.post_message(FilterLine.Find(text))

        self.set_timer(0.12, tell)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter: go to the rows."""
        event.stop()
        self.post_message(FilterLine.Find(event.value, done=True))

    def on_key(self, event: events.Key) -> None:
        """Escape gives the finding up; Down goes to the rows."""
        if event.key == "escape":
            event.stop()
            event.prevent_default()
            self.post_message(FilterLine.Find("", left=True))
        elif event.key == "down":
            event.stop()
            self.post_message(FilterLine.Find(self.value, done=True))


class Chips(Line):
    """The conditions in force; a click on one takes it away."""

    def draw(self, room: int) -> None:
        """`/ find`, chips, `+ f`, the order, and the place's own figures at the right."""
        place: Any = self.screen
        right = place.filter_right()
        end = room - width(right) - 1
        self.put(" ")
        if not self.parent.finding:  # type: ignore[union-attr]
            found = str(getattr(place, "found", "")).strip()
            self.put("/ ", "accent", action="screen.find")
            self.put(
                cut(clean(found), 24) or gettext(N_("find")),
                "accent" if found else "muted",
                action="screen.find",
            )
            self.put("   ")
        for at, (label, _) in enumerate(place.chips()):
            text = f" {label} {g('remove')} "
            if self.used + width(text) > end - 12:
                self.put(g("cut") + " ", "muted", action="screen.filter")
                break
            self.put(text, on="panel", action=f"screen.drop_chip({at})")
            self.put("  ")
        self.put("+ ", "muted", action="screen.filter")
        self.put("f", "accent", action="screen.filter")
        note = place.filter_note()
        if note and self.used + 3 + width(note) < end:
            self.put("   ")
            self.put(note, "muted")
        self.fill_to(end)
        if self.used <= end:
            self.put(right, "muted", action=getattr(place, "FILTER_RIGHT", ""))


def alike(draw: Callable[[Region], list[Strip]], crop: Region, apart: Sequence[int] = ()) -> list[Strip]:
    """The lines of `crop`, drawn by `draw`, which look all the same but for those `apart`: one is drawn for all of them."""
    found: list[Strip] = []
    same: list[Strip] = []
    for y in crop.line_range:
        if y in apart or not same:
            line = draw(Region(crop.x, y, crop.width, 1))
            same = same if y in apart else line
            found += line
        else:
            found += same
    return found


class Body(Container):
    """What holds the panes: nothing of its own is to be seen but its ground."""

    def render_lines(self, crop: Region) -> list[Strip]:
        """The same line again and again."""
        return alike(super().render_lines, crop)


class Pane(Vertical):
    """A bordered part of a screen: its title top left, the way out bottom right; it says itself when it has nothing to show."""

    ALLOW_MAXIMIZE = True
    DEFAULT_CSS = """
    Pane {
        border: round $border; border-title-color: $primary; border-title-style: bold;
        border-subtitle-color: $muted; background: $surface; padding: 0 1; height: 1fr; width: 1fr;
    }
    Pane:focus-within { border: round $primary; }
    Pane > .pane--said { display: none; width: 100%; height: 1fr; content-align: center middle; color: $muted; text-align: center; padding: 1 2; }
    Pane.-said > .pane--said { display: block; }
    Pane.-said > * { display: none; }
    Pane.-failed > .pane--said { color: $error; }
    Pane.-loading { border-title-color: $muted; }
    """
    _in_border: list[str]
    """What stands in the border above and below."""
    _line: int | None
    """The only line to be drawn again."""

    def __init__(
        self,
        *children: Widget,
        title: str = "",
        way_out: str = "",
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        self._in_border, self._line = ["", ""], None
        super().__init__(*children, Static("", classes="pane--said", markup=False), id=id, classes=classes)
        self.name_it(title)
        self.say_out(way_out)

    def name_it(self, title: str) -> None:
        """The title, which is data: nothing in it is markup."""
        self._title = title
        self._put_title(title)

    @property
    def title(self) -> str:
        """The title."""
        return self._title

    def _put_title(self, text: str) -> None:
        if text != self._in_border[0]:
            self._in_border[0] = text
            with self._border_alone(0):
                self.border_title = Text(clean(text)) if text else None

    def say_out(self, text: str) -> None:
        """What stands in the border at the bottom right."""
        if text != self._in_border[1]:
            self._in_border[1] = text
            with self._border_alone(self.outer_size.height - 1):
                self.border_subtitle = Text(clean(text)) if text else None

    @contextmanager
    def _border_alone(self, line: int) -> Iterator[None]:
        """Of what is refreshed meanwhile only this line is drawn again, for the border's words are all that changes."""
        self._line = line
        try:
            yield
        finally:
            self._line = None

    def refresh(self, *regions: Region, **what: bool) -> Self:
        """Draw the pane again, or only these regions of it."""
        if self._line is not None:
            inside = self.content_offset
            regions = (Region(-inside.x, self._line - inside.y, self.outer_size.width, 1),)
        return super().refresh(*regions, **what)

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines between the borders are alike."""
        return alike(super().render_lines, crop, (0, self.outer_size.height - 1))

    def loading_on(self, on: bool = True) -> None:
        """Say in the title that rows are on their way."""
        self.set_class(on, "-loading")
        self._put_title(self._title + (" " + g("cut") if on else ""))

    def ready(self) -> None:
        """Show what the pane holds."""
        self.loading_on(False)
        self.remove_class("-said", "-failed")

    def say(self, text: str, *, failed: bool = False) -> None:
        """Show a sentence in place of what the pane holds: it is empty, forbidden, or could not be read."""
        self.loading_on(False)
        self.add_class("-said")
        self.set_class(failed, "-failed")
        self.query_one(".pane--said", Static).update(Text(clean(text, multiline=True), justify="center"))

    def fail(self, error: CrmError) -> None:
        """Say what did not work, why, and what to do."""
        self.say(told(error) + "\n" + gettext(N_("r try again")), failed=True)


_HERE = {
    "store.unreachable": N_("Check the network and the server."),
    "store.forbidden": N_("Ask its owner for access."),
    "store.foreign": N_("Restore a backup with crm db restore."),
    "store.no_database": N_("Have an administrator make it, then run crm init."),
}
"""What to do next where the command line would name another option."""


def told(error: CrmError) -> str:
    """An error as a sentence and what to do next, in the language in use; options of the command line mean nothing here."""
    hint = error.hint if "--" not in error.hint_template else gettext(_HERE.get(error.code, "") or "")
    return f"{error.message}{gap(error.message) if hint else ''}{hint}"


class Note(Static):
    """One line at the bottom right, for six seconds: what was done, and how to take it back. Never takes focus."""

    DEFAULT_CSS = """
    Note { layer: note; dock: bottom; height: 1; width: auto; max-width: 100%; display: none; offset: 0 -1;
           background: $panel; color: $foreground; padding: 0 2; }
    Note.-shown { display: block; }
    Note.-error { background: $error; color: $background; }
    Note.-warn { color: $warning; }
    """
    SECONDS: ClassVar[float] = 6.0

    def __init__(self) -> None:
        super().__init__("", markup=False)
        self._timer: Any = None

    def tell(self, text: str, kind: str = "info", seconds: float = SECONDS) -> None:
        """Show `text`; an error stays until the next key or note."""
        self.update(Text(clean(text), no_wrap=True, overflow="ellipsis"))
        self.set_class(kind == "error", "-error")
        self.set_class(kind == "warn", "-warn")
        self.add_class("-shown")
        self.styles.offset = (
            max(0, self.screen.size.width - min(width(clean(text)) + 4, self.screen.size.width)),
            -1,
        )
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(seconds if kind != "error" else seconds * 2, self.hide)

    def hide(self) -> None:
        """Take the line away."""
        self.remove_class("-shown")


class KeyBar(Line):
    """The last row: the keys that work right now, most used first; a click on one presses it."""

    DEFAULT_CSS = "KeyBar { dock: bottom; background: $panel; }"
    said = ""
    """What stands there in place of the keys, for a screen reader."""

    def say(self, text: str) -> None:
        """Show `text` in place of the keys."""
        self.said = text
        self.refresh()

    def on_mount(self) -> None:
        """Follow the focus."""
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self._follow())

    _keys: Sequence[Sequence["Key"]] = ()
    """What was drawn last."""

    @property
    def offline(self) -> str:
        """On a sheet, which covers the crumb: since when the store cannot be reached; empty while it can."""
        since, screen = getattr(self.app, "offline", ""), self.screen
        return f"  {g('offline')} {since} " if since and not getattr(screen, "PALETTE", True) else ""

    def _follow(self) -> None:
        if self._keys != _active(self.screen):
            self.refresh()

    def draw(self, room: int) -> None:
        """Key and word of each binding that is shown; at narrow sizes the first seven."""
        if self.said:
            self.put(f" {self.said}")
            return
        palette = f"{shown('ctrl+p')} {gettext(N_('palette'))}"
        place: Any = self.screen
        end = room - width(palette) - 3 if getattr(place, "PALETTE", True) else room - width(self.offline)
        self._keys = _active(place)
        for keys in self._keys[: 7 if room < 100 else None]:
            word = gettext(keys[0].label)
            if self.used + sum(width(key.shown) + 1 for key in keys) + width(word) + 2 > end:
                break
            for key in keys:
                self.put(" ")
                self.put(key.shown, "accent" if key.enabled else "faint", bold=True, action=key.key)
            last = keys[-1]
            self.put(f" {word} ", "foreground" if last.enabled else "faint", action=last.key)
        if self.offline:
            self.fill_to(end)
            self.put(self.offline, "warning")
        elif end < room:
            self.fill_to(end)
            self.put(g("pipe"), "faint")
            self.put(" ")
            self.put(shown("ctrl+p"), "accent", bold=True, action="ctrl+p")
            self.put(f" {gettext(N_('palette'))}", action="ctrl+p")

    async def do(self, action: str) -> None:
        """Press the key."""
        self.app.simulate_key(action)


@dataclass(frozen=True)
class Key:
    """A key of the last row: which one, its word, and whether it does something now."""

    key: str
    label: str
    enabled: bool

    @property
    def shown(self) -> str:
        """The key as people read it."""
        return shown(self.key)


def _active(screen: Any) -> list[list[Key]]:
    """The shown keys, each action once: those that the part in focus alone has, then the screen's in the order in which
    it names them, then what holds everywhere. Keys next to each other that say the same share one word."""
    named = [binding.action for binding in vars(_naming(type(screen))).get("BINDINGS", ())]
    found: dict[str, tuple[int, Key]] = {}
    for active in screen.active_bindings.values():
        binding = active.binding
        if not binding.show or not binding.description or binding.action in found:
            continue
        place = 2000 if active.node is screen.app else 1000 if active.node is screen else -1
        if binding.action in named:
            place = named.index(binding.action)
        key = Key(binding.key.partition(",")[0], binding.description, active.enabled)
        found[binding.action] = place, key
    shared: list[list[Key]] = []
    for _, key in sorted(found.values(), key=lambda pair: pair[0]):
        if shared and shared[-1][0].label == key.label:
            shared[-1].append(key)
        else:
            shared.append([key])
    return shared


def _naming(kind: type) -> type:
    """The class that says which keys a screen has."""
    return next((one for one in kind.__mro__ if "BINDINGS" in vars(one)), kind)


class TooSmall(Static):
    """What stands there alone while the terminal is too small. It lies over the screen, which keeps its focus."""

    DEFAULT_CSS = """
    TooSmall { layer: tiny; display: none; width: 100%; height: 100%; content-align: center middle; background: $background; color: $foreground; }
    """
    LEAST: ClassVar[tuple[int, int]] = (80, 20)

    def render(self) -> Text:
        """How large it must be, and how large it is."""
        have = self.app.size
        text = gettext(N_("crmtui needs {need}, this is {have}")).format(
            need=f"{self.LEAST[0]}{g('times')}{self.LEAST[1]}", have=f"{have.width}{g('times')}{have.height}"
        )
        return Text(text)
