"""A quote as the customer gets it: the same facts as plain text, and as a PDF whose font has Chinese."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from crmtui import money
from crmtui.errors import NotReady
from crmtui.i18n import N_, gettext, language
from crmtui.services import lines, quote_lines
from crmtui.services.context import Context, Tx
from crmtui.store import refs
from crmtui.store.record import table
from crmtui.text import clean, pad, width

FONT = "Noto Sans SC"


@dataclass(frozen=True)
class Document:
    """A quote in words, every text ready to be shown in the language in use; `valid_until` is empty where it always is."""

    number: str
    title: str
    total: str
    valid_until: str
    seller: tuple[str, ...]
    buyer: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    sums: tuple[tuple[str, str], ...]
    terms: str


def document(ctx: Context, ref: str) -> Document:
    """The document of a quote. Costs are not in it, nor what we call things among ourselves. Raises NotFound."""
    with ctx.reading() as tx:
        return of(ctx, tx, refs.get(tx, "quote", ref))


def of(ctx: Context, tx: Tx, quote: Any) -> Document:
    """The document of a loaded quote."""
    some = quote_lines.of(tx, quote.id)
    counted = lines.sums(some, (quote.discount or 0) * 100)
    number = refs.ref_of("quote", quote.id) + (f" v{quote.revision}" if quote.revision > 1 else "")
    facts = [(N_("Quote"), number), (N_("Date"), str(ctx.clock.today()))]
    if quote.valid_until:
        facts.append((N_("Valid until"), str(quote.valid_until)))
    facts.append((N_("Currency"), quote.currency))
    return Document(
        number=number,
        title=quote.name,
        total=f"{_cash(quote, counted.total if some else quote.amount or 0)} {quote.currency}",
        valid_until=str(quote.valid_until or ""),
        seller=_told(ctx.company.called, *_person(tx, quote.owner_id)),
        buyer=_told(*_customer(tx, quote)),
        facts=tuple((gettext(name), value) for name, value in facts),
        heads=tuple(
            map(gettext, (N_("Line"), N_("Item"), N_("Quantity"), N_("Price"), N_("Off %"), N_("Amount")))
        ),
        rows=tuple(_row(quote, line, one) for line, one in zip(some, counted.lines, strict=True)),
        sums=_sums(quote, some, counted),
        terms=quote.terms or "",
    )


def _told(*texts: str | None) -> tuple[str, ...]:
    return tuple(text for text in texts if text)


def _person(tx: Tx, owner: int | None) -> tuple[str | None, ...]:
    row = tx.session.get(table("user"), owner) if owner else None
    return (row.name, row.email) if row is not None else ()


def _customer(tx: Tx, quote: Any) -> tuple[str | None, ...]:
    account = tx.session.get(table("account"), quote.account_id) if quote.account_id else None
    contact = tx.session.get(table("contact"), quote.contact_id) if quote.contact_id else None
    place = (
        (account.name, account.street, _joined(account.postcode, account.city)) if account is not None else ()
    )
    return (*place, contact.name if contact is not None else None)


def _joined(*parts: str | None) -> str:
    return " ".join(part for part in parts if part)


def _row(quote: Any, line: Any, counted: lines.Counted) -> tuple[str, ...]:
    off = lines.decimal(line.discount, 2) if line.discount else ""
    many = _joined(lines.decimal(line.quantity, 4), line.unit)
    return (str(line.position), line.text, many, _cash(quote, line.price), off, _cash(quote, counted.own))


def _cash(quote: Any, minor: int) -> str:
    return money.show(minor, quote.currency, language())


def _sums(quote: Any, some: Sequence[Any], counted: lines.Sums) -> tuple[tuple[str, str], ...]:
    """What it comes to: before and after the discount on the whole, tax rate by rate, and all together."""
    if not some:
        return ((gettext(N_("Total")), _cash(quote, quote.amount or 0)),)
    found = []
    if quote.discount:
        own = sum(one.own for one in counted.lines)
        found += [(gettext(N_("Sum")), _cash(quote, own))]
        found += [
            (
                gettext(N_("Discount {percent} %")).format(percent=quote.discount),
                _cash(quote, counted.net - own),
            )
        ]
    found.append((gettext(N_("Net")), _cash(quote, counted.net)))
    for rate in sorted({line.tax for line in some if line.tax}):
        part = sum(one.tax for line, one in zip(some, counted.lines, strict=True) if line.tax == rate)
        label = gettext(N_("Tax {percent} %")).format(percent=lines.decimal(rate, 2))
        found.append((label, _cash(quote, part)))
    return (*found, (gettext(N_("Total")), _cash(quote, counted.total)))


# -- as text ----------------------------------------------------------------------------------------------------


def text(found: Document) -> str:
    """The document as plain text, its columns aligned; safe for a terminal."""
    cells = [tuple(clean(cell) for cell in row) for row in (found.heads, *found.rows)]
    widths = [max(width(row[place]) for row in cells) for place in range(len(found.heads))]
    right = (True, False, True, True, True, True)
    table_lines = [
        "  ".join(
            pad(cell, size, to_right) for cell, size, to_right in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in cells
    ]
    rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
    wide = max((width(name) for name, _ in (*found.facts, *found.sums)), default=0)
    sums = [f"{pad(name, wide)}  {value:>18}" for name, value in found.sums]
    parts = [
        [clean(found.title)],
        [clean(one) for one in found.seller],
        [clean(one) for one in found.buyer],
        [f"{pad(name, wide)}  {clean(value)}" for name, value in found.facts],
        [table_lines[0], rule, *table_lines[1:], rule] if found.rows else [],
        sums,
        clean(found.terms, multiline=True).splitlines(),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


# -- as a PDF ---------------------------------------------------------------------------------------------------


def pdf(found: Document) -> bytes:
    """The document as a PDF, its font embedded. Raises NotReady where the extra `pdf` is not installed."""
    try:
        import typst
    except ImportError as error:
        raise NotReady(
            "pdf.not_installed",
            N_("PDFs need an extra that is not installed."),
            hint=N_("Install it: pip install 'crmtui[pdf]'. Or print the quote as text: --text"),
        ) from error
    given = {name: getattr(found, name) for name in Document.__dataclass_fields__}
    quote = json.dumps({**given, "font": FONT, "zh": language() == "zh"}, ensure_ascii=False)
    with resources.as_file(resources.files("crmtui.services").joinpath("quote.typ")) as template:
        made: bytes = typst.compile(
            str(template),
            format="pdf",
            sys_inputs={"quote": quote},
            font_paths=_fonts(),
            ignore_system_fonts=bool(_fonts()),
        )
    return made


def _fonts() -> list[str]:
    """Where the font with Chinese lies that came with the extra; nothing where it did not, and the system's is taken."""
    try:
        found = resources.files("pylopdf_fonts_zh_cn")
    except ModuleNotFoundError:
        return []
    return [str(Path(str(found)))]


def is_there() -> bool:
    """Whether PDFs can be made here."""
    from importlib.util import find_spec

    return find_spec("typst") is not None
