"""What is near, what is new, and the first steps of a new company, as rows of lists."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING

from crmtui.i18n import N_, gettext, ngettext
from crmtui.screens.glyphs import g
from crmtui.screens.links import Link
from crmtui.screens.listing import Column, Row
from crmtui.text import width

if TYPE_CHECKING:
    from crmtui.services.context import Context
    from crmtui.services.news import Change, Near
    from crmtui.services.whose import Figure

MOST = 40
"""Rows that are read; what is beyond is found in the lists."""

_DONE = {
    "add": ("new", "success", N_("New: {what}")),
    "import": ("new", "success", N_("Imported: {what}")),
    "edit": ("dot", "muted", N_("Changed: {what}")),
    "adjust": ("dot", "muted", N_("Changed: {what}")),
    "advance": ("into", "primary", N_("Another stage: {what}")),
    "close": ("done", "muted", N_("Closed: {what}")),
    "won": ("done", "success", N_("Won: {what}")),
    "lost": ("refused", "error", N_("Lost: {what}")),
    "reopen": ("changed", "primary", N_("Reopened: {what}")),
    "qualify": ("done", "success", N_("Qualified: {what}")),
    "disqualify": ("refused", "muted", N_("Disqualified: {what}")),
    "convert": ("to", "success", N_("Converted: {what}")),
    "archive": ("remove", "muted", N_("Put away: {what}")),
    "restore": ("changed", "primary", N_("Brought back: {what}")),
    "undo": ("changed", "warning", N_("Taken back: {what}")),
    "team": ("dot", "muted", N_("Team changed: {what}")),
}
_OTHER = ("dot", "muted", N_("Changed: {what}"))
_COUNTED = {
    "lead": (N_("{count} lead"), N_("{count} leads")),
    "account": (N_("{count} account"), N_("{count} accounts")),
    "contact": (N_("{count} contact"), N_("{count} contacts")),
    "opp": (N_("{count} opportunity"), N_("{count} opportunities")),
}
_NAMED = 2
"""So many of the changed fields are named."""


# -- what is near


def near_columns() -> list[Column]:
    """When, and what of whom."""
    return [Column("when", gettext(N_("When")), 9), Column("what", gettext(N_("What")))]


def near_title(today: date) -> str:
    """`Today and soon · Fri 20 Nov`."""
    from crmtui.screens.cells import day_text, weekday_name

    return f"{gettext(N_('Today and soon'))} {g('dot')} {weekday_name(today)} {day_text(today, today)}"


def near(ctx: "Context", who: str) -> list[Row]:
    """A row for each thing that is due within a week, late ones first. Raises CrmError."""
    from crmtui.services import news

    today = ctx.clock.today()
    return [_near(one, today) for one in news.near(ctx, who, MOST)]


def _near(one: "Near", today: date) -> Row:
    from crmtui.screens.cells import near_text

    if one.late:
        sign = (g("late"), "error")
        when = (gettext(N_("late {days} d")).format(days=one.late), "error")
    else:
        sign = (g("open"), "muted")
        when = (near_text(one.day, today), "warning" if one.day == today else "foreground")
    sentence = N_("Contact {name}") if one.kind == "contact" else N_("Close {name}")
    return Row(
        f"{one.kind}.{one.ref}",
        {
            "when": when,
            "what": [
                (gettext(sentence).format(name=one.name or one.ref) + "  ", "foreground"),
                (one.account if one.account != one.name else "", "muted"),
            ],
        },
        sign=sign,
        data=one,
    )


def near_counts(ctx: "Context", who: str) -> "list[Figure]":
    """How many opportunities are to close and leads to be contacted within a week, or are late. Raises CrmError."""
    from crmtui.services import news, records
    from crmtui.services.whose import Figure

    asked = {"opp": news.closes_where, "lead": news.contacts_where}
    found = {
        noun: where(ctx, who) for noun, where in asked.items() if ctx.actor.scope(noun, "list") != "none"
    }
    return [
        Figure("near", records.count_where(ctx, noun, where), noun=noun, where=where)
        for noun, where in found.items()
    ]


def counted(near: "Sequence[Figure]") -> list[list[Link]]:
    """A line with these counts; none where there is nothing."""
    line: list[Link] = []
    for figure in near:
        if figure.value:
            one, many = _NEAR[figure.noun]
            said = ngettext(one, many, figure.value).format(count=f"{figure.value:,}")
            line += [Link(f" {g('dot')} " if line else "  ", "muted"), Link(said, "muted", figure)]
    return [line] if line else []


_NEAR = {
    "opp": (N_("{count} to close"), N_("{count} to close")),
    "lead": (N_("{count} to contact"), N_("{count} to contact")),
}


# -- what is new


def news_columns() -> list[Column]:
    """What and by whom, when."""
    return [
        Column("what", gettext(N_("What"))),
        Column("at", gettext(N_("When")), 9, right=True, priority=1),
    ]


def recent(ctx: "Context", who: str) -> list[Row]:
    """A row for each of the last transactions, newest first. Raises CrmError."""
    from crmtui.screens.cells import moment_text
    from crmtui.services import news

    changes = news.recent(ctx, who, MOST)
    labels = {noun: _labels(ctx, noun) for noun in {one.noun for one in changes}}
    ended = _ended(ctx, [one.ref for one in changes if one.verb == "opp.close" and one.count == 1])
    return [_new(one, ended.get(one.ref, ""), labels[one.noun], moment_text(ctx, one.at)) for one in changes]


def _labels(ctx: "Context", noun: str) -> dict[str, str]:
    from crmtui.services import records

    return {field.name: field.label for field in records.fields_of(ctx, noun)}


def _ended(ctx: "Context", refs: Sequence[str]) -> dict[str, str]:
    """ref → won or lost."""
    from crmtui.services import records

    if not refs:
        return {}
    numbers = ", ".join(ref.rpartition("-")[2] for ref in refs)
    found = records.find(ctx, "opp", where=f"id in ({numbers})", fields=("ref", "state")).rows
    return {str(row["ref"]): str(row["state"]) for row in found if row["state"] in ("won", "lost")}


def _new(one: "Change", ended: str, labels: dict[str, str], when: str) -> Row:
    verb = one.verb.rpartition(".")[2]
    sign, token, sentence = _DONE.get(ended if verb == "close" and ended else verb, _OTHER)
    pieces = [(gettext(sentence).format(what=what(one)) + "  ", "foreground")]
    if one.count == 1 and verb in ("edit", "adjust"):
        pieces.append((_fields(one.fields, labels) + "  ", "muted"))
    if not one.mine:
        pieces.append((f"{g('dot')} {one.actor}", "muted"))
    return Row(
        f"{one.tx}.{one.noun}",
        {"what": pieces, "at": (when, "muted")},
        sign=(g(sign), token),
        data=one,
    )


def changed_refs(ctx: "Context", one: "Change") -> list[str]:
    """The records of that kind which the transaction changed; none where these are too many for a list of their own."""
    from crmtui.services import watch
    from crmtui.services.nouns import NOUNS

    refs = [ref for ref in watch.refs_of(ctx, one.tx) if ref.startswith(f"{NOUNS[one.noun].prefix}-")]
    return refs if len(refs) == one.count else []


def what(one: "Change") -> str:
    """The name of the record, or how many there are of what."""
    if one.count == 1 and not one.more:
        return one.name or one.ref
    return ngettext(*_COUNTED[one.noun], one.count).format(count=f"{one.count:,}{'+' if one.more else ''}")


def _fields(names: Iterable[str], labels: dict[str, str]) -> str:
    known = [gettext(labels[name]) for name in names if name in labels]
    return ", ".join(known[:_NAMED]) + (f" {g('cut')}" if known[_NAMED:] else "")


# -- the first steps

STEPS = {
    "leads": (N_("Import leads"), N_("from a file with a heading"), "crm lead import FILE"),
    "people": (N_("Invite people"), N_("so that each sees what is theirs"), "crm user add"),
    "quota": (N_("Set a quota"), N_("so that won has something to reach"), "crm quota set"),
}
"""Name → what to do, what for, and the command."""


def steps_columns() -> list[Column]:
    """What to do, what for, and its command."""
    names = max(width(gettext(title)) for title, _, _ in STEPS.values())
    return [
        Column("title", "", names + 2),
        Column("why", "", priority=1),
        Column("command", "", 22, priority=2),
    ]


def steps(missing: Iterable[str]) -> list[Row]:
    """The first steps; those that are done have a tick."""
    left = set(missing)
    return [
        Row(
            name,
            {
                "title": f"{place} {gettext(title)}",
                "why": (gettext(why), "muted"),
                "command": (command, "muted"),
            },
            sign=(g("open"), "accent") if name in left else (g("done"), "success"),
            dim=name not in left,
            data=name,
        )
        for place, (name, (title, why, command)) in enumerate(STEPS.items(), 1)
    ]
