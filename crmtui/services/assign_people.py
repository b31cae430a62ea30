"""Who could take a lead: the people of a rule, what they carry, what they know, and how they did before."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import func, select

from crmtui.services.context import Context, Tx
from crmtui.services.presence import is_away
from crmtui.store.record import table

OPEN = ("new", "assigned", "working", "qualified")
"""The states of a lead that somebody has to work on."""


class People:
    """Everybody who works here, read once for many leads; the caller is inside `tx.without_predicate`."""

    def __init__(self, ctx: Context, tx: Tx) -> None:
        user, dept, territory = table("user"), table("dept"), table("territory")
        self.day: date = ctx.clock.today()
        query = select(user).where(user.active.is_(True), user.archived_at.is_(None)).order_by(user.id)
        self.every: dict[int, Any] = {one.id: one for one in tx.session.scalars(query)}
        self._above: dict[int, int | None] = {
            row.id: row.parent_id for row in tx.session.execute(select(dept.id, dept.parent_id))
        }
        self._places = list(tx.session.scalars(select(territory).where(territory.archived_at.is_(None))))
        self.load = _load(tx)
        self.given: dict[int, int] = {}
        self._records = _records(tx)

    def of(self, rule: Any) -> list[tuple[int, Any]]:
        """(level, person) of everybody whom the rule could mean, in its own order; levels go down the departments."""
        if rule.people:
            named = [(0, self.every[one]) for one in rule.people if one in self.every]
        else:
            named = [(self.level(one, rule.dept_id), one) for one in self.every.values()]
        return [
            (level if rule.cascade else 0, one)
            for level, one in named
            if level >= 0 and rule.role_id in (None, one.role_id)
        ]

    def level(self, person: Any, dept: int | None) -> int:
        """How far below the department `dept` somebody works; -1 for elsewhere, 0 for everybody where none is named."""
        if dept is None:
            return 0
        steps, at = 0, person.dept_id
        while at is not None and steps <= len(self._above):
            if at == dept:
                return steps
            steps, at = steps + 1, self._above.get(at)
        return -1

    def is_away(self, person: Any) -> bool:
        """Whether the person is away today."""
        return is_away(person, self.day)

    def place(self, person: Any, record: Any) -> str | None:
        """The name of the person's territory that the record lies in; None where it lies in none of theirs."""
        mine = {one.id for one in self._places if one.id == person.territory_id or one.owner_id == person.id}
        grown = True
        while grown:
            below = {one.id for one in self._places if one.parent_id in mine} - mine
            mine, grown = mine | below, bool(below)
        for one in self._places:
            if one.id in mine and (
                record.region in (one.regions or ()) or record.country in (one.countries or ())
            ):
                return str(one.name)
        return None

    def record(self, person: int, industry: str | None) -> tuple[int, int]:
        """(won, closed) opportunities of somebody in an industry; in all of them where none is said."""
        found = [
            counts
            for (owner, branch), counts in self._records.items()
            if owner == person and industry in (None, branch)
        ]
        return sum(won for won, _ in found), sum(closed for _, closed in found)


def _load(tx: Tx) -> dict[int, int]:
    """Person → how many leads they have to work on, those included that are only recommended yet."""
    lead, offer = table("lead"), table("assign")
    owned = select(lead.owner_id, func.count(lead.id)).where(
        lead.owner_id.is_not(None), lead.state.in_(OPEN), lead.archived_at.is_(None)
    )
    waiting = (
        select(offer.owner_id, func.count(offer.id))
        .join(lead, lead.id == offer.lead_id)
        .where(offer.state == "recommended", lead.owner_id.is_(None), lead.state == "new")
        .where(lead.archived_at.is_(None))
    )
    found: dict[int, int] = {}
    for query in (owned.group_by(lead.owner_id), waiting.group_by(offer.owner_id)):
        for person, count in tx.session.execute(query):
            found[person] = found.get(person, 0) + count
    return found


def _records(tx: Tx) -> dict[tuple[int, str | None], tuple[int, int]]:
    """(person, industry) → (won, closed); the industry is the opportunity's, else its customer's."""
    opp, account = table("opp"), table("account")
    branch = func.coalesce(opp.industry, account.industry)
    query = (
        select(opp.owner_id, branch, opp.state, func.count(opp.id))
        .join(account, account.id == opp.account_id, isouter=True)
        .where(opp.owner_id.is_not(None), opp.state.in_(("won", "lost")), opp.archived_at.is_(None))
        .group_by(opp.owner_id, branch, opp.state)
    )
    found: dict[tuple[int, str | None], tuple[int, int]] = {}
    for person, industry, state, count in tx.session.execute(query):
        won, closed = found.get((person, industry), (0, 0))
        found[person, industry] = (won + (count if state == "won" else 0), closed + count)
    return found


def names(tx: Tx, people: Iterable[int]) -> dict[int, str]:
    """The names of people by their ids."""
    user = table("user")
    query = select(user.id, user.name).where(user.id.in_(set(people)))
    return {row.id: row.name for row in tx.session.execute(query)}
