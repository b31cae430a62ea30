"""Where everything lives: nine sections, their tabs, and the screen behind each."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from crmtui.i18n import N_
from crmtui.services.nouns import NOUNS

if TYPE_CHECKING:
    from crmtui.screens.place import Place


@dataclass(frozen=True)
class Tab:
    """One tab. `screen` is `module:Class` below crmtui.screens; `nouns` are those that a person must be able to list."""

    name: str
    title: str
    screen: str
    nouns: tuple[str, ...] = ()

    @property
    def noun(self) -> str:
        """The noun whose list this tab is; empty for other tabs."""
        return self.nouns[0] if self.screen == LIST else ""


@dataclass(frozen=True)
class Section:
    """One of the nine. `short` is its name where the screen is narrow; without tabs it is not shown yet."""

    number: int
    title: str
    short: str
    tabs: tuple[Tab, ...]


LIST = "records:RecordList"


def _list(noun: str, title: str) -> Tab:
    return Tab(noun, title, LIST, (noun,))


SECTIONS = (
    Section(1, N_("Overview"), N_("Over"), (Tab("overview", N_("overview"), "overview:Overview"),)),
    Section(
        2,
        N_("Leads"),
        N_("Lead"),
        (
            Tab("lead", N_("list"), "leads:LeadList", ("lead",)),
            Tab("import", N_("import"), "importing:Importing", ("lead",)),
        ),
    ),
    Section(
        3,
        N_("Customers"),
        N_("Cust"),
        (
            Tab("account", N_("accounts"), "customers:AccountList", ("account",)),
            Tab("contact", N_("contacts"), "contacts:ContactList", ("contact",)),
        ),
    ),
    Section(
        4,
        N_("Sales"),
        N_("Sale"),
        (
            Tab("board", N_("board"), "board:Board", ("opp",)),
            Tab("opp", N_("list"), "opportunities:OpportunityList", ("opp",)),
            _list("product", N_("products")),
            _list("competitor", N_("rivals")),
        ),
    ),
    Section(
        5,
        N_("Forecast"),
        N_("Fcst"),
        tuple(
            Tab(by, title, "forecast:Forecast", ("opp",))
            for by, title in (
                ("dept", N_("department")),
                ("territory", N_("territory")),
                ("industry", N_("industry")),
                ("user", N_("rep")),
                ("product", N_("product")),
                ("process", N_("process")),
            )
        ),
    ),
    Section(6, N_("Insight"), N_("Insi"), (Tab("funnel", N_("funnel"), "insight:Funnel", ("opp",)),)),
    Section(7, N_("Approvals"), N_("Appr"), ()),
    Section(8, N_("Work"), N_("Work"), ()),
    Section(
        9,
        N_("Admin"),
        N_("Admi"),
        (
            Tab("user", N_("users"), "admin:Users", ("user",)),
            Tab("dept", N_("departments"), "admin:Departments", ("dept",)),
            Tab("territory", N_("territories"), "admin:Territories", ("territory",)),
            Tab("role", N_("rights"), "admin:Rights", ("role",)),
            Tab("process", N_("stages"), "admin:Stages", ("process",)),
            Tab("type", N_("types"), "admin:Types", ("type",)),
            _list("attribute", N_("custom fields")),
            Tab("quota", N_("quota"), "admin:Quotas", ("quota",)),
            _list("rate", N_("rates")),
            Tab("log", N_("audit"), "audit:Audit"),
        ),
    ),
)

PAGES = {
    "lead": "leads:LeadPage",
    "account": "account_page:AccountPage",
    "opp": "opportunity_page:OpportunityPage",
}
"""Nouns with a page of their own; all others have the one that follows from their declaration."""

PAGE = "record_page:RecordPage"


def tabs() -> Iterator[tuple[Section, Tab]]:
    """Every tab with its section."""
    for section in SECTIONS:
        for tab in section.tabs:
            yield section, tab


def home(noun: str) -> tuple[int, str] | None:
    """The section and tab that list `noun`; None where it has none."""
    found = [
        (section.number, tab.name) for section, tab in tabs() if tab.nouns[:1] == (noun,) and tab.name == noun
    ]
    return found[0] if found else None


def load(path: str) -> Any:
    """The class that `module:Class` names, below crmtui.screens."""
    module, _, name = path.partition(":")
    return getattr(import_module(f"crmtui.screens.{module}"), name)


def place_class(tab: Tab) -> "Callable[..., Place]":
    """What makes the screen of a tab."""
    made: Callable[..., Place] = load(tab.screen)
    return made


def page_class(noun: str) -> Any:
    """The class of the page of one record of `noun`."""
    return load(PAGES.get(noun, PAGE))


def load_all() -> None:
    """Load the module of every screen, so that all their bindings are known."""
    for path in {tab.screen for _, tab in tabs()} | set(PAGES.values()) | {PAGE, *OTHERS}:
        import_module(f"crmtui.screens.{path.partition(':')[0]}")


OTHERS = (
    "app",
    "listing",
    "forms",
    "picker",
    "ask",
    "conditions",
    "palette",
    "searching",
    "jump",
    "help",
    "popup",
    "sides",
)
"""Modules with bindings that no tab leads to."""

assert all(tab.noun in ("", *NOUNS) for _, tab in tabs())
