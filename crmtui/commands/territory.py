"""`crm territory`: the tree of territories."""

from crmtui.commands.call import Call
from crmtui.commands.prints import rows
from crmtui.commands.tree_view import indented
from crmtui.commands.verb import command

_TREE = rows(depth="whole", ref="line", name="line", owner="line")


@command("territory tree", examples=("crm territory tree",), prints=_TREE)
def tree(call: Call) -> None:
    """Show the territories as a tree."""
    from crmtui.services import territory

    call.rows(*indented(call, _TREE.columns, territory.tree(call.ctx)))
