"""Between what people type and what columns hold: one reader and one writer for every kind of field."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from crmtui import money
from crmtui.clock import FIRST_BIRTH, FIRST_YEAR, Clock, parse_date, parse_moment
from crmtui.errors import CrmError, Invalid
from crmtui.i18n import N_, gettext, language
from crmtui.store.fields import Field
from crmtui.store.keys import email_problem
from crmtui.text import TextProblem, check, fold, nearest

YES = frozenset(("true", "yes", "y", "1", "on", "是"))
NO = frozenset(("false", "no", "n", "0", "off", "否"))
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_CODE = re.compile(r"[a-z0-9][a-z0-9_.-]*")
_RATE = re.compile(r"([0-9]{1,8})(?:\.([0-9]{1,8}))?")


@dataclass(frozen=True)
class Ref:
    """A reference as people see it: `ref` such as A-7, and the name, None where they may not see the record."""

    ref: str
    name: str | None
    id: int
    unclear: Callable[[], bool] | None = field(default=None, compare=False, repr=False)
    """Whether the name could mean another record as well; programs are then given the ref."""


class Coded(str):
    """The code of a list entry or a stage, as records hold it and programs read it; `shown` is its name for people."""

    __slots__ = ("_name",)
    _name: Callable[[], str]

    def __new__(cls, code: str, name: Callable[[], str]) -> "Coded":
        """`code`, whose name is asked for only when it is shown."""
        made = super().__new__(cls, code)
        made._name = name
        return made

    @property
    def shown(self) -> str:
        """The name in the language in use."""
        return self._name()


@dataclass(frozen=True)
class Entry:
    """What the reading of a value leans on."""

    clock: Clock
    currency: str
    me: int | None
    resolve: Callable[[str, str], int]
    """noun, REF → id; raises NotFound."""
    choose: Callable[[str, str], str]
    """list, text → the code on that list, or the text itself where the list does not have it."""
    stage: Callable[[int | None, str], str]
    """process id, text → code of the stage; raises Invalid."""
    row: Mapping[str, Any] = field(default_factory=dict)
    """The columns of the same record that are already read: a money needs its currency, a stage its process."""

    def beside(self, row: Mapping[str, Any]) -> "Entry":
        """The same, for a record whose other columns are `row`."""
        return replace(self, row=row)


def read(field: Field, value: str, entry: Entry) -> Any:
    """What the column holds for the text `value`; None for an empty one. Raises Invalid, or NotFound for a reference."""
    text = value if field.kind == "text" else value.strip()
    if not text.strip():
        if field.required:
            raise Invalid(
                "field.required",
                N_("{label} must not be empty."),
                field=field.name,
                label=gettext(field.label),
            )
        return None

    def stored() -> Any:
        check(text, max=_longest(field), multiline=field.kind == "text")
        found = _READERS[field.kind](field, text, entry)
        return None if found == [] else found

    return _naming(field, stored)


def _naming(field: Field, read: Callable[[], Any]) -> Any:
    """What `read` returns; what goes wrong in it tells the field."""
    try:
        return read()
    except TextProblem as problem:
        told: dict[str, Any] = problem.params
        raise Invalid(problem.code, problem.sentence, field=field.name, **told) from problem
    except CrmError as error:
        error.field = error.field or field.name
        raise


def _longest(field: Field) -> int:
    """How many characters the text of a field may have; of a list, all of them together."""
    if field.kind in ("choices", "refs", "children"):
        return 100_000
    if field.kind in ("ref", "target"):
        return 400
    return field.max if field.kind in ("line", "text", "code", "choice") else max(field.max, 40)


def read_json(field: Field, value: Any, entry: Entry) -> Any:
    """What the column holds for the JSON value `value`: text as `read` takes it, and each kind in its own JSON form."""
    if value is None:
        return read(field, "", entry)
    if isinstance(value, str):
        return read(field, value, entry)
    if isinstance(value, bool):
        return (
            read(field, "true" if value else "false", entry) if field.kind == "flag" else _wrong(field, value)
        )
    if isinstance(value, int | Decimal | float):
        plain = format(value, "f") if isinstance(value, Decimal) else repr(value)
        return read(field, plain, entry) if field.kind not in ("flag", "children") else _wrong(field, value)
    if (
        isinstance(value, dict)
        and field.kind in ("ref", "target", "record")
        and isinstance(value.get("ref"), str)
    ):
        return read(field, value["ref"], entry)
    if isinstance(value, list) and field.kind == "children":
        return _naming(field, lambda: [_child(field, item, entry) for item in value] or None)
    if isinstance(value, list) and field.kind in ("choices", "refs"):
        single = replace(field, kind="choice" if field.kind == "choices" else "ref", required=False)
        return _unique([read_json(single, item, entry) for item in value]) or None
    return _wrong(field, value)


def _wrong(field: Field, value: Any) -> Any:
    raise Invalid(
        "field.type",
        N_("{label} does not take the JSON value {value}."),
        field=field.name,
        label=gettext(field.label),
        value=json.dumps(value, ensure_ascii=False, default=str)[:80],
    )


def _unique(items: list[Any]) -> list[Any]:
    return list(dict.fromkeys(item for item in items if item is not None))


def _line(field: Field, text: str, entry: Entry) -> str:
    return text


def _code(field: Field, text: str, entry: Entry) -> str:
    if not _CODE.fullmatch(text):
        raise Invalid(
            "code.invalid",
            N_("{value} is not a code."),
            hint=N_("Use lower-case letters, digits, '-', '_' and '.', such as needs-analysis."),
            value=text,
        )
    return text


def _email(field: Field, text: str, entry: Entry) -> str:
    problem = email_problem(text)
    if problem:
        raise Invalid(
            "email.invalid",
            N_("{value} is not a mail address: {problem}"),
            hint=N_("Write it like li@example.com."),
            value=text,
            problem=problem,
        )
    return text


def _whole(field: Field, text: str, entry: Entry) -> int:
    low, high = field.low or 0, field.high if field.high is not None else 10**12
    if not _WHOLE.fullmatch(text) or not text.isascii():
        raise Invalid(
            "number.invalid",
            N_("{value} is not a whole number."),
            hint=N_("Write a whole number from {low} to {high}."),
            value=text,
            low=low,
            high=high,
        )
    number = int(text)
    if not low <= number <= high:
        raise Invalid(
            "number.range",
            N_("{value} is out of range."),
            hint=N_("Write a whole number from {low} to {high}."),
            value=text,
            low=low,
            high=high,
        )
    return number


def _percent(field: Field, text: str, entry: Entry) -> int:
    return _whole(field, text.removesuffix("%"), entry)


def _money(field: Field, text: str, entry: Entry) -> int:
    return money.parse_amount(text, str(entry.row.get("currency") or entry.currency))


def _currency(field: Field, text: str, entry: Entry) -> str:
    return money.check_currency(text)


def _rate(field: Field, text: str, entry: Entry) -> int:
    found = _RATE.fullmatch(text)
    scaled = int(found[1]) * 10**8 + int((found[2] or "").ljust(8, "0")) if found else 0
    if not scaled or not text.isascii():
        raise Invalid(
            "rate.invalid",
            N_("{value} is not an exchange rate."),
            hint=N_("Write a positive number with at most eight decimals, such as 7.1234."),
            value=text,
        )
    return scaled


def _flag(field: Field, text: str, entry: Entry) -> bool:
    word = fold(text)
    if word in YES or word in NO:
        return word in YES
    raise Invalid(
        "flag.invalid", N_("{value} is neither yes nor no."), hint=N_("Write true or false."), value=text
    )


def _day(field: Field, text: str, entry: Entry) -> date:
    return parse_date(text, entry.clock.today(), field.low or FIRST_YEAR)


def _moment(field: Field, text: str, entry: Entry) -> datetime:
    return parse_moment(text, entry.clock)


def _choice(field: Field, text: str, entry: Entry) -> str:
    return entry.choose(field.choices, text)


def split_list(text: str) -> list[str]:
    """The members of a list as people type it: separated by commas or semicolons, Chinese ones too, or a JSON array."""
    if text.startswith("["):
        try:
            found = json.loads(text)
        except ValueError:
            found = None
        if isinstance(found, list):
            return [str(item) for item in found if item is not None]
    return [part.strip() for part in re.split(r"[,;，；、]", text) if part.strip()]


def _choices(field: Field, text: str, entry: Entry) -> list[str]:
    members = [check(member, max=field.max) for member in split_list(text)]
    return _unique([entry.choose(field.choices, member) for member in members])


def _state(field: Field, text: str, entry: Entry) -> str:
    word = fold(text)
    if word in field.values:
        return word
    for value in field.values:
        if fold(gettext(value)) == word:
            return value
    raise Invalid(
        "state.invalid",
        N_("{value} is not one of: {values}."),
        hint=N_("Did you mean {near}?") if nearest(text, field.values) else "",
        value=text,
        values=", ".join(field.values),
        near=nearest(text, field.values),
    )


def _ref(field: Field, text: str, entry: Entry) -> int:
    return entry.resolve(field.noun, text)


def _refs(field: Field, text: str, entry: Entry) -> list[int]:
    try:
        return [entry.resolve(field.noun, text)]
    except CrmError:
        members = split_list(text)
        if len(members) < 2:
            raise
    return _unique([entry.resolve(field.noun, member) for member in members])


def _record(field: Field, text: str, entry: Entry) -> str:
    from crmtui.store import refs  # which reads values itself

    found = refs.noun_of(text)
    if found is None:
        raise Invalid(
            "ref.unknown",
            N_("{value} is no ref of a record."),
            hint=N_("Write it with its prefix, such as O-31."),
            value=text,
        )
    return refs.ref_of(found[0], entry.resolve(found[0], text))


def _stage(field: Field, text: str, entry: Entry) -> str:
    return entry.stage(entry.row.get("process_id"), text)


TARGETS = {"user": "U", "dept": "D", "territory": "TR", "product": "PR"}


def _target(field: Field, text: str, entry: Entry) -> str:
    scope = entry.row.get("scope")
    if scope in TARGETS:
        return f"{TARGETS[scope]}-{entry.resolve(str(scope), text)}"
    return entry.choose("industry", text)


def _children(field: Field, text: str, entry: Entry) -> list[dict[str, Any]]:
    if text.startswith("["):
        try:
            items = json.loads(text)
        except ValueError:
            items = None
        if isinstance(items, list):
            return [_child(field, item, entry) for item in items]
    return [_child(field, part.strip(), entry) for part in re.split(r"[;；]", text) if part.strip()]


def _child(field: Field, item: Any, entry: Entry) -> dict[str, Any]:
    """One child: an object, or text such as "Mia 2015-05-01", either part of which may be missing."""
    if isinstance(item, dict) and set(item) <= {"name", "birth_date"}:
        name, born = item.get("name"), item.get("birth_date")
    elif isinstance(item, str):
        name, born = _parts(item.strip())
    else:
        return dict(_wrong(field, item))
    day = parse_date(str(born), entry.clock.today(), FIRST_BIRTH) if born else None
    named = check(str(name).strip(), max=100) or None if name else None
    if named is None and day is None:
        return dict(_wrong(field, item))
    return {"name": named, "birth_date": day.isoformat() if day else None}


def _parts(text: str) -> tuple[str | None, str | None]:
    """Name and birth date of a child written as text."""
    found = re.fullmatch(r"(.*?)\s*([0-9]{4}-[0-9]{2}-[0-9]{2})?", text)
    return (found[1] or None, found[2]) if found else (text, None)


_READERS: dict[str, Callable[[Field, str, Entry], Any]] = {
    "line": _line,
    "text": _line,
    "phone": _line,
    "code": _code,
    "email": _email,
    "whole": _whole,
    "percent": _percent,
    "money": _money,
    "currency": _currency,
    "rate": _rate,
    "flag": _flag,
    "day": _day,
    "moment": _moment,
    "choice": _choice,
    "choices": _choices,
    "state": _state,
    "ref": _ref,
    "refs": _refs,
    "record": _record,
    "stage": _stage,
    "target": _target,
    "children": _children,
}


def as_json(field: Field, value: Any) -> Any:
    """`value`, as records present it, in its JSON form."""
    if value is None:
        return [] if field.kind in ("choices", "refs", "children") else None
    if isinstance(value, money.Money):
        return value.text()
    if isinstance(value, Ref):
        return {"ref": value.ref, "name": value.name}
    if isinstance(value, list):
        return [as_json(field, item) for item in value]
    if field.kind == "rate":
        return rate_text(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    return value


def rate_text(rate_e8: int) -> str:
    """A scaled rate as a plain decimal without trailing zeros."""
    whole, rest = divmod(rate_e8, 10**8)
    return f"{whole}.{rest:08d}".rstrip("0").rstrip(".")


def as_text(field: Field, value: Any, *, people: bool) -> str:
    """`value` as text: for people with grouping and words of the language in use, else full and plain."""
    if value is None:
        return ""
    if isinstance(value, money.Money):
        return money.show(value.minor, value.currency, language()) if people else value.text()
    if isinstance(value, Ref):
        if people:
            return _shown(value.name or value.ref)
        return value.ref if value.name is None or (value.unclear and value.unclear()) else value.name
    if isinstance(value, list):
        return _list_text(field, value, people)
    if isinstance(value, dict):
        return " ".join(str(part) for part in (value.get("name"), value.get("birth_date")) if part)
    if isinstance(value, bool):
        return gettext("yes" if value else "no") if people else ("true" if value else "false")
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M") if people else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if field.kind == "rate":
        return rate_text(value)
    if field.kind == "state" and people:
        return gettext(str(value))
    return _shown(value) if people else str(value)


def in_language(name: str, name_zh: str | None) -> str:
    """Of the two names that lists, stages, processes and roles carry, the one in the language in use."""
    return name_zh if name_zh and language() == "zh" else name


def _shown(value: Any) -> str:
    return value.shown if isinstance(value, Coded) else str(value)


def _list_text(field: Field, members: list[Any], people: bool) -> str:
    """A list with its separator; as a JSON array for programs where reading it again would take it apart otherwise."""
    texts = [as_text(field, member, people=people) for member in members]
    plain = ("; " if field.kind == "children" else ", ").join(texts)
    if people:
        return plain
    if field.kind == "children":
        again = [_parts(part.strip()) for part in re.split(r"[;；]", plain) if part.strip()]
        same = not plain.startswith("[") and again == [
            (each.get("name"), each.get("birth_date")) for each in members
        ]
        return plain if same else json.dumps(members, ensure_ascii=False)
    return plain if split_list(plain) == texts else json.dumps(texts, ensure_ascii=False)


WORDS = (N_("yes"), N_("no"))
