"""What the import shows as rows: the columns of a file and where they go, what will happen, what was rejected."""

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from crmtui.i18n import N_, gettext, language, ngettext
from crmtui.screens.glyphs import g
from crmtui.screens.rows import Cell, Column, Row
from crmtui.services.nouns import NOUNS
from crmtui.text import clean, cut

if TYPE_CHECKING:
    from crmtui.services.context import Context
    from crmtui.services.mapping import Mapping as Plan
    from crmtui.services.preview import Match, Picture
    from crmtui.services.sampling import Sample
    from crmtui.services.trial import Outcome

FATES = {
    "created": N_("new"),
    "updated": N_("updated"),
    "unchanged": N_("the same as before"),
    "skipped": N_("there already, skipped"),
    "rejected": N_("rejected"),
}
ON_MATCH = {
    "update": N_("bring it up to date"),
    "skip": N_("leave it as it is"),
    "fail": N_("reject the row"),
}
DELIMITERS = {
    ",": N_("comma"),
    ";": N_("semicolon"),
    "\t": N_("tab"),
    "|": N_("bar"),
}
MAKES = {
    "account": N_("customers"),
    "product": N_("products"),
    "user": N_("people"),
    "dept": N_("departments"),
    "territory": N_("territories"),
    "competitor": N_("competitors"),
    "attribute": N_("custom fields"),
    "type": N_("list entries"),
}
_NAME = 15
"""Cells for what a setting is called."""


def noun_title(noun: str) -> str:
    """What the records are called."""
    return gettext(NOUNS[noun].title) if noun in NOUNS else noun


def line_of(text: str, cells: int = 200) -> str:
    """A text of a file as one line of at most `cells`."""
    return cut(" ".join(clean(text[: 4 * cells]).split()), cells, ellipsis=g("cut"))


# -- columns ----------------------------------------------------------------------------------------------------


def match_columns() -> list[Column]:
    """The list of columns."""
    return [
        Column("column", gettext(N_("In the file")), 0, sortable=False, least=12),
        Column("field", gettext(N_("Goes to")), 20, sortable=False),
        Column("sample", gettext(N_("Sample")), 0, priority=1, sortable=False, least=12),
        Column("state", gettext(N_("Read as")), 12, sortable=False),
    ]


def match_rows(matches: Sequence["Match"], noun: str, plan: "Plan") -> list[Row]:
    """One row for each column of the file."""
    return [
        Row(
            str(each.place),
            {
                "column": line_of(each.column) or (gettext(N_("(no name)")), "muted"),
                "field": _goes(each, noun, plan),
                "sample": (line_of(each.sample), "muted"),
                "state": _state(each, plan),
            },
            dim=not each.field,
            data=each,
        )
        for each in matches
    ]


def _goes(each: "Match", noun: str, plan: "Plan") -> Cell:
    if each.column in plan.values and not each.field:
        return gettext(N_("(its words set fields)")), "muted"
    if not each.field:
        return gettext(N_("(not used)")), "muted"
    return each.label if language() == "zh" and each.label else f"{noun}.{each.field}"


def _state(each: "Match", plan: "Plan") -> Cell:
    if not each.field:
        return g("minus"), "muted"
    if each.new and not _made(each, plan):
        return f"{g('late')} {gettext(N_('{count} new')).format(count=len(each.new))}", "warning"
    if each.wrong:
        return f"{g('late')} {gettext(N_('{count} wrong')).format(count=each.wrong)}", "error"
    return f"{g('done')} {each.form}".rstrip(), "success"


def _made(each: "Match", plan: "Plan") -> bool:
    """Whether the import makes what is not there."""
    return each.makes in plan.create


# -- what is known of the file ----------------------------------------------------------------------------------


def setting(key: str, name: str, value: str, token: str = "foreground", data: Any = None) -> Row:
    """A row that says how something is set."""
    label = cut(gettext(name), _NAME - 1, ellipsis=g("cut"))
    from crmtui.text import pad

    return Row(key, {"what": [(pad(label, _NAME), "muted"), (value, token)]}, data=data)


def setting_rows(file: "Sample", noun: str, plan: "Plan", picture: "Picture", rejects: str) -> list[Row]:
    """How the file is read, and what is done with its rows; Enter changes each."""
    fields = picture.fields
    key = ", ".join(_label(fields, name) for name in (plan.key or picture.key))
    made = ", ".join(gettext(MAKES[name]) for name in MAKES if name in plan.create)
    rows = [
        setting("noun", N_("Holds"), noun_title(noun), "bold foreground"),
        setting("key", N_("Known by"), key or gettext(N_("nothing")), "foreground" if key else "error"),
        setting("on_match", N_("There already"), gettext(ON_MATCH[plan.on_match])),
        setting("create", N_("Make missing"), made or gettext(N_("nothing"))),
    ]
    if plan.date_formats:
        rows.append(setting("dates", N_("Dates"), dates_text(plan)))
    rows.append(setting("decimal", N_("Numbers"), "1.234,50" if plan.decimal == "," else "1,234.50"))
    rows.append(setting("reading", N_("Read as"), read_as(file)))
    rows += [
        setting(
            f"default.{name}",
            N_("In every row"),
            f"{_label(fields, name)} = {line_of(value, 60)}",
        )
        for name, value in plan.defaults.items()
    ]
    if rejects:
        rows.append(setting("rejects", N_("Rejects go to"), os.path.basename(rejects)))
    return rows


def _label(fields: Mapping[str, Any], name: str) -> str:
    return gettext(fields[name].label) if name in fields else name.removesuffix("_id")


def dates_text(plan: "Plan") -> str:
    """The formats of dates, as examples."""
    from datetime import datetime

    day = datetime(2026, 12, 31, 13, 0)  # noqa: DTZ001  an example on a calendar
    return "  ".join(day.strftime(form) for form in plan.date_formats)


def read_as(file: "Sample") -> str:
    """`utf-8 · comma`, `xlsx`."""
    parts = [file.encoding or file.kind]
    if file.delimiter:
        parts.append(gettext(DELIMITERS.get(file.delimiter, file.delimiter)))
    elif file.encoding:
        parts.append(file.kind)
    return f" {g('dot')} ".join(parts)


# -- what will happen, and what did -----------------------------------------------------------------------------


def outcome_rows(found: "Outcome", noun: str, done: bool, mended: int) -> list[Row]:
    """The counts: each opens its rows."""
    rows = [_count("read", found.read, gettext(N_("rows read")), "muted")]
    for name, said in FATES.items():
        count = found.counts[name]
        if not count and name not in ("created", "updated", "rejected"):
            continue
        token = "error" if name == "rejected" and count else "success" if name == "created" else "foreground"
        text = gettext(said)
        if name == "created":
            text = f"{text} {g('dot')} {noun_title(noun)}"
        if name == "rejected" and count and not done:
            text += gettext(N_(", see below"))
        rows.append(_count(name, count, text, token if count else "muted"))
    if mended:
        rows.append(_count("mended", mended, gettext(N_("mended by you")), "success"))
    rows += [
        _count(
            "", count, gettext(N_("{records} made as well")).format(records=gettext(MAKES.get(name, name)))
        )
        for name, count in found.others.items()
    ]
    return rows


def _count(key: str, count: int, text: str, token: str = "foreground") -> Row:
    return Row(
        key or f"made {text}", {"what": [(f"{count:>9,} ", f"bold {token}"), (text, token)]}, data=count
    )


def ending_rows(found: "Outcome", undone: bool, fresh: int) -> list[Row]:
    """What can be done after a load."""
    rows = []
    if undone:
        rows.append(setting("undone", N_("Taken back"), gettext(N_("the whole import")), "warning"))
    elif found.error is not None:
        why = gettext(N_("stopped")) if found.stopped else found.error.message
        rows.append(setting("why", N_("Ended early"), why, "warning"))
        rows.append(setting("resume", N_("Go on"), gettext(N_("with the rest of the file")), "accent"))
    elif fresh:
        rows.append(setting("resume", N_("Go on"), gettext(N_("with the mended rows")), "accent"))
    if not undone and found.tx:
        rows.append(setting("undo", N_("Undo"), gettext(N_("u takes it all back")), "accent"))
    if found.rejects_path:
        rows.append(setting("rejects_file", N_("Rejects are in"), found.rejects_path))
    rows.append(setting("again", N_("Next"), gettext(N_("another file")), "accent"))
    return rows


# -- as records -------------------------------------------------------------------------------------------------


def record_rows(ctx: "Context", picture: "Picture") -> tuple[list[Column], list[Row]]:
    """The first rows as records; what cannot be read stands in red."""
    from crmtui.screens.cells import cell_text, columns_of

    incoming = picture.incoming
    names = [each.name for each in incoming.fields]
    columns = [Column("line", gettext(N_("Row")), 6, right=True, sortable=False)]
    columns += columns_of(incoming.fields, names)
    rows = []
    for at, values in enumerate(incoming.rows):
        faults = incoming.faults.get(at, {})
        cells: dict[str, Cell] = {"line": f"{incoming.lines[at]:,}"}
        for each in incoming.fields:
            if each.name in faults:
                cells[each.name] = f"{g('late')} {line_of(faults[each.name], 80)}", "error"
            else:
                cells[each.name] = line_of(cell_text(ctx, each, values[each.name]), 80)
        rows.append(Row(str(incoming.lines[at]), cells, sign=(g("late"), "error") if faults else ""))
    return columns, rows


def counted(count: int) -> str:
    """`1,234 rows`."""
    return ngettext("{count} row", "{count} rows", count).format(count=f"{count:,}")
