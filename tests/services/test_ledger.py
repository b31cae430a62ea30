"""Balances: whatever is delivered, sent back, paid and refunded, what is outstanding is what a plain sum says."""

from concurrent.futures import ThreadPoolExecutor
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmtui.errors import CrmError, Forbidden, Refused
from crmtui.services import (
    approvals,
    contract,
    contract_versions,
    credit,
    finance,
    flow_text,
    health,
    invoice,
    line_edit,
    margin,
    order,
    payment,
    records,
)
from crmtui.services.context import Context
from crmtui.store import refs
from tests.conftest import NOW
from tests.people import settle_in


def cents(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


def figure(row: dict[str, Any], name: str) -> Decimal:
    return Decimal(row[name].text())


ACTS = st.lists(
    st.tuples(st.sampled_from(("deliver", "return", "pay", "refund")), st.integers(1, 12)), max_size=12
)


@given(price=st.integers(1, 99_999), tax=st.sampled_from((0, 6, 13)), acts=ACTS)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_order_owes_what_a_plain_sum_says(
    sqlite_template: Path, sqlite_url: str, price: int, tax: int, acts: list[tuple[str, int]]
) -> None:
    """Ten pieces. Net and tax are known to the cent; what comes back is credited by its part of both."""
    unit = Decimal(price) / 100
    net = unit * 10
    taxed = cents(net * tax / 100)
    delivered = returned = 0
    paid = credited = Decimal(0)
    with Context.open(flags={"db": sqlite_url}, now=NOW) as ctx:
        customer = records.add(ctx, "account", {"name": "Acme"})
        made = records.add(ctx, "order", {"account": f"A-{customer.id}"})
        ref = f"S-{made.id}"
        line_edit.add(ctx, "order", ref, "Piecex10", {"price": str(unit), "tax": str(tax)})
        for to in ("planned", "executing"):
            order.advance(ctx, ref, to)
        for act, size in acts:
            amount = cents((net + taxed) * size / 8)
            try:
                if act in ("deliver", "return"):
                    order.deliver(ctx, ref, [f"1x{size}"], "returned" if act == "return" else "delivered")
                else:
                    payment.take(ctx, ref, str(amount), "refund" if act == "refund" else "receipt")
                done = True
            except Refused:
                done = False
            assert (
                done
                == {
                    "deliver": delivered - returned + size <= 10,
                    "return": size <= delivered - returned,
                    "pay": paid + amount <= net + taxed - credited,
                    "refund": amount <= paid,
                }[act]
            )
            if done:
                delivered += size if act == "deliver" else 0
                returned += size if act == "return" else 0
                paid += {"pay": amount, "refund": -amount}.get(act, Decimal(0))
            back = Decimal(max(returned - max(delivered - 10, 0), 0)) / 10
            credited = cents(net * back) + cents(taxed * back)
            shown = records.show(ctx, "order", ref)
            assert figure(shown, "outstanding") == max(net + taxed - credited - paid, Decimal(0))
            assert figure(shown, "paid") == paid
            if act in ("deliver", "return") and done:
                assert figure(shown, "delivered") == cents(unit * min(delivered, 10))
        owed = credit.show(ctx, f"A-{customer.id}")["owed"]
        assert Decimal(owed.text()) == max(net + taxed - credited - paid, Decimal(0))


def test_of_eight_payments_at_once_three_fit(store_url: str) -> None:
    """100.00 outstanding, eight times 30.00 at the same moment: three are taken, five are refused."""
    with Context.open(flags={"db": store_url}, now=NOW) as ctx:
        records.add(ctx, "account", {"name": "Acme"})
        records.add(ctx, "contract", {"name": "Frame", "account": "Acme", "amount": "100"})

    def pay(_: int) -> str:
        with Context.open(flags={"db": store_url}, now=NOW) as mine:
            try:
                payment.take(mine, "K-1", "30")
            except CrmError as error:
                return error.code
            return "paid"

    with ThreadPoolExecutor(8) as threads:
        told = sorted(threads.map(pay, range(8)))
    assert told == ["paid"] * 3 + ["payment.above_balance"] * 5
    with Context.open(flags={"db": store_url}, now=NOW) as ctx:
        assert records.show(ctx, "contract", "1")["outstanding"].text() == "10.00"


FLOWS = """
[[flow]]
code = "contracts"
verb = "contract.submit"
one_login = true
[[flow.step]]
who = "superior"

[[flow]]
code = "changes"
verb = "contract.change"
one_login = true
if = "amount_change > 10"
[[flow.step]]
who = "superior"
"""


def test_a_contract_and_its_versions_wait_for_approval(store_url: str) -> None:
    def as_(login: str | None) -> Context:
        return Context.open(flags={"db": store_url}, now=NOW, login=login)

    with as_(None) as admin:
        settle_in(admin)
        records.edit(admin, "user", "li", {"manager": "chen"})
        flow_text.apply(admin, FLOWS)
    with as_("li") as li:
        records.add(li, "account", {"name": "Acme"})
        records.add(li, "contract", {"name": "Frame", "account": "Acme"})
        line_edit.add(li, "contract", "K-1", "Servicex10", {"price": "100"})
        assert contract.sign(li, "K-1").state == "in-approval"
        with pytest.raises(Refused):
            contract.sign(li, "K-1")
    with as_("chen") as chen:
        approvals.reject(chen, "AP-1", "too cheap")
        assert records.show(chen, "contract", "K-1")["state"] == "drafting"
    with as_("li") as li:
        line_edit.edit(li, "contract", "K-1", "1", {"price": "110"})
        assert contract.submit(li, "K-1").state == "in-approval"
    with as_("chen") as chen:
        assert approvals.ok(chen, "AP-2").state == "approved"
    with as_("li") as li:
        assert contract.sign(li, "K-1").state == "signed"
        # 1,100 and 10 %: 1,210 is not above 10 %, 1,320 against 1,210 is not either, 11 more pieces are.
        change = contract_versions.Change(quantity=("1=11",))
        assert contract_versions.change(li, "K-1", change).revision == 2
        more = contract_versions.Change(add=("Supportx1@500",))
        assert contract_versions.change(li, "K-1", more).revision == 2
        with pytest.raises(Refused):
            contract_versions.change(li, "K-1", change)
        assert len(contract_versions.lines_of(li, "K-1")) == 1
    with as_("chen") as chen:
        approvals.reject(chen, "AP-3", "no")
    with as_("li") as li:
        contract_versions.change(li, "K-1", more)
    with as_("chen") as chen:
        assert approvals.ok(chen, "AP-4").state == "approved"
        shown = records.show(chen, "contract", "K-1")
        assert (shown["revision"], shown["amount"].text()) == (3, "1710.00")
        assert [row["amount"].text() for row in contract_versions.versions(chen, "K-1")] == [
            "1100.00",
            "1210.00",
            "1710.00",
        ]


def test_amounts_of_other_currencies_are_converted_not_added(ctx: Context) -> None:
    # A customer that counts in EUR: 100 USD at 1.25 USD for a euro are 80 EUR; with 20 EUR they owe 100 EUR.
    records.add(ctx, "rate", {"currency": "EUR", "valid_on": "2026-01-01", "rate": "1.25"})
    records.add(ctx, "account", {"name": "Acme", "currency": "EUR", "credit_limit": "90"})
    records.add(ctx, "order", {"account": "Acme", "amount": "100", "cost": "60"})
    records.add(ctx, "order", {"account": "Acme", "amount": "20", "currency": "EUR", "cost": "10"})
    assert any("10.00 EUR" in note for note in ctx.notes)
    assert credit.show(ctx, "Acme")["owed"].text() == "100.00"
    with pytest.raises(Refused, match="EUR"):
        records.add(ctx, "payment", {"order": "S-2", "amount": "5", "currency": "USD"})
    # In dollars: 100 − 60 = 40, and 25 − 12.50 = 12.50.
    rows = margin.margin(ctx, "order")
    assert [row["margin"].text() for row in rows] == ["40.00", "12.50", "52.50"]
    balances = {row["ref"]: row["balance"] for row in finance.account(ctx, "Acme")}
    assert (balances["S-1"].currency, balances["S-2"].text()) == ("USD", "20.00")


def test_a_payment_that_moves_counts_where_it_is(ctx: Context) -> None:
    records.add(ctx, "account", {"name": "Acme"})
    for name in ("One", "Two"):
        records.add(ctx, "order", {"name": name, "account": "Acme", "amount": "100"})
    payment.take(ctx, "S-1", "60")
    records.edit(ctx, "payment", "P-1", {"order": "S-2"})
    assert [records.show(ctx, "order", ref)["outstanding"].text() for ref in ("S-1", "S-2")] == [
        "100.00",
        "40.00",
    ]
    records.edit(ctx, "payment", "P-1", {"amount": "70"})
    assert records.show(ctx, "order", "S-2")["outstanding"].text() == "30.00"
    with pytest.raises(Refused):
        records.edit(ctx, "payment", "P-1", {"amount": "100.01"})
    records.add(ctx, "payment", {"account": "Acme", "kind": "advance", "amount": "20"})
    # 200 ordered, 70 paid for an order, 20 on account.
    assert credit.show(ctx, "Acme")["owed"].text() == "110.00"


def test_a_bill_is_paid_and_opened_again_by_a_refund(ctx: Context) -> None:
    records.add(ctx, "account", {"name": "Acme"})
    records.add(ctx, "order", {"account": "Acme", "amount": "100"})
    invoice.make(ctx, "order", "S-1", issue=True)
    payment.take(ctx, "IV-1", "100")
    assert records.show(ctx, "invoice", "1")["state"] == "paid"
    payment.take(ctx, "IV-1", "30", "refund")
    shown = records.show(ctx, "invoice", "1")
    assert (shown["state"], shown["outstanding"].text()) == ("issued", "30.00")
    with pytest.raises(Refused):
        invoice.void(ctx, "IV-1", "no")


def test_a_wrong_balance_is_found(ctx: Context) -> None:
    records.add(ctx, "account", {"name": "Acme"})
    records.add(ctx, "contract", {"name": "Frame", "account": "Acme", "amount": "100"})
    records.add(ctx, "order", {"account": "Acme", "amount": "100"})
    payment.take(ctx, "S-1", "40")
    contract.cancel(ctx, "1", "no budget")
    assert records.show(ctx, "contract", "1")["outstanding"].text() == "0.00"
    assert {each.check: each.state for each in health.examine(ctx)}["balances"] == "ok"
    with ctx.transaction("order.edit") as tx:
        refs.get(tx, "order", "1").paid = 5000
    found = {each.check: each for each in health.examine(ctx)}["balances"]
    assert (found.state, "S-1" in found.finding) == ("warning", True)


def test_nobody_without_the_right_learns_a_cost(store_url: str) -> None:
    with Context.open(flags={"db": store_url}, now=NOW) as admin:
        settle_in(admin)
    with Context.open(flags={"db": store_url}, now=NOW, login="li") as li:
        records.add(li, "account", {"name": "Acme"})
        records.add(li, "contract", {"name": "Frame", "account": "Acme", "amount": "5"})
        with pytest.raises(Forbidden):
            margin.margin(li)
        with pytest.raises(CrmError):
            records.find(li, "contract", where="cost > 1")
        with pytest.raises(CrmError):
            records.edit(li, "contract", "K-1", {"cost": "1"})
        assert "cost" not in {field.name for field in records.fields_of(li, "contract")}
