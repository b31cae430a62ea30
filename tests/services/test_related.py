"""What points at a record."""

import pytest

from crmtui.errors import NotFound
from crmtui.services import records, related
from crmtui.services.context import Context
from crmtui.services.nouns import NOUNS
from crmtui.store import refs


def test_what_points_at_a_record_is_found_by_its_condition(ctx: Context) -> None:
    """Every kind with a field that means it; the condition finds as many as were counted; others are not there."""
    records.add(ctx, "user", {"name": "Wu Lan", "login": "wu"})
    for name, more in (("Acme", {}), ("Acme East", {"parent": "A-1"}), ("Other", {"owner": "wu"})):
        records.add(ctx, "account", {"name": name, **more})
    records.add(ctx, "contact", {"name": "Li", "account": "A-1"})
    found = {(one.noun, one.label): one for one in related.related(ctx, "account", "A-1")}
    assert {key: one.count for key, one in found.items()} == {
        ("account", "Parent company"): 1,
        ("contact", "Account"): 1,
    }
    for one in found.values():
        assert records.count_where(ctx, one.noun, one.where) == one.count
    user = str(next(records.find(ctx, "user", where="login = wu").rows)["ref"])
    assert [(one.noun, one.count) for one in related.owned(ctx, user)] == [("account", 1)]
    with pytest.raises(NotFound):
        related.related(ctx, "account", "A-99")


def test_every_noun_that_declares_a_reference_is_known_to_point(ctx: Context) -> None:
    declared: dict[str, set[str]] = {}
    for noun in NOUNS:
        for field in records.declared_fields(noun):
            if field.kind in ("ref", "refs") and field.settable and field.noun:
                declared.setdefault(field.noun, set()).add(noun)
    with ctx.reading() as tx:
        for noun, others in declared.items():
            assert others <= refs.pointing(tx, noun).union(related.LISTED.get(noun, ())), noun
