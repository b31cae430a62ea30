"""`crm serve` before a real browser: the page shows the screens, takes keys and the mouse, and loads nothing foreign."""

import asyncio
import json
import re
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.screens.conftest import NOW
from tests.screens.terminal import CRM, account

pytest.importorskip("textual_serve", reason="the extra `web` is not installed")
browser = pytest.importorskip("tests.screens.browser")


@pytest.fixture
def env(maven: str, tmp_path: Path) -> dict[str, str]:
    """A person at the demo store."""
    return account(tmp_path / "home", maven, NOW)


@pytest.fixture
def address(env: dict[str, str]) -> Iterator[str]:
    """What `crm serve` prints, while it serves."""
    running = subprocess.Popen(
        [*CRM, "serve", "--port", "0"], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    try:
        yield running.stdout.readline().strip()
    finally:
        running.send_signal(signal.SIGINT)
        _out, err = running.communicate(timeout=20)
    assert err == "Serving until Ctrl+C. Whoever has this address works as you do:\n"


def asked(address: str, **headers: str) -> tuple[int, str]:
    """The status and the text of an answer."""
    try:
        with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_only_who_has_the_address_gets_in(address: str) -> None:
    base, _, key = address.partition("/?key=")
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", base)
    assert len(key) >= 32
    for path in ("/", "/?key=wrong", "/ws", "/static/js/textual.js", "/download/x"):
        assert asked(base + path)[0] == 403
    name = f"crm_{base.rpartition(':')[2]}"
    cookie = {"Cookie": f"{name}={key}"}
    status, page = asked(base + "/", **cookie)
    assert status == 200
    assert not [
        link for link in re.findall(r"[a-z]+://[^\"' ]+", page) if not link.startswith("ws://127.0.0.1:")
    ]
    assert asked(base + "/", **cookie, Host="evil.example")[0] == 403
    assert asked(base + "/", **cookie, Origin="http://evil.example")[0] == 403
    assert asked(base + "/ws", **cookie)[0] == 403
    assert asked(base + "/ws", **cookie, Origin="null")[0] == 403
    assert asked(base + "/ws", Origin=base, Cookie=f"{name}=wrong")[0] == 403


@pytest.mark.skipif(browser.CHROMIUM is None, reason="no chromium is installed")
def test_a_page_shows_the_screens_and_takes_keys_and_clicks(address: str, tmp_path: Path) -> None:
    async def script() -> None:
        async with browser.page(tmp_path / "profile") as page:
            await page.open(address)
            await page.wait_for("live")
            await page.press("3")
            await page.wait_for("row 1 of 85")
            await page.click("contacts")
            await page.wait_for("Contacts ·")
            assert len(await page.picture()) > 10_000
            own = (address.partition("/?")[0], address.partition("/?")[0].replace("http", "ws"), "data:")
            assert not [url for url in page.requests if not url.startswith(own)]
            await page.press("ctrl+q")
            await page.until(lambda: page.closed)

    asyncio.run(script())


def told(env: dict[str, str], *words: str) -> Any:
    """What the command line says of the same store."""
    done = subprocess.run([*CRM, *words, "--format", "json"], env=env, capture_output=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.skipif(browser.CHROMIUM is None, reason="no chromium is installed")
def test_a_card_moves_and_a_figure_opens_as_the_command_line_says(
    address: str, env: dict[str, str], tmp_path: Path
) -> None:
    """On the board by a key and by the mouse, taken back once; then behind figures by a click and by a key."""

    async def script() -> None:
        async with browser.page(tmp_path / "profile") as page:
            await page.open(address)
            await page.wait_for("live")
            await page.press("4")
            await page.wait_for("weighted")
            await page.press(">")
            await page.wait_for("moved to Identifying")
            await page.wait_for("Identifying 1")
            await page.drag("▌", "Identifying 1")
            await page.wait_for("Identifying 2")
            await page.press("u")
            await page.wait_for("Identifying 1")
            await page.press("1")
            await page.wait_for("50% of 3.4M")
            await page.click("50% of 3.4M")
            await page.wait_for("row 1 of 30")  # the quotas
            await page.press("escape")
            await page.wait_for("50% of 3.4M")
            await page.press("5")
            await page.wait_for("Team Brinkmann")
            await page.press("right", "right", "right", "right", "enter")
            found.append(await page.wait_for("= the figure you opened"))
            await page.press("ctrl+q")
            await page.until(lambda: page.closed)

    before = stages(env)
    found: list[str] = []
    asyncio.run(script())
    after = stages(env)
    moved = {ref for ref in before if after[ref] != before[ref]}
    assert [after[ref] for ref in moved] == ["identifying"]
    verbs = [row["verb"] for row in told(env, "log", "--limit", "3")]
    assert verbs == ["log.undo", "opp.advance", "opp.advance"]
    company = told(env, "forecast", "--period", "this quarter")[0]
    amount = f"{float(company['forecast']) / 1e6:.1f}M"
    assert f"{company['of']} · 2026Q4 · forecast {amount}" in found[0]
    assert f"{company['components']:,} opportunities · sum {amount} = the figure you opened" in found[0]


def stages(env: dict[str, str]) -> dict[str, str]:
    """The stage of each open opportunity that is at the beginning of the board."""
    rows = told(env, "opp", "list", "--where", "stage in (prospecting, identifying)", "--fields", "ref,stage")
    return {row["ref"]: row["stage"] for row in rows}
