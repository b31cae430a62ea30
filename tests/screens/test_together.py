"""Two programs on one store, of either kind: each shows what the other changed, and nothing of either is lost."""

import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crmtui.services import opportunity, records
from crmtui.services.context import Context
from tests.screens.conftest import NOW
from tests.screens.terminal import CRM, Terminal, account

SOON = 2.0
"""Seconds within which a change must show in the other program."""
CURSOR = "2b5f8f"
"""The colour of the bar in the theme that the program begins with."""


def change(url: str, work: Callable[[Context], Any]) -> Any:
    """Change the store as a third program does."""
    with Context.open(flags={"db": url}, now=NOW) as ctx:
        return work(ctx)


def held(url: str, ref: str) -> dict[str, Any]:
    """What the store holds of an opportunity."""
    return dict(change(url, lambda ctx: records.show(ctx, "opp", ref)))


@pytest.fixture
def shared(store_url: str) -> str:
    """A company of two people with three opportunities: O-1 of 3,000,000, O-2 of 2,000,000, O-3 of 1,000,000."""

    def fill(ctx: Context) -> None:
        records.add(ctx, "user", {"name": "Lin Mei", "login": "lin", "role": "admin"})
        customer = str(records.add(ctx, "account", {"name": "Halden Rail"}).id)
        for name, amount in (("Signal boxes", "3000000"), ("Blade tracing", "2000000"), ("Yard", "1000000")):
            given = {"name": name, "account": customer, "amount": amount, "expected_close_on": "2026-11-30"}
            records.add(ctx, "opp", given)

    change(store_url, fill)
    return store_url


def program(url: str, home: Path, place: str, **variables: str) -> Terminal:
    """The screens of a person, opened at `place`."""
    env = account(home, url, NOW, **variables)
    (home / ".local/state/crmtui/screens.json").write_text(
        f'{{"place": {place}, "met": true, "whose": "all"}}'
    )
    return Terminal(CRM, env)


def pointed(terminal: Terminal) -> str:
    """The line under the cursor of the list."""
    screen = terminal.screen
    lines = (
        "".join(cell.data for x in range(screen.columns) if (cell := screen.buffer[y][x]).bg == CURSOR)
        for y in range(screen.lines)
    )
    return next((line.strip() for line in lines if len(line) > 50), "")


def shows(terminal: Terminal, text: str) -> float:
    """Wait for `text`; the seconds that it took."""
    start = time.monotonic()
    terminal.wait_for(text)
    return time.monotonic() - start


def test_each_sees_what_the_other_does_and_nothing_is_lost(shared: str, tmp_path: Path) -> None:
    """Lists, board, page and forecast follow; forms of both meet side by side; undo stops at what others did."""
    with (
        program(shared, tmp_path / "a", '[4, "opp"]') as mine,
        program(shared, tmp_path / "b", '[4, "board"]', CRM_USER="lin") as theirs,
    ):
        mine.wait_for("Signal boxes")
        theirs.wait_for("6.0M open")
        took = [*follow_lists(shared, mine, theirs, tmp_path / "c"), *follow_pages(shared, mine, theirs)]
        assert statistics.median(took) < SOON, took
        meet_in_forms(shared, mine, theirs)
        stop_at_others(shared, mine, theirs)
        for terminal in (mine, theirs):
            terminal.send("ctrl+q")
            assert terminal.ended() == 0
            assert b"Traceback" not in terminal.bytes


def follow_lists(shared: str, mine: Terminal, theirs: Terminal, home: Path) -> Iterator[float]:
    """A third program changes: list and board show it, and the cursor stays with its record."""
    mine.send("down", "down")
    mine.wait_for("row 2 of 3")
    assert "Blade tracing" in pointed(mine)
    given = {
        "name": "Turnouts",
        "account": "A-1",
        "amount": "9000000",
        "expected_close_on": "2027-03-01",
    }
    change(shared, lambda ctx: records.add(ctx, "opp", given))
    yield shows(mine, "Turnouts")
    theirs.wait_for("15.0M open")
    mine.wait_for("of 4")
    assert "Blade tracing" in pointed(mine)
    env = account(home, shared, NOW)
    subprocess.run(
        [*CRM, "opp", "edit", "O-2", "--amount", "2500000"], env=env, capture_output=True, check=True
    )
    yield shows(theirs, "15.5M open")
    mine.wait_for("2.50M")
    assert "Blade tracing" in pointed(mine)


def follow_pages(shared: str, mine: Terminal, theirs: Terminal) -> Iterator[float]:
    """One moves a record by a key, which the other has open; then the forecast of the one follows."""
    theirs.send("home", "enter")
    theirs.wait_for("● Prospecting")
    mine.send("/", "turn", "enter")
    mine.wait_for("/ turn")
    mine.wait_for("· 1 ")
    mine.send("home", "down", ">")
    mine.wait_for("O-4 moved to")
    yield shows(theirs, "● Identifying")
    assert held(shared, "O-4")["stage"] == "identifying"
    mine.send("5")
    mine.wait_for("every figure opens its records")
    mine.wait_for("forecast 650.0k")
    change(shared, lambda ctx: opportunity.adjust(ctx, "O-1", {"amount": "13000000"}))
    yield shows(mine, "forecast 1.7M")


def meet_in_forms(shared: str, mine: Terminal, theirs: Terminal) -> None:
    """Both have the form of O-3 open; the later one sees both values of each field, and picks one by one."""
    for terminal, name, amount in ((mine, " North", "1.1M"), (theirs, " South", "1.2M")):
        terminal.send("ctrl+o", "O-3")
        terminal.wait_for("O-3 · Halden")
        terminal.send("enter")
        terminal.wait_for("Opportunity › Yard")
        terminal.send("e")
        terminal.wait_for("Name *")
        terminal.send("end", name, "tab", "tab", "ctrl+u", amount, "tab")
        terminal.wait_for(f"1,{amount[2]}00,000.00")
    mine.send("ctrl+s")
    mine.wait_for("O-3 saved")
    mine.wait_for("Opportunity › Yard North")
    theirs.wait_for(": Yard North")  # below the field, while they still type
    theirs.send("ctrl+s")
    shown = theirs.wait_for("Theirs")
    for text in ("Yard South", "Yard North", "1,100,000.00", "1,200,000.00"):
        assert text in shown
    theirs.send("escape")  # back: nothing is lost
    theirs.wait_for("Theirs", gone=True)
    shown = theirs.wait_for("Yard South")
    assert "--if-version" not in shown
    theirs.send("ctrl+s")
    theirs.wait_for("Theirs")
    theirs.send("right", "enter")  # their name, one's own amount
    theirs.wait_for("O-3 saved")
    found = held(shared, "O-3")
    assert (found["name"], found["amount"].minor) == ("Yard North", 120_000_000)


def stop_at_others(shared: str, mine: Terminal, theirs: Terminal) -> None:
    """What somebody else changed since is not taken back; the sentence names them."""
    mine.send("u")
    assert "Lin Mei" in mine.wait_for("Lin Mei")
    assert held(shared, "O-3")["amount"].minor == 120_000_000
    theirs.send("u")
    theirs.wait_for("Took back opp edit")
    assert held(shared, "O-3")["amount"].minor == 110_000_000
    mine.wait_for("1,100,000.00")
    mine.send("u")
    mine.wait_for("Took back opp edit")
    theirs.wait_for("Opportunity › Yard ")
    found = held(shared, "O-3")
    assert (found["name"], found["amount"].minor) == ("Yard", 100_000_000)
