"""Pages of one record: neighbours, tabs, figures, the way of an opportunity, what others change, what is gone."""

from typing import Any

from textual.pilot import Pilot

from crmtui.screens.app import CrmApp
from crmtui.screens.details import Details
from crmtui.screens.frame import Pane
from crmtui.screens.listing import WindowedList
from crmtui.screens.opportunity_page import OpportunityPage, Path
from crmtui.screens.popup import Popup
from crmtui.screens.record_page import RecordPage
from crmtui.services import opportunity, portrait, records, stages
from crmtui.services.context import Context
from crmtui.text import width
from tests.screens.conftest import drive, settled, text_of
from tests.screens.test_records import _change, here, note, press


def page(app: CrmApp) -> RecordPage:
    """The page that is in front."""
    screen = app.screen
    assert isinstance(screen, RecordPage)
    return screen


def test_the_page_of_a_customer(maven: str) -> None:
    """Figures are those of the records they open; n asks of what; neighbours; tabs; back to the same row."""

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "3", "down", "enter")
        ref = page(app).ref
        figures = await app.desk.read(lambda ctx: portrait.money(ctx, ref))
        shown = page(app).query_one("#figures", WindowedList)
        assert [shown.row_at(at).key for at in range(shown.count)] == [one.name for one, _ in figures]  # type: ignore[union-attr]
        shown.focus()
        await press(app, pilot, "enter")
        assert isinstance(app.screen, Popup)
        await press(app, pilot, "escape")
        # What belongs to it opens as a list of just those.
        page(app).query_one("#related", WindowedList).focus()
        await press(app, pilot, "enter")
        assert here(app).noun == "opp"
        assert here(app).total == await app.desk.read(
            lambda ctx: records.count_where(ctx, "opp", f"account = {ref}")
        )
        await press(app, pilot, "escape", "n")
        assert "Contact" in text_of(app)
        await press(app, pilot, "enter")
        assert "New: Contact" in text_of(app)
        for key in "Li":
            await pilot.press(key)
        await press(app, pilot, "ctrl+s")
        assert "Li" in page(app).query_one("#contacts", WindowedList).row_at(0).text("name")  # type: ignore[union-attr]
        # Neighbours, tabs by key and by click, and back to where it was opened.
        await press(app, pilot, "right_square_bracket")
        assert page(app).ref != ref
        await press(app, pilot, "left_square_bracket")
        assert page(app).ref == ref
        await press(app, pilot, "left_square_bracket", "left_square_bracket")
        assert "This is the first one" in note(app)
        await press(app, pilot, "right_square_bracket", "v")
        assert page(app).has_class("-tab-history")
        line = text_of(app).splitlines()[1]
        await pilot.click(offset=(line.index("Summary") + 1, 1))
        await settled(app, pilot)
        assert not page(app).has_class("-tab-history")
        await press(app, pilot, "escape")
        assert here(app).rows.current is not None
        assert here(app).rows.current.key == ref
        assert here(app).rows.cursor_row == 1

    drive(maven, script)


def _moved_twice(ctx: Context) -> str:
    """An open opportunity whose close was moved twice and that stands in its first stage."""
    found = records.find(ctx, "opp", where="state = open and stage = prospecting", limit=1)
    ref = str(next(found.rows)["ref"])
    for day in ("2027-01-03", "2026-12-28"):
        records.edit(ctx, "opp", ref, {"note": day})
        opportunity.adjust(ctx, ref, {"expected_close_on": day})
    return ref


def test_the_page_of_an_opportunity(maven: str) -> None:
    """Path, weighted, moved dates; > and a click move it; lost asks; the owner's page opens from its name."""
    ref = _change(maven, _moved_twice)

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await app.open_record(ref)
        await settled(app, pilot)
        screen = page(app)
        assert isinstance(screen, OpportunityPage)
        text = text_of(app)
        assert "moved 2×" in text
        worth = await app.desk.read(lambda ctx: portrait.weighted(ctx, f"id = {ref[2:]}"))
        assert f"Weighted       {worth.minor / 100:,.2f}" in text
        way = await app.desk.read(lambda ctx: stages.path(ctx, ref))
        await press(app, pilot, "greater_than_sign")
        assert f"{ref} moved to {way[1].name}" in note(app)
        path = screen.query_one(Path)
        assert f"● {way[1].name}" in path.text
        span = next(span for span in path.spans if span.action.endswith(f"'{way[3].code}')"))
        await pilot.click(Path, offset=(span.start + 1, 0))
        await settled(app, pilot)
        assert f"● {way[3].name}" in path.text
        await press(app, pilot, "u")
        assert f"● {way[1].name}" in path.text
        # At its end one chooses how it ended; what does not fit says why.
        end = next(span for span in path.spans if span.action == "screen.end")
        await pilot.click(Path, offset=(end.start + 1, 0))
        await settled(app, pilot)
        assert "Open again   It is open." in text_of(app)
        await press(app, pilot, "escape")
        # On a narrow screen the stage is still told in full, and every line fits.
        await pilot.resize_terminal(80, 24)
        await settled(app, pilot)
        assert way[1].name in path.text
        assert width(path.text) <= 80
        screen.query_one("#team", WindowedList).focus()
        await press(app, pilot, "enter")
        assert page(app).noun == "user"

    drive(maven, script)


def test_what_others_do_to_an_open_record(maven: str) -> None:
    """Their change gets a sign and the new value; a conflict shows both values; put away and gone are sentences."""

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "3", "enter")
        ref = page(app).ref
        details = page(app).query_one("#fields", Details)
        _change(maven, lambda ctx: records.edit(ctx, "account", ref, {"city": "Suzhou"}))
        await pilot.pause(1.6)
        await settled(app, pilot)
        row = next(details.row_at(at) for at in range(details.count) if details.row_at(at).key == "city")  # type: ignore[union-attr]
        assert row is not None
        assert (row.text("value"), row.sign) == ("Suzhou", ("↻", "accent"))
        # Both change the name: the form shows what the other one entered.
        await press(app, pilot, "home", "enter")
        await pilot.press("Z", "Z")
        _change(maven, lambda ctx: records.edit(ctx, "account", ref, {"name": "Theirs Inc"}))
        await pilot.pause(1.6)
        await settled(app, pilot)
        assert "Theirs Inc" in text_of(app)
        await press(app, pilot, "escape")
        while app.screen is not details.screen:
            await press(app, pilot, "escape")
        _change(maven, lambda ctx: records.archive(ctx, "account", ref))
        await pilot.pause(1.6)
        await settled(app, pilot)
        assert "put away" in text_of(app).splitlines()[1]
        assert page(app).why_not("edit") == "It is put away."
        back = next(verb for verb in page(app).verbs() if verb.name == "restore")
        assert not back.why_not
        back.run()
        await settled(app, pilot)
        assert records_is_back(await app.desk.read(lambda ctx: records.show(ctx, "account", ref)))
        await app.open_record("A-99999")
        await settled(app, pilot)
        assert "You do not see A-99999, or it is not there any more." in text_of(app)
        assert not page(app).query_one("#body").display
        await press(app, pilot, "escape")
        assert page(app).ref == ref

    drive(maven, script)


def records_is_back(record: dict[str, Any]) -> bool:
    """Whether a record is not put away."""
    return record["archived_at"] is None


def test_any_noun_has_a_page(maven: str) -> None:
    """A page for every kind of record there is, at every size, and none of them fails."""

    def first(ctx: Context) -> list[str]:
        records.add(ctx, "lead", {"company": "Acme"})
        nouns = ("lead", "product", "user", "dept", "role", "process", "stage", "type", "attribute")
        return [str(row["ref"]) for noun in nouns for row in records.find(ctx, noun, limit=1).rows]

    refs = _change(maven, first)

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        for ref in refs:
            await app.open_record(ref)
            await settled(app, pilot)
            assert ref in text_of(app)
            assert not [pane for pane in page(app).query(Pane) if pane.has_class("-failed")]
            await press(app, pilot, "v", "escape")

    drive(maven, script, size=(80, 24))
