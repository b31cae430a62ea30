"""The period that figures are shown of: its name, the one before and after it."""

from datetime import timedelta
from typing import TYPE_CHECKING

from crmtui.clock import Period, add_months, parse_period
from crmtui.i18n import N_, gettext
from crmtui.screens.glyphs import plain

if TYPE_CHECKING:
    from crmtui.services.context import Context


def read(ctx: "Context", text: str) -> Period:
    """The period that `text` means today. Raises Invalid."""
    return parse_period(text, ctx.clock.today(), ctx.company.fiscal_start)


def named(ctx: "Context", text: str) -> str:
    """The period for the crumb, with how far it is gone where today lies in it: `2026Q4 · day 52 of 92`."""
    period, today = read(ctx, text), ctx.clock.today()
    if today not in period:
        return period.label
    day, days = (today - period.start).days + 1, (period.end - period.start).days + 1
    return plain(
        gettext(N_("{period} · day {day} of {days}")).format(period=period.label, day=day, days=days)
    )


def shifted(ctx: "Context", text: str, by: int) -> str:
    """The label of the period of the same length `by` places later."""
    period = read(ctx, text)
    months = len(period.months())
    start = add_months(period.start, by * months)
    return Period.of(start, add_months(start, months) - timedelta(days=1)).label
