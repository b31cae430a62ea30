"""What is said of a noun or a verb in one place is said in every other place that needs it."""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from crmtui.commands import tree
from crmtui.commands.verb import WRITTEN
from crmtui.services import access, rules
from crmtui.services.nouns import NOUNS
from crmtui.store.record import TABLES, declared, table
from tests.documents import ROOT
from tests.reference import below

TEXTS = ("line", "text", "code", "email", "phone")
for module in sorted((ROOT / "crmtui" / "commands").glob("*.py")):
    import_module(f"crmtui.commands.{module.stem}")
VERBS = sorted(WRITTEN)

every_noun = pytest.mark.parametrize("noun", sorted({*NOUNS, *TABLES}))


@every_noun
def test_a_noun_has_a_declaration_and_a_table(noun: str) -> None:
    assert noun in NOUNS, f"services/nouns.py does not declare {noun}"
    assert noun in TABLES, f"TABLES of store/record.py does not say where the table of {noun} is"
    model, said = table(noun), NOUNS[noun]
    assert (model.NOUN, model.__tablename__, model.PREFIX) == (noun, noun, said.prefix)
    assert said.name == noun


def test_every_prefix_is_used_once() -> None:
    prefixes = [noun.prefix for noun in NOUNS.values()]
    assert len(prefixes) == len(set(prefixes))


@every_noun
def test_a_declaration_names_fields_that_are_there(noun: str) -> None:
    fields = {field.name: field for field in declared(noun)}
    said = NOUNS[noun]
    unknown = {*said.columns, *said.search, *said.key} - set(fields)
    assert not unknown, f"{noun} has no field {unknown}"
    assert {fields[name].kind for name in said.search} <= set(TEXTS)
    assert {field.noun for field in fields.values() if field.noun} <= set(NOUNS)


@every_noun
def test_somebody_decided_who_may_reach_a_noun(noun: str) -> None:
    decided = {*access.SALES, *access.WORK, *access.REFERENCE, "quota", "query"}
    assert noun in decided, f"services/access.py does not say who reads and changes {noun}"
    assert (table(noun).SCOPE == "owner") == (noun in (*access.SALES, *access.WORK))


@every_noun
def test_a_noun_has_its_place_in_the_first_help(noun: str) -> None:
    assert tree.ROOT.children[noun].area != tree.EVERYTHING or noun == "query", f"_AREAS lacks {noun}"


@pytest.mark.parametrize("noun", rules._SETTLED)
def test_the_rules_of_a_noun_are_there_and_name_its_columns(noun: str) -> None:
    assert rules.settle_of(noun)
    assert set(rules._SETTLED[noun][1]) <= {field.column for field in declared(noun)}


# Verbs


def test_every_verb_hangs_in_the_tree() -> None:
    lost = set(VERBS) - {node.path for node in below(tree.ROOT)}
    assert not lost, f"neither services/nouns.py nor commands/tree.py names {lost}"


def test_every_verb_that_takes_something_has_an_example() -> None:
    assert not [path for path in VERBS if WRITTEN[path].own and not WRITTEN[path].examples]


@pytest.mark.parametrize("path", VERBS)
def test_every_verb_is_tried_by_a_test(path: str) -> None:
    """Called by its words in a test, or in the guide, whose commands a test runs."""
    spelt = r'",\s*"'.join(path.split())
    called = re.compile(rf'\(\s*"{spelt}"|^crm {path}\b', re.MULTILINE)
    assert any(called.search(text) for text in TRIED), f"no test calls crm {path}"


def _changing() -> Iterator[tuple[str, ast.FunctionDef, list[str]]]:
    """Every function of a service that opens a transaction: its module, itself, and the verbs it is journalled under."""
    for path in sorted((ROOT / "crmtui" / "services").glob("*.py")):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef):
                called = [node for node in ast.walk(function) if isinstance(node, ast.Call) and node.args]
                opened = [node for node in called if ast.unparse(node.func) == "ctx.transaction"]
                if opened:
                    yield path.stem, function, [ast.unparse(node.args[0]).strip("'") for node in opened]


def test_what_changes_one_record_minds_its_version() -> None:
    """Or `--if-version` would be taken and not be heard."""
    deaf = [
        f"services/{module}.py {function.name}: ctx.check_version is missing"
        for module, function, _ in _changing()
        if "refs.get(tx" in ast.unparse(function) and "ctx.check_version(" not in ast.unparse(function)
    ]
    assert not deaf


def test_what_changes_is_a_change_at_the_command_line() -> None:
    journalled = {verb.replace(".", " ") for _, _, verbs in _changing() for verb in verbs}
    assert "opp advance" in journalled
    assert not [path for path in VERBS if path in journalled and not WRITTEN[path].change], (
        "change=True is missing"
    )


def _texts() -> list[str]:
    tests = [path for path in (ROOT / "tests").rglob("test_*.py") if path != Path(__file__)]
    return [path.read_text(encoding="utf-8") for path in (*tests, ROOT / "docs" / "guide.md")]


TRIED = _texts()
