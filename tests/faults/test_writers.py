"""Eight processes that change one opportunity at the same time: nothing is lost, nobody is told of a lock."""

import multiprocessing
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

from crmtui.errors import Conflict, Refused
from crmtui.services import opportunity, records
from crmtui.services.context import Context
from tests.conftest import NOW
from tests.faults.state import assert_sound, versions

WRITERS, COUNTERS, TIMES = 8, 3, 4
IMPORTED = 300
STAGES = ("prospecting", "identifying", "proposal")
FORK = multiprocessing.get_context("fork")


def _opportunity(ctx: Context) -> None:
    records.add(ctx, "account", {"name": "ACME"})
    records.add(
        ctx, "opp", {"account": "1", "name": "Deal", "amount": "0", "expected_close_on": "2027-01-31"}
    )
    for writer in range(WRITERS):
        records.add(ctx, "attribute", {"noun": "opp", "name": f"w{writer}", "type": "whole"})


def _add_one(ctx: Context) -> int:
    """Read the amount, write one more; whoever was overtaken reads again. Comes back with how often that was."""
    overtaken = 0
    while True:
        seen = records.show(ctx, "opp", "1")
        ctx.if_version = seen["version"]
        try:
            opportunity.adjust(ctx, "1", {"amount": str(seen["amount"].minor // 100 + 1)})
            return overtaken
        except Conflict:
            overtaken += 1
        finally:
            ctx.if_version = None


def _advance(ctx: Context, stage: str) -> bool:
    """Whether it moved; another may have moved it there just before."""
    try:
        opportunity.advance(ctx, "1", stage)
    except Refused as error:
        if error.code != "opp.no_such_step":
            raise
        return False
    return True


def _write(url: str, writer: int, start: Any, told: Any) -> None:
    changes = overtaken = 0
    try:
        with Context.open(flags={"db": url}, now=NOW) as ctx:
            start.wait()
            for turn in range(1, TIMES + 1):
                records.edit(ctx, "opp", "1", {f"x.w{writer}": str(turn)})
                changes += 1 + _advance(ctx, STAGES[turn % 3])
                if writer < COUNTERS:
                    overtaken += _add_one(ctx)
                    changes += 1
                else:
                    records.edit_where(ctx, "opp", "id=1", {"note": f"{writer} {turn}"})
                    records.edit_where(
                        ctx, "opp", "id=1", {f"x.w{writer}": str(turn), "channel": f"{writer} {turn}"}
                    )
                    changes += 2
        told.put((writer, changes, overtaken, ""))
    except BaseException:
        told.put((writer, changes, overtaken, traceback.format_exc()))
        raise


def _crm(url: str, *words: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "crmtui", *words, "--db", url, "--now", NOW]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_eight_writers_lose_nothing(store_url: str, tmp_path: Path) -> None:
    file = tmp_path / "leads.csv"
    file.write_text("company\n" + "".join(f"Company {number}\n" for number in range(IMPORTED)))
    with Context.open(flags={"db": store_url}, now=NOW) as ctx:
        _opportunity(ctx)
    start, told = FORK.Event(), FORK.Queue()
    writers = [
        FORK.Process(target=_write, args=(store_url, number, start, told)) for number in range(WRITERS)
    ]
    for writer in writers:
        writer.start()
    start.set()
    lines = [
        ("opp", "edit", "1", "--solution", "as agreed"),
        ("opp", "adjust", "1", "--probability", "33"),
        ("opp", "team", "add", "1", "1"),
        ("lead", "import", str(file)),
    ]
    commands = [_crm(store_url, *words) for words in lines]
    reports = [told.get(timeout=60) for _ in writers]
    said = [(command.communicate(timeout=60), command.returncode) for command in commands]
    for writer in writers:
        writer.join(30)
        writer.close()
    assert [report[3] for report in reports if report[3]] == []
    assert [output for output, code in said if code] == []

    with Context.open(flags={"db": store_url}, now=NOW) as ctx:
        opp = records.show(ctx, "opp", "1")
        assert opp["amount"].minor == COUNTERS * TIMES * 100
        assert [opp[f"x.w{writer}"] for writer in range(WRITERS)] == [TIMES] * WRITERS
        assert opp["solution"] == "as agreed"
        told_versions = versions(ctx, "opp", 1)
        assert told_versions == list(range(1, len(told_versions) + 1))
        assert opp["version"] == told_versions[-1]
        # The two of the command line may find what they set, and then change nothing.
        accepted = sum(report[1] for report in reports)
        assert 1 + accepted <= opp["version"] <= 1 + accepted + 2
        assert records.count_where(ctx, "lead", "") == IMPORTED
        assert_sound(ctx)
