"""A mail server for tests, on a socket of this machine: takes mails, refuses them, or cuts the line, as it is told."""

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

Answer = Callable[[str, str, int], str | None]
"""(stage: MAIL, RCPT or DATA; the address; how many mails to it came to that stage before) → what to answer instead of
250, such as "451 try later"; "cut" takes the mail and hangs up before it says so; None for all is well."""


@dataclass
class Server:
    """Where it listens, what it took, and how it answers."""

    port: int
    taken: list[tuple[str, EmailMessage]] = field(default_factory=list)
    answer: Answer = lambda stage, to, before: None
    seen: dict[tuple[str, str], int] = field(default_factory=dict)

    def said(self, stage: str, to: str) -> str | None:
        before = self.seen.get((stage, to), 0)
        self.seen[stage, to] = before + 1
        return self.answer(stage, to, before)

    @property
    def recipients(self) -> list[str]:
        return [to for to, _ in self.taken]


class _Talk(socketserver.StreamRequestHandler):
    def _say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")

    def handle(self) -> None:
        server: Server = self.server.of  # type: ignore[attr-defined]
        self._say("220 test")
        to = ""
        while line := self.rfile.readline().decode("ascii", "replace").strip():
            word = line[:4].upper()
            if word in ("EHLO", "HELO"):
                self._say("250 test")
            elif word == "MAIL":
                self._say(server.said("MAIL", line[10:].strip("<>").partition(">")[0]) or "250 ok")
            elif word == "RCPT":
                to = line[8:].strip().strip("<>")
                self._say(server.said("RCPT", to) or "250 ok")
            elif word == "DATA":
                self._say("354 go on")
                answer = server.said("DATA", to)
                content = b"".join(iter(self.rfile.readline, b".\r\n")).replace(b"\r\n..", b"\r\n.")
                if answer in (None, "cut"):
                    server.taken.append((to, message_from_bytes(content, policy=policy.default)))
                if answer == "cut":
                    return
                self._say(answer or "250 taken")
            elif word == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 ok")


@contextmanager
def running() -> Iterator[Server]:
    """A server that listens until the block ends."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Talk) as listening:
        listening.daemon_threads = True
        server = listening.of = Server(listening.server_address[1])  # type: ignore[attr-defined]
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown()
            thread.join()
