"""`crm schema`: the JSON Schema of what a command prints."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmtui.commands.call import Call
from crmtui.commands.verb import command
from crmtui.errors import Invalid, NotReady
from crmtui.i18n import N_
from crmtui.services.nouns import NOUNS

if TYPE_CHECKING:
    from crmtui.services.records import Field

_TEXT, _WHOLE, _FLAG = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
_REF = {
    "type": "object",
    "properties": {"ref": _TEXT, "name": {"type": ["string", "null"]}},
    "required": ["ref", "name"],
    "additionalProperties": False,
}
_CHILD = {
    "type": "object",
    "properties": {"name": {"type": ["string", "null"]}, "birth_date": {"type": ["string", "null"]}},
}
_KINDS: dict[str, dict[str, Any]] = {
    "whole": _WHOLE,
    "percent": {"type": "integer", "minimum": 0, "maximum": 100},
    "money": {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"},
    "rate": {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$"},
    "flag": _FLAG,
    "day": {"type": "string", "format": "date"},
    "moment": {"type": "string", "format": "date-time"},
    "ref": _REF,
    "target": {"anyOf": [_TEXT, _REF]},
    "choices": {"type": "array", "items": _TEXT},
    "refs": {"type": "array", "items": _REF},
    "children": {"type": "array", "items": _CHILD},
}
_LISTS, _CHANGES = ("list", "export"), ("add", "edit", "archive", "restore")
_NEVER_EMPTY = ("id", "ref", "version", "created_at")


@command("schema", examples=("crm schema opp list", 'crm schema "lead show"'))
def schema(
    call: Call,
    words: Annotated[list[str], typer.Argument(metavar="COMMAND", help=N_("The words of the command"))],
) -> None:
    """Print the schema of a derived command's JSON."""
    from crmtui.commands.formats import json_object

    noun, _space, verb = " ".join(" ".join(words).split()).partition(" ")
    if noun not in NOUNS or verb not in (*_LISTS, *_CHANGES, "show", *NOUNS[noun].written):
        raise Invalid(
            "schema.unknown",
            N_("There is no schema for `crm {command}`."),
            hint=N_("Name a noun and a verb, such as: crm schema opp list"),
            command=" ".join(words),
        )
    call.text(json_object(of(noun, verb, _fields(call, noun))))


def _fields(call: Call, noun: str) -> "list[Field]":
    """The fields of `noun` with the company's own attributes; the declared ones alone where there is no store yet."""
    from crmtui.services import records, shape

    try:
        return records.fields_of(call.ctx, noun)
    except NotReady:
        return shape.fields(noun)


def of(noun: str, verb: str, fields: "list[Field]") -> dict[str, Any]:
    """The JSON Schema of what `crm NOUN VERB --fields all` prints; each field alone may be left out by --fields."""
    record: dict[str, Any] = {
        "type": "object",
        "title": noun,
        "properties": {field.name: _of_field(field) for field in fields},
        "additionalProperties": False,
    }
    if verb in _LISTS:
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "array", "items": record}
    if verb not in ("show",):
        record["properties"]["tx"] = {"type": ["string", "null"], "description": "What crm undo takes."}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **record}


def _of_field(field: "Field") -> dict[str, Any]:
    kind = _KINDS.get(field.kind, _TEXT)
    if field.values:
        kind = {"enum": list(field.values)}
    described = {"title": field.label} | kind
    if field.name in _NEVER_EMPTY or kind.get("type") == "array":
        return described
    return {"title": field.label, "anyOf": [kind, {"type": "null"}]}
