"""`crm flow`: approval flows as TOML: export, lint, apply."""

from typing import Annotated

import typer

from crmtui.commands.call import Call
from crmtui.commands.prints import rows
from crmtui.commands.verb import command
from crmtui.i18n import N_

File = Annotated[str, typer.Argument(metavar="FILE", help=N_("The TOML file; - reads standard input"))]
_READ = rows(code="line", verb="line", steps="whole", condition="line")
_APPLIED = rows(ref="line", code="line", change="line", version="whole")


@command("flow export", examples=("crm flow export > flows.toml", "crm flow export large-change"))
def export(
    call: Call,
    flow: Annotated[str, typer.Argument(metavar="[FLOW]", help=N_("One of them; all, if not said"))] = "",
) -> None:
    """Write the approval flows as TOML, to be changed and put in force again."""
    from crmtui.services import flow_text

    call.text(flow_text.export(call.ctx, flow))


@command("flow lint", prints=_READ, examples=("crm flow lint flows.toml",))
def lint(call: Call, file: File) -> None:
    """Check approval flows without changing anything; the first mistake is told, and is exit 2."""
    from crmtui.commands.reading import text
    from crmtui.services import flow_text

    found = flow_text.lint(call.ctx, text(file))
    call.rows(_READ.columns, [{**one.fields, "steps": len(one.steps)} for one in found])


@command(
    "flow apply",
    change=True,
    prints=_APPLIED,
    examples=("crm flow apply flows.toml", "crm flow apply flows.toml --dry-run"),
)
def apply(call: Call, file: File) -> None:
    """Put approval flows in force; those that the file does not name stay as they are."""
    from crmtui.commands.reading import text
    from crmtui.services import flow_text

    call.rows(_APPLIED.columns, [vars(one) for one in flow_text.apply(call.ctx, text(file))])
