"""Lists of records: counts, columns, sorting, groups, marks, verbs on many, the side panel, what others change."""

from typing import Any

import pytest
from textual.pilot import Pilot

from crmtui.screens.app import CrmApp, Look
from crmtui.screens.opportunities import OpportunityList
from crmtui.screens.records import RecordList
from crmtui.services import records, role
from crmtui.services.context import Context
from crmtui.text import width
from tests.hostile import OWN, stray
from tests.screens.conftest import NOW, drive, settled, text_of


def _change(url: str, work: Any) -> Any:
    """Change the store as another program does."""
    with Context.open(flags={"db": url}, now=NOW) as ctx:
        return work(ctx)


async def press(app: CrmApp, pilot: Pilot[Any], *keys: str) -> None:
    """Press keys one after the other, each when the one before is dealt with."""
    await settled(app, pilot)
    for key in keys:
        await pilot.press(key)
        await settled(app, pilot)


def here(app: CrmApp) -> RecordList:
    """The list that is in front."""
    screen = app.screen
    assert isinstance(screen, RecordList)
    return screen


def note(app: CrmApp) -> str:
    """What the line at the bottom right says."""
    from crmtui.screens.frame import Note

    return str(app.screen.query_one(Note).render())


def test_a_list_of_opportunities_from_group_to_bulk_change_and_back(maven: str) -> None:
    """Records are counted, not rows; groups open; several move as one step; sorting; the command line says the same."""

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "4", "v")
        screen, rows = here(app), here(app).rows
        every = await app.desk.read(lambda ctx: records.count_where(ctx, "opp", "state = open"))
        assert f"Opportunities · {every:,}" in text_of(app)
        assert rows.count > every
        assert rows.current is not None
        assert rows.current.kind == "group"
        assert screen.why_not("edit") == "There is no record here."
        await press(app, pilot, "down")
        assert rows.position_text == f"row 1 of {every:,}"
        first = rows.current.key
        await pilot.pause(0.1)
        last = app.screen._compositor.render_strips()[-1]
        colours = {one.text.strip(): one.style.color for one in last if one.style is not None}
        assert colours["e"] == colours["n"]  # what is on now is not grey any more
        await press(app, pilot, "space", "space")
        marked = [row.key for row in rows.marked_rows]
        assert len(marked) == 2
        assert "marked 2" in text_of(app)
        stages = [
            (await app.desk.read(lambda ctx, ref=ref: records.show(ctx, "opp", ref)))["stage"]
            for ref in marked
        ]
        await press(app, pilot, "greater_than_sign")
        assert "2 opportunities moved to" in note(app)
        after = [
            (await app.desk.read(lambda ctx, ref=ref: records.show(ctx, "opp", ref)))["stage"]
            for ref in marked
        ]
        assert all(old != new for old, new in zip(stages, after, strict=True))
        await press(app, pilot, "u")
        again = [
            (await app.desk.read(lambda ctx, ref=ref: records.show(ctx, "opp", ref)))["stage"]
            for ref in marked
        ]
        assert again == stages
        await press(app, pilot, "escape")
        assert not rows.marked
        # A group opens as a list of its own, and Escape leads back to its row.
        await press(app, pilot, "home", "enter")
        over = here(app)
        assert over is not screen
        assert over.total == await app.desk.read(lambda ctx: records.count_where(ctx, "opp", over.where))
        assert over.over_title == "Prospecting"
        await press(app, pilot, "escape")
        assert app.screen is screen
        assert rows.cursor_row == 0
        # Sorting by the chosen title, the other way round, not at all; the cursor stays with its record.
        await press(app, pilot, "down", "s")
        assert screen.sort == "name"
        await press(app, pilot, "s")
        assert screen.sort == "-name"
        assert "--sort" in screen.command_line()
        await press(app, pilot, "s")
        assert screen.sort == ""
        assert rows.current is not None
        assert first

    drive(maven, script)


def test_columns_are_chosen_and_stay(maven: str) -> None:
    """What nobody fills is left out, what is chosen is kept, the grouping too; narrow screens keep the important ones."""

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "3")
        screen = here(app)
        names = [column.name for column in screen.rows.columns]
        assert "class" not in names
        assert {"name", "industry", "pipeline"} <= set(names)
        business = screen.rows.row_at(0)
        assert business is not None
        assert business.text("pipeline")
        await press(app, pilot, "o")
        await press(app, pilot, "down", "space", "o", "enter")
        assert app.screen is screen
        chosen = [column.name for column in screen.rows.columns]
        assert chosen == [name for name in names if name != "industry"]
        assert screen.rows.row_at(1).text("pipeline")  # type: ignore[union-attr]
        assert screen.group == "industry"
        assert "by Industry" in text_of(app)
        assert app.memory.get("group.account", "") == "industry"
        await press(app, pilot, "o", *["down"] * chosen.index("pipeline"), "space", "enter")
        assert "pipeline" not in [column.name for column in screen.rows.columns]
        assert "won" in [column.name for column in screen.rows.columns]
        await press(app, pilot, "4", "v")
        await pilot.resize_terminal(80, 24)
        await settled(app, pilot)
        shown = [one.column.name for one in here(app).rows._placed]
        assert shown == ["name", "stage", "amount", "expected_close_on"]

    drive(maven, script)


def test_the_panel_follows_and_the_row_says_what_others_changed(maven: str) -> None:
    """The panel shows the record under the cursor; a change of another program comes in by itself, the cursor stays."""

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "3", "i", "down", "down")
        screen, rows = here(app), here(app).rows
        await pilot.pause(0.2)
        await settled(app, pilot)
        assert rows.current is not None
        ref, name = rows.current.key, rows.current.text("name")
        assert f"{name} · {ref}" in text_of(app)
        _change(maven, lambda ctx: records.edit(ctx, "account", ref, {"name": "Renamed Elsewhere"}))
        await pilot.pause(1.6)
        await settled(app, pilot)
        await pilot.pause(0.2)
        assert rows.current is not None
        assert (rows.current.key, rows.current.text("name")) == (ref, "Renamed Elsewhere")
        assert "↻ Renamed Elsewhere" in text_of(app)
        assert f"Renamed Elsewhere · {ref}" in text_of(app)
        # What one changes oneself is no news.
        await press(app, pilot, "d")
        assert "put away" in note(app)
        assert screen.program.touched.refs == frozenset()
        await press(app, pilot, "u")
        assert any(rows.row_at(at) and rows.row_at(at).key == ref for at in range(rows.count))  # type: ignore[union-attr]
        # Where there is little room the panel lies over the list.
        await pilot.resize_terminal(80, 24)
        await settled(app, pilot)
        assert "Customers ·" in text_of(app)
        await press(app, pilot, "i")
        assert "Customers · 8" not in text_of(app)
        await press(app, pilot, "escape")
        assert app.screen is screen
        assert "Customers ·" in text_of(app)

    drive(maven, script)


def test_a_lead_goes_its_way_by_keys(maven: str) -> None:
    """Entered, assigned, qualified, converted: the opportunity opens; ruled out with a reason; wrong states say why."""

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "2")
        assert "No leads yet. n new" in text_of(app)
        await press(app, pilot, "n")
        for key in "Acme Ltd":
            await pilot.press("space" if key == " " else key)
        await press(app, pilot, "ctrl+s")
        screen = here(app)
        assert screen.total == 1
        assert screen.rows.current is not None
        assert screen.rows.current.text("company") == "Acme Ltd"
        assert screen.why_not("stage_on")
        await press(app, pilot, "a")
        assert "qualified" in note(app)
        await pilot.pause(0.2)
        assert "[qualified]" in text_of(app)
        await press(app, pilot, "greater_than_sign")
        assert app.screen.__class__.__name__ == "OpportunityPage"
        assert "Acme Ltd" in text_of(app)
        await press(app, pilot, "escape")
        assert screen.why_not("agree") == "It is converted."
        # Everything for the record is in the menu, the reasons too.
        await press(app, pilot, "full_stop")
        assert "It is converted." in text_of(app)
        await press(app, pilot, "escape")
        await press(app, pilot, "u")
        assert screen.rows.current is not None
        assert screen.rows.current.text("state") == "qualified"

    drive(maven, script)


def test_many_leads_are_given_ruled_out_and_edited_together(maven: str) -> None:
    """Marked ones change in one step with a person, a reason, a form; one undo takes each back."""

    def fill(ctx: Context) -> None:
        records.add_many(ctx, "lead", [{"company": f"Company {letter}"} for letter in "ABC"])

    _change(maven, fill)

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        async def values(name: str) -> list[Any]:
            found = await app.desk.read(
                lambda ctx: list(records.find(ctx, "lead", sort="id", fields=("ref", name)).rows)
            )
            return [row[name] for row in found]

        await press(app, pilot, "2", "space", "space", "m")
        for key in "Cecily":
            await pilot.press(key)
        await pilot.pause(0.3)
        await press(app, pilot, "enter")
        assert "2 records are Cecily Lampkin's now" in note(app)
        assert await values("state") == ["new", "assigned", "assigned"]
        await press(app, pilot, "x")
        for key in "budget":
            await pilot.press(key)
        await pilot.pause(0.2)
        await press(app, pilot, "enter")
        assert "2 leads ruled out" in note(app)
        assert await values("qualification") == [None, "budget", "budget"]
        await press(app, pilot, "u", "u")
        assert await values("owner") == [None, None, None]
        assert len(here(app).rows.marked) == 2
        await press(app, pilot, "e")
        assert type(app.screen).__name__ == "FormSheet"
        await press(app, pilot, "escape")
        assert here(app).noun == "lead"

    drive(maven, script)


def test_who_may_not_is_told_and_the_mouse_does_it_all(maven: str) -> None:
    """A role without the right sees verbs off; clicks sort, open, take chips away; errors and emptiness are sentences."""
    role = {"code": "reader", "name": "Reader"}

    def prepare(ctx: Context) -> None:
        from crmtui.services import role as roles

        records.add(ctx, "role", role)
        for noun in ("opp", "user", "dept", "account", "process", "stage", "product"):
            roles.grant(ctx, "reader", f"{noun}.list", "all")
            roles.grant(ctx, "reader", f"{noun}.show", "all")
        records.add(ctx, "user", {"login": "rita", "name": "Rita", "role": "reader"})

    _change(maven, prepare)

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        assert "2 Leads" not in text_of(app)
        await press(app, pilot, "4", "v")
        while app.whose != "all":
            await press(app, pilot, "w")
        screen = here(app)
        assert isinstance(screen, OpportunityList)
        await press(app, pilot, "down")
        assert screen.why_not("edit") == "Your role does not let you do that."
        assert screen.why_not("new") == "Your role does not let you enter any."
        before = len(app.screen_stack)
        await press(app, pilot, "e")
        assert len(app.screen_stack) == before
        lines = text_of(app).splitlines()
        title = next(line for line in lines if "Owner" in line)
        await pilot.click(offset=(title.index("Amount") + 1, lines.index(title)))
        await settled(app, pilot)
        assert screen.sort == "amount"
        chip = next(line for line in lines if "state open" in line)
        await pilot.click(offset=(chip.index("✕"), lines.index(chip)))
        await settled(app, pilot)
        assert screen.conditions == []
        screen.conditions = ["name ~ nothing-is-called-this"]
        screen.reload("filter")
        await settled(app, pilot)
        assert "No opportunities because of the filter" in text_of(app)
        screen.conditions = ["name ~~ ("]
        screen.reload("filter")
        await settled(app, pilot)
        assert "r try again" in text_of(app)
        screen.conditions = []
        await press(app, pilot, "r")
        assert screen.rows.count
        rows = screen.rows
        x, y = rows.region.x + 8, rows.region.y + 3
        await pilot.click(offset=(x, y), times=2)
        await settled(app, pilot)
        assert app.screen is not screen

    drive(maven, script, login="rita")


HOSTILE = [text for text in OWN if 0 < len(text) < 2000 and "\0" not in text][:40]


@pytest.mark.parametrize(("size", "ascii"), [((120, 36), False), ((80, 24), True)])
def test_hostile_texts_stay_texts(maven: str, size: tuple[int, int], ascii: bool) -> None:
    """Every line is exactly as wide as the screen, nothing is markup, no control character is there."""

    def fill(ctx: Context) -> None:
        from crmtui.errors import CrmError

        for text in HOSTILE:
            for noun, given in (
                ("account", {"name": text, "city": text, "street": text}),
                ("lead", {"company": text, "contact_name": text, "need": text}),
                ("contact", {"name": text, "account": "A-1", "title": text}),
            ):
                try:
                    records.add(ctx, noun, {key: value[:100] for key, value in given.items()})
                except CrmError:  # such a text is refused at the door
                    continue

    _change(maven, fill)

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        async def look() -> None:
            strips = app.screen._compositor.render_strips()
            lines = ["".join(segment.text for segment in strip) for strip in strips]
            assert {width(line) for line in lines} == {size[0]}
            assert not stray("".join(lines), "")

        for keys in (("2", "i", "down"), ("3",), ("v", "i", "end"), ("enter",), ("v",)):
            await press(app, pilot, *keys)
            await pilot.pause(0.15)
            await look()

    drive(maven, script, size=size, look=Look(ascii=ascii))


def test_a_list_by_stage_is_there_for_who_may_not_see_processes(filled: str) -> None:
    def allow(ctx: Context) -> None:
        for right, scope in (("opp.list", "all"), ("opp.show", "all")):
            role.grant(ctx, "rep", right, scope)
        for noun in ("process", "stage"):
            role.grant(ctx, "rep", f"{noun}.*", "none")

    _change(filled, allow)

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        app.action_whose("all")
        await press(app, pilot, "4", "v")
        assert "r try again" not in text_of(app)
        assert "Gate system" in text_of(app)

    drive(filled, script, login="wu")


def test_what_was_found_has_the_cursor_and_not_its_group(filled: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        app.action_whose("all")
        await press(app, pilot, "4", "v", "slash", *"Grid", "enter")
        row = here(app).rows.current
        assert row is not None
        assert row.text("name") == "Grid portal"
        await press(app, pilot, "enter")
        assert app.screen.ref == row.key  # type: ignore[attr-defined]

    drive(filled, script)


def test_one_is_not_several(filled: str) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        app.action_whose("all")
        await press(app, pilot, "4", "v", "slash", *"Grid", "enter")
        assert "1 opportunity" in text_of(app)
        assert "1 opportunities" not in text_of(app)
        await press(app, pilot, "up")
        assert "1 row" in text_of(app)
        assert "1 rows" not in text_of(app)

    drive(filled, script)
