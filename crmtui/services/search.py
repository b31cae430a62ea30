"""Finding a text in every kind of record: for `crm search`, for the search of the screens, and for their pickers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select

from crmtui.errors import Invalid
from crmtui.i18n import N_
from crmtui.services import records
from crmtui.services.context import Context, Tx
from crmtui.services.looking import Found, Looking
from crmtui.services.nouns import NOUNS, SEARCHED
from crmtui.services.presenting import needed, presented
from crmtui.store import bulk, grams, refs, values
from crmtui.store.grams import Span
from crmtui.store.record import table
from crmtui.text import BAD_TEXT

MOST = 20
"""Records shown of each noun."""
ORDER = ("account", "contact", "lead", "opp", "product", "competitor", "user", "dept", "territory")
"""What people look for most comes first."""
AROUND = 40
"""Letters of a long text that are shown on each side of what was found in it."""

_DETAIL = {
    "account": ("city", "owner"),
    "contact": ("account", "title"),
    "lead": ("contact_name", "owner"),
    "opp": ("account", "stage", "amount"),
    "product": ("code", "type"),
    "competitor": ("website",),
    "user": ("login", "dept"),
    "dept": ("parent",),
    "territory": ("parent",),
    "stage": ("process",),
}
"""What tells records of the same name apart."""


@dataclass(frozen=True)
class Hit:
    """A record that was found: by its `name`, or by the `text` of another `field`.

    `spans` are the places (from, to) of the letters that matched, in `text`, which is the name where `field` is its.
    `detail` tells it from records of the same name, in the language in use.
    """

    noun: str
    ref: str
    id: int
    name: str
    detail: str
    field: str
    text: str
    spans: tuple[Span, ...]


def search(ctx: Context, text: str, *, noun: str = "", most: int = MOST) -> Iterator[dict[str, Any]]:
    """The visible records in which every word of `text` occurs: noun, ref, name, field and its text, noun by noun.

    First the record of that very name or ref, then names that begin so, then the others, the newest first. Case, width,
    accents and punctuation do not matter; Chinese is found in both its forms, by pinyin and by initials; `*` and `?`
    stand for any letters and any letter. Raises Invalid for an empty text.
    """
    if not text.strip():
        raise Invalid("search.empty", N_("There is nothing to look for."), hint=N_("crm search TEXT"))
    for name in [noun] if noun else _searched(ctx):
        with ctx.reading() as tx:
            for found in Looking(ctx, tx, name, text, given=bool(noun)).found(most):
                yield {
                    "noun": name,
                    "ref": refs.ref_of(name, found.row["id"]),
                    "name": str(found.row[table(name).LABEL]),
                    "field": found.field,
                    "text": str(found.row[found.field]),
                }


def hits(
    ctx: Context, text: str, *, nouns: Sequence[str] = (), most: int = 8
) -> Iterator[tuple[str, list[Hit]]]:
    """The nouns in which `text` is found, what people look for most first, each with its first hits in order.

    Behind their own hits, contacts and opportunities have those of the customers that were found by name. Each noun is
    asked only when its turn comes. Nothing for an empty text.
    """
    customers: list[Hit] = []
    for noun in _searched(ctx, nouns) if text.strip() else ():
        with ctx.reading() as tx:
            looking = Looking(ctx, tx, noun, text, given=len(nouns) == 1)
            found = _hits(ctx, tx, noun, list(looking.found(most)))
            if noun == "account":
                customers = [hit for hit in found if hit.field == "name"]
            elif customers and "account_id" in looking.model.model_fields and len(found) < most:
                known = {hit.id for hit in found}
                theirs = (
                    each
                    for each in looking.of([hit.id for hit in customers], most)
                    if each.row["id"] not in known
                )
                of = {hit.id: hit for hit in customers}
                for each, hit in zip(
                    more := list(theirs)[: most - len(found)], _hits(ctx, tx, noun, more), strict=True
                ):
                    customer = of[each.row["account_id"]]
                    found.append(replace(hit, field="account", text=customer.name, spans=customer.spans))
        if found:
            yield noun, found


def suggest(ctx: Context, noun: str, text: str, *, most: int = 20) -> list[Hit]:
    """For a picker: the records of any noun whose name, code or ref `text` may mean, best first; for no text the newest.

    Raises Forbidden where the actor may list none.
    """
    with ctx.reading() as tx:
        looking = Looking(ctx, tx, noun, text, given=True, names=True)
        return _hits(ctx, tx, noun, list(looking.found(most) if text.strip() else looking.newest(most)))


def near(ctx: Context, text: str, *, most: int = 3) -> list[str]:
    """The names most like a text that finds nothing, the likest first; from records of the nouns most looked for."""
    from difflib import SequenceMatcher

    word = "".join(grams.words(text))
    if BAD_TEXT.search(text) or len(word) < 2:
        return []
    likeness: dict[str, float] = {}
    with ctx.reading() as tx:
        for noun in _searched(ctx, ORDER[:4]):
            for name in Looking(ctx, tx, noun, text).alike(word):
                forms = {grams.fold(name), *grams.sound(name)}
                likeness[name] = max(SequenceMatcher(None, word, form).ratio() for form in forms)
    close = [name for name, ratio in likeness.items() if ratio >= 0.6]
    return sorted(close, key=lambda name: (-likeness[name], name))[:most]


def _searched(ctx: Context, wanted: Sequence[str] = ()) -> list[str]:
    """The searched nouns (of those wanted) of which the actor may list any."""
    names = [*ORDER, *(noun for noun in NOUNS if noun in SEARCHED and noun not in ORDER)]
    return [
        noun for noun in names if (not wanted or noun in wanted) and ctx.actor.scope(noun, "list") != "none"
    ]


def _hits(ctx: Context, tx: Tx, noun: str, found: Sequence[Found]) -> list[Hit]:
    details = _details(ctx, tx, noun, [each.row["id"] for each in found])
    made = []
    for each in found:
        record, name = each.row["id"], str(each.row[table(noun).LABEL])
        if "name_zh" in each.row:  # entries of the company's own lists, in both languages
            name = values.in_language(each.row["name"], each.row["name_zh"])
        text, spans = _excerpt(str(each.row[each.field]), each.spans)
        made.append(
            Hit(noun, refs.ref_of(noun, record), record, name, details[record], each.field, text, spans)
        )
    return made


def _details(ctx: Context, tx: Tx, noun: str, ids: Sequence[int]) -> dict[int, str]:
    if not ids or noun not in _DETAIL:
        return dict.fromkeys(ids, "")
    model = table(noun)
    every = {field.name: field for field in records.declared_fields(noun)}
    fields = [every["id"], *(every[name] for name in _DETAIL[noun])]
    query = select(*needed(noun, fields)).where(bulk.member(tx, model.id, ids))
    rows = [dict(row) for row in tx.session.execute(query).mappings()]
    shown = {}
    for row in presented(ctx, tx, noun, fields, rows):
        parts = [values.as_text(field, row[field.name], people=True) for field in fields[1:]]
        shown[row["id"]] = " · ".join(part for part in parts if part)
    return shown


def _excerpt(text: str, spans: tuple[Span, ...]) -> tuple[str, tuple[Span, ...]]:
    """What stands around the first place in a long text, on one line, and the places in it."""
    line = text.translate({ord(sign): " " for sign in "\r\n\t"})
    if len(line) <= 4 * AROUND or not spans:
        return line, spans
    start, end = max(spans[0][0] - AROUND, 0), spans[0][1] + AROUND
    before, after = "…" if start else "", "…" if end < len(line) else ""
    moved = len(before) - start
    kept = tuple((one + moved, other + moved) for one, other in spans if start <= one and other <= end)
    return before + line[start:end] + after, kept
