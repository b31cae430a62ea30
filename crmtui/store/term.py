"""What a name such as `owner.dept` means for a noun: the references on the way, and the field at its end."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, literal, select
from sqlalchemy.orm import aliased

from crmtui.i18n import N_
from crmtui.store import dialect
from crmtui.store.condition import Place, fault
from crmtui.store.fields import Field
from crmtui.store.record import table
from crmtui.store.types import Moment
from crmtui.store.values import Entry
from crmtui.store.visibility import Actor, visible
from crmtui.text import nearest

MOST_STEPS = 4
TEXTS = frozenset(
    ("line", "text", "email", "phone", "code", "choice", "state", "stage", "currency", "target", "record")
)
NUMBERS = frozenset(("whole", "percent", "money", "rate"))
LISTS = frozenset(("choices", "refs"))


@dataclass(frozen=True)
class Scope:
    """What conditions, orders and totals are read and compiled with."""

    fields: Callable[[str], dict[str, Field]]
    """noun → name → field: the declared ones, and the company's own, named `x.NAME`."""
    entry: Entry
    actor: Actor
    sqlite: bool
    zone: ZoneInfo
    """Where days begin and end."""
    to_base: Callable[[str, Field], ColumnElement[int]] | None = None
    """noun, money field → the amount in minor units of the company's currency, on the noun's table."""
    fiscal_start_month: int = 1
    _known: dict[str, Mapping[str, Field]] = dataclass_field(default_factory=dict)

    def _fields(self, noun: str) -> Mapping[str, Field]:
        if noun not in self._known:
            self._known[noun] = self.fields(noun) | computed(noun)
        return self._known[noun]

    def field(self, noun: str, name: str) -> Field | None:
        """The field `name` of `noun`, declared, the company's own (`x.name`), or computed; None when there is none."""
        return self._fields(noun).get(name)

    def names(self, noun: str) -> list[str]:
        """Every name that `field` knows."""
        return list(self._fields(noun))


def computed(noun: str) -> dict[str, Field]:
    """The fields of `noun` that no column declares, by name."""
    columns = table(noun).__table__.columns
    found = {
        "id": Field("whole", "id", "id", required=True),
        "ref": Field("ident", "ref", "id", required=True),
    }
    found["version"] = Field("whole", "version", "version", required=True)
    if "stage_at" in columns:
        found["days_in_stage"] = Field(
            "whole", "days_in_stage", verb="system", label=N_("Days in this stage")
        )
    if "opened_on" in columns and "closed_on" in columns:
        found["days_to_close"] = Field("whole", "days_to_close", verb="system", label=N_("Days to close"))
    return found


@dataclass(frozen=True)
class Term:
    """A field of `noun`, reached from another noun by following `steps`, each a reference field."""

    name: str
    noun: str
    field: Field
    steps: tuple[Field, ...] = ()

    def value(self, model: Any, scope: Scope) -> ColumnElement[Any]:
        """The value as one expression on `model`; NULL where a step leads nowhere, or to what the actor may not see."""
        return _value(self, self.steps, model, scope)


_TOO_DEEP = N_("{name} follows too many references; the most is {most}.")


def find(noun: str, name: str, place: Place, scope: Scope) -> Term:
    """The field that `name` means for `noun`. Raises Invalid `condition.field`, which names the nearest one."""
    steps: list[Field] = []
    parts = name.lower().replace("-", "_").split(".")
    while True:
        head = ".".join(parts[:2]) if parts[0] == "x" else parts[0]
        rest = parts[head.count(".") + 1 :]
        field = scope.field(noun, head)
        if field is None and head == "dept" and (owner := scope.field(noun, "owner")):
            field, rest = owner, parts  # short for owner.dept
        if field is None:
            raise _unknown(noun, head, place, scope)
        if not rest:
            return Term(name, noun, field, tuple(steps))
        if field.kind not in ("ref", "refs") or len(steps) == MOST_STEPS:
            deep = field.kind in ("ref", "refs")
            sentence = _TOO_DEEP if deep else N_("{head} is no reference, so no dot can follow it.")
            raise fault("condition.field", sentence, place, name, name=name, head=head, most=MOST_STEPS)
        steps.append(field)
        noun, parts = field.noun, rest


def _unknown(noun: str, name: str, place: Place, scope: Scope) -> Exception:
    near = nearest(name, scope.names(noun))
    sentence = (
        N_("{noun} has no field {field}; do you mean {near}?") if near else N_("{noun} has no field {field}.")
    )
    return fault("condition.field", sentence, place, noun=noun, field=name, near=near)


def column(field: Field, model: Any, scope: Scope) -> ColumnElement[Any]:
    """What `field` holds, as an expression on `model`, which is the noun's table or an alias of it."""
    if field.custom:
        name = field.name.removeprefix("x.")
        return dialect.attribute(model.x, name, field.kind, scope.sqlite)
    if field.column:
        found: ColumnElement[Any] = getattr(model, field.column)
        return found
    if field.name == "days_in_stage":
        return dialect.whole_days(model.stage_at, literal(scope.entry.clock.now(), Moment()), scope.sqlite)
    return dialect.days_between(model.opened_on, model.closed_on, scope.sqlite)


def _value(term: Term, steps: tuple[Field, ...], model: Any, scope: Scope) -> ColumnElement[Any]:
    if not steps:
        return column(term.field, model, scope)
    target = aliased(table(steps[0].noun))
    inner = _value(term, steps[1:], target, scope)
    seen = visible(steps[0].noun, scope.actor, target)
    return select(inner).where(target.id == getattr(model, steps[0].column), seen).scalar_subquery()


def known(field: Field, found: ColumnElement[Any], condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """`condition` on the value `found` of `field`, false instead of unknown where there is no value."""
    return condition if field.required and not field.custom else found.is_not(None) & condition
