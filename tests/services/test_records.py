"""Records: the verbs that every noun shares, on every noun, with every field in every form."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from crmtui import i18n
from crmtui.errors import CrmError, Forbidden, Invalid, NotFound, Refused
from crmtui.services import account, contract, records
from crmtui.services.context import Context
from crmtui.services.nouns import NOUNS
from crmtui.store.fields import Field
from crmtui.store.record import declared, table
from crmtui.store.values import as_json, as_text
from tests.people import NOW

VERBS = ("", "advance", "adjust")
"""Fields of these verbs are set by `add`."""


@pytest.fixture
def lite(sqlite_url: str) -> Iterator[Context]:
    """The administrator of a new SQLite store, for what does not depend on the kind of store."""
    with Context.open(flags={"db": sqlite_url}, now=NOW) as context:
        yield context


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    yield
    i18n.set_language("en")


# -- every noun, every field, every form ----------------------------------------------------------------------------

SAMPLES: dict[str, tuple[str, Any, Any]] = {
    "line": ("Ünï 首席 [b]", "Ünï 首席 [b]", "Ünï 首席 [b]"),
    "text": ("two\nlines", "two\nlines", "two\nlines"),
    "code": ("a-code", "a-code", "a-code"),
    "email": ("li@example.com", "li@example.com", "li@example.com"),
    "phone": ("+86 138 0013 8000", "+86 138 0013 8000", "+86 138 0013 8000"),
    "percent": ("35%", 35, 35),
    "money": ("1,234.50", Decimal("1234.50"), "1234.50"),
    "currency": ("eur", "EUR", "EUR"),
    "rate": ("1.5", Decimal("1.5"), "1.5"),
    "flag": ("是", True, True),
    "day": ("2026-12-24", "2026-12-24", "2026-12-24"),
    "moment": ("2026-12-24 10:30", "2026-12-24T10:30:00+08:00", "2026-12-24T10:30:00+08:00"),
    "record": ("A-1", "A-1", "A-1"),
    "choices": ("tennis、wine", ["tennis", "wine"], ["tennis", "wine"]),
    "children": (
        "Mia 2015-05-01; Tom",
        [{"name": "Mia", "birth_date": "2015-05-01"}, {"name": "Tom"}],
        [{"name": "Mia", "birth_date": "2015-05-01"}, {"name": "Tom", "birth_date": None}],
    ),
}
"""Kind → as text, as JSON, and the JSON of what is then on record."""

NEEDS: dict[str, dict[str, str]] = {
    "lead": {"company": "{n}"},
    "account": {"name": "{n}"},
    "contact": {"name": "{n}"},
    "opp": {"name": "{n}", "account": "A-1", "expected_close_on": "2026-12-24"},
    "product": {"name": "{n}"},
    "price": {"product": "PR-1", "price": "5", "min_quantity": "{i}"},
    "quote": {"account": "A-1"},
    "competitor": {"name": "{n}"},
    "user": {"login": "{n}", "name": "{n}"},
    "dept": {"name": "{n}"},
    "territory": {"name": "{n}"},
    "role": {"code": "{n}", "name": "{n}"},
    "process": {"code": "{n}", "name": "{n}"},
    "stage": {"process": "default", "code": "{n}", "name": "{n}"},
    "type": {"list": "tag", "code": "{n}", "name": "{n}"},
    "attribute": {"noun": "lead", "name": "{n}"},
    "rate": {"currency": "EUR", "valid_on": "2026-01-0{i}", "rate": "1.5"},
    "dup": {"name": "{n}", "noun": "account"},
    "contract": {"name": "{n}", "account": "A-1"},
    "order": {"name": "{n}", "account": "A-1"},
    "invoice": {"name": "{n}", "account": "A-1"},
    "payment": {"name": "{n}", "account": "A-1", "amount": "5"},
    "task": {"subject": "{n}"},
    "autotask": {"item": "lead-record", "name": "{n}"},
    "assignrule": {"name": "{n}", "role": "rep"},
    "poolrule": {"name": "{n}"},
    "query": {"name": "{n}", "noun": "lead", "condition": "state = new"},
    "quota": {"scope": "user", "of": "U-1", "period": "202{i}Q4", "amount": "5"},
}
"""What each noun cannot do without."""
OWN = {
    "quota": ("scope", "of", "period", "measure"),
    "query": ("noun", "condition", "name"),
    "rate": ("currency", "valid_on"),
    "attribute": ("noun", "name", "type"),
    "stage": ("process", "code"),
    "type": ("list", "code"),
    "assignrule": ("condition",),
    "poolrule": ("condition", "uncounted", "kept"),
    "payment": ("kind",),
    "contract": ("state",),
    "order": ("state",),
}
"""Fields whose value is not free: they stay as NEEDS says."""


ENTERED = sorted(noun for noun in NOUNS if "add" in NOUNS[noun].verbs or noun in NEEDS)
"""The others are written by services alone."""


def _needs(noun: str, number: int) -> dict[str, object]:
    return {
        name: text.format(n=f"record-{number}".replace("-", "_" if noun == "attribute" else "-"), i=number)
        for name, text in NEEDS[noun].items()
    }


def _sample(field: Field, noun: str) -> tuple[str, Any, Any]:
    if field.kind == "ref":
        ref = {"user": "U-1", "role": "RO-2", "process": "PC-1"}.get(
            field.noun, f"{NOUNS[field.noun].prefix}-1"
        )
        return ref, {"ref": ref, "name": "whatever"}, ref
    if field.kind == "refs":
        prefix = NOUNS[field.noun].prefix
        return (
            f"{prefix}-1, {prefix}-2",
            [{"ref": f"{prefix}-1"}, f"{prefix}-2"],
            [f"{prefix}-1", f"{prefix}-2"],
        )
    if field.kind == "whole":
        return str(field.high), field.high, field.high
    if field.kind == "state":
        value = next(value for value in reversed(field.values) if value != "closed")
        return value.upper(), value, value
    if field.kind == "stage":
        return "Proposal", "proposal", "proposal"
    if field.kind == "choice":
        listed = {"industry": ("零售", "retail"), "customer_state": ("Loyal", "loyal")}
        text, code = listed.get(field.choices, ("not on the list", "not on the list"))
        return text, code, code
    return SAMPLES[field.kind]


def _settable(noun: str) -> list[Field]:
    kept = {*OWN.get(noun, ()), "external_id", *({"login"} if noun == "user" else ())}
    names = {name for name in NEEDS[noun] if noun in ("process", "role")} | kept
    return [field for field in declared(noun) if field.verb in VERBS and field.name not in names]


def _refs(value: Any) -> Any:
    """References in JSON by their ref alone: what their names are is another matter."""
    if isinstance(value, dict) and "ref" in value:
        return value["ref"]
    return [_refs(item) for item in value] if isinstance(value, list) else value


def _json(ctx: Context, noun: str, ref: str) -> dict[str, Any]:
    shown = records.show(ctx, noun, ref)
    return {field.name: as_json(field, shown[field.name]) for field in records.fields_of(ctx, noun)}


def _base(ctx: Context, noun: str) -> None:
    """Something of every kind to point at."""
    for each in ("account", "contact", "dept", "territory", "competitor", "lead"):
        records.add(ctx, each, _needs(each, 8))
    for number in (8, 9):
        records.add(ctx, "product", _needs("product", number))
    records.add(ctx, "opp", _needs("opp", 8))
    if noun == "assignrule":
        records.add(ctx, "user", _needs("user", 8))
    if noun in ("order", "invoice", "payment"):
        agreed = {"account": "A-1", "amount": "99999", "currency": "EUR"}
        records.add(ctx, "contract", agreed)
        contract.sign(ctx, "K-1")
        records.add(ctx, "order", {**agreed, "contract": "K-1"})
        records.add(ctx, "invoice", {**agreed, "order": "S-1"})


@pytest.mark.parametrize("noun", ENTERED)
def test_every_field_in_every_form(lite: Context, noun: str) -> None:
    _base(lite, noun)
    fields = _settable(noun)
    texts = {field.name: _sample(field, noun)[0] for field in fields}
    forms = {field.name: _sample(field, noun)[1] for field in fields}
    expected = {field.name: _sample(field, noun)[2] for field in fields}
    by_text = f"{NOUNS[noun].prefix}-{records.add(lite, noun, {**_needs(noun, 1), **texts}).id}"
    own = {"name": "Another"} if noun == "assignrule" else {}  # each has a name of its own
    by_json = f"{NOUNS[noun].prefix}-{records.add(lite, noun, {**_needs(noun, 2), **forms, **own}).id}"
    plain = f"{NOUNS[noun].prefix}-{records.add(lite, noun, _needs(noun, 3)).id}"
    if noun == "contact":  # one of a customer is the primary one, so the last who is named
        expected["primary"] = False
    shown = _json(lite, noun, by_text)
    assert {name: _refs(shown[name]) for name in expected} == expected
    expected |= {"primary": True} if noun == "contact" else {}
    assert {
        name: _refs(value) for name, value in _json(lite, noun, by_json).items() if name in expected
    } == expected | own
    edited = {
        field.name: texts[field.name]
        for field in fields
        if field.verb in ("", "adjust") and not _fixed(noun, field)
    }
    assert records.edit(lite, noun, plain, edited).version == 2
    assert {name: _refs(value) for name, value in _json(lite, noun, plain).items() if name in edited} == {
        name: expected[name] for name in edited
    }
    _back_and_forth(lite, noun, plain, edited)


def _fixed(noun: str, field: Field) -> bool:
    if noun == "assignrule" and field.name == "name":
        return True
    return noun in ("attribute", "stage", "type") and field.name in (
        "noun",
        "name",
        "type",
        "process",
        "code",
        "list",
    )


def _back_and_forth(ctx: Context, noun: str, ref: str, edited: dict[str, Any]) -> None:
    """What JSON shows, edit takes and finds nothing new in; then the record goes, and comes back the same."""
    before = _json(ctx, noun, ref)
    assert records.edit(ctx, noun, ref, {name: before[name] for name in edited}).version == 2
    text = {
        field.name: as_text(field, records.show(ctx, noun, ref)[field.name], people=False)
        for field in _settable(noun)
    }
    assert records.edit(ctx, noun, ref, {name: text[name] for name in edited}).version == 2
    count = records.count_where(ctx, noun, "")
    assert records.archive(ctx, noun, ref).version == 3
    assert records.archive(ctx, noun, ref).version == 3
    assert records.count_where(ctx, noun, "") == count - 1
    assert records.show(ctx, noun, ref)["archived_at"] == ctx.clock.now()
    assert ref in {row["ref"] for row in records.find(ctx, noun, archived=True).rows}
    assert records.restore(ctx, noun, ref).version == 4
    after = _json(ctx, noun, ref)
    assert {**after, "version": 2, "updated_at": None} == {**before, "updated_at": None}


@pytest.mark.parametrize("noun", ENTERED)
def test_what_a_noun_needs(lite: Context, noun: str) -> None:
    _base(lite, noun)
    required = [field.name for field in declared(noun) if field.required and field.name in NEEDS[noun]]
    for number, missing in enumerate(required, start=1):
        given = {name: value for name, value in _needs(noun, number).items() if name != missing}
        if missing in MADE.get(noun, ()):
            assert getattr(records.add(lite, noun, given), missing)
            continue
        with pytest.raises(CrmError) as needed:
            records.add(lite, noun, given)
        assert needed.value.field == missing


MADE = {
    "user": ("login", "name"),
    "stage": ("name",),
    "type": ("code", "name"),
    "opp": ("name",),
    "contract": ("name",),
    "order": ("name",),
    "invoice": ("name",),
    "payment": ("name",),
}
"""Fields that the rules of a noun make from others when nobody gives them."""


@pytest.mark.parametrize("noun", ENTERED)
def test_nobody_sets_what_the_program_keeps(lite: Context, noun: str) -> None:
    _base(lite, noun)
    for field in records.fields_of(lite, noun):
        if field.verb not in VERBS:
            with pytest.raises(Refused) as refused:
                records.add(lite, noun, {**_needs(noun, 1), field.name: "1"})
            assert refused.value.field == field.name
    with pytest.raises(Invalid) as unknown:
        records.add(lite, noun, {**_needs(noun, 1), "ownr": "me"})
    assert (unknown.value.code, unknown.value.field) == ("field.unknown", "ownr")
    assert unknown.value.hint == "Did you mean owner?"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("primary", 1),
        ("primary", "maybe"),
        ("birth_date", "2026-02-30"),
        ("birth_date", True),
        ("email", "not an address"),
        ("name", "two\nlines"),
        ("name", "nul\0"),
        ("name", "\ud800"),
        ("name", "x" * 201),
        ("name", "   "),
        ("name", ["a"]),
        ("account", "A-999"),
        ("account", {"name": "Acme"}),
        ("children", {"name": "Mia"}),
        ("children", [{"name": "x" * 101}]),
        ("children", [{"name": "a\nb"}]),
        ("children", [{"name": "Mia", "born": "2015"}]),
        ("children", [{"birth_date": "2015-13-01"}]),
        ("children", [{}]),
        ("children", [7]),
        ("children", "Mia 2015-02-30"),
        ("interests", ["x" * 81]),
        ("interests", [{"a": 1}]),
        ("interests", ["a\nb"]),
        ("owner", "nobody"),
    ],
)
def test_wrong_values_name_the_field(lite: Context, field: str, value: Any) -> None:
    with pytest.raises((Invalid, NotFound)) as wrong:
        records.add(lite, "contact", {"name": "Li", field: value})
    assert wrong.value.field == field
    assert wrong.value.message
    assert records.count_where(lite, "contact", "") == 0


# -- depth of contacts and breadth of customers (CAP-015, 016, 017) -------------------------------------------------


def test_a_contact_in_depth(ctx: Context) -> None:
    customer = records.add(ctx, "account", {"name": "Acme"})
    given: dict[str, object] = {
        "given_name": "伟",
        "family_name": "王",
        "account": "Acme",
        "title": "首席财务官",
        "education": "MBA",
        "birth_date": "1975-05-05",
        "married": "yes",
        "children": "Mia 2015-05-07; Tom; 2019-01-02",
        "interests": "tennis, wine; tennis",
        "awards": "Best buyer\n2024",
        "relationships": "Golf with our director",
        "next_contact_on": "2027-03-02",
    }
    made = records.add(ctx, "contact", given)
    shown = records.show(ctx, "contact", "王伟")
    assert (shown["id"], shown["account"].id, shown["married"]) == (made.id, customer.id, True)
    assert shown["children"] == [
        {"name": "Mia", "birth_date": "2015-05-07"},
        {"name": "Tom", "birth_date": None},
        {"name": None, "birth_date": "2019-01-02"},
    ]
    assert shown["interests"] == ["tennis", "wine"]
    assert shown["next_contact_on"] == date(2027, 3, 2)
    assert shown["owner"].id == ctx.actor.id
    assert records.edit(ctx, "contact", "王伟", {"children": ""}).children is None
    assert records.add(ctx, "contact", {"given_name": "Ann", "family_name": "Lee"}).name == "Ann Lee"
    assert records.add(ctx, "contact", {"name": "Bo"}).married is None
    with pytest.raises(Invalid) as nameless:
        records.add(ctx, "contact", {"title": "CEO"})
    assert nameless.value.field == "name"


def test_one_contact_of_a_customer_is_primary(ctx: Context) -> None:
    records.add(ctx, "account", {"name": "Acme"})
    ann = records.add(ctx, "contact", {"name": "Ann", "account": "Acme", "primary": "yes"})
    records.add(ctx, "contact", {"name": "Bo", "account": "Acme", "primary": True})
    records.add(ctx, "contact", {"name": "Cy", "primary": True})
    primary = {
        row["name"]: row["version"] for row in records.find(ctx, "contact", where="primary = yes").rows
    }
    assert primary == {"Bo": 1, "Cy": 1}
    records.edit(ctx, "contact", f"C-{ann.id}", {"primary": "yes"})
    records.edit(ctx, "contact", "Cy", {"account": "Acme"})
    rows = {row["name"]: (row["primary"], row["version"]) for row in records.find(ctx, "contact").rows}
    assert rows == {"Ann": (False, 4), "Bo": (False, 2), "Cy": (True, 2)}


def test_the_organisation_of_a_customer(ctx: Context) -> None:
    records.add(
        ctx,
        "account",
        {"name": "Acme", "legal_status": "有限责任公司", "credit_rating": "aa", "credit_limit": "100k"},
    )
    records.add(ctx, "account", {"name": "Acme East", "parent": "Acme"})
    records.add(
        ctx,
        "contact",
        {"name": "Ann", "account": "Acme", "title": "CEO", "buying_role": "Final decision maker"},
    )
    records.add(ctx, "contact", {"name": "Bo", "account": "Acme", "reports_to": "Ann"})
    rows = [(row["depth"], row["name"], row["buying_role"]) for row in account.org(ctx, "Acme")]
    assert rows == [(0, "Acme", None), (1, "Ann", "final-decision"), (2, "Bo", None), (1, "Acme East", None)]
    shown = records.show(ctx, "account", "Acme")
    assert (shown["legal_status"], shown["credit_rating"], shown["credit_limit"].minor) == (
        "limited",
        "aa",
        10_000_000,
    )
    for noun, name, field, under in (
        ("account", "Acme", "parent", "Acme East"),
        ("contact", "Ann", "reports_to", "Bo"),
    ):
        with pytest.raises(Refused) as circle:
            records.edit(ctx, noun, name, {field: under})
        assert (circle.value.code, circle.value.field) == ("tree.circle", field)


# -- names ----------------------------------------------------------------------------------------------------------


def test_a_name_that_fits_several(ctx: Context) -> None:
    made = [records.add(ctx, "account", {"name": name}) for name in ("Acme Ltd", "ACME ltd.", "Ａｃｍｅ-Ltd")]
    with pytest.raises(NotFound) as several:
        records.show(ctx, "account", "acme ltd")
    assert several.value.code == "record.ambiguous"
    assert several.value.params["candidates"] == ", ".join(f"A-{one.id}" for one in made)
    assert records.show(ctx, "account", "ACME ltd.")["id"] == made[1].id
    for one in made[1:]:
        records.archive(ctx, "account", f"A-{one.id}")
    assert records.show(ctx, "account", "acme ltd")["id"] == made[0].id


def test_a_missing_record(ctx: Context) -> None:
    for ref in ("999", "A-999", "ext:none", "Nobody", "9" * 18, "A-" + "9" * 18, "a\0b", "\udcff", ""):
        with pytest.raises(NotFound):
            records.show(ctx, "account", ref)


# -- the company's own attributes (CAP-124) -------------------------------------------------------------------------

ATTRIBUTES = (
    ("eu_vat", "line", "basic", "DE 1", "DE 1", "x.eu_vat = 'DE 1'"),
    ("memo", "text", "specific", "a\nb", "a\nb", "x.memo ~ b"),
    ("seats", "whole", "extended", "40", 40, "x.seats >= 40"),
    ("share", "percent", "basic", "35%", 35, "x.share < 36"),
    ("listed", "flag", "specific", "是", True, "x.listed = yes"),
    ("since", "day", "extended", "2020-02-29", "2020-02-29", "x.since = 2020-02-29"),
    ("size", "choice", "basic", "Large", "large", "x.size = large"),
    ("bill_to", "email", "extended", "pay@example.com", "pay@example.com", "x.bill_to ~ pay@"),
    ("fax", "phone", "extended", "010 1234", "010 1234", "x.fax ~ 1234"),
)


def _attributes(ctx: Context, noun: str) -> None:
    records.add(ctx, "type", {"list": "size", "name": "Large", "name_zh": "大"})
    for name, kind, group, *_ in ATTRIBUTES:
        extra = {"list": "size"} if kind == "choice" else {}
        given = {
            "noun": noun,
            "name": name,
            "type": kind,
            "kind": group,
            "title": name.title(),
            "title_zh": f"属性{name}",
        }
        records.add(ctx, "attribute", {**given, **extra})


@pytest.mark.parametrize("noun", ["user", "contact", "product", "account", "opp"])
def test_attributes_are_fields_like_others(lite: Context, noun: str) -> None:
    _base(lite, noun)
    _attributes(lite, noun)
    assert [field.name for field in records.fields_of(lite, noun) if field.custom] == [
        f"x.{one[0]}" for one in ATTRIBUTES
    ]
    records.add(lite, noun, _needs(noun, 7))
    typed = records.add(
        lite, noun, {**_needs(noun, 1), **{f"x.{name}": text for name, _, _, text, *_ in ATTRIBUTES}}
    )
    forms = {name: value for name, _, _, _, value, _ in ATTRIBUTES}
    given = records.add(lite, noun, {**_needs(noun, 2), "x": forms})
    assert typed.x == given.x == forms
    refs = {f"{NOUNS[noun].prefix}-{one.id}" for one in (typed, given)}
    for name, *_, condition in ATTRIBUTES:
        assert {
            row["ref"] for row in records.find(lite, noun, where=condition, sort=f"x.{name}").rows
        } == refs, condition
    shown = _json(lite, noun, str(typed.id))
    assert {f"x.{name}": value for name, value in forms.items()}.items() <= shown.items()
    _, groups = records.totals(lite, noun, by="x.seats", measure="count,sum(x.share)")
    assert {row["x.seats"]: row["count"] for row in groups}[40] == 2
    changed = records.edit(lite, noun, str(typed.id), {"x.seats": "41", "x.fax": ""})
    assert changed.x == {**{k: v for k, v in forms.items() if k != "fax"}, "seats": 41}
    report = records.edit_where(lite, noun, "x.listed = yes", {"x.share": 7})
    assert (report.matched, report.changed) == (2, 2)
    assert {row["x.share"] for row in records.find(lite, noun, where="x.listed = yes").rows} == {7}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x.seats", "many"),
        ("x.share", 101),
        ("x.listed", "maybe"),
        ("x.since", "2021-02-29"),
        ("x.bill_to", "pay"),
        ("x.eu_vat", "x" * 401),
        ("x.seats", True),
        ("x.nothing", "1"),
    ],
)
def test_attributes_are_checked(lite: Context, name: str, value: object) -> None:
    _attributes(lite, "account")
    with pytest.raises(Invalid) as wrong:
        records.add(lite, "account", {"name": "Acme", name: value})
    assert wrong.value.field == name
    assert records.count_where(lite, "account", "") == 0


def test_a_required_attribute(ctx: Context) -> None:
    old = records.add(ctx, "account", {"name": "Old"})
    made = records.add(
        ctx,
        "attribute",
        {"noun": "account", "name": "eu_vat", "required": "yes", "title": "VAT", "title_zh": "税号"},
    )
    for given in ({"name": "Acme"}, {"name": "Acme", "x.eu_vat": " "}):
        with pytest.raises(Invalid) as missing:
            records.add(ctx, "account", given)
        assert (missing.value.code, missing.value.field) == ("field.required", "x.eu_vat")
    assert "VAT" in missing.value.message
    assert records.edit(ctx, "account", str(old.id), {"city": "Berlin"}).city == "Berlin"
    i18n.set_language("zh")
    assert next(field.label for field in records.fields_of(ctx, "account") if field.custom) == "税号"
    records.archive(ctx, "attribute", f"AT-{made.id}")
    assert records.add(ctx, "account", {"name": "Acme"}).x is None


def test_an_attribute_stays_what_it_is(ctx: Context) -> None:
    """Records hold values under its name and of its type."""
    made = records.add(ctx, "attribute", {"noun": "account", "name": "eu_vat"})
    records.add(ctx, "account", {"name": "Acme", "x.eu_vat": "DE1"})
    for given in ({"name": "vat"}, {"noun": "lead"}, {"type": "day"}):
        with pytest.raises(Refused) as fixed:
            records.edit(ctx, "attribute", f"AT-{made.id}", given)
        assert fixed.value.code == "attribute.fixed"
    assert records.show(ctx, "account", "Acme")["x.eu_vat"] == "DE1"
    for given in ({"noun": "account", "name": "Eu Vat"}, {"noun": "acount", "name": "vat"}):
        with pytest.raises(Invalid):
            records.add(ctx, "attribute", given)


# -- lists that the company edits (CAP-122) -------------------------------------------------------------------------


def test_lists_in_both_languages(ctx: Context) -> None:
    records.add(ctx, "type", {"list": "industry", "name": "Space travel", "name_zh": "航天"})
    for number, word in enumerate(("Space travel", "SPACE  TRAVEL", "space-travel", "航天")):
        assert (
            records.add(ctx, "account", {"name": f"A{number}", "industry": word}).industry == "space-travel"
        )
    entry = next(iter(records.find(ctx, "type", where="list = industry and code = space-travel").rows))
    records.edit(ctx, "type", entry["ref"], {"name": "Astronautics", "name_zh": "宇航"})
    assert records.add(ctx, "account", {"name": "B", "industry": "宇航"}).industry == "space-travel"
    assert ctx.notes == []


def test_a_value_that_is_not_on_the_list_is_kept_and_told(ctx: Context) -> None:
    made = records.add(ctx, "account", {"name": "Acme", "industry": "Retial", "country": "Atlantis"})
    assert (made.industry, made.country) == ("Retial", "Atlantis")
    assert ctx.notes == ["Retial is not on the list industry; kept as typed. Did you mean retail?"]


@pytest.mark.parametrize("how", ["archive", "inactive"])
def test_an_entry_out_of_use_is_no_longer_on_the_list(ctx: Context, how: str) -> None:
    records.add(ctx, "account", {"name": "Old", "industry": "Tobacco"})
    entry = next(iter(records.find(ctx, "type", where="list = industry and code = tobacco").rows))
    if how == "archive":
        records.archive(ctx, "type", entry["ref"])
    else:
        records.edit(ctx, "type", entry["ref"], {"active": "no"})
    assert records.add(ctx, "account", {"name": "New", "industry": "Tobacco"}).industry == "Tobacco"
    assert ctx.notes == ["Tobacco is not on the list industry; kept as typed."]
    assert records.show(ctx, "account", "Old")["industry"] == "tobacco"


def test_an_entry_keeps_its_code(ctx: Context) -> None:
    entry = next(iter(records.find(ctx, "type", where="list = industry and code = tobacco").rows))
    for given in ({"code": "smoke"}, {"list": "product"}):
        with pytest.raises(Refused) as fixed:
            records.edit(ctx, "type", entry["ref"], given)
        assert fixed.value.code == "type.fixed"


# -- many at once ---------------------------------------------------------------------------------------------------


def test_a_bulk_change_is_one_statement(ctx: Context) -> None:
    from sqlalchemy import event

    records.add_many(
        ctx, "lead", [{"company": f"C{number}", "city": "Bonn" if number < 4 else ""} for number in range(6)]
    )
    updates: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: Any) -> None:
        if statement.startswith("UPDATE lead"):
            updates.append(statement)

    event.listen(ctx.store.engine, "before_cursor_execute", note)
    report = records.edit_where(
        ctx, "lead", "city = Bonn", {"company": "Same Ltd", "tags": "vip", "next_contact_on": "2026-12-01"}
    )
    assert (report.matched, report.changed, report.refused, len(updates)) == (4, 4, 0, 1)
    rows = list(records.find(ctx, "lead").rows)
    assert sorted(row["version"] for row in rows) == [1, 1, 2, 2, 2, 2]
    assert {row["company"] for row in rows if row["version"] == 2} == {"Same Ltd"}
    assert records.find(ctx, "lead", where="company ~ 'SAME ltd'").total() == 4
    with pytest.raises(NotFound) as several:
        records.show(ctx, "lead", "same ltd")
    assert several.value.code == "record.ambiguous"


def test_a_bulk_change_goes_through_the_rules(ctx: Context) -> None:
    records.add_many(ctx, "lead", [{"company": f"C{number}"} for number in range(3)])
    assert records.edit_where(ctx, "lead", "", {"owner": "me"}).changed == 3
    assert {row["state"] for row in records.find(ctx, "lead").rows} == {"assigned"}
    with pytest.raises(Refused):
        records.edit_where(ctx, "lead", "", {"state": "converted"})
    for wrong in ({"nothing": "1"}, {"phone": "x" * 99}, {"company": " "}):
        with pytest.raises(Invalid):
            records.edit_where(ctx, "lead", "", wrong)
    assert {row["version"] for row in records.find(ctx, "lead").rows} == {2}


@pytest.mark.parametrize(
    ("noun", "field"), [("account", "credit_limit"), ("lead", "quoted"), ("product", "price")]
)
def test_a_bulk_amount_is_of_each_records_currency(lite: Context, noun: str, field: str) -> None:
    for number, currency in enumerate(("USD", "JPY", "KWD"), start=1):
        records.add(lite, noun, {**_needs(noun, number), "currency": currency, field: "5"})
    assert records.edit_where(lite, noun, "", {field: "1200"}).changed == 3
    found = {row["currency"]: row[field].text() for row in records.find(lite, noun).rows}
    assert found == {"USD": "1200.00", "JPY": "1200", "KWD": "1200.000"}


def test_another_currency_keeps_the_figure(ctx: Context) -> None:
    """100 dollars called yen are 100 yen; and what yen cannot express is refused."""
    made = records.add(ctx, "product", {"name": "Laser", "price": "100", "cost": "60.00"})
    ref = f"PR-{made.id}"
    done = records.edit(ctx, "product", ref, {"currency": "JPY"})
    assert (done.price, done.cost) == (100, 60)
    done = records.edit(ctx, "product", ref, {"currency": "KWD", "cost": "61.5"})
    assert (done.price, done.cost) == (100_000, 61_500)
    with pytest.raises(Invalid) as fraction:
        records.edit(ctx, "product", ref, {"currency": "JPY"})
    assert fraction.value.field == "currency"
    assert records.edit_where(ctx, "product", "", {"currency": "USD"}).changed == 1
    assert records.show(ctx, "product", ref)["cost"].text() == "61.50"


def test_several_or_none(ctx: Context) -> None:
    items = [
        {"company": "A", "external_id": "1"},
        {"company": "B", "external_id": "1"},
        {"company": "C"},
        {"company": ""},
    ]
    for wrong, number in ((items[:2], 2), ([items[0], items[3]], 2)):
        with pytest.raises(CrmError) as refused:
            records.add_many(ctx, "lead", wrong)
        assert refused.value.params["item"] == number
        assert records.count_where(ctx, "lead", "") == 0
    made, failed = records.add_many(ctx, "lead", items, partial=True)
    assert [row.company for row in made] == ["A", "C"]
    assert [(number, error.code) for number, error in failed] == [(2, "record.taken"), (4, "field.required")]
    assert records.count_where(ctx, "lead", "") == 2


# -- people who have left -------------------------------------------------------------------------------------------


def test_who_is_archived_acts_no_more(ctx: Context, store_url: str) -> None:
    records.add(ctx, "user", {"login": "li", "role": "rep"})
    records.archive(ctx, "user", "li")
    with pytest.raises(Forbidden) as gone:
        Context.open(flags={"db": store_url}, now=NOW, login="li")
    assert "no longer active" in gone.value.message
    me = f"U-{ctx.actor.id}"
    for shut_out in (
        lambda: records.archive(ctx, "user", me),
        lambda: records.edit(ctx, "user", me, {"active": "no"}),
    ):
        with pytest.raises(Refused) as oneself:
            shut_out()
        assert oneself.value.code == "user.oneself"
    records.restore(ctx, "user", "li")
    Context.open(flags={"db": store_url}, now=NOW, login="li").close()


def test_a_person_and_their_login(ctx: Context) -> None:
    assert records.add(ctx, "user", {"name": "Anna Snelling"}).login == "anna.snelling"
    assert records.add(ctx, "user", {"name": "ANNA  snelling"}).login == "anna.snelling2"
    with pytest.raises(Refused) as taken:
        records.add(ctx, "user", {"login": "anna.snelling"})
    assert (taken.value.code, taken.value.field) == ("user.login_taken", "login")
    records.edit(ctx, "user", "anna.snelling2", {"manager": "anna.snelling"})
    with pytest.raises(Refused) as circle:
        records.edit(ctx, "user", "anna.snelling", {"manager": "anna.snelling2"})
    assert circle.value.code == "tree.circle"


# -- the tables themselves ------------------------------------------------------------------------------------------

BAD_ROWS: list[tuple[str, dict[str, Any]]] = [
    ("opp", {"probability": 101}),
    ("opp", {"probability": -1}),
    ("opp", {"amount": -1}),
    ("opp", {"amount": 10**16}),
    ("opp", {"state": "wonn"}),
    ("opp", {"category": "all"}),
    ("opp", {"name": None}),
    ("opp", {"name": "  "}),
    ("opp", {"name": "x" * 201}),
    ("opp", {"account_id": 999}),
    ("opp", {"owner_id": 999}),
    ("lead", {"intent": 6}),
    ("lead", {"state": None}),
    ("contact", {"primary": None}),
    ("account", {"founded": 999}),
    ("rate", {"rate": 0}),
    ("rate", {"valid_on": None}),
    ("stage", {"position": 0}),
    ("user", {"login": None}),
    ("quota", {"scope": "planet"}),
]
FULL: dict[str, dict[str, Any]] = {
    "opp": {"name": "Deal", "state": "open"},
    "lead": {"company": "Acme", "state": "new"},
    "contact": {"name": "Ann", "primary": False},
    "account": {"name": "Acme"},
    "rate": {"currency": "EUR", "valid_on": date(2026, 1, 1), "rate": 10**8, "rate_set": "default"},
    "stage": {"process_id": 1, "code": "x", "name": "X", "position": 9, "category": "pipeline"},
    "user": {"login": "x", "name": "X", "active": True},
    "quota": {
        "scope": "user", "of": "U-1", "period": "2026Q4", "measure": "revenue", "amount": 5, "currency": "USD",
        "starts_on": date(2026, 10, 1), "ends_on": date(2026, 12, 31),
    },
}  # fmt: skip


def _put(ctx: Context, noun: str, values: dict[str, Any]) -> None:
    at = datetime(2026, 11, 20, tzinfo=UTC)
    with ctx.store.engine.execution_options(write=True).begin() as connection:
        full = {"version": 1, "created_at": at, "updated_at": at, **FULL[noun], **values}
        connection.execute(table(noun).__table__.insert().values(full))


@pytest.mark.parametrize("noun", FULL)
def test_a_direct_write_that_is_right(ctx: Context, noun: str) -> None:
    _put(ctx, noun, {})


def test_direct_writes_that_are_wrong(ctx: Context) -> None:
    for noun, wrong in BAD_ROWS:
        with pytest.raises(DBAPIError):
            _put(ctx, noun, wrong)
        assert next(iter(wrong)) in table(noun).__table__.columns


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE opp SET amount = 'much'",
        "UPDATE opp SET amount = 1.5",
        "UPDATE opp SET expected_close_on = 'soon'",
        "UPDATE opp SET expected_close_on = '2026-1-1'",
        'UPDATE contact SET "primary" = 2',
        "UPDATE opp SET name = x'00'",
    ],
)
def test_tables_are_strict(lite: Context, statement: str) -> None:
    for noun in ("opp", "contact"):
        _put(lite, noun, {})
    with pytest.raises(DBAPIError), lite.store.engine.execution_options(write=True).begin() as connection:
        connection.exec_driver_sql(statement)
    with lite.store.engine.connect() as connection:
        made = connection.exec_driver_sql(
            "select name, sql from sqlite_schema where type = 'table' "
            "and name not like 'sqlite_%' and name not like 'search_gram%'"
        )
        assert [name for name, sql in made if not sql.rstrip().endswith("STRICT")] == []
