"""Everything that can be done, as entries of the palette, the menu and the help: title, key, command line, why not."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from crmtui.i18n import N_, gettext, in_every_language
from crmtui.screens import jobs, sections, themes
from crmtui.screens.bound import Bound, bound, noun_of, twin
from crmtui.screens.glyphs import g
from crmtui.screens.keys import shown
from crmtui.screens.verbs import verbs_of
from crmtui.services.nouns import NOUNS

if TYPE_CHECKING:
    from crmtui.screens.app import Command, CrmApp

HERE, GO, COMMANDS, LOOK = N_("Here"), N_("Go to"), N_("Commands"), N_("Colours")
MOVES = frozenset(("up", "down", "left", "right", "page_up", "page_down", "home", "end", "next", "prev"))


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
    if noun not in NOUNS or command.path.removeprefix(f"{noun} ") not in NOUNS[noun].verbs:
        return help  # it names what it is about
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
