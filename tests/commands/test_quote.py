"""`crm quote` and `crm price` as transcripts."""

from pathlib import Path

import pytest

from crmtui.services import quote_print
from tests.commands.conftest import Crm


@pytest.fixture
def shop(crm: Crm) -> Crm:
    crm("account", "add", "Acme", "--email", "buy@acme.example")
    crm("product", "add", "Scanner", "--code", "SCN-200", "--price", "2500", "--cost", "1400", "--tax", "13")
    crm("opp", "add", "Hall", "--account", "Acme", "--amount", "5000", "--expected-close-on", "today+9d")
    return crm


def test_from_opportunity_to_deal(shop: Crm) -> None:
    crm = shop
    made = crm("quote", "make", "--opp", "Hall", "--item", "SCN-200x2", "--json").json
    assert (made["ref"], made["amount"], made["state"], made["opp"]["ref"]) == (
        "Q-1",
        "5000.00",
        "draft",
        "O-1",
    )
    assert crm("quote", "line", "add", "1", "--text", "Training", "--price", "800", "--tax", "6").code == 0
    assert crm("quote", "line", "edit", "1", "2", "--quantity", "1.5", "--discount", "10").code == 0
    assert crm("quote", "line", "list", "1", "--fields", "text,quantity,net").lines == [
        "Scanner\t2\t5000.00",
        "Training\t1.5\t1080.00",
    ]
    assert crm("quote", "line", "remove", "1", "2").code == 0
    assert crm("quote", "submit", "1", "--dry-run", "--json").json["state"] == "approved"
    assert crm("quote", "submit", "1", "--json").json["state"] == "approved"
    assert crm("quote", "send", "1", "--key", "k", "--json").json["sent_by"] == "email"
    assert crm("quote", "send", "1", "--key", "k").code == 0
    assert crm("outbox", "list", "--fields", "to,about").lines == ["buy@acme.example\tQ-1"]
    assert len(crm("quote", "counter", "1", "--price", "4800", "--note", "by phone", "--json").json) == 2
    assert crm("quote", "revise", "1", "--discount", "2", "--json").json["amount"] == "4900.00"
    assert crm("quote", "versions", "2", "--fields", "ref,revision,state").lines == [
        "Q-1\t1\tsuperseded",
        "Q-2\t2\tdraft",
    ]
    for words in (("submit", "2"), ("send", "2", "--by", "fax")):
        assert crm("quote", *words).code == 0
    assert crm("quote", "accept", "2", "--on", "today", "--fields", "answered_on").out == "2026-11-20\n"
    assert crm("quote", "deal", "2", "--summary", "better support", "--if-version", "9999").code == 6
    shown = crm("quote", "deal", "2", "--summary", "better support", "--json").json
    assert (shown["state"], shown["closed_on"]) == ("deal", "2026-11-20")
    assert crm("opp", "show", "1", "--fields", "state,amount").out == "won\t4900.00\n"
    (drilled,) = crm("forecast", "drill", "--period", "2026Q4", "--json").json
    assert (drilled["kind"], drilled["ref"], drilled["opp"]["ref"], drilled["counted"]) == (
        "quote",
        "Q-2",
        "O-1",
        "4900.00",
    )
    who = [row["who"] for row in crm("quote", "negotiation", "2", "--json").json]
    assert who == ["us", "buyer", "us"]
    assert [line["net"] for line in crm("quote", "show", "2", "--json").json["lines"]] == ["4900.00"]


def test_bad_input_changes_nothing(shop: Crm) -> None:
    crm = shop
    crm("quote", "make", "--opp", "1")
    for code, words in (
        (2, ("make", "--opp", "1", "--discount", "101")),
        (2, ("line", "add", "1", "--text", "x", "--price", "1", "--discount", "100.5")),
        (2, ("line", "add", "1", "--text", "x", "--price", "1", "--quantity", "0")),
        (2, ("line", "add", "1", "--product", "Scanner", "--price", "1.999")),
        (2, ("make",)),
        (2, ("add", "Q", "--opp", "1", "--discount", "200")),
        (5, ("make", "--opp", "77")),
        (5, ("line", "edit", "1", "9", "--price", "1")),
        (6, ("send", "1")),
        (6, ("accept", "1")),
        (6, ("deal", "1")),
        (6, ("decline", "1", "--reason", "no")),
        (6, ("revise", "1")),
        (6, ("counter", "1", "--price", "1")),
        (6, ("cancel", "1")),
        (6, ("edit", "1", "--state", "approved")),
        (6, ("edit", "1", "--set", "revision=2")),
    ):
        done = crm("quote", *words)
        assert (done.code, done.out) == (code, ""), (words, done.err)
        assert len(done.err.splitlines()) == 1
    assert crm("quote", "show", "1", "--fields", "state,amount,version").out == "draft\t5000.00\t2\n"
    crm("opp", "close", "1", "--lost", "--competitor", "none", "--reason", "price", "--summary", "too dear")
    done = crm("quote", "make", "--opp", "1")
    assert (done.code, crm("quote", "list", "--fields", "ref").lines) == (6, ["Q-1"])
    assert "crm opp reopen O-1" in done.err


def test_what_is_out_of_date_expires(shop: Crm) -> None:
    crm = shop
    crm("quote", "make", "--opp", "1", "--valid-until", "today+3d")
    crm("quote", "submit", "1")
    assert crm("quote", "expire").out == ""
    later = ("--now", "2026-11-24T09:00:00+08:00")
    assert crm("quote", "expire", "--dry-run", "--fields", "ref,state", *later).out == "Q-1\texpired\n"
    assert crm("quote", "expire", "--fields", "ref,state", *later).out == "Q-1\texpired\n"
    assert crm("quote", "cancel", "1", "--reason", "late", *later).code == 6


def test_a_quote_is_printed(shop: Crm, home: Path) -> None:
    crm = shop
    crm("quote", "make", "--opp", "1", "--item", "Scanner")
    out = crm("quote", "print", "1").out
    assert "Scanner" in out
    assert "2,825.00" in out  # 2,500 and 13 %
    assert crm("quote", "print", "1", "-o", "quote.txt").code == 0
    assert (home / "quote.txt").read_text() == out
    done = crm("quote", "print", "1", "-o", "quote.pdf")
    if quote_print.is_there():
        assert (home / "quote.pdf").read_bytes().startswith(b"%PDF-")
    else:
        assert (done.code, (home / "quote.pdf").exists()) == (3, False)
        assert "crmtui[pdf]" in done.err


def test_prices(shop: Crm) -> None:
    crm = shop
    set_price = crm("price", "set", "SCN-200", "2300", "--from-quantity", "10", "--json").json
    assert (set_price["price_list"], set_price["price"], set_price["min_quantity"]) == (
        "standard",
        "2300.00",
        10,
    )
    assert crm("price", "set", "SCN-200", "2250", "--from-quantity", "10", "--json").json["ref"] == "PP-1"
    assert crm("price", "list", "--fields", "product,price").out == "Scanner\t2250.00\n"
    crm("quote", "make", "--opp", "1", "--item", "Scannerx10")
    assert crm("quote", "show", "1", "--fields", "amount").out == "22500.00\n"
    assert crm("price", "last", "Scanner", "--account", "Acme", "--json").json["price"] is None
    crm("quote", "submit", "1")
    crm("quote", "send", "1")
    assert (
        crm("price", "last", "Scanner", "--account", "Acme", "--fields", "price,quote").out
        == "2250.00\tQ-1\n"
    )


def test_a_line_in_short(shop: Crm) -> None:
    crm = shop
    assert crm("price", "last", "Scanner").code == 2
    crm("quote", "make", "--opp", "1")
    add = ("quote", "line", "add", "1", "--fields", "product,text,quantity,price")
    assert crm(*add, "Scannerx3@2400").lines[-1] == "Scanner\tScanner\t3\t2400.00"
    assert crm(*add, "Scannerx3@2400", "--price", "7", "--quantity", "2").lines[-1].endswith("\t2\t7.00")
    assert crm(*add, "Setting upx2", "--price", "90").lines[-1] == "\tSetting up\t2\t90.00"
    assert crm(*add, "Setting up", "--json").error["code"] == "line.no_price"
    assert crm(*add, "--json").error["code"] == "line.no_text"
    assert crm("quote", "line", "edit", "1", "1", "--json").error["code"] == "quote.nothing_to_change"


def test_the_rules_for_quotes(shop: Crm) -> None:
    crm = shop
    assert crm("quote", "rule", "--json").json["on_won"] == "no"
    assert crm("quote", "rule", "--on-won", "sometimes").code == 2
    assert crm("quote", "rule", "--on-won", "yes", "--revisions", "free").out == "yes\tdraft\tfree\n"
    crm("opp", "close", "1", "--won", "--summary", "signed")
    assert crm("quote", "list", "--fields", "opp,state,amount").out == "Hall\tdraft\t5000.00\n"
    crm("quote", "submit", "1")
    crm("quote", "send", "1", "--by", "hand")
    assert (
        crm("quote", "decline", "1", "--reason", "too dear", "--fields", "state,reason").out
        == "declined\ttoo dear\n"
    )
    crm("quote", "revise", "1")
    assert crm("quote", "submit", "2", "--fields", "state").out == "approved\n"
