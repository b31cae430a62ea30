"""An older store: one sentence says so, and it comes up to date with all that people made of it, or stays as it was."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from crmtui.errors import Forbidden, NotReady
from crmtui.services import backup, health, records, role, upgrade
from crmtui.services.context import Context
from crmtui.store import session, stamp
from tests.conftest import NOW
from tests.faults.state import assert_sound, fingerprint
from tests.older import age


def _open(url: str) -> Context:
    return Context.open(flags={"db": url}, now=NOW)


@pytest.fixture
def old(store_url: str) -> Iterator[str]:
    """A store of one schema ago, in which people worked."""
    with _open(store_url) as ctx:
        records.add(ctx, "account", {"name": "Acme"})
        records.add(ctx, "product", {"code": "P1", "name": "Pump"})
        records.add(ctx, "opp", {"name": "Deal", "account": "Acme", "expected_close_on": "2026-12-01"})
        retail = next(records.find(ctx, "type", where="list=industry and code=retail").rows)["ref"]
        records.edit(ctx, "type", retail, {"name": "Shops"})
        records.archive(ctx, "type", retail)
        records.edit(ctx, "role", "technician", {"code": "engineer"})
        role.grant(ctx, "rep", "lead.add", "none")
    age(store_url)
    return store_url


def test_an_older_store_says_so_in_one_sentence(old: str) -> None:
    with pytest.raises(NotReady) as told:
        _open(old)
    assert told.value.code == "store.older"
    assert f"schema {stamp.VERSION - 1}" in told.value.message
    assert f"needs {stamp.VERSION}" in told.value.message
    assert "crm db upgrade" in told.value.hint


def test_it_comes_up_with_what_is_new(old: str) -> None:
    done = upgrade.run({"db": old}, now=NOW)
    assert (done.before, done.now) == (stamp.VERSION - 1, stamp.VERSION)
    added = {(each.what, each.on): set(each.names) for each in done.added}
    assert added["table", "competitor"] == {"competitor"}
    assert added["column", "account"] == {"website", "parent_id"}
    assert added["column", "product"] == {"active"}
    assert "opp_closed" in added["index", "opp"]
    assert added["check", "opp"] == {"state"}
    assert added["entry", "industry"] == {"power"}
    assert added["rule", "autotask"] == {"mining"}
    assert {on for what, on in added if what == "right"} == {"competitor"}
    with _open(old) as ctx:
        states = {(each.check, each.state) for each in health.examine(ctx)}
        assert {("schema", "ok"), ("journal", "ok")} <= states
        records.edit(ctx, "account", "Acme", {"website": "https://acme.example"})
        assert records.show(ctx, "account", "Acme")["website"] == "https://acme.example"
        records.add(ctx, "competitor", {"name": "Other"})
        assert records.show(ctx, "product", "Pump")["active"] is True
        with ctx.transaction("opp.edit") as tx:
            tx.session.connection().exec_driver_sql("UPDATE opp SET state = 'suspended'")


def test_it_keeps_what_people_made_of_it(old: str) -> None:
    upgrade.run({"db": old}, now=NOW)
    with _open(old) as ctx:
        scopes = {(each["noun"], each["verb"]): each["scope"] for each in role.rights(ctx, "rep")}
        assert scopes["lead", "add"] == "none"
        assert scopes["competitor", "list"] == "all"
        retail = [*records.find(ctx, "type", where="list=industry and code=retail", archived=True).rows]
        assert [row["name"] for row in retail] == ["Shops"]
        roles = [row["code"] for row in records.find(ctx, "role").rows]
        assert "engineer" in roles
        assert "technician" not in roles


def test_a_copy_of_a_file_is_made_first_and_goes_back(old: str, tmp_path: Path) -> None:
    before = fingerprint(old)
    done = upgrade.run({"db": old}, now=NOW)
    if not old.startswith("sqlite"):
        assert done.copy == ""
        return
    assert fingerprint(f"sqlite:///{done.copy}") == before
    back = f"sqlite:///{tmp_path / 'again.db'}"
    backup.restore({"db": back}, Path(done.copy))
    assert upgrade.run({"db": back}, now=NOW).added == done.added


def test_a_dry_run_tells_the_same_and_changes_nothing(old: str) -> None:
    before = fingerprint(old)
    told = upgrade.run({"db": old}, dry_run=True, now=NOW)
    assert fingerprint(old) == before
    assert told.copy == ""
    with pytest.raises(NotReady):
        _open(old)
    assert upgrade.run({"db": old}, now=NOW).added == told.added


def test_once_more_finds_nothing_to_do(old: str) -> None:
    upgrade.run({"db": old}, now=NOW)
    before = fingerprint(old)
    again = upgrade.run({"db": old}, now=NOW)
    assert (again.added, again.copy) == ([], "")
    assert fingerprint(old) == before


def test_a_new_store_lacks_nothing_and_its_journal_is_whole(store_url: str) -> None:
    before = fingerprint(store_url)
    assert upgrade.run({"db": store_url}, now=NOW).added == []
    assert fingerprint(store_url) == before
    with _open(store_url) as ctx:
        assert_sound(ctx)


def test_only_who_may_configure_the_store_upgrades_it(old: str) -> None:
    store = session.connect(old)
    with store.engine.connect() as connection:
        connection.exec_driver_sql("UPDATE role_right SET scope = 'none' WHERE noun = 'store'")
        connection.commit()
    store.close()
    with pytest.raises(Forbidden):
        upgrade.run({"db": old}, now=NOW)
