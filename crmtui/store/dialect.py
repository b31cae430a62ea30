"""What SQLite and PostgreSQL say differently: folding, lists in JSON, days and periods, the middle of a group."""

from array import array
from functools import cache
from typing import Any
from unicodedata import normalize
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    LargeBinary,
    Text,
    case,
    cast,
    extract,
    func,
    literal,
    literal_column,
    select,
    text,
    type_coerce,
)

from crmtui.clock import moment_from
from crmtui.store.types import Day, Flag, Jsonb, Whole


def register(connection: Any) -> None:
    """Give a new SQLite connection (of the driver) the functions that these expressions call."""
    connection.create_function("crm_fold", 1, _folded_or_none, deterministic=True)
    connection.create_function("crm_day", 2, _local_day, deterministic=True)
    connection.create_aggregate("crm_middles", 1, _Middles)


# -- folding ----------------------------------------------------------------------------------------------------


class _Fold(dict[int, int]):
    """A translation of each letter to its one folded letter, where there is one; filled as letters are met."""

    def __missing__(self, code: int) -> int:
        self[code] = ord(_folded_letter(chr(code)))
        return self[code]


_FOLD = _Fold()


def _folded_letter(letter: str) -> str:
    for form in (letter.casefold(), letter.lower()):
        if len(form) == 1:
            return form
    return letter


def folded(value: str) -> str:
    """`value` as `~` compares it: width and case make no difference (NFKC, letter for letter)."""
    return value.lower() if value.isascii() else normalize("NFKC", value).translate(_FOLD)


def _folded_or_none(value: object) -> str | None:
    return None if value is None else folded(str(value))


@cache
def _capitals() -> dict[str, str]:
    """Letter → the other letters that fold to it; all cased scripts lie below U+1F000, and none within Chinese."""
    found: dict[str, str] = {}
    for code in (*range(0x80, 0x3000), *range(0xA640, 0xAC00), *range(0xFB00, 0x1F000)):
        letter = _folded_letter(chr(code))
        if letter != chr(code):
            found[letter] = found.get(letter, "") + chr(code)
    return found


def like(column: ColumnElement[Any], pattern: str, sqlite: bool) -> ColumnElement[bool]:
    """Whether the text of `column`, folded, is like `pattern`: folded, with LIKE's wildcards, escaped by backslashes."""
    return _fold(column, pattern, sqlite).like(literal(pattern, Text()), escape="\\")


def _fold(column: ColumnElement[Any], pattern: str, sqlite: bool) -> ColumnElement[str]:
    plain: ColumnElement[str] = type_coerce(column, Text())
    if sqlite:
        # LIKE itself folds ASCII: most rows are spared a call of Python.
        is_ascii = func.length(plain) == func.length(cast(plain, LargeBinary()))
        return case((is_ascii, plain), else_=func.crm_fold(plain, type_=Text()))
    # A database with the collation C lowers ASCII only, so the other letters of the pattern are lowered here.
    pairs = (
        [(other, letter) for letter in sorted(set(pattern)) for other in _capitals().get(letter, "")]
        if not pattern.isascii()
        else []
    )
    lower = func.lower(func.normalize(plain, literal_column("NFKC"), type_=Text()).collate("C"), type_=Text())
    if not pairs:
        return lower
    return func.translate(
        lower,
        literal("".join(p[0] for p in pairs), Text()),
        literal("".join(p[1] for p in pairs), Text()),
        type_=Text(),
    )


# -- JSON -------------------------------------------------------------------------------------------------------


def any_member(column: ColumnElement[Any], condition: Any, of: Any, sqlite: bool) -> ColumnElement[bool]:
    """Whether `condition` (member → expression) holds for a member of the JSON list in `column`; `of` is their type."""
    if sqlite:
        members = func.json_each(type_coerce(column, Text())).table_valued("value")
        return (
            select(literal(1))
            .select_from(members)
            .where(condition(type_coerce(members.c.value, of)))
            .exists()
        )
    members = func.jsonb_array_elements_text(cast(type_coerce(column, Text()), Jsonb)).table_valued("value")
    member = cast(members.c.value, of) if isinstance(of, BigInteger) else type_coerce(members.c.value, of)
    return select(literal(1)).select_from(members).where(condition(member)).exists()


def attribute(column: ColumnElement[Any], name: str, kind: str, sqlite: bool) -> ColumnElement[Any]:
    """The attribute `name` in the JSON object `column` as a value of `kind`; NULL where it is none or of another type."""
    plain: ColumnElement[Any] = type_coerce(column, Text())
    number, flag = kind in ("whole", "percent"), kind == "flag"
    if sqlite:
        path = literal(f"$.{name}", Text())
        value: ColumnElement[Any] = func.json_extract(plain, path)
        is_a = func.json_type(plain, path)
        if number:
            return case((is_a == "integer", type_coerce(value, Whole)))
        return (
            case((is_a.in_(("true", "false")), type_coerce(value, Flag()))) if flag else cast(value, Text())
        )
    found = cast(plain, Jsonb).op("->", return_type=Jsonb())(literal(name, Text()))
    value, is_a = found.op("#>>", return_type=Text())(text("'{}'")), func.jsonb_typeof(found)
    if number:
        whole = value.op("~", return_type=Flag())(literal("^-?[0-9]{1,18}$", Text()))
        return case(((is_a == "number") & whole, cast(value, BigInteger)))
    return case((is_a == "boolean", type_coerce(value == "true", Flag()))) if flag else value.collate("C")


# -- time -------------------------------------------------------------------------------------------------------


def _local_day(moment: str | None, zone: str) -> str | None:
    return None if moment is None else moment_from(moment).astimezone(ZoneInfo(zone)).date().isoformat()


def local_day(column: ColumnElement[Any], zone: str, sqlite: bool) -> ColumnElement[Any]:
    """The day on which the moment in `column` falls in `zone`."""
    if sqlite:
        return type_coerce(func.crm_day(type_coerce(column, Text()), literal(zone, Text())), Day())
    return type_coerce(cast(func.timezone(literal(zone, Text()), column), Day()), Day())


def days_between(first: ColumnElement[Any], last: ColumnElement[Any], sqlite: bool) -> ColumnElement[int]:
    """How many days after the day `first` the day `last` is."""
    if sqlite:
        return cast(
            func.julianday(type_coerce(last, Text())) - func.julianday(type_coerce(first, Text())), Whole
        )
    return type_coerce(last.op("-", return_type=Whole)(first), Whole)


def whole_days(since: ColumnElement[Any], now: ColumnElement[Any], sqlite: bool) -> ColumnElement[int]:
    """How many times 24 hours have passed from the moment `since` to the moment `now`, counted in whole seconds."""
    if sqlite:
        # strftime rounds a fraction of a second up, so it is cut off before.
        seconds = [
            cast(func.strftime("%s", func.substr(type_coerce(m, Text()), 1, 19)), Whole) for m in (now, since)
        ]
    else:
        seconds = [cast(extract("epoch", func.date_trunc("second", m)), BigInteger) for m in (now, since)]
    return type_coerce((seconds[0] - seconds[1]) // literal(86_400, Whole), Whole)


def period(day: ColumnElement[Any], unit: str, is_text: bool, sqlite: bool) -> ColumnElement[str]:
    """The month, quarter, half or year of `day` as a period is written: 2026-11, 2026Q4, 2026H2, 2026."""
    if is_text or sqlite:
        plain: ColumnElement[str] = type_coerce(day, Text())
    else:
        plain = func.to_char(day, text("'YYYY-MM-DD'"), type_=Text())
    if unit in ("year", "month"):
        return func.substr(plain, 1, 4 if unit == "year" else 7, type_=Text())
    months = {"quarter": 3, "half": 6}[unit]
    number = (cast(func.substr(plain, 6, 2), Whole) + (months - 1)) // literal(months, Whole)
    return func.substr(plain, 1, 4, type_=Text()) + unit[0].upper() + cast(number, Text())


# -- the middle of a group --------------------------------------------------------------------------------------


class _Middles:
    """Collects whole numbers; at the end the sum of the lower and the upper middle one."""

    def __init__(self) -> None:
        self.values = array("q")

    def step(self, value: int | None) -> None:
        if value is not None:
            self.values.append(value)

    def finalize(self) -> int | None:
        found, count = sorted(self.values), len(self.values)
        return found[(count - 1) // 2] + found[count // 2] if count else None


def twice_median(value: ColumnElement[Any], sqlite: bool) -> ColumnElement[int]:
    """Twice the median of a whole number over a group, so that it is whole too; NULL without any."""
    if sqlite:
        return func.crm_middles(value, type_=Whole)
    halves = [func.percentile_disc(text("0.5")).within_group(order) for order in (value.asc(), value.desc())]
    return type_coerce(cast(halves[0], BigInteger) + cast(halves[1], BigInteger), Whole)
