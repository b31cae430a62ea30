"""Contracts, orders, invoices and payments at the command line, with figures worked out by hand."""

import pytest

from tests.commands.conftest import Crm, in_process

NOW = "2026-11-20T09:00:00+08:00"


@pytest.fixture
def both(bare: Crm, store_url: str, monkeypatch: pytest.MonkeyPatch) -> Crm:
    """`crm` in this process, on a new store of each kind, with a customer and a product of 100.00 that costs 70.00."""
    monkeypatch.setenv("CRM_DB", store_url)
    monkeypatch.setenv("CRM_NOW", NOW)
    in_process("account", "add", "Acme", "--email", "acme@example.com")
    in_process("product", "add", "Scanner", "--code", "SCN-200", "--price", "100", "--cost", "70")
    return in_process


def of(row: dict[str, object], *names: str) -> list[object]:
    return [row[name] for name in names]


def test_a_contract_in_versions(both: Crm) -> None:
    # WX-42: v1 of 100,000 signed; changed to 120,000: current is v2, v1 still readable with 100,000.
    both("contract", "add", "Frame", "--account", "Acme", "--amount", "100000")
    both("contract", "sign", "1")
    changed = both(
        "contract", "change", "1", "--amount", "120000", "--reason", "two sites more", "--json"
    ).json
    assert of(changed, "revision", "amount") == [2, "120000.00"]
    rows = both("contract", "versions", "1", "--json").json
    assert [of(row, "version", "current", "amount", "reason") for row in rows] == [
        [1, False, "100000.00", None],
        [2, True, "120000.00", "two sites more"],
    ]


def test_half_of_the_scanners_are_half_of_the_contract(both: Crm) -> None:
    # WX-43: 200 scanners, 100 delivered: 50 %, without a manual entry on the contract.
    both("contract", "add", "Frame", "--account", "Acme")
    made = both("contract", "line", "add", "1", "SCN-200x200", "--json").json
    assert of(made, "amount", "outstanding") == ["20000.00", "20000.00"]
    both("contract", "sign", "1")
    done = both("contract", "exec", "1", "--delivered", "SCN-200x100", "--json").json
    assert of(done, "progress", "delivered", "state") == [50, "10000.00", "executing"]
    assert both("contract", "progress", "1", "--json").json[0]["delivered"] == "100"
    # WX-42 with lines: 20 more at 100.00 make 22,000; version 1 keeps its 200.
    changed = both("contract", "change", "1", "--add", "SCN-200x20", "--json").json
    assert of(changed, "revision", "amount", "progress") == [2, "22000.00", 45]
    assert [row["quantity"] for row in both("contract", "versions", "1", "--show", "1", "--json").json] == [
        "200"
    ]
    assert [row["quantity"] for row in both("contract", "line", "list", "1", "--json").json] == ["200", "20"]


def test_what_is_outstanding_after_a_refund(both: Crm) -> None:
    # WX-44: order 100,000; prepayment 30,000; receipt 50,000; refund 5,000: 100,000 − 30,000 − 50,000 + 5,000 = 25,000.
    both("order", "add", "Big", "--account", "Acme", "--amount", "100000")
    both("payment", "in", "S-1", "30000", "--advance")
    both("payment", "in", "S-1", "50000")
    both("payment", "refund", "S-1", "5000")
    order = both("order", "show", "1", "--json").json
    assert of(order, "paid", "outstanding", "settled_on") == ["75000.00", "25000.00", None]
    assert both("payment", "in", "S-1", "25000.01").code == 6
    assert both("payment", "refund", "S-1", "75000.01").code == 6
    both("payment", "in", "S-1", "25000")
    order = both("order", "show", "1", "--json").json
    assert of(order, "paid", "outstanding", "settled_on") == ["100000.00", "0.00", "2026-11-20"]
    rows = both("finance", "account", "Acme", "--json").json
    # Order 100,000 → 70,000 → 20,000 → 25,000 → 0.
    assert [row["balance"] for row in rows] == ["100000.00", "70000.00", "20000.00", "25000.00", "0.00"]
    assert [row["kind"] for row in rows] == ["order", "advance", "receipt", "refund", "receipt"]


def test_credit_warns_or_blocks(both: Crm) -> None:
    # WX-45: limit 100,000, owed 80,000; order 30,000: 110,000, over by 10,000.
    both("credit", "limit", "Acme", "100000")
    both("order", "add", "First", "--account", "Acme", "--amount", "80000")
    assert of(both("credit", "show", "Acme", "--json").json, "owed", "free", "used", "policy") == [
        "80000.00",
        "20000.00",
        80,
        "warn",
    ]
    warned = both("order", "add", "Second", "--account", "Acme", "--amount", "30000", "--dry-run")
    assert warned.code == 0 and "10000.00" in warned.err
    assert both("credit", "policy", "block", "--json").json["policy"] == "block"
    blocked = both("order", "add", "Second", "--account", "Acme", "--amount", "30000")
    assert blocked.code == 6 and "10000.00" in blocked.err
    assert both("order", "list", "--fields", "name").out == "First\n"
    both("payment", "in", "S-1", "10000")
    assert both("order", "add", "Second", "--account", "Acme", "--amount", "30000").code == 0


def test_margin_and_profit(both: Crm) -> None:
    # WX-46: order 100,000, cost 70,000: margin 30,000 = 30 %. Executing: in the margin, not in the profit.
    both("order", "add", "Big", "--account", "Acme")
    both("order", "line", "add", "1", "SCN-200x1000")
    row = both("report", "margin", "--by", "rep", "--json").json[0]
    assert of(row, "amount", "cost", "margin", "percent") == ["100000.00", "70000.00", "30000.00", 30.0]
    both("order", "advance", "1")
    both("order", "advance", "1")
    assert [row["orders"] for row in both("report", "profit", "--json").json] == [0]
    assert both("order", "advance", "1").code == 6
    both("order", "deliver", "1")
    assert both("order", "advance", "1", "--json").json["state"] == "completed"
    assert both("report", "profit", "--by", "account", "--json").json[0]["margin"] == "30000.00"


def test_what_comes_back(both: Crm) -> None:
    # 10 scanners at 100.00 and 13 % tax: 1,000 + 130. Two come back: 226.00 less to pay.
    both("order", "add", "Big", "--account", "Acme")
    both("order", "line", "add", "1", "SCN-200x10", "--tax", "13")
    assert both("order", "return", "1", "--line", "1", "--qty", "2").code == 6
    both("order", "advance", "1", "--to", "planned")
    both("order", "advance", "1")
    both("order", "deliver", "1", "SCN-200x4")
    assert both("order", "return", "1", "--line", "1", "--qty", "5").code == 6
    order = both("order", "return", "1", "--line", "1", "--qty", "2", "--json").json
    assert of(order, "returned", "outstanding", "progress") == ["226.00", "904.00", 40]
    line = both("order", "status", "1", "--json").json[0]
    assert of(line, "delivered", "returned") == ["4", "2"]
    assert both("order", "deliver", "1", "SCN-200x9").code == 6
    # All ten, two of them sent again for those that came back: nothing is credited any more.
    assert both("order", "deliver", "1", "--json").json["returned"] == "0.00"


def test_a_contract_is_interrupted(both: Crm) -> None:
    # WX-76: executing → interrupted; entries refused until resumed; completed only from executing; closed only after that.
    both("contract", "add", "Frame", "--account", "Acme")
    both("contract", "line", "add", "1", "SCN-200x2")
    assert both("contract", "close", "1").code == 6
    both("contract", "sign", "1")
    assert both("contract", "complete", "1").code == 6
    both("contract", "advance", "1", "--to", "executing")
    assert (
        both("contract", "interrupt", "1", "--reason", "site closed", "--json").json["state"] == "interrupted"
    )
    assert both("contract", "exec", "1", "--delivered", "SCN-200x1").code == 6
    assert both("contract", "complete", "1").code == 6
    assert both("contract", "resume", "1", "--json").json["state"] == "executing"
    assert both("contract", "exec", "1", "--delivered", "SCN-200x2", "--json").json["progress"] == 100
    assert both("contract", "close", "1").code == 6
    assert both("contract", "complete", "1", "--json").json["state"] == "completed"
    assert both("contract", "close", "1", "--json").json["state"] == "closed"
    assert both("contract", "advance", "1").code == 6
