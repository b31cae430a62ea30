"""The lines of contracts, orders and invoices: read from text, copied from one to the other, and counted together."""

import re
from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any

from sqlalchemy import select

from crmtui.errors import Invalid, NotFound, Refused, about
from crmtui.i18n import N_
from crmtui.money import Money, parse_amount
from crmtui.services import lines, price
from crmtui.services.context import Context, Tx
from crmtui.store import refs, values
from crmtui.store.fields import Field
from crmtui.store.record import table

LINES = {"contract": "contract_line", "order": "order_line", "invoice": "invoice_line", "quote": "quote_line"}
"""Noun → the part that its lines are. Each points at its record by NOUN_id."""
COPIED = (
    "position",
    "product_id",
    "text",
    "unit",
    "quantity",
    "price",
    "list_price",
    "discount",
    "tax",
    "cost",
)
MOST = 1000
"""So many lines a record has at most."""
_TEXT = Field("line", name="text", label=N_("Text"), max=400)
_AT = re.compile(r"@[0-9.,]+[kKmM万亿]?$")
_ITEM = re.compile(r"(?P<what>.+)[x×*](?P<quantity>[0-9.]+)", re.DOTALL)


def of(tx: Tx, noun: str, record: Any) -> list[Any]:
    """The lines of a record in their order; of a contract those of the version in force."""
    line = table(LINES[noun])
    query = select(line).where(getattr(line, f"{noun}_id") == record.id)
    if noun == "contract":
        query = query.where(line.revision == record.revision)
    return list(tx.session.scalars(query.order_by(line.position, line.id)))


def count(tx: Tx, noun: str, record: Any) -> lines.Sums:
    """What the lines of a record come to; its amount, tax and cost become that, where it has lines."""
    rows = of(tx, noun, record)
    found = lines.sums(rows, (record.discount or 0) * 100)
    if rows:
        record.amount, record.tax = found.net, found.tax
        if noun != "invoice":
            record.cost = found.cost
    return found


def follow(tx: Tx, noun: str, row: dict[str, Any], before: dict[str, Any]) -> None:
    """Let the figures of a record that is being edited follow from its lines. Raises Refused where its amount was typed."""
    some = of(tx, noun, SimpleNamespace(**before))
    if not some:
        return
    found = lines.sums(some, (row.get("discount") or 0) * 100)
    if row["amount"] != before["amount"]:
        raise Refused(
            "line.decides",
            N_("The amount of {ref} is the sum of its lines."),
            field="amount",
            hint=N_("Change those: crm {noun} line list {ref}"),
            noun=noun,
            ref=refs.ref_of(noun, before["id"]),
        )
    row["amount"], row["tax"] = found.net, found.tax
    if noun != "invoice":
        row["cost"] = found.cost


def copy(tx: Tx, rows: Iterable[Any], noun: str, record: Any, **more: Any) -> None:
    """Put copies of the lines `rows` into a record; `more` are columns of their own."""
    model = table(LINES[noun])
    for row in rows:
        values = {name: getattr(row, name) for name in COPIED} | more
        tx.session.add(model(**{f"{noun}_id": record.id}, **values))
    tx.session.flush()


def item(text: str) -> tuple[str, int]:
    """What `SCN-200x20` asks for: the product as typed, and the quantity in ten-thousandths, one where none is said.

    A product that is called so goes before a quantity: see `made`. Raises Invalid.
    """
    found = _ITEM.fullmatch(text.strip())
    if found is None:
        return text.strip(), lines.ONE
    return found["what"].strip(), lines.read_quantity(found["quantity"])


def line_of(tx: Tx, noun: str, record: Any, said: str) -> Any:
    """The line of a record that is meant: its number, or its product, by code, ref or name. Raises NotFound."""
    rows = of(tx, noun, record)
    numbered = [row for row in rows if said.isdecimal() and str(row.position) == said]
    if numbered:
        return numbered[0]
    products = set(refs.find_ids(tx, "product", said))
    found = [row for row in rows if row.product_id in products or row.text == said]
    if len(found) != 1:
        raise NotFound(
            "line.not_found" if not found else "line.ambiguous",
            N_("{ref} has no line {said}.") if not found else N_("{ref} has several lines for {said}."),
            field="line",
            hint=N_("Its lines are: {lines}."),
            ref=refs.ref_of(noun, record.id),
            said=said,
            lines=", ".join(f"{row.position} {row.text}" for row in rows) or "-",
        )
    return found[0]


def made(ctx: Context, tx: Tx, record: Any, said: str, given: Mapping[str, str]) -> dict[str, Any]:
    """The columns of a line for what `said` tells, such as `SCN-200x20@2400`, at the listed price unless one is said.

    `given` may hold quantity, price, discount, tax and cost as typed. A text that is no product needs a price.
    Raises Invalid, NotFound.
    """
    name, _, at = said.rpartition("@") if _AT.search(said) else (said, "", "")
    ids = refs.find_ids(tx, "product", name.strip())
    what, quantity = (name.strip(), lines.ONE) if ids else item(name)
    ids = ids or refs.find_ids(tx, "product", what)
    if at:
        given = {"price": at, **given}
    product = tx.session.get(table("product"), ids[0]) if len(ids) == 1 else None
    if len(ids) > 1:
        refs.resolve(tx, "product", what)  # tells between which
    currency = record.currency or ctx.company.currency
    found = {
        "product_id": product.id if product else None,
        "text": product.name if product else values.read(_TEXT, what, ctx.entry(tx)),
        "unit": product.unit if product else None,
        "quantity": quantity,
        "tax": (product.tax or 0) * 100 if product else 0,
        **_priced(ctx, tx, record, product, quantity, currency),
    }
    found |= read(given, currency)
    if found.get("price") is None:
        raise Invalid(
            "line.no_price",
            N_("There is no price for {what}."),
            field="price",
            hint=N_("Say it: --price AMOUNT, or name a product that has one."),
            what=what,
        )
    return found


def read(given: Mapping[str, str], currency: str) -> dict[str, int]:
    """Quantity, price, cost, discount and tax of a line as typed, as its columns hold them. Raises Invalid."""
    found: dict[str, int] = {}
    if given.get("quantity"):
        found["quantity"] = lines.read_quantity(given["quantity"])
    for name in ("price", "cost"):
        if given.get(name):
            with about(name):
                found[name] = parse_amount(given[name], currency)
    for name in ("discount", "tax"):
        if given.get(name):
            found[name] = lines.read_percent(given[name], name)
    return found


def _priced(
    ctx: Context, tx: Tx, record: Any, product: Any | None, quantity: int, currency: str
) -> dict[str, Any]:
    """Price, list price and cost of a unit, as the price lists have them for this customer."""
    if product is None:
        return {"price": None, "list_price": None, "cost": None}
    account = tx.session.get(table("account"), record.account_id) if record.account_id else None
    day = ctx.clock.today()
    found = price.price_of(ctx, tx, product, quantity, currency, account, day)
    listed = found.minor if found else None
    return {
        "price": listed,
        "list_price": listed,
        "cost": price.cost_of(ctx, tx, product, currency, day),
    }


# -- changing and showing ---------------------------------------------------------------------------------------


def put(ctx: Context, tx: Tx, record: Any, said: str, given: Mapping[str, str]) -> Any:
    """Add a line to a record; the caller counts it anew. Raises Invalid, NotFound, Refused."""
    noun = record.NOUN
    some = of(tx, noun, record)
    if len(some) >= MOST:
        raise Refused("line.too_many", N_("It has {most} lines, and no more."), most=MOST)
    own = {"revision": record.revision} if noun == "contract" else {}
    place = max((row.position for row in some), default=0) + 1
    values = made(ctx, tx, record, said, given)
    return tx.add(table(LINES[noun])(**{f"{noun}_id": record.id}, **own, position=place, **values))


def alter(ctx: Context, tx: Tx, record: Any, said: str, given: Mapping[str, str]) -> None:
    """Change a line of a record; the caller counts it anew. Raises Invalid, NotFound."""
    line = line_of(tx, record.NOUN, record, said)
    for column, value in read(given, record.currency or ctx.company.currency).items():
        setattr(line, column, value)
    tx.session.flush()


def shown(ctx: Context, tx: Tx, record: Any, stands: Iterable[Any]) -> list[dict[str, Any]]:
    """Lines as people see them; `stands` say what each comes to and what was delivered of it.

    Money as Money, quantities and percentages as plain decimals; cost and margin only for those with the right.
    """
    costs = tx.actor.scope(record.NOUN, "cost") != "none"
    currency = record.currency or ctx.company.currency

    def cash(minor: int | None) -> Money | None:
        return None if minor is None else Money(minor, currency)

    return [
        {
            "position": each.line.position,
            "text": each.line.text,
            "quantity": lines.decimal(each.line.quantity, 4),
            "unit": each.line.unit,
            "price": cash(each.line.price),
            "discount": lines.decimal(each.line.discount, 2),
            "tax": lines.decimal(each.line.tax, 2),
            "net": cash(each.counted.net),
            "delivered": lines.decimal(each.delivered, 4),
            "returned": lines.decimal(each.returned, 4),
            "cost": cash(each.counted.cost) if costs and each.line.cost is not None else None,
            "margin": cash(each.counted.net - each.counted.cost)
            if costs and each.line.cost is not None
            else None,
        }
        for each in stands
    ]
