"""One deal under two customers: found, asked about, and decided by whoever leads both people who work on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select

from crmtui.errors import Invalid, Refused
from crmtui.i18n import N_, gettext
from crmtui.services import deal_score, dup, notices, rate, tasks
from crmtui.services.context import Context, Tx
from crmtui.services.deal_score import Deal
from crmtui.services.dup_keys import words_of
from crmtui.services.dup_score import Score
from crmtui.store import refs
from crmtui.store.record import table
from crmtui.store.session import check_right, may_record

KIND = "same-deal"
"""The kind of the tasks by which people are asked."""


@dataclass(frozen=True)
class Suspect:
    """Two opportunities that may be one deal, as rows of the store, why, and their pair if something was noted about it."""

    one: Any
    other: Any
    score: Score
    pair: Any | None

    def as_row(self) -> dict[str, Any]:
        """The same for people and programs."""
        return {
            "one": refs.ref_of("opp", self.one.id),
            "other": refs.ref_of("opp", self.other.id),
            "score": self.score.value,
            "reasons": ", ".join(gettext(deal_score.REASONS[reason]) for reason in self.score.reasons),
            "one_name": self.one.name,
            "other_name": self.other.name,
            "pair": refs.ref_of("dup", self.pair.id) if self.pair is not None else None,
            **{name: getattr(self.pair, name, None) for name in ("question", "answer_one", "answer_other")},
        }


def duplicates(ctx: Context, ref: str = "", *, least: int = deal_score.SAME) -> list[Suspect]:
    """The open opportunities in sight that look like one deal, best first; only those with `ref` if one is named.

    Pairs that were called different are left out. Raises NotFound, Forbidden.
    """
    with ctx.reading() as tx:
        check_right(tx, "opp", "duplicates")
        only = refs.resolve(tx, "opp", ref) if ref else None
        deals = _deals(ctx, tx)
        found = deal_score.find(deals, least)
        noted = _noted(tx)
        kept = [
            (one, other, score, noted.get((one, other)))
            for one, other, score in found
            if only in (None, one, other) and getattr(noted.get((one, other)), "state", "open") == "open"
        ]
        opp = table("opp")
        ids = {record for one, other, _, _ in kept for record in (one, other)}
        rows = {row.id: row for row in tx.session.scalars(select(opp).where(opp.id.in_(ids)))} if ids else {}
        return [Suspect(rows[one], rows[other], score, pair) for one, other, score, pair in kept]


def _noted(tx: Tx) -> dict[tuple[int, int], Any]:
    pair = table("dup")
    return {
        (row.one_id, row.other_id): row for row in tx.session.scalars(select(pair).where(pair.noun == "opp"))
    }


def _deals(ctx: Context, tx: Tx) -> dict[int, Deal]:
    """Every open opportunity in sight as it is compared."""
    opp, account = table("opp"), table("account")
    rows = tx.session.scalars(select(opp).where(opp.state == "open", opp.archived_at.is_(None))).all()
    wanted = {row.account_id for row in rows if row.account_id}
    with tx.without_predicate("duplicate"):
        query = select(account.id, account.region, account.class_, account.city)
        places = {each.id: each for each in tx.session.execute(query) if each.id in wanted}
    lines = _lines(tx)
    return {row.id: _deal(ctx, tx, row, places.get(row.account_id), lines.get(row.id, {})) for row in rows}


def _deal(ctx: Context, tx: Tx, row: Any, customer: Any, lines: Mapping[str, int | None]) -> Deal:
    items = dict(lines)
    for product in row.products or ():
        items.setdefault(f"#{product}", None)
    if not items:
        items = deal_score.items_of(row.need or "")
    amount = (
        rate.between(
            tx, row.amount, row.currency, ctx.company.currency, ctx.company.currency, ctx.clock.today()
        )
        if row.amount and row.currency
        else 0
    )
    return Deal(
        account=row.account_id or 0,
        items=items,
        region=_plain(customer.region or customer.city) if customer else "",
        delivery=row.delivery_on,
        expected=row.expected_close_on,
        kind=_plain(customer.class_) if customer else "",
        project=_plain(row.end_project),
        amount=amount,
    )


def _plain(text: str | None) -> str:
    return "".join(words_of(text or ""))


def _lines(tx: Tx) -> dict[int, dict[str, int | None]]:
    """What the current quotes of each opportunity offer: the product, else its words, and how much of it."""
    line, quote = table("quote_line"), table("quote")
    query = (
        select(quote.opp_id, line.product_id, line.text, line.quantity)
        .join(quote, quote.id == line.quote_id)
        .where(quote.opp_id.is_not(None), quote.current.is_(True), quote.state != "cancelled")
    )
    found: dict[int, dict[str, int | None]] = {}
    for opp, product, text, quantity in tx.session.execute(query):
        found.setdefault(opp, {})[f"#{product}" if product else _plain(text)] = quantity // 10_000
    return found


# Asking


def ask(ctx: Context, one: str, other: str, question: str) -> Any:
    """Ask the owners of two opportunities for the background, each about their own alone; return the pair.

    Raises NotFound, Invalid (no question, the same one), Refused (an opportunity that nobody owns), Forbidden.
    """
    if not question.strip():
        raise Invalid(
            "deal.no_question", N_("There is nothing to ask."), hint=N_("Say it with --question TEXT.")
        )
    with ctx.transaction("opp.ask") as tx:
        first, second = _both(tx, one, other)
        ctx.check_version(tx, first, {})
        pair = _pair(ctx, tx, first, second)
        for row in (first, second):
            may_record(tx, "opp", row.id, "ask")
            if row.owner_id is None:
                raise Refused(
                    "deal.no_owner",
                    N_("Nobody owns {ref}, so nobody can be asked."),
                    ref=refs.ref_of("opp", row.id),
                )
            tasks.make(ctx, tx, question[:200], row.owner_id, ("opp", row.id), kind=KIND, note=question)
        pair.question, pair.owner_id, pair.answer_one, pair.answer_other = question, ctx.actor.id, None, None
        tx.session.flush()
        return pair


def answer(ctx: Context, ref: str, text: str) -> Any:
    """Answer what was asked about an opportunity; the answer is kept with the question. Return the opportunity.

    Raises NotFound, Invalid (no answer), Refused (nothing was asked).
    """
    if not text.strip():
        raise Invalid("deal.no_answer", N_("There is no answer."))
    with ctx.transaction("opp.answer") as tx:
        opp = refs.get(tx, "opp", ref)
        ctx.check_version(tx, opp, {})
        pair = table("dup")
        asked = select(pair).where(
            pair.noun == "opp",
            pair.question.is_not(None),
            or_(pair.one_id == opp.id, pair.other_id == opp.id),
        )
        with tx.without_predicate("duplicate"):
            found = tx.session.scalars(asked.order_by(pair.id.desc())).all()
        if not found:
            raise Refused("deal.not_asked", N_("Nobody asked about {ref}."), ref=refs.ref_of("opp", opp.id))
        for row in found:
            setattr(row, "answer_one" if row.one_id == opp.id else "answer_other", text)
        for task in tasks.open_about(tx, "opp", opp.id, KIND):
            task.state, task.done_at = "done", tx.now
        tx.session.flush()
        notices.tell(ctx, tx, [row.owner_id for row in found], "deal.answered", ("opp", opp.id), note=text)
        return opp


# Deciding


def keep(ctx: Context, kept: str, released: str, *, end_project: str = "", note: str = "") -> Any:
    """Let one of two opportunities of the same deal go on; the other is closed as a duplicate, and its owner is free.

    Both get the end project. Return the one that goes on. Raises NotFound, Invalid, Refused (not open), Forbidden.
    """
    with ctx.transaction("opp.keep", note) as tx:
        stays, goes = _both(tx, kept, released)
        ctx.check_version(tx, stays, {"end_project": end_project} if end_project else {})
        for row in (stays, goes):
            may_record(tx, "opp", row.id, "keep")
            _check_open(row)
        pair = _pair(ctx, tx, stays, goes)
        goes.state, goes.closed_on = "duplicate", ctx.clock.today()
        goes.probability, goes.category = 0, "omitted"
        goes.summary = note or gettext(N_("The same deal is followed up elsewhere."))
        if end_project:
            stays.end_project = goes.end_project = end_project
        pair.state, pair.kept = "decided", refs.ref_of("opp", stays.id)
        for task in tasks.open_about(tx, "opp", goes.id, KIND):
            task.state = "cancelled"
        tx.session.flush()
        notices.tell(ctx, tx, [goes.owner_id], "deal.released", ("opp", goes.id), note=note)
        return stays


def link(ctx: Context, several: Sequence[str], end_project: str) -> list[Any]:
    """Record the end project behind opportunities, of whichever customers; return them. Raises NotFound, Invalid, Forbidden."""
    from crmtui.services import records

    with ctx.transaction("opp.link") as tx:
        changed = records.read_values(ctx, tx, "opp", {"end_project": end_project})
        found = []
        for ref in several:
            row = refs.get(tx, "opp", ref)
            ctx.check_version(tx, row, {"end_project": end_project})
            records.apply(ctx, tx, row, changed)
            found.append(row)
        return found


def different(ctx: Context, one: str, other: str, note: str = "") -> Any:
    """Remember that two opportunities are different deals; return the pair. Raises as `dup.different`."""
    return dup.different(ctx, _ref(one), _ref(other), note)


def _ref(text: str) -> str:
    return f"O-{text}" if text.isdecimal() else text


def _both(tx: Tx, one: str, other: str) -> tuple[Any, Any]:
    first, second = refs.get(tx, "opp", one), refs.get(tx, "opp", other)
    if first.id == second.id:
        raise Invalid(
            "deal.same", N_("{ref} is one opportunity; name two."), ref=refs.ref_of("opp", first.id)
        )
    return first, second


def _pair(ctx: Context, tx: Tx, first: Any, second: Any) -> Any:
    one, two = sorted((first.id, second.id))
    deals = {row.id: _deal_of(ctx, tx, row) for row in (first, second)}
    score = deal_score.compare(deals[one], deals[two])
    return dup.ensure(tx, "opp", one, two, score)


def _deal_of(ctx: Context, tx: Tx, row: Any) -> Deal:
    account = table("account")
    with tx.without_predicate("duplicate"):
        customer = tx.session.scalars(select(account).where(account.id == row.account_id)).first()
    return _deal(ctx, tx, row, customer, _lines(tx).get(row.id, {}))


def _check_open(row: Any) -> None:
    if row.state not in ("open", "suspended"):
        raise Refused(
            "opp.not_open",
            N_("{ref} is {state}."),
            field="state",
            hint=N_("Open it again first: crm opp reopen {ref}"),
            ref=refs.ref_of("opp", row.id),
            state=gettext(row.state),
        )
