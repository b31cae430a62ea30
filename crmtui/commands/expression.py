"""--jq and --template: the person's own expressions over the JSON of a command."""

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from crmtui.commands.formats import json_line
from crmtui.errors import Invalid
from crmtui.i18n import N_, gettext
from crmtui.text import clean

_BATCH = 500


def jq(expression: str, data: Any) -> Iterator[str]:
    """What the jq `expression` makes of `data`: texts as they are, everything else as JSON. Raises Invalid."""
    import jq as engine

    try:
        for result in engine.compile(expression).input_value(data):
            yield (clean(result, multiline=True) if isinstance(result, str) else json_line(result)) + "\n"
    except ValueError as error:
        raise _wrong("--jq", str(error)) from error


def template(source: str, objects: Iterable[dict[str, Any]]) -> Iterator[str]:
    """The text of the Jinja template `source` for each object, one after the other. Raises Invalid.

    The template runs in a process of its own, sandboxed and limited (see `rendering.py`), a few hundred objects at a
    time.
    """
    batch: list[dict[str, Any]] = []
    for item in objects:
        batch.append(_nested(item))
        if len(batch) == _BATCH:
            yield _rendered(source, batch)
            batch = []
    if batch:
        yield _rendered(source, batch)


def _nested(item: dict[str, Any]) -> dict[str, Any]:
    """`item` with a name such as x.eu_vat as a name within x, which is how a template says it."""
    nested: dict[str, Any] = {}
    for name, value in item.items():
        head, dot, rest = name.partition(".")
        if dot and rest.isidentifier():
            nested.setdefault(head, {})[rest] = value
        else:
            nested[name] = value
    return nested


def _rendered(source: str, batch: list[dict[str, Any]]) -> str:
    command = [sys.executable, "-m", "crmtui.commands.rendering"]
    given = json.dumps({"template": source, "objects": batch})
    done = subprocess.run(command, input=given.encode("ascii"), capture_output=True, check=False)
    answer = done.stdout.decode("utf-8", "replace")
    if done.returncode == 0:
        return clean(answer, multiline=True)
    if done.returncode == 2:
        raise _wrong("--template", answer)
    raise _wrong("--template", gettext(N_("it takes too much time or memory.")))


def _wrong(option: str, reason: str) -> Invalid:
    lines = reason.strip().splitlines() or [""]
    return Invalid(
        "usage.expression",
        N_("{option} cannot be used: {reason}"),
        field=option.lstrip("-"),
        option=option,
        reason=lines[0],
    )
