"""What a command of the command line is on the screens: where its list, form or figures are; else its line to paste."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from crmtui.i18n import N_, gettext
from crmtui.screens import sections
from crmtui.screens.verbs import RecordVerb, verbs_of
from crmtui.services.nouns import NOUNS

if TYPE_CHECKING:
    from crmtui.screens.app import Command, CrmApp

Run = Callable[[], Any]

_TABS = {
    "forecast": (5, ""),
    "forecast drill": (5, ""),
    "forecast gap": (5, ""),
    "quota tree": (9, "quota"),
    "quota attain": (9, "quota"),
    "dept tree": (9, "dept"),
    "territory tree": (9, "territory"),
    "role rights": (9, "role"),
    "role grant": (9, "role"),
    "role revoke": (9, "role"),
    "stage": (9, "process"),
    "stage list": (9, "process"),
    "log": (9, "log"),
    "import": (2, "import"),
    "lead import": (2, "import"),
}
_ACTIONS = {"search": "search", "open": "search", "undo": "undo", "help": "help"}
_ALIKE = {"opp team": "show", "opp team list": "show", "account org": "show", "opp team add": "team"}
_FORMS = ("add", "set")


def job(app: "CrmApp", command: "Command") -> Run | None:
    """What runs `command` on the screens; None where it has no place there."""
    path, noun = command.path, command.path.partition(" ")[0]
    verb = _ALIKE.get(path, path.partition(" ")[2])
    if path in _TABS:
        return lambda: app.go(*_TABS[path])
    if path in _ACTIONS:
        return lambda: app.run_action(_ACTIONS[path])
    if noun not in NOUNS:
        return None
    if verb in ("", "list"):
        return lambda: listed(app, noun)
    if verb in _FORMS:
        return lambda: entered(app, noun)
    if verb == "show":
        return lambda: shown(app, noun)
    if path == "opp close":
        return lambda: shown(app, noun, menu=True)
    found = next((one for one in verbs_of(noun) if one.name == verb), None)
    return (lambda: done(app, noun, found)) if found is not None else None


async def listed(app: "CrmApp", noun: str) -> None:
    """The tab of `noun`, or its list over the present screen."""
    if sections.home(noun) is not None:
        await app.open_home(noun)
    else:
        await app.open_list(noun)


async def entered(app: "CrmApp", noun: str, **given: str) -> None:
    """The form of a new record."""
    from crmtui.screens.forms import FormSheet

    await app.push_screen(FormSheet(noun, given=given))


async def _picked(app: "CrmApp", noun: str) -> str:
    from crmtui.screens.picker import Picker

    found = await app.push_screen_wait_safe(Picker(noun))
    return found.ref if found is not None else ""


async def shown(app: "CrmApp", noun: str, *, menu: bool = False) -> None:
    """Ask for a record, then show its page, with the menu of what can be done if so asked."""
    ref = await _picked(app, noun)
    if ref:
        await app.open_record(ref)
        if menu:
            await app.run_action("menu", app.screen)


async def done(app: "CrmApp", noun: str, verb: RecordVerb) -> None:
    """Ask for a record, then do `verb` with it."""
    screen = app.screen
    ref = await _picked(app, noun)
    if ref:
        await verb.run(screen, noun, [ref])


def pasted(app: "CrmApp", line: str) -> None:
    """Give `line` to the clipboard, to be finished at the command line."""
    app.copy_to_clipboard(line)
    app.note(gettext(N_("Copied, to paste at the command line: {line}")).format(line=line))
