"""Mapping files: which column of a foreign file goes into which field, and what its words mean here."""

import tomllib
from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from crmtui.errors import Forbidden, Invalid
from crmtui.i18n import N_
from crmtui.text import nearest

ON_MATCH = ("update", "skip", "fail")
CREATABLE = ("account", "product", "user", "dept", "territory", "competitor", "attribute", "type")
NEWLINE = ("refuse", "space")
DECIMAL = (".", ",")
_KEYS = (
    "noun",
    "key",
    "on_match",
    "create",
    "missing",
    "date_format",
    "decimal",
    "ignore",
    "newline",
    "columns",
    "values",
    "defaults",
)

Setting = str | Dictionary[str, str]
"""What a word of the file means: the value of its field, or values of several fields."""


@dataclass(frozen=True)
class Mapping:
    """A mapping as its file, or the command line, gives it. Empty parts are for the import to fill."""

    noun: str | None = None
    key: tuple[str, ...] = ()
    on_match: str = "update"
    create: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset(("",))
    date_formats: tuple[str, ...] = ()
    decimal: str = "."
    """What stands before the decimals of numbers; with a comma, points set thousands apart."""
    ignore: tuple[str, ...] = ()
    newline: str = "refuse"
    columns: Dictionary[str, tuple[str, ...]] = field(default_factory=dict)
    """Field → the column that it is read from; several are joined by a blank."""
    values: Dictionary[str, Dictionary[str, Setting]] = field(default_factory=dict)
    """Field, or column that no field is read from → word of the file → what it means."""
    defaults: Dictionary[str, str] = field(default_factory=dict)
    guess: bool = True
    """Whether columns that nobody named are matched by their headers."""


def combine(
    path: str | None,
    maps: Sequence[str] = (),
    *,
    on_match: str | None = None,
    create: Sequence[str] = (),
    ignore: Sequence[str] = (),
) -> Mapping:
    """The mapping file at `path`, if any, with what the command line adds or overrides. Raises Invalid, Forbidden."""
    found = load(path) if path else Mapping()
    columns = dict(found.columns)
    for item in maps:
        name, sign, column = item.partition("=")
        if not sign or not name.strip() or not column.strip():
            raise Invalid(
                "mapping.map",
                N_("{text} does not say which field comes from which column."),
                field="map",
                hint=N_("Write --map field=Column."),
                text=item,
            )
        columns[_field_name(name.strip())] = (column.strip(),)
    return replace(
        found,
        columns=columns,
        on_match=_one_of("on_match", on_match or found.on_match, ON_MATCH),
        create=found.create
        | {_one_of("create", noun, CREATABLE) for each in create for noun in _split(each)},
        ignore=(*found.ignore, *(column.strip() for column in ignore)),
    )


def load(path: str) -> Mapping:
    """The mapping file at `path`. Raises Invalid, which names the key or the line at fault, and Forbidden."""
    try:
        with open(path, "rb") as file:
            found = tomllib.load(file)
    except FileNotFoundError as error:
        raise Invalid("file.not_found", N_("There is no file {file}."), file=path) from error
    except PermissionError as error:
        raise Forbidden("file.forbidden", N_("You may not read {file}."), file=path) from error
    except (OSError, ValueError) as error:
        raise Invalid(
            "mapping.toml", N_("{file} is no TOML: {problem}"), file=path, problem=str(error)
        ) from error
    return _checked(found)


def _checked(found: Dictionary[str, Any]) -> Mapping:
    for name in found:
        if name not in _KEYS:
            raise _unknown(name, _KEYS)
    columns = {
        _field_name(name): _texts(f"columns.{name}", value)
        for name, value in _table("columns", found).items()
    }
    values = {
        _field_name(name): _words(f"values.{name}", value) for name, value in _table("values", found).items()
    }
    defaults = {
        _field_name(name): _scalar(f"defaults.{name}", value)
        for name, value in _table("defaults", found).items()
    }
    for name, places in columns.items():
        if not places:
            raise _wrong(f"columns.{name}")
    return Mapping(
        noun=_scalar("noun", found["noun"]) if "noun" in found else None,
        key=tuple(map(_field_name, _texts("key", found.get("key", [])))),
        on_match=_one_of("on_match", _scalar("on_match", found.get("on_match", "update")), ON_MATCH),
        create=frozenset(
            _one_of("create", noun, CREATABLE) for noun in _texts("create", found.get("create", []))
        ),
        missing=frozenset(("", *_texts("missing", found.get("missing", [])))),
        date_formats=_formats(_texts("date_format", found.get("date_format", []))),
        decimal=_one_of("decimal", _scalar("decimal", found.get("decimal", ".")), DECIMAL),
        ignore=_texts("ignore", found.get("ignore", [])),
        newline=_one_of("newline", _scalar("newline", found.get("newline", "refuse")), NEWLINE),
        columns=columns,
        values=values,
        defaults=defaults,
        guess=not columns,
    )


def _field_name(name: str) -> str:
    return name if name.startswith("x.") else name.replace("-", "_")


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _table(name: str, found: Dictionary[str, Any]) -> Dictionary[str, Any]:
    """A table of the file; a dotted key such as x.region that TOML took apart is one name again."""
    value = found.get(name, {})
    if not isinstance(value, dict):
        raise _wrong(name)
    flat = dict(value)
    extra = flat.pop("x", None)
    if isinstance(extra, dict):
        flat |= {f"x.{key}": item for key, item in extra.items()}
    elif extra is not None:
        flat["x"] = extra
    return flat


def _words(name: str, value: Any) -> dict[str, Setting]:
    if not isinstance(value, dict):
        raise _wrong(name)
    return {
        word.strip(): {_field_name(key): _scalar(f"{name}.{word}", item) for key, item in meaning.items()}
        if isinstance(meaning, dict)
        else _scalar(f"{name}.{word}", meaning)
        for word, meaning in value.items()
    }


def _texts(name: str, value: Any) -> tuple[str, ...]:
    items = value if isinstance(value, list) else [value]
    return tuple(_scalar(name, item) for item in items)


def _scalar(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, str | int | float):
        return str(value)
    raise _wrong(name)


def _formats(formats: tuple[str, ...]) -> tuple[str, ...]:
    for each in formats:
        try:
            datetime.strptime(datetime(2000, 1, 1).strftime(each), each)  # noqa: DTZ001, DTZ007  only its form counts
        except ValueError as error:
            raise Invalid(
                "mapping.date_format",
                N_("{format} is no form of a date."),
                field="date_format",
                hint=N_("Write it like %m/%d/%Y or %d.%m.%Y."),
                format=each,
            ) from error
    return formats


def _one_of(name: str, value: str, allowed: Sequence[str]) -> str:
    if value in allowed:
        return value
    near = nearest(value, allowed)
    raise Invalid(
        "mapping.choice",
        N_("{name} does not take {value}."),
        field=name,
        hint=N_("Did you mean {near}?") if near else N_("It takes: {allowed}."),
        name=name,
        value=value,
        near=near,
        allowed=", ".join(allowed),
    )


def _unknown(name: str, allowed: Sequence[str]) -> Invalid:
    near = nearest(name, allowed)
    return Invalid(
        "mapping.unknown_key",
        N_("A mapping file has no key {name}."),
        field=name,
        hint=N_("Did you mean {near}?") if near else N_("It has: {allowed}."),
        name=name,
        near=near,
        allowed=", ".join(allowed),
    )


def _wrong(name: str) -> Invalid:
    return Invalid(
        "mapping.type", N_("{name} of the mapping file has the wrong form."), field=name, name=name
    )
