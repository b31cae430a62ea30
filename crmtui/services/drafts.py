"""What was typed into a form and not yet saved: kept in a file of the person's own, until the form is saved or emptied."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crmtui.config.file import put
from crmtui.services.context import Context

MOST = 200
"""Drafts kept; beyond that the oldest goes."""


@dataclass(frozen=True)
class Draft:
    """The texts of the fields that were changed, by name, and the version of the record that they were typed over."""

    values: dict[str, str]
    version: int | None = None


def place(ctx: Context, form: str) -> Path | None:
    """The file for the draft of `form`, such as "opp" or "opp O-3", of this person in this store; its name tells nothing.

    None where the account has no home folder.
    """
    from platformdirs import user_state_path

    named = f"{ctx.config.store_url}\n{ctx.actor.id}\n{form}"
    name = hashlib.sha256(named.encode("utf-8", "replace")).hexdigest()[:32]
    try:
        return user_state_path("crmtui", appauthor=False) / "drafts" / f"{name}.json"
    except RuntimeError:
        return None


def find(path: Path) -> Draft | None:
    """The draft at `path`; None when there is none that can be read."""
    try:
        known: Any = json.loads(path.read_text("utf-8"))
        values, version = known["values"], known["version"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not isinstance(values, dict) or not isinstance(version, int | None):
        return None
    return Draft({str(name): str(text) for name, text in values.items()}, version)


def keep(path: Path, values: Mapping[str, str], version: int | None = None) -> None:
    """Keep `values` as the draft at `path`, for its owner alone; no values, no draft. Raises OSError."""
    if not values:
        drop(path)
        return
    text = json.dumps({"values": dict(values), "version": version})  # lone surrogates come back from it too
    put(path, text, lasting=False)
    _thin(path.parent)


def drop(path: Path) -> None:
    """Forget the draft at `path`, if there is one. Raises OSError."""
    path.unlink(missing_ok=True)


def _thin(folder: Path) -> None:
    found = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime)
    for path in found[:-MOST]:
        drop(path)
