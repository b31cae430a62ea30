"""Forms for what an opportunity goes through: won, lost, adjusted."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from crmtui.clock import parse_date
from crmtui.errors import about
from crmtui.i18n import N_, gettext
from crmtui.screens.forms import FormSheet

if TYPE_CHECKING:
    from crmtui.services.context import Context


def closing(ref: str, won: bool) -> FormSheet:
    """The form that closes an opportunity: a summary; of a lost one also the reason and who won it."""
    if won:
        return FormSheet(
            "opp",
            ref,
            only=("summary", "amount", "closed_on"),
            required=("summary",),
            title=gettext(N_("Won: {ref}")).format(ref=ref),
            said=gettext(N_("{ref} won")).format(ref=ref),
            save=lambda ctx, given: _close(ctx, ref, True, given),
        )
    return FormSheet(
        "opp",
        ref,
        only=("loss_reason", "competitor", "summary", "closed_on"),
        required=("loss_reason", "competitor", "summary"),
        loose=("competitor",),
        title=gettext(N_("Lost: {ref}")).format(ref=ref),
        said=gettext(N_("{ref} lost")).format(ref=ref),
        save=lambda ctx, given: _close(ctx, ref, False, given),
    )


def _close(ctx: "Context", ref: str, won: bool, given: Mapping[str, str]) -> None:
    from crmtui.services import opportunity

    with about("closed_on"):
        on = parse_date(given["closed_on"], ctx.clock.today()) if given.get("closed_on") else None
    opportunity.close(
        ctx,
        ref,
        won=won,
        summary=given.get("summary", ""),
        competitor=given.get("competitor", ""),
        reason=given.get("loss_reason", ""),
        on=on,
        amount=given.get("amount", ""),
    )


def adjusting(ref: str) -> FormSheet:
    """The form that changes amount, probability and expected close date of an opportunity."""

    def save(ctx: "Context", given: dict[str, str]) -> None:
        from crmtui.services import opportunity

        opportunity.adjust(ctx, ref, dict(given))

    return FormSheet(
        "opp",
        ref,
        only=("amount", "probability", "expected_close_on"),
        title=gettext(N_("Adjust {ref}")).format(ref=ref),
        said=gettext(N_("{ref} adjusted")).format(ref=ref),
        save=save,
    )
