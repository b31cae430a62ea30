"""The rows behind a count of the import: those that are taken as they stand in the file, the rejected ones with the reason."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from crmtui.i18n import N_, gettext
from crmtui.screens.glyphs import g
from crmtui.screens.import_rows import line_of
from crmtui.screens.rows import Column, Row

if TYPE_CHECKING:
    from crmtui.services.mapping import Mapping as Plan
    from crmtui.services.sampling import Sample
    from crmtui.services.transfer import Fate


def reject_columns() -> list[Column]:
    """The list of rejected rows."""
    return [
        Column("line", gettext(N_("Row")), 8, right=True, sortable=False),
        Column("column", gettext(N_("Column")), 14, priority=1, sortable=False),
        Column("value", gettext(N_("Value")), 18, sortable=False),
        Column("why", gettext(N_("Why")), 0, sortable=False),
        Column("try", gettext(N_("Try")), 0, priority=2, sortable=False),
    ]


def reject_rows(
    fates: Sequence["Fate"], file: "Sample", plan: "Plan", mended: Mapping[int, Sequence[str]]
) -> list[Row]:
    """Row, column, value, why, and what to do."""
    rows = []
    for at, fate in enumerate(fates):
        error, place = fate.error, fault_place(fate, file, plan)
        assert error is not None
        value = fate.cells[place] if 0 <= place < len(fate.cells) else ""
        mine = fate.line in mended
        rows.append(
            Row(
                f"{fate.line}.{at}",
                {
                    "line": f"{fate.line:,}",
                    "column": line_of(file.header[place], 60) if place >= 0 else "",
                    "value": line_of(value, 60) or ((gettext(N_("(empty)")), "muted") if place >= 0 else ""),
                    "why": line_of(error.message),
                    "try": (gettext(N_("mended")), "success") if mine else (_try(error), "muted"),
                },
                sign=(g("done"), "success") if mine else "",
                data=fate,
            )
        )
    return rows


def _try(error: Any) -> str:
    """What to do next, where that is not said for the command line."""
    hint = line_of(error.hint)
    if not hint or "--" in hint or "crm " in hint or "[values]" in hint:
        return gettext(N_("e fix here"))
    return hint


def fault_place(fate: "Fate", file: "Sample", plan: "Plan") -> int:
    """The column at fault; -1 where there is none."""
    name = (fate.error.field if fate.error is not None else "") or ""
    columns = plan.columns.get(name) or plan.columns.get(name.removesuffix("_id")) or ()
    wanted = columns[0] if columns else name
    return file.header.index(wanted) if wanted in file.header else -1


def fate_columns(file: "Sample", plan: "Plan") -> list[Column]:
    """The list of rows that were taken: the columns of the file that are used."""
    wanted = {column for columns in plan.columns.values() for column in columns}
    used = [column for column in file.header if column in wanted]
    return [
        Column("line", gettext(N_("Row")), 8, right=True, sortable=False),
        Column("ref", gettext(N_("Record")), 9, sortable=False),
        *(
            Column(f"c{file.header.index(column)}", line_of(column, 30), 16, priority=at, sortable=False)
            for at, column in enumerate(dict.fromkeys(used), 1)
        ),
    ]


def fate_rows(fates: Sequence["Fate"]) -> list[Row]:
    """The rows as they stand in the file."""
    return [
        Row(
            f"{fate.line}.{at}",
            {
                "line": f"{fate.line:,}",
                "ref": (fate.ref or gettext(N_("new")), "muted"),
                **{f"c{place}": line_of(cell, 60) for place, cell in enumerate(fate.cells)},
            },
            data=fate,
        )
        for at, fate in enumerate(fates)
    ]
