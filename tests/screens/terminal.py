"""A real terminal for the program: a pseudo-terminal, read by a screen in memory that answers as terminals do."""

import contextlib
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
import unicodedata
from collections.abc import Mapping, Sequence
from fcntl import ioctl
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyte
from wcwidth import wcwidth

KEYS = {
    "enter": "\r",
    "escape": "\x1b",
    "tab": "\t",
    "shift+tab": "\x1b[Z",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "home": "\x1b[H",
    "end": "\x1b[F",
    "pageup": "\x1b[5~",
    "pagedown": "\x1b[6~",
    "delete": "\x1b[3~",
    "f1": "\x1bOP",
    "space": " ",
    **{f"ctrl+{letter}": chr(ord(letter) - 96) for letter in "abcdefghijklmnopqrstuvwxyz"},
}
_OTHERS = re.compile(rb"\x1b\[[<>=][0-9;]*[a-z]")
"""Sequences of newer keyboards, which the screen in memory would print."""
CRM = (sys.executable, "-m", "crmtui")


def account(home: Path, url: str, now: str, **variables: str) -> dict[str, str]:
    """The whole environment of a person whose home is `home` and whose store is at `url`, last seen at the leads."""
    state = home / ".local/state/crmtui"
    state.mkdir(parents=True)
    (state / "screens.json").write_text('{"place": [2, "lead"], "met": true}')
    usual = {
        "PATH": os.environ["PATH"],
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LANG": "C.UTF-8",
    }
    return {**usual, "HOME": str(home), "CRM_DB": url, "CRM_NOW": now, **variables}


class Screen(pyte.Screen):
    """A screen that answers where its cursor is; one that is `wide` takes two cells for signs of either width."""

    wide = False
    answers = True

    def report_device_status(self, mode: int, **_: Any) -> None:
        """Say where the cursor is, counted from 1."""
        if mode == 6 and self.answers:
            more = 1 if self.wide and self.cursor.x else 0
            self.write_process_input(f"\x1b[{self.cursor.y + 1};{self.cursor.x + 1 + more}R")

    def draw(self, data: str) -> None:
        """Put text on the screen; what takes no cell and joins no letter is left out, for pyte would leave out the rest."""
        super().draw("".join(one for one in data if wcwidth(one) or unicodedata.combining(one)))

    def select_graphic_rendition(self, *attributes: int, **kwargs: Any) -> None:
        """Colours; a sequence that pyte takes for them, and is none, is left out."""
        if not kwargs.get("private"):
            super().select_graphic_rendition(*attributes)


class Terminal:
    """`command` at a terminal of `size` (columns, rows) with exactly `env`. Use it as a context manager."""

    def __init__(
        self,
        command: Sequence[str],
        env: Mapping[str, str],
        size: tuple[int, int] = (120, 36),
        *,
        wide: bool = False,
        answers: bool = True,
    ) -> None:
        self.screen = Screen(*size)
        self.screen.wide, self.screen.answers = wide, answers
        self.screen.write_process_input = self.write  # type: ignore[method-assign]
        self._stream = pyte.ByteStream(self.screen)
        self.bytes = b""
        """All that the program wrote."""
        self._main, end = pty.openpty()
        ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.before = termios.tcgetattr(end)
        self.process = subprocess.Popen(
            command, stdin=end, stdout=end, stderr=end, env=dict(env), start_new_session=True
        )
        self._end = end

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(timeout=10)
        os.close(self._end)
        os.close(self._main)

    def write(self, text: str) -> None:
        """Send `text` as it is."""
        os.write(self._main, text.encode())

    def send(self, *keys: str) -> None:
        """Press keys: names as Textual has them (`ctrl+q`, `enter`), or text."""
        for key in keys:
            self.write(KEYS.get(key, key))

    def read(self, seconds: float = 0.05) -> None:
        """Take in what the program writes within `seconds`."""
        if select.select([self._main], [], [], seconds)[0]:
            with contextlib.suppress(OSError):  # the terminal is gone when the process ends
                piece = os.read(self._main, 65536)
                self.bytes += piece
                self._stream.feed(_OTHERS.sub(b"", piece))

    def text(self) -> str:
        """What stands on the screen, without blanks at the ends of lines."""
        buffer, across = self.screen.buffer, range(self.screen.columns)
        # The second cell of a wide letter holds nothing, wherever it was written over.
        lines = ("".join(buffer[y][x].data for x in across) for y in range(self.screen.lines))
        return "\n".join(line.rstrip() for line in lines) + "\n"

    def wait_for(self, text: str, timeout: float = 20.0, *, gone: bool = False) -> str:
        """Wait until `text` stands on the screen, or is `gone`; the whole screen. Fails when that takes too long."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if (text in self.text()) is not gone:
                return self.text()
            if self.process.poll() is not None:
                self.read(0)
                if (text in self.text()) is not gone:
                    return self.text()
                break
            self.read()
        raise AssertionError(f"{text!r} {'stayed' if gone else 'did not come'}:\n{self.text()}")

    def resize(self, columns: int, rows: int) -> None:
        """Make the terminal larger or smaller."""
        self.screen.resize(rows, columns)
        ioctl(self._end, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.kill(self.process.pid, signal.SIGWINCH)

    def ended(self, timeout: float = 20.0) -> int:
        """Wait for the end of the program; its exit code."""
        end = time.monotonic() + timeout
        while self.process.poll() is None and time.monotonic() < end:
            self.read()
        for _ in range(20):
            self.read(0)
        code = self.process.poll()
        assert code is not None, f"the program goes on:\n{self.text()}"
        return code

    @property
    def clean(self) -> bool:
        """Whether the terminal is as it was before: its mode, no second screen, cursor shown, no mouse, no paste mode."""
        left = [
            mode
            for mode in ("1049", "1000", "1002", "1003", "1006", "2004", "1004")
            if self.bytes.rfind(f"\x1b[?{mode}h".encode()) > self.bytes.rfind(f"\x1b[?{mode}l".encode())
        ]
        hidden = self.bytes.rfind(b"\x1b[?25l") > self.bytes.rfind(b"\x1b[?25h")
        return not left and not hidden and termios.tcgetattr(self._end) == self.before
