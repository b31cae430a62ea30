"""Everything that can be done, as entries of the palette, the menu and the help: title, key, command line, why not."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.actions import parse
from textual.binding import ActiveBinding

from crmtui.i18n import N_, gettext, in_every_language
from crmtui.screens import jobs, sections, themes
from crmtui.screens.glyphs import g
from crmtui.screens.keys import GRAMMAR, shown
from crmtui.screens.verbs import verbs_of
from crmtui.services.nouns import NOUNS

if TYPE_CHECKING:
    from crmtui.screens.app import Command, CrmApp

HERE, GO, COMMANDS, LOOK = N_("Here"), N_("Go to"), N_("Commands"), N_("Colours")
MOVES = frozenset(("up", "down", "left", "right", "page_up", "page_down", "home", "end", "next", "prev"))
_TWINS = {
    "new": "crm {noun} add",
    "open": "crm {noun} show {ref}",
    "find": "crm {noun} list --where",
    "filter": "crm {noun} list --where",
    "sort": "crm {noun} list --sort",
    "columns": "crm {noun} list --fields",
    "pin": "crm query save",
    "search": "crm search",
    "undo": "crm undo",
    "help": "crm help",
}


@dataclass(frozen=True)
class Entry:
    """Something that can be done. `name` stays the same in every language; `besides` are other words that find it.

    `group` is a marked text. `look` shows what it would be like, without doing it.
    """

    name: str
    title: str
    run: Callable[[], Any]
    key: str = ""
    command: str = ""
    why_not: str = ""
    group: str = HERE
    besides: tuple[str, ...] = ()
    look: Callable[[], Any] | None = None


@dataclass(frozen=True)
class Bound:
    """A key that works on a screen now: its name in the grammar, its label, the node that acts, and why it is off."""

    id: str
    name: str
    key: str
    label: str
    action: str
    node: Any
    shown: bool
    why_not: str


def bound(screen: Any) -> list[Bound]:
    """The keys of the grammar that `screen` answers to, those of the focused part first."""
    found: dict[tuple[str, int], Bound] = {}
    for key, active in _active(screen):
        binding = active.binding
        name = (binding.id or "").rpartition(".")[2]
        if name not in GRAMMAR or not binding.description:
            continue
        reason = ""
        if not active.enabled:
            asked = getattr(active.node, "why_not", None)
            reason = (asked(binding.action) if asked else None) or gettext(N_("Not possible just now."))
        made = Bound(
            str(binding.id),
            name,
            key,
            binding.description,
            binding.action,
            active.node,
            binding.show,
            reason,
        )
        found.setdefault((binding.action, id(active.node)), made)
    return sorted(found.values(), key=lambda one: (one.node is screen.app, not one.shown))


def _active(screen: Any) -> Iterator[tuple[str, ActiveBinding]]:
    """The keys in force, and those of the screen that only type while a field has the focus."""
    yield from screen.active_bindings.items()
    for key, binding in screen._bindings:
        state = screen.check_action(*_parsed(binding.action))
        if state is not False:
            yield key, ActiveBinding(screen, binding, bool(state), binding.tooltip)


def _parsed(action: str) -> tuple[str, tuple[object, ...]]:
    _, name, parameters = parse(action)
    return name, parameters


def ref_of(screen: Any) -> str:
    """The record that `screen` is about: the one it shows, or the one under the cursor; empty for none."""
    if getattr(screen, "ref", ""):
        return str(screen.ref)
    chosen = getattr(screen, "chosen", None) if getattr(screen, "is_mounted", False) else None
    return str(chosen[0]) if isinstance(chosen, list) and chosen else ""


def noun_of(screen: Any) -> str:
    """The kind of record that `screen` is about; empty for none."""
    noun = getattr(screen, "noun", "")
    return noun if noun in NOUNS else ""


def twin(screen: Any, name: str) -> str:
    """The command that does what the key `name` does on `screen`; empty where there is none."""
    noun, ref = noun_of(screen), ref_of(screen)
    if name == "refresh":
        return str(screen.command_line()) if hasattr(screen, "command_line") else ""
    line = _TWINS.get(name, "")
    if "{noun}" in line and not noun:
        return ""
    return line.format(noun=noun, ref=ref or "REF")


def here(app: "CrmApp", screen: Any) -> list[Entry]:
    """What can be done on `screen`: the verbs of its records with their keys, then its other keys."""
    actions = {verb.name: verb.action for verb in verbs_of(noun_of(screen))} if noun_of(screen) else {}
    keys = {one.action: one for one in bound(screen)}
    found, told = [], set()
    for verb in screen.verbs() if hasattr(screen, "verbs") else ():
        key = keys.get(actions.get(verb.name, ""))
        told.add(key.action if key else "")
        found.append(
            Entry(
                f"verb.{verb.name}",
                verb.title,
                verb.run,
                shown(key.key) if key else "",
                verb.command,
                verb.why_not,
            )
        )
    found += [_of_key(app, screen, one) for one in keys.values() if one.action not in told and _listed(one)]
    return found


def _listed(one: Bound) -> bool:
    return (
        one.name not in MOVES
        and not one.name.startswith("section_")
        and one.name not in ("back", "palette", "quit")
    )


def _of_key(app: "CrmApp", screen: Any, one: Bound) -> Entry:
    return Entry(
        one.id,
        gettext(one.label),
        lambda: app.run_action(one.action, one.node),
        shown(one.key),
        twin(screen, one.name),
        one.why_not,
        besides=in_every_language(one.label),
    )


def places(app: "CrmApp") -> Iterator[Entry]:
    """Every tab of every section that this person sees."""
    for section in app.sections:
        for at, tab in enumerate(app.tabs_of(section.number)):
            several = len(app.tabs_of(section.number)) > 1
            title = gettext(section.title)
            if several:
                title += f" {g('into')} {gettext(tab.title)}"
            yield Entry(
                f"go.{section.number}.{tab.name}",
                title,
                partial(app.go, section.number, tab.name),
                str(section.number) if at == 0 else "",
                _line_of(tab),
                group=GO,
                besides=(*in_every_language(section.title), *in_every_language(tab.title)),
            )


def _line_of(tab: sections.Tab) -> str:
    if tab.screen.startswith("forecast:"):
        return f"crm forecast --by {tab.name}"
    if tab.name == "import":
        return "crm import"
    if tab.name == "log":
        return "crm log"
    if tab.name == "funnel":
        return "crm opp list --by stage"
    return f"crm {tab.nouns[0]} list" if tab.nouns else ""


def commands(app: "CrmApp") -> Iterator[Entry]:
    """Every command of the command line; one that no screen does gives its line for pasting."""
    for command in app.commands:
        noun = command.noun or command.path.partition(" ")[0]
        run = jobs.job(app, command)
        line = f"crm {command.path}"
        yield Entry(
            line,
            _title(command, noun),
            run or partial(jobs.pasted, app, line + " "),
            "" if run else gettext(N_("copies")),
            line,
            _unseen(app, noun),
            COMMANDS,
            (line, *in_every_language(command.help)),
        )


def _title(command: "Command", noun: str) -> str:
    help = gettext(command.help)
    if noun not in NOUNS or command.path == noun:
        return help
    return gettext(N_("{noun}: {what}")).format(noun=gettext(NOUNS[noun].title), what=help)


def _unseen(app: "CrmApp", noun: str) -> str:
    if noun in NOUNS and noun not in app.allowed:
        return gettext(N_("Your role does not show you these records."))
    return ""


def colours(app: "CrmApp") -> Iterator[Entry]:
    """The themes, ours first; going through them shows each."""
    names = [theme.name for theme in themes.OURS]
    names += sorted(
        name for name in app.available_themes if name not in names and not (app.no_color and "ansi" in name)
    )
    following = names[(names.index(app.theme) + 1) % len(names)] if app.theme in names else names[0]
    yield _theme(app, N_("Theme: next"), following, "theme.next")
    for name in names:
        yield _theme(app, N_("Theme: {name}"), name, f"theme.{name}")


def _theme(app: "CrmApp", title: str, theme: str, name: str) -> Entry:
    def wear() -> None:
        app.theme = theme

    return Entry(
        name,
        gettext(title).format(name=theme),
        lambda: keep_theme(app, theme),
        command=f"crm config set theme {theme}",
        group=LOOK,
        besides=in_every_language(title),
        look=wear,
    )


async def keep_theme(app: "CrmApp", theme: str) -> None:
    """Put on `theme`, now and when the program is started again."""
    import asyncio

    from crmtui import config
    from crmtui.errors import CrmError
    from crmtui.screens.frame import told

    app.theme = theme
    try:
        path = config.load(app.desk.flags).path
        await asyncio.to_thread(config.write, path, "theme", theme)
    except CrmError as error:
        app.note(told(error), "warn")


def everything(app: "CrmApp", screen: Any) -> Sequence[Entry]:
    """What can be done on `screen`, then everything else."""
    return [*here(app, screen), *places(app), *commands(app), *colours(app)]
