"""Money: read exactly or refused, counted without loss, shown to people."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from babel.numbers import get_territory_currencies, parse_decimal
from hypothesis import assume, given
from hypothesis import strategies as st

from crmtui.errors import Invalid
from crmtui.money import (
    AMOUNT_FAST,
    MAX_MAJOR,
    Money,
    check_currency,
    compact,
    convert,
    digits_of,
    half_up,
    parse_amount,
    plain,
    show,
)

CURRENCIES = st.sampled_from(["USD", "CNY", "EUR", "JPY", "BHD", "CLF"])
MINOR = st.integers(-(10**15), 10**15)


# -- currencies -------------------------------------------------------------------------------------------------


def test_currencies_and_their_digits() -> None:
    assert [digits_of(c) for c in ("USD", "CNY", "EUR", "JPY", "KRW", "BHD", "KWD", "CLF")] == [
        2,
        2,
        2,
        0,
        0,
        3,
        3,
        4,
    ]
    assert check_currency(" usd ") == "USD"


@pytest.mark.parametrize(
    "region",
    [
        "US",
        "CN",
        "DE",
        "GB",
        "JP",
        "KR",
        "IN",
        "BR",
        "RU",
        "ZA",
        "SA",
        "KW",
        "TN",
        "CL",
        "VN",
        "ID",
        "TH",
        "PL",
        "CZ",
        "CH",
        "SE",
        "NO",
        "AE",
        "AU",
        "MX",
        "NG",
    ],
)
def test_every_big_country_has_its_currency(region: str) -> None:
    for code in get_territory_currencies(region):
        assert check_currency(code) == code


def test_an_unknown_currency_names_the_nearest() -> None:
    with pytest.raises(Invalid) as caught:
        check_currency("USB")
    assert caught.value.code == "currency.unknown"
    assert "USB" in caught.value.message
    assert "USD" in caught.value.hint
    with pytest.raises(Invalid, match="code XXX"):
        digits_of("XXX")


# -- reading ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("1200", "USD", 120000),
        ("1200.5", "USD", 120050),
        ("1,234.56", "USD", 123456),
        ("1,234,567", "USD", 123456700),
        (" 12.34 ", "EUR", 1234),
        ("0", "USD", 0),
        ("1234", "JPY", 1234),
        ("1.234", "BHD", 1234),
        ("0.0001", "CLF", 1),
        ("240k", "USD", 24000000),
        ("2.4M", "USD", 240000000),
        ("2.4m", "JPY", 2400000),
        ("1.2万", "CNY", 1200000),
        ("3亿", "CNY", 30000000000),
        ("1.23456K", "USD", 123456),
        ("1.500k", "JPY", 1500),
        ("9999999999999.99", "USD", 10**15 - 1),
        ("226000.0000", "USD", 22600000),
        ("1,200.000", "USD", 120000),
        ("1200.00", "JPY", 1200),
        ("0.000", "USD", 0),
        ("12.0", "JPY", 12),
    ],
)
def test_amounts(text: str, currency: str, minor: int) -> None:
    assert parse_amount(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency", "code"),
    [
        *[
            (t, "USD", "amount.invalid")
            for t in ("", " ", "NaN", "Infinity", "inf", "1e400", "1e3", "0x10", "1_000", "--1")
        ],
        *[
            (t, "USD", "amount.invalid")
            for t in ("١٢٣", "１２", "1.234,56", "12,5 EUR", "12,5", "1,23,456", "1,2345")
        ],
        *[
            (t, "USD", "amount.invalid")
            for t in (",123", "1.", ".5", "1.2.3", "$5", "5%", "1 200", "5kk", "1/2", "=5", "5\0")
        ],
        ("1.005", "USD", "amount.decimals"),
        ("1.500", "USD", "amount.decimals"),
        ("226.000", "USD", "amount.decimals"),
        ("226000.0010", "USD", "amount.decimals"),
        ("1.50", "JPY", "amount.decimals"),
        ("1.2345678k", "USD", "amount.decimals"),
        ("-5", "USD", "amount.negative"),
        ("+5", "USD", "amount.negative"),
        ("10000000000000", "USD", "amount.too_large"),
        ("10000000000000", "JPY", "amount.too_large"),
        ("100000亿", "CNY", "amount.too_large"),
        ("1" * 41, "USD", "amount.too_long"),
        ("9" * 5000, "USD", "amount.too_long"),
    ],
)
def test_everything_else_is_refused_with_a_good_value(text: str, currency: str, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_amount(text, currency)
    assert caught.value.code == code
    assert len(caught.value.message) < 100
    good = caught.value.hint.removeprefix("A good value is ").removesuffix(".")
    assert parse_amount(good, currency) == 123456


def test_signs_only_where_wanted() -> None:
    assert parse_amount("-1,200.50", "USD", signed=True) == -120050
    assert parse_amount("+5", "USD", signed=True) == 500
    with pytest.raises(Invalid, match="is not an amount"):
        parse_amount("--5", "USD", signed=True)


@given(st.integers(0, MAX_MAJOR * 10**4 - 1), CURRENCIES)
def test_what_is_written_is_read(minor: int, currency: str) -> None:
    assume(minor < MAX_MAJOR * 10 ** digits_of(currency))
    assert parse_amount(plain(minor, currency), currency) == minor
    assert parse_amount(show(minor, currency, "en"), currency) == minor
    assert parse_amount(plain(-minor, currency), currency, signed=True) == -minor
    assert Money(minor, currency) == Money.parse(Money(minor, currency).text(), currency.lower())


@given(st.from_regex(AMOUNT_FAST, fullmatch=True, alphabet="0123456789."))
def test_the_fast_pattern_agrees_with_the_parser(text: str) -> None:
    found = AMOUNT_FAST.fullmatch(text)
    assert found is not None
    fast = int(found["whole"]) * 100 + int(found["cents"] or 0)
    assert fast == parse_amount(text, "USD") == parse_amount(f" {text}", "USD") == Decimal(text) * 100


@given(st.text(alphabet="0123456789.,kM万亿+-eE_ ", max_size=16), CURRENCIES)
def test_an_amount_is_exact_or_refused(text: str, currency: str) -> None:
    try:
        minor = parse_amount(text, currency, signed=True)
    except Invalid:
        return
    number, unit = text.strip(), 1
    for letter, size in (("k", 10**3), ("M", 10**6), ("万", 10**4), ("亿", 10**8)):
        if number.endswith(letter):
            number, unit = number[:-1], size
    assert (
        parse_decimal(number.lstrip("+"), locale="en", strict=False) * unit * 10 ** digits_of(currency)
        == minor
    )


# -- counting ---------------------------------------------------------------------------------------------------


@given(st.integers(-(10**20), 10**20), st.integers(-(10**9), 10**9).filter(bool))
def test_half_up_is_away_from_zero(n: int, d: int) -> None:
    doubled = 2 * abs(n)
    result = half_up(n, d)
    assert abs(result) * abs(d) * 2 - doubled <= abs(d)
    assert doubled - abs(result) * abs(d) * 2 < abs(d)
    assert result == 0 or (result < 0) == ((n < 0) != (d < 0))


def test_half_up_examples() -> None:
    assert [half_up(n, 2) for n in (-3, -1, 0, 1, 3)] == [-2, -1, 0, 1, 2]
    assert half_up(149, 100) == 1
    with pytest.raises(ZeroDivisionError):
        half_up(1, 0)


def test_convert() -> None:
    assert convert(10000, 2, 2, 710_000_000) == 71000  # 100 USD at 7.1 CNY
    assert convert(10000, 2, 0, 15_012_345_678) == 15012  # 100 USD at 150.12345678 JPY
    assert convert(15012, 0, 2, 666_667) == 10008  # 15012 JPY at 0.00666667 USD
    assert convert(-1, 2, 2, 50_000_000) == -1  # half a cent, away from zero


@given(MINOR, st.integers(0, 4), st.integers(0, 4), st.integers(1, 10**13))
def test_convert_agrees_with_decimals(minor: int, source: int, target: int, rate: int) -> None:
    exact = Decimal(minor).scaleb(-source) * Decimal(rate).scaleb(-8)
    assume(abs(exact) < 10**20)
    assert convert(minor, source, target, rate) == exact.scaleb(target).quantize(
        Decimal(1), rounding=ROUND_HALF_UP
    )


def test_money_counts_in_one_currency() -> None:
    a, b = Money(1200, "USD"), Money(350, "USD")
    assert (a + b, a - b) == (Money(1550, "USD"), Money(850, "USD"))
    assert b < a
    assert a >= b
    assert max(a, b) == a
    assert Money(1205, "USD").times_percent(50) == Money(603, "USD")
    assert a != Money(1200, "CNY")


@pytest.mark.parametrize(
    "act", [lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a < b, lambda a, b: a >= b]
)
def test_money_never_mixes_currencies(act) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(Invalid, match="USD and CNY") as caught:
        act(Money(1, "USD"), Money(1, "CNY"))
    assert caught.value.code == "money.unlike_currencies"


# -- showing ----------------------------------------------------------------------------------------------------


def test_for_machines_and_for_people() -> None:
    assert plain(-120050, "USD") == "-1200.50"
    assert plain(5, "USD") == "0.05"
    assert plain(1200, "JPY") == "1200"
    assert show(120000000, "USD", "en") == "1,200,000.00"
    assert show(-1234567, "BHD", "zh") == "-1,234.567"


@pytest.mark.parametrize(
    ("major", "en", "zh"),
    [
        ("0", "0", "0"),
        ("950", "950", "950"),
        ("999.60", "999.60", "999.60"),
        ("1200", "1.20k", "1,200"),
        ("12500", "12.5k", "1.25万"),
        ("240000", "240k", "24万"),
        ("999499", "999k", "99.95万"),
        ("999500", "1.00M", "99.95万"),
        ("2400000", "2.40M", "240万"),
        ("12345600", "12.3M", "1234.6万"),
        ("99999500", "100M", "1亿"),
        ("120000000", "120M", "1.2亿"),
        ("5000000000", "5.00B", "50亿"),
        ("9999999999999", "10,000B", "100000亿"),
    ],
)
def test_compact(major: str, en: str, zh: str) -> None:
    minor = parse_amount(major, "USD")
    assert compact(minor, "USD", "en") == en
    assert compact(minor, "USD", "zh") == zh
    if minor:
        assert compact(-minor, "USD", "en") == "-" + en


@given(st.integers(0, 10**15 - 1))
def test_compact_is_near_the_truth(minor: int) -> None:
    text = compact(minor, "USD", "zh")
    unit = {"万": 10**6, "亿": 10**10}.get(text[-1], 100)
    shown = Decimal(text.rstrip("万亿").replace(",", "")) * unit
    assert abs(shown - minor) * 100 <= minor
