"""Totals of lists: in one currency, over what one may see, percents with two decimals."""

import contextlib
from datetime import date
from typing import Any

import pytest

from crmtui.errors import Refused
from crmtui.money import Money
from crmtui.services import records
from crmtui.services.context import Context
from crmtui.store.record import table
from crmtui.store.session import sqlite_module
from tests.conftest import NOW
from tests.people import settle_in


def fill(ctx: Context, *rows: dict[str, Any]) -> None:
    with ctx.transaction("store.import") as tx:
        tx.force = True
        for row in rows:
            tx.add(table("opp")(**{"name": "x", "currency": "USD", "state": "open", **row}))


def total(ctx: Context, by: str = "", measure: str = "count", where: str = "") -> list[list[Any]]:
    columns, rows = records.totals(ctx, "opp", by=by, measure=measure, where_text=where)
    return [[row[column.name] for column in columns] for row in rows]


def test_sums_counts_averages_and_medians(ctx: Context) -> None:
    fill(ctx, *({"amount": amount} for amount in (100, 101, 104, 200)))
    found = total(ctx, measure="count,sum(amount),avg(amount),median(amount),max(amount)")
    assert found == [[4, *(Money(minor, "USD") for minor in (505, 126, 103, 200))]]
    assert total(ctx, measure="count,sum(amount)", where="amount > 100") == [[0, None]]


def test_the_win_rate_is_a_percent_with_two_decimals(ctx: Context) -> None:
    fill(ctx, *({"state": state} for state in ("won", "won", "lost", "open")))
    assert total(ctx, measure="win_rate") == [[66.67]]
    assert total(ctx, measure="win_rate", where="state = won") == [[100]]
    assert total(ctx, measure="win_rate", where="state = open") == [[None]]


def test_groups_follow_references_and_periods(ctx: Context, store_url: str) -> None:
    settle_in(ctx)
    ids = {row["login"]: row["id"] for row in records.find(ctx, "user").rows}
    fill(
        ctx,
        {
            "owner_id": ids["li"],
            "amount": 100,
            "state": "won",
            "closed_on": date(2026, 3, 31),
            "opened_on": date(2026, 3, 1),
        },
        {
            "owner_id": ids["wang"],
            "amount": 200,
            "state": "won",
            "closed_on": date(2026, 4, 1),
            "opened_on": date(2026, 3, 31),
        },
        {"owner_id": ids["zhao"], "amount": 400, "state": "won", "closed_on": date(2026, 1, 1)},
    )
    columns, rows = records.totals(
        ctx, "opp", by="owner.dept,quarter(closed_on)", measure="sum(amount),avg(days_to_close)"
    )
    names = [column.name for column in columns]
    assert names == ["owner.dept", "quarter(closed_on)", "sum(amount)", "avg(days_to_close)"]
    assert [(row[names[0]].name, row[names[1]], row[names[2]].minor, row[names[3]]) for row in rows] == [
        ("East-1", "2026Q1", 100, 30),
        ("East-1", "2026Q2", 200, 1),
        ("West", "2026Q1", 400, None),
    ]
    with Context.open(flags={"db": store_url}, now=NOW, login="li") as li:
        assert total(li, measure="count,sum(amount)") == [[1, Money(100, "USD")]]


def test_money_of_several_currencies_is_converted_record_by_record(ctx: Context) -> None:
    fill(
        ctx,
        {"amount": 1, "currency": "EUR"},
        {"amount": 1, "currency": "EUR"},
        {"amount": 1000, "currency": "EUR", "state": "won", "closed_on": date(2026, 2, 1)},
        {"amount": 7},
    )
    with pytest.raises(Refused) as refusal:
        total(ctx, measure="sum(amount)")
    assert (refusal.value.code, str(refusal.value.params["day"])) == ("rate.missing", "2026-02-01")
    assert total(ctx, measure="sum(amount)", where="currency = USD") == [[Money(7, "USD")]]
    for day, worth in (("2026-01-01", "2"), ("2026-03-01", "1.5")):
        records.add(ctx, "rate", {"currency": "EUR", "valid_on": day, "rate": worth})
    assert total(ctx, measure="sum(amount)") == [[Money(2 + 2 + 2000 + 7, "USD")]]


def test_a_sum_beyond_what_the_store_can_count_is_told(sqlite_url: str) -> None:
    rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9300) "
    with (
        contextlib.closing(sqlite_module().connect(sqlite_url.removeprefix("sqlite:///"))) as database,
        database,
    ):
        database.execute(
            "INSERT INTO opp (version, name, process_id, state, amount, currency) "
            f"{rows} SELECT 1, 'Deal ' || i, 1, 'open', 999999999999999, 'USD' FROM n"
        )
    with Context.open(flags={"db": sqlite_url}) as ctx, pytest.raises(Refused) as refusal:
        list(records.totals(ctx, "opp", by="", measure="sum(amount)")[1])
    assert refusal.value.code == "total.too_large"
