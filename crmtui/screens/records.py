"""The list of one kind of record: filter, find, sort, group, mark, and what can be done with the marked ones."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal

from crmtui.errors import CrmError
from crmtui.i18n import N_, gettext
from crmtui.screens import foresight
from crmtui.screens.cells import money_text
from crmtui.screens.columnsets import counted, names_of, plural
from crmtui.screens.details import Details
from crmtui.screens.filtered import Filtered
from crmtui.screens.frame import FilterLine, Pane, told
from crmtui.screens.glyphs import g
from crmtui.screens.keys import bind
from crmtui.screens.listing import Column, Row, WindowedList
from crmtui.screens.place import Part
from crmtui.screens.rows import Numbered
from crmtui.screens.sections import Tab
from crmtui.services.nouns import NOUNS

if TYPE_CHECKING:
    from crmtui.services.context import Context

FOLLOW = 0.08
"""Seconds that the cursor rests before the side panel follows it."""


class RecordList(Filtered):
    """Any noun's list, from its declaration. Subclasses choose columns, groups and what the side panel shows."""

    WHERE = "records"
    HOLDS = True
    PURPOSE = (
        N_("All records of one kind that you may see, with what they add up to."),
        N_("/ finds as you type, f makes conditions, the marked ones can be changed together."),
    )
    # Verbs come first: a list that gives them a word in the footer shows them before the rest.
    BINDINGS: ClassVar[list[Any]] = [
        *bind("records", hidden=("agree", "stage_back", "stage_on", "move_to", "refuse", "remove")),
        *bind(
            "records",
            edit=N_("Edit"),
            new=N_("New"),
            find=N_("Find"),
            filter=N_("Filter"),
            sort=N_("Sort"),
            columns=N_("Columns"),
            panel=N_("Panel"),
            pin=N_("Save view"),
            copy=N_("Copy"),
            hidden=("zoom",),
        ),
    ]
    DEFAULT_CSS = """
    RecordList Horizontal { height: 1fr; }
    RecordList #side { width: 43; display: none; }
    RecordList.-paneled #side { display: block; }
    RecordList.-normal #side { width: 34; }
    RecordList.-xwide #side { width: 56; }
    RecordList.-narrow #side { display: none; width: 100%; }
    RecordList.-narrow.-over #side { display: block; }
    RecordList.-narrow.-over #rows { display: none; }
    """
    GROUP: str = ""
    """What the list is grouped by when nobody chose otherwise."""
    PANEL: ClassVar[bool] = False
    """Whether the side panel is there when nobody chose otherwise."""
    NOUN: ClassVar[str] = ""

    def __init__(self, tab: Tab | None = None, noun: str = "", where: str = "", title: str = "") -> None:
        super().__init__(tab)
        self.noun = noun or self.NOUN or (tab.nouns[0] if tab else "")
        self.over_title, self.conditions = title, [where] if where else []
        self.over_list = tab is None
        self.total, self.sort, self.group = 0, "", self.GROUP
        self._names: list[str] = []
        """The columns that the person chose."""
        self._foreseen = False
        self._useful: Sequence[str] = ()
        """The columns that tell something, of those that the list begins with."""
        if self.over_list:
            self.PAGE = True
            self.WHOSE = False
        else:
            self.SECTION = _section(tab)
            self.WHOSE = self.noun in ("lead", "account", "contact", "opp")

    @classmethod
    def over(cls, noun: str, where: str, title: str = "") -> "RecordList":
        """The list of `noun` with the condition `where`, to be laid over another screen."""
        from crmtui.screens import sections

        of = next((one.screen for _, one in sections.tabs() if one.name == noun and one.nouns == (noun,)), "")
        made = sections.load(of) if of else cls
        if not issubclass(made, RecordList):
            made = cls
        return made(None, noun, where, title)

    # -- what is there

    def body(self) -> ComposeResult:
        """The list, and beside it the record under the cursor."""
        with Horizontal():
            yield Pane(self.make_list(), id="rows")
            yield Pane(Details(), id="side", way_out=gettext(N_("i hides this panel")))

    def make_list(self) -> WindowedList:
        """The list itself; its columns come with the first reading."""
        return WindowedList([Column("ref", "")], id="list")

    @property
    def rows(self) -> WindowedList:
        """The list."""
        return self.query_one("#list", WindowedList)

    async def on_mount(self) -> None:
        """As it was left."""
        self.as_it_was()
        self.rows.on_place = self.query_one("#rows", Pane).say_out

    def as_it_was(self) -> None:
        """Panel, order, grouping and columns as they were when the list was left last."""
        self.set_class(bool(self.program.memory.get(f"panel.{self.noun}", self.PANEL)), "-paneled")
        self.sort = str(self.program.memory.get(f"sort.{self.noun}", ""))
        self.group = str(self.program.memory.get(f"group.{self.noun}", self.GROUP))
        self._names = list(self.program.memory.get(f"columns.{self.noun}", []))

        widths: dict[str, object] = self.program.memory.get(f"widths.{self.noun}", {})
        self.rows.widen_as({name: cells for name, cells in widths.items() if isinstance(cells, int)})

    def on_windowed_list_widened(self, event: WindowedList.Widened) -> None:
        """Remember it."""
        if event.list is self.rows:
            self.program.memory.put(f"widths.{self.noun}", event.widths)

    def default_columns(self) -> Sequence[str]:
        """The columns that the list begins with, as far as they tell something."""
        return names_of(self.noun)

    def column_names(self) -> Sequence[str]:
        """The columns in their order."""
        return self._names or self._useful or self.default_columns()

    def extra_columns(self) -> Sequence[Column]:
        """Columns of figures that are no fields; they stand before the day of the last change, until one chooses."""
        return ()

    def chosen_names(self) -> list[str]:
        """The columns in their order, those of figures among them."""
        names, figures = list(self.column_names()), [column.name for column in self.extra_columns()]
        if self._names:
            return names
        place = names.index("updated_at") if "updated_at" in names else len(names)
        return [*names[:place], *figures, *names[place:]]

    async def load(self) -> None:
        """The columns, then the rows; counts and sums follow."""
        from crmtui.screens.querying import QuerySource
        from crmtui.services.window import Listing

        pane, rows = self.query_one("#rows", Pane), self.rows
        pane.name_it(self.title_text())
        columns = await self.desk.read(self._columns_there)
        figures = {column.name for column in self.extra_columns()}
        names = tuple(name for name in self.column_names() if name not in figures)
        if [one.name for one in columns] != [one.name for one in rows.columns]:
            rows.columns = columns
        listing = Listing(self.noun, self.where, self.sort, names, group=self.group)
        name = self.sort.lstrip("-")
        rows.sorted_by(name, self.sort.startswith("-"))
        rows.show(
            QuerySource(self.desk, listing, columns, self.sign, self.figures),
            keep=self.reason in ("store", "refresh", "show", "columns"),
            inside=self.reason == "find",
        )
        self.in_turn("sums", partial(self._sum, listing))

    def _columns_there(self, ctx: "Context") -> list[Column]:
        from crmtui.screens.columnsets import arranged
        from crmtui.screens.querying import columns_for
        from crmtui.services.useful import useful

        if not self._names and self.reason != "store":
            self._useful = useful(ctx, self.noun, self.default_columns())
        figures = {column.name: column for column in self.extra_columns()}
        columns = columns_for(ctx, self.noun, [name for name in self.column_names() if name not in figures])
        every = {column.name: column for column in columns} | figures
        if not self._names:
            every |= {column.name: column for column in arranged(self.noun, columns)}
        return [every[name] for name in self.chosen_names() if name in every]

    figures: Any = None
    """What gives the values of columns that are no fields: records as read → ref → column → cell."""

    def sign(self, row: dict[str, Any]) -> Any:
        """The sign before a row: changed by somebody else just now."""
        touched = self.program.touched
        return (g("changed"), "accent") if touched and row["ref"] in touched.refs else ""

    def measures(self) -> Sequence[str]:
        """What the Σ line sums."""
        from crmtui.screens.querying import measures_of

        return measures_of(self.noun)

    async def _sum(self, listing: Any) -> None:
        from crmtui.screens.querying import sum_row
        from crmtui.services import window

        there = {column.name for column in self.rows.columns}
        measures = [one for one in self.measures() if one.partition("(")[2].rstrip(")") in there]
        if not measures:
            self._sums = None
            self.rows.footer(None)
            return
        try:
            sums, more = await self.desk.read_behind(
                lambda ctx: (window.sums(ctx, listing, measures), self.more_sums(ctx, listing.where))
            )
        except CrmError as error:
            self.program.note(told(error), "warn")
            return
        self._sums, self._more = sum_row(self.noun, sums), more
        self._show_sums()

    def more_sums(self, ctx: "Context", where: str) -> dict[str, Any]:
        """Sums that are no column's: what they are called (a marked text) → money."""
        return {}

    _sums: Row | None = None
    _more: dict[str, Any] = {}  # noqa: RUF012

    def _show_sums(self) -> None:
        """The Σ line: how many there are, what they add up to."""
        row = self._sums
        if row is None or not self.total:
            self.rows.footer(None)
            return
        words = [counted(self.noun, self.total)]
        words += [f"{gettext(name)} {money_text(value)}" for name, value in self._more.items()]
        row.cells[self.rows.columns[0].name] = f" {g('dot')} ".join(words)
        self.rows.footer(row)

    # -- the frame

    def title_text(self) -> str:
        """The pane's title, with the number of rows."""
        title = self.over_title or plural(self.noun)
        return f"{title} {g('dot')} {self.total:,}"

    def crumb_left(self) -> Any:
        """Over another screen: what it is a list of."""
        if not self.over_list:
            yield from super().crumb_left()
            return
        yield from _over(plural(self.noun), self.over_title)

    def filter_note(self) -> str:
        """The order and the grouping."""
        parts = []
        if self.sort:
            arrow = g("sort_down") if self.sort.startswith("-") else g("sort_up")
            parts.append(f"{gettext(N_('sort'))} {self._label(self.sort.lstrip('-'))} {arrow}")
        if self.group:
            parts.append(gettext(N_("by {field}")).format(field=self._label(self.group)))
        return "   ".join(parts)

    def _label(self, name: str) -> str:
        from crmtui.services import shape

        titles = {field.name: gettext(field.label) for field in shape.fields(self.noun)}
        return next((one.title for one in self.rows.columns if one.name == name), titles.get(name, name))

    def filter_right(self) -> str:
        """How many are marked."""
        marked = len(self.rows.marked)
        return gettext(N_("marked {count}")).format(count=marked) if marked else ""

    def crumb_right(self) -> str:
        """Nothing of a period: a list is of today."""
        return ""

    # -- what happens in the list

    def on_windowed_list_counted(self, event: WindowedList.Counted) -> None:
        """The number of rows is known: say so, or why there are none."""
        if event.list is not self.rows:
            return
        source = self.rows.source
        found = source.number(0) if isinstance(source, Numbered) else None
        self.total = found[1] if found is not None else event.count
        pane = self.query_one("#rows", Pane)
        pane.name_it(self.title_text())
        self._show_sums()
        if event.count:
            self._foresee()
            pane.ready()
            pane.say_out(self.rows.position_text)
        else:
            had_focus = self.rows.has_focus
            pane.say(self.empty_text())
            pane.say_out("")
            if had_focus:
                self.set_focus(None)
            self.query_one(Details).show_none()
        self.redraw_frame()

    def _foresee(self) -> None:
        """Once, a little later, make the first page ready."""
        row = self.rows.current
        if not self._foreseen and row is not None and row.kind == "row" and not self.app.is_headless:
            self._foreseen = True
            self.set_timer(foresight.SECONDS, partial(foresight.page, self.desk, self.noun, row.key))

    def empty_text(self) -> str:
        """Why there is nothing, and the next key."""
        name = plural(self.noun).lower()
        if self.conditions or self.found:
            return gettext(N_("No {records} because of the filter. f change · Esc without")).format(
                records=name
            )
        if not self.over_list and self.whose != "all" and self.whose_condition(self.noun):
            return gettext(N_("No {records} of yours. w whose · n new")).format(records=name)
        if self.why_not("new"):
            return gettext(N_("No {records} yet.")).format(records=name)
        return gettext(N_("No {records} yet. n new")).format(records=name)

    def on_windowed_list_failed(self, event: WindowedList.Failed) -> None:
        """The rows could not be read."""
        if event.list is not self.rows:
            return
        self.query_one("#rows", Pane).fail(event.error)

    def on_windowed_list_moved(self, event: WindowedList.Moved) -> None:
        """The side panel follows the cursor a little later."""
        if event.list is not self.rows:
            return
        self.program.announce(self.rows)
        self.offer()
        if self.panel_shows:
            self.in_turn("follow", partial(self._follow, event.row))

    @property
    def panel_shows(self) -> bool:
        """Whether the record under the cursor is to be seen."""
        return self.has_class("-over" if self.has_class("-narrow") else "-paneled")

    async def _follow(self, row: Row | None) -> None:
        from crmtui.services import shape

        await asyncio.sleep(FOLLOW)
        side = self.query_one("#side", Pane)
        if row is None or row.kind != "row":
            self.query_one(Details).show_none()
            side.name_it("")
            return
        name = (row.data or {}).get(shape.label(self.noun)) or row.text(self.rows.columns[0].name)
        side.name_it(f"{name} {g('dot')} {row.key}")
        try:
            await self.query_one(Details).show_record(self.desk, self.noun, row.key)
            side.ready()
        except CrmError as error:
            side.fail(error)

    async def on_windowed_list_opened(self, event: WindowedList.Opened) -> None:
        """The page of the record; of a group its rows as a list."""
        if event.list is not self.rows:
            if getattr(event.row.data, "ref", ""):
                await self.program.open_record(event.row.data.ref)
            return
        if event.row.kind == "group":
            condition = event.row.data
            if condition:
                from crmtui.services import conditions

                source: Any = self.rows.source
                group = source.group(event.row.key)
                await self.program.open_list(
                    self.noun,
                    conditions.every(self.where, condition),
                    group.label if group is not None else plural(self.noun),
                )
            return
        await self.program.open_record(event.row.key, self.rows)

    async def on_windowed_list_right_clicked(self, event: WindowedList.RightClicked) -> None:
        """Every verb for the record."""
        await self.action_menu()

    def on_windowed_list_sort_asked(self, event: WindowedList.SortAsked) -> None:
        """By this column; again: the other way round; again: as it was."""
        self.sort_by(event.column)

    def on_windowed_list_mark_changed(self, event: WindowedList.MarkChanged) -> None:
        """How many are marked, and what can be done with them."""
        self.redraw_frame()
        self.offer()

    def on_windowed_list_typed(self, event: WindowedList.Typed) -> None:
        """A wide character begins to find: letters of an input method mean no keys."""
        self.query_one(FilterLine).begin(event.character)

    def sort_by(self, column: str) -> None:
        """Sort by a column, the other way round when it is sorted by it, not at all the third time."""
        self.sort = (
            column if self.sort not in (column, f"-{column}") else f"-{column}" if self.sort == column else ""
        )
        self.program.memory.put(f"sort.{self.noun}", self.sort)
        self.reload("sort")

    # -- keys

    @property
    def chosen(self) -> list[str]:
        """The refs of the marked records, else of the one under the cursor."""
        return [row.key for row in self.rows.marked_rows]

    @property
    def chosen_data(self) -> list[Any]:
        """The marked records as far as the list read them."""
        return [row.data for row in self.rows.marked_rows if isinstance(row.data, dict)]

    def to_rows(self) -> None:
        """Back to the list."""
        if self.rows.count:
            self.rows.focus()

    def why_not(self, action: str) -> str | None:
        """What needs a record, or a noun that is entered by hand."""
        if not self.is_mounted:
            return None
        if action in ("sort", "copy") and not self.rows.count:
            return gettext(N_("There is no record here."))
        if action == "new" and "add" not in NOUNS[self.noun].verbs:
            return gettext(N_("These are not entered by hand."))
        if action == "new" and not self.program.may(self.noun, "add"):
            return gettext(N_("Your role does not let you enter any."))
        return super().why_not(action)

    def command_line(self) -> str:
        """The list as a command."""
        import shlex

        parts = [f"crm {self.noun} list"]
        if self.where:
            parts.append(f"--where {shlex.quote(self.where)}")
        if self.sort:
            parts.append(f"--sort {shlex.quote(self.sort)}")
        return " ".join(parts)

    async def action_new(self) -> None:
        """The form of a new record."""
        await self.program.new_record(self.noun)

    def action_sort(self) -> None:
        """By the column that the arrows chose, else by the next one."""
        rows = self.rows
        names = [one.name for one in rows.columns if one.sortable]
        now = self.sort.lstrip("-")
        column = rows.chosen or now or names[0]
        self.sort_by(column)

    def action_columns(self) -> None:
        """Choose columns and grouping."""
        self.run_worker(self._columns(), group="ask", exit_on_error=False)

    async def _columns(self) -> None:
        from crmtui.screens.columns import Columns

        found = await self.program.push_screen_wait_safe(
            Columns(self.noun, self.chosen_names(), self.group, self.extra_columns())
        )
        if found is not None:
            self._names, self.group = list(found.columns), found.group
            self.program.memory.put(f"columns.{self.noun}", self._names)
            self.program.memory.put(f"group.{self.noun}", self.group)
            self.reload("columns")

    def action_panel(self) -> None:
        """Show or hide the record under the cursor beside the list; where there is little room in place of it."""
        if self.has_class("-narrow"):
            self.toggle_class("-over")
            (self.query_one(Details) if self.has_class("-over") else self.rows).focus()
        else:
            self.toggle_class("-paneled")
            self.program.memory.put(f"panel.{self.noun}", self.has_class("-paneled"))
        self.in_turn("follow", partial(self._follow, self.rows.current))

    def action_zoom(self) -> None:
        """The pane at full size, and back."""
        if self.maximized:
            self.minimize()
        else:
            self.maximize(self.query_one("#rows", Pane))

    def action_copy(self) -> None:
        """The current or the marked rows, as tab-separated text."""
        self.app.copy_to_clipboard(self.rows.copy_text())

    def action_back(self) -> None:
        """First out of the finding, then the marks, then the filter of an empty list, then a level back."""
        if self.has_class("-over") and self.has_class("-narrow"):
            self.action_panel()
        elif self.rows.marked:
            self.rows.clear_marks()
        elif self.found:
            self.found = ""
            self.reload("find")
        elif not self.rows.count and self.conditions and not self.over_list:
            self.conditions = []
            self.reload("filter")
        else:
            super().action_back()


def _section(tab: Tab | None) -> int:
    from crmtui.screens.sections import tabs

    return next((section.number for section, one in tabs() if one is tab), 1)


def _over(kind: str, title: str) -> Any:
    parts: list[Part] = [(kind, "bold foreground", "")]
    if title:
        parts += [(f" {g('into')} ", "muted", ""), (title, "bold accent", "")]
    return iter(parts)
