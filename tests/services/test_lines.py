"""Sums of lines: to the cent, whatever the quantities, discounts and taxes."""

from dataclasses import dataclass
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmtui.errors import Invalid
from crmtui.services import lines


@dataclass
class Line:
    """A line as any document has it."""

    quantity: int
    price: int
    discount: int = 0
    tax: int = 0
    cost: int | None = None
    list_price: int | None = None


def test_a_quote_worked_out_by_hand() -> None:
    # 3 × 19.99 = 59.97, less 10 % (5.997 → 6.00) = 53.97; 2.5 kg × 4.20 = 10.50. Together 64.47.
    # 5 % on the whole = 3.2235 → 3.22, shared by 53.97 : 10.50 = 2.6955 : 0.5244, that is 2.70 and 0.52.
    # Net 51.27 and 9.98, together 61.25. Tax 13 % on 51.27 = 6.6651 → 6.67, and 9 % on 9.98 = 0.8982 → 0.90.
    # Cost 3 × 12.00 = 36.00; at list price 3 × 25.00 + 10.50 = 85.50, so 24.25 below, 28.4 % → 29.
    found = lines.sums(
        [
            Line(30_000, 1999, discount=1000, tax=1300, cost=1200, list_price=2500),
            Line(25_000, 420, tax=900),
        ],
        discount=500,
    )
    assert [(one.full, one.net, one.tax) for one in found.lines] == [(5997, 5127, 667), (1050, 998, 90)]
    assert (found.full, found.net, found.tax, found.total) == (7047, 6125, 757, 6882)
    assert (found.cost, found.margin) == (3600, 2525)
    assert (found.listed, found.reduction) == (8550, 29)


def test_fifteen_percent_are_not_above_fifteen() -> None:
    assert lines.sums([Line(10_000, 10_000, discount=1500)]).reduction == 15
    assert lines.sums([Line(10_000, 10_000, discount=1501)]).reduction == 16
    assert lines.sums([]).reduction == 0


_LINES = st.lists(
    st.builds(
        Line,
        quantity=st.integers(1, 10**7),
        price=st.integers(0, 10**8),
        discount=st.integers(0, 10_000),
        tax=st.sampled_from([0, 600, 825, 900, 1300]),
        cost=st.none() | st.integers(0, 10**7),
        list_price=st.none() | st.integers(0, 10**8),
    ),
    max_size=12,
)


@given(_LINES, st.integers(0, 10_000))
def test_every_sum_is_that_of_its_parts(some: list[Line], discount: int) -> None:
    found = lines.sums(some, discount)
    assert sum(one.net for one in found.lines) == found.net
    assert sum(one.tax for one in found.lines) == found.tax
    assert sum(one.full for one in found.lines) == found.full
    assert found.total == found.net + found.tax
    assert all(0 <= one.net <= one.full for one in found.lines)
    assert 0 <= found.reduction <= 100
    # The whole is off by less than half a cent for each line's rounding, and one for the discount on the whole.
    exact = sum(
        Fraction(one.quantity * one.price * (10_000 - one.discount) * (10_000 - discount), 10**12)
        for one in some
    )
    assert abs(exact - found.net) <= len(some) + Fraction(1, 2)


@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**9), min_size=1, max_size=9))
def test_what_is_shared_is_all_there(whole: int, weights: list[int]) -> None:
    parts = lines.share(whole, weights)
    assert sum(parts) == whole
    by = weights if any(weights) else [1] * len(weights)
    assert all(
        abs(part - Fraction(whole * weight, sum(by))) < 1 for part, weight in zip(parts, by, strict=True)
    )


@pytest.mark.parametrize("text", ["0", "-1", "1.23456", "", "abc", "１", "1e3"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        lines.read_quantity(text)


@pytest.mark.parametrize("text", ["101", "100.01", "-5", "12.345", "", "x"])
def test_a_discount_over_a_hundred_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        lines.read_percent(text, "discount")
    assert caught.value.field == "discount"


@given(st.integers(1, 10**12))
def test_a_quantity_reads_back(scaled: int) -> None:
    assert lines.read_quantity(lines.decimal(scaled, 4)) == scaled


@given(st.integers(0, 10_000))
def test_a_percentage_reads_back(scaled: int) -> None:
    assert lines.read_percent(lines.decimal(scaled, 2) + " %".strip(), "tax") == scaled
