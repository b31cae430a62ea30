"""The condition language: what it reads, and where it points when it cannot."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmtui.errors import Invalid
from crmtui.store.condition import MOST_NESTED, Compare, Every, Node, Not, parse


def shape(node: Node) -> object:
    """The tree without its places."""
    if isinstance(node, Compare):
        return (node.name, node.op, *(value.text for value in node.values))
    if isinstance(node, Not):
        return ("not", shape(node.part))
    return ("and" if isinstance(node, Every) else "or", *(shape(part) for part in node.parts))


def refusal(text: str) -> Invalid:
    with pytest.raises(Invalid) as caught:
        parse(text)
    assert caught.value.code == "condition.syntax"
    return caught.value


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("state=open", ("state", "=", "open")),
        ("owner.dept = 'East'", ("owner.dept", "=", "East")),
        ("amount>=2.4M", ("amount", ">=", "2.4M")),
        ("a != b", ("not", ("a", "=", "b"))),
        ("a <> b", ("not", ("a", "=", "b"))),
        ("a !~ b*", ("not", ("a", "~", "b*"))),
        ("a in (b, 'c d')", ("a", "in", "b", "c d")),
        ("a not in (b)", ("not", ("a", "in", "b"))),
        ("closed_on in this quarter", ("closed_on", "in", "this quarter")),
        ("closed_on in 2026Q4", ("closed_on", "in", "2026Q4")),
        ("owner = my team", ("owner", "=", "my team")),
        ("owner in (me, my team)", ("owner", "in", "me", "my team")),
        ("dept under East", ("dept", "under", "East")),
        ("dept not under East", ("not", ("dept", "under", "East"))),
        ("owner is empty", ("owner", "empty")),
        ("owner IS NOT EMPTY", ("not", ("owner", "empty"))),
        ("created_at < now-3d", ("created_at", "<", "now-3d")),
        ("created_at < now - 3d", ("created_at", "<", "now - 3d")),
        ("x.eu_vat = DE1", ("x.eu_vat", "=", "DE1")),
        ("a=1 or b=2 and c=3", ("or", ("a", "=", "1"), ("and", ("b", "=", "2"), ("c", "=", "3")))),
        ("(a=1 or b=2) and c=3", ("and", ("or", ("a", "=", "1"), ("b", "=", "2")), ("c", "=", "3"))),
        ("not a=1 and b=2", ("and", ("not", ("a", "=", "1")), ("b", "=", "2"))),
        ("NOT (a=1 OR b=2)", ("not", ("or", ("a", "=", "1"), ("b", "=", "2")))),
        ("region=OR and a=in", ("and", ("region", "=", "OR"), ("a", "=", "in"))),
        ("name=O'Brien", ("name", "=", "O'Brien")),
        ("name=Yahoo!", ("name", "=", "Yahoo!")),
        ("title=首席财务官", ("title", "=", "首席财务官")),
        (r'name="say \"hi\" \\ there"', ("name", "=", r'say "hi" \ there')),
        (r"name=CORP\li", ("name", "=", r"CORP\li")),
        ("a=1\n and\tb=2", ("and", ("a", "=", "1"), ("b", "=", "2"))),
    ],
)
def test_what_is_read(text: str, tree: object) -> None:
    assert shape(parse(text)) == tree


def test_a_wildcard_can_be_meant_as_itself() -> None:
    node = parse(r'name ~ "50\* \"off\" *"')
    assert isinstance(node, Compare)
    assert node.values[0].text == '50* "off" *'
    assert node.values[0].pattern == r'50\* "off" *'


@pytest.mark.parametrize(
    ("text", "position", "says"),
    [
        ("", 0, "The name of a field"),
        ("state", 5, "operator"),
        ("state=", 6, "value"),
        ("state= and amount>5", 7, "value"),
        ("state=a b=c", 8, "quotes"),
        ("state=Acme Corp", 11, "quotes"),
        ("(state=a", 8, "parenthesis"),
        ("state=a)", 7, "and, or"),
        ("a in (b, c", 10, "comma"),
        ("a in ()", 6, "value"),
        ("a is none", 5, "empty"),
        ('name="Acme', 5, "quote"),
        ("5=a", 0, "field"),
        ("a=1 and", 7, "field"),
        ("a=1 and or b=2", 8, "field"),
        ("a == 1", 3, "value"),
        ("not", 3, "field"),
        ("a=\0", 2, "NUL"),
    ],
)
def test_errors_point_at_the_place(text: str, position: int, says: str) -> None:
    error = refusal(text)
    assert says in error.message
    assert (error.params["text"], error.params["position"]) == (text, position)


def test_the_hint_shows_the_place_under_the_text() -> None:
    assert refusal("state=neww owner=li").hint == "state=neww owner=li\n           ^^^^^"


def test_the_pointer_counts_cells_not_characters() -> None:
    assert refusal('title="首席" 官').hint == 'title="首席" 官\n             ^^'


def test_the_pointer_of_a_long_text_shows_only_what_is_near() -> None:
    first, second = refusal("a=1 and " * 100 + "b!5").hint.split("\n")
    assert len(first) < 80
    assert second.endswith("^")
    assert first.startswith("…")


def test_nothing_in_the_pointer_acts_on_a_terminal() -> None:
    assert "\x1b" not in refusal("a=1 \x1b]0;x\x07").hint


def test_limits() -> None:
    assert parse("(" * MOST_NESTED + "a=1" + ")" * MOST_NESTED)
    assert "50 deep" in refusal("(" * 51 + "a=1" + ")" * 51).message
    assert "50 deep" in refusal("not " * 900 + "a=1").message
    assert "4000" in refusal("a=" + "b" * 4000).message
    assert len(parse("a=1 or " * 500 + "a=1").parts) == 501  # type: ignore[union-attr]


@given(
    st.text(st.sampled_from("ab=<>~!()\"'\\ ,.*0-and or not in is empty under\n首"), max_size=60)
    | st.text(max_size=60)
)
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    try:
        parse(text)
    except Invalid as refused:
        error = refused
    else:
        return
    assert error.code == "condition.syntax"
    assert 0 <= int(str(error.params["position"])) <= len(text)
    assert error.message


_words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)


@given(_words)
def test_every_text_can_be_quoted(text: str) -> None:
    for quote in "\"'":
        inside = text.replace("\\", "\\\\").replace(quote, "\\" + quote)
        node = parse(f"a = {quote}{inside}{quote}")
        assert isinstance(node, Compare)
        assert node.values[0].text == text
