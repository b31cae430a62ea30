"""Sums of lines: quantity, price, discount, tax and cost, to the cent, for quotes, contracts, orders and invoices."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from crmtui.errors import Invalid
from crmtui.i18n import N_
from crmtui.money import half_up

ONE = 10_000
"""A quantity of one; 100 %."""
_DECIMAL = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,4}))?")
_PERCENT = re.compile(r"([0-9]{1,3})(?:\.([0-9]{1,2}))?%?")


class Line(Protocol):
    """A line of any document; quantity in ten-thousandths, discount and tax in hundredths of a percent, money per unit."""

    quantity: int
    price: int
    list_price: int | None
    discount: int
    tax: int
    cost: int | None


@dataclass(frozen=True)
class Counted:
    """What one line comes to, in minor units: `full` at its price, `own` after its own discount, `net` after all discounts,
    and the `tax` on that."""

    full: int
    own: int
    net: int
    tax: int
    cost: int


@dataclass(frozen=True)
class Sums:
    """What lines come to together; every figure is the sum of that figure of the lines.

    `listed` is their value at list price (at their own price where that is higher or nothing is listed), `full` at
    their prices, `net` after all discounts, `total` with tax.
    """

    lines: tuple[Counted, ...]
    listed: int
    full: int
    net: int
    tax: int
    cost: int

    @property
    def total(self) -> int:
        """What the customer pays: net and tax."""
        return self.net + self.tax

    @property
    def margin(self) -> int:
        """What remains of the net after the cost; negative for a loss."""
        return self.net - self.cost

    @property
    def reduction(self) -> int:
        """How far below list price, in whole percent, rounded up: above 15 exactly when more than 15 % are given away."""
        return -(-(self.listed - self.net) * 100 // self.listed) if self.listed else 0


def sums(lines: Iterable[Line], discount: int = 0) -> Sums:
    """What `lines` come to, with `discount` (hundredths of a percent) on the whole of them, shared among them to the cent.

    Tax is counted once for each rate, on all that bears it, and shared in the same way.
    """
    every = list(lines)
    full = [half_up(line.quantity * line.price, ONE) for line in every]
    own = [value - half_up(value * line.discount, ONE) for value, line in zip(full, every, strict=True)]
    off = share(half_up(sum(own) * discount, ONE), own)
    net = [value - less for value, less in zip(own, off, strict=True)]
    tax = [0] * len(every)
    for rate in {line.tax for line in every if line.tax}:
        weights = [value if line.tax == rate else 0 for value, line in zip(net, every, strict=True)]
        for place, part in enumerate(share(half_up(sum(weights) * rate, ONE), weights)):
            tax[place] += part
    cost = [half_up(line.quantity * (line.cost or 0), ONE) for line in every]
    counted = tuple(Counted(*each) for each in zip(full, own, net, tax, cost, strict=True))
    listed = sum(half_up(line.quantity * max(line.list_price or 0, line.price), ONE) for line in every)
    return Sums(counted, listed, sum(full), sum(net), sum(tax), sum(cost))


def share(whole: int, weights: Sequence[int]) -> list[int]:
    """`whole` minor units (not negative) shared by `weights`, to the last one; equally where all weights are 0.

    The largest remainders are rounded up, the earlier of equal ones first, so that the parts sum to the whole.
    """
    if not weights:
        return []
    total = sum(weights)
    by = list(weights) if total else [1] * len(weights)
    total = total or len(weights)
    parts = [whole * weight // total for weight in by]
    order = sorted(range(len(by)), key=lambda place: (-(whole * by[place] % total), place))
    for place in order[: whole - sum(parts)]:
        parts[place] += 1
    return parts


# -- reading and showing ----------------------------------------------------------------------------------------


def read_quantity(text: str) -> int:
    """A quantity such as 3 or 2.5, in ten-thousandths. Raises Invalid for what is none, or nothing."""
    found = _DECIMAL.fullmatch(text.strip())
    scaled = int(found[1]) * ONE + int((found[2] or "").ljust(4, "0")) if found else 0
    if not scaled or not text.isascii():
        raise Invalid(
            "line.quantity",
            N_("{value} is not a quantity."),
            field="quantity",
            hint=N_("Write a positive number with at most four decimals, such as 2.5."),
            value=text[:40],
        )
    return scaled


def read_percent(text: str, field: str) -> int:
    """A percentage from 0 to 100 such as 12.5, in hundredths of a percent. Raises Invalid, naming `field`."""
    found = _PERCENT.fullmatch(text.strip())
    scaled = int(found[1]) * 100 + int((found[2] or "").ljust(2, "0")) if found else -1
    if not 0 <= scaled <= ONE or not text.isascii():
        raise Invalid(
            "line.percent",
            N_("{value} is not a percentage from 0 to 100."),
            field=field,
            hint=N_("Write it with at most two decimals, such as 12.5."),
            value=text[:40],
        )
    return scaled


def decimal(scaled: int, digits: int) -> str:
    """A scaled number as a plain decimal without trailing zeros: a quantity has 4 `digits`, a percentage 2."""
    whole, rest = divmod(scaled, 10**digits)
    return f"{whole}.{rest:0{digits}d}".rstrip("0").rstrip(".")
