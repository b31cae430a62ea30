"""Whole processes timed in turn, so that a machine whose speed drifts does not decide."""

import os
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Timed:
    """One command over several rounds: median seconds, median ratio to the first command, peak memory in MiB."""

    label: str
    seconds: float
    ratio: float
    memory: float


def run(command: Sequence[str], env: Mapping[str, str]) -> tuple[float, float]:
    """Seconds and peak MiB of one whole process; raises RuntimeError when it fails."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}: exit {process.returncode}: {said.decode()[-400:]}")
    return time.perf_counter() - begin, usage.ru_maxrss / 1024


def compare(commands: Mapping[str, Sequence[str]], env: Mapping[str, str], rounds: int) -> list[Timed]:
    """Each command once a round, in turn, after a round that is not counted; ratios are to the first of its round."""
    found: dict[str, list[tuple[float, float]]] = {label: [] for label in commands}
    for number in range(rounds + 1):
        for label, command in commands.items():
            measured = run(command, env)
            if number:
                found[label].append(measured)
    base = next(iter(found.values()))
    return [
        Timed(
            label,
            statistics.median(seconds for seconds, _ in taken),
            statistics.median(mine[0] / first[0] for mine, first in zip(taken, base, strict=True)),
            max(memory for _, memory in taken),
        )
        for label, taken in found.items()
    ]
