"""Trees as lists: indented for people, with their depth as a column for programs."""

from collections.abc import Sequence
from typing import Any

from crmtui.commands.call import Call


def indented(
    call: Call, shape: Sequence[Any], rows: list[dict[str, Any]]
) -> tuple[list[Any], list[dict[str, Any]]]:
    """`shape` and `rows` as `Call.rows` takes them: on a terminal the names are indented and the depth is left out."""
    if not call.out.people:
        return list(shape), rows
    shown = [{**row, "name": "  " * row["depth"] + row["name"]} for row in rows]
    return [field for field in shape if field.name != "depth"], shown
