"""A write-ahead log cut off or garbled anywhere, and a file that may have no further page: what was committed first stands."""

import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from crmtui.errors import CrmError
from crmtui.services import records
from crmtui.services.context import Context
from tests.conftest import NOW
from tests.faults.state import assert_sound

LEADS = 12
HEADER = 32
"""Bytes before the first frame of the log."""


def _open(path: Path) -> Context:
    return Context.open(flags={"db": f"sqlite:///{path}"}, now=NOW)


def _companies(ctx: Context) -> list[str]:
    rows = records.find(ctx, "lead", fields=["company"], sort="ref").rows
    return sorted(str(row["company"]) for row in rows)


@pytest.fixture(scope="module")
def torn(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A store, and its log with twelve leads one after the other, as they lay there when the power went."""
    folder = tmp_path_factory.mktemp("torn")
    store = folder / "live.db"
    shutil.copyfile(sqlite_template, store)
    with _open(store) as ctx:
        for number in range(LEADS):
            records.add(ctx, "lead", {"company": f"Company {number:02}"})
        shutil.copyfile(store, folder / "crm.db")
        shutil.copyfile(f"{store}-wal", folder / "crm.db-wal")
    return folder / "crm.db", folder / "crm.db-wal"


def _try(store: Path, log: bytes, folder: Path, *, whole: bool = True) -> int:
    """Open `store` with this log; how many of the leads it holds: the first ones, and a store that is whole and goes on."""
    path = folder / "crm.db"
    for old in folder.glob("crm.db*"):
        old.unlink()
    shutil.copyfile(store, path)
    path.chmod(0o600)
    Path(f"{path}-wal").write_bytes(log)
    with _open(path) as ctx:
        found = _companies(ctx)
        assert found == [f"Company {number:02}" for number in range(len(found))]
        if whole:
            assert_sound(ctx)
        records.add(ctx, "lead", {"company": "And on we go"})
        assert len(_companies(ctx)) == len(found) + 1
    return len(found)


def test_a_log_cut_off_or_garbled_anywhere(
    request: pytest.FixtureRequest, torn: tuple[Path, Path], tmp_path: Path
) -> None:
    store, log = torn[0], torn[1].read_bytes()
    chance = random.Random(8)
    rounds = 200 if request.config.getoption("--long") else 20
    assert _try(store, log, tmp_path) == LEADS
    found = set()
    for number in range(rounds):
        place = chance.randrange(HEADER, len(log))
        cut = _try(store, log[:place], tmp_path, whole=number % 4 == 0)
        damaged = log[:place] + bytes([log[place] ^ 0x55]) + log[place + 1 :]
        garbled = _try(store, damaged, tmp_path, whole=number % 4 == 1)
        # Of a cut log every whole transaction before the cut is there; a garbled frame ends it at the same one.
        assert garbled == cut
        found.add(cut)
    assert len(found) > 2
    assert max(found) <= LEADS


def test_no_page_may_be_added(sqlite_url: str) -> None:
    """The file has reached its largest size: each change is there whole, or refused in a sentence."""
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    done: list[int] = []

    def fill(ctx: Context) -> None:
        for number in range(5000):
            records.add(ctx, "lead", {"company": f"Company {number:04} {'x' * 180}"})
            done.append(number)

    with _open(path) as ctx:
        engine = ctx.store.engine

        def limit(raw: Any, _record: object) -> None:
            pages = raw.execute("PRAGMA page_count").fetchone()[0]
            raw.execute(f"PRAGMA max_page_count = {pages + 20}")

        event.listen(engine, "connect", limit)
        engine.dispose()
        with pytest.raises(CrmError) as said:
            fill(ctx)
        event.remove(engine, "connect", limit)
        engine.dispose()
    assert said.value.code == "store.full"
    with _open(path) as ctx:
        assert len(_companies(ctx)) == len(done) > 0
        assert_sound(ctx)
