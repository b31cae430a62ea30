"""The page of one record: what it holds, what points at it, and its history. Any noun has it from its declaration."""

import asyncio
from collections.abc import Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widget import Widget

from crmtui.errors import CrmError, NotFound
from crmtui.i18n import N_, gettext
from crmtui.screens.acting import Acting
from crmtui.screens.columnsets import plural
from crmtui.screens.details import Details
from crmtui.screens.frame import Pane
from crmtui.screens.glyphs import g
from crmtui.screens.histories import History
from crmtui.screens.keys import bind
from crmtui.screens.listing import Column, Row, WindowedList, static
from crmtui.screens.place import Part
from crmtui.services.nouns import NOUNS

TABS = {"summary": N_("Summary"), "history": N_("History")}


class RecordPage(Acting):
    """One record. `[` and `]` go to its neighbours in the list that it was opened from."""

    WHERE = "page"
    FILTER = False
    PAGE = True
    WHOSE = False
    AHEAD = 0.06
    PURPOSE = (
        N_("All about one record: its fields, what belongs to it, and who changed what."),
        N_("Enter on a name opens it; e edits; . shows everything that can be done."),
    )
    BINDINGS: ClassVar[list[Any]] = [
        *bind("page", hidden=("agree", "stage_back", "stage_on", "move_to", "refuse", "remove")),
        *bind(
            "page",
            edit=N_("Edit"),
            view=N_("Tab"),
            period_back=N_("Previous"),
            period_on=N_("Next"),
            copy=N_("Copy"),
            hidden=("zoom",),
        ),
    ]
    DEFAULT_CSS = """
    RecordPage Horizontal { height: 1fr; }
    RecordPage Vertical { height: 1fr; width: 1fr; }
    RecordPage #whole { display: none; }
    RecordPage.-tab-history #summary { display: none; }
    RecordPage.-tab-history #whole { display: block; }
    RecordPage.-narrow #aside { width: 30; }
    RecordPage > #gone { display: none; }
    RecordPage.-gone > #body { display: none; }
    RecordPage.-gone > #gone { display: block; }
    """

    def __init__(self, noun: str, ref: str, tab: str = "summary", neighbours: Any = None) -> None:
        super().__init__(None)
        self.noun, self.ref, self.view = noun, ref, tab
        self.record: dict[str, Any] = {}
        self.neighbours = neighbours
        """The list that it was opened from."""

    # -- what is there

    def body(self) -> ComposeResult:
        """The summary, and the whole history behind its own tab."""
        yield Horizontal(*self.summary(), id="summary")
        yield Pane(History(id="all"), title=gettext(N_("History: field by field")), id="whole")

    def below(self) -> ComposeResult:
        """What stands there alone when the record is out of sight."""
        yield Pane(id="gone")

    def summary(self) -> Sequence[Widget]:
        """The panes of the first tab."""
        return [
            Pane(
                Details(id="fields"),
                id="profile",
                title=gettext(N_("Profile")),
                way_out=gettext(N_("e edits")),
            ),
            Vertical(
                belongs(),
                Pane(
                    History(id="lately"),
                    title=gettext(N_("Lately")),
                    way_out=gettext(N_("all {key}")).format(key="v"),
                    id="history",
                ),
                id="aside",
            ),
        ]

    async def load(self) -> None:
        """Read every pane by itself."""
        self.set_class(self.view == "history", "-tab-history")
        if not await self.load_record(self.query_one("#fields", Details)):
            return
        await asyncio.gather(self.load_aside(), self._load_history(), self.load_tab())

    @property
    def news(self) -> bool:
        """Whether it is read again because others changed it."""
        touched = self.program.touched
        return self.reason == "store" and touched is not None and (touched.many or self.ref in touched.refs)

    async def load_record(self, details: Details, only: Sequence[str] = (), more: Any = None) -> bool:
        """Show the record in its first pane; False when it could not be read, which is then said.

        A record that is out of sight leaves nothing of what was shown.
        """
        pane = next(one for one in details.ancestors if isinstance(one, Pane))
        self.remove_class("-gone")
        try:
            self.record = await details.show_record(
                self.desk, self.noun, self.ref, only, more=more, news=self.news
            )
        except NotFound:
            self.record = {}
            self.add_class("-gone")
            sentence = gettext(N_("You do not see {ref}, or it is not there any more. Esc back"))
            self.query_one("#gone", Pane).say(sentence.format(ref=self.ref))
            self.redraw_frame()
            return False
        except CrmError as error:
            pane.fail(error)
            return False
        pane.ready()
        self.redraw_frame()
        return True

    async def load_aside(self) -> None:
        """What belongs to it."""
        from crmtui.services import related

        def show(found: list[Any]) -> None:
            nouns = [one.noun for one in found]
            rows = [
                Row(
                    f"{one.noun} {one.label}",
                    {
                        "what": plural(one.noun)
                        + (f" ({gettext(one.label)})" if nouns.count(one.noun) > 1 else ""),
                        "count": (f"{one.count:,} {g('into')}", "primary"),
                    },
                    data=one,
                )
                for one in found
            ]
            self.query_one("#related", WindowedList).show(static(rows))
            if not rows:
                self.query_one("#belongs", Pane).say(gettext(N_("Nothing points at it.")))

        await self.into(
            self.query_one("#belongs", Pane),
            lambda ctx: related.related(ctx, self.noun, self.ref),
            show,
            behind=True,
        )

    async def load_tab(self) -> None:
        """Read what only the tab that is shown needs."""
        if self.view == "history":
            await self._load_history("#whole", 5000)

    async def _load_history(self, name: str = "#history", most: int = 50) -> None:
        pane = self.query_one(name, Pane)
        await self.into(
            pane,
            lambda ctx: History.read(ctx, self.noun, self.ref, most),
            pane.query_one(History).take,
        )

    @property
    def waits(self) -> bool:
        """Until the record is read, keys wait: they are about it."""
        reading = any(
            worker.group == "load" and worker.is_running and worker.node is self
            for worker in self.app.workers
        )
        return (not self.record and reading) or super().waits

    # -- the frame

    def called(self) -> str:
        """What the record is called."""
        from crmtui.services import shape

        found = self.record.get(shape.label(self.noun))
        return str(getattr(found, "name", None) or found or self.ref)

    def crumb_left(self) -> Any:
        """Kind, name, ref, owner, tabs."""
        parts: list[Part] = [
            (gettext(NOUNS[self.noun].title), "bold foreground", ""),
            (f" {g('into')} ", "muted", ""),
            (self.called(), "bold accent", ""),
            (f"   {self.ref}", "muted", ""),
        ]
        owner = self.record.get("owner")
        if self.record.get("archived_at") is not None:
            parts.append((f"   {g('refused')} {gettext(N_('put away'))}", "warning", ""))
        room = self.size.width >= 100
        if owner is not None and room:
            parts.append((f" {g('dot')} {gettext(N_('owner'))} {owner.name or owner.ref}", "muted", ""))
        parts.append(("   ", "muted", ""))
        for at, (tab, title) in enumerate(self.tabs().items()):
            if at:
                parts.append((f" {g('dot')} ", "faint", ""))
            parts.append(
                (gettext(title), "bold accent" if tab == self.view else "muted", f"screen.show_tab('{tab}')")
            )
        return iter(parts)

    def tabs(self) -> dict[str, str]:
        """The tabs of this page."""
        return TABS

    def crumb_right(self) -> str:
        """Which row of the list it is."""
        if self.neighbours is None:
            return ""
        return f"[ {self.neighbours.position_text} ]" if self.size.width >= 100 else ""

    # -- what happens

    async def on_windowed_list_opened(self, event: WindowedList.Opened) -> None:
        """A line was opened."""
        event.stop()
        await self.opened(event)

    async def opened(self, event: WindowedList.Opened) -> None:
        """A reference opens what it means, another field its form, a count its list."""
        data = event.row.data
        if event.list.id == "related":
            await self.program.open_list(
                data.noun,
                data.where,
                gettext(N_("{records}, {name}")).format(records=plural(data.noun), name=self.called()),
            )
        elif getattr(data, "ref", ""):
            await self.program.open_record(data.ref)
        elif event.list.id == "fields":
            await self._edit_one(event.row.key)

    async def _edit_one(self, field: str) -> None:
        from crmtui.screens.forms import FormSheet

        await self.program.push_screen(FormSheet(self.noun, self.ref, only=(field,)))

    @property
    def chosen(self) -> list[str]:
        """This record."""
        return [self.ref]

    @property
    def chosen_data(self) -> list[dict[str, Any]]:
        """What it holds."""
        return [self.record] if self.record else []

    def why_not(self, action: str) -> str | None:
        """There are neighbours only where it was opened from a list."""
        if action in ("period_back", "period_on") and self.neighbours is None:
            return gettext(N_("It was not opened from a list."))
        return super().why_not(action)

    def command_line(self) -> str:
        """The record as a command."""
        return f"crm {self.noun} {'history' if self.view == 'history' else 'show'} {self.ref}"

    def action_view(self) -> None:
        """The next tab."""
        names = list(self.tabs())
        self.action_show_tab(names[(names.index(self.view) + 1) % len(names)])

    def action_show_tab(self, tab: str) -> None:
        """The tab of this name."""
        self.remove_class(*(f"-tab-{name}" for name in self.tabs()))
        self.view = tab
        self.add_class(f"-tab-{tab}")
        for pane in self.query("#whole" if tab == "history" else "#profile"):
            for part in pane.query(WindowedList):
                part.focus()
        self.run_worker(self.load_tab(), group="tab", exclusive=True, exit_on_error=False)
        self.redraw_frame()

    async def action_period_back(self) -> None:
        """The record before it in the list."""
        await self._step(-1)

    async def action_period_on(self) -> None:
        """The record after it in the list."""
        await self._step(1)

    async def _step(self, by: int) -> None:
        rows: WindowedList | None = self.neighbours
        if rows is None:
            return
        place = rows.cursor_row + by
        while 0 <= place < rows.count:
            row = rows.row_at(place) or next(iter(await rows.source.rows(place, place + 1)), None)
            if row is not None and row.kind == "row":
                rows.move_to(place)
                self.ref = row.key
                self.reload("show")
                return
            place += by
        end = N_("This is the last one of the list.") if by > 0 else N_("This is the first one of the list.")
        self.program.note(gettext(end))

    def action_copy(self) -> None:
        """The line under the cursor, else the ref."""
        focused = self.focused
        self.app.copy_to_clipboard(focused.copy_text() if isinstance(focused, WindowedList) else self.ref)

    def action_zoom(self) -> None:
        """The pane in focus at full size, and back."""
        if self.maximized:
            self.minimize()
        elif self.focused is not None:
            pane = next((one for one in self.focused.ancestors if isinstance(one, Pane)), None)
            if pane is not None:
                self.maximize(pane)


def belongs() -> Pane:
    """The pane of what points at the record, each kind with its number."""
    return Pane(
        WindowedList(
            [Column("what", "", least=10), Column("count", "", 7, right=True)],
            marks=False,
            header=False,
            id="related",
        ),
        title=gettext(N_("Belongs to it")),
        way_out=gettext(N_("{key} lists them")).format(key=g("enter")),
        id="belongs",
    )
