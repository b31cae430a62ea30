"""What the tests of the screens share: a company to look at, and a way to press keys."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from crmtui import i18n
from crmtui.screens.app import CrmApp, Look
from crmtui.screens.desk import Desk
from tests.screens import selling
from tests.screens.company import DAY, made

Script = Callable[[CrmApp, Pilot[Any]], Awaitable[Any]]
NOW = f"{DAY}T09:00:00Z"


@pytest.fixture(scope="session")
def maven_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo company's store, made once for each worker."""
    return made(tmp_path_factory.mktemp("maven") / "demo.db")


@pytest.fixture
def maven(maven_template: Path, tmp_path: Path) -> str:
    """The demo company in a store of this test's own."""
    path = tmp_path / "maven.db"
    shutil.copyfile(maven_template, path)
    path.chmod(0o600)
    return f"sqlite:///{path}"


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Drafts and logs of a test stay in its own folder."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture(scope="session")
def filled_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small company with something in every pane, made once for each worker."""
    return selling.made(tmp_path_factory.mktemp("selling") / "crm.db")


@pytest.fixture
def filled(filled_template: Path, tmp_path: Path) -> str:
    """The small company in a store of this test's own."""
    path = tmp_path / "filled.db"
    shutil.copyfile(filled_template, path)
    path.chmod(0o600)
    return f"sqlite:///{path}"


@pytest.fixture(autouse=True)
def _english() -> Any:
    """Every test begins in English, with the usual signs."""
    from crmtui.screens.glyphs import glyphs

    i18n.set_language("en")
    yield
    i18n.set_language("en")
    glyphs.ascii = False


def drive(
    url: str,
    script: Script,
    *,
    size: tuple[int, int] = (120, 36),
    login: str | None = None,
    look: Look | None = None,
    start: str = "",
    now: str = NOW,
    no_color: bool = False,
) -> Any:
    """Run the program on the store at `url` and `script` against it; what the script returns."""

    async def run() -> Any:
        with pytest.MonkeyPatch.context() as patch:
            if no_color:
                patch.setenv("NO_COLOR", "1")
            app = CrmApp(Desk({"db": url}, login, now), look=look, start=start)
        async with app.run_test(size=size) as pilot:
            await settled(app, pilot)
            return await script(app, pilot)

    return asyncio.run(run())


BUSY = ("load", "list", "begin", "keys")
"""Workers that something is still to come of: rows, or what the keys do that were pressed."""


async def settled(app: CrmApp, pilot: Pilot[Any], seconds: float = 10.0) -> None:
    """Wait until the program has read what it shows and drawn it."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    quiet = 0
    while loop.time() < end:
        await pilot.pause(0.02)
        busy = app.desk.busy or any(worker.group in BUSY and worker.is_running for worker in app.workers)
        quiet = 0 if busy else quiet + 1
        if quiet >= 3:
            return
    raise AssertionError("the program did not come to rest")


def text_of(app: CrmApp) -> str:
    """The screen as plain text, one line a row, without blanks at the ends."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips) + "\n"
