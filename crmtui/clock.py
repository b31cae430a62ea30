"""Time: the one clock, dates and moments as people write them, and the periods they are counted in."""

import re
from calendar import monthrange
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from crmtui.errors import Invalid
from crmtui.i18n import N_

FIRST_YEAR, LAST_YEAR = 1970, 2199
FIRST_BIRTH = 1850
"""The first year of birth dates: people are older than what is planned."""


class Clock:
    """What time it is: the system's, or always `now` when one is given; days begin and end in `zone`.

    Raises Invalid `zone.unknown`, and ValueError for a `now` without a zone of its own.
    """

    def __init__(self, now: datetime | None = None, zone: str = "UTC") -> None:
        if now is not None and now.utcoffset() is None:
            raise ValueError("a moment needs a time zone")
        self._fixed = now.astimezone(UTC) if now is not None else None
        self.zone = _zone(zone)

    def now(self) -> datetime:
        """This moment, aware, in UTC."""
        return self._fixed or datetime.now(UTC)

    def today(self) -> date:
        """This day in the zone."""
        return self.day_of(self.now())

    def day_of(self, moment: datetime) -> date:
        """The day on which an aware `moment` falls in the zone."""
        return moment.astimezone(self.zone).date()

    def start_of(self, day: date) -> datetime:
        """The first moment of `day` in the zone, in UTC; that is not midnight where the clock skips it."""
        return datetime.combine(day, time.min, self.zone).astimezone(UTC)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise Invalid(
            "zone.unknown",
            N_("There is no time zone {value}."),
            hint=N_("Use a name such as {example}."),
            value=name,
            example="Asia/Shanghai",
        ) from error


# -- dates and moments ------------------------------------------------------------------------------------------

_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_RELATIVE_DAY = re.compile(
    r"(?P<word>today|tomorrow|yesterday|今天|明天|昨天)?\s*(?:(?P<sign>[+-])\s*(?P<count>[0-9]{1,5})(?P<unit>[dwmy]))?"
)
_RELATIVE_MOMENT = re.compile(r"now\s*(?:(?P<sign>[+-])\s*(?P<count>[0-9]{1,6})(?P<unit>min|h|d|w))?")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?"
    r"\s?(?P<offset>[Zz]|[+-][0-9]{2}:[0-9]{2})?"
)
_WORDS = {"tomorrow": 1, "明天": 1, "yesterday": -1, "昨天": -1}
_WEEKDAYS = {
    name: number
    for number, names in enumerate(
        (
            ("monday", "mon", "一"),
            ("tuesday", "tue", "二"),
            ("wednesday", "wed", "三"),
            ("thursday", "thu", "四"),
            ("friday", "fri", "五"),
            ("saturday", "sat", "六"),
            ("sunday", "sun", "日", "天"),
        )
    )
    for name in names
}
_WEEKDAY = re.compile(
    rf"(?:(?P<step>last|this|next)\s+)?(?P<day>{'|'.join(name for name in _WEEKDAYS if name.isascii())})"
    r"|(?P<chinese>上|本|这|下)?(?:个?星期|周|礼拜)(?P<number>[一二三四五六日天])"
)
_WEEKS = {"last": -1, "this": 0, "next": 1, "上": -1, "本": 0, "这": 0, "下": 1}
_HOURS = {"h": 1, "d": 24, "w": 7 * 24}


def add_months(day: date, count: int) -> date:
    """The same day `count` months on, or the last of that month: 31 January + 1 is 28 or 29 February.

    Raises ValueError when that is before year 1 or after 9999.
    """
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    if not 1 <= year <= 9999:
        raise ValueError("out of the calendar")
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def parse_date(text: str, today: date, first: int = FIRST_YEAR) -> date:
    """The day meant by `2026-11-21`, `today`, `tomorrow`, `yesterday`, `today+30d`, `+3d`, `-2w`, `+1m`, `+1y`, 今天.

    `friday` and 周五 are the first after today; `next friday` and 下周五 are of the next week, which begins on Monday.
    Month ends clamp. Raises Invalid `date.invalid`, also outside the years `first` (of birth dates an earlier one) to 2199.
    """
    word = text.strip().lower()
    try:
        if found := _DAY.fullmatch(word):
            return _in_range(date(int(found[1]), int(found[2]), int(found[3])), first)
        if word and (found := _RELATIVE_DAY.fullmatch(word)):
            day = today + timedelta(days=_WORDS.get(found["word"] or "", 0))
            return _in_range(
                _shifted(day, int(found["sign"] + found["count"]), found["unit"]) if found["sign"] else day
            )
        if found := _WEEKDAY.fullmatch(word):
            return _in_range(_weekday(found, today))
    except (ValueError, OverflowError):
        pass  # refused below, like anything else that is no day between 1970 and 2199
    raise Invalid(
        "date.invalid",
        N_("{value} is not a date between {first} and {last}."),
        hint=N_("Write it like {example}, today or today+30d."),
        value=text[:60],
        first=first,
        last=LAST_YEAR,
        example=today.isoformat(),
    )


def _weekday(found: re.Match[str], today: date) -> date:
    wanted = _WEEKDAYS[found["day"] or found["number"]]
    step = found["step"] or found["chinese"]
    if step is None:
        return today + timedelta(days=(wanted - today.weekday() - 1) % 7 + 1)
    return today + timedelta(days=wanted - today.weekday() + 7 * _WEEKS[step])


def _shifted(day: date, count: int, unit: str) -> date:
    if unit in "my":
        return add_months(day, count * (12 if unit == "y" else 1))
    return day + timedelta(days=count * (7 if unit == "w" else 1))


def _in_range(day: date, first: int = FIRST_YEAR) -> date:
    if not first <= day.year <= LAST_YEAR:
        raise ValueError("out of range")
    return day


def parse_moment(text: str, clock: Clock) -> datetime:
    """The moment, aware, in UTC: `now`, `now-3d`, `now-2h`, `now+30min`, an ISO date and time, or a date.

    A date means the first moment of that day in the clock's zone. A time without offset is in that zone: one that the
    clock skips is refused, of one that comes twice the earlier is meant. Days of `now-3d` have 24 hours.
    Raises Invalid `moment.invalid`, `moment.skipped` or `date.invalid`.
    """
    word = text.strip()
    try:
        if found := _RELATIVE_MOMENT.fullmatch(word.lower()):
            moment = clock.now() + _span(found)
        elif found := _MOMENT.fullmatch(word):
            moment = _absolute(word.upper(), found["offset"] is not None, clock)
        else:
            return clock.start_of(parse_date(word, clock.today()))
        _in_range(moment.date())
    except (ValueError, OverflowError) as error:
        raise Invalid(
            "moment.invalid",
            N_("{value} is not a moment between {first} and {last}."),
            hint=N_("Write it like {example}, now or now-3d."),
            value=text[:60],
            first=FIRST_YEAR,
            last=LAST_YEAR,
            example=clock.now().isoformat(timespec="minutes"),
        ) from error
    return moment


def _span(found: re.Match[str]) -> timedelta:
    if not found["sign"]:
        return timedelta()
    count = int(found["sign"] + found["count"])
    return (
        timedelta(minutes=count) if found["unit"] == "min" else timedelta(hours=count * _HOURS[found["unit"]])
    )


def _absolute(word: str, has_offset: bool, clock: Clock) -> datetime:
    given = datetime.fromisoformat(word.replace(" Z", "Z").replace(" +", "+").replace(" -", "-"))
    if has_offset:
        return given.astimezone(UTC)
    moment = given.replace(tzinfo=clock.zone).astimezone(UTC)
    if moment.astimezone(clock.zone).replace(tzinfo=None, fold=0) != given:
        raise Invalid(
            "moment.skipped",
            N_("{value} does not exist in {zone}: the clock was put forward."),
            hint=N_("Give an offset, or another time."),
            value=word,
            zone=clock.zone.key,
        )
    return moment


def moment_text(moment: datetime) -> str:
    """An aware moment as stored: `2026-11-21T08:00:00.000000Z`, which sorts as text. Raises ValueError for a naive one."""
    if moment.utcoffset() is None:
        raise ValueError("a moment needs a time zone")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def moment_from(text: str) -> datetime:
    """The aware UTC moment that `moment_text` wrote. Raises ValueError for anything else."""
    if not text.endswith("Z"):
        raise ValueError("a stored moment ends with Z")
    return datetime.fromisoformat(text).astimezone(UTC)


# -- periods ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """The days from `start` to `end`, both counted; `label` names it and reads back as the same period."""

    start: date
    end: date
    label: str = field(compare=False)

    @classmethod
    def of(cls, start: date, end: date) -> "Period":
        """The period of these days under its shortest name. Raises ValueError when it ends before it starts."""
        if end < start:
            raise ValueError("a period ends after it starts")
        return cls(start, end, _label(start, end))

    @property
    def kind(self) -> str:
        """`month`, `quarter`, `half`, `year` (twelve whole months, wherever they start) or `range`."""
        count = _whole_months(self.start, self.end)
        aligned = bool(count) and (self.start.month - 1) % count == 0
        kinds = {1: "month", 3: "quarter", 6: "half"}
        return "year" if count == 12 else kinds.get(count, "range") if aligned else "range"

    def months(self) -> list["Period"]:
        """Its months in order, the first and the last cut to its own days: no day is missing or there twice."""
        months, first = [], self.start
        while first <= self.end:
            last = min(_month(first).end, self.end)
            months.append(Period.of(first, last))
            first = last + timedelta(days=1)
        return months

    def __contains__(self, day: date) -> bool:
        return self.start <= day <= self.end


def month_of(day: date) -> str:
    """The month of `day` as a period is written: `2026-11`."""
    return f"{day:%Y-%m}"


def quarter_of(day: date) -> str:
    """The calendar quarter of `day` as a period is written: `2026Q4`."""
    return f"{day.year:04d}Q{(day.month + 2) // 3}"


_MONTHS = {"month": 1, "quarter": 3, "half": 6, "year": 12}
_STEPS = {"last": -1, "this": 0, "next": 1}
_CHINESE = {
    f"{step}{unit}": f"{english} {name}"
    for step, english in {"上": "last", "上个": "last", "本": "this", "下": "next", "下个": "next"}.items()
    for unit, name in {"月": "month", "季度": "quarter", "年": "year"}.items()
    if not (unit == "年" and english != "this")
} | {"去年": "last year", "今年": "this year", "明年": "next year"}
_SINGLE = re.compile(
    r"(?P<fy>FY)?(?P<year>[0-9]{4})|(?P<of>[0-9]{4})-?(?P<letter>[QH])(?P<number>[1-4])|(?P<month>[0-9]{4}-[0-9]{2})"
)


def parse_period(text: str, today: date, fiscal_start_month: int = 1) -> Period:
    """The period meant by `2026Q4`, `2026-Q4`, `2026H2`, `2026-11`, `2026`, `FY2026`, a day, `this quarter`, 上季度.

    `A..B` runs from the start of A to the end of B. `FY2026` is the fiscal year that ends in 2026 (that is 2026 when
    it starts in January); all others go by the calendar. Raises Invalid `period.invalid`.
    """
    word = text.strip()
    try:
        first, dots, last = word.partition("..")
        period = _single(first.strip(), today, fiscal_start_month)
        if dots:
            period = Period.of(period.start, _single(last.strip(), today, fiscal_start_month).end)
        _in_range(period.start), _in_range(period.end)
    except (ValueError, OverflowError) as error:
        raise Invalid(
            "period.invalid",
            N_("{value} is not a period."),
            hint=N_("Write it like {example}, {month}, {year}, FY{year}, this quarter or {month}..{month}."),
            value=text[:60],
            example=quarter_of(today),
            month=month_of(today),
            year=today.year,
        ) from error
    return period


def _single(word: str, today: date, fiscal_start_month: int) -> Period:
    step, _, unit = " ".join(_CHINESE.get(word, word).lower().split()).partition(" ")
    if step in _STEPS and unit in _MONTHS:
        count = _MONTHS[unit]
        index = today.year * 12 + today.month - 1
        return _run(index - index % count + _STEPS[step] * count, count)
    if _DAY.fullmatch(word):
        return Period.of(date.fromisoformat(word), date.fromisoformat(word))
    found = _SINGLE.fullmatch(word.upper())
    if found is None:
        raise ValueError("no period")
    if found["month"]:
        return _month(date.fromisoformat(word + "-01"))
    if found["letter"]:
        count = 3 if found["letter"] == "Q" else 6
        if int(found["number"]) * count > 12:
            raise ValueError("a year has two halves")
        return _run(int(found["of"]) * 12 + (int(found["number"]) - 1) * count, count)
    year = int(found["year"])
    if not found["fy"]:
        return _run(year * 12, 12)
    whole = _run(year * 12 + (fiscal_start_month - 13 if fiscal_start_month > 1 else 0), 12)
    return Period(whole.start, whole.end, f"FY{year}")


def _month(day: date) -> Period:
    return _run(day.year * 12 + day.month - 1, 1)


def _run(index: int, count: int) -> Period:
    """`count` whole months from the month `index`, counted from January of year 0."""
    start = date(index // 12, index % 12 + 1, 1)
    return Period.of(start, add_months(start, count) - timedelta(days=1))


def _whole_months(start: date, end: date) -> int:
    """How many whole months these days are; 0 when they do not start and end with a month."""
    after = end + timedelta(days=1)
    return (after.year - start.year) * 12 + after.month - start.month if start.day == after.day == 1 else 0


def _label(start: date, end: date) -> str:
    count = _whole_months(start, end)
    if count == 12 and start.month == 1:
        return f"{start.year:04d}"
    if count == 6 and start.month in (1, 7):
        return f"{start.year:04d}H{1 if start.month == 1 else 2}"
    if count == 3 and start.month in (1, 4, 7, 10):
        return quarter_of(start)
    if count == 1:
        return month_of(start)
    if count:
        return f"{month_of(start)}..{month_of(end)}"
    return start.isoformat() if start == end else f"{start.isoformat()}..{end.isoformat()}"
