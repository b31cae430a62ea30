"""A server for one person's own browser: this machine only, a secret in the address, no page of anyone else."""

import asyncio
import hmac
import secrets
import shlex
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from weakref import WeakSet

import aiohttp_jinja2
from aiohttp import WSCloseCode, web
from textual_serve.app_service import AppService
from textual_serve.server import Server, to_int

from crmtui.errors import Busy
from crmtui.i18n import N_, gettext

HOST = "127.0.0.1"
PAGE = Path(__file__).parent / "page"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Program(AppService):
    """The program behind one page."""

    PATIENCE = 10.0
    """Seconds that it has to put its things away."""

    async def end(self) -> None:
        """Let it end, and make sure that it did."""
        try:
            await asyncio.wait_for(self.stop(), self.PATIENCE)
        except TimeoutError:
            if self._process is not None and self._process.returncode is None:
                self._process.kill()
        if self._process is not None:
            await self._process.wait()


class Serving(Server):
    """Serves the screens on `port` (0: a free one). Every page that is opened runs the program `command` once more.

    Raises Busy when the port is taken.
    """

    def __init__(self, command: str, port: int) -> None:
        self._socket = _listening(port)
        super().__init__(command, HOST, self._socket.getsockname()[1], "crm", templates_path=PAGE)
        self._secret = secrets.token_urlsafe(24)
        self._cookie = f"crm_{self.port}"
        self._pages: WeakSet[web.WebSocketResponse] = WeakSet()

    @property
    def address(self) -> str:
        """What to open; who has it works as the person who serves."""
        return f"{self.public_url}/?key={self._secret}"

    def serve(self, debug: bool = False) -> None:
        """Serve until SIGINT or SIGTERM."""
        web.run_app(self._make_app(), sock=self._socket, print=None, access_log=None)

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()
        app.router.add_static("/page", PAGE)
        app.middlewares.append(self._guard)
        app.on_response_prepare.append(self._protect)
        return app

    @aiohttp_jinja2.template("app_index.html")
    async def handle_index(self, request: web.Request) -> dict[str, Any]:
        """What the page is filled with."""
        return {
            "socket": f"ws://{HOST}:{self.port}/ws",
            "title": self.title,
            "ended": gettext(N_("The program has ended.")),
            "again": gettext(N_("Start it again")),
        }

    async def on_startup(self, app: web.Application) -> None:
        """Nothing is said here: the command has told the address."""

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Run the program for a page, as long as the page is there."""
        page = web.WebSocketResponse(heartbeat=15)
        await page.prepare(request)
        self._pages.add(page)

        async def close() -> None:
            await page.close()

        program = Program(
            self.command,
            write_bytes=page.send_bytes,
            write_str=page.send_str,
            close=close,
            download_manager=self.download_manager,
        )
        await program.start(
            to_int(request.query.get("width", ""), 80), to_int(request.query.get("height", ""), 24)
        )
        try:
            await self._process_messages(page, program)
        finally:
            await program.end()
        return page

    async def on_shutdown(self, app: web.Application) -> None:
        """Close the pages, whose programs then end in peace."""
        for page in list(self._pages):
            await page.close(code=WSCloseCode.GOING_AWAY)

    async def _protect(self, request: web.Request, answer: web.StreamResponse) -> None:
        """Let the page load nothing from elsewhere, nobody frame it, and no address of it leave it."""
        answer.headers.update(
            {
                "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
                f"img-src 'self' data:; connect-src ws://{HOST}:{self.port}; base-uri 'none'; form-action 'none'; "
                "frame-ancestors 'none'",
                "Cross-Origin-Resource-Policy": "same-origin",
                "Cross-Origin-Opener-Policy": "same-origin",
                "Referrer-Policy": "no-referrer",
                "X-Content-Type-Options": "nosniff",
                "Cache-Control": "no-store",
            }
        )

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let in only what was asked of this address, by a page of this address, by who has the secret."""
        origin = request.headers.get("Origin")
        foreign = origin is not None and origin != self.public_url
        if request.host != f"{HOST}:{self.port}" or foreign or (request.path == "/ws" and origin is None):
            return _refused(N_("This is not the address that is served."))
        if request.path == "/" and _same(request.query.get("key", ""), self._secret):
            # The secret goes from the address into a cookie, so that it stays in no bookmark and on no picture.
            answer = web.Response(status=303, headers={"Location": "/"})
            answer.set_cookie(self._cookie, self._secret, httponly=True, samesite="Strict")
            return answer
        if not _same(request.cookies.get(self._cookie, ""), self._secret):
            return _refused(N_("Open the address that `crm serve` has printed."))
        return await handler(request)


def _same(given: str, secret: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), secret.encode())


def _refused(sentence: str) -> web.Response:
    return web.Response(status=403, text=gettext(sentence) + "\n")


def _listening(port: int) -> socket.socket:
    """A socket of this machine alone."""
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((HOST, port))
        found.listen()  # from now on, since the address is told before the server runs
    except OSError as error:
        found.close()
        raise Busy(
            "serve.port",
            N_("Port {port} cannot be had: {reason}."),
            field="port",
            hint=N_("Name another with --port; --port 0 takes a free one."),
            port=port,
            reason=error.strerror,
        ) from error
    return found


def command() -> str:
    """What each page runs: this same program, never one that lies in the folder where it was started."""
    return f"exec {shlex.join([sys.executable, '-P', '-m', 'crmtui'])}"
