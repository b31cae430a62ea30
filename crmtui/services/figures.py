"""The tree that answers a question about figures: what is counted and what was set, rolled up."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from crmtui.clock import Period, month_of
from crmtui.services import rollup
from crmtui.services.question import Read
from crmtui.services.rollup import COMPANY, Grown, Key, Node
from crmtui.store import figures
from crmtui.store.figures import Asked, Sums
from crmtui.store.refs import ref_of
from crmtui.store.values import TARGETS
from crmtui.store.world import Place, Target, World, places, targets


def tree(read: Read, company: str, *, counted: bool = True, measure: str = "revenue") -> list[Node]:
    """The answer as a tree, rolled up: its top nodes, of which there are several only for people.

    A parent is the sum of its children and, where these are not shown, of its own people. Quotas stand where they can
    be told: in the tree of those whose figures are asked for, by month, and by industry or product of the company.
    `counted` False leaves the opportunities out.
    """
    grown = grow(read, company)
    tops = grown.tops
    found = _targets(read, grown, measure)
    rollup.set_targets(grown, found)
    rollup.allocate(tops)
    if read.divides_itself:
        if counted:
            _count(read, grown)
        _shape(read, grown.nodes)
    else:
        monthly = _monthly(grown, read.period.months(), found) if read.by == "month" else []
        for top in tops:
            sums = _sums(read, grown if len(tops) == 1 else Grown({top.key: top}, [top])) if counted else {}
            _divide(read, top, sums, found)
        _by_month(tops, monthly)
    rollup.name_paths(tops)
    rollup.prune(tops, _wanted(read))
    return tops


def asked(read: Read, grown: Grown) -> Asked:
    """The opportunities that the question is about; `grown` is what `grow` gave."""
    plain = Asked(read.period.start, read.period.end)
    ids = frozenset(of for scope, of in grown.nodes if of is not None and scope in ("user", "territory"))
    if read.scope in ("dept", "user"):
        return replace(plain, owners=ids | grown.homes.keys())
    if read.scope == "territory":
        return replace(plain, territories=ids)
    if read.scope == "industry":
        return replace(plain, industry=read.keys[0][1])
    return replace(plain, product=read.keys[0][1]) if read.scope == "product" else plain


def opportunities(read: Read) -> Asked:
    """The opportunities that the question is about, of all its records together."""
    alone = read.scope in ("company", "industry", "product")
    return asked(read, Grown({}, []) if alone else grow(read, ""))


def of_row(read: Read, whole: Asked, row: Key | None) -> Asked:
    """Those opportunities of `whole` that count in one row of its tree; None stands for all."""
    if row is None or row[0] == "company":
        return whole
    scope, of = row
    keys: frozenset[Any] = frozenset((of,))
    if scope == "dept":
        reach = [] if of is None else read.world.below("dept", [of])
        homes = read.world.homes()
        keys = frozenset(one for one, dept in homes.items() if (dept in reach if reach else dept is None))
        keys |= {None} if of is None else set()
    elif scope == "territory" and of is not None:
        keys = read.world.below("territory", [of])
    return replace(whole, by="owner" if scope in ("dept", "user") else scope, keys=keys)


def quotas(read: Read) -> list[Target]:
    """The quotas that the one of the top nodes is made of: what was set for them, else what was set below them."""
    grown = grow(read, "")
    by_key: dict[Key, list[Target]] = {}
    for one in _targets(read, grown, "revenue"):
        by_key.setdefault((one.scope, rollup.target_of(one)), []).append(one)
    found, waiting = list[Target](), list(grown.tops)
    while waiting:
        node = waiting.pop(0)
        found += rollup.that_count(by_key.get(node.key, []))
        waiting += [] if node.key in by_key else node.children
    return found


def grow(read: Read, company: str) -> Grown:
    """The nodes of those whose figures are asked for, and which of them stand at the top; nothing is counted yet."""
    if read.scope in ("industry", "product"):
        nodes = _flat(read, read.scope, [of for _, of in read.keys])
        return Grown(nodes, list(nodes.values()))
    top = Node(COMPANY, company) if read.scope == "company" else None
    if read.scope == "user":
        return _people(read)
    return _territories(read, top) if "territory" in (read.scope, top and read.by) else _owners(read, top)


def _people(read: Read) -> Grown:
    ids = [of for _, of in read.keys]
    found = places(read.world, "user", "dept_id", ids=ids)
    nodes = _nodes("user", found)
    for one in found:
        nodes["user", one.id].above = _names_up(read.world, "dept", one.parent)
    return Grown(nodes, [nodes["user", of] for of in ids])


def _owners(read: Read, top: Node | None) -> Grown:
    """Departments under theirs, and people under these if they are shown; whoever has none under a node of their own."""
    world, ids = read.world, [of for _, of in read.keys]
    reach = None if top else world.below("dept", ids)
    depts = places(world, "dept", "parent_id", ids=reach)
    people = places(world, "user", "dept_id", under=reach) if read.by == "user" else []
    nodes = {**_nodes("user", people), **_nodes("dept", depts)}
    up: dict[Key, Key] = {("user", one.id): ("dept", one.parent) for one in people}
    up |= {("dept", one.id): ("dept", one.parent) for one in depts if one.parent and one.id not in ids}
    if top:
        nodes["dept", None] = Node(("dept", None))
        nodes[COMPANY] = top
    homes = {} if read.by == "user" else world.homes(reach)
    tops = _planted(read, nodes, up, top)
    nowhere = nodes.get(("dept", None)) or tops[0]
    return Grown(nodes, tops, {one: nodes.get(("dept", dept), nowhere) for one, dept in homes.items()})


def _planted(read: Read, nodes: dict[Key, Node], up: Mapping[Key, Key], top: Node | None) -> list[Node]:
    tops = rollup.plant(nodes, up, top)
    for node in tops if top is None else []:
        scope, of = node.key
        node.above = _names_up(read.world, scope, read.world.above(scope, of).get(of))
    return tops


def _names_up(world: World, noun: str, start: int | None) -> tuple[str, ...]:
    """The names from the top of a tree noun down to the record `start`."""
    parents = {} if start is None else world.above(noun, start)
    chain = list[int]()
    while start is not None and start not in chain:
        chain.insert(0, start)
        start = parents.get(start)
    if not chain:
        return ()
    named = {one.id: one.name or ref_of(noun, one.id) for one in places(world, noun, ids=chain)}
    return tuple(named[one] for one in chain if one in named)


def _territories(read: Read, top: Node | None) -> Grown:
    world, ids = read.world, [of for _, of in read.keys]
    reach = None if top else world.below("territory", ids)
    found = places(world, "territory", "parent_id", ids=reach)
    up: dict[Key, Key] = {
        ("territory", one.id): ("territory", one.parent) for one in found if one.parent and one.id not in ids
    }
    nodes = _nodes("territory", found)
    if top:
        nodes[COMPANY] = top
    return Grown(nodes, _planted(read, nodes, up, top))


def _nodes(scope: str, found: Iterable[Place]) -> dict[Key, Node]:
    return {(scope, one.id): Node((scope, one.id), one.name, one.active) for one in found}


def _flat(read: Read, scope: str, keys: Iterable[Any]) -> dict[Key, Node]:
    """Nodes in the order of their names, what has no such key last."""
    known = {one for one in keys if one is not None}
    if scope in ("product", "process"):
        nodes = _nodes(scope, places(read.world, scope, ids=known))
    else:
        nodes = {(scope, one): Node((scope, one)) for one in sorted(known)}
    return {**nodes, **({(scope, None): Node((scope, None))} if None in keys else {})}


def _targets(read: Read, grown: Grown, measure: str) -> list[Target]:
    """The quotas of the period; of a part of the company only those of its nodes."""
    of = None
    if read.scope != "company":
        keys = [*grown.nodes, *(("user", one) for one in grown.homes)]
        of = [
            (scope, ref_of(scope, one) if scope in TARGETS else str(one))
            for scope, one in keys
            if one is not None
        ]
    return targets(read.world, read.period.start, read.period.end, measure, of)


def _count(read: Read, grown: Grown) -> None:
    by, scope = ("territory", "territory") if read.by == "territory" else ("owner", "user")
    nowhere = grown.nodes.get(("dept", None)) or grown.tops[0]
    rollup.spread(grown, scope, figures.sums(read.world, asked(read, grown), by), nowhere)
    rollup.roll_up(grown.tops)


def _shape(read: Read, nodes: Mapping[Key, Node]) -> None:
    """By department, people are not shown; by person, what was set for a department and nobody carries is."""
    for (scope, _), node in list(nodes.items()):
        if read.by == "dept":
            node.children = [child for child in node.children if child.key[0] != "user"]
        elif scope == "dept" and node.unallocated:
            node.children.append(Node(("user", None), target=node.unallocated))


def _sums(read: Read, grown: Grown) -> Mapping[Any, Sums]:
    """The sums by what the figures are divided into, of the nodes of `grown`."""
    by = "owner" if read.by in ("", "dept", "user") else read.by
    return figures.sums(read.world, asked(read, grown), by)


def _divide(read: Read, top: Node, sums: Mapping[Any, Sums], found: Iterable[Target]) -> None:
    """Put under `top` what its figures are divided into, and give it their sum."""
    for one in sums.values():
        top.sums.add(one)
    if not read.by:
        top.children = []
    elif read.by in ("dept", "user", "territory"):
        top.children = _grown_parts(read, read.by, sums)
    else:
        _flat_parts(read, top, sums, found)


def _grown_parts(read: Read, by: str, sums: Mapping[Any, Sums]) -> list[Node]:
    whole = replace(read, keys=[COMPANY], by=by)
    grown = grow(whole, "")
    nowhere = grown.nodes.get(("dept", None)) or grown.tops[0]
    rollup.spread(grown, "territory" if by == "territory" else "user", sums, nowhere)
    rollup.roll_up(grown.tops)
    _shape(whole, grown.nodes)
    return grown.tops[0].children


def _flat_parts(read: Read, top: Node, sums: Mapping[Any, Sums], found: Iterable[Target]) -> None:
    own = [one for one in found if one.scope == read.by] if read.scope == "company" else []
    months = [month_of(month.start) for month in read.period.months()] if read.by == "month" else []
    nodes = _flat(read, read.by, [*sums, *months, *(rollup.target_of(one) for one in own)])
    for of, one in sums.items():
        nodes[read.by, of].sums.add(one)
    top.children = list(nodes.values())
    if read.scope == "company" and read.by in ("industry", "product"):
        rollup.set_targets(Grown(nodes, [top]), own)
        rollup.allocate([top])


Quotas = list[tuple[str, list[int | None]]]
"""Each month with the quotas of the top nodes in it."""


def _monthly(grown: Grown, months: list[Period], found: list[Target]) -> Quotas:
    monthly: Quotas = []
    for month in months:
        within = [one for one in found if month.start <= one.start and one.end <= month.end]
        rollup.set_targets(grown, within)
        rollup.allocate(grown.tops)
        monthly.append((month_of(month.start), [top.quota for top in grown.tops]))
    rollup.set_targets(grown, found)
    rollup.allocate(grown.tops)
    return monthly


def _by_month(tops: list[Node], monthly: Quotas) -> None:
    """Give the months their quotas; what is set for longer than a month stands with what has no month."""
    for place, top in enumerate(tops if monthly else []):
        by_key = {child.key[1]: child for child in top.children}
        for month, quotas in monthly:
            by_key[month].target = quotas[place]
        rest = (top.quota or 0) - sum(quotas[place] or 0 for _, quotas in monthly)
        if rest:
            if None not in by_key:
                by_key[None] = Node(("month", None))
                top.children.append(by_key[None])
            by_key[None].target = rest


def _wanted(read: Read) -> Callable[[Node], bool]:
    """Which empty rows are shown: every month; and of the tree asked for all in use that the actor's rights reach to."""
    world, actor = read.world, read.world.tx.actor
    scope = actor.scope("opp", "show")
    own: set[Key] = {("user", actor.id)}
    if scope == "dept":
        own = {("user", one) for one in world.people_below} | {("dept", one) for one in world.depts_below}

    def wanted(node: Node) -> bool:
        if not read.divides_itself:
            return node.key[0] == "month" and node.key[1] is not None
        return node.active and node.key[1] is not None and (scope == "all" or node.key in own)

    return wanted
