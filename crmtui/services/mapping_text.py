"""A mapping as the text of its file, which reads back as the same mapping; and writing that file."""

import os
from collections.abc import Sequence
from typing import Any

import tomlkit

from crmtui.services import newfile
from crmtui.services.mapping import Mapping


def text_of(mapping: Mapping) -> str:
    """The TOML of `mapping`; what is as usual is left out."""
    found: dict[str, Any] = {
        "noun": mapping.noun,
        "key": list(mapping.key),
        "on_match": mapping.on_match if mapping.on_match != "update" else "",
        "create": sorted(mapping.create),
        "missing": sorted(mapping.missing) if mapping.missing != {""} else [],
        "date_format": list(mapping.date_formats),
        "decimal": mapping.decimal if mapping.decimal != "." else "",
        "ignore": list(mapping.ignore),
        "newline": mapping.newline if mapping.newline != "refuse" else "",
        "columns": {name: _one_or_all(columns) for name, columns in mapping.columns.items()},
        "values": {
            name: {
                word: meaning if isinstance(meaning, str) else dict(meaning)
                for word, meaning in words.items()
            }
            for name, words in mapping.values.items()
        },
        "defaults": dict(mapping.defaults),
    }
    return tomlkit.dumps({name: value for name, value in found.items() if value})


def _one_or_all(columns: Sequence[str]) -> str | list[str]:
    return columns[0] if len(columns) == 1 else list(columns)


def save(mapping: Mapping, path: str) -> None:
    """Write a new file with `mapping`. Raises Refused where there is something already, Forbidden and Invalid."""
    try:
        with newfile.made(path, mode=0o666) as file:
            file.write(text_of(mapping))
    except OSError as error:
        raise newfile.unwritable(path) from error


def unused(path: str) -> str:
    """`path`, or the first with a number before its ending at which there is nothing: fair.toml, fair-2.toml …"""
    stem, ending = os.path.splitext(path)
    number, found = 1, path
    while os.path.lexists(found):
        number += 1
        found = f"{stem}-{number}{ending}"
    return found
