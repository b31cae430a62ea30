"""Finding a text in every kind of record."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select

from crmtui.errors import Invalid
from crmtui.i18n import N_
from crmtui.services import records
from crmtui.services.context import Context
from crmtui.services.nouns import NOUNS
from crmtui.store import refs
from crmtui.store.record import table
from crmtui.text import fold

MOST = 20
"""Records shown of each noun."""


def search(ctx: Context, text: str, *, noun: str = "", most: int = MOST) -> Iterator[dict[str, Any]]:
    """The visible records that have `text` in a searched field: noun, ref, name, field and its text; newest first.

    Case and width do not matter; `*` and `?` stand for any letters and any letter. Raises Invalid for an empty text.
    """
    if not text.strip():
        raise Invalid("search.empty", N_("There is nothing to look for."), hint=N_("crm search TEXT"))
    listed = [name for name in NOUNS if ctx.actor.scope(name, "list") != "none"]
    names = [noun] if noun else [name for name in listed if NOUNS[name].search]
    with ctx.reading() as tx:
        for name in names:
            for row in _found(ctx, tx, name, text, most):
                field, value = _place(name, row, text)
                label = str(getattr(row, table(name).LABEL))
                yield {
                    "noun": name,
                    "ref": refs.ref_of(name, row.id),
                    "name": label,
                    "field": field,
                    "text": value,
                }


def _found(ctx: Context, tx: Any, noun: str, text: str, most: int) -> list[Any]:
    quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    condition = " or ".join(f"{field} ~ {quoted}" for field in NOUNS[noun].search)
    model = table(noun)
    query = (
        select(model).where(*records.matching(ctx, tx, noun, condition)).order_by(model.id.desc()).limit(most)
    )
    return list(tx.session.scalars(query))


def _place(noun: str, row: Any, text: str) -> tuple[str, str]:
    """The first searched field that holds the text as it is typed; the first that holds anything when wildcards found it."""
    held = [(field, str(getattr(row, field))) for field in NOUNS[noun].search if getattr(row, field)]
    return next(((field, value) for field, value in held if fold(text) in fold(value)), held[0])
