"""A page that is a session at the command line: what was typed, and what came back, as a test saw it."""

import re
import shlex
import textwrap
from pathlib import Path

import pytest

from tests.commands.conftest import in_process


class Transcript:
    """Types commands in this process and writes down how they went; `page` is the whole of it as Markdown."""

    def __init__(self, patch: pytest.MonkeyPatch, opening: str) -> None:
        self._patch = patch
        self._parts: list[str] = [opening]
        self._block: list[str] = []

    @property
    def page(self) -> str:
        self._close()
        return "\n\n".join(self._parts) + "\n"

    def chapter(self, title: str, day: str, text: str) -> None:
        """Begin a chapter that plays at nine in the morning of a day of the company."""
        self.title(title)
        self.say(text)
        self._patch.setenv("CRM_NOW", f"{day}T09:00")
        self._block.append(f"$ export CRM_NOW={day}T09:00")

    def title(self, text: str) -> None:
        self._put(f"## {text}")

    def say(self, text: str) -> None:
        """A paragraph."""
        self._put(textwrap.fill(text, 125))

    def _put(self, part: str) -> None:
        self._close()
        self._parts.append(part)

    def file(self, name: str, text: str) -> None:
        """Write a file of the reader's, and show it."""
        self._put(f"```{Path(name).suffix[1:]} {name}\n{text}```")
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(text, encoding="utf-8")

    def move(self, source: str, target: str) -> None:
        """Move a file of the reader's."""
        Path(source).rename(target)
        self._block.append(f"$ mv {source} {target}")

    def quietly(self, *lines: str) -> None:
        """Type commands of which nothing but their success is of interest."""
        for line in lines:
            done = in_process(*shlex.split(line)[1:])
            assert done.code == 0, f"{line}\n{done.err}"
            self._block.append(f"$ {line}")

    def __call__(self, line: str, *expected: str, code: int = 0) -> None:
        """Type `crm …`. Each of `expected` is a whole cell of the table that comes back, or part of the sentence."""
        done = in_process(*shlex.split(line)[1:], "--format", "table")
        assert done.code == code, f"{line}\n{done.out}{done.err}"
        cells = {cell for row in done.lines for cell in re.split(r"\s{2,}", row.strip())}
        missing = [each for each in expected if each not in cells and each not in done.err]
        assert not missing, f"{line}\n{done.out}{done.err}"
        said = [*done.lines, *done.err.splitlines(), *([f"[exit {code}]"] if code else [])]
        self._block += [f"$ {line}", *(row.rstrip() for row in said)]

    def _close(self) -> None:
        if self._block:
            self._parts.append("\n".join(["```console", *self._block, "```"]))
        self._block = []
