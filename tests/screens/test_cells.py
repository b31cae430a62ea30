"""Values as cells, and lists of records out of a real store."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from crmtui import i18n
from crmtui.money import Money
from crmtui.screens import cells
from crmtui.screens.cells import columns_for
from crmtui.screens.desk import Desk
from crmtui.screens.listing import WindowedList
from crmtui.screens.querying import QuerySource, measures_of, sum_row
from crmtui.services import records, window
from crmtui.services.context import Context
from crmtui.services.window import Listing
from crmtui.store.fields import Field
from crmtui.store.record import table
from tests.people import NOW
from tests.screens.test_listing import Bench, Pilot, drawn, settled

TODAY = date(2026, 11, 20)
COUNT = 1_300


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    i18n.set_language("en")
    yield
    i18n.set_language("en")


@pytest.fixture
def ctx(sqlite_url: str) -> Iterator[Context]:
    with Context.open(flags={"db": sqlite_url}, now=NOW) as context:
        yield context


@pytest.mark.parametrize(
    ("days", "text"),
    [
        (0, "today"),
        (-1, "yesterday"),
        (-3, "3 d"),
        (-8, "12 Nov"),
        (1, "tomorrow"),
        (3, "23 Nov"),
        (60, "19 Jan 2027"),
    ],
)
def test_days_are_short_and_have_a_year_only_when_it_is_another(days: int, text: str) -> None:
    assert cells.near_text(TODAY + timedelta(days=days), TODAY) == text


def test_moments_tell_how_long_ago(ctx: Context) -> None:
    now = ctx.clock.now()
    for ago, text in (
        (timedelta(seconds=20), "now"),
        (timedelta(minutes=40), "40 min"),
        (timedelta(hours=3), "3 h"),
        (timedelta(hours=20), "yesterday"),
        (timedelta(days=5), "5 d"),
        (timedelta(days=40), "11 Oct"),
    ):
        assert cells.moment_text(ctx, now - ago) == text
    assert cells.moment_text(ctx, now + timedelta(days=3)) == "23 Nov"


def test_values_are_compact(ctx: Context) -> None:
    for field, value, text in (
        (Field("money"), Money(1_240_000_000, "USD"), "12.4M"),
        (Field("money"), Money(1_240_000_000, "EUR"), "12.4M EUR"),
        (Field("percent"), 35, "35%"),
        (Field("whole"), 12_345, "12,345"),
        (Field("flag"), True, "✓"),
        (Field("flag"), False, ""),
        (Field("text"), "two\nlines", "two lines"),
        (Field("line"), None, ""),
        (Field("day"), TODAY, "today"),
        (Field("moment"), datetime(2026, 11, 19, 20, tzinfo=UTC), "5 h"),
    ):
        assert cells.cell_text(ctx, field, value) == text
    assert cells.cell_text(ctx, Field("money"), Money(1_240_000_000, "USD"), full=True) == "12,400,000.00"
    i18n.set_language("zh")
    assert cells.cell_text(ctx, Field("money"), Money(1_240_000_000, "USD")) == "1240万"


def test_columns_fit_their_titles_in_every_language(ctx: Context) -> None:
    found = columns_for(ctx, "opp", ("name", "account", "stage", "amount", "probability", "tags"))
    assert [one.width == 0 for one in found] == [True, False, False, False, False, False]
    assert [one.right for one in found] == [False, False, False, True, True, False]
    assert [one.priority for one in found] == [0, 1, 2, 3, 4, 5]
    assert found[4].width > len("Probability")
    assert not found[5].sortable


# -- lists out of a store -------------------------------------------------------------------------------------------


@pytest.fixture
def store(ctx: Context, sqlite_url: str) -> str:
    """Leads with ties and empty values."""
    with ctx.transaction("lead.add") as tx:
        for n in range(COUNT):
            name = ("华东精工", "Müller", "Kestrel")[n % 3] + f" {n:04d}"
            tx.session.add(
                table("lead")(
                    company=name,
                    name_key=name.lower(),
                    state=("new", "assigned", "working")[n % 3],
                    source=("web", "fair", None)[n % 7 % 3],
                    quoted=100_00 if n % 2 else None,
                    currency="USD",
                    owner_id=1,
                    created_at=tx.now,
                )
            )
    return sqlite_url


def at_desk(url: str, widget: WindowedList, script: object, size: tuple[int, int] = (70, 20)) -> None:
    async def run() -> None:
        desk = Desk({"db": url}, None, NOW)
        app = Bench(widget)
        async with app.run_test(size=size) as pilot:
            await script(app, pilot, desk)  # type: ignore[operator]
            await settled(pilot)
        desk.close()

    asyncio.run(run())


NAMES = ("company", "state", "source", "quoted")


def test_a_list_of_records_by_keyboard_from_end_to_end(ctx: Context, store: str) -> None:
    listing = Listing("lead", "", "-company", NAMES)
    every = [row["ref"] for row in records.find(ctx, "lead", sort="-company", fields=["ref"]).rows]
    columns = columns_for(ctx, "lead", NAMES)
    widget = WindowedList(columns)

    async def script(app: Bench, pilot: Pilot[None], desk: Desk) -> None:
        widget.show(QuerySource(desk, listing, columns, lambda row: "!" if row["state"] == "new" else ""))
        await settled(pilot)
        assert widget.count == COUNT
        seen = []
        for _ in range(COUNT // widget.page + 1):
            await app.workers.wait_for_complete()
            first = round(widget.scroll_y)
            seen += [widget.row_at(place).key for place in range(first, min(first + widget.page, COUNT))]  # type: ignore[union-attr]
            drawn(widget)
            widget.action_page_down()
        await settled(pilot)
        assert list(dict.fromkeys(seen)) == every
        assert widget.current is not None
        assert widget.current.key == every[-1]
        assert await widget.go_to(every[700])
        await settled(pilot)
        assert widget.current.key == every[700]
        assert widget.current.data["ref"] == every[700]

    at_desk(store, widget, script)


def test_the_cursor_follows_its_record_when_others_are_put_in_above(ctx: Context, store: str) -> None:
    listing = Listing("lead", "", "", NAMES)
    columns = columns_for(ctx, "lead", NAMES)
    widget = WindowedList(columns)

    async def script(app: Bench, pilot: Pilot[None], desk: Desk) -> None:
        widget.show(QuerySource(desk, listing, columns))
        await settled(pilot)
        widget.move_to(611)
        await settled(pilot)
        assert widget.current is not None
        key, line = widget.current.key, 611 - round(widget.scroll_y)
        await desk.change(lambda ctx: records.add(ctx, "lead", {"company": "Newest"}).id)
        widget.show(QuerySource(desk, listing, columns))
        await settled(pilot)
        assert (widget.current.key, widget.cursor_row, widget.count) == (key, 612, COUNT + 1)
        assert widget.cursor_row - round(widget.scroll_y) == line

    at_desk(store, widget, script)


def test_groups_of_a_store_fold_and_their_sums_are_those_of_their_rows(ctx: Context, store: str) -> None:
    listing = Listing("lead", "", "company", NAMES, group="state")
    columns = columns_for(ctx, "lead", NAMES)
    widget = WindowedList(columns)
    per = [(COUNT + 2 - n) // 3 for n in range(3)]

    async def script(app: Bench, pilot: Pilot[None], desk: Desk) -> None:
        widget.show(QuerySource(desk, listing, columns))
        await settled(pilot)
        assert widget.count == COUNT + 3
        assert widget.current is not None
        assert widget.current.text("company") == f"new  {per[0]}"
        await pilot.press("down", "minus")
        await settled(pilot)
        assert (widget.count, widget.cursor_row) == (COUNT + 3 - per[0], 0)
        await pilot.press("down", "down", "down")
        assert widget.current.data["state"] == "assigned"
        await pilot.press("asterisk", "asterisk")
        await settled(pilot)
        assert widget.count == 3
        await pilot.press("home", "enter")
        assert app.last(WindowedList.Opened).row.data == "state = new"
        sums = await desk.read(lambda ctx: window.sums(ctx, listing, measures_of("lead")))
        widget.footer(sum_row("lead", sums))
        assert drawn(widget)[-1].rstrip().endswith(cells.money_text(Money(COUNT // 2 * 100_00, "USD")))

    at_desk(store, widget, script)
