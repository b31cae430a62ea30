"""`crm quota`: set, tree, attain."""

from typing import Annotated

import typer

from crmtui.commands.call import Call
from crmtui.commands.forecast import AsOf, Dept, Industry, Period, Product, Territory, User, rolled_up
from crmtui.commands.prints import one_of, rows
from crmtui.commands.verb import command
from crmtui.errors import Invalid
from crmtui.i18n import N_

_PLACE = {
    "scope": "line",
    "of": "target",
    "path": "line",
    "depth": "whole",
    "period": "line",
    "currency": "currency",
}
_QUOTAS = {"quota": "money", "set": "money", "allocated": "money", "unallocated": "money"}
_ATTAINED = {
    "quota": "money",
    "actual": "money",
    "attainment": "number",
    "to_go": "money",
}
_EXPECTED = {
    "weighted": "money",
    "forecast": "money",
    "gap": "money",
    "coverage": "number",
}
_BEFORE = {"actual_before": "money", "growth": "number"}


@command(
    "quota set",
    change=True,
    prints=one_of("quota"),
    examples=(
        "crm quota set --user li --period 2027Q1 800000",
        'crm quota set --dept "East" --period 2027 2.4M --currency EUR',
    ),
)
def set_quota(
    call: Call,
    amount: Annotated[str, typer.Argument(metavar="AMOUNT", help=N_("What is expected, such as 240k"))],
    user: User = "",
    dept: Dept = "",
    territory: Territory = "",
    industry: Industry = "",
    product: Product = "",
    period: Annotated[
        str,
        typer.Option(
            "--period", help=N_("The month, quarter, half-year or year: 2026-11, 2026Q4, 2026H2, 2026")
        ),
    ] = "",
    currency: Annotated[
        str,
        typer.Option("--currency", help=N_("Its currency; the company's, or the one it has, if not said")),
    ] = "",
    measure: Annotated[str, typer.Option("--measure", help=N_("What is measured: revenue"))] = "revenue",
) -> None:
    """Set the quota of a person, department, territory, industry or product."""
    from crmtui.services import quota

    said = {"user": user, "dept": dept, "territory": territory, "industry": industry, "product": product}
    given = [(scope, of) for scope, of in said.items() if of]
    if len(given) != 1:
        raise Invalid(
            "quota.whose",
            N_("Say whose quota it is."),
            field="of",
            hint=N_("Give one of --user, --dept, --territory, --industry and --product."),
        )
    scope, of = given[0]
    call.record("quota", quota.set(call.ctx, scope, of, period, amount, currency, measure))


@command(
    "quota tree",
    prints=rows(**_PLACE, **_QUOTAS),
    examples=("crm quota tree", 'crm quota tree --dept "East" --period 2027Q1'),
)
def tree(call: Call, dept: Dept = "", period: Period = "") -> None:
    """Show quotas rolled up over departments and people."""
    from crmtui.services import quota

    rolled_up(call, _PLACE | _QUOTAS, ("name", *_QUOTAS), quota.tree(call.ctx, dept, period))


@command(
    "quota attain",
    prints=rows(**_PLACE, **_ATTAINED, **_BEFORE, **_EXPECTED),
    examples=(
        "crm quota attain",
        "crm quota attain --user li --user wang",
        'crm quota attain --dept "East" --vs last-year',
    ),
)
def attain(
    call: Call,
    dept: Dept = "",
    user: Annotated[
        list[str] | None, typer.Option("--user", help=N_("This person; repeat it for several"))
    ] = None,
    period: Period = "",
    as_of: AsOf = "",
    vs: Annotated[
        str, typer.Option("--vs", metavar="last-year", help=N_("Compare with the same days a year earlier"))
    ] = "",
) -> None:
    """Show quota, actual, forecast and gap side by side."""
    from crmtui.services import quota

    rows = quota.attain(call.ctx, dept, tuple(user or ()), period, vs, as_of=as_of)
    shape = _ATTAINED | (_BEFORE if vs else {}) | _EXPECTED
    rolled_up(call, _PLACE | shape, ("name", *shape), rows)
