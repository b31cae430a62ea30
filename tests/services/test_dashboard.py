"""The figures of the first screen and of the board, against sums made of the demo's files by hand."""

import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmtui.clock import Period
from crmtui.errors import Invalid
from crmtui.money import Money
from crmtui.services import (
    board,
    dashboard,
    demo,
    demo_plan,
    forecast,
    funnel,
    news,
    opportunity,
    quota,
    records,
    whose,
)
from crmtui.services.context import Context
from crmtui.services.whose import Figure
from tests import postgres

NOW = "2026-11-20T09:00:00+00:00"
TODAY = date(2026, 11, 20)
Q3, Q4 = (date(2026, 7, 1), date(2026, 9, 30)), (date(2026, 10, 1), date(2026, 12, 31))
STAGES = ("prospecting", "identifying", "needs-analysis", "proposal", "negotiation", "contract")
WIN_RATE = {"Prospecting": 10, "Engaging": 40}
STAGE = {"Prospecting": 0, "Engaging": 2, "Won": 6, "Lost": 2}
"""How far each state of the demo's file comes: the place of the stage, six for what is won."""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The demo in a store of each kind."""
    if request.param == "sqlite":
        place = f"sqlite:///{tmp_path_factory.mktemp('dash') / 'crm.db'}"
        demo.make(place, NOW)
        yield place
        return
    server: postgres.Server = request.getfixturevalue("pg_server")
    name = f"dash_{uuid.uuid4().hex}"
    server.create_database(name)
    demo.make(server.url(name), NOW)
    yield server.url(name)
    server.drop_database(name)


@pytest.fixture
def maven(url: str) -> Iterator[Context]:
    with Context.open(flags={"db": url}, now=NOW) as ctx:
        yield ctx


@pytest.fixture
def anna(url: str) -> Iterator[Context]:
    """A sales rep, who sees what is hers."""
    with Context.open(flags={"db": url}, now=NOW, login="anna.snelling") as ctx:
        yield ctx


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    """The opportunities as the demo imports them."""
    return demo_plan.plan(TODAY).pipeline


def closed(rows: list[dict[str, str]], state: str, days: tuple[date, date], who: str = "") -> list[int]:
    """The amounts of what was closed in those days."""
    first, last = (day.isoformat() for day in days)
    return [
        int(row["close_value"])
        for row in rows
        if row["deal_stage"] == state
        and first <= row["close_date"] <= last
        and who in ("", row["sales_agent"])
    ]


def still_open(rows: list[dict[str, str]], first: str = "", last: str = "9") -> list[tuple[str, int]]:
    """(state, amount) of what is open and expected in those days."""
    return [
        (row["deal_stage"], int(row["close_value"]))
        for row in rows
        if not row["close_date"] and first <= row["expected_close"] <= last
    ]


def weighted(found: list[tuple[str, int]]) -> int:
    """Each amount, in cents, times the win rate of its stage."""
    return sum((amount * 100 * WIN_RATE[state] + 50) // 100 for state, amount in found)


def dollars(amount: int) -> Money:
    return Money(amount * 100, "USD")


def opened(ctx: Context, figure: Figure) -> Any:
    """The figure once more, from the records that it says it is made of."""
    if figure.ask is not None:
        counted = forecast.drill(ctx, figure.ask, figure.part)
        return sum((row["counted"] for row in counted), Money(0, "USD"))
    found = list(records.find(ctx, figure.noun, where=figure.where, fields=["amount", "state"]).rows)
    if figure.kind == "money":
        return sum((row["amount"] for row in found if row["amount"]), Money(0, "USD"))
    if figure.kind == "percent":
        return round(100 * sum(row["state"] == "won" for row in found) / len(found), 2) if found else None
    return len(found)


def test_the_tiles_are_the_sums_of_the_files(maven: Context, rows: list[dict[str, str]]) -> None:
    tiles = dashboard.tiles(maven, "all", "2026Q4")
    won = sum(closed(rows, "Won", Q4))
    in_period = weighted(still_open(rows, "2026-10-01", "2026-12-31"))
    target = sum(int(row["quota"]) for row in demo_plan.plan(TODAY).quotas if row["quarter"] == "2026Q4")
    assert tiles.won.figure.value == dollars(won)
    assert tiles.forecast.figure.value == dollars(won) + Money(in_period, "USD")
    assert tiles.won.whole is not None
    assert tiles.won.whole.value == dollars(target)
    assert tiles.won.percent == round(100 * won / target, 2)
    assert tiles.forecast.rest is not None
    assert tiles.forecast.rest.value == dollars(target) - tiles.forecast.figure.value
    assert tiles.weighted.figure.value == Money(weighted(still_open(rows)), "USD")
    rates = [
        100
        * len(closed(rows, "Won", days))
        / (len(closed(rows, "Won", days)) + len(closed(rows, "Lost", days)))
        for days in (Q3, Q4)
    ]
    assert tiles.win_rate.figure.value == round(rates[1], 2)
    assert tiles.win_rate.rest is not None
    assert tiles.win_rate.rest.value == pytest.approx(rates[1] - rates[0], abs=0.011)
    assert tiles.overdue.figure.value == 0  # the demo lays what is late forward


def test_the_months_are_the_sums_of_the_files(maven: Context, rows: list[dict[str, str]]) -> None:
    found = dashboard.months(maven, "all", "2026Q4")
    assert [month.period.label for month in found] == [f"2026-{month:02}" for month in range(1, 13)]
    for month in found:
        days = month.period.start, month.period.end
        assert month.won.value == dollars(sum(closed(rows, "Won", days)))
        expected = still_open(rows, *(day.isoformat() for day in days))
        assert month.forecast.value == Money(weighted(expected), "USD")
        assert month.spread == (month.quota is not None)
    quotas = [Money(0, "USD")] * 4
    for at, month in enumerate(found):
        quotas[at // 3] += month.quota or Money(0, "USD")
    target = {"2026Q1": 0, "2026Q2": 0, "2026Q3": 0, "2026Q4": 0}
    for row in demo_plan.plan(TODAY).quotas:
        if row["quarter"] in target:
            target[row["quarter"]] += int(row["quota"])
    assert quotas == [dollars(amount) for amount in target.values()]


def test_the_funnel_is_how_far_the_files_say(maven: Context, rows: list[dict[str, str]]) -> None:
    found = funnel.table(maven, "all", "2026Q4", against="2026Q3")
    cohort = [row for row in rows if Q4[0].isoformat() <= row["engage_date"] <= Q4[1].isoformat()]
    assert [row.stage for row in found.rows] == [*STAGES, ""]
    for at, row in enumerate(found.rows):
        came = [one for one in cohort if STAGE[one["deal_stage"]] >= at]
        assert row.came.value == len(came)
        assert row.value.value == dollars(sum(int(one["close_value"] or 0) for one in came))
    here = {row.stage: row.here.value for row in found.rows if row.here}
    assert here["prospecting"] == sum(row["deal_stage"] == "Prospecting" for row in rows)
    assert here["needs-analysis"] == sum(row["deal_stage"] == "Engaging" for row in rows)
    assert found.undated.value == sum(not row["engage_date"] for row in rows)
    assert (found.won.value, found.lost.value) == (
        len(closed(rows, "Won", Q4)),
        len(closed(rows, "Lost", Q4)),
    )
    assert found.before is not None
    assert found.before.won.value == len(closed(rows, "Won", Q3))
    assert found.of_entered == round(100 * found.rows[-1].came.value / len(cohort), 2)


def test_the_board_is_the_sums_of_the_files(maven: Context, rows: list[dict[str, str]]) -> None:
    columns = dashboard.board(maven)
    assert [column.stage for column in columns] == list(STAGES)
    for column in columns:
        name = {"prospecting": "Prospecting", "needs-analysis": "Engaging"}.get(column.stage, "")
        found = [one for one in still_open(rows) if one[0] == name]
        assert column.count == len(found) == records.count_where(maven, "opp", column.condition)
        assert column.amount == dollars(sum(amount for _, amount in found))
        assert column.weighted == Money(weighted(found), "USD")


def figures_of(ctx: Context, who: str) -> list[Figure]:
    """Every figure of the first screen that says what it is made of."""
    found: list[Figure] = []

    def walk(part: Any) -> None:
        if isinstance(part, Figure):
            found.append(part)
        elif isinstance(part, list):
            for one in part:
                walk(one)
        elif hasattr(part, "__dataclass_fields__"):
            for name in part.__dataclass_fields__:
                walk(getattr(part, name))

    shown = dashboard.overview(ctx, who, "2026Q4")
    walk([shown.tiles, shown.months[9:], shown.funnel])
    return [figure for figure in found if figure.where or figure.ask]


def test_every_figure_opens_on_records_that_sum_to_it(maven: Context, anna: Context) -> None:
    for ctx, who in ((anna, "team"), (maven, "all")):
        found = figures_of(ctx, who)
        assert len(found) > 40
        for figure in found if ctx is anna else found[:4]:
            assert opened(ctx, figure) == figure.value, figure


def test_a_rep_sees_what_is_hers(anna: Context, rows: list[dict[str, str]]) -> None:
    own = dollars(sum(closed(rows, "Won", Q4, "Anna Snelling")))
    for who in whose.WHOSE:
        assert dashboard.tiles(anna, who, "2026Q4").won.figure.value == own
    assert whose.condition(anna, "team").startswith("owner.dept under D-")
    assert whose.condition(anna, "all") == ""
    with pytest.raises(Invalid, match="yours"):
        whose.condition(anna, "yours")


def test_a_card_says_what_is_urgent(ctx: Context) -> None:
    ref = str(records.add(ctx, "account", {"name": "Halden Rail"}).id)

    def deal(name: str, **more: object) -> None:
        given = {"name": name, "account": ref, "amount": "500", "expected_close_on": "2027-03-01", **more}
        records.add(ctx, "opp", {"opened_on": "2026-01-05", **given})

    deal("Plain")
    deal("Late", expected_close_on="2026-11-18", amount="900")
    deal("New", opened_on="2026-11-19")
    deal("Hot", expected_close_on="2026-12-01", probability="80", amount="700")
    (column, *_) = board.board(ctx)
    cards = dashboard.cards(ctx, column.condition, sort="name")
    assert [(card.name, card.flag, card.days) for card in cards] == [
        ("Hot", "hot", 0),
        ("Late", "late", 2),
        ("New", "new", 1),
        ("Plain", "", 0),
    ]
    assert {card.account for card in cards} == {"Halden Rail"}
    assert [card.name for card in dashboard.cards(ctx, column.condition, start=1, size=2)] == ["Hot", "New"]
    with Context.open(flags={"db": str(ctx.config.store_url)}, now="2026-12-20T09:00:00+08:00") as later:
        flags = {card.name: (card.flag, card.days) for card in dashboard.cards(later, column.condition)}
    assert flags == {"Hot": ("late", 19), "Late": ("late", 32), "New": ("quiet", 30), "Plain": ("quiet", 30)}
    assert dashboard.cards(ctx, "name=nothing") == []


def test_late_ones_and_the_large_among_them(ctx: Context) -> None:
    ref = str(records.add(ctx, "account", {"name": "Halden Rail"}).id)
    for amount, day in (
        ("1000", "2026-11-19"),
        ("1000", "2026-10-01"),
        ("20000", "2026-11-01"),
        ("90", "2026-11-20"),
    ):
        records.add(ctx, "opp", {"account": ref, "amount": amount, "expected_close_on": day})
    tiles = dashboard.tiles(ctx, "all")
    assert tiles.large == Money(20_000 * 100, "USD")  # the mean is 5,522.50
    assert tiles.overdue.figure.value == 3
    assert tiles.overdue.rest is not None
    assert tiles.overdue.rest.value == 1
    assert tiles.overdue.whole is not None
    assert tiles.overdue.whole.value == 0
    assert [one.late for one in news.near(ctx, "all")] == [50, 19, 1, 0]


def test_a_new_company_is_told_its_first_steps(ctx: Context) -> None:
    assert news.steps(ctx) == ["leads", "people", "quota"]
    shown = dashboard.overview(ctx, "all")
    assert shown.tiles.won.whole is None
    assert shown.tiles.win_rate.figure.value is None
    assert (shown.day, shown.days) == (51, 92)
    records.add(
        ctx, "lead", {"company": "Kestrel", "contact_name": "J. Doyle", "next_contact_on": "2026-11-22"}
    )
    records.add(ctx, "user", {"name": "Li", "login": "li", "role": "rep"})
    quota.set(ctx, "user", "li", "2026", "1200")
    assert news.steps(ctx) == []
    assert [(one.kind, one.name, one.account) for one in news.near(ctx, "all")] == [
        ("contact", "J. Doyle", "Kestrel")
    ]
    assert [month.quota for month in dashboard.months(ctx, "all")] == [Money(100_00, "USD")] * 12


def test_a_month_with_a_quota_of_its_own_keeps_it(ctx: Context) -> None:
    records.add(ctx, "user", {"name": "Li", "login": "li", "role": "rep"})
    quota.set(ctx, "user", "li", "2026Q1", "100")
    quota.set(ctx, "user", "li", "2026-02", "33.33")
    found = dashboard.months(ctx, "all")
    assert [month.quota.minor for month in found if month.quota] == [3333, 3333, 3334]
    assert [month.spread for month in found[:4]] == [True, False, True, False]


def test_what_changed_for_whom(ctx: Context) -> None:
    records.add(ctx, "user", {"name": "Li", "login": "li", "role": "rep"})
    ref = str(records.add(ctx, "account", {"name": "Halden Rail", "owner": "li"}).id)
    made = records.add(
        ctx, "opp", {"name": "Fleet", "account": ref, "owner": "li", "expected_close_on": "2026-12-01"}
    )
    opportunity.advance(ctx, str(made.id), note="met them")
    (first, *rest) = news.recent(ctx, "all")
    assert (first.verb, first.noun, first.ref, first.name, first.count) == (
        "opp.advance",
        "opp",
        f"O-{made.id}",
        "Fleet",
        1,
    )
    assert first.fields == ("stage", "probability")
    assert first.mine
    assert not first.more
    assert [one.verb for one in rest] == ["opp.add", "account.add"]
    assert news.recent(ctx, "mine") == []
    with Context.open(
        flags={"db": str(ctx.config.store_url)}, now="2026-11-20T09:00:00+08:00", login="li"
    ) as li:
        assert [(one.verb, one.mine) for one in news.recent(li, "mine")] == [
            ("opp.advance", False),
            ("opp.add", False),
            ("account.add", False),
        ]


def test_the_trend_begins_with_the_store(ctx: Context) -> None:
    ref = str(records.add(ctx, "account", {"name": "Halden Rail"}).id)
    records.add(
        ctx, "opp", {"account": ref, "amount": "1000", "expected_close_on": "2027-01-01", "probability": "50"}
    )
    assert [figure.value for figure in dashboard.trend(ctx, "all")] == [Money(500_00, "USD")]
    later = datetime(2026, 11, 20, 1, tzinfo=UTC) + timedelta(weeks=2, days=1)
    with Context.open(flags={"db": str(ctx.config.store_url)}, now=later.isoformat()) as then:
        records.add(
            then,
            "opp",
            {"account": ref, "amount": "200", "expected_close_on": "2027-01-01", "probability": "50"},
        )
        assert [figure.value.minor for figure in dashboard.trend(then, "all")] == [50_000, 50_000, 60_000]


@given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20))
def test_a_word_of_a_condition_reads_back(text: str) -> None:
    from crmtui.store import condition

    tree = condition.parse(f"name={whose.word(text)}")
    assert isinstance(tree, condition.Compare)
    assert tree.values[0].text == text


@pytest.mark.parametrize(
    ("label", "before"),
    [
        ("2026Q1", "2025Q4"),
        ("2026-03", "2026-02"),
        ("2026", "2025"),
        ("2026-03-10..2026-03-12", "2026-03-07..2026-03-09"),
    ],
)
def test_the_period_before(label: str, before: str) -> None:
    from crmtui.clock import parse_period

    found = whose.earlier(parse_period(label, TODAY))
    assert isinstance(found, Period)
    assert found.label == before
