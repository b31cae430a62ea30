"""Prices: the one that holds for a product, a customer, a quantity and a day; and what that customer was quoted last."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import or_, select

from crmtui.errors import Invalid
from crmtui.i18n import N_, gettext, language
from crmtui.money import Money, half_up, show
from crmtui.services import rate, records
from crmtui.services.context import Context, Tx
from crmtui.services.lines import ONE
from crmtui.store import refs
from crmtui.store.record import table
from crmtui.text import name_key

STANDARD = "standard"
"""The price list of everybody."""


def settle(ctx: Context, tx: Tx, row: dict[str, Any], before: dict[str, Any] | None, facts: bool) -> None:
    """A price stands on a list (the standard one if not said) or is one customer's, and ends after it begins. Raises Invalid."""
    if row.get("account_id") is None:
        row["price_list"] = row.get("price_list") or STANDARD
    start, end = row.get("valid_from"), row.get("valid_until")
    if start and end and end < start:
        raise Invalid(
            "price.ends_early",
            N_("A price that holds from {start} cannot end on {end}."),
            field="valid_until",
            start=start,
            end=end,
        )


SAME = ("product_id", "price_list", "account_id", "currency", "min_quantity", "valid_from")
"""What tells one price of a product from another."""


def put(ctx: Context, given: dict[str, object]) -> Any:
    """Set a price: the one that is the same but for the amount and its last day is changed, else it is new; as stored.

    Raises NotFound, Invalid, Forbidden.
    """
    with ctx.transaction("price.set") as tx:
        row = records.read_values(ctx, tx, "price", given)
        row["currency"] = row.get("currency") or ctx.company.currency
        row["min_quantity"] = row.get("min_quantity") or 1
        settle(ctx, tx, row, None, False)
        model = table("price")
        same = [getattr(model, name).is_not_distinct_from(row.get(name)) for name in SAME]
        query = select(model).where(*same, model.archived_at.is_(None)).order_by(model.id)
        there = tx.session.scalars(query).first()
        if there is None:
            return records.insert(ctx, tx, "price", row)
        ctx.check_version(tx, there, given)
        records.apply(ctx, tx, there, {"price": row["price"], "valid_until": row.get("valid_until")})
        return there


@dataclass(frozen=True)
class Found:
    """A unit price in the currency asked for, and what it is: the ref of a price, or of the product itself."""

    minor: int
    source: str


def price_of(
    ctx: Context, tx: Tx, product: Any, quantity: int, currency: str, account: Any, day: date
) -> Found | None:
    """The unit price of `product` for `quantity` (ten-thousandths) on `day`; None where nothing is listed.

    The customer's own price goes before that of their list, this before the standard list, this before the product's
    own price; then a price in `currency` before one that is converted, the one for the larger quantity, the newer one.
    Raises Refused where a price can only be had in another currency and there is no rate.
    """
    model = table("price")
    lists = [getattr(account, "price_list", None) or STANDARD, STANDARD]
    of = [model.account_id.is_(None) & model.price_list.in_(lists)]
    if account is not None:
        of.append(model.account_id == account.id)
    holds = (
        model.product_id == product.id,
        model.archived_at.is_(None),
        model.min_quantity * ONE <= quantity,
        or_(model.valid_from.is_(None), model.valid_from <= day),
        or_(model.valid_until.is_(None), model.valid_until >= day),
        or_(*of),
    )

    def rank(one: Any) -> tuple[Any, ...]:
        own = 2 if one.account_id else 1 if one.price_list == lists[0] else 0
        return own, one.currency == currency, one.min_quantity, one.valid_from or date.min, one.id

    best = max(tx.session.scalars(select(model).where(*holds)), key=rank, default=None)
    if best is None and product.price is None:
        return None
    source = product if best is None else best
    said = source.currency or ctx.company.currency
    return Found(rate.between(tx, source.price, said, currency, ctx.company.currency, day), _ref(source))


def _ref(row: Any) -> str:
    return refs.ref_of(row.NOUN, row.id)


def cost_of(ctx: Context, tx: Tx, product: Any, currency: str, day: date) -> int | None:
    """What a unit of `product` costs us, in minor units of `currency`; None where nobody knows. Raises Refused without a rate."""
    if product.cost is None:
        return None
    said = product.currency or ctx.company.currency
    return rate.between(tx, product.cost, said, currency, ctx.company.currency, day)


@dataclass(frozen=True)
class Last:
    """What a customer was last quoted for a unit of a product: the price after its discount, when, and in which quote."""

    price: Money
    day: date
    ref: str


TOLD = ("sent", "accepted", "deal", "declined", "expired", "superseded")
"""The states of quotes that a customer may have seen; of those only what was sent."""


def last(
    ctx: Context, tx: Tx, account: int | None, product: int | None, but: int | None = None
) -> Last | None:
    """What the customer was last quoted for that product, as far as the actor may see it, `but` in one quote; None for never."""
    if account is None or product is None:
        return None
    quote, line = table("quote"), table("quote_line")
    query = (
        select(
            quote.id,
            quote.currency,
            quote.sent_at,
            quote.discount,
            line.price,
            line.discount.label("line_discount"),
        )
        .join(line, line.quote_id == quote.id)
        .where(quote.account_id == account, line.product_id == product, quote.state.in_(TOLD))
        .where(quote.sent_at.is_not(None), quote.id != (but or 0))
        .order_by(quote.sent_at.desc(), quote.id.desc(), line.position)
    )
    row = tx.session.execute(query.limit(1)).first()
    if row is None:
        return None
    left = (ONE - row.line_discount) * (100 - (row.discount or 0))
    price = half_up(row.price * left, ONE * 100)
    return Last(Money(price, row.currency), ctx.clock.day_of(row.sent_at), refs.ref_of("quote", row.id))


def last_quoted(ctx: Context, account: str, product: str) -> Last | None:
    """`last`, by the refs of both. Raises NotFound."""
    with ctx.reading() as tx:
        return last(ctx, tx, refs.resolve(tx, "account", account), refs.resolve(tx, "product", product))


def remind(ctx: Context, tx: Tx, row: dict[str, Any], before: dict[str, Any] | None) -> None:
    """Note what a lead was told before, where a price told is typed: its own, else that of an earlier lead of the company."""
    if row.get("quoted") is None or (before is not None and before["quoted"] == row["quoted"]):
        return
    if before is not None and before["quoted"] is not None:
        _note(
            ctx,
            before["quoted"],
            before["currency"],
            ctx.clock.day_of(before["updated_at"]),
            _lead(before["id"]),
        )
        return
    lead, key = table("lead"), name_key(str(row["company"]))
    query = select(lead.id, lead.quoted, lead.currency, lead.updated_at).where(lead.name_key == key)
    query = query.where(lead.quoted.is_not(None), lead.id != (row.get("id") or 0)).order_by(lead.id.desc())
    found = tx.session.execute(query.limit(1)).first()
    if found is not None:
        _note(ctx, found.quoted, found.currency, ctx.clock.day_of(found.updated_at), _lead(found.id))


def _lead(record: int) -> str:
    return refs.ref_of("lead", record)


def _note(ctx: Context, minor: int, currency: str | None, day: date, ref: str) -> None:
    said = currency or ctx.company.currency
    told = gettext(N_("Last told: {price} {currency} ({ref}, changed on {day})"))
    ctx.notes.append(told.format(price=show(minor, said, language()), currency=said, ref=ref, day=day))
