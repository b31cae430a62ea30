"""What points at a record: for each kind of record the condition that finds those, and how many they are."""

from dataclasses import dataclass

from crmtui.services import records
from crmtui.services.context import Context
from crmtui.services.nouns import NOUNS
from crmtui.store import refs
from crmtui.store.fields import Field

LISTED = {"product": ("opp",), "user": ("assignrule",)}
"""What points at a noun from a list in a column, of which the store's own catalogue knows nothing."""


@dataclass(frozen=True)
class Related:
    """Records of `noun` whose field (`label`, a marked text) means the record; `where` finds them."""

    noun: str
    label: str
    where: str
    count: int


def related(ctx: Context, noun: str, ref: str) -> list[Related]:
    """What of each kind the actor may list points at the record, fields that nobody types left out. Raises NotFound."""
    record = records.show(ctx, noun, ref)
    with ctx.reading() as tx:
        pointing = refs.pointing(tx, noun).union(LISTED.get(noun, ()))
    found = []
    for other in NOUNS:
        if other not in pointing or ctx.actor.scope(other, "list") == "none":
            continue
        for field in records.declared_fields(other):
            if _points(field, noun):
                where = f"{field.name} = {record['ref']}"
                count = records.count_where(ctx, other, where)
                if count:
                    found.append(Related(other, field.label, where, count))
    return found


def _points(field: Field, noun: str) -> bool:
    return field.kind in ("ref", "refs") and field.noun == noun and field.settable and not field.custom


def owned(ctx: Context, person: str) -> list[Related]:
    """What belongs to a person, those kinds of record that the actor may list. Raises NotFound."""
    return [one for one in related(ctx, "user", person) if one.where.startswith("owner =")]
