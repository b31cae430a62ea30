"""Every screen as text, compared with what people looked at and found good; and the pictures of the tour.

`./dev test --write-docs` writes the texts and the pictures anew: look at what changed before committing it.
"""

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from crmtui.screens.app import CrmApp
from crmtui.screens.look import Look
from crmtui.text import width
from tests import documents
from tests.screens.conftest import drive, settled, text_of
from tests.screens.scenes import SCENES, SIZES, Scene, picture

GOLDEN = Path(__file__).parent / "golden"
LOOKS = {
    "dark": Look(theme="harbour-dark"),
    "light": Look(theme="harbour-light"),
    "no-color": Look(theme="harbour-dark"),
    "ascii": Look(theme="harbour-dark", ascii=True),
}


def shown(maven: str, scene: Scene, size: tuple[int, int], look: str) -> tuple[str, str]:
    """The text and the picture of a scene."""

    async def script(app: CrmApp, pilot: Pilot[Any]) -> tuple[str, str]:
        for key in scene.keys:
            await pilot.press(key)
            await settled(app, pilot)
        return text_of(app), picture(app)

    found: tuple[str, str] = drive(
        maven, script, size=size, login=scene.login or None, look=LOOKS[look], no_color=look == "no-color"
    )
    return found


def compare(request: pytest.FixtureRequest, name: str, text: str) -> None:
    """`text` is the golden one; with --write-docs it becomes it."""
    path = GOLDEN / f"{name}.txt"
    if request.config.getoption("--write-docs"):
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"{path.name} is missing: ./dev test --write-docs writes it"
    assert text == path.read_text(encoding="utf-8")


def straight(text: str, size: tuple[int, int]) -> None:
    """No line is wider than the screen, and every frame closes where it should."""
    for line in text.splitlines():
        assert width(line) <= size[0]
        assert not any(ord(letter) < 32 or ord(letter) == 127 for letter in line)


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("scene", [one for one in SCENES if one.whole], ids=lambda scene: scene.name)
def test_the_whole_matrix(
    request: pytest.FixtureRequest, maven: str, scene: Scene, size: tuple[int, int], look: str
) -> None:
    """Colour changes no letter; ASCII changes the signs, and then every letter of the program itself is ASCII."""
    usual = size == SIZES[0] or (look == "dark" and size == SIZES[1])
    if not (usual or request.config.getoption("--long") or request.config.getoption("--write-docs")):
        pytest.skip("a look at another size: ./dev test --long")
    text, drawn = shown(maven, scene, size, look)
    straight(text, size)
    ascii = "-ascii" if look == "ascii" else ""
    compare(request, f"{scene.name}-{size[0]}x{size[1]}{ascii}", text)
    if look == "ascii":
        assert text.isascii(), [letter for letter in text if not letter.isascii()]
    if size == SIZES[0] and look in ("dark", "light"):
        documents.same(request, f"pictures/{scene.name}{'-light' if look == 'light' else ''}.svg", drawn)


@pytest.mark.parametrize("size", SIZES[:2], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("scene", [one for one in SCENES if not one.whole], ids=lambda scene: scene.name)
def test_every_other_screen(
    request: pytest.FixtureRequest, maven: str, scene: Scene, size: tuple[int, int]
) -> None:
    """At the usual size and at the smallest usual one."""
    text, drawn = shown(maven, scene, size, "dark")
    straight(text, size)
    compare(request, f"{scene.name}-{size[0]}x{size[1]}", text)
    if size == SIZES[0]:
        documents.same(request, f"pictures/{scene.name}.svg", drawn)


def tour(title: str, intro: str) -> str:
    """The page of pictures."""
    parts = [f"# {title}", intro]
    for scene in SCENES:
        parts += [
            f"## {scene.name.replace('-', ' ').capitalize()}",
            scene.tells,
            f"![{scene.name}](pictures/{scene.name}.svg)",
        ]
    return "\n\n".join(parts) + "\n"


def test_the_tour(request: pytest.FixtureRequest) -> None:
    """docs/tour.md shows every scene."""
    intro = (
        "The screens on the demo company, 120×36, as a test run drew them (`./dev test --write-docs`). "
        "Start them with `./dev crm` on a terminal; keys: [keys.md](keys.md)."
    )
    documents.same(request, "tour.md", tour("A tour of the screens", intro))
