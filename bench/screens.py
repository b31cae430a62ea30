"""P9 and P10: the screens at a real terminal: from the start to the first rows, from a key to the end of its repaint."""

import json
import os
import pty
import select
import statistics
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Sequence
from fcntl import ioctl
from pathlib import Path

from bench.pairs import run
from bench.report import Line

CRM = str(Path(sys.executable).with_name("crm"))
DOWN, PAGE, OPEN, BACK, END = b"\x1b[B", b"\x1b[6~", b"\r", b"\x1b", b"\x1b[F"
QUIET = 0.12
"""Seconds without a byte after which a repaint is over."""
SIZE = (120, 40)


class Pty:
    """The program at a terminal that only takes bytes."""

    def __init__(self, env: dict[str, str]) -> None:
        self._main, end = pty.openpty()
        ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", SIZE[1], SIZE[0], 0, 0))
        self.began = time.perf_counter()
        self.process = subprocess.Popen(
            [CRM], stdin=end, stdout=end, stderr=end, env=env, start_new_session=True
        )
        os.close(end)

    def until(self, mark: bytes, seconds: float = 60.0) -> float:
        """Seconds from the start until `mark` was written. Raises RuntimeError when it never is."""
        seen = b""
        while time.perf_counter() - self.began < seconds:
            seen += self._piece(1.0)
            if b"\x1b[6n" in seen[-64:]:
                os.write(self._main, b"\x1b[1;2R")
            if mark in seen:
                return time.perf_counter() - self.began
        raise RuntimeError(f"{mark!r} did not come: {seen[-300:]!r}")

    def _piece(self, wait: float) -> bytes:
        if not select.select([self._main], [], [], wait)[0]:
            return b""
        try:
            return os.read(self._main, 1 << 16)
        except OSError:
            return b""

    def rest(self) -> None:
        """Wait until nothing comes any more."""
        while self._piece(0.5):
            pass

    def key(self, key: bytes) -> float:
        """Milliseconds from the key to the last byte of what it changed."""
        begin = last = time.perf_counter()
        os.write(self._main, key)
        while self._piece(QUIET):
            last = time.perf_counter()
        return (last - begin) * 1e3

    def memory(self) -> float:
        """MiB that the program holds now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024

    def close(self) -> None:
        """End it."""
        os.write(self._main, b"\x11")
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self._main)


def measure(folder: Path, env: dict[str, str], rounds: int) -> list[Line]:
    """The figures of a store of 50 rows and of bulk.db in `folder`, which `bulk` and `queries` filled."""
    small = folder / "small.db"
    _small(small, {**env, "CRM_DB": f"sqlite:///{small}"}, folder)
    base = [sys.executable, "-c", "import textual.app, sqlmodel"]
    stores = {"50 rows": small, "all rows": folder / "bulk.db"}
    starts: dict[str, list[float]] = {name: [] for name in stores}
    for number in range(max(rounds, 3) + 1):
        theirs, _ = run(base, env)
        for name, store in stores.items():
            program = _open(store, env)
            ours = program.until(b"row 1 of")
            program.close()
            if number:
                starts[name].append(ours / theirs)
    lines = [
        Line(
            "P9", f"first rows, cold, {name}", statistics.median(found), "x import textual.app, sqlmodel", 2.0
        )
        for name, found in starts.items()
    ]
    return lines + _keys(stores, env, rounds)


def _keys(stores: dict[str, Path], env: dict[str, str], rounds: int) -> list[Line]:
    """Cursor, page, end and opening, in turn on both stores."""
    programs = {name: _open(store, env) for name, store in stores.items()}
    for program in programs.values():
        program.until(b"row 1 of")
        program.rest()
    times: dict[str, dict[str, list[float]]] = {name: {} for name in programs}
    steps: Sequence[tuple[str, Callable[[Pty], float], int]] = (
        ("cursor", lambda p: p.key(DOWN), 6 * rounds),
        ("page", lambda p: p.key(PAGE), 4 * rounds),
        ("end", lambda p: p.key(END), 2),
        ("opening a record", _opened, rounds),
    )
    for what, step, count in steps:
        for _ in range(count):
            for name, program in programs.items():
                times[name].setdefault(what, []).append(step(program))
    memory = programs["all rows"].memory()
    for program in programs.values():
        program.close()
    bounds = {"cursor": 16.0, "page": 33.0, "opening a record": 100.0}
    lines = []
    for what, bound in bounds.items():
        for name in programs:
            found = times[name][what]
            label = f"{what}, {name} (median {statistics.median(found):.1f} ms)"
            lines.append(Line("P10", label, statistics.quantiles(found, n=20)[-1], "ms at p95", bound))
    ratio = statistics.median(times["all rows"]["cursor"]) / statistics.median(times["50 rows"]["cursor"])
    lines.append(Line("P10", "cursor, all rows against 50", ratio, "x", 1.5))
    lines.append(Line("", "first jump to the end, all rows", times["all rows"]["end"][0], "ms"))
    lines.append(Line("P10", "memory", memory, "MiB", 90))
    return lines


def _opened(program: Pty) -> float:
    taken = program.key(OPEN)
    program.rest()
    program.key(BACK)
    program.rest()
    return taken


def _open(store: Path, env: dict[str, str]) -> Pty:
    state = Path(env["XDG_STATE_HOME"]) / "crmtui"
    state.mkdir(parents=True, exist_ok=True)
    (state / "screens.json").write_text(json.dumps({"place": [2, "lead"], "met": True, "whose": "all"}))
    usual = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
    return Pty({**env, **usual, "CRM_DB": f"sqlite:///{store}"})


def _small(store: Path, env: dict[str, str], folder: Path) -> None:
    run([CRM, "init"], env)
    lines = folder / "small.jsonl"
    lines.write_text(
        "".join(
            json.dumps({"company": f"Company {n}", "contact_name": f"Person {n}"}) + "\n" for n in range(50)
        )
    )
    run([CRM, "lead", "add", "--input", str(lines)], env)
