"""Lists of records out of the store: read a window at a time by key, in groups when asked."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from crmtui.errors import Refused
from crmtui.money import Money
from crmtui.screens import cells
from crmtui.screens.cells import columns_for
from crmtui.screens.rows import Cell, Column, Row

if TYPE_CHECKING:
    from crmtui.screens.desk import Desk
    from crmtui.services.context import Context
    from crmtui.services.window import Group, Key, Listing, Page

__all__ = ["QuerySource", "Run", "columns_for", "measures_of", "sum_row"]

Sign = Callable[[dict[str, Any]], Cell]
"""The values of a record → the sign before its row."""
Figures = Callable[["Context", Sequence[str]], dict[str, dict[str, Cell]]]
"""The refs of records that were read → ref → column → its cell, for columns that are no fields."""


@dataclass
class Run:
    """The rows of one ungrouped listing, read from the nearest place whose key is known."""

    listing: "Listing"
    count: int | None = None
    behind: dict[int, "Key"] = field(default_factory=dict)
    """Number of a row → the key of the row before it."""
    ahead: dict[int, "Key"] = field(default_factory=dict)
    """Number of a row → its key."""
    refs: set[str] = field(default_factory=set)
    """The records that were read."""

    def read(self, ctx: "Context", start: int, stop: int) -> list[dict[str, Any]]:
        """The rows from `start` to before `stop`, from the nearest known place."""
        if self.count is not None:
            stop = min(stop, self.count)
        if stop <= start:
            return []
        inside = next((place for place in self.ahead if start < place < stop), None)
        if inside is None or start in self.behind or not start:
            return self._note(start, self._nearest(ctx, start, stop)).rows
        first = self._note(start, self._page(ctx, before=self.ahead[inside], size=inside - start))
        rest = self._note(inside, self._page(ctx, after=first.last, size=stop - inside))
        return first.rows + rest.rows

    def _nearest(self, ctx: "Context", start: int, stop: int) -> "Page":
        from crmtui.services import window

        size = stop - start
        below = max((place for place in self.behind if place <= start), default=0)
        above = min((place for place in self.ahead if place >= stop), default=None)
        ways: list[tuple[int, Callable[[], Page]]] = [
            (
                start - below,
                lambda: self._page(ctx, after=self.behind.get(below), skip=start - below, size=size),
            )
        ]
        if above is not None:
            key, off = self.ahead[above], above - stop
            ways.append((off, lambda: self._page(ctx, before=key, skip=off, size=size)))
        if self.count is not None:
            left, every = self.count - stop, self.count
            ways.append((left, lambda: window.last(ctx, self.listing, size, skip=left, matches=every)))
        return min(ways, key=lambda way: way[0])[1]()

    def _page(self, ctx: "Context", **where: Any) -> "Page":
        from crmtui.services import window

        return window.page(ctx, self.listing, matches=self.count, **where)

    def _note(self, start: int, page: "Page") -> "Page":
        if page.first is not None and page.last is not None:
            self.ahead[start] = page.first
            self.behind[start + len(page.rows)] = page.last
            self.refs.update(row["ref"] for row in page.rows)
        return page

    def place(self, ctx: "Context", ref: str) -> int | None:
        """The number of the record's row; its key is then known."""
        from crmtui.services import window

        found = window.place(ctx, self.listing, ref)
        if found is None:
            return None
        number, key = found
        self.ahead[number], self.behind[number + 1] = key, key
        return number


@dataclass
class Part:
    """A group with its rows, folded or not; without a group the rows of the whole list."""

    run: Run
    group: "Group | None" = None
    unfolded: bool = True

    @property
    def key(self) -> str:
        """The key of the group's own row."""
        return f"= {self.group.condition}" if self.group is not None else ""

    @property
    def size(self) -> int:
        """The rows that it shows, its own among them."""
        head = int(self.group is not None)
        return head + ((self.run.count or 0) if self.unfolded else 0)


class QuerySource:
    """The records of a listing as rows whose key is their ref; group rows carry the condition of their group as data."""

    def __init__(
        self,
        desk: "Desk",
        listing: "Listing",
        columns: Sequence[Column],
        sign: Sign | None = None,
        figures: Figures | None = None,
    ) -> None:
        self.desk, self.listing, self.columns, self.sign = desk, listing, list(columns), sign
        self.figures = figures
        self._known: dict[str, Any] = {}
        self.parts: list[Part] | None = None if listing.group else [Part(Run(listing))]

    # Rows

    async def count(self) -> int:
        """How many rows show."""
        parts = await self._ready()
        if not self.listing.group and parts[0].run.count is None:
            from crmtui.services import window

            parts[0].run.count = await self.desk.read_behind(lambda ctx: window.count(ctx, self.listing))
        return sum(part.size for part in parts)

    async def rows(self, start: int, stop: int) -> list[Row]:
        """Those from `start` to before `stop`. Raises CrmError."""
        parts = await self._ready()

        def read(ctx: "Context") -> list[Row]:
            found = self._rows(ctx, parts, start, stop)
            if self.figures is not None:
                figures = self.figures(ctx, [row.key for row in found if row.kind == "row"])
                for row in found:
                    row.cells.update(figures.get(row.key, {}))
            return found

        return await self.desk.read(read)

    async def locate(self, key: str) -> int | None:
        """The number of the row of that record or group; None when it does not show. Raises CrmError."""
        parts = await self._ready()
        starts = self._starts(parts)
        for part, start in zip(parts, starts, strict=False):
            if part.key == key and key:
                return start
        return await self.desk.read(lambda ctx: self._place(ctx, parts, starts, key))

    def _rows(self, ctx: "Context", parts: Sequence[Part], start: int, stop: int) -> list[Row]:
        if not self.listing.group:
            return [self._row(ctx, one, 0) for one in parts[0].run.read(ctx, start, stop)]
        starts, found = self._starts(parts), list[Row]()
        for place in range(max(bisect_right(starts, start) - 1, 0), len(parts)):
            part, first = parts[place], starts[place]
            if first >= stop:
                break
            if first >= start:
                found.append(self._head(ctx, part))
            if part.unfolded:
                inner = part.run.read(ctx, max(start - first - 1, 0), stop - first - 1)
                found += [self._row(ctx, one, 1) for one in inner]
        return found

    def number(self, place: int) -> tuple[int, int] | None:
        """Which record the row is, 0 for a group; and how many records there are, folded ones too. None without groups."""
        if not self.listing.group:
            return None
        parts = self.parts or []
        every = sum(part.run.count or 0 for part in parts)
        starts = self._starts(parts)
        at = max(bisect_right(starts, place) - 1, 0)
        inside = place - starts[at] if parts else 0
        before = sum(part.run.count or 0 for part in parts[:at])
        return (before + inside if inside else 0), every

    def group(self, key: str) -> "Group | None":
        """The group whose row has this key."""
        return next((part.group for part in self.parts or () if part.key == key), None)

    def _starts(self, parts: Sequence[Part]) -> list[int]:
        return [0, *accumulate(part.size for part in parts)][: len(parts)]

    def _place(self, ctx: "Context", parts: Sequence[Part], starts: Sequence[int], key: str) -> int | None:
        for part, start in zip(parts, starts, strict=True):
            found = part.run.place(ctx, key) if part.unfolded else None
            if found is not None:
                return start + found + int(part.group is not None)
        return None

    def _row(self, ctx: "Context", values: dict[str, Any], depth: int) -> Row:
        fields = self._fields(ctx)
        texts: dict[str, Cell] = {
            one.name: cells.cell_text(ctx, fields[one.name], values.get(one.name))
            for one in self.columns
            if one.name in fields
        }
        data = {name: cells.plain_value(value) for name, value in values.items()}
        sign = self.sign(data) if self.sign is not None else ""
        return Row(data["ref"], texts, sign=sign, depth=depth, data=data)

    def _fields(self, ctx: "Context") -> dict[str, Any]:
        from crmtui.services import records

        if not self._known:
            self._known = {one.name: one for one in records.fields_of(ctx, self.listing.noun)}
        return self._known

    # Groups

    async def _ready(self) -> list[Part]:
        if self.parts is None:
            self.parts = await self.desk.read_now(self._grouped)
        return self.parts

    def _grouped(self, ctx: "Context") -> list[Part]:
        from crmtui.services import window

        try:
            found = window.groups(ctx, self.listing, measures_of(self.listing.noun))
        except Refused:  # a rate is missing: the groups are there, their sums are not
            found = window.groups(ctx, self.listing)
        return [Part(Run(window.within(self.listing, one.condition), one.count), one) for one in found]

    def _head(self, ctx: "Context", part: Part) -> Row:
        group = part.group
        assert group is not None
        texts = _sums(group.sums, ctx.company.currency)
        if self.columns:
            texts[self.columns[0].name] = f"{group.label}  {group.count:,}"
        return Row(part.key, texts, "group", open=part.unfolded, data=group.condition)

    def fold(self, key: str, unfolded: bool) -> str | None:
        """Fold or unfold the group; the key of its row, None when that changes nothing."""
        for part in self.parts or ():
            if part.group is not None and (part.key == key or (part.unfolded and key in part.run.refs)):
                if part.unfolded is unfolded:
                    return None
                part.unfolded = unfolded
                return part.key
        return None

    def some_folded(self) -> bool:
        """Whether a group is folded."""
        return any(not part.unfolded for part in self.parts or ())

    def fold_all(self, unfolded: bool) -> None:
        """Fold or unfold every group."""
        for part in self.parts or ():
            part.unfolded = unfolded


# Sums


def measures_of(noun: str) -> tuple[str, ...]:
    """What the lists of `noun` add up."""
    return {"opp": ("sum(amount)",), "account": ("sum(annual_revenue)",), "lead": ("sum(quoted)",)}.get(
        noun, ()
    )


def _sums(sums: dict[str, Any], currency: str = "") -> dict[str, Cell]:
    """Column → what it adds up to; `sum(amount)` stands in the column amount."""
    return {
        name.partition("(")[2].rstrip(")"): cells.money_text(value, currency)
        if isinstance(value, Money)
        else f"{value:,}"
        for name, value in sums.items()
        if value is not None and "(" in name
    }


def sum_row(noun: str, sums: dict[str, Any]) -> Row:
    """The pinned line of what a list adds up to, in the company's currency."""
    return Row("sum", _sums(sums), "sum")
