"""What was like this opportunity before: what the customer bought, and deals that were won (how) or lost (why, to whom)."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import or_, select

from crmtui.i18n import gettext
from crmtui.money import Money
from crmtui.services import likeness, records
from crmtui.services.context import Context, Tx
from crmtui.services.likeness import PARTS, Like, Subject
from crmtui.store import refs
from crmtui.store.record import table
from crmtui.text import like_pattern

CLOSED = ("won", "lost", "terminated")
MOST = 3000
"""Closed deals that are compared at most, the newest first."""
WORDS = 8
_TELL = {part: said for part, _points, said in PARTS}


def similar(ctx: Context, ref: str, limit: int = 10) -> list[dict[str, Any]]:
    """Purchases of the same customer and closed deals that are like an opportunity, the most alike first, at most `limit` of each.

    Rows of kind (purchase or deal), ref, name, account, state, on, amount, what, score, why, how (the summary), reason
    and competitor. Raises NotFound.
    """
    with ctx.reading() as tx:
        opp = refs.get(tx, "opp", ref)
        kinds = _kinds(tx)
        wanted = _subject(opp, kinds, _account_name(tx, opp.account_id))
        deals = _deals(ctx, tx, opp, wanted, kinds)
        bought = [row for row in deals if row["state"] == "won" and row["same"]]
        found = [
            *(
                {**row, "kind": "purchase"}
                for row in _best([*bought, *_orders(ctx, tx, opp.account_id, wanted, kinds)], limit)
            ),
            *_best(deals, limit),
        ]
        return [{key: value for key, value in row.items() if key != "same"} for row in found]


def bought(ctx: Context, ref: str, like: str = "") -> list[dict[str, Any]]:
    """What a customer bought, deals won and orders, the newest first; only what is like the words `like`, if any are said.

    Rows as `similar` has them. Raises NotFound.
    """
    with ctx.reading() as tx:
        account = refs.get(tx, "account", ref)
        kinds, model = _kinds(tx), table("opp")
        wanted = _meant(tx, account.id, like)
        query = select(model).where(model.account_id == account.id, model.state == "won")
        deals = [(row, _subject(row, kinds, account.name)) for row in tx.session.scalars(query)]
        alike = [
            (row, likeness.compare(wanted, subject) if like else Like(100, ())) for row, subject in deals
        ]
        found = [
            *_told(ctx, account.id, alike),
            *_orders(ctx, tx, account.id, wanted if like else None, kinds),
        ]
        rows = [{key: value for key, value in row.items() if key != "same"} for row in found if row["score"]]
        return sorted(
            ({**row, "kind": "purchase"} for row in rows),
            key=lambda row: (-(row["on"].toordinal() if row["on"] else 0), row["ref"]),
        )


def _meant(tx: Tx, account: int, like: str) -> Subject:
    """What the words mean: themselves, and the products whose name, code or kind has one of them."""
    words, product = likeness.words_of(like), table("product")
    rows = tx.session.execute(select(product.id, product.name, product.code, product.type)).all()
    meant = frozenset(one for one, *texts in rows if words & likeness.words_of(*texts))
    return Subject(account, meant, frozenset(), words)


def _best(rows: Iterable[dict[str, Any]], limit: int) -> list[dict[str, Any]]:
    return sorted(
        rows, key=lambda row: (-row["score"], -(row["on"].toordinal() if row["on"] else 0), row["ref"])
    )[:limit]


def _kinds(tx: Tx) -> dict[int, str | None]:
    """Product → its kind."""
    product = table("product")
    return dict(tx.session.execute(select(product.id, product.type)).all())


def _account_name(tx: Tx, account: int | None) -> str | None:
    model = table("account")
    found: str | None = tx.session.scalars(select(model.name).where(model.id == account)).first()
    return found


def _subject(opp: Any, kinds: dict[int, str | None], customer: str | None = None) -> Subject:
    """What is compared; the words of the customer's own name say nothing about the deal."""
    products = frozenset(opp.products or ())
    words = likeness.words_of(opp.name, opp.need, opp.end_project) - likeness.words_of(customer)
    types = likeness.types_among(kinds, products)
    return Subject(opp.account_id, products, types, words, opp.industry, opp.amount, opp.currency)


# -- deals ------------------------------------------------------------------------------------------------------


def _deals(
    ctx: Context, tx: Tx, opp: Any, wanted: Subject, kinds: dict[int, str | None]
) -> list[dict[str, Any]]:
    model, account = table("opp"), table("account")
    query = select(model, account.name).outerjoin(account, account.id == model.account_id)
    query = query.where(model.state.in_(CLOSED), model.id != opp.id, _maybe(ctx, tx, opp, wanted, kinds))
    alike = []
    for row, customer in tx.session.execute(query.order_by(model.id.desc()).limit(MOST)):
        like = likeness.compare(wanted, _subject(row, kinds, customer))
        if like.score:
            alike.append((row, like))
    return _told(ctx, opp.account_id, alike)


def _told(ctx: Context, account: int | None, alike: Sequence[tuple[Any, Like]]) -> list[dict[str, Any]]:
    """Deals with how alike they are, as rows; `same` tells those of the customer."""
    shown = records.present_all(ctx, "opp", [row for row, _ in alike])
    return [
        {
            "kind": "deal",
            "ref": one["ref"],
            "name": one["name"],
            "account": one["account"],
            "state": one["state"],
            "on": one["closed_on"],
            "amount": one["amount"],
            "what": ", ".join(str(each.name or each.ref) for each in one["products"] or ()),
            "score": like.score,
            "why": told(like),
            "how": one["summary"],
            "reason": one["loss_reason"],
            "competitor": one["competitor"],
            "same": row.account_id == account,
        }
        for (row, like), one in zip(alike, shown, strict=True)
    ]


def told(like: Like) -> str:
    """What two deals have in common, in a few words."""
    return ", ".join(gettext(_TELL[part]).format(words=detail) for part, detail in like.parts)


def _maybe(ctx: Context, tx: Tx, opp: Any, wanted: Subject, kinds: dict[int, str | None]) -> Any:
    """The condition that whatever is alike meets, and little else: of the customer, with such products, or such words."""
    model = table("opp")
    ways = [
        model.name_key.like(like_pattern(f"*{word}*"), escape="\\")
        for word in sorted(wanted.words, key=len)[-WORDS:]
    ]
    if opp.account_id is not None:
        ways.append(model.account_id == opp.account_id)
    products = [
        one for one, kind in kinds.items() if one in wanted.products or (kind and kind in wanted.types)
    ]
    for some in _portions(products):
        listed = ", ".join(refs.ref_of("product", one) for one in some)
        (condition,) = records.matching(ctx, tx, "opp", f"products in ({listed})", archived=True, verb="show")
        ways.append(condition)
    return or_(*ways) if ways else model.id < 0


def _portions(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[start : start + 200] for start in range(0, len(ids), 200))


# -- orders -----------------------------------------------------------------------------------------------------


def _orders(
    ctx: Context, tx: Tx, account: int | None, wanted: Subject | None, kinds: dict[int, str | None]
) -> list[dict[str, Any]]:
    """The orders of a customer that are alike (all of them where nothing is wanted), with what was ordered."""
    order, line = table("order"), table("order_line")
    if account is None:
        return []
    orders = select(order).where(order.account_id == account, order.state != "cancelled")
    found = []
    for row in tx.session.scalars(orders.order_by(order.id.desc()).limit(MOST)):
        lines = list(tx.session.scalars(select(line).where(line.order_id == row.id).order_by(line.position)))
        products = frozenset(one.product_id for one in lines if one.product_id)
        words = likeness.words_of(row.name, *(one.text for one in lines))
        types = likeness.types_among(kinds, products)
        subject = Subject(row.account_id, products, types, words, None, row.amount, row.currency)
        like = Like(100, ()) if wanted is None else likeness.compare(wanted, subject)
        if like.score:
            found.append((row, lines, like))
    shown = records.present_all(ctx, "order", [row for row, _, _ in found])
    return [
        {
            "kind": "purchase",
            "ref": one["ref"],
            "name": one["name"],
            "account": one["account"],
            "state": one["state"],
            "on": one["ordered_on"],
            "amount": None if row.amount is None else Money(row.amount, row.currency or ctx.company.currency),
            "what": ", ".join(f"{_plain(each.quantity)} × {each.text}" for each in lines),
            "score": like.score,
            "why": told(like),
            "how": None,
            "reason": None,
            "competitor": None,
            "same": True,
        }
        for (row, lines, like), one in zip(found, shown, strict=True)
    ]


def _plain(quantity: int) -> str:
    """A quantity in ten-thousandths as people write it."""
    whole, rest = divmod(quantity, 10_000)
    return f"{whole}.{rest:04}".rstrip("0") if rest else str(whole)
