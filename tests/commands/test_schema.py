"""`crm schema` says what the commands print, and they print that."""

from datetime import date, datetime
from typing import Any

import pytest

from crmtui.services.nouns import NOUNS
from tests.commands.conftest import Crm

_TYPES: dict[str, Any] = {
    "string": str,
    "integer": int,
    "boolean": bool,
    "array": list,
    "object": dict,
    "null": type(None),
}


def fits(value: Any, schema: dict[str, Any]) -> bool:
    """Whether `value` is what `schema` describes; knows the words that our schemas use."""
    assert set(schema) <= {
        *(
            "$schema",
            "title",
            "description",
            "type",
            "enum",
            "anyOf",
            "properties",
            "required",
            "additionalProperties",
        ),
        *("items", "pattern", "format", "minimum", "maximum"),
    }
    if "anyOf" in schema:
        return any(fits(value, one) for one in schema["anyOf"])
    if "enum" in schema:
        return value in schema["enum"]
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if not any(
        isinstance(value, _TYPES[kind]) and not (kind == "integer" and isinstance(value, bool))
        for kind in kinds
    ):
        return False
    if isinstance(value, list):
        return all(fits(item, schema["items"]) for item in value)
    if isinstance(value, dict):
        known = schema["properties"]
        return set(schema.get("required", ())) <= set(value) <= set(known) and all(
            fits(value[k], known[k]) for k in value
        )
    if schema.get("format") == "date":
        return date.fromisoformat(value).isoformat() == value
    if schema.get("format") == "date-time":
        return datetime.fromisoformat(value).tzinfo is not None
    return True


@pytest.mark.parametrize("noun", list(NOUNS))
def test_lists_are_as_their_schema_says(crm: Crm, noun: str) -> None:
    rows = crm(noun, "list", "--fields", "all", "--json").json
    schema = crm("schema", noun, "list").json
    assert fits(rows, schema)
    assert set(schema["items"]["properties"]) >= {
        "ref",
        "external_id",
        "owner",
        "tags",
        "note",
        "created_at",
        "version",
    }


def test_changes_and_records_are_as_their_schema_says(crm: Crm) -> None:
    crm(
        "attribute",
        "add",
        "--set",
        "noun=contact",
        "--set",
        "name=shoe",
        "--set",
        "type=whole",
        "--set",
        "title=Shoe",
    )
    crm("account", "add", "Acme")
    words = [
        "--set",
        "children=Mia 2015-05-01; Tom",
        "--set",
        "interests=tennis",
        "--account",
        "Acme",
        "--set",
        "x.shoe=42",
    ]
    added = crm("contact", "add", "Ann", *words, "--birth-date", "1990-02-01", "--json").json
    assert fits(added, crm("schema", "contact add").json)
    assert fits(crm("contact", "show", "1", "--json").json, crm("schema", "contact", "show").json)
    assert crm("schema", "contact", "show").json["properties"]["x.shoe"]["anyOf"][0] == {"type": "integer"}
    assert not fits({**added, "married": "perhaps"}, crm("schema", "contact add").json)


def test_a_schema_needs_no_store(bare: Crm) -> None:
    assert bare("schema", "lead", "list").json["items"]["properties"]["company"]
    assert bare("schema", "lead", "dance").code == 2
    assert bare("schema", "nothing").code == 2
