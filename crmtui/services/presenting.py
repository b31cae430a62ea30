"""Records as people see them: money with its currency, references and list entries with their names."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from typing import Any

from sqlalchemy import select

from crmtui.money import Money
from crmtui.services.context import Context, Ref, Tx
from crmtui.store import refs, values
from crmtui.store.fields import Field
from crmtui.store.record import table

Columns = Mapping[str, Any]
"""A row as the store holds it, by column."""
Show = Callable[[Columns], Any]
"""A row → one field of it as people see it."""


def presented(
    ctx: Context, tx: Tx, noun: str, fields: Sequence[Field], rows: Sequence[Columns]
) -> Iterator[dict[str, Any]]:
    """Rows that hold the columns `needed` as people see them, by field name."""
    held = [row if isinstance(row, dict) else dict(row) for row in rows]
    names = names_of(tx, fields, held)
    shows = [(field.name, _show(ctx, noun, field, names)) for field in fields]
    for row in held:
        yield {name: show(row) for name, show in shows}


def needed(noun: str, fields: Sequence[Field]) -> list[Any]:
    """The columns that these fields are shown from: an amount needs its currency, a quota's target its scope, a stage
    its process."""
    model = table(noun)
    beside = {"process_id"} if any(field.kind == "stage" for field in fields) else set()
    names = {"id", "currency", "scope"} | beside | {"x" if field.custom else field.column for field in fields}
    return [getattr(model, name) for name in model.model_fields if name in names]


def value_of(
    ctx: Context, noun: str, field: Field, row: Columns, names: Mapping[tuple[str, int], str]
) -> Any:
    """One field of a row as people see it; `names` are those that `names_of` found."""
    return _show(ctx, noun, field, names)(row)


# -- names ------------------------------------------------------------------------------------------------------


class Names(dict[tuple[str, int], str]):
    """Names by noun and id; knows, for as long as the reading lasts, which of them could mean another record as well."""

    def __init__(self, tx: Tx) -> None:
        super().__init__()
        self._tx = tx
        self._unclear: dict[str, set[int]] = {}

    def unclear(self, noun: str, record: int) -> bool:
        """Whether the name of that record does not tell it apart; False once the reading is over."""
        if noun not in self._unclear and self._tx.session.in_transaction():
            names = {one: name for (of, one), name in self.items() if of == noun and name}
            self._unclear[noun] = refs.unclear(self._tx, noun, names)
        return record in self._unclear.get(noun, ())


def names_of(tx: Tx, fields: Sequence[Field], rows: Sequence[Columns]) -> dict[tuple[str, int], str]:
    """The names of all records that these rows point at, as far as the actor may see them: one query for each noun."""
    wanted: dict[str, set[int]] = {}
    for field in fields:
        for noun, record in _pointed(field, rows):
            wanted.setdefault(noun, set()).add(record)
    found = Names(tx)
    for noun, ids in wanted.items():
        model = table(noun)
        both = [model.name, model.name_zh] if "name_zh" in model.model_fields else []
        query = select(model.id, getattr(model, model.LABEL), *both).where(model.id.in_(ids))
        for record, name, *in_both in tx.session.execute(query):
            found[noun, record] = (
                values.Coded(name, partial(values.in_language, *in_both)) if in_both else name
            )
    return found


def _pointed(field: Field, rows: Sequence[Columns]) -> Iterator[tuple[str, int]]:
    if field.kind not in ("ref", "refs", "target", "record"):
        return
    for row in rows:
        value = row.get(field.column)
        if value is None:
            continue
        if field.kind == "ref":
            yield field.noun, value
        elif field.kind == "refs":
            yield from ((field.noun, record) for record in value)
        elif field.kind == "record":
            found = refs.noun_of(value)
            yield from [found] if found else []
        elif row.get("scope") in values.TARGETS:
            yield _target(row, value)


def _target(row: Columns, value: str) -> tuple[str, int]:
    return str(row["scope"]), int(value.partition("-")[2])


# -- one field --------------------------------------------------------------------------------------------------


def _show(ctx: Context, noun: str, field: Field, names: Mapping[tuple[str, int], str]) -> Show:
    """How a field is shown: found out once, then called for every row; what several rows share is made once."""
    column = field.column
    if field.custom:
        own = field.name.removeprefix("x.")
        return lambda row: _custom_value(ctx, field, (row.get("x") or {}).get(own))
    if field.name == "ref":
        prefix = table(noun).PREFIX
        return lambda row: f"{prefix}-{row['id']}"
    if field.kind in ("choice", "stage"):
        return _entry(ctx, field)
    make = _MAKERS.get(field.kind)
    if make is None:
        return lambda row: row.get(column)
    made = make(ctx, field, names)
    return lambda row: None if (value := row.get(column)) is None else made(row, value)


def _entry(ctx: Context, field: Field) -> Show:
    column, staged = field.column, field.kind == "stage"
    made: dict[tuple[str, int | None], values.Coded] = {}

    def show(row: Columns) -> values.Coded | None:
        code = row.get(column)
        if code is None:
            return None
        key = code, row.get("process_id") if staged else None
        if key not in made:
            made[key] = coded(ctx, field, *key)
        return made[key]

    return show


def _money(ctx: Context, field: Field, names: Mapping[tuple[str, int], str]) -> Callable[[Columns, Any], Any]:
    own = ctx.company.currency
    return lambda row, value: Money(value, row.get("currency") or own)


def _moment(
    ctx: Context, field: Field, names: Mapping[tuple[str, int], str]
) -> Callable[[Columns, Any], Any]:
    zone = ctx.clock.zone
    return lambda row, value: value.astimezone(zone) if isinstance(value, datetime) else value


def _choices(
    ctx: Context, field: Field, names: Mapping[tuple[str, int], str]
) -> Callable[[Columns, Any], Any]:
    return lambda row, value: [coded(ctx, field, code) for code in value]


def _one(ctx: Context, field: Field, names: Mapping[tuple[str, int], str]) -> Callable[[Columns, Any], Any]:
    made: dict[int, Ref] = {}

    def show(_row: Columns, record: int) -> Ref:
        if record not in made:
            made[record] = _ref(field.noun, record, names)
        return made[record]

    return show


def _several(
    ctx: Context, field: Field, names: Mapping[tuple[str, int], str]
) -> Callable[[Columns, Any], Any]:
    return lambda row, value: [_ref(field.noun, record, names) for record in value]


def _any(ctx: Context, field: Field, names: Mapping[tuple[str, int], str]) -> Callable[[Columns, Any], Any]:
    def show(_row: Columns, ref: str) -> Ref:
        found = refs.noun_of(ref)
        # Of any noun: no name alone would tell which record it is.
        return Ref(ref, names.get(found) if found else None, found[1] if found else 0, lambda: True)

    return show


def _measured(
    ctx: Context, field: Field, names: Mapping[tuple[str, int], str]
) -> Callable[[Columns, Any], Any]:
    return lambda row, value: (
        _ref(*_target(row, value), names) if row.get("scope") in values.TARGETS else value
    )


_MAKERS = {
    "money": _money,
    "moment": _moment,
    "choices": _choices,
    "ref": _one,
    "refs": _several,
    "target": _measured,
    "record": _any,
}


def _ref(noun: str, record: int, names: Mapping[tuple[str, int], str]) -> Ref:
    unclear = (lambda: names.unclear(noun, record)) if isinstance(names, Names) else None
    return Ref(refs.ref_of(noun, record), names.get((noun, record)), record, unclear)


def coded(ctx: Context, field: Field, code: str, process: int | None = None) -> values.Coded:
    """The code of a list entry, or of a stage of `process` (of any, if not said), with the name that people read."""
    if field.kind == "stage":
        return values.Coded(code, partial(ctx.stage_name, process, code))
    return values.Coded(code, partial(ctx.entry_name, field.choices, code))


def _custom_value(ctx: Context, field: Field, value: Any) -> Any:
    if field.kind == "choice" and value:
        return coded(ctx, field, value)
    return date.fromisoformat(value) if field.kind == "day" and value else value
