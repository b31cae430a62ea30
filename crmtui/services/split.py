"""Who owns an opportunity together, and how the credit for it is divided among them."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from crmtui.errors import Invalid, Refused
from crmtui.i18n import N_
from crmtui.money import Money, half_up
from crmtui.services import opportunity
from crmtui.services.context import Context, Tx
from crmtui.store import refs
from crmtui.store.record import table


def shares(ctx: Context, ref: str) -> list[dict[str, Any]]:
    """The people who share an opportunity: ref, name, percent, amount (None without one); empty where nobody does. Raises NotFound."""
    with ctx.reading() as tx:
        return _shares(tx, refs.get(tx, "opp", ref))


def _shares(tx: Tx, opp: Any) -> list[dict[str, Any]]:
    share, user = table("opp_split"), table("user")
    query = select(share.percent, share.begins, user.id, user.name).join(user, user.id == share.user_id)
    return [
        {
            "ref": refs.ref_of("user", person),
            "name": name,
            "percent": percent,
            "amount": None
            if opp.amount is None
            else Money(part(opp.amount, begins, percent), opp.currency or ""),
        }
        for percent, begins, person, name in tx.session.execute(
            query.where(share.opp_id == opp.id).order_by(share.begins)
        )
    ]


def part(amount: int, begins: int, percent: int) -> int:
    """What `percent` of `amount` from `begins` percent on comes to, half-up, so that parts end to end add up to it."""
    return half_up(amount * (begins + percent), 100) - half_up(amount * begins, 100)


def divide(ctx: Context, ref: str, given: Mapping[str, int]) -> list[dict[str, Any]]:
    """Divide the credit for an open opportunity by percent among people, who join its team; return the shares.

    No shares at all: it is its owner's alone again. Raises NotFound, Invalid (a percent that is none, a person twice),
    Refused (not 100 % together, not open), Forbidden, Conflict.
    """
    _check_percents(given)
    with ctx.transaction("opp.split") as tx:
        opp = refs.get(tx, "opp", ref)
        ctx.check_version(tx, opp, {"split": given})
        opportunity.check_open(opp, "open", "suspended")
        people = [ctx.entry(tx).resolve("user", person) for person in given]
        if len(set(people)) < len(people):
            raise Invalid("opp.split_twice", N_("Somebody is named twice."), field="split")
        model = table("opp_split")
        for row in tx.session.scalars(select(model).where(model.opp_id == opp.id)):
            tx.session.delete(row)
        tx.session.flush()
        begins = 0
        for person, percent in zip(people, given.values(), strict=True):
            tx.session.add(model(opp_id=opp.id, user_id=person, percent=percent, begins=begins))
            begins += percent
            opportunity.join(tx, opp, person)
        tx.session.flush()
        return _shares(tx, opp)


def _check_percents(given: Mapping[str, int]) -> None:
    wrong = [percent for percent in given.values() if not 1 <= percent <= 100]
    if wrong:
        raise Invalid(
            "opp.split_percent",
            N_("{percent} % is no share; it is from 1 to 100."),
            field="split",
            percent=wrong[0],
        )
    whole = sum(given.values())
    if given and whole != 100:
        raise Refused(
            "opp.split_sum",
            N_("The shares come to {whole} %, and must come to 100 %."),
            field="split",
            whole=whole,
        )
