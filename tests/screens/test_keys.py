"""The one grammar of keys holds on every screen, and a person's own keys are checked against all of it."""

import inspect
import pkgutil
from collections.abc import Iterator
from importlib import import_module

import pytest
from textual.binding import Binding
from textual.dom import DOMNode
from textual.widgets import Input

import crmtui.screens
from crmtui.screens.keymap import EVERYWHERE, MOVES, keymap, together
from crmtui.screens.keys import FORBIDDEN, GRAMMAR, known, shown


def widgets() -> Iterator[type[DOMNode]]:
    """Every screen and part that the program declares."""
    for module in pkgutil.iter_modules(crmtui.screens.__path__, "crmtui.screens."):
        if not module.ispkg:
            loaded = import_module(module.name)
            for _, found in inspect.getmembers(loaded, inspect.isclass):
                if found.__module__ == module.name and issubclass(found, DOMNode):
                    yield found


def bound() -> Iterator[tuple[type[DOMNode], Binding]]:
    """Every binding that the program declares, without those that a text field has from Textual."""
    theirs = {id(binding) for binding in Input.BINDINGS}
    for widget in widgets():
        for binding in widget.__dict__.get("BINDINGS", ()):
            if id(binding) not in theirs:
                yield widget, binding


BOUND = list(bound())
EVERY = known()


def test_every_binding_has_an_id_and_is_known_by_it() -> None:
    nameless = [
        f"{widget.__name__}: {binding}"
        for widget, binding in BOUND
        if not isinstance(binding, Binding) or EVERY.get(binding.id or "") is not binding
    ]
    assert nameless == []


TYPED = {"search.copy": "ctrl+y"}
"""Where letters type, a verb has its letter with Ctrl."""


def test_keys_are_those_of_the_grammar() -> None:
    for name, binding in EVERY.items():
        does = name.partition(".")[2]
        if name in TYPED:
            assert binding.key == TYPED[name]
        elif does in GRAMMAR:
            assert set(binding.key.split(",")) <= set(GRAMMAR[does][0].split(",")), name
        else:
            assert not set(binding.key.split(",")) & {"a", "d", "x"}, name


def test_no_two_things_of_one_screen_share_a_key() -> None:
    shared = [
        (name, other, key)
        for name, binding in EVERY.items()
        for other, with_it in EVERY.items()
        if name < other and together(name, other)
        for key in set(binding.key.split(",")) & set(with_it.key.split(","))
    ]
    assert shared == []


def test_no_key_that_terminals_keep_and_no_verb_on_an_upper_case_letter() -> None:
    for name, binding in EVERY.items():
        for key in binding.key.split(","):
            assert key not in FORBIDDEN, name
            assert not key.startswith("alt+"), name
            assert not (len(key) == 1 and key.isupper()) or name.partition(".")[2] in MOVES, name


def test_actions_are_there_and_their_own() -> None:
    for widget, binding in BOUND:
        action, _, _rest = binding.action.partition("(")
        where, _, name = action.rpartition(".")
        if not where and name != "open":  # that one may be of the part that has the focus
            assert hasattr(widget, f"action_{name}"), (widget, binding)


def test_a_key_in_the_footer_is_short() -> None:
    for name, binding in EVERY.items():
        if binding.show:
            assert len(shown(binding.key)) <= 9, name


def test_with_arrows_no_letter_moves() -> None:
    found, wrong = keymap({}, "arrows")
    assert not wrong
    after = {name: found.get(name, binding.key).split(",") for name, binding in EVERY.items()}
    moving = {name: keys for name, keys in after.items() if name.partition(".")[2] in MOVES}
    assert moving
    assert all(len(key) > 1 for keys in moving.values() for key in keys)
    assert after["list.down"] == ["down"]
    assert after["records.new"] == ["n"]
    assert keymap({}) == ({}, [])


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"records.ned": "f5"}, "there is no key records.ned. Did you mean records.new?"),
        ({"nothing": "f5"}, "there is no key nothing."),
        ({"records.new": "e"}, "e already means records.edit."),
        ({"records.new": "f5,j"}, "j already means list.down."),
        ({"records.new": "ctrl+q"}, "ctrl+q already means app.quit."),
        ({"app.jump": "y"}, "y already means"),
        ({"records.new": "ctrl+i"}, "terminals do not send ctrl+i reliably."),
        ({"records.new": "ctrl+["}, "terminals do not send ctrl+left_square_bracket reliably."),
        ({"records.new": "contrl+e"}, "records.new needs the name of a key"),
        ({"records.new": ""}, "records.new needs the name of a key"),
        ({"records.new": "f5", "records.edit": "f5"}, "f5 already means records.new."),
    ],
)
def test_a_bad_key_is_told_and_left_out(own: dict[str, str], said: str) -> None:
    found, [complaint] = keymap(own)
    assert complaint.sentence.startswith(said)
    assert complaint.name == list(own)[-1]
    assert complaint.name not in found


def test_good_keys_are_taken_as_people_write_them() -> None:
    own = {"records.new": "ctrl+n, f6", "records.edit": "~", "app.jump": "+", "board.new": "ctrl+n"}
    found, wrong = keymap({**own, "list.unfold": "f7"})
    assert [complaint.sentence for complaint in wrong] == ["plus already means list.unfold."]
    assert found == {
        "records.new": "ctrl+n,f6",
        "records.edit": "tilde",
        "board.new": "ctrl+n",
        "list.unfold": "f7",
    }


def test_the_parts_that_are_everywhere_are_there() -> None:
    assert {name.partition(".")[0] for name in EVERY} >= EVERYWHERE
