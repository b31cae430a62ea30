"""Saving a condition as a view: its name, and whether it is one's own."""

from typing import TYPE_CHECKING

from crmtui.i18n import N_, gettext
from crmtui.screens.ask import Choose, Way, Words

if TYPE_CHECKING:
    from crmtui.screens.app import CrmApp


async def save_view(app: "CrmApp", noun: str, where: str, sort: str = "") -> bool:
    """Ask for the name of a view and who sees it, and save `where` under it; whether that was done."""
    name = await app.push_screen_wait_safe(Words(gettext(N_("Save view")), gettext(N_("Name")), most=80))
    if not name:
        return False
    ways = [
        Way("shared", gettext(N_("For everybody")), gettext(N_("who sees the list, too"))),
        Way("private", gettext(N_("For me alone"))),
    ]
    who = await app.push_screen_wait_safe(Choose(gettext(N_("View {name}")).format(name=name), ways))
    if not who:
        return False

    from crmtui.services import query

    said = gettext(N_("View {name} saved")).format(name=name)
    done = await app.change(
        lambda ctx: query.save(ctx, name, noun, where, sort, shared=who == "shared").name, said
    )
    return done is not None
