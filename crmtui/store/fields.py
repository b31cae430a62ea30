"""What may stand in a field: declared once, beside its column, and read by forms, lists, import, conditions and checks."""

from dataclasses import dataclass, replace
from typing import Any

import sqlmodel
from sqlalchemy import Text

from crmtui.clock import FIRST_YEAR
from crmtui.store.types import Day, Flag, Json, Moment, Whole

MAX_AMOUNT = 10**13
"""Records hold amounts below this many major units, so that the sum of a million stays within 64 bits."""


@dataclass(frozen=True)
class Field:
    """One field of a noun.

    `name` is the option, JSON key and import target; `column` the table's column. `kind` is one of line, text, email,
    phone, code, whole, percent, money, flag, day, moment, choice, choices, state, ref, refs, record, children, attributes.
    """

    kind: str
    name: str = ""
    column: str = ""
    label: str = ""
    required: bool = False
    max: int = 0
    low: int | None = None
    high: int | None = None
    noun: str = ""
    """Of ref and refs: the noun that is meant."""
    choices: str = ""
    """Of choice and choices: the list that the company edits."""
    values: tuple[str, ...] = ()
    """Of state: every value there is."""
    verb: str = ""
    """The verb that changes it; empty: `add` and `edit` do. "system": nobody types it."""
    right: str = ""
    """The verb of its noun without which nobody is shown it; empty: whoever sees the record sees it."""
    custom: bool = False
    """Lives in the attributes column `x`, declared by the company."""

    @property
    def settable(self) -> bool:
        """Whether `add` takes it."""
        return self.verb != "system"


def _column(field: Field, sql: Any, *, default: Any = None, index: bool = False) -> Any:
    """The SQLModel field for `field`; its declaration travels in the column's info."""
    return sqlmodel.Field(
        default=default,
        nullable=not field.required,
        index=index,
        sa_type=sql,
        sa_column_kwargs={"info": {"field": field}},
    )


def line(max: int = 200, *, required: bool = False, label: str = "", verb: str = "") -> Any:
    """One line of text of at most `max` characters."""
    return _column(Field("line", max=max, required=required, label=label, verb=verb), Text)


def text(max: int = 100_000, *, label: str = "", verb: str = "") -> Any:
    """Text that may have several lines."""
    return _column(Field("text", max=max, label=label, verb=verb), Text)


def code(max: int = 40, *, required: bool = False, label: str = "") -> Any:
    """A short name for scripts: lower-case letters, digits and `-_.`."""
    return _column(Field("code", max=max, required=required, label=label), Text)


def email(*, label: str = "") -> Any:
    """One mail address."""
    return _column(Field("email", max=254, label=label), Text)


def phone(*, label: str = "") -> Any:
    """A phone number, kept as it was typed."""
    return _column(Field("phone", max=60, label=label), Text)


def whole(
    low: int = 0,
    high: int = 10**12,
    *,
    required: bool = False,
    default: int | None = None,
    verb: str = "",
    label: str = "",
) -> Any:
    """A whole number from `low` to `high`."""
    field = Field("whole", low=low, high=high, required=required, verb=verb, label=label)
    return _column(field, Whole, default=default)


def percent(*, verb: str = "", label: str = "") -> Any:
    """A whole percent, 0 to 100."""
    return _column(Field("percent", low=0, high=100, verb=verb, label=label), Whole)


def money(*, verb: str = "", required: bool = False, label: str = "", right: str = "") -> Any:
    """An amount in minor units of the record's `currency`; not negative. Some need a `right` of their own to be seen."""
    return _column(Field("money", low=0, verb=verb, required=required, label=label, right=right), Whole)


def currency(*, verb: str = "") -> Any:
    """An ISO 4217 code; the company's own when nothing is said."""
    return _column(Field("currency", max=3, verb=verb), Text)


def rate(*, required: bool = False) -> Any:
    """A positive factor with at most eight decimals, kept as a whole number of hundred-millionths."""
    return _column(Field("rate", low=1, high=10**16, required=required), Whole)


def flag(default: bool | None = False, *, label: str = "", verb: str = "") -> Any:
    """Yes or no; with `default` None also unknown."""
    return _column(Field("flag", required=default is not None, label=label, verb=verb), Flag, default=default)


def day(*, verb: str = "", required: bool = False, label: str = "", first: int = FIRST_YEAR) -> Any:
    """A calendar day in the business time zone, of the year `first` or later."""
    return _column(Field("day", verb=verb, required=required, label=label, low=first), Day)


def moment(*, verb: str = "system", label: str = "") -> Any:
    """An aware UTC moment."""
    return _column(Field("moment", verb=verb, label=label), Moment)


def choice(choices: str, *, label: str = "", verb: str = "") -> Any:
    """One entry of a list that the company edits; a value that is not on it is kept as typed, with a note."""
    return _column(Field("choice", choices=choices, max=80, label=label, verb=verb), Text)


def many(choices: str, *, label: str = "") -> Any:
    """Several entries of a list that the company edits."""
    return _column(Field("choices", choices=choices, max=80, label=label), Json)


def state(*values: str, default: str | None, verb: str = "", required: bool = True, label: str = "") -> Any:
    """One of `values`, fixed by the program."""
    return _column(
        Field("state", values=values, required=required, verb=verb, label=label), Text, default=default
    )


def ref(noun: str, *, required: bool = False, verb: str = "", label: str = "") -> Any:
    """A reference to a record of `noun`."""
    return _column(Field("ref", noun=noun, required=required, verb=verb, label=label), Whole)


def refs(noun: str, *, label: str = "") -> Any:
    """References to several records of `noun`, in order."""
    return _column(Field("refs", noun=noun, label=label), Json)


def record(*, required: bool = False, verb: str = "", label: str = "") -> Any:
    """A record of any noun, by its ref such as O-31."""
    return _column(Field("record", max=40, required=required, verb=verb, label=label), Text)


def stage(*, verb: str = "") -> Any:
    """The code of a stage of the record's process."""
    return _column(Field("stage", max=40, verb=verb), Text)


def target() -> Any:
    """What a quota measures: a ref such as U-3, or the entry of a list, as its `scope` says."""
    return _column(Field("target", max=80), Text)


def children() -> Any:
    """Children, each with a name and a birth date, either of which may be missing."""
    return _column(Field("children"), Json)


def attributes() -> Any:
    """The company's own attributes of this record, by name."""
    return _column(Field("attributes", verb="system"), Json)


def named(field: Field, column: str) -> Field:
    """`field` with its names filled in from the column that declares it."""
    name = column.removesuffix("_id") if field.kind == "ref" else column.rstrip("_")
    label = field.label or name.replace("_", " ").capitalize()
    return replace(field, name=name, column=column, label=label)
