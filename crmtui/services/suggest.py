"""What may be meant while somebody types: fields, values from real data, records and people with what tells them apart."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import desc, func, select

from crmtui.errors import CrmError
from crmtui.i18n import N_, gettext, language
from crmtui.services import forms, records
from crmtui.services.context import Context, Tx
from crmtui.store import condition, refs, term
from crmtui.store.record import table
from crmtui.store.term import Term
from crmtui.text import fold

SAMPLE = 20_000
"""Values are counted among so many of the newest records that the person sees: enough to know the frequent ones."""


@dataclass(frozen=True)
class Offer:
    """Something that may be meant: `value` is what is taken, `shown` and `detail` are read, `count` how often it occurs."""

    value: str
    shown: str
    detail: str = ""
    count: int | None = None


def likely(offers: Sequence[Offer], typed: str, most: int) -> list[Offer]:
    """Of `offers` those that `typed` may mean: what begins with it first, then what contains it, by pinyin too."""
    wanted = fold(typed)
    if not wanted:
        return list(offers[:most])
    ranked = [
        (rank, place) for place, offer in enumerate(offers) if (rank := _rank(offer, wanted)) is not None
    ]
    return [offers[place] for _, place in sorted(ranked)[:most]]


def _rank(offer: Offer, wanted: str) -> int | None:
    texts = [fold(offer.shown), fold(offer.value)]
    if any(text.startswith(wanted) for text in texts):
        return 0
    if any(f" {wanted}" in text for text in texts):
        return 1
    if any(wanted in text for text in texts):
        return 2
    return 3 if wanted.isascii() and any(wanted in one for one in spelt(offer.shown)) else None


def spelt(text: str) -> tuple[str, ...]:
    """The pinyin of a Chinese `text`, whole and by initials; nothing for other texts."""
    if text.isascii() or not any("\u3400" <= letter <= "\u9fff" for letter in text):
        return ()
    from pypinyin import lazy_pinyin

    syllables = lazy_pinyin(text)
    return "".join(syllables).lower(), "".join(syllable[:1] for syllable in syllables).lower()


# -- fields -----------------------------------------------------------------------------------------------------

_HIDDEN = ("attributes",)
_KINDS = (
    *(N_("ident"), N_("line"), N_("text"), N_("code"), N_("email"), N_("phone"), N_("whole"), N_("percent")),
    *(N_("rate"), N_("number"), N_("money"), N_("currency"), N_("flag"), N_("day"), N_("moment")),
    *(N_("choice"), N_("choices"), N_("state"), N_("stage"), N_("ref"), N_("refs"), N_("children")),
)
"""Kinds of fields, which are told as they are called."""


def fields(ctx: Context, noun: str, typed: str = "", most: int = 50) -> list[Offer]:
    """The fields that a condition on `noun` can name, the company's own too; behind a reference and a dot, those there."""
    head, _, rest = typed.rpartition(".")
    if head == "x":
        head, rest = "", typed
    with ctx.reading() as tx:
        scope = records.scope_for(ctx, tx)
        if head:
            try:
                found = term.find(noun, head, condition.Place(head, 0, len(head)), scope)
            except CrmError:
                return []
            if found.field.kind not in ("ref", "refs"):
                return []
            noun = found.field.noun
        every = [
            Offer(
                f"{head}.{name}" if head else name,
                gettext(field.label) or name,
                gettext(field.kind),
            )
            for name in scope.names(noun)
            if (field := scope.field(noun, name)) and field.kind not in _HIDDEN
        ]
    return likely(every, f"{head}.{rest}" if head and rest else rest, most) or likely(every, rest, most)


# -- values -----------------------------------------------------------------------------------------------------

_DAYS = (
    N_("today"),
    N_("today-7d"),
    N_("today-30d"),
    N_("today-60d"),
    N_("this month"),
    N_("this quarter"),
    N_("last quarter"),
    N_("next quarter"),
    N_("this year"),
)


def values(ctx: Context, noun: str, name: str, typed: str = "", most: int = 20) -> list[Offer]:
    """What the field `name` is likely to be compared with: its list, or the values that most visible records have.

    Raises Invalid `condition.field`.
    """
    with ctx.reading() as tx:
        found = term.find(noun, name, condition.Place(name, 0, len(name)), records.scope_for(ctx, tx))
        kind = found.field.kind
        if kind in ("day", "moment"):
            return likely([Offer(word, gettext(word)) for word in _DAYS], typed, most)
        if kind in ("state", "flag"):
            return likely([Offer(one.value, one.shown) for one in _fixed(found)], typed, most)
        if kind not in ("ref", "refs"):
            return likely(_frequent(ctx, tx, found), typed, most)
    noun = found.field.noun
    people = [Offer("me", gettext(N_("me"))), Offer("my team", gettext(N_("my team")))]
    special = likely(people, typed, 2) if noun == "user" else []
    return special + offered(ctx, noun, typed, most, named=True)


def _fixed(found: Term) -> tuple[forms.Option, ...]:
    if found.field.kind == "state":
        return tuple(forms.Option(value, gettext(value)) for value in found.field.values)
    return forms.Option("true", gettext(N_("yes"))), forms.Option("false", gettext(N_("no")))


def _frequent(ctx: Context, tx: Tx, found: Term) -> list[Offer]:
    """The values of a field by how often they occur among the newest records; then the rest of its list."""
    field = found.field
    if field.kind in ("children", "choices") or field.name in ("id", "ref", "version", "days_in_stage"):
        counted: list[tuple[Any, int]] = []
    else:
        counted = _counted(ctx, tx, found)
    listed = {one.value: one.shown for one in forms.entries(tx, field.choices)} if field.choices else {}
    if field.kind == "stage":
        listed = {str(code): ctx.stage_name(None, str(code)) for code, _ in counted}
    offers = [
        Offer(text, listed.get(text, text), "", number)
        for value, number in counted
        if (text := _as_text(ctx, found, value))
    ]
    known = {offer.value for offer in offers}
    return offers + [Offer(value, shown) for value, shown in listed.items() if value not in known]


def _counted(ctx: Context, tx: Tx, found: Term) -> list[tuple[Any, int]]:
    model = table(found.noun)
    scope = records.scope_for(ctx, tx)
    value = term.column(found.field, model, scope).label("value")
    newest = (
        select(value).where(model.archived_at.is_(None)).order_by(model.id.desc()).limit(SAMPLE).subquery()
    )
    number = func.count().label("number")
    query = select(newest.c.value, number).where(newest.c.value.is_not(None))
    rows = tx.session.execute(
        query.group_by(newest.c.value).order_by(desc(number), newest.c.value).limit(200)
    )
    return [(row.value, row.number) for row in rows]


def _as_text(ctx: Context, found: Term, value: Any) -> str:
    if found.field.kind == "money":
        from crmtui.money import compact

        return compact(value, ctx.company.currency, language()).replace(",", "")
    return records.as_text(found.field, value, people=False)[:200]


# -- records ----------------------------------------------------------------------------------------------------


def record(ctx: Context, noun: str, typed: str = "", most: int = 20) -> list[Offer]:
    """The visible records of `noun` that `typed` may mean: ref, name, and what tells them apart; of people the active ones.

    Raises Forbidden.
    """
    from crmtui.services import search

    found = search.suggest(ctx, noun, typed, most=most)
    if noun == "user" and found:
        user = table("user")
        with ctx.reading() as tx:
            query = select(user.id).where(user.id.in_([hit.id for hit in found]), user.active.is_(True))
            active = set(tx.session.scalars(query))
        found = [hit for hit in found if hit.id in active]
    return [Offer(hit.ref, hit.name, hit.detail) for hit in found]


def offered(ctx: Context, noun: str, typed: str, most: int = 20, *, named: bool = False) -> list[Offer]:
    """`record`, to be taken by ref, or when `named` by name where that means just the one."""
    found = record(ctx, noun, typed, most)
    return _called(ctx, noun, found) if named else found


def _called(ctx: Context, noun: str, offers: Sequence[Offer]) -> list[Offer]:
    """The same, to be taken by name where the name means just that record."""
    with ctx.reading() as tx:
        return [
            replace(one, value=one.shown)
            if [refs.ref_of(noun, number) for number in refs.find_ids(tx, noun, one.shown)] == [one.value]
            else one
            for one in offers
        ]


# -- people -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Load:
    """What a person has on the desk: open opportunities, and leads that came this week; and the department."""

    dept: str
    open: int
    leads: int


def load(ctx: Context, people: Sequence[str]) -> dict[str, Load]:
    """The load of these people, by ref, as far as one may see the records behind it."""
    numbers = [int(ref.partition("-")[2]) for ref in people]
    user, dept, opp, lead = table("user"), table("dept"), table("opp"), table("lead")
    today = ctx.clock.today()
    week = ctx.clock.start_of(today - timedelta(days=today.weekday()))
    with ctx.reading() as tx:
        placed = select(user.id, dept.name).join(dept, dept.id == user.dept_id).where(user.id.in_(numbers))
        depts: dict[int, str] = dict(tx.session.execute(placed).all())
        opens = _by_owner(tx, opp, numbers, opp.state == "open")
        leads = _by_owner(tx, lead, numbers, lead.created_at >= week)
    return {
        refs.ref_of("user", number): Load(
            str(depts.get(number) or ""), opens.get(number, 0), leads.get(number, 0)
        )
        for number in numbers
    }


def _by_owner(tx: Tx, model: Any, people: Sequence[int], condition: Any) -> dict[int, int]:
    query = (
        select(model.owner_id, func.count(model.id))
        .where(model.owner_id.in_(people), model.archived_at.is_(None), condition)
        .group_by(model.owner_id)
    )
    return dict(tx.session.execute(query).all())


# -- reasons ----------------------------------------------------------------------------------------------------


def reasons(ctx: Context, verb: str, most: int = 3) -> list[str]:
    """The reasons that this person gave last for `verb`, such as lead.disqualify; newest first, each once."""
    from crmtui.services import journal

    noun = verb.partition(".")[0]
    found = journal.log(ctx, user="me", noun=noun, limit=200)
    said = [str(row["note"]) for row in found if row["verb"] == verb and row["note"]]
    return list(dict.fromkeys(said))[:most]
