"""What customers are worth, and which columns tell something."""

from crmtui.money import Money
from crmtui.services import opportunity, portrait, records
from crmtui.services.context import Context
from crmtui.services.useful import useful


def _opp(ctx: Context, account: str, amount: str, **given: object) -> str:
    values = {"name": f"{account} {amount}", "account": account, "amount": amount}
    return f"O-{records.add(ctx, 'opp', {**values, 'expected_close_on': '2026-12-01', **given}).id}"


def test_the_figures_of_a_customer_are_those_of_its_opportunities(ctx: Context) -> None:
    """Won, open and weighted; of every process, and of this customer alone."""
    for name in ("Acme", "Other"):
        records.add(ctx, "account", {"name": name})
    records.add(ctx, "process", {"code": "quick", "name": "Quick"})
    stage = {"process": "quick", "code": "only", "name": "Only", "position": 1, "probability": 50}
    records.add(ctx, "stage", {**stage, "category": "pipeline"})
    first = _opp(ctx, "A-1", "1000")
    _opp(ctx, "A-1", "300", process="quick")
    won = _opp(ctx, "A-1", "70")
    _opp(ctx, "A-2", "5000")
    opportunity.close(ctx, won, won=True, summary="ours")

    found = {figure.name: (figure, count) for figure, count in portrait.money(ctx, "A-1")}

    def whole(amount: int) -> Money:
        return Money(amount * 100, ctx.company.currency)

    assert [(found[name][0].value, found[name][1]) for name in ("won in all", "won this year", "open")] == [
        (whole(70), 1),
        (whole(70), 1),
        (whole(1300), 2),
    ]
    chance = records.show(ctx, "opp", first)["probability"]
    assert found["weighted"][0].value == Money(1000 * chance + 150 * 100, ctx.company.currency)
    for figure, count in found.values():
        assert records.count_where(ctx, "opp", figure.where) == count
    both = portrait.business(ctx, ["A-1", "A-2"])
    assert both["A-1"] == portrait.Business(2, whole(1300), whole(70))
    assert both["A-2"] == portrait.Business(1, whole(5000), whole(0))
    assert set(both) == {"A-1", "A-2"}
    assert portrait.business(ctx, []) == {}


def test_columns_that_tell_nothing_are_left_out(ctx: Context) -> None:
    """What nobody fills and what is the same everywhere goes; the first column and the company's own fields stay."""
    names = ("company", "contact_name", "city", "state")
    assert useful(ctx, "lead", names) == list(names)
    records.add(ctx, "attribute", {"noun": "lead", "name": "plc", "title": "PLC"})
    records.add(ctx, "lead", {"company": "Acme", "contact_name": "Li"})
    records.add(ctx, "lead", {"company": "Beta"})
    assert useful(ctx, "lead", names) == ["company", "contact_name"]
    records.add(ctx, "lead", {"company": "Gamma", "owner": "U-1", "x.plc": "S7"})
    assert useful(ctx, "lead", names) == ["company", "contact_name", "state", "x.plc"]
