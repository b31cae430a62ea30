"""Whose figures a screen shows, of which period, as a condition and as a question; and what a figure is made of."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from crmtui.clock import Period, add_months, parse_period
from crmtui.errors import Invalid, about
from crmtui.i18n import N_
from crmtui.services.context import Context
from crmtui.services.question import Ask
from crmtui.services.rollup import Key
from crmtui.store.refs import ref_of

WHOSE = ("mine", "team", "all")

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+-]*")
_ENCLOSED = re.compile(r"\([^()\"']*(?:\([^()\"']*\)[^()\"']*)*\)")
_RESERVED = ("and", "or", "not", "in", "is", "under", "empty")


@dataclass(frozen=True)
class Figure:
    """One figure of a screen, and the records that it is made of.

    Either `where` is the condition that the records of `noun` fulfil, or `ask` with `part` is what `forecast.drill`
    opens: `part` is one of its figures, and `row` one row of an answer, where the question alone says too much. `kind` says what `value` is: money (in the company's currency), count, percent,
    points or days; None where there is nothing to tell.
    """

    name: str
    value: Any
    kind: str = "count"
    noun: str = "opp"
    where: str = ""
    ask: Ask | None = None
    part: str = ""
    row: Key | None = None


def check(whose: str) -> None:
    """Raise Invalid unless `whose` is one of WHOSE."""
    if whose not in WHOSE:
        raise Invalid(
            "forecast.word",
            N_("{word} is not one of: {words}."),
            field="whose",
            word=whose,
            words=", ".join(WHOSE),
        )


def condition(ctx: Context, whose: str) -> str:
    """The condition on the owner of a record; empty for all. Who is in no department is a team of one. Raises Invalid."""
    check(whose)
    if whose == "all":
        return ""
    if whose == "team" and ctx.actor.dept_id is not None:
        return f"owner.dept under {ref_of('dept', ctx.actor.dept_id)}"
    return f"owner={_me(ctx)}"


def ask(ctx: Context, whose: str, period: str = "", by: str = "", depth: int | None = None) -> Ask:
    """The same people as in `condition`, as a question about figures. Raises Invalid."""
    check(whose)
    if whose == "all":
        return Ask(by=by, period=period, depth=depth)
    if whose == "team" and ctx.actor.dept_id is not None:
        return Ask(dept=ref_of("dept", ctx.actor.dept_id), by=by, period=period, depth=depth)
    return Ask(users=(_me(ctx),), by=by, period=period, depth=depth)


def _me(ctx: Context) -> str:
    return ref_of("user", ctx.actor.id or 0)


def period_of(ctx: Context, text: str) -> Period:
    """The period that `text` means, this quarter where it is empty. Raises Invalid."""
    with about("period"):
        return parse_period(text or "this quarter", ctx.clock.today(), ctx.company.fiscal_start)


def earlier(period: Period) -> Period:
    """The period of the same length that ends the day before this one starts."""
    last = period.start - timedelta(days=1)
    if period.kind == "range":
        return Period.of(last - (period.end - period.start), last)
    return Period.of(add_months(period.start, -len(period.months())), last)


def word(text: object) -> str:
    """A value as a condition takes it: in quotes where it needs them."""
    plain = str(text)
    if _WORD.fullmatch(plain) and plain.lower() not in _RESERVED:
        return plain
    return '"' + re.sub(r'(["\\])', r"\\\1", plain) + '"'


def both(*conditions: str) -> str:
    """The condition that holds where all of these do; empty ones say nothing. What says "or" is put in parentheses."""
    found = [one for one in conditions if one.strip()]
    return " and ".join(f"({one})" if len(found) > 1 and _says_or(one) else one for one in found)


def _says_or(text: str) -> bool:
    """Whether the word or may stand outside all parentheses; if in doubt, it does."""
    return re.search(r"\bor\b", text, re.IGNORECASE) is not None and not _ENCLOSED.fullmatch(text)
