"""A condition as a builder shows it: a tree that one changes part by part, and the same as text, always in step."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from crmtui.errors import CrmError, Invalid
from crmtui.i18n import N_, gettext
from crmtui.store.condition import Compare, Every, Not, Value, fault, parse
from crmtui.store.condition import Node as Parsed
from crmtui.store.condition import Place as Stretch

if TYPE_CHECKING:
    from crmtui.services.context import Context

Path = tuple[int, ...]
"""Where a node stands: the place of each part on the way to it from the root."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One comparison. `op` is one of = < <= > >= ~ in under empty; `values` stand here as they do in the text."""

    name: str
    op: str
    values: tuple[str, ...] = ()
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Parts of which all, or any, must hold; with `negated` it is true where that is not so. `joint` is and, or."""

    joint: str
    parts: "tuple[Ask | Group, ...]" = ()
    negated: bool = False


Node = Ask | Group
_NEGATIVE = {"=": "!=", "~": "!~", "in": "not in", "under": "not under"}


# -- from text to tree and back ---------------------------------------------------------------------------------


def read(text: str) -> Group:
    """The tree of a condition; an empty one for an empty text. Raises Invalid `condition.syntax`, which points at the place."""
    if not text.strip():
        return Group("and")
    found = _node(parse(text), False)
    return found if isinstance(found, Group) and not found.negated else Group("and", (found,))


def _node(tree: Parsed, negated: bool) -> Node:
    if isinstance(tree, Not):
        return _node(tree.part, not negated)
    if isinstance(tree, Compare):
        return Ask(tree.name, tree.op, tuple(_written(value) for value in tree.values), negated)
    joint = "and" if isinstance(tree, Every) else "or"
    return Group(joint, tuple(_node(part, False) for part in tree.parts), negated)


def _written(value: Value) -> str:
    return value.place.text[value.place.start : value.place.end]


def write(node: Node) -> str:
    """The text that reads as `node`; empty for a group in which nothing stands."""
    return _text(node)[0]


def _text(node: Node) -> tuple[str, bool]:
    """The text, and whether it needs parentheses beside others."""
    if isinstance(node, Ask):
        return _comparison(node), False
    parts = [pair for pair in map(_text, node.parts) if pair[0]]
    if not parts:
        return "", False
    if len(parts) == 1 and not node.negated:
        return parts[0]
    text = f" {node.joint} ".join(f"({part})" if several else part for part, several in parts)
    return (f"not ({text})", False) if node.negated else (text, True)


def _comparison(ask: Ask) -> str:
    if ask.op == "empty":
        return f"{ask.name} is {'not ' if ask.negated else ''}empty"
    value = ask.values[0] if len(ask.values) == 1 else f"({', '.join(ask.values)})"
    if ask.negated and ask.op not in _NEGATIVE:
        return f"not {ask.name} {ask.op} {value}"
    return f"{ask.name} {sign(ask)} {value}"


def sign(ask: Ask) -> str:
    """The operator as it stands in the text: `!=`, `not in`, `is not empty`."""
    if ask.op == "empty":
        return "is not empty" if ask.negated else "is empty"
    return _NEGATIVE.get(ask.op, ask.op) if ask.negated else ask.op


# -- values as people type them ---------------------------------------------------------------------------------


def source(typed: str, op: str = "=") -> tuple[str, ...]:
    """What somebody typed as the value of a comparison, as it stands in the text: in quotes where it needs them.

    For `in` it is a list. Raises Invalid where no condition can hold it, as it is with a NUL.
    """
    text = typed.strip()
    if not text or op == "empty":
        return ()
    if op == "in":
        found = _values(f"x in ({text})") or _values(f"x in {text}")
        return found or tuple(_quoted(part, op) for part in re.split(r"[,，、;；]", text) if part.strip())
    found = _values(f"x {op} {text}")
    return found if len(found) == 1 else (_quoted(text, op),)


def _values(text: str) -> tuple[str, ...]:
    try:
        tree = parse(text)
    except Invalid:
        if "\0" in text:
            raise
        return ()
    return tuple(_written(value) for value in tree.values) if isinstance(tree, Compare) else ()


def _quoted(text: str, op: str) -> str:
    # In a pattern \* and \? mean the signs themselves, and stay; everywhere else a backslash is one.
    plain = r"\\(?![*?\\])" if op == "~" else r"\\"
    return '"' + re.sub(plain, r"\\\\", text.strip()).replace('"', '\\"') + '"'


def typed(ask: Ask) -> str:
    """The values of `ask` as somebody would type them: `source` reads the same from it."""
    plain = [_unquoted(value, ask.op) for value in ask.values]
    text = ", ".join(plain)
    return text if source(text, ask.op) == ask.values else ", ".join(ask.values)


def _unquoted(value: str, op: str) -> str:
    if not value.startswith(('"', "'")):
        return value
    kept = r"\\([^*?])" if op == "~" else r"\\(.)"
    return re.sub(kept, r"\1", value[1:-1], flags=re.DOTALL)


# -- changing a tree --------------------------------------------------------------------------------------------


def at(root: Group, path: Path) -> Node:
    """The node at `path`. Raises IndexError."""
    node: Node = root
    for place in path:
        node = node.parts[place] if isinstance(node, Group) else Group("and").parts[place]
    return node


def put(root: Group, path: Path, node: Node | None) -> Group:
    """`root` with `node` at `path` instead; None takes out what stands there, and the groups that then stand empty."""
    if not path:
        return node if isinstance(node, Group) else Group(root.joint)
    place, rest = path[0], path[1:]
    old = root.parts[place]
    new = put(old, rest, node) if rest and isinstance(old, Group) else node
    if node is None and isinstance(new, Group) and not new.parts:
        new = None
    return replace(root, parts=(*root.parts[:place], *((new,) if new else ()), *root.parts[place + 1 :]))


def into(root: Group, path: Path, node: Node) -> tuple[Group, Path]:
    """`root` with `node` as the last part of the group at `path`, or of the group around the comparison there; and its path."""
    group = at(root, path)
    if isinstance(group, Ask):
        return into(root, path[:-1], node)
    return put(root, path, replace(group, parts=(*group.parts, node))), (*path, len(group.parts))


def negate(root: Group, path: Path) -> Group:
    """`root` with the opposite of what stands at `path`."""
    node = at(root, path)
    if path:
        return put(root, path, replace(node, negated=not node.negated))
    return Group("and", (replace(root, negated=True),)) if root.parts else root


def turn(root: Group, path: Path) -> Group:
    """`root` with all-of and any-of exchanged in the group at `path`."""
    node = at(root, path)
    return (
        put(root, path, replace(node, joint="or" if node.joint == "and" else "and"))
        if isinstance(node, Group)
        else root
    )


def wrap(root: Group, path: Path) -> Group:
    """`root` with the node at `path` in a group of its own, in which more may be added; the root itself stays."""
    node = at(root, path)
    joint = "and" if isinstance(at(root, path[:-1]), Group) and at(root, path[:-1]).joint == "or" else "or"  # type: ignore[union-attr]
    return put(root, path, Group(joint, (node,))) if path else root


def asks(root: Group) -> Iterator[tuple[Path, Ask]]:
    """Every comparison of the tree with its path, in the order of the text."""
    for place, part in enumerate(root.parts):
        if isinstance(part, Ask):
            yield (place,), part
        else:
            yield from (((place, *path), ask) for path, ask in asks(part))


# -- the line of chips ------------------------------------------------------------------------------------------


def parts(text: str) -> list[str]:
    """`text` at its uppermost `and`s, each part a condition; all of it where it cannot be read."""
    try:
        root = read(text)
    except Invalid:
        return [text]
    if root.joint == "or" and len(root.parts) > 1:
        return [write(root)]
    return [found for found in map(write, root.parts) if found]


def without(text: str, place: int) -> str:
    """`text` without its part number `place` (from 0) of `parts`."""
    found = parts(text)
    return every(*found[:place], *found[place + 1 :])


def every(*texts: str) -> str:
    """The condition that holds where all of `texts` do; empty ones say nothing. Raises Invalid for one that cannot be read."""
    found: list[Node] = []
    for text in texts:
        root = read(text)
        found += root.parts if root.joint == "and" else (root,)
    return write(Group("and", tuple(found)))


# -- what the store makes of it ---------------------------------------------------------------------------------


def faults(ctx: "Context", noun: str, root: Group) -> dict[Path, CrmError]:
    """What is wrong with single comparisons, by path: no such field, a value of the wrong kind, a record out of sight."""
    from crmtui.services import records

    found: dict[Path, CrmError] = {}
    with ctx.reading() as tx:
        for path, ask in asks(root):
            try:
                records.matching(ctx, tx, noun, write(ask))
            except CrmError as error:
                found[path] = error
    return found


def sound(root: Group, wrong: Sequence[Path]) -> Group:
    """`root` without the comparisons at these paths."""
    for path in sorted(wrong, reverse=True):
        root = put(root, path, None)
    return root


def count(ctx: "Context", noun: str, text: str, within: str = "") -> int:
    """How many visible records match `text`, of those that match `within`. Raises Invalid."""
    from crmtui.services import records

    return records.count_where(ctx, noun, every(within, text))


@dataclass(frozen=True, slots=True)
class Rescue:
    """A part of a condition, and how many records there would be without it."""

    part: str
    count: int


def rescue(ctx: "Context", noun: str, root: Group, within: str = "") -> Rescue | None:
    """Of the uppermost parts, or of the comparisons of a single one, that without which most would match; None for none."""
    paths = (
        [(place,) for place in range(len(root.parts))]
        if len(root.parts) > 1
        else [path for path, _ in asks(root)]
    )
    if len(paths) < 2 or root.joint == "or":
        return None
    tried = [
        Rescue(write(at(root, path)), count(ctx, noun, write(put(root, path, None)), within))
        for path in paths
    ]
    best = max(tried, key=lambda each: each.count)
    return best if best.count else None


@dataclass(frozen=True)
class Examined:
    """What the store makes of a tree: what is wrong where, how many match the rest, in how many seconds, and what helps."""

    faults: dict[Path, CrmError]
    total: int
    seconds: float
    alone: int | None
    """How many match the part asked for by itself."""
    rescue: Rescue | None
    """Where nothing matches: the part without which something would."""
    labels: dict[str, tuple[str, str]]
    """Name of a field in the tree → what people call it, and its kind."""


def examine(
    ctx: "Context", noun: str, root: Group, within: str = "", at_path: Path | None = None
) -> Examined:
    """Look at the tree part by part; what is wrong is left out and the rest counted. Raises Invalid for `within`."""
    from time import perf_counter

    wrong = faults(ctx, noun, root)
    rest = sound(root, list(wrong))
    begun = perf_counter()
    total = count(ctx, noun, write(rest), within)
    seconds = perf_counter() - begun
    alone = None
    if at_path and at_path not in wrong:
        part = sound(
            Group("and", (at(root, at_path),)),
            [(0, *path[len(at_path) :]) for path in wrong if path[: len(at_path)] == at_path],
        )
        alone = count(ctx, noun, write(part), within)
    return Examined(
        wrong,
        total,
        seconds,
        alone,
        None if total else rescue(ctx, noun, rest, within),
        _labels(ctx, noun, root),
    )


def _labels(ctx: "Context", noun: str, root: Group) -> dict[str, tuple[str, str]]:
    from crmtui.services import records
    from crmtui.store import term

    found: dict[str, tuple[str, str]] = {}
    with ctx.reading() as tx:
        scope = records.scope_for(ctx, tx)
        for name in {ask.name for _, ask in asks(root)}:
            try:
                end = term.find(noun, name, Stretch(name, 0, len(name)), scope)
            except CrmError:
                continue
            way = [gettext(field.label) or field.name for field in (*end.steps, end.field)]
            found[name] = " ".join(way), end.field.kind
    return found


def operators(ctx: "Context", noun: str, name: str) -> list[tuple[str, bool]]:
    """The comparisons that the field `name` takes, each with whether it is the negative one. Raises Invalid `condition.field`."""
    from crmtui.services import records
    from crmtui.store import comparison, term

    with ctx.reading() as tx:
        found = term.find(noun, name, Stretch(name, 0, len(name)), records.scope_for(ctx, tx))
        allowed = comparison.operators(found).split()
    return [
        (op, negative)
        for op in allowed
        for negative in ((False, True) if op in (*_NEGATIVE, "empty") else (False,))
    ]


def check_name(name: str) -> str:
    """`name`, if a field can be called so. Raises Invalid `condition.syntax`."""
    try:
        found = parse(f"{name} is empty")
    except Invalid:
        found = None
    if isinstance(found, Compare) and found.name == name:
        return name
    raise fault(
        "condition.syntax", N_("{found} is no name of a field."), Stretch(name, 0, len(name)), found=name[:60]
    )
