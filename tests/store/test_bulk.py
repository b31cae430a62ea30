"""Many rows put in at once: the same entries as one by one, and nothing without one."""

from typing import Any

import pytest

from crmtui.errors import CrmError
from crmtui.services.context import Context, Tx
from crmtui.store import bulk, inspection
from crmtui.store.journal import Entry
from tests.conftest import NOW

MANY = bulk.STAGED * 2


@pytest.fixture
def ctx(store_url: str) -> Any:
    with Context.open(flags={"db": store_url}, now=NOW) as context:
        yield context


def _put_in(tx: Tx, refs: list[str]) -> dict[int, str]:
    refused: dict[int, str] = {}

    def note(place: int, error: CrmError) -> None:
        refused[place] = error.code

    columns = {"company": [f"C{place}" for place in range(len(refs))], "external_id": refs}
    bulk.insert(tx, "lead", columns, {"version": 1, "state": "new"}, note)
    return refused


def _rows(tx: Tx, statement: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in tx.session.connection().exec_driver_sql(statement)]


def _entries(tx: Tx) -> list[tuple[Any, ...]]:
    entry = Entry.__table__  # type: ignore[attr-defined]
    query = entry.select().where(entry.c.noun == "lead").order_by(entry.c.id)
    return [
        (row.tx, row.record, row.version, row.op, row.at, row.before, row.after)
        for row in tx.session.connection().execute(query)
    ]


@pytest.mark.parametrize("count", [1, MANY])
def test_every_row_that_is_put_in_has_its_entry(ctx: Context, count: int) -> None:
    with ctx.transaction("lead.import") as tx:
        assert _put_in(tx, [f"c{place}" for place in range(count)]) == {}
        number = tx.id
    with ctx.reading() as tx:
        ids = [record for (record,) in _rows(tx, "SELECT id FROM lead ORDER BY id")]
        assert len(ids) == count
        assert _entries(tx) == [(number, record, 1, "insert", None, None, None) for record in ids]


def test_where_one_row_is_refused_the_others_have_theirs(ctx: Context) -> None:
    refs = [f"c{place}" for place in range(MANY)]
    refs[7] = refs[3]
    with ctx.transaction("lead.import") as tx:
        assert list(_put_in(tx, refs)) == [7]
        _put_in(tx, ["late"])
    with ctx.reading() as tx:
        ids = [record for (record,) in _rows(tx, "SELECT id FROM lead ORDER BY id")]
        assert len(ids) == MANY
        assert [record for _, record, *_ in _entries(tx)] == ids
        assert inspection.untracked_tables(tx) == []


def test_the_next_batch_puts_its_entries_behind(ctx: Context) -> None:
    with ctx.transaction("lead.import") as tx:
        _put_in(tx, [f"a{place}" for place in range(MANY)])
        _put_in(tx, [f"b{place}" for place in range(MANY)])
    with ctx.reading() as tx:
        ids = [record for (record,) in _rows(tx, "SELECT id FROM lead ORDER BY id")]
        assert [record for _, record, *_ in _entries(tx)] == ids
        assert len(set(ids)) == MANY * 2
        assert inspection.untracked_tables(tx) == []


def test_a_missing_trigger_stays_missed(ctx: Context, store_url: str) -> None:
    if not ctx.store.sqlite:
        pytest.skip("PostgreSQL's triggers stay where they are")
    with ctx.transaction("lead.import") as tx:
        tx.session.connection().exec_driver_sql("DROP TRIGGER lead_insert")
        _put_in(tx, [f"a{place}" for place in range(MANY)])
        assert inspection.untracked_tables(tx) == ["lead"]
        assert len(_entries(tx)) == MANY
