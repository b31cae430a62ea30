"""Money: whole minor units of an ISO 4217 currency, read from text, counted exactly, shown to people."""

import re
from dataclasses import dataclass

from crmtui.errors import Invalid
from crmtui.i18n import N_
from crmtui.text import nearest

MAX_MAJOR = 10**13  # amounts stay below this many major units, whatever the currency

# ISO 4217 by minor digits: the codes in force, and those replaced since 2021, which imported history still names.
_BY_DIGITS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF "
    "CHE CHF CHW CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD "
    "HKD HNL HRK HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT "
    "MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD "
    "SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS "
    "VED VES WST XAD XCD XCG YER ZAR ZMW ZWG ZWL",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_USUAL = ("USD", "EUR", "CNY", "GBP", "JPY")  # of several that are near, these are meant
_DIGITS = {code: digits for digits, codes in _BY_DIGITS.items() for code in codes.split()}


def check_currency(code: str) -> str:
    """The ISO 4217 code in capitals. Raises Invalid `currency.unknown`, naming the nearest one."""
    upper = code.strip().upper()
    if upper in _DIGITS:
        return upper
    raise Invalid(
        "currency.unknown",
        N_("No currency has the code {value}."),
        hint=N_("Use a code of three letters, such as {example}."),
        value=code[:40],
        example=nearest(upper, (*_USUAL, *_DIGITS)) or _USUAL[0],
    )


def digits_of(currency: str) -> int:
    """How many decimal digits the currency has (JPY 0, USD 2, BHD 3). Raises Invalid `currency.unknown`."""
    digits = _DIGITS.get(currency)
    return _DIGITS[check_currency(currency)] if digits is None else digits


def currencies_unlike(digits: int) -> dict[int, list[str]]:
    """The currencies that do not have `digits` decimal digits, by how many they have."""
    return {other: codes.split() for other, codes in _BY_DIGITS.items() if other != digits}


# -- reading ----------------------------------------------------------------------------------------------------

# The plain form of most files. In a currency of two digits, `whole` * 100 + `cents` is what parse_amount returns.
AMOUNT_FAST = re.compile(r"(?P<whole>[0-9]{1,13})(?:\.(?P<cents>[0-9]{2}))?")
_AMOUNT = re.compile(
    r"(?P<sign>[+-]?)(?P<whole>[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.(?P<part>[0-9]+))?(?P<suffix>[kKmM万亿]?)"
)
_SUFFIXES = {"": 0, "k": 3, "K": 3, "m": 6, "M": 6, "万": 4, "亿": 8}
_MOST_CHARACTERS = 40


def parse_amount(text: str, currency: str, *, signed: bool = False) -> int:
    """The amount in minor units: `1200`, `1,234.56`, `240k`, `2.4M`, `1.2万`, `3亿`; `-5` only when `signed`.

    Raises Invalid `amount.*` for anything else, above all for what would have to be rounded.
    """
    digits = digits_of(currency)
    if digits == 2 and (fast := AMOUNT_FAST.fullmatch(text)):
        return int(fast[1]) * 100 + int(fast[2] or 0)
    bare = text.strip()
    if len(bare) > _MOST_CHARACTERS:
        raise _refusal("too_long", N_("An amount has at most {most} characters."), bare, currency)
    found = _AMOUNT.fullmatch(bare)
    if found is None:
        raise _refusal("invalid", N_("{value} is not an amount."), bare, currency)
    if found["sign"] and not signed:
        raise _refusal("negative", N_("An amount here has no sign: {value}."), bare, currency)
    part, suffix = found["part"] or "", _SUFFIXES[found["suffix"]]
    in_parts = int(found["whole"].replace(",", "") + part) * 10 ** (digits + suffix)
    minor, lost = divmod(in_parts, 10 ** len(part))
    # Without a suffix even 1.500 is refused: elsewhere that is fifteen hundred. Not so 1500.0000, which reads one way.
    if lost or (len(part) > digits and not suffix and _groups(found["whole"], part)):
        raise _refusal("decimals", N_("{value} has more decimals than {currency}."), bare, currency)
    if minor >= MAX_MAJOR * 10**digits:
        raise _refusal("too_large", N_("{value} is too large an amount."), bare, currency)
    return -int(minor) if found["sign"] == "-" else int(minor)


def _groups(whole: str, part: str) -> bool:
    """Whether the point between `whole` and `part` could be meant to set thousands apart."""
    return len(part) == 3 and len(whole) <= 3 and not whole.startswith("0")


def _refusal(kind: str, sentence: str, value: str, currency: str) -> Invalid:
    return Invalid(
        f"amount.{kind}",
        sentence,
        hint=N_("A good value is {example}."),
        value=value[:_MOST_CHARACTERS],
        currency=currency,
        most=_MOST_CHARACTERS,
        example=plain(123456, currency),
    )


# -- counting ---------------------------------------------------------------------------------------------------


def half_up(n: int, d: int) -> int:
    """`n` / `d` as a whole number, halves away from zero. Raises ZeroDivisionError when `d` is 0."""
    quotient = (2 * abs(n) + abs(d)) // (2 * abs(d))
    return quotient if (n < 0) == (d < 0) else -quotient


def convert(minor: int, from_digits: int, to_digits: int, rate_e8: int) -> int:
    """`minor` units of one currency in minor units of another, half-up; `rate_e8`: target per source, times 10^8."""
    return half_up(minor * rate_e8 * 10**to_digits, 10 ** (8 + from_digits))


@dataclass(frozen=True, slots=True)
class Money:
    """`minor` units of `currency`. Sums and comparisons with another currency raise Invalid."""

    minor: int
    currency: str

    @classmethod
    def parse(cls, text: str, currency: str) -> "Money":
        """The money that `text` says, not negative. Raises Invalid `amount.*` or `currency.unknown`."""
        code = check_currency(currency)
        return cls(parse_amount(text, code), code)

    def text(self) -> str:
        """Plain decimal with the digits of the currency: `1200.00`."""
        return plain(self.minor, self.currency)

    def times_percent(self, percent: int) -> "Money":
        """That many percent of it, rounded half-up."""
        return Money(half_up(self.minor * percent, 100), self.currency)

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._like(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._like(other), self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._like(other)

    def __le__(self, other: "Money") -> bool:
        return self.minor <= self._like(other)

    def __gt__(self, other: "Money") -> bool:
        return self.minor > self._like(other)

    def __ge__(self, other: "Money") -> bool:
        return self.minor >= self._like(other)

    def _like(self, other: "Money") -> int:
        if self.currency == other.currency:
            return other.minor
        raise Invalid(
            "money.unlike_currencies",
            N_("{left} and {right} cannot be added or compared."),
            hint=N_("Convert one of them first."),
            left=self.currency,
            right=other.currency,
        )


# -- showing ----------------------------------------------------------------------------------------------------


def plain(minor: int, currency: str) -> str:
    """The amount for machines: `-1200.00`, `1200` for a currency without decimals."""
    return _decimal(minor, digits_of(currency), "")


def show(minor: int, currency: str, language: str) -> str:
    """The amount for people: `1,200.00`. English and Chinese group alike, so `language` changes nothing yet."""
    return _decimal(minor, digits_of(currency), ",")


def compact(minor: int, currency: str, language: str) -> str:
    """The amount in few characters, rounded: `950`, `240k`, `2.40M` in English; `240万`, `1.2亿` in Chinese."""
    one = 10 ** digits_of(currency)
    sign, size = "-" if minor < 0 else "", abs(minor)
    if size < (10_000 if language == "zh" else 1_000) * one:
        return show(minor, currency, language).removesuffix("." + "0" * digits_of(currency))
    return sign + (_compact_zh(size, one) if language == "zh" else _compact_en(size, one))


def _compact_en(minor: int, one: int) -> str:
    for unit, letter in ((10**3, "k"), (10**6, "M"), (10**9, "B")):
        for decimals in (2, 1, 0):
            rounded = half_up(minor * 10**decimals, unit * one)
            if rounded < 1000:
                return _decimal(rounded, decimals, ",") + letter
    return f"{rounded:,}{letter}"


def _compact_zh(minor: int, one: int) -> str:
    # From 9999.95万 on, rounding would give 10000万, which is 1亿.
    unit, letter = (10**4, "万") if minor < 99_999_500 * one else (10**8, "亿")
    decimals = 2 if minor < 100 * unit * one else 1
    text = _decimal(half_up(minor * 10**decimals, unit * one), decimals, "")
    return text.rstrip("0").rstrip(".") + letter


def _decimal(n: int, digits: int, group: str) -> str:
    whole, part = divmod(abs(n), 10**digits)
    sign = "-" if n < 0 else ""
    return f"{sign}{format(whole, group)}.{part:0{digits}d}" if digits else f"{sign}{format(whole, group)}"
