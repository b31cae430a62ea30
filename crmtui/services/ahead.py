"""The next batch of a file, made ready while the store still takes in the one before."""

import sys
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Mapping as Dictionary
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Generic, NoReturn, Self, TypeVar

from crmtui.services.assignment import Layout
from crmtui.services.columns import ABSENT, Faults, read_column
from crmtui.services.context import Context
from crmtui.services.incoming import Texts, texts_of
from crmtui.services.mapping import Mapping
from crmtui.services.source import Source
from crmtui.store import sieve
from crmtui.store.keys import phone_keys
from crmtui.store.record import table
from crmtui.store.sieve import SIEVED
from crmtui.store.values import Entry
from crmtui.text import name_keys

Item = TypeVar("Item")

TURN = 50e-6
"""Seconds after which one thread lets go of the interpreter for the other. Each statement of the store gives it away and
waits for it afterwards; with the usual 5 ms that came to a fifth of an import."""

ALONE = frozenset(
    (
        "line",
        "text",
        "phone",
        "code",
        "email",
        "whole",
        "percent",
        "currency",
        "rate",
        "flag",
        "day",
        "moment",
    )
)
"""Kinds whose reading asks neither the store nor another column."""


@dataclass
class Batch:
    """Rows as wide as the header, the lines that they come from, and what was read of them; the others are `ragged`."""

    lines: list[int]
    rows: list[list[str]]
    ragged: list[tuple[int, list[str]]] = field(default_factory=list)
    texts: Texts | None = None
    """None where there is no row."""

    def forget(self) -> None:
        """Let go of rows and texts, whoever still holds the batch."""
        self.rows.clear()
        self.texts = None


class Ahead(Generic[Item]):
    """Goes through `items` once. `start` fetches the next one in another thread; open it as a context manager."""

    def __init__(self, items: Iterator[Item]) -> None:
        self._items = items
        self._pool = ThreadPoolExecutor(1)
        self._next: Future[Item | None] | None = None

    def __enter__(self) -> Self:
        self._turn = sys.getswitchinterval()
        sys.setswitchinterval(TURN)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown()
        sys.setswitchinterval(self._turn)

    def start(self) -> None:
        """Begin with the next item, unless that was done; what goes wrong is raised where the item is asked for."""
        if self._next is None:
            self._next = self._pool.submit(next, self._items, None)

    def __iter__(self) -> Iterator[Item]:
        while True:
            item = next(self._items, None) if self._next is None else self._next.result()
            self._next = None
            if item is None:
                return
            yield item


def ready(
    lines: list[int],
    rows: list[list[str]],
    layout: Layout,
    mapping: Mapping,
    source: Source,
    ctx: Context,
    noun: str,
) -> Batch:
    """These rows of `source`, which are to become records of `noun`, as a batch."""
    width = len(source.header)
    batch = Batch(lines, rows)
    if set(map(len, rows)) != {width}:
        batch.ragged = [(line, cells) for line, cells in zip(lines, rows, strict=True) if len(cells) != width]
        batch.lines = [line for line, cells in zip(lines, rows, strict=True) if len(cells) == width]
        batch.rows = [cells for cells in rows if len(cells) == width]
    if batch.rows:
        batch.texts = texts_of(batch.rows, layout, mapping, source.kind, ctx)
        _read(batch.texts, layout, ctx, noun)
    return batch


def _read(texts: Texts, layout: Layout, ctx: Context, noun: str) -> None:
    """Read the columns of `texts` that can be read without the store.

    Amounts are read in the company's currency: whoever finds another one reads them again.
    """
    entry = Entry(ctx.clock, ctx.company.currency, ctx.actor.id, _asked, _asked, _asked)
    for name, given in texts.fields.items():
        field = layout.fields[name]
        if field.kind in ALONE or field.kind == "money":
            faults: Faults = {}
            texts.read[name] = read_column(replace(field, required=False), given, entry, faults), faults
        else:
            texts.words[name] = set(given)
        if None not in given:
            texts.whole.add(name)
    own = {name: values for name, (values, _) in texts.read.items() if not layout.fields[name].custom}
    texts.keys = search_keys(noun, {layout.fields[name].column: values for name, values in own.items()}, ctx)
    for name in SIEVED:
        keys = texts.keys.get(name) or own.get(name)
        if keys is not None:
            asked = [key for key in set(keys) if key is not None and key is not ABSENT]
            texts.asked[name] = asked, sieve.places(asked)


def search_keys(
    noun: str, columns: Dictionary[str, Sequence[Any]], ctx: Context
) -> dict[str, list[str | None]]:
    """The search keys that follow from these columns of records of `noun`, by column."""
    model = table(noun)
    found: dict[str, list[str | None]] = {}
    if model.LABEL in columns:
        found["name_key"] = _keys(columns[model.LABEL], name_keys)
    numbers = [columns[name] for name in ("phone", "mobile") if name in columns]
    if numbers and "phone_key" in model.model_fields:
        region = ctx.company.phone_region
        keys = [_keys(texts, lambda listed: phone_keys(listed, region)) for texts in numbers]
        found["phone_key"] = keys[0] if len(keys) == 1 else [a or b for a, b in zip(*keys, strict=True)]
    return found


def _keys(texts: Sequence[Any], make: Callable[[list[str]], Sequence[str | None]]) -> list[str | None]:
    given = [text if text and text is not ABSENT else None for text in texts]
    made = iter(make([text for text in given if text is not None]))
    return [None if text is None else next(made) for text in given]


def _asked(*_told: object) -> NoReturn:
    raise AssertionError("a column that is read ahead asks the store nothing")
