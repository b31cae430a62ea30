"""The command line, run in this process on a store of the test's own, or as a process of its own."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
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
    for name in [
        name for name in os.environ if name.startswith(("CRM_", "XDG_", "LC_")) or name == "LANGUAGE"
    ]:
        patch.delenv(name)
    folder.mkdir()
    patch.setenv("HOME", str(folder))
    patch.setenv("LANG", "C.UTF-8")
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
