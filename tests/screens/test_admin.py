"""Administration: rights, departments, people who leave, quotas, types, fields of the company's own."""

from typing import Any

from textual.pilot import Pilot

from crmtui.screens.admin import Departments, Quotas, Rights
from crmtui.screens.app import CrmApp
from crmtui.screens.forms import FormSheet
from crmtui.screens.listing import WindowedList
from crmtui.services import quota, records
from crmtui.services import role as roles
from tests.screens.conftest import drive, text_of
from tests.screens.test_records import _change, here, note, press


async def _type(pilot: Pilot[Any], text: str) -> None:
    for letter in text:
        await pilot.press("space" if letter == " " else letter)


def test_a_right_is_changed_and_taken_back(maven: str) -> None:
    """A cell of the matrix asks how far; who sees it in the rows and columns there are reaches every right."""

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await app.go(9, "role")
        await press(app, pilot)
        screen = app.screen
        assert isinstance(screen, Rights)
        listed = screen.query_one("#list", WindowedList)
        place = next(at for at in range(listed.count) if listed.row_at(at).text("name") == "Sales rep")  # type: ignore[union-attr]
        for _ in range(place):
            await press(app, pilot, "down")
        rep = listed.current
        assert rep is not None
        matrix = screen.query_one("#matrix", WindowedList)
        keys = [matrix.row_at(at).key for at in range(matrix.count)]  # type: ignore[union-attr]
        assert "opp.advance" in keys
        matrix.focus()
        await matrix.go_to("opp.advance")
        matrix.chosen = "do"
        before = {
            (one["noun"], one["verb"]): one["scope"]
            for one in await app.desk.read(lambda ctx: roles.rights(ctx, rep.key))
        }
        await press(app, pilot, "enter")
        assert "How far may Sales rep do opp.advance?" in text_of(app)
        await press(app, pilot, "end", "enter")
        after = {
            (one["noun"], one["verb"]): one["scope"]
            for one in await app.desk.read(lambda ctx: roles.rights(ctx, rep.key))
        }
        assert {key for key in after if after[key] != before.get(key)} == {("opp", "advance")}
        assert after["opp", "advance"] == "all"
        assert matrix.current is not None
        assert (matrix.current.key, matrix.current.text("do")) == ("opp.advance", "all")
        await press(app, pilot, "u")
        assert matrix.current.text("do") == before["opp", "advance"]
        await app.go(9, "log")
        await press(app, pilot)
        assert "role grant" in text_of(app)

    drive(maven, script)


def test_departments_move_and_people_leave(maven: str) -> None:
    """A department does not go below itself; people in the tree are people; who owns records is not put away silently."""

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await app.go(9, "dept")
        await press(app, pilot)
        screen = app.screen
        assert isinstance(screen, Departments)
        rows = screen.rows

        def row(name: str) -> Any:
            return next(
                one
                for one in (rows.row_at(at) for at in range(rows.count))
                if one and one.text("name") == name
            )

        central, team, person = row("Central"), row("Team Brinkmann"), row("Anna Snelling")
        assert int(central.text("people")) == 13
        await rows.go_to(central.key)
        await press(app, pilot, "m")
        await _type(pilot, "Team Brinkmann")
        await pilot.pause(0.3)
        await press(app, pilot, "enter")
        assert "stands under it" in note(app)
        await rows.go_to(team.key)
        await press(app, pilot, "m")
        await _type(pilot, "East")
        await pilot.pause(0.3)
        await press(app, pilot, "enter")
        assert f"{team.key} stands below East now" in note(app)
        assert rows.current is not None
        assert rows.current.key == team.key
        assert int(row("Central").text("people")) == 7
        assert int(row("East").text("people")) == 20
        await press(app, pilot, "u")
        assert int(row("Central").text("people")) == 13
        # A person in the tree: the form is a person's, and putting away asks who takes their records.
        await rows.go_to(person.key)
        assert screen.kind == "user"
        await press(app, pilot, "d")
        assert f"{person.key} has" in text_of(app)
        assert "opportunities" in text_of(app)
        await press(app, pilot, "enter")
        await _type(pilot, "Cecily")
        await pilot.pause(0.3)
        await press(app, pilot, "enter")
        assert "Cecily Lampkin has their records" in note(app)
        assert await app.desk.read(lambda ctx: records.count_where(ctx, "opp", f"owner = {person.key}")) == 0
        await press(app, pilot, "u")
        assert await app.desk.read(lambda ctx: records.count_where(ctx, "opp", f"owner = {person.key}")) > 0

    drive(maven, script)


def test_a_quota_is_set(maven: str) -> None:
    """Enter on a person asks the amount; the sums above follow; the company's own is the sum."""

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await app.go(9, "quota")
        await press(app, pilot)
        screen = app.screen
        assert isinstance(screen, Quotas)
        rows = screen.query_one("#list", WindowedList)
        # The period is asked in a question of its own, to which the keys go.
        await press(app, pilot, "p")
        assert app.screen is not screen
        await press(app, pilot, "escape", "escape")
        assert app.screen is screen
        await press(app, pilot, "enter")
        assert "the company's is the sum" in note(app)
        team = next(
            one
            for one in (rows.row_at(at) for at in range(rows.count))
            if one and one.text("name") == "Team Brinkmann"
        )
        person = next(
            one
            for one in (rows.row_at(at) for at in range(rows.count))
            if one and one.text("name") == "Dustin Brinkmann"
        )
        before = team.data["quota"].minor
        await rows.go_to(person.key)
        await press(app, pilot, "e")
        await _type(pilot, "10k")
        await press(app, pilot, "enter")
        assert "Quota of Dustin Brinkmann is 10k now" in note(app)
        found = await app.desk.read(lambda ctx: quota.tree(ctx, period=app.period))
        now = next(one for one in found if getattr(one["of"], "name", "") == "Team Brinkmann")
        assert now["quota"].minor == before + 1_000_000
        shown = next(
            one for one in (rows.row_at(at) for at in range(rows.count)) if one and one.key == team.key
        )
        assert shown.data["quota"] == now["quota"]

    drive(maven, script)


def test_a_field_of_the_company_s_own_is_there_at_once(maven: str) -> None:
    """Entered in the administration it is in forms, and in lists as soon as it holds something; types stand by list."""

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "3")
        assert "PLC brand" not in text_of(app)
        await app.go(9, "attribute")
        await press(app, pilot)
        _change(
            maven,
            lambda ctx: records.add(
                ctx, "attribute", {"noun": "account", "name": "plc", "title": "PLC brand"}
            ),
        )
        await pilot.pause(1.6)
        await press(app, pilot)
        assert "PLC brand" in text_of(app)
        await press(app, pilot, "3", "e")
        assert isinstance(app.screen, FormSheet)
        assert "x.plc" in app.screen.rows()
        await press(app, pilot, "escape")
        ref = here(app).chosen[0]
        await app.change(lambda ctx: records.edit(ctx, "account", ref, {"x.plc": "S7"}), "done")
        await press(app, pilot, "r")
        assert "x.plc" in [column.name for column in here(app).rows.columns]
        assert here(app).rows.current is not None
        assert here(app).rows.current.text("x.plc") == "S7"
        await pilot.resize_terminal(160, 48)
        await press(app, pilot)
        assert "PLC brand" in text_of(app)
        await app.go(9, "type")
        await press(app, pilot)
        assert [here(app).group, here(app).sort] == ["list", "position"]
        assert here(app).rows.row_at(0).kind == "group"  # type: ignore[union-attr]

    drive(maven, script)
