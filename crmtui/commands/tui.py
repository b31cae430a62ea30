"""The way from the command line to the screens. Of the commands, this module and opening import them, inside functions."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from crmtui.commands import opening
from crmtui.commands.call import Call
from crmtui.commands.options import CHANGES, OUTPUTS, Options
from crmtui.config.keys import OWN_KEYS
from crmtui.i18n import gettext

if TYPE_CHECKING:
    from crmtui.config import Config
    from crmtui.screens.app import Command


def begin(values: dict[str, Any]) -> bool:
    """The program without a command: open the screens, where there is a person before a terminal. Says whether it did."""
    call = Call.open("", values, change=False)
    if not _person(call.options):
        return False
    for parameter in (*CHANGES, *OUTPUTS):
        if values.get(parameter.name):
            raise opening.no_use("--" + parameter.name.removeprefix("common_").replace("_", "-"))
    with call:
        show(call)
    return True


def wanted(options: Options) -> bool:
    """Whether a command that prints may open the screens instead: nothing in the line asks for something printed."""
    from crmtui.screens import terminal

    printed = (options.format, options.fields, options.jq, options.template, options.header, options.output)
    return not any(printed) and _person(options) and terminal.can_draw()


def _person(options: Options) -> bool:
    from crmtui.screens import terminal

    return not options.no_input and terminal.present()


def show(call: Call, *, start: str = "", url: str = "") -> None:
    """Show the screens until the person leaves them, at the record `start`, on the store `url` if not that of the settings.

    Raises as `opening.show`, and `typer.Exit` with the code of a program that did not end by itself.
    """
    given = call.options
    flags = {**call.flags, **({"db": url} if url else {})}
    code = opening.show(call.config, flags, given.login, given.now, quiet=given.quiet, start=start)
    if code:
        import typer

        raise typer.Exit(code)


def commands() -> "list[Command]":
    """Every command there is, for the palette."""
    from crmtui.commands import tree
    from crmtui.screens.app import Command

    return [Command(node.path, node.help, noun) for noun, node in every(tree.ROOT)]


def every(node: Any) -> Iterator[tuple[str, Any]]:
    """Each command at or below `node`, with the noun that it is of. Derived verbs are named without being built."""
    from crmtui.commands import tree
    from crmtui.services.nouns import NOUNS

    if tree.verb_of(node) is not None if node.module else node.path and not node.children:
        word = node.path.partition(" ")[0]
        yield word if word in NOUNS else "", node
    for child in node.children.values():
        yield from every(child)


def complaints(config: "Config") -> list[str]:
    """What is wrong with the settings of the look; the screens are loaded only where one was made that they know about."""
    if not config["theme"] and not config.own_keys:
        return config.complaints
    from crmtui.screens.look import said
    from crmtui.screens.themes import every as themes

    seen = said(config)
    return [*seen.complaints, *seen.wrong_theme(themes()), *seen.keymap()[1]]


def wrong(name: str, value: str) -> list[str]:
    """What is wrong with `value` for the theme, or for a key of one's own."""
    from crmtui.screens.look import Look
    from crmtui.screens.themes import every as themes

    if name == "theme":
        return Look(theme=value).wrong_theme(themes())
    return Look(keys={name.removeprefix(OWN_KEYS): value}).keymap()[1]


def keys(config: "Config") -> Iterator[dict[str, str]]:
    """Every key of the screens: the id of its binding, the keys in force, those of the program, what they mean."""
    from crmtui.screens import keys as table
    from crmtui.screens.look import said

    changed, _wrong = said(config).keymap()
    for name, binding in table.known().items():
        meaning = gettext(binding.description)
        yield {
            "name": name,
            "keys": changed.get(name, binding.key),
            "default": binding.key,
            "meaning": meaning,
        }
