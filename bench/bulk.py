"""P4: a large import, against the bare executemany of the same rows into the same table with the same indices."""

import re
import sys
from pathlib import Path

from bench import make
from bench.pairs import run
from bench.report import Line

CRM = str(Path(sys.executable).with_name("crm"))


def measure(folder: Path, env: dict[str, str], rows: int) -> list[Line]:
    """The import's figures; leaves the store with the leads in `folder` as bulk.db."""
    source, mapping = folder / "leads.csv", folder / "leads.toml"
    make.leads(source, rows)
    make.mapping(mapping)
    bare = [_bare(source, folder, env)]
    env = {**env, "CRM_DB": f"sqlite:///{folder / 'bulk.db'}"}
    run([CRM, "init", "--phone-region", "CN"], env)
    command = [CRM, "lead", "import", str(source), "--mapping", str(mapping)]
    said = folder / "said"
    ours_seconds, ours_memory = run(["sh", "-c", '"$@" 2>"$0" || [ $? = 7 ]', str(said), *command], env)
    bare.append(_bare(source, folder, env))  # before and after: the machine has its moods
    bare_seconds = sum(seconds for seconds, _ in bare) / len(bare)
    found = re.search(r"searching: .* ([0-9.]+) s", said.read_text())
    index_seconds = float(found[1]) if found else 0.0
    ours_seconds -= index_seconds
    again_seconds, _ = run(["sh", "-c", '"$@" || [ $? = 7 ]', "sh", *command], env)
    cache = 256
    return [
        Line(
            "P4",
            f"import of {rows:,} rows, rows/s",
            bare_seconds / ours_seconds,
            "x executemany",
            0.6,
            least=True,
        ),
        Line("P4", "rows/s of executemany", rows / bare_seconds, "rows/s"),
        Line("P4", "rows/s of the import", rows / ours_seconds, "rows/s"),
        Line("P4", "what searches need, afterwards, rows/s", rows / max(index_seconds, 0.001), "rows/s"),
        Line("P4", "memory of the import", ours_memory, "MiB", cache + 250),
        Line("P4", "memory of executemany", max(memory for _, memory in bare), "MiB"),
        Line("", "the same file again, rows/s", rows / again_seconds, "rows/s"),
    ]


def _bare(source: Path, folder: Path, env: dict[str, str]) -> tuple[float, float]:
    """Seconds and memory of the yardstick, on a new store each time."""
    store = folder / "bare.db"
    found = run([sys.executable, "-m", "bench.bare", str(source), str(store)], env)
    store.unlink()
    return found
