"""Two administrators who move A under B and B under A at the same moment: one of them is refused, and no circle is left."""

import multiprocessing

import pytest

from crmtui.errors import Refused
from crmtui.services import records
from crmtui.services.context import Context
from crmtui.store import inspection
from tests.conftest import NOW
from tests.faults.state import assert_sound

FORK = multiprocessing.get_context("fork")
TIMES = 6


def _move(url: str, noun: str, child: str, parent: str, start: object, told: object) -> None:
    with Context.open(flags={"db": url}, now=NOW) as ctx:
        start.wait(30)  # type: ignore[attr-defined]
        try:
            records.edit(ctx, noun, child, {"parent": parent})
            told.put("moved")  # type: ignore[attr-defined]
        except Refused as error:
            told.put(error.code)  # type: ignore[attr-defined]
        except BaseException as error:
            told.put(repr(error))  # type: ignore[attr-defined]
            raise


def test_a_circle_is_not_made_by_two(store_url: str) -> None:
    with Context.open(flags={"db": store_url}, now=NOW) as ctx:
        for number in range(TIMES):
            for name in ("A", "B"):
                records.add(ctx, "dept", {"name": f"{name}{number}"})
    for number in range(TIMES):
        start, told = FORK.Barrier(2), FORK.Queue()
        pairs = [(f"A{number}", f"B{number}"), (f"B{number}", f"A{number}")]
        movers = [FORK.Process(target=_move, args=(store_url, "dept", *pair, start, told)) for pair in pairs]
        for mover in movers:
            mover.start()
        answers = sorted(told.get(timeout=30) for _ in movers)
        for mover in movers:
            mover.join(30)
            mover.close()
        assert answers == ["moved", "tree.circle"]
    with Context.open(flags={"db": store_url}, now=NOW) as ctx:
        with ctx.reading() as tx, tx.without_predicate("doctor"):
            assert inspection.circle(tx, "dept", "parent_id") == []
        assert_sound(ctx)


def test_undo_does_not_make_a_circle_either(store_url: str) -> None:
    """A stood under X; it was moved away, and X moved under A. Taking the first move back would close the circle."""
    from crmtui.services.reversal import undo

    with Context.open(flags={"db": store_url}, now=NOW) as ctx:
        records.add(ctx, "dept", {"name": "X"})
        records.add(ctx, "dept", {"name": "A", "parent": "X"})
        records.edit(ctx, "dept", "A", {"parent": ""})
        moved = ctx.last_tx
        records.edit(ctx, "dept", "X", {"parent": "A"})
        assert moved
        with pytest.raises(Refused):
            undo(ctx, moved)
        with ctx.reading() as tx, tx.without_predicate("doctor"):
            assert inspection.circle(tx, "dept", "parent_id") == []
