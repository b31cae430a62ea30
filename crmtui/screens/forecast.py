"""The forecast: a tree down, the months across, quota, won and gap; every cell opens its records."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical

from crmtui.errors import CrmError
from crmtui.i18n import N_, gettext
from crmtui.money import Money
from crmtui.screens import charts
from crmtui.screens.bars import month_name
from crmtui.screens.foretree import ForecastTree, TreeSource
from crmtui.screens.frame import Pane, told
from crmtui.screens.glyphs import g, plain
from crmtui.screens.keys import bind
from crmtui.screens.listing import Column, Row, WindowedList
from crmtui.screens.place import Part, Place
from crmtui.screens.popup import NAMES, open_figure
from crmtui.screens.popup import told as told_by
from crmtui.screens.quotabar import QuotaBar, Stretch
from crmtui.screens.sections import Tab
from crmtui.services.outlook import MEASURES, Grid, Line

METHODS = {
    "weighted": N_("weighted: value × probability"),
    "commit": N_("commit: what is committed counts in full"),
    "budget": N_("in full: all that is open"),
}
BAR = 24
SHORT = 85
"""Percent of the quota below which a gap is more than a warning."""


class Forecast(Place):
    """Department, territory, industry, person, product or process: one screen, divided differently."""

    SECTION = 5
    TAB = "dept"
    WHERE = "forecast"
    FILTER = False
    PERIOD = True
    HOLDS = True
    AUTO_FOCUS = "#tree"
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
                ForecastTree([Column("name", "")], cell_cursor=True, marks=False, id="tree"),
                id="rows",
                way_out=gettext(N_("every figure opens its records {key}")).format(key=g("enter")),
            )

    @property
    def listed(self) -> ForecastTree:
        """The tree."""
        return self.query_one("#tree", ForecastTree)

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
        largest = max(top[name].minor for name in ("forecast", "quota", "won", "budget") if top[name])
        self.unit = charts.unit_for(largest, self.currency)
        self.decimals = 1 if largest >= 20 * self.unit.size else 2
        self._show_whole(top)
        self.listed.lay(self._columns(grid))
        shown = _shown(grid.lines)
        down = grid.lines[shown[0]].row["depth"]
        lines = [(grid.lines[at].key, grid.lines[at].row["depth"] - down) for at in shown]
        self.listed.show(
            TreeSource(lines, lambda at, unfolded: self._row(grid, shown[at], down, unfolded), self._folded)
        )
        pane = self.query_one("#rows", Pane)
        pane.name_it(gettext(_TREES[self.TAB]))
        way_out = gettext(N_("every figure opens its records {key}")).format(key=g("enter"))
        pane.say_out(self._mismatch(grid) or way_out)

    def _show_whole(self, top: Mapping[str, Any]) -> None:
        """The bar of the whole: won, what is committed where that counts in full, and the rest."""
        left = top["forecast"].minor - top["won"].minor
        commit = top["commit"].minor if self.method == "commit" else 0
        words = {"commit": N_("best + weighted"), "budget": N_("in full")}
        key = {"commit": "rest", "budget": "budget"}.get(self.method, "weighted")
        stretches = [Stretch("won", gettext(N_("won")), top["won"].minor, "full", "success")]
        if commit:
            stretches.append(Stretch("commit", gettext(N_("commit")), commit, "dark", "primary"))
        rest = gettext(words.get(self.method, N_("weighted")))
        stretches.append(Stretch(key, rest, left - commit, "mid", "warning"))
        quota = top["quota"].minor if top["quota"] else None
        may = "quota" in self.program.allowed
        without = gettext(N_("no quota {dot} e set")).format(dot=g("dot")) if may else ""
        self.query_one(QuotaBar).show(stretches, quota, self.currency, without=without)

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
            Column(
                "bar",
                f"{gettext(N_('Won + forecast / quota'))} {g('pipe')}",
                BAR,
                priority=4,
                sortable=False,
            ),
            Column("percent", "%", 5, right=True, priority=1, sortable=False),
        ]

    def _row(self, grid: Grid, at: int, down: int, unfolded: bool | None) -> Row:
        line = grid.lines[at]
        row, strong = line.row, "foreground" if unfolded is None else "bold foreground"
        cells: dict[str, Any] = {
            "name": (_called(row), strong),
            "forecast": (self._text(row["forecast"]), strong),
            "quota": (self._text(row["quota"]), "muted"),
            "won": (self._text(row["won"]), strong),
            "gap": self._gap(row["gap"], row["coverage"]),
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
        return Row(line.key, cells, depth=row["depth"] - down, open=unfolded, data=line)

    def _text(self, value: Money | None) -> str:
        if value is None:
            return g("dot")
        assert self.unit is not None
        return self.unit.number(value.minor, self.decimals)

    def _gap(self, gap: Money | None, coverage: float | None) -> tuple[str, str]:
        if gap is None:
            return g("dot"), "muted"
        assert self.unit is not None
        if gap.minor > 0:
            token = "error" if (coverage or 0) < SHORT else "warning"
            return f"{g('down')} {self.unit.number(gap.minor, self.decimals)}", token
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
        who, period, measure = _called(line.row), self.grid.period.label, self.measure
        if name.startswith("month"):
            month = self.grid.months[int(name[5:])]
            value, period = line.months[int(name[5:])], f"{month_name(month.start)} {month.start.year}"
            figure = line.figure(measure, value, month.label)
        else:
            part = {"bar": "forecast", "percent": "forecast"}.get(name, name)
            figure = line.figure(part, line.row.get(part))
        if name == "gap" and (line.row["gap"] is None or line.row["gap"].minor <= 0):
            said = (
                N_("There is no quota here. e sets one")
                if line.row["gap"] is None
                else N_("There is no gap.")
            )
            self.program.note(gettext(said))
            return
        await open_figure(self, figure, f"{who} {g('dot')} {period}", self._line_of_cursor())

    def _line_of_cursor(self) -> int:
        """The line of the screen on which the cursor of the tree is."""
        return self.listed.region.y + 1 + self.listed.cursor_row - round(self.listed.scroll_offset.y)

    async def _open_quota(self, line: Line) -> None:
        """The quotas that the figure is made of; where there is none, a word."""
        grid = self.grid
        assert grid is not None
        if line.row["quota"] is None:
            self.program.note(gettext(N_("There is no quota here. e sets one")), "warn")
            return
        from crmtui.services import outlook

        try:
            figure = await self.desk.read(lambda ctx: outlook.quota_of(ctx, line, grid))
        except CrmError as error:
            self.program.note(told(error), "error")
            return
        about = f"{_called(line.row)} {g('dot')} {grid.period.label}"
        await open_figure(self, figure, about, self._line_of_cursor())

    async def on_quota_bar_opened(self, event: QuotaBar.Opened) -> None:
        """A figure of the whole."""
        if self.grid is None:
            return
        line = self.grid.lines[0]
        if event.key == "quota":
            await self._open_quota(line)
        elif event.key == "rest":
            value = self.query_one(QuotaBar).value_of("rest")
            figure = line.figure("rest", Money(value, self.currency))
            await open_figure(self, figure, f"{_called(line.row)} {g('dot')} {self.grid.period.label}")
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
            Way(f"by {name}", plain(gettext(text)), gettext(N_("how the forecast counts")))
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

        line = self._line()
        if line is None or self.grid is None:
            return
        scope, of = line.row["scope"], line.row["of"]
        given = {"scope": scope, "period": self.grid.period.label}
        if scope != "company":
            given["of"] = getattr(of, "ref", "") or str(of or "")
        await self.program.push_screen(FormSheet("quota", given=given))

    def _line(self) -> Line | None:
        row = self.listed.current if self.is_mounted else None
        return None if row is None else row.data

    def why_not(self, action: str) -> str | None:
        """Quotas are set by those who may, for what can have one."""
        if action != "edit":
            return None
        if "quota" not in self.program.allowed:
            return gettext(N_("You do not set quotas."))
        line = self._line()
        if line is not None and (line.row["scope"] not in QUOTAS or line.row["of"] is None):
            return gettext(N_("There are no quotas for this."))
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
        if self.grid is None:
            return "crm forecast"
        ask = self.grid.lines[0].ask
        by = {"dept": "" if ask.dept else " --by user"}.get(self.TAB, f" --by {self.TAB}")
        return f"crm forecast{by}{told_by(ask)}"


def _shown(lines: Sequence[Line]) -> list[int]:
    """Which lines show: those with something in them; the company not above its only department, which says the same."""
    found = [at for at, line in enumerate(lines) if not _idle(line)]
    tops = [at for at in found if lines[at].row["depth"] == 1]
    same = ("forecast", "quota", "won", "budget", "commit")
    if len(tops) == 1 and len(found) > 2:
        company, only = lines[0].row, lines[tops[0]].row
        if all(company[name] == only[name] for name in same):
            return found[1:]
    return found


def _idle(line: Line) -> bool:
    """A row of nobody with nothing in it: opportunities without a department, when there are none."""
    row = line.row
    return "(" in str(row["path"]) and not row["components"] and row["quota"] is None and row["depth"] > 0


def _called(row: Any) -> str:
    of = row["of"]
    if of is None or of == "":
        return gettext(_WITHOUT.get(row["scope"], N_("none")))
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
_WITHOUT = {
    "dept": N_("in no department"),
    "user": N_("nobody"),
    "territory": N_("in no territory"),
    "industry": N_("of no industry"),
    "product": N_("without a product"),
    "process": N_("in no process"),
}
QUOTAS = ("dept", "user", "territory", "industry", "product")
"""What a quota can be set for."""
