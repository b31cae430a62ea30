"""Assignment rules: what one must say, and all of them as one text (TOML) that is checked, applied and written."""

import json
import tomllib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from crmtui.errors import Conflict, CrmError, Invalid, Refused
from crmtui.i18n import N_
from crmtui.services import everywhere, records
from crmtui.services.context import Context, Tx
from crmtui.store.record import table
from crmtui.store.session import check_right, guard
from crmtui.text import nearest

KEYS = {
    "name": "name",
    "position": "position",
    "if": "condition",
    "to": "people",
    "dept": "dept",
    "role": "role",
    "method": "method",
    "skills": "skills",
    "by_territory": "by_territory",
    "by_industry": "by_industry",
    "cascade": "cascade",
    "confirm": "confirm",
    "hours": "hours",
    "active": "active",
    "note": "note",
}
"""Key in the text → field of the rule."""


def settle(ctx: Context, tx: Tx, row: dict[str, Any], before: dict[str, Any] | None, facts: bool) -> None:
    """A rule has a name of its own, a condition that can be understood, and somebody to whom it assigns.

    Raises Invalid, Refused (another rule has that name).
    """
    row["name"] = row.get("name") or row.get("condition")
    if not facts and row["name"] and (before is None or row["name"] != before["name"]):
        _check_free(tx, row["name"], before)
    with tx.without_predicate("assign"):
        everywhere.compiled(ctx, tx, "lead", row.get("condition"))
    if not (row.get("people") or row.get("dept_id") or row.get("role_id")):
        raise Invalid(
            "rule.no_target",
            N_("The rule {name} says nobody to whom it assigns."),
            field="people",
            hint=N_("Name people, a department or a role."),
            name=row.get("name"),
        )
    if row.get("position") is None:
        row["position"] = 100


def _check_free(tx: Tx, name: str, before: dict[str, Any] | None) -> None:
    """A rule is known by its name: where two have it, what is exported could not be put in force again."""
    model = table("assignrule")
    query = select(model.id).where(model.name == name, model.archived_at.is_(None))
    if before is not None:
        query = query.where(model.id != before["id"])
    if tx.session.scalars(query).first() is not None:
        raise Refused(
            "rules.name", N_("Each rule has a name of its own; {name} is not."), field="name", name=name
        )


def read(text: str) -> list[dict[str, Any]]:
    """The rules of a text, as fields of each, in their order.

    Raises Invalid for what is no TOML, or an unknown key; also where nothing at all stands, as when what should have
    written it failed: no rules are a comment, as `export` writes them.
    """
    try:
        parsed = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Invalid("rules.syntax", N_("These rules are not TOML: {said}."), said=str(error)) from error
    unknown = set(parsed) - {"rule"}
    rules = parsed.get("rule", [])
    if (
        not text.strip()
        or unknown
        or not isinstance(rules, list)
        or not all(isinstance(one, dict) for one in rules)
    ):
        raise Invalid(
            "rules.shape",
            N_("Rules are written as tables [[rule]], and nothing else."),
            hint=N_("crm assign rule export shows how."),
        )
    return [_fields(number, one) for number, one in enumerate(rules, 1)]


def _fields(number: int, rule: Mapping[str, Any]) -> dict[str, Any]:
    for key in rule:
        if key not in KEYS and key != "version":
            near = nearest(key, KEYS)
            raise Invalid(
                "rules.key",
                N_("Rule {number} has a key {key} that is not known."),
                field=key,
                hint=N_("Did you mean {near}?") if near else "",
                number=number,
                key=key,
                near=near,
            )
    given = {KEYS[key]: value for key, value in rule.items() if key in KEYS}
    given.setdefault("position", number)
    if "version" in rule:
        given["version"] = rule["version"]
    return given


def lint(ctx: Context, text: str) -> list[tuple[str, CrmError]]:
    """What is wrong with the rules of a text: each rule's name and its error; nothing is changed. Raises Invalid, Forbidden."""
    with ctx.reading() as tx:
        found = []
        wanted = read(text)
        names = [one.get("name") for one in wanted]
        for number, given in enumerate(wanted, 1):
            try:
                _check(ctx, tx, given)
                _check_name(given.get("name"), names)
            except CrmError as error:
                found.append((str(given.get("name") or number), error))
        return found


def _check(ctx: Context, tx: Tx, given: dict[str, Any]) -> dict[str, Any]:
    fields = {name: value for name, value in given.items() if name != "version"}
    row = records.read_values(ctx, tx, "assignrule", fields)
    settle(ctx, tx, row, None, True)
    return row


def apply(ctx: Context, text: str) -> dict[str, int]:
    """Put the rules of a text in force: those of the same name are changed, others made, the rest put away.

    Returns added, changed, unchanged, archived. A rule with a `version` must still have it. All or nothing.
    Raises Invalid naming the rule, Conflict, Forbidden.
    """
    counts = dict.fromkeys(("added", "changed", "unchanged", "archived"), 0)
    with ctx.transaction("assignrule.edit") as tx:
        check_right(tx, "assignrule", "edit")
        model = table("assignrule")
        there = {
            one.name: one for one in tx.session.scalars(select(model).where(model.archived_at.is_(None)))
        }
        wanted = read(text)
        _check_names(wanted)
        for given in wanted:
            with guard(ctx.store):
                counts[_apply(ctx, tx, given, there.pop(given["name"], None))] += 1
        for row in there.values():
            records.apply(ctx, tx, row, {"archived_at": tx.now})
            counts["archived"] += 1
    return counts


def _check_names(wanted: list[dict[str, Any]]) -> None:
    names = [one.get("name") for one in wanted]
    for name in names:
        _check_name(name, names)


def _check_name(name: str | None, names: list[str | None]) -> None:
    if not name or names.count(name) > 1:
        raise Invalid(
            "rules.name",
            N_("Each rule has a name of its own; {name} is not."),
            field="name",
            name=name or "''",
        )


def _apply(ctx: Context, tx: Tx, given: dict[str, Any], row: Any | None) -> str:
    version = given.pop("version", None)
    if row is None:
        records.insert(ctx, tx, "assignrule", records.read_values(ctx, tx, "assignrule", given))
        return "added"
    if version not in (None, row.version):
        raise Conflict(
            "rules.version",
            N_("The rule {name} was changed meanwhile: it has version {now}, the text has {had}."),
            hint=N_("Export the rules again, or leave the version away."),
            name=row.name,
            now=row.version,
            had=version,
        )
    before = row.version
    empty = dict.fromkeys((name for name in KEYS.values() if name not in given), None)
    defaults = {name: one.get_default() for name, one in type(row).model_fields.items() if name in empty}
    columns = {**defaults, "dept_id": None, "role_id": None}
    columns |= records.read_values(ctx, tx, "assignrule", given, before=records.columns_of(row))
    records.apply(ctx, tx, row, columns)
    return "changed" if row.version != before else "unchanged"


def export(ctx: Context) -> str:
    """The rules in force as a text that `apply` takes; with the version of each."""
    found = records.find(ctx, "assignrule", sort="position,name")
    shown = [_written(row) for row in found.rows]
    return "\n".join(shown) + "\n" if shown else "# no rules\n"


def _written(row: Mapping[str, Any]) -> str:
    lines = ["[[rule]]"]
    for key, name in KEYS.items():
        value = row[name]
        if value is None or value == [] or (key in ("by_territory", "by_industry", "cascade") and not value):
            continue
        lines.append(f"{key} = {_toml(value)}")
    return "\n".join([*lines, f"version = {row['version']}"]) + "\n"


def _toml(value: Any) -> str:
    """A value as TOML: JSON says texts, numbers, yes and no the same way."""
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    if isinstance(value, bool | int):
        return json.dumps(value)
    return json.dumps(getattr(value, "name", None) or getattr(value, "ref", None) or str(value))
