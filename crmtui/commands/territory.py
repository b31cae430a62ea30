"""`crm territory`: the tree of territories."""

from crmtui.commands.call import Call
from crmtui.commands.output import columns
from crmtui.commands.tree_view import indented
from crmtui.commands.verb import command


@command("territory tree", examples=("crm territory tree",))
def tree(call: Call) -> None:
    """Show the territories as a tree."""
    from crmtui.services import territory

    shape = columns(depth="whole", ref="line", name="line", owner="line")
    call.rows(*indented(call, shape, territory.tree(call.ctx)))
