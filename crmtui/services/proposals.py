"""What the values of a column tell: the field that they fit, and how its dates and numbers are written."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import partial

from crmtui import money
from crmtui.clock import parse_date
from crmtui.errors import CrmError
from crmtui.i18n import gettext
from crmtui.services import columns, suggest
from crmtui.services.context import Context, Tx
from crmtui.services.mapping import Mapping as Plan
from crmtui.services.mapping import Setting
from crmtui.store.fields import Field
from crmtui.store.keys import PLAIN_EMAIL
from crmtui.text import fold

DATES = (
    "%d.%m.%Y",
    "%d.%m.%y",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%m/%d/%y",
    "%d/%m/%y",
    "%Y/%m/%d",
    "%d-%m-%Y",
    "%Y.%m.%d",
    "%Y%m%d",
    "%Y年%m月%d日",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%m/%d/%Y %I:%M %p",
)
"""The ways to write a date that are tried, in this order."""
MOST = 0.8
"""So many of the values must be of a kind for a column to be taken for it."""
_TRIED = 100
"""So many different values are enough to tell."""
_PHONE = re.compile(r"\+?[0-9][0-9 ()/.-]{5,24}")
_SITE = re.compile(r"(?:https?://|www\.)[^\s]+|[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,8}/?", re.IGNORECASE)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{2,4}")

Fits = Callable[[str], object]


def by_data(
    ctx: Context, tx: Tx, known: Mapping[str, Field], taken: set[str], left: Mapping[int, Sequence[str]]
) -> dict[str, int]:
    """Field → the column whose values are of its kind, for fields not `taken` and columns that are `left`."""
    found: dict[str, int] = {}
    for name, fits in _tests(ctx, tx, known):
        if name in taken:
            continue
        for at, texts in left.items():
            if at not in found.values() and texts and _share(texts, fits) >= MOST:
                found[name] = at
                break
    return found


def _share(texts: Sequence[str], fits: Fits) -> float:
    some = list(dict.fromkeys(texts))[:_TRIED]
    return sum(1 for text in some if fits(text)) / len(some)


def _tests(ctx: Context, tx: Tx, known: Mapping[str, Field]) -> list[tuple[str, Fits]]:
    """The fields that their values give away, and what tells a value of theirs."""
    tests: list[tuple[str, Fits]] = []
    if "email" in known:
        tests.append(("email", PLAIN_EMAIL.fullmatch))
    if "website" in known:
        tests.append(("website", lambda text: "@" not in text and _SITE.fullmatch(text)))
    tests += [(name, _phone) for name in ("phone", "mobile") if name in known]
    for name, each in known.items():
        if each.kind == "choice" and (words := ctx.choices(tx, each.choices)):
            tests.append((name, partial(_listed, words)))
    if "owner" in known:
        tests.append(("owner", lambda text: not text.isdigit() and _resolves(ctx, tx, text)))
    return tests


def _listed(words: Mapping[str, str], text: str) -> bool:
    return fold(text) in words


def _phone(text: str) -> bool:
    digits = sum(letter.isdigit() for letter in text)
    plain = text.isdigit() and not text.startswith(("0", "1"))
    return bool(7 <= digits <= 15 and not plain and not _DATE.match(text) and _PHONE.fullmatch(text))


def _resolves(ctx: Context, tx: Tx, text: str) -> bool:
    try:
        ctx.entry(tx).resolve("user", text)
    except CrmError:
        return False
    return True


# -- how dates and numbers are written --------------------------------------------------------------------------


def forms_of(
    ctx: Context, known: Mapping[str, Field], texts: Mapping[str, Sequence[str]], plan: Plan
) -> tuple[tuple[str, ...], str]:
    """The date formats of these columns, by field, and what stands before the decimals of their numbers."""
    dates: dict[str, None] = {}
    comma = point = 0
    for name, given in texts.items():
        kind = known[name].kind
        given = [text for text in given if text not in plan.missing]
        if kind in ("day", "moment"):
            dates |= dict.fromkeys(date_forms(given, ctx.clock.today()))
        elif kind in columns.NUMBERS:
            point += sum(map(_number, given))
            # 1.005 alone tells nothing: it takes a comma to know what the point is for.
            if any("," in text for text in given):
                comma += sum(map(_number, columns.with_points(given)))
    return tuple(dates), "," if plan.decimal == "," or comma > point else "."


def date_forms(texts: Sequence[str], today: date) -> list[str]:
    """The first format that reads most of what is no date for us as it stands; none where all is."""
    strange = [text for text in texts if not _is_day(text, today)]
    if not strange:
        return []
    ranked = [(sum(_has_form(text, each) for text in strange), -at) for at, each in enumerate(DATES)]
    most, place = max(ranked)
    return [DATES[-place]] if most else []


def _is_day(text: str, today: date) -> bool:
    try:
        parse_date(text, today)
    except CrmError:
        return bool(re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ].*", text))
    return True


def _has_form(text: str, form: str) -> bool:
    try:
        datetime.strptime(text, form)  # noqa: DTZ007  only whether it can be read counts
    except ValueError:
        return False
    return True


def _number(text: str | None) -> bool:
    try:
        money.parse_amount(text or "", "USD")
    except CrmError:
        return bool(text and text.rstrip("%").isdigit())
    return True


def form_text(plan: Plan, field_kind: str, texts: Sequence[str]) -> str:
    """How the dates or numbers of a column are read, as an example: 31.12.2026, 1.234,50; empty for the usual way."""
    if field_kind in ("day", "moment"):
        for each in plan.date_formats:
            if any(_has_form(text, each) for text in texts):
                return date(2026, 12, 31).strftime(each.replace("%H:%M", "13:00"))
    if plan.decimal == "," and field_kind in columns.NUMBERS:
        return "1.234,50"
    return ""


def with_form(plan: Plan, form: str) -> Plan:
    """`plan` with dates read by `form` alone."""
    return replace(plan, date_formats=(form,) if form else ())


# -- what words mean --------------------------------------------------------------------------------------------


def meanings(ctx: Context, noun: str, name: str) -> list[tuple[str, Setting]]:
    """What a word of a file may mean in the field `name`: what people read, and what a mapping says of it."""
    if (noun, name) != ("opp", "stage"):
        return [(offer.shown, offer.value) for offer in suggest.values(ctx, noun, name, "", 500)]
    with ctx.reading() as tx:
        usual = ctx.process_id(tx, None)
        codes = list(dict.fromkeys(ctx.stages(tx, usual).values()))
        found: list[tuple[str, Setting]] = [(ctx.stage_name(usual, code), code) for code in codes]
    ends = {"won": {"stage": codes[-1], "state": "won"}, "lost": {"state": "lost"}} if codes else {}
    return found + [(gettext(state), meaning) for state, meaning in ends.items()]
