"""The condition builder's model: text and tree stay in step, and parts can be taken out and put in."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmtui.errors import Invalid
from crmtui.services import conditions
from crmtui.services.conditions import Ask, Group
from crmtui.store.condition import Compare, Every, Node, Not, parse
from tests import hostile

ATOMS = [
    "a=1",
    "b ~ x*",
    "c is empty",
    "d in (p, 'q r')",
    "e < today - 3d",
    "not f >= 2.4M",
    'g != "\\"x\\""',
    "h not under East",
]


def holds(node: Node, true: frozenset[object]) -> bool:
    """Whether the condition is true where just these comparisons are."""
    if isinstance(node, Compare):
        return (node.name, node.op, tuple((v.text, v.pattern, v.quoted) for v in node.values)) in true
    if isinstance(node, Not):
        return not holds(node.part, true)
    each = (holds(part, true) for part in node.parts)
    return all(each) if isinstance(node, Every) else any(each)


def atoms(node: Node) -> set[object]:
    if isinstance(node, Compare):
        return {(node.name, node.op, tuple((v.text, v.pattern, v.quoted) for v in node.values))}
    return set().union(*map(atoms, [node.part] if isinstance(node, Not) else node.parts))


def same(left: str, right: str) -> bool:
    one, two = parse(left), parse(right)
    every = sorted(atoms(one), key=str)
    if set(every) != atoms(two):
        return False
    worlds = itertools.product((False, True), repeat=len(every))
    return all(
        holds(one, true) == holds(two, true)
        for world in worlds
        for true in [frozenset(itertools.compress(every, world))]
    )


texts = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda found: "(" + " and ".join(found) + ")"),
        st.lists(inner, min_size=1, max_size=3).map(lambda found: "(" + " or ".join(found) + ")"),
        inner.map(lambda text: f"not {text}"),
    ),
    max_leaves=6,
)


@given(texts)
def test_the_tree_says_the_same_as_the_text(text: str) -> None:
    again = conditions.write(conditions.read(text))
    assert same(text, again)
    assert conditions.write(conditions.read(again)) == again


@given(st.lists(texts, min_size=1, max_size=3))
def test_parts_together_are_the_whole(found: list[str]) -> None:
    whole = " and ".join(f"({text})" for text in found)
    assert same(whole, conditions.every(*conditions.parts(whole)))


@given(texts, texts)
def test_what_is_added_can_be_taken_away(text: str, more: str) -> None:
    both = conditions.every(text, more)
    assert same(f"({text}) and ({more})", both)
    before = len(conditions.parts(text))
    while len(conditions.parts(both)) > before:
        both = conditions.without(both, before)
    assert same(text, both)


@given(st.text(max_size=30), st.sampled_from(["=", "~", "in"]))
def test_what_is_typed_is_one_comparison(typed: str, op: str) -> None:
    try:
        values = conditions.source(typed, op)
    except Invalid:
        assert "\0" in typed
        return
    if values:
        text = conditions.write(Group("and", (Ask("a", op, values),)))
        node = parse(text)
        assert isinstance(node, Compare)
        assert conditions.source(conditions.typed(Ask("a", op, values)), op) == values
        if op == "=" and not any(mark in typed for mark in "\"'"):
            assert " ".join(node.values[0].text.split()) == " ".join(typed.split())


@pytest.mark.parametrize("text", [text for text in hostile.STRINGS if 0 < len(text) < 3000])
def test_hostile_values_are_values(text: str) -> None:
    try:
        values = conditions.source(text, "=")
        parsed = parse(conditions.write(Ask("name", "=", values))) if values else None
    except Invalid:
        assert hostile.refusal("text", 4000, text)
        return
    assert parsed is None or (isinstance(parsed, Compare) and len(parsed.values) == 1)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("stage=proposal", ["stage = proposal"]),
        ("stage=proposal and amount>=100k", ["stage = proposal", "amount >= 100k"]),
        ("a=1 and (b=2 or c=3)", ["a = 1", "b = 2 or c = 3"]),
        ("a=1 or b=2", ["a = 1 or b = 2"]),
        ("a=1 and", ["a=1 and"]),
    ],
)
def test_parts(text: str, found: list[str]) -> None:
    assert conditions.parts(text) == found


def test_a_tree_is_changed_part_by_part() -> None:
    root = conditions.read("a=1 and (b=2 or c=3)")
    assert conditions.write(conditions.put(root, (1, 0), None)) == "a = 1 and c = 3"
    assert conditions.write(conditions.put(conditions.put(root, (1, 0), None), (1, 0), None)) == "a = 1"
    assert conditions.write(conditions.negate(root, (1,))) == "a = 1 and not (b = 2 or c = 3)"
    assert conditions.write(conditions.negate(root, (0,))) == "a != 1 and (b = 2 or c = 3)"
    assert conditions.write(conditions.turn(root, (1,))) == "a = 1 and (b = 2 and c = 3)"
    added, path = conditions.into(root, (1, 0), Ask("d", "empty"))
    assert path == (1, 2)
    assert conditions.write(added) == "a = 1 and (b = 2 or c = 3 or d is empty)"
    wrapped = conditions.wrap(root, (0,))
    more, _ = conditions.into(wrapped, (0,), Ask("d", "<", ("5",), True))
    assert conditions.write(more) == "(a = 1 or not d < 5) and (b = 2 or c = 3)"
    assert [ask.name for _, ask in conditions.asks(root)] == ["a", "b", "c"]


def test_an_error_keeps_its_place() -> None:
    with pytest.raises(Invalid) as caught:
        conditions.read("state=open and amont >")
    assert caught.value.params["position"] == len("state=open and amont >")
