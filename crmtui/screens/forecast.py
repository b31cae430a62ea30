"""The forecast: a tree down, the months across, quota, won and gap; every cell opens its records."""

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical

from crmtui.i18n import N_, gettext
from crmtui.money import Money
from crmtui.screens import charts
from crmtui.screens.bars import month_name
from crmtui.screens.frame import Pane
from crmtui.screens.glyphs import g
from crmtui.screens.keys import bind
from crmtui.screens.listing import Column, Row, WindowedList, static
from crmtui.screens.place import Part, Place
from crmtui.screens.popup import NAMES, open_figure
from crmtui.screens.quotabar import QuotaBar, Stretch
from crmtui.screens.sections import Tab
from crmtui.services.outlook import MEASURES, Grid, Line

METHODS = {
    "weighted": N_("weighted: value × probability"),
    "commit": N_("commit: what is committed counts in full"),
    "budget": N_("in full: all that is open"),
}
BAR = 22


class Forecast(Place):
    """Department, territory, industry, person, product or process: one screen, divided differently."""

    SECTION = 5
    TAB = "dept"
    WHERE = "forecast"
    FILTER = False
    PERIOD = True
    PURPOSE = (
        N_(
            "Quota, won and forecast rolled up; a parent is the sum of its parts, and every figure opens its records."
        ),
        N_("Arrows go from cell to cell, Enter opens one, + and - unfold, o chooses what the months show."),
    )
    BINDINGS: ClassVar[list[Any]] = bind(
        "forecast",
        open=N_("Open records"),
        view=N_("View"),
        columns=N_("Measure"),
        edit=N_("Quota"),
        copy=N_("Copy"),
        refresh=N_("Refresh"),
        hidden=("zoom",),
    )
    DEFAULT_CSS = """
    Forecast Vertical { height: 1fr; }
    Forecast.-accessible QuotaBar { display: none; }
    """

    def __init__(self, tab: Tab | None = None) -> None:
        super().__init__(tab)
        self.measure, self.method = "forecast", "weighted"
        self.grid: Grid | None = None
        self.unit: charts.Unit | None = None
        self.decimals = 1
        self.currency = ""
        self._folded: dict[str, bool] = {}

    def body(self) -> ComposeResult:
        """The bar of the whole, and the tree."""
        with Vertical():
            yield QuotaBar(id="whole")
            yield Pane(
                WindowedList([Column("name", "")], cell_cursor=True, marks=False, id="tree"),
                id="rows",
                way_out=gettext(N_("every figure opens its records {key}")).format(key=g("enter")),
            )

    # -- reading

    async def load(self) -> None:
        """The grid of whoever is chosen, in the period that is chosen."""
        from crmtui.services import outlook

        whose, period, by = self.whose, self.period, self.TAB
        measure, method = self.measure, self.method
        await self.into(
            self.query_one("#rows", Pane),
            lambda ctx: outlook.grid(ctx, whose, period, by, method, measure),
            self.show_grid,
        )

    def show_grid(self, grid: Grid) -> None:
        """Draw it."""
        self.grid = grid
        top = grid.lines[0].row
        self.currency = top["forecast"].currency
        largest = max(top["forecast"].minor, top["quota"].minor if top["quota"] else 0, top["won"].minor)
        self.unit = charts.unit_for(largest, self.currency)
        self.decimals = 1 if largest >= 20 * self.unit.size else 2
        rest = (
            top["forecast"].minor
            - top["won"].minor
            - min(top["commit"].minor, top["forecast"].minor - top["won"].minor)
        )
        commit = top["forecast"].minor - top["won"].minor - rest
        self.query_one(QuotaBar).show(
            [
                Stretch("won", gettext(N_("won")), top["won"].minor, "full", "success"),
                *([Stretch("commit", gettext(N_("commit")), commit, "dark", "primary")] if commit else []),
                Stretch(
                    "weighted",
                    gettext(N_("best + weighted") if commit else N_("weighted")),
                    rest,
                    "mid",
                    "warning",
                ),
            ],
            top["quota"].minor if top["quota"] else None,
            self.currency,
        )
        rows = self.query_one("#tree", WindowedList)
        rows.columns = self._columns(grid)
        for row in self._open_rows(rows):
            self._folded[row.key] = row.open is False
        rows.show(static([self._row(grid, at) for at, line in enumerate(grid.lines) if not _idle(line)]))
        pane = self.query_one("#rows", Pane)
        pane.name_it(gettext(_TREES[self.TAB]))
        wrong = self._mismatch(grid)
        if wrong:
            pane.say_out(wrong)

    def _open_rows(self, rows: WindowedList) -> list[Row]:
        source = getattr(rows, "_source", None)
        return [row for row in getattr(source, "every", []) if row.open is not None]

    def _columns(self, grid: Grid) -> list[Column]:
        months = []
        for at, month in enumerate(grid.months):
            done = f" {g('done')}" if month.end < self.program.today else ""
            months.append(
                Column(
                    f"month{at}",
                    month_name(month.start) + done,
                    8,
                    right=True,
                    priority=5 + at,
                    sortable=False,
                )
            )
        return [
            Column("name", gettext(_HEADS[self.TAB]), 0, sortable=False),
            *months,
            Column(
                "forecast",
                f"{grid.period.label[4:] or grid.period.label} {gettext(N_('fcst'))}".strip(),
                9,
                right=True,
                sortable=False,
            ),
            Column("quota", gettext(N_("Quota")), 7, right=True, priority=3, sortable=False),
            Column("won", gettext(N_("Won")), 7, right=True, priority=2, sortable=False),
            Column("gap", gettext(N_("Gap")), 8, right=True, sortable=False),
            Column("bar", gettext(N_("Won + forecast / quota")), BAR, priority=4, sortable=False),
            Column("percent", "%", 5, right=True, priority=1, sortable=False),
        ]

    def _row(self, grid: Grid, at: int) -> Row:
        line = grid.lines[at]
        row, deeper = (
            line.row,
            at + 1 < len(grid.lines) and grid.lines[at + 1].row["depth"] > line.row["depth"],
        )
        strong = "bold foreground" if deeper else "foreground"
        cells: dict[str, Any] = {
            "name": (_called(row), strong),
            "forecast": (self._text(row["forecast"]), strong),
            "quota": (self._text(row["quota"]), "muted"),
            "won": (self._text(row["won"]), strong),
            "gap": self._gap(row["gap"]),
            "percent": (f"{row['coverage']:.0f}%" if row["coverage"] is not None else "", strong),
            "bar": charts.tree_bar(
                row["won"].minor,
                row["forecast"].minor,
                row["quota"].minor if row["quota"] else None,
                BAR,
                top=grid.lines[0].row["forecast"].minor,
            ),
        }
        for place, (month, value) in enumerate(zip(grid.months, line.months, strict=True)):
            past = month.end < self.program.today
            cells[f"month{place}"] = (self._text(value), "muted" if past else strong)
        unfolded = None
        if deeper:
            unfolded = not self._folded.get(line.key, row["depth"] >= 3)
        return Row(line.key, cells, depth=row["depth"], open=unfolded, data=line)

    def _text(self, value: Money | None) -> str:
        if value is None:
            return g("dot")
        assert self.unit is not None
        return self.unit.number(value.minor, self.decimals)

    def _gap(self, gap: Money | None) -> tuple[str, str]:
        if gap is None:
            return g("dot"), "muted"
        assert self.unit is not None
        if gap.minor > 0:
            return f"{g('down')} {self.unit.number(gap.minor, self.decimals)}", "error"
        if gap.minor < 0:
            return f"{g('up')} {self.unit.number(-gap.minor, self.decimals)}", "success"
        return self.unit.number(0), "foreground"

    def _mismatch(self, grid: Grid) -> str:
        """A sentence where the parts of a row are not the row; empty where all is well."""
        for at, line in enumerate(grid.lines):
            parts = []
            for other in grid.lines[at + 1 :]:
                if other.row["depth"] <= line.row["depth"]:
                    break
                if other.row["depth"] == line.row["depth"] + 1:
                    parts.append(other.row["forecast"].minor)
            whole = line.row["forecast"].minor
            if parts and sum(parts) != whole:
                return gettext(N_("The parts of {name} do not sum to it. r reads again")).format(
                    name=_called(line.row)
                )
        return ""

    # -- the frame

    def crumb_left(self) -> Any:
        """Also what the months show, and by which method."""
        yield from super().crumb_left()
        parts: list[Part] = [
            (f"   {gettext(N_('measure'))} ", "muted", "screen.columns"),
            (gettext(NAMES[self.measure]), "bold accent", "screen.columns"),
        ]
        if self.method != "weighted":
            parts.append((f" {g('dot')} {gettext(NAMES[self.method])}", "accent", "screen.columns"))
        yield from parts

    def crumb_right(self) -> str:
        """Period and unit."""
        unit = self.unit.letter if self.unit is not None else ""
        return f"{super().crumb_right()} {g('dot')} {self.currency} {unit}".rstrip()

    # -- what happens

    async def on_windowed_list_opened(self, event: WindowedList.Opened) -> None:
        """The records behind the cell; a name folds, or opens the record."""
        event.stop()
        line: Line = event.row.data
        name = event.column
        if name == "name":
            of = line.row["of"]
            if event.row.open is not None:
                event.list.action_fold() if event.row.open else event.list.action_unfold()
            elif getattr(of, "ref", ""):
                await self.program.open_record(of.ref)
        elif name == "quota":
            await self._open_quota(line)
        elif self.grid is not None:
            await self._open_cell(line, name)

    async def _open_cell(self, line: Line, name: str) -> None:
        assert self.grid is not None
        who = _called(line.row)
        if name.startswith("month"):
            at = int(name[5:])
            month = self.grid.months[at]
            figure = line.figure(self.measure, line.months[at], month.label)
            await open_figure(self, figure, f"{who} {g('dot')} {month_name(month.start)} {month.start.year}")
            return
        part = {"bar": "forecast", "percent": "forecast"}.get(name, name)
        await open_figure(
            self, line.figure(part, line.row[part]), f"{who} {g('dot')} {self.grid.period.label}"
        )

    async def _open_quota(self, line: Line) -> None:
        of = line.row["of"]
        where = (
            f"of = {of.ref}"
            if getattr(of, "ref", "")
            else "scope = company"
            if line.row["depth"] == 0
            else ""
        )
        if line.row["quota"] is None and not where:
            self.program.note(gettext(N_("There is no quota here. e sets one")), "warn")
            return
        await self.program.open_list("quota", where, _called(line.row))

    async def on_quota_bar_opened(self, event: QuotaBar.Opened) -> None:
        """A figure of the whole."""
        if self.grid is None:
            return
        line = self.grid.lines[0]
        if event.key == "quota":
            await self._open_quota(line)
        else:
            await self._open_cell(line, event.key)

    def on_windowed_list_moved(self, event: WindowedList.Moved) -> None:
        """Say the row where a screen reader follows."""
        self.program.announce(event.list)

    def action_columns(self) -> None:
        """What the months show, and how the forecast counts."""
        self.run_worker(self._choose(), group="ask", exit_on_error=False)

    async def _choose(self) -> None:
        from crmtui.screens.ask import Choose, Way

        ways = [Way(name, gettext(NAMES[name]), gettext(N_("what the months show"))) for name in MEASURES]
        ways += [
            Way(f"by {name}", gettext(text), gettext(N_("how the forecast counts")))
            for name, text in METHODS.items()
        ]
        found = await self.program.push_screen_wait_safe(Choose(gettext(N_("Measure")), ways))
        if found and found.startswith("by "):
            self.method = found[3:]
        elif found:
            self.measure = found
        if found:
            self.reload("columns")

    async def action_edit(self) -> None:
        """Set the quota of the row under the cursor."""
        from crmtui.screens.forms import FormSheet

        row = self.query_one("#tree", WindowedList).current
        if row is None or self.grid is None:
            return
        line: Line = row.data
        scope = line.row["scope"]
        of = line.row["of"]
        given = {"scope": scope, "period": self.grid.period.label}
        if scope != "company":
            given["of"] = getattr(of, "ref", "") or str(of or "")
        await self.program.push_screen(FormSheet("quota", given=given))

    def why_not(self, action: str) -> str | None:
        """Quotas are set by those who may."""
        if action == "edit" and "quota" not in self.program.allowed:
            return gettext(N_("You do not set quotas."))
        return None

    def action_copy(self) -> None:
        """The whole table as tab-separated text."""
        if self.grid is None:
            return
        head = ["", *(month.label for month in self.grid.months), "forecast", "quota", "won", "gap"]
        lines = ["\t".join(head)]
        for line in self.grid.lines:
            values = [*line.months, *(line.row[name] for name in ("forecast", "quota", "won", "gap"))]
            lines.append(
                "\t".join([str(line.row["path"]), *(v.text() if v is not None else "" for v in values)])
            )
        self.app.copy_to_clipboard("\n".join(lines) + "\n")

    def action_zoom(self) -> None:
        """The tree at full size, and back."""
        if self.maximized:
            self.minimize()
        else:
            self.maximize(self.query_one("#rows", Pane))

    def command_line(self) -> str:
        """The same as a command."""
        import shlex

        by = "" if self.TAB == "dept" else f" --by {self.TAB}"
        method = "" if self.method == "weighted" else f" --method {self.method}"
        return f"crm forecast{by} --period {shlex.quote(self.period)}{method}"


def _idle(line: Line) -> bool:
    """A row of nobody with nothing in it: opportunities without a department, when there are none."""
    row = line.row
    return "(" in str(row["path"]) and not row["components"] and row["quota"] is None and row["depth"] > 0


def _called(row: Any) -> str:
    of = row["of"]
    if of is None or of == "":
        return gettext(N_("none"))
    name = getattr(of, "name", None) or getattr(of, "shown", None) or getattr(of, "ref", None)
    return str(name or of)


_TREES = {
    "dept": N_("Department tree"),
    "territory": N_("Territory tree"),
    "industry": N_("By industry"),
    "user": N_("By person"),
    "product": N_("By product"),
    "process": N_("By process"),
}
_HEADS = {
    "dept": N_("Department"),
    "territory": N_("Territory"),
    "industry": N_("Industry"),
    "user": N_("Person"),
    "product": N_("Product"),
    "process": N_("Process"),
}
