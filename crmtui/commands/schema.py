"""`crm schema`: the JSON Schema of what a command prints."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmtui.commands.call import Call
from crmtui.commands.prints import ANY, Prints
from crmtui.commands.verb import Verb, command
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
    "number": {"type": "number"},
    "any": {},
    "flag": _FLAG,
    "day": {"type": "string", "format": "date"},
    "moment": {"type": "string", "format": "date-time"},
    "ref": _REF,
    "target": {"anyOf": [_TEXT, _REF]},
    "record": _REF,
    "choices": {"type": "array", "items": _TEXT},
    "refs": {"type": "array", "items": _REF},
    "children": {"type": "array", "items": _CHILD},
}
_NEVER_EMPTY = ("id", "ref", "version", "created_at")
FieldsOf = Callable[[str], "Sequence[Field]"]


@command("schema", examples=("crm schema opp list", 'crm schema "lead show"'))
def schema(
    call: Call,
    words: Annotated[list[str], typer.Argument(metavar="COMMAND", help=N_("The words of the command"))],
) -> None:
    """Print the schema of a command's JSON."""
    from crmtui.commands.formats import json_object

    path = " ".join(" ".join(words).split())
    verb = _verb(path)
    if verb is None or verb.prints is None:
        raise Invalid(
            "schema.unknown",
            N_("There is no schema for `crm {command}`."),
            hint=N_("Name a noun and a verb, such as: crm schema opp list"),
            command=path,
        )
    call.text(json_object(of(verb, lambda noun: _fields(call, noun))))


def _verb(path: str) -> Verb | None:
    """The command of these words; None where there is none."""
    from crmtui.commands import tree

    node = tree.ROOT
    for word in path.split():
        tree.verb_of(node)
        if word not in node.children:
            return None
        node = node.children[word]
    return tree.verb_of(node)


def _fields(call: Call, noun: str) -> "Sequence[Field]":
    """The fields of `noun` with the company's own attributes; the declared ones alone where there is no store yet."""
    from crmtui.services import records

    try:
        return records.fields_of(call.ctx, noun)
    except NotReady:
        return records.declared_fields(noun)


def of(verb: Verb, fields_of: FieldsOf) -> dict[str, Any]:
    """The JSON Schema of what `verb` prints; each field alone may be left out by --fields."""
    assert verb.prints is not None
    whole = _of(verb.prints, fields_of, verb.change)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **whole}


def _of(prints: Prints | Mapping[str, Any], fields_of: FieldsOf, change: bool) -> dict[str, Any]:
    """The schema of what `prints` declares; of one that is a schema already, itself."""
    if not isinstance(prints, Prints):
        return dict(prints)
    nouns = list(NOUNS) if prints.noun == ANY else [prints.noun]
    columns = [(noun, fields_of(noun) if noun else prints.columns) for noun in nouns]
    item = _either([_object(noun, fields, prints, fields_of, change) for noun, fields in columns])
    whole = {"type": "array", "items": item} if prints.many else item
    return _either([whole, *(_of(other, fields_of, change) for other in prints.also)])


def _either(possible: list[dict[str, Any]]) -> dict[str, Any]:
    return possible[0] if len(possible) == 1 else {"anyOf": possible}


def _object(
    title: str, fields: "Sequence[Field]", prints: Prints, fields_of: FieldsOf, change: bool
) -> dict[str, Any]:
    properties = {field.name: _of_field(field) for field in fields}
    properties |= {name: _of(inner, fields_of, False) for name, inner in prints.more.items()}
    if change and not prints.many:
        properties["tx"] = {"type": ["string", "null"], "description": "What crm undo takes."}
    named = {"title": title} if title else {}
    return {"type": "object", **named, "properties": properties, "additionalProperties": False}


def _of_field(field: "Field") -> dict[str, Any]:
    kind = _KINDS.get(field.kind, _TEXT)
    if field.values:
        kind = {"enum": list(field.values)}
    described = {"title": field.label} | kind
    if field.name in _NEVER_EMPTY or kind.get("type") == "array":
        return described
    return {"title": field.label, "anyOf": [kind, {"type": "null"}]}
