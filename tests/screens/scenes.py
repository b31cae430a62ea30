"""The screens as they are compared and shown: what to press to get there, and for whom."""

import re
from dataclasses import dataclass

from crmtui.screens.app import CrmApp

LOGIN = "rocco.neubert"
"""A manager of the demo company."""
SIZES = ((120, 36), (80, 24), (160, 48))


@dataclass(frozen=True)
class Scene:
    """One picture: its name, the keys that lead to it, what it shows (for the tour), and who looks (empty: everybody's
    administrator). `whole` scenes are compared in every size and look."""

    name: str
    keys: tuple[str, ...]
    tells: str
    login: str = LOGIN
    whole: bool = False


SCENES = (
    Scene("overview", ("1",), "Where the quarter stands, what is near and what is new.", whole=True),
    Scene("leads", ("2",), "Leads, with the one under the cursor beside the list."),
    Scene("accounts", ("3",), "Customers and what they come to."),
    Scene("account", ("3", "down", "enter"), "One customer on one page."),
    Scene("contacts", ("3", "3"), "The people at the customers."),
    Scene(
        "board", ("4", "right", "right", "down"), "Opportunities by stage; < and > move a card.", whole=True
    ),
    Scene("opportunities", ("4", "4"), "The same opportunities as a table, grouped by stage."),
    Scene(
        "opportunity", ("4", "right", "right", "enter"), "One opportunity: its way, its numbers, its people."
    ),
    Scene("forecast", ("5",), "Quota, won and forecast down the tree; months across.", whole=True),
    Scene(
        "records-behind",
        ("5", "down", "right", "right", "enter"),
        "Every figure opens the records behind it.",
    ),
    Scene("funnel", ("6",), "How many came how far, and why deals were lost."),
    Scene("palette", ("ctrl+p",), "Every command, with its key and its command line."),
    Scene("help", ("5", "question_mark"), "What the screen is for, and its keys."),
    Scene("users", ("9",), "People by department.", login=""),
    Scene("departments", ("9", "9"), "The tree that figures roll up.", login=""),
    Scene("rights", ("9", "9", "9", "9"), "How far each right of a role reaches.", login=""),
    Scene("stages", ("9", "9", "9", "9", "9"), "The stages of each process.", login=""),
    Scene("quotas", ("9",) * 8, "Quotas set above and carried below.", login=""),
    Scene("audit", ("9",) * 10, "Everything that was done, newest first.", login=""),
)


def picture(app: CrmApp) -> str:
    """The screen as SVG; the same screen gives the same bytes."""
    return re.sub(r"terminal-\d+", "terminal", app.export_screenshot(title="crm"))
