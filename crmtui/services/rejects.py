"""The file of rejected rows: the original columns, then line, code and message; it imports again once it is mended."""

import csv
import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from crmtui.errors import CrmError, Forbidden, Invalid, Refused
from crmtui.i18n import N_
from crmtui.services.assignment import REJECT_COLUMNS
from crmtui.text import csv_cell


class Rejects:
    """Open it as a context manager; a file in which nothing was written is taken away again.

    Raises Refused when there is something at `path` already, Forbidden and Invalid where it cannot be written.
    """

    def __init__(self, path: str, header: Sequence[str]) -> None:
        self.path, self.rows = Path(path), 0
        self._width = len(header)
        self._file = _made(path)
        self._writer = csv.writer(self._file, lineterminator="\n")
        self._writer.writerow([*map(csv_cell, header), *REJECT_COLUMNS])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        if not self.rows:
            self.path.unlink(missing_ok=True)

    def write(self, line: int, cells: Sequence[str], error: CrmError) -> None:
        """Add one row: its cells, short ones filled up, and what is too much of a long one behind the rest."""
        own = [*cells[: self._width], *[""] * (self._width - len(cells))]
        self._writer.writerow(
            [
                *map(csv_cell, own),
                line,
                error.code,
                csv_cell(str(error)),
                *map(csv_cell, cells[self._width :]),
            ]
        )
        self.rows += 1

    def flush(self) -> None:
        """Hand what was written to the system: the rows of a finished batch outlive a crash."""
        self._file.flush()


def _made(path: str) -> IO[str]:
    """A new file for its owner alone; never one that is there already."""
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    except FileExistsError as error:
        raise Refused(
            "file.exists",
            N_("There is something at {file} already."),
            hint=N_("Name another file; nothing is ever overwritten."),
            file=path,
        ) from error
    except PermissionError as error:
        raise Forbidden("file.forbidden", N_("You may not write {file}."), file=path) from error
    except (OSError, ValueError) as error:
        raise Invalid("file.unwritable", N_("{file} cannot be written."), file=path) from error
    return open(descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="")
