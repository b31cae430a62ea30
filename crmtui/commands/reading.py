"""JSON that comes in by --input: one object, an array of them, or one a line."""

import json
import sys
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from crmtui.errors import Forbidden, Invalid
from crmtui.i18n import N_


@dataclass(frozen=True)
class Objects:
    """What was read; `single` says that it was one object and no list of them."""

    items: list[dict[str, Any]]
    single: bool


def objects(name: str) -> Objects:
    """The objects in the file `name`, `-` for standard input. Raises Invalid naming the line, Forbidden."""
    content = text(name)
    try:
        whole = _loads(content)
    except ValueError as error:
        if not content.lstrip().startswith("{") or "\n" not in content.strip():
            raise _wrong(name, error) from error
        return Objects(
            [
                _object(name, line, number)
                for number, line in enumerate(content.splitlines(), 1)
                if line.strip()
            ],
            False,
        )
    if isinstance(whole, dict):
        return Objects([whole], True)
    if isinstance(whole, list) and all(isinstance(item, dict) for item in whole):
        return Objects(whole, False)
    raise Invalid(
        "input.not_objects",
        N_("{file} holds no JSON object and no list of objects."),
        field="input",
        file=name,
    )


def single(name: str) -> dict[str, Any]:
    """The one object in the file `name`; raises Invalid when there are more."""
    found = objects(name)
    if len(found.items) != 1:
        raise Invalid(
            "input.not_one",
            N_("{file} holds {count} objects; one is wanted here."),
            field="input",
            file=name,
            count=len(found.items),
        )
    return found.items[0]


def text(name: str) -> str:
    """The text of the file `name`, `-` for standard input. Raises Invalid, Forbidden."""
    try:
        if name == "-":
            content = sys.stdin.buffer.read()
        else:
            with open(name, "rb") as file:
                content = file.read()
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(
            "input.not_utf8",
            N_("{file} is not UTF-8 from byte {place} on."),
            field="input",
            file=name,
            place=error.start + 1,
        ) from error
    except PermissionError as error:
        raise Forbidden(
            "input.forbidden", N_("{file} may not be read by this account."), field="input", file=name
        ) from error
    except (OSError, ValueError) as error:
        raise Invalid("input.unreadable", N_("{file} cannot be read."), field="input", file=name) from error


def _loads(text: str) -> Any:
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_no_number)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is not a number")


def _object(name: str, line: str, number: int) -> dict[str, Any]:
    try:
        found = _loads(line)
    except ValueError as error:
        raise _wrong(name, error, number) from error
    if not isinstance(found, dict):
        raise Invalid(
            "input.not_objects",
            N_("{file}, line {line}: this is no JSON object."),
            field="input",
            file=name,
            line=number,
        )
    return found


def _wrong(name: str, error: ValueError, line: int | None = None) -> Invalid:
    place = line or getattr(error, "lineno", 1)
    reason = getattr(error, "msg", str(error))
    return Invalid(
        "input.not_json",
        N_("{file}, line {line}: this is not JSON ({reason})."),
        field="input",
        file=name,
        line=place,
        reason=reason,
    )
