"""The log: what was done, what it changed, taken back as a whole; what stands in the way is told."""

from typing import Any

from textual.pilot import Pilot

from crmtui.screens.app import CrmApp
from crmtui.screens.audit import Audit
from crmtui.screens.listing import WindowedList
from crmtui.services import records, transfer
from crmtui.services.context import Context
from tests.screens.conftest import drive, text_of
from tests.screens.test_records import _change, note, press


def test_an_import_is_taken_back_as_a_whole(maven: str, tmp_path: Any) -> None:
    """Its line says how many records; Enter opens them; d takes all back; a later change refuses and names who."""
    file = tmp_path / "leads.csv"
    file.write_text("company\n" + "\n".join(f"Company {number}" for number in range(30)) + "\n")

    def load(ctx: Context) -> None:
        transfer.run(ctx, "lead", str(file))

    _change(maven, load)

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await app.go(9, "log")
        await press(app, pilot)
        screen = app.screen
        assert isinstance(screen, Audit)
        rows = screen.query_one(WindowedList)
        assert rows.current is not None
        assert (rows.current.text("verb"), rows.current.text("records")) == ("lead import", "30")
        await press(app, pilot, "enter")
        assert "Records that it changed" in text_of(app)
        await press(app, pilot, "enter")
        assert "Company" in text_of(app).splitlines()[1]
        await press(app, pilot, "escape")
        assert app.screen is screen
        await press(app, pilot, "d")
        assert "Took back lead import" in note(app)
        assert await app.desk.read(lambda ctx: records.count_where(ctx, "lead")) == 0
        # Taking it back again says that it is; the undo itself can be taken back.
        assert "taken back by transaction" in str(screen.why_not("remove"))
        await press(app, pilot, "ctrl+r")
        assert await app.desk.read(lambda ctx: records.count_where(ctx, "lead")) == 30
        # Somebody built on it: refused, with who it was.
        _change(maven, lambda ctx: records.edit(ctx, "lead", "L-3", {"city": "Suzhou"}))
        await pilot.pause(1.6)
        await press(app, pilot)
        await rows.go_to(
            next(
                one.key
                for one in (rows.row_at(at) for at in range(rows.count))
                if one and one.text("verb") == "lead import"
            )
        )
        await press(app, pilot, "d")
        assert "L-3" in note(app) or "root" in note(app)

    drive(maven, script)
