"""The filter builder: conditions as a tree that is changed row by row, and the same as text, always in step."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.message import Message
from textual.widgets import Input, OptionList, Static

from crmtui.errors import CrmError, Invalid
from crmtui.i18n import N_, gettext, ngettext
from crmtui.screens.chips import and_, chips, without, word
from crmtui.screens.condition_line import AskLine
from crmtui.screens.condition_tree import ConditionTree, Row
from crmtui.screens.fields import AreaField, LineField, Said, Taken, taken_by_click
from crmtui.screens.frame import Pane, told
from crmtui.screens.glyphs import g
from crmtui.screens.ink import ink
from crmtui.screens.keys import bind, own
from crmtui.screens.place import Sheet
from crmtui.services.nouns import NOUNS
from crmtui.text import clean

if TYPE_CHECKING:
    from crmtui.services.conditions import Ask, Examined, Group, Path
    from crmtui.services.context import Context

__all__ = ["Builder", "ConditionTree", "FilterBuilder", "and_", "chips", "without"]


SLOW = 0.5
"""From so many seconds on it is said how long the counting took."""


class Builder(Vertical):
    """The tree, the line in which a condition is typed, the text, saved views, and how many match."""

    BINDINGS: ClassVar[list[Any]] = [
        *bind("filter", open=N_("Change"), new=N_("Condition"), hidden=("up", "down")),
        own("filter.group", "left_parenthesis", "group", N_("Group")),
        own("filter.negate", "exclamation_mark", "negate", N_("Not")),
        *bind("filter", remove=N_("Remove"), pin=N_("Save view"), view=N_("Next view")),
    ]
    DEFAULT_CSS = """
    Builder { height: 1fr; }
    Builder #scroll { height: auto; max-height: 50%; scrollbar-size: 1 1; }
    Builder .builder--head { color: $muted; height: 1; margin: 1 0 0 0; }
    Builder #text { max-height: 6; }
    Builder #wrong { color: $error; height: auto; display: none; }
    Builder #wrong.-shown { display: block; }
    Builder #views, Builder #counts { height: auto; margin: 1 0 0 0; }
    """

    class Changed(Message):
        """The condition is another one, and can be read."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, noun: str, text: str = "", *, within: str = "") -> None:
        from crmtui.services import conditions

        super().__init__(id="builder")
        self.noun, self.within = noun, within
        self._started = text
        self.root: Group = conditions.Group("and")
        self._editing: Path | None = None
        self._fresh: Path | None = None
        """Where a condition that is being typed for the first time will stand, if not where the cursor is."""
        self._examined: Examined | None = None
        self._views: list[tuple[str, str]] = []
        self._timer: Any = None

    def compose(self) -> ComposeResult:
        """Tree, line, text, views, counts."""
        yield VerticalScroll(ConditionTree(), id="scroll", can_focus=False)
        yield AskLine(self.noun, self._reading)
        yield Static(gettext(N_("As text, same on the command line:")), classes="builder--head", markup=False)
        yield AreaField(max=4_000, id="text")
        yield Static(id="wrong", markup=False)
        yield Static(id="views", markup=False)
        yield Static(id="counts", markup=False)

    async def _reading(self, work: "Callable[[Context], Any]") -> Any:
        app: Any = self.app
        return await app.desk.read(work)

    def on_mount(self) -> None:
        """Show the condition that it begins with, and the views there are."""
        self.read_text(self._started, typed=False)
        self.run_worker(self._load_views(), group="views", exit_on_error=False)

    # -- text and tree in step

    @property
    def text(self) -> str:
        """The condition."""
        from crmtui.services import conditions

        return conditions.write(self.root)

    def read_text(self, text: str, *, typed: bool) -> bool:
        """Take over a text; whether it can be read. One that cannot is shown with the place, and the tree stays."""
        from crmtui.services import conditions

        area = self.query_one("#text", AreaField)
        try:
            self.root = conditions.read(text)
        except Invalid as error:
            self._wrong(error)
            if not typed:
                area.place(text)
            return False
        self._wrong(None)
        if not typed:
            area.place(conditions.write(self.root))
        self._draw()
        self._changed()
        return True

    def _put(self, root: "Group", path: "Path | None" = None) -> None:
        """Take over a tree; the text follows."""
        from crmtui.services import conditions

        self.root = root
        self._examined = None
        self.query_one("#text", AreaField).place(conditions.write(root))
        self._wrong(None)
        self._draw(path)
        self._changed()

    def _changed(self) -> None:
        self.post_message(self.Changed(self.text))
        self._examine()

    def on_text_area_changed(self, event: AreaField.Changed) -> None:
        """The text was typed in: read it a moment later."""
        event.stop()
        area = self.query_one("#text", AreaField)
        if not area.has_focus:
            return
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(0.2, lambda: self.read_text(area.typed, typed=True))

    def _wrong(self, error: CrmError | None) -> None:
        said = self.query_one("#wrong", Static)
        said.set_class(error is not None, "-shown")
        if error is not None:
            said.update(Text(f"{error.message}\n{error.params.get('pointer', '')}", no_wrap=True))

    # -- drawing

    def _draw(self, path: "Path | None" = None) -> None:
        self.query_one(ConditionTree).show(list(self._rows(self.root, (), "", "")), path)

    def _rows(self, group: "Group", path: "Path", guide: str, below: str) -> "list[Row]":
        from crmtui.services import conditions

        title = gettext(N_("All of") if group.joint == "and" else N_("Any of"))
        title = gettext(N_("Not: {group}")).format(group=title) if group.negated else title
        rows = [Row(path, guide, title, "", "", True)]
        for place, part in enumerate(group.parts):
            last = place == len(group.parts) - 1
            lead = below + (_GUIDES[1] if last else _GUIDES[0])
            here = (*path, place)
            if isinstance(part, conditions.Group):
                rows += self._rows(part, here, lead, below + ("    " if last else _GUIDES[2]))
            else:
                rows.append(self._row(part, here, lead))
        return rows

    def _row(self, ask: "Ask", path: "Path", guide: str) -> Row:
        from crmtui.services import conditions

        found = self._examined
        label, kind = found.labels.get(ask.name, (ask.name, "")) if found else (ask.name, "")
        sign = conditions.sign(ask)
        negated = ask.negated and ask.op in ("<", "<=", ">", ">=")
        said = gettext(N_("not: {test}")).format(test=word(sign, kind)) if negated else word(sign, kind)
        value = "" if ask.op == "empty" else clean(conditions.typed(ask))
        wrong = found is not None and path in found.faults
        return Row(path, guide, clean(label), said, value, False, wrong)

    # -- how many

    def _examine(self) -> None:
        self.run_worker(self._count(), group="count", exclusive=True, exit_on_error=False)

    async def _count(self) -> None:
        import asyncio

        from crmtui.services import conditions

        await asyncio.sleep(0.05)
        root, path = self.root, self.query_one(ConditionTree).path
        app: Any = self.app
        try:
            found = await app.desk.read_behind(
                lambda ctx: conditions.examine(ctx, self.noun, root, self.within, path or None)
            )
        except CrmError as error:
            self.query_one("#counts", Static).update(Text(clean(told(error))))
            return
        if root is self.root:
            self._examined = found
            self._draw()
            self._tell(found, path)

    def _tell(self, found: "Examined", path: "Path") -> None:
        colours = ink(self)
        text = Text()
        text.append(_matching(found.total), colours.style("foreground", bold=True))
        if found.seconds >= SLOW:
            shown = gettext(N_("matched in {time} ms")).format(time=round(found.seconds * 1000))
            text.append(f"   {shown}", colours.style("muted"))
        if found.alone is not None and path:
            said = gettext(N_("this condition alone lets {count} through")).format(count=f"{found.alone:,}")
            text.append(f"\n{said}", colours.style("muted"))
        if path in found.faults:
            text.append(f"\n{g('late')} {clean(found.faults[path].message)}", colours.style("error"))
        if found.rescue is not None:
            said = gettext(N_('Without "{part}" there would be {count}.'))
            part = clean(found.rescue.part)
            text.append(
                "\n" + said.format(part=part, count=f"{found.rescue.count:,}"), colours.style("warning")
            )
        self.query_one("#counts", Static).update(text)
        pane = next((one for one in self.ancestors if isinstance(one, Pane)), None)
        if pane is not None:
            title = gettext(N_("Conditions {dot} matches {count}"))
            pane.name_it(title.format(dot=g("dot"), count=f"{found.total:,}"))

    def on_condition_tree_moved(self) -> None:
        """Count what this condition alone lets through."""
        self._examine()

    def on_condition_tree_opened(self) -> None:
        """Change the row that was clicked."""
        self.action_open()

    # -- changing

    def action_up(self) -> None:
        """The row before."""
        self.query_one(ConditionTree).move(-1)

    def action_down(self) -> None:
        """The next row."""
        self.query_one(ConditionTree).move(1)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Letters act on the tree alone; where one types they type."""
        if action in ("group", "negate", "remove", "new", "pin", "view", "open", "up", "down"):
            return self.query_one(ConditionTree).has_focus
        return True

    def action_open(self) -> None:
        """Change a condition; of a group, exchange all-of and any-of."""
        from crmtui.services import conditions

        tree = self.query_one(ConditionTree)
        node = conditions.at(self.root, tree.path)
        if isinstance(node, conditions.Group):
            if not node.parts:
                self.action_new()
            else:
                self._put(conditions.turn(self.root, tree.path), tree.path)
            return
        self._begin(tree.path, node)

    def action_new(self) -> None:
        """A new condition, in the group of the row under the cursor."""
        self._begin(None, None)

    def _begin(self, path: "Path | None", ask: "Ask | None") -> None:
        self._editing = path
        found = self._examined
        strip = self.query_one(AskLine)
        strip.tests = []
        strip.put(ask, found.labels.get(ask.name, ("", ""))[1] if found and ask else "")
        strip.add_class("-shown")
        (strip.value if ask is not None and ask.op != "empty" else strip.field).focus()
        if ask is None:
            strip.field.offer("")

    def editing(self) -> bool:
        """Whether a condition is being typed."""
        return self.query_one(AskLine).has_class("-shown")

    def leave(self) -> None:
        """No longer type a condition; what stood there stays."""
        self.query_one(AskLine).remove_class("-shown")
        self._wrong(None)
        self.query_one(ConditionTree).focus()

    async def finish(self) -> bool:
        """Take over what is being typed, a condition or the text; whether it can be read."""
        line = self.query_one(AskLine)
        if self.editing():
            await self._next(line.value)
            return not self.editing()
        area = self.query_one("#text", AreaField)
        return self.read_text(area.typed, typed=True)

    def recount(self, within: str) -> None:
        """Count among the records that match `within` from now on."""
        self.within = within
        self._examine()

    def action_group(self) -> None:
        """Put the condition under the cursor into a group of its own, and begin another one beside it."""
        from crmtui.services import conditions

        tree = self.query_one(ConditionTree)
        path = tree.path
        if path and isinstance(conditions.at(self.root, path), conditions.Ask):
            self._put(conditions.wrap(self.root, path), path)
        self.action_new()

    def action_negate(self) -> None:
        """The opposite of the row under the cursor."""
        from crmtui.services import conditions

        path = self.query_one(ConditionTree).path
        self._put(conditions.negate(self.root, path), path)

    def action_remove(self) -> None:
        """Take out the row under the cursor, with what is in it."""
        from crmtui.services import conditions

        path = self.query_one(ConditionTree).path
        self._put(conditions.put(self.root, path, None))

    def on_taken(self, event: Taken) -> None:
        """A field or test was taken: on to what comes next."""
        event.stop()
        strip = self.query_one(AskLine)
        if event.field is strip.value and strip.value.members:
            return
        self.run_worker(self._next(event.field), group="next", exclusive=True, exit_on_error=False)

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter: on to the next part, at the end the condition is taken over."""
        event.stop()
        strip = self.query_one(AskLine)
        if isinstance(event.input, LineField) and event.input in (strip.field, strip.test, strip.value):
            await self._next(event.input)

    async def _next(self, line: LineField) -> None:
        strip = self.query_one(AskLine)
        try:
            if line is strip.field:
                await strip.learn()
                strip.test.place("")
                strip.test.focus()
                strip.test.offer("")
            elif line is strip.test:
                await strip.learn()
                sign = strip.sign()
                strip.value.members = sign.endswith("in")
                if sign.endswith("empty"):
                    self._take(strip.ask())
                else:
                    strip.value.focus()
                    if not strip.value.typed:
                        strip.value.offer("")
            else:
                await strip.learn()
                self._take(strip.ask())
        except CrmError as error:
            self._wrong(error)

    def _take(self, ask: "Ask") -> None:
        from crmtui.services import conditions

        self.query_one(AskLine).remove_class("-shown")
        if self._editing is not None:
            path = self._editing
            root = conditions.put(self.root, path, ask)
        else:
            root, path = conditions.into(self.root, self.query_one(ConditionTree).path, ask)
        self._editing = None
        self._put(root, path)
        self.query_one(ConditionTree).focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """An offer was clicked."""
        taken_by_click(event)

    def on_said(self, event: Said) -> None:
        """A line is full, or its offers could not be read."""
        event.stop()
        said = self.query_one("#wrong", Static)
        said.add_class("-shown")
        said.update(Text(clean(event.text)))

    # -- saved views

    async def _load_views(self) -> None:
        from crmtui.services import views

        try:
            self._views = await self._reading(lambda ctx: views.of(ctx, self.noun))
        except CrmError:
            self._views = []
        self._draw_views()

    def _draw_views(self) -> None:
        here = self.text
        text = Text(gettext(N_("Saved:")) + " ", ink(self).style("muted")) if self._views else Text()
        for number, (name, condition) in enumerate(self._views):
            text.append(f" {g('dot')} " if number else "", ink(self).style("faint"))
            now = condition == here
            shown = f"[{clean(name)}]" if now else clean(name)
            text.append(shown, ink(self).style("accent" if now else "foreground"))
        self.query_one("#views", Static).update(text)

    def action_view(self) -> None:
        """The next saved view."""
        conditions_of = [condition for _, condition in self._views]
        if not conditions_of:
            return
        here = conditions_of.index(self.text) if self.text in conditions_of else -1
        self.read_text(conditions_of[(here + 1) % len(conditions_of)], typed=False)
        self._draw_views()

    def action_pin(self) -> None:
        """Save the condition under a name."""
        self.run_worker(self._save_view(), group="save", exit_on_error=False)

    async def _save_view(self) -> None:
        from crmtui.screens.saving import save_view

        app: Any = self.app
        if await save_view(app, self.noun, self.text):
            await self._load_views()


_GUIDES = ("\u251c\u2500 ", "\u2514\u2500 ", "\u2502  ")


def _matching(count: int) -> str:
    return ngettext("{count} matches", "{count} match", count).format(count=f"{count:,}")


class FilterBuilder(Sheet[str]):
    """The builder as a drawer over a list; its answer is the condition, None when it was left."""

    WHERE = "filter"
    PURPOSE = (
        N_("Conditions as a tree; the text below is the same, and what `--where` takes on the command line."),
        N_("n adds a condition, ( makes a group, ! negates, d removes, Enter changes, b saves the view."),
    )
    BINDINGS: ClassVar[list[Any]] = bind("drawer", save=N_("Show"), priority=("save",))
    DEFAULT_CSS = """
    FilterBuilder { align: left top; }
    FilterBuilder > Pane { width: 50%; min-width: 60; height: 1fr; margin: 1 0 1 0; }
    FilterBuilder.-narrow > Pane { width: 100%; }
    """

    def __init__(self, noun: str, text: str = "", *, within: str = "") -> None:
        super().__init__()
        self.noun, self._text, self._within = noun, text, within

    def sheet(self) -> ComposeResult:
        """The builder in a pane."""
        yield Pane(
            Builder(self.noun, self._text, within=self._within),
            title=gettext(N_("Conditions {dot} {noun}")).format(
                dot=g("dot"), noun=gettext(NOUNS[self.noun].title)
            ),
            way_out=gettext(N_("^S shows them, esc leaves")),
        )

    def on_mount(self) -> None:
        """The first row is ready to be changed."""
        self.query_one(ConditionTree).focus()

    def command_line(self) -> str:
        """The list with this condition."""
        return f"crm {self.noun} list --where '{self.query_one(Builder).text}'"

    async def action_save(self) -> None:
        """Answer with the condition; one that cannot be read stays here."""
        builder = self.query_one(Builder)
        if await builder.finish():
            self.dismiss(builder.text)

    def action_back(self) -> None:
        """Away from the condition that is being typed, else from the drawer."""
        builder = self.query_one(Builder)
        if builder.editing():
            builder.leave()
        else:
            self.dismiss(None)
