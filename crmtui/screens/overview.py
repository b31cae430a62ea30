"""The overview: where the period stands, what is near, what is new; every figure, bar and row opens what it stands for."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from shlex import quote
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from crmtui.errors import CrmError
from crmtui.i18n import N_, gettext
from crmtui.screens import figuretiles, funnels, happenings, said
from crmtui.screens.bars import Bar, Columns, month_name
from crmtui.screens.frame import Pane, told
from crmtui.screens.funnelrows import FunnelRows
from crmtui.screens.glyphs import g
from crmtui.screens.keys import GRAMMAR, bind, shown
from crmtui.screens.leading import LeadingPane
from crmtui.screens.links import Links, LinkTile, Opened
from crmtui.screens.listing import Row, WindowedList, static
from crmtui.screens.paged import Page, Paged
from crmtui.screens.place import WHOSE, Verb
from crmtui.screens.popup import open_figure
from crmtui.screens.sections import Tab
from crmtui.screens.tiles import Big

if TYPE_CHECKING:
    from crmtui.services.context import Context
    from crmtui.services.dashboard import Month, Tiles
    from crmtui.services.funnel import Row as Stage
    from crmtui.services.whose import Figure

PANES = ("steps", "near", "news", "chart", "funnel")
"""In the order of Tab, after the tiles."""


class TileRow(Pane):
    """The five tiles side by side, each with a border of its own; the row has one while it says something itself."""

    DEFAULT_CSS = "TileRow { layout: horizontal; height: 7; padding: 0; background: $background; }"

    def on_mount(self) -> None:
        """Without a border."""
        self.ready()

    def ready(self) -> None:
        """Show the tiles."""
        super().ready()
        self.styles.border = ("none", "transparent")

    def say(self, text: str, *, failed: bool = False) -> None:
        """Show a sentence, within the border of a pane."""
        super().say(text, failed=failed)
        self.styles.border = None

    def loading_on(self, on: bool = True) -> None:
        """Every tile says it in its own title."""
        super().loading_on(on)
        for tile in self.query(LinkTile):
            tile.waiting(" " + g("cut") if on else "")


class Overview(Paged):
    """The first screen: tiles, what is near and new, the year against its quota, the funnel."""

    SECTION = 1
    TAB = "overview"
    WHERE = "overview"
    FILTER = False
    PERIOD = True
    PARTS = (*figuretiles.NAMES, *PANES)
    GROUPS: ClassVar[dict[str, tuple[str, ...]]] = {
        "tiles": figuretiles.NAMES,
        "middle": PANES[:3],
        "bottom": PANES[3:],
    }
    PURPOSE = (
        N_("Where the period stands, what is near and what is new, for you, your team or everybody."),
        N_(
            "Tab goes from pane to pane; Enter opens the records behind a figure, v all that a pane is about."
        ),
    )
    BINDINGS: ClassVar[list[Any]] = bind(
        "overview",
        view=N_("All of it"),
        new=N_("New"),
        hidden=("copy",),
    )
    DEFAULT_CSS = """
    Overview #middle { height: 12fr; }
    Overview #bottom { height: 14fr; }
    Overview #stages { margin: 0 0 1 0; }
    """

    def __init__(self, tab: Tab | None = None) -> None:
        super().__init__(tab)
        self.tiles: Tiles | None = None
        self.months: list[Month] = []
        self.stages: list[Stage] = []
        self.beginning = False
        """Whether the first steps are still to be done."""
        self.near_where: dict[str, str] = {}
        self.trends: tuple[str, list[Figure], list[float]] | None = None
        """Whose they are, the weighted pipeline week by week, the win rate month by month."""

    def body(self) -> ComposeResult:
        """Tiles above, lists in the middle, charts below."""
        with Vertical():
            yield TileRow(*(LinkTile(id=name) for name in figuretiles.NAMES), id="tiles")
            with Horizontal(id="middle"):
                yield LeadingPane(self._list("steps"), id="steps")
                yield LeadingPane(self._list("near"), Links(id="near-counts"), id="near")
                yield LeadingPane(self._list("news"), id="news")
            with Horizontal(id="bottom"):
                yield LeadingPane(Columns(id="months"), id="chart")
                yield LeadingPane(FunnelRows(id="stages"), Links(id="slowest"), id="funnel")

    def _list(self, name: str) -> WindowedList:
        columns = getattr(happenings, f"{name}_columns")()
        return WindowedList(columns, marks=False, header=False, id=f"{name}-rows")

    async def on_mount(self) -> None:
        """Name everything; the figures come with the first reading."""
        for name in figuretiles.NAMES:
            self.tile(name).tell(gettext(_TILES[name]), Big(""))
        for name, (title, way) in _PANES.items():
            self.pane(name).name_it(gettext(title))
            if way:
                key = shown(GRAMMAR["view"][0])
                self.pane(name).lead(f"{gettext(way)} {key}", f"screen.way('{name}')")
        self.lay_out()

    def tile(self, name: str) -> LinkTile:
        """The tile of that name."""
        return self.query_one(f"#{name}", LinkTile)

    def pane(self, name: str) -> LeadingPane:
        """The pane of that name."""
        return self.query_one(f"#{name}", LeadingPane)

    # -- reading

    async def load(self) -> None:
        """Every pane by itself, what is asked for first first; what takes long comes at the end."""
        who, period = self.whose, self.period
        panes = [self._load_steps(), self._load_near(who), self._load_news(who)]
        if self._sees_opps():
            panes = [self._load_tiles(who, period), *panes, *self._load_charts(who, period)]
        await asyncio.gather(*panes)
        self.focus_first()
        await self._load_later(who)

    def _sees_opps(self) -> bool:
        """Without the right to see opportunities there are no figures: one sentence says so."""
        sees = "opp" in self.program.allowed
        if not sees:
            self.query_one(TileRow).say(_forbidden())
        self.lay_out()
        return sees

    async def _load_tiles(self, who: str, period: str) -> None:
        from crmtui.services import dashboard

        def work(ctx: "Context") -> "tuple[Tiles, str]":
            return dashboard.tiles(ctx, who, period), figuretiles.before(ctx, period)

        await self.into(self.query_one(TileRow), work, lambda found: self._show_tiles(*found))

    def _show_tiles(self, tiles: "Tiles", before: str) -> None:
        self.tiles = tiles
        quota = self._open_quota if "quota" in self.program.allowed else None
        figuretiles.show_all(tiles, self.tile, self._when(), before, quota, self._open_forecast)

    def _when(self) -> str:
        """The name of the period; empty for this quarter."""
        return "" if self.period == "this quarter" else self.period

    async def _load_steps(self) -> None:
        from crmtui.services import news

        def work(ctx: "Context") -> list[str]:
            """Only who may invite people can begin with a company."""
            return news.steps(ctx) if ctx.actor.scope("user", "add") != "none" else []

        def show(missing: Sequence[str]) -> None:
            self.beginning = "leads" in missing or len(missing) > 1
            self.query_one("#steps-rows", WindowedList).show(static(happenings.steps(missing)))
            self.lay_out()

        await self.into(self.pane("steps"), work, show)

    async def _load_near(self, who: str) -> None:
        def show(rows: Sequence[Row]) -> None:
            self.query_one("#near-rows", WindowedList).show(static(rows))
            self.pane("near").name_it(happenings.near_title(self.program.today))
            if not rows:
                self.pane("near").say(gettext(N_("All clear: nothing is due within a week.")))
            elif rows[0].data.late:
                self.focus_first()

        await self.into(self.pane("near"), lambda ctx: happenings.near(ctx, who), show)

    async def _load_news(self, who: str) -> None:
        def show(rows: Sequence[Row]) -> None:
            self.query_one("#news-rows", WindowedList).show(static(rows))
            if not rows:
                self.pane("news").say(gettext(N_("Nothing has changed yet. w whose · n new")))

        await self.into(self.pane("news"), lambda ctx: happenings.recent(ctx, who), show, behind=True)

    def _load_charts(self, who: str, period: str) -> "list[Any]":
        from crmtui.services import dashboard, funnel

        chart, rows = self.pane("chart"), self.pane("funnel")
        return [
            self.into(rows, lambda ctx: funnel.rows(ctx, who, period), self._show_funnel),
            self.into(chart, lambda ctx: dashboard.months(ctx, who, period), self._show_chart, behind=True),
        ]

    def _show_chart(self, months: "list[Month]") -> None:
        self.months = months
        bars = [
            Bar(
                month_name(one.period.start),
                one.won.value.minor,
                one.forecast.value.minor,
                one.quota.minor if one.quota is not None else None,
            )
            for one in months
        ]
        pane, chart = self.pane("chart"), self.query_one(Columns)
        today = self.program.today
        current = next((at for at, one in enumerate(months) if today in one.period), len(months) - 1)
        chart.show(bars, months[0].won.value.currency, None if self.reason == "store" else current)
        title = gettext(_PANES["chart"][0])
        named = gettext(N_("{title}, {unit}")).format(title=title, unit=chart.unit)
        pane.name_it(named if chart.unit else title)
        if not any(bar.won or bar.forecast or bar.quota for bar in bars):
            pane.say(gettext(N_("Nothing was won or is expected in this year. p other period · n new")))

    def _show_funnel(self, rows: "list[Stage]") -> None:
        self.stages = funnels.stages(rows)
        pane = self.pane("funnel")
        when = self._when()
        title = N_("Funnel {period}") if when else N_("Funnel this quarter")
        pane.name_it(gettext(title).format(period=when))
        currency = rows[0].value.value.currency
        self.query_one(FunnelRows).show(funnels.here(rows), currency, gettext(N_("open opps")))
        self.query_one("#slowest", Links).show(funnels.slowest(rows))
        if not any((one.here and one.here.value) or one.came.value for one in self.stages):
            pane.say(gettext(N_("No opportunities are open. n new · w whose")))

    async def _load_later(self, who: str) -> None:
        """How many are near, and the trends: nothing waits for them."""
        try:
            near = await self.desk.read_behind(lambda ctx: happenings.near_counts(ctx, who))
            self.near_where = {figure.noun: figure.where for figure in near}
            self.query_one("#near-counts", Links).show(happenings.counted(near))
            if self.tiles is not None:
                await self._load_trends(who, self.tiles)
        except CrmError as error:
            self.program.note(told(error), "warn")

    async def _load_trends(self, who: str, tiles: "Tiles") -> None:
        """They go weeks back, at a price: a change of today only moves their end."""
        if self.reason != "store" or self.trends is None or self.trends[0] != who:
            self.trends = (who, *await self.desk.read_behind(lambda ctx: figuretiles.trends(ctx, who)))
        weighted = [*self.trends[1][:-1], tiles.weighted.figure]
        figuretiles.show_trends(weighted, self.trends[2], self.tile)

    # -- pages

    def pages(self) -> list[Page]:
        """One where everything has room; else tiles and lists first, then the charts."""
        lists = PANES[:3] if self.beginning else PANES[1:3]
        charts = PANES[3:] if "opp" in self.program.allowed else ()
        tiles, narrow = figuretiles.NAMES, self.size.width < 100
        if not narrow and self.size.height >= 30:
            return [("", (*tiles, *lists, *charts))]
        if not narrow:
            return [(N_("current"), (*tiles, *lists)), *([(N_("charts"), charts)] if charts else [])]
        first = ("won", "forecast", "overdue")
        found: list[Page] = [(N_("current"), (*first, *lists))]
        if self.beginning:
            found = [(N_("start"), (*first, "steps")), (N_("current"), PANES[1:3])]
        if charts:
            found += [(N_("chart"), ("weighted", "win_rate", "chart")), (N_("funnel"), ("funnel",))]
        return found

    # -- opening

    def _open(self, run: Any) -> None:
        self.run_worker(run, group="open", exit_on_error=False)

    def _about(self) -> str:
        return gettext(WHOSE[self.whose])

    def on_links_opened(self, event: Opened) -> None:
        """The records behind a figure, or where it comes from."""
        event.stop()
        if callable(event.target):
            self._open(event.target())
        else:
            self._open(open_figure(self, event.target, self._about()))

    def on_columns_opened(self, event: Columns.Opened) -> None:
        """The opportunities of that month: won, and with its weight what is expected in it."""
        event.stop()
        month = self.months[event.index]
        figure = month.won
        if month.forecast.value.minor:
            both = replace(month.won.value, minor=month.won.value.minor + month.forecast.value.minor)
            figure = replace(month.forecast, name="forecast", value=both, part="forecast")
        start = month.period.start
        self._open(open_figure(self, figure, f"{self._about()} {g('dot')} {month_name(start)} {start.year}"))

    def on_funnel_rows_opened(self, event: FunnelRows.Opened) -> None:
        """The opportunities in that stage, those that are stuck in it, or those that went on."""
        event.stop()
        self._open(funnels.open_here(self, self.stages[event.index], event.figure))

    def on_windowed_list_opened(self, event: said.Opened) -> None:
        """The record, what one transaction changed, or the first step."""
        event.stop()
        open_row = {"near-rows": self._open_near, "news-rows": self._open_news, "steps-rows": self._open_step}
        self._open(open_row[event.list.id or ""](event.row))

    async def _open_near(self, row: Row) -> None:
        await self.program.open_record(row.data.ref)

    async def _open_news(self, row: Row) -> None:
        change = row.data
        if change.count == 1 and not change.more:
            await self.program.open_record(change.ref)
            return
        refs = [] if change.more else await self.desk.read(lambda ctx: happenings.changed_refs(ctx, change))
        if refs:
            numbers = ", ".join(ref.rpartition("-")[2] for ref in refs)
            await self.program.open_list(change.noun, f"id in ({numbers})", row.text("what"))
        else:
            await self.program.go(9, "log")

    async def _open_step(self, row: Row) -> None:
        from crmtui.screens.forms import FormSheet

        if row.key == "leads":
            await self.program.go(2, "import")
        else:
            await self.program.push_screen(FormSheet({"people": "user", "quota": "quota"}[row.key]))

    async def _open_forecast(self) -> None:
        await self.program.go(5, "dept")

    async def _open_quota(self) -> None:
        """One's own quota of the period; of more people all quotas of the period, whose tree sums to it."""
        ask = self.tiles.forecast.figure.ask if self.tiles is not None else None
        if ask is None:
            return
        own = " and ".join([f"of = {ref}" for ref in ask.users] + [f"period = {quote(ask.period)}"])
        await self.program.open_list("quota", own, self._about())

    async def action_way(self, name: str) -> None:
        """All that a pane is about."""
        if name == "chart":
            await self._open_forecast()
        elif name == "funnel":
            await self.program.go(6, "funnel")
        elif name == "news":
            await self.program.go(9, "log")
        elif name == "near":
            row = self.query_one("#near-rows", WindowedList).current
            noun = row.data.noun if row is not None else "opp"
            await self.program.open_list(noun, self.near_where.get(noun, ""), gettext(N_("late, or near")))

    # -- keys

    def action_view(self) -> None:
        """All that the pane in focus is about; the forecast for the tiles."""
        self._open(self.action_way(self.here or "chart"))

    def why_not(self, action: str) -> str | None:
        """The first steps are all there is of them; new records are of those who may enter them."""
        if action == "view" and self.is_mounted and self.here == "steps":
            return gettext(N_("There is no more of this."))
        return super().why_not(action)

    async def action_new(self) -> None:
        """A new lead where a lead is under the cursor, else a new opportunity."""
        from crmtui.screens.forms import FormSheet

        row = self.focused.current if isinstance(self.focused, WindowedList) else None
        noun = getattr(row.data, "noun", "opp") if row is not None else "opp"
        await self.program.push_screen(FormSheet(noun))

    def action_copy(self) -> None:
        """The row under the cursor, else the figures of the year, as tab-separated text."""
        if isinstance(self.focused, WindowedList):
            self.app.copy_to_clipboard(self.focused.copy_text())
            return
        lines = ["\t".join(("", "won", "weighted", "quota"))]
        for one in self.months:
            quota = one.quota.text() if one.quota is not None else ""
            lines.append(
                "\t".join((one.period.label, one.won.value.text(), one.forecast.value.text(), quota))
            )
        self.app.copy_to_clipboard("\n".join(lines) + "\n")

    def verbs(self) -> list[Verb]:
        """The ways out of the panes."""
        found = []
        for noun, title in (
            ("opp", N_("Opportunities that close within a week")),
            ("lead", N_("Leads to contact")),
        ):
            where = self.near_where.get(noun, "")
            if where:
                command = f"crm {noun} list --where {quote(where)}"
                run = partial(self.program.open_list, noun, where, gettext(title))
                found.append(Verb(f"near-{noun}", gettext(title), command, run))
        return found

    def command_line(self) -> str:
        """The command that shows what the pane in focus shows."""
        here = self.here
        if here == "near" and self.near_where:
            row = self.query_one("#near-rows", WindowedList).current
            noun = row.data.noun if row is not None else "opp"
            return f"crm {noun} list --where {quote(self.near_where.get(noun, ''))}"
        if here == "news":
            return "crm log"
        if here == "funnel":
            from crmtui.services import conditions

            where = conditions.every("state = open", self.whose_condition("opp"))
            return f"crm opp list --where {quote(where)} --by stage --measure 'count,sum(amount)'"
        by = " --by month" if here == "chart" else ""
        ask = self.tiles.forecast.figure.ask if self.tiles is not None else None
        of = f" --dept {ask.dept}" if ask is not None and ask.dept else ""
        of = f" --user {','.join(ask.users)}" if ask is not None and ask.users else of
        return f"crm forecast{by}{of} --period {quote(self.period)}"


def _forbidden() -> str:
    return gettext(N_("You do not see opportunities. Ask who administers the program."))


_TILES = {
    "won": N_("Won"),
    "forecast": N_("Forecast"),
    "weighted": N_("Weighted pipeline"),
    "win_rate": N_("Win rate"),
    "overdue": N_("Overdue opps"),
}
_PANES = {
    "steps": (N_("First steps"), ""),
    "near": (N_("Today and soon"), N_("all of it")),
    "news": (N_("What is new"), N_("log")),
    "chart": (N_("Won and forecast against quota"), N_("open forecast")),
    "funnel": (N_("Funnel"), N_("open funnel")),
}
"""Name → title, and the words of its way out."""
