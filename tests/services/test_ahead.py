"""What is made ready ahead comes in order, once, and its failure is told where it is asked for."""

from collections.abc import Iterator
from threading import Event, current_thread, main_thread

import pytest

from crmtui.services.ahead import Ahead


def test_items_come_in_order_whether_started_or_not() -> None:
    with Ahead(iter(range(1, 7))) as items:
        found = []
        for item in items:
            found.append(item)
            if item % 2:
                items.start()
                items.start()
    assert found == [1, 2, 3, 4, 5, 6]


def test_the_next_item_is_made_in_another_thread() -> None:
    going_on, made_by = Event(), []

    def made() -> Iterator[int]:
        for item in (1, 2):
            made_by.append(current_thread() is main_thread())
            yield item
            going_on.set()

    with Ahead(made()) as items:
        for item in items:
            if item == 1:
                items.start()
                assert going_on.wait(10)
    assert made_by == [True, False]


def test_a_failure_is_raised_where_the_item_is_asked_for() -> None:
    def made() -> Iterator[int]:
        yield 1
        raise ValueError("the rest")

    with Ahead(made()) as items:
        one = iter(items)
        assert next(one) == 1
        items.start()
        with pytest.raises(ValueError, match="the rest"):
            next(one)
