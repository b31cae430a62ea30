"""What every screen and every sheet has in common: the frame, reading and changing, whose records, errors, help."""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from textual import events
from textual._styles_cache import StylesCache
from textual.app import ComposeResult
from textual.geometry import Region, Size
from textual.screen import ModalScreen, Screen
from textual.strip import Strip
from textual.worker import Worker, WorkerState

from crmtui.errors import CrmError
from crmtui.i18n import N_, gettext
from crmtui.screens import accessible
from crmtui.screens.frame import Body, Crumb, FilterLine, KeyBar, Note, Pane, TooSmall, TopBar, alike, told
from crmtui.screens.glyphs import g
from crmtui.screens.keys import bind, own

if TYPE_CHECKING:
    from crmtui.screens.app import CrmApp
    from crmtui.screens.desk import Desk
    from crmtui.screens.sections import Tab
    from crmtui.services.context import Context

T = TypeVar("T")
R = TypeVar("R")
ASKING = frozenset(("verb", "ask", "open", "chosen"))
"""Groups of workers that open something, or change something that the next key may be about."""
PATIENCE = 0.5
"""Seconds for a sheet to give the focus to a field."""
HELD = 3.0
"""Seconds that keys wait at most for the first rows."""
SETTLED = 0.01
"""Seconds in which the parts of a new screen tell how large they want to be."""
Part = tuple[str, str, str]
"""Text, token, action (empty: none) of one part of the crumb."""


@dataclass(frozen=True)
class Verb:
    """Something that can be done here besides what a key does: what it is called, its twin, what it runs, why not now."""

    name: str
    title: str
    command: str
    run: Callable[[], Any]
    why_not: str = ""


class Base(Screen[R]):
    """What screens and sheets share."""

    WHERE: ClassVar[str] = ""
    PURPOSE: ClassVar[tuple[str, ...]] = ()
    """Two lines on what it is for; marked texts."""
    waiting = False
    """Whether something was asked to open that is not there yet, such as the field for finding."""

    @property
    def waits(self) -> bool:
        """Whether keys are to wait: something is opening, and they are meant for it."""
        return self.waiting or any(
            worker.is_running and worker.group in ASKING and worker.node is self
            for worker in self.app.workers
        )

    @property
    def program(self) -> "CrmApp":
        """The app, with its own type."""
        from crmtui.screens.app import CrmApp

        assert isinstance(self.app, CrmApp)
        return self.app

    @property
    def desk(self) -> "Desk":
        """The way to the services."""
        return self.program.desk

    def take_size(self) -> None:
        """The classes of the terminal's size, before anything is put together: all of it is then styled once."""
        size, app = self.app.size, self.app
        for cells, steps in (
            (size.width, app.HORIZONTAL_BREAKPOINTS),
            (size.height, app.VERTICAL_BREAKPOINTS),
        ):
            reached = [name for least, name in sorted(steps or []) if cells >= least]
            self.add_class(*reached[-1:], update=False)

    def on_unmount(self) -> None:
        """Let go of its drawn lines, which Textual would keep for as long as a thousand widgets, and of all its parts."""
        StylesCache.get_inner_outer.cache_clear()
        self.app.set_timer(0.3, gc.collect)

    def why_not(self, action: str) -> str | None:
        """Why `action` is off just now, as a sentence; None when it is on."""
        return None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Greyed where there is a reason."""
        return None if self.why_not(action) else True

    def verbs(self) -> list[Verb]:
        """What can be done here besides what has a key."""
        return []

    def command_line(self) -> str:
        """The command that shows the same; empty where there is none."""
        return ""

    def in_turn(self, group: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Do `work` in the background in place of what is still being done for `group`."""
        self.run_worker(work, group=group, exclusive=True, exit_on_error=False)  # type: ignore[arg-type]

    async def changed(self, work: "Callable[[Context], T]", said: str) -> T | None:
        """Change the store; say what was done and how to take it back, or why not. None where it was refused."""
        return await self.program.change(work, said)


class Place(Base[None]):
    """A full screen in the frame. Subclasses give panes (`body`), read (`load`) and bind keys."""

    SECTION: int = 1
    TAB: str = ""
    FILTER: ClassVar[bool] = True
    WHOSE: bool = True
    """Whether mine, team and all make a difference here."""
    PERIOD: ClassVar[bool] = False
    """Whether a period makes a difference here."""
    PAGE: bool = False
    """A page of one record: it lies over a tab, and Esc leads back."""

    AHEAD: ClassVar[float] = 0.0
    """Seconds that the first painting waits for what is read: most often that is there by then, and painted with it."""

    HOLDS: ClassVar[bool] = False
    """Whether keys wait for the first rows, because they are about them."""

    AUTO_FOCUS = "#body *"
    ALLOW_IN_MAXIMIZED_VIEW = "TopBar, Crumb, FilterLine, KeyBar, Note"
    BINDINGS: ClassVar[list[Any]] = bind("place", hidden=("back", "refresh", "view", "menu"))
    DEFAULT_CSS = """
    Place { layers: base note tiny; background: $background; }
    Place > #body { height: 1fr; }
    """

    def __init__(self, tab: "Tab | None" = None) -> None:
        super().__init__()
        if tab is not None:
            self.TAB = tab.name
        self.tab = tab
        self.conditions: list[str] = []
        self.reason = "show"
        self._loaded_for: tuple[str, str, int] | None = None
        self._loaded = asyncio.Event()
        self._began = monotonic()

    # -- the frame

    def compose(self) -> ComposeResult:
        """Top bar, crumb, filter line, body, note, keys."""
        self.take_size()
        yield TopBar()
        yield Crumb()
        if self.FILTER:
            yield FilterLine()
        with Body(id="body"):
            yield from self.body()
        yield from self.below()
        yield KeyBar()
        yield Note()
        yield TooSmall()

    def render_lines(self, crop: Region) -> list[Strip]:
        """The ground, of which one line is drawn for all."""
        return alike(super().render_lines, crop)

    def body(self) -> ComposeResult:
        """The panes."""
        raise NotImplementedError

    def below(self) -> ComposeResult:
        """A line between the panes and the keys."""
        return iter(())

    def crumb_left(self) -> Iterator[Part]:
        """Section and tabs, department, whose."""
        from crmtui.screens.sections import SECTIONS

        section = SECTIONS[self.SECTION - 1]
        yield gettext(section.title), "bold foreground", ""
        tabs = self.program.tabs_of(section.number)
        if len(tabs) > 1:
            yield f" {g('into')} ", "muted", ""
            for at, tab in enumerate(tabs):
                here = tab.name == self.TAB
                yield gettext(tab.title), "bold accent" if here else "muted", f"app.tab('{tab.name}')"
                if at + 1 < len(tabs):
                    yield f" {g('dot')} ", "faint", ""
        if self.WHOSE:
            if self.program.dept_path:
                yield f"   {self.program.dept_path}", "muted", ""
            yield "   ", "muted", ""
            for at, whose in enumerate(WHOSE):
                here = whose == self.whose
                yield gettext(WHOSE[whose]), "bold accent" if here else "muted", f"app.whose('{whose}')"
                if at < 2:
                    yield f" {g('dot')} ", "faint", ""

    def crumb_right(self) -> str:
        """What stands right in the crumb: the period, a count."""
        return self.program.period_name if self.PERIOD else ""

    def freshness(self) -> tuple[str, str]:
        """Whether what is shown follows the store, and its token."""
        if self.program.offline:
            return f"{g('offline')} {self.program.offline}", "warning"
        return f"{g('live')} {gettext(N_('live'))}", "success"

    def chips(self) -> list[tuple[str, str]]:
        """(label, condition) of each condition in force."""
        return [(condition, condition) for condition in self.conditions]

    def filter_note(self) -> str:
        """What stands after the chips: the order, the grouping."""
        return ""

    def filter_right(self) -> str:
        """What stands right in the filter line: counts."""
        return ""

    def redraw_frame(self) -> None:
        """Draw the lines of the frame again."""
        for line in self.query(TopBar):
            line.refresh()
        for crumb in self.query(Crumb):
            crumb.refresh()
        for filters in self.query(FilterLine):
            filters.recolour()
        for keys in self.query(KeyBar):
            keys.refresh()

    # -- whose records, and when

    @property
    def whose(self) -> str:
        """mine, team or all."""
        return self.program.whose

    @property
    def period(self) -> str:
        """The period as people write it, such as 2026Q4."""
        return self.program.period

    def whose_condition(self, noun: str) -> str:
        """The condition that `whose` puts on records of `noun`; empty for all."""
        return self.program.whose_condition(noun)

    # -- reading

    async def load(self) -> None:
        """Read what is shown; `self.reason` says why: show, refresh, store, whose or period."""
        raise NotImplementedError

    async def on_mount(self) -> None:
        """Begin to read before the first painting, where that may wait for it."""
        if self.AHEAD:
            self.reload("show")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._loaded.wait(), self.AHEAD)

    @property
    def unread(self) -> bool:
        """Whether keys wait for what is read first: no longer than a person would."""
        if not self.HOLDS or monotonic() - self._began > HELD:
            return False
        return not self._loaded.is_set() or getattr(self.focused, "unread", False)

    def reload(self, reason: str = "refresh") -> None:
        """Read again, in the background; the last call wins."""
        self.reason = reason
        self._loaded_for = self.program.state
        self.run_worker(self._load(), group="load", exclusive=True, exit_on_error=False)

    async def _load(self) -> None:
        try:
            await self.load()
        except CrmError as error:
            self.failed(error)
        self._loaded.set()
        self.redraw_frame()

    def failed(self, error: CrmError) -> None:
        """Something could not be read: say so in the first pane, or in the note."""
        panes = self.query(Pane)
        if panes:
            panes.first(Pane).fail(error)
        else:
            self.program.note(told(error), "error")

    async def into(
        self, pane: Pane, work: "Callable[[Context], T]", show: Callable[[T], Any], *, behind: bool = False
    ) -> None:
        """Read `work` and `show` it in `pane`; what goes wrong stands in that pane, the others go on."""
        timer = self.set_timer(0.15, lambda: pane.loading_on())
        try:
            found = await (self.desk.read_behind(work) if behind else self.desk.read(work))
        except CrmError as error:
            pane.fail(error)
        else:
            pane.ready()
            shown = show(found)
            if isinstance(shown, Awaitable):
                await shown
        finally:
            timer.stop()
            if not pane.has_class("-said"):
                pane.loading_on(False)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A fault of the program itself ends as a sentence, and in the log."""
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            self.program.broken(event.worker.error)

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        """Shown again: read again when something it depends on changed meanwhile."""
        if self._size != self.app.size:
            event.refresh_styles = False  # it got them just now
            self._paint_later()
        self.program.arrived(self)
        if self._loaded_for != self.program.state:
            self.reload("show")
        else:
            self.redraw_frame()

    # -- one painting instead of three

    _unpainted = False
    """Whether nothing of it is painted yet."""

    def _paint_later(self) -> None:
        """Paint nothing until what is new on the screen has found its size.

        Textual would paint all of it when it is there, once more when each part tells that it wants to be laid out,
        and a third time because it was resumed.
        """
        self._unpainted = True
        self.app._begin_batch()
        self.set_timer(SETTLED, self._paint_once)

    def _paint_once(self) -> None:
        if self._unpainted:
            self._unpainted = False
            self.app._end_batch()
            self._repaint_required = False  # all of it is painted now
            self._on_timer_update()

    def on_screen_suspend(self) -> None:
        """Another screen lies over it, which may be painted."""
        self._paint_once()

    def _compositor_refresh(self) -> None:
        if not self._unpainted:
            super()._compositor_refresh()

    def _screen_resized(self, size: Size) -> None:
        """Lay it out anew, unless it has this size already, which it is told once it was shown."""
        if size != self._size:
            super()._screen_resized(size)

    def on_resize(self, event: events.Resize) -> None:
        """Keep the line that tells at the right."""
        for note in self.query(Note):
            note.hide()

    # -- for screen readers

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """One pane at a time, where that is wanted."""
        if self.program.look.accessible:
            accessible.alone(self, event.widget)

    def focus_next(self, selector: Any = "*") -> Any:
        """To the next part, also of a pane that is out of sight while another stands alone."""
        return accessible.move(self, 1) if self.program.look.accessible else super().focus_next(selector)

    def focus_previous(self, selector: Any = "*") -> Any:
        """To the part before, as `focus_next`."""
        return accessible.move(self, -1) if self.program.look.accessible else super().focus_previous(selector)

    # -- keys that mean the same everywhere

    def action_back(self) -> None:
        """One level back; never leaves the program."""
        for filters in self.query(FilterLine):
            if filters.finding:
                filters.post_message(FilterLine.Find("", left=True))
                return
        self.program.back()

    def action_refresh(self) -> None:
        """Read again."""
        self.run_worker(self._refresh(), group="refresh", exclusive=True, exit_on_error=False)

    async def _refresh(self) -> None:
        try:
            await self.desk.reopen()
        except CrmError as error:
            self.failed(error)
        self.reload("refresh")

    def action_view(self) -> None:
        """The next tab."""
        self.program.next_tab()

    async def action_menu(self) -> None:
        """Every verb for the record under the cursor."""
        from crmtui.screens.palette import Menu

        await self.program.push_screen(Menu(self))


class Sheet(ModalScreen[R], Base[R]):
    """What lies over a screen: right half (`-right`), in the middle (`-centre`), or at the bottom (`-bottom`)."""

    BINDINGS: ClassVar[list[Any]] = [
        own("sheet.back", "escape", "back", "", show=True),
        own("sheet.help", "f1", "app.help", "", show=False),
    ]
    PALETTE: ClassVar[bool] = False
    TYPES: ClassVar[bool] = True
    """Whether keys go to a field of it, and wait until one has the focus."""
    WHERE: ClassVar[str] = ""
    PURPOSE: ClassVar[tuple[str, ...]] = ()
    DEFAULT_CSS = """
    Sheet { align: center middle; background: $background 55%; layers: base note tiny; }
    Sheet.-right { align: right top; }
    Sheet.-bottom { align: center bottom; }
    Sheet > Pane { border: round $accent; border-title-color: $accent; }
    Sheet > Pane:focus-within { border: round $accent; }
    Sheet.-right > Pane { width: 50%; min-width: 60; height: 1fr; margin: 1 0 1 0; }
    Sheet.-centre > Pane { width: 92; max-width: 100%; height: 80%; }
    Sheet.-bottom > Pane { width: 1fr; height: auto; max-height: 60%; margin: 0 2 1 2; }
    Sheet.-narrow.-right > Pane { width: 100%; }
    Sheet.-ascii > Pane { border: ascii $accent; }
    """

    on_worker_state_changed = Place.on_worker_state_changed

    def compose(self) -> ComposeResult:
        """The sheet itself, the note and the keys."""
        self.take_size()
        yield from self.sheet()
        yield KeyBar()
        yield Note()
        yield TooSmall()

    @property
    def waits(self) -> bool:
        """Until a field has the focus, for half a second at most."""
        if self._opened_at is None:
            self._opened_at = monotonic()
        young = monotonic() - self._opened_at < PATIENCE
        return (self.TYPES and self.focused is None and young) or super().waits

    _opened_at: float | None = None

    def sheet(self) -> ComposeResult:
        """One pane."""
        raise NotImplementedError

    def action_back(self) -> None:
        """Away without an answer."""
        self.dismiss(None)


WHOSE = {"mine": N_("mine"), "team": N_("team"), "all": N_("all")}
