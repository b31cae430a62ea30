"""`crm forecast`: the figures as a tree, the records behind one, and the gap."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmtui.commands.call import Call
from crmtui.commands.options import whole
from crmtui.commands.output import columns
from crmtui.commands.prints import one, rows
from crmtui.commands.verb import command
from crmtui.errors import Invalid
from crmtui.i18n import N_, gettext

if TYPE_CHECKING:
    from crmtui.services.question import Ask
    from crmtui.services.records import Field

Dept = Annotated[str, typer.Option("--dept", help=N_("This department and all below it"))]
User = Annotated[str, typer.Option("--user", help=N_("This person: login, name or U-3; me for yourself"))]
Territory = Annotated[str, typer.Option("--territory", help=N_("This territory and all below it"))]
Industry = Annotated[str, typer.Option("--industry", help=N_("This industry"))]
Product = Annotated[str, typer.Option("--product", help=N_("This product"))]
Period = Annotated[
    str,
    typer.Option(
        "--period",
        help=N_("2026Q4, 2026-11, 2026H2, 2026, FY2026 or 2026-10..2026-12; this quarter if not said"),
    ),
]
AsOf = Annotated[
    str,
    typer.Option(
        "--as-of", metavar="MOMENT", help=N_("With the deals, owners, tree, quotas and rates of then")
    ),
]
Method = Annotated[
    str,
    typer.Option(
        "--method",
        metavar="weighted|commit|budget",
        help=N_(
            "What the forecast adds to what was won: weighted values, committed ones in full, or all in full"
        ),
    ),
]
Pending = Annotated[
    bool, typer.Option("--include-pending", help=N_("As if all that waits for approval were approved"))
]

_PLACE = {
    "scope": "line",
    "of": "target",
    "path": "line",
    "depth": "whole",
    "period": "line",
    "currency": "currency",
}
_FIGURES = {
    "quota": "money",
    "won": "money",
    "open": "whole",
    "budget": "money",
    "weighted": "money",
    "commit": "money",
    "best": "money",
    "forecast": "money",
    "gap": "money",
    "attainment": "number",
    "coverage": "number",
    "components": "whole",
    "overdue": "whole",
    "undated": "whole",
}
NOBODY = N_("(none)")
"""What a path says where a figure is of nobody or nothing in particular."""
_PEOPLE = (
    "name",
    "quota",
    "won",
    "weighted",
    "forecast",
    "gap",
    "attainment",
    "coverage",
    "open",
    "overdue",
    "undated",
)
_COMPONENT = {
    "kind": "line",
    "ref": "line",
    "name": "line",
    "account": "ref",
    "owner": "ref",
    "amount": "money",
    "currency": "currency",
    "probability": "percent",
    "counted": "money",
    "why": "line",
    "stage": "line",
    "expected_close_on": "day",
    "closed_on": "day",
    "opp": "ref",
}


def _last(path: str) -> str:
    name = path.rpartition(" / ")[2]
    return gettext(name) if name == NOBODY else name


def rolled_up(call: Call, shape: dict[str, str], people: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
    """Print the rows of a tree of figures: all columns of `shape`, on a terminal those of `people`, names indented."""
    if not call.out.people or call.options.fields:
        call.rows(columns(**shape), rows)
        return
    shown = [{**row, "name": "  " * row["depth"] + _last(row["path"])} for row in rows]
    call.rows(columns(**{name: shape.get(name, "line") for name in people}), shown)


def _listed(call: Call, shape: "list[Field]", rows: list[dict[str, Any]]) -> None:
    """Print rows, on a terminal no more than a list shows there."""
    most = int(call.config["rows"]) if call.out.people else len(rows)
    call.rows(shape, rows[:most], lambda: len(rows))


def _whose(dept: str, user: str, territory: str, industry: str, product: str) -> dict[str, Any]:
    return {
        "dept": dept,
        "users": (user,) if user else (),
        "territory": territory,
        "industry": industry,
        "product": product,
    }


@contextmanager
def _supposing(call: Call, pending: bool, as_of: str) -> Iterator[None]:
    """With --include-pending, figures as if all that waits for approval were approved; a remark on it without."""
    if not pending:
        if call.out.people and not as_of and (waiting := _waiting(call)):
            call.say(
                N_("Changes that wait for approval: {count}; --include-pending counts them."), count=waiting
            )
        yield
        return
    if as_of:
        raise Invalid(
            "forecast.pending_past",
            N_("--include-pending is about now, not --as-of."),
            field="include_pending",
        )
    from crmtui.services import supposing

    with supposing.approved(call.ctx):
        yield


def _waiting(call: Call) -> int:
    from crmtui.services import supposing

    return supposing.count(call.ctx)


def _asked(whose: dict[str, Any], period: str, as_of: str, method: str) -> "Ask":
    from crmtui.services.question import Ask

    return Ask(**whose, period=period, as_of=as_of, method=method)


TABLE = rows(**_PLACE, **_FIGURES)
GAP = one({}, **_PLACE, **_FIGURES)
OPPORTUNITIES = rows(**_COMPONENT, remainder="money", covers="money")


@command(
    "forecast",
    prints=TABLE,
    more=N_(
        "Rows: quota, won, open deals in full (budget) and weighted by their probability; forecast is won and weighted, "
        "gap is what is missing to the quota. A row is the sum of the rows below it and of its own people."
    ),
    examples=(
        "crm forecast",
        'crm forecast --dept "East" --period 2026Q4 --depth 1',
        "crm forecast --by month --period 2026",
        "crm forecast --as-of 2026-10-01 --json",
    ),
)
def forecast(
    call: Call,
    dept: Dept = "",
    user: User = "",
    territory: Territory = "",
    industry: Industry = "",
    product: Product = "",
    by: Annotated[
        str,
        typer.Option(
            "--by",
            metavar="dept|user|territory|industry|product|process|month",
            help=N_("What the figures are divided by; departments if not said"),
        ),
    ] = "",
    period: Period = "",
    depth: Annotated[
        str, typer.Option("--depth", metavar="N", help=N_("So many levels; sums stay whole"))
    ] = "",
    as_of: AsOf = "",
    method: Method = "weighted",
    include_pending: Pending = False,
) -> None:
    """Show quota, won, weighted and forecast, rolled up."""
    from crmtui.services import forecast

    asked = _asked(_whose(dept, user, territory, industry, product), period, as_of, method)
    levels = whole("--depth", depth) if depth else None
    with _supposing(call, include_pending, as_of):
        rows = forecast.table(call.ctx, replace(asked, by=by, depth=levels))
    if call.out.people and rows:
        call.say(
            N_("Forecast of {period} in {currency}, method {method}"),
            period=rows[0]["period"],
            currency=rows[0]["currency"],
            method=method,
        )
    rolled_up(call, _PLACE | _FIGURES, _PEOPLE, rows)


@command(
    "forecast drill",
    prints=rows(**_COMPONENT),
    examples=(
        'crm forecast drill --dept "East" --period 2026Q4',
        "crm forecast drill --user li --figure won",
        "crm forecast drill --left-out",
    ),
)
def drill(
    call: Call,
    dept: Dept = "",
    user: User = "",
    territory: Territory = "",
    industry: Industry = "",
    product: Product = "",
    period: Period = "",
    as_of: AsOf = "",
    method: Method = "weighted",
    figure: Annotated[
        str,
        typer.Option(
            "--figure",
            metavar="forecast|won|weighted|budget|commit|best",
            help=N_("The figure to open; what is listed as counted sums to it"),
        ),
    ] = "forecast",
    left_out: Annotated[
        bool, typer.Option("--left-out", help=N_("What is open or suspended and counts nowhere, and why"))
    ] = False,
    include_pending: Pending = False,
) -> None:
    """List the records that a figure is made of."""
    from crmtui.services import forecast

    asked = _asked(_whose(dept, user, territory, industry, product), period, as_of, method)
    with _supposing(call, include_pending, as_of):
        found = forecast.drill(call.ctx, asked, figure, left_out=left_out)
    _listed(call, columns(**_COMPONENT), found)


@command(
    "forecast gap",
    examples=('crm forecast gap --dept "East" --period 2026Q4',),
    prints=replace(GAP, more={"opportunities": OPPORTUNITIES}),
)
def gap(
    call: Call,
    dept: Dept = "",
    user: User = "",
    territory: Territory = "",
    industry: Industry = "",
    product: Product = "",
    period: Period = "",
    as_of: AsOf = "",
    method: Method = "weighted",
) -> None:
    """Show what is missing to the quota, and the open opportunities whose remainder could cover it."""
    from crmtui.services import forecast

    asked = _asked(_whose(dept, user, territory, industry, product), period, as_of, method)
    found = forecast.gap(call.ctx, asked)
    listed = OPPORTUNITIES.columns
    head = GAP.columns
    if call.out.format == "json" or call.options.template:
        from crmtui.commands.formats import plain_object

        call.one(head, found.row, opportunities=[plain_object(listed, row) for row in found.opportunities])
        return
    if call.out.people:
        call.one(
            [one for one in head if one.name in ("path", "period", "quota", "won", "weighted", "gap")],
            found.row,
        )
        shown = (
            "ref",
            "name",
            "account",
            "owner",
            "amount",
            "probability",
            "remainder",
            "covers",
            "expected_close_on",
        )
        listed = [one for name in shown for one in listed if one.name == name]
    _listed(call, listed, found.opportunities)
