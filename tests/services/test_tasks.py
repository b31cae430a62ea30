"""Tasks and notices (8TM-56/57, WX-60 as far as it goes here)."""

from datetime import date
from typing import Any

import pytest

from crmtui.errors import CrmError, Invalid, NotFound, Refused
from crmtui.i18n import set_language
from crmtui.services import notices, records, tasks
from crmtui.services.context import Context
from crmtui.services.reversal import undo
from tests.people import acting


def rows(ctx: Context, where: str = "") -> list[dict[str, Any]]:
    return list(records.find(ctx, "task", where=where, sort="id").rows)


def test_a_task_set_to_somebody_else_waits_until_they_accept_it(store_url: str) -> None:
    with acting(store_url, "chen", "li", "wang", "zhao") as (chen, li, wang, zhao):
        given = {"subject": "Demo at Acme", "owner": "li", "due_on": "2027-03-05"}
        made = records.add(chen, "task", given)
        assert (made.state, made.assigner_id, made.accepted_at) == ("open", chen.actor.id, None)
        assert [row["text"] for row in notices.inbox(li)] == ["chen set you a task: Demo at Acme"]
        assert (
            [row["subject"] for row in rows(li)] == [row["subject"] for row in rows(chen)] == ["Demo at Acme"]
        )
        assert rows(wang) == rows(zhao) == []
        with pytest.raises(Refused):
            tasks.accept(chen, "T-1")
        with pytest.raises(NotFound):
            tasks.accept(wang, "T-1")
        done = tasks.accept(li, "T-1")
        assert (done.state, done.accepted_at) == ("accepted", li.clock.now())
        assert [row["kind"] for row in notices.inbox(chen)] == ["task.accept"]
        assert tasks.done(li, "T-1").done_at == li.clock.now()
        with pytest.raises(Refused):
            tasks.accept(li, "T-1")
        assert tasks.reopen(chen, "T-1").state == "open"


def test_a_task_is_declined_with_the_reason(store_url: str) -> None:
    with acting(store_url, "chen", "li") as (chen, li):
        records.add(chen, "task", {"subject": "Demo", "owner": "li"})
        with pytest.raises(Refused):
            tasks.decline(li, "T-1", "  ")
        assert tasks.decline(li, "T-1", "on leave").reason == "on leave"
        assert [row["text"] for row in notices.inbox(chen)] == ["li declined the task Demo: on leave"]


def test_a_task_of_ones_own_or_of_a_rule_needs_no_accepting(store_url: str) -> None:
    with acting(store_url, "chen", "li") as (chen, li):
        assert records.add(li, "task", {"subject": "Call back"}).state == "accepted"
        assert notices.inbox(li) == []
        records.add(chen, "account", {"name": "Acme"})
        with chen.transaction("account.edit") as tx:
            made = tasks.make(
                chen,
                tx,
                title="Visit",
                owner_id=li.actor.id,
                about=("account", 1),
                due_on=date(2027, 1, 5),
                kind="x",
            )
            assert (made.state, made.about, made.due_on) == ("accepted", "A-1", date(2027, 1, 5))
            assert tasks.open_about(tx, "account", 1, "x") == [made]
            assert tasks.open_about(tx, "account", 1, "y") == []
        assert [row["kind"] for row in notices.inbox(li)] == ["task.set"]
        undo(chen, str(chen.last_tx))
        assert (rows(li, "kind = x"), notices.inbox(li)) == ([], [])


def test_what_a_task_is_about_is_any_record_and_shown_with_its_name(store_url: str) -> None:
    with acting(store_url, "li") as (li,):
        records.add(li, "account", {"name": "Acme"})
        records.add(li, "task", {"subject": "Visit", "about": "a-1"})
        [row] = rows(li, "about = A-1")
        assert (row["about"].ref, row["about"].name) == ("A-1", "Acme")
        for about in ("A-2", "Acme", "Z-1", "A-"):
            with pytest.raises(CrmError) as told:
                records.add(li, "task", {"subject": "Visit", "about": about})
            assert isinstance(told.value, NotFound | Invalid)
        assert len(rows(li)) == 1


def test_notices_are_read_one_by_one_or_all(store_url: str) -> None:
    with acting(store_url, "chen", "li", "wang") as (chen, li, wang):
        for subject in ("One", "Two", "Three"):
            records.add(chen, "task", {"subject": subject, "owner": "li"})
        assert (notices.unread(li), notices.unread(chen)) == (3, 0)
        with pytest.raises(NotFound):
            notices.read(wang, ["NT-1"])
        assert notices.read(li, ["NT-2"]) == 1
        assert [row["ref"] for row in notices.inbox(li)] == ["NT-3", "NT-1"]
        assert (notices.read(li), notices.read(li)) == (2, 0)
        assert len(notices.inbox(li, everything=True)) == 3
        assert list(records.find(wang, "notice").rows) == []


def test_each_is_told_once_and_never_of_their_own_doing_or_after_they_left(store_url: str) -> None:
    with acting(store_url, "li", "wang") as (li, wang), Context.open(flags={"db": store_url}) as admin:
        records.add(li, "account", {"name": "Acme [bold]"})
        records.edit(admin, "user", "zhao", {"active": False})
        with li.transaction("account.edit") as tx:
            ids = {row["login"]: row["id"] for row in records.find(admin, "user").rows}
            everybody = [ids["wang"], ids["wang"], ids["zhao"], None, li.actor.id]
            notices.tell(li, tx, everybody, "task.done", ("account", 1))
        assert [row["text"] for row in notices.inbox(wang)] == ["li did the task Acme [bold]"]
        assert list(records.find(admin, "notice", fields=["owner"]).rows) == [
            {"owner": row["owner"]} for row in records.find(admin, "notice").rows
        ]
        assert records.count_where(admin, "notice") == 1


def test_the_words_of_a_notice_are_those_of_its_reader() -> None:
    english = notices.text("approval.waiting", {"name": "Hall", "verb": "opp.adjust"}, "Li")
    assert english == "Li asks for your approval of Hall: Change amount, probability or expected close date"
    set_language("zh")
    try:
        assert notices.text("no.such", {}, "Li") == "no.such"
        assert "Hall" in notices.text("approval.waiting", {"name": "Hall", "verb": "opp.adjust"}, "Li")
    finally:
        set_language("en")
    assert notices.text("task.decline", {"name": "{who} {0}"}, "Li") == "Li declined the task {who} {0}: "
