"""Mapping files, and headers that map by themselves."""

from pathlib import Path

import pytest

from crmtui.errors import Invalid, Refused
from crmtui.services import assignment, mapping
from crmtui.services.context import Context
from crmtui.services.records import fields_of


def _toml(tmp_path: Path, text: str) -> str:
    path = tmp_path / "mapping.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_mapping_file_says_all_of_it(tmp_path: Path) -> None:
    found = mapping.load(
        _toml(
            tmp_path,
            """
            noun = "opp"
            key = ["external_id"]
            on_match = "skip"
            create = ["account"]
            missing = ["NULL", "-1"]
            date_format = "%m/%d/%Y"
            ignore = ["Internal note"]
            newline = "space"
            [columns]
            external_id = "opportunity_id"
            name = ["First", "Last"]
            "x.region" = "Region"
            [values.products]
            "GTXPro" = "GTX Pro"
            [values.stage]
            "Won" = { stage = "contract", state = "won" }
            [defaults]
            probability = 30
            """,
        )
    )
    assert (found.noun, found.key, found.on_match, found.create) == (
        "opp",
        ("external_id",),
        "skip",
        {"account"},
    )
    assert found.missing == {"", "NULL", "-1"}
    assert found.date_formats == ("%m/%d/%Y",)
    assert found.ignore == ("Internal note",)
    assert found.newline == "space"
    assert not found.guess
    assert found.columns == {
        "external_id": ("opportunity_id",),
        "name": ("First", "Last"),
        "x.region": ("Region",),
    }
    assert found.values["products"] == {"GTXPro": "GTX Pro"}
    assert found.values["stage"]["Won"] == {"stage": "contract", "state": "won"}
    assert found.defaults == {"probability": "30"}


@pytest.mark.parametrize(
    ("text", "code", "field", "near"),
    [
        ('colums = {a = "b"}', "mapping.unknown_key", "colums", "columns"),
        ('on_match = "updat"', "mapping.choice", "on_match", "update"),
        ('create = ["acount"]', "mapping.choice", "create", "account"),
        ("columns = 3", "mapping.type", "columns", None),
        ("[columns]\nname = []", "mapping.type", "columns.name", None),
        ('[columns]\nname = {a = "b"}', "mapping.type", "columns.name", None),
        ('date_format = "%Q"', "mapping.date_format", "date_format", None),
        ("noun = ", "mapping.toml", None, None),
    ],
)
def test_a_wrong_mapping_file_names_the_key(
    tmp_path: Path, text: str, code: str, field: str | None, near: str | None
) -> None:
    with pytest.raises(Invalid) as error:
        mapping.load(_toml(tmp_path, text))
    assert (error.value.code, error.value.field) == (code, field)
    if near:
        assert near in error.value.hint


def test_the_command_line_adds_and_overrides(tmp_path: Path) -> None:
    path = _toml(tmp_path, 'on_match = "fail"\ncreate = ["user"]\n[columns]\ncompany = "A"')
    found = mapping.combine(
        path, ["company=B", "contact-name=C=D"], on_match="skip", create=["account,product"], ignore=["E"]
    )
    assert found.columns == {"company": ("B",), "contact_name": ("C=D",)}
    assert (found.on_match, found.create, found.ignore) == ("skip", {"user", "account", "product"}, ("E",))
    with pytest.raises(Invalid, match="field=Column"):
        mapping.combine(None, ["company"])


def _layout(
    ctx: Context, noun: str, header: list[str], plan: mapping.Mapping | None = None
) -> dict[str, str]:
    found = assignment.assign(noun, plan or mapping.Mapping(), header, 1, fields_of(ctx, noun))
    return found.shown(header)


@pytest.mark.parametrize(
    ("noun", "header", "expected"),
    [
        (
            "lead",
            ["Company", "First Name", "Last Name", "Lead Source", "Zip/Postal Code", "Lead Status", "Id"],
            {
                "company": "Company",
                "contact_name": "First Name + Last Name",
                "source": "Lead Source",
                "postcode": "Zip/Postal Code",
                "state": "Lead Status",
                "external_id": "Id",
            },
        ),
        (
            "contact",
            [
                "First Name",
                "Last Name",
                "Company",
                "E-mail Address",
                "Mobile Phone",
                "Business Phone",
                "Business City",
                "Birthday",
            ],
            {
                "given_name": "First Name",
                "family_name": "Last Name",
                "account": "Company",
                "email": "E-mail Address",
                "mobile": "Mobile Phone",
                "phone": "Business Phone",
                "city": "Business City",
                "birth_date": "Birthday",
            },
        ),
        (
            "opp",
            ["Record ID", "Deal Name", "Deal Stage", "Close Date", "Amount", "Pipeline", "Deal owner"],
            {
                "external_id": "Record ID",
                "name": "Deal Name",
                "stage": "Deal Stage",
                "expected_close_on": "Close Date",
                "amount": "Amount",
                "process": "Pipeline",
                "owner": "Deal owner",
            },
        ),
        (
            "lead",
            ["公司名称", "联系人", "电话", "备注"],
            {"company": "公司名称", "contact_name": "联系人", "phone": "电话", "note": "备注"},
        ),
        (
            "account",
            ["annual-revenue", "NAME", "Parent company"],
            {"annual_revenue": "annual-revenue", "name": "NAME", "parent": "Parent company"},
        ),
    ],
)
def test_headers_of_other_products_map_by_themselves(
    sqlite_url: str, noun: str, header: list[str], expected: dict[str, str]
) -> None:
    with Context.open(flags={"db": sqlite_url}) as ctx:
        assert _layout(ctx, noun, header) == expected


@pytest.mark.parametrize(
    ("header", "plan", "code", "said"),
    [
        (["company", "shoe size"], mapping.Mapping(), "import.unmapped_column", "shoe size"),
        (["company", "phonee"], mapping.Mapping(), "import.unmapped_column", "phone"),
        (["company", ""], mapping.Mapping(), "import.unnamed_column", "Column 2"),
        (
            ["company"],
            mapping.Mapping(columns={"phone": ("Phone no.",)}),
            "import.no_such_column",
            "Phone no.",
        ),
        (
            ["nots"],
            mapping.Mapping(columns={"note": ("notes",)}, guess=False),
            "import.no_such_column",
            "nots",
        ),
        (["company"], mapping.Mapping(ignore=("phone",)), "import.no_such_column", "phone"),
        (["a"], mapping.Mapping(columns={"compny": ("a",)}), "field.unknown", "company"),
        (["a"], mapping.Mapping(columns={"x.vat": ("a",)}), "field.unknown", "--create attribute"),
        (["company"], mapping.Mapping(defaults={"sate": "new"}), "field.unknown", "state"),
    ],
)
def test_a_column_that_does_not_fit_is_named(
    sqlite_url: str, header: list[str], plan: mapping.Mapping, code: str, said: str
) -> None:
    with Context.open(flags={"db": sqlite_url}) as ctx, pytest.raises(Invalid) as error:
        _layout(ctx, "lead", header, plan)
    assert error.value.code == code
    assert said in str(error.value)


def test_what_the_program_keeps_is_not_imported(sqlite_url: str) -> None:
    with Context.open(flags={"db": sqlite_url}) as ctx:
        with pytest.raises(Refused) as error:
            _layout(ctx, "lead", ["company", "v"], mapping.Mapping(columns={"version": ("v",)}))
        assert error.value.code == "field.system"
        own = ["id", "ref", "company", "created_at", "updated_at", "version"]
        assert _layout(ctx, "lead", own) == {"company": "company", "created_at": "created_at"}
