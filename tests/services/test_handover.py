"""Records handed over, one or many, with the open work of their owner; as one change that one undo takes back."""

import pytest

from crmtui.errors import Invalid, NotFound, Refused
from crmtui.services import handover, notices, records, reversal, tasks
from crmtui.services.context import Context
from crmtui.store.record import table
from tests.people import acting


def owner(ctx: Context, noun: str, ref: str) -> str | None:
    found = records.show(ctx, noun, ref)["owner"]
    return found.name if found else None


def test_a_customer_goes_with_its_open_work(store_url: str, ctx: Context) -> None:
    """Of Li's customer go: it, Ann, the open deal, the open task. Wang's contact, the won deal, the done task stay."""
    with acting(store_url, "li", "wang", "zhao") as (li, _wang, zhao):
        records.add(li, "account", {"name": "Acme"})
        records.add(li, "contact", {"name": "Ann", "account": "Acme"})
        records.add(ctx, "contact", {"name": "Bo", "account": "Acme", "owner": "wang"})
        for name, state in (("Open", "open"), ("Won", "won")):
            with ctx.transaction("opp.add") as tx:
                row = {"name": name, "account_id": 1, "owner_id": li.actor.id, "state": state}
                records.insert(ctx, tx, "opp", row, facts=True)
        with li.transaction("task.add") as tx:
            tasks.make(li, tx, "Call Ann", li.actor.id, ("opp", 1))
            done = tasks.make(li, tx, "Write to Ann", li.actor.id, ("account", 1))
        tasks.done(li, str(done.id))
        moved = handover.transfer(li, "account", ["Acme"], "zhao", with_open=True, note="new region")
        assert [(one.noun, one.name) for one in moved] == [
            ("account", "Acme"),
            ("contact", "Ann"),
            ("opp", "Open"),
            ("task", "Call Ann"),
        ]
        assert [owner(ctx, "contact", name) for name in ("Ann", "Bo")] == ["zhao", "wang"]
        assert [owner(ctx, "opp", name) for name in ("Open", "Won")] == ["zhao", "li"]
        assert [owner(ctx, "task", str(number)) for number in (1, 2)] == ["zhao", "li"]
        assert [one["text"] for one in notices.inbox(zhao)] == ["li handed Acme over to you"]
        with pytest.raises(NotFound):
            records.show(li, "account", "Acme")
        reversal.undo(ctx, str(li.last_tx))
        assert [owner(ctx, noun, "1") for noun in ("account", "contact", "opp", "task")] == ["li"] * 4


def test_without_open_work_the_record_goes_alone(ctx: Context) -> None:
    records.add(ctx, "user", {"name": "zhao"})
    records.add(ctx, "account", {"name": "Acme"})
    records.add(ctx, "opp", {"name": "Deal", "account": "Acme", "expected_close_on": "today+9d"})
    assert len(handover.transfer(ctx, "account", ["1"], "zhao")) == 1
    assert owner(ctx, "opp", "1") != "zhao"
    assert handover.transfer(ctx, "account", ["1"], "zhao") == []  # theirs already


def test_many_by_a_condition(store_url: str, ctx: Context) -> None:
    """Seven of Li's leads: the converted one stays; Sun is told once of the six, and a rep hands over their own alone."""
    with acting(store_url, "li", "wang", "zhao") as (li, wang, zhao):
        for number in range(7):
            records.add(li, "lead", {"company": f"Company {number}", "owner": "me"})
        with ctx.transaction("lead.edit") as tx:
            records.apply(ctx, tx, tx.session.get(table("lead"), 7), {"state": "converted"})
        assert handover.transfer(wang, "lead", [], "zhao", where="state=assigned") == []
        moved = handover.transfer(ctx, "lead", [], "zhao", where="owner=li")
        assert [one.id for one in moved] == [1, 2, 3, 4, 5, 6]
        assert next(one["text"] for one in notices.inbox(zhao)).endswith(
            "handed 6 records over to you, Company 0 among them"
        )
        with pytest.raises(Refused) as refusal:
            handover.transfer(ctx, "lead", ["7"], "zhao")
        assert refusal.value.code == "transfer.closed"


def test_what_is_not_said_is_not_done(ctx: Context) -> None:
    records.add(ctx, "account", {"name": "Acme"})
    records.add(ctx, "user", {"name": "gone", "login": "gone", "active": "no"})
    records.add(ctx, "user", {"name": "here", "login": "here"})
    with pytest.raises(Invalid):
        handover.transfer(ctx, "account", [], "here")
    with pytest.raises(Refused) as refusal:
        handover.transfer(ctx, "account", ["1"], "gone")
    assert refusal.value.code == "user.left"
