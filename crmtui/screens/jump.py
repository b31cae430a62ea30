"""Jump: a letter on every section, tab, pane and field of the screen; one key goes there."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.geometry import Offset
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static

from crmtui.i18n import N_
from crmtui.screens.frame import KeyBar, Line, Pane, TopBar
from crmtui.screens.ink import ink
from crmtui.screens.keys import bind
from crmtui.screens.offering import done
from crmtui.text import width

_SECTION = re.compile(r"app\.section\(([1-9])\)")
LETTERS = "asdfghjklweruiopcvnmtybxzqASDFGHJKLWERUIOPCVNMTYBXZQ"
"""The nearest first. Digits are those of the sections."""


@dataclass(frozen=True)
class Target:
    """A place to go to, where its label stands, and what going there does. `key` is set where it has one of its own."""

    at: Offset
    go: Callable[[], Any]
    key: str = ""


def targets(screen: Any) -> list[Target]:
    """Everything of `screen` that one can jump to, from the top to the bottom."""
    found = [*_clickable(screen), *_focusable(screen)]
    taken: set[Offset] = set()
    once = []
    for target in sorted(found, key=lambda one: (one.at.y, one.at.x)):
        if target.at not in taken:
            taken.add(target.at)
            once.append(target)
    return once


def _clickable(screen: Any) -> Iterator[Target]:
    """The parts of the frame's lines that do something when clicked; keys in the last row have letters already."""
    for line in screen.query(Line):
        if isinstance(line, KeyBar) or not line.region or not line.display:
            continue
        seen = set()
        for span in line.spans:
            if span.action in seen:
                continue
            seen.add(span.action)
            section = _SECTION.fullmatch(span.action) if isinstance(line, TopBar) else None
            here = blank(line.text, span.start)
            # A digit is put over the digit; a letter into the blank before a word, or else over its beginning.
            shift = (
                int(here)
                if section
                else -int(not here and span.start > 0 and blank(line.text, span.start - 1))
            )
            yield Target(
                line.region.offset + Offset(span.start + shift, 0),
                partial(line.run_action, span.action),
                section[1] if section else "",
            )


def blank(text: str, cell: int) -> bool:
    """Whether `text` has a blank in that cell."""
    used = 0
    for letter in text:
        if used >= cell:
            return letter == " "
        used += width(letter)
    return False


def _focusable(screen: Any) -> Iterator[Target]:
    """Panes by what in them takes the focus first; where there is more in a pane, each by itself."""
    panes = set()
    for widget in screen.focus_chain:
        region = widget.region.intersection(screen.region)
        if not region:
            continue
        pane = next((one for one in widget.ancestors if isinstance(one, Pane)), None)
        if pane is not None and pane not in panes:
            panes.add(pane)
            if not _alone(pane, screen.focus_chain):
                yield _to(widget, region.offset)
            yield _to(widget, pane.region.offset + Offset(1, 0))
        else:
            yield _to(widget, region.offset)


def _alone(pane: Pane, chain: list[Widget]) -> bool:
    return sum(pane in widget.ancestors for widget in chain) < 2


def _to(widget: Widget, at: Offset) -> Target:
    return Target(at, lambda: widget.focus())


class Jump(ModalScreen[None]):
    """The screen below, dimmed, with a letter on everything that can be gone to."""

    OVERLAY: ClassVar[bool] = True
    WHERE: ClassVar[str] = "jump"
    PURPOSE = (
        N_("Press the letter of where you want to go."),
        N_("Esc leaves everything as it was."),
    )
    BINDINGS: ClassVar[list[Any]] = bind("jump", back=N_("Back"))
    DEFAULT_CSS = """
    Jump > Static { position: absolute; width: auto; height: 1; }
    """

    def __init__(self, screen: Any) -> None:
        super().__init__()
        self.below = screen
        self.goals: dict[str, Target] = {}

    def compose(self) -> ComposeResult:
        """A label on each target."""
        letters = iter(LETTERS)
        style = ink(self.app).style("background", bold=True, on="accent")
        for target in targets(self.below):
            key = target.key or next(letters, "")
            if not key:
                return
            self.goals[key] = target
            label = Static(Text(key, style=style), markup=False)
            label.styles.offset = target.at
            yield label

    def on_key(self, event: events.Key) -> None:
        """Go to the target of this letter; other keys do nothing."""
        target = self.goals.get(event.character or "")
        if target is not None:
            event.stop()
            event.prevent_default()
            self._go(target)

    def on_click(self, event: events.Click) -> None:
        """A click on a label goes there, elsewhere it leaves."""
        goals = [one for one in self.goals.values() if one.at == event.screen_offset]
        if goals:
            self._go(goals[0])
        else:
            self.action_back()

    def _go(self, target: Target) -> None:
        below = self.below
        self.dismiss(None)
        below.run_worker(done(target.go), exit_on_error=False, group="chosen")

    def action_back(self) -> None:
        """Away, everything as it was."""
        self.dismiss(None)
