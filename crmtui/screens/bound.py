"""What a screen answers to just now: its keys, the record that it is about, and the command that does the same."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from textual.actions import parse
from textual.binding import ActiveBinding

from crmtui.i18n import N_, gettext
from crmtui.screens.keys import GRAMMAR
from crmtui.services.nouns import NOUNS

_TWINS = {
    "new": "crm {noun} add",
    "open": "crm {noun} show {ref}",
    "find": "crm {noun} list --where",
    "filter": "crm {noun} list --where",
    "sort": "crm {noun} list --sort",
    "columns": "crm {noun} list --fields",
    "pin": "crm query save",
    "search": "crm search",
    "undo": "crm undo",
    "help": "crm help",
}


@dataclass(frozen=True)
class Bound:
    """A key that works on a screen now: its name in the grammar, its keys, its label, the node that acts, and why it is off."""

    id: str
    name: str
    keys: tuple[str, ...]
    label: str
    action: str
    node: Any
    shown: bool
    why_not: str

    @property
    def key(self) -> str:
        """The first of its keys, which is the one that is told."""
        return self.keys[0]


def bound(screen: Any) -> list[Bound]:
    """The keys of the grammar that `screen` answers to, those of the focused part first."""
    found: dict[tuple[str, int], Bound] = {}
    for key, active in _active(screen):
        binding = active.binding
        name = (binding.id or "").rpartition(".")[2]
        if name not in GRAMMAR or not binding.description:
            continue
        reason = ""
        if not active.enabled:
            asked = getattr(active.node, "why_not", None)
            reason = (asked(binding.action) if asked else None) or gettext(N_("Not possible just now."))
        made = Bound(
            str(binding.id),
            name,
            (key,),
            binding.description,
            binding.action,
            active.node,
            binding.show,
            reason,
        )
        same = (binding.action, id(active.node))
        if same in found and key not in found[same].keys:
            found[same] = replace(found[same], keys=(*found[same].keys, key))
        found.setdefault(same, made)
    return sorted(found.values(), key=lambda one: (one.node is screen.app, not one.shown))


def _active(screen: Any) -> Iterator[tuple[str, ActiveBinding]]:
    """The keys in force, and those of the screen that only type while a field has the focus."""
    yield from screen.active_bindings.items()
    for key, binding in screen._bindings:
        state = screen.check_action(*_parsed(binding.action))
        if state is not False:
            yield key, ActiveBinding(screen, binding, bool(state), binding.tooltip)


def _parsed(action: str) -> tuple[str, tuple[object, ...]]:
    _, name, parameters = parse(action)
    return name, parameters


def ref_of(screen: Any) -> str:
    """The record that `screen` is about: the one it shows, or the one under the cursor; empty for none."""
    if getattr(screen, "ref", ""):
        return str(screen.ref)
    chosen = getattr(screen, "chosen", None) if getattr(screen, "is_mounted", False) else None
    return str(chosen[0]) if isinstance(chosen, list) and chosen else ""


def noun_of(screen: Any) -> str:
    """The kind of record that `screen` is about; empty for none."""
    noun = getattr(screen, "noun", "")
    return noun if noun in NOUNS else ""


def twin(screen: Any, name: str) -> str:
    """The command that does what the key `name` does on `screen`; empty where there is none."""
    noun, ref = noun_of(screen), ref_of(screen)
    if name == "refresh":
        return str(screen.command_line()) if hasattr(screen, "command_line") else ""
    line = _TWINS.get(name, "")
    if "{noun}" in line and not noun:
        return ""
    return line.format(noun=noun, ref=ref or "REF")
