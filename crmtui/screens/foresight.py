"""What pages need is loaded, and their readings made ready, while the person still looks at the list."""

from typing import TYPE_CHECKING

from crmtui.errors import CrmError

if TYPE_CHECKING:
    from crmtui.screens.desk import Desk
    from crmtui.services.context import Context

SECONDS = 0.5
"""So long after its rows a list foresees its first page."""


async def page(desk: "Desk", noun: str, ref: str) -> None:
    """Read for nobody what the page of this record shows: the first one that is opened is then as quick as the others."""
    try:
        await desk.read(lambda ctx: _read(ctx, noun, ref))
        await desk.read_behind(lambda ctx: _read_behind(ctx, noun, ref))
    except CrmError:  # whoever opens the page is told
        return


def _read(ctx: "Context", noun: str, ref: str) -> None:
    from crmtui.screens import details, sections
    from crmtui.screens.histories import History

    sections.page_class(noun)
    details.lines(ctx, noun, ref)
    History.read(ctx, noun, ref, 50)
    if noun == "opp":
        from crmtui.services import stages

        stages.path(ctx, ref)


def _read_behind(ctx: "Context", noun: str, ref: str) -> None:
    from crmtui.services import related

    related.related(ctx, noun, ref)
    if noun == "account":
        from crmtui.services import portrait

        portrait.money(ctx, ref)
