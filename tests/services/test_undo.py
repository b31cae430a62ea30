"""Taking transactions back: what comes back, what stands in the way, who may; the log and the history beside it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from crmtui.errors import Conflict, CrmError, Forbidden, NotFound, Refused
from crmtui.money import Money
from crmtui.services import journal, opportunity, records, reversal
from crmtui.services.context import Context, Ref
from crmtui.store import unfolding
from crmtui.store.record import table
from tests.conftest import NOW
from tests.people import acting


def rows(ctx: Context) -> unfolding.Rows:
    """All that the store holds, but for what every change touches."""
    with ctx.reading() as tx:
        found = unfolding.rows(tx)
    hidden = ("version", "updated_at")
    return {
        noun: {key: {k: v for k, v in row.items() if k not in hidden} for key, row in held.items()}
        for noun, held in found.items()
    }


def last(ctx: Context) -> str:
    assert ctx.last_tx is not None
    return ctx.last_tx


def account(ctx: Context, **given: object) -> str:
    return str(records.add(ctx, "account", {"name": "Acme", **given}).id)


def edit(ctx: Context, ref: str, **given: object) -> str:
    records.edit(ctx, "account", ref, given)
    return last(ctx)


def refused(ctx: Context, tx: str) -> CrmError:
    before = rows(ctx)
    with pytest.raises(CrmError) as caught:
        reversal.undo(ctx, tx)
    assert rows(ctx) == before
    return caught.value


def direct(ctx: Context, statement: str) -> None:
    with ctx.store.engine.execution_options(write=True).begin() as connection:
        connection.execute(text(statement))


# -- what comes back ----------------------------------------------------------------------------------------------


def test_an_edit_and_back_and_again(ctx: Context) -> None:
    ref = account(ctx, note="first", tags="a,b")
    before = rows(ctx)
    tx = edit(ctx, ref, name="Other", note="", tags="c")
    after = rows(ctx)
    done = reversal.undo(ctx, tx)
    assert rows(ctx) == before
    assert (done.tx, done.restored, done.removed, done.brought_back) == (last(ctx), 1, 0, 0)
    reversal.undo(ctx, done.tx)
    assert rows(ctx) == after
    assert records.show(ctx, "account", ref)["version"] == 4


def test_what_was_added_goes_and_comes_back_under_its_own_id(ctx: Context) -> None:
    before = rows(ctx)
    ref = account(ctx)
    after, tx = rows(ctx), last(ctx)
    gone = reversal.undo(ctx, tx)
    assert (gone.removed, rows(ctx)) == (1, before)
    back = reversal.undo(ctx, gone.tx)
    assert (back.brought_back, rows(ctx)) == (1, after)
    assert records.show(ctx, "account", ref)["version"] == 2


def test_what_was_deleted_comes_back(ctx: Context) -> None:
    ref = account(ctx, note="a note")
    before = rows(ctx)
    with ctx.transaction("account.edit", force=True) as tx:
        tx.session.delete(tx.session.get(table("account"), int(ref)))
    assert reversal.undo(ctx, last(ctx)).brought_back == 1
    assert rows(ctx) == before


def test_a_bulk_edit(ctx: Context) -> None:
    items = [{"name": f"No {number}", "note": str(number)} for number in range(50)]
    records.add_many(ctx, "account", items)
    before = rows(ctx)
    records.edit_where(ctx, "account", "", {"note": "all the same"})
    assert reversal.undo(ctx, last(ctx)).restored == 50
    assert rows(ctx) == before


def test_an_import_that_added_and_overwrote(ctx: Context) -> None:
    ref = account(ctx, note="mine")
    before = rows(ctx)
    with ctx.transaction("account.import") as tx:
        tx.session.add_all(table("account")(name=str(number)) for number in range(20))
        tx.session.get(table("account"), int(ref)).note = "theirs"
    done = reversal.undo(ctx, last(ctx))
    assert (done.restored, done.removed) == (1, 20)
    assert rows(ctx) == before


def test_records_that_point_at_each_other(ctx: Context) -> None:
    before = rows(ctx)
    with ctx.transaction("dept.add") as tx:
        dept = tx.add(table("dept")(name="Sales"))
        head = tx.add(table("user")(login="li", name="Li", dept_id=dept.id, role_id=1))
        dept.head_id = head.id
        below = tx.add(table("dept")(name="East", parent_id=dept.id, head_id=head.id))
        head.dept_id = below.id
    after = rows(ctx)
    gone = reversal.undo(ctx, last(ctx))
    assert (gone.removed, rows(ctx)) == (3, before)
    assert reversal.undo(ctx, gone.tx).brought_back == 3
    assert rows(ctx) == after


def test_parts_go_with_their_records(ctx: Context) -> None:
    before = rows(ctx)
    with ctx.transaction("opp.add") as tx:
        opp = tx.add(table("opp")(name="Deal"))
        tx.add(table("opp_member")(opp_id=opp.id, user_id=ctx.actor.id))
    assert reversal.undo(ctx, last(ctx)).removed == 2
    assert rows(ctx) == before


def test_one_row_changed_twice_in_one_transaction(ctx: Context) -> None:
    ref = account(ctx, note="first")
    before = rows(ctx)
    with ctx.transaction("account.edit") as tx:
        row = tx.session.get(table("account"), int(ref))
        for note in ("second", "third"):
            row.note = note
            tx.session.flush()
    reversal.undo(ctx, last(ctx))
    assert rows(ctx) == before


def test_a_dry_run_tells_and_changes_nothing(ctx: Context, store_url: str) -> None:
    ref = account(ctx)
    tx = edit(ctx, ref, name="Other")
    before = rows(ctx)
    with Context.open(flags={"db": store_url}, now=NOW, dry_run=True) as rehearsal:
        assert reversal.undo(rehearsal, tx).restored == 1
        assert records.show(rehearsal, "account", ref)["name"] == "Acme"
    assert rows(ctx) == before


# -- what stands in the way ---------------------------------------------------------------------------------------


def test_a_later_change_of_the_same_field(ctx: Context) -> None:
    ref = account(ctx)
    first = edit(ctx, ref, name="One", note="n")
    second = edit(ctx, ref, name="Two")
    error = refused(ctx, first)
    assert isinstance(error, Refused)
    assert error.code == "undo.later_change"
    assert (error.params["ref"], error.params["what"], error.params["later"]) == (
        f"A-{ref}",
        "name",
        int(second),
    )
    assert error.params["who"] == ctx.actor.login
    assert error.params["when"] == "2026-11-20 09:00"


def test_a_later_change_of_another_field_stays(ctx: Context) -> None:
    ref = account(ctx)
    first = edit(ctx, ref, name="One")
    edit(ctx, ref, note="kept")
    reversal.undo(ctx, first)
    shown = records.show(ctx, "account", ref)
    assert (shown["name"], shown["note"]) == ("Acme", "kept")


def test_a_later_change_that_was_taken_back_is_none(ctx: Context) -> None:
    ref = account(ctx)
    first, second = edit(ctx, ref, name="One"), edit(ctx, ref, name="Two")
    reversal.undo(ctx, second)
    reversal.undo(ctx, first)
    assert records.show(ctx, "account", ref)["name"] == "Acme"


def test_a_later_change_that_was_done_again_is_one(ctx: Context) -> None:
    ref = account(ctx)
    first, second = edit(ctx, ref, name="One"), edit(ctx, ref, name="Two")
    reversal.undo(ctx, reversal.undo(ctx, second).tx)
    assert refused(ctx, first).code == "undo.later_change"


def test_an_undo_of_something_older_stands_in_the_way(ctx: Context) -> None:
    ref = account(ctx)
    older = edit(ctx, ref, name="One")
    newer = edit(ctx, ref, name="Two")
    taken = reversal.undo(ctx, newer)
    reversal.undo(ctx, older)
    assert refused(ctx, taken.tx).code == "undo.later_change"


def test_a_record_that_would_go_was_changed_since(ctx: Context) -> None:
    ref = account(ctx)
    added = last(ctx)
    edit(ctx, ref, note="more")
    error = refused(ctx, added)
    assert (error.code, error.params["what"]) == ("undo.later_change", "note")


def test_a_record_that_was_changed_is_gone(ctx: Context) -> None:
    ref = account(ctx)
    tx = edit(ctx, ref, note="more")
    with ctx.transaction("account.edit", force=True) as writing:
        writing.session.delete(writing.session.get(table("account"), int(ref)))
    error = refused(ctx, tx)
    assert (error.code, error.params["what"]) == ("undo.later_change", "deleted")


def test_a_change_past_the_program_stands_in_the_way(ctx: Context) -> None:
    tx = edit(ctx, account(ctx), note="more")
    direct(ctx, "UPDATE account SET note = 'past it'")
    error = refused(ctx, tx)
    assert (error.code, error.params["who"], error.params["later"]) == ("undo.later_change", "(direct)", None)


@pytest.mark.parametrize("pointer", ["contact", "opp", "products"])
def test_a_record_that_would_go_is_pointed_at(ctx: Context, pointer: str) -> None:
    if pointer == "products":
        target = f"PR-{records.add(ctx, 'product', {'name': 'Crane'}).id}"
        tx = last(ctx)
        child = records.add(ctx, "opp", {"name": "Deal", "account": account(ctx), "products": target,
                                         "amount": "1", "expected_close_on": "2027-01-01"})  # fmt: skip
    else:
        target = f"A-{account(ctx)}"
        tx = last(ctx)
        more = {"amount": "1", "expected_close_on": "2027-01-01"} if pointer == "opp" else {}
        child = records.add(ctx, pointer, {"name": "Child", "account": target, **more})
    error = refused(ctx, tx)
    assert isinstance(error, Refused)
    assert error.code == "undo.referenced"
    assert error.params["gone"] == target
    assert error.params["ref"] == f"{table(child.NOUN).PREFIX}-{child.id}"


def test_a_quota_of_a_product_that_would_go(ctx: Context) -> None:
    records.add(ctx, "product", {"name": "Crane"})
    tx = last(ctx)
    records.add(ctx, "quota", {"scope": "product", "of": "Crane", "period": "2026", "amount": "5"})
    assert refused(ctx, tx).code == "undo.referenced"


def test_twice(ctx: Context) -> None:
    tx = edit(ctx, account(ctx), note="more")
    done = reversal.undo(ctx, tx)
    error = refused(ctx, tx)
    assert isinstance(error, Refused)
    assert (error.code, error.params["by"]) == ("undo.already", int(done.tx))
    reversal.undo(ctx, done.tx)
    reversal.undo(ctx, tx)
    assert refused(ctx, tx).code == "undo.already"


def test_the_making_of_the_store_stays(ctx: Context) -> None:
    assert refused(ctx, "1").code == "undo.foundation"


def test_no_such_transaction(ctx: Context) -> None:
    account(ctx)
    own = str(int(last(ctx)) + 1)  # the number that the undo itself would get
    for typed in ("0", own, "-1", "x", "", "1.0", "９", "9" * 30):
        assert isinstance(refused(ctx, typed), NotFound)


# Rights and the log are the same in both stores; the rest is told by either.


@pytest.fixture
def alone(sqlite_url: str) -> Iterator[Context]:
    """The administrator's context, in a store of one kind."""
    with Context.open(flags={"db": sqlite_url}, now=NOW) as context:
        yield context


# -- who may ------------------------------------------------------------------------------------------------------


def test_a_rep_takes_back_their_own(sqlite_url: str) -> None:
    with acting(sqlite_url, "li", "wang") as (li, wang):
        ref = account(li)
        tx = edit(li, ref, note="more")
        error = refused(wang, tx)
        assert isinstance(error, NotFound)
        assert error.code == refused(wang, "999").code
        assert reversal.undo(li, tx).restored == 1


def test_a_record_that_was_given_away_is_out_of_reach(sqlite_url: str) -> None:
    with acting(sqlite_url, "li", "zhou") as (li, boss):
        ref = account(li)
        tx = edit(li, ref, note="more")
        records.edit(boss, "account", ref, {"owner": "wang"})
        error = refused(li, tx)
        assert isinstance(error, Forbidden)
        assert error.params["ref"] == f"A-{ref}"


def test_an_administrator_takes_back_anybodys(sqlite_url: str, alone: Context) -> None:
    with acting(sqlite_url, "li") as (li,):
        ref = account(li)
    assert reversal.undo(alone, last(li)).removed == 1
    with pytest.raises(NotFound):
        records.show(alone, "account", ref)


# -- log ----------------------------------------------------------------------------------------------------------


def test_the_log_is_newest_first(alone: Context) -> None:
    records.add_many(alone, "account", [{"name": "One"}, {"name": "Two"}])
    added = last(alone)
    done = reversal.undo(alone, added)
    found = journal.log(alone, limit=2)
    assert [row["tx"] for row in found] == [done.tx, added]
    assert [(row["verb"], row["records"], row["undone_by"]) for row in found] == [
        ("log.undo", 2, None),
        ("account.add", 2, done.tx),
    ]
    assert found[0]["at"] == datetime.fromisoformat(NOW)
    assert found[0]["at"].utcoffset() == timedelta(hours=8)
    assert found[0]["actor"] == alone.actor.login


def test_the_log_by_noun_person_and_moment(alone: Context, sqlite_url: str) -> None:
    with acting(sqlite_url, "li") as (li,):
        account(li)
    account(alone)
    assert [row["login"] for row in journal.log(alone, limit=None, user="li")] == [alone.actor.login]
    assert [row["actor"] for row in journal.log(alone, limit=None, user="li")] == ["li"]
    assert {row["verb"] for row in journal.log(alone, limit=None, noun="account")} == {"account.add"}
    assert journal.log(alone, limit=None, since=alone.clock.now() + timedelta(seconds=1)) == []
    assert len(journal.log(alone, limit=None, since=alone.clock.now())) > 5
    with pytest.raises(CrmError, match="acount"):
        journal.log(alone, limit=1, noun="acount")


def test_others_see_their_own_log(sqlite_url: str) -> None:
    with acting(sqlite_url, "li", "wang") as (li, wang):
        account(li)
        assert [row["tx"] for row in journal.log(li, limit=None)] == [last(li)]
        assert journal.log(wang, limit=None) == []
        assert journal.log(wang, limit=None, user="li") == []


def test_a_dry_run_sees_itself_in_the_log(alone: Context, sqlite_url: str) -> None:
    with Context.open(flags={"db": sqlite_url}, now=NOW, dry_run=True) as rehearsal:
        records.add(rehearsal, "account", {"name": "One"})
        assert journal.log(rehearsal, limit=1)[0]["verb"] == "account.add"


# -- history ------------------------------------------------------------------------------------------------------


def told(found: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(row["verb"], row["change"], row["field"], row["before"], row["after"]) for row in found]


def test_history_tells_each_field_as_people_see_it(ctx: Context) -> None:
    customer = account(ctx)
    given = {"name": "Deal", "account": customer, "amount": "10", "expected_close_on": "2027-01-01"}
    ref = str(records.add(ctx, "opp", given).id)
    other = str(records.add(ctx, "account", {"name": "Other"}).id)
    records.edit(ctx, "opp", ref, {"amount": "12.50", "account": other})
    records.archive(ctx, "opp", ref)
    records.restore(ctx, "opp", ref)
    found = journal.history(ctx, "opp", f"O-{ref}")
    assert told(found) == [
        ("opp.add", "added", "", None, None),
        ("opp.edit", "changed", "account", Ref(f"A-{customer}", "Acme", int(customer)), Ref(f"A-{other}", "Other", int(other))),
        ("opp.edit", "changed", "amount", Money(1000, "USD"), Money(1250, "USD")),
        ("opp.archive", "archived", "", None, None),
        ("opp.restore", "restored", "", None, None),
    ]  # fmt: skip
    assert all(set(row) == {field.name for field in journal.HISTORY} for row in found)
    assert {row["at"] for row in found} == {datetime.fromisoformat(NOW)}


def test_history_of_what_came_and_went(ctx: Context) -> None:
    ref = account(ctx)
    reversal.undo(ctx, reversal.undo(ctx, last(ctx)).tx)
    changes = [(row["verb"], row["change"]) for row in journal.history(ctx, "account", ref)]
    assert changes == [("account.add", "added"), ("log.undo", "deleted"), ("log.undo", "added")]


def test_history_of_a_direct_write(ctx: Context) -> None:
    ref = account(ctx)
    direct(ctx, "UPDATE account SET note = 'past it'")
    row = journal.history(ctx, "account", ref)[-1]
    assert (row["tx"], row["actor"], row["field"], row["after"]) == (None, "(direct)", "note", "past it")
    assert row["login"] == ("" if ctx.store.sqlite else "postgres")


def test_attributes_are_told_one_by_one(ctx: Context) -> None:
    for name in ("size", "colour"):
        records.add(ctx, "attribute", {"noun": "account", "name": name, "title": name, "type": "line"})
    ref = account(ctx, **{"x.size": "L", "x.colour": "red"})
    edit(ctx, ref, **{"x.size": "XL"})
    assert told(journal.history(ctx, "account", ref))[1:] == [
        ("account.edit", "changed", "x.size", "L", "XL")
    ]


def test_a_stage_tells_how_long_it_was_left_in(ctx: Context, store_url: str) -> None:
    given = {"name": "Deal", "account": account(ctx), "amount": "10", "expected_close_on": "2027-01-01"}
    ref = str(records.add(ctx, "opp", given).id)
    for now in ("2026-11-23T09:00:00+08:00", "2026-11-24T08:59:00+08:00"):
        with Context.open(flags={"db": store_url}, now=now) as later:
            opportunity.advance(later, ref)
    found = [row for row in journal.history(ctx, "opp", ref) if row["field"] == "stage"]
    assert [row["days"] for row in found] == [3, 0]


def test_history_is_for_those_who_see_the_record(store_url: str) -> None:
    with acting(store_url, "li", "wang", "chen") as (li, wang, manager):
        ref = account(li)
        with pytest.raises(NotFound):
            journal.history(wang, "account", ref)
        assert len(journal.history(manager, "account", ref)) == 1


# -- conflicts ----------------------------------------------------------------------------------------------------


@pytest.fixture
def had(store_url: str) -> Iterator[Context]:
    """Somebody who still has version 1."""
    with Context.open(flags={"db": store_url}, now="2026-11-20T11:00:00+08:00", if_version=1) as context:
        yield context


def test_a_conflict_shows_both_values(ctx: Context, had: Context) -> None:
    ref = account(ctx, note="first")
    edit(ctx, ref, name="Other", note="theirs")
    edit(ctx, ref, name="Another")
    with pytest.raises(Conflict) as caught:
        records.edit(had, "account", ref, {"name": "Mine"})
    login = ctx.actor.login
    said = str(caught.value.params["changes"])
    assert said == f"{login} at 09:00: name is Another (yours Mine), note is theirs" or said == (
        f"{login} at 09:00: note is theirs, name is Another (yours Mine)"
    )
    assert (caught.value.params["now"], caught.value.params["had"]) == (3, 1)
