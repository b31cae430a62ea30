"""The page of keys in docs/ is what the program binds today; `./dev test --write-docs` writes it anew."""

import subprocess
import sys
from pathlib import Path

import pytest

from crmtui.screens import keys
from tests import documents, keypage


@pytest.mark.parametrize(("language", "name"), [("en", "keys.md"), ("zh", "keys.zh.md")])
def test_the_page_of_keys_is_that_of_the_program(
    language: str, name: str, request: pytest.FixtureRequest
) -> None:
    documents.same(request, name, keypage.page(language))


def test_every_binding_stands_on_the_page_with_its_name() -> None:
    page = keypage.page("en")
    assert [name for name in keys.known() if f"`{name}`" not in page] == []


def test_no_key_is_one_that_terminals_keep_or_do_not_send() -> None:
    wrong = {
        name: binding.key
        for name, binding in keys.known().items()
        if set(binding.key.split(",")) & keys.FORBIDDEN
    }
    assert wrong == {}


def test_every_module_that_binds_keys_is_loaded_for_the_table() -> None:
    folder = Path(keys.__file__).parent
    binding = {path.stem for path in folder.glob("*.py") if 'bind("' in path.read_text(encoding="utf-8")}
    code = "import sys; from crmtui.screens import keys; keys.known(); print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert [name for name in sorted(binding) if f"crmtui.screens.{name}" not in told.split()] == []
