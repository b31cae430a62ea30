"""Help texts, written from the tree of commands in the language in use."""

import os
import sys
from collections.abc import Iterable, Iterator
from typing import Any
from unicodedata import east_asian_width

from crmtui.commands.options import CHANGE, COMMON, OUTPUT
from crmtui.errors import gap
from crmtui.i18n import N_, gettext

_ARGUMENTS, _OPTIONS, _COMMANDS, _EXAMPLES = N_("Arguments"), N_("Options"), N_("Commands"), N_("Examples")
_LAST = {OUTPUT: 1, CHANGE: 2, COMMON: 3}
Row = tuple[str, str]


def show(context: Any) -> None:
    """Print the help of the command that `context` belongs to."""
    sys.stdout.write(text(context.command))


def text(command: Any) -> str:
    """The whole help of a command or group, as lines of at most the width of the terminal."""
    return "\n".join(_lines(command, _columns())) + "\n"


def _lines(command: Any, columns: int) -> Iterator[str]:
    node, verb = command.node, command.verb
    said = gettext(N_("Usage:"))
    yield said + gap(said) + usage(command)
    help = gettext(node.help)
    yield from ("", *_wrap(help, columns, 2))
    if verb and verb.more:
        for paragraph in gettext(verb.more).split("\n\n"):
            yield from ("", *_wrap(paragraph, columns, 2))
    for title, rows in _sections(command):
        yield from ("", heading(title))
        yield from _two_columns(rows, columns)
    if verb and verb.examples:
        yield from ("", heading(_EXAMPLES), *(f"  {line}" for line in verb.examples))
    if node.children:
        said = f"crm {node.path}".rstrip()
        yield from ("", gettext(N_("`{said} COMMAND --help` tells more.")).format(said=said))


def heading(title: str) -> str:
    """The line above a list of commands, options or examples."""
    return gettext(N_("{title}:")).format(title=gettext(title))


def usage(command: Any) -> str:
    """How the command is called, in one line."""
    node = command.node
    words = ["crm", *node.path.split()]
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            name = _metavar(parameter)
            words.append(name if parameter.required else f"[{name}]")
    if node.children:
        words.append("[COMMAND]" if command.verb else "COMMAND")
    return " ".join([*words, "[OPTIONS]"])


def _sections(command: Any) -> Iterator[tuple[str, list[Row]]]:
    yield from _commands(command.node)
    arguments: list[Row] = []
    panels: dict[str, list[Row]] = {}
    shown = COMMON if command.node.children and not command.verb else ""
    for parameter in command.params:
        if parameter.hidden:
            continue
        if parameter.param_type_name == "argument":
            arguments.append((_metavar(parameter), gettext(parameter.help or "")))
        else:
            panel = parameter.rich_help_panel or _OPTIONS
            if not shown or panel in (shown, _OPTIONS):
                panels.setdefault(panel, []).append((_flags(parameter), gettext(parameter.help or "")))
    if arguments:
        yield _ARGUMENTS, arguments
    panels.setdefault(COMMON, []).append(("-h, --help", gettext(N_("Show this help"))))
    for panel in sorted(panels, key=lambda name: _LAST.get(name, 0)):
        yield panel, panels[panel]


def _commands(node: Any) -> Iterator[tuple[str, list[Row]]]:
    areas: dict[str, list[Row]] = {}
    for child in node.children.values():
        areas.setdefault(child.area or _COMMANDS, []).append((child.name, gettext(child.help)))
    yield from areas.items()


def _metavar(parameter: Any) -> str:
    name = str(parameter.metavar or parameter.name.upper())
    return name + ("…" if parameter.nargs == -1 else "")


def _flags(parameter: Any) -> str:
    flags = ", ".join(sorted([*parameter.opts, *parameter.secondary_opts], key=len))
    if parameter.is_flag:
        return flags
    many = "…" if parameter.multiple else ""
    return f"{flags} {parameter.metavar or parameter.name.rstrip('_').upper()}{many}"


def _two_columns(rows: list[Row], columns: int) -> Iterator[str]:
    left = min(max(_cells(name) for name, _help in rows), 26) + 4
    for name, help in rows:
        lines = list(_wrap(help, columns, left)) or [""]
        if _cells(name) + 4 > left:
            yield f"  {name}"
        else:
            lines[0] = f"  {name}" + lines[0][_cells(name) + 2 :]
        yield from (line.rstrip() for line in lines)


def _wrap(text: str, columns: int, indent: int) -> Iterator[str]:
    """Lines of `text` from cell `indent` on; Chinese breaks anywhere, but not before its full stops and commas."""
    line, room = "", columns - indent
    for piece in _pieces(text):
        if line and _cells(line + piece.rstrip()) > room:
            yield " " * indent + line.rstrip()
            line = ""
        line += piece if line else piece.lstrip()
    if line:
        yield " " * indent + line.rstrip()


def _pieces(text: str) -> Iterable[str]:
    piece = ""
    for letter in " ".join(text.split()):
        wide = east_asian_width(letter) in "WF"
        if piece and (piece[-1] == " " or (wide and letter not in "，。；：、）”！？")):
            yield piece
            piece = ""
        piece += letter
    if piece:
        yield piece


def _cells(text: str) -> int:
    return len(text) if text.isascii() else sum(1 + (east_asian_width(letter) in "WF") for letter in text)


def _columns() -> int:
    try:
        return min(max(os.get_terminal_size(sys.stdout.fileno()).columns, 60), 110)
    except (OSError, ValueError):
        return 100
