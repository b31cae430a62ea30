"""Automatic tasks: one for what is entered or found under a starred item, none for the rest (WX-70)."""

from collections.abc import Iterator

import pytest

from crmtui.errors import Invalid
from crmtui.services import lead, mining, opportunity, records, reversal, tasks
from crmtui.services.context import Context
from tests.people import NOW, acting

ITEMS = ["lead-record", "mining", "telemarketing", "prospect", "customer", "opportunity"]


def _turn_on(ctx: Context, *items: str) -> None:
    for item in items:
        rule = next(iter(records.find(ctx, "autotask", where=f"item = {item}").rows))
        records.edit(ctx, "autotask", rule["ref"], {"active": "yes"})


@pytest.fixture
def li(sqlite_url: str) -> Iterator[Context]:
    with acting(sqlite_url, "li") as (context,):
        with Context.open(flags={"db": sqlite_url}, now=NOW) as admin:
            records.edit(admin, "user", "li", {"manager": "chen"})
            _turn_on(admin, *ITEMS)
        yield context


def _subjects(ctx: Context) -> list[str]:
    return [row["subject"] for row in records.find(ctx, "task", sort="id").rows]


def test_the_six_starred_items_are_there_and_off(ctx: Context) -> None:
    rows = list(records.find(ctx, "autotask", sort="id").rows)
    assert [row["item"] for row in rows] == ITEMS
    assert not any(row["active"] for row in rows)
    records.add(ctx, "lead", {"company": "Bolt"})
    assert _subjects(ctx) == []


def test_one_task_for_a_lead_none_for_a_contact(ctx: Context) -> None:
    """WX-70: a lead record makes one sales task, due as its rule says; contact management makes none."""
    _turn_on(ctx, *ITEMS)
    bolt = records.add(ctx, "lead", {"company": "Bolt {owner}"})
    (task,) = records.find(ctx, "task").rows
    assert (task["subject"], str(task["due_on"]), task["kind"]) == (
        "Get in touch with Bolt {owner}",
        "2026-11-21",
        "auto.lead-record",
    )
    assert task["about"].ref == f"L-{bolt.id}"
    before = len(_subjects(ctx))
    account = records.add(ctx, "account", {"name": "Acme"})
    assert len(_subjects(ctx)) == before + 1
    contact = records.add(ctx, "contact", {"name": "Ann", "account": str(account.id)})
    records.edit(ctx, "contact", str(contact.id), {"title": "CEO"})
    records.edit(ctx, "lead", str(bolt.id), {"city": "Jinan"})
    assert len(_subjects(ctx)) == before + 1
    given = {"name": "Deal", "account": str(account.id), "expected_close_on": "2026-12-24"}
    records.add(ctx, "opp", given)
    assert _subjects(ctx)[-1] == "Confirm the need: Deal"
    reversal.undo(ctx, ctx.last_tx or "")
    assert len(_subjects(ctx)) == before + 1


def test_a_prospect_is_its_managers(li: Context, sqlite_url: str) -> None:
    ref = f"L-{records.add(li, 'lead', {'company': 'Bolt'}).id}"
    lead.qualify(li, ref)
    lead.qualify(li, ref, "again")
    with Context.open(flags={"db": sqlite_url}, now=NOW, login="chen") as chen:
        found = [(row["subject"], row["owner"].name) for row in records.find(chen, "task", sort="id").rows]
        assert found == [("Get in touch with Bolt", "li"), ("Decide who works on Bolt", "chen")]


def test_who_bought_long_ago_is_asked_again_once(sqlite_url: str) -> None:
    """Old bought 200 days before the day it runs; Busy too, but has something open; Fresh bought 10 days before."""
    with acting(sqlite_url, "li") as (_li,), Context.open(flags={"db": sqlite_url}, now=NOW) as ctx:
        for name, closed in (("Old", "2026-11-20"), ("Busy", "2026-11-20"), ("Fresh", "2027-05-29")):
            account = records.add(ctx, "account", {"name": name, "owner": "li"})
            given = {"account": str(account.id), "amount": "10", "expected_close_on": "2026-12-24"}
            with Context.open(flags={"db": sqlite_url}, now=f"{closed}T12:00:00+08:00") as day:
                opp = records.add(day, "opp", {"name": "Deal", **given})
                opportunity.close(day, f"O-{opp.id}", won=True, summary="signed")
            if name == "Busy":
                records.add(ctx, "opp", {"name": "More", **given})
        _turn_on(ctx, "mining")
        with Context.open(flags={"db": sqlite_url}, now="2027-06-08T09:00:00+08:00") as later:
            assert [row["name"] for row in mining.run(later)] == ["Old"]
            assert mining.run(later) == []
            task = next(iter(records.find(later, "task").rows))
            assert (task["subject"], task["owner"].name) == ("Offer Old something again", "li")
            tasks.done(later, task["ref"])
            assert [row["name"] for row in mining.run(later)] == ["Old"]


def test_leads_to_call(ctx: Context) -> None:
    _turn_on(ctx, "telemarketing")
    for company, more in (
        ("Now", {"phone": "555-1234"}),
        ("Today", {"phone": "555-1235", "next_contact_on": "2026-11-20"}),
        ("Later", {"phone": "555-1236", "next_contact_on": "2026-12-20"}),
        ("Mute", {}),
    ):
        records.add(ctx, "lead", {"company": company, **more})
    assert [row["name"] for row in mining.run(ctx)] == ["Now", "Today"]
    assert mining.run(ctx, ["telemarketing"]) == []
    with pytest.raises(Invalid):
        mining.run(ctx, ["lead-record"])
