"""What was found: asked for group by group, drawn as lines, and what can be done with one without opening it."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on

from crmtui.i18n import N_, gettext
from crmtui.screens.choices import Cell, Choice
from crmtui.screens.entries import Entry
from crmtui.screens.glyphs import g, plain
from crmtui.screens.keys import bind, shown
from crmtui.screens.offering import Field, done
from crmtui.screens.palette import Commanding, line
from crmtui.screens.verbs import RecordVerb, verbs_of
from crmtui.services.nouns import NOUNS

if TYPE_CHECKING:
    from crmtui.services.context import Context
    from crmtui.services.search import Hit

LAST = 10
_BY_CUSTOMER = dict.fromkeys(("contact", "opp"), ("account",))
"""What is found by its customer too: then customers are looked for first."""
TITLES = {
    "account": N_("Customers"),
    "contact": N_("People at customers"),
    "lead": N_("Leads"),
    "opp": N_("Opportunities"),
    "product": N_("Products"),
    "competitor": N_("Competitors"),
    "user": N_("Colleagues"),
    "dept": N_("Departments"),
    "territory": N_("Territories"),
}


class Steps:
    """One search, in all kinds of records or in `noun` alone, group by group: each step is a reading of its own, so that a newer search need not wait for all."""

    def __init__(self, text: str, noun: str, most: int) -> None:
        self.text, self.noun, self.most = text, noun, most
        self._groups: Iterator[tuple[str, list[Hit]]] | None = None

    def next(self, ctx: "Context") -> "tuple[str, list[Hit]] | None":
        """The next group with hits; None when there are no more."""
        from crmtui.services import search

        if self._groups is None:
            nouns = (*_BY_CUSTOMER.get(self.noun, ()), self.noun) if self.noun else ()
            self._groups = search.hits(ctx, self.text, nouns=nouns, most=self.most)
        return next((group for group in self._groups if self.noun in ("", group[0])), None)


def last(ctx: "Context", opened: Sequence[str]) -> "list[Hit]":
    """The ten records that were opened or changed last, as far as they are still there to be seen."""
    from crmtui.services import news, search

    refs = list(dict.fromkeys((*opened, *(change.ref for change in news.recent(ctx, "mine", 2 * LAST)))))
    found: list[Hit] = []
    for ref in refs:
        noun = next((name for name, noun in NOUNS.items() if noun.prefix == ref.partition("-")[0]), "")
        if noun and ctx.actor.scope(noun, "list") != "none":
            found += [hit for hit in search.suggest(ctx, noun, ref, most=1) if hit.ref == ref]
        if len(found) == LAST:
            break
    return found


def title_of(noun: str) -> str:
    """The heading of a group."""
    return gettext(TITLES.get(noun, NOUNS[noun].title))


def hit_line(hit: "Hit", *, kind: bool = False) -> Choice:
    """A hit: its name, what matched if that is not the name, and what tells it apart."""
    named = hit.text == hit.name
    name = Cell(hit.name, spans=hit.spans if named else ())
    parts = [hit.ref, gettext(NOUNS[hit.noun].title) if kind else "", plain(hit.detail)]
    detail = f" {g('dot')} ".join(part for part in parts if part)
    if named or kind:
        return Choice((name, Cell(detail, "muted")), hit)
    if hit.text not in detail:
        detail = f"{hit.text} {g('dot')} {detail}"
    at = detail.index(hit.text)
    return Choice((name, Cell(detail, "muted", [(start + at, stop + at) for start, stop in hit.spans])), hit)


def condition(noun: str, text: str) -> str:
    """The search as a condition on the list of `noun`."""
    quoted = '"' + text.strip().replace("\\", "\\\\").replace('"', '\\"') + '"'
    return " or ".join(f"{name} ~ {quoted}" for name in NOUNS[noun].search)


class HitMenu(Commanding):
    """What can be done with a hit without opening it."""

    WHERE = "hit"
    BINDINGS: ClassVar[list[Any]] = bind("hit", open=N_("Do it"), back=N_("Back"))
    DEFAULT_CSS = "HitMenu.-centre > Pane { height: auto; max-height: 80%; } HitMenu Choices { height: auto; max-height: 20; }"

    def __init__(self, search: Any, hit: "Hit") -> None:
        super().__init__(search)
        self.hit = hit

    def title_text(self) -> str:
        """The record."""
        return f"{self.hit.name} {g('dot')} {self.hit.ref}"

    def on_mount(self) -> None:
        """Open it, or do one of its verbs from the screen below the search."""
        app, hit = self.program, self.hit
        self.entries = [
            Entry(
                "hit.open",
                gettext(N_("Open it")),
                lambda: app.open_record(hit.ref),
                shown("enter"),
                f"crm open {hit.ref}",
            ),
            *(
                Entry(
                    f"verb.{verb.name}",
                    gettext(verb.title),
                    partial(self._do, verb),
                    command=verb.command.format(ref=hit.ref),
                )
                for verb in verbs_of(hit.noun)
            ),
        ]
        super().on_mount()

    @on(Field.Before)
    def _before(self, event: Field.Before) -> None:
        event.stop()
        self.action_back()

    def offer(self, text: str) -> None:
        """What fits."""
        self.choices.show([line(entry, spans) for entry, spans in self.found(text)])
        self.say_foot("")

    def pick(self, choice: Choice) -> None:
        """Away with menu and search, then do it."""
        self.program.run_worker(self._leave(choice.data), exit_on_error=False)

    async def _do(self, verb: RecordVerb) -> None:
        await verb.run(self.program.screen, self.hit.noun, [self.hit.ref])

    async def _leave(self, entry: Entry) -> None:
        await self.program.pop_screen()
        await self.program.pop_screen()
        await done(entry.run)
