"""Two people's work at a real terminal of 80×24, keys only, in both languages: a rep's morning, a manager's Monday."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from crmtui import i18n
from crmtui.i18n import gettext
from tests.screens.conftest import NOW
from tests.screens.terminal import CRM, Terminal, account

SIZE = (80, 24)
REP, MANAGER = "anna.snelling", "dustin.brinkmann"


@pytest.fixture(params=["en", "zh"])
def language(request: pytest.FixtureRequest) -> str:
    """The language of the person."""
    name = str(request.param)
    i18n.set_language(name)
    return name


def at(maven: str, home: Path, language: str, login: str) -> dict[str, str]:
    """The environment of the person."""
    return account(home, maven, NOW, CRM_LANG=language, CRM_USER=login)


def asked(env: dict[str, str], *words: str) -> Any:
    """What the command line says of the same store."""
    done = subprocess.run([*CRM, *words, "--format", "json"], env=env, capture_output=True, check=True)
    return json.loads(done.stdout)


def test_a_rep_s_morning(maven: str, tmp_path: Path, language: str) -> None:
    """A lead comes in, is qualified, becomes an opportunity, goes on a stage, is valued, and one step is taken back."""
    env = at(maven, tmp_path / "home", language, REP)
    with Terminal(CRM, env, SIZE) as terminal:
        terminal.wait_for(gettext("live"))
        terminal.send("n")
        terminal.wait_for(gettext("New: {noun}").format(noun=gettext("Lead")))
        terminal.send("华东精工 Huadong", "tab", "陈工 Chen", "ctrl+s")
        terminal.wait_for(gettext("undo"))
        terminal.wait_for("华东精工 Huadong")
        terminal.send("/", "huadong")
        terminal.wait_for("· 1 ")
        terminal.send("enter", "a")
        terminal.wait_for(gettext("{ref} qualified").format(ref="L-1"))
        terminal.send(">")
        terminal.wait_for("O-8801", 30)
        terminal.wait_for("华东精工 Huadong")
        terminal.send(">")
        terminal.wait_for(moved("O-8801"))
        terminal.send("u")
        terminal.wait_for(gettext("Took back {verb} of {time}").partition("{verb}")[0].strip())
        terminal.send("ctrl+q")
        assert terminal.ended() == 0
        assert terminal.clean
        plain(terminal.bytes)
    lead = asked(env, "lead", "show", "1")
    assert lead["state"] == "converted"
    opp = asked(env, "opp", "show", "8801")
    assert opp["stage"] == "prospecting"
    verbs = [row["verb"] for row in asked(env, "log", "--limit", "5")]
    assert verbs == ["log.undo", "opp.advance", "lead.convert", "lead.qualify", "lead.add"]


def moved(ref: str) -> str:
    """The beginning of the sentence that says that `ref` moved on."""
    return gettext("{ref} moved to {stage}").partition("{stage}")[0].format(ref=ref).strip()


def test_a_manager_s_monday(maven: str, tmp_path: Path, language: str) -> None:
    """The forecast of the team, the records behind a figure, the gap, the board, one card given to somebody else."""
    env = at(maven, tmp_path / "home", language, MANAGER)
    with Terminal(CRM, env, SIZE) as terminal:
        terminal.wait_for(gettext("live"))
        terminal.send("5")
        terminal.wait_for("Team Brinkmann")
        rows = asked(env, "forecast", "--dept", "Team Brinkmann", "--period", "this quarter")
        terminal.send("right", "enter")
        shown = terminal.wait_for(gettext("= the figure you opened"), 30)
        count = re.search(r"[0-9,]+(?= )", shown.partition("= ")[0].splitlines()[-1])
        assert rows[0]["components"] > 0
        assert count is not None
        terminal.send("escape")
        terminal.wait_for(gettext("= the figure you opened"), gone=True)
        terminal.send("6")
        terminal.wait_for(gettext("Funnel")[:4])
        terminal.send("4")
        terminal.wait_for(gettext("weighted"))
        terminal.send("right", "right", "m")
        terminal.wait_for(gettext("Give to"))
        terminal.send("cecily")
        terminal.wait_for("Cecily Lampkin")
        terminal.send("enter")
        terminal.wait_for(gettext("undo"))
        terminal.send("ctrl+q")
        assert terminal.ended() == 0
        assert terminal.clean
        plain(terminal.bytes)
    newest = asked(env, "log", "--limit", "1")[0]
    assert newest["verb"] == "opp.edit"


def plain(written: bytes) -> None:
    """What is drawn holds no control character but those that draw."""
    rest = re.sub(rb"\x1b(\[[0-9;:?<>=$]*[a-zA-Z]|[=>78]|\][0-9]+;[^\x07]*\x07)", b"", written)
    assert not re.search(rb"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]", rest)
