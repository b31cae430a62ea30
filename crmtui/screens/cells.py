"""Values as the cells of lists: short, in the language in use, and the columns that they stand in."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from crmtui import money
from crmtui.i18n import N_, gettext, in_every_language, language, ngettext
from crmtui.money import Money
from crmtui.screens.bars import month_name
from crmtui.screens.glyphs import g
from crmtui.screens.rows import Column
from crmtui.text import width

if TYPE_CHECKING:
    from crmtui.services.context import Context
    from crmtui.services.records import Field

RECENT = 14
"""So many days ago a moment is told by their number."""
NUMBERS = ("money", "whole", "percent", "rate", "number")
_WIDTHS = {
    "money": 9,
    "percent": 5,
    "whole": 6,
    "number": 8,
    "rate": 10,
    "day": 9,
    "moment": 9,
    "flag": 4,
    "currency": 4,
    "choice": 13,
    "stage": 13,
    "state": 10,
    "ref": 14,
    "refs": 16,
    "choices": 14,
    "target": 14,
    "email": 22,
    "phone": 17,
    "code": 12,
    "text": 20,
    "ident": 8,
}
_LINE = 16
_WIDEST_TITLE = 14
_WEEKDAYS = (*(N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun")),)


# Dates


def weekday_name(day: date) -> str:
    """The short name of the day of the week, in the language in use."""
    return gettext(_WEEKDAYS[day.weekday()])


def day_text(day: date, today: date) -> str:
    """`21 Nov`, with the year only when it is another one: `3 Jan 2027`; in Chinese `11月21日` and `2027-01-03`."""
    if day.year != today.year and language() == "zh":
        return day.isoformat()
    pattern = N_("{day} {month}") if day.year == today.year else N_("{day} {month} {year}")
    return gettext(pattern).format(day=day.day, month=month_name(day), year=day.year)


def near_text(day: date, today: date) -> str:
    """As `day_text`, but a word for the days next to today, and `3 d` for those of the week before."""
    ago = (today - day).days
    if -1 <= ago <= 1:
        return gettext((N_("tomorrow"), N_("today"), N_("yesterday"))[ago + 1])
    return gettext(N_("{days} d")).format(days=ago) if 1 < ago < 7 else day_text(day, today)


def moment_text(ctx: "Context", moment: datetime) -> str:
    """How long ago: `5 min`, `3 h`, `yesterday`, `3 d`; of what is longer ago, or to come, the day."""
    return _moment(moment, ctx.clock.now(), ctx.clock.today(), ctx.clock.day_of(moment))


def _moment(moment: datetime, now: datetime, today: date, day: date) -> str:
    ago = (today - day).days
    if ago == 0 and moment <= now:
        minutes = int((now - moment).total_seconds()) // 60
        if minutes < 1:
            return gettext(N_("now"))
        hours = gettext(N_("{hours} h")).format(hours=minutes // 60)
        return hours if minutes >= 60 else gettext(N_("{minutes} min")).format(minutes=minutes)
    if 1 < ago < RECENT:
        return gettext(N_("{days} d")).format(days=ago)
    return near_text(day, today)


# Values


def money_text(value: Money, currency: str = "", *, full: bool = False) -> str:
    """`2.40M` (Chinese `240万`), or with `full` `2,400,000.00`; its currency is told when it is not `currency`."""
    show = money.show if full else money.compact
    text = show(value.minor, value.currency, language())
    return text if value.currency == currency or not currency else f"{text} {value.currency}"


def cell_text(ctx: "Context", field: "Field", value: Any, *, full: bool = False) -> str:
    """A value as lists show it; with `full` the whole of it, for panels and pages. Empty for none."""
    from crmtui.services.records import as_text

    if value is None:
        return ""
    if isinstance(value, Money):
        return money_text(value, ctx.company.currency, full=full)
    if isinstance(value, datetime):
        return as_text(field, value, people=True) if full else moment_text(ctx, value)
    if isinstance(value, date):
        return day_text(value, ctx.clock.today()) if full else near_text(value, ctx.clock.today())
    if isinstance(value, bool):
        return as_text(field, value, people=True) if full else g("done") if value else ""
    if field.kind == "percent":
        return f"{value}%"
    if field.kind in ("whole", "number") and isinstance(value, int) and field.name != "id":
        return f"{value:,}"
    text = as_text(field, value, people=True)
    return text if full or field.kind != "text" else " ".join(text.split())


def plain_value(value: Any) -> Any:
    """`value` without what still leans on the store: the code of a list entry or stage as a plain text."""
    if isinstance(value, str):
        return str(value)
    return [plain_value(one) for one in value] if isinstance(value, list) else value


def count_text(count: int, one: str, many: str) -> str:
    """`312 leads`; `one` and `many` are marked texts with the place {count}."""
    return ngettext(one, many, count).format(count=f"{count:,}")


# Columns


def column_for(field: "Field", priority: int = 0, *, shares: bool = False) -> Column:
    """The column of a field: as wide as its kind needs and its title in any language; numbers stand at the right."""
    title = gettext(field.label)
    size = _WIDTHS.get(field.kind, _LINE)
    if field.kind == "state":
        words = (width(word) for value in field.values for word in in_every_language(value))
        size = max(words, default=size)
    titles = (
        [width(text) + 1 for text in in_every_language(field.label)]
        if not field.custom
        else [width(title) + 1]
    )
    size = max(size, min(max(titles), _WIDEST_TITLE))
    sortable = field.kind not in ("choices", "refs", "children", "attributes")
    return Column(field.name, title, 0 if shares else size, field.kind in NUMBERS, priority, sortable)


def columns_of(fields: Sequence["Field"], names: Sequence[str]) -> list[Column]:
    """The columns `names`, most important first; the first line of text shares what the others leave."""
    known = {field.name: field for field in fields}
    chosen = [known[name] for name in names if name in known]
    shares = next((field.name for field in chosen if field.kind in ("line", "text")), None)
    shares = shares or next((field.name for field in chosen if field.kind == "ref"), None)
    return [column_for(field, place, shares=field.name == shares) for place, field in enumerate(chosen)]


def columns_for(ctx: "Context", noun: str, names: Sequence[str] = ()) -> list[Column]:
    """The columns of a list of `noun`; without names those of its declaration."""
    from crmtui.services import records
    from crmtui.services.nouns import NOUNS

    return columns_of(records.fields_of(ctx, noun), names or NOUNS[noun].columns)
