"""Opens what another program wrote, whatever it is, as a header and batches of rows of text."""

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import BinaryIO

from crmtui.errors import Forbidden, Invalid
from crmtui.i18n import _
from crmtui.services.delimited import Delimited
from crmtui.services.encoding import Text, detect
from crmtui.services.source import FIELD_LIMIT, Batch, Problem, Row, Source

__all__ = ["FIELD_LIMIT", "Batch", "Problem", "Row", "Source", "open_source"]

_HEAD = 4096
_TEXTS = {".csv", ".tsv", ".tab", ".txt"}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def open_source(
    path: str | os.PathLike[str],
    *,
    encoding: str | None = None,
    sheet: str | None = None,
    delimiter: str | None = None,
    stream: BinaryIO | None = None,
) -> Source:
    """The file at `path` opened for reading; `-` reads `stream`, or else the standard input, to its end first.

    `encoding` names one or is `auto`, `sheet` is a workbook's sheet (the first by default), `delimiter` is one
    character or `tab`. Everything that makes the file as a whole unusable raises here, before any row: Invalid
    with a code `import.…` or `file.…`, Forbidden when the operating system does not let it be read.
    """
    name = os.fspath(path)
    file = _opened(name, stream)
    name = _("standard input") if name == "-" else name
    try:
        return _reader(file, name, encoding, sheet, delimiter)
    except BaseException:
        file.close()
        raise


def _reader(
    file: BinaryIO, name: str, encoding: str | None, sheet: str | None, delimiter: str | None
) -> Source:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(_HEAD)
    if head.startswith((b"PK\x03\x04", _OLE)):
        from crmtui.services.sheets import (
            Sheet,
        )  # loads the workbook library, which the others need not wait for

        return Sheet(file, size, name, kind="xls" if head.startswith(_OLE) else "xlsx", sheet=sheet)
    if sheet is not None:
        raise Invalid(
            "import.no_sheets", "{file} is no workbook: it has no sheets.", field="sheet", file=name
        )
    found = detect(file, name, encoding)
    kind = _kind(head, found, Path(name).suffix.lower())
    if kind == "vcard":
        from crmtui.services.vcards import Cards

        return Cards(file, size, found, name)
    if kind:
        from crmtui.services.json_rows import JsonArray, JsonLines

        return (JsonArray if kind == "json" else JsonLines)(file, size, found, name)
    return Delimited(
        file, size, found, name, delimiter=delimiter, tabs=name.lower().endswith((".tsv", ".tab"))
    )


def _kind(head: bytes, found: Text, suffix: str) -> str:
    """`vcard`, `json` (an array), `jsonl`, or '' for delimited text."""
    start = head.decode(found.encoding, "ignore").removeprefix("\ufeff").lstrip()
    if suffix == ".vcf" or start[:11].upper() == "BEGIN:VCARD":
        return "vcard"
    if suffix in (".jsonl", ".ndjson"):
        return "jsonl"
    if suffix == ".json":
        return "json" if start.startswith("[") else "jsonl"
    if suffix in _TEXTS:
        return ""
    if start.startswith("{"):
        return "jsonl"
    return "json" if start.startswith("[") and start[1:].lstrip()[:1] in ("{", "]") else ""


def _opened(name: str, stream: BinaryIO | None) -> BinaryIO:
    """The file, or a copy of what can only be read once."""
    if name == "-":
        return _copied(stream or sys.stdin.buffer)
    try:
        file = open(name, "rb")  # noqa: SIM115  the source closes it
    except (FileNotFoundError, NotADirectoryError) as error:
        raise Invalid("file.not_found", "There is no file {file}.", file=name) from error
    except IsADirectoryError as error:
        raise Invalid("file.directory", "{file} is a directory.", file=name) from error
    except PermissionError as error:
        raise Forbidden("file.forbidden", "You may not read {file}.", file=name) from error
    except (OSError, ValueError) as error:
        raise Invalid("file.unreadable", "{file} cannot be opened.", file=name) from error
    if file.seekable():
        return file
    with file:
        return _copied(file)


def _copied(stream: BinaryIO) -> BinaryIO:
    copy = tempfile.TemporaryFile()  # noqa: SIM115  the source closes it
    shutil.copyfileobj(stream, copy, 1 << 20)
    return copy
