"""The picture in the README is what `crm demo` prints; `./dev test --write-docs` draws it anew."""

from pathlib import Path

import pytest

from tests import documents, picture
from tests.commands.conftest import Crm
from tests.commands.test_demo import NOW, made, placed

__all__ = ["made", "placed"]


def test_the_picture_shows_what_the_demo_prints(
    bare: Crm, placed: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRM_NOW", NOW)
    done = bare("demo")
    assert done.code == 0
    figures, _, what_next = done.out.rpartition("\n\n")
    assert str(placed) in what_next
    documents.same(request, "pictures/demo.svg", picture.svg("crm demo", figures))
