"""`crm commands`: every command, as the palette of the screens has them."""

from crmtui.commands import tree, tui
from crmtui.commands.call import Call
from crmtui.commands.prints import rows
from crmtui.commands.verb import command
from crmtui.i18n import gettext

_COMMANDS = rows(command="line", noun="line", help="line")


@command("commands", examples=("crm commands", "crm commands --format json"), prints=_COMMANDS)
def commands(call: Call) -> None:
    """Print every command with its noun and what it does."""
    found = (
        {"command": f"crm {node.path}", "noun": noun or None, "help": gettext(node.help)}
        for noun, node in tui.every(tree.ROOT)
    )
    call.rows(_COMMANDS.columns, found)
