"""A sales process read from TOML: what is written becomes a definition, and every mistake is named."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from crmtui.errors import Invalid
from crmtui.i18n import N_
from crmtui.store.process import CATEGORIES, WHEN_OVER
from crmtui.text import nearest

MOST_CHARACTERS = 256 * 1024
ANY = "*"
"""As the start or the end of a move: every other stage."""
_CODE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}")
_KEYS: dict[str, dict[str, Any]] = {
    "process": {"code": str, "name": str, "name_zh": str, "moves": str, "stage": list, "move": list},
    "stage": {
        "code": str,
        "name": str,
        "name_zh": str,
        "probability": int,
        "category": str,
        "max_days": int,
        "when_over": str,
        "guide": str,
        "step": list,
    },
    "step": {"code": str, "text": str, "required": bool},
    "move": {
        "from": (str, list),
        "to": (str, list),
        "required": list,
        "steps": list,
        "guard": str,
        "says": str,
        "approval": bool,
        "set": dict,
        "task": list,
    },
    "task": {"title": str, "days": int, "owner": str},
}
"""Kind of table → the keys that it may have, and of what type."""
RULE = ("required", "steps", "guard", "says", "approval", "set", "task")
"""The keys of a move that ask for something or bring it about."""


@dataclass(frozen=True)
class Stage:
    """A stage as written; `steps` are dicts with code, text and required."""

    code: str
    name: str
    name_zh: str | None = None
    probability: int | None = None
    category: str = "pipeline"
    max_days: int | None = None
    when_over: str = "alert"
    guide: str | None = None
    steps: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Definition:
    """A process: its stages in order, and of each allowed move (from, to) the rule, empty for most."""

    code: str
    name: str
    name_zh: str | None
    stages: tuple[Stage, ...]
    moves: Mapping[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)

    @property
    def codes(self) -> list[str]:
        """The codes of the stages, in order."""
        return [stage.code for stage in self.stages]


# -- reading ----------------------------------------------------------------------------------------------------


def read(text: str) -> Definition:
    """The definition that TOML text means. Raises Invalid, naming the place: a key, a type, a code, a stage."""
    if len(text) > MOST_CHARACTERS:
        raise Invalid(
            "process.too_long", N_("A process comes to {most} characters at most."), most=MOST_CHARACTERS
        )
    try:
        found = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Invalid(
            "process.toml", N_("This is no TOML: {reason}."), reason=str(error).rstrip(".")
        ) from error
    _check_keys("process", found, "process")
    code = _code(found, "process")
    stages = tuple(_stage(each, f"stage {n}") for n, each in enumerate(_tables(found, "stage"), 1))
    codes = [stage.code for stage in stages]
    if not stages:
        raise Invalid("process.no_stage", N_("A process has at least one stage."), field="stage")
    _check_once(codes, "stage")
    moves = _word(found, "moves", ("any", "listed"), "any", "process")
    pairs: dict[tuple[str, str], Mapping[str, Any]] = {}
    if moves == "any":
        pairs = {(one, two): {} for one in codes for two in codes if one != two}
    pairs.update(_moves(found, stages))
    return Definition(code, found.get("name") or code, found.get("name_zh") or None, stages, pairs)


def _stage(given: Mapping[str, Any], place: str) -> Stage:
    _check_keys("stage", given, place)
    code = _code(given, place)
    steps = tuple(_step(each, f"{place}, step {n}") for n, each in enumerate(_tables(given, "step"), 1))
    _check_once([step["code"] for step in steps], place)
    return Stage(
        code,
        given.get("name") or code,
        given.get("name_zh") or None,
        _whole(given, "probability", 0, 100, place),
        _word(given, "category", CATEGORIES, "pipeline", place),
        _whole(given, "max_days", 1, 3650, place),
        _word(given, "when_over", WHEN_OVER, "alert", place),
        given.get("guide") or None,
        steps,
    )


def _step(given: Mapping[str, Any], place: str) -> dict[str, Any]:
    _check_keys("step", given, place)
    code = _code(given, place)
    return {"code": code, "text": given.get("text") or code, "required": bool(given.get("required"))}


def _moves(found: Mapping[str, Any], stages: tuple[Stage, ...]) -> dict[tuple[str, str], Mapping[str, Any]]:
    """The moves that are listed, those that name both ends before those that mean every stage."""
    wide: dict[tuple[str, str], Mapping[str, Any]] = {}
    exact: dict[tuple[str, str], Mapping[str, Any]] = {}
    for number, given in enumerate(_tables(found, "move"), 1):
        place = f"move {number}"
        _check_keys("move", given, place)
        rule = _rule(given, place)
        starts, ends = (_ends(given, key, stages, place) for key in ("from", "to"))
        for one in starts or [stage.code for stage in stages]:
            fitted = _fitted(rule, next(stage for stage in stages if stage.code == one), place, bool(starts))
            for two in ends or [stage.code for stage in stages]:
                if one == two:
                    if starts and ends:
                        raise _fault(N_("{place}: a move leads to another stage."), place)
                    continue
                kind = exact if starts and ends else wide
                if (one, two) in kind:
                    raise _fault(
                        N_("{place}: the move from {one} to {two} is there already."), place, one=one, two=two
                    )
                kind[one, two] = fitted
    return {**wide, **exact}


def _ends(given: Mapping[str, Any], key: str, stages: tuple[Stage, ...], place: str) -> list[str]:
    """The stages at one end of a move; none for every stage."""
    if key not in given:
        raise _fault(N_("{place} lacks {key}."), place, key=key)
    codes = [stage.code for stage in stages]
    named = [given[key]] if isinstance(given[key], str) else given[key]
    for each in named:
        if each not in (*codes, ANY):
            near = nearest(str(each), codes)
            raise Invalid(
                "process.stage_unknown",
                N_("{place}: there is no stage {stage}."),
                field=key,
                hint=N_("Did you mean {near}?") if near else N_("Its stages are: {stages}."),
                place=place,
                stage=each,
                near=near,
                stages=", ".join(codes),
            )
    return [] if ANY in named else list(named)


def _rule(given: Mapping[str, Any], place: str) -> dict[str, Any]:
    rule = {key: given[key] for key in RULE if given.get(key)}
    for key in ("required", "steps"):
        if not all(isinstance(each, str) for each in rule.get(key, ())):
            raise _fault(N_("{place}: {key} is a list of names."), place, key=key)
    if not all(isinstance(each, str | int | bool) for each in rule.get("set", {}).values()):
        raise _fault(N_("{place}: {key} holds values of fields."), place, key="set")
    rule["set"] = {name: _plain(value) for name, value in rule.get("set", {}).items()}
    tasks = [_task(each, f"{place}, task {n}") for n, each in enumerate(_tables(given, "task"), 1)]
    return {key: value for key, value in {**rule, "task": tasks}.items() if value}


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _task(given: Mapping[str, Any], place: str) -> dict[str, Any]:
    _check_keys("task", given, place)
    if not str(given.get("title", "")).strip():
        raise _fault(N_("{place} lacks {key}."), place, key="title")
    days = _whole(given, "days", 0, 3650, place)
    return {"title": given["title"], "days": days or 0, "owner": given.get("owner") or "owner"}


def _fitted(rule: Mapping[str, Any], stage: Stage, place: str, exactly: bool) -> Mapping[str, Any]:
    """The rule of a move from `stage`, whose steps are its own; of one from every stage the others are left out."""
    known = [step["code"] for step in stage.steps]
    lost = [step for step in rule.get("steps", ()) if step not in known]
    if lost and exactly:
        raise _fault(N_("{place}: {stage} has no step {step}."), place, stage=stage.code, step=lost[0])
    kept = [step for step in rule.get("steps", ()) if step in known]
    return {key: kept if key == "steps" else value for key, value in rule.items() if key != "steps" or kept}


# -- what holds for every table ---------------------------------------------------------------------------------


def _fault(sentence: str, place: str, **params: Any) -> Invalid:
    return Invalid("process.wrong", sentence, field=place, place=place, **params)


def _check_keys(kind: str, given: Mapping[str, Any], place: str) -> None:
    known = _KEYS[kind]
    for key, value in given.items():
        if key not in known:
            near = nearest(key, known)
            raise Invalid(
                "process.key",
                N_("{place} has no {key}."),
                field=key,
                hint=N_("Did you mean {near}?") if near else N_("It has: {keys}."),
                place=place,
                key=key,
                near=near,
                keys=", ".join(known),
            )
        if not isinstance(value, known[key]) or (isinstance(value, bool) and known[key] is not bool):
            raise _fault(N_("{place}: {key} is of another kind."), place, key=key)


def _tables(given: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = given.get(key, [])
    if not all(isinstance(each, dict) for each in found):
        raise _fault(N_("Write each {key} as a table of its own: [[{key}]]."), key, key=key)
    return list(found)


def _code(given: Mapping[str, Any], place: str) -> str:
    code = str(given.get("code", ""))
    if not _CODE.fullmatch(code):
        raise _fault(
            N_("{place} needs a code of lower-case letters, digits and -_. (it has “{found}”)."),
            place,
            found=code,
        )
    return code


def _word(given: Mapping[str, Any], key: str, words: Iterable[str], default: str, place: str) -> str:
    word = str(given.get(key, default))
    if word not in words:
        raise _fault(
            N_("{place}: {key} is one of {words}, not {word}."),
            place,
            key=key,
            words=", ".join(words),
            word=word,
        )
    return word


def _whole(given: Mapping[str, Any], key: str, low: int, high: int, place: str) -> int | None:
    number: int | None = given.get(key)
    if number is not None and not low <= number <= high:
        raise _fault(
            N_("{place}: {key} is from {low} to {high}, not {number}."),
            place,
            key=key,
            low=low,
            high=high,
            number=number,
        )
    return number


def _check_once(codes: list[str], place: str) -> None:
    for code in codes:
        if codes.count(code) > 1:
            raise _fault(N_("{place}: {found} is there twice."), place, found=code)
