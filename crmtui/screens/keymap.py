"""The keys that a person chose: read, checked against all that the screens bind, and told what is wrong with them."""

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from textual.binding import Binding
from textual.keys import KEY_NAME_REPLACEMENTS, Keys

from crmtui.i18n import N_, gettext
from crmtui.screens.keys import FORBIDDEN, GRAMMAR, known

MOVES = ("up", "down", "left", "right", "home", "end")
"""What letters do as well, unless the set `arrows` is chosen."""
EVERYWHERE = frozenset(("app", "place", "list"))
"""Parts whose keys work on most screens, beside those of the screen itself."""
ALONE = frozenset(("ask", "columns", "sides"))
"""Parts of sheets that lie over everything and hold no list."""
_HELD = ("ctrl", "shift", "alt", "super", "meta", "hyper")
_NAMED = {name.value for name in Keys if name.value.islower()} | {f"f{number}" for number in range(1, 25)}
_SIGNS = {sign: name for name, sign in KEY_NAME_REPLACEMENTS.items()}


@dataclass(frozen=True)
class Complaint:
    """What is wrong with one line of `[keys]`; the default key stays."""

    name: str
    sentence: str


def keymap(own: Mapping[str, str], chosen: str = "default") -> tuple[dict[str, str], list[Complaint]]:
    """Binding id → keys for `App.set_keymap`, from the set `chosen` and the person's `own`; and what was wrong with those."""
    every = known()
    found = dict(_without_letters(every)) if chosen == "arrows" else {}
    complaints = []
    for name, text in own.items():
        keys = [_normal(key.strip()) for key in text.split(",")]
        sentence = _wrong(name, keys, every, found)
        if sentence:
            complaints.append(Complaint(name, sentence))
        else:
            found[name] = ",".join(keys)
    return found, complaints


def _without_letters(every: Mapping[str, Binding]) -> Iterator[tuple[str, str]]:
    """The moving bindings, without the letters that move."""
    for name, binding in every.items():
        does = _does(name)
        keys = binding.key.split(",")
        if does in MOVES and any(len(key) == 1 for key in keys):
            usual = [*keys, *GRAMMAR[does][0].split(",")]
            yield name, ",".join(dict.fromkeys(key for key in usual if len(key) > 1))


def _does(name: str) -> str:
    return name.partition(".")[2]


def _normal(key: str) -> str:
    """A key as Textual calls it: `?` is question_mark; empty where there is no such key."""
    *held, last = (f"{key[:-1]}plus" if key.endswith("+") else key).split("+")
    if len(last) == 1 and not last.isalnum():
        name = unicodedata.name(last, "").lower().replace(" ", "_").replace("-", "_")
        last = KEY_NAME_REPLACEMENTS.get(name, name)
    if not last or not set(held) <= set(_HELD) or not (len(last) == 1 or last in _NAMED or _is_sign(last)):
        return ""
    return "+".join([*held, last])


def _is_sign(name: str) -> bool:
    """Whether `name` is what Textual calls a printable sign."""
    original = _SIGNS.get(name, name).replace("_", " ")
    for spelt in (original, original.replace("hyphen minus", "hyphen-minus")):
        try:
            unicodedata.lookup(spelt)
        except KeyError:
            continue
        return True
    return False


def _wrong(name: str, keys: list[str], every: Mapping[str, Binding], chosen: Mapping[str, str]) -> str:
    """What is wrong with `keys` for the binding `name`; empty when nothing is."""
    from crmtui.text import nearest

    if name not in every:
        near = nearest(name, every)
        said = gettext(N_("there is no key {name}.")).format(name=name)
        return f"{said} {gettext(N_('Did you mean {nearest}?')).format(nearest=near)}" if near else said
    if not all(keys):
        return gettext(N_("{name} needs the name of a key, such as ctrl+e, f5 or ?.")).format(name=name)
    for key in keys:
        if key in FORBIDDEN:
            return gettext(N_("terminals do not send {key} reliably.")).format(key=key)
        for other, binding in every.items():
            if together(name, other) and key in chosen.get(other, binding.key).split(","):
                return gettext(N_("{key} already means {other}.")).format(key=key, other=other)
    return ""


def together(name: str, other: str) -> bool:
    """Whether two bindings that do different things can be in force at once."""
    here, there = name.partition(".")[0], other.partition(".")[0]
    if not ALONE.isdisjoint((here, there)):
        return _does(name) != _does(other) and (here == there or "app" in (here, there))
    return _does(name) != _does(other) and (here == there or not EVERYWHERE.isdisjoint((here, there)))
