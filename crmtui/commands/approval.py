"""`crm approval`: inbox, ok, reject, recall, track."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import typer

from crmtui.commands.call import Call
from crmtui.commands.prints import many_of, one, one_of, rows
from crmtui.commands.verb import command
from crmtui.errors import Invalid, Partial
from crmtui.i18n import N_

Refs = Annotated[list[str], typer.Argument(metavar="REF…", help=N_("The requests: 9, AP-9"))]
Note = Annotated[str, typer.Option("--note", help=N_("What to say about it"))]
Every = Annotated[bool, typer.Option("--all", help=N_("All that wait for you"))]

_STEPS = rows(
    step="whole",
    who="line",
    instead_of="line",
    mode="line",
    turn="flag",
    said="line",
    at="moment",
    note="line",
)
_CHANGES = rows(field="line", label="line", before="line", after="line")
_INBOX = rows(
    ref="line", about="record", verb="line", change="line", owner="ref", created_at="moment", note="text"
)
_WHERE = rows(flow="line", verb="line", step="whole", who="line", waiting="whole", oldest="moment")
_TRACKED = {
    **dict.fromkeys(("ref", "verb", "state"), "line"),
    "about": "record",
    "flow": "ref",
    "owner": "ref",
    "created_at": "moment",
    "decided_at": "moment",
    **dict.fromkeys(("change", "course", "note", "reason"), "text"),
}
_TRACK = replace(one({"changes": _CHANGES, "steps": _STEPS}, **_TRACKED), also=(_WHERE,))


@command("approval inbox", prints=_INBOX, examples=("crm approval inbox",))
def inbox(call: Call) -> None:
    """What waits for your decision, each with the change that it asks for."""
    from crmtui.services import approval_views

    call.rows(_INBOX.columns, approval_views.inbox(call.ctx))


@command(
    "approval ok",
    change=True,
    prints=one_of("approval", many_of("approval")),
    examples=("crm approval ok 9", "crm approval ok 9 10 12", "crm approval ok --all"),
)
def ok(
    call: Call,
    refs: Annotated[
        list[str] | None, typer.Argument(metavar="REF…", help=N_("The requests: 9, AP-9"))
    ] = None,
    everything: Every = False,
    note: Note = "",
) -> None:
    """Agree. When nobody else is left to ask, the change is checked again and made."""
    _decide(call, "ok", refs or (), everything, note)


@command(
    "approval reject",
    change=True,
    prints=one_of("approval", many_of("approval")),
    examples=('crm approval reject 9 --note "too low"',),
)
def reject(call: Call, refs: Refs, note: Note = "") -> None:
    """Say no, with the reason; the change is not made."""
    _decide(call, "reject", refs, False, note)


@command(
    "approval recall",
    change=True,
    prints=one_of("approval", many_of("approval")),
    examples=("crm approval recall 9",),
)
def recall(call: Call, refs: Refs, note: Note = "") -> None:
    """Take back a request of your own that is not decided yet."""
    _decide(call, "recall", refs, False, note)


def _decide(call: Call, verb: str, wanted: Sequence[str], everything: bool, note: str) -> None:
    """One request by itself; of many each for itself, and those that could not be decided are told."""
    from crmtui.services import approval_views, approvals

    if everything == bool(wanted):
        raise Invalid("usage.refs_or_all", N_("Say which: REFs, or --all."), field="ref")
    if everything:
        wanted = [str(row["ref"]) for row in approval_views.inbox(call.ctx)]
        if wanted:
            call.confirm(N_("Decide on {count} requests?"), count=len(wanted))
    if len(wanted) == 1 and not everything:
        call.record("approval", getattr(approvals, verb)(call.ctx, wanted[0], note))
        return
    done, failed = approvals.many(call.ctx, verb, wanted, note)
    call.records("approval", done)
    for fault in failed:
        call.say(N_("{ref}: {said}"), ref=fault.ref, said=fault.error)
    if failed:
        raise Partial(
            "approval.partial",
            N_("{done} were decided, {failed} were not."),
            done=len(done),
            failed=len(failed),
        )


@command("approval track", prints=_TRACK, examples=("crm approval track 9", "crm approval track"))
def track(
    call: Call,
    ref: Annotated[
        str, typer.Argument(metavar="[REF]", help=N_("One request; else how many wait at which step"))
    ] = "",
) -> None:
    """What a request asks for, and who said what at which step; without REF how many wait at which step."""
    from crmtui.services import approval_views

    if not ref:
        call.rows(_WHERE.columns, approval_views.waiting(call.ctx))
        return
    found = approval_views.track(call.ctx, ref)
    call.one(_TRACK.columns, found, changes=found["changes"], steps=found["steps"])
