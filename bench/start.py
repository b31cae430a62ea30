"""P2 and P3: how long a command takes to start, against what Python and sqlmodel cost by themselves."""

import sys
from pathlib import Path

from bench.pairs import compare, run
from bench.report import Line

CRM = str(Path(sys.executable).with_name("crm"))


def measure(folder: Path, env: dict[str, str], rounds: int) -> list[Line]:
    """The start-up figures, on a small store in `folder`."""
    env = {**env, "CRM_DB": f"sqlite:///{folder / 'start.db'}"}
    for command in (["init"], ["lead", "add", "Acme"], ["account", "add", "Acme"]):
        run([CRM, *command], env)
    run([CRM, "opp", "add", "Deal", "--account", "1", "--expected-close-on", "today+30d"], env)
    bare = {"python -c pass": [sys.executable, "-c", "pass"]}
    helps = {
        "crm --help": [CRM, "--help"],
        "crm lead --help": [CRM, "lead", "--help"],
        "crm --version": [CRM, "--version"],
    }
    lines = [
        Line("P3", one.label, one.ratio, "x python -c pass", 12.0)
        for one in compare({**bare, **helps}, env, rounds)[1:]
    ]
    model = {"import sqlmodel": [sys.executable, "-c", "import sqlmodel"]}
    work = {
        "crm lead list": [CRM, "lead", "list"],
        "crm lead add": [CRM, "lead", "add", "Globex"],
        "crm opp advance": [CRM, "opp", "advance", "1", "--to", "proposal", "-n"],
    }
    timed = compare({**model, **work}, env, rounds)
    allowed = 1.3 + 0.1 / timed[0].seconds
    lines += [Line("P2", one.label, one.ratio, "x import sqlmodel", allowed) for one in timed[1:]]
    return lines
