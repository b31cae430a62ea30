"""A real browser before `crm serve`: it is steered as people steer it, and read by what the program sends to its page."""

import asyncio
import base64
import contextlib
import json
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pyte

from tests.screens.terminal import _OTHERS, Screen

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--remote-debugging-port=0", "--window-size=1280,800", "about:blank"),
)
NAMED = {
    "enter": ("Enter", 13, "\r"),
    "escape": ("Escape", 27, ""),
    "tab": ("Tab", 9, ""),
    "up": ("ArrowUp", 38, ""),
    "down": ("ArrowDown", 40, ""),
    "left": ("ArrowLeft", 37, ""),
    "right": ("ArrowRight", 39, ""),
    "space": (" ", 32, " "),
}
CONTROL, SHIFT = 2, 8


class Page:
    """One page of the browser; `text()` is what the program's screen on it says."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._number = 0
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self.screen = Screen(80, 24)
        self._stream = pyte.ByteStream(self.screen)
        self.requests: list[str] = []
        """Every address that the page asked for."""
        self.closed = False
        self._reader = asyncio.create_task(self._read())

    async def call(self, method: str, **params: Any) -> Any:
        """One call of the DevTools protocol; its result."""
        self._number += 1
        answer = self._answers[self._number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": self._number, "method": method, "params": params})
        return await asyncio.wait_for(answer, 20)

    async def _read(self) -> None:
        async for message in self._socket:
            said = json.loads(message.data)
            if "id" in said:
                answer = self._answers.pop(said["id"])
                if "error" in said:
                    answer.set_exception(AssertionError(said["error"]))
                else:
                    answer.set_result(said["result"])
            else:
                self._take(said["method"], said["params"])

    def _take(self, method: str, params: Any) -> None:
        if method == "Network.webSocketFrameReceived" and params["response"]["opcode"] == 2:
            content = base64.b64decode(params["response"]["payloadData"])
            self._stream.feed(_OTHERS.sub(b"", content))
        elif method == "Network.webSocketFrameSent":
            said = json.loads(params["response"]["payloadData"])
            if said[0] == "resize":
                self.screen.resize(said[1]["height"], said[1]["width"])
        elif method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Network.webSocketCreated":
            self.requests.append(params["url"])
        elif method == "Network.webSocketClosed":
            self.closed = True

    async def open(self, address: str) -> None:
        """Go to `address`."""
        await self.call("Network.enable")
        await self.call("Page.enable")
        await self.call("Page.navigate", url=address)

    def text(self) -> str:
        """What stands on the program's screen, without blanks at the ends of lines."""
        return "\n".join(line.rstrip() for line in self.screen.display) + "\n"

    async def until(self, true: Callable[[], bool], timeout: float = 30.0) -> None:
        """Wait until `true`; fails when that takes too long."""
        end = time.monotonic() + timeout
        while not true():
            assert time.monotonic() < end, f"it did not come to that:\n{self.text()}\n{self.requests}"
            await asyncio.sleep(0.05)

    async def wait_for(self, text: str, timeout: float = 30.0, *, gone: bool = False) -> str:
        """Wait until `text` stands on the program's screen, or is `gone`; the whole screen."""
        await self.until(lambda: (text in self.text()) is not gone, timeout)
        return self.text()

    async def press(self, *keys: str) -> None:
        """Press keys: names as Textual has them (`ctrl+q`, `enter`), or single characters."""
        for key in keys:
            modifiers = CONTROL if key.startswith("ctrl+") else 0
            name = key.removeprefix("ctrl+")
            label, code, text = NAMED.get(name, (name, ord(name.upper()[0]), name))
            event = {"key": label, "windowsVirtualKeyCode": code, "modifiers": modifiers}
            if text and not modifiers:
                event["text"] = text
            await self.call("Input.dispatchKeyEvent", type="keyDown", **event)
            await self.call("Input.dispatchKeyEvent", type="keyUp", **event)

    async def point_of(self, text: str) -> tuple[float, float]:
        """Where the first cell of `text` is on the page, in pixels."""
        row, line = next((at, line) for at, line in enumerate(self.screen.display) if text in line)
        # The screen in memory keeps an empty cell behind a wide sign: the place in the line is that of the cell.
        column = line.index(text)
        box = (
            await self.call(
                "Runtime.evaluate",
                expression="JSON.stringify(document.querySelector('.xterm-screen').getBoundingClientRect())",
            )
        )["result"]["value"]
        area = json.loads(box)
        across = area["width"] / self.screen.columns
        down = area["height"] / self.screen.lines
        return area["left"] + (column + 0.5) * across, area["top"] + (row + 0.5) * down

    async def mouse(self, kind: str, at: tuple[float, float], *, clicks: int = 1, held: bool = False) -> None:
        """`kind` is mousePressed, mouseReleased or mouseMoved."""
        button = "none" if kind == "mouseMoved" and not held else "left"
        await self.call(
            "Input.dispatchMouseEvent",
            type=kind,
            x=at[0],
            y=at[1],
            button=button,
            buttons=int(held or kind == "mousePressed"),
            clickCount=clicks,
        )

    async def click(self, text: str) -> None:
        """Click on the first cell of `text`."""
        at = await self.point_of(text)
        await self.mouse("mousePressed", at)
        await self.mouse("mouseReleased", at)

    async def drag(self, text: str, to: str) -> None:
        """Drag what stands at `text` to where `to` stands."""
        start, end = await self.point_of(text), await self.point_of(to)
        await self.mouse("mousePressed", start)
        for part in (0.3, 0.6, 1.0):
            point = start[0] + (end[0] - start[0]) * part, start[1] + (end[1] - start[1]) * part
            await self.mouse("mouseMoved", point, held=True)
        await self.mouse("mouseReleased", end)

    async def picture(self) -> bytes:
        """The page as a PNG."""
        return base64.b64decode((await self.call("Page.captureScreenshot"))["data"])


@contextlib.asynccontextmanager
async def page(profile: Path) -> AsyncIterator[Page]:
    """A browser with an empty `profile`, and its page."""
    assert CHROMIUM is not None
    running = subprocess.Popen(
        [CHROMIUM, *FLAGS, f"--user-data-dir={profile}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        port = await _port(profile)
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                [target] = [one for one in await answer.json() if one["type"] == "page"]
            async with session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                found = Page(socket)
                yield found
                with contextlib.suppress(Exception):
                    await found.call("Browser.close")
                found._reader.cancel()
    finally:
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.wait(timeout=5)
        if running.poll() is None:
            running.kill()
            running.wait(timeout=10)


async def _port(profile: Path) -> int:
    told = profile / "DevToolsActivePort"
    for _ in range(400):
        if told.exists() and (lines := told.read_text().splitlines()):
            return int(lines[0])
        await asyncio.sleep(0.05)
    raise AssertionError("the browser did not start")
