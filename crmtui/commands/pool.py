"""`crm pool`: what nobody owns is listed, claimed, given back, taken back, given out."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmtui.commands.call import Call
from crmtui.commands.options import whole
from crmtui.commands.prints import many_of, rows
from crmtui.commands.verb import command
from crmtui.errors import Invalid
from crmtui.i18n import N_

if TYPE_CHECKING:
    from crmtui.services.pool import Moved

_POOLED = rows(
    ref="line",
    name="line",
    industry="line",
    country="line",
    region="line",
    city="line",
    former_owner="ref",
    reason="line",
    since="moment",
)
_MOVED = rows(ref="line", name="line", former_owner="ref", owner="ref", reason="line")
KINDS = ("account", "lead")

Refs = Annotated[
    list[str], typer.Argument(metavar="REF…", help=N_("A-7 or the name of a customer, L-12 for a lead"))
]
Of = Annotated[str, typer.Option("--of", metavar="account|lead", help=N_("Customers, or leads"))]
Where = Annotated[
    str, typer.Option("--where", metavar="CONDITION", help=N_("Only those: see crm help conditions"))
]
Limit = Annotated[str, typer.Option("--limit", metavar="N", help=N_("At most so many"))]


def _kind(of: str) -> str:
    if of not in KINDS:
        raise Invalid(
            "pool.of",
            N_("The pool holds {kinds}, not {of}."),
            field="of",
            kinds=", ".join(KINDS),
            of=of,
        )
    return of


def _days(flag: str, text: str) -> int | None:
    """`30d` or 30 as days; None where nothing is said."""
    return whole(flag, text.strip().removesuffix("d")) if text else None


def _answer(call: Call, moved: "Sequence[Moved]") -> None:
    from crmtui.services import handover

    call.rows(_MOVED.columns, handover.moves(call.ctx, moved))


@command(
    "pool list", prints=_POOLED, examples=("crm pool list", "crm pool list --of lead --where 'country=DE'")
)
def list_pool(call: Call, of: Of = "account", where: Where = "", limit: Limit = "") -> None:
    """List what is in the pool, the longest there first."""
    from crmtui.services import pool, pool_rules

    most = whole("--limit", limit) if limit else int(call.config["rows"]) if call.out.people else None
    call.rows(_POOLED.columns, pool.listing(call.ctx, _kind(of), where=where, limit=most))
    if call.out.people:
        mine = pool_rules.standing(call.ctx, of)
        if mine["limit"] is not None:
            call.say(N_("You claimed {claimed} of {limit} today."), **mine)


@command("pool rules", prints=many_of("poolrule"), examples=("crm pool rules",))
def rules(call: Call) -> None:
    """List the rules of the pools, in their order."""
    from crmtui.commands.derive import wanted
    from crmtui.services import records
    from crmtui.services.nouns import NOUNS

    found = records.find(call.ctx, "poolrule", sort="of,position", fields=wanted(call, NOUNS["poolrule"]))
    call.rows(found.fields, found.rows, found.total)


@command("pool claim", change=True, prints=_MOVED, examples=("crm pool claim A-7",))
def claim(call: Call, refs: Refs) -> None:
    """Make what is in the pool your own; the first who asks has it."""
    from crmtui.services import pool

    _answer(call, pool.claim(call.ctx, refs))


@command(
    "pool release",
    change=True,
    prints=_MOVED,
    examples=('crm pool release A-7 --reason "no budget this year"',),
)
def release(
    call: Call,
    refs: Refs,
    reason: Annotated[str, typer.Option("--reason", help=N_("Why you give it back"))] = "",
) -> None:
    """Give customers and leads back to the pool."""
    from crmtui.services import pool

    _answer(call, pool.release(call.ctx, refs, reason))


@command(
    "pool reclaim",
    change=True,
    prints=_MOVED,
    more=N_("Without --idle and --unsigned the rules of the pools say it; --dry-run is the preview."),
    examples=("crm pool reclaim --idle 30d --unsigned 180d --dry-run",),
)
def reclaim(
    call: Call,
    of: Of = "account",
    idle: Annotated[
        str, typer.Option("--idle", metavar="DAYS", help=N_("Nothing was done about it for so long"))
    ] = "",
    unsigned: Annotated[
        str,
        typer.Option(
            "--unsigned", metavar="DAYS", help=N_("Its owner has had it so long, and signed nothing")
        ),
    ] = "",
) -> None:
    """Take back what was left idle, or never signed."""
    from crmtui.services import pool_flow

    days = {"idle": _days("--idle", idle), "unsigned": _days("--unsigned", unsigned)}
    _answer(call, pool_flow.reclaim(call.ctx, _kind(of), **days))


@command(
    "pool allocate",
    change=True,
    prints=_MOVED,
    examples=(
        "crm pool allocate --to li,wang --limit 10",
        "crm pool allocate --dept East --method least-loaded",
    ),
)
def allocate(
    call: Call,
    of: Of = "account",
    to: Annotated[str, typer.Option("--to", metavar="USER,…", help=N_("These people, in this order"))] = "",
    dept: Annotated[str, typer.Option("--dept", help=N_("The people of this department and below"))] = "",
    method: Annotated[
        str, typer.Option("--method", help=N_("round-robin, least-loaded or best-win-rate"))
    ] = "round-robin",
    where: Where = "",
    limit: Limit = "",
) -> None:
    """Give what is in the pool to people, in turn or to who has least."""
    from crmtui.services import pool_flow

    said: dict[str, Any] = {"dept": dept, "method": method, "where": where}
    said["to"] = [one.strip() for one in to.split(",") if one.strip()]
    said["limit"] = whole("--limit", limit) if limit else None
    _answer(call, pool_flow.allocate(call.ctx, _kind(of), **said))
