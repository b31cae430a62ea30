"""How likely an opportunity is won, by the company's own history: what the model says and why."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from crmtui.services import odds, rate, records
from crmtui.services.context import Context, Tx
from crmtui.services.odds import Deal, Factor, Quality
from crmtui.store import refs
from crmtui.store.record import table

MOST = 20_000
"""Closed deals that are learnt from at most, the newest."""
FACTORS = ("source", "industry", "product", "sales_method", "process", "owner", "size", "customer")
"""What is looked at. Nothing that is only known at the end: neither stage nor probability nor how long it took."""


@dataclass(frozen=True)
class Prediction:
    """What the model says: `probability` and `base` in whole percent, None below the sample floor; then no factors.

    `closed` and `won` count the deals that it learnt from.
    """

    ref: str
    probability: int | None
    base: int | None
    closed: int
    won: int
    factors: tuple[Factor, ...]


def predict(ctx: Context, ref: str) -> Prediction:
    """How likely an opportunity is won, by the closed deals that the actor sees. Raises NotFound."""
    with ctx.reading() as tx:
        opp = refs.get(tx, "opp", ref)
        history = _History(ctx, tx)
        deals = history.deals
        model = odds.learn(deals)
        won = sum(is_won for _, is_won in deals)
        own = refs.ref_of("opp", opp.id)
        if model is None:
            return Prediction(own, None, None, len(deals), won, ())
        factors = history.factors_of(opp.id)
        chance = round(model.probability(factors) * 100)
        return Prediction(
            own, chance, round(model.base * 100), len(deals), won, tuple(model.explain(factors))
        )


def quality(ctx: Context) -> Quality | None:
    """How good the model was for deals that it had not seen; None where there are too few."""
    with ctx.reading() as tx:
        return odds.quality(_History(ctx, tx).deals)


class _History:
    """The closed deals that the actor sees, as factors; sizes are quarters of their amounts in the company's currency."""

    def __init__(self, ctx: Context, tx: Tx) -> None:
        self.ctx, self.tx = ctx, tx
        opp = table("opp")
        closed = self._rows(opp.state.in_(("won", "lost")), MOST)
        self.first_won = self._first_won()
        self.cuts = _quarters(closed)
        self.deals: Sequence[Deal] = [(self._factors(row), row.state == "won") for row in closed]

    def _rows(self, condition: Any, limit: int) -> list[Any]:
        opp = table("opp")
        amount = next(field for field in records.declared_fields("opp") if field.name == "amount")
        value = rate.in_company_currency(self.ctx, self.tx, "opp", amount).label("value")
        columns = (
            *(opp.id, opp.state, opp.source, opp.industry, opp.products, opp.sales_method, opp.process_id),
            *(opp.owner_id, opp.account_id, opp.opened_on, opp.created_at),
        )
        query = select(*columns, value).where(condition).order_by(opp.id.desc()).limit(limit)
        return list(self.tx.session.execute(query).all())

    def _first_won(self) -> dict[int, Any]:
        """Customer → the day of the first deal won with them."""
        opp = table("opp")
        query = select(opp.account_id, func.min(opp.closed_on, type_=opp.closed_on.type)).where(
            opp.state == "won"
        )
        return dict(self.tx.session.execute(query.group_by(opp.account_id)).all())

    def factors_of(self, opp_id: int) -> dict[str, str]:
        """The factors of one opportunity."""
        return self._factors(self._rows(table("opp").id == opp_id, 1)[0])

    def _factors(self, row: Any) -> dict[str, str]:
        first, opened = self.first_won.get(row.account_id), row.opened_on or row.created_at.date()
        found = {
            "source": row.source,
            "industry": row.industry,
            "product": refs.ref_of("product", row.products[0]) if row.products else None,
            "sales_method": row.sales_method,
            "process": refs.ref_of("process", row.process_id) if row.process_id else None,
            "owner": refs.ref_of("user", row.owner_id) if row.owner_id else None,
            "size": self._size(row.value),
            "customer": None if row.account_id is None else "known" if first and first < opened else "new",
        }
        return {name: str(value) for name, value in found.items() if value}

    def _size(self, value: int | None) -> str | None:
        """Which quarter of the amounts this one is in, 1 the smallest."""
        if not value or not self.cuts:
            return None
        return str(1 + sum(value >= cut for cut in self.cuts))


def _quarters(closed: Sequence[Any]) -> list[int]:
    """The amounts between the quarters; empty where there are few, or where mostly those of one outcome have an amount.

    An amount that is entered when a deal is won, and left at nothing when it is lost, tells how it ended, not how large
    it was: it would make every open deal that has one look won.
    """
    for outcome in ("won", "lost"):
        values = [row.value for row in closed if row.state == outcome]
        if 2 * sum(bool(value) for value in values) < len(values):
            return []
    amounts = sorted(row.value for row in closed if row.value)
    return [amounts[len(amounts) * part // 4] for part in (1, 2, 3)] if len(amounts) >= 8 else []


def called(ctx: Context, factors: Iterable[Factor]) -> dict[tuple[str, str], str]:
    """(factor, value) → what people call the value: the names of products, processes and people, else the value."""
    names = {}
    with ctx.reading() as tx:
        for factor in factors:
            noun = {"product": "product", "process": "process", "owner": "user"}.get(factor.name)
            if noun:
                model = table(noun)
                number = int(factor.value.partition("-")[2])
                found = tx.session.scalars(select(model.name).where(model.id == number)).first()
                names[factor.name, factor.value] = str(found or factor.value)
            else:
                names[factor.name, factor.value] = factor.value
    return names
