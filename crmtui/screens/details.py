"""One record as lines of label and value: the side panel of lists, and the first pane of pages."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from textual.containers import VerticalScroll
from textual.widgets import Static

from crmtui.i18n import N_, gettext
from crmtui.screens.listing import Column, Row, WindowedList, static
from crmtui.text import clean

if TYPE_CHECKING:
    from crmtui.screens.desk import Desk
    from crmtui.services.context import Context

_NOT_SHOWN = frozenset(("id", "version", "archived_at", "currency", "external_id"))
_LAST = ("created_at", "created_by", "updated_at")


class Details(WindowedList):
    """What a record holds, empty fields left out; a reference opens what it means."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(
            [Column("label", "", 16), Column("value", "", least=8)], marks=False, header=False, id=id
        )
        self.noun, self.ref = "", ""

    def show_none(self) -> None:
        """Nothing."""
        self.noun = self.ref = ""
        self.show(static([]), keep=False)

    async def show_record(
        self, desk: "Desk", noun: str, ref: str, only: Sequence[str] = ()
    ) -> dict[str, Any]:
        """Read a record and show it; what was read. Raises CrmError."""
        rows, record = await desk.read(lambda ctx: lines(ctx, noun, ref, only))
        same = (noun, ref) == (self.noun, self.ref)
        self.noun, self.ref = noun, ref
        self.show(static(rows), keep=same)
        return record


class Text(VerticalScroll):
    """A text that may be long, shown as it is."""

    def __init__(self, text: str = "") -> None:
        super().__init__(Static(clean(text, multiline=True), markup=False))

    def put(self, text: str) -> None:
        """Show `text`."""
        self.query_one(Static).update(clean(text, multiline=True))


def lines(ctx: "Context", noun: str, ref: str, only: Sequence[str] = ()) -> tuple[list[Row], dict[str, Any]]:
    """The rows of a record (key: the field; data: the value), and the record as presented. Raises NotFound."""
    from crmtui.services import records

    record = records.show(ctx, noun, ref)
    fields = [field for field in records.fields_of(ctx, noun) if field.name not in _NOT_SHOWN]
    if only:
        fields = sorted(
            (field for field in fields if field.name in only), key=lambda field: only.index(field.name)
        )
    else:
        fields.sort(key=lambda field: field.name in _LAST)
    rows = []
    for field in fields:
        value = record.get(field.name)
        if value in (None, "", []) and not only:
            continue
        rows.append(_row(ctx, field, value))
    return rows, record


def _row(ctx: "Context", field: Any, value: Any) -> Row:
    from crmtui.screens.cells import cell_text

    text = cell_text(ctx, field, value, full=True).split("\n")[0] or "—"
    linked = getattr(value, "ref", "") and not isinstance(value, list)
    token = "primary" if linked else "muted" if text == "—" else "foreground"
    return Row(field.name, {"label": (gettext(field.label), "muted"), "value": (text, token)}, data=value)


NOTHING = N_("Nothing here.")
