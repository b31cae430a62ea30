"""Insight: how far the opportunities of a period came, why and to whom they were lost, and how it was the period before."""

from collections.abc import Sequence
from dataclasses import replace
from shlex import quote
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from crmtui.errors import CrmError
from crmtui.i18n import N_, gettext, ngettext
from crmtui.money import Money
from crmtui.screens import charts, funnels, said
from crmtui.screens.frame import Pane
from crmtui.screens.funnelrows import FunnelRows
from crmtui.screens.glyphs import g
from crmtui.screens.keys import bind
from crmtui.screens.links import Link, Links, Opened
from crmtui.screens.listing import Cell, Column, Row, WindowedList, static
from crmtui.screens.paged import Page, Paged
from crmtui.screens.popup import open_figure
from crmtui.screens.sections import Tab

if TYPE_CHECKING:
    from crmtui.services import funnel as figures
    from crmtui.services.context import Context
    from crmtui.services.whose import Figure

PANES = ("funnel", "reasons", "before", "rivals")
BAR = 16
"""Cells of the bars of reasons."""


class Funnel(Paged):
    """The funnel by entry in the period, reasons and rivals, and the same funnel of the period before."""

    SECTION = 6
    TAB = "funnel"
    WHERE = "insight"
    FILTER = False
    PERIOD = True
    PARTS = PANES
    GROUPS: ClassVar[dict[str, tuple[str, ...]]] = {"upper": PANES[:2], "lower": PANES[2:]}
    PURPOSE = (
        N_("How far the opportunities opened in a period came, and why others were lost."),
        N_("Arrows go from figure to figure, Enter opens its records; a rate has two lists."),
    )
    BINDINGS: ClassVar[list[Any]] = bind("insight", copy=N_("Copy"), refresh=N_("Refresh"))
    DEFAULT_CSS = """
    Funnel #upper { height: 5fr; }
    Funnel #lower { height: 3fr; }
    Funnel #funnel, Funnel #before { width: 7fr; }
    Funnel #reasons, Funnel #rivals { width: 5fr; }
    Funnel #rates { margin: 1 0 0 0; }
    Funnel #meaning { margin: 1 0 0 0; height: auto; color: $muted; }
    Funnel.-short #rates { margin: 0; }
    """

    def __init__(self, tab: Tab | None = None) -> None:
        super().__init__(tab)
        self.table: figures.Funnel | None = None
        self.earlier: figures.Funnel | None = None
        self.against = ""

    def body(self) -> ComposeResult:
        """The funnel and its reasons above, the period before and the rivals below."""
        with Vertical():
            with Horizontal(id="upper"):
                yield Pane(
                    FunnelRows(id="stages"),
                    Links(id="rates"),
                    Static(id="meaning", markup=False),
                    title=gettext(N_("Funnel")),
                    id="funnel",
                )
                yield Pane(
                    WindowedList(_reason_columns(), marks=False, header=False, id="reason-rows"),
                    title=gettext(N_("Win and loss reasons")),
                    id="reasons",
                )
            with Horizontal(id="lower"):
                yield Pane(
                    WindowedList([Column("name", "")], cell_cursor=True, marks=False, id="before-rows"),
                    id="before",
                )
                yield Pane(
                    WindowedList(_rival_columns(), cell_cursor=True, marks=False, id="rival-rows"),
                    title=gettext(N_("Against rivals")),
                    id="rivals",
                )

    async def on_mount(self) -> None:
        """Every figure is a link."""
        for name in PANES:
            self.query_one(f"#{name}", Pane).say_out(gettext(N_("{key} opens")).format(key=g("enter")))
        self.lay_out()

    def pages(self) -> list[Page]:
        """One where everything has room, else a chart on each."""
        if self.size.width >= 100 and self.size.height >= 30:
            return [("", PANES)]
        if self.size.width >= 100:
            return [(N_("funnel"), PANES[:2]), (N_("compared"), PANES[2:])]
        return [
            (N_("stages"), ("funnel",)),
            (N_("compared"), ("before",)),
            (N_("reasons"), ("reasons", "rivals")),
        ]

    # -- reading

    async def load(self) -> None:
        """This period first, which fills three panes, then the one before it."""
        from crmtui.services import funnel, whose

        who, period = self.whose, self.period
        panes = [self.query_one(f"#{name}", Pane) for name in ("funnel", "reasons", "rivals")]

        def work(ctx: "Context") -> "tuple[figures.Funnel, str]":
            return funnel.table(ctx, who, period), whose.earlier(whose.period_of(ctx, period)).label

        if not await self._read_into(panes, work):
            return
        self.focus_first()
        await self.into(
            self.query_one("#before", Pane),
            lambda ctx: funnel.table(ctx, who, self.against),
            self._show_earlier,
            behind=True,
        )

    async def _read_into(self, panes: Sequence[Pane], work: Any) -> bool:
        """Read what fills several panes; what goes wrong stands in each of them, and in that of the comparison."""

        def wait() -> None:
            for pane in panes:
                pane.loading_on()

        timer = self.set_timer(0.15, wait)
        try:
            found = await self.desk.read(work)
        except CrmError as error:
            for pane in (*panes, self.query_one("#before", Pane)):
                pane.fail(error)
            return False
        finally:
            timer.stop()
        for pane in panes:
            pane.ready()
        self._tell(*found)
        return True

    def _tell(self, table: "figures.Funnel", against: str) -> None:
        self.table, self.against = table, against
        pane, label = self.query_one("#funnel", Pane), table.period.label
        currency = table.rows[0].value.value.currency
        heading = gettext(N_("opened in {period}")).format(period=label)
        self.query_one(FunnelRows).show(funnels.came(table.rows), currency, heading)
        self.query_one("#rates", Links).show(self._rates(table))
        self.query_one("#meaning", Static).update(Text(gettext(MEANING)))
        if not table.rows[0].came.value:
            pane.say(self._why_empty(table))
        self._show_reasons(table)
        self._show_rivals(table)

    def _why_empty(self, table: "figures.Funnel") -> str:
        found = [gettext(N_("No opportunities were opened in {period}.")).format(period=table.period.label)]
        if table.undated.value:
            found.append(_undated(table.undated))
        return " ".join([*found, gettext(N_("p other period · w whose"))])

    def _rates(self, table: "figures.Funnel") -> list[list[Link]]:
        """Win rates; what is slowest; what no period counts."""
        entered, won = table.rows[0].came, table.rows[-1].came
        line = [Link(f"{gettext(N_('Win rate'))} ", "muted")]
        if table.of_entered is None:
            few = gettext(N_("Too few opportunities for a rate ({count}). Shows from {least}."))
            line = [Link(few.format(count=entered.value, least=_fewest()), "muted")]
        else:
            text = gettext(N_("{percent}% of entered")).format(percent=f"{table.of_entered:.0f}")
            line.append(Link(text, "bold foreground", replace(won, name=N_("won"))))
        if table.win_rate.value is not None:
            text = gettext(N_("{percent}% of decided")).format(percent=f"{table.win_rate.value:.0f}")
            line += [
                Link("  ", "muted"),
                Link(text, "bold foreground", replace(table.win_rate, name=N_("win rate"))),
            ]
        lines = [line, *funnels.slowest(table.rows)]
        if table.undated.value:
            lines.append([Link(_undated(table.undated), "muted", replace(table.undated, name=N_("undated")))])
        return lines

    def _show_reasons(self, table: "figures.Funnel") -> None:
        pane = self.query_one("#reasons", Pane)
        whole = max(table.won.value, table.lost.value, 1)
        rows = [
            _reason(gettext(N_("Won")), table.won, whole, "success"),
            _reason(gettext(N_("Lost")), table.lost, whole, "error"),
            *(
                _reason(one.name or gettext(N_("no reason given")), one, whole, "error", depth=1)
                for one in table.reasons
            ),
        ]
        self.query_one("#reason-rows", WindowedList).show(static(rows))
        if not table.won.value and not table.lost.value:
            closed = gettext(N_("Nothing was closed in {period}. p other period · w whose"))
            pane.say(closed.format(period=table.period.label))

    def _show_rivals(self, table: "figures.Funnel") -> None:
        pane = self.query_one("#rivals", Pane)
        self.query_one("#rival-rows", WindowedList).show(static([_rival(one) for one in table.against]))
        if not table.against:
            pane.say(gettext(N_("Nothing that was closed names a rival.")))

    def _show_earlier(self, before: "figures.Funnel") -> None:
        assert self.table is not None
        self.earlier = before
        this, that = self.table.period.label, before.period.label
        pane = self.query_one("#before", Pane)
        pane.name_it(gettext(N_("{period} against {before}")).format(period=this, before=that))
        listed = self.query_one("#before-rows", WindowedList)
        listed.columns = _before_columns(this, that)
        stages = {row.stage: row for row in before.rows}
        listed.show(static([_compared(row, stages.get(row.stage)) for row in self.table.rows]))
        if not self.table.rows[0].came.value and not before.rows[0].came.value:
            pane.say(gettext(N_("No opportunities were opened in either period.")))
        self.redraw_frame()

    # -- the frame

    def crumb_right(self) -> str:
        """The period, and the one that it is compared with."""
        if not self.against or self.size.width < 100:
            return super().crumb_right()
        return gettext(N_("{period}, against {before}")).format(
            period=super().crumb_right(), before=self.against
        )

    # -- opening

    def _open(self, run: Any) -> None:
        self.run_worker(run, group="open", exit_on_error=False)

    def on_funnel_rows_opened(self, event: FunnelRows.Opened) -> None:
        """Those that came as far, those that went on and those that did not, those that stand there now."""
        event.stop()
        if self.table is not None:
            self._open(funnels.open_came(self, self.table.rows[event.index], event.figure))

    def on_links_opened(self, event: Opened) -> None:
        """The records behind a figure."""
        event.stop()
        self._open(open_figure(self, event.target))

    def on_windowed_list_opened(self, event: said.Opened) -> None:
        """What was closed for that reason or against that rival, or came as far in one of two periods."""
        event.stop()
        target = event.row.data
        if event.list.id == "before-rows":
            row = target.get(event.column.partition("_")[2] or "this")
            if row is not None:
                self._open(funnels.open_came(self, row, event.column.partition("_")[0]))
            return
        figure = target if event.list.id == "reason-rows" else target.get(event.column, target["won"])
        self._open(open_figure(self, figure, event.row.text("name")))

    # -- keys

    def action_copy(self) -> None:
        """The funnel, compared with the period before, as tab-separated text."""
        if self.table is None:
            return
        head = ("", "count", "value", "pass", "days", "count before", "value before", "pass before")
        before = {row.stage: row for row in self.earlier.rows} if self.earlier is not None else {}
        lines = ["\t".join(head)]
        for row in self.table.rows:
            was = before.get(row.stage)
            cells = [row.name or "won", row.came.value, row.value.value.text(), row.passed, row.days]
            cells += [was.came.value, was.value.value.text(), was.passed] if was is not None else []
            lines.append("\t".join("" if cell is None else str(cell) for cell in cells))
        self.app.copy_to_clipboard("\n".join(lines) + "\n")

    def command_line(self) -> str:
        """What entered in the period, by stage and state: what the funnel is made of."""
        from crmtui.services import conditions

        where = self.table.rows[0].came.where if self.table is not None else self.whose_condition("opp")
        if self.here in ("reasons", "rivals") and self.table is not None:
            where = conditions.every("state in (won, lost)", f"closed_on={self.table.period.label}")
            where = conditions.every(where, self.whose_condition("opp"))
            by = "state,loss_reason" if self.here == "reasons" else "competitor,state"
            return f"crm opp list --where {quote(where)} --by {by}"
        return f"crm opp list --where {quote(where)} --by stage,state --measure 'count,sum(amount)'"


MEANING = N_(
    "Entered: opened in the period. Each came as far as the stage in which it stands or ended, through all before it; "
    "what is won came through all. Days, and !, are of those that stand in a stage now."
)


def _fewest() -> int:
    from crmtui.services.funnel import FEWEST

    return FEWEST


def _undated(figure: "Figure") -> str:
    return ngettext(
        N_("{count} without a day of opening is in no period."),
        N_("{count} without a day of opening are in no period."),
        figure.value,
    ).format(count=f"{figure.value:,}")


# -- rows


def _reason_columns() -> list[Column]:
    return [
        Column("name", ""),
        Column("bar", "", BAR, priority=1),
        Column("count", "", 7, right=True),
    ]


def _reason(name: str, figure: "Figure", whole: int, token: str, depth: int = 0) -> Row:
    strong = "bold foreground" if not depth else "foreground"
    cells: dict[str, Cell] = {
        "name": (name, strong),
        "bar": list(charts.bar(figure.value, whole, BAR, token=token if not depth else "primary", rest="")),
        "count": (f"{figure.value:,}", strong),
    }
    named = replace(figure, name=figure.name if not depth else N_("lost"))
    return Row(f"{depth}.{name}", cells, depth=depth, data=named)


def _rival_columns() -> list[Column]:
    return [
        Column("name", gettext(N_("Rival")), sortable=False),
        Column("won", gettext(N_("Won")), 6, right=True, sortable=False),
        Column("lost", gettext(N_("Lost")), 6, right=True, sortable=False),
    ]


def _rival(one: "figures.Against") -> Row:
    return Row(
        one.ref,
        {
            "name": one.name or one.ref,
            "won": (f"{one.won.value:,}", "success"),
            "lost": (f"{one.lost.value:,}", "error"),
        },
        data={"won": one.won, "lost": one.lost},
    )


def _before_columns(this: str, that: str) -> list[Column]:
    return [
        Column("name", gettext(N_("Stage")), sortable=False),
        Column("count_this", this, 8, right=True, sortable=False),
        Column("count_before", that, 8, right=True, sortable=False),
        Column("change", "", 8, right=True, sortable=False),
        Column("passed_this", gettext(N_("pass")), 5, right=True, sortable=False, priority=1),
        Column("passed_before", _brief(that), 6, right=True, sortable=False, priority=2),
        Column("value_this", gettext(N_("Amount")), 8, right=True, sortable=False, priority=3),
        Column("value_before", _brief(that), 8, right=True, sortable=False, priority=4),
    ]


def _brief(label: str) -> str:
    """`Q3` of `2026Q3`; other periods keep their label."""
    return label[4:] if label[4:5] == "Q" else label


def _compared(row: "figures.Row", was: "figures.Row | None") -> Row:
    cells: dict[str, Cell] = {
        "name": row.name if row.stage else (gettext(N_("Won")), "bold foreground"),
        **_half(row, "this", "foreground"),
        **(_half(was, "before", "muted") if was is not None else {}),
    }
    if was is not None:
        cells["change"] = _change(row.came.value - was.came.value)
    return Row(row.stage or "won", cells, data={"this": row, "before": was})


def _half(row: "figures.Row", which: str, token: str) -> dict[str, Cell]:
    value: Money = row.value.value
    return {
        f"count_{which}": (f"{row.came.value:,}", token),
        f"value_{which}": ("".join(charts.short(value)), token),
        f"passed_{which}": ("" if row.passed is None else f"{row.passed:.0f}%", token),
    }


def _change(by: int) -> Cell:
    if by > 0:
        return f"{g('up')} +{by:,}", "success"
    if by < 0:
        return f"{g('down')} {g('minus')}{-by:,}", "error"
    return "0", "muted"
