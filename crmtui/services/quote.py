"""Quotes: made by hand or from an opportunity, and what holds for each of them however it comes in."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from crmtui.errors import Invalid, Refused
from crmtui.i18n import N_, gettext
from crmtui.services import lines, quote_lines, records
from crmtui.services.context import Context, Tx
from crmtui.store import refs
from crmtui.store.record import table

OPEN_TO_CHANGE = ("draft", "returned")
"""The states in which what is offered may be changed; later only a revision changes it."""
OFFERED = ("name", "account_id", "contact_id", "amount", "currency", "discount", "valid_until", "terms")
"""What the customer is told: it stands once the quote is under way."""
COUNTED = ("list_amount", "tax", "cost", "reduction")
ENDED = ("lost", "terminated", "duplicate")


def settle(ctx: Context, tx: Tx, row: dict[str, Any], before: dict[str, Any] | None, facts: bool) -> None:
    """A quote is for a customer, that of its opportunity if it has one, and comes to the sum of its lines.

    Its opportunity is not lost, and what is offered does not change once it is under way; an import states facts.
    Raises Invalid, Refused.
    """
    if row.get("opp_id") and (before is None or row["opp_id"] != before["opp_id"]):
        _for_opportunity(tx, row, facts)
    if before is None:
        _begin(ctx, tx, row, facts)
    elif not facts:
        _check_open(row, before)
        if any(row[name] != before[name] for name in ("amount", "currency", "discount")):
            _recount(tx, row, before)


def _for_opportunity(tx: Tx, row: dict[str, Any], facts: bool) -> None:
    """Take what is known from the opportunity. Raises Refused for one that is lost, Invalid for another customer's."""
    opp = refs.get(tx, "opp", str(row["opp_id"]))
    if opp.state in ENDED and not facts:
        raise Refused(
            "quote.opp_lost",
            N_("{ref} is {state}: there is nothing to quote for."),
            field="opp",
            hint=N_("Open it again first: crm opp reopen {ref}"),
            ref=refs.ref_of("opp", opp.id),
            state=gettext(opp.state),
        )
    if row.get("account_id") not in (None, opp.account_id) and opp.account_id is not None:
        raise Invalid(
            "quote.other_account",
            N_("{opp} is an opportunity with another customer."),
            field="account",
            opp=refs.ref_of("opp", opp.id),
        )
    for column in ("account_id", "contact_id", "name"):
        row[column] = row.get(column) or getattr(opp, column)
    if row.get("owner_id") is None and tx.actor.scope("quote", "edit") in ("dept", "all"):
        row["owner_id"] = opp.owner_id


def _begin(ctx: Context, tx: Tx, row: dict[str, Any], facts: bool) -> None:
    if row.get("account_id") is None and not facts:
        raise Invalid(
            "quote.for_nobody",
            N_("A quote is for a customer."),
            field="account",
            hint=N_("Give --account, or the opportunity with --opp."),
        )
    row["name"] = row.get("name") or _account_name(tx, row) or gettext(N_("Quote"))
    row["state"] = row.get("state") or "draft"
    row["owner_id"] = row.get("owner_id") or (None if facts else ctx.actor.id)


def _account_name(tx: Tx, row: dict[str, Any]) -> str | None:
    account = table("account")
    return tx.session.scalar(select(account.name).where(account.id == row.get("account_id")))


def _check_open(row: dict[str, Any], before: dict[str, Any]) -> None:
    touched = [name for name in OFFERED if row[name] != before[name]]
    if touched and before["state"] not in OPEN_TO_CHANGE:
        raise not_open(before["id"], before["state"], touched[0].removesuffix("_id"))


def not_open(quote: int, state: str, field: str) -> Refused:
    """The error for a change of what is offered in a quote that is under way."""
    hint = {
        "submitted": N_("Take it back first: crm approval recall"),
        "accepted": N_("What the customer has accepted stands."),
        "deal": N_("What the customer has accepted stands."),
    }.get(state, N_("Make a new version: crm quote revise {ref}"))
    return Refused(
        "quote.not_open",
        N_("{ref} is {state}; its {field} stands."),
        field=field,
        hint=hint,
        ref=refs.ref_of("quote", quote),
        state=gettext(state),
    )


def _recount(tx: Tx, row: dict[str, Any], before: dict[str, Any]) -> None:
    """The amount of a quote with lines follows from them; its currency is theirs. Raises Refused."""
    some = quote_lines.of(tx, row["id"])
    if not some:
        return
    for name in ("amount", "currency"):
        if row[name] != before[name]:
            raise Refused(
                "quote.has_lines",
                N_("The {field} of {ref} follows from its lines."),
                field=name,
                hint=N_("Change a line: crm quote line edit {ref} 1 --price AMOUNT"),
                ref=refs.ref_of("quote", row["id"]),
            )
    row |= figures(some, row["discount"])


def figures(some: Sequence[lines.Line], discount: int | None) -> dict[str, int | None]:
    """The columns of a quote that follow from its lines and the `discount` on the whole, in percent."""
    found = lines.sums(some, (discount or 0) * 100)
    return {
        "amount": found.net,
        "list_amount": found.listed,
        "tax": found.tax,
        "cost": found.cost,
        "reduction": found.reduction,
    }


# -- making one -------------------------------------------------------------------------------------------------


def make(ctx: Context, given: dict[str, object], items: Sequence[str] = (), note: str = "") -> Any:
    """A quote with lines, from an opportunity (its products at their prices, else its amount) or for a customer; as stored.

    `items` such as "SCN-200x3@2400" are its lines instead. The state is that of the company's rule for quotes that are
    made from an opportunity. Raises NotFound, Invalid, Refused (the opportunity is lost; a price in a currency without
    a rate), Forbidden.
    """
    from crmtui.services import quote_rule

    with ctx.transaction("quote.make", note) as tx:
        row = records.read_values(ctx, tx, "quote", given)
        opp = tx.session.get(table("opp"), row["opp_id"]) if row.get("opp_id") else None
        if opp is not None:
            row["currency"] = row.get("currency") or opp.currency
            row["state"] = quote_rule.first_state(tx)
        made = records.insert(ctx, tx, "quote", row)
        quote_lines.fill(ctx, tx, made, opp, items)
        return made


def on_won(ctx: Context, tx: Tx, opp: Any) -> Any | None:
    """The draft that the company's rule wants when an opportunity is won and no quote of it is live; None for none.

    Runs within the change that wins it, whoever makes that: it is the rule that makes the quote.
    """
    from crmtui.services import quote_rule

    if tx.actor.scope("quote", "add") == "none" or not quote_rule.on_won(tx) or _is_live(tx, opp.id):
        return None
    tx.session.flush()
    row: dict[str, Any] = {"opp_id": opp.id, "currency": opp.currency, "state": quote_rule.first_state(tx)}
    row["owner_id"] = opp.owner_id if tx.actor.scope("quote", "add") in ("dept", "all") else tx.actor.id
    made = records.insert(ctx, tx, "quote", row)
    quote_lines.fill(ctx, tx, made, opp, ())
    return made


def _is_live(tx: Tx, opp: int) -> bool:
    """Whether a quote of the opportunity is under way or accepted: then there is no need for another."""
    quote = table("quote")
    query = select(func.count(quote.id)).where(quote.opp_id == opp, quote.archived_at.is_(None))
    over = ("declined", "expired", "superseded", "cancelled")
    return bool(tx.session.scalar(query.where(quote.state.not_in(over))))


def load(ctx: Context, tx: Tx, ref: str, wanted: dict[str, object]) -> Any:
    """The quote that `ref` means, locked, of the version that was said. Raises NotFound, Forbidden, Conflict."""
    quote = refs.get(tx, "quote", ref)
    ctx.check_version(tx, quote, wanted)
    return quote
