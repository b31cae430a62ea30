"""Conditions in words: what operators are called, and the chips of a filter line."""

from typing import Any

from crmtui.errors import Invalid
from crmtui.i18n import N_, gettext, language
from crmtui.screens.glyphs import g

WORDS = {
    "=": N_("is"),
    "!=": N_("is not"),
    "~": N_("contains"),
    "!~": N_("does not contain"),
    "in": N_("is any of"),
    "not in": N_("is none of"),
    "under": N_("is in or below"),
    "not under": N_("is not in or below"),
    "<": N_("less than"),
    "<=": N_("at most"),
    ">": N_("more than"),
    ">=": N_("at least"),
    "is empty": N_("is empty"),
    "is not empty": N_("is not empty"),
}
_OF_TIME = {
    "<": N_("before"),
    "<=": N_("until"),
    ">": N_("after"),
    ">=": N_("from"),
    "in": N_("in"),
    "=": N_("on"),
    "!=": N_("not on"),
    "not in": N_("not in"),
}


def word(sign: str, kind: str = "") -> str:
    """What people read for an operator, in the language in use."""
    words = WORDS | _OF_TIME if kind in ("day", "moment") else WORDS
    return gettext(words.get(sign, sign))


def chips(text: str, noun: str = "") -> list[tuple[str, str]]:
    """(label, condition) of each part of a condition at its uppermost `and`s, for the filter line."""
    from crmtui.services import conditions

    return [(_label(part, noun), part) for part in conditions.parts(text)] if text.strip() else []


def without(text: str, place: int) -> str:
    """The condition without its part number `place`, from 0."""
    from crmtui.services import conditions

    return conditions.without(text, place)


def and_(*texts: str) -> str:
    """The condition that holds where all of `texts` do. Raises Invalid for one that cannot be read."""
    from crmtui.services import conditions

    return conditions.every(*texts)


def _label(part: str, noun: str) -> str:
    from crmtui.services import conditions

    try:
        root = conditions.read(part)
    except Invalid:
        return part
    ask = root.parts[0] if len(root.parts) == 1 else None
    if not isinstance(ask, conditions.Ask):
        return part
    name, sign = _called(ask.name, noun), conditions.sign(ask)
    if ask.op == "empty" or (ask.negated and ask.op in ("<", "<=", ">", ">=")):
        return part.replace(ask.name, name, 1)
    shown = {"=": "", ">=": g("more"), "<=": g("less"), "in": "", "under": g("into")}.get(sign, sign)
    return " ".join(filter(None, (name, shown, _values(ask, noun))))


def _values(ask: Any, noun: str) -> str:
    """The values as people read them: states in the language in use."""
    from crmtui.services import conditions, shape

    typed = conditions.typed(ask)
    fields = shape.fields(noun) if noun else []
    if not any(field.name == ask.name and field.kind == "state" for field in fields):
        return typed
    return ", ".join(gettext(one) for one in typed.split(", "))


def _called(name: str, noun: str) -> str:
    from crmtui.services import shape

    if noun:
        for field in shape.fields(noun):
            if field.name == name:
                label = gettext(field.label)
                return label.lower() if language() == "en" else label
    return name.removeprefix("x.").replace("_", " ")
