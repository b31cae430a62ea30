"""The page of an opportunity: its way through the stages, its numbers, what it is about, who works on it, its history."""

from collections.abc import Sequence
from typing import Any

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widget import Widget

from crmtui.errors import CrmError
from crmtui.i18n import N_, gettext
from crmtui.screens.details import Details
from crmtui.screens.frame import Line, Pane
from crmtui.screens.glyphs import g
from crmtui.screens.histories import History
from crmtui.screens.listing import Column, Row, WindowedList, static
from crmtui.screens.record_page import RecordPage
from crmtui.text import width

NUMBERS = (
    "amount",
    "probability",
    "expected_close_on",
    "category",
    "products",
    "opened_on",
    "closed_on",
    "loss_reason",
    "competitor",
)
ABOUT = (
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

    HELP = (
        N_("One opportunity: where it stands on its way, its numbers, its people and what was changed."),
        N_(
            "> moves it on, < back; e changes it; Enter on a number changes that; . shows everything, won and lost too."
        ),
    )
    DEFAULT_CSS = """
    OpportunityPage #upper { height: 2fr; }
    OpportunityPage #lower { height: 1fr; }
    OpportunityPage #more { display: none; }
    OpportunityPage.-tab-fields #summary { display: none; }
    OpportunityPage.-tab-fields #more { display: block; }
    OpportunityPage.-narrow #upper { layout: vertical; height: auto; }
    OpportunityPage.-narrow #upper Pane { height: 12; }
    OpportunityPage.-narrow #lower { height: 12; }
    """

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
        from crmtui.services import stages

        self.set_class(self.view == "history", "-tab-history")
        self.set_class(self.view == "fields", "-tab-fields")
        try:
            self.record = await self.query_one("#fields", Details).show_record(
                self.desk, self.noun, self.ref, NUMBERS
            )
            self.path = await self.desk.read(lambda ctx: stages.path(ctx, self.ref))
        except CrmError as error:
            self.failed(error)
            return
        for name in ("#profile", "#need", "#more"):
            self.query_one(name, Pane).ready()
        self.query_one(Path).refresh()
        self.redraw_frame()
        await self.query_one("#about", Details).show_record(self.desk, self.noun, self.ref, ABOUT)
        await self.query_one("#every", Details).show_record(self.desk, self.noun, self.ref)
        await self._load_people()
        await self.load_aside()
        await self._load_history()

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
        if event.list.id in ("about", "every") and not getattr(event.row.data, "ref", ""):
            await self._edit_one(event.row.key)
            return
        await super().opened(event)

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
        for most in (99, 14, 9, 6, 4):
            if self._needed(stations, most) + width(end[0]) + 5 <= room or most == 4:
                break
        self.put(" ")
        for at, station in enumerate(stations):
            self._station(station, most, state)
            if at + 1 < len(stations):
                self.put(f" {g('path')} ", "faint")
        self.put(f" {g('path')} ", "faint")
        self.put(*end)

    def _end(self, state: str) -> tuple[str, str]:
        if state == "won":
            return f"{g('done')} {gettext(N_('won'))}", "success"
        if state == "lost":
            return f"{g('refused')} {gettext(N_('lost'))}", "error"
        if state == "suspended":
            return f"{g('waiting')} {gettext(N_('suspended'))}", "warning"
        return f"{g('open')} {gettext(N_('won or lost'))}", "muted"

    def _needed(self, stations: Sequence[Any], most: int) -> int:
        return sum(width(_short(one.name, most)) + 2 + self._extra(one) for one in stations) + 4 * len(
            stations
        )

    def _extra(self, station: Any) -> int:
        days = (
            len(f" {station.days}d") if station.days is not None and (station.passed or station.here) else 0
        )
        slow = len(f" ! {gettext(N_('usual'))} {station.usual}") if _slow(station) else 0
        return days + slow

    def _station(self, station: Any, most: int, state: str) -> None:
        action = f"screen.step('{station.code}')"
        name = _short(station.name, most)
        if station.here:
            self.put(f"{g('mark')} {name}", "accent", bold=True, action=action)
        elif station.passed:
            self.put(f"{g('done')} {name}", "success", action=action)
        else:
            self.put(f"{g('open')} {name}", "muted", action=action)
        if station.days is not None and (station.passed or station.here):
            self.put(f" {station.days}d", "muted")
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


def _slow(station: Any) -> bool:
    return bool(station.here and station.usual and station.days is not None and station.days > station.usual)


def _short(name: str, most: int) -> str:
    from crmtui.text import cut

    return cut(name, most, ellipsis=g("cut"))
