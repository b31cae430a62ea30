"""Search everything: hits of every kind of record while one types, group by group."""

import asyncio
import time
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on

from crmtui.errors import CrmError
from crmtui.i18n import N_, gettext, ngettext
from crmtui.screens import jobs
from crmtui.screens.choices import Cell, Choice
from crmtui.screens.frame import told
from crmtui.screens.glyphs import g
from crmtui.screens.hits import HitMenu, Steps, condition, hit_line, last, title_of
from crmtui.screens.keys import bind, own, shown
from crmtui.screens.offering import Field, Offering
from crmtui.screens.palette import heading
from crmtui.services.nouns import NOUNS

if TYPE_CHECKING:
    from crmtui.services.search import Hit

PAUSE = 0.12
"""Seconds between keys that count as one text being typed; an input method sends its letters so."""
MOST = 8
"""Hits of each group."""
MOST_OF_ONE = 50

SCOPES = {
    "": N_("all"),
    "account": N_("customers"),
    "opp": N_("opps"),
    "contact": N_("contacts"),
    "lead": N_("leads"),
}
"""What Tab goes through; empty is all."""


class Near:
    """A name like the text that found nothing."""

    def __init__(self, name: str) -> None:
        self.name = name


class New:
    """A new record of that name."""

    def __init__(self, noun: str, name: str) -> None:
        self.noun, self.name = noun, name


class Searching(Offering):
    """One field over everything; Enter opens a hit, → shows what can be done with it."""

    WHERE = "search"
    TITLE = N_("Search everything")
    WAY_OUT = N_("names, pinyin, initials, codes, phones, e-mail")
    PURPOSE = (
        N_("Type a part of a name, its pinyin or initials, a code, a phone number or an address."),
        N_("Enter opens, → shows what can be done, Tab looks into one kind of record only."),
    )
    WIDTHS = (34, 0)
    BINDINGS: ClassVar[list[Any]] = [
        *bind("search", open=N_("Open hit"), next=N_("One kind only"), back=N_("Back"), hidden=("prev",)),
        own("search.copy", "ctrl+y", "copy", N_("Copy")),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.scope = ""
        self.asked_for = 0
        self._last_key = 0.0

    def asked(self) -> str:
        """What one can type."""
        return gettext(N_("name, pinyin, initials, code, phone, e-mail"))

    def offer(self, text: str) -> None:
        """Ask anew; the answer to what was asked before is dropped."""
        now = time.monotonic()
        pause = PAUSE if now - self._last_key < PAUSE else 0.0
        self._last_key = now
        self.asked_for += 1
        self.say_foot(self._ways())
        work = self._search(text, pause) if text.strip() else self._last()
        self.run_worker(work, group="list", exclusive=True, exit_on_error=False)

    def _ways(self) -> str:
        names = [
            f"[{gettext(name)}]" if scope == self.scope else gettext(name)
            for scope, name in SCOPES.items()
            if not scope or scope in self.program.allowed
        ]
        between = f" {g('unfold')} "
        ways = (
            gettext(N_("in: {kinds} (Tab)")).format(kinds=between.join(names)),
            f"{shown('enter')} {gettext(N_('open it'))}",
            f"{g('to')} {gettext(N_('actions'))}",
            f"{shown('ctrl+y')} {gettext(N_('copy'))}",
        )
        return "   ".join(ways)

    # -- asking

    async def _search(self, text: str, pause: float) -> None:
        await asyncio.sleep(pause)
        asked, began, count = self.asked_for, time.monotonic(), 0
        self.choices.widths = self.WIDTHS
        found: list[Choice] = []
        steps = Steps(text, self.scope, MOST_OF_ONE if self.scope else MOST)
        try:
            while group := await self.desk.read_now(steps.next):
                if asked != self.asked_for:
                    return
                noun, hits = group
                found += self._group(noun, hits, text)
                self.choices.show(found, keep=count > 0)  # what comes later stands below
                count += len(hits)
                self._say_count(count, began)
            self._say_count(count, began)
            if not count:
                await self._nothing(text, asked)
        except CrmError as error:
            self.choices.show(())
            self.say_right("")
            self.say_foot(told(error))

    def _say_count(self, count: int, began: float) -> None:
        took = gettext(N_("{count} ms")).format(count=round(1000 * (time.monotonic() - began)))
        said = ngettext("{count} hit", "{count} hits", count).format(count=count)
        self.say_right(f"{said} {g('dot')} {took}")

    def _group(self, noun: str, hits: "list[Hit]", text: str) -> list[Choice]:
        """The group's title, which leads to the list; those that were opened lately first."""
        recent = self.program.recent
        hits = sorted(hits, key=lambda hit: recent.index(hit.ref) if hit.ref in recent else len(recent))
        return [heading(title_of(noun), (noun, text)), *(hit_line(hit) for hit in hits)]

    async def _nothing(self, text: str, asked: int) -> None:
        from crmtui.services import search

        near = await self.desk.read_now(lambda ctx: search.near(ctx, text))
        if asked != self.asked_for:
            return
        lines = [heading(gettext(N_("Near")))] if near else []
        lines += [Choice((Cell(name), Cell("")), Near(name)) for name in near]
        lines += [heading(gettext(N_("New")))]
        for noun in ("account", "lead"):
            if noun in self.program.allowed:
                said = gettext(N_('new {record} "{name}"')).format(
                    record=gettext(NOUNS[noun].title), name=text.strip()
                )
                lines.append(Choice((Cell(f"+ {said}"), Cell("")), New(noun, text.strip())))
        self.choices.widths = (0, 1)
        self.choices.show(lines)
        self.say_foot(gettext(N_('Nothing for "{text}".')).format(text=text.strip()))

    async def _last(self) -> None:
        """Nothing typed: the records opened last, and those that one changed last."""
        asked, opened = self.asked_for, list(self.program.recent)
        try:
            hits = await self.desk.read_now(lambda ctx: last(ctx, opened))
        except CrmError as error:
            self.say_foot(told(error))
            return
        if asked == self.asked_for:
            self.say_right("")
            self.choices.widths = self.WIDTHS
            lines = [heading(gettext(N_("Lately"))), *(hit_line(hit, kind=True) for hit in hits)]
            self.choices.show(lines if hits else ())

    # -- choosing

    def pick(self, choice: Choice) -> None:
        """Open the hit; of a title the list; a near name is looked for; a new record gets its form."""
        data, app = choice.data, self.program
        if isinstance(data, Near):
            self.query_one(Field).place(data.name)
        elif isinstance(data, New):
            from crmtui.services import shape

            given = {shape.label(data.noun): data.name}
            self.leave_and(lambda: jobs.entered(app, data.noun, **given))
        elif isinstance(data, tuple):
            noun, text = data
            self.leave_and(lambda: app.open_list(noun, condition(noun, text), title_of(noun)))
        elif data is not None:
            self.leave_and(lambda: app.open_record(data.ref))

    @on(Field.Beyond)
    async def _beyond(self, event: Field.Beyond) -> None:
        event.stop()
        hit = self._hit()
        if hit is not None:
            await self.program.push_screen(HitMenu(self, hit))

    def _hit(self) -> "Hit | None":
        data = self.choices.current.data if self.choices.current else None
        return data if hasattr(data, "ref") else None

    def action_next(self) -> None:
        """Look into the next kind of record only."""
        self._turn(1)

    def action_prev(self) -> None:
        """The kind before."""
        self._turn(-1)

    def _turn(self, by: int) -> None:
        scopes = [scope for scope in SCOPES if not scope or scope in self.program.allowed]
        self.scope = scopes[(scopes.index(self.scope) + by) % len(scopes)]
        self.offer(self.query_one(Field).typed)

    def action_copy(self) -> None:
        """Copy ref and name of the hit."""
        hit = self._hit()
        if hit is not None:
            self.app.copy_to_clipboard(f"{hit.ref} {hit.name}")
