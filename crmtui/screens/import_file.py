"""The first step of an import: a path typed or pasted, the files used lately, and what lies in a folder."""

import asyncio
import os
from collections.abc import Sequence
from datetime import date, datetime
from urllib.parse import unquote, urlsplit

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input

from crmtui.i18n import N_, gettext
from crmtui.screens.cells import day_text
from crmtui.screens.fields import FieldRow, LineField
from crmtui.screens.glyphs import g
from crmtui.screens.import_rows import line_of
from crmtui.screens.listing import Column, Row, WindowedList, static

ENDINGS = (".csv", ".tsv", ".tab", ".txt", ".xlsx", ".xls", ".json", ".jsonl", ".ndjson", ".vcf")
MOST = 1000
"""So many entries of a folder are shown."""


def meant(text: str) -> str:
    """The path that was typed, pasted or dropped: without quotes, from a file address, with `~` as the home folder."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        text = text[1:-1]
    if text.startswith("file://"):
        text = unquote(urlsplit(text).path)
    elif "\\ " in text and not os.path.exists(text):
        text = text.replace("\\ ", " ")
    return os.path.expanduser(text)


class FileStep(Vertical):
    """A line for the path, and below it what may be meant. Says `Chosen` with the path of a file."""

    DEFAULT_CSS = """
    FileStep { height: 1fr; }
    FileStep > FieldRow { margin: 0 0 1 0; }
    """

    class Chosen(Message):
        """This file."""

        def __init__(self, path: str) -> None:
            super().__init__()
            self.path = path

    def __init__(self, recent: Sequence[str] = ()) -> None:
        super().__init__()
        self.recent = list(recent)

    def compose(self) -> ComposeResult:
        """The line and the list."""
        yield FieldRow("path", gettext(N_("File")), LineField(max=4000, free=True, id="path"), room=8)
        yield WindowedList(
            [
                Column("name", gettext(N_("Name")), 0, sortable=False),
                Column("size", gettext(N_("Size")), 10, right=True, sortable=False),
                Column("changed", gettext(N_("Last change")), 12, sortable=False),
            ],
            marks=False,
            id="files",
        )

    @property
    def line(self) -> LineField:
        """Where the path is typed."""
        return self.query_one("#path", LineField)

    @property
    def files(self) -> WindowedList:
        """What may be meant."""
        return self.query_one("#files", WindowedList)

    def begin(self, recent: Sequence[str]) -> None:
        """Show these files, and what fits what is typed."""
        self.recent = list(recent)
        self.look()

    def say(self, text: str) -> None:
        """What is wrong with the file, below its path."""
        self.query_one(FieldRow).say(text, "wrong" if text else "")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Look again."""
        self.say("")
        self.look()

    def look(self) -> None:
        """List what fits what is typed."""
        self.run_worker(self._look(), group="list", exclusive=True, exit_on_error=False)

    async def _look(self) -> None:
        typed = self.line.typed
        today = self.app.today  # type: ignore[attr-defined]
        rows = await asyncio.to_thread(entries, typed, self.recent, today)
        self.files.show(static(rows), keep=False)
        if self.files.current is not None and self.files.current.kind == "group":
            self.files.move_to(1)

    async def on_key(self, event: events.Key) -> None:
        """Down goes from the line to the list."""
        if event.key == "down" and self.line.has_focus and self.files.count:
            event.stop()
            self.files.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter: the file, or what lies in the folder."""
        event.stop()
        self.submit()

    def submit(self) -> None:
        """Go on with what is typed; with nothing typed, with what is under the cursor."""
        path = meant(self.line.typed)
        if os.path.isdir(path):
            self.into(path)
        elif path:
            self.post_message(self.Chosen(path))
        elif self.files.current is not None and self.files.current.data:
            self.files.open_row(self.files.current)

    def on_windowed_list_opened(self, event: WindowedList.Opened) -> None:
        """A folder opens, a file is chosen."""
        event.stop()
        path = event.row.data
        if not path:
            return
        if os.path.isdir(path):
            self.into(path)
        else:
            self.line.place(path)
            self.post_message(self.Chosen(path))

    def into(self, folder: str) -> None:
        """What lies in `folder`."""
        self.line.place(os.path.join(folder, ""))
        self.look()


def entries(typed: str, recent: Sequence[str], today: date) -> list[Row]:
    """The files used lately, as long as nothing is typed; then what is in the folder and begins as it was typed."""
    path = meant(typed)
    folder, begin = os.path.split(path)
    rows: list[Row] = []
    if not path:
        known = [row for each in recent if (row := _row(each, each, today, "recent")) is not None]
        rows += [_head(gettext(N_("Used lately"))), *known] if known else []
    shown = os.path.abspath(folder or ".")
    rows.append(_head(gettext(N_("In {folder}")).format(folder=line_of(shown, 90))))
    above = os.path.dirname(shown)
    if not begin and above != shown:
        rows.append(Row("..", {"name": (f"../  {line_of(above, 80)}", "muted")}, data=above))
    return rows + _inside(shown, begin, today)


def _inside(folder: str, begin: str, today: date) -> list[Row]:
    """Folders first, then what can be imported."""
    try:
        with os.scandir(folder) as found:
            names = [(not each.is_dir(), each.name) for each in found]
    except OSError:
        return [
            Row(
                "none",
                {"name": (gettext(N_("There is no such folder, or it is not yours to read.")), "error")},
            )
        ]
    wanted = begin.lower()
    kept = [
        (is_file, name)
        for is_file, name in names
        if name.lower().startswith(wanted)
        and (not name.startswith(".") or begin.startswith("."))
        and (not is_file or name.lower().endswith(ENDINGS))
    ]
    kept.sort(key=lambda one: (one[0], one[1].lower()))
    rows = [_row(os.path.join(folder, name), name, today, "here") for _, name in kept[:MOST]]
    return [row for row in rows if row is not None]


def _head(text: str) -> Row:
    return Row(f"= {text}", {"name": text}, "group")


def _row(path: str, name: str, today: date, where: str) -> Row | None:
    try:
        known = os.stat(path)
    except (OSError, ValueError):
        return None
    folder = os.path.isdir(path)
    day = datetime.fromtimestamp(known.st_mtime).astimezone().date()
    return Row(
        f"{where} {path}",
        {
            "name": (line_of(name) + "/", "primary") if folder else line_of(name),
            "size": ("" if folder else size_text(known.st_size), "muted"),
            "changed": (day_text(day, today), "muted"),
        },
        data=path,
    )


def size_text(size: int) -> str:
    """`512 B`, `1.2 MB`."""
    number = float(size)
    for unit in ("B", "kB", "MB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} GB"


def file_title() -> str:
    """What the pane of this step is called."""
    return f"{gettext(N_('File to import'))} {g('dot')} CSV, TSV, XLSX, XLS, JSON, vCard"
