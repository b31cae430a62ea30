"""Contracts, orders, invoices and payments at the command line, with figures worked out by hand."""

from pathlib import Path

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
    assert warned.code == 0
    assert "10000.00" in warned.err
    assert both("credit", "policy", "block", "--json").json["policy"] == "block"
    blocked = both("order", "add", "Second", "--account", "Acme", "--amount", "30000")
    assert blocked.code == 6
    assert "10000.00" in blocked.err
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


def test_from_a_quote_to_the_last_payment(both: Crm) -> None:
    # 3 scanners at 100.00, 10 % off the whole: 270.00 net; 13 % tax 35.10; 305.10 to pay.
    both("opp", "add", "Deal", "--account", "Acme", "--expected-close-on", "today+9d", "--source", "web")
    both("quote", "make", "--opp", "1", "--item", "SCN-200x3", "--json")
    both("quote", "edit", "1", "--discount", "10")
    both("quote", "line", "edit", "1", "1", "--tax", "13")
    assert both("contract", "from-quote", "1").code == 6
    for step in ("submit", "send", "accept"):
        assert both("quote", step, "1").code == 0, step
    made = both("contract", "from-quote", "1", "--json").json
    assert of(made, "amount", "tax", "outstanding", "cost") == ["270.00", "35.10", "305.10", "210.00"]
    assert both("contract", "from-quote", "1").code == 6
    assert both("contract", "submit", "1", "--json").json["state"] == "approved"
    both("contract", "sign", "1", "--on", "2026-11-19")
    # 30 % and 70 % of 305.10: 91.53 and 213.57.
    plan = both("payment", "plan", "1", "--due", "2026-11-01=30%", "--due", "2027-01-15=70%", "--json").json
    assert [of(row, "amount", "overdue") for row in plan] == [["91.53", True], ["213.57", False]]
    order = both("contract", "order", "1", "--json").json
    assert of(order, "amount", "tax", "discount") == ["270.00", "35.10", 10]
    assert both("contract", "order", "1").code == 6
    both("order", "advance", "1")
    both("order", "advance", "1")
    both("order", "deliver", "1", "SCN-200x1")
    # One of three: 90.00 of 270.00, in the order and in the contract at once.
    assert of(both("contract", "show", "1", "--json").json, "progress", "delivered") == [33, "90.00"]
    bill = both("invoice", "make", "--order", "1", "--issue", "--due", "2026-12-20", "--json").json
    assert of(bill, "amount", "tax", "outstanding", "state") == ["270.00", "35.10", "305.10", "issued"]
    assert both("invoice", "make", "--contract", "1").code == 6
    assert both("invoice", "line", "list", "1", "--json").json[0]["net"] == "270.00"
    both("payment", "in", "IV-1", "100", "--reference", "wire 7")
    for noun in ("contract", "order", "invoice"):
        assert both(noun, "show", "1", "--json").json["outstanding"] == "205.10"
    both("payment", "in", "K-1", "205.10")
    assert of(both("contract", "show", "1", "--json").json, "outstanding", "settled_on") == [
        "0.00",
        "2026-11-20",
    ]
    rows = both("report", "trace", "--contract", "1", "--json").json
    assert [row["step"] for row in rows] == [
        "opp",
        "quote",
        "contract",
        "order",
        "invoice",
        "payment",
        "payment",
    ]
    kinds = [row["kind"] for row in both("contract", "overview", "1", "--json").json]
    assert sorted(kinds) == sorted(
        ["line", "order", "invoice", "instalment", "instalment", "payment", "payment"]
    )


def test_a_lead_is_traced_to_what_it_paid(both: Crm) -> None:
    both("lead", "add", "Beta", "--source", "web", "--quoted", "900")
    both("lead", "qualify", "1")
    both("lead", "convert", "1")
    both("lead", "add", "Gamma", "--source", "web")
    both("opp", "close", "1", "--won", "--summary", "signed")
    both("contract", "add", "Frame", "--opp", "1", "--amount", "800")
    both("contract", "sign", "1")
    both("payment", "in", "1", "300")
    rows = both("report", "trace", "--lead", "1", "--json").json
    assert [of(row, "step", "amount") for row in rows] == [
        ["lead", "900.00"],
        ["opp", "900.00"],
        ["contract", "800.00"],
        ["payment", "300.00"],
    ]
    # Two leads of the web, one converted and won with 900; 800 agreed, 300 paid.
    [row] = both("report", "source-roi", "--json").json
    assert of(row, "source", "leads", "converted", "opps", "won") == ["web", 2, 1, 1, 1]
    assert of(row, "amount", "contracted", "paid") == ["900.00", "800.00", "300.00"]
    assert both("report", "trace").code == 2


def test_reminders_of_what_is_overdue(both: Crm) -> None:
    both("contract", "add", "Frame", "--account", "Acme", "--amount", "1000")
    both("contract", "sign", "1")
    both(
        "payment",
        "plan",
        "1",
        "--due",
        "2026-11-10=400",
        "--due",
        "2026-11-15=200",
        "--due",
        "2027-01-01=400",
    )
    both("payment", "in", "1", "100")
    # Ten days late: 400 − 100 = 300. Five days late: 200.
    rows = both("finance", "due", "--overdue", "7d", "--json").json
    assert [of(row, "due_on", "days", "open") for row in rows] == [["2026-11-10", 10, "300.00"]]
    assert len(both("finance", "due", "--account", "Acme", "--json").json) == 3
    [row] = both("finance", "dun", "--json").json
    assert of(row, "to", "items", "open", "sent") == ["acme@example.com", 2, "500.00", False]
    assert both("outbox", "list").out == ""
    assert both("finance", "dun", "--send", "--json").json[0]["sent"] is True
    both("finance", "dun", "--send")
    [mail] = both("outbox", "list", "--json").json
    assert "300.00" in mail["text"]
    assert "200.00" in mail["text"]
    assert "400.00" not in mail["text"]
    assert both("finance", "due", "--overdue", "soon").code == 2


def test_a_contract_is_measured_by_milestones(both: Crm) -> None:
    both("contract", "add", "Build", "--account", "Acme", "--amount", "1000")
    both("contract", "sign", "1")
    both("contract", "milestone", "add", "1", "Design", "--percent", "30", "--due", "2027-01-31")
    both("contract", "milestone", "add", "1", "Built", "--percent", "70")
    assert both("contract", "milestone", "add", "1", "More", "--percent", "1").code == 2
    both("contract", "milestone", "reach", "1", "1")
    assert both("contract", "show", "1", "--json").json["progress"] == 30
    assert both("contract", "milestone", "list", "1", "--json").json[0]["done_on"] == "2026-11-20"
    assert both("contract", "milestone", "reach", "1", "3").code == 5


def test_invoices_in_parts(both: Crm) -> None:
    # A third of 100.00 three times: 33.33, 33.33, and what is left, 33.34.
    both("contract", "add", "Frame", "--account", "Acme", "--amount", "100")
    both("contract", "sign", "1")
    parts = [
        both("invoice", "make", "--contract", "1", "--percent", "33.33", "--json").json for _ in range(2)
    ]
    assert [part["amount"] for part in parts] == ["33.33", "33.33"]
    assert both("invoice", "make", "--contract", "1", "--json").json["amount"] == "33.34"
    assert both("invoice", "make", "--contract", "1").code == 6
    assert both("invoice", "issue", "1", "--json").json["due_on"] == "2026-12-20"
    assert both("invoice", "edit", "1", "--amount", "5").code == 6
    assert both("invoice", "void", "1", "--reason", "wrong address", "--json").json["state"] == "void"
    assert both("invoice", "make", "--contract", "1", "--json").json["amount"] == "33.33"


def test_lines_while_they_may_change(both: Crm) -> None:
    both("contract", "add", "Frame", "--account", "Acme")
    both("contract", "line", "add", "1", "SCN-200x2@90")
    both("contract", "line", "add", "1", "Installation", "--price", "50", "--discount", "10")
    assert both("contract", "show", "1", "--json").json["amount"] == "225.00"
    assert both("contract", "line", "edit", "1", "2", "--quantity", "2", "--json").json["amount"] == "270.00"
    assert both("contract", "line", "remove", "1", "SCN-200", "--json").json["amount"] == "90.00"
    assert both("contract", "edit", "1", "--amount", "7").code == 6
    assert both("contract", "edit", "1", "--discount", "50", "--json").json["amount"] == "45.00"
    both("contract", "sign", "1")
    for verb, *words in (("add", "SCN-200"), ("edit", "2", "--quantity", "1"), ("remove", "2")):
        assert both("contract", "line", verb, "1", *words).code == 6
    both("order", "add", "Small", "--account", "Acme")
    both("order", "line", "add", "1", "SCN-200x2")
    assert both("order", "line", "edit", "1", "1", "--price", "80", "--json").json["outstanding"] == "160.00"
    assert both("order", "line", "list", "1", "--json").json[0]["price"] == "80.00"
    both("order", "line", "remove", "1", "1")
    both("invoice", "add", "By hand", "--account", "Acme")
    both("invoice", "line", "add", "1", "SCN-200x2")
    both("invoice", "line", "edit", "1", "1", "--tax", "10")
    assert of(both("invoice", "show", "1", "--json").json, "amount", "tax") == ["200.00", "20.00"]
    both("invoice", "line", "remove", "1", "1")


BAD = (
    ("payment in K-1 1000.01", 6),
    ("payment in K-1 0", 2),
    ("payment in K-9 10", 5),
    ("payment in A-1 10", 5),
    ("payment in K-1 10x", 2),
    ("payment add --amount 5", 2),
    ("payment add --amount 5 --contract 1 --currency EUR", 6),
    ("payment refund K-1 1", 6),
    ("payment plan 1 --due 2027-01-01=1000.01", 6),
    ("payment plan 1 --due 2027-01-01", 2),
    ("contract add Other", 2),
    ("contract add Other --account Acme --state signed", 6),
    ("contract edit 1 --amount 5", 6),
    ("contract edit 1 --state closed", 6),
    ("contract advance 1 --to closed", 6),
    ("contract advance 1 --to nowhere", 6),
    ("contract cancel 1 --reason x", 6),
    ("contract change 1", 2),
    ("contract change 1 --quantity 1=5", 5),
    ("contract exec 1 --delivered SCN-200x1", 5),
    ("contract exec 1", 2),
    ("contract versions 1 --show 7", 5),
    ("contract sign 1", 6),
    ("contract sign 1 --on 2027-01-01", 6),
    ("contract line add 1 SCN-200x1", 6),
    ("order add Odd --account Acme --state completed", 6),
    ("order add Odd --contract 1 --currency EUR", 6),
    ("order add Odd", 2),
    ("order return 1", 2),
    ("invoice make", 2),
    ("invoice make --contract 1 --percent 101", 2),
    ("credit limit Acme lots", 2),
    ("credit policy perhaps", 2),
    ("report margin --by weather", 2),
    ("contract sign 1 --if-version 99", 6),
)


def test_bad_input_changes_nothing(both: Crm) -> None:
    both("contract", "add", "Frame", "--account", "Acme", "--amount", "1000")
    both("contract", "sign", "1")
    before = both("log", "--json").json
    for line, code in BAD:
        done = both(*line.split())
        assert done.code == code, (line, done.err)
        assert len(done.err.splitlines()) == 1, line
    assert both("log", "--json").json == before


def test_everything_is_taken_back(both: Crm) -> None:
    both("contract", "add", "Frame", "--account", "Acme", "--amount", "1000")
    both("contract", "sign", "1")
    paid = both("payment", "in", "1", "400", "--json").json
    assert both("undo", paid["tx"]).code == 0
    assert both("contract", "show", "1", "--json").json["outstanding"] == "1000.00"
    both("payment", "in", "1", "400")
    both("payment", "archive", "2")
    assert both("contract", "show", "1", "--json").json["outstanding"] == "1000.00"
    both("payment", "restore", "2")
    both("payment", "edit", "2", "--amount", "300")
    assert both("contract", "show", "1", "--json").json["outstanding"] == "700.00"
    changed = both("contract", "change", "1", "--amount", "1200", "--json").json
    assert both("undo", changed["tx"]).code == 0
    assert of(both("contract", "show", "1", "--json").json, "revision", "amount") == [1, "1000.00"]
    assert both("payment", "in", "1", "50", "--dry-run").code == 0
    assert both("contract", "show", "1", "--json").json["outstanding"] == "700.00"
    first = both("payment", "in", "1", "50", "--key", "a", "--json").json
    assert both("payment", "in", "1", "50", "--key", "a", "--json").json == first
    assert both("contract", "show", "1", "--json").json["outstanding"] == "650.00"


def test_who_may_see_costs_and_give_back_money(both: Crm) -> None:
    both("user", "add", "Li Na", "--login", "li", "--role", "rep")
    both("--as", "li", "account", "add", "Beta")
    both("--as", "li", "order", "add", "Small", "--account", "Beta")
    both("--as", "li", "order", "line", "add", "1", "SCN-200x1")
    shown = both("--as", "li", "order", "show", "1", "--json").json
    assert "cost" not in shown
    assert shown["amount"] == "100.00"
    assert both("order", "show", "1", "--json").json["cost"] == "70.00"
    assert both("--as", "li", "order", "line", "list", "1", "--json").json[0]["margin"] is None
    assert both("--as", "li", "report", "margin").code == 4
    assert both("--as", "li", "payment", "in", "S-1", "60").code == 0
    assert both("--as", "li", "payment", "refund", "S-1", "10").code == 4
    assert (
        both("--as", "li", "payment", "add", "--order", "1", "--kind", "refund", "--amount", "10").code == 4
    )
    assert both("--as", "li", "credit", "limit", "Beta", "1000").code == 4
    assert both("--as", "li", "account", "edit", "Beta", "--credit-limit", "1000").code == 4
    assert both("--as", "li", "credit", "policy", "off").code == 4
    both("order", "add", "Theirs", "--account", "Acme", "--amount", "10")
    assert both("--as", "li", "payment", "in", "S-2", "5").code == 5
    assert both("--as", "li", "order", "show", "2").code == 5


def test_an_import_states_facts(both: Crm) -> None:
    """History comes in as it was: signed contracts, paid in part, and more than was agreed."""
    Path("contracts.csv").write_text(
        "external_id,name,account,amount,state,signed_on\nc1,Frame,Acme,1000,executing,2025-01-01\n"
    )
    Path("payments.csv").write_text(
        "external_id,account,contract,kind,amount,paid_on\n"
        "p1,Acme,Frame,advance,300,2025-02-01\np2,Acme,Frame,receipt,800,2025-03-01\np3,Acme,Frame,refund,50,2025-04-01\n"
    )
    done = both("contract", "import", "contracts.csv", "--json")
    assert done.json["created"] == 1, done.err
    assert both("payment", "import", "payments.csv", "--json").json["created"] == 3
    # 300 + 800 − 50 = 1,050 for 1,000.
    shown = both("contract", "show", "1", "--json").json
    assert (shown["state"], shown["paid"], shown["outstanding"]) == ("executing", "1050.00", "0.00")
    assert both("finance", "account", "Acme", "--json").json[-1]["balance"] == "-50.00"
    assert both("payment", "import", "payments.csv", "--json").json["created"] == 0


def test_deliveries_come_from_another_program(both: Crm) -> None:
    for name in ("One", "Two"):
        both("contract", "add", name, "--account", "Acme")
    for ref in ("1", "2"):
        both("contract", "line", "add", ref, "SCN-200x10")
        both("contract", "sign", ref)
    rows = '{"contract": "K-1", "line": "SCN-200", "delivered": 4, "on": "2026-11-18"}\n'
    rows += '{"contract": "K-2", "line": 1, "delivered": 5}\n{"contract": "K-2", "line": 1, "returned": 1}\n'
    done = in_process("contract", "exec", "--input", "-", "--json", stdin=rows)
    assert [of(row, "ref", "progress", "returned") for row in done.json] == [
        ["K-1", 40, "0.00"],
        ["K-2", 50, "100.00"],
    ]
    # The second is too much: nothing of it is entered.
    wrong = '{"line": 1, "delivered": 1}\n{"line": 1, "delivered": 9}\n'
    assert in_process("contract", "exec", "1", "--input", "-", stdin=wrong).code == 6
    assert in_process("contract", "exec", "1", "--input", "-", stdin='{"lane": 1}').code == 2
    assert both("contract", "show", "1", "--json").json["progress"] == 40


def test_what_is_given_up(both: Crm) -> None:
    both("contract", "add", "Frame", "--account", "Acme", "--amount", "1000")
    assert both("contract", "cancel", "1").code == 6
    done = both("contract", "cancel", "1", "--reason", "no budget", "--json").json
    assert of(done, "state", "reason", "outstanding") == ["cancelled", "no budget", "0.00"]
    assert both("payment", "in", "1", "5").code == 6
    both("order", "add", "Big", "--account", "Acme", "--amount", "100")
    both("payment", "in", "S-1", "40")
    assert both("order", "cancel", "1", "--reason", "twice").code == 6
    both("payment", "refund", "S-1", "40")
    assert of(both("order", "cancel", "1", "--reason", "twice", "--json").json, "state", "outstanding") == [
        "cancelled",
        "0.00",
    ]
    assert both("credit", "show", "Acme", "--json").json["owed"] == "0.00"
