"""The verbs that every noun has, made from its declaration."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from inspect import Parameter
from typing import TYPE_CHECKING, Any

from crmtui.commands.call import Call
from crmtui.commands.options import EVERYWHERE, argument, option, whole
from crmtui.commands.prints import Prints, many_of, one, one_of, rows_as
from crmtui.commands.verb import Verb
from crmtui.errors import Invalid, Partial
from crmtui.i18n import N_
from crmtui.services.noun import Noun

if TYPE_CHECKING:
    from crmtui.services.records import Field

_FIELD = "field_"
_COUNTS = one(matched="whole", changed="whole", refused="whole")
_MANY = 20
"""Above so many records a bulk change asks first."""

_REF = argument("ref", "REF", N_("31, its ref, ext:ID for an external id, or a unique name in quotes"))
_WHERE = option("where", "--where", metavar="CONDITION", help=N_("Only those: see crm help conditions"))
_SORT = option(
    "sort",
    "--sort",
    metavar="FIELDS",
    help=N_("Order by these fields; - before one turns it round: -amount,name"),
)
_ARCHIVED = option("archived", "--archived", kind=bool, help=N_("Also what was put away"))
_SET = option(
    "sets",
    "--set",
    metavar="FIELD=VALUE",
    kind=list[str],
    help=N_("Any field, your company's own (x.NAME) too; repeat it"),
)
_DESPITE = option(
    "despite",
    "--despite",
    metavar="REF",
    kind=list[str],
    help=N_("Enter it all the same: it is not that record, which looks like it; repeat it"),
)
_GUARDED = ("account", "contact", "lead")
"""Nouns whose records are entered only once."""
_INPUT = option(
    "input",
    "--input",
    metavar="FILE",
    help=N_("Fields from JSON: an object, an array, or one object a line; - for standard input"),
)


def verb(noun: Noun, name: str) -> Verb:
    """The derived verb `name` of `noun`; raises KeyError when there is none of that name."""
    return _MAKERS[name](noun)


def _made(
    noun: Noun,
    name: str,
    run: Callable[..., None],
    own: list[Parameter],
    *,
    prints: Prints,
    change: bool = False,
    examples: tuple[str, ...] = (),
) -> Verb:
    return Verb(f"{noun.name} {name}", partial(run, noun), own, change, examples=examples, prints=prints)


# Reading


def _list(noun: Noun) -> Verb:
    own = [
        _WHERE,
        _SORT,
        option("limit", "--limit", metavar="N", help=N_("At most so many")),
        _ARCHIVED,
        option(
            "by", "--by", metavar="FIELDS", help=N_("Totals by these fields: owner.dept,quarter(closed_on)")
        ),
        option(
            "measure",
            "--measure",
            metavar="MEASURES",
            help=N_("What to total: count,sum(amount),avg(amount),win_rate"),
        ),
    ]
    return _made(noun, "list", _run_list, own, prints=many_of(noun.name))


def _run_list(
    noun: Noun,
    call: Call,
    where: str | None,
    sort: str | None,
    limit: str | None,
    archived: bool,
    by: str | None,
    measure: str | None,
) -> None:
    from crmtui.services import records

    most = whole("--limit", limit) if limit is not None else None
    if by is not None or measure is not None:
        columns, rows = records.totals(
            call.ctx,
            noun.name,
            by=by or "",
            measure=measure or "count",
            where_text=where or "",
            archived=archived,
        )
        call.rows([replace(column.field, name=column.name, label=column.name) for column in columns], rows)
        return
    if most is None and call.out.people:
        most = int(call.config["rows"])
    found = records.find(
        call.ctx,
        noun.name,
        where=where or "",
        sort=sort or "",
        limit=most,
        fields=wanted(call, noun),
        archived=archived,
    )
    call.rows(found.fields, found.rows, found.total)


def wanted(call: Call, noun: Noun) -> list[str] | None:
    """The fields to read: those of --fields, None for all of them, else the columns of the noun's list.

    Who asks for objects gets all of them: programs pick by name.
    """
    asked = call.options.fields
    if asked is None:
        objects = call.out.format in ("json", "jsonl") or call.options.template
        return None if objects else ["ref", *noun.columns]
    return None if asked.strip() == "all" else [name.strip() for name in asked.split(",")]


def _show(noun: Noun) -> Verb:
    return _made(noun, "show", _run_show, [_REF], prints=one_of(noun.name))


def _run_show(noun: Noun, call: Call, ref: str) -> None:
    from crmtui.services import records

    call.record(noun.name, records.show(call.ctx, noun.name, ref))


def _export(noun: Noun) -> Verb:
    return _made(
        noun,
        "export",
        _run_export,
        [_WHERE, _SORT, _ARCHIVED],
        prints=many_of(noun.name),
        examples=(f"crm {noun.name} export -o {noun.name}.xlsx",),
    )


def _run_export(noun: Noun, call: Call, where: str | None, sort: str | None, archived: bool) -> None:
    from crmtui.services import records

    call.out.preferred = "csv"
    asked = wanted(call, noun) if call.options.fields else None
    found = records.find(
        call.ctx,
        noun.name,
        where=where or "",
        sort=sort or "",
        fields=asked,
        archived=archived,
        verb="export",
    )
    call.rows(found.fields, found.rows)


def _history(noun: Noun) -> Verb:
    return _made(noun, "history", _run_history, [_REF], prints=rows_as(_history_fields))


def _history_fields() -> "Sequence[Field]":
    from crmtui.services import journal

    return journal.HISTORY


def _run_history(noun: Noun, call: Call, ref: str) -> None:
    from crmtui.services import journal

    call.rows(journal.HISTORY, journal.history(call.ctx, noun.name, ref))


# Changing


def field_options(noun: Noun, through: tuple[str, ...]) -> list[Parameter]:
    """An option for each declared field of `noun`: shown when it may be set here, by itself or by the verbs `through`.

    Those of other verbs are there to be refused with the name of that verb.
    """
    from crmtui.services import shape

    taken = {flag for parameter in EVERYWHERE for flag in _flags(parameter)}
    return [
        option(
            _FIELD + field.name,
            flag,
            metavar=_metavar(field),
            help=field.label,
            hidden=field.verb not in ("", *through),
        )
        for field in shape.fields(noun.name)
        if (flag := "--" + field.name.replace("_", "-")) not in taken
    ]


def _flags(parameter: Parameter) -> tuple[str, ...]:
    info = parameter.annotation.__metadata__[0]
    return (info.default, *(info.param_decls or ()))


def _metavar(field: "Field") -> str:
    if field.kind in ("ref", "refs"):
        return field.noun.upper() + (",…" if field.kind == "refs" else "")
    if field.values:
        return "|".join(field.values) if len(field.values) < 5 else "STATE"
    return {
        "money": "AMOUNT",
        "day": "DATE",
        "moment": "MOMENT",
        "flag": "yes|no",
        "whole": "N",
        "percent": "N",
        "choices": "A,B,…",
        "children": "JSON",
    }.get(field.kind, "TEXT")


def given(own: Mapping[str, Any], sets: list[str] | None) -> dict[str, object]:
    """The values that the line gives, by field name: from the options of the fields, then from --set."""
    values: dict[str, object] = {
        name.removeprefix(_FIELD): value
        for name, value in own.items()
        if name.startswith(_FIELD) and value is not None
    }
    for pair in sets or ():
        name, sign, value = pair.partition("=")
        if not sign or not name.strip():
            raise Invalid("usage.set", N_("--set takes FIELD=VALUE, not {pair}."), field="set", pair=pair)
        values[name.strip().replace("-", "_")] = value
    return values


def _add(noun: Noun) -> Verb:
    from crmtui.services import shape

    label = shape.label(noun.name)
    own = (
        [
            argument(
                "name",
                label.upper(),
                N_("What it is called; the same as the option of that name"),
                required=False,
            )
        ]
        if label
        else []
    )
    own += [
        *field_options(noun, ("advance", "adjust")),
        _SET,
        *([_DESPITE] if noun.name in _GUARDED else []),
        _INPUT,
        option(
            "partial",
            "--partial",
            kind=bool,
            help=N_("With --input: enter those that can be, and report the others"),
        ),
    ]
    many = many_of(noun.name)
    return _made(noun, "add", partial(_run_add, label), own, change=True, prints=one_of(noun.name, many))


def _run_add(
    label: str,
    noun: Noun,
    call: Call,
    sets: list[str] | None,
    input: str | None,
    partial: bool,
    name: str | None = None,
    despite: list[str] | None = None,
    **own: Any,
) -> None:
    from crmtui.services import records

    call.ctx.despite = tuple(despite or ())
    values = given(own, sets)
    if name is not None:
        values = {label: name, **values}
    if input is None:
        call.record(noun.name, records.add(call.ctx, noun.name, values))
        return
    from crmtui.commands import reading

    objects = reading.objects(input)
    items = ({**item, **values} for item in objects.items)
    if objects.single:
        call.record(noun.name, records.add(call.ctx, noun.name, next(items)))
        return
    made, failed = records.add_many(call.ctx, noun.name, items, partial=partial)
    call.records(noun.name, made)
    for number, error in failed:
        call.say(N_("Item {number}: {said}"), number=number, said=error)
    if failed:
        raise Partial(
            "add.partial", N_("{made} were entered, {failed} were not."), made=len(made), failed=len(failed)
        )


def _edit(noun: Noun) -> Verb:
    ref = argument("ref", "REF", N_("The record; or many by --where"), required=False)
    own = [ref, _WHERE, *field_options(noun, ("adjust",)), _SET, _INPUT]
    own += [_DESPITE] if noun.name in _GUARDED else []
    return _made(noun, "edit", _run_edit, own, change=True, prints=one_of(noun.name, _COUNTS))


def _run_edit(
    noun: Noun,
    call: Call,
    ref: str | None,
    where: str | None,
    sets: list[str] | None,
    input: str | None,
    despite: list[str] | None = None,
    **own: Any,
) -> None:
    from crmtui.services import records

    call.ctx.despite = tuple(despite or ())
    values = given(own, sets)
    if input is not None:
        from crmtui.commands import reading

        values = {**reading.single(input), **values}
    if (ref is None) == (where is None):
        raise Invalid(
            "usage.ref_or_where", N_("Say which: either one REF, or --where CONDITION."), field="ref"
        )
    if not values:
        raise Invalid(
            "usage.nothing_to_set",
            N_("Say what to change: an option of a field, --set FIELD=VALUE or --input FILE."),
        )
    if ref is not None:
        call.record(noun.name, records.edit(call.ctx, noun.name, ref, values))
    else:
        _edit_many(noun, call, where or "", values)


def _edit_many(noun: Noun, call: Call, where: str, values: Mapping[str, object]) -> None:
    from crmtui.services import records

    count = records.count_where(call.ctx, noun.name, where)
    if count > _MANY:
        call.confirm(N_("Change {count} records?"), count=f"{count:,}")
    report = records.edit_where(call.ctx, noun.name, where, values)
    call.figures(matched=report.matched, changed=report.changed, refused=report.refused)
    if report.refused:
        raise Partial(
            "edit.partial",
            N_("{refused} records may not be changed by you; they are as they were."),
            refused=report.refused,
        )


def _import(noun: Noun) -> Verb:
    from crmtui.commands import transfer

    return Verb(
        f"{noun.name} import",
        partial(transfer.run_import, noun.name),
        transfer.IMPORT,
        change=True,
        prints=transfer.SUMMARY,
    )


def _archive(noun: Noun) -> Verb:
    return _made(noun, "archive", partial(_run_one, "archive"), [_REF], change=True, prints=one_of(noun.name))


def _restore(noun: Noun) -> Verb:
    return _made(noun, "restore", partial(_run_one, "restore"), [_REF], change=True, prints=one_of(noun.name))


def _run_one(name: str, noun: Noun, call: Call, ref: str) -> None:
    from crmtui.services import records

    act = records.archive if name == "archive" else records.restore
    call.record(noun.name, act(call.ctx, noun.name, ref))


_MAKERS: dict[str, Callable[[Noun], Verb]] = {
    "list": _list,
    "show": _show,
    "export": _export,
    "add": _add,
    "edit": _edit,
    "import": _import,
    "archive": _archive,
    "restore": _restore,
    "history": _history,
}
