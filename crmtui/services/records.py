"""The verbs that every noun shares: find, show, add, edit, archive, restore, totals."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, func, select, update

from crmtui.errors import CrmError, Invalid, Refused
from crmtui.i18n import N_, gettext, language
from crmtui.money import Money, digits_of
from crmtui.services import rules
from crmtui.services.context import Context, Ref, Tx
from crmtui.services.presenting import coded, names_of, needed, presented, value_of
from crmtui.store import plain, refs, values
from crmtui.store.fields import Field
from crmtui.store.keys import search_keys
from crmtui.store.record import declared, table
from crmtui.store.session import check_right, guard, may_record
from crmtui.store.visibility import reach
from crmtui.text import nearest

if TYPE_CHECKING:
    from crmtui.store.where import Scope

__all__ = ["Field", "Found", "Ref", "Report", "as_json", "as_text"]
__all__ += ["coded", "names_of", "needed", "presented", "value_of"]

as_json = values.as_json
as_text = values.as_text

PAGE = 500
"""Rows read at once while a list streams."""
ARCHIVE_FIELDS = ("id", "ref", "version", "created_at", "created_by", "updated_at", "archived_at")
_ID = Field("whole", name="id", column="id", label=N_("Number"), verb="system")
_REF = Field("line", name="ref", column="id", label=N_("Ref"), verb="system")
_VERSION = Field("whole", name="version", column="version", label=N_("Version"), verb="system")


@dataclass(frozen=True)
class Report:
    """What a bulk change came to."""

    matched: int
    changed: int
    refused: int


# Fields


def fields_of(ctx: Context, noun: str) -> list[Field]:
    """Every field of `noun`: id and ref, its own, those that all records have, and the company's attributes."""
    with ctx.reading() as tx:
        return fields_in(tx, noun)


def fields_in(tx: Tx, noun: str) -> list[Field]:
    """`fields_of`, within a unit of work. A field that needs a right of its own is not there for those without it."""
    shown = [field for field in declared_fields(noun) if not field.right or _may_see(tx, noun, field)]
    return shown + custom_fields(tx, noun)


def _may_see(tx: Tx, noun: str, field: Field) -> bool:
    return tx.actor.scope(noun, field.right) != "none"


def declared_fields(noun: str) -> list[Field]:
    """The fields that `noun` has in every store."""
    own = [
        field for field in declared(noun) if field.kind != "attributes" and not field.name.endswith("_key")
    ]
    return [_ID, _REF, *own, _VERSION]


def custom_fields(tx: Tx, noun: str) -> list[Field]:
    """The company's own attributes of `noun`, as fields named x.NAME; asked once in a unit of work, until one changes."""
    if ("attributes", noun) not in tx.known:
        tx.known["attributes", noun] = _custom_fields(tx, noun)
    found: list[Field] = tx.known["attributes", noun]
    return found


def _custom_fields(tx: Tx, noun: str) -> list[Field]:
    if tx.actor.scope("attribute", "show") == "none":
        return []
    return [_custom(row) for row in plain.attributes(tx.session.connection(), noun)]


def _custom(row: Any) -> Field:
    title = (row.title_zh if language() == "zh" else row.title) or row.title or row.name
    sizes = {"line": 400, "text": 100_000, "choice": 80, "email": 254, "phone": 60}
    return Field(
        row.type,
        name=f"x.{row.name}",
        column=f"x.{row.name}",
        label=title,
        required=bool(row.required),
        max=sizes.get(row.type, 0),
        low=0 if row.type in ("whole", "percent") else None,
        high=100 if row.type == "percent" else 10**15 if row.type == "whole" else None,
        choices=row.list or f"x.{row.name}",
        custom=True,
    )


def field_named(fields: Sequence[Field], name: str, noun: str) -> Field:
    """The field `name` (with `-` for `_` if typed so). Raises Invalid naming the nearest."""
    wanted = name.replace("-", "_")
    for field in fields:
        if field.name == wanted or field.name == name:
            return field
    near = nearest(wanted, [field.name for field in fields])
    raise Invalid(
        "field.unknown",
        N_("{noun} has no field {name}."),
        field=name,
        hint=N_("Did you mean {near}?") if near else N_("crm schema {noun} list shows its fields."),
        noun=noun,
        name=name,
        near=near,
    )


# Presenting


def present(ctx: Context, noun: str, row: Any) -> dict[str, Any]:
    """One record as people see it, by field name: money with its currency, references with their names."""
    return present_all(ctx, noun, [row])[0]


def present_all(ctx: Context, noun: str, rows: Iterable[Any]) -> list[dict[str, Any]]:
    """Several loaded records as people see them, all at once."""
    found = [columns_of(row) for row in rows]
    shown: list[dict[str, Any]] = []
    with ctx.reading() as tx:
        for start in range(0, len(found), PAGE):
            shown += presented(ctx, tx, noun, fields_in(tx, noun), found[start : start + PAGE])
    return shown


def columns_of(row: Any) -> dict[str, Any]:
    """The columns of a loaded record."""
    return {key: getattr(row, key) for key in type(row).model_fields}


# Finding


@dataclass
class Found:
    """What `find` found: the fields of a row, and the rows, which stream."""

    fields: list[Field]
    rows: Iterator[dict[str, Any]]
    total: Callable[[], int]
    """How many match in all, whatever the limit; counted when asked."""


def scope_for(ctx: Context, tx: Tx) -> "Scope":
    """What conditions and totals lean on."""
    from crmtui.services import rate
    from crmtui.store import where

    return where.Scope(
        fields=lambda noun: {field.name: field for field in fields_in(tx, noun)},
        entry=ctx.entry(tx),
        actor=ctx.actor,
        sqlite=ctx.store.sqlite,
        zone=ctx.clock.zone,
        to_base=lambda noun, field: rate.in_company_currency(ctx, tx, noun, field),
        fiscal_start_month=ctx.company.fiscal_start,
    )


def matching(
    ctx: Context, tx: Tx, noun: str, text: str, archived: bool = False, verb: str = "list"
) -> list[Any]:
    """The condition `text` on `noun` as SQL, archived records left out unless asked for. Raises Invalid, NotFound.

    It holds only for the records on which the actor may do `verb`; raises Forbidden where there can be none.
    """
    check_right(tx, noun, verb)
    model = table(noun)
    found = [] if archived else [model.archived_at.is_(None)]
    if ctx.actor.scope(noun, verb) != ctx.actor.scope(noun, "show"):
        found.append(reach(noun, ctx.actor, verb))
    if text.strip():
        from crmtui.store import condition, where  # a plain list does without them

        found.append(where.compile(condition.parse(text), noun, scope_for(ctx, tx)))
    return found


def find(
    ctx: Context,
    noun: str,
    *,
    where: str = "",
    sort: str = "",
    limit: int | None = None,
    fields: Sequence[str] | None = None,
    archived: bool = False,
    verb: str = "list",
) -> Found:
    """The visible records of `noun` that match the condition, newest first unless sorted otherwise.

    `verb` is what they are read for, such as export. Raises Invalid for a wrong condition, field or order, Forbidden;
    nothing is read before that is known.
    """
    with ctx.reading() as tx:
        every = fields_in(tx, noun)
        chosen = every if fields is None else [field_named(every, name, noun) for name in fields]
        query = select(*needed(noun, chosen)).where(*matching(ctx, tx, noun, where, archived, verb))
        query = query.order_by(*_order(ctx, tx, noun, sort))
        query = query.limit(limit) if limit is not None else query
    return Found(
        chosen,
        _stream(ctx, noun, chosen, query),
        lambda: count_where(ctx, noun, where, archived=archived, verb=verb),
    )


def _order(ctx: Context, tx: Tx, noun: str, sort: str) -> list[Any]:
    if not sort:
        return [table(noun).id.desc()]
    from crmtui.store import where

    return list(where.order(noun, sort, scope_for(ctx, tx)))


def _stream(ctx: Context, noun: str, fields: Sequence[Field], query: Select[Any]) -> Iterator[dict[str, Any]]:
    """Rows a page at a time; within one reading, so that they are of one state."""
    with ctx.reading() as tx:
        streamed = tx.session.execute(query.execution_options(yield_per=PAGE))
        names = list(streamed.keys())
        for page in streamed.partitions(PAGE):
            rows = [dict(zip(names, row, strict=True)) for row in page]
            yield from presented(ctx, tx, noun, fields, rows)


def count_where(
    ctx: Context, noun: str, text: str = "", *, archived: bool = False, verb: str = "list"
) -> int:
    """How many visible records match."""
    with ctx.reading() as tx:
        query = select(func.count(table(noun).id)).where(*matching(ctx, tx, noun, text, archived, verb))
        return tx.session.scalar(query) or 0


def show(ctx: Context, noun: str, ref: str) -> dict[str, Any]:
    """The one visible record that `ref` means. Raises NotFound."""
    with ctx.reading() as tx:
        return present(ctx, noun, refs.get(tx, noun, ref))


# Changing


def read_values(
    ctx: Context,
    tx: Tx,
    noun: str,
    given: Mapping[str, object],
    *,
    before: Mapping[str, Any] | None = None,
    through: Sequence[str] = (),
) -> dict[str, Any]:
    """Columns for the values that somebody gave, text or JSON, by field name.

    `before` is the record as stored, when it is being edited; `through` are the verbs whose fields may be set here.
    Raises Invalid naming the field, Refused for a field that only another verb sets.
    """
    fields = fields_in(tx, noun)
    entry = ctx.entry(tx)
    row: dict[str, Any] = dict(before or {})
    changed: dict[str, Any] = {}
    for field, value in _in_order(fields, given, noun):
        _check_settable(noun, field, through)
        read = values.read if isinstance(value, str) else values.read_json
        stored = read(field, value, entry.beside(row))
        if field.custom:
            attributes = dict(row.get("x") or {})
            attributes[field.name[2:]] = stored.isoformat() if isinstance(stored, date) else stored
            row["x"] = changed["x"] = {
                key: item for key, item in attributes.items() if item is not None
            } or None
        else:
            row[field.column] = changed[field.column] = stored
    if before is not None and "currency" in changed:
        changed |= _same_figures(ctx, fields, row, before, changed)
    return changed


def _same_figures(
    ctx: Context,
    fields: Sequence[Field],
    row: dict[str, Any],
    before: Mapping[str, Any],
    changed: dict[str, Any],
) -> dict[str, Any]:
    """The amounts of a record whose currency changes, in its minor units: 100.00 dollars called yen are 100 yen.

    Raises Invalid where the new currency cannot express one.
    """
    old, new = (digits_of(one.get("currency") or ctx.company.currency) for one in (before, row))
    kept = [field for field in fields if field.kind == "money" and field.column not in changed]
    found: dict[str, Any] = {}
    for field in kept if old != new else ():
        if row.get(field.column) is None:
            continue
        found[field.column], rest = divmod(row[field.column] * 10**new, 10**old)
        if rest:
            raise Invalid(
                "currency.fraction",
                N_("{currency} has no part as small as in {amount}."),
                field="currency",
                hint=N_("Give the new {name} with it."),
                currency=row["currency"],
                amount=Money(row[field.column], before.get("currency") or ctx.company.currency).text(),
                name=field.name,
            )
    return found


_EARLY = ("currency", "scope", "process", "account")
"""Fields that others are read by: an amount needs its currency, a stage its process."""


def _in_order(fields: Sequence[Field], given: Mapping[str, object], noun: str) -> list[tuple[Field, Any]]:
    pairs = [(field_named(fields, name, noun), value) for name, value in _flattened(given)]
    return sorted(pairs, key=lambda pair: pair[0].name not in _EARLY)


def _flattened(given: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """JSON may give the company's attributes as one object under x."""
    for name, value in given.items():
        if name == "x" and isinstance(value, Mapping):
            yield from ((f"x.{key}", item) for key, item in value.items())
        else:
            yield name, value


def _check_settable(noun: str, field: Field, through: Sequence[str]) -> None:
    if field.verb in ("", *through):
        return
    if field.verb == "system":
        raise Refused(
            "field.system",
            N_("{name} is kept by the program; nobody sets it."),
            field=field.name,
            name=field.name,
        )
    raise Refused(
        "field.has_verb",
        N_("{name} of a {noun} is changed by its own verb."),
        field=field.name,
        hint=N_("Use: crm {noun} {verb}"),
        name=field.name,
        noun=noun,
        verb=field.verb,
    )


def insert(ctx: Context, tx: Tx, noun: str, row: dict[str, Any], *, facts: bool = False) -> Any:
    """Put a record into the store after its noun's rules have completed and checked it; return it."""
    settle = rules.settle_of(noun)
    _default_currency(ctx, noun, row)
    if settle is not None:
        settle(ctx, tx, row, None, facts)
    _check_required(tx, noun, row)
    made = tx.add(table(noun)(**row))
    if not facts:
        rules.entered(ctx, tx, noun, made)
    return made


def _default_currency(ctx: Context, noun: str, row: dict[str, Any]) -> None:
    if "currency" in table(noun).model_fields and row.get("currency") is None:
        row["currency"] = ctx.company.currency


def _check_required(tx: Tx, noun: str, row: Mapping[str, Any]) -> None:
    for field in fields_in(tx, noun):
        if not field.required or field.verb == "system":
            continue
        held = (row.get("x") or {}).get(field.name[2:]) if field.custom else row.get(field.column)
        default = None if field.custom else table(noun).model_fields[field.column].get_default()
        if held is None and default is None:
            raise Invalid(
                "field.required",
                N_("{label} must not be empty."),
                field=field.name,
                hint=N_("Give it with --{option}."),
                label=gettext(field.label),
                option=field.name.replace("_", "-"),
            )


def add(ctx: Context, noun: str, given: Mapping[str, object]) -> Any:
    """Enter a record; return it as stored. Raises Invalid, Refused, Forbidden."""
    try:
        with ctx.transaction(f"{noun}.add") as tx:
            return insert(ctx, tx, noun, read_values(ctx, tx, noun, given, through=("advance", "adjust")))
    except Refused as error:
        rules.refused(ctx, error)
        raise


def add_many(
    ctx: Context, noun: str, items: Iterable[Mapping[str, object]], *, partial: bool = False
) -> tuple[list[Any], list[tuple[int, CrmError]]]:
    """Enter several records in one transaction: all or nothing, or with `partial` those that can be.

    Returns the records and, with `partial`, the (1-based) items that were refused and why.
    """
    made: list[Any] = []
    failed: list[tuple[int, CrmError]] = []
    with ctx.transaction(f"{noun}.add") as tx:
        for number, given in enumerate(items, start=1):
            try:
                with guard(ctx.store), tx.session.begin_nested():
                    made.append(
                        insert(
                            ctx, tx, noun, read_values(ctx, tx, noun, given, through=("advance", "adjust"))
                        )
                    )
            except CrmError as error:
                if not partial:
                    error.params = {**error.params, "item": number}
                    raise
                failed.append((number, error))
    return made, failed


def edit(ctx: Context, noun: str, ref: str, given: Mapping[str, object]) -> Any:
    """Change fields of one record; return it as stored. Raises NotFound, Invalid, Refused, Forbidden, Conflict."""
    with ctx.transaction(f"{noun}.edit") as tx:
        row = refs.get(tx, noun, ref)
        ctx.check_version(tx, row, given)
        changed = read_values(ctx, tx, noun, given, before=columns_of(row), through=("adjust",))
        for verb in _verbs_of(tx, noun, given):
            may_record(tx, noun, row.id, verb)
        apply(ctx, tx, row, changed)
        return row


def _verbs_of(tx: Tx, noun: str, given: Mapping[str, object]) -> set[str]:
    """The verbs to which fields belong that `edit` sets in their place, and whose right it therefore needs too."""
    fields = fields_in(tx, noun)
    return {field_named(fields, name, noun).verb for name, _ in _flattened(given)} - {""}


def apply(ctx: Context, tx: Tx, row: Any, changed: dict[str, Any]) -> None:
    """Set columns of a loaded record, after its noun's rules have seen the whole of it."""
    before = columns_of(row)
    if rules.concerned(row.NOUN, set(changed)):
        after = {**before, **changed}
        settle = rules.settle_of(row.NOUN)
        assert settle is not None
        settle(ctx, tx, after, before, False)
        changed = {column: value for column, value in after.items() if before.get(column) != value}
    for column, value in changed.items():
        if before[column] != value:
            setattr(row, column, value)
    tx.session.flush()
    rules.changed(ctx, tx, row.NOUN, columns_of(row), before)


_ROW_BY_ROW = {"x", "phone", "mobile"}
"""Columns whose new value, or whose search key, depends on what else stands in the row."""


def edit_where(ctx: Context, noun: str, text: str, given: Mapping[str, object]) -> Report:
    """Change fields of all visible records that match, in one statement; those that the actor may not change are counted.

    Where the noun's rules must see each record, they are loaded one by one; one that its rules refuse undoes all.
    """
    with ctx.transaction(f"{noun}.edit") as tx:
        model = table(noun)
        found = matching(ctx, tx, noun, text)
        matched = tx.session.scalar(select(func.count(model.id)).where(*found)) or 0
        changed = read_values(ctx, tx, noun, given, through=("adjust",))
        may = [*found, *(reach(noun, ctx.actor, verb) for verb in ("edit", *_verbs_of(tx, noun, given)))]
        by_currency = {field.column for field in declared(noun) if field.kind in ("money", "currency")}
        if (_ROW_BY_ROW | by_currency) & set(changed) or rules.concerned(noun, set(changed)):
            done = _edit_each(ctx, tx, noun, may, given)
        else:
            row: dict[str, Any] = dict(changed)
            row.update(version=model.version + 1, updated_at=tx.now, **search_keys(model, row, tx.region))
            statement = update(model).where(*may).values(row).execution_options(synchronize_session=False)
            done = tx.session.execute(statement).rowcount  # type: ignore[attr-defined]
    return Report(matched, done, matched - done)


def _edit_each(ctx: Context, tx: Tx, noun: str, may: Sequence[Any], given: Mapping[str, object]) -> int:
    found = select(table(noun)).where(*may).order_by(table(noun).id)
    rows = list(tx.session.scalars(found if tx.store.sqlite else found.with_for_update(key_share=True)))
    for row in rows:
        changed = read_values(ctx, tx, noun, given, before=columns_of(row), through=("adjust",))
        apply(ctx, tx, row, changed)
    return len(rows)


def archive(ctx: Context, noun: str, ref: str) -> Any:
    """Take a record out of every list; nothing is lost, `restore` brings it back. Raises NotFound, Forbidden."""
    with ctx.transaction(f"{noun}.archive") as tx:
        row = refs.get(tx, noun, ref)
        ctx.check_version(tx, row, {})
        if row.archived_at is None:
            apply(ctx, tx, row, {"archived_at": tx.now})
        return row


def restore(ctx: Context, noun: str, ref: str) -> Any:
    """Bring an archived record back. Raises NotFound, Forbidden."""
    with ctx.transaction(f"{noun}.restore") as tx:
        row = refs.get(tx, noun, ref)
        ctx.check_version(tx, row, {})
        apply(ctx, tx, row, {"archived_at": None})
        return row


# Totals


@dataclass(frozen=True)
class Column:
    """A column of totals: its name as typed, and the kind of its values."""

    name: str
    field: Field


def totals(
    ctx: Context, noun: str, *, by: str, measure: str, where_text: str = "", archived: bool = False
) -> tuple[list[Column], Iterator[dict[str, Any]]]:
    """Sums, counts and averages of the visible records that match, by group. Raises Invalid.

    Money is converted into the company's currency, record by record, at the rate of its day.
    """
    from crmtui.services import totals as counting

    return counting.totals(ctx, noun, by, measure, where_text, archived)
