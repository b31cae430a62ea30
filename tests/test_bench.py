"""The benchmark runs, whatever it measures on this machine."""

import subprocess
import sys
from pathlib import Path


def test_it_measures_every_part_but_the_start() -> None:
    command = [sys.executable, "-m", "bench", "--rows", "300", "--rounds", "1", "--only", "queries"]
    done = subprocess.run(
        command, cwd=Path(__file__).parent.parent, capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, 1), done.stderr
    for figure in ("import of 300 rows", "opp list of 50 by -amount", "forecast of one department"):
        assert figure in done.stdout, done.stdout
