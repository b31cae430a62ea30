"""The program at a real terminal: it opens, goes on through trouble, ends, and leaves the terminal as it was."""

import os
import re
import signal
from pathlib import Path

import pytest

from tests.screens.conftest import NOW
from tests.screens.terminal import CRM, Terminal, account

LIVE, OFFLINE = "live", "offline"


@pytest.fixture
def env(maven: str, tmp_path: Path) -> dict[str, str]:
    """A person at the demo store."""
    return account(tmp_path / "home", maven, NOW)


def settings(env: dict[str, str], text: str) -> Path:
    """The person's settings file with `text` in it."""
    file = Path(env["HOME"]) / ".config/crmtui/config.toml"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    return file


def quit(terminal: Terminal) -> None:
    """Leave, and find everything as it was."""
    terminal.send("ctrl+q")
    assert terminal.ended() == 0
    assert terminal.clean
    assert "Traceback" not in terminal.text()


def test_crm_alone_opens_the_screens_and_ends_clean(env: dict[str, str]) -> None:
    with Terminal(CRM, env) as terminal:
        shown = terminal.wait_for(LIVE)
        assert "2 Leads" in shown
        terminal.resize(79, 19)
        terminal.wait_for("crmtui needs 80×20, this is 79×19")
        terminal.resize(80, 24)
        terminal.wait_for(LIVE)
        quit(terminal)
    # What is drawn holds no control character but those that draw, and the shape of the pointer.
    rest = re.sub(rb"\x1b(\[[0-9;:?<>=$]*[a-zA-Z]|[=>78]|\]22;[a-z]*\x07)", b"", terminal.bytes)
    assert not re.search(rb"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]", rest)


def test_the_first_time_three_keys_are_shown_and_never_again(env: dict[str, str]) -> None:
    state = Path(env["HOME"], ".local/state/crmtui/screens.json")
    state.write_text('{"place": [2, "lead"]}')
    with Terminal(CRM, env) as terminal:
        terminal.wait_for("^o search everything")
        quit(terminal)
    assert state.stat().st_mode & 0o777 == 0o600
    with Terminal(CRM, env) as terminal:
        assert "search everything" not in terminal.wait_for(LIVE)


@pytest.mark.parametrize(
    ("changed", "options", "sign", "said"),
    [
        ({}, {}, "●", ""),
        ({}, {"wide": True}, "*", "wider than one cell"),
        ({"LANG": "C"}, {}, "*", ""),
        ({"LANG": ""}, {"answers": False}, "*", ""),
        ({"CRM_GLYPHS": "unicode", "LANG": "C"}, {"wide": True}, "●", ""),
    ],
)
def test_signs_are_those_that_the_terminal_can_draw(
    env: dict[str, str], changed: dict[str, str], options: dict[str, bool], sign: str, said: str
) -> None:
    with Terminal(CRM, {**env, **changed}, **options) as terminal:
        shown = terminal.wait_for(said or f"{sign} live")
        assert f"{sign} live" in shown
        assert shown.isascii() is (sign == "*")


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"CRM_COLOR": "never", "CRM_THEME": "ansi-dark"}])
def test_without_colour_everything_is_grey(env: dict[str, str], variables: dict[str, str]) -> None:
    with Terminal(CRM, {**env, **variables}) as terminal:
        terminal.wait_for(LIVE)
    colours = set(re.findall(rb"[34]8;2;(\d+);(\d+);(\d+)[;m]", terminal.bytes))
    assert len(colours) > 1
    assert all(len(set(colour)) == 1 for colour in colours)


def test_a_terminal_of_256_colours_gets_the_theme_made_for_it(env: dict[str, str]) -> None:
    with Terminal(CRM, {**env, "COLORTERM": ""}) as terminal:
        terminal.wait_for(LIVE)
    assert not re.search(rb"[34]8;2;", terminal.bytes)
    assert {int(number) for number in re.findall(rb"48;5;(\d+)", terminal.bytes)} <= {233, 234, 235, 24, 75}


def test_a_terminal_that_cannot_draw_is_told_what_to_use(env: dict[str, str]) -> None:
    with Terminal(CRM, {**env, "TERM": "dumb"}) as terminal:
        assert terminal.ended() == 3
        assert "The screens need a terminal" in terminal.text()
        assert "crm --help" in terminal.text()
    with Terminal([*CRM, "open", "A-1"], {**env, "TERM": "dumb"}) as terminal:
        assert terminal.ended() == 0
        assert "Acme" in terminal.text()


def test_bad_settings_of_the_look_are_named_and_the_program_opens(env: dict[str, str]) -> None:
    file = settings(env, 'theme = "harbor-dark"\nglyphs = "big"\n[keys]\n"list.opne" = "ctrl+e"\n')
    with Terminal(CRM, env, (240, 24)) as terminal:
        shown = terminal.wait_for("(1 of 3)")
        assert f"(1 of 3) {file}:2:1: glyphs must be one of" in shown
        terminal.wait_for(LIVE)
        quit(terminal)
        left = terminal.bytes.decode().rpartition("\x1b[?1049l")[2]
    assert f"crm: {file}:1:1: there is no theme harbor-dark. Did you mean harbour-dark?" in left
    assert f"crm: {file}:4:1: there is no key list.opne. Did you mean list.open?" in left


def test_keys_of_ones_own_work(env: dict[str, str]) -> None:
    settings(env, '[keys]\n"app.section_3" = "f3"\n')
    with Terminal(CRM, env) as terminal:
        terminal.wait_for(LIVE)
        terminal.write("\x1bOR")
        terminal.wait_for("accounts · contacts")


def test_a_store_that_is_not_there_ends_it_as_any_command(env: dict[str, str], tmp_path: Path) -> None:
    for words in ((), ("--db", f"sqlite:///{tmp_path}/no.db")):
        here = env if words else {**env, "CRM_DB": f"sqlite:///{tmp_path}/nothing.db"}
        with Terminal([*CRM, *words], here) as terminal:
            assert terminal.ended() == 3
            assert "crm: There is no store" in terminal.text()
            assert terminal.clean


def test_a_store_that_goes_and_comes_back(env: dict[str, str]) -> None:
    store = Path(env["CRM_DB"].removeprefix("sqlite:///"))
    away = store.with_name("away.db")
    with Terminal(CRM, {**env, "CRM_BUSY_TIMEOUT": "0"}) as terminal:
        terminal.wait_for(LIVE)
        store.rename(away)
        terminal.send("r")
        terminal.wait_for(OFFLINE)
        away.rename(store)
        terminal.wait_for(LIVE)
        quit(terminal)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_the_terminal_clean(env: dict[str, str], number: signal.Signals) -> None:
    with Terminal(CRM, env) as terminal:
        terminal.wait_for(LIVE)
        os.kill(terminal.process.pid, number)
        assert terminal.ended() == 128 + number
        assert terminal.clean


def test_open_shows_a_record_on_the_screens_or_prints_it(env: dict[str, str]) -> None:
    with Terminal([*CRM, "open", "a-1", "--json"], env) as terminal:
        assert terminal.ended() == 0
        assert b"\x1b[?1049h" not in terminal.bytes
        assert b'"ref": "A-1"' in terminal.bytes
    with Terminal([*CRM, "open", "A-999999"], env) as terminal:
        assert terminal.ended() == 5
        assert b"\x1b[?1049h" not in terminal.bytes
    with Terminal([*CRM, "open", "a-1"], env) as terminal:
        terminal.wait_for("A-1")
        terminal.wait_for(LIVE)
        quit(terminal)


@pytest.mark.parametrize("words", [["--dry-run"], ["--json"], ["--key", "x"], ["-o", "x"]])
def test_what_the_screens_have_no_use_for_is_refused(env: dict[str, str], words: list[str]) -> None:
    with Terminal([*CRM, *words], env) as terminal:
        assert terminal.ended() == 2
        assert f"no use for {words[0].replace('-o', '--output')}" in terminal.text()


def test_whom_one_acts_for_and_the_language_hold_on_the_screens(env: dict[str, str]) -> None:
    with Terminal([*CRM, "--as", "darcel.schlecht", "--lang", "en"], env) as terminal:
        assert "Darcel Schlecht" in terminal.wait_for(LIVE).splitlines()[0]


def test_no_input_asks_for_no_screens(env: dict[str, str]) -> None:
    with Terminal([*CRM, "--no-input"], env) as terminal:
        assert terminal.ended() == 0
        assert b"\x1b[?1049h" not in terminal.bytes


def test_the_demo_opens_the_screens_on_its_store_at_the_end(env: dict[str, str]) -> None:
    place = Path(env["HOME"], ".local/share/crmtui/demo.db")
    place.parent.mkdir(parents=True, mode=0o700)
    Path(env.pop("CRM_DB").removeprefix("sqlite:///")).rename(place)
    with Terminal([*CRM, "demo"], env) as terminal:
        terminal.wait_for(LIVE)
        assert b"MavenTech sells computer hardware" in terminal.bytes.partition(b"\x1b[?1049h")[0]
        quit(terminal)
    for changed in ({"TERM": "dumb"}, {"CRM_NO_INPUT": "1"}):
        with Terminal([*CRM, "demo"], {**env, **changed}) as terminal:
            assert terminal.ended() == 0, terminal.text()
            assert b"\x1b[?1049h" not in terminal.bytes
