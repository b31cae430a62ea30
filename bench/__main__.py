"""./dev bench: measure and print the ratios. `--rows` sets the size, `--only` the part."""

import argparse
import os
import platform
import sys
import tempfile
from pathlib import Path

from bench import bulk, queries, report, screens, start

PARTS = ("start", "bulk", "queries", "screens")
"""Screens are measured on the store that the parts before them filled."""


def _told(lines: list[report.Line]) -> list[report.Line]:
    """The lines of one part, printed as soon as they are known."""
    print(report.text(lines), flush=True)
    return lines


def main() -> int:
    """Run the parts asked for; 1 when a figure misses its budget."""
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument(
        "--rows", type=int, default=1_000_000, help="leads and opportunities (default 1,000,000)"
    )
    parser.add_argument("--rounds", type=int, default=9, help="runs of each command and query (default 9)")
    parser.add_argument("--only", choices=PARTS, action="append", help="a part (again for more)")
    given = parser.parse_args()
    parts = given.only or list(PARTS)
    env = {name: value for name, value in os.environ.items() if not name.startswith("CRM_")}
    print(f"Python {platform.python_version()}, {os.cpu_count()} processors, {given.rows:,} rows", flush=True)
    lines: list[report.Line] = []
    with tempfile.TemporaryDirectory(prefix="crm-bench-") as name:
        folder = Path(name)
        env |= {"HOME": name, "XDG_STATE_HOME": name, "XDG_CONFIG_HOME": name, "XDG_DATA_HOME": name}
        if "start" in parts:
            lines += _told(start.measure(folder, env, given.rounds))
        if {"bulk", "queries", "screens"} & set(parts):
            lines += _told(bulk.measure(folder, env, given.rows))
        if {"queries", "screens"} & set(parts):
            lines += _told(queries.measure(folder, given.rows, given.rounds * 3))
        if "screens" in parts:
            lines += _told(screens.measure(folder, env, given.rounds))
    return 0 if all(line.reached for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
