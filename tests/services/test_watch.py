"""What others changed meanwhile, and what a transaction changed."""

from crmtui.services import records, watch
from crmtui.services.context import Context


def test_what_came_since_is_named_without_what_one_did_oneself(ctx: Context) -> None:
    """A mark, then changes: those of others by their refs, one's own only by the higher mark."""
    records.add(ctx, "account", {"name": "Acme"})
    mark = watch.mark(ctx)
    assert watch.since(ctx, mark) == watch.Seen(mark)
    records.edit(ctx, "account", "A-1", {"city": "Suzhou"})
    first = ctx.last_tx
    records.add(ctx, "lead", {"company": "Beta"})
    seen = watch.since(ctx, mark)
    assert seen.mark > mark
    assert seen.refs == {"A-1", "L-1"}
    assert first is not None
    assert watch.since(ctx, mark, frozenset({int(first)})).refs == {"L-1"}
    assert watch.refs_of(ctx, str(first)) == ["A-1"]


def test_too_many_are_not_named_one_by_one(ctx: Context) -> None:
    """Beyond the limit everything counts as changed."""
    mark = watch.mark(ctx)
    records.add_many(ctx, "lead", [{"company": f"C{number}"} for number in range(watch.MOST + 1)])
    assert watch.since(ctx, mark).many
