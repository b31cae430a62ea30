"""`crm process`: export, lint, apply, versions, graph."""

from typing import Annotated

import typer

from crmtui.commands import reading
from crmtui.commands.call import Call
from crmtui.commands.prints import one, rows
from crmtui.commands.verb import command
from crmtui.errors import Invalid
from crmtui.i18n import N_

Ref = Annotated[str, typer.Argument(metavar="PROCESS", help=N_("The process: its code, its name or PC-2"))]
File = Annotated[str, typer.Argument(metavar="FILE", help=N_("The TOML file; - reads standard input"))]

_FOUND = rows(level="line", place="line", message="line")
_CHANGES = rows(what="line", which="line", change="line")
_APPLIED = one({"changes": _CHANGES}, process="line", revision="whole", changed="whole")
_VERSIONS = rows(revision="whole", made_at="moment", made_by="line", stages="line")


@command(
    "process export",
    examples=("crm process export project > project.toml", "crm process export project --revision 1"),
)
def export(
    call: Call,
    process: Ref,
    revision: Annotated[
        str, typer.Option("--revision", help=N_("An earlier version; as it is if not said"))
    ] = "",
) -> None:
    """Write a process as TOML, to be changed and put in force again."""
    from crmtui.services import process_edit

    if revision and not (revision.isdecimal() and len(revision) < 10):
        raise Invalid(
            "process.revision", N_("{text} is no number of a version."), field="revision", text=revision
        )
    call.text(process_edit.export(call.ctx, process, int(revision) if revision else None))


@command("process lint", prints=_FOUND, examples=("crm process lint project.toml",))
def lint(call: Call, file: File) -> None:
    """Check the TOML of a process; an error is exit 2, a warning is not."""
    from crmtui.services import process_lint

    found = process_lint.lint(call.ctx, reading.text(file))
    for finding in found:
        if finding.level == "error":
            raise finding.said
    shown = [{"level": one.level, "place": one.said.field or "", "message": str(one.said)} for one in found]
    call.rows(_FOUND.columns, shown)


@command(
    "process apply",
    change=True,
    prints=_APPLIED,
    examples=(
        "crm process apply project.toml --dry-run",
        "crm process export bid --revision 1 | crm process apply -",
    ),
)
def apply(call: Call, file: File) -> None:
    """Put the TOML of a process in force: all of it, or nothing."""
    from crmtui.services import process_edit

    done = process_edit.apply(call.ctx, reading.text(file))
    shown = {"process": done.process.code, "revision": done.revision, "changed": len(done.changes)}
    call.one(_APPLIED.columns, shown, changes=done.changes)


@command("process versions", prints=_VERSIONS, examples=("crm process versions project",))
def versions(call: Call, process: Ref) -> None:
    """List the versions of a process that were put in force, newest first."""
    from crmtui.services import process_edit

    call.rows(_VERSIONS.columns, process_edit.versions(call.ctx, process))


@command("process graph", examples=("crm process graph project",))
def graph(call: Call, process: Ref) -> None:
    """Draw the stages of a process, their steps, and what the moves between them ask for."""
    from crmtui.services import process_edit

    call.text(process_edit.graph(call.ctx, process))
