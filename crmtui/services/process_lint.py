"""What is wrong with the TOML of a process, and what looks wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from crmtui.errors import CrmError, Invalid
from crmtui.i18n import N_
from crmtui.services import records
from crmtui.services.context import Context, Tx
from crmtui.services.process_text import Definition, read
from crmtui.store import refs

WHO = ("owner", "manager")
"""Whose the task of a move is besides a person by name: the owner of the opportunity, or their superior."""


@dataclass(frozen=True)
class Finding:
    """Something about the text of a process: `level` is error or warning."""

    level: str
    said: CrmError


def lint(ctx: Context, text: str) -> list[Finding]:
    """What is wrong with the TOML of a process (no more than the first error of its form), and what looks wrong."""
    with ctx.reading() as tx:
        try:
            found = read(text)
        except CrmError as error:
            return [Finding("error", error)]
        return [*(Finding("error", error) for error in errors(ctx, tx, found)), *_warnings(found)]


def errors(ctx: Context, tx: Tx, of: Definition) -> list[CrmError]:
    """What the rules of the moves say that this store cannot understand: fields, conditions, people."""
    found: list[CrmError] = []
    for (one, two), rule in of.moves.items():
        for check in (_check_required, _check_guard, _check_set, _check_tasks):
            try:
                check(ctx, tx, rule)
            except CrmError as error:
                error.field = error.field or f"{one} → {two}"
                if str(error) not in [str(other) for other in found]:
                    found.append(error)
    return found


def _check_required(ctx: Context, tx: Tx, rule: Mapping[str, Any]) -> None:
    fields = records.fields_in(tx, "opp")
    for name in rule.get("required", ()):
        records.field_named(fields, name, "opp")


def _check_guard(ctx: Context, tx: Tx, rule: Mapping[str, Any]) -> None:
    if rule.get("guard"):
        records.matching(ctx, tx, "opp", rule["guard"])


def _check_set(ctx: Context, tx: Tx, rule: Mapping[str, Any]) -> None:
    records.read_values(ctx, tx, "opp", rule.get("set", {}), through=("adjust",))


def _check_tasks(ctx: Context, tx: Tx, rule: Mapping[str, Any]) -> None:
    for task in rule.get("task", ()):
        if task["owner"] not in WHO:
            refs.resolve(tx, "user", task["owner"])


def _warnings(of: Definition) -> list[Finding]:
    found = []
    reached, waiting = set(), [of.codes[0]]
    while waiting:
        one = waiting.pop()
        if one not in reached:
            reached.add(one)
            waiting += [end for start, end in of.moves if start == one]
    for code in of.codes:
        if code not in reached:
            found.append(_warn(N_("No move leads to {stage}."), code))
        if code != of.codes[-1] and not any(start == code for start, _ in of.moves):
            found.append(_warn(N_("No move leads on from {stage}."), code))
    rates = [(stage.code, stage.probability) for stage in of.stages if stage.probability is not None]
    for (_, before), (code, after) in pairwise(rates):
        if after < before:
            found.append(_warn(N_("The win rate of {stage} is below that of the stage before."), code))
    return found


def _warn(sentence: str, stage: str) -> Finding:
    return Finding("warning", Invalid("process.odd", sentence, field=stage, stage=stage))
