"""What the pages for people point at is there, and what is written by the program is up to date."""

import ast
import re
from pathlib import Path

import pytest

from tests import documents
from tests.documents import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
ROOMS = {
    "crmtui": "Leaves, and the way in",
    "crmtui/config": "Settings",
    "crmtui/store": "Tables, queries, sessions, journal",
    "crmtui/services": "Rules and use cases",
    "crmtui/screens": "The screen program",
    "crmtui/commands": "The command line",
}


def first_line(path: Path) -> str:
    """The sentence that a module begins with."""
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").splitlines()[0]


def modules() -> str:
    """Every module with its first sentence, by room."""
    parts = ["# Modules", "Written from the program by `./dev test --write-docs`; do not edit it by hand."]
    for folder, title in ROOMS.items():
        rows = [
            f"| `{path.name}` | {first_line(path)} |"
            for path in sorted((ROOT / folder).glob("*.py"))
            if path.name != "__init__.py" or folder == "crmtui/config"
        ]
        parts += [f"## {folder}: {title}", "\n".join(["| file | what it is for |", "| --- | --- |", *rows])]
    return "\n\n".join(parts) + "\n"


def test_the_list_of_modules(request: pytest.FixtureRequest) -> None:
    documents.same(request, "modules.md", modules())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text(encoding="utf-8"))
    assert not [link for link in links if not (page.parent / link).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_files_and_tests_that_are_named_are_there(page: Path) -> None:
    """Files by their path from the top, or from crmtui/; tests by their name. The partner is the page's own example."""
    text = page.read_text(encoding="utf-8")
    files = set(
        re.findall(r"`((?:crmtui/|tests/|store/|services/|commands/|bench/)[\w/.]+\.(?:py|po))`", text)
    )
    lost = [name for name in files if not any((ROOT / top / name).exists() for top in ("", "crmtui"))]
    assert not [name for name in lost if not name.endswith("/partner.py")]
    written = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    assert not [name for name in re.findall(r"`(test_\w+)`", text) if f"def {name}(" not in written]


def test_functions_that_the_architecture_names_are_there() -> None:
    """`module.function`, as the ten steps and the write door name them."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    sources: dict[str, str] = {}
    for path in (ROOT / "crmtui").rglob("*.py"):
        name = path.parent.name if path.stem == "__init__" else path.stem
        sources[name] = sources.get(name, "") + path.read_text(encoding="utf-8")
    named = re.findall(r"`([a-z]+)\.(_?[A-Za-z]\w+)`", text)
    lost = [f"{module}.{name}" for module, name in named if name not in sources.get(module, name)]
    assert len(named) > 15
    assert not lost
