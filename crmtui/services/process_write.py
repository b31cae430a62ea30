"""A sales process written as TOML, so that it is the same process when it is read again; and drawn."""

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from crmtui.i18n import N_, gettext
from crmtui.services.process_text import RULE, Definition, Stage


def write(of: Definition) -> str:
    """The definition as TOML; read again it is the same definition."""
    import tomlkit

    free = all((one, two) in of.moves for one in of.codes for two in of.codes if one != two)
    top = {"code": of.code, "name": of.name, "name_zh": of.name_zh, "moves": "any" if free else "listed"}
    tables: dict[str, Any] = {"stage": [_stage_table(stage) for stage in of.stages]}
    moves = list(_move_tables(of, listed=not free))
    if moves:
        tables["move"] = moves
    return tomlkit.dumps({**_kept(top), **tables})


def _kept(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if value not in (None, "", [], {}, ())}


def _stage_table(stage: Stage) -> dict[str, Any]:
    table = {
        "code": stage.code,
        "name": stage.name,
        "name_zh": stage.name_zh,
        "probability": stage.probability,
        "category": stage.category,
        "max_days": stage.max_days,
        "when_over": stage.when_over if stage.when_over != "alert" else None,
        "guide": stage.guide,
        "step": [_step_table(step) for step in stage.steps],
    }
    return _kept(table)


def _step_table(step: Mapping[str, Any]) -> dict[str, Any]:
    table = {"code": step["code"], "text": step["text"]}
    return {**table, "required": True} if step.get("required") else table


def _move_tables(of: Definition, *, listed: bool) -> Iterator[dict[str, Any]]:
    """The moves that say something, those from one stage under the same rule together."""
    order = {code: place for place, code in enumerate(of.codes)}
    said = [(one, two, rule) for (one, two), rule in of.moves.items() if rule or listed]
    said.sort(key=lambda move: (order[move[0]], repr(sorted(move[2].items())), order[move[1]]))
    for (start, _), group in groupby(said, key=lambda move: (move[0], repr(sorted(move[2].items())))):
        moves = list(group)
        ends = [two for _, two, _ in moves]
        rule = {key: moves[0][2][key] for key in RULE if key in moves[0][2]}
        yield {"from": start, "to": ends[0] if len(ends) == 1 else ends, **rule}


def draw(of: Definition) -> str:
    """The stages of a process and the moves between them, as a drawing of lines of text."""
    lines = []
    for place, stage in enumerate(of.stages):
        rate = "" if stage.probability is None else f"  {stage.probability} %"
        days = "" if stage.max_days is None else gettext(N_("  ≤ {days} d")).format(days=stage.max_days)
        lines.append(f"[{stage.code}]{rate}{days}")
        lines += [f" │ {'■' if step['required'] else '□'} {step['text']}" for step in stage.steps]
        for end in of.codes:
            if (stage.code, end) in of.moves and end != of.codes[min(place + 1, len(of.codes) - 1)]:
                if of.codes.index(end) < place or not of.moves[stage.code, end]:
                    continue
                lines.append(f" ├─▶ [{end}]{_asks(of.moves[stage.code, end])}")
        if place + 1 < len(of.stages):
            ahead = (stage.code, of.codes[place + 1])
            lines.append(f" ▼{_asks(of.moves[ahead])}" if ahead in of.moves else " ✕")
    return "\n".join(lines)


def _asks(rule: Mapping[str, Any]) -> str:
    """What a move asks for and brings about, in a few words."""
    parts = []
    if rule.get("required"):
        parts.append(gettext(N_("needs {names}")).format(names=", ".join(rule["required"])))
    if rule.get("steps"):
        parts.append(gettext(N_("after {names}")).format(names=", ".join(rule["steps"])))
    if rule.get("guard"):
        parts.append(gettext(N_("if {condition}")).format(condition=rule["guard"]))
    if rule.get("approval"):
        parts.append(gettext(N_("with approval")))
    parts += [f"+ {task['title']}" for task in rule.get("task", ())]
    parts += [f"{name} = {value}" for name, value in rule.get("set", {}).items()]
    return "  " + "; ".join(parts) if parts else ""
