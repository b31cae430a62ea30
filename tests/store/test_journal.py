"""The journal's triggers: they know every column, tell NULL from unchanged, keep every letter, and cannot be undone."""

import json
import re
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from crmtui.services import records
from crmtui.services.context import Context
from crmtui.store import chronicle
from crmtui.store.journal import Entry, journalled, trigger_columns
from crmtui.store.record import table

STRANGE = 'say "hi" \'there\' \\ back\\\\slash\nnew\r\n\ttab \x01\x1b[31m\x7f \u2028 北京 \U0001f600 {"a": null} %s :x'


def direct(ctx: Context, statement: str, **values: object) -> None:
    """Change the store past the program."""
    with ctx.store.engine.execution_options(write=True).begin() as connection:
        connection.execute(text(statement), values)


def newest(ctx: Context) -> Any:
    entry = Entry.__table__  # type: ignore[attr-defined]
    with ctx.reading() as tx:
        return tx.session.connection().execute(entry.select().order_by(entry.c.id.desc()).limit(1)).one()


def test_each_trigger_covers_exactly_the_columns_of_its_table(sqlite_url: str) -> None:
    with Context.open(flags={"db": sqlite_url}) as ctx, ctx.store.engine.connect() as connection:
        for of in journalled():
            columns = {row.name for row in connection.execute(text(f'PRAGMA table_info("{of.name}")'))} - {
                "id"
            }
            assert columns == set(trigger_columns(of))
            query = text("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = :of")
            made = {row.name: row.sql for row in connection.execute(query, {"of": of.name})}
            assert set(made) == {f"{of.name}_{verb}" for verb in ("insert", "update", "delete")}
            for verb, row in (("update", "OLD"), ("update", "NEW"), ("delete", "OLD")):
                named = set(re.findall(rf'{row}\."(\w+)"', made[f"{of.name}_{verb}"]))
                assert named == columns, (of.name, verb, row)


@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id + 1000", "DELETE FROM {}"])
@pytest.mark.parametrize("name", ["tx", "journal"])
def test_the_journal_is_append_only(ctx: Context, name: str, statement: str) -> None:
    records.add(ctx, "competitor", {"name": "One"})
    with pytest.raises(DBAPIError, match="append-only"):
        direct(ctx, statement.format(name))


def test_an_update_names_what_changed_and_nothing_else(ctx: Context) -> None:
    account = records.add(ctx, "account", {"name": "One", "note": "there"})
    direct(ctx, "UPDATE account SET note = NULL, website = 'x', name = name WHERE id = :id", id=account.id)
    entry = newest(ctx)
    assert (entry.op, entry.noun, entry.record) == ("update", "account", account.id)
    assert json.loads(entry.before) == {"note": "there", "website": None}
    assert json.loads(entry.after) == {"note": None, "website": "x"}


def test_an_update_that_changes_nothing_is_not_told(ctx: Context) -> None:
    records.add(ctx, "account", {"name": "One"})
    before = newest(ctx).id
    direct(ctx, "UPDATE account SET name = name, note = note")
    assert newest(ctx).id == before


def test_an_insert_carries_no_values_and_a_delete_the_whole_row(ctx: Context) -> None:
    competitor = records.add(ctx, "competitor", {"name": "One"})
    entry = newest(ctx)
    assert (entry.op, entry.before, entry.after) == ("insert", None, None)
    held = records.columns_of(competitor)
    direct(ctx, "DELETE FROM competitor")
    entry = newest(ctx)
    assert (entry.op, entry.after) == ("delete", None)
    assert {"id": competitor.id, **chronicle.values_of(table("competitor").__table__, entry.before)} == held


def test_a_direct_write_is_told_as_such(ctx: Context) -> None:
    direct(ctx, "INSERT INTO competitor (name, version) VALUES ('Direct', 1)")
    entry = newest(ctx)
    assert entry.tx is None
    assert entry.at.tzinfo is not None
    assert entry.actor == (None if ctx.store.sqlite else "postgres")


def test_a_transaction_is_told_with_its_actor_and_its_moment(ctx: Context) -> None:
    records.add(ctx, "competitor", {"name": "One"})
    entry = newest(ctx)
    found = chronicle.CHANGE
    with ctx.reading() as tx:
        change = tx.session.connection().execute(found.select().where(found.c.id == entry.tx)).one()
    assert (change.verb, change.actor_id, change.at) == ("competitor.add", ctx.actor.id, ctx.clock.now())
    assert (entry.at, entry.actor) == (None, None)


def test_a_bulk_statement_is_told_row_by_row(ctx: Context) -> None:
    records.add_many(ctx, "account", [{"name": str(number)} for number in range(5)])
    records.edit_where(ctx, "account", "", {"note": "all"})
    with ctx.reading() as tx:
        assert chronicle.counts(tx, [int(ctx.last_tx or 0)]) == {int(ctx.last_tx or 0): 5}


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(value=st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=40))
def test_every_text_survives(ctx: Context, value: str) -> None:
    with ctx.transaction("competitor.add") as tx:
        competitor = tx.add(table("competitor")(name="One", note=STRANGE + value))
    direct(ctx, "UPDATE competitor SET note = :v WHERE id = :id", v=value + "!" + STRANGE, id=competitor.id)
    entry = newest(ctx)
    assert json.loads(entry.before) == {"note": STRANGE + value}
    assert json.loads(entry.after) == {"note": value + "!" + STRANGE}
    direct(ctx, "DELETE FROM competitor WHERE id = :id", id=competitor.id)
    assert json.loads(newest(ctx).before)["note"] == value + "!" + STRANGE


def test_every_kind_of_column_is_read_back(ctx: Context) -> None:
    account = records.add(ctx, "account", {"name": "One"})
    contact = records.add(
        ctx,
        "contact",
        {
            "name": "Li",
            "account": str(account.id),
            "birth_date": "1980-02-29",
            "married": "yes",
            "children": "Mia 2015-05-01; Tom",
            "tags": "a,b'",
        },
    )
    held = records.columns_of(contact)
    direct(ctx, "DELETE FROM contact")
    values = chronicle.values_of(table("contact").__table__, newest(ctx).before)
    assert {"id": contact.id, **values} == held
    kinds = {type(value) for value in values.values()}
    assert {int, str, bool, date, datetime, list, type(None)} <= kinds
