"""The palette: every command with its key and its command line; and the menu of what can be done with a record."""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from textual import on

from crmtui.i18n import N_, gettext
from crmtui.screens.choices import Cell, Choice, Choices
from crmtui.screens.entries import COMMANDS, GO, HERE, LOOK, Entry, everything, here
from crmtui.screens.fuzzy import SCATTERED, match
from crmtui.screens.glyphs import g
from crmtui.screens.keys import bind
from crmtui.screens.offering import Offering


class Commanding(Offering):
    """What palette and menu have in common: entries that are found by typing and run by Enter or a click."""

    WIDTHS = (0, 7, 36)

    def __init__(self, screen: Any) -> None:
        super().__init__()
        self.below = screen
        self.entries: list[Entry] = []

    def found(self, text: str) -> list[tuple[Entry, tuple[tuple[int, int], ...]]]:
        """The entries that fit `text`, best first, with the places that matched."""
        ranked = []
        for at, entry in enumerate(self.entries):
            fits = match(text, entry.title, (*entry.besides, entry.command))
            if fits is not None:
                ranked.append((fits.rank, self._lately(entry), at, entry, fits.spans))
        if text.strip():
            ranked.sort(key=lambda one: one[:3])
            if ranked and ranked[0][0] < SCATTERED:
                ranked = [one for one in ranked if one[0] < SCATTERED]
        else:
            ranked.sort(key=lambda one: one[2])
        return [(one[3], one[4]) for one in ranked]

    def _lately(self, entry: Entry) -> int:
        used = self.program.used
        return used.index(entry.name) if entry.name in used else len(used)

    def pick(self, choice: Choice) -> None:
        """Run the entry; one that is off says why."""
        entry = choice.data
        if not isinstance(entry, Entry):
            return
        if entry.why_not:
            self.program.note(f"{entry.title}: {entry.why_not}", "warn")
            return
        used = [entry.name, *(name for name in self.program.used if name != entry.name)]
        self.program.used = used[:50]
        self.leave_and(entry.run)

    def off(self, found: Iterable[tuple[Entry, Any]]) -> list[Choice]:
        """The entries that are off, under a heading, each with its reason."""
        lines = [
            Choice((Cell(entry.title), Cell(entry.key), Cell(entry.why_not)), entry, off=True)
            for entry, _ in found
            if entry.why_not
        ]
        return [heading(gettext(N_("Not now"))), *lines] if lines else []


def heading(text: str, data: Any = None, *, token: str = "primary") -> Choice:
    """A line that only names what follows."""
    return Choice((Cell(text, token),), data, heading=True)


def line(entry: Entry, spans: Sequence[tuple[int, int]] = ()) -> Choice:
    """An entry that is on: title, key, command line."""
    return Choice(
        (Cell(entry.title, spans=spans), Cell(entry.key, "accent"), Cell(entry.command, "muted")), entry
    )


class Palette(Commanding):
    """Everything that can be done on `screen`, then everything else."""

    WHERE = "palette"
    TITLE = N_("Commands")
    WAY_OUT = N_("key on the right, command line beside it")
    BINDINGS: ClassVar[list[Any]] = bind("palette", open=N_("Run"), back=N_("Back"))

    def __init__(self, screen: Any) -> None:
        super().__init__(screen)
        self._worn = ""

    def on_mount(self) -> None:
        """Ask for everything once."""
        self._worn = self.program.theme
        self.entries = list(everything(self.program, self.below))
        super().on_mount()

    def asked(self) -> str:
        """What one can type."""
        return gettext(N_("what to do, in any words"))

    def offer(self, text: str) -> None:
        """With nothing typed: what was used lately, what can be done here, and the rest; else what fits, best first."""
        found = self.found(text)
        on = [(entry, spans) for entry, spans in found if not entry.why_not]
        shown = (
            [line(entry, spans) for entry, spans in on] if text.strip() else self._grouped([e for e, _ in on])
        )
        self.choices.show([*shown, *self.off(found)] or [line(self._keys())])
        near = gettext(N_('No command like "{text}".')).format(text=text.strip())
        self.say_foot("" if found else near)

    def _keys(self) -> Entry:
        title = gettext(N_("Keys of this screen"))
        return Entry("app.help", title, self.program.action_help, "F1", "crm help")

    def _grouped(self, entries: Sequence[Entry]) -> list[Choice]:
        lately = sorted((one for one in entries if one.name in self.program.used), key=self._lately)[:5]
        shown: list[Choice] = []
        for title, members in (
            (N_("Lately"), lately),
            *(
                (group, [one for one in entries if one.group == group])
                for group in (HERE, GO, COMMANDS, LOOK)
            ),
        ):
            if members:
                shown += [heading(gettext(title)), *map(line, members)]
        return shown

    @on(Choices.Moved)
    def _try(self, event: Choices.Moved) -> None:
        """On a theme: show it; off it: as it was."""
        event.stop()
        entry = event.choice.data if event.choice else None
        if isinstance(entry, Entry) and entry.look is not None:
            entry.look()
        elif self._worn and self.program.theme != self._worn:
            self.program.theme = self._worn

    def pick(self, choice: Choice) -> None:
        """Run the entry; what a theme looked like stays only if it was chosen."""
        if isinstance(choice.data, Entry) and choice.data.look is not None:
            self._worn = ""
        super().pick(choice)

    def on_unmount(self) -> None:
        """Away without choosing a theme: as it was."""
        if self._worn and self.program.theme != self._worn:
            self.program.theme = self._worn


class Menu(Commanding):
    """Every verb for the record under the cursor of `place`, by arrows and Enter; letters narrow it."""

    WHERE = "menu"
    WAY_OUT = N_("letters narrow it")
    BINDINGS: ClassVar[list[Any]] = bind("menu", open=N_("Do it"), back=N_("Back"))
    DEFAULT_CSS = "Menu.-centre > Pane { height: auto; max-height: 80%; } Menu Choices { height: auto; max-height: 24; }"

    def on_mount(self) -> None:
        """The verbs of the record, then the screen's own keys."""
        every = here(self.program, self.below)
        self.entries = [entry for entry in every if not entry.name.startswith(("app.", "place.menu"))]
        super().on_mount()

    def title_text(self) -> str:
        """The record, or the screen."""
        from crmtui.screens.bound import ref_of

        ref, called = ref_of(self.below), getattr(self.below, "called", None)
        name = str(called()) if callable(called) else ""
        return f" {g('dot')} ".join(part for part in (name, ref) if part) or gettext(
            N_("What can be done here")
        )

    def asked(self) -> str:
        """What one can type."""
        return gettext(N_("narrow"))

    def offer(self, text: str) -> None:
        """What fits; what is off stands below with its reason."""
        found = self.found(text)
        self.choices.show(
            [*(line(entry, spans) for entry, spans in found if not entry.why_not), *self.off(found)]
        )
        self.say_foot(
            "" if found else gettext(N_('Nothing here is called "{text}".')).format(text=text.strip())
        )
