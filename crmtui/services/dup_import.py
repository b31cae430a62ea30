"""The guard for imports, where the company wants it: rows that exist already are rejected, a whole part at a time."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from crmtui.errors import Refused
from crmtui.i18n import N_
from crmtui.services import dup, dup_guard, dup_near
from crmtui.services.columns import ABSENT, Faults
from crmtui.services.context import Tx
from crmtui.services.dup_keys import Facts, facts_of
from crmtui.services.dup_pairs import keys
from crmtui.services.dup_score import compare
from crmtui.store.record import table


class Guard:
    """What a store holds of a noun, by key, read once for an import; every new row is held against it, then kept in it."""

    def __init__(self, tx: Tx, noun: str) -> None:
        self.noun = noun
        self.held: dict[str, list[Facts]] = defaultdict(list)
        model = table(noun)
        query = select(*dup_near.columns(noun)).where(model.archived_at.is_(None))
        with tx.without_predicate("duplicate"):
            for row in tx.session.execute(query.execution_options(yield_per=2000)).mappings():
                self._hold(facts_of(noun, dict(row)))

    def _hold(self, facts: Facts) -> None:
        for key in set(keys(facts)):
            self.held[key].append(facts)

    def sift(
        self, places: Sequence[int], values: Mapping[str, list[Any]], faults: Faults, region: str
    ) -> list[int]:
        """Those of the new rows at `places` that exist nowhere yet; the others get a fault that says why."""
        wanted = [name for name in dup_near.READ if name in values]
        fresh = []
        for place in places:
            row = {name: values[name][place] for name in wanted if values[name][place] is not ABSENT}
            row |= dup_near.keys_of(self.noun, row, region)
            facts = facts_of(self.noun, row)
            error = self._found(facts)
            if error is not None:
                faults.setdefault(place, []).append(error)
                continue
            self._hold(facts)
            fresh.append(place)
        return fresh

    def _found(self, facts: Facts) -> Refused | None:
        """The refusal of a row that exists; it tells why, and nothing of the record that it looks like."""
        for key in keys(facts):
            for other in self.held.get(key, ())[-dup_near.MOST :]:
                score = compare(facts, other)
                if score.value >= dup_guard.SURE or dup_near.collides(score, facts.person):
                    return Refused(
                        "dup.exists_already",
                        N_("Such a record exists already: {reasons}."),
                        hint=N_("crm dup check {noun} tells which, if you may see it."),
                        reasons=dup.told(score.reasons),
                        noun=self.noun,
                    )
        return None


def guard(tx: Tx, noun: str) -> Guard | None:
    """The guard for an import of `noun`; None where imports are not looked at."""
    if noun not in dup.NOUNS or dup_guard.policy(tx, "import") == "off":
        return None
    return Guard(tx, noun)
