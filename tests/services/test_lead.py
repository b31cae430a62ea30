"""Leads: qualified before they are converted, converted once, linked to what they became (WX-23)."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from crmtui.errors import NotFound, Refused
from crmtui.services import lead, records
from crmtui.services.context import Context
from crmtui.store.record import table
from tests.people import NOW, acting


def _count(ctx: Context, noun: str) -> int:
    return records.count_where(ctx, noun, "")


def test_an_unqualified_lead_is_not_converted(ctx: Context) -> None:
    made = records.add(ctx, "lead", {"company": "Acme Ltd", "contact_name": "Li Lei"})
    with pytest.raises(Refused) as refusal:
        lead.convert(ctx, str(made.id))
    assert refusal.value.code == "lead.not_qualified"
    assert [_count(ctx, noun) for noun in ("account", "contact", "opp")] == [0, 0, 0]


def test_conversion_makes_one_of_each_and_keeps_the_links(ctx: Context) -> None:
    made = records.add(
        ctx,
        "lead",
        {"company": "Acme Ltd", "contact_name": "Li Lei", "quoted": "12,000", "phone": "13800138000"},
    )
    lead.qualify(ctx, str(made.id), "budget is there")
    result = lead.convert(ctx, f"L-{made.id}")
    assert [_count(ctx, noun) for noun in ("account", "contact", "opp")] == [1, 1, 1]
    assert (result.lead.state, result.lead.account_id, result.lead.contact_id, result.lead.opp_id) == (
        "converted",
        result.account.id,
        result.contact.id,
        result.opp.id,
    )
    assert (result.opp.account_id, result.opp.contact_id, result.opp.lead_id) == (
        result.account.id,
        result.contact.id,
        made.id,
    )
    assert result.opp.amount == 1_200_000
    assert result.opp.stage == "prospecting"
    assert result.opp.probability == 10
    assert result.account.phone == "13800138000"


def test_converting_again_changes_nothing(ctx: Context) -> None:
    made = records.add(ctx, "lead", {"company": "Acme Ltd", "contact_name": "Li Lei"})
    lead.qualify(ctx, str(made.id))
    first = lead.convert(ctx, str(made.id))
    ctx.last_tx = None
    again = lead.convert(ctx, str(made.id))
    assert ctx.last_tx is None
    assert (again.opp.id, again.account.id, again.made) == (first.opp.id, first.account.id, ())
    assert _count(ctx, "opp") == 1


def test_an_existing_customer_is_used(ctx: Context) -> None:
    customer = records.add(ctx, "account", {"name": "ACME  ltd."})
    made = records.add(ctx, "lead", {"company": "Acme Ltd"})
    lead.qualify(ctx, str(made.id))
    result = lead.convert(ctx, str(made.id), {"amount": "500000", "stage": "needs-analysis"})
    assert result.account.id == customer.id
    assert result.contact is None
    assert result.made == ("opp",)
    assert (result.opp.amount, result.opp.stage, result.opp.probability) == (50_000_000, "needs-analysis", 40)


def test_a_failed_conversion_leaves_nothing(ctx: Context) -> None:
    made = records.add(ctx, "lead", {"company": "Acme Ltd", "contact_name": "Li Lei"})
    lead.qualify(ctx, str(made.id))
    with pytest.raises(Exception, match="no stage"):
        lead.convert(ctx, str(made.id), {"stage": "nowhere"})
    assert [_count(ctx, noun) for noun in ("account", "contact", "opp")] == [0, 0, 0]
    assert records.show(ctx, "lead", str(made.id))["state"] == "qualified"


def test_ruling_out_needs_a_reason(ctx: Context) -> None:
    made = records.add(ctx, "lead", {"company": "Acme Ltd"})
    with pytest.raises(Refused):
        lead.disqualify(ctx, str(made.id), "  ")
    assert lead.disqualify(ctx, str(made.id), "no budget").state == "disqualified"


def test_an_owner_makes_a_lead_assigned(ctx: Context) -> None:
    made = records.add(ctx, "lead", {"company": "Acme Ltd", "owner": "me"})
    assert made.state == "assigned"
    assert records.edit(ctx, "lead", str(made.id), {"owner": ""}).state == "new"


def test_state_has_its_own_verbs(ctx: Context) -> None:
    made = records.add(ctx, "lead", {"company": "Acme Ltd"})
    with pytest.raises(Refused) as refusal:
        records.edit(ctx, "lead", str(made.id), {"state": "converted"})
    assert refusal.value.code == "field.has_verb"
    assert "qualify" in refusal.value.hint


def test_a_rep_does_not_find_the_lead_of_another(store_url: str) -> None:
    with acting(store_url, "li", "wang") as (li, wang):
        made = records.add(li, "lead", {"company": "Secret Ltd", "owner": "me"})
        for ref in (str(made.id), "Secret Ltd", "999"):
            with pytest.raises(NotFound) as hidden:
                lead.qualify(wang, ref)
            assert hidden.value.message == f"There is no lead {ref} that you can see."
        assert records.show(li, "lead", str(made.id))["company"] == "Secret Ltd"
        assert table("lead").NOUN == "lead"


def test_of_eight_conversions_one_wins(store_url: str) -> None:
    """Eight people convert one lead at once: one customer, one opportunity; the other seven are told, exit 6."""
    with acting(store_url) as _, Context.open(flags={"db": store_url}, now=NOW) as admin:
        for number in range(8):
            login = f"boss{number}"
            records.add(admin, "user", {"name": login, "login": login, "role": "general-manager"})
        made = records.add(admin, "lead", {"company": "Acme Ltd"})
        lead.qualify(admin, str(made.id))

        def convert(number: int) -> str:
            with Context.open(flags={"db": store_url}, now=NOW, login=f"boss{number}") as ctx:
                try:
                    lead.convert(ctx, str(made.id))
                except Refused as error:
                    return error.code
                return "won"

        with ThreadPoolExecutor(8) as threads:
            said = sorted(threads.map(convert, range(8)))
        assert said == ["lead.converted"] * 7 + ["won"]
        assert [_count(admin, noun) for noun in ("account", "opp")] == [1, 1]
