"""Quotes: made and priced, approved, sent, answered, revised; and the prices that hold."""

from datetime import date
from typing import Any

import pytest

from crmtui.errors import Forbidden, Invalid, NotFound, NotReady, Refused
from crmtui.services import (
    approvals,
    flow_text,
    opportunity,
    price,
    quote,
    quote_flow,
    quote_lines,
    quote_print,
    quote_rule,
    quote_send,
    quote_versions,
    records,
    reversal,
)
from crmtui.services.context import Context
from crmtui.store.record import table
from tests.conftest import NOW
from tests.people import acting


@pytest.fixture
def shop(ctx: Context) -> Context:
    """A customer with a contact, two products, and an opportunity of 300,000."""
    records.add(ctx, "account", {"name": "Acme", "city": "Hangzhou"})
    records.add(ctx, "contact", {"name": "Li Na", "account": "Acme", "email": "li@acme.example"})
    records.add(
        ctx, "product", {"name": "Scanner", "code": "SCN-200", "price": "2500", "cost": "1400", "tax": "13"}
    )
    records.add(ctx, "product", {"name": "Cable", "price": "9.99", "unit": "m"})
    given = {"name": "Scanners", "account": "Acme", "contact": "Li Na", "amount": "300000"}
    records.add(ctx, "opp", {**given, "expected_close_on": "2026-12-20"})
    return ctx


def listed(ctx: Context, ref: str = "1") -> list[dict[str, Any]]:
    return quote_lines.list_lines(ctx, ref)


def sent(ctx: Context, **given: object) -> Any:
    made = quote.make(ctx, {"opp": "1", **given})
    quote_flow.submit(ctx, str(made.id))
    return quote_send.send(ctx, str(made.id), by="hand")


# -- made -------------------------------------------------------------------------------------------------------


def test_a_quote_from_an_opportunity_offers_its_products(shop: Context) -> None:
    records.edit(shop, "opp", "1", {"products": "Scanner, Cable"})
    made = quote.make(shop, {"opp": "1"})
    assert (made.name, made.account_id, made.contact_id, made.state, made.currency) == (
        "Scanners",
        1,
        1,
        "draft",
        "USD",
    )
    assert [(line["text"], line["price"].text(), line["tax"]) for line in listed(shop)] == [
        ("Scanner", "2500.00", "13"),
        ("Cable", "9.99", "0"),
    ]
    # 2,500.00 + 9.99; 13 % tax on the scanner alone
    assert (made.amount, made.tax, made.cost, made.revision, made.current) == (
        250_999,
        32_500,
        140_000,
        1,
        True,
    )


def test_without_products_it_offers_what_the_opportunity_is_worth(shop: Context) -> None:
    made = quote.make(shop, {"opp": "1"})
    assert (made.amount, [line["text"] for line in listed(shop)]) == (300_000_00, ["Scanners"])


def test_a_quote_by_hand_is_linked_later(shop: Context) -> None:
    made = quote.make(shop, {"account": "Acme"}, ["SCN-200x3", "Cablex2.5@8"])
    assert (made.opp_id, made.amount) == (None, 3 * 250_000 + 2_000)  # 2.5 × 8.00
    assert records.edit(shop, "quote", "1", {"opp": "1"}).opp_id == 1


def test_a_product_whose_name_looks_like_a_quantity_is_that_product(shop: Context) -> None:
    records.add(shop, "product", {"name": "MX100", "price": "7"})
    made = quote.make(shop, {"account": "Acme"}, ["MX100", "MX100x2"])
    assert made.amount == 2_100
    assert [line["quantity"] for line in listed(shop)] == ["1", "2"]


@pytest.mark.parametrize("state", ["lost", "terminated", "duplicate"])
def test_a_lost_opportunity_gets_no_quote(shop: Context, state: str) -> None:
    with shop.transaction("opp.edit") as tx:
        tx.session.get(table("opp"), 1).state = state
    for make in (lambda: quote.make(shop, {"opp": "1"}), lambda: records.add(shop, "quote", {"opp": "1"})):
        with pytest.raises(Refused) as caught:
            make()
        assert caught.value.code == "quote.opp_lost"
    assert records.count_where(shop, "quote") == 0


def test_a_quote_is_for_somebody_and_not_for_somebody_else(shop: Context) -> None:
    records.add(shop, "account", {"name": "Bolt"})
    for given in ({"name": "Q"}, {"opp": "1", "account": "Bolt"}):
        with pytest.raises(Invalid):
            records.add(shop, "quote", given)
    with pytest.raises(Invalid):
        quote.make(shop, {"opp": "1", "discount": "101"})


# -- lines ------------------------------------------------------------------------------------------------------


def test_every_change_of_a_line_counts_the_quote_anew(shop: Context) -> None:
    quote.make(shop, {"account": "Acme"}, ["SCN-200x2"])
    quote_lines.add(shop, "1", {"text": "Training", "quantity": "1.5", "price": "800", "tax": "6"})
    # 5,000 + 1,200; discount 10 % on the second line: 1,080; then 5 % on all: 5,776 = 4,750 + 1,026
    quote_lines.edit(shop, "1", 2, {"discount": "10"})
    row = records.edit(shop, "quote", "1", {"discount": "5"})
    # Tax 13 % of 4,750 = 617.50, 6 % of 1,026 = 61.56; at list 5,000 + 1,200, so 424 off: 6.8 % → 7
    assert (row.amount, row.tax, row.list_amount, row.reduction) == (577_600, 61_750 + 6_156, 620_000, 7)
    with pytest.raises(Refused):
        records.edit(shop, "quote", "1", {"amount": "100"})
    left = quote_lines.remove(shop, "1", 1)
    assert [(line["position"], line["text"], line["net"].text()) for line in left] == [
        (1, "Training", "1026.00")
    ]
    quote_lines.remove(shop, "1", 1)
    with pytest.raises(NotFound):
        quote_lines.remove(shop, "1", 1)  # there is none
    with pytest.raises(Invalid):
        quote_lines.add(shop, "1", {"text": "Free", "discount": "100.01", "price": "1"})


def test_a_line_is_taken_back_and_the_sum_with_it(shop: Context) -> None:
    quote.make(shop, {"account": "Acme"}, ["SCN-200x2"])
    quote_lines.edit(shop, "1", 1, {"quantity": "3"})
    reversal.undo(shop, str(shop.last_tx))
    with shop.reading() as tx:
        assert tx.session.get(table("quote"), 1).amount == 500_000
    assert listed(shop)[0]["quantity"] == "2"


def test_the_price_that_holds(shop: Context) -> None:
    """Agreed with the customer, before their list, before the standard list, before the product; by quantity and day."""
    records.add(shop, "account", {"name": "Dealer", "price_list": "dealers"})
    price.put(shop, {"product": "Scanner", "price": "2400"})
    price.put(shop, {"product": "Scanner", "price": "2300", "min_quantity": "10"})
    price.put(
        shop, {"product": "Scanner", "price": "2000", "price_list": "dealers", "valid_until": "2026-11-20"}
    )
    price.put(shop, {"product": "Scanner", "price": "2350", "account": "Acme", "valid_from": "2026-12-01"})

    def price_on(account: str, quantity: int, day: date) -> str:
        with shop.reading() as tx:
            of = tx.session.get(table("account"), {"Acme": 1, "Dealer": 2}[account])
            found = price.price_of(
                shop, tx, tx.session.get(table("product"), 1), quantity * 10_000, "USD", of, day
            )
            assert found is not None
            return f"{found.minor / 100:g} {found.source}"

    today, later = date(2026, 11, 20), date(2026, 12, 1)
    assert price_on("Acme", 1, today) == "2400 PP-1"
    assert price_on("Acme", 10, today) == "2300 PP-2"
    assert price_on("Acme", 1, later) == "2350 PP-4"
    assert price_on("Dealer", 1, today) == "2000 PP-3"
    assert price_on("Dealer", 1, later) == "2400 PP-1"
    assert price.put(shop, {"product": "Scanner", "price": "2450"}).id == 1  # the same price, changed
    with pytest.raises(Invalid):
        price.put(
            shop, {"product": "Cable", "price": "1", "valid_from": "2026-12-02", "valid_until": "2026-12-01"}
        )


def test_a_price_in_another_currency_needs_a_rate(shop: Context) -> None:
    with pytest.raises(Refused) as caught:
        quote.make(shop, {"account": "Acme", "currency": "CNY"}, ["Scanner"])
    assert caught.value.code == "rate.missing"
    records.add(shop, "rate", {"currency": "CNY", "valid_on": "2026-01-01", "rate": "0.14"})
    # 2,500 USD at 0.14 USD for a yuan: 17,857.142857 yuan
    assert quote.make(shop, {"account": "Acme", "currency": "CNY"}, ["Scanner"]).amount == 1_785_714


def test_the_last_price_is_told_where_a_new_one_is_typed(shop: Context) -> None:
    first = quote.make(shop, {"account": "Acme"}, ["SCN-200"])
    quote_lines.edit(shop, "1", 1, {"price": "2400", "discount": "10"})
    assert price.last_quoted(shop, "Acme", "Scanner") is None  # nobody has told them yet
    quote_flow.submit(shop, str(first.id))
    quote_send.send(shop, str(first.id), by="fax")
    found = price.last_quoted(shop, "Acme", "Scanner")
    assert found is not None
    assert (found.price.text(), found.day, found.ref) == ("2160.00", date(2026, 11, 20), "Q-1")
    quote.make(shop, {"account": "Acme"}, ["Cable"])
    quote_lines.add(shop, "2", {"product": "Scanner"})
    assert any("2,160.00 USD" in note and "Q-1" in note for note in shop.notes)


# -- the way of a quote -----------------------------------------------------------------------------------------


def test_the_legal_way(shop: Context) -> None:
    """WX-41: create, submit, approved, sent, accepted, deal; sending before approval refused; a revision after sending
    is a new version; none after acceptance."""
    made = quote.make(shop, {"opp": "1"})
    assert made.state == "draft"
    with pytest.raises(Refused) as caught:
        quote_send.send(shop, "1", by="hand")
    assert "submit" in caught.value.hint
    assert quote_flow.submit(shop, "1").state == "approved"
    assert quote_send.send(shop, "1", by="hand").sent_by == "hand"
    again = quote_versions.revise(shop, "1", {"discount": "5"})
    assert (again.revision, again.state, again.amount) == (2, "draft", 285_000_00)
    with pytest.raises(Refused):
        quote_versions.revise(shop, "1")  # it has a newer version
    assert quote_flow.submit(shop, "2").state == "approved"
    quote_send.send(shop, "2", by="hand")
    assert quote_flow.accept(shop, "2").answered_on == date(2026, 11, 20)
    for change in (
        lambda: quote_versions.revise(shop, "2"),
        lambda: quote_lines.add(shop, "2", {"text": "More", "price": "1"}),
        lambda: records.edit(shop, "quote", "2", {"amount": "1"}),
        lambda: quote_flow.decline(shop, "2", "no"),
    ):
        with pytest.raises(Refused):
            change()
    with pytest.raises(Refused):
        quote_flow.deal(shop, "2")  # an opportunity is won with a summary
    assert quote_flow.deal(shop, "2", "they like the support").state == "deal"
    opp = records.show(shop, "opp", "1")
    assert (opp["state"], opp["amount"].text(), opp["summary"]) == (
        "won",
        "285000.00",
        "they like the support",
    )
    chain = quote_versions.versions(shop, "1")
    assert [(one.id, one.state, one.current) for one in chain] == [
        (1, "superseded", False),
        (2, "deal", True),
    ]
    assert quote_versions.versions(shop, "2") == chain


def test_a_deal_is_one_change(shop: Context) -> None:
    sent(shop)
    quote_flow.accept(shop, "1")
    quote_flow.deal(shop, "1", "signed")
    reversal.undo(shop, str(shop.last_tx))
    assert records.show(shop, "opp", "1")["state"] == "open"
    assert records.show(shop, "quote", "1")["state"] == "accepted"


def test_the_negotiation_is_filed(shop: Context) -> None:
    sent(shop)
    with pytest.raises(Invalid):
        quote_versions.counter(shop, "1")
    quote_versions.counter(shop, "1", "270000", "by phone")
    quote_versions.revise(shop, "1", {"discount": "6"})
    talks = quote_versions.negotiation(shop, "2")
    assert [(one["who"], one["revision"], one["amount"].text(), one["text"]) for one in talks] == [
        ("us", 1, "300000.00", None),
        ("buyer", 1, "270000.00", "by phone"),
        ("us", 2, "282000.00", None),
    ]
    with pytest.raises(Refused):
        quote_versions.counter(shop, "2", "1")  # they have not seen it yet


def test_an_answer_ends_with_the_reason(shop: Context) -> None:
    sent(shop)
    with pytest.raises(Refused):
        quote_flow.decline(shop, "1", " ")
    with pytest.raises(Invalid):
        quote_flow.accept(shop, "1", date(2026, 11, 21))
    done = quote_flow.decline(shop, "1", "too slow")
    assert (done.state, done.reason) == ("declined", "too slow")
    assert quote_versions.revise(shop, "1").revision == 2


# -- by rule ----------------------------------------------------------------------------------------------------


def test_winning_makes_one_quote_by_rule(shop: Context) -> None:
    """WX-40: with the rule on and no live quote, winning makes one draft; with a live quote none."""
    quote_rule.change(shop, {"on_won": "yes"})
    opportunity.close(shop, "1", won=True, summary="signed")
    (made,) = records.find(shop, "quote").rows
    assert (made["state"], made["opp"].ref, made["amount"].text()) == ("draft", "O-1", "300000.00")
    records.add(
        shop, "opp", {"name": "More", "account": "Acme", "amount": "5", "expected_close_on": "2026-12-20"}
    )
    quote.make(shop, {"opp": "2"})
    opportunity.close(shop, "2", won=True, summary="signed")
    assert records.count_where(shop, "quote") == 2
    quote_rule.change(shop, {"on_won": "no"})
    records.add(
        shop, "opp", {"name": "Last", "account": "Acme", "amount": "5", "expected_close_on": "2026-12-20"}
    )
    opportunity.close(shop, "3", won=True, summary="signed")
    assert records.count_where(shop, "quote") == 2


def test_the_rule_says_how_generated_quotes_begin(store_url: str) -> None:
    """WX-40: the owner's button makes a quote in the state of the rule, which a person without the right cannot change."""
    with acting(store_url, "li", "zhou") as (li, zhou):
        records.add(li, "account", {"name": "Acme"})
        records.add(
            li, "opp", {"name": "D", "account": "Acme", "amount": "9", "expected_close_on": "2026-12-20"}
        )
        assert quote.make(li, {"opp": "1"}).state == "draft"
        with pytest.raises(Forbidden):
            quote_rule.change(li, {"state": "approved"})
        with pytest.raises(Invalid):
            quote_rule.change(zhou, {"state": "sent"})
        assert quote_rule.change(zhou, {"state": "approved"})["state"] == "approved"
        assert quote.make(li, {"opp": "1"}).state == "approved"
        quote_rule.change(zhou, {"state": "draft"})
        with Context.open(flags={"db": store_url}, now=NOW) as admin:
            reversal.undo(admin, str(zhou.last_tx))
        assert quote_rule.rules(li)["state"] == "approved"


FLOW = """
[[flow]]
code = "discounts"
name = "Discounts"
verb = "quote.submit"
one_login = true
if = "reduction > 15"
[[flow.step]]
who = "superior"
"""


@pytest.mark.parametrize("answer", ["ok", "reject", "recall"])
def test_a_discount_is_approved_by_the_superior(store_url: str, answer: str) -> None:
    with Context.open(flags={"db": store_url}, now=NOW) as admin:
        flow_text.apply(admin, FLOW)
    with acting(store_url, "li", "chen") as (li, chen):
        with Context.open(flags={"db": store_url}, now=NOW) as admin:
            records.edit(admin, "user", "li", {"manager": "chen"})
            records.add(admin, "product", {"name": "Scanner", "price": "2500", "cost": "1400"})
        records.add(li, "account", {"name": "Acme"})
        quote.make(li, {"account": "Acme", "discount": "15"}, ["Scanner"])
        assert quote_flow.submit(li, "1").state == "approved"  # not more than 15 %
        quote.make(li, {"account": "Acme", "discount": "16"}, ["Scanner"])
        assert quote_flow.submit(li, "2", "matches their rival").state == "submitted"
        with pytest.raises(Refused):
            records.edit(li, "quote", "2", {"discount": "99"})
        with pytest.raises(Refused):
            quote_send.send(li, "2", by="hand")
        if answer == "recall":
            approvals.recall(li, "1")
        else:
            with pytest.raises(Refused):
                approvals.ok(li, "1")  # nobody decides on their own request
            approvals.ok(chen, "1") if answer == "ok" else approvals.reject(chen, "1", "too much")
        state = records.show(li, "quote", "2")["state"]
        assert state == {"ok": "approved", "reject": "returned", "recall": "draft"}[answer]
        if answer == "reject":
            records.edit(li, "quote", "2", {"discount": "10"})
            assert quote_flow.submit(li, "2").state == "approved"


def test_what_things_cost_is_shown_to_those_with_the_right(store_url: str) -> None:
    with acting(store_url, "li", "chen") as (li, chen):
        with Context.open(flags={"db": store_url}, now=NOW) as admin:
            records.add(admin, "product", {"name": "Scanner", "price": "2500", "cost": "1400"})
        records.add(li, "account", {"name": "Acme"})
        quote.make(li, {"account": "Acme"}, ["Scanner"])
        assert listed(li)[0]["cost"] is listed(li)[0]["margin"] is None
        assert listed(chen)[0]["margin"].text() == "1100.00"
        for noun in ("quote", "product"):
            assert "cost" not in records.show(li, noun, "1")
            assert records.show(chen, noun, "1")["cost"].text() == "1400.00"
            with pytest.raises(Invalid):
                records.find(li, noun, where="cost > 1000")


# -- on paper and by mail ---------------------------------------------------------------------------------------


def test_a_quote_on_paper(shop: Context) -> None:
    made = quote.make(
        shop, {"opp": "1", "discount": "5", "valid_until": "2026-12-20"}, ["SCN-200x2", "Cablex2.5"]
    )
    assert (
        made.amount == 477_373
    )  # 5,000 + 24.98 (2.5 × 9.99 = 24.975) = 5,024.98, less 5 % = 251.249 → 251.25
    text = quote_print.text(quote_print.document(shop, "1"))
    for said in (
        "Scanners",
        "Acme",
        "Hangzhou",
        "Li Na",
        "Q-1",
        "2026-12-20",
        "2.5 m",
        "-251.25",
        "4,773.73",
    ):
        assert said in text
    # 13 % on 5,000 less its share of the discount, 250.00: 617.50
    assert "617.50" in text
    assert "1,400" not in text


def test_a_hostile_name_acts_nowhere(shop: Context) -> None:
    records.edit(shop, "opp", "1", {"name": "#strong[x] \\ $a$ [bold]"})
    quote.make(shop, {"opp": "1"})
    assert "#strong[x] \\ $a$ [bold]" in quote_print.text(quote_print.document(shop, "1"))


def test_a_pdf_or_how_to_get_one(shop: Context) -> None:
    quote.make(shop, {"opp": "1", "name": "扫描仪 #panic()"})
    found = quote_print.document(shop, "1")
    if quote_print.is_there():
        assert quote_print.pdf(found).startswith(b"%PDF-")
    else:
        with pytest.raises(NotReady) as caught:
            quote_print.pdf(found)
        assert "crmtui[pdf]" in caught.value.hint


def test_a_quote_goes_by_mail_through_the_outbox(shop: Context) -> None:
    quote.make(shop, {"opp": "1", "valid_until": "2026-12-20"})
    quote_flow.submit(shop, "1")
    assert quote_send.send(shop, "1").sent_by == "email"
    (mail,) = records.find(shop, "outbox").rows
    assert (mail["to"], mail["state"], mail["about"].ref) == ("li@acme.example", "waiting", "Q-1")
    assert mail["subject"] == "Quote Q-1: Scanners"
    for said in ("Dear Li Na", "Q-1", "300,000.00 USD", "2026-12-20"):
        assert said in mail["text"]
    quote_send.send(shop, "1", to=["a@acme.example", "b@acme.example"], text="Here it is again.")
    assert records.count_where(shop, "outbox") == 3


def test_what_cannot_be_sent_is_not(shop: Context) -> None:
    records.edit(shop, "contact", "1", {"email": ""})
    quote.make(shop, {"opp": "1", "valid_until": "2026-11-20"})
    quote_flow.submit(shop, "1")
    for send, kind in (
        (lambda: quote_send.send(shop, "1"), Refused),
        (lambda: quote_send.send(shop, "1", to=["nobody"]), Invalid),
        (lambda: quote_send.send(shop, "1", by="pigeon"), Invalid),
    ):
        with pytest.raises(kind):
            send()
    assert records.show(shop, "quote", "1")["state"] == "approved"
    with Context.open(flags={"db": str(shop.config["db"])}, now="2026-11-21T09:00:00+08:00") as tomorrow:
        with pytest.raises(Refused) as caught:
            quote_send.send(tomorrow, "1", by="hand")
        assert caught.value.code == "quote.out_of_date"
    assert records.count_where(shop, "outbox") == 0


def test_the_price_that_a_lead_was_told_is_not_forgotten(ctx: Context) -> None:
    records.add(ctx, "lead", {"company": "Acme", "quoted": "12000"})
    assert ctx.notes == []
    records.add(ctx, "lead", {"company": "ACME", "quoted": "11000"})
    assert ["12,000.00 USD" in note and "L-1" in note for note in ctx.notes] == [True]
    records.edit(ctx, "lead", "2", {"quoted": "10500"})
    assert ["11,000.00 USD" in note and "L-2" in note for note in ctx.notes[1:]] == [True]
    records.edit(ctx, "lead", "2", {"city": "Hangzhou"})
    assert len(ctx.notes) == 2
