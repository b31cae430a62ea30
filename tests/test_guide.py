"""The commands of the guide, line by line on a new store, do what the guide says."""

import re
import shlex
from pathlib import Path

import pytest

from tests.commands.conftest import NOW, Crm, bare, home
from tests.documents import DOCS

__all__ = ["bare", "home"]

BLOCK = re.compile(r"^```(\w+) ?(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXIT = re.compile(r"# exit (\d+)")


def blocks(name: str) -> list[tuple[str, str, str]]:
    """The fenced blocks of a page: what they are, the file they show, their text."""
    return BLOCK.findall((DOCS / name).read_text(encoding="utf-8"))


def commands(name: str) -> list[str]:
    """The command lines of a page, in order."""
    return [line for kind, _, text in blocks(name) if kind == "sh" for line in text.splitlines() if line]


@pytest.mark.parametrize("name", ["guide.md", "guide.zh.md"])
def test_every_command_ends_as_the_page_says(
    name: str, bare: Crm, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRM_DB", f"sqlite:///{home}/crm.db")
    monkeypatch.setenv("CRM_NOW", NOW)
    for kind, file, text in blocks(name):
        if file:
            (home / file).write_text(text, encoding="utf-8")
        for line in text.splitlines() if kind == "sh" else ():
            said = EXIT.search(line)
            program, *words = shlex.split(line, comments=True)
            assert program == "crm"
            done = bare(*words)
            assert done.code == (int(said[1]) if said else 0), f"{line}\n{done.err}"


def shape(line: str) -> list[str]:
    """A command without its values, which differ from language to language."""
    words = shlex.split(line, comments=True)
    return [word if place < 2 or word.startswith("-") else "…" for place, word in enumerate(words)]


def test_both_languages_tell_the_same() -> None:
    english, chinese = ([shape(line) for line in commands(name)] for name in ("guide.md", "guide.zh.md"))
    assert english == chinese
