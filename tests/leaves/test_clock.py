"""Time: one clock, dates as people write them, moments that exist, periods that fit together."""

import calendar
import itertools
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmtui.clock import (
    Clock,
    Period,
    add_months,
    moment_from,
    moment_text,
    month_of,
    parse_date,
    parse_moment,
    parse_period,
    quarter_of,
)
from crmtui.errors import Invalid

TODAY = date(2026, 11, 21)
DAYS = st.dates(date(1970, 1, 1), date(2199, 12, 31))
ZONES = [
    "UTC",
    "Asia/Shanghai",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
]


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# -- the clock --------------------------------------------------------------------------------------------------


def test_a_fixed_clock_stands_still_in_its_zone() -> None:
    clock = Clock(_at("2026-11-21T20:00"), "Asia/Shanghai")
    assert clock.now() == clock.now() == _at("2026-11-21T20:00")
    assert clock.now().utcoffset() == timedelta(0)
    assert clock.today() == date(2026, 11, 22)
    assert clock.zone.key == "Asia/Shanghai"


def test_the_running_clock_runs() -> None:
    before = datetime.now(UTC)
    assert before <= Clock().now() <= datetime.now(UTC)


def test_a_naive_moment_and_an_unknown_zone_are_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Clock(datetime(2026, 1, 1))  # noqa: DTZ001
    for name in ("Mars/Olympus", "", "../../etc/passwd", "Asia"):
        with pytest.raises(Invalid) as caught:
            Clock(zone=name)
        assert caught.value.code == "zone.unknown"


@pytest.mark.parametrize(
    ("zone", "day", "start"),
    [
        ("Asia/Shanghai", date(2026, 11, 21), "2026-11-20T16:00"),
        ("America/Sao_Paulo", date(2018, 11, 4), "2018-11-04T03:00"),  # midnight was skipped
        ("Europe/Berlin", date(2026, 3, 29), "2026-03-28T23:00"),
    ],
)
def test_a_day_starts_at_its_first_moment(zone: str, day: date, start: str) -> None:
    clock = Clock(zone=zone)
    assert clock.start_of(day) == _at(start)
    assert clock.day_of(clock.start_of(day)) == day
    assert clock.day_of(clock.start_of(day) - timedelta(seconds=1)) == day - timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("friday", "2026-11-27"),
        ("Sat", "2026-11-28"),
        ("next friday", "2026-11-27"),
        ("this friday", "2026-11-20"),
        ("last monday", "2026-11-09"),
        ("周日", "2026-11-22"),
        ("下周一", "2026-11-23"),
        ("下星期天", "2026-11-29"),
        ("上周五", "2026-11-13"),
    ],
)
def test_weekdays(text: str, day: str) -> None:
    assert parse_date(text, TODAY) == date.fromisoformat(day)  # a Saturday


@given(DAYS, st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]))
def test_a_weekday_is_the_first_of_its_name_after_today(today: date, name: str) -> None:
    if today < date(2199, 12, 20):
        day = parse_date(name, today)
        assert 1 <= (day - today).days <= 7
        assert day.weekday() == ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].index(name)


# -- dates ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-02-28", date(2026, 2, 28)),
        (" 2028-02-29 ", date(2028, 2, 29)),
        ("today", TODAY),
        ("Tomorrow", date(2026, 11, 22)),
        ("yesterday", date(2026, 11, 20)),
        ("今天", TODAY),
        ("明天", date(2026, 11, 22)),
        ("昨天", date(2026, 11, 20)),
        ("today+30d", date(2026, 12, 21)),
        ("today - 30d", date(2026, 10, 22)),
        ("+3d", date(2026, 11, 24)),
        ("-2w", date(2026, 11, 7)),
        ("+1m", date(2026, 12, 21)),
        ("+1y", date(2027, 11, 21)),
        ("明天+1m", date(2026, 12, 22)),
    ],
)
def test_dates(text: str, day: date) -> None:
    assert parse_date(text, TODAY) == day


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "2026-02-30",
        "2026-13-01",
        "2026-2-3",
        "20261121",
        "2026-W01-1",
        "2026/11/21",
        "infinity",
        "soon",
        "1969-12-31",
        "2200-01-01",
        "9999-12-31",
        "10000-01-01",
        "today+",
        "+3",
        "+3x",
        "+99999y",
        "-99999d",
        "+9999999d",
        "２０２６-11-21",
        "٢٠٢٦-11-21",
        "2026-11-21\x00",
        "today+1m+1d",
        "2026-11-21T10:00",
    ],
)
def test_other_dates_are_refused_with_a_good_one(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_date(text, TODAY)
    assert caught.value.code == "date.invalid"
    assert "2026-11-21" in caught.value.hint


def test_month_ends_clamp() -> None:
    assert parse_date("+1m", date(2027, 1, 31)) == date(2027, 2, 28)
    assert parse_date("+1m", date(2028, 1, 31)) == date(2028, 2, 29)
    assert parse_date("+1y", date(2028, 2, 29)) == date(2029, 2, 28)
    assert add_months(date(2026, 1, 31), -2) == date(2025, 11, 30)


@given(DAYS, st.integers(-1200, 1200))
def test_months_on_keep_the_day_or_take_the_last_one(day: date, count: int) -> None:
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    days = calendar.monthrange(year, month + 1)[1]
    assert add_months(day, count) == date(year, month + 1, min(day.day, days))


@given(DAYS)
def test_a_date_reads_back(day: date) -> None:
    assert parse_date(day.isoformat(), TODAY) == day


# -- moments ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("now", "2026-11-21T08:00"),
        ("NOW-3d", "2026-11-18T08:00"),
        ("now-2h", "2026-11-21T06:00"),
        ("now + 30min", "2026-11-21T08:30"),
        ("now-1w", "2026-11-14T08:00"),
        ("2026-11-21", "2026-11-20T16:00"),
        ("today", "2026-11-20T16:00"),
        ("2026-11-21T10:00", "2026-11-21T02:00"),
        ("2026-11-21 10:00:30.5", "2026-11-21T02:00:30.500000"),
        ("2026-11-21T10:00Z", "2026-11-21T10:00"),
        ("2026-11-21t10:00z", "2026-11-21T10:00"),
        ("2026-11-21 10:00 +02:00", "2026-11-21T08:00"),
        ("2026-11-21T10:00:00-05:00", "2026-11-21T15:00"),
    ],
)
def test_moments(text: str, moment: str) -> None:
    found = parse_moment(text, Clock(_at("2026-11-21T08:00"), "Asia/Shanghai"))
    assert found == _at(moment)
    assert found.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2026-11-21T25:00", "moment.invalid"),
        ("2026-02-30T10:00", "moment.invalid"),
        ("9999-12-31T23:59-12:00", "moment.invalid"),
        ("1969-12-31T23:59Z", "moment.invalid"),
        ("now+999999w", "moment.invalid"),
        ("2026-11-21T10", "date.invalid"),
        ("2026-11-21T10:00+0200", "date.invalid"),
        ("infinity", "date.invalid"),
        ("now-3y", "date.invalid"),
        ("", "date.invalid"),
    ],
)
def test_other_moments_are_refused(text: str, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_moment(text, Clock(_at("2026-11-21T08:00")))
    assert caught.value.code == code
    assert caught.value.hint


def test_a_local_time_that_is_skipped_or_comes_twice() -> None:
    clock = Clock(_at("2026-11-21T08:00"), "Europe/Berlin")
    with pytest.raises(Invalid, match="Europe/Berlin") as caught:
        parse_moment("2026-03-29T02:30", clock)
    assert caught.value.code == "moment.skipped"
    assert parse_moment("2026-03-29T02:30+01:00", clock) == _at("2026-03-29T01:30")
    assert parse_moment("2026-10-25T02:30", clock) == _at("2026-10-25T00:30")


@given(st.datetimes(datetime(1971, 1, 1), datetime(2199, 1, 1)), st.sampled_from(ZONES))  # noqa: DTZ001
def test_a_local_time_reads_back_or_never_was(local: datetime, zone: str) -> None:
    clock = Clock(_at("2026-11-21T08:00"), zone)
    try:
        read = parse_moment(local.isoformat(), clock).astimezone(clock.zone).replace(tzinfo=None)
    except Invalid as error:
        read = error.code
    assert read in (local, "moment.skipped")


@given(*[st.datetimes(datetime(1970, 1, 2), datetime(2199, 12, 30), timezones=st.timezones())] * 2)  # noqa: DTZ001
def test_stored_moments_come_back_and_sort_as_text(a: datetime, b: datetime) -> None:
    assert moment_from(moment_text(a)) == a.astimezone(UTC)
    assert (moment_text(a) < moment_text(b)) == (a.astimezone(UTC) < b.astimezone(UTC))


def test_the_stored_form() -> None:
    assert moment_text(_at("2026-11-21T08:00")) == "2026-11-21T08:00:00.000000Z"
    assert moment_text(datetime.fromisoformat("2026-11-21T08:00+08:00")) == "2026-11-21T00:00:00.000000Z"
    for bad in ("2026-11-21T08:00:00", "2026-11-21T08:00:00+01:00", "now"):
        with pytest.raises(ValueError):  # noqa: PT011
            moment_from(bad)
    with pytest.raises(ValueError, match="time zone"):
        moment_text(datetime(2026, 1, 1))  # noqa: DTZ001


# -- periods ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "start", "end", "kind", "label"),
    [
        ("2026Q4", "2026-10-01", "2026-12-31", "quarter", "2026Q4"),
        ("2026-q4", "2026-10-01", "2026-12-31", "quarter", "2026Q4"),
        ("2026-11", "2026-11-01", "2026-11-30", "month", "2026-11"),
        ("2028-02", "2028-02-01", "2028-02-29", "month", "2028-02"),
        ("2026H2", "2026-07-01", "2026-12-31", "half", "2026H2"),
        ("2026", "2026-01-01", "2026-12-31", "year", "2026"),
        ("FY2026", "2026-01-01", "2026-12-31", "year", "FY2026"),
        ("2026-10..2026-12", "2026-10-01", "2026-12-31", "quarter", "2026Q4"),
        ("2026-11..2027-01", "2026-11-01", "2027-01-31", "range", "2026-11..2027-01"),
        ("2026Q1 .. 2026Q3", "2026-01-01", "2026-09-30", "range", "2026-01..2026-09"),
        ("2026-11-05..2026-12-10", "2026-11-05", "2026-12-10", "range", "2026-11-05..2026-12-10"),
        ("2026-11-05", "2026-11-05", "2026-11-05", "range", "2026-11-05"),
        ("2199", "2199-01-01", "2199-12-31", "year", "2199"),
        ("this month", "2026-11-01", "2026-11-30", "month", "2026-11"),
        ("Last  Month", "2026-10-01", "2026-10-31", "month", "2026-10"),
        ("this quarter", "2026-10-01", "2026-12-31", "quarter", "2026Q4"),
        ("next quarter", "2027-01-01", "2027-03-31", "quarter", "2027Q1"),
        ("last half", "2026-01-01", "2026-06-30", "half", "2026H1"),
        ("next year", "2027-01-01", "2027-12-31", "year", "2027"),
        ("本季度", "2026-10-01", "2026-12-31", "quarter", "2026Q4"),
        ("上季度", "2026-07-01", "2026-09-30", "quarter", "2026Q3"),
        ("本月", "2026-11-01", "2026-11-30", "month", "2026-11"),
        ("下个月", "2026-12-01", "2026-12-31", "month", "2026-12"),
        ("本年", "2026-01-01", "2026-12-31", "year", "2026"),
        ("去年", "2025-01-01", "2025-12-31", "year", "2025"),
    ],
)
def test_periods(text: str, start: str, end: str, kind: str, label: str) -> None:
    period = parse_period(text, TODAY)
    assert (period.start.isoformat(), period.end.isoformat()) == (start, end)
    assert (period.kind, period.label) == (kind, label)


def test_the_fiscal_year_is_named_after_its_end() -> None:
    period = parse_period("FY2026", TODAY, fiscal_start_month=4)
    assert (period.start, period.end) == (date(2025, 4, 1), date(2026, 3, 31))
    assert (period.kind, period.label) == ("year", "FY2026")
    assert parse_period("2026Q1", TODAY, fiscal_start_month=4) == parse_period("2026Q1", TODAY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "..",
        "2026Q5",
        "2026Q0",
        "2026H3",
        "2026-13",
        "2026-00",
        "26Q1",
        "1969",
        "2200",
        "0000",
        "FY",
        "FY1",
        "FY2026Q1",
        "2026-12..2026-10",
        "2026-10..",
        "..2026-10",
        "2026-10...2026-12",
        "this week",
        "this",
        "quarter",
        "上半年",
        "next year..2026",
        "2026-02-30",
        "２０２６",
        "1960..2026",
        "a..b..c",
    ],
)
def test_other_periods_are_refused(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_period(text, TODAY)
    assert caught.value.code == "period.invalid"
    assert "2026Q4" in caught.value.hint


@given(st.tuples(DAYS, DAYS).map(sorted))
def test_months_are_exactly_the_days_of_the_period(days: list[date]) -> None:
    start, end = days[0], min(days[1], days[0] + timedelta(days=900))
    period = Period.of(start, end)
    months = period.months()
    assert months[0].start == start
    assert months[-1].end == end
    assert all(b.start - a.end == timedelta(days=1) for a, b in itertools.pairwise(months))
    assert all(month_of(m.start) == month_of(m.end) for m in months)
    assert parse_period(period.label, TODAY) == period
    assert start in period
    assert end + timedelta(days=1) not in period


@given(DAYS)
def test_a_day_is_in_its_month_and_quarter(day: date) -> None:
    month, quarter = parse_period(month_of(day), TODAY), parse_period(quarter_of(day), TODAY)
    assert day in month
    assert day in quarter
    assert (month.kind, quarter.kind) == ("month", "quarter")
    assert month in quarter.months()
    assert parse_period("this quarter", day) == quarter
