"""The one grammar of keys: what each key means on every screen, and how a screen binds it."""

from collections.abc import Iterable, Mapping

from textual.binding import Binding

from crmtui.i18n import N_

GRAMMAR: dict[str, tuple[str, str]] = {
    "up": ("up,k", N_("Move")),
    "down": ("down,j", N_("Move")),
    "left": ("left,h", N_("Move")),
    "right": ("right,l", N_("Move")),
    "page_up": ("pageup", N_("A page up")),
    "page_down": ("pagedown", N_("A page down")),
    "home": ("home,g", N_("To the beginning")),
    "end": ("end,G", N_("To the end")),
    "next": ("tab", N_("Next pane")),
    "prev": ("shift+tab", N_("Previous pane")),
    "open": ("enter", N_("Open")),
    "back": ("escape,q", N_("Back")),
    "new": ("n", N_("New")),
    "edit": ("e", N_("Edit")),
    "remove": ("d", N_("Remove")),
    "agree": ("a", N_("Agree")),
    "refuse": ("x", N_("Say no")),
    "move_to": ("m", N_("Give to someone")),
    "tick": ("t", N_("Done")),
    "log": ("c", N_("Log")),
    "undo": ("u", N_("Undo")),
    "redo": ("ctrl+r", N_("Redo")),
    "view": ("v", N_("Next view")),
    "find": ("slash", N_("Find")),
    "filter": ("f", N_("Filter")),
    "sort": ("s", N_("Sort")),
    "columns": ("o", N_("Columns")),
    "period": ("p", N_("Period")),
    "period_back": ("left_square_bracket", N_("Previous")),
    "period_on": ("right_square_bracket", N_("Next")),
    "whose": ("w", N_("Whose")),
    "mark": ("space", N_("Mark")),
    "unfold": ("plus,equals_sign", N_("Unfold")),
    "fold": ("minus", N_("Fold")),
    "unfold_all": ("asterisk", N_("Unfold all")),
    "stage_back": ("less_than_sign,comma", N_("Back a stage")),
    "stage_on": ("greater_than_sign", N_("On a stage")),
    "menu": ("full_stop", N_("Everything for this record")),
    "help": ("question_mark,f1", N_("Help")),
    "search": ("ctrl+o", N_("Search")),
    "palette": ("ctrl+p", N_("Commands")),
    "jump": ("ctrl+g", N_("Jump")),
    "save": ("ctrl+s", N_("Save")),
    "quit": ("ctrl+q", N_("Quit")),
    "copy": ("y", N_("Copy")),
    "refresh": ("r", N_("Refresh")),
    "panel": ("i", N_("Side panel")),
    "zoom": ("z", N_("Full size")),
    "pin": ("b", N_("Save view")),
    **{f"section_{n}": (str(n), N_("Section")) for n in range(1, 10)},
}
"""Name → keys (the first is shown), and what it means when a screen says nothing more exact."""

FORBIDDEN = frozenset(
    (
        "ctrl+i",
        "ctrl+m",
        "ctrl+j",
        "ctrl+h",
        "ctrl+left_square_bracket",
        "ctrl+b",
        "ctrl+a",
        "ctrl+z",
        "ctrl+backslash",
        "shift+enter",
        *(f"ctrl+{n}" for n in range(10)),
    )
)
"""Keys that terminals, tmux or screen keep, or do not send."""

_known: dict[str, Binding] = {}
"""Every binding made so far, by id."""


def bind(
    where: str, *, hidden: Iterable[str] = (), priority: Iterable[str] = (), **labels: str
) -> list[Binding]:
    """Bindings of the grammar for the screen or part `where`: name=label in the order of the footer, then `hidden` ones.

    Each has the id `where.name` and calls the action `name`; labels are marked texts, translated when drawn.
    """
    first = set(priority)
    found = []
    for name, label in (*labels.items(), *((name, "") for name in hidden)):
        keys, meaning = GRAMMAR[name]
        binding = Binding(
            keys,
            name if not name.startswith("section_") else f"section({name[-1]})",
            label or meaning,
            show=name in labels,
            id=f"{where}.{name}",
            priority=name in first,
        )
        _known[f"{where}.{name}"] = binding
        found.append(binding)
    return found


def own(
    id: str, keys: str, action: str, label: str = "", *, show: bool = True, priority: bool = False
) -> Binding:
    """A binding besides the grammar, such as the sides of a comparison; known like all others."""
    binding = Binding(keys, action, label, show=show, priority=priority, id=id)
    _known[id] = binding
    return binding


def known() -> Mapping[str, Binding]:
    """Every binding there is, by id; the modules of all screens are loaded for it."""
    from crmtui.screens.sections import load_all

    load_all()
    return dict(sorted(_known.items()))


def shown(key: str) -> str:
    """A key as people read it in the footer: `^p`, `⏎`, `esc`."""
    from crmtui.screens.glyphs import g

    key = key.split(",")[0]
    if key == "enter":
        return g("enter")
    if key == "space":
        return g("space")
    if key.startswith("ctrl+"):
        return "^" + shown(key[5:])
    return _NAMES.get(key, key)


_NAMES = {
    "escape": "esc",
    "slash": "/",
    "question_mark": "?",
    "full_stop": ".",
    "plus": "+",
    "equals_sign": "=",
    "comma": ",",
    "minus": "-",
    "asterisk": "*",
    "left_parenthesis": "(",
    "exclamation_mark": "!",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "tab": "Tab",
    "shift+tab": "Shift+Tab",
    "f1": "F1",
}
