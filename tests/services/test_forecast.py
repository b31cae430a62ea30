"""Forecasts: the worked examples, the sums that must hold, what each person sees, and how it was earlier."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmtui.errors import Invalid, Refused
from crmtui.money import half_up
from crmtui.services import forecast, opportunity, quota, records
from crmtui.services.context import Context
from crmtui.services.forecast import Ask
from tests.conftest import NOW

MONEY = ("quota", "won", "budget", "weighted", "commit", "best", "forecast")
Q4 = "2026Q4"


def people(ctx: Context, *rows: tuple[str, str, str]) -> None:
    """People, as (login, department, role); the departments are made by name, "East<Sales" under another."""
    known: set[str] = set()
    for login, dept, role in rows:
        name, _, parent = dept.partition("<")
        if name not in known:
            records.add(ctx, "dept", {"name": name, **({"parent": parent} if parent else {})})
            known.add(name)
        records.add(ctx, "user", {"name": login, "login": login, "role": role, "dept": name})


def deal(
    ctx: Context, owner: str, amount: str, probability: int = 50, on: str = "2026-12-01", **more: Any
) -> Any:
    """An open opportunity."""
    account = records.find(ctx, "account", limit=1, fields=["ref"])
    ref = next((row["ref"] for row in account.rows), None) or records.add(ctx, "account", {"name": "Acme"}).id
    given = {"name": f"Deal of {owner}", "account": str(ref), "owner": owner, "amount": amount}
    return records.add(ctx, "opp", {**given, "probability": probability, "expected_close_on": on, **more})


def win(ctx: Context, opp: Any, on: date = date(2026, 11, 1)) -> None:
    opportunity.close(ctx, str(opp.id), won=True, summary="done", on=on)


def by_path(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["path"]: row for row in rows}


def plain(rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """Path → figure, money in major units."""
    return {
        row["path"]: getattr(row[name], "minor", None) // 100
        if row[name] is not None and hasattr(row[name], "minor")
        else row[name]
        for row in rows
    }


@pytest.fixture
def sales(ctx: Context) -> Context:
    """Sales over East over East-1, and West; a person in each."""
    people(
        ctx,
        ("zhao", "Sales", "director"),
        ("wang", "East<Sales", "manager"),
        ("li", "East-1<East", "rep"),
        ("sun", "West<Sales", "rep"),
    )
    return ctx


def test_departments_sum_every_level_below(sales: Context) -> None:
    """WX-06, with opportunities only: quotes come later."""
    deal(sales, "li", "300000")
    deal(sales, "wang", "100000")
    deal(sales, "zhao", "50000")
    rows = forecast.table(sales, Ask(dept="Sales", period=Q4, method="budget"))
    assert plain(rows, "budget") == {
        "Sales": 450_000,
        "Sales / East": 400_000,
        "Sales / East / East-1": 300_000,
        "Sales / West": 0,
    }
    assert plain(rows, "forecast")["Sales"] == 450_000
    assert [row["depth"] for row in rows] == [0, 1, 2, 1]
    found = forecast.drill(sales, Ask(dept="East", period=Q4, method="budget"))
    assert [(row["kind"], row["owner"].name, row["counted"].text()) for row in found] == [
        ("opp", "li", "300000.00"),
        ("opp", "wang", "100000.00"),
    ]


def test_an_adjustment_moves_the_figure_at_once(sales: Context) -> None:
    """WX-08, before approval exists."""
    made = deal(sales, "li", "200000", 50, "2027-04-30")
    asks = [Ask(users=("li",)), Ask(dept="Sales", depth=0)]

    def months() -> list[tuple[int, int]]:
        return [
            tuple(
                forecast.table(sales, Ask(dept=a.dept, users=a.users, period=p, depth=0))[0]["weighted"].minor
                // 100
                for p in ("2027-04", "2027-05")
            )  # type: ignore[misc]
            for a in asks
        ]

    assert months() == [(100_000, 0)] * 2
    opportunity.adjust(
        sales, str(made.id), {"amount": "260000", "probability": "80", "expected_close_on": "2027-05-15"}
    )
    assert months() == [(0, 208_000)] * 2


def test_the_gap_and_what_could_close_it(sales: Context) -> None:
    """WX-09."""
    quota.set(sales, "user", "li", Q4, "1000000")
    win(sales, deal(sales, "li", "400000"))
    for amount, probability in (("200000", 50), ("250000", 60), ("200000", 50)):
        deal(sales, "li", amount, probability)
    found = forecast.gap(sales, Ask(users=("li",), period=Q4))
    assert [found.row[name].text() for name in ("quota", "won", "weighted", "gap")] == [
        "1000000.00",
        "400000.00",
        "350000.00",
        "250000.00",
    ]
    assert [(row["remainder"].minor // 100, row["covers"].minor // 100) for row in found.opportunities] == [
        (100_000, 100_000),
        (100_000, 200_000),
        (100_000, 300_000),
    ]
    assert [row["ref"] for row in found.opportunities] == ["O-2", "O-3", "O-4"]
    quota.set(sales, "user", "li", Q4, "700000")
    assert forecast.gap(sales, Ask(users=("li",), period=Q4)).opportunities == []


def test_categories_and_methods(sales: Context) -> None:
    deal(sales, "li", "100", 10, category="commit")
    deal(sales, "li", "200", 10, category="best")
    deal(sales, "li", "400", 10, category="pipeline")
    deal(sales, "li", "800", 10, category="omitted")
    win(sales, deal(sales, "li", "1000"))
    row = forecast.table(sales, Ask(users=("li",), period=Q4))[0]
    assert [row[name].minor // 100 for name in ("won", "budget", "weighted", "commit", "best")] == [
        1000,
        700,
        70,
        100,
        200,
    ]
    assert (row["open"], row["components"]) == (3, 4)
    by_method = [
        forecast.table(sales, Ask(users=("li",), period=Q4, method=m))[0]["forecast"].minor // 100
        for m in forecast.METHODS
    ]
    assert by_method == [1070, 1160, 1700]
    left = forecast.drill(sales, Ask(users=("li",), period=Q4), left_out=True)
    assert [(row["amount"].minor, row["counted"].minor) for row in left] == [(80_000, 0)]


def test_only_open_and_won_count_and_only_in_their_period(sales: Context) -> None:
    past = deal(sales, "li", "100", 50, "2026-10-05")
    records.edit(sales, "opp", str(deal(sales, "li", "200").id), {"expected_close_on": ""})
    opportunity.close(
        sales, str(deal(sales, "li", "400").id), won=False, summary="no", reason="price", competitor="none"
    )
    records.archive(sales, "opp", str(deal(sales, "li", "800").id))
    deal(sales, "li", "1600", 50, "2027-01-01")
    win(sales, deal(sales, "li", "3200"), on=date(2026, 9, 30))
    row = forecast.table(sales, Ask(users=("li",), period=Q4))[0]
    assert (row["budget"].minor, row["won"].minor, row["overdue"], row["undated"]) == (10_000, 0, 1, 1)
    assert [r["ref"] for r in forecast.drill(sales, Ask(period=Q4))] == [f"O-{past.id}"]
    assert forecast.table(sales, Ask(users=("li",), period="2026Q3"))[0]["won"].minor == 320_000


def test_weighted_values_are_rounded_one_by_one(sales: Context) -> None:
    for _ in range(3):
        deal(sales, "li", "0.01", 50)
    assert forecast.table(sales, Ask(users=("li",), period=Q4))[0]["weighted"].minor == 3


def test_other_currencies_count_at_the_rate_of_their_day(sales: Context) -> None:
    for day, worth in (("2026-01-01", "1.1"), ("2026-11-01", "1.2")):
        records.add(sales, "rate", {"currency": "EUR", "valid_on": day, "rate": worth})
    records.add(sales, "rate", {"currency": "JPY", "valid_on": "2026-01-01", "rate": "0.0067"})
    deal(sales, "li", "100", 50, currency="EUR")
    deal(sales, "li", "1001", 50, currency="JPY")
    win(sales, deal(sales, "li", "100", currency="EUR"), on=date(2026, 10, 20))
    row = forecast.table(sales, Ask(users=("li",), period=Q4))[0]
    assert (row["budget"].minor, row["weighted"].minor, row["won"].minor) == (
        12_000 + 671,
        6_000 + 336,
        11_000,
    )


def test_a_missing_rate_is_told_and_nothing_is_guessed(sales: Context) -> None:
    win(sales, deal(sales, "li", "100", currency="EUR"), on=date(2026, 10, 20))
    records.add(sales, "rate", {"currency": "EUR", "valid_on": "2026-10-21", "rate": "1.2"})
    for ask in (lambda a: forecast.table(sales, a), lambda a: forecast.drill(sales, a)):
        with pytest.raises(Refused) as refusal:
            ask(Ask(period=Q4))
        assert (refusal.value.code, refusal.value.params["currency"], str(refusal.value.params["day"])) == (
            "rate.missing",
            "EUR",
            "2026-10-20",
        )


def test_other_divisions_sum_to_the_same(sales: Context) -> None:
    north = records.add(sales, "territory", {"name": "North"})
    product = records.add(sales, "product", {"name": "GTX"})
    deal(sales, "li", "100", 40, territory=str(north.id), industry="energy", products=f"PR-{product.id}")
    deal(sales, "wang", "200", 40, "2026-10-02")
    win(sales, deal(sales, "zhao", "300", industry="energy"))
    for by in forecast.BY:
        rows = forecast.table(sales, Ask(by=by, period=Q4))
        assert plain(rows, "forecast")["Test"] == 420, by
        assert sum(row["forecast"].minor for row in rows if row["depth"] == 1) == 42_000, by
    assert plain(forecast.table(sales, Ask(territory="North", period=Q4)), "weighted") == {"North": 40}
    assert plain(forecast.table(sales, Ask(industry="energy", period=Q4)), "forecast") == {"energy": 340}
    assert plain(forecast.table(sales, Ask(product="GTX", period=Q4)), "weighted") == {"GTX": 40}
    months = plain(forecast.table(sales, Ask(dept="East", by="month", period=Q4)), "weighted")
    assert months == {
        "Sales / East": 120,
        "Sales / East / 2026-10": 80,
        "Sales / East / 2026-11": 0,
        "Sales / East / 2026-12": 40,
    }


def test_a_part_can_be_divided_by_anything(sales: Context) -> None:
    north = records.add(sales, "territory", {"name": "North"})
    deal(sales, "li", "100", 40, territory=str(north.id), industry="energy")
    deal(sales, "wang", "200", 40, territory=str(north.id))
    deal(sales, "wang", "400", 40)
    quota.set(sales, "territory", "North", Q4, "500")
    for ask in (Ask(territory="North"), Ask(dept="East"), Ask(users=("wang",)), Ask(industry="energy")):
        whole = forecast.table(sales, replace(ask, period=Q4, depth=0))[0]
        for by in forecast.BY:
            rows = forecast.table(sales, replace(ask, by=by, period=Q4))
            assert rows[0] == whole, (ask, by)
            if by != "dept":  # which shows no people, who are part of the sum
                _check_sums(rows, quotas=False)
    rows = forecast.table(sales, Ask(territory="North", by="user", period=Q4))
    assert [row["path"] for row in rows] == [
        "North",
        "North / Sales",
        "North / Sales / East",
        "North / Sales / East / wang",
        "North / Sales / East / East-1",
        "North / Sales / East / East-1 / li",
    ]


def test_wrong_questions_are_refused(sales: Context) -> None:
    for ask, code in (
        (Ask(by="colour"), "forecast.word"),
        (Ask(method="guess"), "forecast.word"),
        (Ask(dept="East", users=("li",)), "forecast.one_scope"),
        (Ask(as_of="2027-01-01"), "forecast.future"),
        (Ask(period="soon"), "period.invalid"),
    ):
        with pytest.raises(Invalid) as refusal:
            forecast.table(sales, ask)
        assert refusal.value.code == code


def test_each_sees_their_own(sales: Context, store_url: str) -> None:
    for owner, amount in (("li", "300"), ("wang", "100"), ("sun", "70"), ("zhao", "50")):
        deal(sales, owner, amount, 100)
        quota.set(sales, "user", owner, Q4, amount)
    seen = {}
    for login in ("li", "wang", "zhao"):
        with Context.open(flags={"db": store_url}, now=NOW, login=login) as their:
            rows = by_path(forecast.table(their, Ask(period=Q4)))
            seen[login] = (rows["Test"]["forecast"].minor // 100, rows["Test"]["quota"].minor // 100)
            assert (
                sum(row["counted"].minor for row in forecast.drill(their, Ask(period=Q4)))
                == rows["Test"]["forecast"].minor
            )
            assert "Sales / West" not in rows or login == "zhao"
    assert seen == {"li": (300, 300), "wang": (400, 400), "zhao": (520, 520)}


def test_as_of_an_earlier_moment(sales: Context, store_url: str) -> None:
    """Deals, owners, tree, quotas and rates of that moment; today's rights."""

    def at(day: str) -> Context:
        return Context.open(flags={"db": store_url}, now=f"{day}T09:00:00+08:00")

    with at("2026-11-21") as ctx:
        records.add(ctx, "rate", {"currency": "EUR", "valid_on": "2026-01-01", "rate": "1.1"})
        made = deal(ctx, "li", "300", 50)
        deal(ctx, "sun", "100", 50, currency="EUR")
        quota.set(ctx, "user", "li", Q4, "1000")
    with at("2026-11-22") as ctx:
        before = forecast.table(ctx, Ask(period=Q4, by="user"))
        drilled = forecast.drill(ctx, Ask(period=Q4))
    with at("2026-11-25") as ctx:
        opportunity.adjust(ctx, str(made.id), {"amount": "900"})
        records.edit(ctx, "opp", str(made.id), {"owner": "sun"})
        records.edit(ctx, "user", "li", {"dept": "West"})
        records.edit(ctx, "rate", "1", {"rate": "1.5"})
        quota.set(ctx, "user", "li", Q4, "2000")
        deal(ctx, "li", "5000")
    with at("2026-11-26") as ctx:
        now = forecast.table(ctx, Ask(period=Q4, by="user"))
        assert plain(now, "budget")["Test"] == 900 + 150 + 5000
        assert forecast.table(ctx, Ask(period=Q4, by="user", as_of="2026-11-22T09:00")) == before
        assert forecast.drill(ctx, Ask(period=Q4, as_of="2026-11-22T09:00")) == drilled
        assert forecast.table(ctx, Ask(period=Q4, by="user", as_of="now")) == now
    with Context.open(flags={"db": store_url}, now="2026-11-26T09:00:00+08:00", login="wang") as ctx:
        then = plain(forecast.table(ctx, Ask(period=Q4, as_of="2026-11-22T09:00")), "budget")
        assert (
            then["Sales / East / East-1" if "Sales / East / East-1" in then else "Test / Sales / East"] == 300
        )
        assert plain(forecast.table(ctx, Ask(period=Q4)), "budget")["Test"] == 0


# -- whatever the company looks like ----------------------------------------------------------------------------

DEALS = st.lists(
    st.tuples(
        st.integers(-1, 5),
        st.integers(0, 10**7),
        st.integers(0, 100),
        st.sampled_from(["USD", "EUR", "JPY", "BHD"]),
        st.sampled_from(["pipeline", "best", "commit", "omitted", None]),
        st.sampled_from(["open", "open", "won", "lost", "suspended"]),
        st.integers(-60, 60),
    ),
    max_size=12,
)
TREES = st.lists(st.integers(-1, 3), min_size=1, max_size=4)
HOMES = st.lists(st.integers(-1, 3), min_size=6, max_size=6)
QUOTAS = st.dictionaries(
    st.tuples(st.sampled_from(["user", "dept"]), st.integers(0, 5), st.sampled_from([Q4, "2026-11", "2026"])),
    st.integers(0, 10**6),
    max_size=6,
)
RATES = {"EUR": 112_345_678, "JPY": 671_234, "BHD": 265_252_525}
DIGITS = {"EUR": 2, "JPY": 0, "BHD": 3, "USD": 2}


def _fill(ctx: Context, tree: list[int], homes: list[int], deals: list[Any], quotas: dict[Any, int]) -> None:
    from crmtui.store.record import table

    with ctx.transaction("store.import") as tx:
        tx.force = True
        depts = [tx.add(table("dept")(name=f"d{i}")) for i in range(len(tree))]
        for one, parent in zip(depts, tree, strict=True):
            one.parent_id = depts[parent].id if 0 <= parent < len(depts) else None  # a circle may come of it
        users = [
            tx.add(
                table("user")(
                    login=f"u{i}", name=f"u{i}", dept_id=depts[home].id if 0 <= home < len(depts) else None
                )
            )
            for i, home in enumerate(homes)
        ]
        for currency, rate in RATES.items():
            tx.add(table("rate")(currency=currency, valid_on=date(2026, 1, 1), rate=rate, rate_set="default"))
        for owner, amount, probability, currency, category, state, days in deals:
            day = ctx.clock.today() + timedelta(days=days)
            row = table("opp")(
                name="x",
                amount=amount,
                currency=currency,
                probability=probability,
                category=category,
                state=state,
            )
            row.owner_id = users[owner].id if owner >= 0 else None
            row.expected_close_on, row.closed_on = day, day if state in ("won", "lost") else None
            tx.add(row)
        for (scope, place, period), amount in quotas.items():
            many = users if scope == "user" else depts
            one = many[place % len(many)]
            row = {
                "scope": scope,
                "of": f"{'U' if scope == 'user' else 'D'}-{one.id}",
                "period": period,
                "amount": amount * 100,
            }
            try:
                with tx.session.begin_nested():
                    records.insert(ctx, tx, "quota", row)
            except Refused:
                continue


def _check_sums(rows: list[dict[str, Any]], quotas: bool = True) -> None:
    """Every row is the sum of the rows right below it, for all that is counted."""
    for place, row in enumerate(rows):
        parts = []
        for other in rows[place + 1 :]:
            if other["depth"] <= row["depth"]:
                break
            if other["depth"] == row["depth"] + 1:
                parts.append(other)
        if parts:
            for name in MONEY if quotas else MONEY[1:]:
                assert (row[name].minor if row[name] else 0) == sum(
                    p[name].minor if p[name] else 0 for p in parts
                ), (name, row["path"])
            for name in ("open", "components", "overdue", "undated"):
                assert row[name] == sum(p[name] for p in parts)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(tree=TREES, homes=HOMES, deals=DEALS, quotas=QUOTAS)
def test_a_parent_is_the_sum_of_its_parts(
    store_url: str, tree: list[int], homes: list[int], deals: list[Any], quotas: dict[Any, int]
) -> None:
    """Each company is tried in a dry run, so that the next one finds an empty store."""
    with Context.open(flags={"db": store_url}, now=NOW, dry_run=True) as ctx:
        _fill(ctx, tree, homes, deals, quotas)
        expected = [0, 0]
        for _, amount, probability, currency, category, state, days in deals:
            value = (
                amount
                if currency == "USD"
                else half_up(amount * RATES[currency] * 100, 10 ** (8 + DIGITS[currency]))
            )
            if date(2026, 10, 1) <= ctx.clock.today() + timedelta(days=days) <= date(2026, 12, 31):
                expected[0] += value if state == "won" else 0
                expected[1] += (
                    half_up(value * probability, 100) if state == "open" and category != "omitted" else 0
                )
        for by in ("user", "month"):
            rows = forecast.table(ctx, Ask(by=by, period=Q4))
            _check_sums(rows)
            assert [rows[0]["won"].minor, rows[0]["weighted"].minor] == expected
            assert forecast.table(ctx, Ask(by=by, period=Q4, as_of="now")) == rows
        pairs = [(method, "forecast") for method in forecast.METHODS]
        for method, figure in pairs + [("weighted", figure) for figure in forecast.FIGURES[1:]]:
            top = forecast.table(ctx, Ask(depth=0, period=Q4, method=method))[0]
            found = forecast.drill(ctx, Ask(period=Q4, method=method), figure)
            assert sum(row["counted"].minor for row in found) == top[figure].minor
