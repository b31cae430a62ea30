"""`crm dept`: the tree of departments."""

from crmtui.commands.call import Call
from crmtui.commands.prints import rows
from crmtui.commands.tree_view import indented
from crmtui.commands.verb import command

_TREE = rows(depth="whole", ref="line", name="line", head="line", role="line")


@command("dept tree", examples=("crm dept tree",), prints=_TREE)
def tree(call: Call) -> None:
    """Show the departments and their people as a tree."""
    from crmtui.services import dept

    call.rows(*indented(call, _TREE.columns, dept.tree(call.ctx)))
