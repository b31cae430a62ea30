"""The page of an opportunity: its way through the stages, its numbers, what it is about, who works on it, its history."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widget import Widget

from crmtui.errors import CrmError, Refused
from crmtui.i18n import N_, gettext
from crmtui.screens.details import Details
from crmtui.screens.frame import Line, Pane, told
from crmtui.screens.glyphs import g
from crmtui.screens.histories import History
from crmtui.screens.keys import bind
from crmtui.screens.listing import Column, Row, WindowedList, static
from crmtui.screens.record_page import RecordPage
from crmtui.screens.rows import Cell
from crmtui.text import width

if TYPE_CHECKING:
    from crmtui.services.context import Context

NUMBERS = ("amount", "probability", "expected_close_on", "category", "products", "opened_on")
OVER = ("closed_on", "loss_reason")
"""Numbers of what is won or lost."""
ABOUT = (
    "account",
    "contact",
    "need",
    "solution",
    "source",
    "industry",
    "territory",
    "end_project",
    "channel",
    "tags",
    "summary",
    "note",
)
TABS = {"summary": N_("Summary"), "history": N_("History"), "fields": N_("All fields")}


class OpportunityPage(RecordPage):
    """Path, numbers, what it is about, team and rival, what belongs to it, history."""

    PURPOSE = (
        N_("One opportunity: where it stands on its way, its numbers, its people and what was changed."),
        N_(
            "> moves it on, < back; e changes it; Enter on a number changes that; . shows everything, won and lost too."
        ),
    )
    DEFAULT_CSS = """
    OpportunityPage #upper { height: 2fr; }
    OpportunityPage .lower { height: 1fr; }
    OpportunityPage #more { display: none; }
    OpportunityPage.-tab-fields #summary { display: none; }
    OpportunityPage.-tab-fields #more { display: block; }
    OpportunityPage.-narrow #upper { layout: vertical; height: auto; }
    OpportunityPage.-narrow #upper Pane { height: 12; }
    OpportunityPage.-narrow .lower { height: 12; }
    """

    BINDINGS: ClassVar[list[Any]] = bind(
        "opportunity", stage_back=N_("Stage back"), stage_on=N_("Stage on"), new=N_("Team")
    )

    def __init__(self, noun: str, ref: str, tab: str = "summary", neighbours: Any = None) -> None:
        super().__init__(noun, ref, tab, neighbours)
        self.path: list[Any] = []

    def body(self) -> ComposeResult:
        """The path above all tabs."""
        yield Path(id="path")
        yield VerticalScroll(*self.summary(), id="summary", can_focus=False)
        yield Pane(History(id="all"), title=gettext(N_("History: field by field")), id="whole")
        yield Pane(
            Details(id="every"), title=gettext(N_("All fields")), id="more", way_out=gettext(N_("e edits"))
        )

    def summary(self) -> Sequence[Widget]:
        """Numbers, what it is about, people; then the history."""
        return [
            Horizontal(
                Pane(Details(id="fields"), id="profile", title=gettext(N_("Numbers"))),
                Pane(Details(id="about"), id="need", title=gettext(N_("What it is about"))),
                Vertical(
                    Pane(_list("team"), id="people", title=gettext(N_("Team and rival"))),
                    Pane(_list("related"), id="belongs", title=gettext(N_("Belongs to it"))),
                ),
                id="upper",
            ),
            Pane(
                History(id="lately"),
                title=gettext(N_("History: field by field")),
                way_out=gettext(N_("all {key}")).format(key="v"),
                id="history",
                classes="lower",
            ),
        ]

    def tabs(self) -> dict[str, str]:
        """Also all fields."""
        return TABS

    async def load(self) -> None:
        """The record and its numbers first, then the rest."""
        self.set_class(self.view == "history", "-tab-history")
        self.set_class(self.view == "fields", "-tab-fields")
        if not await self.load_record(self.query_one("#fields", Details), (*NUMBERS, *OVER), self._numbers):
            self.path = []
            self.query_one(Path).refresh()
            return
        await asyncio.gather(
            self._load_path(),
            self._load_fields("#about", ABOUT),
            self._load_people(),
            self.load_aside(),
            self._load_history(),
            self.load_tab(),
        )

    async def load_tab(self) -> None:
        """Also all fields."""
        if self.view == "fields":
            await self._load_fields("#every")
        else:
            await super().load_tab()

    async def _load_path(self) -> None:
        from crmtui.services import stages

        try:
            self.path = await self.desk.read(lambda ctx: stages.path(ctx, self.ref))
        except CrmError as error:
            self.program.note(told(error), "error")
        self.query_one(Path).refresh()

    async def _load_fields(self, name: str, only: Sequence[str] = ()) -> None:
        details = self.query_one(name, Details)
        pane = next(one for one in details.ancestors if isinstance(one, Pane))
        try:
            await details.show_record(self.desk, self.noun, self.ref, only, news=self.news)
            pane.ready()
        except CrmError as error:
            pane.fail(error)

    def _numbers(self, ctx: "Context", rows: list[Row]) -> None:
        """What it is worth by its probability, how often its close was moved; what is for the end only then."""
        from crmtui.screens.cells import money_text
        from crmtui.services import portrait, stages

        rows[:] = [row for row in rows if row.key not in OVER or row.data not in (None, "")]
        names = [row.key for row in rows]
        moved = stages.times_changed(ctx, self.ref, "expected_close_on")
        if moved and "expected_close_on" in names:
            said = gettext(N_("moved {count}{times}")).format(count=moved, times=g("times"))
            row = rows[names.index("expected_close_on")]
            row.cells["value"] = [(row.text("value"), "foreground"), (f"  {said}", "warning")]
        try:
            worth = portrait.weighted(ctx, f"id = {self.ref.partition('-')[2]}")
        except Refused:  # a rate is missing
            return
        cells: dict[str, Cell] = {
            "label": (gettext(N_("Weighted")), "muted"),
            "value": money_text(worth, ctx.company.currency, full=True),
        }
        rows.insert(names.index("probability") + 1, Row("weighted", cells))

    async def load_aside(self) -> None:
        """Without anything that belongs to it there is no pane for that."""
        from crmtui.services import related

        found = await self.desk.read_behind(lambda ctx: related.related(ctx, self.noun, self.ref))
        self.query_one("#belongs", Pane).display = bool(found)
        if found:
            await super().load_aside()

    async def _load_people(self) -> None:
        from crmtui.services import opportunity

        def show(members: list[dict[str, Any]]) -> None:
            owner, rival = self.record.get("owner"), self.record.get("competitor")
            rows = []
            if owner is not None:
                rows.append(_person(owner.ref, owner.name or owner.ref, gettext(N_("owner")), owner))
            rows += [
                _person(
                    one["ref"],
                    str(one["name"]),
                    " ".join(filter(None, (one["role"], one["responsibility"]))) or gettext(N_("team")),
                    _Link(one["ref"]),
                )
                for one in members
            ]
            if rival is not None:
                rows.append(_person(rival.ref, rival.name or rival.ref, gettext(N_("rival")), rival))
            self.query_one("#team", WindowedList).show(static(rows))
            if not rows:
                self.query_one("#people", Pane).say(gettext(N_("Nobody yet. . adds people")))

        await self.into(self.query_one("#people", Pane), lambda ctx: opportunity.team(ctx, self.ref), show)

    async def opened(self, event: WindowedList.Opened) -> None:
        """A number opens the form that changes it."""
        if event.row.key == "weighted":
            await self._edit_one("amount")
            return
        if event.list.id in ("about", "every") and not getattr(event.row.data, "ref", ""):
            await self._edit_one(event.row.key)
            return
        await super().opened(event)

    def action_new(self) -> None:
        """Somebody who works on it too."""
        from crmtui.screens import verbs

        self.run_worker(verbs.team(self, self.noun, [self.ref]), group="verb", exit_on_error=False)

    def action_end(self) -> None:
        """A click on the end of the path: won, lost, or open again."""
        self.run_worker(self._end_it(), group="verb", exit_on_error=False)

    async def _end_it(self) -> None:
        from crmtui.screens.ask import Choose, Way
        from crmtui.screens.verbs import verbs_of

        ends = [verb for verb in verbs_of("opp") if verb.name in ("win", "lose", "reopen")]
        ways = [Way(verb.name, gettext(verb.title), why_not=self.why_not_verb(verb)) for verb in ends]
        name = await self.program.push_screen_wait_safe(Choose(self.called(), ways))
        self.do(next((verb for verb in ends if verb.name == name), None))

    def action_step(self, stage: str) -> None:
        """A click on a stage of the path moves the opportunity there."""
        from crmtui.services import opportunity

        name = next((station.name for station in self.path if station.code == stage), stage)
        if self.why_not("stage_on"):
            self.program.note(str(self.why_not("stage_on")), "warn")
            return

        def work(ctx: Any) -> str:
            opportunity.advance(ctx, self.ref, stage)
            return self.ref

        said = gettext(N_("{ref} moved to {stage}")).format(ref=self.ref, stage=name)
        self.run_worker(self.changed(work, said), group="verb", exit_on_error=False)


class Path(Line):
    """The stages from first to last: passed, here, to come; with the days in each and the usual time."""

    DEFAULT_CSS = "Path { background: $background; height: 1; }"

    def draw(self, room: int) -> None:
        """Full names where they fit, else shorter ones."""
        page: Any = self.screen
        stations = page.path
        if not stations:
            return
        state = str(page.record.get("state", "open"))
        end = self._end(state)
        for most in (99, 14, 9, 6, 4, 0):
            if self._needed(stations, most) + width(end[0]) + 5 <= room:
                break
        self.put(" ")
        for at, station in enumerate(stations):
            self._station(station, most, state)
            if at + 1 < len(stations):
                self.put(f" {g('path')} ", "faint")
        self.put(f" {g('path')} ", "faint")
        self.put(*end, action="screen.end")

    def _end(self, state: str) -> tuple[str, str]:
        if state == "won":
            return f"{g('done')} {gettext(N_('won'))}", "success"
        if state == "lost":
            return f"{g('refused')} {gettext(N_('lost'))}", "error"
        if state == "suspended":
            return f"{g('waiting')} {gettext(N_('suspended'))}", "warning"
        return f"{g('open')} {gettext(N_('won or lost'))}", "muted"

    def _needed(self, stations: Sequence[Any], most: int) -> int:
        arrows = (width(g("path")) + 2) * len(stations)
        return sum(width(_called(one, most)) + 2 + self._extra(one) for one in stations) + arrows

    def _extra(self, station: Any) -> int:
        days = width(_days(station)) if station.days is not None and (station.passed or station.here) else 0
        slow = width(f" ! {gettext(N_('usual'))} {station.usual}") if _slow(station) else 0
        return days + slow

    def _station(self, station: Any, most: int, state: str) -> None:
        action = f"screen.step('{station.code}')"
        name = _called(station, most)
        if station.here:
            self.put(f"{g('mark')} {name}", "accent", bold=True, action=action)
        elif station.passed:
            self.put(f"{g('done')} {name}".rstrip(), "success", action=action)
        else:
            self.put(f"{g('open')} {name}".rstrip(), "muted", action=action)
        if station.days is not None and (station.passed or station.here):
            self.put(_days(station), "muted")
        if _slow(station) and state == "open":
            self.put(f" {g('late')} {gettext(N_('usual'))} {station.usual}", "warning")


class _Link:
    """A row that opens the record `ref`."""

    def __init__(self, ref: str) -> None:
        self.ref = ref


def _person(ref: str, name: str, role: str, link: Any) -> Row:
    return Row(f"{role} {ref}", {"what": (name, "primary"), "count": (role, "muted")}, data=link)


def _list(id: str) -> WindowedList:
    return WindowedList(
        [Column("what", ""), Column("count", "", 10, right=id == "related")], marks=False, header=False, id=id
    )


def _days(station: Any) -> str:
    return " " + gettext(N_("{days}d")).format(days=station.days)


def _slow(station: Any) -> bool:
    return bool(station.here and station.usual and station.days is not None and station.days > station.usual)


def _called(station: Any, most: int) -> str:
    """Its name, shorter where there is little room; where one stands it is told in full for longer."""
    from crmtui.text import cut

    return cut(station.name, max(most, 14) if station.here else most, ellipsis=g("cut"))
