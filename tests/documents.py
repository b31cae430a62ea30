"""Pages that tests write: the committed file must be what the program makes today."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"


def same(request: pytest.FixtureRequest, name: str, made: str) -> None:
    """Compare docs/`name` with `made`; with --write-docs, write it."""
    path = DOCS / name
    if request.config.getoption("--write-docs"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(made, encoding="utf-8")
    there = path.read_text(encoding="utf-8") if path.exists() else ""
    assert there == made, (
        f"docs/{name} is not what the program makes today: ./dev test --write-docs writes it"
    )
