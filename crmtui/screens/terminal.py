"""The terminal before and around the screens: whether there is one, what it can draw, and that it is left clean."""

import asyncio
import os
import re
import select
import signal
import sys
import time
from typing import TYPE_CHECKING

from crmtui.errors import NotReady
from crmtui.i18n import N_, gettext

if TYPE_CHECKING:
    from crmtui.screens.app import CrmApp

SAMPLE = "●"
"""A sign that terminals draw one or two cells wide."""
PATIENCE = 0.3
"""Seconds to wait for a terminal that may not answer."""
_WHERE = re.compile(rb"\x1b\[(\d+);(\d+)R")


def present() -> bool:
    """Whether a person sits there: all three streams are a terminal, or a browser stands in for it."""
    streams = (sys.__stdin__, sys.__stdout__, sys.__stderr__)
    return in_browser() or all(
        stream is not None and not stream.closed and stream.isatty() for stream in streams
    )


def in_browser() -> bool:
    """Whether what is drawn goes to a page of `crm serve`."""
    return os.environ.get("TEXTUAL_DRIVER", "").endswith(":WebDriver")


def can_draw() -> bool:
    """Whether the terminal can do more than one line after the other."""
    return in_browser() or os.environ.get("TERM", "") not in ("dumb", "unknown")


def check() -> None:
    """Raise NotReady where the screens cannot be drawn."""
    if not can_draw():
        raise NotReady(
            "screens.terminal",
            N_("The screens need a terminal that can move its cursor, and TERM is {term}."),
            hint=N_(
                "Every screen is a command too: crm --help lists them, with --format plain for a reader."
            ),
            term=os.environ.get("TERM", ""),
        )


_COERCED = ("C.UTF-8", "C.utf8", "UTF-8")
"""What Python itself puts into LC_CTYPE where the locale is C or not installed: it says nothing about the terminal."""


def charset() -> str:
    """The character set that the environment names; empty where it says nothing."""
    for variable in ("LC_ALL", "LC_CTYPE", "LANG"):
        value = os.environ.get(variable, "")
        if value and not (variable == "LC_CTYPE" and value in _COERCED):
            return value.partition(".")[2].partition("@")[0].lower() or "ascii"
    return ""


def needs_ascii() -> tuple[bool, str]:
    """Whether only ASCII signs come out well, and a sentence that says why where one might wonder."""
    if in_browser():
        return False, ""
    said = charset()
    if said and said.replace("-", "") != "utf8":
        return True, ""
    width = sample_width()
    if width is None:
        return not said, ""
    if width == 1:
        return False, ""
    return True, gettext(
        N_("This terminal draws some signs wider than one cell: ASCII is used. See the setting glyphs.")
    )


def sample_width() -> int | None:
    """How many cells the terminal takes for the sample; None when it does not tell in time."""
    import termios
    import tty

    try:
        here, there = sys.__stdin__.fileno(), sys.__stdout__.fileno()  # type: ignore[union-attr]
        before = termios.tcgetattr(here)
    except (OSError, ValueError, termios.error):
        return None
    try:
        tty.setraw(here, termios.TCSANOW)
        os.write(there, f"\r{SAMPLE}\x1b[6n".encode())
        column = _answer(here, PATIENCE)
        os.write(there, b"\r\x1b[K")
    finally:
        termios.tcsetattr(here, termios.TCSANOW, before)
    return None if column is None else column - 1


def _answer(descriptor: int, seconds: float) -> int | None:
    """The column that the terminal tells, counted from 1."""
    said, end = b"", time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and len(said) < 1000:
        if not select.select([descriptor], [], [], left)[0]:
            break
        piece = os.read(descriptor, 100)
        if not piece:
            break
        said += piece
        if found := _WHERE.search(said):
            return int(found[2])
    return None


def run(app: "CrmApp") -> int:
    """Run the screens to their end; the exit code. Whatever ends them, the terminal is put back as it was.

    Raises the CrmError for which they could not begin, and a fault of the program as what it is.
    """

    async def whole() -> int | None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, app.exit, 128 + number)
        return await app.run_async()

    if not in_browser() and sys.platform != "win32":
        from crmtui.screens.typed import Driver

        app.driver_class = Driver
    code = asyncio.run(whole())
    if app.refused is not None:
        raise app.refused
    if app.fault is not None:
        raise app.fault
    return code or 0
