"""Data on its way out: which format, which fields, where to, and nothing that could act on a terminal."""

import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, TextIO

from crmtui.commands.options import FORMATS, Options
from crmtui.errors import Busy, CrmError, Forbidden, Invalid, Refused
from crmtui.i18n import N_
from crmtui.text import nearest

if TYPE_CHECKING:
    from crmtui.config import Config
    from crmtui.services.records import Field as Column

MACHINE = ("csv", "json", "jsonl", "xlsx", "tsv", "md")
Row = Mapping[str, Any]


class Output:
    """The place and the format of one command's data."""

    def __init__(self, options: Options, config: Callable[[], "Config"]) -> None:
        self._options = options
        self._config = config
        self._file: TextIO | None = None
        self._path = "" if options.output in (None, "-") else str(options.output)
        self._part = ""
        self._kept: list[str] = []
        self.preferred = ""
        """The format of a command that has one of its own, where nobody asks for another."""
        if options.format is not None and options.format not in FORMATS:
            raise Invalid(
                "usage.format",
                N_("There is no format {format}."),
                field="format",
                hint=N_("Did you mean {near}?")
                if nearest(options.format, FORMATS)
                else N_("There are: {formats}."),
                format=options.format,
                near=nearest(options.format, FORMATS),
                formats=", ".join(FORMATS),
            )
        if options.format == "xlsx" and not self._path:
            raise Invalid("usage.xlsx", N_("A workbook needs a file: add -o FILE.xlsx."), field="output")

    @classmethod
    def to_file(cls, path: str, format: str) -> "Output":
        """An output of its own, for a command that writes several files."""
        return cls(Options(format=format, output=path), _no_settings)

    @property
    def terminal(self) -> bool:
        """Whether a person reads the output as it comes."""
        return not self._path and sys.stdout.isatty()

    @property
    def format(self) -> str:
        """The format: as asked for, as the file's name ends, as configured on a terminal, else tab-separated."""
        if self._options.format:
            return self._options.format
        if self._options.jq:
            return "json"
        ending = self._path.rpartition(".")[2].lower()
        if self._path and ending in MACHINE:
            return ending
        if self.preferred:
            return self.preferred
        return str(self._config()["format"]) if self.terminal else "tsv"

    @property
    def people(self) -> bool:
        """Whether the output is laid out for a person on a terminal."""
        return self.terminal and self.format not in MACHINE and not self._options.template

    @property
    def kept(self) -> str:
        """All that was written, if --key asked to keep it."""
        return "".join(self._kept)

    # The place

    @property
    def path(self) -> str:
        """The file to write, for a writer that opens it by name: it exists, empty and ours."""
        self.claim()
        return self._part or self._path

    def write(self, text: str) -> None:
        """`text` to the place where data goes."""
        if self._options.key:
            self._kept.append(text)
        self.claim().write(text)

    def claim(self) -> TextIO:
        """The open place; a named file is made now, mode 0600, never through a link, and never over another."""
        if not self._path:
            return sys.stdout
        if self._file is None:
            try:
                self._file = self._make()
            except OSError as error:
                raise _unwritable(self._path, error) from error
        return self._file

    def _make(self) -> TextIO:
        target = self._path
        if self._options.force and os.path.lexists(target):
            if not stat.S_ISREG(os.lstat(target).st_mode):
                raise Refused(
                    "output.not_a_file",
                    N_("{file} is not an ordinary file; it is left as it is."),
                    file=target,
                )
            target = self._part = f"{self._path}.{os.getpid()}.part"
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        return open(handle, "w", encoding="utf-8", errors="backslashreplace", newline="")

    def close(self, done: bool) -> None:
        """Finish the file; when the command failed nothing of it is left."""
        if self._file is None:
            return
        try:
            self._file.close()
            if done and self._part:
                os.replace(self._part, self._path)
        except OSError as error:
            done = False
            raise _unwritable(self._path, error) from error
        finally:
            self._file = None
            if not done:
                os.unlink(self._part or self._path)

    # The data

    def one(self, columns: "Sequence[Column]", row: Row, extra: Mapping[str, Any]) -> None:
        """One record: an object in JSON, lines of `field  value` for people, a row of its own elsewhere."""
        from crmtui.commands import formats, layout

        chosen = select(columns, self._options.fields)
        if self._filtered(chosen, [row], extra):
            return
        if self.format == "json":
            self.write(formats.json_object({**formats.plain_object(chosen, row), **extra}) + "\n")
        elif self.format in ("table", "plain"):
            shown = (
                chosen
                if self._options.fields
                else [
                    column
                    for column in chosen
                    if row.get(column.name) not in (None, [], "") and column.name != "id"
                ]
            )
            for line in layout.card(shown, row):
                self.write(line)
        else:
            self._write_rows(chosen, [row], extra)

    def many(self, columns: "Sequence[Column]", rows: Iterable[Row]) -> tuple[int, list[str]]:
        """All `rows`; comes back with how many there were, and the names of columns that found no room."""
        from crmtui.commands import layout

        chosen = select(columns, self._options.fields)
        counted = _Counted(rows)
        unshown: list[str] = []
        if self._filtered(chosen, counted, None):
            pass
        elif self.people and self.format == "table":
            unshown = layout.table(chosen, list(counted), str(self._config()["color"]))
        elif self.format in ("table", "plain"):
            for line in layout.plain(chosen, counted):
                self.write(line)
        else:
            self._write_rows(chosen, counted, {})
        return counted.count, unshown

    def _write_rows(self, columns: "Sequence[Column]", rows: Iterable[Row], extra: Mapping[str, Any]) -> None:
        from crmtui.commands import formats

        if self.format == "xlsx":
            formats.write_xlsx(self.path, columns, rows)
            return
        writer = formats.WRITERS[self.format]
        for text in writer(columns, rows, formats.Style(self._options.header, self.terminal, extra)):
            self.write(text)

    def _filtered(
        self, columns: "Sequence[Column]", rows: Iterable[Row], extra: Mapping[str, Any] | None
    ) -> bool:
        """Put the data through --jq or --template, if either was asked for. `extra` is None for many rows."""
        if not self._options.jq and not self._options.template:
            return False
        from crmtui.commands import expression, formats

        objects = ({**formats.plain_object(columns, row), **(extra or {})} for row in rows)
        if self._options.template:
            pieces = expression.template(self._options.template, objects)
        else:
            pieces = expression.jq(str(self._options.jq), list(objects) if extra is None else next(objects))
        for piece in pieces:
            self.write(piece)
        return True


class _Counted:
    """Rows, counted as they pass."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = rows
        self.count = 0

    def __iter__(self) -> Iterator[Row]:
        for row in self._rows:
            self.count += 1
            yield row


def _no_settings() -> "Config":
    raise LookupError("a file needs no settings")


def columns(**kinds: str) -> "list[Column]":
    """Columns for values that are no fields of a noun: name → kind (see `Field`); titles as `titled` gives them."""
    from crmtui.services.records import Field

    return [Field(kind, name=name, label=titled(name, kind)) for name, kind in kinds.items()]


TITLES = {"open": N_("Open opps")}
"""Titles of columns whose names alone would be read as something else, such as what a key does."""
OF_MONEY = {"open": N_("Outstanding")}
"""The same, where what stands in the column is an amount."""


def titled(name: str, kind: str = "") -> str:
    """The title of a column by its name, where an underscore reads as a blank."""
    return (
        (OF_MONEY.get(name) if kind == "money" else None)
        or TITLES.get(name)
        or name.replace("_", " ").capitalize()
    )


def select(columns: "Sequence[Column]", names: str | None) -> "Sequence[Column]":
    """The columns that `names` (a,b,c or all) asks for, in that order; all of them when it is silent."""
    if not names or names.strip() == "all":
        return columns
    known = {column.name: column for column in columns}
    chosen = []
    for name in (part.strip() for part in names.split(",")):
        if name not in known:
            near = nearest(name, known)
            raise Invalid(
                "field.unknown",
                N_("There is no field {name} here."),
                field=name,
                hint=N_("Did you mean {near}?") if near else N_("There are: {fields}."),
                name=name,
                near=near,
                fields=", ".join(known),
            )
        chosen.append(known[name])
    return chosen


def peek(rows: Iterable[Row], count: int) -> tuple[list[Row], Iterable[Row]]:
    """The first `count` rows, and all of them."""
    iterator = iter(rows)
    first = list(islice(iterator, count))
    return first, chain(first, iterator)


def _unwritable(path: str, error: OSError) -> CrmError:
    if isinstance(error, FileExistsError):
        return Refused(
            "output.exists",
            N_("{file} exists already."),
            hint=N_("Add --force to replace it."),
            field="output",
            file=path,
        )
    if isinstance(error, PermissionError):
        return Forbidden(
            "output.forbidden", N_("{file} may not be written by this account."), field="output", file=path
        )
    if isinstance(error, (FileNotFoundError, NotADirectoryError, IsADirectoryError)):
        return Invalid(
            "output.no_folder", N_("There is no folder to write {file} in."), field="output", file=path
        )
    return Busy(
        "output.failed",
        N_("{file} could not be written: {reason}"),
        field="output",
        file=path,
        reason=error.strerror or "",
    )
