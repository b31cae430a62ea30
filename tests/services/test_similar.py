"""What was like an opportunity before: bought, won how, lost why (WX-75)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmtui.money import Money
from crmtui.services import likeness, opportunity, records, similar
from crmtui.services.context import Context
from crmtui.services.likeness import Subject
from tests.people import acting


def _add(ctx: Context, **given: object) -> str:
    return f"O-{records.add(ctx, 'opp', {'expected_close_on': '2026-12-24', **given}).id}"


@pytest.fixture
def seven(ctx: Context) -> str:
    """Account 7 bought 50 scanners in 2026, won by demo and 5 % discount, and a printer deal with it was lost on price."""
    for number in range(1, 8):
        account = records.add(ctx, "account", {"name": f"Customer {number}"})
    ref = f"A-{account.id}"
    assert ref == "A-7"
    records.add(ctx, "product", {"name": "SCN-200", "type": "scanner", "price": "2500"})
    records.add(ctx, "product", {"name": "SCN-300", "type": "scanner", "price": "3500"})
    records.add(ctx, "product", {"name": "PRT-1", "type": "printer", "price": "900"})
    won = _add(ctx, name="50 scanners", account=ref, products="SCN-200", amount="125000")
    opportunity.close(ctx, won, won=True, summary="demo + 5 % discount")
    lost = _add(ctx, name="Office printers", account=ref, products="PRT-1", amount="9000")
    opportunity.close(ctx, lost, won=False, summary="10 % above", competitor="Rival", reason="price")
    return ref


def test_a_scanner_again_and_a_printer_again(ctx: Context, seven: str) -> None:
    scanner = _add(ctx, name="More scanners", account=seven, products="SCN-300", amount="200000")
    found = similar.similar(ctx, scanner)
    assert [(row["kind"], row["name"], row["state"]) for row in found] == [
        ("purchase", "50 scanners", "won"),
        ("deal", "50 scanners", "won"),
    ]
    assert (str(found[0]["on"])[:4], found[0]["amount"], found[0]["what"]) == (
        "2026",
        Money(125_000_00, "USD"),
        "SCN-200",
    )
    assert found[1]["how"] == "demo + 5 % discount"
    assert "the same kind of product" in found[1]["why"]
    printer = _add(ctx, name="A printer for the lab", account=seven, products="PRT-1", amount="1000")
    (row,) = similar.similar(ctx, printer)
    assert (row["kind"], row["state"], row["reason"], row["competitor"].name) == (
        "deal",
        "lost",
        "price",
        "Rival",
    )


def test_another_customer_bought_the_like(ctx: Context, seven: str) -> None:
    other = _add(ctx, name="Scanner", account="A-1", products="SCN-200", amount="100")
    assert [(row["kind"], row["name"]) for row in similar.similar(ctx, other)] == [("deal", "50 scanners")]
    nothing = _add(ctx, name="Desks", account=seven)
    assert similar.similar(ctx, nothing) == []
    assert similar.similar(ctx, other, 0) == []


def test_what_the_customer_ordered(ctx: Context, seven: str) -> None:
    """An order with lines tells what and how many."""
    from crmtui.store.record import table

    order = records.add(ctx, "order", {"name": "Spare parts", "account": seven, "ordered_on": "2026-03-01"})
    with ctx.transaction("order.edit") as tx:
        line = {"order_id": order.id, "position": 1, "quantity": 500_000, "price": 100}
        tx.add(table("order_line")(product_id=1, text="SCN-200 scanner", **line))
    scanner = _add(ctx, name="Thing", account=seven, products="SCN-300")
    bought = [row for row in similar.similar(ctx, scanner) if row["ref"].startswith("S-")]
    assert [(row["kind"], row["what"]) for row in bought] == [("purchase", "50 × SCN-200 scanner")]


def test_nobody_learns_of_deals_out_of_sight(sqlite_url: str) -> None:
    with acting(sqlite_url, "li", "zhao") as (li, zhao):
        records.add(li, "account", {"name": "Acme"})
        won = _add(li, name="Scanners", account="1", amount="1000")
        opportunity.close(li, won, won=True, summary="demo")
        records.add(zhao, "account", {"name": "Bolt"})
        own = _add(zhao, name="Scanners", account="2", amount="1000")
        assert similar.similar(zhao, own) == []


_subjects = st.builds(
    Subject,
    account=st.none() | st.integers(1, 3),
    products=st.frozensets(st.integers(1, 4)),
    types=st.frozensets(st.sampled_from(["a", "b"])),
    words=st.frozensets(st.sampled_from(["scanner", "printer", "desk"])),
    industry=st.none() | st.sampled_from(["retail", "finance"]),
    amount=st.none() | st.integers(0, 1000),
    currency=st.sampled_from(["USD", "EUR"]),
)


@given(_subjects, _subjects)
def test_likeness_is_mutual_and_bounded(one: Subject, two: Subject) -> None:
    forth, back = likeness.compare(one, two), likeness.compare(two, one)
    assert forth == back
    assert 0 <= forth.score <= 100
    assert bool(forth.score) == bool(forth.parts)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("50 Scanners for the deal", {"scanner"}),
        ("扫描仪采购", {"扫描", "描仪", "仪采", "采购"}),
        ("<b>x</b> 12", set()),
    ],
)
def test_words(text: str, words: set[str]) -> None:
    assert likeness.words_of(text) == words


def test_who_asks_for_nothing_gets_nothing() -> None:
    empty: Any = likeness.compare(Subject(), Subject())
    assert (empty.score, empty.parts) == (0, ())
