"""Choosing who takes a lead: rules in order, their people sifted and ranked, with a reason for everything."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from sqlalchemy import func, select

from crmtui.i18n import N_, gettext
from crmtui.services import everywhere
from crmtui.services.assign_people import People
from crmtui.services.context import Context, Tx
from crmtui.store.record import table

Reason = dict[str, Any]

SAID = {
    "rule": N_("rule {rule}"),
    "territory": N_("{territory} is their territory"),
    "industry": N_("knows the industry {industry}"),
    "skills": N_("knows {skills}"),
    "first": N_("first in line"),
    "turn": N_("their turn"),
    "load": N_("{load} open leads"),
    "loaded": N_("{load} of {capacity} open leads"),
    "rate": N_("{won} of {closed} won"),
    "level": N_("{level} levels down"),
    "away": N_("away"),
    "full": N_("full: {load} of {capacity} open leads"),
    "declined": N_("declined it"),
    "expired": N_("let it expire"),
    "no_territory": N_("not their territory"),
    "no_industry": N_("does not know the industry"),
    "no_skills": N_("lacks {skills}"),
    "no_rule": N_("no rule fits"),
    "nobody": N_("rule {rule}: nobody free"),
    "chosen": N_("chosen by hand"),
    "delegated": N_("chosen by the account manager"),
}
"""Kind of reason → its words."""


def told(reasons: Iterable[Reason] | None) -> str:
    """Reasons as one line in the language in use; their facts are data, to be cleaned by whoever shows them."""
    return "; ".join(
        gettext(SAID[one["kind"]]).format_map(one) for one in reasons or () if one["kind"] in SAID
    )


@dataclass
class Candidate:
    """Somebody whom a rule could mean. `out` says why not, where that is so."""

    id: int
    name: str
    level: int
    reasons: list[Reason] = field(default_factory=list)
    out: Reason | None = None
    rank: tuple[Any, ...] = ()


@dataclass
class Tried:
    """A rule that fits a lead, and its people, the best first; those who are out stand last."""

    rule: Any
    candidates: list[Candidate]

    @property
    def best(self) -> Candidate | None:
        """The one whom it chooses, if anybody is left."""
        return next((one for one in self.candidates if one.out is None), None)


@dataclass
class Choice:
    """What the rules say of one lead: those that fit, in order, up to the one that found somebody."""

    lead: Any
    tried: list[Tried]

    @property
    def found(self) -> Tried | None:
        """The first rule that finds somebody."""
        return next((one for one in self.tried if one.best is not None), None)

    @property
    def rule(self) -> Any | None:
        """The rule that found somebody."""
        return self.found.rule if self.found else None

    @property
    def chosen(self) -> Candidate | None:
        """Who is to take it; None where no rule finds anybody."""
        return self.found.best if self.found else None

    @property
    def why(self) -> list[Reason]:
        """Why this one; or why nobody."""
        if self.rule is not None and self.chosen is not None:
            return [{"kind": "rule", "rule": self.rule.name}, *self.chosen.reasons]
        return [{"kind": "nobody", "rule": one.rule.name} for one in self.tried] or [{"kind": "no_rule"}]


class Engine:
    """The rules in force, for as many leads as one likes; what it chose counts as load and as a turn from then on.

    The same store and seed give the same answers. The caller is inside `tx.without_predicate`.
    """

    def __init__(self, ctx: Context, tx: Tx, seed: int | None = None) -> None:
        rule = table("assignrule")
        query = select(rule).where(rule.active.is_(True), rule.archived_at.is_(None))
        self.ctx, self.tx, self.seed = ctx, tx, seed
        self.rules: list[Any] = list(tx.session.scalars(query.order_by(rule.position, rule.id)))
        self.people = People(ctx, tx) if self.rules else None
        self._turns = _turns(tx) if self.rules else {}

    def choose(self, leads: Sequence[Any], *, all_rules: bool = False) -> Iterator[Choice]:
        """What the rules say of each lead in turn. With `all_rules` every rule that fits is tried, as for an explanation."""
        if not leads:
            return
        ids = [lead.id for lead in leads]
        fits = [everywhere.fitting(self.ctx, self.tx, "lead", rule.condition, ids) for rule in self.rules]
        refused = _refused(self.tx, ids)
        for lead in leads:
            tried: list[Tried] = []
            for rule, fitting in zip(self.rules, fits, strict=True):
                if lead.id in fitting:
                    tried.append(Tried(rule, self._candidates(rule, lead, refused)))
                    if tried[-1].best is not None and not all_rules:
                        break
            choice = Choice(lead, tried)
            if choice.chosen is not None and not all_rules:
                self._count(choice)
            yield choice

    def _count(self, choice: Choice) -> None:
        assert choice.chosen is not None
        assert choice.rule is not None
        assert self.people is not None
        person = choice.chosen.id
        self.people.load[person] = self.people.load.get(person, 0) + 1
        self._turns[choice.rule.id, person] = max(self._turns.values(), default=0) + 1

    def _candidates(self, rule: Any, lead: Any, refused: dict[tuple[int, int], str]) -> list[Candidate]:
        assert self.people is not None
        found = []
        for place, (level, person) in enumerate(self.people.of(rule)):
            one = Candidate(person.id, person.name, level)
            one.out = self._sift(rule, lead, person, one.reasons, refused.get((lead.id, person.id)))
            if level:
                one.reasons.append({"kind": "level", "level": level})
            one.rank = (level, *self._rank(rule, lead, person, one.reasons), self._tie(lead, person, place))
            found.append(one)
        return sorted(found, key=lambda one: (one.out is not None, one.rank))

    def _sift(
        self, rule: Any, lead: Any, person: Any, reasons: list[Reason], refused: str | None
    ) -> Reason | None:
        """Why not this person; None where nothing speaks against them, and `reasons` has what speaks for them."""
        assert self.people is not None
        if self.people.is_away(person):
            return {"kind": "away"}
        if refused:
            return {"kind": refused}
        load = self.people.load.get(person.id, 0)
        if person.capacity is not None and load >= person.capacity:
            return {"kind": "full", "load": load, "capacity": person.capacity}
        if rule.by_territory:
            place = self.people.place(person, lead)
            if place is None:
                return {"kind": "no_territory"}
            reasons.append({"kind": "territory", "territory": place})
        if rule.by_industry:
            if lead.industry is None or lead.industry not in (person.industries or ()):
                return {"kind": "no_industry"}
            reasons.append({"kind": "industry", "industry": lead.industry})
        lacking = [skill for skill in rule.skills or () if skill not in (person.skills or ())]
        if lacking:
            return {"kind": "no_skills", "skills": ", ".join(lacking)}
        if rule.skills:
            reasons.append({"kind": "skills", "skills": ", ".join(rule.skills)})
        return None

    def _rank(self, rule: Any, lead: Any, person: Any, reasons: list[Reason]) -> tuple[Any, ...]:
        assert self.people is not None
        load, capacity = self.people.load.get(person.id, 0), person.capacity
        carried: Reason = {"kind": "load", "load": load}
        if capacity:
            carried = {"kind": "loaded", "load": load, "capacity": capacity}
        if rule.method == "first":
            reasons.append({"kind": "first"})
            return ()
        if rule.method == "round-robin":
            reasons.append({"kind": "turn"})
            return (self._turns.get((rule.id, person.id), 0),)
        if rule.method == "least-loaded":
            reasons.append(carried)
            return (Fraction(load, capacity) if capacity and self._all_bounded(rule) else Fraction(load),)
        won, closed = self.people.record(person.id, lead.industry)
        reasons += [{"kind": "rate", "won": won, "closed": closed}, carried]
        return (-Fraction(won + 1, closed + 2), load)

    def _all_bounded(self, rule: Any) -> bool:
        """Whether shares of capacity can be compared: everybody meant has one."""
        assert self.people is not None
        return all(person.capacity for _, person in self.people.of(rule))

    def _tie(self, lead: Any, person: Any, place: int) -> Any:
        if self.seed is None:
            return place
        return hashlib.sha256(f"{self.seed} {lead.id} {person.id}".encode()).hexdigest()


def _turns(tx: Tx) -> dict[tuple[int, int], int]:
    """(rule, person) → a number that is the higher the later it was their turn."""
    offer = table("assign")
    query = select(offer.rule_id, offer.owner_id, func.max(offer.id)).where(offer.rule_id.is_not(None))
    return {
        (rule, person): last
        for rule, person, last in tx.session.execute(query.group_by(offer.rule_id, offer.owner_id))
    }


def _refused(tx: Tx, leads: Sequence[int]) -> dict[tuple[int, int], str]:
    """(lead, person) → declined or expired: who had their chance."""
    from crmtui.store.bulk import member

    offer = table("assign")
    query = select(offer.lead_id, offer.owner_id, offer.state).where(
        member(tx, offer.lead_id, leads), offer.state.in_(("declined", "expired"))
    )
    return {(lead, person): state for lead, person, state in tx.session.execute(query)}
