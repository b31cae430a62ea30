"""Administration: people, departments, territories, rights, stages, quotas; each a list or a tree with what it means beside it."""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import takewhile
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal

from crmtui.errors import CrmError
from crmtui.i18n import N_, gettext
from crmtui.screens.acting import Acting
from crmtui.screens.details import Details
from crmtui.screens.frame import Pane
from crmtui.screens.glyphs import g
from crmtui.screens.keys import bind
from crmtui.screens.listing import Column, Row, WindowedList, static
from crmtui.screens.place import Place
from crmtui.screens.records import RecordList
from crmtui.screens.sections import Tab
from crmtui.text import width


class Users(RecordList):
    """People by department, with what they may beside them."""

    NOUN = "user"
    GROUP = "dept"
    PANEL = True
    WHERE = "users"
    PURPOSE = (
        N_("Everybody who uses the program: department, superior and role."),
        N_(
            "n adds a person, e changes one; putting a person away ends their access and keeps their records."
        ),
    )

    def default_columns(self) -> Sequence[str]:
        """Without the department, which is the group."""
        return ("name", "login", "role", "manager", "active")


class Tree(Acting):
    """A tree of records with the chosen one beside it. Subclasses say of what, and how a row looks."""

    SECTION = 9
    FILTER = False
    WHOSE = False
    BINDINGS: ClassVar[list[Any]] = bind(
        "tree",
        new=N_("New"),
        edit=N_("Edit"),
        move_to=N_("Move"),
        remove=N_("Put away"),
        panel=N_("Panel"),
        copy=N_("Copy"),
    )
    DEFAULT_CSS = """
    Tree Horizontal { height: 1fr; }
    Tree #side { width: 46; }
    Tree.-narrow #side { display: none; width: 1fr; }
    Tree.-narrow.-paneled #side { display: block; }
    Tree.-narrow.-paneled #rows { display: none; }
    """
    TITLE_TEXT: ClassVar[str] = ""
    COLUMNS: ClassVar[tuple[tuple[str, str, int], ...]] = ()

    def body(self) -> ComposeResult:
        """The tree, and the record under the cursor."""
        columns = [
            Column(name, gettext(title), size, right=name == "people", sortable=False)
            for name, title, size in self.COLUMNS
        ]
        with Horizontal():
            yield Pane(
                WindowedList(columns, id="list", marks=False), id="rows", title=gettext(self.TITLE_TEXT)
            )
            yield Pane(Details(id="details"), id="side")

    @property
    def rows(self) -> WindowedList:
        """The tree."""
        return self.query_one("#list", WindowedList)

    @property
    def chosen(self) -> list[str]:
        """The record under the cursor."""
        row = self.rows.current
        return [row.key] if row is not None else []

    @property
    def kind(self) -> str:
        """The noun of the chosen row: a person or a department."""
        return next((noun for noun in map(_kind, self.chosen) if noun), self.noun)

    async def load(self) -> None:
        """The tree in reading order."""

        def show(rows: list[Row]) -> None:
            self.rows.show(static(rows))
            if not rows:
                self.query_one("#rows", Pane).say(gettext(N_("Nothing here yet. n new")))

        await self.into(self.query_one("#rows", Pane), self.read, show)

    def read(self, ctx: Any) -> list[Row]:
        """The rows of the tree."""
        raise NotImplementedError

    def on_windowed_list_moved(self, event: WindowedList.Moved) -> None:
        """The record under the cursor stands beside the tree."""
        if event.list is self.rows:
            self.query_one("#rows", Pane).say_out(self.rows.position_text)
            self.program.announce(self.rows)
            self.offer()
            self.in_turn("follow", partial(self._follow, event.row))

    async def _follow(self, row: Row | None) -> None:
        from crmtui.screens.app import noun_of

        side = self.query_one("#side", Pane)
        if row is None:
            self.query_one(Details).show_none()
            return
        noun = noun_of(row.key) or self.noun
        side.name_it(f"{row.data or ''} {g('dot')} {row.key}".strip())
        try:
            await self.query_one(Details).show_record(self.desk, noun, row.key)
            side.ready()
        except CrmError as error:
            side.fail(error)

    async def on_windowed_list_opened(self, event: WindowedList.Opened) -> None:
        """The page of the record."""
        ref = event.row.key if event.list is self.rows else getattr(event.row.data, "ref", "")
        if ref:
            await self.program.open_record(ref)

    async def action_new(self) -> None:
        """A new one below the chosen one."""
        from crmtui.screens.forms import FormSheet

        chosen = [ref for ref in self.chosen if _kind(ref) == self.noun]
        given = {"parent": chosen[0]} if chosen else {}
        await self.program.push_screen(FormSheet(self.noun, given=given))

    def action_move_to(self) -> None:
        """Hang it below another one."""
        self.run_worker(self._move(), group="verb", exit_on_error=False)

    async def _move(self) -> None:
        from crmtui.screens.picker import Picker
        from crmtui.services import records

        refs = self.chosen
        if not refs:
            return
        found = await self.program.push_screen_wait_safe(Picker(self.noun, gettext(N_("Below which one?"))))
        if found is None:
            return
        parent, name = found
        field = "parent" if _kind(refs[0]) == self.noun else "dept"

        def work(ctx: Any) -> str:
            records.edit(ctx, _kind(refs[0]), refs[0], {field: parent})
            return refs[0]

        await self.changed(work, gettext(N_("{ref} stands below {name} now")).format(ref=refs[0], name=name))

    def why_not(self, action: str) -> str | None:
        """People in the tree are changed like everything else."""
        if action == "move_to":
            if not self.is_mounted or not self.chosen:
                return gettext(N_("There is no record here."))
            may = self.program.may(self.kind, "edit")
            return None if may else gettext(N_("Your role does not let you do that."))
        if action == "new" and not self.program.may(self.noun, "add"):
            return gettext(N_("Your role does not let you enter any."))
        return super().why_not(action)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Moving is a verb of trees alone."""
        if action == "move_to":
            return None if self.why_not(action) else True
        return super().check_action(action, parameters)

    def action_panel(self) -> None:
        """On a narrow screen the record instead of the tree, and back."""
        self.toggle_class("-paneled")
        if self.has_class("-narrow"):
            (self.query_one(Details) if self.has_class("-paneled") else self.rows).focus()

    def action_back(self) -> None:
        """First back to the tree."""
        if self.has_class("-narrow") and self.has_class("-paneled"):
            self.action_panel()
        else:
            super().action_back()

    def action_copy(self) -> None:
        """The line."""
        self.app.copy_to_clipboard(self.rows.copy_text())

    def command_line(self) -> str:
        """The same as a command."""
        return f"crm {self.noun} tree"


def _kind(ref: str) -> str:
    from crmtui.screens.app import noun_of

    return noun_of(ref) or ""


class Departments(Tree):
    """Departments with their people; figures roll up this tree."""

    TAB = "dept"
    WHERE = "depts"
    TITLE_TEXT = N_("Departments")
    PURPOSE = (
        N_("The departments and who works in them; figures roll up this tree."),
        N_("n adds one below the chosen one, m hangs it elsewhere, Enter opens it."),
    )
    COLUMNS = (("name", N_("Name"), 0), ("people", N_("People"), 7), ("what", N_("Head, role"), 24))
    noun = "dept"

    def read(self, ctx: Any) -> list[Row]:
        """Departments and people."""
        from crmtui.services import dept

        found = dept.tree(ctx)
        rows = [
            _tree_row(found, at, _word(row.get("head") or row.get("role"))) for at, row in enumerate(found)
        ]
        for at, row in enumerate(rows):
            below = takewhile(lambda one, depth=row.depth: one.depth > depth, rows[at + 1 :])  # type: ignore[misc]
            if _kind(row.key) == "dept":
                row.cells["people"] = (f"{sum(_kind(one.key) == 'user' for one in below):,}", "muted")
        return rows


class Territories(Tree):
    """Territories and who looks after them."""

    TAB = "territory"
    WHERE = "territories"
    TITLE_TEXT = N_("Territories")
    PURPOSE = (
        N_("The territories as a tree, with who looks after each."),
        N_("n adds one below the chosen one, m moves."),
    )
    COLUMNS = (("name", N_("Name"), 0), ("what", N_("Owner"), 26))
    noun = "territory"

    def read(self, ctx: Any) -> list[Row]:
        """Territories."""
        from crmtui.services import territory

        found = territory.tree(ctx)
        return [_tree_row(found, at, _word(row.get("owner"))) for at, row in enumerate(found)]


def _word(value: Any) -> str:
    if value is None:
        return ""
    return str(getattr(value, "name", None) or getattr(value, "shown", None) or value)


def _tree_row(found: Sequence[Mapping[str, Any]], at: int, what: str) -> Row:
    row = found[at]
    deeper = at + 1 < len(found) and found[at + 1]["depth"] > row["depth"]
    person = str(row["ref"]).startswith("U-")
    cells: dict[str, Any] = {
        "name": (str(row["name"]), "foreground" if person else "bold foreground"),
        "what": (what, "muted"),
    }
    return Row(
        str(row["ref"]), cells, depth=int(row["depth"]), open=True if deeper else None, data=str(row["name"])
    )


class Rights(Place):
    """What each role may do: verbs across, kinds of record down, how far it reaches in the cells."""

    SECTION = 9
    TAB = "role"
    WHERE = "rights"
    FILTER = False
    WHOSE = False
    PURPOSE = (
        N_("Roles and how far each right reaches: own, team, dept, territory, all; a dot is none."),
        N_("Enter on a cell changes it; Tab goes between roles and rights."),
    )
    BINDINGS: ClassVar[list[Any]] = bind("rights", edit=N_("Change"), new=N_("New role"), copy=N_("Copy"))
    DEFAULT_CSS = """
    Rights Horizontal { height: 1fr; }
    Rights #roles { width: 30; }
    Rights.-narrow #roles { width: 22; }
    """

    def __init__(self, tab: Tab | None = None) -> None:
        super().__init__(tab)
        self.role = ""

    def body(self) -> ComposeResult:
        """Roles left, their rights right."""
        with Horizontal():
            yield Pane(
                WindowedList([Column("name", gettext(N_("Role")))], id="list", marks=False, header=False),
                id="roles",
                title=gettext(N_("Roles")),
            )
            yield Pane(
                WindowedList([Column("noun", "")], id="matrix", marks=False, cell_cursor=True),
                id="rows",
                way_out=gettext(N_("{key} changes a right")).format(key=g("enter")),
            )

    async def load(self) -> None:
        """The roles, then the rights of the chosen one."""
        found = await self.desk.read(_roles)
        self.query_one("#list", WindowedList).show(static(found))
        if found and self.role not in [row.key for row in found]:
            self.role = found[0].key
        await self._show_rights()

    async def _show_rights(self) -> None:
        role = self.role
        if not role:
            return

        def show(found: tuple[list[Column], list[Row]]) -> None:
            columns, rows = found
            matrix = self.query_one("#matrix", WindowedList)
            if [one.name for one in matrix.columns] != [one.name for one in columns]:
                matrix.columns = columns
            matrix.show(static(rows))

        pane = self.query_one("#rows", Pane)
        row = next((one for one in self._listed() if one.key == role), None)
        pane.name_it(row.text("name") if row is not None else role)
        await self.into(pane, lambda ctx: _matrix(ctx, role), show)

    def _listed(self) -> list[Row]:
        found = self.query_one("#list", WindowedList)
        return [row for row in (found.row_at(at) for at in range(found.count)) if row is not None]

    def on_windowed_list_moved(self, event: WindowedList.Moved) -> None:
        """Another role: its rights."""
        if event.list.id == "list" and event.row is not None and event.row.key != self.role:
            self.role = event.row.key
            self.in_turn("follow", self._show_rights)
        self.program.announce(event.list)

    async def on_windowed_list_opened(self, event: WindowedList.Opened) -> None:
        """A cell asks how far the right shall reach; a role opens."""
        if event.list.id == "list":
            await self.program.open_record(event.row.key)
        elif event.column != "noun" and event.row.text(event.column):
            self.run_worker(self._change(event.row.key, event.column), group="verb", exit_on_error=False)

    def action_edit(self) -> None:
        """Change the right under the cursor."""
        matrix = self.query_one("#matrix", WindowedList)
        row = matrix.current
        if row is not None and matrix.chosen != "noun" and row.text(matrix.chosen):
            self.run_worker(self._change(row.key, matrix.chosen), group="verb", exit_on_error=False)

    async def _change(self, noun: str, verb: str) -> None:
        from crmtui.screens.ask import Choose, Way
        from crmtui.services import role as roles
        from crmtui.services.role import SCOPES

        if verb == DO:
            noun, _, verb = noun.partition(".")
        role_name = self.query_one("#rows", Pane).border_title
        title = gettext(N_("How far may {role} do {right}?")).format(role=role_name, right=f"{noun}.{verb}")
        scope = await self.program.push_screen_wait_safe(
            Choose(title, [Way(scope, gettext(scope)) for scope in SCOPES])
        )
        if scope:
            role = self.role

            def work(ctx: Any) -> str:
                roles.grant(ctx, role, f"{noun}.{verb}", scope)
                return role

            await self.changed(
                work,
                gettext(N_("{right} reaches {scope} now")).format(
                    right=f"{noun}.{verb}", scope=gettext(scope)
                ),
            )

    def why_not(self, action: str) -> str | None:
        """Rights and roles are for those who may change them."""
        if action == "edit" and not self.program.may("role", "grant"):
            return gettext(N_("Your role does not let you do that."))
        if action == "new" and not self.program.may("role", "add"):
            return gettext(N_("Your role does not let you enter any."))
        return super().why_not(action)

    async def action_new(self) -> None:
        """A new role."""
        from crmtui.screens.forms import FormSheet

        await self.program.push_screen(FormSheet("role"))

    def action_copy(self) -> None:
        """The line."""
        self.app.copy_to_clipboard(self.query_one("#matrix", WindowedList).copy_text())

    def command_line(self) -> str:
        """The same as a command."""
        return f"crm role rights {self.role}"


def _roles(ctx: Any) -> list[Row]:
    from crmtui.i18n import language
    from crmtui.services import records

    found = records.find(ctx, "role", sort="id", fields=("ref", "code", "name", "name_zh"))
    return [
        Row(
            row["ref"],
            {"name": str((row["name_zh"] if language() == "zh" else "") or row["name"] or row["code"])},
            data=row,
        )
        for row in found.rows
    ]


def _matrix(ctx: Any, role: str) -> tuple[list[Column], list[Row]]:
    from crmtui.services import access
    from crmtui.services import role as roles
    from crmtui.services.nouns import NOUNS

    reach = {(right["noun"], right["verb"]): right["scope"] for right in roles.rights(ctx, role)}
    nouns = [*NOUNS, *(noun for noun in access.COMPANY_VERBS if noun not in NOUNS)]
    verbs_of = {
        noun: access.verbs_of(noun) if noun in NOUNS else access.COMPANY_VERBS[noun] for noun in nouns
    }
    columns = [Column("noun", gettext(N_("Kind")), 13, sortable=False)]
    columns += [
        Column(verb, verb, max(width(verb), 5), priority=at, sortable=False)
        for at, verb in enumerate((DO, *EVERYWHERE), 1)
    ]
    columns.append(columns.pop(1))

    def cell(noun: str, verb: str) -> tuple[str, str]:
        scope = reach.get((noun, verb), "none")
        if scope == "none":
            return g("dot"), "faint"
        return gettext(scope), "success" if scope == "all" else "foreground"

    rows = []
    for noun in nouns:
        plain = [verb for verb in verbs_of[noun] if verb in EVERYWHERE]
        cells: dict[str, Any] = {"noun": (noun, "bold foreground")}
        rows.append(Row(noun, cells | {verb: cell(noun, verb) for verb in plain}))
        rows += [
            Row(f"{noun}.{verb}", {"noun": (f"  {verb}", "foreground"), DO: cell(noun, verb)})
            for verb in verbs_of[noun]
            if verb not in plain
        ]
    return columns, rows


REACHES = (N_("own"), N_("team"), N_("dept"), N_("territory"), N_("all"), N_("none"))
"""How far rights reach, told as they are called."""
EVERYWHERE = ("list", "show", "add", "edit", "archive", "restore", "history", "export", "import")
"""The verbs that most kinds of record have: each has a column; the others have rows of their own."""
DO = "do"


class Ranked(RecordList):
    """Entries that the company has in an order of its own, in groups."""

    SHOWN: ClassVar[tuple[str, ...]] = ()
    """The columns that it begins with: without the group's."""

    def as_it_was(self) -> None:
        """In that order, until another one is chosen."""
        super().as_it_was()
        self.sort = self.sort or "position"

    def default_columns(self) -> Sequence[str]:
        """Those of `SHOWN`."""
        return self.SHOWN


class Types(Ranked):
    """The entries of the lists that the company chooses from, list by list in their order."""

    NOUN = "type"
    GROUP = "list"
    WHERE = "types"
    PURPOSE = (
        N_("What people choose from: industries, sources, reasons, countries and so on."),
        N_("n adds an entry, e changes one; an entry that is put away stays where it is used."),
    )

    SHOWN = ("name", "name_zh", "code", "position", "active")


class Stages(Ranked):
    """The stages of all processes in their order, with what stands in each."""

    NOUN = "stage"
    GROUP = "process"
    WHERE = "stages"
    PURPOSE = (
        N_("The stages of each process: win rate, forecast category, usual days."),
        N_("n adds a stage, e changes one; the numbers give the order."),
    )

    SHOWN = ("name", "name_zh", "position", "probability", "category", "max_days", "code")


class Quotas(Place):
    """Quotas down the tree of departments and people: what was set, what its parts carry, and the difference."""

    SECTION = 9
    TAB = "quota"
    WHERE = "quotas"
    FILTER = False
    WHOSE = False
    PERIOD = True
    PURPOSE = (
        N_("Quotas of departments and people: what was set above and what stands below, side by side."),
        N_("e or Enter sets the quota of the row for the period shown; p changes the period."),
    )
    BINDINGS: ClassVar[list[Any]] = bind("quotas", edit=N_("Set"), columns=N_("All quotas"), copy=N_("Copy"))

    def body(self) -> ComposeResult:
        """One tree with columns."""
        columns = [
            Column("name", gettext(N_("Department, person")), 0, sortable=False),
            Column("quota", gettext(N_("Quota")), 14, right=True, sortable=False),
            Column("set", gettext(N_("Set")), 14, right=True, priority=2, sortable=False),
            Column("allocated", gettext(N_("Sum below")), 14, right=True, priority=1, sortable=False),
            Column("unallocated", gettext(N_("Difference")), 14, right=True, priority=3, sortable=False),
        ]
        yield Pane(WindowedList(columns, id="list", marks=False), id="rows", title=gettext(N_("Quotas")))

    async def load(self) -> None:
        """The tree of the period."""
        period = self.period

        def show(rows: list[Row]) -> None:
            self.query_one("#list", WindowedList).show(static(rows))

        await self.into(self.query_one("#rows", Pane), lambda ctx: _quotas(ctx, period), show)

    def on_windowed_list_moved(self, event: WindowedList.Moved) -> None:
        """Say the row where a screen reader follows."""
        self.query_one("#rows", Pane).say_out(event.list.position_text)
        self.program.announce(event.list)

    async def on_windowed_list_opened(self, event: WindowedList.Opened) -> None:
        """Set the quota of the row."""
        self.action_edit()

    def action_edit(self) -> None:
        """Ask for the amount; the quota is set, whether or not there was one."""
        row = self.query_one("#list", WindowedList).current
        if row is not None:
            self.run_worker(self._set(row), group="verb", exit_on_error=False)

    async def _set(self, row: Row) -> None:
        from crmtui.screens.ask import Words
        from crmtui.services import quota

        scope, of = row.data["scope"], row.data["of"]
        if scope not in ("dept", "user") or of is None:
            self.program.note(
                gettext(N_("A quota is of a department or a person: the company's is the sum.")), "warn"
            )
            return
        period = await self.desk.read(lambda ctx: quota.period_of(ctx, self.period).label)
        title = gettext(N_("Quota of {name}, {period}")).format(name=row.text("name"), period=period)
        held = row.data["set"]
        amount = await self.program.push_screen_wait_safe(
            Words(title, gettext(N_("Amount")), text=held.text() if held is not None else "")
        )
        if amount:

            def work(ctx: Any) -> str:
                quota.set(ctx, scope, of.ref, period, amount)
                return str(of.ref)

            await self.changed(
                work,
                gettext(N_("Quota of {name} is {amount} now")).format(name=row.text("name"), amount=amount),
            )

    async def action_columns(self) -> None:
        """Every quota as a list: of industries, products and territories too."""
        await self.program.open_list("quota", "", gettext(N_("all")))

    def action_copy(self) -> None:
        """The line."""
        self.app.copy_to_clipboard(self.query_one("#list", WindowedList).copy_text())

    def command_line(self) -> str:
        """The same as a command."""
        return (
            f"crm quota tree --period {self.period!r}"
            if " " in self.period
            else f"crm quota tree --period {self.period}"
        )


def _quotas(ctx: Any, period: str) -> list[Row]:
    from crmtui.screens.cells import money_text
    from crmtui.services import quota

    found = quota.tree(ctx, period=period)
    rows = []
    for at, row in enumerate(found):
        deeper = at + 1 < len(found) and found[at + 1]["depth"] > row["depth"]
        name = getattr(row["of"], "name", None) or str(row["of"] or gettext(N_("none")))
        cells: dict[str, Any] = {"name": (str(name), "bold foreground" if deeper else "foreground")}
        for part in ("quota", "set", "allocated", "unallocated"):
            value = row[part]
            text = money_text(value, ctx.company.currency, full=True) if value is not None else g("dot")
            token = (
                "muted"
                if value is None
                else "error"
                if part == "unallocated" and value.minor
                else "foreground"
            )
            cells[part] = (text, token)
        rows.append(
            Row(
                f"{row['scope']} {row['path']}",
                cells,
                depth=row["depth"],
                open=True if deeper else None,
                data=row,
            )
        )
    return rows
