"""One record as lines of label and value: the side panel of lists, and the first pane of pages."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from textual.containers import VerticalScroll
from textual.widgets import Static

from crmtui.i18n import N_, gettext
from crmtui.screens.glyphs import g
from crmtui.screens.listing import Column, Row, WindowedList, static
from crmtui.text import clean, width

if TYPE_CHECKING:
    from crmtui.screens.desk import Desk
    from crmtui.services.context import Context

_NOT_SHOWN = frozenset(("id", "version", "archived_at", "currency", "external_id"))
NARROW = 56
"""Cells below which there is little room for labels."""
_LAST = ("created_at", "created_by", "updated_at")


class Details(WindowedList):
    """What a record holds, empty fields left out; a reference opens what it means."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(
            [Column("label", "", 16), Column("value", "", least=8)], marks=False, header=False, id=id
        )
        self.noun, self.ref = "", ""
        self._held: dict[str, str] = {}
        """What each field said when it was shown last."""

    def show_none(self) -> None:
        """Nothing."""
        self.noun = self.ref = ""
        self.show(static([]), keep=False)

    async def show_record(
        self,
        desk: "Desk",
        noun: str,
        ref: str,
        only: Sequence[str] = (),
        *,
        more: "Callable[[Context, list[Row]], None] | None" = None,
        news: bool = False,
    ) -> dict[str, Any]:
        """Read a record and show it; what was read. Raises CrmError.

        `more` puts rows among those of the fields; with `news` fields that others changed since get a sign.
        """

        short = self.size.width < NARROW

        def read(ctx: "Context") -> tuple[list[Row], dict[str, Any]]:
            rows, record = lines(ctx, noun, ref, only, short=short)
            if more is not None:
                more(ctx, rows)
            return rows, record

        rows, record = await desk.read(read)
        same = (noun, ref) == (self.noun, self.ref)
        said = {row.key: row.text("value") for row in rows}
        if same and news:
            for row in rows:
                if row.key != "updated_at" and self._held.get(row.key, "") != said[row.key]:
                    row.sign = (g("changed"), "accent")
        self.noun, self.ref, self._held = noun, ref, said
        self._make_room(rows)
        self.show(static(rows), keep=same)
        return record

    def on_resize(self) -> None:
        """The labels have another share of another width."""
        self._make_room([row for rows in self.rows_there() for row in rows])

    def _make_room(self, rows: Sequence[Row]) -> None:
        """The labels get what they need, and no more than a third."""
        longest = max((width(row.text("label")) for row in rows), default=0)
        least = 18 if self.size.width < NARROW else 26
        wanted = max(min(longest, least), 8)
        if self.columns[0].width != wanted:
            self.columns = [replace(self.columns[0], width=wanted), *self.columns[1:]]


class Text(VerticalScroll):
    """A text that may be long, shown as it is."""

    def __init__(self, text: str = "") -> None:
        super().__init__(Static(clean(text, multiline=True), markup=False))

    def put(self, text: str) -> None:
        """Show `text`."""
        self.query_one(Static).update(clean(text, multiline=True))


def lines(
    ctx: "Context", noun: str, ref: str, only: Sequence[str] = (), *, short: bool = False
) -> tuple[list[Row], dict[str, Any]]:
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
    if noun == "lead" and not only:
        rows.insert(0, _way(str(record["state"]), short))
    return rows, record


def _way(state: str, short: bool) -> Row:
    """Where a lead stands on its way: what is behind it, here, ahead; `short` tells only where it stands in words."""
    steps = ("new", "assigned", "qualified", "converted")
    here = "assigned" if state == "working" else state
    place = steps.index(here) if here in steps else -1
    cell: list[tuple[str, str]] = []
    for at, step in enumerate(steps):
        token = "accent" if at == place else "success" if at < place else "muted"
        word = gettext(state if at == place else step)
        if short and at != place:
            word = g("done" if at < place else "open")
        cell.append((f"[{word}] " if at == place else f"{word} ", token))
        if at + 1 < len(steps):
            cell.append((f"{g('into')} ", "faint"))
    if place < 0:
        cell = [(f"{g('refused')} {gettext(state)}", "error")]
    return Row("way", {"label": (gettext(N_("Path")), "muted"), "value": cell})


def _row(ctx: "Context", field: Any, value: Any) -> Row:
    from crmtui.screens.cells import cell_text

    text = cell_text(ctx, field, value, full=True).split("\n")[0] or "—"
    linked = getattr(value, "ref", "") and not isinstance(value, list)
    token = "primary" if linked else "muted" if text == "—" else "foreground"
    return Row(field.name, {"label": (gettext(field.label), "muted"), "value": (text, token)}, data=value)


NOTHING = N_("Nothing here.")
