"""`crm config`: the settings, where each comes from, and changing one."""

from typing import Annotated

import typer

from crmtui.commands import tui
from crmtui.commands.call import Call
from crmtui.commands.prints import one, rows
from crmtui.commands.verb import command
from crmtui.config.keys import OWN_KEYS
from crmtui.errors import Invalid
from crmtui.i18n import N_
from crmtui.text import nearest

Name = Annotated[str, typer.Argument(metavar="NAME", help=N_("A setting, such as rows or import.batch"))]


_SETTINGS = rows(name="line", value="line", origin="line")


@command(
    "config show", examples=("crm config show --origin", "crm config show --format json"), prints=_SETTINGS
)
def show(
    call: Call,
    origin: Annotated[bool, typer.Option("--origin", help=N_("Also where each comes from"))] = False,
) -> None:
    """Print all settings in force."""
    found = [
        {"name": each.name, "value": each.shown, "origin": each.origin} for each in call.config.settings()
    ]
    call.rows(_SETTINGS.columns if origin else _SETTINGS.columns[:2], found)
    for complaint in tui.complaints(call.config):
        call.say("{said}", said=complaint)


@command("config get", examples=("crm config get db",), prints=one(name="line", value="line", origin="line"))
def get(call: Call, name: Name) -> None:
    """Print the value of one setting."""
    settings = {each.name: each for each in call.config.settings()}
    if name not in settings:
        near = nearest(name, settings)
        raise Invalid(
            "config.unknown",
            N_("There is no setting {name}."),
            field=name,
            hint=N_("Did you mean {near}?") if near else N_("`crm config show` lists them."),
            name=name,
            near=near,
        )
    found = settings[name]
    call.value(found.shown, name=name, value=found.shown, origin=found.origin)


@command("config set", examples=("crm config set rows 100",))
def put(
    call: Call, name: Name, value: Annotated[str, typer.Argument(metavar="VALUE", help=N_("Its new value"))]
) -> None:
    """Change one setting in the person's own file."""
    from crmtui import config

    path = call.config.path
    if value and (name == "theme" or name.startswith(OWN_KEYS)):
        wrong = tui.wrong(name, value)
        if wrong:
            raise Invalid("config.wrong_value", "{said}", field=name, said=wrong[0])
    config.write(path, name, value)
    call.say(N_("Written to {file}."), file=path)


@command("config path", prints=one(path="line"))
def path(call: Call) -> None:
    """Print where the person's own file is."""
    file = str(call.config.path)
    call.value(file, path=file)


_KEYS = rows(name="line", keys="line", default="line", meaning="line")


@command("config keys", examples=("crm config keys", "crm config set keys.opp.edit ctrl+e"), prints=_KEYS)
def keys(call: Call) -> None:
    """Print every key of the screens."""
    call.rows(_KEYS.columns, tui.keys(call.config))
