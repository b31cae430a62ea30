"""Totals of a list: counts, sums, averages, medians and win rates of the visible records, by group."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, and_, select

from crmtui.money import Money, half_up
from crmtui.services import rate, records
from crmtui.services.context import Context, Ref, Tx
from crmtui.store import total
from crmtui.store.fields import Field
from crmtui.store.record import table
from crmtui.store.refs import ref_of

_KINDS = {
    "count": "whole",
    "number": "number",
    "ratio": "percent",
    "money": "money",
    "day": "day",
    "moment": "moment",
}


def totals(
    ctx: Context, noun: str, by: str, measure: str, where_text: str = "", archived: bool = False
) -> tuple[list[records.Column], Iterator[dict[str, Any]]]:
    """The columns of the totals of `noun`, and their rows by name, in the order of the groups.

    Money comes in the company's currency, each record converted at the rate of its day; a rate of success as a percent
    with at most two decimals, and other averages and medians with as many. Raises Invalid for a term that makes no
    sense, Refused where a rate is missing.
    """
    with ctx.reading() as tx:
        asked: list[Field] = []

        def to_base(of: str, field: Field) -> ColumnElement[int]:
            asked.append(field)
            return rate.in_company_currency(ctx, tx, of, field)

        scope = replace(records.scope_for(ctx, tx), to_base=to_base)
        groups = total.group(noun, by, scope) if by.strip() else []
        measures = total.measure(noun, measure or "count", scope)
        found = records.matching(ctx, tx, noun, where_text, archived)
        for field in {field.name: field for field in asked}.values():
            rate.check(ctx, tx, noun, field, found)
        raw = tx.session.execute(total.statement(noun, groups, measures, and_(True, *found))).all()
        names = _names(tx, groups, raw)
        rows = [_row(ctx, groups, measures, values, names) for values in raw]
    columns = [_group_column(one) for one in groups] + [_measure_column(one) for one in measures]
    return columns, iter(rows)


def _group_column(group: total.Group) -> records.Column:
    field = Field("line") if group.unit else group.field
    if field.kind == "moment":
        field = Field("day")
    return records.Column(group.name, replace(field, name=group.name, label=group.name))


def _measure_column(measure: total.Measure) -> records.Column:
    return records.Column(measure.name, Field(_KINDS[measure.kind], name=measure.name, label=measure.name))


def _names(tx: Tx, groups: Sequence[total.Group], rows: Sequence[Any]) -> dict[tuple[str, int], str]:
    """The names of the records that stand in groups, as far as the actor may see them."""
    found: dict[tuple[str, int], str] = {}
    for place, group in enumerate(groups):
        if group.field.kind == "ref":
            found.update(
                names_of(tx, group.field.noun, [row[place] for row in rows if row[place] is not None])
            )
    return found


def names_of(tx: Tx, noun: str, ids: Sequence[int]) -> dict[tuple[str, int], str]:
    """(noun, id) → name of those records of `noun` that the actor may see."""
    model = table(noun)
    label, wanted = getattr(model, model.LABEL), sorted(set(ids))
    found: dict[tuple[str, int], str] = {}
    for start in range(0, len(wanted), 500):
        query = select(model.id, label).where(model.id.in_(wanted[start : start + 500]))
        found.update({(noun, record): name for record, name in tx.session.execute(query)})
    return found


def _row(
    ctx: Context,
    groups: Sequence[total.Group],
    measures: Sequence[total.Measure],
    values: Sequence[Any],
    names: Mapping[tuple[str, int], str],
) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for group, value in zip(groups, values, strict=False):
        row[group.name] = _grouped(ctx, group, value, names)
    for measure, value in zip(measures, values[len(values) - len(measures) :], strict=True):
        row[measure.name] = _figure(ctx, measure.kind, value)
    return row


def _grouped(ctx: Context, group: total.Group, value: Any, names: Mapping[tuple[str, int], str]) -> Any:
    """What a row is of: a reference with its name, a list entry or stage with what people call it."""
    of = group.field.noun
    if value is None or group.unit:
        return value
    if group.field.kind == "ref":
        return Ref(ref_of(of, value), names.get((of, value)), value)
    return records.coded(ctx, group.field, value) if group.field.kind in ("choice", "stage") else value


def _figure(ctx: Context, kind: str, value: Any) -> Any:
    if value is None:
        return None
    if kind == "money":
        return Money(int(value), ctx.company.currency)
    if kind == "moment":
        return value.astimezone(ctx.clock.zone)
    if kind == "ratio":
        return hundredths(round(value * 1_000_000), 100)
    return hundredths(round(value * 10_000), 100) if isinstance(value, float) else value


def hundredths(n: int, d: int) -> int | float:
    """`n` / `d` hundredths, half-up, as a number with at most two decimals."""
    rounded = half_up(n, d)
    return rounded // 100 if rounded % 100 == 0 else rounded / 100
