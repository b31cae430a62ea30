"""How far a long command is, on standard error, where a person looks on."""

import os
import sys
import time
from types import TracebackType
from typing import Self

from crmtui.commands.call import Call
from crmtui.i18n import N_, gettext

_EVERY = 0.1
"""Seconds between two drawings."""


class Progress:
    """Called with bytes read, bytes in all, and rows; draws one line that is gone in the end. Silent without a terminal."""

    def __init__(self, call: Call) -> None:
        self._on = sys.stderr.isatty() and not call.options.quiet and os.environ.get("TERM") != "dumb"
        self._last = 0.0
        self._drawn = False

    def __call__(self, done: int, total: int, rows: int) -> None:
        now = time.monotonic()
        if not self._on or now - self._last < _EVERY:
            return
        self._last, self._drawn = now, True
        share = min(done * 100 // total, 100) if total else 0
        bar = "#" * (share // 5) + "." * (20 - share // 5)
        text = gettext(N_("{share} %, {rows} rows")).format(share=share, rows=f"{rows:,}")
        sys.stderr.write(f"\r{bar} {text}\x1b[K")
        sys.stderr.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
