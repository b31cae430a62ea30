"""The screens, opened. A bare `crm` comes here straight: the command line, which it has no use for, is not loaded."""

import os
from typing import TYPE_CHECKING

from crmtui.commands.outset import from_environment, tell
from crmtui.errors import Invalid
from crmtui.i18n import N_

if TYPE_CHECKING:
    from crmtui.config import Config
    from crmtui.screens.app import Command


def bare() -> int | None:
    """Open the screens as the settings and the environment say; the exit code, or None where nobody is at a terminal.

    Raises as `show`.
    """
    from crmtui import config
    from crmtui.screens import terminal

    if from_environment("no_input", flag=True) or not terminal.present():
        return None
    login, now = from_environment("login"), from_environment("now")
    return show(config.load({}), {}, login, now, quiet=from_environment("quiet", flag=True))


def show(
    config: "Config",
    flags: dict[str, object],
    login: str | None,
    now: str | None,
    *,
    quiet: bool,
    start: str = "",
) -> int:
    """Show the screens until the person leaves them, at the record `start`; the exit code.

    Raises NotReady where the terminal cannot draw, and what a store raises that cannot be opened.
    """
    from crmtui.screens import look, memory, terminal

    if from_environment("dry_run", flag=True):
        raise no_use("CRM_DRY_RUN")
    terminal.check()
    if config["color"] == "never":
        os.environ["NO_COLOR"] = "1"
    seen = look.look(config)
    from crmtui.screens.app import CrmApp
    from crmtui.screens.desk import Desk

    app = CrmApp(Desk(flags, login, now), look=seen, commands=_commands, start=start, memory=memory.own())
    code = terminal.run(app)
    for complaint in () if quiet else app.complaints:
        tell(f"crm: {complaint}")
    return code


def no_use(option: str) -> Invalid:
    """The sentence for an option that means something only where a command prints."""
    return Invalid("usage.not_here", N_("The screens have no use for {option}."), option=option)


def _commands() -> "list[Command]":
    from crmtui.commands import tui  # loads the whole command line, when the palette is opened

    return tui.commands()
