"""Leads find their people: recommended by rule, confirmed or changed, accepted, declined, offered on (WX-22)."""

import pytest

from crmtui.errors import Conflict, Forbidden, Invalid, NotFound, Refused
from crmtui.services import assign, assign_report, assign_rules, lead_owner, notices, records
from crmtui.services.context import Context
from tests.people import People


def rule(ctx: Context, name: str, **given: object) -> None:
    records.add(ctx, "assignrule", {"name": name, **given})


def enter(ctx: Context, company: str, **given: object) -> str:
    return f"L-{records.add(ctx, 'lead', {'company': company, **given}).id}"


def told(ctx: Context) -> list[str]:
    return [one["text"] for one in notices.inbox(ctx)]


def owner(ctx: Context, ref: str) -> str | None:
    found = records.show(ctx, "lead", ref)["owner"]
    return found.name if found else None


def test_a_lead_is_recommended_then_confirmed(company: People) -> None:
    """WX-22, first way: Wang is recommended, nobody owns the lead; confirmed, it is his, and he is told."""
    rule(company["admin"], "North retail", condition="region=North and industry=Retail", people="wang")
    ref = enter(company["qian"], "Acme", region="North", industry="Retail")
    shown = records.show(company["zhou"], "lead", ref)
    assert (shown["state"], shown["recommended"].name, shown["owner"]) == ("new", "wang", None)
    assert told(company["wang"]) == []
    assign.confirm(company["zhou"], [ref])
    shown = records.show(company["zhou"], "lead", ref)
    assert (shown["state"], shown["owner"].name, shown["recommended"]) == ("assigned", "wang", None)
    assert told(company["wang"]) == ["zhou gave you the lead Acme"]


def test_a_director_may_pick_somebody_else(company: People) -> None:
    """WX-22, second way: Zhao instead; Zhao is told, Wang never hears of it."""
    rule(company["admin"], "North retail", condition="region=North and industry=Retail", people="wang")
    ref = enter(company["qian"], "Acme", region="North", industry="Retail")
    assign.confirm(company["zhou"], [ref], to="zhao")
    assert owner(company["zhou"], ref) == "zhao"
    assert told(company["zhao"]) == ["zhou gave you the lead Acme"]
    assert told(company["wang"]) == []
    with pytest.raises(Refused) as refusal:
        assign.confirm(company["zhou"], [ref])
    assert refusal.value.code == "lead.assigned"


def test_a_manager_confirms_what_goes_to_their_people_alone(company: People) -> None:
    """Chen leads East: a lead of marketing is out of sight, until it is recommended to somebody in East."""
    rule(company["admin"], "north", condition="region=North", people="wang")
    rule(company["admin"], "south", condition="region=South", people="zhao")
    north, south = (enter(company["qian"], name, region=name) for name in ("North", "South"))
    waiting = [(row["lead"].name, row["to"].name) for row in assign_report.pending(company["chen"])]
    assert waiting == [("North", "wang")]
    with pytest.raises(NotFound):
        assign.confirm(company["chen"], [south])
    with pytest.raises(Forbidden) as refusal:
        assign.confirm(company["chen"], [north], to="zhao")
    assert refusal.value.code == "assign.out_of_reach"
    with pytest.raises(Forbidden):
        assign.confirm(company["li"], [north])
    assert assign.confirm(company["chen"], [north], to="li")[0].state == "assigned"
    assert owner(company["li"], north) == "li"


def test_who_declines_is_not_asked_again(company: People) -> None:
    """Li is first in line and declines: Wang is next, then Zhao; after all three nobody is left, and that is said."""
    rule(company["admin"], "all", people="li,wang,zhao", confirm=False)
    ref = enter(company["qian"], "Acme")
    for person, following in (("li", "wang"), ("wang", "zhao"), ("zhao", None)):
        assert told(company[person]) == ["qian gave you the lead Acme"] or person != "li"
        with pytest.raises(Refused):
            lead_owner.decline(company[person], ref, " ")
        lead_owner.decline(company[person], ref, "no time")
        assert owner(company["admin"], ref) == following
    assert records.show(company["admin"], "lead", ref)["state"] == "new"
    (row,) = assign_report.pending(company["admin"])
    assert (row["state"], row["why"]) == ("unassigned", "rule all: nobody free")
    assert [row["why"] for row in assign_report.explain(company["admin"], ref)] == ["declined it"] * 3


def test_a_lead_that_nobody_accepts_goes_to_the_next(company: People) -> None:
    """24 hours to accept: after 23 nothing happens, after 24 it is Wang's, who accepts and keeps it."""
    rule(company["admin"], "all", people="li,wang", confirm=False, hours=24)
    ref = enter(company["qian"], "Acme")
    for hours, expected in ((23, "li"), (24, "wang")):
        with Context.open(
            flags={"db": company.url},
            now=f"2026-11-{20 + (9 + hours) // 24}T{(9 + hours) % 24:02}:00:00+08:00",
        ) as later:
            assign.run(later)
            assert owner(later, ref) == expected
    assert lead_owner.accept(company["wang"], ref).state == "working"
    with Context.open(flags={"db": company.url}, now="2026-12-20T09:00:00+08:00") as later:
        assert assign.run(later) == []
        assert owner(later, ref) == "wang"
        (li, wang) = sorted(assign_report.fairness(later), key=lambda row: row["person"].name)
    assert (li["given"], li["expired"], li["accepted"], li["share"]) == (1, 1, 0, 50)
    assert (wang["given"], wang["expired"], wang["accepted"], wang["load"]) == (1, 0, 1, 1)


def test_a_delegated_lead_comes_back_to_its_account_manager(company: People) -> None:
    rule(company["admin"], "all", people="chen", confirm=False)
    ref = enter(company["qian"], "Acme")
    done = lead_owner.delegate(company["chen"], ref, "li")
    assert (done.state, records.show(company["li"], "lead", ref)["manager"].name) == ("assigned", "chen")
    assert told(company["li"]) == ["chen gave you the lead Acme"]
    with pytest.raises(Refused) as refusal:
        lead_owner.accept(company["chen"], ref)
    assert refusal.value.code == "lead.not_yours"
    lead_owner.decline(company["li"], ref, "too far")
    assert owner(company["chen"], ref) == "chen"
    assert told(company["chen"])[0] == "li declined the lead Acme: too far"


def test_turns_go_round_and_the_absent_are_passed_over(company: People) -> None:
    """Four leads for East-1, where Li and Wang work; then Li is away, and Wang gets the next two."""
    rule(company["admin"], "east", dept="East-1", method="round-robin", confirm=False)
    first = [owner(company["admin"], enter(company["admin"], f"Company {n}")) for n in range(4)]
    assert first == ["li", "wang", "li", "wang"]
    records.edit(company["admin"], "user", "li", {"away_from": "2026-11-20", "away_until": "2026-11-22"})
    more = [owner(company["admin"], enter(company["admin"], f"Other {n}")) for n in range(2)]
    assert more == ["wang", "wang"]


def test_the_least_loaded_within_their_capacity(company: People) -> None:
    """Li takes 1 lead at most, Wang 4. By share of capacity: Li 0/1 = Wang 0/4, Li is named first; then Li is full."""
    records.edit(company["admin"], "user", "li", {"capacity": "1"})
    records.edit(company["admin"], "user", "wang", {"capacity": "2"})
    rule(company["admin"], "two", people="li,wang", method="least-loaded", confirm=False)
    got = [owner(company["admin"], enter(company["admin"], f"Company {n}")) for n in range(4)]
    assert got == ["li", "wang", "wang", None]
    (row,) = assign_report.pending(company["admin"])
    assert [one["why"] for one in assign_report.explain(company["admin"], row["lead"].ref)] == [
        "full: 1 of 1 open leads",
        "full: 2 of 2 open leads",
    ]


def test_the_best_win_rate_in_the_industry(company: People) -> None:
    """Retail: Li won 1 of 2, (1+1)/(2+2) = 0.50; Wang won 2 of 3, (2+1)/(3+2) = 0.60. Finance: Li 2/3, Wang 1/2."""
    admin = company["admin"]
    records.add(admin, "account", {"name": "Customer"})
    for person, industry, state in (
        ("li", "retail", "won"),
        ("li", "retail", "lost"),
        ("wang", "retail", "won"),
        ("wang", "retail", "won"),
        ("wang", "retail", "lost"),
        ("li", "finance", "won"),
    ):
        with admin.transaction("opp.add") as tx:
            row = {"name": "Deal", "state": state, "industry": industry, "account_id": 1}
            row["owner_id"] = {"li": 4, "wang": 5}[person]
            records.insert(admin, tx, "opp", row, facts=True)
    rule(admin, "best", people="li,wang", method="best-win-rate", confirm=False)
    assert owner(admin, enter(admin, "A", industry="retail")) == "wang"
    assert owner(admin, enter(admin, "B", industry="finance")) == "li"


def test_skills_industry_and_territory_sift(company: People) -> None:
    admin = company["admin"]
    records.add(admin, "territory", {"name": "Asia"})
    records.add(admin, "territory", {"name": "China", "parent": "Asia", "countries": "CN"})
    records.edit(admin, "user", "li", {"skills": "plc", "industries": "retail", "territory": "Asia"})
    records.edit(admin, "user", "wang", {"skills": "plc,cnc", "industries": "finance"})
    people = {"people": "wang,li", "confirm": False}
    rule(admin, "skill", condition="need~'*robot*'", skills="plc,cnc", **people)
    rule(admin, "place", condition="country is not empty", by_territory=True, **people)
    rule(admin, "branch", by_industry=True, **people)
    assert owner(admin, enter(admin, "A", need="a robot")) == "wang"
    assert owner(admin, enter(admin, "B", country="CN", industry="finance")) == "li"
    assert owner(admin, enter(admin, "C", country="DE", industry="retail")) == "li"
    assert owner(admin, enter(admin, "D", country="DE", industry="medical")) is None


def test_down_the_tree_level_by_level(company: People) -> None:
    """East: Chen at the top, Li and Wang one level below. Chen is asked first, whoever has least to do."""
    rule(company["admin"], "east", dept="East", method="least-loaded", cascade=True, confirm=False)
    ref = enter(company["admin"], "A")
    assert owner(company["admin"], ref) == "chen"
    lead_owner.decline(company["chen"], ref, "for my people")
    assert owner(company["admin"], ref) == "li"


def test_the_same_store_and_seed_give_the_same_answers(company: People) -> None:
    admin = company["admin"]
    refs = [enter(admin, f"Company {n}") for n in range(6)]
    rule(admin, "all", people="li,wang,zhao", method="least-loaded")

    def chosen(seed: int | None) -> list[str]:
        return [assign_report.explain(admin, ref, seed)[0]["person"].name for ref in refs]

    assert chosen(None) == ["li"] * 6
    assert chosen(7) == chosen(7) != chosen(None)
    found = assign.run(admin, seed=7)
    assert [one.state for one in found] == ["recommended"] * 6
    # Two each: a recommendation counts as load at once.
    assert sorted(one.to for one in found) == [4, 4, 5, 5, 6, 6]


def test_rules_go_out_as_a_text_and_come_back(company: People) -> None:
    admin = company["admin"]
    rule(admin, "North", condition="region='Nör\"d'", people="wang,li", hours=24)
    rule(admin, "Rest", dept="East", method="round-robin", confirm=False, cascade=True, position=200)
    text = assign_rules.export(admin)
    assert assign_rules.apply(admin, text) == {"added": 0, "changed": 0, "unchanged": 2, "archived": 0}
    assert assign_rules.lint(admin, text) == []
    changed = (
        text.replace("hours = 24", "hours = 48")
        .replace('name = "Rest"', 'name = "Others"')
        .replace("version", "# version")
    )
    assert assign_rules.apply(admin, changed) == {"added": 1, "changed": 1, "unchanged": 0, "archived": 1}
    assert records.show(admin, "assignrule", "North")["hours"] == 48
    with pytest.raises(Conflict):
        assign_rules.apply(admin, text)
    with pytest.raises(Forbidden):
        assign_rules.apply(company["li"], changed)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"condition": "colour=red", "people": "wang"}, "condition.field"),
        ({"condition": "region=North"}, "rule.no_target"),
        ({"people": "wang", "method": "at-will"}, "state.invalid"),
    ],
)
def test_a_rule_that_says_nothing_is_refused(ctx: Context, given: dict[str, object], code: str) -> None:
    records.add(ctx, "user", {"name": "wang"})
    with pytest.raises(Invalid) as refusal:
        records.add(ctx, "assignrule", {"name": "bad", **given})
    assert refusal.value.code == code
    assert records.count_where(ctx, "assignrule") == 0


def test_an_owner_by_hand_ends_the_recommendation(company: People) -> None:
    """Zhao is named outright: Wang is recommended no more, carries nothing for it, and is not confirmed by accident."""
    admin = company["admin"]
    rule(admin, "all", people="wang")
    ref = enter(admin, "Acme")
    records.edit(admin, "lead", ref, {"owner": "zhao"})
    shown = records.show(admin, "lead", ref)
    assert (shown["state"], shown["owner"].name, shown["recommended"]) == ("assigned", "zhao", None)
    assert assign_report.pending(admin) == []
    records.edit(admin, "lead", ref, {"owner": ""})
    assert [row["state"] for row in assign_report.pending(admin)] == ["unassigned"]


def test_an_account_manager_follows_what_was_delegated(company: People) -> None:
    """Wen, account manager, delegates to Zhao of another department, and still sees the lead; Li does not."""
    admin = company["admin"]
    records.add(admin, "user", {"name": "wen", "login": "wen", "role": "account-manager", "dept": "East"})
    ref = enter(admin, "Acme", owner="wen")
    lead_owner.delegate(company["wen"], ref, "zhao")
    assert owner(company["wen"], ref) == "zhao"
    assert [row["company"] for row in records.find(company["wen"], "lead", limit=9).rows] == ["Acme"]
    with pytest.raises(NotFound):
        owner(company["li"], ref)
