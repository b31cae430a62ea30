"""The overview: every figure is that of the services and the sum of what it opens; keys, mouse, sizes, and what is missing."""

from typing import Any

import pytest
from textual.pilot import Pilot

from crmtui.errors import Busy
from crmtui.money import Money, half_up
from crmtui.screens.app import CrmApp, Look
from crmtui.screens.bars import Columns
from crmtui.screens.frame import Pane
from crmtui.screens.links import Links, LinkTile, targets
from crmtui.screens.listing import WindowedList
from crmtui.screens.overview import PANES, Overview
from crmtui.screens.popup import Popup
from crmtui.services import dashboard, news, records, role
from tests.screens.conftest import drive, settled, text_of
from tests.screens.selling import LATE, QUOTA, WON, opened

SMALL = (80, 24)


def overview(app: CrmApp) -> Overview:
    return next(one for one in app.screen_stack if isinstance(one, Overview))


async def press(app: CrmApp, pilot: Pilot[Any], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await settled(app, pilot)


async def in_popup(app: CrmApp, pilot: Pilot[Any]) -> tuple[int, Any, str]:
    """How many rows it shows, their sum, and its border; then it is left."""
    await settled(app, pilot)
    popup = app.screen
    assert isinstance(popup, Popup), type(popup)
    assert popup.facts is not None
    found = popup.facts.count, popup.facts.sum, str(popup.query_one(Pane).border_subtitle)
    await press(app, pilot, "escape")
    return found


def amount(value: int) -> Money:
    return Money(value * 100, "USD")


# -- figures


def test_the_tiles_say_what_the_services_say(filled: str) -> None:
    with opened(filled) as ctx:
        tiles = dashboard.tiles(ctx, "all")

    async def script(app: CrmApp, pilot: Pilot[Any]) -> str:
        return text_of(app)

    shown = drive(filled, script)
    assert tiles.won.figure.value == amount(WON)
    share = f"{WON * 100 / QUOTA:.0f}% of 1.5M"
    assert share in shown
    gap = tiles.forecast.rest
    assert gap is not None
    assert f"gap −{half_up(gap.value.minor, 100_000)}k" in shown
    assert f"{tiles.overdue.figure.value}" == f"{len(LATE)}"
    assert "1 in 7 days" in shown
    assert "in 4 weeks" in shown


def test_every_figure_of_a_tile_opens_records_that_are_its_sum(filled: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> dict[str, list[tuple[int, Any, str]]]:
        found: dict[str, list[tuple[int, Any, str]]] = {}
        screen = overview(app)
        for name in ("won", "forecast", "weighted", "win_rate", "overdue"):
            tile = screen.query_one(f"#{name}", LinkTile)
            figures = [tile.target, *targets(tile.lines)]
            for place, figure in enumerate(figures):
                if callable(figure):
                    continue
                tile.focus()
                tile.current = place
                await pilot.press("enter")
                found.setdefault(name, []).append(await in_popup(app, pilot))
        return found

    found = drive(filled, script)
    assert found["won"][0][:2] == (2, amount(WON))
    assert found["overdue"][0][:2] == (len(LATE), len(LATE))
    assert found["win_rate"][0][0] == 3
    for name in ("won", "forecast", "weighted", "overdue"):
        assert "= the figure you opened" in found[name][0][2], name


def test_a_bar_opens_its_month(filled: str) -> None:
    with opened(filled) as ctx:
        months = dashboard.months(ctx, "all")

    async def script(app: CrmApp, pilot: Pilot[Any]) -> list[tuple[int, Any, str]]:
        chart = overview(app).query_one(Columns)
        chart.focus()
        found = []
        for place in (9, 10, 11):
            chart.current = place
            await pilot.press("enter")
            found.append(await in_popup(app, pilot))
        return found

    found = drive(filled, script)
    for month, (_, total, border) in zip(months[9:], found, strict=True):
        assert total.minor == month.won.value.minor + month.forecast.value.minor
        assert "= the figure you opened" in border
    assert [count for count, _, _ in found] == [1, 4, 1]


def test_a_row_of_the_funnel_opens_its_stage(filled: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> tuple[Any, Any]:
        screen = overview(app)
        stages = screen.query_one("#stages")
        stages.focus()
        await press(app, pilot, "home", "down", "down", "down", "enter")
        proposal = await in_popup(app, pilot)
        screen.query_one("#slowest", Links).focus()
        await press(app, pilot, "enter")
        return proposal, await in_popup(app, pilot)

    proposal, slowest = drive(filled, script)
    assert proposal[:2] == (2, 2)
    assert "= the figure you opened" in slowest[2]


def test_what_is_near_is_late_first_and_counts_open_all_of_it(filled: str) -> None:
    with opened(filled) as ctx:
        close = records.count_where(ctx, "opp", news.closes_where(ctx, "all"))

    async def script(app: CrmApp, pilot: Pilot[Any]) -> Any:
        screen = overview(app)
        focused = app.focused
        names = [row.data.name for row in screen.query_one("#near-rows", WindowedList).source.shown]
        links = screen.query_one("#near-counts", Links)
        links.focus()
        await press(app, pilot, "enter")
        return focused.id if focused else "", names, await in_popup(app, pilot), text_of(app)

    focused, names, counted, shown = drive(filled, script)
    assert focused == "near-rows"
    assert names[:2] == list(LATE)
    assert set(names[2:]) == {"Jo Ray", "Blade tracing"}
    assert counted[:2] == (close, close)
    assert "! late 18 d" in shown
    assert "tomorrow" in shown


def test_news_open_their_record_and_say_who_won(filled: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> tuple[str, str]:
        shown = text_of(app)
        listed = overview(app).query_one("#news-rows", WindowedList)
        listed.focus()
        while "Won: Crane spares" not in listed.current.text("what"):  # type: ignore[union-attr]
            await pilot.press("down")
        ref = listed.current.data.ref  # type: ignore[union-attr]
        await press(app, pilot, "enter")
        return shown, getattr(app.screen, "ref", "") == ref

    shown, opened_it = drive(filled, script)
    assert opened_it
    assert "✓ Won: Crane spares" in shown
    assert "✗ Lost: Press hall" in shown
    assert "+ New: " in shown


def test_whose_and_period_are_followed(filled: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> tuple[str, str]:
        await press(app, pilot, "left_square_bracket")
        before = text_of(app)
        await press(app, pilot, "right_square_bracket", "w")
        return before, text_of(app)

    before, mine = drive(filled, script)
    assert "Won 2026Q3" in before
    assert "nothing closed yet" in before
    assert "Won 2026Q4" in mine


# -- keys and mouse


def test_tab_goes_through_every_pane_and_round(filled: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> list[str]:
        found = []
        for _ in range(8):
            found.append(app.focused.id or "" if app.focused else "")
            await pilot.press("tab")
            await pilot.pause(0.01)
        await press(app, pilot, "shift+tab")
        return [*found, app.focused.id or "" if app.focused else ""]

    assert drive(filled, script) == [
        *("near-rows", "near-counts", "news-rows", "months", "stages", "slowest", "won", "near-rows"),
        "near-rows",
    ]


def test_arrows_go_through_the_tiles(filled: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> tuple[str, tuple[int, Any, str]]:
        overview(app).query_one("#won").focus()
        await press(app, pilot, "right", "right", "right", "right", "right", "down", "enter")
        name = overview(app).focused
        return (name.id or "") if name else "", await in_popup(app, pilot)

    name, popup = drive(filled, script)
    assert (name, popup[:2]) == ("overdue", (1, 1))


def test_with_the_mouse_alone(filled: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> list[Any]:
        found: list[Any] = []
        await pilot.click("#won", offset=(4, 2))
        found.append((await in_popup(app, pilot))[0])
        await pilot.click("#overdue", offset=(6, 4))
        found.append((await in_popup(app, pilot))[0])
        await pilot.click("#stages", offset=(2, 4))
        found.append((await in_popup(app, pilot))[0])
        chart = overview(app).query_one("#chart")
        await pilot.click("#chart", offset=(chart.region.width - 6, chart.region.height - 1))
        await settled(app, pilot)
        found.append(type(app.screen).__name__)
        return found

    assert drive(filled, script) == [2, 1, 2, "Forecast"]


def test_the_way_out_leads_to_all_of_it(filled: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> list[str]:
        await press(app, pilot, "v")
        found = [f"{type(app.screen).__name__} {getattr(app.screen, 'noun', '')}"]
        await press(app, pilot, "escape")
        overview(app).query_one("#stages").focus()
        await press(app, pilot, "v")
        return [*found, type(app.screen).__name__]

    assert drive(filled, script) == ["OpportunityList opp", "Funnel"]


def test_full_size_and_back(filled: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> list[bool]:
        overview(app).query_one("#months").focus()
        found = []
        for _ in range(2):
            await press(app, pilot, "z")
            found.append("Today and soon" in text_of(app))
        return found

    assert drive(filled, script) == [False, True]


# -- sizes


def test_at_the_smallest_size_the_rest_comes_on_pages(filled: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> list[str]:
        pages = [text_of(app)]
        await press(app, pilot, "tab", "tab", "tab")
        pages.append(text_of(app))
        await press(app, pilot, "tab", "tab")
        pages.append(text_of(app))
        await pilot.click("Crumb", offset=(13, 0))
        await settled(app, pilot)
        pages.append(text_of(app))
        return pages

    first, second, third, again = drive(filled, script, size=SMALL)
    titles = ("Won this quarter", "Forecast", "Overdue opps", "Today and soon", "What is new")
    assert all(f"╭─ {title}" in first for title in titles)
    assert "Weighted" not in first
    assert all(f"╭─ {title}" in second for title in ("Weighted pipeline", "Win rate", "Won and forecast"))
    assert "╭─ Funnel this quarter" in third
    assert "slowest" in third
    assert again == first
    assert all(len(line) <= SMALL[0] for page in (first, second, third) for line in page.splitlines())


@pytest.mark.parametrize("size", [(80, 20), (100, 24), (160, 48)])
def test_every_pane_is_reached_at_every_size(filled: str, size: tuple[int, int]) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> set[str]:
        found = set()
        for _ in range(9):
            found.add(app.focused.id or "" if app.focused else "")
            assert app.focused is not None
            assert app.focused.region.height > 0
            await pilot.press("tab")
            await pilot.pause(0.01)
        return found

    found = drive(filled, script, size=size)
    assert {"near-rows", "news-rows", "months", "stages", "won"} <= found


def test_plain_signs_alone(filled: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> str:
        return "\n".join(text_of(app).splitlines()[2:35])

    shown = drive(filled, script, look=Look(ascii=True))
    data_and_bars_that_scroll = "华东精工▁▂▃▄▅▆▇"
    assert "".join(sign for sign in shown if sign not in data_and_bars_that_scroll).isascii()


def test_one_pane_at_a_time_for_screen_readers(filled: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> tuple[str, str]:
        first = text_of(app)
        await press(app, pilot, "tab", "tab")
        return first, text_of(app)

    first, second = drive(filled, script, look=Look(accessible=True))
    assert "Gate system" in first
    assert "Won: Crane spares" not in first
    assert "Won: Crane spares" in second


# -- what is missing


def test_a_new_company_has_three_steps(sqlite_url: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> tuple[str, str, str]:
        focused, shown = app.focused, text_of(app)
        await press(app, pilot, "down", "down", "enter")
        return focused.id or "" if focused else "", shown, type(app.screen).__name__

    focused, shown, sheet = drive(sqlite_url, script)
    assert focused == "steps-rows"
    assert all(text in shown for text in ("1 Import leads", "2 Invite people", "3 Set a quota"))
    assert "no quota is set" in shown
    assert "All clear" in shown
    assert "No opportunities are open" in shown
    assert sheet == "FormSheet"


def test_who_sees_no_opportunities_is_told_so(filled: str) -> None:
    with opened(filled) as ctx:
        for verb in ("list", "show", "history"):
            role.grant(ctx, "rep", f"opp.{verb}", "none")

    async def script(app: CrmApp, pilot: Pilot[Any]) -> str:
        return text_of(app)

    shown = drive(filled, script, login="wu")
    assert "You do not see opportunities." in shown
    assert not any(title in shown for title in ("Won this quarter", "Funnel", "against quota", "First steps"))
    assert "Today and soon" in shown


def test_a_missing_rate_stands_in_the_panes_that_need_it(filled: str) -> None:
    with opened(filled) as ctx:
        account = next(iter(records.find(ctx, "account", fields=("ref",)).rows))["ref"]
        given = {"account": account, "amount": "5", "currency": "EUR", "expected_close_on": "2026-11-23"}
        records.add(ctx, "opp", given)

    async def script(app: CrmApp, pilot: Pilot[Any]) -> tuple[str, set[str]]:
        failed = {pane.id or "" for pane in overview(app).query(Pane) if pane.has_class("-failed")}
        return text_of(app), failed

    shown, failed = drive(filled, script)
    assert failed == {"tiles", "chart", "funnel"}
    assert shown.count("r try again") == 3
    assert "Gate system" in shown
    assert "Won: Crane spares" in shown


def test_what_cannot_be_read_stands_in_its_pane_and_comes_back(filled: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> tuple[set[str], set[str], bool]:
        def failed() -> set[str]:
            return {pane.id or "" for pane in overview(app).query(Pane) if pane.has_class("-failed")}

        async def refuse(work: Any) -> Any:
            raise Busy("store.busy", "The store is busy.")

        reading, behind = app.desk.read, app.desk.read_behind
        app.desk.read = app.desk.read_behind = refuse  # type: ignore[method-assign]
        overview(app).reload()
        await settled(app, pilot)
        first, told = failed(), "The store is busy." in text_of(app)
        app.desk.read, app.desk.read_behind = reading, behind  # type: ignore[method-assign]
        await press(app, pilot, "r")
        return first, failed(), told

    first, then, told = drive(filled, script)
    assert first == {"tiles", *PANES}
    assert told
    assert then == set()


def test_the_command_follows_the_pane(filled: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> list[str]:
        screen = overview(app)
        found = [screen.command_line()]
        for name in ("months", "stages", "won"):
            screen.query_one(f"#{name}").focus()
            await settled(app, pilot)
            found.append(screen.command_line())
        return found

    near, chart, funnel, tiles = drive(filled, script)
    assert near == "crm opp list --where 'state=open and expected_close_on<=today+7d'"
    assert chart.startswith("crm forecast --by month ")
    assert funnel == "crm opp list --where 'state = open' --by stage --measure 'count,sum(amount)'"
    assert tiles == "crm forecast --period 'this quarter'"
