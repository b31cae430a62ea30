"""Completion: the words that may follow, and the scripts that ask for them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from crmtui.commands.completion import candidates
from crmtui.services.noun import DULL
from crmtui.services.nouns import NOUNS
from tests.commands.conftest import Crm


def words(*line: str) -> list[str]:
    return [word for word, _help in candidates(list(line))]


def test_nouns_verbs_and_options() -> None:
    assert words("le") == ["lead"]
    assert set(NOUNS) < set(words(""))
    assert words("lead", "qu") == ["qualify"]
    assert set(DULL) < set(words("lead", ""))
    assert "--to" in words("opp", "advance", "31", "--")
    assert "--dry-run" in words("opp", "advance", "31", "--d")
    assert words("lead", "add", "--contact-n") == ["--contact-name"]
    assert words("--db", "x", "le") == ["lead"]
    assert words("--json", "lead", "sh") == ["show"]
    assert words("opp", "team", "a") == ["add"]


@pytest.mark.parametrize(
    "line",
    [["--db", ""], ["lead", "list", "--where", ""], ["nothing", ""], ["lead", "show", ""], ["--", "-"]],
)
def test_nothing_where_a_value_stands(line: list[str]) -> None:
    assert words(*line) == []


def test_scripts_are_printed_for_three_shells(bare: Crm) -> None:
    for shell in ("bash", "zsh", "fish"):
        assert "crm completion words" in bare("completion", shell).out
    assert bare("completion", "tcsh").code == 2


def test_bash_completes_with_the_script(bare: Crm, tmp_path: Path) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash on this machine")
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "crm").write_text(f'#!/bin/sh\nexec {sys.executable} -m crmtui "$@"\n')
    (folder / "crm").chmod(0o755)
    script = (
        bare("completion", "bash").out
        + 'COMP_WORDS=(crm opp ad); COMP_CWORD=2; _crm crm ad opp; echo "${COMPREPLY[@]}"'
    )
    environment = {
        **os.environ,
        "PATH": f"{folder}:{os.environ['PATH']}",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    done = subprocess.run([bash, "-c", script], capture_output=True, text=True, env=environment, check=True)
    assert set(done.stdout.split()) == {"add", "advance", "adjust"}
