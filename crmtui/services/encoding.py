"""Which encoding a text file is in: by its mark, by being UTF-8, or as the person says; never by a guess."""

import codecs
import io
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from crmtui.errors import Invalid
from crmtui.services.source import LINE_LIMIT

CHUNK = 1 << 16  # a line longer than two chunks holds a whole chunk without a line end
CANDIDATES = ("gb18030", "big5", "shift_jis", "euc_kr", "cp1252")
WIDE = ("utf-16-le", "utf-16-be")
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_NOT_FOR_FILES = {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "utf_7"}
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\f\r\x1b"))
_ROWS_SHOWN, _ROW_SHOWN = 3, 100


@dataclass
class Text:
    """What one pass over a file as `encoding` found. `bad_at` is the first byte that cannot be read, or None."""

    encoding: str
    marked: bool = False
    bad_at: int | None = None
    characters: int = 0
    nuls: int = 0
    breaks: bool = False
    quotes: bool = False
    long_lines: bool = False
    end: str = ""  # the last characters, at least one chunk's where there are so many

    @property
    def name(self) -> str:
        """The encoding as people call it: `utf-8-sig` is UTF-8 with a mark."""
        return "utf-8-sig" if self.marked and self.encoding == "utf-8" else self.encoding

    @property
    def nul_heavy(self) -> bool:
        """Whether so much of it is NUL that it is no text in this encoding."""
        return self.nuls * 20 > self.characters


def detect(file: BinaryIO, name: str, asked: str | None = None) -> Text:
    """The encoding of the whole of `file`, which is called `name` in messages; all of it can be read that way.

    `asked` is an encoding's name, or `auto`: the only candidate that reads the whole file. Raises Invalid:
    `import.encoding` with the candidates and three rows as each would read, `import.binary` for what is no text.
    """
    if asked and asked != "auto":
        found = _scan(file, _codec(asked))
    else:
        found = _by_itself(file)
    if found.bad_at is None and not found.nul_heavy:
        return found
    candidates = _candidates(file, found, name)
    if asked == "auto" and len(candidates) == 1:
        return _scan(file, candidates[0])
    raise _unreadable(file, name, found, candidates)


def open_text(file: BinaryIO, found: Text) -> io.TextIOWrapper:
    """`file` as text from its start, line ends as they are. Closing it closes `file`."""
    text = io.TextIOWrapper(file, encoding=found.encoding, errors="strict", newline="")
    rewind(text)
    return text


def rewind(text: io.TextIOWrapper) -> None:
    """Go back to the first character after the mark, if there is a mark."""
    text.seek(0)
    if text.read(1) != "\ufeff":
        text.seek(0)


def bounded_lines(text: io.TextIOWrapper, first_limit: int = LINE_LIMIT) -> Iterator[str]:
    """The lines of `text`; raises Invalid at one that is too long to be held in memory."""
    number, limit = 0, first_limit
    while line := text.readline(limit + 1):
        number += 1
        if len(line) > limit:
            raise Invalid(
                "import.line_too_long",
                "Line {line} has more than {max} characters.",
                hint="Is this a file of rows, with line ends?",
                line=number,
                max=limit,
            )
        yield line
        limit = LINE_LIMIT


def _by_itself(file: BinaryIO) -> Text:
    file.seek(0)
    head = file.read(4)
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            found = _scan(file, encoding)
            found.marked = True
            return found
    return _scan(file, "utf-8")


def _scan(file: BinaryIO, encoding: str) -> Text:
    found = Text(encoding)
    decoder = codecs.getincrementaldecoder(encoding)()
    file.seek(0)
    read = 0
    ends = deque[str](maxlen=3)
    while True:
        chunk = file.read(CHUNK)
        held = len(decoder.getstate()[0])
        try:
            text = decoder.decode(chunk, not chunk)
        except UnicodeDecodeError as error:
            found.bad_at = read - held + error.start
            return found
        read += len(chunk)
        _note(found, text, len(chunk) == CHUNK)
        ends.append(text)
        if not chunk:
            found.end = "".join(ends)
            return found


def _note(found: Text, text: str, whole: bool) -> None:
    breaks = "\n" in text or "\r" in text
    found.characters += len(text)
    found.nuls += text.count("\0")
    found.breaks = found.breaks or breaks
    found.quotes = found.quotes or '"' in text
    found.long_lines = found.long_lines or (whole and not breaks)


def _codec(asked: str) -> str:
    try:
        codec = codecs.lookup(asked)
        "".encode(asked)
    except (LookupError, ValueError):
        codec = None
    if codec is None or codec.incrementaldecoder is None or codec.name.replace("-", "_") in _NOT_FOR_FILES:
        raise Invalid(
            "import.no_such_encoding",
            "There is no encoding {encoding}.",
            hint="Usual ones are {candidates}, utf-8 and auto.",
            encoding=asked,
            candidates=", ".join(CANDIDATES + WIDE),
        )
    return codec.name


def _candidates(file: BinaryIO, found: Text, name: str) -> list[str]:
    """The encodings that read the whole file and could be meant; raises Invalid for what is no text at all."""
    file.seek(0)
    head = file.read(CHUNK)
    wide = head.count(0) * 20 > len(head)
    controls = len(head) - len(head.translate(None, _CONTROLS))
    candidates = [
        encoding
        for encoding in (WIDE if wide else CANDIDATES)
        if encoding != found.encoding
        and (scan := _scan(file, encoding)).bad_at is None
        and (not wide or (scan.breaks and not scan.nuls))
    ]
    if (wide and not candidates) or (not wide and controls * 20 > len(head)):
        raise Invalid(
            "import.binary",
            "{file} is no text file.",
            hint="CSV, TSV, XLSX, XLS, JSON, JSONL and vCard can be read.",
            file=name,
        )
    return candidates


def _unreadable(file: BinaryIO, name: str, found: Text, candidates: list[str]) -> Invalid:
    offset = found.bad_at if found.bad_at is not None else _first_nul(file)
    start, line = _line_of(file, offset)
    start = 0 if candidates and candidates[0] in WIDE else start
    rows = {encoding: _rows_as(file, start, encoding) for encoding in candidates}
    shown = "\n".join(f"  {encoding}: {row}" for encoding, some in rows.items() for row in some)
    return Invalid(
        "import.encoding",
        "{file} is not {encoding}: the byte at {offset} (line {line}) cannot be read.",
        hint=(
            "Say with --encoding what it is: {candidates}. Three rows as each would read:\n{shown}"
            if candidates
            else "No encoding known here reads the whole file: it may be damaged."
        ),
        file=name,
        encoding=found.encoding.upper(),
        offset=offset,
        line=line,
        candidates=", ".join(candidates),
        shown=shown,
        rows=rows,
    )


def _first_nul(file: BinaryIO) -> int:
    file.seek(0)
    return max(file.read(CHUNK).find(0), 0)


def _line_of(file: BinaryIO, offset: int) -> tuple[int, int]:
    """Where the line that holds the byte at `offset` begins, and its number."""
    file.seek(0)
    start = lines = read = 0
    after_return = False
    while read < offset:
        chunk = file.read(min(CHUNK, offset - read))
        lines += chunk.count(b"\n") + chunk.count(b"\r") - chunk.count(b"\r\n")
        lines -= after_return and chunk.startswith(b"\n")
        after_return = chunk.endswith(b"\r")
        last = max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
        start = read + last + 1 if last >= 0 else start
        read += len(chunk)
    return start, lines + 1


def _rows_as(file: BinaryIO, start: int, encoding: str) -> list[str]:
    file.seek(start)
    text = file.read(CHUNK).decode(encoding, "replace").removeprefix("\ufeff")
    rows = [row for row in re.split(r"[\r\n]+", text) if row]
    return [row if len(row) <= _ROW_SHOWN else row[:_ROW_SHOWN] + "…" for row in rows[:_ROWS_SHOWN]]
