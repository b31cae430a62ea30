"""Insight: the funnel, its reasons and rivals, and the period before; every figure opens records that are its sum."""

from typing import Any

import pytest
from textual.pilot import Pilot

from crmtui.errors import Busy
from crmtui.money import Money
from crmtui.screens.app import CrmApp, Look
from crmtui.screens.ask import Choose
from crmtui.screens.frame import Pane
from crmtui.screens.funnelrows import FunnelRows
from crmtui.screens.insight import PANES, Funnel
from crmtui.screens.links import Links, targets
from crmtui.screens.listing import WindowedList
from crmtui.screens.popup import Popup
from crmtui.services import funnel, role
from tests.screens.conftest import drive, settled, text_of
from tests.screens.selling import DEALS, opened


async def press(app: CrmApp, pilot: Pilot[Any], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await settled(app, pilot)


async def shown_behind(app: CrmApp, pilot: Pilot[Any]) -> tuple[int, Any]:
    """How many rows the pop-up shows, and their sum; then it is left."""
    await settled(app, pilot)
    popup = app.screen
    assert isinstance(popup, Popup), type(popup)
    assert popup.facts is not None
    found = popup.facts.count, popup.facts.sum
    await press(app, pilot, "escape")
    return found


async def at(app: CrmApp, pilot: Pilot[Any]) -> Funnel:
    await press(app, pilot, "6")
    assert isinstance(app.screen, Funnel)
    return app.screen


def test_the_funnel_is_that_of_the_services_and_opens_its_records(filled: str) -> None:
    with opened(filled) as ctx:
        table = funnel.table(ctx, "all", "2026Q4")

    async def script(app: CrmApp, pilot: Pilot[Any]) -> tuple[str, list[Any]]:
        screen = await at(app, pilot)
        text = text_of(app)
        rows = screen.query_one(FunnelRows)
        rows.focus()
        found: list[Any] = []
        for place in (0, 3, len(table.rows) - 1):
            rows.current = place
            for name in ("count", "value"):
                rows.figure = name
                await pilot.press("enter")
                found.append(await shown_behind(app, pilot))
        rows.current, rows.figure = 3, "passed"
        await press(app, pilot, "enter")
        assert isinstance(app.screen, Choose)
        await press(app, pilot, "down", "enter")
        found.append(await shown_behind(app, pilot))
        return text, found

    text, found = drive(filled, script)
    assert table.rows[0].came.value == len(DEALS)
    for place, at_row in enumerate((0, 3, -1)):
        row = table.rows[at_row]
        assert found[place * 2] == (row.came.value, row.came.value)
        assert found[place * 2 + 1] == (row.came.value, row.value.value)
    stayed = table.rows[3].stayed
    assert stayed is not None
    assert found[-1] == (stayed.value, stayed.value)
    assert table.of_entered is not None
    assert f"{table.of_entered:.0f}% of entered" in text
    assert f"{table.win_rate.value:.0f}% of decided" in text
    assert "Entered: opened in the period." in text


def test_rates_reasons_and_rivals_open_what_was_closed(filled: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> list[Any]:
        screen = await at(app, pilot)
        found: list[Any] = []
        links = screen.query_one("#rates", Links)
        for place, figure in enumerate(targets(links.lines)):
            links.focus()
            links.current = place
            await pilot.press("enter")
            count, _ = await shown_behind(app, pilot)
            found.append((figure.name, count))
        screen.query_one("#reason-rows").focus()
        for _ in range(3):
            await press(app, pilot, "enter")
            found.append(await shown_behind(app, pilot))
            await press(app, pilot, "down")
        screen.query_one("#rival-rows").focus()
        await press(app, pilot, "right", "right", "enter")
        found.append(await shown_behind(app, pilot))
        return found

    found = drive(filled, script)
    assert dict(found[:4]) == {"won": 2, "win rate": 3, "open": 2, "stuck": 2}
    assert found[4:] == [(2, 2), (1, 1), (1, 1), (1, 1)]


def test_it_is_compared_with_the_period_before(filled: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> tuple[str, str, tuple[int, Any]]:
        screen = await at(app, pilot)
        now = text_of(app)
        await press(app, pilot, "right_square_bracket")
        listed = screen.query_one("#before-rows", WindowedList)
        listed.focus()
        await press(app, pilot, "home", "right", "right", "enter")
        return now, text_of(app), await shown_behind(app, pilot)

    now, _, behind = drive(filled, script)
    assert "2026Q4 against 2026Q3" in now
    assert f"▲ +{len(DEALS)}" in now
    assert behind == (len(DEALS), len(DEALS))


def test_with_the_mouse_alone(filled: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> list[Any]:
        await pilot.click("TopBar", offset=(64, 0))
        await settled(app, pilot)
        assert isinstance(app.screen, Funnel)
        found = []
        for widget, place in (("#stages", (2, 1)), ("#rates", (12, 0)), ("#reason-rows", (5, 0))):
            for _ in range(2 if widget == "#reason-rows" else 1):
                await pilot.click(widget, offset=place)
                await settled(app, pilot)
                if isinstance(app.screen, Popup):
                    break
            found.append((await shown_behind(app, pilot))[0])
        return found

    assert drive(filled, script) == [len(DEALS), 2, 2]


@pytest.mark.parametrize(("size", "pages"), [((80, 24), 3), ((120, 24), 2), ((160, 48), 1)])
def test_every_chart_is_reached_at_every_size(filled: str, size: tuple[int, int], pages: int) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> tuple[set[str], str]:
        screen = await at(app, pilot)
        found = set()
        for _ in range(5):
            assert app.focused is not None
            assert app.focused.region.height > 0
            found.add(app.focused.id or "")
            await pilot.press("tab")
            await pilot.pause(0.01)
        assert len(screen.pages()) == pages
        text = text_of(app)
        return found, text

    found, text = drive(filled, script, size=size)
    assert found == {"stages", "rates", "reason-rows", "before-rows", "rival-rows"}
    assert all(len(line) <= size[0] for line in text.splitlines())


def test_plain_signs_alone(filled: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> str:
        await at(app, pilot)
        return "\n".join(text_of(app).splitlines()[2:])

    assert drive(filled, script, look=Look(ascii=True)).isascii()


def test_an_empty_company_and_too_few(sqlite_url: str, filled: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> str:
        await at(app, pilot)
        return text_of(app)

    shown = drive(sqlite_url, script)
    assert "No opportunities were opened in 2026Q4." in shown
    assert "Nothing was closed in 2026Q4." in shown
    assert "in either period" in shown

    with opened(filled) as ctx:
        from crmtui.services import records

        for row in list(records.find(ctx, "opp", fields=("ref",)).rows)[4:]:
            records.edit(ctx, "opp", row["ref"], {"opened_on": "2026-01-05"})
    assert "Too few opportunities for a rate (4). Shows from 5." in drive(filled, script)


def test_who_sees_no_opportunities_has_no_such_section(filled: str) -> None:
    with opened(filled) as ctx:
        role.grant(ctx, "rep", "opp.list", "none")

    async def script(app: CrmApp, pilot: Pilot[Any]) -> tuple[bool, str]:
        await press(app, pilot, "6")
        return isinstance(app.screen, Funnel), text_of(app)

    there, shown = drive(filled, script, login="wu")
    assert not there
    assert "6 Insight" not in shown


def test_what_cannot_be_read_stands_in_its_panes_and_comes_back(filled: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> tuple[set[str], set[str], set[str]]:
        screen = await at(app, pilot)

        def failed() -> set[str]:
            return {pane.id or "" for pane in screen.query(Pane) if pane.has_class("-failed")}

        async def refuse(work: Any) -> Any:
            raise Busy("store.busy", "The store is busy.")

        reading, behind = app.desk.read, app.desk.read_behind
        app.desk.read_behind = refuse  # type: ignore[method-assign]
        screen.reload()
        await settled(app, pilot)
        second = failed()
        app.desk.read = refuse  # type: ignore[method-assign]
        screen.reload()
        await settled(app, pilot)
        every = failed()
        app.desk.read, app.desk.read_behind = reading, behind  # type: ignore[method-assign]
        await press(app, pilot, "r")
        return second, every, failed()

    second, every, then = drive(filled, script)
    assert second == {"before"}
    assert every == set(PANES)
    assert then == set()


def test_numbers_can_be_copied(filled: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> list[list[str]]:
        await at(app, pilot)
        await press(app, pilot, "y")
        return [line.split("\t") for line in app.clipboard.splitlines()]

    copied = drive(filled, script)
    assert copied[1][:2] == ["Prospecting", str(len(DEALS))]
    assert copied[-1][0] == "won"
    assert copied[-1][2] == Money(840_000_00, "USD").text()
