"""The history of a record, field by field, newest first."""

from typing import TYPE_CHECKING, Any

from crmtui.i18n import N_, gettext
from crmtui.screens.glyphs import g
from crmtui.screens.listing import Column, Row, WindowedList, static

if TYPE_CHECKING:
    from crmtui.services.context import Context


class History(WindowedList):
    """When, what, from what to what, who, and the note."""

    def __init__(self, *, id: str | None = None, short: bool = False) -> None:
        super().__init__(
            [
                Column("at", gettext(N_("When")), 11),
                Column("field", gettext(N_("Field")), 10 if short else 14),
                Column("change", gettext(N_("Change")), least=8),
                Column("actor", gettext(N_("Who")), 16, priority=1),
                Column("note", gettext(N_("Note")), 0, priority=2, least=12),
            ],
            marks=False,
            header=False,
            id=id,
        )

    @staticmethod
    def read(ctx: "Context", noun: str, ref: str, most: int) -> list[Row]:
        """The newest `most` rows of the history of a record. Raises NotFound, Forbidden."""
        from crmtui.screens.cells import moment_text
        from crmtui.services import journal, records

        fields = {field.name: field for field in records.fields_of(ctx, noun)}
        rows = journal.history(ctx, noun, ref)[-most:]
        return [_row(row, at, fields, moment_text(ctx, row["at"])) for at, row in enumerate(reversed(rows))]

    def take(self, rows: list[Row]) -> None:
        """Show `rows`."""
        self.show(static(rows))


def _row(row: dict[str, Any], at: int, fields: dict[str, Any], when: str) -> Row:
    from crmtui.services.records import as_text

    field = fields.get(row["field"])

    def side(value: Any) -> str:
        if value in (None, "", []):
            return "—"
        return as_text(field, value, people=True).split("\n")[0] if field is not None else str(value)

    changed = row["change"] == "changed"
    return Row(
        f"{row['tx']}.{row['field']}.{at}",
        {
            "at": (when, "muted"),
            "field": gettext(field.label) if field is not None else str(row["field"] or ""),
            "change": f"{side(row['before'])} {g('to')} {side(row['after'])}"
            if changed
            else gettext(row["change"]),
            "actor": (str(row["actor"] or gettext(N_("past the program"))), "muted"),
            "note": (f'"{row["note"]}"' if row["note"] else "", "muted"),
        },
        data=row,
    )
