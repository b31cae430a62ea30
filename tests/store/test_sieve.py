"""What the sieve lets through: every key that a record has, whoever gave it, and hardly any other."""

from typing import Any

import pytest

from crmtui.services import records
from crmtui.services.context import Context, Tx
from crmtui.store import bulk, sieve
from crmtui.store.sieve import Sieve
from tests.conftest import NOW

NEW = [f"new{number}" for number in range(sieve.WORTH)]


@pytest.fixture
def ctx(store_url: str) -> Any:
    with Context.open(flags={"db": store_url}, now=NOW) as context:
        if not context.store.sqlite:
            pytest.skip("only SQLite's keys are marked")
        yield context


def _put_in(tx: Tx, names: list[str]) -> None:
    columns = {"company": names, "name_key": names, "external_id": [f"x{name}" for name in names]}
    constants = {"version": 1, "state": "new", "updated_at": tx.now}
    bulk.insert(tx, "lead", columns, constants, lambda place, error: pytest.fail(str(error)))


def _let_through(found: Sieve, tx: Tx, *held: str) -> set[str]:
    """Of `held` and very many keys that nobody has, those that are let through."""
    passed = set(found.possible(tx, [*NEW, *held]))
    assert len(passed.difference(held)) < len(NEW) / 10
    return passed & set(held)


def test_what_was_there_and_what_comes_is_let_through(ctx: Context) -> None:
    found = Sieve("lead", "name_key")
    with ctx.transaction("lead.import") as tx:
        _put_in(tx, ["early", "早"])
        assert _let_through(found, tx, "early", "早", "late") == {"early", "早"}
        _put_in(tx, ["late", *(f"more{number}" for number in range(bulk.STAGED))])
        assert _let_through(found, tx, "early", "late", "more7") == {"early", "late", "more7"}
    with ctx.transaction("lead.import") as tx:
        assert _let_through(found, tx, "early", "late", "more7") == {"early", "late", "more7"}


def test_what_others_put_in_or_change_is_let_through(ctx: Context, store_url: str) -> None:
    by_name, by_id = Sieve("lead", "name_key"), Sieve("lead", "external_id")
    with ctx.transaction("lead.import") as tx:
        _put_in(tx, ["first", "second"])
        assert _let_through(by_name, tx, "third", "renamed") == set()
        assert _let_through(by_id, tx, "xfirst", "another") == {"xfirst"}
    with Context.open(flags={"db": store_url}, now=NOW) as other, other.transaction("lead.edit") as tx:
        records.insert(other, tx, "lead", {"company": "Third"})
        changes = "UPDATE lead SET name_key = 'renamed', external_id = 'another' WHERE name_key = 'first'"
        tx.session.connection().exec_driver_sql(changes)
    with ctx.transaction("lead.import") as tx:
        assert _let_through(by_name, tx, "second", "third", "renamed") == {"second", "third", "renamed"}
        assert _let_through(by_id, tx, "xsecond", "another") == {"xsecond", "another"}


def test_few_keys_and_keys_of_a_large_table_are_asked_for(ctx: Context, monkeypatch: Any) -> None:
    monkeypatch.setattr(sieve, "AGAINST", 0)
    found = Sieve("lead", "name_key")
    with ctx.transaction("lead.import") as tx:
        assert list(found.possible(tx, NEW[1:])) == NEW[1:]
        _put_in(tx, ["first"])
        assert list(found.possible(tx, NEW)) == NEW
        monkeypatch.setattr(sieve, "AGAINST", 10)
        assert _let_through(found, tx, "first") == {"first"}


def test_what_the_import_itself_put_in_needs_no_reading(ctx: Context, store_url: str) -> None:
    found = Sieve("lead", "name_key")
    with ctx.transaction("lead.import") as tx:
        assert _let_through(found, tx, "mine") == set()
        _put_in(tx, ["mine", "and this"])
        found.took(tx, sieve.places(["mine", "and this", "refused"]), 2)
        assert _let_through(found, tx, "mine", "and this") == {"mine", "and this"}
        _put_in(tx, ["told", "untold"])
        found.took(tx, sieve.places(["told"]), 1)  # another row came between: both are read
        assert _let_through(found, tx, "told", "untold", "late") == {"told", "untold"}
    with Context.open(flags={"db": store_url}, now=NOW) as other, other.transaction("lead.edit") as tx:
        records.insert(other, tx, "lead", {"company": "Late"})
    with ctx.transaction("lead.import") as tx:
        assert _let_through(found, tx, "mine", "late") == {"mine", "late"}
