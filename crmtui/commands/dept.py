"""`crm dept`: the tree of departments."""

from crmtui.commands.call import Call
from crmtui.commands.output import columns
from crmtui.commands.tree_view import indented
from crmtui.commands.verb import command


@command("dept tree", examples=("crm dept tree",))
def tree(call: Call) -> None:
    """Show the departments and their people as a tree."""
    from crmtui.services import dept

    shape = columns(depth="whole", ref="line", name="line", head="line", role="line")
    call.rows(*indented(call, shape, dept.tree(call.ctx)))
