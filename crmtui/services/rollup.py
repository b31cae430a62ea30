"""A tree of figures: what stands where, what was set for it, and sums rolled up from below to the cent."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crmtui.store.figures import Sums
from crmtui.store.refs import ref_of
from crmtui.store.values import TARGETS
from crmtui.store.world import Target

Key = tuple[str, Any]
"""A scope (company, dept, user, territory, industry, product, process, month) and what of it; None: what has none."""
COMPANY: Key = ("company", None)


@dataclass(slots=True)
class Node:
    """One row of figures: its own sums until `roll_up`, then those of everything below it too.

    `target` is the quota that was set for it, `allocated` what its children come to, `quota` what counts: the one set
    for it, else what was allocated; all None where there is none.
    """

    key: Key
    name: str | None = None
    active: bool = True
    sums: Sums = field(default_factory=Sums)
    target: int | None = None
    staff: int | None = None
    """What the quotas of its own people come to, where these have no nodes."""
    allocated: int | None = None
    children: "list[Node]" = field(default_factory=list)
    above: tuple[str, ...] = ()
    """The names of what it stands under, from the top; the company is not named."""

    @property
    def quota(self) -> int | None:
        """The quota that counts here."""
        return self.allocated if self.target is None else self.target

    @property
    def unallocated(self) -> int | None:
        """What was set for it and nobody below it carries; negative where they carry more."""
        return None if self.target is None else self.target - (self.allocated or 0)

    @property
    def called(self) -> str:
        """Its name as a path shows it: the ref of what one may not see by name."""
        scope, of = self.key
        return self.name or (
            "(none)" if of is None else ref_of(scope, of) if isinstance(of, int) else str(of)
        )


def preorder(tops: Iterable[Node]) -> Iterator[tuple[int, Node]]:
    """Every node with its depth, parents before their children; any depth of tree will do."""
    waiting = [(0, node) for node in reversed(list(tops))]
    while waiting:
        depth, node = waiting.pop()
        yield depth, node
        waiting += [(depth + 1, child) for child in reversed(node.children)]


def roll_up(tops: Iterable[Node]) -> None:
    """Add the sums of children to their parents'."""
    for _, node in reversed(list(preorder(tops))):
        for child in node.children:
            node.sums.add(child.sums)


def allocate(tops: Iterable[Node]) -> None:
    """Tell each node what the quotas below it come to."""
    for _, node in reversed(list(preorder(tops))):
        quotas = [quota for child in node.children if (quota := child.quota) is not None]
        quotas += [node.staff] if node.staff is not None else []
        node.allocated = sum(quotas) if quotas else None


def plant(nodes: Mapping[Key, Node], up: Mapping[Key, Key], top: Node | None = None) -> list[Node]:
    """Put each node under the one that `up` names, else under `top`; come back with those that stand at the top.

    A circle is cut at one of its members, which then stands at the top.
    """
    loose = _circular(up)
    tops = []
    for key, node in nodes.items():
        above = None if key in loose else nodes.get(up[key]) if key in up else None
        if above is not None:
            above.children.append(node)
        elif node is not top:
            tops.append(node)
    if top is None:
        return tops
    top.children += tops
    return [top]


def _circular(up: Mapping[Key, Key]) -> set[Key]:
    """One member of every circle."""
    found, done = set[Key](), set[Key]()
    for start in up:
        walked: dict[Key, None] = {}
        at = start
        while at in up and at not in done and at not in walked:
            walked[at] = None
            at = up[at]
        if at in walked:
            found.add(at)
        done.update(walked)
    return found


@dataclass(frozen=True)
class Grown:
    """Nodes by their keys, which of them stand at the top, and the nodes of people who have none of their own."""

    nodes: dict[Key, Node]
    tops: list[Node]
    homes: dict[int, Node] = field(default_factory=dict)


def spread(grown: Grown, scope: str, sums: Mapping[Any, Sums], nowhere: Node) -> None:
    """Give each node of `scope` its own sums; what belongs to none of them goes to a node of key None under `nowhere`."""
    nodes, homes = grown.nodes, grown.homes if scope == "user" else {}
    for of, own in sums.items():
        node = nodes.get((scope, of)) or homes.get(of)
        if node is None:
            node = nodes[scope, of] = Node((scope, of))
            nowhere.children.append(node)
        node.sums.add(own)


def set_targets(grown: Grown, targets: Iterable[Target]) -> None:
    """Tell each node what was set for it, and what for people who have no nodes."""
    for node in grown.nodes.values():
        node.target = node.staff = None
    by_key: dict[Key, list[Target]] = {}
    for one in targets:
        by_key.setdefault((one.scope, target_of(one)), []).append(one)
    for key, all_of_it in by_key.items():
        if key in grown.nodes:
            grown.nodes[key].target = longest(all_of_it)
        elif key[0] == "user" and key[1] in grown.homes:
            home = grown.homes[key[1]]
            home.staff = (home.staff or 0) + longest(all_of_it)


def target_of(target: Target) -> int | str:
    """What a quota was set for: the id of a record, or an entry of a list."""
    return int(target.of.partition("-")[2]) if target.scope in TARGETS else target.of


def longest(targets: Sequence[Target]) -> int:
    """What quotas of one owner come to: the sum of those that count."""
    return sum(one.amount for one in that_count(targets))


def that_count(targets: Sequence[Target]) -> list[Target]:
    """Of the quotas of one owner those of the longest periods, and shorter ones only where no longer one lies.

    So a year's quota beside those of its quarters counts once, and months add up to a quarter that has none itself.
    """
    taken: list[Target] = []
    for one in sorted(targets, key=lambda t: (t.start - t.end, t.start)):
        if all(one.end < other.start or other.end < one.start for other in taken):
            taken.append(one)
    return taken


def name_paths(tops: Iterable[Node]) -> None:
    """Tell each node below `tops` what it stands under."""
    waiting = list(tops)
    while waiting:
        node = waiting.pop()
        here = node.above if node.key[0] == "company" else (*node.above, node.called)
        for child in node.children:
            child.above = here
        waiting += node.children


def prune(tops: list[Node], wanted: Callable[[Node], bool]) -> None:
    """Leave out what is empty and not `wanted` (node → bool) and has nothing below it that stays; tops always stay."""
    kept = set[int]()
    for _, node in reversed(list(preorder(tops))):
        node.children = [child for child in node.children if id(child) in kept]
        if node.children or node.sums or node.quota is not None or wanted(node):
            kept.add(id(node))
