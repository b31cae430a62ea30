"""The pool: given back and claimed, once by whoever is first, within limits; taken back by rule (WX-25); given out."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmtui.errors import Conflict, CrmError, Forbidden, Invalid, NotFound, Refused
from crmtui.services import notices, pool, pool_flow, records
from crmtui.services.context import Context
from tests.people import People

TODAY = "2026-11-20T09:00:00+08:00"


def customer(ctx: Context, name: str, **given: object) -> str:
    return f"A-{records.add(ctx, 'account', {'name': name, **given}).id}"


def owner(ctx: Context, ref: str) -> str | None:
    found = records.show(ctx, "account" if ref.startswith("A") else "lead", ref)["owner"]
    return found.name if found else None


def refused(error: type[CrmError], code: str, ctx: Context, ref: str) -> None:
    with pytest.raises(error) as refusal:
        pool.claim(ctx, [ref])
    assert refusal.value.code == code


def test_given_back_with_a_reason_and_claimed_by_another(company: People) -> None:
    ref = customer(company("li"), "Acme", phone="13800138000", industry="retail")
    records.add(company("li"), "contact", {"name": "Ann", "account": ref})
    with pytest.raises(Refused):
        pool.release(company("li"), [ref], " ")
    assert pool.listing(company("zhao")) == []
    pool.release(company("li"), [ref], "no budget")
    (row,) = pool.listing(company("zhao"))
    assert (row["ref"], row["name"], row["industry"], row["reason"]) == (ref, "Acme", "retail", "no budget")
    assert row["former_owner"].name == "li"
    with pytest.raises(NotFound):  # it is listed, and still out of sight
        records.show(company("zhao"), "account", ref)
    pool.claim(company("zhao"), ["Acme"])
    assert owner(company("zhao"), ref) == "zhao"
    assert records.show(company("zhao"), "contact", "Ann")["owner"].name == "zhao"
    assert pool.listing(company("zhao")) == []


def test_what_somebody_has_is_not_claimed(company: People) -> None:
    """A name tells nothing of whether somebody has a customer; a number is refused."""
    ref = customer(company("li"), "Acme")
    refused(Refused, "pool.not_there", company("zhao"), ref)
    refused(NotFound, "pool.not_found", company("zhao"), "Acme")
    refused(NotFound, "record.not_found", company("zhao"), "Nobody")
    refused(Invalid, "pool.noun", company("zhao"), "O-1")
    with pytest.raises(Forbidden):
        pool.claim(company("qian"), [ref])  # marketing claims nothing
    with pytest.raises(NotFound):
        pool.release(company("zhao"), [ref], "not mine")
    assert owner(company("li"), ref) == "li"


def test_a_customer_with_an_open_deal_stays(company: People) -> None:
    ref = customer(company("li"), "Acme")
    records.add(company("li"), "opp", {"name": "Deal", "account": ref, "expected_close_on": "today+9d"})
    with pytest.raises(Refused) as refusal:
        pool.release(company("li"), [ref], "busy")
    assert refusal.value.code == "pool.open_deal"


def test_the_limit_of_a_day_is_not_reset_by_giving_back(company: People) -> None:
    """Two claims a day: the third is refused although one was given back; it goes tomorrow."""
    records.add(company("admin"), "poolrule", {"name": "Customers", "limit_per_day": "2"})
    refs = [customer(company("li"), name) for name in ("A", "B", "C")]
    pool.release(company("li"), refs, "too many")
    pool.claim(company("wang"), refs[:2])
    pool.release(company("wang"), refs[:1], "not for me")
    refused(Refused, "pool.limit", company("wang"), refs[2])
    assert pool.listing(company("wang"))[0]["ref"] in refs
    pool.claim(company("zhao"), refs[2:])
    pool.release(company("zhao"), refs[2:], "no")
    pool.claim(company("wang", "2026-11-21T00:10:00+08:00"), refs[2:])


def test_the_former_owner_waits(company: People) -> None:
    """30 days of cool-down from 20 Nov: 19 Dec is too early, 21 Dec is not; a friend's claim in between changes nothing."""
    records.add(company("admin"), "poolrule", {"name": "Customers", "cooldown_days": "30"})
    ref = customer(company("li"), "Acme")
    pool.release(company("li"), [ref], "later")
    refused(Refused, "pool.cooldown", company("li"), ref)
    pool.claim(company("wang"), [ref])
    pool.release(company("wang"), [ref], "for li")
    refused(Refused, "pool.cooldown", company("li", "2026-12-19T09:00:00+08:00"), ref)
    pool.claim(company("li", "2026-12-21T09:00:00+08:00"), [ref])


def test_capacity_leaves_out_what_does_not_count(company: People) -> None:
    """Two customers at most, key customers not counted: Zhao has a key one and one more, so one more is allowed."""
    records.add(company("admin"), "poolrule", {"name": "C", "capacity": "2", "uncounted": "class=key"})
    refs = [customer(company("li"), name) for name in ("A", "B")]
    pool.release(company("li"), refs, "too many")
    customer(company("zhao"), "Key", **{"class": "key"})
    customer(company("zhao"), "Other")
    pool.claim(company("zhao"), refs[:1])
    refused(Refused, "pool.full", company("zhao"), refs[1])


def test_a_lead_of_the_pool_is_worked_on_by_who_claims_it(company: People) -> None:
    lead = records.add(company("li"), "lead", {"company": "Acme", "owner": "me"})
    new = records.add(company("li"), "lead", {"company": "Fresh"})
    pool.release(company("li"), [f"L-{lead.id}"], "no time")
    assert [row["ref"] for row in pool.listing(company("zhao"), "lead")] == [f"L-{lead.id}"]
    refused(Refused, "pool.not_there", company("zhao"), f"L-{new.id}")  # it waits for assignment
    pool.claim(company("zhao"), [f"L-{lead.id}"])
    assert records.show(company("zhao"), "lead", f"L-{lead.id}")["state"] == "working"


def test_of_a_hundred_claims_one_wins(company: People) -> None:
    """Ten people, ten claims each, at once: one has the customer, 99 are told a sentence, nothing else happens."""
    ref = customer(company("li"), "Acme")
    pool.release(company("li"), [ref], "race")
    admin = company("admin")
    logins = [f"rep{n}" for n in range(10)]
    for login in logins:
        records.add(admin, "user", {"name": login, "login": login, "role": "rep"})

    def claims(login: str) -> list[str]:
        said = []
        with Context.open(flags={"db": company.url}, now=TODAY, login=login) as ctx:
            for _ in range(10):
                try:
                    pool.claim(ctx, [ref])
                    said.append("won")
                except (Conflict, Refused) as error:
                    said.append(error.code)
        return said

    with ThreadPoolExecutor(10) as threads:
        found = [one for each in threads.map(claims, logins) for one in each]
    assert found.count("won") == 1
    assert set(found) <= {"won", "pool.not_there", "pool.claimed"}
    assert len(found) == 100
    assert owner(admin, ref) in logins


# Taken back


def test_idle_and_unsigned_customers_are_taken_back(company: People) -> None:
    """WX-25 at 20 Nov: A untouched 31 days (20 Oct); B since 4 May, 200 days, touched yesterday, nothing signed; C fine."""
    b = customer(company("li", "2026-05-04T09:00:00+08:00"), "B")
    a = customer(company("li", "2026-10-20T09:00:00+08:00"), "A")
    c = customer(company("li", "2026-10-25T09:00:00+08:00"), "C")
    records.edit(company("li", "2026-11-19T09:00:00+08:00"), "account", b, {"city": "Jinan"})
    with Context.open(flags={"db": company.url}, now=TODAY, dry_run=True) as preview:
        found = pool_flow.reclaim(preview, idle=30, unsigned=180)
        assert {one.name: one.reason for one in found} == {"A": "idle", "B": "unsigned"}
    assert owner(company("admin"), a) == "li"
    pool_flow.reclaim(company("admin"), idle=30, unsigned=180)
    assert {row["ref"]: row["reason"] for row in pool.listing(company("admin"))} == {a: "idle", b: "unsigned"}
    assert owner(company("admin"), c) == "li"
    assert sorted(one["text"] for one in notices.inbox(company("li"))) == [
        "A went back to the pool, because it was left idle",
        "B went back to the pool, because nothing was signed",
    ]
    assert pool_flow.reclaim(company("admin"), idle=30, unsigned=180) == []


def test_what_was_done_or_signed_keeps_a_customer(company: People) -> None:
    """Both since 1 Jan: the one's contact was changed on 1 Nov; with the other a deal was won on 3 Feb, and it is idle."""
    early = company("li", "2026-01-01T09:00:00+08:00")
    touched, signed = customer(early, "Touched"), customer(early, "Signed")
    contact = records.add(early, "contact", {"name": "Ann", "account": touched})
    records.edit(company("li", "2026-11-01T09:00:00+08:00"), "contact", f"C-{contact.id}", {"city": "Jinan"})
    admin = company("admin", "2026-02-03T09:00:00+08:00")
    with admin.transaction("opp.add") as tx:
        won = {"name": "Won", "account_id": int(signed[2:]), "state": "won", "closed_on": admin.clock.today()}
        records.insert(admin, tx, "opp", won, facts=True)
    due = pool_flow.reclaim(company("admin"), idle=30, unsigned=180)
    assert {one.name: one.reason for one in due} == {"Touched": "unsigned", "Signed": "idle"}


def test_a_new_owner_begins_anew(company: People) -> None:
    """Li had it since 1 Jan; Wang claimed it on 1 Nov: 19 days are neither 30 idle nor 180 unsigned."""
    ref = customer(company("li", "2026-01-01T09:00:00+08:00"), "Acme")
    pool.release(company("li", "2026-10-30T09:00:00+08:00"), [ref], "no time")
    pool.claim(company("wang", "2026-11-01T09:00:00+08:00"), [ref])
    assert pool_flow.reclaim(company("admin"), idle=30, unsigned=180) == []


def test_the_rules_of_pools_say_what_is_taken_back(company: People) -> None:
    """German customers after 10 days; the others after 100, key customers never. All were entered 50 days ago."""
    admin, early = company("admin"), company("li", "2026-10-01T09:00:00+08:00")
    customer(early, "German", country="DE")
    customer(early, "French", country="FR")
    with pytest.raises(Invalid) as refusal:
        pool_flow.reclaim(admin)
    assert refusal.value.code == "pool.no_terms"
    records.add(
        admin, "poolrule", {"name": "DE", "condition": "country=DE", "idle_days": "10", "position": "1"}
    )
    records.add(admin, "poolrule", {"name": "Rest", "idle_days": "100", "kept": "class=key"})
    customer(company("li", "2026-07-01T09:00:00+08:00"), "Key", **{"class": "key"})
    customer(company("li", "2026-07-01T09:00:00+08:00"), "Old")
    assert {one.name for one in pool_flow.reclaim(admin)} == {"German", "Old"}


def test_a_manager_takes_back_from_their_people_alone(company: People) -> None:
    old = "2026-01-01T09:00:00+08:00"
    customer(company("wang", old), "East")
    customer(company("zhao", old), "West")
    with pytest.raises(Forbidden):
        pool_flow.reclaim(company("li"), idle=30)
    assert [one.name for one in pool_flow.reclaim(company("chen"), idle=30)] == ["East"]


# Given out


def test_given_out_in_turn_to_whom_one_leads(company: People) -> None:
    refs = [customer(company("li"), f"Company {n}") for n in range(5)]
    pool.release(company("li"), refs, "too many")
    with pytest.raises(Forbidden):
        pool_flow.allocate(company("chen"), to=["zhao"])
    with pytest.raises(Invalid):
        pool_flow.allocate(company("chen"))
    done = pool_flow.allocate(company("chen"), to=["wang", "li"], limit=3)
    assert [owner(company("admin"), f"A-{one.id}") for one in done] == ["wang", "li", "wang"]
    records.edit(company("admin"), "user", "wang", {"away_from": "2026-11-19", "away_until": "2026-11-30"})
    done = pool_flow.allocate(company("chen"), dept="East-1", method="least-loaded")
    assert [owner(company("admin"), f"A-{one.id}") for one in done] == ["li", "li"]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(("claim", "release")), st.sampled_from(("li", "wang", "zhao")), st.integers(1, 3)
    ),
    max_size=14,
)


@pytest.fixture(scope="module")
def three(sqlite_company: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with three customers in the pool, two claims a day, and a cool-down."""
    path = tmp_path_factory.mktemp("three") / "crm.db"
    shutil.copyfile(sqlite_company, path)
    with People(f"sqlite:///{path}") as company:
        records.add(company("admin"), "poolrule", {"name": "C", "limit_per_day": "2", "cooldown_days": "9"})
        refs = [customer(company("admin"), f"Customer {number}") for number in range(3)]
        pool.release(company("admin"), refs, "for all")
    return path


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_whatever_people_do_the_pool_is_as_a_plain_model_says(
    three: Path, tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, int]]
) -> None:
    """Three customers, two claims a day and person, who had one does not get it back: store and model agree at each step."""
    path = tmp_path_factory.mktemp("pool") / "crm.db"
    shutil.copyfile(three, path)
    with People(f"sqlite:///{path}") as company:
        owners: dict[int, str | None] = dict.fromkeys((1, 2, 3))
        had: set[tuple[str, int]] = set()
        claims = dict.fromkeys(("li", "wang", "zhao"), 0)
        for verb, who, number in steps:
            mine = owners[number] == who
            free = owners[number] is None and (who, number) not in had and claims[who] < 2
            try:
                if verb == "claim":
                    pool.claim(company(who), [f"A-{number}"])
                else:
                    pool.release(company(who), [f"A-{number}"], "no")
                done = True
            except CrmError:
                done = False
            assert done == (free if verb == "claim" else mine), (verb, who, number)
            if done and verb == "claim":
                owners[number], claims[who] = who, claims[who] + 1
            elif done:
                owners[number] = None
                had.add((who, number))
            assert {n: owner(company("admin"), f"A-{n}") for n in owners} == owners
