"""`crm report`: margins, profits, and what became of leads."""

from typing import Annotated

import typer

from crmtui.commands.call import Call
from crmtui.commands.prints import rows
from crmtui.commands.verb import command
from crmtui.errors import Invalid, about
from crmtui.i18n import N_

By = Annotated[
    str, typer.Option("--by", help=N_("order, account, rep, dept, product, month, quarter or year"))
]
Within = Annotated[
    str, typer.Option("--period", help=N_("Ordered then: 2026-11, 2026Q4, 2026H2, 2026, FY2026"))
]
_MARGIN = rows(
    record="line",
    name="line",
    total="flag",
    orders="whole",
    unknown="whole",
    amount="money",
    cost="money",
    margin="money",
    percent="number",
)


def _margin(call: Call, by: str, period: str, *, executed: bool) -> None:
    from crmtui.clock import parse_period
    from crmtui.services import margin

    with about("period"):
        start = call.ctx.company.fiscal_start
        within = parse_period(period, call.ctx.clock.today(), start) if period else None
    call.rows(_MARGIN.columns, margin.margin(call.ctx, by, within, executed=executed))


@command(
    "report margin",
    prints=_MARGIN,
    examples=("crm report margin --by rep", "crm report margin --period 2027Q1"),
)
def margin(call: Call, by: By = "order", period: Within = "") -> None:
    """Show the gross margin of orders, less what came back."""
    _margin(call, by, period, executed=False)


@command("report profit", prints=_MARGIN, examples=("crm report profit --by rep",))
def profit(call: Call, by: By = "rep", period: Within = "") -> None:
    """Show the gross profit of completed orders; others are not counted yet."""
    _margin(call, by, period, executed=True)


_TRACE = rows(step="line", ref="line", name="line", on="day", state="line", amount="money", source="line")


@command(
    "report trace", prints=_TRACE, examples=("crm report trace --lead 12", "crm report trace --contract 8")
)
def trace(
    call: Call,
    lead: Annotated[str, typer.Option("--lead", help=N_("From this lead"))] = "",
    opp: Annotated[str, typer.Option("--opp", help=N_("Around this opportunity"))] = "",
    quote: Annotated[str, typer.Option("--quote", help=N_("Around this quote"))] = "",
    contract: Annotated[str, typer.Option("--contract", help=N_("Around this contract"))] = "",
    order: Annotated[str, typer.Option("--order", help=N_("Around this order"))] = "",
) -> None:
    """Show a sale from its lead to its payments, step by step."""
    from crmtui.services import trace as traces

    said = {"lead": lead, "opp": opp, "quote": quote, "contract": contract, "order": order}
    given = [(noun, ref) for noun, ref in said.items() if ref]
    if len(given) != 1:
        raise Invalid(
            "report.whose",
            N_("Say from where."),
            field="lead",
            hint=N_("Give one of --lead, --opp, --quote, --contract and --order."),
        )
    call.rows(_TRACE.columns, traces.trace(call.ctx, *given[0]))


_SOURCES = rows(
    source="line",
    leads="whole",
    converted="whole",
    opps="whole",
    won="whole",
    amount="money",
    contracted="money",
    paid="money",
)


@command("report source-roi", prints=_SOURCES, examples=("crm report source-roi",))
def source_roi(call: Call) -> None:
    """Show what the leads of each source brought, up to what was paid."""
    from crmtui.services import trace as traces

    call.rows(_SOURCES.columns, traces.sources(call.ctx))
