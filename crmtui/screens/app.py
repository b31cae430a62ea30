"""The screen program: settings, theme and keys, the nine sections, changing and taking back, and what others change."""

import asyncio
import gc
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from textual import events
from textual.app import App, ReturnType
from textual.filter import Monochrome
from textual.message_pump import MessagePump
from textual.screen import Screen
from textual.scrollbar import ScrollBar, ScrollBarRender
from textual.widgets import Input
from textual.worker import WorkerFailed

from crmtui.errors import CrmError, Forbidden
from crmtui.i18n import N_, gettext
from crmtui.screens import accessible, themes
from crmtui.screens.desk import Desk
from crmtui.screens.frame import KeyBar, Note, TooSmall, told
from crmtui.screens.glyphs import g, glyphs
from crmtui.screens.keys import bind, shown
from crmtui.screens.look import Look
from crmtui.screens.memory import Memory
from crmtui.screens.place import PATIENCE, Place
from crmtui.screens.scrolling import Blocks
from crmtui.screens.sections import SECTIONS, Section, Tab, home, page_class, place_class

if TYPE_CHECKING:
    from crmtui.services.context import Context

T = TypeVar("T")


@dataclass(frozen=True)
class Command:
    """A command of the command line, for the palette: its words after `crm`, its help, and the record kind it is of."""

    path: str
    help: str
    noun: str = ""


class Ground(Screen[None]):
    """What lies below the screens of a section."""

    @property
    def waits(self) -> bool:
        """Whether keys are to wait: nobody knows yet who is there."""
        return bool(getattr(self.app, "me", True) is None)


class CrmApp(App[int]):
    """The program. `flags` are configuration keys from the command line, as for a command; `start` a ref to open at."""

    TITLE = "crm"
    CSS_PATH = Path(__file__).with_name("crm.tcss")
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-narrow"),
        (100, "-normal"),
        (120, "-wide"),
        (160, "-xwide"),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[Any]] = bind(
        "app",
        whose=N_("Whose"),
        period=N_("Period"),
        search=N_("Search"),
        jump=N_("Jump"),
        undo=N_("Undo"),
        help=N_("Help"),
        hidden=(
            "redo",
            "palette",
            "quit",
            "period_back",
            "period_on",
            *(f"section_{n}" for n in range(1, 10)),
        ),
        priority=("search", "palette", "jump", "quit"),
    )
    POLL_SECONDS: ClassVar[float] = 1.0

    def __init__(
        self,
        desk: Desk,
        *,
        look: Look | None = None,
        commands: Callable[[], Sequence[Command]] = tuple,
        start: str = "",
        memory: Memory | None = None,
    ) -> None:
        self.look = look or Look()
        self.memory = memory or Memory()
        glyphs.ascii = self.look.ascii
        ScrollBar.renderer = Blocks if glyphs.ascii else ScrollBarRender
        super().__init__()
        self._filters = [themes.Grey() if isinstance(one, Monochrome) else one for one in self._filters]
        self.desk, self.start = desk, start
        self._commands = commands
        self.whose, self.period, self.period_name = "mine", "this quarter", ""
        self.who = self.login = self.dept_path = self.role = ""
        self.dept = ""
        self.section = 1
        self.sections: list[Section] = list(SECTIONS)
        self.badges: dict[int, int] = {}
        self.offline = ""
        self.running = ""
        """What goes on in the background, for the top bar."""
        self.mark = 0
        self._held: deque[events.Key] = deque()
        self._releasing = False
        self._pressed, self._pressed_at = 0, 0.0
        self.recent: list[str] = []
        """Refs opened lately, newest first."""
        self.used: list[str] = []
        """Names of palette entries run lately, newest first."""
        self._places: dict[tuple[int, str], Place] = {}
        self._tab: dict[int, str] = {}
        for theme in themes.OURS:
            self.register_theme(theme)

    # -- beginning

    def get_css_variables(self) -> dict[str, str]:
        """The theme's variables, with our own tokens for themes that have none."""
        variables = super().get_css_variables()
        if self.theme not in themes.NAMES:
            variables = themes.with_ours(variables)
            self.theme_variables = variables
        return variables

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our own tokens must have a value under every theme."""
        return {"muted": "#888888", "faint": "#888888"}

    def on_mount(self) -> None:
        """Put on the theme and the keys, then show the first screen and find out who is there."""
        wanted = themes.first(self.console.color_system, self.no_color, self.look.theme)
        keys, wrong_keys = self.look.keymap()
        wrong_theme = self.look.wrong_theme(self.available_themes)
        self.complaints = [*self.look.complaints, *wrong_theme, *wrong_keys]
        self.theme = themes.first(self.console.color_system, self.no_color, "") if wrong_theme else wanted
        if not self.look.animations:
            self.animation_level = "none"
        self.theme_changed_signal.subscribe(self, lambda _: self._recolour())
        self.set_keymap(keys)
        self.set_class(glyphs.ascii, "-ascii")
        self.set_class(self.look.accessible, "-accessible")
        for section in SECTIONS:
            self.add_mode(str(section.number), Ground)
        self.run_worker(self._begin(), group="begin")

    complaints: Sequence[str] = ()
    """What is wrong with the settings of the look."""

    @property
    def fault(self) -> BaseException | None:
        """The fault of the program that ended it."""
        error = self._exception
        return error.error if isinstance(error, WorkerFailed) else error

    def _fatal_error(self) -> None:
        """End without a traceback on the terminal: who runs the program tells the fault, and logs it."""
        self._close_messages_no_wait()

    def _place(self, section: Section, tab: Tab) -> Place:
        found = self._places.get((section.number, tab.name))
        if found is None:
            found = place_class(tab)(tab)
            self._places[(section.number, tab.name)] = found
            self.install_screen(found, f"{section.number}.{tab.name}")
        return found

    async def _begin(self) -> None:
        try:
            me = await self.desk.read(_me)
        except CrmError as error:
            self.refused = error
            self.exit(1)
            return
        self.take(me)
        self.mark = me.mark
        await self._period_of_the_last_time()
        await self._go_where_it_was()
        if self.start:
            await self.open_record(self.start)
        self._greet()
        if not self.is_headless:
            gc.freeze()  # what is loaded by now stays: garbage is looked for, soon and quickly, among what comes
            gc.set_threshold(10_000, 10, 10)
        self.set_interval(self.POLL_SECONDS, self.look_for_changes)

    async def _period_of_the_last_time(self) -> None:
        """The period that was chosen; what is none any more is forgotten."""
        kept = self.memory.get("period", "")
        if kept:
            with suppress(CrmError):
                self.period, self.period_name = await self.desk.read(lambda ctx: _period_name(ctx, kept))

    async def _go_where_it_was(self) -> None:
        """To the section and tab of the last time, as far as they are there and may be seen."""
        tabs = [(section.number, tab.name) for section in SECTIONS for tab in self.tabs_of(section.number)]
        last = tuple(self.memory.get("place", [1, ""]))
        await self.go(*(last if last in tabs else (1, "")))

    def _greet(self) -> None:
        """What is wrong with the settings; the very first time three keys that lead on."""
        if self.complaints:
            count = len(self.complaints)
            which = gettext(N_("(1 of {count})")).format(count=count) + " " if count > 1 else ""
            self.note(which + self.complaints[0], "warn", seconds=Note.SECONDS * 2)
        elif self.memory.lasts and not self.memory.get("met", False):
            keys = shown("question_mark"), shown("ctrl+o"), shown("ctrl+p")
            self.note(
                gettext(N_("{help} help   {search} search everything   {palette} all commands")).format(
                    help=keys[0], search=keys[1], palette=keys[2]
                ),
                seconds=Note.SECONDS * 3,
            )
            self.memory.put("met", True)

    refused: CrmError | None = None
    """Why the program could not begin."""

    def take(self, me: "Me") -> None:
        """Who is there, what they may see, and where they stand."""
        self.me = me
        self.who, self.login, self.role = me.who, me.login, me.role
        self.dept, self.dept_path, self.period_name = me.dept, me.dept_path, me.period_name
        kept = self.memory.get("whose", "")
        self.whose = kept if kept in _WHOSE else me.whose
        self.allowed = me.listed
        self.sections = [section for section in SECTIONS if self.tabs_of(section.number)]

    @cached_property
    def commands(self) -> Sequence[Command]:
        """Every command of the command line: nobody needs them before the palette or the help."""
        return self._commands()

    me: "Me | None" = None
    """Who is there, once that is known."""
    allowed: frozenset[str] = frozenset()
    """The nouns that the person may list."""

    async def on_event(self, event: events.Event) -> None:
        """One key after the other: those that come while the one before still opens something, or moves the focus, wait."""
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
            return
        self._held.append(event)
        if len(self._held) > 1 or self._waits(event):
            if not self._releasing:
                self._releasing = True
                self.run_worker(self._release(), group="keys", exit_on_error=False)
            return
        self._held.popleft()
        await self._press(event)

    async def _press(self, event: events.Key) -> None:
        """Give the key to whom it is for; until it is dealt with, others wait."""
        focused = self.focused
        typed = event.is_printable and isinstance(focused, Input)
        await super().on_event(event)
        if not typed and self.screen_stack:
            way: list[MessagePump] = [*(focused.ancestors_with_self if focused else [self.screen]), self]
            self._pressed, self._pressed_at = self._pressed + 1, monotonic()
            self._chase([*way, *way], self._pressed)

    def _chase(self, way: "list[MessagePump]", number: int) -> None:
        """Go behind a key through the queues that it goes through itself; at their end it is dealt with."""
        if way and way[0].is_running:
            way[0].call_later(self._chase, way[1:], number)
        elif number == self._pressed:
            self._pressed_at = 0.0

    def _waits(self, event: events.Key) -> bool:
        if event.key in _AT_ONCE or not self.screen_stack:
            return False
        dealing = self._pressed_at and monotonic() - self._pressed_at < PATIENCE
        if dealing or getattr(self.screen, "waits", False):
            return True
        return getattr(self.screen, "unread", False) and event.key not in self._bindings.key_to_bindings

    async def _release(self) -> None:
        try:
            while self._held:
                while self._waits(self._held[0]):
                    await asyncio.sleep(0.002)
                await self._press(self._held[0])
                self._held.popleft()
        finally:
            self._releasing = False

    def may(self, noun: str, verb: str) -> bool:
        """Whether the person's role lets them do `verb` on any record of `noun` at all."""
        return self.me is None or f"{noun}.{verb}" in self.me.may

    # -- where one is

    @property
    def state(self) -> tuple[str, str, int]:
        """What every reading depends on: whose, which period, and the store's mark."""
        return self.whose, self.period, self.mark

    def tabs_of(self, number: int) -> list[Tab]:
        """The tabs of a section that this person may see."""
        return [
            tab
            for tab in SECTIONS[number - 1].tabs
            if not tab.nouns or self.allowed.issuperset(tab.nouns[:1])
        ]

    async def go(self, number: int, tab: str = "") -> None:
        """To a section; the same one again: its next tab. Pages that lie over it stay where they are."""
        tabs = self.tabs_of(number)
        if not tabs:
            self.note(gettext(N_("There is nothing here yet.")), "warn")
            return
        names = [one.name for one in tabs]
        now = self._tab.get(number, "")
        same = number == self.section and self.current_mode == str(number)
        if not tab:
            tab = names[(names.index(now) + 1) % len(names)] if same and now in names else now or names[0]
        if tab not in names:
            self.note(gettext(N_("You do not see that.")), "warn")
            return
        if same and now == tab:
            return
        self.section, self._tab[number] = number, tab
        self.memory.put("place", [number, tab])
        if self.current_mode != str(number):
            await self.switch_mode(str(number))
        wanted = self._place(SECTIONS[number - 1], tabs[names.index(tab)])
        if wanted not in self.screen_stack:
            while len(self.screen_stack) > 1:
                await self.pop_screen()
            await self.push_screen(wanted)

    @property
    def _background_screens(self) -> list[Screen[Any]]:
        """The screens that shine through: none below one that covers all. Textual counts the one below it as well, and
        paints everything again whenever something changes there."""
        return [] if self.screen.styles.background.a == 1 else super()._background_screens

    def next_tab(self) -> None:
        """The next tab of the section."""
        self.run_worker(self.go(self.section), exit_on_error=False)

    def back(self) -> None:
        """One level back; at the lowest nothing happens."""
        if len(self.screen_stack) > 2:
            self.pop_screen()

    def arrived(self, place: Place) -> None:
        """A screen came to the front."""
        self.section = place.SECTION if not place.PAGE else self.section
        place.set_class(glyphs.ascii, "-ascii")
        place.set_class(self.look.accessible, "-accessible")

    async def open_record(self, ref: str, neighbours: Any = None) -> None:
        """The page of the record that `ref` names, over the present screen; `neighbours` is the list it stands in."""
        noun = noun_of(ref)
        if noun is None:
            self.note(gettext(N_("{ref} does not tell what kind of record it is.")).format(ref=ref), "warn")
            return
        self.recent = [ref, *(one for one in self.recent if one != ref)][:20]
        await self.push_screen(page_class(noun)(noun, ref, neighbours=neighbours))

    async def open_list(self, noun: str, where: str = "", title: str = "") -> None:
        """The list of `noun` with the condition `where` as its chips, over the present screen."""
        from crmtui.screens.records import RecordList

        await self.push_screen(RecordList.over(noun, where, title))

    async def new_record(self, noun: str, given: Mapping[str, str] | None = None) -> None:
        """The form of a new record; who works on their own records enters them for themselves."""
        from crmtui.screens.forms import FormSheet

        mine = {"owner": self.login} if noun in _OWNED and self.whose == "mine" else {}
        await self.push_screen(FormSheet(noun, given={**mine, **(given or {})}))

    async def open_home(self, noun: str) -> None:
        """The tab where `noun` lives."""
        place = home(noun)
        if place is not None:
            await self.go(*place)

    @property
    def today(self) -> date:
        """This day, where the company counts its days."""
        return self.me.today if self.me is not None else date.today()  # noqa: DTZ011

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whose and when only where it makes a difference."""
        screen = self.screen if self.screen_stack else None
        if isinstance(screen, Place):
            if action == "whose":
                return screen.WHOSE
            if action in ("period", "period_back", "period_on"):
                return screen.PERIOD
        return True

    # -- telling

    def announce(self, rows: Any) -> None:
        """The list `rows` stands on another row: say so where a screen reader follows the last line."""
        if self.look.accessible:
            accessible.say(self.screen, accessible.where(rows))

    def note(self, text: str, kind: str = "info", seconds: float = Note.SECONDS) -> None:
        """One line at the bottom right."""
        for note in self.screen.query(Note):
            note.tell(text, kind, seconds)

    def broken(self, error: BaseException) -> None:
        """A fault of the program: one sentence, and the traceback in the log."""
        from crmtui.screens.faults import written

        self.note(written(error), "error")

    # -- changing

    async def change(
        self,
        work: "Callable[[Context], T]",
        said: str | Callable[[T], str],
        *,
        quietly: bool = False,
        back: bool = False,
    ) -> T | None:
        """Change the store; say what was done and how to take it back, or why it was refused (then None comes back).

        With `back` the change takes back another one: what it says is how to do that again.
        """
        try:
            done = await self.desk.change(work)
        except CrmError as error:
            if quietly:
                raise
            self.note(told(error), "error")
            return None
        self.tell_done(said(done.value) if callable(said) else said, done.tx, done.notes, back=back)
        await self.look_for_changes()
        return done.value

    def tell_done(self, said: str, tx: str | None, notes: Sequence[str] = (), *, back: bool = False) -> None:
        """What was done, what was remarked, and the key that takes it back, or does it again."""
        remarks = "".join(f"  {remark}" for remark in notes)
        key, word = ("ctrl+r", gettext(N_("redo"))) if back else ("u", gettext(N_("undo")))
        undo = f"   {shown(key)} {word}" if tx else ""
        self.note(f"{said}{remarks}{undo}")

    async def action_undo(self) -> None:
        """Take back the newest change of today that is one's own."""
        from crmtui.services.undoing import back

        await self.change(back, lambda said: said, back=True)

    async def action_redo(self) -> None:
        """Do again what was taken back last."""
        from crmtui.services.undoing import forth

        await self.change(forth, lambda said: said)

    # -- what others change

    async def look_for_changes(self) -> None:
        """Read anew what is shown when the store changed; note when it cannot be reached."""
        from crmtui.services import watch

        mark, own = self.mark, frozenset(self.desk.own)
        try:
            seen = await self.desk.read_behind(lambda ctx: watch.since(ctx, mark, own))
        except CrmError as error:
            ended = isinstance(error, Forbidden)
            if ended and not self.offline:
                self.note(told(error), "error")
            await self._off(N_("{time}, your login ended") if ended else N_("{time}, offline"))
            return
        await self._off("")
        if seen.mark > self.mark:
            self.mark = seen.mark
            self.touched = seen
            if seen.many or any(ref.startswith(_RIGHTS) for ref in seen.refs):
                await self._who_again()
            else:
                await self.desk.forget()
            screen = self.screen
            for shown_one in reversed(self.screen_stack):
                if isinstance(shown_one, Place):
                    shown_one.reload("store")
                    break
            if not isinstance(screen, Place) and hasattr(screen, "store_changed"):
                screen.store_changed(seen)

    async def _off(self, why: str) -> None:
        """The store can be reached, or cannot for the reason `why`: what is shown stays, dimmed."""
        if bool(self.offline) != bool(why):
            self.offline = gettext(why).format(time=self._now()) if why else ""
            self.set_class(bool(why), "-offline")
            self._redraw()
            if not why:  # what was opened before may hang on a connection that is gone
                await self.desk.reopen()
                self._ask_again("store")

    async def _who_again(self) -> None:
        """People or rights changed, perhaps one's own: find out anew who is there and what they may see."""
        await self.desk.reopen()
        period = self.period_name
        try:
            self.take(await self.desk.read(_me))
        except CrmError as error:
            self.note(told(error), "error")
        else:
            self.period_name = period
            self._redraw()

    touched: Any = None
    """The records that changed last, as `services.watch.Seen`."""

    @staticmethod
    def _now() -> str:
        from datetime import datetime

        return datetime.now().astimezone().strftime("%H:%M")

    # -- keys that mean the same everywhere

    async def action_section(self, number: int | str) -> None:
        """A section, by its digit."""
        await self.go(int(number))

    async def action_tab(self, name: str) -> None:
        """A tab of this section, by a click in the crumb."""
        await self.go(self.section, name)

    def action_whose(self, whose: str = "") -> None:
        """Mine, team or all; without a word the next of them."""
        self.whose = whose or _WHOSE[(_WHOSE.index(self.whose) + 1) % 3]
        self.memory.put("whose", self.whose)
        self._ask_again("whose")

    def whose_condition(self, noun: str) -> str:
        """The condition that `whose` puts on the records of `noun`."""
        if noun not in _OWNED or self.whose == "all":
            return ""
        if self.whose == "mine" or not self.dept:
            return f"owner={self.login}"
        return f"owner.dept under {self.dept}"

    def action_period(self) -> None:
        """Choose the period; in the background, so that keys go to the question."""
        self.run_worker(self._ask_period(), group="ask", exit_on_error=False)

    async def _ask_period(self) -> None:
        from crmtui.screens.ask import choose_period

        found = await self.push_screen_wait_safe(choose_period(self))
        if found:
            await self.set_period(found)

    async def push_screen_wait_safe(self, screen: Screen[ReturnType]) -> ReturnType | None:
        """Show `screen` and wait for its answer, wherever this is called from."""
        answer: asyncio.Future[ReturnType | None] = asyncio.get_running_loop().create_future()
        await self.push_screen(screen, lambda value: None if answer.done() else answer.set_result(value))
        return await answer

    async def set_period(self, period: str) -> None:
        """Show figures of `period` from now on."""
        try:
            name, now = await self.desk.read(
                lambda ctx: (_period_name(ctx, period), _period_name(ctx, "this quarter"))
            )
        except CrmError as error:
            self.note(told(error), "error")
            return
        self.period, self.period_name = name
        self.memory.put("period", "" if name == now else name[0])
        self._ask_again("period")

    async def action_period_back(self) -> None:
        """The period before."""
        await self._shift_period(-1)

    async def action_period_on(self) -> None:
        """The period after."""
        await self._shift_period(1)

    async def _shift_period(self, by: int) -> None:
        from crmtui.screens.periods import shifted

        period = self.period
        try:
            await self.set_period(await self.desk.read(lambda ctx: shifted(ctx, period, by)))
        except CrmError as error:
            self.note(told(error), "error")

    def _ask_again(self, reason: str) -> None:
        screen = self.screen
        if isinstance(screen, Place):
            screen.reload(reason)
            screen.redraw_frame()

    async def lay_over(self, kind: type[Screen[Any]], make: Callable[[Screen[Any]], Screen[Any]]) -> None:
        """Lay an overlay over the screen. One that is there goes away first; if it was of this kind, that is all."""
        top = self.screen
        if getattr(top, "OVERLAY", False):
            await self.pop_screen()
        if not isinstance(top, kind):
            await self.push_screen(make(self.screen))

    async def action_palette(self) -> None:
        """Every command, with its key and its command line."""
        from crmtui.screens.palette import Palette

        await self.lay_over(Palette, lambda below: Palette(below))

    async def action_search(self) -> None:
        """Search everything."""
        from crmtui.screens.searching import Searching

        await self.lay_over(Searching, lambda below: Searching())

    async def action_jump(self) -> None:
        """A letter on every pane and field; one key goes there."""
        from crmtui.screens.jump import Jump

        await self.lay_over(Jump, lambda below: Jump(below))

    async def action_help(self) -> None:
        """What this screen is for, and its keys."""
        from crmtui.screens.help import Help

        await self.lay_over(Help, lambda below: Help(below))

    async def action_quit(self) -> None:
        """Leave; drafts are kept."""
        for screen in self.screen_stack:
            keep = getattr(screen, "keep_draft", None)
            if keep is not None:
                keep()
        self.exit(0)

    # -- sizes and colours

    def on_resize(self, event: Any) -> None:
        """Too small a terminal gets one line and nothing else."""
        least = TooSmall.LEAST
        self.set_class(event.size.width < least[0] or event.size.height < least[1], "-tiny")

    def _recolour(self) -> None:
        for screen in self.screen_stack:
            for widget in screen.walk_children():
                redraw = getattr(widget, "recolour", None)
                if redraw is not None:
                    redraw()

    def _redraw(self) -> None:
        """The lines of the frame, also under and of a sheet."""
        for screen in reversed(self.screen_stack):
            for keys in screen.query(KeyBar):
                keys.refresh()
            if isinstance(screen, Place):
                screen.redraw_frame()
                return

    def copy_to_clipboard(self, text: str) -> None:
        """Copy by the terminal, and by the system's own tool where there is one; say which."""
        from crmtui.screens.copying import copied

        super().copy_to_clipboard(text)
        self.note(copied(text))

    def on_unmount(self) -> None:
        """Let go of the store."""
        self.desk.close()


_WHOSE = ("mine", "team", "all")
_RIGHTS = ("U-", "RO-", "D-")
"""How the refs of people, roles and departments begin: what one may see hangs on them."""
_AT_ONCE = frozenset(("escape", "ctrl+q"))
"""Keys that wait for nothing."""
_OWNED = frozenset(("lead", "account", "contact", "opp"))


@dataclass(frozen=True)
class Me:
    """Who is there: name, login, role, department (name and path), what they may, and where they begin.

    `listed` are the nouns whose lists they see; `may` are rights such as `opp.advance`, of whatever reach.
    """

    who: str
    login: str
    role: str
    dept: str
    dept_path: str
    whose: str
    period_name: str
    listed: frozenset[str]
    may: frozenset[str]
    mark: int
    today: date


def _me(ctx: "Context") -> Me:
    from crmtui.screens.periods import named
    from crmtui.services import access, records, watch
    from crmtui.services.nouns import NOUNS

    user = records.show(ctx, "user", f"U-{ctx.actor.id}")
    dept = user.get("dept")
    path = _path(ctx, dept) if dept else ""
    return Me(
        who=str(user["name"]),
        login=str(user["login"]),
        role=ctx.actor.role,
        dept=dept.ref if dept else "",
        dept_path=path,
        whose="mine" if ctx.actor.scope("opp", "list") in ("own", "team") else "team" if dept else "all",
        period_name=named(ctx, "this quarter"),
        listed=frozenset(noun for noun in NOUNS if ctx.actor.scope(noun, "list") != "none"),
        may=frozenset(
            f"{noun}.{verb}"
            for noun in NOUNS
            for verb in access.verbs_of(noun)
            if ctx.actor.scope(noun, verb) != "none"
        ),
        mark=watch.mark(ctx),
        today=ctx.clock.today(),
    )


def _path(ctx: "Context", dept: Any) -> str:
    from crmtui.services import records

    names: list[str] = []
    while dept is not None and len(names) < 20:
        row = records.show(ctx, "dept", dept.ref)
        names.append(str(row["name"]))
        dept = row.get("parent")
    return f" {g('into')} ".join(reversed(names[:-1] or names))


def _period_name(ctx: "Context", period: str) -> tuple[str, str]:
    from crmtui.screens import periods

    return periods.read(ctx, period).label, periods.named(ctx, period)


def noun_of(ref: str) -> str | None:
    from crmtui.services.nouns import NOUNS

    letter, dash, _number = ref.partition("-")
    return next((noun.name for noun in NOUNS.values() if dash and noun.prefix == letter.upper()), None)
