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
from typing import NamedTuple

from bench.pairs import run
from bench.report import Line

CRM = str(Path(sys.executable).with_name("crm"))
DOWN, UP, PAGE, PAGE_UP = b"\x1b[B", b"\x1b[A", b"\x1b[6~", b"\x1b[5~"
OPEN, BACK, END = b"\r", b"\x1b", b"\x1b[F"
QUIET = 0.05
"""Seconds without a byte after which a repaint is over: less than the cursor rests before the side panel follows it."""
OPENED = 0.15
"""The same for another screen, which is painted more than once."""
SIZE = (120, 40)


class Taken(NamedTuple):
    """Milliseconds of one key: by the clock, the same without what other programs took of it, and of processor time.

    Other programs on the machine make the first of them longer and say nothing about this one, so the second is what
    is bounded; the processor time counts all threads, and what comes after the repaint.
    """

    wall: float
    own: float
    worked: float


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

    def rest(self, quiet: float = 0.5) -> None:
        """Wait until nothing comes any more."""
        while self._piece(quiet):
            pass

    def key(self, key: bytes, quiet: float = QUIET) -> "Taken":
        """What it took from the key to the last byte of what it changed. Raises RuntimeError when it changed nothing."""
        begin, worked, waited = time.perf_counter(), self._worked(), self._waited()
        os.write(self._main, key)
        last = begin
        while self._piece(quiet if last > begin else 1.0):
            last = time.perf_counter()
        if last == begin:
            raise RuntimeError(f"{key!r} changed nothing")
        worked, waited = self._worked() - worked, self._waited() - waited
        self.rest(0.2)
        wall = (last - begin) * 1e3
        return Taken(wall, max(wall - waited, min(worked, wall)), worked)

    def _worked(self) -> float:
        """Milliseconds of processor time of the program so far, all its threads together."""
        return time.clock_gettime((~self.process.pid << 3) | 2) * 1e3  # the processor clock of a process

    def _waited(self) -> float:
        """Milliseconds for which the program was ready to draw and another had the processor."""
        threads = f"/proc/{self.process.pid}/task/{self.process.pid}/schedstat"
        return int(Path(threads).read_text().split()[1]) / 1e6

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
    """Cursor, page, opening and the end of the list, in turn on both stores."""
    programs = {name: _open(store, env) for name, store in stores.items()}
    for program in programs.values():
        program.until(b"row 1 of")
        program.rest(1.0)  # what it gets ready for the first page is then there
    times: dict[str, dict[str, list[Taken]]] = {name: {} for name in programs}
    steps: Sequence[tuple[str, Callable[[Pty], list[Taken]]]] = (
        ("cursor", _up_and_down),
        ("page", lambda p: [p.key(PAGE), p.key(PAGE_UP)]),
        ("opening a record", _opened),
    )
    for what, step in steps:
        for _ in range(3 * rounds):
            for name, program in programs.items():
                times[name].setdefault(what, []).extend(step(program))
    end = programs["all rows"].key(END).wall
    memory = programs["all rows"].memory()
    for program in programs.values():
        program.close()
    return [
        *_lines(times),
        Line("", "first jump to the end", end, "ms"),
        Line("P10", "memory", memory, "MiB", 90),
    ]


def _lines(times: dict[str, dict[str, list[Taken]]]) -> list[Line]:
    lines = []
    for what, bound in {"cursor": 16.0, "page": 33.0, "opening a record": 100.0}.items():
        for name, found in ((name, times[name][what]) for name in times):
            median = Taken(*(statistics.median(column) for column in zip(*found, strict=True)))
            label = f"{what}, {name} (median {median.own:.1f}, by the clock {median.wall:.1f}, work {median.worked:.1f} ms)"
            worst = statistics.quantiles([one.own for one in found], n=20)[-1]
            lines.append(Line("P10", label, worst, "ms at p95", bound))
        many, few = (
            statistics.median(one.worked for one in times[name][what]) for name in ("all rows", "50 rows")
        )
        lines.append(Line("P10", f"work for {what}, all rows against 50", many / few, "x", 1.5))
    return lines


def _up_and_down(program: Pty) -> list[Taken]:
    """Two rows down, one up: it moves through the list, and at its end still draws."""
    return [program.key(DOWN), program.key(DOWN), program.key(UP)]


def _opened(program: Pty) -> list[Taken]:
    taken = program.key(OPEN, OPENED)
    os.write(program._main, BACK)
    time.sleep(0.2)  # a lone Esc is told from the beginning of a longer key by what does not follow it
    program.rest(0.3)
    program.key(DOWN)
    program.key(UP)
    return [taken]


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
