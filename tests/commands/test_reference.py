"""The command reference in docs/ is what the program says today; `./dev test --write-docs` writes it anew."""

import pytest

from crmtui.commands import tree
from tests import documents, reference


@pytest.mark.parametrize(("language", "name"), [("en", "commands.md"), ("zh", "commands.zh.md")])
def test_the_reference_is_that_of_the_program(
    language: str, name: str, request: pytest.FixtureRequest
) -> None:
    documents.same(request, name, reference.page(language))


def test_every_command_has_its_place_in_the_reference() -> None:
    titles = {line.lstrip("# ") for line in reference.page("en").splitlines() if line.startswith("##")}
    missing = [
        node.path
        for node in reference.below(tree.ROOT)
        if node.path and not {f"crm {node.path}", f"crm NOUN {node.name}"} & titles
    ]
    assert missing == []
