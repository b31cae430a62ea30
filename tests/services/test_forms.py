"""What forms ask, read, save and say when two people are at one record; drafts; what is suggested while one types."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from crmtui.errors import Conflict, Invalid, NotFound
from crmtui.services import drafts, forms, lead, records, suggest
from crmtui.services.context import Context
from tests import hostile
from tests.conftest import NOW


@pytest.fixture
def ctx(sqlite_url: str) -> Iterator[Context]:
    """A store with a customer, an opportunity and an attribute of the company's own."""
    with Context.open(flags={"db": sqlite_url}, now=NOW) as context:
        records.add(context, "account", {"name": "华东精工", "industry": "Machinery"})
        records.add(context, "attribute", {"noun": "opp", "name": "vat", "title": "VAT", "kind": "basic"})
        records.add(
            context,
            "opp",
            {"name": "MES", "account": "华东精工", "amount": "2.4M", "expected_close_on": "2026-12-28"},
        )
        yield context


def test_a_form_asks_what_its_noun_declares(ctx: Context) -> None:
    shape = forms.shape(ctx, "opp")
    asked = {question.name: question for question in shape.questions}
    assert [name for name, question in asked.items() if question.required] == [
        "name",
        "account",
        "expected_close_on",
    ]
    assert {"stage", "amount", "x.vat", "note", "owner"} <= set(asked)
    assert not {"state", "stage_at", "closed_on", "lead", "id", "version"} & set(asked)
    assert asked["x.vat"].group == "basic"
    assert asked["note"].group == "extended"
    first = next(records.find(ctx, "stage", sort="position").rows)
    assert asked["stage"].options[0].value == first["code"]
    groups = [question.group for question in shape.questions]
    assert groups == sorted(groups, key=list(forms.GROUPS).index)


def test_a_form_of_a_record_holds_what_it_holds(ctx: Context) -> None:
    shape = forms.shape(
        ctx, "opp", "O-1", only=("amount", "account", "expected_close_on"), required=("amount",)
    )
    assert [question.name for question in shape.questions] == ["amount", "account", "expected_close_on"]
    assert shape.questions[0].required
    assert shape.held["amount"].shown == "2,400,000.00"
    assert shape.held["account"] == forms.Held("华东精工", "A-1")
    assert (shape.ref, shape.version) == ("O-1", 1)


@pytest.mark.parametrize(
    ("name", "typed", "shown"),
    [
        ("amount", "2.4M", "2,400,000.00"),
        ("amount", "1.2万", "12,000.00"),
        ("amount", "240k", "240,000.00"),
        ("expected_close_on", "next friday", "2026-11-27"),
        ("expected_close_on", "明天", "2026-11-21"),
        ("probability", "45%", "45"),
        ("account", "A-1", "华东精工"),
        ("name", "  x ", "x"),
    ],
)
def test_what_is_typed_is_read(ctx: Context, name: str, typed: str, shown: str) -> None:
    assert forms.check(ctx, "opp", name, typed).shown == shown  # now is Friday, 2026-11-20


def test_what_cannot_be_read_names_its_field(ctx: Context) -> None:
    for name, typed in (
        ("amount", "much"),
        ("expected_close_on", "soon"),
        ("probability", "101"),
        ("name", " "),
    ):
        with pytest.raises(Invalid) as caught:
            forms.check(ctx, "opp", name, typed)
        assert caught.value.field == name
    with pytest.raises(NotFound):
        forms.check(ctx, "opp", "account", "Nobody")


def test_an_amount_is_read_in_the_currency_beside_it(ctx: Context) -> None:
    with pytest.raises(Invalid):
        forms.check(ctx, "opp", "amount", "5.55", {"currency": "JPY"})
    assert forms.check(ctx, "opp", "amount", "5.55", {"currency": "EUR"}).shown == "5.55"


def test_what_is_not_on_the_list_is_kept_with_a_note(ctx: Context) -> None:
    held = forms.check(ctx, "account", "industry", "Zeppelins")
    assert held.given == "Zeppelins"
    assert "Zeppelins" in held.note
    assert forms.check(ctx, "account", "industry", "Zeppelins").note == held.note
    assert not [note for note in ctx.notes if "Zeppelins" in note]


def test_a_form_saves_only_over_what_it_was_opened_on(ctx: Context) -> None:
    shape = forms.shape(ctx, "opp", "O-1")
    records.edit(ctx, "opp", "O-1", {"amount": "1M", "note": "theirs"})
    with pytest.raises(Conflict):
        forms.save(ctx, "opp", {"amount": "3M"}, "O-1", shape.version)
    assert ctx.if_version is None
    version, theirs = forms.meanwhile(ctx, "opp", "O-1", shape.version or 0, shape.held)
    assert {each.name: each.held.shown for each in theirs} == {"amount": "1,000,000.00", "note": "theirs"}
    assert all(each.who and each.at for each in theirs)
    assert forms.save(ctx, "opp", {"amount": "3M"}, "O-1", version) == "O-1"
    assert records.show(ctx, "opp", "O-1")["amount"].text() == "3000000.00"
    assert forms.meanwhile(ctx, "opp", "O-1", version + 1, shape.held) == (version + 1, [])


def test_many_records_are_one_step(ctx: Context) -> None:
    records.add(ctx, "account", {"name": "Two"})
    report = forms.save_many(ctx, "account", ["A-1", "A-2"], {"city": "Ningbo"})
    assert (report.changed, report.refused) == (2, 0)
    from crmtui.services import journal

    newest = journal.log(ctx, limit=1)[0]
    assert (newest["verb"], newest["records"]) == ("account.edit", 2)


@pytest.mark.parametrize("text", [text for text in hostile.STRINGS if len(text) < 5000][::7])
def test_drafts_come_back(tmp_path: Path, text: str) -> None:
    path = tmp_path / "drafts" / "one.json"
    assert drafts.find(path) is None
    drafts.keep(path, {"name": text}, 3)
    assert drafts.find(path) == drafts.Draft({"name": text}, 3)
    assert path.stat().st_mode & 0o077 == 0
    drafts.keep(path, {})
    assert drafts.find(path) is None


def test_a_broken_draft_is_no_draft(tmp_path: Path) -> None:
    for text in ("", "[]", "{", '{"values": 3, "version": 1}', '{"values": {}, "version": "x"}'):
        (tmp_path / "one.json").write_text(text)
        assert drafts.find(tmp_path / "one.json") is None


def test_drafts_of_two_people_and_two_forms_are_apart(ctx: Context) -> None:
    assert drafts.place(ctx, "opp") != drafts.place(ctx, "opp O-1")
    assert drafts.place(ctx, "opp") == drafts.place(ctx, "opp")


def test_fields_are_found_by_name_and_label(ctx: Context) -> None:
    assert suggest.fields(ctx, "opp", "amo")[0].value == "amount"
    assert "x.vat" in {offer.value for offer in suggest.fields(ctx, "opp", "vat")}
    assert "x.vat" in {offer.value for offer in suggest.fields(ctx, "opp", "x.")}
    assert suggest.fields(ctx, "opp", "account.ind")[0].value == "account.industry"
    assert suggest.fields(ctx, "opp", "amount.x") == []


def test_values_are_those_that_records_have(ctx: Context) -> None:
    for name in ("B", "C", "D"):
        records.add(ctx, "account", {"name": name, "city": "Ningbo"})
    records.add(ctx, "account", {"name": "E", "city": "Wuhan"})
    assert [(o.value, o.count) for o in suggest.values(ctx, "account", "city")] == [
        ("Ningbo", 3),
        ("Wuhan", 1),
    ]
    assert [o.value for o in suggest.values(ctx, "account", "city", "wu")] == ["Wuhan"]
    assert suggest.values(ctx, "opp", "account.city")[0].value == "Ningbo"
    assert suggest.values(ctx, "opp", "state", "wo")[0].value == "won"
    assert suggest.values(ctx, "opp", "owner")[0].value == "me"
    assert suggest.values(ctx, "opp", "expected_close_on", "this q")[0].value == "this quarter"
    with pytest.raises(Invalid):
        suggest.values(ctx, "opp", "nothing")


def test_records_are_found_by_name_and_ref(ctx: Context) -> None:
    assert suggest.record(ctx, "account", "精工")[0].value == "A-1"
    assert suggest.record(ctx, "account", "A-1")[0].shown == "华东精工"


def test_pinyin_finds_what_is_offered() -> None:
    offers = [suggest.Offer("a", "机械"), suggest.Offer("b", "造纸")]
    assert [offer.value for offer in suggest.likely(offers, "zao", 9)] == ["b"]
    assert [offer.value for offer in suggest.likely(offers, "jx", 9)] == ["a"]


def test_people_have_a_load(ctx: Context) -> None:
    me = f"U-{ctx.actor.id}"
    records.add(ctx, "lead", {"company": "L", "owner": "me"})
    found = suggest.load(ctx, [me])[me]
    assert (found.open, found.leads) == (1, 1)


def test_the_last_reasons_are_offered(ctx: Context) -> None:
    for number, reason in enumerate(("no budget", "no answer", "no budget"), 1):
        records.add(ctx, "lead", {"company": f"L{number}"})
        lead.disqualify(ctx, f"L-{number}", reason)
    assert suggest.reasons(ctx, "lead.disqualify") == ["no budget", "no answer"]
