"""What comes from the terminal: a paste is one text whatever stands in it, and bytes that are no UTF-8 end nothing."""

import os
import selectors
from codecs import getincrementaldecoder
from collections.abc import Iterator

from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Paste
from textual.message import Message

START, END = "\x1b[200~", "\x1b[201~"
"""What a terminal puts around a paste."""
PIECE = 64 * 1024
LOOK = 0.1
"""Seconds after which a lone Escape is taken for the key."""


class Typed(XTermParser):
    """Textual's parser, which takes an escape sequence within a paste for keys. Here it is text, as the rest of it."""

    def __init__(self, debug: bool = False) -> None:
        super().__init__(debug)
        self._pasted: list[str] | None = None
        self._held = ""
        """The beginning of a mark of which the rest has not come yet."""

    def feed(self, data: str) -> Iterator[Message]:
        """The events of the next piece of input; no data is its end."""
        if not data:
            yield from super().feed(data)
        data, self._held = self._held + data, ""
        while data:
            mark = START if self._pasted is None else END
            before, found, data = data.partition(mark)
            if not found:
                before, self._held = _parted(before, mark)
            if self._pasted is not None:
                self._pasted.append(before)
            elif before:
                yield from super().feed(before)
            if found == START:
                self._pasted = []
            elif found == END:
                text, self._pasted = "".join(self._pasted or ()), None
                yield Paste(text.replace("\0", ""))


def _parted(text: str, mark: str) -> tuple[str, str]:
    """`text` without the beginning of `mark` at its end, and that; what may be a key pressed by hand is none."""
    for size in range(len(mark) - 1, 2, -1):
        if text.endswith(mark[:size]):
            return text[:-size], text[-size:]
    if mark == END and text.endswith(("\x1b", "\x1b[")):
        at = text.rindex("\x1b")
        return text[:at], text[at:]
    return text, ""


class Driver(LinuxDriver):
    """Textual's driver with this parser; a terminal of another character set is answered by signs for what it sends."""

    def run_input_thread(self) -> None:
        """Hand on what is typed until the program ends."""
        parser = Typed(self._debug)
        decode = getincrementaldecoder("utf-8")(errors="replace").decode
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(LOOK):
                    try:
                        piece = os.read(self.fileno, PIECE)
                    except OSError:
                        piece = b""
                    if not piece:  # the terminal is gone; the signal that says so ends the program
                        return
                    text = decode(piece)
                    for event in parser.feed(text) if text else ():
                        self.process_message(event)
                for event in parser.tick():
                    self.process_message(event)
