"""Help: what a screen is for, its keys by purpose, what the focused field takes, and where the longer text is."""

from dataclasses import replace
from typing import Any, ClassVar

from textual.widget import Widget

from crmtui import __version__
from crmtui.i18n import N_, gettext, in_every_language
from crmtui.screens.bound import Bound, bound
from crmtui.screens.choices import Cell, Choice
from crmtui.screens.fuzzy import SCATTERED, Match, match
from crmtui.screens.keys import bind, shown
from crmtui.screens.offering import Offering
from crmtui.screens.palette import heading
from crmtui.screens.verbs import verb_of
from crmtui.services.nouns import NOUNS

PURPOSES: dict[str, tuple[str, ...]] = {
    N_("Move"): (
        *("up", "down", "left", "right", "page_up", "page_down", "home", "end", "next", "prev"),
        *("unfold", "fold", "unfold_all", "jump"),
    ),
    N_("Look"): (
        "open",
        "back",
        "view",
        "panel",
        "zoom",
        "period",
        "period_back",
        "period_on",
        "whose",
        "refresh",
    ),
    N_("Find and narrow"): ("find", "filter", "sort", "columns", "search", "pin"),
    N_("Change"): (
        *("new", "edit", "remove", "agree", "refuse", "move_to", "tick", "log", "stage_back", "stage_on"),
        *("mark", "save", "undo", "redo"),
    ),
    N_("Everything else"): ("menu", "palette", "help", "copy", "quit"),
}
"""Keys by what they are for; digits, which lead to the sections, belong to looking."""

TAKES = {
    "money": N_("An amount: 2.4M, 240k, 1.2万, with a currency if it is another one: 500 USD."),
    "day": N_("A day: 2026-12-28, friday, next friday, tomorrow, +14d."),
    "percent": N_("A percentage: 45 or 45%."),
    "ref": N_("A record: a part of its name, pinyin, initials or its ref; ↓ shows what fits."),
    "refs": N_("Records, separated by commas; ↓ shows what fits."),
    "choice": N_("One of a list; ↓ shows it."),
    "state": N_("One of a list; ↓ shows it."),
    "flag": N_("yes or no."),
    "phone": N_("A phone number in any notation."),
    "email": N_("An e-mail address."),
}
"""What a field of a form takes, by its kind."""


class Help(Offering):
    """The keys of `screen`; typing narrows them, Enter presses one."""

    WHERE = "help"
    TITLE = N_("Help")
    WIDTHS = (16, 0)
    BINDINGS: ClassVar[list[Any]] = bind("help", open=N_("Press it"), back=N_("Back"))
    DEFAULT_CSS = "Help.-centre > Pane { height: 90%; }"

    def __init__(self, screen: Any) -> None:
        super().__init__()
        self.below = screen
        self.keys: list[Bound] = []

    def on_mount(self) -> None:
        """The keys as they are now."""
        sections = {f"section_{one.number}": gettext(one.title) for one in self.program.sections}
        self.keys = [
            replace(one, label=sections[one.name]) if one.name in sections else one
            for one in bound(self.below)
            if one.name in sections or not one.name.startswith("section_")
        ]
        super().on_mount()
        self.say_foot("\n".join(self._longer()))
        self.say_right(f"crm {__version__}")

    def asked(self) -> str:
        """What one can type."""
        return gettext(N_("a key, or what it does"))

    def offer(self, text: str) -> None:
        """What it is for, the field, then the keys by purpose."""
        lines: list[Choice] = []
        if not text.strip():
            lines += [
                heading(gettext(said), token="foreground") for said in getattr(self.below, "PURPOSE", ())
            ]
            takes = field_takes(self.below)
            if takes:
                lines.append(
                    heading(gettext(N_("This field takes: {what}")).format(what=takes), token="accent")
                )
        fitting = [(one, fits) for one in self.keys if (fits := self._fits(text, one)) is not None]
        best = min((fits.rank for _, fits in fitting), default=0)
        for purpose, names in PURPOSES.items():
            found = [
                (one, fits)
                for one, fits in sorted(fitting, key=lambda both: _place(both[0].name, names))
                if _purpose(one.name) == purpose and (fits.rank < SCATTERED or best >= SCATTERED)
            ]
            if found:
                lines += [heading(gettext(purpose)), *(self._line(one, fits) for one, fits in found)]
        self.choices.show(lines)
        if text.strip():
            self.choices.go_to(next((one for one, fits in fitting if fits.rank == best), None))

    def _fits(self, text: str, one: Bound) -> Match | None:
        if text.strip() and text.strip() in (*one.keys, *map(shown, one.keys)):
            return Match(0, ())
        return match(text, self._meaning(one), (*in_every_language(one.label), one.id))

    def _meaning(self, one: Bound) -> str:
        noun = getattr(self.below, "noun", "")
        verb = verb_of(noun, one.name) if noun in NOUNS else None
        return gettext(verb.title if verb is not None else one.label)

    def _line(self, one: Bound, fits: Match) -> Choice:
        meaning = self._meaning(one)
        if one.why_not:
            return Choice((Cell(_every_key(one)), Cell(_told(meaning, one.why_not))), one, off=True)
        return Choice((Cell(_every_key(one), "accent"), Cell(meaning, spans=fits.spans)), one)

    def _longer(self) -> list[str]:
        command = f"crm help {topic_of(self.program, self.below)}".rstrip()
        return [gettext(N_("More at the command line: {command}")).format(command=command)]

    def pick(self, choice: Choice) -> None:
        """Press the key; one that is off says why."""
        one = choice.data
        if not isinstance(one, Bound):
            return
        if one.why_not:
            self.program.note(_told(self._meaning(one), one.why_not), "warn")
            return
        self.leave_and(lambda: self.app.run_action(one.action, one.node))


def _every_key(one: Bound) -> str:
    return "  ".join(map(shown, one.keys))


def _purpose(name: str) -> str:
    if name.startswith("section_"):
        return "Look"
    return next((purpose for purpose, names in PURPOSES.items() if name in names), "Everything else")


def _place(name: str, names: tuple[str, ...]) -> int:
    return names.index(name) if name in names else len(names)


def topic_of(app: Any, screen: Any) -> str:
    """What `crm help` knows of the screen: the command that shows the same; empty where there is none."""
    line = screen.command_line() if hasattr(screen, "command_line") else ""
    words = line.split()[1:]
    known = {command.path for command in app.commands}
    for end in range(min(len(words), 3), 0, -1):
        if " ".join(words[:end]) in known:
            return " ".join(words[:end])
    return ""


def _told(meaning: str, why_not: str) -> str:
    return gettext(N_("{name}: {reason}")).format(name=meaning, reason=why_not)


def field_takes(screen: Any) -> str:
    """What the field in focus takes; empty where none has it, or nothing is known of it."""
    focused: Widget | None = screen.focused
    if focused is None:
        return ""
    row = next((one for one in focused.ancestors if hasattr(one, "field_name")), None)
    shape = getattr(screen, "shape", None) or getattr(screen, "_shape", None)
    if row is None or shape is None:
        return str(getattr(focused, "placeholder", ""))
    question = next((one for one in shape.questions if one.name == row.field_name), None)
    if question is None:
        return ""
    if question.kind in TAKES:
        return gettext(TAKES[question.kind])
    return gettext(N_("Text of up to {most} characters.")).format(most=question.max)
