"""The records behind a figure: every figure opens this, and its border says that their sum is the figure."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult

from crmtui.errors import CrmError
from crmtui.i18n import N_, gettext, ngettext
from crmtui.money import Money
from crmtui.screens import charts
from crmtui.screens.cells import money_text
from crmtui.screens.frame import Pane
from crmtui.screens.glyphs import g
from crmtui.screens.keys import bind
from crmtui.screens.listing import Column, Row, WindowedList, static
from crmtui.screens.place import Sheet
from crmtui.services.nouns import NOUNS

if TYPE_CHECKING:
    from crmtui.services.context import Context
    from crmtui.services.whose import Figure

NAMES = {
    "won": N_("won"),
    "forecast": N_("forecast"),
    "weighted": N_("weighted"),
    "commit": N_("commit"),
    "best": N_("best case"),
    "budget": N_("in full"),
    "open": N_("open"),
    "late": N_("late"),
    "overdue": N_("overdue"),
    "gap": N_("gap"),
    "left": N_("quota left"),
}


async def open_figure(screen: Any, figure: "Figure", title: str = "") -> None:
    """Lay the records behind `figure` over `screen`; `title` says of whom and of when."""
    if figure.where or figure.ask is not None:
        await screen.program.push_screen(Popup(figure, title))
    else:
        screen.program.note(gettext(N_("There are no records behind this figure.")), "warn")


class Popup(Sheet[None]):
    """The rows, what they come to, and whether that is the figure that was opened."""

    WHERE = "popup"
    HELP = (
        N_("The records that the figure is made of; the border compares their sum with it."),
        N_("z makes a list of them, with the condition as chips; y copies the rows."),
    )
    BINDINGS: ClassVar[list[Any]] = bind(
        "popup",
        edit=N_("Edit"),
        copy=N_("Copy"),
        zoom=N_("As a list"),
    )
    DEFAULT_CSS = """
    Popup.-bottom > Pane { height: 20; max-height: 70%; }
    .-short Popup.-bottom > Pane, .-narrow Popup.-bottom > Pane { height: 1fr; max-height: 100%; margin: 0; }
    """

    def __init__(self, figure: "Figure", title: str = "") -> None:
        super().__init__(classes="-bottom")
        self.figure, self.about = figure, title
        self.sum: Any = None
        self.rows: list[Row] = []

    def sheet(self) -> ComposeResult:
        """One pane with the list."""
        yield Pane(WindowedList(self._columns(), marks=False, id="behind"), title=self._title())

    def _columns(self) -> list[Column]:
        counted = self.figure.ask is not None or self.figure.part == "weighted"
        found = [
            Column("ref", gettext(N_("Ref")), 8, priority=3),
            Column("name", gettext(N_("Record"))),
            Column("account", gettext(N_("Account")), 20, priority=2),
            Column("stage", gettext(N_("Stage")), 14, priority=4),
            Column("amount", gettext(N_("Value")), 9, right=True),
            Column("probability", gettext(N_("Prob")), 6, right=True, priority=1),
            *(
                [
                    Column(
                        "counted",
                        gettext(N_("To gain") if self.figure.part == "gap" else N_("Counted")),
                        10,
                        right=True,
                    )
                ]
                if counted
                else []
            ),
            Column("close", gettext(N_("Close")), 12, priority=1),
            Column("owner", gettext(N_("Owner")), 16, priority=5),
        ]
        if self.figure.noun != "opp":
            return [found[0], found[1], found[-1]]
        return found

    def _title(self) -> str:
        parts = [
            part for part in (self.about, f"{self._figure_name()} {self._shown(self.figure.value)}") if part
        ]
        return f" {g('dot')} ".join(parts)

    def _figure_name(self) -> str:
        name = NAMES.get(self.figure.part or self.figure.name, self.figure.name)
        return gettext(name)

    def _shown(self, value: Any) -> str:
        if isinstance(value, Money):
            return "".join(charts.short(value))
        return f"{value:,}" if isinstance(value, int) else str(value)

    def on_mount(self) -> None:
        """Read in the background."""
        self.run_worker(self.read(), group="load", exclusive=True, exit_on_error=False)

    async def read(self) -> None:
        """The rows, and what they come to."""
        pane = self.query_one(Pane)
        pane.loading_on()
        figure, today = self.figure, self.program.today
        try:
            self.rows, self.sum, bottom = await self.desk.read_behind(lambda ctx: _behind(ctx, figure, today))
        except CrmError as error:
            pane.fail(error)
            return
        listed = self.query_one("#behind", WindowedList)
        pane.ready()
        listed.show(static(self.rows))
        listed.footer(bottom)
        listed.focus()
        if not self.rows:
            pane.say(gettext(N_("Nothing counts here. esc back")))
        pane.say_out(self._proof(len(self.rows)))

    def _proof(self, count: int) -> str:
        """How many, their sum, and that it is the figure; in words where it is not."""
        said = _counted_text(self.figure.noun, count)
        if isinstance(self.figure.value, Money) and isinstance(self.sum, Money):
            total = f"{said} {g('dot')} {gettext(N_('sum {amount}')).format(amount=self._shown(self.sum))}"
        else:
            total = said
        if self.figure.part == "gap":
            return total + " " + gettext(N_("could be gained"))
        if self.sum == self.figure.value:
            return total + " " + gettext(N_("= the figure you opened"))
        if self.figure.value is None or not isinstance(self.sum, type(self.figure.value)):
            return total
        return total + " " + gettext(N_("is not the figure you opened: it changed meanwhile. r reads again"))

    async def on_windowed_list_opened(self, event: WindowedList.Opened) -> None:
        """The record."""
        event.stop()
        await self.program.open_record(event.row.key, event.list)

    def store_changed(self, seen: Any) -> None:
        """Somebody changed something: read again."""
        self.run_worker(self.read(), group="load", exclusive=True, exit_on_error=False)

    async def action_edit(self) -> None:
        """Change the record under the cursor from here."""
        from crmtui.screens.verbs import adjust, edit

        row = self.query_one("#behind", WindowedList).current
        if row is not None:
            run = adjust if self.figure.noun == "opp" else edit
            self.run_worker(run(self, self.figure.noun, [row.key]), group="ask", exit_on_error=False)

    def action_copy(self) -> None:
        """The line under the cursor as tab-separated text."""
        self.app.copy_to_clipboard(self.query_one("#behind", WindowedList).copy_text())

    async def action_zoom(self) -> None:
        """The same records as a list with the condition as chips."""
        where = self.figure.where
        if self.figure.ask is not None:
            numbers = ", ".join(row.key.rpartition("-")[2] for row in self.rows)
            where = f"id in ({numbers})" if numbers else "id = 0"
        program = self.program
        self.dismiss(None)
        await program.open_list(self.figure.noun, where, self._title())

    def command_line(self) -> str:
        """The same as a command."""
        import shlex

        if self.figure.ask is None:
            return f"crm {self.figure.noun} list --where {shlex.quote(self.figure.where)}"
        ask = self.figure.ask
        scope = "".join(
            f" --{name} {shlex.quote(value)}"
            for name, value in (
                ("dept", ask.dept),
                ("user", ",".join(ask.users)),
                ("territory", ask.territory),
                ("industry", ask.industry),
                ("product", ask.product),
            )
            if value
        )
        return (
            f"crm forecast drill {self.figure.part or 'forecast'}{scope} --period {shlex.quote(ask.period)}"
        )


def _counted_text(noun: str, count: int) -> str:
    if noun == "opp":
        return ngettext(N_("{count} opportunity"), N_("{count} opportunities"), count).format(
            count=f"{count:,}"
        )
    return f"{gettext(NOUNS[noun].title)} {g('times')} {count:,}"


MOST = 5000
"""Rows that a pop-up shows; the list behind `z` shows all."""


def _behind(ctx: "Context", figure: "Figure", today: Any) -> tuple[list[Row], Any, Row | None]:
    """Rows, their sum (Money, or their number), and the pinned line."""
    from crmtui.services import forecast, records

    if figure.ask is not None:
        if figure.part == "gap":
            return _gap(ctx, figure, today)
        found = forecast.drill(ctx, figure.ask, figure.part or "forecast")
        if figure.where:
            kept = {row["ref"] for row in records.find(ctx, "opp", where=figure.where, fields=("ref",)).rows}
            found = [row for row in found if row["ref"] in kept]
        total = Money(sum(row["counted"].minor for row in found), ctx.company.currency)
        return [_row(ctx, row, today) for row in found], total, _sum_row(found, total)
    if figure.noun != "opp":
        label = _label(figure.noun)
        listed = list(records.find(ctx, figure.noun, where=figure.where, limit=MOST).rows)
        plain = [
            Row(
                row["ref"],
                {
                    "ref": (row["ref"], "muted"),
                    "name": str(row.get(label) or row["ref"]),
                    "owner": _name(row.get("owner")),
                },
                data=row,
            )
            for row in listed
        ]
        return plain, records.count_where(ctx, figure.noun, figure.where), None
    return _of_condition(ctx, figure, today)


def _gap(ctx: "Context", figure: "Figure", today: Any) -> tuple[list[Row], Any, Row | None]:
    """What could close a gap: `counted` is what the full value would add, the largest first."""
    from crmtui.services import forecast

    assert figure.ask is not None
    found = forecast.gap(ctx, figure.ask).opportunities
    rows = [_row(ctx, {**row, "counted": row["remainder"]}, today) for row in found]
    total = Money(sum(row["remainder"].minor for row in found), ctx.company.currency)
    return rows, total, Row("sum", {"counted": money_text(total, total.currency)}, "sum")


def _of_condition(ctx: "Context", figure: "Figure", today: Any) -> tuple[list[Row], Any, Row | None]:
    from crmtui.services import board, records
    from crmtui.services.window import Listing, sums

    fields = (
        "ref",
        "name",
        "account",
        "stage",
        "state",
        "amount",
        "probability",
        "expected_close_on",
        "closed_on",
        "owner",
    )
    found = list(records.find(ctx, "opp", where=figure.where, sort="-amount", limit=MOST, fields=fields).rows)
    rows = [_row(ctx, row, today) for row in found]
    if figure.part == "weighted":
        total = Money(
            sum(column.weighted.minor for column in board.board(ctx, figure.where)), ctx.company.currency
        )
        shares = board.weighted_of(ctx, [int(row["ref"].rpartition("-")[2]) for row in found])
        for row in rows:
            share = shares.get(int(row.key.rpartition("-")[2]))
            row.cells["counted"] = money_text(share, total.currency) if share is not None else "—"
        return (
            rows,
            total,
            Row("sum", {"counted": money_text(total, total.currency)}, "sum"),
        )
    whole = sums(ctx, Listing("opp", figure.where), ("count", "sum(amount)"))
    amount = whole.get("sum(amount)") or Money(0, ctx.company.currency)
    bottom = Row("sum", {"amount": money_text(amount, ctx.company.currency)}, "sum")
    return rows, amount if isinstance(figure.value, Money) else whole.get("count", len(rows)), bottom


def _row(ctx: "Context", row: dict[str, Any], today: Any) -> Row:
    from crmtui.screens.cells import day_text

    currency = ctx.company.currency
    day = row.get("closed_on") or row.get("expected_close_on")
    cells: dict[str, Any] = {
        "ref": (row["ref"], "muted"),
        "name": str(row["name"]),
        "account": _name(row["account"]),
        "stage": _stage(ctx, row),
        "amount": money_text(row["amount"], currency) if row["amount"] is not None else "—",
        "probability": f"{row['probability']}%" if row["probability"] is not None else "",
        "close": day_text(day, today) if day else "—",
        "owner": _name(row["owner"]),
    }
    if "counted" in row:
        cells["counted"] = money_text(row["counted"], currency)
        if row["counted"] == row["amount"] and row["probability"] != 100:
            cells["probability"] = (gettext(N_("full")), "success")
    return Row(row["ref"], cells, data=row)


def _sum_row(found: Sequence[dict[str, Any]], total: Money) -> Row:
    values = [row["amount"] for row in found if row["amount"] is not None]
    same = all(value.currency == total.currency for value in values)
    cells: dict[str, Any] = {"counted": money_text(total, total.currency)}
    if same:
        cells["amount"] = money_text(
            Money(sum(value.minor for value in values), total.currency), total.currency
        )
    return Row("sum", cells, "sum")


def _stage(ctx: "Context", row: dict[str, Any]) -> str:
    value = row["stage"]
    shown = getattr(value, "shown", None)
    return str(shown or ctx.stage_name(None, value) if value else "")


def _name(ref: Any) -> str:
    return "" if ref is None else str(ref.name or ref.ref)


def _label(noun: str) -> str:
    from crmtui.services import shape

    return shape.label(noun) or "ref"
