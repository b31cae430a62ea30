"""The import wizard: by keys alone and by mouse alone, and what is wrong with a file is a sentence in its pane."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot

from crmtui.screens.app import CrmApp
from crmtui.screens.desk import Desk
from crmtui.screens.fields import LineField
from crmtui.screens.importing import Importing
from crmtui.screens.listing import WindowedList
from crmtui.screens.memory import Memory
from crmtui.services import records, role, sampling, transfer
from crmtui.services.context import Context
from tests import hostile
from tests.screens.conftest import NOW, Script, settled, text_of
from tests.screens.test_forms import until

ROWS = (
    "company,contact_name,email,quoted,colour\n"
    "Harbour Works,Ann Lee,ann@harbour.example,1200.50,red\n"
    "Müller Söhne,Jörg,joerg@mueller.example,900,blue\n"
    "Bad Row,Li,nomail,5,green\n"
)


@pytest.fixture
def url(sqlite_url: str) -> str:
    return sqlite_url


def drive(url: str, script: Script, *, size: tuple[int, int] = (120, 36), login: str | None = None) -> Any:
    """Run `script` in a program that was last left at the import."""

    async def run() -> Any:
        memory = Memory()
        memory.put("place", [2, "import"])
        app = CrmApp(Desk({"db": url}, login, NOW), memory=memory)
        async with app.run_test(size=size) as pilot:
            await settled(app, pilot)
            return await script(app, pilot)

    return asyncio.run(run())


def _file(folder: Path, text: str | bytes, name: str = "fair.csv") -> str:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


async def _at_import(app: CrmApp, pilot: Pilot[Any]) -> Importing:
    screen = app.screen
    assert isinstance(screen, Importing)
    return screen


async def _press(app: CrmApp, pilot: Pilot[Any], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await settled(app, pilot)


async def _open(app: CrmApp, pilot: Pilot[Any], path: str) -> Importing:
    """Type the path as people paste it, and go on."""
    screen = await _at_import(app, pilot)
    screen.query_one(LineField).post_message(events.Paste(path))
    await pilot.pause()
    await _press(app, pilot, "enter")
    return screen


def _facts(screen: Importing) -> list[str]:
    listed = screen.query_one("#facts", WindowedList)
    return [row.text("what") for row in listed.source.every]  # type: ignore[attr-defined]


def _counts(screen: Importing) -> dict[str, int]:
    assert screen.outcome is not None
    return screen.outcome.counts


def _leads(url: str, where: str = "") -> list[str]:
    with Context.open(flags={"db": url}) as ctx:
        return [row["company"] for row in records.find(ctx, "lead", where=where, sort="id").rows]


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
def test_the_whole_way_by_keys_alone(url: str, tmp_path: Path, size: tuple[int, int]) -> None:
    path = _file(tmp_path, ROWS)

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        screen = await _open(app, pilot, path)
        assert screen.step == "match"
        picture = text_of(app)
        for text in ("4 of 5 matched", "lead.company", "lead.quoted", "(not used)", "! 1 wrong"):
            assert text in picture
        await _press(app, pilot, "ctrl+s")
        assert screen.step == "check"
        assert _counts(screen) == {"created": 2, "updated": 0, "unchanged": 0, "skipped": 0, "rejected": 1}
        assert "3 rows read" in text_of(app)
        assert _leads(url) == []
        await _press(app, pilot, "tab")
        picture = text_of(app)
        for text in ("Rejected · 1", "nomail", "not a mail address"):
            assert text in picture
        await _press(app, pilot, "ctrl+s")
        assert screen.step == "result"
        assert "2 records imported, 1 rejected" in text_of(app)
        assert _leads(url) == ["Harbour Works", "Müller Söhne"]
        assert (tmp_path / "fair.rejects.csv").exists()
        await _press(app, pilot, "u")
        assert _leads(url) == []
        assert screen.undone
        await _press(app, pilot, "escape")
        assert screen.step == "file"

    drive(url, script, size=size)


def test_the_counts_are_those_of_the_command(url: str, tmp_path: Path) -> None:
    path = _file(tmp_path, ROWS)
    ignore = ["colour"]

    async def script(app: CrmApp, pilot: Pilot[Any]) -> dict[str, int]:
        screen = await _open(app, pilot, path)
        await _press(app, pilot, "ctrl+s")
        return _counts(screen)

    found = drive(url, script)
    with Context.open(flags={"db": url}, dry_run=True) as ctx:
        summary = transfer.run(ctx, "lead", path, ignore=ignore)
    assert found == {name: getattr(summary, name) for name in found}


def test_a_column_is_matched_anew_and_skipped(url: str, tmp_path: Path) -> None:
    path = _file(tmp_path, ROWS)

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        screen = await _open(app, pilot, path)
        await _press(app, pilot, "end", "enter")
        await pilot.press(*"interest")
        await _press(app, pilot, "enter")
        assert screen.plan.columns["interest"] == ("colour",)
        assert "lead.interest" in text_of(app)
        await _press(app, pilot, "up", "d")
        assert "quoted" not in screen.plan.columns
        assert set(screen.plan.ignore) == {"quoted"}
        await _press(app, pilot, "ctrl+s", "ctrl+s")
        assert _leads(url, "interest ~ red") == ["Harbour Works"]

    drive(url, script)


def test_new_words_get_a_meaning(url: str, tmp_path: Path) -> None:
    path = _file(tmp_path, "company,industry\nA,Maschinenbau\nB,Maschinenbau\n")

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        screen = await _open(app, pilot, path)
        assert "! 1 new" in text_of(app)
        await _press(app, pilot, "down", "enter", "enter")
        assert "Maschinenbau ×2" in text_of(app)
        await _press(app, pilot, "down", "enter")
        await pilot.press(*"medical")
        await _press(app, pilot, "enter")
        assert screen.plan.values == {"industry": {"Maschinenbau": "medical"}}
        await _press(app, pilot, "ctrl+s", "ctrl+s")
        assert _leads(url, "industry = medical") == ["A", "B"]

    drive(url, script)


def test_new_words_are_added_to_their_list(url: str, tmp_path: Path) -> None:
    path = _file(tmp_path, "company,industry\nA,Maschinenbau\n")

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        screen = await _open(app, pilot, path)
        await _press(app, pilot, "down", "enter", "enter", "enter")
        assert screen.plan.create == {"type"}
        await _press(app, pilot, "ctrl+s")
        assert any("list entries made as well" in fact for fact in _facts(screen))
        await _press(app, pilot, "ctrl+s")
        assert "Maschinenbau" in _choices(url)

    drive(url, script)


def _choices(url: str) -> list[str]:
    with Context.open(flags={"db": url}) as ctx:
        return [str(row["name"]) for row in records.find(ctx, "type", where="list = industry").rows]


def test_a_reject_is_fixed_in_place_and_comes_in(url: str, tmp_path: Path) -> None:
    path = _file(tmp_path, ROWS)

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        screen = await _open(app, pilot, path)
        await _press(app, pilot, "ctrl+s", "tab", "e")
        assert "Row 4" in text_of(app)
        line = app.focused
        assert isinstance(line, LineField)
        assert line.typed == "nomail"
        await _press(app, pilot, "enter")
        assert "not a mail address" in text_of(app)
        line.place("li@bad.example")
        await _press(app, pilot, "ctrl+s")
        assert "mended" in text_of(app)
        await _press(app, pilot, "ctrl+s")
        assert _leads(url) == ["Harbour Works", "Müller Söhne", "Bad Row"]
        assert _counts(screen)["rejected"] == 0
        assert not (tmp_path / "fair.rejects.csv").exists()
        await _press(app, pilot, "u")
        assert _leads(url) == []

    drive(url, script)


def test_a_reject_is_fixed_after_the_load(url: str, tmp_path: Path) -> None:
    path = _file(tmp_path, ROWS)

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        screen = await _open(app, pilot, path)
        await _press(app, pilot, "ctrl+s", "ctrl+s", "tab", "e")
        line = app.focused
        assert isinstance(line, LineField)
        line.place("li@bad.example")
        await _press(app, pilot, "ctrl+s", "ctrl+s")
        assert _leads(url) == ["Harbour Works", "Müller Söhne", "Bad Row"]
        assert _counts(screen) == {"created": 3, "updated": 0, "unchanged": 0, "skipped": 0, "rejected": 0}
        await _press(app, pilot, "u")
        assert _leads(url) == []

    drive(url, script)


def test_the_imported_records_open_as_a_list(url: str, tmp_path: Path) -> None:
    path = _file(tmp_path, ROWS)

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await _open(app, pilot, path)
        await _press(app, pilot, "ctrl+s", "ctrl+s", "down", "enter")
        assert "New · Lead · 2" in text_of(app)
        await _press(app, pilot, "escape")
        assert isinstance(app.screen, Importing)

    drive(url, script)


def test_a_mapping_is_saved_and_offered_next_time(url: str, tmp_path: Path) -> None:
    path = _file(tmp_path, ROWS)

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        screen = await _open(app, pilot, path)
        await _press(app, pilot, "b", "enter")
        assert screen.mapping_path == str(tmp_path / "fair.toml")
        assert screen.command_line() == f"crm lead import {path} --mapping {tmp_path / 'fair.toml'}"
        await _press(app, pilot, "escape", "ctrl+s")
        assert "fair.toml" in text_of(app)
        await _press(app, pilot, "enter")
        assert screen.step == "match"
        assert screen.plan.ignore == ("colour",)

    drive(url, script)
    with Context.open(flags={"db": url}, dry_run=True) as ctx:
        summary = transfer.run(ctx, None, path, mapping=str(tmp_path / "fair.toml"))
    assert (summary.created, summary.rejected) == (2, 1)


def test_esc_leads_back_without_loss(url: str, tmp_path: Path) -> None:
    path = _file(tmp_path, ROWS)

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        screen = await _open(app, pilot, path)
        await _press(app, pilot, "d", "ctrl+s", "escape")
        assert screen.step == "match"
        assert "company" not in screen.plan.columns
        await _press(app, pilot, "ctrl+s")
        await app.action_section(1)
        await settled(app, pilot)
        await app.action_section(2)
        await settled(app, pilot)
        assert app.screen is screen
        assert screen.step == "check"
        await _press(app, pilot, "escape", "escape")
        assert screen.step == "file"
        assert screen.query_one("#path", LineField).typed == path

    drive(url, script)


def test_the_same_value_in_every_row(url: str, tmp_path: Path) -> None:
    path = _file(tmp_path, ROWS)

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        screen = await _open(app, pilot, path)
        await pilot.press("n")
        await pilot.press(*"city")
        await _press(app, pilot, "enter")
        await pilot.press(*"Ulm")
        await _press(app, pilot, "enter")
        assert screen.plan.defaults == {"city": "Ulm"}
        await _press(app, pilot, "ctrl+s", "ctrl+s")
        assert _leads(url, "city = Ulm") == ["Harbour Works", "Müller Söhne"]

    drive(url, script)


WRONG = {
    "empty.csv": (b"", "is empty"),
    "picture.csv": (bytes(range(256)) * 40, "is no text file"),
    "quote.csv": (b'company,note\nA,"open\nB,x\n', "quote"),
    "twice.csv": (b"company,company\nA,B\n", "names two columns"),
    "book.xlsx": (b"PK\x03\x04 no workbook", "no workbook"),
    "nothing.csv": (None, "There is no file"),
}


def test_a_wrong_file_is_a_sentence_in_the_pane(url: str, tmp_path: Path) -> None:
    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        screen = await _at_import(app, pilot)
        for name, (data, said) in WRONG.items():
            path = _file(tmp_path, data, name) if data is not None else str(tmp_path / name)
            screen.query_one(LineField).value = path
            await _press(app, pilot, "enter")
            assert screen.step == "file"
            picture = " ".join(text_of(app).replace("│", " ").split())
            assert said in picture, name
            assert "Traceback" not in picture
            assert "--" not in picture

    drive(url, script)


def test_another_encoding_is_asked_for(url: str, tmp_path: Path) -> None:
    path = _file(tmp_path, "company,contact_name\n华东精工,王伟\n".encode("gb18030"))

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        screen = await _open(app, pilot, path)
        assert "Which encoding" in text_of(app)
        await _press(app, pilot, "enter")
        assert screen.step == "match"
        await _press(app, pilot, "ctrl+s", "ctrl+s")
        assert _leads(url) == ["华东精工"]

    drive(url, script)


def test_a_file_without_a_key_says_what_is_missing(url: str, tmp_path: Path) -> None:
    path = _file(tmp_path, "colour,size\nred,5\n")

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        screen = await _open(app, pilot, path)
        assert any("Nothing in this file tells one" in fact for fact in _facts(screen))
        await _press(app, pilot, "ctrl+s")
        assert screen.step == "match"

    drive(url, script)


def test_who_may_import_nothing_is_told(url: str, tmp_path: Path) -> None:
    with Context.open(flags={"db": url}) as ctx:
        records.add(ctx, "user", {"name": "Guest", "login": "guest", "role": "marketing"})
        role.grant(ctx, "marketing", "task.import", "none")
        with Context.open(flags={"db": url}, login="guest") as guest:
            assert sampling.nouns(guest) == []

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        await _at_import(app, pilot)
        assert "does not let you import" in text_of(app)

    drive(url, script, login="guest")


def test_hostile_cells_do_nothing(url: str, tmp_path: Path) -> None:
    import csv
    import io

    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["company", "[bold]x[/]", "\x1b]0;t\x07"])
    texts = [text for text in hostile.STRINGS if len(text) < 500 and "\0" not in text][:300]
    for text in texts:
        writer.writerow([text.encode("utf-8", "replace").decode(), "[red]", "[@click=app.quit]x[/]"])
    path = _file(tmp_path, out.getvalue())

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        screen = await _open(app, pilot, path)
        assert screen.step == "match"
        await _press(app, pilot, "ctrl+s", "tab")
        picture = text_of(app)
        assert "\x1b" not in picture
        assert "[bold]x[/]" in picture
        assert sum(_counts(screen).values()) > 200

    drive(url, script)


def test_the_whole_way_by_mouse_alone(url: str, tmp_path: Path) -> None:
    _file(tmp_path, ROWS)

    async def click(app: CrmApp, pilot: Pilot[Any], text: str) -> None:
        for y, line in enumerate(text_of(app).splitlines()):
            if text in line:
                await pilot.click(offset=(line.index(text) + 1, y))
                await settled(app, pilot)
                return
        raise AssertionError(f"{text} is not on the screen")

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        screen = await _at_import(app, pilot)
        screen.query_one(LineField).post_message(events.Paste(f"{tmp_path}/"))
        await settled(app, pilot)
        await click(app, pilot, "fair.csv")
        if screen.step == "file":
            await click(app, pilot, "fair.csv")
        assert screen.step == "match"
        await click(app, pilot, "^s Go on")
        assert screen.step == "check"
        await click(app, pilot, "^s Go on")
        assert screen.step == "result"
        assert _leads(url) == ["Harbour Works", "Müller Söhne"]
        await click(app, pilot, "u Undo")
        await until(pilot, lambda: _leads(url) == [])

    drive(url, script)


def test_a_load_that_is_stopped_goes_on(url: str, tmp_path: Path) -> None:
    path = _file(tmp_path, "company\n" + "".join(f"Firm {number}\n" for number in range(400)))

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        app.desk.flags["import.batch"] = 50
        screen = await _open(app, pilot, path)
        await _press(app, pilot, "ctrl+s")
        screen.start(True)
        assert screen.job is not None
        while screen.job.rows < 100:
            await pilot.pause(0.005)
        await pilot.press("escape")
        await settled(app, pilot)
        await until(pilot, lambda: screen.step == "result")
        some = len(_leads(url))
        assert some % 50 == 0
        assert 100 <= some <= 400
        if some < 400:
            assert "stopped" in text_of(app)
            await _press(app, pilot, "ctrl+s")
        assert len(_leads(url)) == 400
        assert _counts(screen)["created"] == 400
        await _press(app, pilot, "u")
        assert _leads(url) == []

    drive(url, script)


def test_recent_files_are_offered(url: str, tmp_path: Path) -> None:
    path = _file(tmp_path, ROWS)

    async def script(app: CrmApp, pilot: Pilot[Any]) -> None:
        screen = await _open(app, pilot, f"'{path}'")
        await _press(app, pilot, "escape")
        screen.query_one("#path", LineField).value = ""
        await settled(app, pilot)
        assert "Used lately" in text_of(app)
        await _press(app, pilot, "down", "enter")
        assert screen.step == "match"

    drive(url, script)
