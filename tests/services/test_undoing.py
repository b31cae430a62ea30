"""Taking back and doing again, step by step."""

import pytest

from crmtui.errors import Refused
from crmtui.services import records, undoing
from crmtui.services.context import Context


def _company(ctx: Context) -> str:
    return str(records.show(ctx, "lead", "L-1")["company"])


def test_steps_go_back_and_forth(ctx: Context) -> None:
    """As in an editor: back, back, forth, forth; a new change ends what could be done again."""
    records.add(ctx, "lead", {"company": "One"})
    records.edit(ctx, "lead", "L-1", {"company": "Two"})
    records.edit(ctx, "lead", "L-1", {"company": "Three"})
    assert "lead edit" in undoing.back(ctx)
    assert _company(ctx) == "Two"
    undoing.back(ctx)
    assert _company(ctx) == "One"
    undoing.forth(ctx)
    assert _company(ctx) == "Two"
    undoing.forth(ctx)
    assert _company(ctx) == "Three"
    with pytest.raises(Refused):
        undoing.forth(ctx)
    undoing.back(ctx)
    assert _company(ctx) == "Two"
    records.edit(ctx, "lead", "L-1", {"company": "Four"})
    with pytest.raises(Refused):
        undoing.forth(ctx)
    for expected in ("Two", "One"):
        undoing.back(ctx)
        assert _company(ctx) == expected


def test_nothing_to_take_back(ctx: Context) -> None:
    """Setting the company up is not one's own step to be taken back, or it is refused with the reason."""
    with pytest.raises(Refused):
        undoing.forth(ctx)
