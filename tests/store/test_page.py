"""The first rows of a list are the same, whichever way SQLite takes to them."""

from typing import Any

import pytest

from crmtui.services import records
from crmtui.services.context import Context
from crmtui.store import page
from tests.conftest import NOW


@pytest.fixture
def ctx(sqlite_url: str) -> Any:
    with Context.open(flags={"db": sqlite_url}, now=NOW) as context:
        yield context


def _plan(ctx: Context, where: str) -> tuple[list[str], str]:
    """The refs of the newest three leads, and how SQLite came to them."""
    from sqlalchemy import event

    seen: list[tuple[str, Any]] = []

    def note(_c: Any, _k: Any, statement: str, given: Any, *_: Any) -> None:
        seen.append((statement, given))

    event.listen(ctx.store.engine, "before_cursor_execute", note)
    found = [str(row["ref"]) for row in records.find(ctx, "lead", where=where, limit=3, fields=["ref"]).rows]
    event.remove(ctx.store.engine, "before_cursor_execute", note)
    statement, given = next(one for one in seen if "FROM lead" in one[0] and "ORDER BY" in one[0])
    with ctx.store.engine.connect() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)
        return found, " ".join(str(row[3]) for row in rows)


def test_a_state_of_very_many_is_no_way_to_the_first_rows(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "FEW", 20)
    for number in range(30):
        records.add(ctx, "lead", {"company": f"Company {number}"})
    with ctx.store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE lead SET state = 'disqualified' WHERE id % 10 = 0")
    ctx.actor.built.clear()
    found, plan = _plan(ctx, "state = new")
    assert found == ["L-29", "L-28", "L-27"]
    assert "TEMP B-TREE" not in plan
    assert _plan(ctx, "state = disqualified")[0] == ["L-30", "L-20", "L-10"]
    assert _plan(ctx, "state = new and company = 'Company 4'")[0] == ["L-5"]
