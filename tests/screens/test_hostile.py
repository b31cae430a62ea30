"""Hostile texts in every text field, at a real terminal: nothing acts, nothing is raw, and every column stands where it should."""

import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from wcwidth import wcwidth

from crmtui.services import records
from crmtui.services.context import Context
from crmtui.text import clean, width
from tests.hostile import OWN, refusal, stray
from tests.screens.conftest import NOW
from tests.screens.terminal import CRM, Terminal, account

NOUNS = ("lead", "account", "contact", "opp")
"""The nouns that people fill with texts, in the order of their sections."""
MARKED = "[b]Bold[/b] [@click=app.quit]x[/]"
ALWAYS = [MARKED, "n" * 200, "界" * 200]
DRAWS = re.compile(rb"\x1b(\[[0-9;:?<>=$]*[a-zA-Z]|[=>78]|\]22;[a-z]*\x07)")
"""The sequences that the program draws with."""


def agreed(text: str) -> bool:
    """Whether terminals agree on its width: those that join emoji count otherwise than those that do not."""
    shown = clean(text.strip())
    return sum(max(wcwidth(letter), 0) for letter in shown) == width(shown)


HELD = [text for text in OWN if text.strip() and not refusal("line", 200, text) and agreed(text)]
"""What a name holds."""


@pytest.fixture(scope="module")
def hostile_template(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which every text of every record is hostile."""
    path = tmp_path_factory.mktemp("hostile") / "crm.db"
    shutil.copyfile(sqlite_template, path)
    path.chmod(0o600)
    with Context.open(flags={"db": f"sqlite:///{path}"}, now=NOW) as ctx, ctx.together("demo"):
        for place, noun in enumerate(NOUNS):
            texts = HELD if noun == "lead" else HELD[place::3]
            records.add_many(ctx, noun, [everywhere(noun, text) for text in (*ALWAYS, *texts)])
        records.add(ctx, "user", {"name": MARKED, "login": "evil", "role": "rep"})
        records.edit_where(ctx, "opp", "name ~ 'Bold'", {"owner": "evil", "amount": "9000000"})
    return path


def everywhere(noun: str, text: str) -> dict[str, object]:
    """A record of `noun` with `text` in every field that holds it."""
    given: dict[str, object] = {
        field.name: text
        for field in records.declared_fields(noun)
        if field.kind in ("line", "text")
        and field.verb == ""
        and field.name != "external_id"
        and not refusal(field.kind, field.max, text)
    }
    if noun == "opp":
        given |= {"amount": "1000000", "expected_close_on": "2026-11-30", "account": "A-1"}
    return given


@pytest.fixture
def env(hostile_template: Path, tmp_path: Path) -> dict[str, str]:
    """A person at it."""
    path = tmp_path / "crm.db"
    shutil.copyfile(hostile_template, path)
    path.chmod(0o600)
    return account(tmp_path / "home", f"sqlite:///{path}", NOW)


def rest(terminal: Terminal, seconds: float = 0.2) -> None:
    """Wait until nothing more is drawn."""
    end, last, seen = time.monotonic() + 10, time.monotonic(), len(terminal.bytes)
    while time.monotonic() - last < seconds and time.monotonic() < end:
        terminal.read()
        if len(terminal.bytes) > seen:
            last, seen = time.monotonic(), len(terminal.bytes)


def boxes(terminal: Terminal) -> Iterator[tuple[int, int, int]]:
    """Left, right and top of every box whose upper edge is in full sight."""
    for y in range(terminal.screen.lines):
        line = [terminal.screen.buffer[y][x].data for x in range(terminal.screen.columns)]
        left = None
        for x, sign in enumerate(line):
            if sign == "╭":
                left = x
            elif sign == "│":
                left = None
            elif sign == "╮" and left is not None:
                yield left, x, y
                left = None


def aligned(terminal: Terminal, *titles: str) -> None:
    """Each box (of those `titles`) has both its sides on every line down to its lower edge."""
    buffer, found = terminal.screen.buffer, 0
    for left, right, top in boxes(terminal):
        head = "".join(buffer[top][x].data for x in range(left, right))
        if titles and not any(title in head for title in titles):
            continue
        found += 1
        y = top + 1
        while buffer[y][left].data != "╰":
            sides = buffer[y][left].data, buffer[y][right].data
            assert sides == ("│", "│"), f"line {y}:\n{terminal.text()}"
            y += 1
        assert buffer[y][right].data == "╯", terminal.text()
    assert found, terminal.text()
    plain(terminal)


def plain(terminal: Terminal) -> None:
    """Nothing stands on the screen that is not simply drawn."""
    assert not stray(terminal.text()), ascii(stray(terminal.text()))


def silent(terminal: Terminal) -> None:
    """Nothing reached the terminal but texts and the sequences of drawing: no title, no clipboard, no bell."""
    written = DRAWS.sub(b"", terminal.bytes)
    assert not re.search(rb"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]", written)
    # A character can be cut in two where a piece of output ends, never by what the store holds.
    assert not stray(written.decode(), "\r\n")
    assert b"Traceback" not in terminal.bytes
    assert b"fault of the program" not in terminal.bytes


def test_wherever_texts_are_shown(env: dict[str, str]) -> None:
    """Lists with their panels, pages, forms, board, forecast, search, palette; wide and narrow."""
    with Terminal(CRM, env) as terminal:
        terminal.wait_for("Leads ·")
        through(terminal, "pagedown")
        assert "Bold" in terminal.text()
        records_one_by_one(terminal, "[")
        terminal.resize(80, 24)
        through(terminal, "pageup")
        records_one_by_one(terminal, "]")
        for key, title in (
            ("3", "Customers ·"),
            ("v", "Contacts ·"),
            ("4", "weighted"),
            ("v", "Opportunities ·"),
        ):
            terminal.resize(*((120, 36) if key == "v" else (80, 24)))
            terminal.send(key)
            terminal.wait_for(title)
            through(terminal, "pagedown")
        what_lies_over(terminal)
        terminal.send("ctrl+q")
        assert terminal.ended() == 0
        assert terminal.clean
        silent(terminal)


def through(terminal: Terminal, key: str) -> None:
    """Through all pages of a list, or of a column of the board."""
    before = ""
    for _ in range(40):
        rest(terminal)
        if terminal.text() == before:
            return
        before = terminal.text()
        aligned(terminal)
        terminal.send(key)
    raise AssertionError("there is no end of it")


def records_one_by_one(terminal: Terminal, key: str) -> None:
    """The page and the form of the record under the cursor and of some beside it, then back to the list."""
    terminal.send("enter")
    for _ in range(8):
        rest(terminal)
        aligned(terminal)
        terminal.send(key)
    terminal.send("e")
    terminal.wait_for("Company *")
    rest(terminal)
    aligned(terminal, "Lead L-")
    away(terminal)
    away(terminal)
    terminal.wait_for("Leads ·")


def away(terminal: Terminal) -> None:
    """Escape, and nothing right after it: a terminal takes that for Alt."""
    terminal.send("escape")
    rest(terminal)


def what_lies_over(terminal: Terminal) -> None:
    """The records behind a figure, search, palette, and what is pasted into the field for finding."""
    terminal.send("5")
    terminal.wait_for("in no department")
    rest(terminal)
    terminal.send("down", "right", "right", "enter")
    terminal.wait_for("= the figure you opened")
    rest(terminal)
    aligned(terminal, " · Nov 2026 · ")
    away(terminal)
    terminal.send("ctrl+o", "[b]Bold")
    terminal.wait_for("hit")
    rest(terminal)
    aligned(terminal, "Search")
    assert MARKED in terminal.text()
    away(terminal)
    terminal.send("ctrl+p", "[b]Bold[/b]")
    terminal.wait_for("No command")
    rest(terminal)
    aligned(terminal, "Commands")
    away(terminal)
    terminal.send("2")
    terminal.wait_for("Leads ·")
    terminal.send("/")
    rest(terminal)
    terminal.write("\x1b[200~\x1b[2J\x07[b]\u202e\x9b31m\x1b[201~")
    rest(terminal)
    aligned(terminal)
    terminal.send("escape")
    terminal.wait_for("Leads · 1")
