"""Duplicates in the store: kept from being entered (WX-26), found, told apart, merged and parted; one deal twice (WX-27)."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from crmtui.errors import CrmError, Forbidden, Invalid, NotFound, Refused
from crmtui.services import dup, dup_deal, dup_guard, dup_merge, lead, records, reversal, transfer
from crmtui.services.context import Context
from crmtui.store.record import table
from tests.people import acting

NOW = "2026-11-20T09:00:00+08:00"


@pytest.fixture(autouse=True)
def _guarded(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the program does unless a company decides otherwise; other tests enter what looks alike on purpose."""
    monkeypatch.setitem(dup_guard.POLICY, "account", ("block", dup_guard.POLICY["account"][1]))


@pytest.fixture
def people(store_url: str) -> Iterator[tuple[Context, ...]]:
    """Li and Wang, reps of one department; Chen, who leads both; an administrator."""
    with (
        acting(store_url, "li", "wang", "chen") as three,
        Context.open(flags={"db": store_url}, now=NOW) as admin,
    ):
        yield (*three, admin)


def _names(ctx: Context, noun: str = "account") -> list[str]:
    return sorted(row["name"] for row in records.find(ctx, noun, fields=["name"]).rows)


# On entry (WX-26)


@pytest.mark.parametrize(
    "entered",
    [
        {"name": "ACME ltd"},
        {"name": "Ａｃｍｅ GmbH"},
        {"name": "Beta", "phone": "138-0013-8000"},
        {"name": "Gamma", "tax_number": "91 310000"},
        {"name": "Delta", "website": "www.acme-scan.com/cn"},
    ],
)
def test_what_another_rep_has_is_not_entered_again(
    people: tuple[Context, ...], entered: dict[str, str]
) -> None:
    li, wang, _, admin = people
    mine = {
        "phone": "+86 138 0013 8000",
        "tax_number": "91310000",
        "email": "info@acme-scan.com",
        "note": "secret",
    }
    records.add(wang, "account", {"name": "Acme Ltd", **mine})
    with pytest.raises(Refused) as refusal:
        records.add(li, "account", entered)
    assert refusal.value.code == "dup.exists"
    assert _names(admin) == ["Acme Ltd"]
    said = str(refusal.value)
    assert not [word for word in ("Acme Ltd", "wang", "A-1", "138", "91310000", "secret") if word in said]


def test_the_owner_is_named_if_the_company_says_so(people: tuple[Context, ...]) -> None:
    li, wang, _, admin = people
    records.add(wang, "account", {"name": "Acme Ltd"})
    dup_guard.set_policy(admin, "reveal", "owner")
    with pytest.raises(Refused) as refusal:
        records.add(li, "account", {"name": "ACME ltd"})
    assert "wang" in refusal.value.hint


def test_one_s_own_customer_is_named_and_can_be_entered_all_the_same(ctx: Context) -> None:
    records.add(ctx, "account", {"name": "Acme Ltd"})
    with pytest.raises(Refused, match="A-1 Acme Ltd"):
        records.add(ctx, "account", {"name": "Acme Inc"})
    ctx.despite = ("A-1",)
    assert records.add(ctx, "account", {"name": "Acme Inc"}).id


def test_out_of_sight_nothing_can_be_passed_by(people: tuple[Context, ...]) -> None:
    li, wang, *_ = people
    made = records.add(wang, "account", {"name": "Acme Ltd"})
    li.despite = (f"A-{made.id}",)
    with pytest.raises(CrmError):
        records.add(li, "account", {"name": "ACME ltd"})


def test_several_at_once_are_held_against_each_other(ctx: Context) -> None:
    with pytest.raises(Refused):
        records.add_many(ctx, "account", [{"name": "Acme Ltd"}, {"name": "ACME"}])
    assert _names(ctx) == []
    made, failed = records.add_many(
        ctx, "account", [{"name": "Acme Ltd"}, {"name": "ACME"}, {"name": "Beta"}], partial=True
    )
    assert ([row.name for row in made], [number for number, _ in failed]) == (["Acme Ltd", "Beta"], [2])


def test_of_several_who_enter_it_at_once_one_does(store_url: str) -> None:
    def enter(number: int) -> str:
        with Context.open(flags={"db": store_url}, now=NOW) as own:
            try:
                records.add(own, "account", {"name": ("Acme Ltd", "ACME", "Acme Inc", "acme GmbH")[number]})
            except CrmError as error:
                return error.code
            return "entered"

    with ThreadPoolExecutor(4) as pool:
        found = sorted(pool.map(enter, range(4)))
    assert found == ["dup.exists"] * 3 + ["entered"]


def test_an_edit_does_not_make_two_of_one(ctx: Context) -> None:
    records.add(ctx, "account", {"name": "Acme Ltd"})
    records.add(ctx, "account", {"name": "Beta", "phone": "13800138000"})
    with pytest.raises(Refused):
        records.edit(ctx, "account", "A-2", {"name": "acme"})
    assert records.edit(ctx, "account", "A-2", {"city": "Bonn", "phone": "13800138001"}).name == "Beta"


def test_a_warning_lets_it_in(ctx: Context) -> None:
    dup_guard.set_policy(ctx, "account", "warn")
    records.add(ctx, "account", {"name": "Acme Ltd"})
    records.add(ctx, "account", {"name": "ACME"})
    assert any("A-1 Acme Ltd" in note for note in ctx.notes)


def test_the_owner_is_asked(people: tuple[Context, ...]) -> None:
    li, wang, _, admin = people
    made = records.add(wang, "account", {"name": "Acme Ltd"})
    dup_guard.set_policy(admin, "account", "ask")
    with pytest.raises(Refused):
        records.add(li, "account", {"name": "ACME ltd"})
    assert _names(admin) == ["Acme Ltd"]
    tasks = list(records.find(wang, "task", fields=["about", "owner", "subject"]).rows)
    assert [task["about"].ref for task in tasks] == [f"A-{made.id}"]


def test_what_is_put_away_is_in_nobody_s_way(ctx: Context) -> None:
    records.add(ctx, "account", {"name": "Acme Ltd"})
    records.archive(ctx, "account", "A-1")
    assert records.add(ctx, "account", {"name": "ACME"}).id == 2


def test_among_many_customers_the_index_is_asked(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    from crmtui.services import dup_near

    monkeypatch.setattr(dup_near, "FEW", 0)
    records.add(ctx, "account", {"name": "The Bank of Acme Ltd", "phone": "13800138000"})
    records.add(ctx, "account", {"name": "华东机械有限公司", "email": "info@huadong.example"})
    for row in ({"name": "Acme Bank"}, {"name": "bank acme"}, {"name": "X", "phone": "8613800138000"}):
        assert [match.id for match in dup.check(ctx, "account", row)] == [1], row
    for row in (
        {"name": "Huadong Jixie"},
        {"name": "上海华东机械公司"},
        {"name": "Y", "website": "huadong.example"},
    ):
        assert [match.id for match in dup.check(ctx, "account", row)] == [2], row


@pytest.mark.parametrize(("name", "value"), [("account", "maybe"), ("import", "warn"), ("nothing", "off")])
def test_a_policy_that_there_is_not(ctx: Context, name: str, value: str) -> None:
    with pytest.raises(Invalid):
        dup_guard.set_policy(ctx, name, value)


def test_a_rep_decides_no_policy(people: tuple[Context, ...]) -> None:
    with pytest.raises(Forbidden):
        dup_guard.set_policy(people[0], "account", "off")


def test_a_converted_lead_hangs_on_the_customer_that_exists(ctx: Context) -> None:
    """A-48: no new customer where there is one, however its name is written."""
    customer = records.add(ctx, "account", {"name": "上海华东机械有限公司"})
    made = records.add(ctx, "lead", {"company": "华东机械（上海）股份有限公司"})
    lead.qualify(ctx, str(made.id))
    assert lead.convert(ctx, str(made.id)).account.id == customer.id


# Found and told apart


def _twins(ctx: Context) -> None:
    """Two customers that are one, the second entered all the same, and one that is another."""
    records.add(ctx, "account", {"name": "Acme Ltd", "phone": "13800138000"})
    ctx.despite = ("A-1",)
    records.add(ctx, "account", {"name": "ACME", "city": "Bonn", "phone": "13800138000", "tags": "key"})
    ctx.despite = ()
    records.add(ctx, "account", {"name": "Beta"})


def test_a_scan_finds_pairs_once_and_remembers_decisions(ctx: Context) -> None:
    _twins(ctx)
    assert dup.scan(ctx, "account") == dup.Scan("account", 3, 1, 1, 0)
    assert dup.scan(ctx, "account") == dup.Scan("account", 3, 1, 0, 0)
    [found] = records.find(ctx, "dup").rows
    assert (found["state"], found["reasons"]) == ("open", "name, phone")
    dup.different(ctx, "A-2", "A-1", "two branches")
    assert dup.scan(ctx, "account").new == 0
    assert records.show(ctx, "dup", "DU-1")["state"] == "different"
    assert dup.check(ctx, "account", {"name": "Acme"})


def test_a_pair_that_is_alike_no_more_is_gone(ctx: Context) -> None:
    _twins(ctx)
    dup.scan(ctx, "account")
    records.edit(ctx, "account", "A-2", {"name": "Omega Trading", "phone": "13900139000"})
    assert dup.scan(ctx, "account").gone == 1
    assert records.show(ctx, "dup", "DU-1")["state"] == "gone"


def test_a_pair_is_seen_by_who_sees_both(people: tuple[Context, ...]) -> None:
    li, wang, chen, admin = people
    one = records.add(wang, "account", {"name": "Acme Ltd"})
    two = records.add(admin, "contact", {"name": "Li Lei", "email": "l@x.com"})
    dup_guard.set_policy(admin, "account", "off")
    other = records.add(li, "account", {"name": "ACME ltd"})
    assert (one.id, other.id, two.id) == (1, 2, 1)
    dup.scan(admin, "account")
    assert [records.count_where(who, "dup") for who in (li, wang, chen, admin)] == [0, 0, 1, 1]
    with pytest.raises(Forbidden):
        dup.scan(li, "account")
    with pytest.raises(NotFound):
        dup.different(li, "DU-1")


def test_what_is_not_looked_through(ctx: Context) -> None:
    with pytest.raises(Invalid):
        dup.scan(ctx, "opp")
    with pytest.raises(Invalid):
        dup.check(ctx, "account", {})


# Merged and parted


def _row(ctx: Context, noun: str, ref: str) -> dict[str, Any]:
    return records.show(ctx, noun, ref)


def _state(ctx: Context) -> dict[str, list[Any]]:
    """Everything in the tables that a merge touches, but for what rises with every change."""
    risen = {"version", "updated_at"}
    found = {}
    with ctx.reading() as tx:
        for noun in ("account", "contact", "opp", "lead", "task"):
            rows = tx.session.scalars(select(table(noun)).order_by(table(noun).id))
            found[noun] = [
                {name: value for name, value in records.columns_of(row).items() if name not in risen}
                for row in rows
            ]
    return found


def _hung(ctx: Context) -> None:
    _twins(ctx)
    records.edit(ctx, "account", "A-2", {"external_id": "X-2"})
    records.add(ctx, "account", {"name": "Child", "parent": "A-2"})
    records.add(ctx, "contact", {"name": "Li Lei", "account": "A-1", "primary": True})
    records.add(ctx, "contact", {"name": "Han Mei", "account": "A-2", "primary": True})
    records.add(ctx, "opp", {"name": "Deal", "account": "A-2", "expected_close_on": "2026-12-24"})
    records.add(ctx, "task", {"subject": "Call", "about": "A-2"})


def test_a_merge_moves_everything_and_is_taken_back(ctx: Context) -> None:
    _hung(ctx)
    before = _state(ctx)
    found = dup_merge.merge(ctx, "A-1", "A-2", note="one company")
    merged_in = ctx.last_tx
    assert found.moved == {"account": 1, "contact": 1, "opp": 1, "task": 1}
    kept = _row(ctx, "account", "A-1")
    # Its own phone stays; the city, the tag and the external id come from the other.
    assert (kept["name"], kept["city"], kept["tags"], kept["external_id"]) == (
        "Acme Ltd",
        "Bonn",
        ["key"],
        "X-2",
    )
    assert _row(ctx, "opp", "1")["account"].ref == _row(ctx, "contact", "2")["account"].ref == "A-1"
    assert [_row(ctx, "contact", str(n))["primary"] for n in (1, 2)] == [True, False]
    assert _row(ctx, "account", "4")["parent"].ref == "A-1"
    assert _row(ctx, "account", "2")["archived_at"] is not None
    assert _row(ctx, "dup", "1")["state"] == "merged"
    dup_merge.unmerge(ctx, "A-1", "A-2")
    assert _state(ctx) == before
    dup_merge.merge(ctx, "A-1", "A-2")
    again = ctx.last_tx
    assert again
    assert again != merged_in
    reversal.undo(ctx, again)
    assert _state(ctx) == before


def test_fields_are_chosen(ctx: Context) -> None:
    _hung(ctx)
    found = dup_merge.merge(ctx, "A-1", "A-2", take=["name", "phone"])
    assert (found.kept.name, found.kept.phone) == ("ACME", "13800138000")
    with pytest.raises(Invalid):
        dup_merge.merge(ctx, "A-1", "A-3", take=["colour"])


def test_what_came_since_stays_with_the_one_that_was_kept(ctx: Context) -> None:
    _hung(ctx)
    dup_merge.merge(ctx, "A-1", "A-2")
    records.edit(ctx, "account", "A-1", {"city": "Berlin"})
    records.edit(ctx, "opp", "1", {"need": "more"})
    records.add(ctx, "opp", {"name": "New", "account": "A-1", "expected_close_on": "2026-12-24"})
    records.edit(ctx, "contact", "2", {"account": "A-3"})
    one, two = dup_merge.unmerge(ctx, "A-1", "A-2")
    assert (one.city, two.city, two.archived_at) == ("Berlin", "Bonn", None)
    deal, new = (_row(ctx, "opp", number) for number in ("1", "2"))
    assert (deal["account"].ref, deal["need"], new["account"].ref) == ("A-2", "more", "A-1")
    assert _row(ctx, "contact", "2")["account"].ref == "A-3"


def test_a_child_that_is_merged_with_its_parent_company(ctx: Context) -> None:
    records.add(ctx, "account", {"name": "Above"})
    records.add(ctx, "account", {"name": "Acme", "parent": "A-1"})
    ctx.despite = ("A-2",)
    records.add(ctx, "account", {"name": "Acme Ltd", "parent": "A-2"})
    dup_merge.merge(ctx, "A-3", "A-2")
    assert _row(ctx, "account", "3")["parent"].ref == "A-1"


@pytest.mark.parametrize(("keep", "gone"), [("A-1", "A-1"), ("A-1", "C-1")])
def test_no_pair(ctx: Context, keep: str, gone: str) -> None:
    _hung(ctx)
    with pytest.raises(Invalid):
        dup_merge.merge(ctx, keep, gone)


def test_what_is_merged_is_not_merged_again_nor_parted_twice(ctx: Context) -> None:
    _hung(ctx)
    dup_merge.merge(ctx, "A-1", "A-2")
    with pytest.raises(Refused):
        dup_merge.merge(ctx, "A-3", "A-2")
    with pytest.raises(Refused):
        dup.different(ctx, "A-1", "A-2")
    dup_merge.unmerge(ctx, "A-1", "A-2")
    with pytest.raises(CrmError):
        dup_merge.unmerge(ctx, "A-1", "A-2")


def test_who_may_not_edit_both_merges_neither(people: tuple[Context, ...]) -> None:
    li, wang, chen, admin = people
    records.add(wang, "account", {"name": "Acme Ltd"})
    dup_guard.set_policy(admin, "account", "off")
    records.add(li, "account", {"name": "ACME"})
    with pytest.raises(CrmError):
        dup_merge.merge(li, "A-2", "A-1")
    assert dup_merge.merge(chen, "A-2", "A-1").kept.id == 2


# One deal under two customers (WX-27)

WANTED = "200 laser scanners, 1 server, 1 warehouse-management solution, network equipment"


def _deal(who: Context, customer: str, name: str, region: str = "Shandong", need: str = WANTED) -> Any:
    account = records.add(who, "account", {"name": customer, "region": region, "class": "system integrator"})
    given = {
        "account": f"A-{account.id}",
        "need": need,
        "expected_close_on": "2026-12-20",
        "delivery_on": "2027-03-01",
    }
    return records.add(who, "opp", {"name": name, **given})


def test_one_deal_under_two_customers(people: tuple[Context, ...]) -> None:
    li, wang, chen, admin = people
    one, two = _deal(li, "Jinan Systems", "Warehouse A"), _deal(wang, "Qingdao Integration", "Warehouse B")
    _deal(wang, "Guangzhou Integration", "Other", "Guangdong", "200 laser scanners")
    [suspect] = dup_deal.duplicates(chen)
    assert (suspect.one.id, suspect.other.id) == (one.id, two.id)
    assert {"products", "region", "delivery", "class"} <= set(suspect.score.reasons)
    for rep in (li, wang):
        with pytest.raises(Forbidden):
            dup_deal.duplicates(rep)
    with pytest.raises(NotFound):
        records.show(li, "opp", str(two.id))

    pair = dup_deal.ask(chen, str(one.id), str(two.id), "Who is the end user?")
    for rep, own, text in ((li, one, "A port in Shandong"), (wang, two, "The port of Qingdao")):
        [task] = records.find(rep, "task", where="state in (open, accepted)").rows
        assert "Qingdao Integration" not in str(task) or rep is wang
        assert "Who is the end user?" in task["subject"]
        dup_deal.answer(rep, str(own.id), text)
    kept = records.show(chen, "dup", str(pair.id))
    assert (kept["question"], kept["answer_one"], kept["answer_other"]) == (
        "Who is the end user?",
        "A port in Shandong",
        "The port of Qingdao",
    )

    dup_deal.keep(chen, str(one.id), str(two.id), end_project="Shandong WMS")
    goes_on, released = (records.show(chen, "opp", str(row.id)) for row in (one, two))
    assert (goes_on["state"], released["state"], released["loss_reason"]) == ("open", "duplicate", None)
    assert goes_on["end_project"] == released["end_project"] == "Shandong WMS"
    assert dup_deal.duplicates(chen) == []
    assert records.count_where(admin, "opp", "state = lost") == 0


def test_deals_called_different_are_not_shown_again(people: tuple[Context, ...]) -> None:
    li, wang, chen, _ = people
    one, two = _deal(li, "Jinan Systems", "Warehouse A"), _deal(wang, "Qingdao Integration", "Warehouse B")
    dup_deal.different(chen, str(one.id), str(two.id), "two ports")
    assert dup_deal.duplicates(chen) == []


def test_the_same_products_in_other_numbers(people: tuple[Context, ...]) -> None:
    li, wang, chen, _ = people
    _deal(li, "Jinan Systems", "Warehouse A", need="200 laser scanners, 1 server")
    _deal(wang, "Qingdao Integration", "Warehouse B", need="15 laser scanners, 40 servers")
    assert dup_deal.duplicates(chen) == []


def test_what_a_decision_needs(people: tuple[Context, ...]) -> None:
    li, wang, chen, _ = people
    one, two = _deal(li, "Jinan Systems", "Warehouse A"), _deal(wang, "Qingdao Integration", "Warehouse B")
    with pytest.raises(Invalid):
        dup_deal.ask(chen, str(one.id), str(two.id), " ")
    with pytest.raises(Invalid):
        dup_deal.keep(chen, str(one.id), str(one.id))
    with pytest.raises(Refused):
        dup_deal.answer(li, str(one.id), "nobody asked")
    with pytest.raises(CrmError):
        dup_deal.keep(li, str(one.id), str(two.id))
    dup_deal.keep(chen, str(one.id), str(two.id))
    with pytest.raises(Refused):
        dup_deal.keep(chen, str(one.id), str(two.id))


def test_several_opportunities_of_one_end_project(people: tuple[Context, ...]) -> None:
    li, *_ = people
    one = _deal(li, "Jinan Systems", "Warehouse A")
    two = _deal(li, "Qingdao Integration", "Warehouse B", need="cables")
    found = dup_deal.link(li, [str(one.id), str(two.id)], "Shandong WMS")
    assert [row.end_project for row in found] == ["Shandong WMS"] * 2


# On import


def _import(ctx: Context, path: Path, text: str) -> Any:
    path.write_text(text, encoding="utf-8")
    return transfer.run(ctx, "account", str(path))


FILE = "name,phone,external_id\nACME ltd,,1\nBeta,138 0013 8000,2\nGamma,,3\nGamma GmbH,,4\n"


def test_an_import_takes_facts_as_they_are(ctx: Context, tmp_path: Path) -> None:
    records.add(ctx, "account", {"name": "Acme Ltd Bonn", "phone": "13800138000"})
    assert _import(ctx, tmp_path / "a.csv", FILE).created == 4


def test_an_import_is_guarded_where_the_company_wants_it(ctx: Context, tmp_path: Path) -> None:
    """Acme and the phone are there already, the second Gamma is in the file twice; a second run changes nothing."""
    records.add(ctx, "account", {"name": "Acme", "phone": "+86 138 0013 8000"})
    dup_guard.set_policy(ctx, "import", "block")
    found = _import(ctx, tmp_path / "a.csv", FILE)
    assert (found.created, found.rejected) == (1, 3)
    assert {code for _, _, code, _ in found.problems} == {"dup.exists_already"}
    assert _names(ctx) == ["Acme", "Gamma"]
    again = _import(ctx, tmp_path / "a.csv", FILE)
    assert (again.created, again.unchanged, again.rejected) == (0, 1, 3)


def test_two_contacts_of_a_company_are_two_leads(ctx: Context) -> None:
    dup_guard.set_policy(ctx, "lead", "block")
    records.add(ctx, "lead", {"company": "Acme Ltd", "contact_name": "Li Lei"})
    records.add(ctx, "lead", {"company": "ACME", "contact_name": "Han Meimei"})
    with pytest.raises(Refused):
        records.add(ctx, "lead", {"company": "acme", "contact_name": "Lei Li"})


def test_a_contact_that_exists_is_remarked_on(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(dup_guard.POLICY, "contact", ("warn", ("warn",)))
    records.add(ctx, "contact", {"name": "Li Lei", "email": "li@acme.example"})
    records.add(ctx, "contact", {"name": "Lily", "email": "LI@acme.example"})
    assert any("C-1 Li Lei" in note for note in ctx.notes)


def test_people_were_born_before_1970(ctx: Context) -> None:
    made = records.add(ctx, "contact", {"name": "Li Lei", "birth_date": "1936-01-09"})
    assert made.birth_date.isoformat() == "1936-01-09"
    assert records.count_where(ctx, "contact", "birth_date < 1940-01-01") == 1
    with pytest.raises(Invalid, match="1850"):
        records.add(ctx, "contact", {"name": "Old", "birth_date": "1203-01-01"})
