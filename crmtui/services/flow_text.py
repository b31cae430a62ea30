"""Approval flows as TOML: read with every mistake named, put in force, and written."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from crmtui.errors import CrmError, Invalid
from crmtui.i18n import N_
from crmtui.services import flows, records
from crmtui.services.context import Context, Tx
from crmtui.store import refs
from crmtui.store.record import table
from crmtui.text import nearest

MOST_CHARACTERS = 64 * 1024
_FLOW: dict[str, type] = {
    "code": str,
    "name": str,
    "verb": str,
    "if": str,
    "position": int,
    "one_login": bool,
    "note": str,
    "step": list,
}
_STEP: dict[str, type] = {"who": str, "mode": str, "if": str, "empty": str}
"""Key → of what kind."""


@dataclass(frozen=True)
class Flow:
    """A flow as written: the fields of its record, and its steps as columns of theirs, in order."""

    fields: Mapping[str, Any]
    steps: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Applied:
    """What became of one flow of the text: new, changed or unchanged."""

    ref: str
    code: str
    change: str
    version: int


def read(text: str) -> list[Flow]:
    """The flows of a text, in their order. Raises Invalid for what is no TOML, a key that is not known, no approver."""
    if len(text) > MOST_CHARACTERS:
        raise Invalid("flow.too_long", N_("Flows come to {most} characters at most."), most=MOST_CHARACTERS)
    try:
        parsed = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Invalid("flow.syntax", N_("These flows are not TOML: {said}."), said=str(error)) from error
    found = parsed.get("flow", [])
    if set(parsed) - {"flow"} or not _are_tables(found):
        raise Invalid(
            "flow.shape",
            N_("Flows are written as tables [[flow]], and nothing else."),
            hint=N_("crm flow export shows how."),
        )
    read = [_flow(one, number) for number, one in enumerate(found, 1)]
    codes = [one.fields["code"] for one in read]
    twice = [code for code in codes if codes.count(code) > 1]
    if twice:
        raise Invalid("flow.twice", N_("Flow {place} is there twice."), field="code", place=twice[0])
    return read


def _are_tables(found: object) -> bool:
    return isinstance(found, list) and all(isinstance(one, dict) for one in found)


def _flow(given: Mapping[str, Any], number: int) -> Flow:
    place = str(given.get("code") or number)
    _check_keys(given, _FLOW, place)
    for key in ("code", "verb"):
        if not str(given.get(key) or "").strip():
            raise Invalid("flow.lacks", N_("Flow {place} lacks {key}."), field=key, place=place, key=key)
    if not re.fullmatch(r"[a-z0-9][a-z0-9_.-]{0,39}", given["code"]):
        raise Invalid(
            "flow.code",
            N_("{place} is no code: lower-case letters, digits, '-', '_' and '.'."),
            field="code",
            place=place,
        )
    steps = given.get("step", [])
    if not steps or not _are_tables(steps):
        raise Invalid(
            "flow.no_approver",
            N_("Flow {place} says nobody who approves."),
            field="step",
            hint=N_('Add a step: [[flow.step]] with who = "superior".'),
            place=place,
        )
    fields = {
        "code": given["code"],
        "name": given.get("name") or given["code"],
        "verb": given["verb"],
        "condition": given.get("if") or None,
        "position": given.get("position", 100),
        "one_login": given.get("one_login", False),
        "note": given.get("note") or None,
    }
    if not 1 <= fields["position"] <= 1000:
        raise Invalid("flow.position", N_("The position of flow {place} is from 1 to 1000."), place=place)
    return Flow(fields, tuple(_step(step, f"{place}, step {n}") for n, step in enumerate(steps, 1)))


def _step(given: Mapping[str, Any], place: str) -> dict[str, Any]:
    _check_keys(given, _STEP, place)
    if not str(given.get("who") or "").strip():
        raise Invalid(
            "flow.no_approver",
            N_("Flow {place} says nobody who approves."),
            field="who",
            hint=N_("Write superior, superior 2, head, owner, admin, role CODE or user LOGIN."),
            place=place,
        )
    for key, words in (("mode", flows.MODES), ("empty", flows.EMPTY)):
        if given.get(key, words[0]) not in words:
            raise Invalid(
                "flow.word",
                N_("Flow {place}: {key} is one of {words}, not {word}."),
                field=key,
                place=place,
                key=key,
                words=", ".join(words),
                word=given[key],
            )
    return {
        "who": given["who"].strip(),
        "mode": given.get("mode", flows.MODES[0]),
        "condition": given.get("if") or None,
        "empty": given.get("empty", flows.EMPTY[0]),
    }


def _check_keys(given: Mapping[str, Any], known: Mapping[str, type], place: str) -> None:
    for key, value in given.items():
        if key not in known:
            near = nearest(key, known)
            raise Invalid(
                "flow.key",
                N_("Flow {place} has a key {key} that is not known."),
                field=key,
                hint=N_("Did you mean {near}?") if near else N_("It has: {keys}."),
                place=place,
                key=key,
                near=near,
                keys=", ".join(known),
            )
        if type(value) is not known[key]:
            raise Invalid(
                "flow.kind", N_("Flow {place}: {key} is of another kind."), field=key, place=place, key=key
            )


# Checking against the store, and putting in force


def lint(ctx: Context, text: str) -> list[Flow]:
    """The flows of a text that could be put in force as they are. Raises Invalid, NotFound for the first that could not."""
    found = read(text)
    with ctx.reading() as tx:
        for flow in found:
            _check(ctx, tx, flow)
    return found


def _check(ctx: Context, tx: Tx, flow: Flow) -> None:
    flows.check_verb(flow.fields["verb"])
    noun = str(flow.fields["verb"]).partition(".")[0]
    try:
        for condition in (flow.fields["condition"], *(step["condition"] for step in flow.steps)):
            flows.check_condition(ctx, tx, noun, condition or "")
        for step in flow.steps:
            flows.check_who(tx, step["who"])
    except CrmError as error:
        error.params = {**error.params, "flow": flow.fields["code"]}
        error.field = error.field or flow.fields["code"]
        raise


def apply(ctx: Context, text: str) -> list[Applied]:
    """Put the flows of a text in force, all or none; those of other codes stay as they are. Raises as `lint`, Forbidden."""
    with ctx.transaction("flow.apply") as tx:
        return [_put(ctx, tx, flow) for flow in lint(ctx, text)]


def _put(ctx: Context, tx: Tx, flow: Flow) -> Applied:
    model = table("flow")
    row = tx.session.scalars(select(model).where(model.code == flow.fields["code"])).first()
    change = "new" if row is None else "changed"
    if row is None:
        row = records.insert(ctx, tx, "flow", dict(flow.fields))
        _put_steps(tx, row.id, flow.steps)
    elif row.archived_at is None and (_fields_of(row), steps_of(tx, row.id)) == (
        dict(flow.fields),
        list(flow.steps),
    ):
        change = "unchanged"
    else:
        records.apply(ctx, tx, row, {**flow.fields, "archived_at": None})
        if steps_of(tx, row.id) != list(flow.steps):
            _put_steps(tx, row.id, flow.steps)
    return Applied(refs.ref_of("flow", row.id), row.code, change, row.version)


def _put_steps(tx: Tx, flow_id: int, steps: Sequence[Mapping[str, Any]]) -> None:
    step = table("flow_step")
    for old in tx.session.scalars(select(step).where(step.flow_id == flow_id)).all():
        tx.session.delete(old)
    tx.session.flush()
    for position, one in enumerate(steps, 1):
        tx.session.add(step(flow_id=flow_id, position=position, **one))
    tx.session.flush()


def _fields_of(row: Any) -> dict[str, Any]:
    return {
        name: getattr(row, name)
        for name in ("code", "name", "verb", "condition", "position", "one_login", "note")
    }


def steps_of(tx: Tx, flow_id: int) -> list[dict[str, Any]]:
    """The steps of a flow in order, as `Flow` has them."""
    step = table("flow_step")
    rows = tx.session.scalars(select(step).where(step.flow_id == flow_id).order_by(step.position))
    return [
        {"who": row.who, "mode": row.mode, "condition": row.condition, "empty": row.empty} for row in rows
    ]


# Writing


def export(ctx: Context, ref: str = "") -> str:
    """The flows in force as TOML that reads back as the same flows; one of them if it is named. Raises NotFound."""
    import tomlkit

    model = table("flow")
    with ctx.reading() as tx:
        query = (
            select(model).where(model.archived_at.is_(None)).order_by(model.verb, model.position, model.id)
        )
        rows = [refs.get(tx, "flow", ref)] if ref else list(tx.session.scalars(query))
        written = [_written(_fields_of(row), steps_of(tx, row.id)) for row in rows]
    return tomlkit.dumps({"flow": written}) if written else "# no flows\n"


def _written(fields: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    named = {
        ("if" if key == "condition" else key): value
        for key, value in fields.items()
        if value not in (None, False)
    }
    return {
        **named,
        "step": [
            {("if" if key == "condition" else key): value for key, value in step.items() if value is not None}
            for step in steps
        ],
    }
