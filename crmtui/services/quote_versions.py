"""Versions of a quote, of which exactly one is current, and the negotiation: ours and what the buyer proposed instead."""

from datetime import date
from typing import Any

from sqlalchemy import select

from crmtui.errors import Invalid
from crmtui.i18n import N_
from crmtui.money import Money, parse_amount
from crmtui.services import quote_lines, records
from crmtui.services.context import Context, Ref, Tx
from crmtui.services.quote import load
from crmtui.services.quote_flow import day_of, may
from crmtui.store import refs
from crmtui.store.record import table
from crmtui.text import check

KEPT = (
    *("name", "opp_id", "account_id", "contact_id", "currency", "amount", "discount", "probability"),
    *("expected_close_on", "terms", "tags", "x"),
)
"""What a new version takes over; when it is valid is said anew."""


def revise(ctx: Context, ref: str, given: dict[str, object] | None = None, note: str = "") -> Any:
    """Make a new version of a quote, a draft with the same lines, which takes its place; return the new one.

    `given` are fields that it has otherwise. Raises NotFound, Refused (it was accepted, is only a draft, or has a newer
    version), Forbidden, Conflict.
    """
    with ctx.transaction("quote.revise", note) as tx:
        quote = load(ctx, tx, ref, {"state": "superseded"})
        may(quote, "revise")
        quote.state, quote.current = "superseded", False
        tx.session.flush()
        row = {column: getattr(quote, column) for column in KEPT}
        row |= {"revision": quote.revision + 1, "previous_id": quote.id}
        row["owner_id"] = (
            quote.owner_id if tx.actor.scope("quote", "revise") in ("dept", "all") else ctx.actor.id
        )
        made = records.insert(ctx, tx, "quote", row)
        _copy_lines(tx, quote, made)
        if given:
            before = records.columns_of(made)
            records.apply(ctx, tx, made, records.read_values(ctx, tx, "quote", given, before=before))
        quote_lines.recount(tx, made)
        return made


def _copy_lines(tx: Tx, quote: Any, made: Any) -> None:
    model = table("quote_line")
    for line in quote_lines.of(tx, quote.id):
        kept = {name: getattr(line, name) for name in model.model_fields if name not in ("id", "version")}
        tx.session.add(model(**{**kept, "quote_id": made.id}))
    tx.session.flush()


def counter(
    ctx: Context, ref: str, price: str = "", text: str = "", on: date | None = None
) -> list[dict[str, Any]]:
    """File what the buyer proposes instead, an amount or words; return the negotiation.

    Raises NotFound, Invalid (neither), Refused (not with the customer), Forbidden, Conflict.
    """
    if not price and not text.strip():
        raise Invalid(
            "quote.empty_counter",
            N_("A counter-proposal says something."),
            field="price",
            hint=N_("Give --price AMOUNT or --note TEXT."),
        )
    with ctx.transaction("quote.counter", text) as tx:
        quote = load(ctx, tx, ref, {})
        may(quote, "counter")
        amount = parse_amount(price, quote.currency) if price else None
        said = check(text.strip(), max=4000, multiline=True) or None
        tx.add(table("quote_counter")(quote_id=quote.id, on_day=day_of(ctx, on), amount=amount, text=said))
        return _talks(ctx, tx, quote)


def versions(ctx: Context, ref: str) -> list[Any]:
    """Every version of a quote that the actor may see, oldest first, as stored. Raises NotFound."""
    with ctx.reading() as tx:
        return chain(tx, refs.get(tx, "quote", ref))


def chain(tx: Tx, quote: Any) -> list[Any]:
    """The versions of a loaded quote as far as the actor may see them, oldest first."""
    model, found = table("quote"), [quote]
    while found[0].previous_id is not None:
        before = tx.session.scalars(select(model).where(model.id == found[0].previous_id)).first()
        if before is None:
            break
        found.insert(0, before)
    while after := tx.session.scalars(select(model).where(model.previous_id == found[-1].id)).first():
        found.append(after)
    return found


def negotiation(ctx: Context, ref: str) -> list[dict[str, Any]]:
    """Our versions and what the buyer proposed instead, in order: `who` (us, buyer), ref, revision, day, amount, text, state."""
    with ctx.reading() as tx:
        return _talks(ctx, tx, refs.get(tx, "quote", ref))


def _talks(ctx: Context, tx: Tx, quote: Any) -> list[dict[str, Any]]:
    model = table("quote_counter")
    talks: list[dict[str, Any]] = []
    for one in chain(tx, quote):
        said = {"ref": Ref(refs.ref_of("quote", one.id), one.name, one.id), "revision": one.revision}
        amount = None if one.amount is None else Money(one.amount, one.currency)
        day = ctx.clock.day_of(one.sent_at or one.created_at)
        talks.append(
            {"who": "us", **said, "day": day, "amount": amount, "text": one.reason, "state": one.state}
        )
        for each in tx.session.scalars(select(model).where(model.quote_id == one.id).order_by(model.id)):
            theirs = None if each.amount is None else Money(each.amount, one.currency)
            talks.append(
                {
                    "who": "buyer",
                    **said,
                    "day": each.on_day,
                    "amount": theirs,
                    "text": each.text,
                    "state": None,
                }
            )
    return talks
