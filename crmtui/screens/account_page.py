"""The page of a customer: who they are, what they are worth, whom we know there, what is going on, its history."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, ClassVar

from textual import events
from textual.containers import Grid, Vertical
from textual.widget import Widget

from crmtui.errors import NotFound
from crmtui.i18n import N_, gettext, ngettext
from crmtui.money import Money
from crmtui.screens.cells import money_text
from crmtui.screens.details import Details
from crmtui.screens.frame import Pane
from crmtui.screens.glyphs import g
from crmtui.screens.histories import History
from crmtui.screens.keys import bind
from crmtui.screens.listing import Column, Row, WindowedList, static
from crmtui.screens.popup import open_figure
from crmtui.screens.record_page import RecordPage, belongs
from crmtui.screens.rows import Cell
from crmtui.services.nouns import NOUNS

PROFILE = (
    "name",
    "short_name",
    "class",
    "industry",
    "state",
    "legal_status",
    "country",
    "region",
    "city",
    "street",
    "phone",
    "email",
    "website",
    "employees",
    "annual_revenue",
    "credit_limit",
    "parent",
    "territory",
    "owner",
    "tags",
    "note",
)
_BESIDE = ("#profile", "#worth", "#people", "#opps", "#history")
_STACKED = ("#worth", "#opps", "#people", "#history", "#profile")
"""The panes in their order, side by side and one below the other."""
NARROW = 100
MOST = 200
"""Contacts and opportunities that the panes hold; the list behind Enter on their last line has all."""
FIGURES = {
    "won in all": N_("Won in all"),
    "won this year": N_("Won this year"),
    "open": N_("Open pipeline"),
    "weighted": N_("Weighted"),
}


class AccountPage(RecordPage):
    """Profile, money, people, opportunities, what else belongs to it, history."""

    PURPOSE = (
        N_("One customer before a call: profile, money, people, open business and what was changed."),
        N_("Enter on a figure opens its opportunities, on a name the person; e edits the profile."),
    )
    BINDINGS: ClassVar[list[Any]] = bind("account", new=N_("New"))
    DEFAULT_CSS = """
    AccountPage #summary { grid-size: 3; grid-columns: 1fr 1fr 1fr; grid-rows: 1fr 1fr; height: 1fr; }
    AccountPage #opps { column-span: 2; }
    AccountPage #money { height: 6; }
    AccountPage.-narrow #summary { layout: vertical; overflow-y: auto; }
    AccountPage.-narrow #summary > Pane { height: 10; }
    AccountPage.-narrow #worth { height: 12; }
    """

    def body(self) -> Any:
        """The summary, and the whole history behind its own tab."""
        yield Grid(*self.summary(), id="summary")
        yield Pane(History(id="all"), title=gettext(N_("History: field by field")), id="whole")

    def summary(self) -> Sequence[Widget]:
        """The panes of the first tab."""
        figures = WindowedList(
            [
                Column("what", "", least=12),
                Column("amount", "", 9, right=True),
                Column("count", "", 9, right=True),
            ],
            marks=False,
            header=False,
            id="figures",
        )
        people = WindowedList(
            [Column("name", ""), Column("title", "", 14, priority=1), Column("role", "", 10, priority=2)],
            marks=False,
            header=False,
            id="contacts",
        )
        return [
            Pane(
                Details(id="fields"),
                id="profile",
                title=gettext(N_("Profile")),
                way_out=gettext(N_("e edits")),
            ),
            Vertical(
                Pane(
                    figures,
                    id="money",
                    title=gettext(N_("Money")),
                    way_out=gettext(N_("each figure opens its records")),
                ),
                belongs(),
                id="worth",
            ),
            Pane(people, id="people", title=gettext(N_("Contacts")), way_out=gettext(N_("n adds"))),
            Pane(
                _opportunities(),
                id="opps",
                title=gettext(N_("Open opportunities")),
                way_out=gettext(N_("n adds")),
            ),
            Pane(
                History(id="lately", short=True),
                id="history",
                title=gettext(N_("Lately")),
                way_out=gettext(N_("all {key}")).format(key="v"),
            ),
        ]

    def on_resize(self, event: events.Resize) -> None:
        """Where the panes stand one below the other, what is worth knowing first comes first."""
        narrow = event.size.width < NARROW
        if narrow != self._stacked:
            self._stacked = narrow
            grid = self.query_one("#summary")
            order = _STACKED if narrow else _BESIDE
            for before, after in pairwise(order):
                grid.move_child(self.query_one(after), after=self.query_one(before))

    _stacked = False

    async def load(self) -> None:
        """Profile first, then money, people, opportunities."""
        self.set_class(self.view == "history", "-tab-history")
        if not await self.load_record(self.query_one("#fields", Details), await self._profile()):
            return
        await asyncio.gather(
            self._load_money(),
            self._load_people(),
            self._load_opportunities(),
            self.load_aside(),
            self._load_history(),
            self.load_tab(),
        )

    async def _profile(self) -> list[str]:
        """Fields of the profile that hold something, then the company's own."""

        def fields(ctx: Any) -> list[str]:
            from crmtui.services import records

            try:
                record = records.show(ctx, "account", self.ref)
            except NotFound:
                return []
            custom = [field.name for field in records.fields_of(ctx, "account") if field.custom]
            return [name for name in (*PROFILE, *custom) if record.get(name) not in (None, "", [])]

        return await self.desk.read(fields)

    async def _load_money(self) -> None:
        from crmtui.services import portrait

        def show(found: list[tuple[Any, int]]) -> None:
            rows = []
            for figure, count in found:
                opps = ngettext(N_("{count} opp"), N_("{count} opps"), count).format(count=f"{count:,}")
                value: Money = figure.value
                cells: dict[str, Cell] = {
                    "what": gettext(FIGURES[figure.name]),
                    "amount": (money_text(value, value.currency), "bold foreground"),
                    "count": (f"{opps} {g('into')}", "primary"),
                }
                rows.append(Row(figure.name, cells, data=figure))
            self.query_one("#figures", WindowedList).show(static(rows))

        await self.into(
            self.query_one("#money", Pane), lambda ctx: portrait.money(ctx, self.ref), show, behind=True
        )

    async def _load_people(self) -> None:
        def show(rows: list[Row]) -> None:
            self.query_one("#contacts", WindowedList).show(static(rows))
            if not rows:
                self.query_one("#people", Pane).say(gettext(N_("Nobody yet. n adds a person")))

        await self.into(self.query_one("#people", Pane), lambda ctx: _people(ctx, self.ref), show)

    async def _load_opportunities(self) -> None:
        def show(rows: list[Row]) -> None:
            self.query_one("#open", WindowedList).show(static(rows))
            if not rows:
                self.query_one("#opps", Pane).say(gettext(N_("No open opportunity. n starts one")))

        await self.into(self.query_one("#opps", Pane), lambda ctx: _open(ctx, self.ref), show)

    async def opened(self, event: WindowedList.Opened) -> None:
        """A figure opens its opportunities, a person or an opportunity its page."""
        if event.list.id == "figures":
            await open_figure(self, event.row.data, self.called())
        elif event.list.id in ("contacts", "open"):
            await self.program.open_record(event.row.key, event.list)
        else:
            await super().opened(event)

    async def action_new(self) -> None:
        """A person where the people are, an opportunity where those are; elsewhere it asks which."""
        self.run_worker(self._new(), group="verb", exit_on_error=False)

    async def _new(self) -> None:
        from crmtui.screens.ask import Choose, Way

        kinds = {"people": "contact", "opps": "opp"}
        here = [noun for name, noun in kinds.items() if self.query_one(f"#{name}", Pane).has_focus_within]
        if here:
            noun: str | None = here[0]
        else:
            refused = gettext(N_("Your role does not let you enter any."))
            ways = [
                Way(one, gettext(NOUNS[one].title), why_not="" if self.program.may(one, "add") else refused)
                for one in ("contact", "opp", "account")
            ]
            noun = await self.program.push_screen_wait_safe(Choose(gettext(N_("New")), ways))
        if noun:
            await self.program.new_record(noun, {"parent" if noun == "account" else "account": self.ref})


def _opportunities() -> WindowedList:
    return WindowedList(
        [
            Column("name", gettext(N_("Opportunity"))),
            Column("stage", gettext(N_("Stage")), 14, priority=1),
            Column("amount", gettext(N_("Amount")), 9, right=True),
            Column("probability", gettext(N_("Prob")), 5, right=True, priority=2),
            Column("close", gettext(N_("Close")), 11),
            Column("owner", gettext(N_("Owner")), 14, priority=3),
        ],
        marks=False,
        id="open",
    )


def _people(ctx: Any, ref: str) -> list[Row]:
    from crmtui.screens.cells import cell_text
    from crmtui.services import records

    found = records.find(
        ctx, "contact", where=f"account = {ref}", limit=MOST, fields=("ref", "name", "title", "buying_role")
    )
    fields = {field.name: field for field in found.fields}
    return [
        Row(
            row["ref"],
            {
                "name": (str(row["name"]), "primary"),
                "title": (str(row["title"] or ""), "muted"),
                "role": (cell_text(ctx, fields["buying_role"], row["buying_role"]), "foreground"),
            },
        )
        for row in found.rows
    ]


def _open(ctx: Any, ref: str) -> list[Row]:
    from crmtui.screens.cells import cell_text
    from crmtui.services import records

    names = ("name", "stage", "amount", "probability", "expected_close_on", "owner")
    found = records.find(
        ctx,
        "opp",
        where=f"account = {ref} and state = open",
        sort="-amount",
        limit=MOST,
        fields=("ref", *names),
    )
    fields = {field.name: field for field in found.fields}
    rows = []
    for row in found.rows:
        cells: dict[str, Any] = {name: cell_text(ctx, fields[name], row[name]) for name in names}
        cells["close"] = cells.pop("expected_close_on")
        rows.append(Row(row["ref"], cells))
    return rows
