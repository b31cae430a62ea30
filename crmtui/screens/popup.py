"""The records behind a figure: every figure opens this, and its border says that their sum is the figure."""

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult

from crmtui.errors import CrmError
from crmtui.i18n import N_, gettext, ngettext
from crmtui.money import Money
from crmtui.screens import charts
from crmtui.screens.charts import Part, stacked
from crmtui.screens.frame import Line, Pane
from crmtui.screens.glyphs import g, plain
from crmtui.screens.keys import bind, own
from crmtui.screens.listing import Column, WindowedList
from crmtui.screens.place import Sheet
from crmtui.services.nouns import NOUNS

if TYPE_CHECKING:
    from crmtui.screens.behind import Facts
    from crmtui.services.whose import Figure

NAMES = {
    "won": N_("won"),
    "forecast": N_("forecast"),
    "weighted": N_("weighted"),
    "commit": N_("commit"),
    "best": N_("best case"),
    "budget": N_("in full"),
    "open": N_("open"),
    "late": N_("late"),
    "overdue": N_("overdue"),
    "gap": N_("gap"),
    "rest": N_("best + weighted"),
    "quota": N_("quota"),
    "left": N_("quota left"),
}


async def open_figure(screen: Any, figure: "Figure", title: str = "", line: int = 0) -> None:
    """Lay the records behind `figure` over `screen`; `title` says of whom and of when, `line` where the figure stands."""
    if figure.where or figure.ask is not None:
        await screen.program.push_screen(Popup(figure, title, upper=line > screen.size.height - TALL - 2))
    else:
        screen.program.note(gettext(N_("There are no records behind this figure.")), "warn")


TALL = 20
"""Lines of the pop-up; what is opened stays in view above or below it."""


class Popup(Sheet[None]):
    """The rows, what they come to, and whether that is the figure that was opened."""

    WHERE = "popup"
    PURPOSE = (
        N_("The records that the figure is made of; the border compares their sum with it."),
        N_("z makes a list of them, with the condition as chips; y copies the rows."),
    )
    BINDINGS: ClassVar[list[Any]] = [
        *bind(
            "popup",
            open=N_("Open record"),
            edit=N_("Edit"),
            copy=N_("Copy"),
            zoom=N_("As a list"),
            hidden=("refresh",),
        ),
        own("popup.back", "escape,q", "back", N_("Back")),
    ]
    DEFAULT_CSS = f"""
    Popup.-bottom > Pane {{ height: {TALL}; max-height: 70%; }}
    Popup.-upper {{ align: center top; }}
    Popup.-upper > Pane {{ margin: 1 2 0 2; }}
    Popup.-short > Pane, Popup.-narrow > Pane {{ height: 1fr; max-height: 100%; margin: 0; }}
    Popup.-accessible > Pane {{ border: none; }}
    """

    def __init__(self, figure: "Figure", title: str = "", *, upper: bool = False) -> None:
        super().__init__(classes="-bottom -upper" if upper else "-bottom")
        self.figure, self.about = figure, title
        self.facts: Facts | None = None

    def sheet(self) -> ComposeResult:
        """One pane with the list; over it what a forecast is made of."""
        first = [Column("name", gettext(N_("Record")), sortable=False)]
        yield Pane(Made(), WindowedList(first, marks=False, id="behind"), title=self._title())

    @property
    def listed(self) -> WindowedList:
        """The list."""
        return self.query_one("#behind", WindowedList)

    # -- reading

    def on_mount(self) -> None:
        """Read in the background."""
        self.reread()

    def reread(self) -> None:
        """Read in the background; the last call wins."""
        self.run_worker(self.read(), group="load", exclusive=True, exit_on_error=False)

    async def read(self) -> None:
        """What the records come to, then those in view."""
        from crmtui.screens import behind

        pane, figure = self.query_one(Pane), self.figure
        timer = self.set_timer(0.15, pane.loading_on)
        try:
            columns, facts = await self.desk.read_now(
                lambda ctx: (behind.columns(ctx, figure), behind.facts(ctx, figure))
            )
        except CrmError as error:
            pane.fail(error)
            return
        finally:
            timer.stop()
        self.facts = facts
        pane.ready()
        if not self.listed.count:
            self.listed.columns = columns
        self.listed.show(behind.source(self.desk, figure, columns, facts.count, self.program.today))
        self.listed.footer(facts.bottom)
        self.query_one(Made).refresh(layout=True)
        if facts.count:
            self.listed.focus()
        else:
            pane.say(gettext(N_("Nothing counts here. esc back")))
        pane.name_it(self._title())
        pane.say_out(self._proof(facts))

    def store_changed(self, seen: Any) -> None:
        """Somebody changed something: read again; the cursor stays on its record."""
        self.reread()

    def action_refresh(self) -> None:
        """Read again; what it comes to now is the figure from here on."""
        if self.facts is not None and self.figure.part != "gap":
            self.figure = replace(self.figure, value=self.facts.sum)
        self.reread()

    # -- what is said

    def _title(self) -> str:
        said = f"{self.figure_name()} {_shown(self.figure.value)}"
        return f" {g('dot')} ".join(part for part in (self.about, said.strip()) if part)

    def figure_name(self) -> str:
        """What the figure is called."""
        name = self.figure.name if self.figure.name == "left" else self.figure.part or self.figure.name
        return gettext(NAMES.get(name, name))

    def _proof(self, facts: "Facts") -> str:
        """How many, their sum, and that it is the figure; in words where it is not."""
        said, value = _counted_text(self.figure.noun, facts.count), self.figure.value
        if isinstance(facts.sum, Money) and (value is None or isinstance(value, Money)):
            said += f" {g('dot')} " + gettext(N_("sum {amount}")).format(amount=_shown(facts.sum))
        if self.figure.part == "gap":
            return said + " " + gettext(N_("could be gained"))
        if facts.sum == value:
            return said + " " + gettext(N_("= the figure you opened"))
        if value is None or not isinstance(facts.sum, type(value)):
            return said
        logging.getLogger("crmtui").warning(
            "figure %r is not the sum of its rows, %r", self.figure, facts.sum
        )
        return said + " " + gettext(N_("is not the figure you opened: it changed meanwhile. r reads again"))

    # -- what happens

    async def on_windowed_list_opened(self, event: WindowedList.Opened) -> None:
        """The record."""
        event.stop()
        await self.program.open_record(event.row.key, event.list)

    def on_windowed_list_moved(self, event: WindowedList.Moved) -> None:
        """Say the row where a screen reader follows."""
        self.refresh_bindings()
        self.program.announce(event.list)

    def why_not(self, action: str) -> str | None:
        """Nothing can be done with a record where there is none."""
        if action in ("open", "edit", "copy") and self.is_mounted and self.listed.current is None:
            return gettext(N_("There is no record here."))
        return None

    def action_open(self) -> None:
        """The record under the cursor."""
        self.listed.action_open()

    async def action_edit(self) -> None:
        """Change the record under the cursor from here."""
        from crmtui.screens.closing import adjusting
        from crmtui.screens.verbs import edit

        row = self.listed.current
        if row is None:
            return
        if self.figure.noun == "opp" and row.text("probability") != gettext(N_("won")):
            await self.program.push_screen(adjusting(row.key))
        else:
            self.run_worker(edit(self, self.figure.noun, [row.key]), exit_on_error=False)

    def action_copy(self) -> None:
        """The line under the cursor as tab-separated text."""
        self.app.copy_to_clipboard(self.listed.copy_text())

    async def action_zoom(self) -> None:
        """The same records as a list with the condition as chips."""
        from crmtui.services import outlook

        figure, program = self.figure, self.program
        try:
            where = await self.desk.read_now(lambda ctx: outlook.condition(ctx, figure))
        except CrmError as error:
            self.query_one(Pane).fail(error)
            return
        self.dismiss(None)
        await program.open_list(figure.noun, where, self._title())

    def command_line(self) -> str:
        """The same as a command; empty where the command line cannot ask just that."""
        import shlex

        figure = self.figure
        if figure.ask is None:
            return f"crm {figure.noun} list --where {shlex.quote(figure.where)}"
        if figure.row is not None or len(figure.ask.users) > 1:
            return ""
        said = "gap" if figure.part == "gap" else "drill"
        return f"crm forecast {said}{told(figure.ask, figure.part)}"


def told(ask: Any, figure: str = "") -> str:
    """The options of a question about figures, as the command line takes them."""
    import shlex

    scopes = {name: getattr(ask, name) for name in ("dept", "territory", "industry", "product")}
    given = {**scopes, "user": ",".join(ask.users), "period": ask.period}
    given["method"] = "" if ask.method == "weighted" else ask.method
    given["figure"] = "" if figure in ("", "forecast", "gap") else figure
    return "".join(f" --{name} {shlex.quote(value)}" for name, value in given.items() if value)


class Made(Line):
    """What a forecast is made of, each part with a piece of bar, and how it is counted."""

    DEFAULT_CSS = "Made { height: auto; }"
    HOW: ClassVar[dict[str, str]] = {
        "weighted": N_("won in full, the rest × probability"),
        "commit": N_("won and commit in full, the rest × probability"),
        "budget": N_("all of it in full"),
    }

    def get_content_height(self, container: Any, viewport: Any, width: int) -> int:
        """One line and a blank one; none where there is nothing to tell."""
        return 2 if self._made() else 0

    def _made(self) -> Any:
        sheet: Any = self.screen
        return sheet.facts.made if sheet.facts is not None and sheet.facts.count else None

    def draw(self, room: int) -> None:
        """Won, commit and the rest, then the rule."""
        made, sheet = self._made(), self.screen
        if not made:
            return
        figure = sheet.figure  # type: ignore[attr-defined]
        rest = N_("in full") if figure.ask.method == "budget" else N_("weighted")
        names = ((N_("won"), "full", "success"), (N_("commit"), "dark", "primary"), (rest, "mid", "warning"))
        whole = sum(made)
        for (name, pattern, token), value in zip(names, made, strict=True):
            if value:
                amount = _shown(Money(value, figure.value.currency))
                self.put(f"{gettext(name)} ", "foreground", bold=True)
                self.put(f"{amount} ")
                for text, ink in stacked([Part(value, pattern, token)], whole, max(room // 6, 8), rest=""):
                    self.put(text.rstrip(" "), ink)
                self.put("   ")
        how = plain(gettext(self.HOW[figure.ask.method]))
        if self.used + charts.cells_of([(how, "")]) <= room:
            self.put(how, "muted")


def _shown(value: Any) -> str:
    if isinstance(value, Money):
        return "".join(charts.short(value))
    return f"{value:,}" if isinstance(value, int) else "" if value is None else str(value)


def _counted_text(noun: str, count: int) -> str:
    if noun == "opp":
        return ngettext(N_("{count} opportunity"), N_("{count} opportunities"), count).format(
            count=f"{count:,}"
        )
    return f"{gettext(NOUNS[noun].title)} {g('times')} {count:,}"
