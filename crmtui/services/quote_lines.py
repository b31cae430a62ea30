"""The lines of a quote: put in at the price that holds, changed, taken out; every time the quote is counted anew."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from crmtui import money
from crmtui.errors import Invalid, NotFound, Refused
from crmtui.i18n import N_, gettext, language
from crmtui.money import Money
from crmtui.services import lines, price
from crmtui.services.context import Context, Ref, Tx
from crmtui.store import refs
from crmtui.store.record import table
from crmtui.text import check

MOST = 1000
"""So many lines a quote has at most."""
_TIMES = re.compile(r"(.+?)\s*[x×*]\s*([0-9]+(?:\.[0-9]+)?)")


def of(tx: Tx, quote: int) -> list[Any]:
    """The lines of a quote in their order, as stored."""
    line = table("quote_line")
    return list(tx.session.scalars(select(line).where(line.quote_id == quote).order_by(line.position)))


@dataclass(frozen=True)
class Item:
    """A line as one writes it in short: a product, how many of it (ten-thousandths), and the price where one is said."""

    product: Any
    quantity: int
    price: str


def read_item(tx: Tx, text: str) -> Item:
    """`SCN-200`, `SCN-200x3` or `SCN-200x2.5@2400`. Raises NotFound for an unknown product, Invalid for no quantity."""
    name, quantity, price = _apart(tx, text)
    return Item(refs.get(tx, "product", name), lines.read_quantity(quantity or "1"), price)


def _apart(tx: Tx, text: str) -> tuple[str, str, str]:
    """Name, quantity and price of a line as one writes it in short; empty where it says none."""
    said, _, at = text.partition("@")
    name = said.strip()
    if not refs.find_ids(tx, "product", name) and (found := _TIMES.fullmatch(name)):
        return found[1], found[2], at.strip()
    return name, "", at.strip()


def fill(ctx: Context, tx: Tx, quote: Any, opp: Any | None, items: Sequence[str]) -> None:
    """Give a new quote its lines: the `items`, else the products of its opportunity at their prices, else its amount."""
    for text in items:
        item = read_item(tx, text)
        given = {"price": item.price} if item.price else {}
        _put(ctx, tx, quote, item.product, {**given, "quantity": lines.decimal(item.quantity, 4)})
    if opp is None or items:
        recount(tx, quote)
        return
    products = [tx.session.get(table("product"), one) for one in opp.products or ()]
    if any(product is None or not _has_price(ctx, tx, quote, product) for product in products):
        products = []
    for product in products:
        _put(ctx, tx, quote, product, {})
    if not products and opp.amount is not None:
        said = Money(opp.amount, opp.currency or ctx.company.currency)
        if said.currency != quote.currency:
            raise Refused(
                "quote.other_currency",
                N_("{opp} is in {theirs}, and the quote in {ours}."),
                field="currency",
                hint=N_("Give its lines: --item PRODUCTxQUANTITY@PRICE"),
                opp=refs.ref_of("opp", opp.id),
                theirs=said.currency,
                ours=quote.currency,
            )
        _put(ctx, tx, quote, None, {"text": opp.name, "price": said.text()})
    recount(tx, quote)


def _has_price(ctx: Context, tx: Tx, quote: Any, product: Any) -> bool:
    return _listed(ctx, tx, quote, product, lines.ONE) is not None


def _listed(ctx: Context, tx: Tx, quote: Any, product: Any, quantity: int) -> int | None:
    account = tx.session.get(table("account"), quote.account_id) if quote.account_id else None
    found = price.price_of(ctx, tx, product, quantity, quote.currency, account, ctx.clock.today())
    return None if found is None else found.minor


# -- changing ---------------------------------------------------------------------------------------------------


def add(ctx: Context, ref: str, given: Mapping[str, str]) -> list[dict[str, Any]]:
    """Put a line into a quote: `product` or `text`, `quantity` (1), `price` (the listed one), `discount`, `tax`, `cost`, `unit`.

    `item` says product or text, quantity and price in one, `SCN-200x3@2400`; what is said by itself holds before it.
    Returns the lines. What the customer was last quoted for that product is noted. Raises NotFound, Invalid, Refused
    (the quote is under way), Forbidden, Conflict.
    """
    with ctx.transaction("quote.line") as tx:
        quote = _open(ctx, tx, ref)
        given = _with_item(tx, given)
        line = _put(ctx, tx, quote, _product(tx, given), given)
        recount(tx, quote)
        _tell_last(ctx, tx, quote, line)
        return listed(ctx, tx, quote)


def _with_item(tx: Tx, given: Mapping[str, str]) -> Mapping[str, str]:
    """What was given, its `item` taken apart; it is a text where no product is called so."""
    if not given.get("item"):
        return given
    name, quantity, price = _apart(tx, given["item"])
    what = "product" if refs.find_ids(tx, "product", name) else "text"
    said = {name: value for name, value in given.items() if value}
    return {what: name, "quantity": quantity, "price": price, **said}


def _product(tx: Tx, given: Mapping[str, str]) -> Any | None:
    return refs.get(tx, "product", given["product"]) if given.get("product") else None


def edit(ctx: Context, ref: str, position: int, given: Mapping[str, str]) -> list[dict[str, Any]]:
    """Change a line of a quote; return its lines. Raises NotFound, Invalid, Refused, Forbidden, Conflict."""
    if not any(given.values()):
        raise Invalid(
            "quote.nothing_to_change",
            N_("There is nothing to change."),
            hint=N_("Give --text, --quantity, --unit, --price, --discount, --tax or --cost."),
        )
    with ctx.transaction("quote.line") as tx:
        quote = _open(ctx, tx, ref)
        line = _at(tx, quote, position)
        read = _read(ctx, quote, given)
        _follow_list(ctx, tx, quote, line, read)
        for column, value in read.items():
            setattr(line, column, value)
        tx.session.flush()
        recount(tx, quote)
        _tell_last(ctx, tx, quote, line)
        return listed(ctx, tx, quote)


def _follow_list(ctx: Context, tx: Tx, quote: Any, line: Any, read: dict[str, Any]) -> None:
    """For another quantity another price may be listed; a line that was at list price stays there."""
    if line.product_id is None or read.get("quantity", line.quantity) == line.quantity:
        return
    product = tx.session.get(table("product"), line.product_id)
    read["list_price"] = None if product is None else _listed(ctx, tx, quote, product, read["quantity"])
    if line.price == line.list_price and read["list_price"] is not None:
        read.setdefault("price", read["list_price"])


def remove(ctx: Context, ref: str, position: int) -> list[dict[str, Any]]:
    """Take a line out of a quote; return those that remain. Raises NotFound, Refused, Forbidden, Conflict."""
    with ctx.transaction("quote.line") as tx:
        quote = _open(ctx, tx, ref)
        tx.session.delete(_at(tx, quote, position))
        tx.session.flush()
        for place, line in enumerate(of(tx, quote.id), start=1):
            line.position = place
        recount(tx, quote)
        return listed(ctx, tx, quote)


def _open(ctx: Context, tx: Tx, ref: str) -> Any:
    from crmtui.services import quote as quotes

    quote = quotes.load(ctx, tx, ref, {})
    if quote.state not in quotes.OPEN_TO_CHANGE:
        raise quotes.not_open(quote.id, quote.state, "lines")
    return quote


def _at(tx: Tx, quote: Any, position: int) -> Any:
    for line in of(tx, quote.id):
        if line.position == position:
            return line
    raise NotFound(
        "quote.no_line",
        N_("{ref} has no line {position}."),
        hint=N_("crm quote line list {ref} shows its lines."),
        ref=refs.ref_of("quote", quote.id),
        position=position,
    )


def _put(ctx: Context, tx: Tx, quote: Any, product: Any | None, given: Mapping[str, str]) -> Any:
    model = table("quote_line")
    count = tx.session.scalar(select(func.count(model.id)).where(model.quote_id == quote.id)) or 0
    if count >= MOST:
        raise Refused("quote.too_long", N_("A quote has at most {most} lines."), most=MOST)
    line = model(quote_id=quote.id, position=count + 1, quantity=lines.ONE, text="", price=0)
    if product is not None:
        line.product_id, line.text, line.unit = product.id, product.name, product.unit
        line.tax = (product.tax or 0) * 100
        line.cost = price.cost_of(ctx, tx, product, quote.currency, ctx.clock.today())
    read = _read(ctx, quote, given)
    if not (line.text or read.get("text")):
        raise Invalid(
            "line.no_text",
            N_("A line offers something."),
            field="product",
            hint=N_("Give --product or --text."),
        )
    if product is not None:
        line.list_price = _listed(ctx, tx, quote, product, read.get("quantity", lines.ONE))
        read.setdefault("price", line.list_price)
    if read.get("price") is None:
        raise Invalid(
            "line.no_price", N_("There is no price."), field="price", hint=N_("Give it: --price AMOUNT")
        )
    for column, value in read.items():
        setattr(line, column, value)
    return tx.add(line)


def _read(ctx: Context, quote: Any, given: Mapping[str, str]) -> dict[str, Any]:
    """The columns for what somebody typed. Raises Invalid, naming the field."""
    read: dict[str, Any] = {}
    for name in ("text", "unit"):
        if given.get(name):
            read[name] = check(given[name].strip(), max=400, multiline=False)
    if given.get("quantity"):
        read["quantity"] = lines.read_quantity(given["quantity"])
    for name in ("discount", "tax"):
        if given.get(name):
            read[name] = lines.read_percent(given[name], name)
    for name in ("price", "cost"):
        if given.get(name):
            read[name] = money.parse_amount(given[name], quote.currency)
    return read


def recount(tx: Tx, quote: Any) -> None:
    """Let the figures of a quote follow from its lines; without lines they stay as typed."""
    from crmtui.services import quote as quotes

    some = of(tx, quote.id)
    found = quotes.figures(some, quote.discount) if some else dict.fromkeys(quotes.COUNTED)
    for column, value in found.items():
        setattr(quote, column, value)
    tx.session.flush()


def _tell_last(ctx: Context, tx: Tx, quote: Any, line: Any) -> None:
    last = price.last(ctx, tx, quote.account_id, line.product_id, quote.id)
    if last is not None:
        told = gettext(N_("Last quoted to this customer: {price} {currency} on {day} ({ref})"))
        shown = money.show(last.price.minor, last.price.currency, language())
        ctx.notes.append(told.format(price=shown, currency=last.price.currency, day=last.day, ref=last.ref))


# -- showing ----------------------------------------------------------------------------------------------------


def list_lines(ctx: Context, ref: str) -> list[dict[str, Any]]:
    """The lines of a quote as people see them. Raises NotFound."""
    with ctx.reading() as tx:
        return listed(ctx, tx, refs.get(tx, "quote", ref))


def listed(ctx: Context, tx: Tx, quote: Any) -> list[dict[str, Any]]:
    """The lines of a loaded quote as people see them: money as Money, quantities and percentages as plain decimals.

    `net` is after all discounts; `cost` and `margin` are there for those with the right to see costs, else None.
    """
    some = of(tx, quote.id)
    found = lines.sums(some, (quote.discount or 0) * 100)
    shown = tx.actor.scope("quote", "cost") != "none"

    def cash(minor: int | None) -> Money | None:
        return None if minor is None else Money(minor, quote.currency)

    return [
        {
            "position": line.position,
            "product": line.product_id
            and Ref(refs.ref_of("product", line.product_id), line.text, line.product_id),
            "text": line.text,
            "quantity": lines.decimal(line.quantity, 4),
            "unit": line.unit,
            "price": cash(line.price),
            "list_price": cash(line.list_price),
            "discount": lines.decimal(line.discount, 2),
            "tax": lines.decimal(line.tax, 2),
            "net": cash(counted.net),
            "cost": cash(counted.cost) if shown and line.cost is not None else None,
            "margin": cash(counted.net - counted.cost) if shown and line.cost is not None else None,
        }
        for line, counted in zip(some, found.lines, strict=True)
    ]
