"""The board: one column for each stage, cards that move between them, and what all of it comes to."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal

from crmtui.errors import CrmError
from crmtui.i18n import N_, gettext, ngettext
from crmtui.screens import charts
from crmtui.screens.boardcolumn import BoardColumn, Head
from crmtui.screens.filtered import Filtered
from crmtui.screens.frame import Line, Pane, told
from crmtui.screens.glyphs import g
from crmtui.screens.keys import bind
from crmtui.screens.sections import Tab

if TYPE_CHECKING:
    from crmtui.services.context import Context

SORTS = {
    "-amount": N_("amount"),
    "expected_close_on": N_("close date"),
    "stage_at": N_("longest in the stage"),
}
FETCH = 50
"""Cards read at once."""
NARROW = 3
"""Columns that are there at once where the screen is narrow."""


class Board(Filtered):
    """Opportunities by stage; `<` and `>` or the mouse move a card."""

    SECTION = 4
    TAB = "board"
    WHERE = "board"
    PURPOSE = (
        N_("The open opportunities by stage; each card is one, the head of a column what they come to."),
        N_("Arrows go from card to card, < and > move the card a stage, Enter opens it."),
    )
    BINDINGS: ClassVar[list[Any]] = bind(
        "board",
        stage_back=N_("Back a stage"),
        stage_on=N_("On a stage"),
        edit=N_("Edit"),
        new=N_("New"),
        filter=N_("Filter"),
        view=N_("List"),
        sort=N_("Sort"),
        find=N_("Find"),
        pin=N_("Save view"),
        copy=N_("Copy"),
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

    # -- reading

    async def load(self) -> None:
        """The heads of all columns with one query, then the cards in view, then what it comes to."""
        from crmtui.services import board

        where, whose, period = self.where, self.whose, self.period
        keep = self._kept()
        columns = await self.desk.read(lambda ctx: board.board(ctx, where))
        await self._stand(columns)
        most = max((column.amount.minor for column in columns), default=0)
        for column, widget in zip(columns, self.widgets, strict=True):
            widget.take(
                column.name,
                Head(
                    "".join(charts.short(column.amount)),
                    "".join(charts.short(column.weighted)),
                    column.amount.minor / most if most else 0.0,
                ),
                column.count,
                column.condition,
            )
        for widget in self.widgets:
            if widget.count:
                await self._fetch(widget, widget.top, keep)
        empty = not any(column.count for column in columns)
        self.set_class(empty, "-empty")
        if empty:
            self.query_one("#nothing", Pane).say(self._why_empty())
        self._arrange()
        self.total = await self.desk.read_behind(lambda ctx: board.summary(ctx, where, whose, period))
        self.query_one(Totals).refresh()

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
            await holder.remove_children()
            await holder.mount(
                *(BoardColumn(column.stage, f"stage-{at}") for at, column in enumerate(columns))
            )
            first = next((at for at, column in enumerate(columns) if column.count), 0)
            if self.widgets:
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

    async def _fetch(self, widget: BoardColumn, start: int, keep: str = "") -> None:
        from crmtui.services import board

        condition, sort = widget.condition, self.sort
        try:
            cards = await self.desk.read(
                lambda ctx: board.cards(ctx, condition, start=start, size=FETCH, sort=sort)
            )
        except CrmError as error:
            self.program.note(told(error), "error")
            return
        if widget.condition == condition:
            widget.put(start, cards, keep)

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
            widget._frame()

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
            widgets[place].move_to(widgets[place].top + line)
            self._arrange()

    def on_board_column_moved(self, event: BoardColumn.Moved) -> None:
        """Another card: its next step stands below."""
        self._arrange()
        self.query_one(Totals).refresh()
        if self.program.look.accessible and event.column.current is not None:
            card = event.column.current
            self.program.note(
                f"{event.column.title} {event.column.cursor + 1}/{event.column.count}: {card.account} {card.name}"
            )

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

    def on_board_column_dropped(self, event: BoardColumn.Dropped) -> None:
        """A card was dragged: over another column it goes into that stage."""
        target = next((one for one in self.widgets if one.region.contains_point(event.at)), None)
        if target is not None and target is not event.column:
            self.run_worker(self._drop(event.ref, target), group="verb", exit_on_error=False)

    async def _drop(self, ref: str, target: BoardColumn) -> None:
        from crmtui.services import opportunity

        def work(ctx: "Context") -> str:
            opportunity.advance(ctx, ref, target.stage)
            return ref

        said = gettext(N_("{ref} moved to {stage}")).format(ref=ref, stage=target.title)
        if await self.changed(work, said):
            target.focus()

    # -- the frame

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
            for widget in self.widgets:
                widget.marks.clear()
        return done

    def action_edit(self) -> None:
        """Value, probability and close date of the card; of several, their form."""
        from crmtui.screens.verbs import adjust, edit

        refs = self.chosen
        if refs:
            run = adjust if len(refs) == 1 else edit
            self.run_worker(run(self, "opp", refs), group="verb", exit_on_error=False)

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
            for widget in marked:
                widget.marks.clear()
                widget.refresh()
            self.redraw_frame()
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


class Totals(Line):
    """The line below the board: open, weighted, quota left, coverage; each can be clicked."""

    DEFAULT_CSS = "Totals { dock: bottom; background: $panel; offset: 0 -1; }"

    def draw(self, room: int) -> None:
        """The figures, then the chosen card."""
        board: Any = self.screen
        total = board.total
        self.put(" ")
        if total is None:
            self.put(g("cut"), "muted")
            return
        self._figure("".join(charts.short(total.open.value)), N_("open"), "open")
        self._figure("".join(charts.short(total.weighted.value)), N_("weighted"), "weighted")
        if total.left is not None:
            self._figure("".join(charts.short(total.left.value)), N_("quota left"), "left")
        if total.coverage is not None:
            self.put(f"{gettext(N_('coverage'))} ")
            good = total.coverage >= 1
            self.put(
                f"{total.coverage:.1f}{g('times')}",
                "success" if good else "warning",
                bold=True,
                action="screen.open_figure('open')",
            )
        card = board.here.current if board.here is not None else None
        if card is not None and self.used + 20 < room:
            self.put(f"    {card.account or card.name}", "accent")
            self.put(f" {card.ref} {g('dot')} {card.name}", "muted")

    def _figure(self, amount: str, word: str, name: str) -> None:
        action = f"screen.open_figure('{name}')"
        self.put(amount, bold=True, action=action)
        self.put(f" {gettext(word)} {g('dot')} ", "foreground", action=action)
