"""Rows as text for programs: tab-separated, CSV, JSON, JSON lines, Markdown; and as a workbook."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unicodedata import category

from crmtui.errors import Invalid
from crmtui.i18n import N_
from crmtui.services.records import as_json, as_text
from crmtui.text import clean, csv_cell

if TYPE_CHECKING:
    from crmtui.services.records import Field as Column

Row = Mapping[str, Any]
NUMBERS = ("money", "whole", "percent", "rate", "number")


@dataclass(frozen=True)
class Style:
    """What a writer needs to know: whether names come first, whether a person reads it, what JSON has besides."""

    header: bool
    terminal: bool
    extra: Mapping[str, Any]


# JSON


def plain_object(columns: "Sequence[Column]", row: Row) -> dict[str, Any]:
    """The JSON form of `row`: names in the order of `columns`."""
    return {column.name: as_json(column, row.get(column.name)) for column in columns}


def json_object(value: Any) -> str:
    """`value` as JSON over several lines."""
    return _visible(json.dumps(value, ensure_ascii=False, indent=2))


def json_line(value: Any) -> str:
    """`value` as JSON in one line."""
    return _visible(json.dumps(value, ensure_ascii=False))


def _visible(text: str) -> str:
    r"""JSON with everything that does not print as \u escapes: the same values, and nothing for a terminal to obey."""
    if text.isprintable():
        return text
    return "".join(letter if _prints(letter) else json.dumps(letter)[1:-1] for letter in text)


def _prints(letter: str) -> bool:
    return letter == "\n" or letter.isprintable() or category(letter) == "Zs"


def _json(columns: "Sequence[Column]", rows: Iterable[Row], style: Style) -> Iterator[str]:
    before = "[\n"
    for row in rows:
        yield before + json_line({**plain_object(columns, row), **style.extra})
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def _jsonl(columns: "Sequence[Column]", rows: Iterable[Row], style: Style) -> Iterator[str]:
    for row in rows:
        yield json_line({**plain_object(columns, row), **style.extra}) + "\n"


# Separated values


def _tsv(columns: "Sequence[Column]", rows: Iterable[Row], style: Style) -> Iterator[str]:
    if style.header:
        yield "\t".join(column.name for column in columns) + "\n"
    for row in rows:
        yield (
            "\t".join(_tab_cell(as_text(column, row.get(column.name), people=False)) for column in columns)
            + "\n"
        )


def _tab_cell(text: str) -> str:
    if not text.isprintable() or "\\" in text:
        text = text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
    return clean(text)


def _csv(columns: "Sequence[Column]", rows: Iterable[Row], style: Style) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([column.name for column in columns])
    for row in rows:
        writer.writerow([_csv_value(column, row.get(column.name), style) for column in columns])
        yield _emptied(buffer)
    yield _emptied(buffer)


def _csv_value(column: "Column", value: Any, style: Style) -> str:
    text = as_text(column, value, people=False)
    if column.kind in NUMBERS:
        return text
    return csv_cell(clean(text, multiline=True) if style.terminal else text)


def _emptied(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text


def _md(columns: "Sequence[Column]", rows: Iterable[Row], style: Style) -> Iterator[str]:
    yield _md_row(column.name for column in columns)
    yield _md_row("---:" if column.kind in NUMBERS else "---" for column in columns)
    for row in rows:
        yield _md_row(_md_cell(as_text(column, row.get(column.name), people=False)) for column in columns)


def _md_row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |\n"


def _md_cell(text: str) -> str:
    lines = clean(text, multiline=True)
    for sign in "\\`*_[]<>|#~&":
        lines = lines.replace(sign, "\\" + sign) if sign != "<" else lines.replace(sign, "&lt;")
    return lines.replace("\n", "<br>")


Writer = Callable[["Sequence[Column]", Iterable[Row], Style], Iterator[str]]
WRITERS: dict[str, Writer] = {"json": _json, "jsonl": _jsonl, "tsv": _tsv, "csv": _csv, "md": _md}


# Workbooks


_MOST_ROWS, _MOST_CHARACTERS = 1_048_575, 32_767


def write_xlsx(path: str, columns: "Sequence[Column]", rows: Iterable[Row]) -> None:
    """One sheet at `path`: text always as text, numbers as numbers where a workbook can hold them exactly.

    Raises Invalid for what a workbook cannot hold: too many rows, too long a text.
    """
    import xlsxwriter

    plain = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(path, plain) as book:
        sheet = book.add_worksheet()
        bold = book.add_format({"bold": True})
        for place, column in enumerate(columns):
            sheet.write_string(0, place, column.name, bold)
        for line, row in enumerate(rows, 1):
            if line > _MOST_ROWS:
                raise Invalid(
                    "output.too_many",
                    N_("A workbook holds {most} rows, and there are more."),
                    hint=N_("Write CSV or JSON instead, or fewer of them with --where."),
                    most=f"{_MOST_ROWS:,}",
                )
            for place, column in enumerate(columns):
                text = as_text(column, row.get(column.name), people=False)
                if column.kind in NUMBERS and text and len(text) <= 16:
                    sheet.write_number(line, place, float(text))
                elif text:
                    sheet.write_string(line, place, _for_cell(column, row, line, text))


def _for_cell(column: "Column", row: Row, line: int, text: str) -> str:
    if len(text.encode("utf-16-le")) // 2 <= _MOST_CHARACTERS:
        return text
    raise Invalid(
        "output.too_long",
        N_("{field} of {record} is too long for a workbook, whose cells hold {most} characters."),
        field=column.name,
        hint=N_("Write CSV or JSON instead, or leave the field out with --fields."),
        record=row.get("ref") or line,
        most=f"{_MOST_CHARACTERS:,}",
    )
