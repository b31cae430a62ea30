"""The command line, run in this process on a store of the test's own, or as a process of its own."""

import contextlib
import io
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from dataclasses import dataclass
from fcntl import ioctl
from pathlib import Path
from typing import Any

import pytest

from crmtui.commands import edge

NOW = "2026-11-20T09:00:00+08:00"


@dataclass
class Result:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.code == 0, self.err
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        return json.loads(self.err.splitlines()[-1])["error"]

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


Crm = Callable[..., Result]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An account of its own, without any setting of the person who runs the tests."""
    return move_in(tmp_path / "home", monkeypatch)


def move_in(folder: Path, patch: pytest.MonkeyPatch) -> Path:
    """Make `folder`, and an account of its own there."""
    for name in [name for name in os.environ if name.startswith("XDG_")]:
        patch.delenv(name)
    folder.mkdir()
    patch.setenv("HOME", str(folder))
    patch.chdir(folder)
    return folder


def in_process(*words: str, stdin: str | bytes = b"") -> Result:
    """`crm` in this process."""
    given = stdin.encode("utf-8") if isinstance(stdin, str) else stdin
    streams = {
        name: io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="") for name in ("stdout", "stderr")
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given), encoding="utf-8"))
        for name, stream in streams.items():
            patch.setattr(sys, name, stream)
        code = edge.main(list(words))
    texts = []
    for stream in streams.values():
        stream.flush()
        texts.append(stream.buffer.getvalue().decode("utf-8"))  # type: ignore[attr-defined]
    return Result(code, *texts)


@pytest.fixture
def bare(home: Path) -> Crm:
    """`crm` in this process, without a store."""
    return in_process


@pytest.fixture
def crm(bare: Crm, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Crm:
    """`crm` in this process, on a new store, at a fixed moment."""
    monkeypatch.setenv("CRM_DB", sqlite_url)
    monkeypatch.setenv("CRM_NOW", NOW)
    return bare


def process(*words: str | bytes, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """`crm` as a process of its own."""
    command = [sys.executable, "-m", "crmtui", *words]
    return subprocess.run(command, capture_output=True, timeout=60, check=False, **options)


Terminal = Callable[..., list[tuple[int, str]]]
_LINES = "import json, sys; from crmtui.commands.edge import main\nfor words in json.loads(sys.argv[1]): sys.stderr.write(f'\\0{main(words)}\\0')"


def on_terminal(
    *lines: list[str],
    columns: int = 100,
    rows: int = 30,
    answer: str = "",
    apart: bool = False,
    **variables: str,
) -> list[tuple[int, str]]:
    """Command lines on a pseudo-terminal: the exit code of each and all that it wrote.

    With `apart` standard error goes elsewhere, and comes back as one more item.
    """
    main, end = pty.openpty()
    ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color", **variables}
    command = [sys.executable, "-c", _LINES, json.dumps(lines)]
    running = subprocess.Popen(
        command,
        stdin=end,
        stdout=end,
        stderr=subprocess.PIPE if apart else end,
        env=environment,
        start_new_session=True,
    )
    os.close(end)
    os.write(main, answer.encode())
    written = b""
    with contextlib.suppress(OSError):  # the terminal is gone when the process ends
        while piece := os.read(main, 65536):
            written += piece
    os.close(main)
    _nothing, errors = running.communicate(timeout=30)
    assert running.returncode == 0, written.decode()
    if apart:
        return [(0, written.decode().replace("\r\n", "\n")), (0, errors.decode())]
    parts = written.decode().replace("\r\n", "\n").split("\0")
    return [(int(code), text) for text, code in zip(parts[::2], parts[1::2], strict=False)]


@pytest.fixture
def terminal(crm: Crm) -> Terminal:
    """Runs command lines on a pseudo-terminal, on a new store."""
    return on_terminal


def without_colour(text: str) -> str:
    """`text` without the sequences that set bold and colour."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
