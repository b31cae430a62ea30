"""The file of rejected rows: the original columns, then line, code and message; it imports again once it is mended."""

import csv
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from crmtui.errors import CrmError
from crmtui.services import newfile
from crmtui.services.assignment import REJECT_COLUMNS
from crmtui.text import csv_cell


class Rejects:
    """Open it as a context manager; a file in which nothing was written is taken away again.

    Raises Refused when there is something at `path` already, Forbidden and Invalid where it cannot be written.
    """

    def __init__(self, path: str, header: Sequence[str]) -> None:
        self.path, self.rows = Path(path), 0
        self._width = len(header)
        self._file = newfile.made(path)
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
