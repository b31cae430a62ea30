"""The board: one column for each stage, cards that move between them, and what all of it comes to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal

from crmtui.errors import CrmError
from crmtui.i18n import N_, gettext, ngettext
from crmtui.screens import accessible, charts, moving
from crmtui.screens.boardcard import Head
from crmtui.screens.boardcolumn import BoardColumn
from crmtui.screens.boardtotals import Totals
from crmtui.screens.filtered import Filtered
from crmtui.screens.frame import FilterLine, KeyBar, Pane, told
from crmtui.screens.glyphs import g
from crmtui.screens.keys import bind
from crmtui.screens.sections import Tab
from crmtui.text import clean

if TYPE_CHECKING:
    from crmtui.services.context import Context

SORTS = {
    "-amount": N_("amount"),
    "expected_close_on": N_("close date"),
    "stage_at": N_("longest in the stage"),
}
CLOSING = "expected_close_on in "
"""How the condition begins that a chosen period makes."""
FETCH = 50
"""Cards read at once."""
NARROW = 3
"""Columns that are there at once where the screen is narrow."""


class Board(Filtered):
    """Opportunities by stage; `<` and `>` or the mouse move a card."""

    SECTION = 4
    TAB = "board"
    WHERE = "board"
    PERIOD = True
    FILTER_RIGHT = "screen.open_figure('late')"
    PURPOSE = (
        N_("The open opportunities by stage; each card is one, the head of a column what they come to."),
        N_("Arrows go from card to card, < and > move the card a stage, Enter opens it."),
    )
    BINDINGS: ClassVar[list[Any]] = bind(
        "board",
        open=N_("Open"),
        stage_back=N_("Stage"),
        stage_on=N_("Stage"),
        edit=N_("Edit"),
        new=N_("New"),
        mark=N_("Mark"),
        filter=N_("Filter"),
        view=N_("List"),
        find=N_("Find"),
        sort=N_("Sort"),
        copy=N_("Copy"),
        pin=N_("Save view"),
        hidden=("remove", "move_to"),
    )
    DEFAULT_CSS = """
    Board #columns { height: 1fr; width: 1fr; }
    Board #nothing { display: none; }
    Board.-empty #columns { display: none; }
    Board.-empty #nothing { display: block; }
    Board BoardColumn.-hidden { display: none; }
    """
    noun = "opp"

    def __init__(self, tab: Tab | None = None) -> None:
        super().__init__(tab)
        self.conditions = ["state = open"]
        self.sort = "-amount"
        self.columns: list[Any] = []
        self.total: Any = None

    def body(self) -> ComposeResult:
        """The columns come with the first reading."""
        yield Horizontal(id="columns")
        yield Pane(id="nothing")

    def below(self) -> ComposeResult:
        """What everything comes to, and the next step of the chosen card."""
        yield Totals(id="totals")

    async def on_mount(self) -> None:
        """The filter and the order of the last time."""
        kept = self.program.memory.get("board", dict[str, Any]())
        self.conditions = [str(one) for one in kept.get("where", self.conditions)]
        self.sort = kept["sort"] if kept.get("sort") in SORTS else self.sort

    # -- reading

    async def load(self) -> None:
        """The heads of all columns with one query, the cards in view, then what it comes to."""
        if self.reason == "period":
            self._close_in(self.period)
        where, whose, period, sort = self.where, self.whose, self.period, self.sort
        keep, tops = self._kept(), {widget.stage: widget.top for widget in self.widgets}
        read = await self.desk.read(lambda ctx: _read(ctx, where, sort, keep, tops))
        self.program.memory.put("board", {"where": self.conditions, "sort": sort})
        await self._stand(read.columns)
        most = max((column.amount.minor for column in read.columns), default=0)
        for column, widget in zip(read.columns, self.widgets, strict=True):
            head = Head(
                "".join(charts.short(column.amount)),
                "".join(charts.short(column.weighted)),
                column.amount.minor / most if most else 0.0,
            )
            widget.take(column.name, head, column.count, column.condition)
        self._follow(read.spot)
        for widget, (start, cards) in zip(self.widgets, read.cards, strict=True):
            widget.put(start, cards)
        self._say_if_empty()
        self._arrange()
        self.total = await self.desk.read_behind(lambda ctx: _summed(ctx, where, whose, period, read.columns))
        self.query_one(Totals).refresh()

    def _follow(self, spot: tuple[int, int] | None) -> None:
        """The cursor to the card that had it, on the same line, in whichever column that is now."""
        here = self.here
        if spot is None or here is None:
            return
        widget, line = self.widgets[spot[0]], max(here.cursor - here.top, 0)
        if widget is not here:
            widget.remove_class("-hidden")
            if here.has_focus:
                widget.focus()
        widget.stand(spot[1], line)

    def _say_if_empty(self) -> None:
        empty = not any(column.count for column in self.columns)
        self.set_class(empty, "-empty")
        if empty:
            self.query_one("#nothing", Pane).say(self._why_empty())

    def failed(self, error: CrmError) -> None:
        """What could not be read stands in place of the columns, unless there are some: they stay."""
        if self.columns and not self.has_class("-empty"):
            self.program.note(told(error), "error")
            return
        self.add_class("-empty")
        self.query_one("#nothing", Pane).fail(error)

    def _close_in(self, period: str) -> None:
        """Those that should close in `period`."""
        kept = [one for one in self.conditions if not one.startswith(CLOSING)]
        self.conditions = [*kept, f"{CLOSING}{period}"]

    def _why_empty(self) -> str:
        if self.found or self.conditions != ["state = open"]:
            return gettext(N_("No opportunities because of the filter. f change · Esc without"))
        return gettext(N_("No open opportunities here. n new · w whose · p period"))

    def _kept(self) -> str:
        """The ref that keeps the cursor."""
        card = self.here.current if self.widgets and self.here is not None else None
        return card.ref if card is not None else ""

    async def _stand(self, columns: Sequence[Any]) -> None:
        """One widget for each stage; they stay as long as the stages do."""
        if [widget.stage for widget in self.widgets] != [column.stage for column in columns]:
            holder = self.query_one("#columns", Horizontal)
            focused = not self.widgets or (self.here is not None and self.here.has_focus)
            await holder.remove_children()
            await holder.mount(
                *(BoardColumn(column.stage, f"stage-{at}") for at, column in enumerate(columns))
            )
            first = next((at for at, column in enumerate(columns) if column.count), 0)
            if self.widgets and focused:
                self.widgets[first].focus()
        self.columns = list(columns)

    @property
    def widgets(self) -> list[BoardColumn]:
        """The columns from left to right."""
        return list(self.query(BoardColumn))

    @property
    def here(self) -> BoardColumn | None:
        """The column in focus; else the first."""
        found = self.widgets
        return next((widget for widget in found if widget.has_focus), found[0] if found else None)

    async def _fetch(self, widget: BoardColumn, start: int) -> None:
        condition, sort = widget.condition, self.sort
        try:
            cards = await self.desk.read(lambda ctx: _cards(ctx, condition, sort, start))
        except CrmError as error:
            self.program.note(told(error), "error")
            return
        if widget.condition == condition:
            widget.put(start, cards)

    def on_board_column_wanted(self, event: BoardColumn.Wanted) -> None:
        """Cards come into view."""
        self.run_worker(self._fetch(event.column, event.start), group="list", exit_on_error=False)

    # -- where one is

    def _arrange(self) -> None:
        """On a narrow screen three columns around the cursor, the others as numbers at the edges."""
        widgets = self.widgets
        if not widgets:
            return
        here = widgets.index(self.here) if self.here in widgets else 0
        shown = NARROW if self.size.width < 100 else len(widgets)
        first = min(max(here - shown // 2, 0), max(len(widgets) - shown, 0))
        for at, widget in enumerate(widgets):
            widget.set_class(not first <= at < first + shown, "-hidden")
            widget.before = f"{g('left')} {first}  " if at == first and first else ""
            left = len(widgets) - first - shown
            widget.behind = f"  {left} {g('right')}" if at == first + shown - 1 and left > 0 else ""
            widget.frame_it()

    def on_resize(self, event: Any) -> None:
        """Another width may show more or fewer columns."""
        self._arrange()

    def on_board_column_left(self, event: BoardColumn.Left) -> None:
        """To the neighbour, at the same height."""
        widgets = self.widgets
        place = widgets.index(event.column) + event.by
        if 0 <= place < len(widgets):
            line = event.column.cursor - event.column.top
            widgets[place].remove_class("-hidden")
            widgets[place].focus()
            if event.column.on_head:
                widgets[place].to_head()
            else:
                widgets[place].move_to(widgets[place].top + line)
            self._arrange()

    def on_board_column_moved(self, event: BoardColumn.Moved) -> None:
        """Another card: its next step stands below."""
        self._arrange()
        self.query_one(Totals).refresh()
        self.query_one(KeyBar).refresh()
        if self.program.look.accessible:
            accessible.say(self, _where(event.column))

    def on_board_column_typed(self, event: BoardColumn.Typed) -> None:
        """Find what is typed."""
        self.query_one(FilterLine).begin(event.character)

    async def on_board_column_opened(self, event: BoardColumn.Opened) -> None:
        """The page of the opportunity."""
        if event.column.current is not None:
            await self.program.open_record(event.column.current.ref)

    async def on_board_column_head_opened(self, event: BoardColumn.HeadOpened) -> None:
        """The column as a list: its rows sum to the head."""
        await self.program.open_list("opp", event.column.condition, event.column.title)

    def on_board_column_marked(self, event: BoardColumn.Marked) -> None:
        """How many are marked."""
        self.redraw_frame()

    def on_board_column_dragged(self, event: BoardColumn.Dragged) -> None:
        """The column that would take the card stands out."""
        for widget in self.widgets:
            over = widget.region.contains_point(event.at) and widget is not event.column
            widget.set_class(over and not isinstance(event, BoardColumn.Dropped), "-target")

    def on_board_column_dropped(self, event: BoardColumn.Dropped) -> None:
        """A card was let go: over another column it goes into that stage, with those that are marked with it."""
        self.on_board_column_dragged(event)
        target = next((one for one in self.widgets if one.region.contains_point(event.at)), None)
        if target is None or target is event.column:
            return
        marked = self.chosen
        refs, stage = marked if event.ref in marked else [event.ref], target.stage

        def drop(ctx: "Context", ref: str) -> str:
            from crmtui.services import opportunity

            moved = opportunity.advance(ctx, ref, stage)
            return str(ctx.stage_name(moved.process_id, moved.stage))

        self.run_worker(moving.move(self, refs, drop), group="verb", exit_on_error=False)

    # -- the frame

    def crumb_right(self) -> str:
        """Of which period the opportunities are, where they were narrowed to one."""
        closing = [one.removeprefix(CLOSING) for one in self.conditions if one.startswith(CLOSING)]
        return gettext(N_("closing {period}")).format(period=closing[0]) if closing else ""

    def filter_note(self) -> str:
        """The order."""
        arrow = g("sort_down") if self.sort.startswith("-") else g("sort_up")
        return f"{gettext(N_('sort'))} {gettext(SORTS.get(self.sort, self.sort))} {arrow}"

    def filter_right(self) -> str:
        """How many there are, and how many of them are late."""
        count = sum(column.count for column in self.columns)
        said = ngettext(N_("{count} opportunity"), N_("{count} opportunities"), count).format(
            count=f"{count:,}"
        )
        if self.total is not None and self.total.late.value:
            said += ", " + gettext(N_("{count} late")).format(count=f"{self.total.late.value:,}")
        marked = sum(len(widget.marks) for widget in self.widgets)
        return f"{gettext(N_('marked {count}')).format(count=marked)}   {said}" if marked else said

    # -- keys

    @property
    def chosen(self) -> list[str]:
        """The marked cards, else the one under the cursor."""
        marked = [ref for widget in self.widgets for ref in sorted(widget.marks)]
        card = self.here.current if self.here is not None else None
        return marked or ([card.ref] if card is not None else [])

    @property
    def chosen_data(self) -> list[Mapping[str, Any]]:
        """The board holds what is open, unless another condition was chosen."""
        return [{} for _ in self.chosen]

    def to_rows(self) -> None:
        """Back to the cards."""
        if self.here is not None:
            self.here.focus()

    async def changed(self, work: Any, said: Any) -> Any:
        """The marks go with what was done."""
        done = await super().changed(work, said)
        if done is not None:
            self.forget_marks()
        return done

    def forget_marks(self) -> None:
        """Take all marks away."""
        for widget in self.widgets:
            widget.marks.clear()
            widget.refresh()
        self.redraw_frame()

    def action_stage_on(self) -> None:
        """The chosen cards a stage on; from the last one a card can only be closed."""
        self._step(1)

    def action_stage_back(self) -> None:
        """The chosen cards a stage back."""
        self._step(-1)

    def _step(self, by: int) -> None:
        def step(ctx: "Context", ref: str) -> str:
            from crmtui.services import stages

            return stages.move(ctx, ref, by)

        if self.chosen:
            self.run_worker(moving.move(self, self.chosen, step), group="verb", exit_on_error=False)

    def action_edit(self) -> None:
        """Value, probability and close date of the card; of several, their form."""
        from crmtui.screens.closing import adjusting
        from crmtui.screens.verbs import edit

        refs = self.chosen
        if len(refs) == 1:
            self.program.push_screen(adjusting(refs[0]))
        elif refs:
            self.run_worker(edit(self, "opp", refs), group="verb", exit_on_error=False)

    def action_open(self) -> None:
        """What the cursor is on."""
        if self.here is not None:
            self.here.action_open()

    def action_mark(self) -> None:
        """Mark the card under the cursor."""
        if self.here is not None:
            self.here.action_mark()

    async def action_new(self) -> None:
        """A new opportunity."""
        await self.program.new_record("opp")

    def action_sort(self) -> None:
        """The next order."""
        orders = list(SORTS)
        self.sort = orders[(orders.index(self.sort) + 1) % len(orders)]
        self.reload("sort")

    def action_copy(self) -> None:
        """The card as text."""
        card = self.here.current if self.here is not None else None
        if card is not None:
            amount = card.amount.text() if card.amount is not None else ""
            self.app.copy_to_clipboard("\t".join((card.ref, card.account, card.name, amount)))

    def action_back(self) -> None:
        """First the marks go, then what is looked for."""
        marked = [widget for widget in self.widgets if widget.marks]
        if marked:
            self.forget_marks()
        elif self.found:
            self.found = ""
            self.reload("find")
        else:
            super().action_back()

    async def action_open_figure(self, name: str) -> None:
        """The records behind a figure of the last line."""
        from crmtui.screens.popup import open_figure

        figure = getattr(self.total, name, None)
        if figure is not None:
            await open_figure(self, figure)

    def command_line(self) -> str:
        """The heads of the columns as a command."""
        import shlex

        where = f" --where {shlex.quote(self.where)}" if self.where else ""
        return f"crm opp list{where} --by stage --measure 'count,sum(amount)'"


@dataclass(frozen=True)
class _Read:
    """The columns, where the card is that has the cursor, and the cards in view of each column with their first place."""

    columns: list[Any]
    spot: tuple[int, int] | None
    cards: list[tuple[int, list[Any]]]


def _read(ctx: "Context", where: str, sort: str, keep: str, tops: Mapping[str, int]) -> _Read:
    from crmtui.services import board

    columns = board.board(ctx, where)
    spot = board.spot(ctx, columns, keep, sort) if keep else None
    found: list[tuple[int, list[Any]]] = []
    for at, column in enumerate(columns):
        start = min(tops.get(column.stage, 0), max(column.count - FETCH, 0))
        if spot is not None and spot[0] == at:
            start = max(spot[1] - FETCH // 2, 0)
        found.append((start, _cards(ctx, column.condition, sort, start) if column.count else []))
    return _Read(columns, spot, found)


def _cards(ctx: "Context", condition: str, sort: str, start: int) -> list[Any]:
    from crmtui.services import board

    return board.cards(ctx, condition, start=start, size=FETCH, sort=sort)


def _summed(ctx: "Context", where: str, whose: str, period: str, columns: Sequence[Any]) -> Any:
    from crmtui.services import board

    return board.summary(ctx, where, whose, period, columns)


def _where(column: BoardColumn) -> str:
    """Where the cursor is, in words: `Proposal 3/12: Acme, MES phase 2`."""
    if column.on_head or column.current is None:
        return f"{column.title}: {column.count:,}, {column.head.amount}"
    card = column.current
    names = ", ".join(filter(None, (card.account, card.name)))
    return f"{column.title} {column.cursor + 1}/{column.count}: {clean(names)}"
