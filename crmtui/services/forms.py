"""What a form of a noun asks, what a text typed into it means, and the record that comes of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from crmtui.errors import CrmError, Forbidden
from crmtui.i18n import N_, gettext
from crmtui.money import show as show_money
from crmtui.services import records
from crmtui.services.context import Context, Tx
from crmtui.services.nouns import NOUNS
from crmtui.store import chronicle, refs, values
from crmtui.store.fields import Field
from crmtui.store.record import table

GROUPS = {"basic": N_("Basic"), "specific": N_("Specific"), "extended": N_("Extended")}
_ADDING = ("", "advance", "adjust")
_EDITING = ("", "adjust")
_EARLY = ("currency", "scope", "process")
"""Fields by which others are read."""
_LAST = ("external_id", "tags", "note")
FREE = ("choice", "choices")
"""Kinds that take what is not on their list as well."""


@dataclass(frozen=True)
class Option:
    """One value that a field offers: what is stored or sent, and what people read."""

    value: str
    shown: str


@dataclass(frozen=True)
class Held:
    """What stands in a field: `shown` to people, `given` to the store; and what is remarked about it."""

    shown: str = ""
    given: str = ""
    note: str = ""


@dataclass(frozen=True)
class Question:
    """One field of a form. `max` are the characters that it holds; `options` all values that it offers, if those are few."""

    name: str
    label: str
    kind: str
    required: bool
    max: int
    group: str
    noun: str = ""
    options: tuple[Option, ...] = ()


@dataclass(frozen=True)
class Shape:
    """A form: of which noun, of which record (none for a new one) in which version, what it asks and what stands in it."""

    noun: str
    ref: str
    version: int | None
    name: str
    questions: tuple[Question, ...]
    held: dict[str, Held] = field(default_factory=dict)


def shape(
    ctx: Context,
    noun: str,
    ref: str = "",
    only: Sequence[str] = (),
    required: Sequence[str] = (),
    editing: bool = False,
) -> Shape:
    """The form of a new record of `noun`, or of the one that `ref` means; with `only`, of these fields in this order.

    `editing` is for records that are not named: nothing stands in it, and nothing must be filled. `required` are fields that must be filled here besides those that always must. Raises NotFound, Invalid.
    """
    with ctx.reading() as tx:
        row = refs.get(tx, noun, ref) if ref else None
        columns = records.columns_of(row) if row is not None else {}
        editing = editing or bool(ref)
        fields = _asked(tx, noun, editing, only)
        must = {*required, *(_needed(noun) if not editing and not only else ())}
        groups = _groups(tx, noun, fields)
        known: dict[str, tuple[Option, ...]] = {}
        questions = [
            Question(
                each.name,
                gettext(each.label),
                each.kind,
                each.name in must or (_filled(noun, each) and (not editing or bool(ref))),
                _longest(each),
                groups[each.name],
                each.noun,
                _options(ctx, tx, each, columns.get("process_id"), known),
            )
            for each in fields
        ]
        held = _held_all(ctx, tx, noun, fields, columns) if row is not None else {}
        name = str(columns.get(table(noun).LABEL) or "")
        found = refs.ref_of(noun, columns["id"]) if row is not None else ""
        version = int(columns["version"]) if row is not None else None
    return Shape(noun, found, version, name, tuple(_sorted(questions, only)), held)


def _asked(tx: Tx, noun: str, editing: bool, only: Sequence[str]) -> list[Field]:
    fields = records.fields_in(tx, noun)
    if only:
        return [records.field_named(fields, name, noun) for name in only]
    return [each for each in fields if each.verb in (_EDITING if editing else _ADDING)]


def _filled(noun: str, field: Field) -> bool:
    """Whether somebody has to fill it: it must not be empty, and nothing stands in it by itself."""
    default = None if field.custom else table(noun).model_fields[field.column].get_default()
    return field.required and default is None


def _needed(noun: str) -> tuple[str, ...]:
    """What a record entered by hand needs besides what its fields declare."""
    if noun != "opp":
        return ()
    from crmtui.services import opportunity

    return tuple(column.removesuffix("_id") for column, _ in opportunity.NEEDED)


def _groups(tx: Tx, noun: str, fields: Iterable[Field]) -> dict[str, str]:
    attribute = table("attribute")
    query = select(attribute.name, attribute.kind).where(attribute.noun == noun)
    own = {f"x.{name}": str(kind) for name, kind in tx.session.execute(query)}
    first = {*NOUNS[noun].columns, table(noun).LABEL, "owner"}
    return {
        each.name: own.get(each.name)
        or (
            "basic"
            if each.name in first or each.required
            else "extended"
            if each.name in _LAST
            else "specific"
        )
        for each in fields
    }


def _sorted(questions: list[Question], only: Sequence[str]) -> list[Question]:
    if only:
        return questions
    order = list(GROUPS)
    return sorted(questions, key=lambda each: order.index(each.group))


def _longest(field: Field) -> int:
    if field.kind in ("line", "text", "code", "choice", "email", "phone"):
        return field.max or 200
    return {"refs": 4_000, "choices": 4_000, "children": 4_000, "ref": 400, "target": 400}.get(field.kind, 60)


def _options(
    ctx: Context, tx: Tx, field: Field, process: int | None, known: dict[str, tuple[Option, ...]]
) -> tuple[Option, ...]:
    if field.kind == "state":
        return tuple(Option(value, gettext(value)) for value in field.values)
    if field.kind == "flag":
        return Option("true", gettext(N_("yes"))), Option("false", gettext(N_("no")))
    if field.kind == "stage":
        stages = dict.fromkeys(ctx.stages(tx, ctx.process_id(tx, process)).values())
        return tuple(Option(code, ctx.stage_name(process, code)) for code in stages)
    if field.kind in FREE and field.choices:
        if field.choices not in known:
            known[field.choices] = tuple(entries(tx, field.choices))
        return known[field.choices]
    return ()


def entries(tx: Tx, name: str) -> list[Option]:
    """The list `name` in its order: codes, and names in the language in use."""
    model = table("type")
    query = (
        select(model.code, model.name, model.name_zh)
        .where(model.list == name, model.active.is_(True), model.archived_at.is_(None))
        .order_by(model.position, model.id)
    )
    return [
        Option(code, values.in_language(one or code, other)) for code, one, other in tx.session.execute(query)
    ]


# -- what stands in a field -------------------------------------------------------------------------------------


def _held_all(
    ctx: Context, tx: Tx, noun: str, fields: Sequence[Field], row: Mapping[str, Any]
) -> dict[str, Held]:
    names = records.names_of(tx, fields, [row])
    return {each.name: _held(each, records.value_of(ctx, noun, each, row, names)) for each in fields}


def _held(field: Field, value: Any) -> Held:
    plain = records.as_text(field, value, people=False)
    if value is None:
        return Held()
    if field.kind == "money":
        text = show_money(value.minor, value.currency, "en")
        return Held(text, text)
    if field.kind == "ref":
        return Held(value.name or value.ref, value.ref)
    if field.kind in ("choice", "state", "stage", "flag"):
        return Held(records.as_text(field, value, people=True), plain)
    return Held(plain, plain)


def check(
    ctx: Context, noun: str, name: str, given: str, beside: Mapping[str, str] | None = None, ref: str = ""
) -> Held:
    """What the text `given` means in the field `name`, as the form then shows it; `beside` are the form's other texts.

    Raises Invalid, or NotFound for a reference.
    """
    told, ctx.notes = ctx.notes, []
    try:
        with ctx.reading() as tx:
            before = records.columns_of(refs.get(tx, noun, ref)) if ref else None
            fields = records.fields_in(tx, noun)
            early = {key: text for key, text in (beside or {}).items() if key in _EARLY and key != name}
            through = tuple({each.verb for each in fields} - {"", "system"})
            changed = records.read_values(
                ctx, tx, noun, {**early, name: given}, before=before, through=through
            )
            field = records.field_named(fields, name, noun)
            held = _held_all(ctx, tx, noun, [field], {**(before or {}), **changed})[field.name]
            return Held(held.shown, held.given, " ".join(ctx.notes))
    finally:
        ctx.notes = told


# -- saving -----------------------------------------------------------------------------------------------------


@contextmanager
def over(ctx: Context, version: int | None) -> Iterator[None]:
    """What changes a record within it raises Conflict unless the record stands in `version`; None: whatever it stands in."""
    before, ctx.if_version = ctx.if_version, version
    try:
        yield
    finally:
        ctx.if_version = before


def save(
    ctx: Context, noun: str, given: Mapping[str, object], ref: str = "", version: int | None = None
) -> str:
    """Enter a record, or change the one that `ref` means as long as it stands in `version`; its ref.

    Raises what `records.add` and `records.edit` raise; Conflict when it was changed meanwhile.
    """
    if not ref:
        return refs.ref_of(noun, records.add(ctx, noun, given).id)
    with over(ctx, version):
        return refs.ref_of(noun, records.edit(ctx, noun, ref, given).id)


def save_many(ctx: Context, noun: str, which: Sequence[str], given: Mapping[str, object]) -> records.Report:
    """Change the same fields of several records in one transaction; those that the actor may not change are counted.

    Raises NotFound, Invalid, Refused; then nothing is changed.
    """
    refused = 0
    with ctx.transaction(f"{noun}.edit") as tx:
        for ref in which:
            try:
                row = refs.get(tx, noun, ref)
            except Forbidden:
                refused += 1
                continue
            ctx.check_version(tx, row, given)
            changed = records.read_values(
                ctx, tx, noun, given, before=records.columns_of(row), through=("adjust",)
            )
            records.apply(ctx, tx, row, changed)
    return records.Report(len(which), len(which) - refused, refused)


# -- two people on one record -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Theirs:
    """A field that somebody else changed meanwhile: what stands in it now, and who put it there when."""

    name: str
    label: str
    held: Held
    who: str
    at: str


def meanwhile(
    ctx: Context, noun: str, ref: str, version: int, held: Mapping[str, Held]
) -> tuple[int, list[Theirs]]:
    """The version of the record now, and the fields that were changed since `version`, each with what stands in it.

    A field in which there stands what `held` has for it is left out. Raises NotFound.
    """
    with ctx.reading() as tx:
        row = refs.get(tx, noun, ref)
        if row.version == version:
            return version, []
        columns = records.columns_of(row)
        authors = _authors(ctx, tx, row, version)
        asked = (each for each in records.fields_in(tx, noun) if each.verb != "system")
        fields = [each for each in asked if _column(each) in authors]
        now = _held_all(ctx, tx, noun, fields, columns)
        found = [
            Theirs(each.name, gettext(each.label), now[each.name], *authors[_column(each)])
            for each in fields
            if each.name not in held or now[each.name].given != held[each.name].given
        ]
        return int(row.version), found


def _column(field: Field) -> str:
    return "x" if field.custom else field.column


def _authors(ctx: Context, tx: Tx, row: Any, version: int) -> dict[str, tuple[str, str]]:
    """Column → who changed it last since `version`, and when."""
    of = table(row.NOUN).__table__
    steps = chronicle.entries(tx, of, row.id, above=version)
    user = table("user")
    ids = {step.actor_id for step in steps if step.actor_id is not None}
    named = tx.session.execute(select(user.id, user.name).where(user.id.in_(ids)))
    people: dict[int, str] = dict(named.all())
    found: dict[str, tuple[str, str]] = {}
    for step in steps:
        at = step.done_at.astimezone(ctx.clock.zone)
        when = at.strftime("%H:%M" if at.date() == ctx.clock.today() else "%Y-%m-%d %H:%M")
        for column in chronicle.values_of(of, step.before):
            found.setdefault(column, (str(people.get(step.actor_id) or step.by or ""), when))
    return found


def alike(ctx: Context, noun: str, name: str) -> str:
    """The ref and name of a visible record that is called the same; empty when there is none."""
    with ctx.reading() as tx:
        try:
            ids = refs.find_ids(tx, noun, name) if not name.strip().isdecimal() else []
        except CrmError:
            return ""
        if not ids:
            return ""
        model = table(noun)
        label = tx.session.scalar(select(getattr(model, model.LABEL)).where(model.id == ids[0]))
    return f"{refs.ref_of(noun, ids[0])} {label}"
