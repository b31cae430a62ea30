"""What the screens remember from one time to the next: where one was, whose records, the theme, columns."""

import contextlib
import json
from pathlib import Path
from typing import Any, TypeVar

from crmtui.config.file import put

T = TypeVar("T")
LARGEST = 256 * 1024
"""A file that is larger was not written here."""


class Memory:
    """Values by key, kept in the file `path`; without a path, or where it cannot be written, until the program ends."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._known = self._read()

    @property
    def lasts(self) -> bool:
        """Whether anything outlives the program."""
        return self._path is not None

    def get(self, key: str, default: T) -> T:
        """What was put under `key` last; `default` where there is nothing, or nothing of its kind."""
        found = self._known.get(key)
        return found if isinstance(found, type(default)) else default

    def put(self, key: str, value: Any) -> None:
        """Remember `value`, which JSON can hold, under `key`; another program's newer values of other keys stay."""
        if self._known.get(key) == value and key in self._known:
            return
        self._known = {**(self._read() or self._known), key: value}
        self._write()

    def _read(self) -> dict[str, Any]:
        """The values in the file; none where it is missing or broken."""
        if self._path is None:
            return {}
        try:
            with self._path.open("rb") as file:
                found = json.loads(file.read(LARGEST))
        except (OSError, ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    def _write(self) -> None:
        """Put all values into the file in one step, readable by its owner alone; what fails is not worth a word."""
        if self._path is None:
            return
        with contextlib.suppress(OSError):
            put(self._path, json.dumps(self._known, ensure_ascii=False), lasting=False)


def own() -> Memory:
    """The memory of this account; one that forgets, for an account without a home folder."""
    from platformdirs import user_state_path

    try:
        return Memory(user_state_path("crmtui", appauthor=False) / "screens.json")
    except RuntimeError:
        return Memory()
